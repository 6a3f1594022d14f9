"""What a request says of a receipt's codes, read with clear errors: codes that count as others, and one code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import RejectedError
from shared.pos.masking import masked_text
from shared.web.requests import found_of

CODES = ("tenders", "taxes", "items", "reasons")  # of a receipt, which a person may say to mean others
TYPED = ("items", "shift")  # as numbers of goods and shifts they may look like a card's by chance
CODES_MAX = 50


def codes_of(body: Mapping[str, Any], name: str) -> dict[str, str]:
    """Give codes and what each counts as; {} when it is not there.

    Raises:
        RejectedError: it is no object of codes.
    """
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > CODES_MAX:
        expected = f"an object of at most {CODES_MAX} codes"
        raise RejectedError(
            f"{name} is no list of codes", field=name, expected=expected, found=found_of(value)
        )
    # A movement may have come without any reason: that is the code "".
    return {_code(was, name) if was else "": _code(now, name) for was, now in value.items()}


def code_of(body: Mapping[str, Any], name: str) -> str:
    """Give a code, or "" when it is not there.

    Raises:
        RejectedError: it is none.
    """
    return _code(body[name], name) if body.get(name) is not None else ""


def _code(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        expected = "1 to 200 printable characters"
        raise RejectedError(f"{name} is no code", field=name, expected=expected, found=found_of(value))
    if name not in TYPED and masked_text(value) != value:
        raise RejectedError(
            f"{name} is no code", field=name, expected="a code, no card number", found=found_of(value)
        )
    return value
