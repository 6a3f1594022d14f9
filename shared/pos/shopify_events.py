"""What the door and the sweep ask of a document before it is read: which order it is about, and whether there is more.

Shopify's webhooks are signs that something happened to an order; the whole of it is what the order's agreements say. (POS
facts §2.1, §6.)
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.pos.adapter import SHAPE, refuse_large_body, rejected
from shared.pos.json_tree import tree_of
from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.retail.rules import Problem

_EVENTS = "an event of an order: the order, its edit, a refund, a return, a transaction"


def order_named_by(body: bytes) -> str:
    """Give the number of the order that a webhook's body is about, of whatever topic.

    Raises:
        RejectedError: it is no JSON, or names no order.
    """
    refuse_large_body(body)
    event = Fields(tree_of(body, "body"), "")
    inner = event.child("order_edit") or event
    if inner.has("order_id"):
        return number_of(inner, "order_id")
    if event.has("line_items") or event.has("agreements"):
        return number_of(event)
    number = number_or_none(event.child("order"))
    if number is None:
        names = ", ".join(sorted(name[:40] for name in list(event.fields)[:5])) or "nothing"
        raise rejected(Problem(SHAPE, "body", _EVENTS, f"an object with {names}"))
    return number


def next_page(body: bytes) -> str | None:
    """Give the cursor from which a poll's next page goes on; None after the last.

    Only the list that was asked for is looked at: what goes on inside of it is refused when it is read.

    Raises:
        RejectedError: it is no JSON, or says that there is more and not from where.
    """
    answer = Fields(tree_of(body, "body"), "")
    data = answer.child("data") or answer
    for page in _pages(data):
        if page.flag("hasNextPage"):
            return page.required("endCursor")
    return None


def _pages(data: Fields) -> Iterator[Fields]:
    for name, value in data.fields.items():
        if isinstance(value, dict):
            page = Fields(value, name).child("pageInfo")
            if page is not None:
                yield page
