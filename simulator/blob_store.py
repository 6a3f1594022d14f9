"""The blob store that packages travel through, as Azure's service answers: a signature, and no other credential."""

from __future__ import annotations

from aiohttp import web

from simulator.blobs import Blob
from simulator.faults import on_path
from simulator.world import World


class BlobStore:
    """Routes of uploads and downloads."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.put("/blob/dmf/{blob}/{name}", self.put_blob),
            web.get("/blob/dmf/{blob}/{name}", self.get_blob),
        ]

    async def put_blob(self, request: web.Request) -> web.Response:
        """Take an upload."""
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            return _error(400, "MissingRequiredHeader")
        if "Authorization" in request.headers:
            return _error(403, "AuthenticationFailed")
        content = await request.read()
        blob = self._allowed(request)
        if blob is None:
            return _error(403, "AuthenticationFailed")
        blob.content = content
        return web.Response(status=201)

    async def get_blob(self, request: web.Request) -> web.Response:
        """Give a blob's content."""
        blob = self._allowed(request)
        if blob is None:
            return _error(403, "AuthenticationFailed")
        if blob.content is None:
            return _error(404, "BlobNotFound")
        return web.Response(body=blob.content, content_type="application/octet-stream")

    def _allowed(self, request: web.Request) -> Blob | None:
        call = f"{request.method} blob"
        if self._world.faults.fire(
            "address_expired",
            lambda options: "action" not in options and on_path(request.path)(options),
            call,
        ):
            return None
        match, signature = request.match_info, request.query.get("sig", "")
        return self._world.blobs.allowed(match["blob"], match["name"], signature)


def _error(status: int, code: str) -> web.Response:
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    )
    headers = {"x-ms-error-code": code}
    return web.Response(status=status, text=text, content_type="application/xml", headers=headers)
