"""Route templates as Azure Functions understands them: `receipts/{store}/{number:int}`, `{name?}`, `{*rest}`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from localhost.app import Function
from localhost.settings import HostError

PARAMETER = re.compile(r"\{(\*?)(\w+)(?::(\w+))?(\?)?\}")
CONSTRAINTS = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "alpha": r"[A-Za-z]+",
    "guid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}
# ASP.NET decodes a path but for the slash inside a segment, so that segments stay what they were.
ENCODED_SLASH = re.compile("(%2[fF])")


@dataclass(frozen=True, slots=True)
class Route:
    """One function's address. No methods: all of them.

    `rank` sorts literal segments before constrained, plain and catch-all parameters.
    """

    function: Function
    methods: frozenset[str]
    pattern: re.Pattern[str]
    rank: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Which function answers a path, and with which route parameters; or the methods that would be allowed."""

    function: Function | None
    parameters: dict[str, str]
    allowed: frozenset[str] = frozenset()


def routes_of(functions: Iterable[Function], prefix: str) -> list[Route]:
    """Compile the routes of HTTP functions, the most exact first."""
    routes = [_route(function, prefix) for function in functions]
    return sorted(routes, key=lambda route: route.rank)


def find(routes: Iterable[Route], method: str, raw_path: str) -> Found:
    """Find the function for a method and an undecoded path; without one, say which methods the path has."""
    path, allowed = raw_path.strip("/"), set[str]()
    for route in routes:
        if match := route.pattern.fullmatch(path):
            if not route.methods or method in route.methods:
                values = {
                    name: _decoded(value) for name, value in match.groupdict().items() if value is not None
                }
                return Found(route.function, values)
            allowed |= route.methods
    return Found(None, {}, frozenset(allowed))


def _route(function: Function, prefix: str) -> Route:
    methods = function.trigger.get("methods") or ()
    template = "/".join(part for part in (prefix, function.address.strip("/")) if part)
    pattern, rank = "", []
    for segment in template.split("/"):
        piece, weight, optional = _segment(function.name, segment)
        slash = "/" if pattern else ""
        pattern += f"(?:{slash}{piece})?" if optional else slash + piece
        rank.append(weight)
    return Route(
        function, frozenset(map(str.upper, methods)), re.compile(pattern, re.IGNORECASE), tuple(rank)
    )


def _segment(name: str, segment: str) -> tuple[str, int, bool]:
    """Give a segment's pattern, its rank, and whether it may be absent.

    Ranks: 0 literal, 1 constrained or mixed, 2 parameter, 3 catch-all.
    """
    pattern, position, weight, optional = "", 0, 0, False
    for match in PARAMETER.finditer(segment):
        rest, parameter, constraint, absent = match.groups()
        if constraint and constraint not in CONSTRAINTS:
            raise HostError(f"{name}: the local host does not know the route constraint {constraint!r}")
        accepted = ".*" if rest else CONSTRAINTS.get(constraint or "", "[^/]+")
        pattern += re.escape(segment[position : match.start()]) + f"(?P<{parameter}>{accepted})"
        position, optional = match.end(), optional or bool(absent or rest)
        weight = max(weight, 3 if rest else 1 if constraint or match[0] != segment else 2)
    literal = segment[position:]
    if "{" in literal or "}" in literal:
        raise HostError(f"{name}: the local host cannot read the route segment {segment!r}")
    return pattern + re.escape(literal), weight, optional


def _decoded(value: str) -> str:
    return "".join(
        part if ENCODED_SLASH.fullmatch(part) else unquote(part) for part in ENCODED_SLASH.split(value)
    )
