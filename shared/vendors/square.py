"""Square's API: orders, payments, refunds and cash drawer shifts that changed, and an order with its money beside it.

An order is asked for by itself, its payments and refunds one by one, and the orders that goods came back of: together they are
what the adapter reads (docs/pos/square.md). Square lists payments, refunds and drawers by location, and orders of at most ten
locations at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.errors import RejectedError, RetryableError
from shared.outbound import in_path
from shared.pos.json_tree import text_of_tree
from shared.pos.square_events import needed_for
from shared.pos.square_money import Purse
from shared.pos.vendor_json import Part
from shared.retail.money import ZERO
from shared.vendors.listed import (
    CASH_OPEN,
    FIRST,
    ORDER,
    SHIFT,
    Fetched,
    Listed,
    Page,
    latest,
    listed_at_least,
    mark_of,
    since_of,
)
from shared.vendors.wire import NotAtVendorError, VendorWire

ORDERS, PAYMENTS, REFUNDS, SHIFTS = "orders", "payments", "refunds", "shifts"
LOCATIONS_AT_ONCE, ORDERS_A_PAGE, MONEY_A_PAGE, SHIFTS_A_PAGE, EVENTS_A_PAGE = 10, 200, 100, 100, 1_000
PAGES_OF_ONE_MAX = 40
_AROUND = timedelta(days=1)
_ENDED = ("closed_at", "ended_at", "opened_at")


class SquareClient:
    """One seller. locations: those of the account; none: all that Square tells of. sandbox: what is read there is an exercise."""

    def __init__(self, wire: VendorWire, locations: Iterable[str], *, sandbox: bool) -> None:
        self._wire, self._sandbox = wire, sandbox
        self._locations = tuple(sorted(locations))
        self._is_all = not self._locations
        self.lists: tuple[str, ...] = (ORDERS, PAYMENTS, REFUNDS, SHIFTS)

    @property
    def calls(self) -> Counter[str]:
        return self._wire.calls

    async def close(self) -> None:
        await self._wire.close()

    async def page(self, name: str, mark: str, after: str, now: datetime) -> Page:
        """Read a page. after: when the sweep began, the last location that is read whole, and Square's cursor behind it.

        What changes at one place while others are read, only the next sweep lists, so the mark stops at the beginning. A cursor
        is of one question, which the first sweep asks from then too.
        """
        start, done, cursor = (after or f"{mark_of(now)}  ").split(" ", 2)
        begun = datetime.fromisoformat(start)
        waiting = [one for one in await self._all_locations(again=not after) if one > done]
        part = tuple(waiting[: LOCATIONS_AT_ONCE if name == ORDERS else 1])
        if not part:
            return Page(())
        if name == ORDERS:
            found, cursor = await self._orders(part, since_of(mark, begun), cursor)
        elif name == SHIFTS:
            found, cursor = await self._shifts(part[0], since_of(mark, begun, CASH_OPEN, CASH_OPEN), cursor)
        else:
            found, cursor = await self._money(name, part[0], since_of(mark, begun), cursor)
        done = done if cursor else part[-1]
        following = f"{start} {done} {cursor}" if cursor or waiting[len(part) :] else ""
        return Page(found, following, latest(found, begun))

    async def fetch(self, kind: str, named: str, location: str, payload: str = "") -> Fetched:  # noqa: ARG002 - all is fetched
        if kind == SHIFT:
            return await self._shift(named, location)
        order = await self._order(named)
        payments, sources = needed_for(text_of_tree({"order": order.fields}).encode())
        refunds = await self._refunds_of(order) if order.has("returns") else []
        given_back = [one.id("payment_id") for one in refunds if one.has("payment_id")]
        paid = [
            await self._one("payment", f"/v2/payments/{in_path(one)}", "payment")
            for one in dict.fromkeys([*payments, *given_back])
        ]
        sold = [one for one in [await self._source(source) for source in sources] if one is not None]
        document: dict[str, Any] = {
            "order": order.fields,
            "payments": [one.fields for one in paid],
            "refunds": [one.fields for one in refunds],
            "source_orders": [one.fields for one in sold],
            **self._environment,
        }
        newest = max(_changed_at(one) for one in (order, *paid, *refunds))
        return Fetched(text_of_tree(document).encode(), newest)

    @property
    def _environment(self) -> dict[str, str]:
        return {"environment": "Sandbox"} if self._sandbox else {}

    async def _all_locations(self, *, again: bool) -> tuple[str, ...]:
        """Give the account's locations, else all that Square tells of: asked anew for each sweep, for shops open."""
        if self._is_all and (again or not self._locations):
            root = Part(await self._wire.get("locations", "/v2/locations"))
            self._locations = tuple(sorted(one.id("id") for one in root.parts("locations")))
        return self._locations

    async def _orders(
        self, locations: tuple[str, ...], since: datetime, cursor: str
    ) -> tuple[tuple[Listed, ...], str]:
        body: dict[str, Any] = {
            "location_ids": list(locations),
            "limit": ORDERS_A_PAGE,
            "return_entries": False,
            "query": {
                "filter": {"date_time_filter": {"updated_at": {"start_at": mark_of(since)}}},
                "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
            },
        }
        if cursor:
            body["cursor"] = cursor
        root = Part(await self._wire.post(ORDERS, "/v2/orders/search", body))
        return tuple(_order_listed(one) for one in root.parts("orders")), root.text("cursor")

    async def _money(
        self, name: str, location: str, since: datetime, cursor: str
    ) -> tuple[tuple[Listed, ...], str]:
        """List payments or refunds: their orders are what is wanted. A refund that moves does not change its order."""
        query = {
            "location_id": location, "updated_at_begin_time": mark_of(since), "sort_field": "UPDATED_AT",
            "sort_order": "ASC", "limit": str(MONEY_A_PAGE), "begin_time": mark_of(since - FIRST), "cursor": cursor,
        }  # fmt: skip
        asked = {one: value for one, value in query.items() if value}
        root = Part(await self._wire.get(name, f"/v2/{name}", asked))
        found = tuple(_money_listed(one) for one in root.parts(name) if one.has("order_id"))
        return found, root.text("cursor")

    async def _shifts(self, location: str, since: datetime, cursor: str) -> tuple[tuple[Listed, ...], str]:
        query = {
            "location_id": location, "begin_time": mark_of(since), "sort_order": "ASC", "limit": str(SHIFTS_A_PAGE),
            "cursor": cursor,
        }  # fmt: skip
        asked = {one: value for one, value in query.items() if value}
        root = Part(await self._wire.get(SHIFTS, "/v2/cash-drawers/shifts", asked))
        listed = root.parts("cash_drawer_shifts") or root.parts("items")
        return tuple(_shift_listed(one, location) for one in listed), root.text("cursor")

    async def _order(self, named: str) -> Part:
        return await self._one("order", f"/v2/orders/{in_path(named)}", "order")

    async def _source(self, named: str) -> Part | None:
        """Read the order that goods came back of; one that Square does not know any more is left out."""
        try:
            return await self._order(named)
        except NotAtVendorError:
            return None

    async def _refunds_of(self, order: Part) -> list[Part]:
        """Read the refunds that a return order names; where it names them otherwise than Square's refunds, look for its own."""
        found = []
        for named in order.parts("refunds"):
            try:
                path = f"/v2/refunds/{in_path(named.id('id'))}"
                found.append(await self._one("refund", path, "refund"))
            except NotAtVendorError:
                return await self._search_refunds(order)
        return found or await self._search_refunds(order)

    async def _search_refunds(self, order: Part) -> list[Part]:
        begin = order.instant("created_at") - _AROUND
        end = (order.instant_or_none("closed_at") or order.instant("created_at")) + _AROUND
        found: list[Part] = []
        cursor = ""
        for _ in range(PAGES_OF_ONE_MAX):
            query = {
                "location_id": order.id("location_id"), "begin_time": mark_of(begin), "end_time": mark_of(end),
                "limit": str(MONEY_A_PAGE), "cursor": cursor,
            }  # fmt: skip
            asked = {one: value for one, value in query.items() if value}
            root = Part(await self._wire.get("refund", "/v2/refunds", asked))
            found += [one for one in root.parts("refunds") if one.text("order_id") == order.id("id")]
            cursor = root.text("cursor")
            if not cursor:
                return found
        raise RejectedError("more refunds of two days than are looked through", field="refunds")

    async def _shift(self, named: str, location: str) -> Fetched:
        where = {"location_id": location}
        path = f"/v2/cash-drawers/shifts/{in_path(named)}"
        shift = await self._one(SHIFT, path, "cash_drawer_shift", where)
        events: list[Mapping[str, Any]] = []
        cursor = ""
        for _ in range(PAGES_OF_ONE_MAX):
            query = {**where, "limit": str(EVENTS_A_PAGE), **({"cursor": cursor} if cursor else {})}
            root = Part(await self._wire.get("events", f"{path}/events", query))
            listed = root.parts("cash_drawer_shift_events") or root.parts("events")
            events += [one.fields for one in listed]
            cursor = root.text("cursor")
            if not cursor:
                break
        document = {
            "cash_drawer_shift": shift.fields,
            "cash_drawer_shift_events": list(events),
            "location_id": location,
            **self._environment,
        }
        return Fetched(text_of_tree(document).encode(), _shift_listed(shift, location).changed_at)

    async def _one(self, kind: str, path: str, name: str, query: Mapping[str, str] | None = None) -> Part:
        """Read an object of which the answer has one."""
        root = Part(await self._wire.get(kind, path, query or ()))
        if not root.has(name):
            raise RetryableError(f"{kind}: the vendor's answer lacks it")
        return root.part(name)


