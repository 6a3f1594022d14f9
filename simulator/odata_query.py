"""Reading a set: company, $filter, $orderby, $skip, $top, $count, $select, $expand, pages with a next link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from simulator.answers import D365Error
from simulator.odata_filter import UnusableFilterError, predicate_of
from simulator.odata_views import View
from simulator.schema import NAVIGATIONS

PAGE_MAX = 10_000
OPTIONS = frozenset(
    ["$filter", "$select", "$top", "$skip", "$count", "$orderby", "$expand", "$skiptoken", "cross-company"]
)
_COUNT_OPTIONS = frozenset(["$filter", "cross-company"])


def read_set(
    view: View, query: Mapping[str, str], company: str, url: str, page: int = PAGE_MAX
) -> dict[str, object]:
    """Answer a GET of a set as OData's JSON. url: the set's own address. page: rows at once.

    Raises:
        D365Error: an unknown option or property, a filter that cannot be read, a number that is none.
    """
    _check_options(query, OPTIONS)
    names, expanded = selected_of(view, query), expanded_of(view, query)
    sources = _ordered(view, _wanted(view, query, company), query.get("$orderby", ""))
    total = len(sources)
    start = _number(query, "$skiptoken") if "$skiptoken" in query else _number(query, "$skip")
    end = min(total, _number(query, "$skip") + _number(query, "$top")) if "$top" in query else total
    shown = sources[start : min(end, start + page)]
    answer: dict[str, object] = {
        "@odata.context": f"{url.rsplit('/', 1)[0]}/$metadata#{view.entity.odata_set}"
    }
    if query.get("$count") == "true":
        answer["@odata.count"] = total
    answer["value"] = [row_json(view, source, names, expanded) for source in shown]
    if start + page < end:
        answer["@odata.nextLink"] = f"{url}?{urlencode({**query, '$skiptoken': str(start + page)})}"
    return answer


def count_set(view: View, query: Mapping[str, str], company: str) -> int:
    """Answer `Set/$count`.

    Raises:
        D365Error: as `read_set`.
    """
    _check_options(query, _COUNT_OPTIONS)
    return len(_wanted(view, query, company))


def row_json(
    view: View, source: Any, names: list[str], expanded: list[str] | None = None
) -> dict[str, object]:
    """Give one row as OData's JSON. expanded: navigation properties; the simulator keeps nothing behind them."""
    etag = view.etag(source)
    head: dict[str, object] = {"@odata.etag": etag} if etag else {}
    return head | {name: view.get(source, name) for name in names} | {name: [] for name in expanded or ()}


def selected_of(view: View, query: Mapping[str, str]) -> list[str]:
    """Give the properties that $select names, or all.

    Raises:
        D365Error: one that the type does not have.
    """
    text = query.get("$select", "")
    if not text or text == "*":
        return list(view.entity.fields)
    names = [one.strip() for one in text.split(",")]
    for name in names:
        if name not in view.entity.fields:
            raise _no_property(view, name)
    return names


def expanded_of(view: View, query: Mapping[str, str]) -> list[str]:
    """Give the navigation properties that $expand names; one level only.

    Raises:
        D365Error: one that the type does not have, or a second level.
    """
    text = query.get("$expand", "")
    names = [one.strip() for one in text.split(",") if one.strip()]
    for name in names:
        if "/" in name or "(" in name:
            raise D365Error(400, f"The $expand '{text}' goes deeper than one level, which is not supported.")
        if name not in NAVIGATIONS.get(view.shape.inner.odata_set, {}):
            raise _no_property(view, name)
    return names


def _no_property(view: View, name: str) -> D365Error:
    kind = f"Microsoft.Dynamics.DataEntities.{view.entity.odata_type}"
    return D365Error(
        400, f"Could not find a property named '{name}' on type '{kind}'.", "Microsoft.OData.ODataException"
    )


def _check_options(query: Mapping[str, str], known: frozenset[str]) -> None:
    unknown = [name for name in query if name not in known]
    if unknown:
        raise D365Error(400, f"The query option '{unknown[0]}' is not supported.")


def _wanted(view: View, query: Mapping[str, str], company: str) -> list[Any]:
    """Give the rows a query asks for; without cross-company only those of the user's own company."""
    sources = list(view.sources())
    if view.shape.inner.has_company and query.get("cross-company") != "true":
        sources = [one for one in sources if view.company(one) == company]
    if not query.get("$filter"):
        return sources
    try:
        matches = predicate_of(query["$filter"], view.entity, view.get)
        return [one for one in sources if matches(one)]
    except UnusableFilterError as error:
        raise D365Error(400, str(error), "Microsoft.OData.ODataException") from error


def _ordered(view: View, sources: list[Any], text: str) -> list[Any]:
    for part in reversed([one.split() for one in text.split(",") if one.strip()]):
        if part[0] not in view.entity.fields:
            raise _no_property(view, part[0])
        if part[1:] not in ([], ["asc"], ["desc"]):
            raise D365Error(400, f"The $orderby '{text}' cannot be read.")
        sources = sorted(sources, key=_by(view, part[0]), reverse=part[1:] == ["desc"])
    return sources


def _by(view: View, name: str) -> Callable[[Any], Any]:
    return lambda source: view.get(source, name)


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "0")
    if not text.isdigit():
        raise D365Error(400, f"The value of {name} is no number: '{text}'.")
    return int(text)
