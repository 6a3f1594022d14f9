"""JSON read exactly, whoever sent it: numbers without a float, each key once, bounded digits and depth; and written again."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import jiter

from shared.pos.adapter import DEPTH_MAX, SHAPE, refuse_swelling, rejected
from shared.pos.masking import masked_text
from shared.retail.rules import Problem

PARTS_MAX, VALUES_MAX, NAMES_MAX = 200_000, 300_000, 1_000
JSON = "JSON (RFC 8259) in UTF-8"
_LONG_NUMBER = re.compile(rb"[0-9]{1000}")
_QUOTED = re.compile(r'".*"', re.DOTALL)


def tree_of(piece: bytes, place: str = "transaction") -> object:
    """Read JSON exactly: whole numbers of any size, decimals digit by digit, no NaN, no key twice, bounded digits and depth.

    place: what the bytes are, for whoever is told that they are no such JSON.

    Raises:
        RejectedError: they are not.
    """
    refuse_swelling_json(piece)
    if _LONG_NUMBER.search(piece):
        raise rejected(Problem(SHAPE, place, "numbers of at most 28 digits", "1000 digits or more"))
    try:
        tree: object = jiter.from_json(
            piece, float_mode="decimal", catch_duplicate_keys=True, allow_inf_nan=False, partial_mode=False
        )
    except ValueError as error:
        expected = f"{JSON}, each key once, no NaN"
        raise rejected(Problem(SHAPE, place, expected, safe(_QUOTED.sub(_plain_name, str(error))))) from error
    if has_too_many_names(tree):
        raise rejected(Problem(SHAPE, place, f"at most {NAMES_MAX} names in an object", "more"))
    if is_deeper(tree, DEPTH_MAX):
        raise rejected(Problem(SHAPE, place, f"at most {DEPTH_MAX} levels", "more levels"))
    return tree


def refuse_swelling_json(body: bytes) -> None:
    """Raise RejectedError for JSON of more parts, values or text than a call of receipts has, before it is parsed."""
    if body.count(b"{") + body.count(b"[") > PARTS_MAX:
        raise rejected(Problem(SHAPE, "body", f"at most {PARTS_MAX} objects and lists", "more"))
    if body.count(b",") > VALUES_MAX:
        raise rejected(Problem(SHAPE, "body", f"at most {VALUES_MAX} values", "more"))
    refuse_swelling(body, b'"')


def has_too_many_names(tree: object) -> bool:
    """Say whether an object in a tree has more names than any document's."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict) and len(one) > NAMES_MAX:
            return True
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [child for child in inner if isinstance(child, dict | list)]
    return False


def _plain_name(match: re.Match[str]) -> str:
    """Give a name that an error quotes where it is one; the reader's own escapes in it would hide what it holds."""
    return match[0] if re.fullmatch(r'"[\w .-]{1,60}"', match[0]) else '"..."'


def is_deeper(tree: object, limit: int) -> bool:
    """Say whether a tree nests deeper than the limit."""
    level = [tree]
    for _ in range(limit):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def text_of_tree(value: object) -> str:
    """Write a tree as compact JSON, decimals digit by digit as they were read."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{text_of_tree(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of_tree, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def told(value: object) -> str:
    """Say what was found, without any personal data in it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe(str(value)[:200])[:80] or "an empty text"


def safe(found: object) -> str:
    """Say what was found without a card number or an address in it, in at most 120 characters."""
    return masked_text(str(found), free=True)[:120]
