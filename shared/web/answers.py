"""Answers in one shape: JSON, or problem details (RFC 9457) that name the field, what was expected and what was found."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import azure.functions as func

from shared.errors import (
    AnotherWasFirstError,
    ConflictError,
    D365NotNowError,
    ForbiddenError,
    RejectedError,
    RetryableError,
    TillpostError,
)
from shared.flows.ingest_transactions import Verdict
from shared.flows.ingesting.settle import ACCEPTED, CONFLICT, DUPLICATE
from shared.pos.masking import masked_text
from shared.web.bodies import ENCODING
from shared.web.paths import transaction_path

PROBLEM_TYPE = "application/problem+json"
WAIT_SECONDS, D365_WAIT_SECONDS = 5, 60


def answer(body: Any, status: int = 200) -> func.HttpResponse:
    """Answer with JSON."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return func.HttpResponse(text, status_code=status, mimetype="application/json")


def answer_as(
    wanted: str,
    body: Any,
    sheet: Callable[[Any], str] | None = None,
    page: Callable[[Any], str] | None = None,
) -> func.HttpResponse:
    """Answer as JSON, as a sheet (CSV) or as a page (HTML), whichever was asked for."""
    if wanted == "csv" and sheet is not None:
        return func.HttpResponse(sheet(body), mimetype="text/csv", charset="utf-8", headers=_QUIET)
    if wanted == "html" and page is not None:
        return func.HttpResponse(page(body), mimetype="text/html", charset="utf-8", headers=_QUIET)
    return answer(body)


# A page holds a chain's figures: no browser keeps it, frames it, or runs anything in it.
_QUIET = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
FOUND_SHOWN_MAX = 200


def problem(status: int, title: str, **more: Any) -> func.HttpResponse:
    """Answer with problem details; what was sent may be in their words, a card number is not."""
    told = {name: masked_text(one, free=True) if isinstance(one, str) else one for name, one in more.items()}
    body = {"type": "about:blank", "title": title, "status": status, **told}
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, mimetype=PROBLEM_TYPE)


def not_found(what: str) -> func.HttpResponse:
    """Answer that something is not here."""
    return problem(404, f"{what} is not known here")


def answer_error(error: TillpostError) -> func.HttpResponse:
    """Turn an error into an answer: 4xx for what the caller can mend, 503 with Retry-After for what time mends."""
    if isinstance(error, ForbiddenError):
        return problem(error.status, log_text(error))
    if isinstance(error, RejectedError):
        return problem(
            _rejected_status(error),
            log_text(error),
            field=error.field,
            expected=error.expected,
            found=masked_text(error.found, free=True)[:FOUND_SHOWN_MAX],
        )
    if isinstance(error, AnotherWasFirstError):
        return problem(409, str(error), changes=list(error.changes))
    if isinstance(error, ConflictError):
        return problem(409, "somebody else changed this meanwhile; read it again")
    text = "the app or its storage is not ready; send the same again: nothing is kept twice"
    response = problem(503, str(error) if isinstance(error, D365NotNowError) else text)
    response.headers["Retry-After"] = str(_wait_seconds(error))
    return response


def _wait_seconds(error: TillpostError) -> int:
    """Give when to ask again: what the other side said, never earlier; else soon, and of D365 less soon."""
    least = D365_WAIT_SECONDS if isinstance(error, D365NotNowError) else WAIT_SECONDS
    told = error.wait_seconds if isinstance(error, RetryableError) else None
    return max(least, math.ceil(told or 0))


def log_text(error: TillpostError) -> str:
    """Give an error's words for the log: of what a caller sent no more than where it stood and what was expected there."""
    if isinstance(error, RejectedError) and error.field:
        return masked_text(f"{error.field[:120]}: expected {error.expected[:200]}", free=True)
    return masked_text(str(error), free=True)


def _rejected_status(error: RejectedError) -> int:
    if error.field == ENCODING:
        return 415
    if error.field in ("body", "document") and error.expected.startswith("at most"):
        return 413
    return 400 if error.field in ("body", "document", "file") else 422


def answer_verdicts(verdicts: Sequence[Verdict]) -> func.HttpResponse:
    """Answer a call of receipts: 202 if any was accepted or known, 409 for a lone conflict, else 422."""
    results = [_result(one) for one in verdicts]
    if any(one.verdict in (ACCEPTED, DUPLICATE) for one in verdicts):
        return answer({"results": results}, 202)
    if len(verdicts) == 1 and verdicts[0].verdict == CONFLICT:
        return problem(409, "this receipt is here already with other content; both are kept", results=results)
    return problem(422, "none of the receipts was accepted; see the problems of each", results=results)


def _result(verdict: Verdict) -> dict[str, Any]:
    return {
        "index": verdict.index,
        "transaction_id": verdict.transaction_id,
        "verdict": verdict.verdict,
        "status_url": transaction_path(*verdict.kept_under) if verdict.kept_under else None,
        "problems": [
            {
                "rule": one.rule,
                "field": one.field,
                "expected": one.expected,
                "found": one.found,
                **({"d365_rule": one.d365_rule} if one.d365_rule else {}),
            }
            for one in verdict.problems
        ],
    }
