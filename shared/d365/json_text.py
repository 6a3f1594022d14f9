"""Reads D365's JSON: whatever cannot be read is one kind of error, also what nests without end."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def read_json(text: bytes | str) -> Any:
    """Read JSON; numbers with a point become Decimals.

    Raises:
        ValueError: it is none, or nests deeper than anything D365 answers.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except RecursionError as error:
        raise ValueError("it nests without end") from error
