"""What the query of a request says about a report: its cut-off, and whether it is wanted as JSON or CSV."""

from __future__ import annotations

from datetime import date, datetime

import azure.functions as func

from shared.errors import RejectedError
from shared.web.requests import shown

AS_JSON, AS_CSV = "json", "csv"
FORMATS = (AS_JSON, AS_CSV)
YEARS = range(1990, 2200)
DIGITS_MAX = 9


def query_format(request: func.HttpRequest) -> str:
    """Give the form a report is wanted in.

    Raises:
        RejectedError: there is no such form.
    """
    text = str(request.params.get("format", AS_JSON))
    if text not in FORMATS:
        raise RejectedError(
            "there is no such form", field="format", expected=" or ".join(FORMATS), found=shown(text)
        )
    return text


def query_cut_off(request: func.HttpRequest) -> tuple[datetime | None, date | None]:
    """Give the cut-off: an instant with an offset, or a business day; neither means now.

    Raises:
        RejectedError: it is neither.
    """
    text = request.params.get("cut_off", "").replace(" ", "+")  # a plus sign in an address is read as a blank
    if not text:
        return None, None
    at, day = _instant(text), _day(text)
    if day is not None:
        return None, day
    if at is None:
        expected = "an instant with an offset, such as 2017-12-31T23:59:59-05:00, or a business day, such as 2017-12-31"
        raise RejectedError("this is no cut-off", field="cut_off", expected=expected, found=shown(text))
    return at, None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and at.year in YEARS else None


def query_flag(request: func.HttpRequest, name: str) -> bool:
    """Give yes or no; left out means no.

    Raises:
        RejectedError: it is neither.
    """
    text = str(request.params.get(name, "false"))
    if text not in ("true", "false"):
        raise RejectedError(
            f"{name} is neither", field=name, expected="true or false", found=shown(ascii(text))
        )
    return text == "true"


def query_choice(request: func.HttpRequest, name: str, *known: str) -> str:
    """Give one of the words that are known; "" where it is left out.

    Raises:
        RejectedError: it is another word.
    """
    text = str(request.params.get(name, ""))
    if text and text not in known:
        raise RejectedError(
            f"{name} knows no such word", field=name, expected=" or ".join(known), found=shown(ascii(text))
        )
    return text


def query_day_of(request: func.HttpRequest, name: str) -> date | None:
    """Give a day; None where it is left out.

    Raises:
        RejectedError: it is none.
    """
    text = str(request.params.get(name, ""))
    day = _day(text) if text else None
    if text and day is None:
        expected = "a day such as 2017-12-23, years 1990 to 2199"
        raise RejectedError(f"{name} is no day", field=name, expected=expected, found=shown(ascii(text)))
    return day


def query_number(request: func.HttpRequest, name: str) -> int | None:
    """Give a whole number from 1 on; None where it is left out.

    Raises:
        RejectedError: it is none.
    """
    text = str(request.params.get(name, ""))
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX and int(text)):
        expected = f"a whole number from 1 on, of at most {DIGITS_MAX} digits"
        raise RejectedError(f"{name} is no number", field=name, expected=expected, found=shown(ascii(text)))
    return int(text)
