"""Read a text or a list of texts from a row of a setting that is a list in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import SettingsError


def texts_in(row: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    """Give a list of texts; empty where it is not there. where: the setting and the row, for people.

    Raises:
        SettingsError: it is no list of texts, or one of them is empty.
    """
    values = row.get(name, [])
    if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
        raise SettingsError(f"{where} needs {name} as a list of texts")
    return tuple(values)


def text_in(row: Mapping[str, Any], name: str, where: str) -> str:
    """Give a text; "" where it is not there.

    Raises:
        SettingsError: it is no text.
    """
    value = row.get(name, "")
    if not isinstance(value, str):
        raise SettingsError(f"{where} needs {name} as a text")
    return value
