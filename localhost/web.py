"""The HTTP side of the host: requests to functions and back, bodies byte for byte, and Azure's admin addresses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiohttp import web
from azure.functions import meta

from localhost.app import HTTP, Function
from localhost.invocation import invoke, text
from localhost.routes import Route, find, routes_of
from localhost.settings import HostSettings

BODY_BYTES_MAX = 32 * 1024 * 1024
log = logging.getLogger("localhost")
Start = Callable[[], Awaitable[None]]


def web_app(
    functions: Iterable[Function], host: HostSettings, run_now: Mapping[str, Start]
) -> web.Application:
    """Build the server. `run_now` starts a function that is not HTTP's, by its name, for POST /admin/functions/NAME."""
    routes = routes_of((one for one in functions if one.kind == HTTP), host.route_prefix)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await _answer(request, routes, host)

    async def start(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in run_now:
            return web.Response(status=404)
        await run_now[name]()
        return web.Response(status=202)

    async def alive(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=200)

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/admin/host/ping", alive)
    app.router.add_post("/admin/functions/{name}", start)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def _answer(request: web.Request, routes: list[Route], host: HostSettings) -> web.StreamResponse:
    found = find(routes, request.method, request.raw_path.partition("?")[0])
    if found.function is None:
        if found.allowed:
            return web.Response(status=405, headers={"Allow": ", ".join(sorted(found.allowed))})
        return web.Response(status=404)
    if (request.content_length or 0) > BODY_BYTES_MAX:
        return web.Response(status=413)  # before any of it is read
    value = await _request_datum(request, found.parameters)
    try:
        returned = await invoke(found.function, value, seconds_max=host.function_seconds_max)
        return _response(returned)
    except Exception:  # the host's edge: whatever a function raises is its own 500, the next one goes on
        log.exception("%s failed", found.function.name)
        return web.Response(status=500)


async def _request_datum(request: web.Request, parameters: Mapping[str, str]) -> Any:
    """Give the request as the host sends it to a worker; several values of one name are joined by commas."""
    values = {
        "method": text(request.method),
        "url": text(f"{request.scheme}://{request.host}{request.raw_path}"),
        "headers": {name: text(",".join(request.headers.getall(name))) for name in set(request.headers)},
        "query": {name: text(",".join(request.query.getall(name))) for name in set(request.query)},
        "params": {name: text(value) for name, value in parameters.items()},
        "body": meta.Datum(await request.read(), "bytes"),
    }
    return meta.Datum(values, "http")


def _response(returned: Any) -> web.Response:
    if returned is None:
        return web.Response(status=204)
    if returned.type == "string":
        return web.Response(text=returned.value)
    parts = returned.value
    headers = [(name, datum.value) for name, datum in parts["headers"].items()]
    for cookie in parts["cookies"] or ():
        headers += [("Set-Cookie", morsel.OutputString()) for morsel in cookie.values()]
    return web.Response(status=int(parts["status_code"].value), headers=headers, body=parts["body"].value)
