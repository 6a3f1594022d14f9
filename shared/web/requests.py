"""What a request says, read with clear errors: days, instants, JSON objects, texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

import azure.functions as func

from shared.errors import RejectedError

JSON_BYTES_MAX = 64 * 1024


def path_part(request: func.HttpRequest, name: str) -> str:
    """Give a part of the path, decoded."""
    return unquote(request.route_params.get(name, ""))


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
        return date.fromisoformat(text)
    except ValueError as error:
        raise RejectedError(
            f"{name} is no day", field=name, expected="a day such as 2017-12-23", found=text
        ) from error


def json_object(request: func.HttpRequest) -> Mapping[str, Any]:
    """Read a small JSON object.

    Raises:
        RejectedError: it is too large, no JSON, or no object.
    """
    body = request.get_body()
    if len(body) > JSON_BYTES_MAX:
        found = f"{len(body)} bytes"
        raise RejectedError(
            "the body is too large", field="body", expected=f"at most {JSON_BYTES_MAX} bytes", found=found
        )
    try:
        value = json.loads(body)
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
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > 2000:
        raise RejectedError(
            f"{name} is needed", field=name, expected="a text of 1 to 2000 characters", found=repr(value)[:80]
        )
    return value


def instant_of(body: Mapping[str, Any], name: str) -> datetime:
    """Give an instant with an offset.

    Raises:
        RejectedError: it is none.
    """
    text = text_of(body, name)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise RejectedError(
            f"{name} is no instant", field=name, expected="ISO 8601 with an offset", found=text[:80]
        ) from error
    if instant.tzinfo is None:
        raise RejectedError(
            f"{name} has no offset", field=name, expected="ISO 8601 with an offset", found=text[:80]
        )
    return instant


def numbers_of(body: Mapping[str, Any], name: str) -> list[int]:
    """Give a list of whole numbers.

    Raises:
        RejectedError: it is none.
    """
    value = body.get(name)
    if not isinstance(value, list) or not all(
        isinstance(one, int) and not isinstance(one, bool) for one in value
    ):
        raise RejectedError(
            f"{name} is no list of numbers", field=name, expected="whole numbers", found=repr(value)[:80]
        )
    return value
