"""Shopify's JSON, field by field: every value read exactly, and whatever is wrong named by its place.

REST writes `line_items` lists, GraphQL `{"nodes": [...]}` or `{"edges": [{"node": ...}]}`: both are read alike.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeVar

from shared.pos.adapter import SHAPE, rejected
from shared.pos.canonical_values import TEXT_LENGTH_MAX
from shared.pos.json_tree import told
from shared.pos.vendor_json import Part
from shared.retail.rules import Problem

LIST_MAX = 20_000
AMOUNT_BELOW = 10**15  # far beyond any receipt, and small enough that sums and products stay exact
_NUMBER_OF_ID = re.compile(r"[A-Za-z0-9_\-]{1,60}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_Value = TypeVar("_Value")


class Fields(Part):
    """One object of a document, and its place in it, with what is Shopify's own: global ids, sets of money, connections."""

    __slots__ = ()

    def __init__(self, values: object, place: str) -> None:
        if not isinstance(values, dict):
            raise rejected(Problem(SHAPE, place or "body", "an object", told(values)))
        super().__init__(values, place)

    def text(self, name: str) -> str:
        """Give an identifier as text, a number as its digits; "" where it is absent."""
        return self.id_or_none(name) or ""

    def required(self, name: str) -> str:
        text = self.text(name)
        if not text:
            raise self.wrong(name, "an identifier")
        return text

    def words(self, name: str) -> str | None:
        """Give free text, cut to what may be kept; None where there is none."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "text")
        return (value or "").strip()[:TEXT_LENGTH_MAX] or None

    def amount(self, name: str) -> Decimal:
        """Give an exact number of at most 15 digits before the point; it must be there."""
        value = super().amount(name)
        if abs(value) >= AMOUNT_BELOW:
            raise self.wrong(name, f"less than {AMOUNT_BELOW}")
        return value

    def money(self, name: str) -> Decimal | None:
        """Give an amount of money in the shop's currency: plain, {amount}, or a set with both currencies."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            return self.amount_or_none(name)
        one = Fields(value, self.at(name))
        for shop in ("shop_money", "shopMoney"):
            if one.has(shop):
                return Fields(one.fields[shop], one.at(shop)).amount("amount")
        return one.amount("amount")

    def currency(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
            raise self.wrong(name, "a currency such as USD")
        return value

    def child(self, name: str) -> Fields | None:
        return Fields(self.fields[name], self.at(name)) if self.has(name) else None

    def children(self, name: str, *, whole: bool = True) -> list[Fields]:
        """Give the objects of a list, or of a GraphQL connection; whole: it must be all there is of it."""
        value, place = self.fields.get(name), self.at(name)
        if isinstance(value, dict):
            value, place = _of_connection(Fields(value, place), whole)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > LIST_MAX:
            raise self.wrong(name, f"a list of at most {LIST_MAX}")
        return [Fields(one, f"{place}[{index}]") for index, one in enumerate(value)]


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
        return connection.fields["nodes"], connection.at("nodes")
    edges = connection.fields.get("edges")
    if not isinstance(edges, list):
        raise connection.wrong("nodes", "a list")
    place = connection.at("edges")
    return [Fields(one, f"{place}[{index}]").fields.get("node") for index, one in enumerate(edges)], place
