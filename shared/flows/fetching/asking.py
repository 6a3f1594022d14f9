"""Ask a vendor, and take what went wrong as a value: one account's trouble, or one thing's, stops no other."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from shared.errors import RejectedError, RetryableError, ThrottledError
from shared.vendors.wire import NotAtVendorError, RightMissingError, SignInRefusedError

T = TypeVar("T")
REST_SECONDS = 60.0
REFUSED_REST_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong. of_account: everything of the account would meet it. refused: it does not let us in, or not so far.

    lasts: asking again will hardly help. missing: the vendor does not know it.
    """

    problem: str
    wait_seconds: float | None = None
    of_account: bool = False
    refused: bool = False
    lasts: bool = False
    missing: bool = False

    @property
    def rest_seconds(self) -> float:
        """How long the account is left alone."""
        if self.refused:
            return REFUSED_REST_SECONDS
        return self.wait_seconds if self.wait_seconds is not None else REST_SECONDS


async def ask(question: Awaitable[T]) -> T | Trouble:
    """Give the vendor's answer, or what went wrong."""
    try:
        return await question
    except SignInRefusedError as error:
        return Trouble(str(error), of_account=True, refused=True)
    except RightMissingError as error:
        return Trouble(str(error), refused=True)
    except ThrottledError as error:
        return Trouble(str(error), error.wait_seconds, of_account=True)
    except NotAtVendorError as error:
        return Trouble(str(error), missing=True, lasts=True)
    except RejectedError as error:
        return Trouble(str(error), lasts=True)
    except RetryableError as error:
        return Trouble(str(error), error.wait_seconds)
