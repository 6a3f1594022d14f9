"""Shopify's JSON, field by field: every value read exactly, and whatever is wrong named by its place.

REST writes `line_items` lists, GraphQL `{"nodes": [...]}` or `{"edges": [{"node": ...}]}`: both are read alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import jiter
from pydantic_core import PydanticCustomError

from shared.errors import RejectedError
from shared.pos.adapter import DEPTH_MAX, SHAPE, rejected
from shared.pos.canonical_values import TEXT_LENGTH_MAX, read_amount, read_id, read_instant
from shared.pos.masking import masked_text
from shared.retail.rules import Problem

LIST_MAX = 20_000
AMOUNT_BELOW = 10**15  # far beyond any receipt, and small enough that sums and products stay exact
_LONG_NUMBER = re.compile(rb"[0-9]{1000}")
_NUMBER_OF_ID = re.compile(r"[A-Za-z0-9_\-]{1,60}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_Value = TypeVar("_Value")


def tree_of(body: bytes) -> object:
    """Read JSON exactly: whole numbers of any size, decimals digit by digit, no key twice, no NaN, bounded depth.

    Raises:
        RejectedError: it is no such JSON.
    """
    if _LONG_NUMBER.search(body):
        raise rejected(Problem(SHAPE, "body", "numbers of at most 28 digits", "1000 digits or more"))
    try:
        tree: object = jiter.from_json(
            body, float_mode="decimal", catch_duplicate_keys=True, allow_inf_nan=False, partial_mode=False
        )
    except ValueError as error:
        expected = "JSON (RFC 8259) in UTF-8, each key once, no NaN"
        raise rejected(Problem(SHAPE, "body", expected, told(str(error)))) from error
    if _is_deeper(tree, DEPTH_MAX):
        raise rejected(Problem(SHAPE, "body", f"at most {DEPTH_MAX} levels", "more levels"))
    return tree


def text_of(tree: object) -> str:
    """Write a tree as compact JSON, decimals digit by digit as they were read."""
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{text_of(one)}" for name, one in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(text_of, tree)) + "]"
    return str(tree) if isinstance(tree, Decimal) else json.dumps(tree)


def told(found: object) -> str:
    """Say what was found, short and without cards or addresses in it."""
    if isinstance(found, dict):
        return "an object"
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if found is None or isinstance(found, bool):
        return {None: "nothing", True: "true", False: "false"}[found]
    return masked_text(str(found)[:200], free=True)[:80]


class Fields:
    """One object of a document, and where it stands in it."""

    __slots__ = ("place", "values")

    def __init__(self, values: object, place: str) -> None:
        if not isinstance(values, dict):
            raise rejected(Problem(SHAPE, place or "body", "an object", told(values)))
        self.values: dict[str, object] = values
        self.place = place

    def at(self, name: str) -> str:
        """Give the place of one of its fields, such as line_items[0].price."""
        return f"{self.place}.{name}" if self.place else name

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def wrong(self, name: str, expected: str) -> RejectedError:
        """Make the error that says a field is not what it must be."""
        return rejected(Problem(SHAPE, self.at(name), expected, told(self.values.get(name))))

    def text(self, name: str) -> str:
        """Give an identifier as text, a number as its digits; "" where it is absent."""
        return self._read(name, read_id) or "" if self.values.get(name) not in (None, "") else ""

    def required(self, name: str) -> str:
        text = self.text(name)
        if not text:
            raise self.wrong(name, "an identifier")
        return text

    def words(self, name: str) -> str | None:
        """Give free text, cut to what may be kept; None where there is none."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "text")
        return (value or "").strip()[:TEXT_LENGTH_MAX] or None

    def amount(self, name: str) -> Decimal:
        value = self._read(name, read_amount)
        if value is None:
            raise self.wrong(name, "a decimal number such as 12.50")
        if abs(value) >= AMOUNT_BELOW:
            raise self.wrong(name, f"less than {AMOUNT_BELOW}")
        return value

    def amount_or_none(self, name: str) -> Decimal | None:
        return self.amount(name) if self.values.get(name) not in (None, "") else None

    def money(self, name: str) -> Decimal | None:
        """Give an amount of money in the shop's currency: plain, {amount}, or a set with both currencies."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            return self.amount_or_none(name)
        one = Fields(value, self.at(name))
        for shop in ("shop_money", "shopMoney"):
            if one.has(shop):
                return Fields(one.values[shop], one.at(shop)).amount("amount")
        return one.amount("amount")

    def instant(self, name: str) -> datetime:
        at = self._read(name, read_instant)
        if at is None:
            raise self.wrong(name, "an instant with its offset")
        return at

    def instant_or_none(self, name: str) -> datetime | None:
        return self._read(name, read_instant) if self.has(name) else None

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value is True

    def currency(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
            raise self.wrong(name, "a currency such as USD")
        return value

    def child(self, name: str) -> Fields | None:
        return Fields(self.values[name], self.at(name)) if self.has(name) else None

    def children(self, name: str, *, whole: bool = True) -> list[Fields]:
        """Give the objects of a list, or of a GraphQL connection; whole: it must be all there is of it."""
        value, place = self.values.get(name), self.at(name)
        if isinstance(value, dict):
            value, place = _of_connection(Fields(value, place), whole)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > LIST_MAX:
            raise self.wrong(name, f"a list of at most {LIST_MAX}")
        return [Fields(one, f"{place}[{index}]") for index, one in enumerate(value)]

    def _read(self, name: str, read: Callable[[object], _Value]) -> _Value | None:
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return read(value)
        except PydanticCustomError as error:
            raise self.wrong(name, str((error.context or {}).get("expected", error.type))) from error


def number_of(fields: Fields, name: str = "id") -> str:
    """Give an object's own number: of its global id where it has one, since that is never rounded.

    Test deliveries print 820982911946154500 where the global id ends in 508 (POS facts §2.3).
    """
    text = fields.text("admin_graphql_api_id") if name == "id" else ""
    text = text or fields.required(name)
    number = text.rsplit("/", 1)[-1].partition("?")[0]
    if not _NUMBER_OF_ID.fullmatch(number):
        raise fields.wrong(name, "an id such as 820982911946154508 or gid://shopify/Order/820982911946154508")
    return number


def number_or_none(fields: Fields | None, name: str = "id") -> str | None:
    """Give an object's number, where there is one."""
    if fields is None or not (fields.has(name) or (name == "id" and fields.has("admin_graphql_api_id"))):
        return None
    return number_of(fields, name)


def _of_connection(connection: Fields, whole: bool) -> tuple[object, str]:
    page = connection.child("pageInfo") if whole else None
    if page is not None and page.flag("hasNextPage"):
        raise page.wrong("hasNextPage", "false: the whole list, every page of it")
    if connection.has("nodes"):
        return connection.values["nodes"], connection.at("nodes")
    edges = connection.values.get("edges")
    if not isinstance(edges, list):
        raise connection.wrong("nodes", "a list")
    place = connection.at("edges")
    return [Fields(one, f"{place}[{index}]").values.get("node") for index, one in enumerate(edges)], place


def _is_deeper(tree: object, limit: int) -> bool:
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
