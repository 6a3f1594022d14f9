"""What a page for people may name: routes that exist, with bodies they take, by roles they admit; targets of `make`; links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from scripts.runbook import PLACEHOLDER, PLACES, Call, Step, call_of
from shared.retail.mapping_csv import KINDS
from shared.retail.reason import OWNERS
from shared.web.route import Route
from shared.web.routes import ROUTES

TOP = Path(__file__).resolve().parents[2]
# What the cause itself, or the first thing it holds, gives for a placeholder.
FROM_THE_CAUSE = {
    "fingerprint", "value", "store", "terminal", "business_day", "account", "transaction_id", "receipt_number",
    "sequence_numbers",
}  # fmt: skip


def mistakes_of(step: Step, owner: str) -> list[str]:
    """Name what is wrong with a step of a runbook whose reason has this owner."""
    if step.place not in PLACES:
        return [f"a step is done in none of {', '.join(PLACES)}: {step.place}"]
    if step.place == "sh":
        return mistakes_of_commands(step.text)
    if step.place != "http":
        return [] if step.text.endswith(".") else [f"no sentence: {step.text}"]
    try:
        call = call_of(step.text)
    except ValueError as error:
        return [str(error)]
    route = route_of(call)
    if route is None:
        return [f"no such route: {call.method} {call.path}"]
    role = step.role or owner
    wrong = (
        []
        if role in OWNERS and (role in route.security.roles or not route.security.ways)
        else [f"{call.method} {call.path} is not for {role}"]
    )
    return [*wrong, *_of_query(call, route), *_of_body(call, route), *_of_placeholders(step.text)]


def mistakes_of_commands(text: str) -> list[str]:
    """Name the targets that the Makefile does not have."""
    named = re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", text)
    return [f"no such target: make {one}" for one in named if one not in targets()]


def route_of(call: Call) -> Route | None:
    """Give the route that a call's method and path, filled or not, belong to."""
    parts = call.path.partition("?")[0].split("/")
    for one in ROUTES:
        its = f"/api{one.path}".split("/")
        fits = len(its) == len(parts) and all(_fits(a, b) for a, b in zip(its, parts, strict=True))
        if fits and one.method.upper() == call.method:
            return one
    return None


def _fits(of_route: str, of_call: str) -> bool:
    return (of_call != "" and of_route.startswith("{")) or of_route == of_call


def _of_query(call: Call, route: Route) -> Iterable[str]:
    for name, value in parse_qsl(call.path.partition("?")[2], keep_blank_values=True):
        allowed = route.query.get(name)
        if allowed is None or ("enum" in allowed and value not in allowed["enum"]):
            yield f"{call.method} {call.path}: no such query: {name}={value}"


def _of_body(call: Call, route: Route) -> list[str]:
    if route.body == "text/csv":
        return _of_csv(call)
    if route.body != "application/json":
        return [f"{call.method} {call.path} takes no body"] if call.body else []
    try:
        body = json.loads(re.sub(r'(?<!")\{[A-Za-z_]+\}(?!")', "0", call.body))
    except ValueError:
        return [f"{call.method} {call.path}: its body is no JSON"]
    wrong = sorted(set(body) - {*route.takes, *route.may})
    missing = sorted(set(route.takes) - set(body))
    return [f"{call.path}: not taken: {one}" for one in wrong] + [
        f"{call.path}: missing: {one}" for one in missing
    ]


def _of_csv(call: Call) -> list[str]:
    name = call.path.rpartition("/")[2]
    kind, heading = KINDS.get(name), call.body.partition("\n")[0]
    if kind is None or "X-Reason" not in call.headers:
        return [f"no such list, or no reason: {name}"]
    if heading == f"{{{name.upper()}_HEADING}}":
        return []
    columns, needed = heading.split(","), {*kind.key, *kind.required}
    wrong = [one for one in columns if one not in (*kind.key, *kind.columns)]
    return [f"{name} has no column {one}" for one in wrong] + [
        f"{name} lacks {one}" for one in needed - set(columns)
    ]


def _of_placeholders(text: str) -> Iterable[str]:
    for name in PLACEHOLDER.findall(text):
        if not name.isupper() and name not in FROM_THE_CAUSE:
            yield f"nothing gives {{{name}}}"


@cache
def roles_by_route() -> dict[tuple[str, str], frozenset[str]]:
    """Give which roles each route admits."""
    return {(one.method.upper(), f"/api{one.path}"): frozenset(one.security.roles) for one in ROUTES}


@cache
def targets() -> frozenset[str]:
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))


def anchors_of(text: str) -> set[str]:
    """Give the anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    for heading in re.findall(
        r"^#{1,6} +(.+?) *#*$",
        re.sub(r"^( *)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL),
        flags=re.MULTILINE,
    ):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return {slug if not at else f"{slug}-{at}" for slug, most in found.items() for at in range(most + 1)}


def broken_links(page: Path) -> list[str]:
    """Name the relative links of a page that lead nowhere: to no file, or to no heading of it."""
    text = re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]+`", "", text)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(
        r"^\[[^\]]+\]: +(\S+)", text, flags=re.MULTILINE
    )
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (
            anchor
            and (target.suffix != ".md" or anchor not in anchors_of(target.read_text(encoding="utf-8")))
        ):
            broken.append(link)
    return broken
