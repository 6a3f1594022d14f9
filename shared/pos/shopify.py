"""Reads Shopify POS: orders and refunds as webhooks tell them, orders with their agreements, cash sessions as polled.

A document is known by what it holds; Shopify's topic stands in a header that is not part of it. One document may tell of
several receipts: each is kept as a document of its own, and its id is Shopify's number of what happened:

    O<order>        the sale                     T<transaction>        a payment, as evidence
    R<refund>       a refund                     S<session>-OPEN ...   a cash session
    X<return>       a return, with its exchange  O<order>-UNPAID-<at>  an order while it is not paid
    E<agreement>    an edit of the order

Ids are the same whichever way an event is told, so that no two ways count it twice. (POS facts §2, §6.)
"""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import RejectedError
from shared.pos import shopify_agreements, shopify_cash
from shared.pos.adapter import (
    SHAPE,
    TRANSACTIONS_MAX,
    Arrival,
    arrived,
    refuse_large_body,
    rejected,
    unreadable,
)
from shared.pos.canonical_values import ID_LENGTH_MAX
from shared.pos.json_tree import text_of_tree, told, tree_of
from shared.pos.masking import masked_bytes
from shared.pos.shopify_json import Fields, number_or_none
from shared.pos.shopify_masking import masked
from shared.pos.shopify_money import evidence_from
from shared.pos.shopify_order import order_from
from shared.pos.shopify_refund import refund_from
from shared.pos.shopify_sales import receipt_from
from shared.retail.rules import Problem
from shared.retail.transaction import Transaction

_EXPECTED = "an order, a refund, an order transaction, an order with its agreements or cash sessions"
_LISTS = ("orders", "refunds", "transactions", "cashTrackingSessions", "pointOfSaleDevicePaymentSessions")
_SINGLE = ("order", "refund", "transaction", "cashTrackingSession", "pointOfSaleDevicePaymentSession")
_Read = Callable[[Fields, str], Transaction]


class ShopifyAdapter:
    """Shopify's JSON: webhook bodies, answers of its REST lists, answers of GraphQL."""

    name = "shopify"
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read a webhook's body or a poll's answer; what is wrong with one receipt is in its own arrival.

        Raises:
            RejectedError: no JSON, an answer without data, over 500 receipts or over 16 MiB.
        """
        refuse_large_body(body)
        sent = tree_of(body, "body")
        tree = masked(sent)
        arrivals: list[Arrival] = []
        for one in _documents(tree):
            whole = body if one is sent else None
            arrivals += _arrivals(one, whole, account)
            if len(arrivals) > TRANSACTIONS_MAX:
                raise rejected(Problem(SHAPE, "body", f"at most {TRANSACTIONS_MAX} receipts", "more"))
        return arrivals

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read a kept document again.

        Raises:
            RejectedError: it is not a document this adapter kept; names the first field at fault.
        """
        fields = Fields(tree_of(document, "body"), "")
        return _reader(fields)(fields, account)

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with the till's generation behind it; Shopify's ids are its own."""
        return f"{transaction_id}#{generation}"


def _documents(tree: object) -> list[object]:
    """Open what surrounds the documents: GraphQL's data, a list's name, a page of a connection."""
    if not isinstance(tree, dict):
        raise rejected(Problem(SHAPE, "body", _EXPECTED, told(tree)))
    if "errors" in tree and not isinstance(tree.get("data"), dict):
        raise rejected(Problem(SHAPE, "data", "an answer", f"errors: {told(tree['errors'])}"))
    data = tree.get("data", tree)
    if isinstance(data, dict) and not _is_known(data):
        for name in _LISTS:
            if name in data:
                return [one.fields for one in Fields(data, "").children(name, whole=False)]
        for name in _SINGLE:
            if isinstance(data.get(name), dict):
                return [data[name]]
    return [data]


def _is_known(values: dict[str, object]) -> bool:
    marks = ("line_items", "refund_line_items", "agreements", "order_id", "openingTime")
    return any(mark in values for mark in marks)


def _arrivals(tree: object, whole: bytes | None, account: str) -> list[Arrival]:
    """Read one document of Shopify's, as one or more receipts. whole: its bytes as sent, where nothing was masked."""
    try:
        slices = _slices(Fields(tree, ""))
    except RejectedError as error:
        document = whole or text_of_tree(tree).encode()
        return [_unread(Fields(tree, "") if isinstance(tree, dict) else None, document, error)]
    found: list[Arrival] = []
    for one in slices:
        document = whole if whole is not None and one is tree else text_of_tree(one).encode()
        fields = Fields(one, "")
        try:
            found.append(arrived(document, _reader(fields)(fields, account)))
        except RejectedError as error:
            found.append(_unread(fields, document, error))
    return found


def _slices(fields: Fields) -> list[dict[str, object]]:
    if fields.has("agreements"):
        return shopify_agreements.slices_of(fields)
    if fields.has("openingTime"):
        return shopify_cash.slices_of(fields)
    if "line_items" in fields.fields:
        _refuse_exchanges(fields)
        refunds = fields.children("refunds")
        changed = {"updated_at": fields.fields.get("updated_at"), "currency": fields.fields.get("currency")}
        return [fields.fields, *({**one.fields, **changed} for one in refunds)]
    return [fields.fields]


def _refuse_exchanges(order: Fields) -> None:
    """An order of REST mixes what was taken in exchange with what it sold first: only its agreements tell them apart."""
    for one in order.children("returns"):
        if one.fields.get("exchange_line_items"):
            raise one.wrong("exchange_line_items", "none: fetch the order with its agreements")


def _reader(fields: Fields) -> _Read:
    """Say how a document is read, by what it holds."""
    if "agreements" in fields.fields:
        return receipt_from
    if "openingTime" in fields.fields:
        return shopify_cash.cash_from
    if "refund_line_items" in fields.fields:
        return refund_from
    if "line_items" in fields.fields and "financial_status" in fields.fields:
        return order_from
    if "kind" in fields.fields and "gateway" in fields.fields:
        return evidence_from
    if "payment_method" in fields.fields and "order_id" in fields.fields:
        found = (
            "a tender transaction, which names no store: it is compared with the receipts, and posts nothing"
        )
        raise rejected(Problem(SHAPE, "body", _EXPECTED, found))
    names = ", ".join(sorted(name[:40] for name in list(fields.fields)[:5]))
    raise rejected(Problem(SHAPE, "body", _EXPECTED, told(f"an object with {names or 'nothing'}")))


def _unread(fields: Fields | None, document: bytes, error: RejectedError) -> Arrival:
    problem = Problem(SHAPE, error.field, error.expected, error.found)
    store, number = "", ""
    if fields is not None:
        store, number = _id_in(fields, "location_id"), _id_in(fields, "id")
    return unreadable(masked_bytes(document), [problem], store=store, transaction_id=number)


def _id_in(fields: Fields, name: str) -> str:
    """Give an id of a document that could not be read, as far as it tells one."""
    try:
        return (number_or_none(fields, name) or "")[:ID_LENGTH_MAX]
    except RejectedError:
        return ""
