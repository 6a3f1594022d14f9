"""What a request says, read with clear errors: days, instants, JSON objects, texts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

import azure.functions as func

from shared.errors import RejectedError
from shared.pos.masking import masked_text
from shared.web.paths import read_part

ID_CHARACTERS_MAX = 200  # two of them still fit into a question to the tables, whatever is in them
NAME_CHARACTERS_MAX = 512  # a cause's fingerprint, the longest of names, is a table key
PART_CHARACTERS_MAX = (
    12 * 200
)  # of a path; an id has at most 200 characters, each of up to four escaped bytes
REASON_CHARACTERS_MAX = 2000
SEQUENCE_NUMBER_MAX = 10**15
YEARS = range(1990, 2200)
_MONTH = re.compile(r"(?:199|20\d|21\d)\d-(?:0[1-9]|1[0-2])", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_.=~-]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def path_part(request: func.HttpRequest, name: str) -> str:
    """Give a part of the path, decoded.

    Raises:
        RejectedError: it is too long or holds characters that nothing here is called by.
    """
    return _named(unquote(request.route_params.get(name, "")), name, PART_CHARACTERS_MAX)


def path_id(request: func.HttpRequest, name: str) -> str:
    """Give a till, a shift or a receipt number of the path, escaped (`shared.web.paths`) or plain.

    Raises:
        RejectedError: no till, shift or receipt has such a name.
    """
    return _named(read_part(path_part(request, name)), name, ID_CHARACTERS_MAX)


def path_key(request: func.HttpRequest, name: str) -> str:
    """Give a part of the path under which rows are kept: a store or a cause's fingerprint.

    Raises:
        RejectedError: no row can be kept under it.
    """
    text = path_part(request, name)
    if not _KEY.fullmatch(text) or len(text) > NAME_CHARACTERS_MAX:
        expected = f"at most {NAME_CHARACTERS_MAX} letters, digits, dots, dashes and underscores"
        raise RejectedError(f"{name} is no name of one", field=name, expected=expected, found=text[:80])
    return text


def transaction_parts(request: func.HttpRequest) -> tuple[str, str, str]:
    """Give store, account and id of a transaction's path (`shared.web.paths`).

    Raises:
        RejectedError: one of them holds characters that no id has.
    """
    store, account, transaction_id = (
        _named(read_part(path_part(request, name)), name) for name in ("store", "account", "transaction_id")
    )
    return store, account, transaction_id


def _named(text: str, name: str, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    if not text or not text.isprintable() or len(text) > characters_max:
        expected = f"1 to {characters_max} printable characters"
        raise RejectedError(f"{name} is no name", field=name, expected=expected, found=ascii(text)[:80])
    return text


def path_day(request: func.HttpRequest, name: str = "business_day") -> date:
    """Give a day of the path.

    Raises:
        RejectedError: it is no day.
    """
    return _day(path_part(request, name), name)


def query_day(request: func.HttpRequest, name: str) -> str | None:
    """Give a day of the query as text, or None when it is not there."""
    text = request.params.get(name)
    return _day(text, name).isoformat() if text else None


def _day(text: str, name: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        expected = "a day such as 2017-12-23, years 1990 to 2199"
        raise RejectedError(f"{name} is no day", field=name, expected=expected, found=text[:80])
    return day


def path_number(request: func.HttpRequest, name: str, digits_max: int = 4) -> int:
    """Give a small whole number of the path.

    Raises:
        RejectedError: it is none.
    """
    text = path_part(request, name)
    if not (text.isascii() and text.isdecimal() and len(text) <= digits_max):
        expected = f"a whole number from 0 to {'9' * digits_max}"
        raise RejectedError(f"{name} is no number", field=name, expected=expected, found=text[:80])
    return int(text)


def chosen_format(request: func.HttpRequest, *known: str, usual: str = "json") -> str:
    """Give the format asked for in the query, the usual one where none is.

    Raises:
        RejectedError: it is another one than the route has.
    """
    known = known or ("json", "csv", "html")
    text = str(request.params.get("format", usual))
    if text not in known:
        raise RejectedError(
            "no such format", field="format", expected=" or ".join(known), found=ascii(text)[:80]
        )
    return text


def json_object(request: func.HttpRequest) -> Mapping[str, Any]:
    """Read a JSON object; how large it may be, its route says.

    Raises:
        RejectedError: it is no JSON, or no object.
    """
    try:
        value = json.loads(request.get_body())
    except (ValueError, RecursionError) as error:
        raise RejectedError(
            "the body is not JSON", field="body", expected="a JSON object", found="other text"
        ) from error
    if not isinstance(value, dict):
        raise RejectedError(
            "the body is no object", field="body", expected="a JSON object", found=type(value).__name__
        )
    return value


def text_of(body: Mapping[str, Any], name: str) -> str:
    """Give a text that must be there.

    Raises:
        RejectedError: it is missing, empty or no text.
    """
    return _text(body.get(name), name)


def reason_of(body: Mapping[str, Any]) -> str:
    """Give why a person decides something, without card numbers: it is kept, and shown to others.

    Raises:
        RejectedError: it is missing, empty or no text.
    """
    return masked_text(_text(body.get("reason"), "reason"), free=True)


def hash_of(body: Mapping[str, Any]) -> str | None:
    """Give the hash of a preview, or None when it is not there.

    Raises:
        RejectedError: it is empty or no text.
    """
    return text_of(body, "hash") if body.get("hash") is not None else None


def note_of(body: Mapping[str, Any]) -> str:
    """Give what a person notes beside, without card numbers; "" where they note nothing.

    Raises:
        RejectedError: it is no text, or too long.
    """
    value = body.get("note", "")
    return masked_text(_text(value, "note"), free=True) if value != "" else ""


def free_text_of(body: Mapping[str, Any], name: str) -> str:
    """Give a text that people write for each other, without card numbers and mail addresses.

    Raises:
        RejectedError: it is missing, empty or no text.
    """
    return masked_text(text_of(body, name), free=True)


def name_of(body: Mapping[str, Any], name: str) -> str:
    """Give somebody's name, or "" for nobody, which must be said.

    Raises:
        RejectedError: it is no text, or longer than a name.
    """
    value = body.get(name)
    if value == "":
        return ""
    return _named(_text(value, name), name, 200)


def query_month(request: func.HttpRequest, name: str, now: datetime) -> str:
    """Give a month of the query (2017-12), the present one where none is named.

    Raises:
        RejectedError: it is none.
    """
    text = request.params.get(name)
    if not text:
        return f"{now:%Y-%m}"
    if not _MONTH.fullmatch(text):
        raise RejectedError(
            f"{name} is no month", field=name, expected="a month such as 2017-12", found=text[:80]
        )
    return str(text)


def reason_header(request: func.HttpRequest) -> str:
    """Give the reason where the body is a file: the header X-Reason.

    Raises:
        RejectedError: it is missing, empty or no UTF-8.
    """
    return masked_text(_text(request.headers.get("X-Reason"), "X-Reason"), free=True)


def _text(value: object, name: str) -> str:
    is_text = isinstance(value, str) and value.strip() and len(value) <= REASON_CHARACTERS_MAX
    if not isinstance(value, str) or not is_text or _SURROGATES.search(value):
        expected, found = f"a text of 1 to {REASON_CHARACTERS_MAX} characters", found_of(value)
        raise RejectedError(f"{name} is needed", field=name, expected=expected, found=found)
    return value


def found_of(value: object) -> str:
    """Give what was found, for an answer: without card numbers, and not all of it."""
    return "nothing" if value is None else masked_text(ascii(value), free=True)[:80]


def instant_of(body: Mapping[str, Any], name: str) -> datetime:
    """Give an instant with an offset.

    Raises:
        RejectedError: it is none.
    """
    text = text_of(body, name)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - refused below, as every instant without an offset
    if instant.tzinfo is None or instant.year not in YEARS:
        expected = "ISO 8601 with an offset, years 1990 to 2199"
        raise RejectedError(f"{name} is no instant", field=name, expected=expected, found=found_of(text))
    return instant


def flag_of(body: Mapping[str, Any], name: str) -> bool:
    """Give yes or no, which must be said.

    Raises:
        RejectedError: it is neither.
    """
    value = body.get(name)
    if not isinstance(value, bool):
        raise RejectedError(f"{name} is needed", field=name, expected="true or false", found=found_of(value))
    return value


def day_of(body: Mapping[str, Any], name: str) -> date | None:
    """Give a day, or None when it is not there.

    Raises:
        RejectedError: it is no day.
    """
    return _day(_text(body[name], name), name) if body.get(name) is not None else None


def needed_day_of(body: Mapping[str, Any], name: str) -> date:
    """Give a day, which must be said.

    Raises:
        RejectedError: it is none.
    """
    return _day(text_of(body, name), name)


def numbers_of(body: Mapping[str, Any], name: str) -> list[int]:
    """Give a list of whole numbers.

    Raises:
        RejectedError: it is none.
    """
    value = body.get(name)
    if not isinstance(value, list) or not all(
        isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= SEQUENCE_NUMBER_MAX
        for one in value
    ):
        expected = f"whole numbers from 0 to {SEQUENCE_NUMBER_MAX}"
        raise RejectedError(
            f"{name} is no list of numbers", field=name, expected=expected, found=found_of(value)
        )
    return value


def number_or(body: Mapping[str, Any], name: str, otherwise: int) -> int:
    """Give a whole number, or the one that stands where none is said.

    Raises:
        RejectedError: it is none, or out of range.
    """
    return number_of(body, name) if body.get(name) is not None else otherwise


def number_of(body: Mapping[str, Any], name: str) -> int:
    """Give a whole number that must be there.

    Raises:
        RejectedError: it is none, or out of range.
    """
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= SEQUENCE_NUMBER_MAX:
        raise RejectedError(
            f"{name} is needed", field=name, expected=f"a whole number from 0 to {SEQUENCE_NUMBER_MAX}",
            found=found_of(value),
        )  # fmt: skip
    return value
