"""The error tree: the class of an error is the decision.

A person must act (`RejectedError`), time helps (`RetryableError`), nobody knows whether it
happened (`UnknownOutcomeError`: ask before anything else), or somebody else was first
(`ConflictError`: read again and compare). Everything else is a bug and is not caught.
"""

from __future__ import annotations

from collections.abc import Sequence

# What was found is cut where it is answered, after it was masked: cut before, it would show part of a card number.
FOUND_MAX = 2_000


class TillpostError(Exception):
    """Root of every error this app raises on purpose."""


class RejectedError(TillpostError):
    """The input or the set-up is wrong and stays wrong until a person changes it.

    `field` names where, `expected` and `found` say what; all three are shown to people.
    """

    def __init__(self, message: str, *, field: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.expected = expected
        self.found = found


class ForbiddenError(TillpostError):
    """The caller is not who it says, or may not do this. `status` is 401 or 403."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class RetryableError(TillpostError):
    """Nothing happened and the same call may work later, after `wait_seconds` if the other side said so."""

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class ThrottledError(RetryableError):
    """The other side asked us to slow down (429 or 503 with Retry-After)."""


class AccessRefusedError(RetryableError):
    """The other side knows us and does not let us do this (403), until somebody gives us the right."""


class D365NotNowError(RetryableError):
    """A person asked for what only D365 can answer, and it cannot be asked now. The words are for that person."""


def not_now(error: RetryableError) -> D365NotNowError:
    """Say to a person why D365 could not be asked, of an error that asking it has raised."""
    if isinstance(error, ThrottledError):
        text = "D365 asked for time; nothing was changed. Ask again later."
    elif isinstance(error, AccessRefusedError):
        text = "D365 does not let this app in; nothing was changed. IT checks the application user and its roles."
    else:
        text = "D365 did not answer; nothing was changed. Ask again later."
    return D365NotNowError(text, wait_seconds=error.wait_seconds)


class UnknownOutcomeError(TillpostError):
    """The call may or may not have taken effect. Ask before anything else; never send again blindly."""


class ConflictError(TillpostError):
    """Somebody else was first. Read again, compare, decide."""


class AnotherWasFirstError(ConflictError):
    """Somebody else was first, or the world moved on. The words are for the person who asked, and so is `changes`."""

    def __init__(self, message: str, changes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.changes = tuple(changes)


class AlreadyThereError(ConflictError):
    """An insert found a row under its key (409)."""


class ChangedMeanwhileError(ConflictError):
    """A conditional write found another ETag (412)."""


class NotThereError(ConflictError):
    """A conditional write or a delete found no row (404)."""


class GroupRefusedError(ConflictError):
    """An entity group was refused as a whole; `index` is the operation at fault and `cause` says why."""

    def __init__(self, index: int, cause: ConflictError) -> None:
        super().__init__(f"operation {index} of the group was refused: {cause}")
        self.index = index
        self.cause = cause


class SettingsError(TillpostError):
    """A setting is missing or wrong; the app does not start."""