def _order_listed(order: Part) -> Listed:
    return listed_at_least(ORDER, lambda: _whole(order), lambda: (order.id("id"), _changed_at(order)))


def _whole(order: Part) -> Listed:
    location = order.id("location_id")
    money = order.part_or_none("net_amounts") or order
    amount = money.part_or_none("total_money")
    currency = amount.text("currency") if amount else ""
    return Listed(
        ORDER, order.id("id"), _changed_at(order), location,
        order.instant_or_none("closed_at") or order.instant_or_none("created_at"),
        ZERO if order.text("state") == "CANCELED" else Purse(currency).of(money, "total_money") if currency else None, currency,
        is_settled=order.text("state") not in ("OPEN", "DRAFT"),
    )  # fmt: skip


def _money_listed(money: Part) -> Listed:
    """Name the order of a payment or refund. What it comes to and when it was closed, the order says."""
    return Listed(
        ORDER, money.id("order_id"), _changed_at(money), money.id_or_none("location_id") or "",
        is_settled=money.text("status") not in ("APPROVED", "PENDING"),
    )  # fmt: skip


def _changed_at(part: Part) -> datetime:
    return part.instant("updated_at" if part.has("updated_at") else "created_at")


def _shift_listed(shift: Part, location: str) -> Listed:
    times = [shift.instant(name) for name in (*_ENDED, "updated_at") if shift.has(name)]
    happened = next((shift.instant(name) for name in _ENDED if shift.has(name)), None)
    return Listed(
        SHIFT,
        shift.id("id"),
        max(times, default=shift.instant("opened_at")),
        location,
        happened,
        is_sale=False,
    )
