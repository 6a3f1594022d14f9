"""Reading a set: company, $filter, $orderby, $skip, $top, $count, $select, pages with a next link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from simulator.answers import D365Error
from simulator.odata_filter import UnusableFilterError, predicate_of
from simulator.odata_views import View

PAGE_MAX = 10_000
OPTIONS = frozenset(
    ["$filter", "$select", "$top", "$skip", "$count", "$orderby", "$skiptoken", "cross-company"]
)


def read_set(
    view: View, query: Mapping[str, str], company: str, url: str, page: int = PAGE_MAX
) -> dict[str, object]:
    """Answer a GET of a set as OData's JSON. url: the set's own address. page: rows at once.

    Raises:
        D365Error: an unknown option or property, a filter that cannot be read, a number that is none.
    """
    unknown = [name for name in query if name not in OPTIONS]
    if unknown:
        raise D365Error(400, f"The query option '{unknown[0]}' is not supported.")
    sources = _wanted(view, query, company)
    sources = _ordered(view, sources, query.get("$orderby", ""))
    total = len(sources)
    start = _number(query, "$skiptoken") if "$skiptoken" in query else _number(query, "$skip")
    end = min(total, _number(query, "$skip") + _number(query, "$top")) if "$top" in query else total
    shown = sources[start : min(end, start + page)]
    names = _selected(view, query.get("$select", ""))
    answer: dict[str, object] = {
        "@odata.context": f"{url.rsplit('/', 1)[0]}/$metadata#{view.entity.odata_set}"
    }
    if query.get("$count") == "true":
        answer["@odata.count"] = total
    answer["value"] = [row_json(view, source, names) for source in shown]
    if start + page < end:
        answer["@odata.nextLink"] = f"{url}?{urlencode({**query, '$skiptoken': str(start + page)})}"
    return answer


def row_json(view: View, source: Any, names: list[str]) -> dict[str, object]:
    """Give one row as OData's JSON."""
    etag = view.etag(source)
    head: dict[str, object] = {"@odata.etag": etag} if etag else {}
    return head | {name: view.get(source, name) for name in names}


def _wanted(view: View, query: Mapping[str, str], company: str) -> list[Any]:
    """Give the rows a query asks for; without cross-company only those of the user's own company."""
    sources = list(view.sources())
    if view.entity.has_company and query.get("cross-company") != "true":
        sources = [one for one in sources if view.get(one, "dataAreaId") == company]
    if not query.get("$filter"):
        return sources
    try:
        matches = predicate_of(query["$filter"], view.entity, view.get)
    except UnusableFilterError as error:
        raise D365Error(400, str(error)) from error
    return [one for one in sources if matches(one)]


def _ordered(view: View, sources: list[Any], text: str) -> list[Any]:
    for part in reversed([one.split() for one in text.split(",") if one.strip()]):
        if part[0] not in view.entity.fields or part[1:] not in ([], ["asc"], ["desc"]):
            raise D365Error(400, f"The $orderby '{text}' cannot be read.")
        sources = sorted(sources, key=_by(view, part[0]), reverse=part[1:] == ["desc"])
    return sources


def _by(view: View, name: str) -> Callable[[Any], Any]:
    return lambda source: view.get(source, name)


def _selected(view: View, text: str) -> list[str]:
    if not text or text == "*":
        return list(view.entity.fields)
    names = [one.strip() for one in text.split(",")]
    for name in names:
        if name not in view.entity.fields:
            raise D365Error(
                400,
                f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.DataEntities.{view.entity.odata_type}'.",
            )
    return names


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "0")
    if not text.isdigit():
        raise D365Error(400, f"The value of {name} is no number: '{text}'.")
    return int(text)
