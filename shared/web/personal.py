"""Read what a request about personal data names: receipts, texts, stores, days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.errors import RejectedError
from shared.web.requests import text_of

NAMES_MAX, RECEIPTS_MAX, CHARACTERS_MAX = 200, 20, 200
YEARS = range(1990, 2200)
_STORE = re.compile(r"[A-Za-z0-9_.=~-]+")


def receipts_of(body: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Give the receipts that are named: store, account and id of each.

    Raises:
        RejectedError: none, too many, or one without its three names.
    """
    value = body.get("receipts")
    if not isinstance(value, list) or not 1 <= len(value) <= RECEIPTS_MAX:
        raise RejectedError(
            "receipts is no list of receipts", field="receipts", expected=f"1 to {RECEIPTS_MAX} receipts",
            found=_kind(value),
        )  # fmt: skip
    return [_receipt(one, f"receipts[{number}]") for number, one in enumerate(value)]


def _receipt(value: object, place: str) -> tuple[str, str, str]:
    if not isinstance(value, dict):
        raise RejectedError(f"{place} is no receipt", field=place, expected="an object", found=_kind(value))
    store, account, name = (
        _name(value.get(one), f"{place}.{one}") for one in ("store", "account", "transaction_id")
    )
    return store_named(store, f"{place}.store"), account, name


def store_named(text: str, place: str) -> str:
    """Give a store's name as rows are kept under it.

    Raises:
        RejectedError: no row can be kept under it.
    """
    if not _STORE.fullmatch(text):
        expected = "letters, digits, dots, dashes and underscores"
        raise RejectedError(f"{place} is no store", field=place, expected=expected, found="other characters")
    return text


def stores_of(body: Mapping[str, Any]) -> list[str]:
    """Give the stores that are named; none means all.

    Raises:
        RejectedError: one of them is no store's name.
    """
    named = names_of(body, "stores", least=0)
    return [store_named(one, f"stores[{number}]") for number, one in enumerate(named)]


def names_of(body: Mapping[str, Any], name: str, *, least: int = 1) -> list[str]:
    """Give a list of names.

    Raises:
        RejectedError: it is none, or one of them is empty or too long.
    """
    value = body.get(name, [])
    if not isinstance(value, list) or not least <= len(value) <= NAMES_MAX:
        expected = f"a list of {least} to {NAMES_MAX} texts"
        raise RejectedError(f"{name} is no such list", field=name, expected=expected, found=_kind(value))
    return [_name(one, f"{name}[{number}]") for number, one in enumerate(value)]


def account_of(body: Mapping[str, Any]) -> str:
    """Give the source account that is named.

    Raises:
        RejectedError: it is no name.
    """
    return _name(body.get("account"), "account")


def _name(value: object, place: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or not text.isprintable() or len(text) > CHARACTERS_MAX:
        expected = f"1 to {CHARACTERS_MAX} printable characters"
        raise RejectedError(f"{place} is no name", field=place, expected=expected, found=_kind(value))
    return text


def flag_of(body: Mapping[str, Any], name: str) -> bool:
    """Give true or false; false where it is not there.

    Raises:
        RejectedError: it is neither.
    """
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise RejectedError(f"{name} is no flag", field=name, expected="true or false", found=_kind(value))
    return value


def day_of(body: Mapping[str, Any], name: str) -> date:
    """Give a day.

    Raises:
        RejectedError: it is none.
    """
    try:
        day = date.fromisoformat(text_of(body, name))
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise RejectedError(
            f"{name} is no day", field=name, expected="a day such as 2017-12-23", found="something else"
        )
    return day


def _kind(value: object) -> str:
    """Say what was found without repeating it: it may be a person's."""
    return (
        f"{type(value).__name__} of {len(value)}" if isinstance(value, list | str) else type(value).__name__
    )
