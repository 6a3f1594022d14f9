"""How D365 words its answers: JSON with an OData context, and one shape for every error."""

from __future__ import annotations

from aiohttp import web

from simulator.values import json_text

_BUSY = (
    "This request could not be processed at this time due to system experiencing high resource utilization."
)
_ODATA = "application/json; odata.metadata=minimal"
_WRITE_ERROR = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"


class D365Error(Exception):
    """An answer that is an error. text: D365's own words, in `innererror`."""

    def __init__(self, status: int, text: str, kind: str = "System.InvalidOperationException") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.kind = kind


def write_failed(table: str, text: str, status: int = 400) -> D365Error:
    """Give the error of a row that was not written."""
    return D365Error(
        status,
        f"Write failed for table row of type '{table}'. Infolog: Error: {text.rstrip('.')}.",
        _WRITE_ERROR,
    )


def json_answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer JSON as OData does."""
    given = {"Content-Type": _ODATA, "OData-Version": "4.0", **(headers or {})}
    return web.Response(body=json_text(value).encode(), status=status, headers=given)


def error_answer(error: D365Error, headers: dict[str, str] | None = None) -> web.Response:
    """Answer an error in D365's one shape."""
    return json_answer(error_body(error), error.status, headers)


def error_body(error: D365Error) -> dict[str, object]:
    """Give the JSON of an error."""
    inner = {"message": error.text, "type": error.kind, "stacktrace": ""}
    return {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}


def busy_answer(retry_after_seconds: object) -> web.Response:
    """Answer that the environment has too much to do; without seconds it does not say for how long."""
    headers = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
    body = {"error": {"code": "", "message": _BUSY}}
    return json_answer(body, 429, headers)
