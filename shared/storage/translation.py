"""Errors of the storage service, its SDK and the network, as ours.

What matters is whether the request may have taken effect. A request that never left (no connection) did not. One whose
answer got lost may have; so may one that ended with a time-out or an error of the service's own (408, 5xx but 503:
Microsoft documents that a write answered "operation timed out" may have been done). For what may be repeated harmlessly
(reads, upserts, doorbells) that is no question: it is sent again. Statuses that say "not now" (429, 503) did nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    NotThereError,
    RetryableError,
    SettingsError,
    ThrottledError,
    TillpostError,
    UnknownOutcomeError,
)

NOT_NOW = frozenset({429, 503})
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


@contextmanager
def service_errors(what: str, *, repeatable: bool) -> Iterator[None]:
    """Raise our error for what one request raises.

    `what` names the request for people; `repeatable` says that sending it twice is harmless.
    """
    try:
        yield
    except (IncompleteReadError, DecodeError) as error:
        raise _lost(what, error, repeatable=repeatable) from error
    except HttpResponseError as error:
        raise _from_response(what, error, repeatable=repeatable) or error from error
    except (ServiceRequestError, ServiceResponseError, aiohttp.ClientError, TimeoutError) as error:
        raise from_network(what, error, repeatable=repeatable) from error


def from_network(what: str, error: Exception, *, repeatable: bool) -> TillpostError:
    """Translate an error that came instead of an answer.

    The SDK's transport calls a connection that broke after sending a ServiceRequestError, its word for "never sent":
    so aiohttp's own error decides.
    """
    cause = error.inner_exception if isinstance(error, AzureError) else error
    if isinstance(cause or error.__cause__, _NEVER_SENT):
        return RetryableError(f"{what}: storage cannot be reached ({cause})")
    return _lost(what, error, repeatable=repeatable)


def from_status(
    what: str, status: int, code: str, message: str, headers: Mapping[str, str], *, repeatable: bool
) -> TillpostError | None:
    """Translate an answer's status and the service's own code; None for what can only be a bug of ours."""
    said = f"{what}: {status} {code} {message.partition(chr(10))[0]}".strip()
    if status == 404:
        missing = code in ("TableNotFound", "QueueNotFound")
        return (
            SettingsError(f"{said} (made at start; somebody deleted it)") if missing else NotThereError(said)
        )
    if status == 409:
        is_there = code in ("EntityAlreadyExists", "TableAlreadyExists", "QueueAlreadyExists")
        return AlreadyThereError(said) if is_there else RetryableError(said)
    if status == 412:
        return ChangedMeanwhileError(said)
    if status in (401, 403):
        return SettingsError(f"{said} (storage does not let us in: check key, roles, clock and firewall)")
    if status in NOT_NOW:
        return ThrottledError(said, wait_seconds=_wait_seconds(headers))
    if status == 408 or status >= 500:
        return RetryableError(said) if repeatable else UnknownOutcomeError(said)
    return None


def _from_response(what: str, error: HttpResponseError, *, repeatable: bool) -> TillpostError | None:
    answer: Any = error.response
    if answer is None or error.status_code is None:
        if isinstance(error, ClientAuthenticationError):
            return RetryableError(f"{what}: no token for storage ({error.message})")
        return _lost(what, error, repeatable=repeatable)
    code = getattr(error, "error_code", None) or answer.headers.get("x-ms-error-code", "")
    message = error.message or ""
    headers = answer.headers
    return from_status(
        what, error.status_code, str(getattr(code, "value", code)), message, headers, repeatable=repeatable
    )


def _lost(what: str, error: Exception, *, repeatable: bool) -> TillpostError:
    said = f"{what}: storage's answer got lost ({type(error).__name__})"
    return RetryableError(said) if repeatable else UnknownOutcomeError(said)


def _wait_seconds(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
