"""Shopify's Admin API: the orders that changed, the money that moved, cash sessions, and an order whole: with its agreements,
or as webhooks tell it.

Cash sessions are told by no webhook. An account that is fed by webhooks alone reads what one missed in the form of the webhooks,
so that the same order has one reading (docs/pos/shopify.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.errors import RejectedError, RetryableError, ThrottledError
from shared.outbound import in_path
from shared.pos.json_tree import text_of_tree
from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.retail.money import ZERO
from shared.vendors.listed import (
    CASH_OPEN,
    ORDER,
    SESSION,
    Fetched,
    Listed,
    Page,
    latest,
    listed_at_least,
    since_of,
)
from shared.vendors.shopify_queries import (
    AGREEMENTS,
    AGREEMENTS_QUERY,
    MONEY_QUERY,
    ORDERS_QUERY,
    PAYMENTS,
    PAYMENTS_MAX,
    REFUNDS,
    REFUNDS_MAX,
    SALES,
    SALES_ALONE,
    SESSION_BY_ID_QUERY,
    SESSIONS_QUERY,
    TENDERED_QUERY,
)
from shared.vendors.wire import (
    WAIT_SECONDS_MAX,
    NotAtVendorError,
    RightMissingError,
    SignInRefusedError,
    VendorWire,
)

ORDERS, SESSIONS, TENDERED = "orders", "sessions", "tender_transactions"
PAGES_OF_ONE_MAX = 40
_NO_ENTRY = frozenset({"SHOP_INACTIVE", "UNAUTHORIZED"})
_LATER = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_MADE_AT_A_TILL = "pos"
_NOT_SETTLED = frozenset({"PENDING", "AUTHORIZED"})
_VOID = frozenset({"VOIDED", "EXPIRED"})
_GIVEN_BACK = frozenset({"REFUNDED", "PARTIALLY_REFUNDED"})


class ShopifyClient:
    """One shop. by_webhooks: orders are read in the form of webhooks, not by their agreements."""

    def __init__(self, wire: VendorWire, version: str, *, by_webhooks: bool) -> None:
        self._wire, self._by_webhooks = wire, by_webhooks
        self._base = f"/admin/api/{in_path(version)}"
        # In the form of webhooks an order has no payments of its own, so there is nothing that such a list could add.
        self.lists: tuple[str, ...] = (ORDERS, SESSIONS) if by_webhooks else (ORDERS, SESSIONS, TENDERED)

    @property
    def calls(self) -> Counter[str]:
        return self._wire.calls

    async def close(self) -> None:
        await self._wire.close()

    async def page(self, name: str, mark: str, after: str, now: datetime) -> Page:
        if name == SESSIONS:
            since = since_of(mark, now, CASH_OPEN, CASH_OPEN)
            data = await self._graphql(SESSIONS, SESSIONS_QUERY, _search("opening_time", since, after))
            nodes, following = _nodes(data, "pointOfSaleDevicePaymentSessions")
            found = tuple(_session(one) for one in nodes)
        elif name == TENDERED:
            data = await self._graphql(
                TENDERED, TENDERED_QUERY, _search("processed_at", since_of(mark, now), after)
            )
            nodes, following = _nodes(data, "tenderTransactions")
            times = [one.instant_or_none("processedAt") for one in nodes]
            of_any = tuple(Listed(ORDER, "", at) for at in times if at is not None)
            found = tuple(each for one in nodes for each in _order_paid(one, now))
            return Page(found, following, latest(of_any, now))
        else:
            since = since_of(mark, now)
            data = await self._graphql(ORDERS, ORDERS_QUERY, _search("updated_at", since, after))
            nodes, following = _nodes(data, "orders")
            found = tuple(_order(one) for one in nodes if _is_of_a_till(one))
            of_any = tuple(Listed(ORDER, number_of(one), one.instant("updatedAt")) for one in nodes)
            return Page(found, following, latest(of_any, now))
        return Page(found, following, latest(found, now))

    async def fetch(self, kind: str, named: str, location: str, payload: str = "") -> Fetched:  # noqa: ARG002 - ids are the shop's own
        if kind == SESSION:
            return await self._session(named)
        if self._by_webhooks:
            tree = await self._wire.get(ORDER, f"{self._base}/orders/{in_path(named)}.json")
            return Fetched(
                text_of_tree(tree).encode(), Fields(tree.get("order"), "order").instant("updated_at")
            )
        gid = f"gid://shopify/Order/{in_path(named)}"
        order = await self._agreements(gid)
        money = await self._money(gid)
        if money.get("updatedAt") != order.get("updatedAt"):
            raise RetryableError("the order changed while it was read")
        document = text_of_tree({"order": {**order, **money}}).encode()
        return Fetched(document, Fields(order, "order").instant("updatedAt"))

    async def _session(self, named: str) -> Fetched:
        variables = {"query": f"id:{in_path(named)}", "after": None}
        data = await self._graphql(SESSION, SESSION_BY_ID_QUERY, variables)
        nodes, _ = _nodes(data, "pointOfSaleDevicePaymentSessions")
        if not nodes or number_of(nodes[0]) != named:
            raise NotAtVendorError("the vendor knows no such cash session", field=SESSION, found="nothing")
        document = text_of_tree({"pointOfSaleDevicePaymentSession": nodes[0].fields}).encode()
        return Fetched(document, _session(nodes[0]).changed_at)

    async def _agreements(self, gid: str) -> dict[str, Any]:
        """Read an order's header and all its agreements, a few at a time; one with many sales alone."""
        variables: dict[str, Any] = {
            "id": gid,
            "agreements": AGREEMENTS,
            "after": None,
            "sales": SALES,
            "salesAfter": None,
        }
        nodes: list[dict[str, Any]] = []
        for _ in range(PAGES_OF_ONE_MAX):
            order = await self._order_part("agreements", AGREEMENTS_QUERY, variables)
            page = _connection(order, "agreements")
            if any(_more(_connection(one, "sales")) for one in page["nodes"]):
                alone = {**variables, "agreements": 1, "sales": SALES_ALONE}
                order, page = await self._one_agreement(alone)
            nodes += page["nodes"]
            after = _more(page)
            if not after:
                return {**order, "agreements": {"nodes": nodes, "pageInfo": {"hasNextPage": False}}}
            variables = {**variables, "after": after}
        raise RejectedError("an order of more agreements than are read", field="agreements")

    async def _one_agreement(self, variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        sales: list[dict[str, Any]] = []
        for _ in range(PAGES_OF_ONE_MAX):
            order = await self._order_part("agreements", AGREEMENTS_QUERY, variables)
            page = _connection(order, "agreements")
            part = _connection(page["nodes"][0], "sales")
            sales += part["nodes"]
            after = _more(part)
            if not after:
                whole = {"nodes": sales, "pageInfo": {"hasNextPage": False}}
                return order, {**page, "nodes": [{**page["nodes"][0], "sales": whole}]}
            variables = {**variables, "salesAfter": after}
        raise RejectedError("an agreement of more sales than are read", field="agreements")

    async def _money(self, gid: str) -> dict[str, Any]:
        """Read an order's payments and refunds. Shopify says of neither list whether there is more: a full one is asked again."""
        asked = {"id": gid, "payments": PAYMENTS, "refunds": REFUNDS}
        order = await self._order_part("money", MONEY_QUERY, asked)
        if len(order["transactions"]) >= PAYMENTS:
            more = await self._order_part(
                "money", MONEY_QUERY, {**asked, "payments": PAYMENTS_MAX, "refunds": 1}
            )
            order = {**order, "transactions": more["transactions"], "updatedAt": more["updatedAt"]}
        if len(order["refunds"]) >= REFUNDS:
            more = await self._order_part(
                "money", MONEY_QUERY, {**asked, "payments": 1, "refunds": REFUNDS_MAX}
            )
            order = {**order, "refunds": more["refunds"], "updatedAt": more["updatedAt"]}
        if len(order["transactions"]) >= PAYMENTS_MAX or len(order["refunds"]) >= REFUNDS_MAX:
            raise RejectedError("an order of more payments or refunds than are read", field="transactions")
        return order

    async def _order_part(self, kind: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        data = await self._graphql(kind, query, variables)
        order = data.get("order")
        if order is None:
            raise NotAtVendorError("the vendor knows no such order", field=ORDER, found="nothing")
        if not isinstance(order, dict):
            raise RetryableError(f"{kind}: the vendor's answer is no order")
        if kind == "money" and not all(
            isinstance(order.get(name), list) for name in ("transactions", "refunds")
        ):
            raise RetryableError(f"{kind}: the vendor's answer lacks its lists")
        return order

    async def _graphql(self, kind: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        body = {"query": query, "variables": dict(variables)}
        tree = await self._wire.post(kind, f"{self._base}/graphql.json", body)
        if tree.get("errors"):
            raise _refusal(kind, tree)
        data = tree.get("data")
        if not isinstance(data, dict):
            raise RetryableError(f"{kind}: the vendor's answer has no data")
        return data


def _refusal(kind: str, tree: Mapping[str, Any]) -> Exception:
    """Say what Shopify's errors mean; its words are not repeated, they may hold what was asked for."""
    errors = tree["errors"]
    listed = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    told = [one["extensions"] for one in listed if isinstance(one.get("extensions"), dict)]
    codes = sorted({str(one.get("code", ""))[:40] for one in told} - {""})
    if "THROTTLED" in codes:
        return ThrottledError(f"{kind}: the shop's allowance is used up", wait_seconds=_refilled_in(tree))
    if "ACCESS_DENIED" in codes:
        return RightMissingError(f"{kind}: ACCESS_DENIED", field=kind, found="ACCESS_DENIED")
    if _NO_ENTRY & set(codes):
        return SignInRefusedError(f"{kind}: {', '.join(codes)}", field=kind, found=", ".join(codes))
    if _LATER & set(codes):
        return RetryableError(f"{kind}: {', '.join(codes)}")
    return RejectedError(f"{kind}: the question was refused: {', '.join(codes) or 'no code'}", field=kind)


def _refilled_in(tree: Mapping[str, Any]) -> float | None:
    """Work out when there is allowance for the question again, from what Shopify says of it."""
    try:
        cost = tree["extensions"]["cost"]
        status = cost["throttleStatus"]
        lacking = Decimal(cost["requestedQueryCost"]) - Decimal(status["currentlyAvailable"])
        seconds = max(lacking / Decimal(status["restoreRate"]), Decimal(1))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return float(min(seconds, Decimal(WAIT_SECONDS_MAX)))


def _search(name: str, since: datetime, after: str) -> dict[str, Any]:
    return {"query": f"{name}:>='{since:%Y-%m-%dT%H:%M:%SZ}'", "after": after or None}


def _nodes(data: Mapping[str, Any], name: str) -> tuple[list[Fields], str]:
    page = _connection(data, name)
    return [Fields(one, name) for one in page["nodes"]], _more(page)


def _connection(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = tree.get(name)
    nodes = found.get("nodes") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(nodes, list):
        raise RetryableError(f"{name}: the vendor's answer lacks its list")
    if not all(isinstance(one, dict) for one in nodes):
        raise RetryableError(f"{name}: the vendor's list holds something else than objects")
    return found


def _more(page: Mapping[str, Any]) -> str:
    """Give where the next page begins; "" where there is none."""
    info = page.get("pageInfo")
    if not isinstance(info, dict) or info.get("hasNextPage") is not True:
        return ""
    cursor = info.get("endCursor")
    if not isinstance(cursor, str) or not cursor:
        raise RetryableError("the vendor says that there is more, and not from where")
    return cursor


def _is_of_a_till(order: Fields) -> bool:
    """Say whether an order may concern a till: sold at one, or given back since, which may have been at one."""
    return (
        order.text("sourceName") == _MADE_AT_A_TILL
        or order.child("retailLocation") is not None
        or order.text("displayFinancialStatus") in _GIVEN_BACK
    )


def _order(order: Fields) -> Listed:
    return listed_at_least(
        ORDER, lambda: _whole(order), lambda: (number_of(order), order.instant("updatedAt"))
    )


def _whole(order: Fields) -> Listed:
    return Listed(
        ORDER,
        number_of(order),
        order.instant("updatedAt"),
        location=number_or_none(order.child("retailLocation")) or "",
        happened_at=order.instant_or_none("processedAt"),
        amount=ZERO if _is_void(order) else order.money("totalPriceSet"),
        currency=order.currency("currencyCode"),
        is_settled=_is_settled(order),
    )


def _is_void(order: Fields) -> bool:
    """Say whether an order moves nothing: it was given up before it was paid, or is a test."""
    return order.text("displayFinancialStatus") in _VOID or order.flag("test")


def _is_settled(order: Fields) -> bool:
    return order.text("displayFinancialStatus") not in _NOT_SETTLED


def _order_paid(money: Fields, now: datetime) -> list[Listed]:
    """Name the order that money belongs to: it is fetched again where it was last read before that money moved.

    A time that has not come would have it fetched until it comes; a list by time has no money without one.
    """
    order, at = money.child("order"), money.instant_or_none("processedAt")
    if order is None or at is None or at > now or not _is_of_a_till(order):  # deleted, or made online
        return []
    location = number_or_none(order.child("retailLocation")) or ""
    return [Listed(ORDER, number_of(order), at, location, is_sale=False, is_settled=_is_settled(order))]


def _session(session: Fields) -> Listed:
    opened, closed = session.instant("openingTime"), session.instant_or_none("closingTime")
    return Listed(
        SESSION,
        number_of(session),
        closed or opened,
        location=number_or_none(session.child("location")) or "",
        happened_at=closed or opened,
        is_sale=False,
    )
