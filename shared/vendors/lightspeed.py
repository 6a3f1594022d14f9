"""Lightspeed X-Series' API: sales by version, registers with their opening, and a sale with what it leaves out beside it.

Versions only grow, so a sweep asks for what is after the highest it has seen. There is no list of closures: a register tells
which opening it is in, and while that is so, what it took. A close is told by its webhook (docs/pos/lightspeed.md).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.errors import RejectedError, RetryableError
from shared.outbound import in_path
from shared.pos.json_tree import text_of_tree
from shared.pos.lightspeed_sale import instant_of, size_or_none, status_of
from shared.pos.vendor_json import Part, root_of
from shared.retail.money import ZERO, rounded
from shared.retail.transaction import TillStatus
from shared.vendors.listed import CLOSURE, FIRST, SALE, Fetched, Listed, Page, listed_at_least
from shared.vendors.wire import NotAtVendorError, VendorWire

SALES, REGISTERS = "sales", "registers"
PAGE_SIZE = 200
_STAYS = "stays"
_CURRENCY = re.compile(r"[A-Z]{3}")
PLACE_BELIEVED = timedelta(hours=1)
VERSIONS_AGAIN = 500  # what got its version before it could be seen is listed again


class LightspeedClient:
    """One retailer. Registers, outlets and the retailer change rarely: each is believed for an hour."""

    def __init__(self, wire: VendorWire, version: str) -> None:
        self._wire = wire
        self._base = f"/api/{in_path(version)}"
        self._places: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self.lists: tuple[str, ...] = (SALES, REGISTERS)

    @property
    def calls(self) -> Counter[str]:
        return self._wire.calls

    async def close(self) -> None:
        await self._wire.close()

    async def page(self, name: str, mark: str, after: str, now: datetime) -> Page:
        """Read a page. mark: a version in 20 digits, so that later ones are greater texts.

        after: such a version, and “stays” where something before it was not ripe: then no later page moves the mark.
        """
        version, _, stays = after.partition(" ")
        since = int(version or mark or "0")
        if not mark and not after:
            since = await self._first_version(now) if name == SALES else 0
        elif not after:
            since = max(0, since - VERSIONS_AGAIN)
        query = {"after": str(since), "page_size": str(PAGE_SIZE)}
        root = Part(await self._wire.get(name, f"{self._base}/{name}", query))
        entries = sorted(root.parts("data"), key=_version)
        if not entries:
            return Page(())
        highest = _version(entries[-1])
        if highest <= since:
            raise RetryableError(f"{name}: the list goes back instead of on")
        found = tuple([one for entry in entries for one in await self._listed(name, entry)])
        ripe = _ripe_until(entries, found, now) if name == SALES else highest
        if name == SALES:
            found = tuple(one for one in found if _is_to_be_had(one, mark, now))
        stays = stays or ("" if ripe == highest else _STAYS)
        reached = f"{ripe:020d}" if ripe and not after.endswith(_STAYS) else ""
        following = (
            f"{highest:020d} {stays}"  # a page may be shorter than was asked for: an empty one is the last
        )
        return Page(found, following, reached)

    async def fetch(self, kind: str, named: str, location: str, payload: str = "") -> Fetched:
        if kind == CLOSURE:
            told = Part(_tree(payload)) if payload else await self._opening(named, location)
            return await self._closure(told)
        sale = await self._one(SALE, f"{self._base}/sales/{in_path(named)}")
        document: dict[str, Any] = {"sale": sale.fields}
        source = sale.part_or_none("source") if isinstance(sale.fields.get("source"), dict) else None
        register_id = (source and source.id_or_none("register_id")) or sale.id_or_none("register_id")
        outlet_id = (source and source.id_or_none("outlet_id")) or sale.id_or_none("outlet_id")
        if register_id:
            document["register"] = await self._place("register", register_id)
            outlet_id = outlet_id or Part(document["register"]).id_or_none("outlet_id")
        if outlet_id:
            document["outlet"] = await self._place("outlet", outlet_id)
        document["retailer"] = await self._place("retailer", "")
        return Fetched(text_of_tree(document).encode(), _sale_listed(sale).changed_at)

    async def _first_version(self, now: datetime) -> int:
        """Find where a first sweep begins: before the oldest sale of the last days; with none, at the newest of all."""
        since = f"{now - FIRST:%Y-%m-%dT%H:%M:%SZ}"
        query = {
            "type": SALES, "date_from": since, "order_by": "sale_date", "order_direction": "asc", "page_size": "1",
        }  # fmt: skip
        found = Part(await self._wire.get("search", f"{self._base}/search", query)).parts("data")
        if found:
            return max(0, _version(found[0]) - 1)
        newest = {"type": SALES, "order_by": "sale_date", "order_direction": "desc", "page_size": "1"}
        found = Part(await self._wire.get("search", f"{self._base}/search", newest)).parts("data")
        return max(0, _version(found[0]) - 1) if found else 0

    async def _listed(self, name: str, entry: Part) -> list[Listed]:
        if name == SALES:
            return [await self._sale_listed(entry)]
        opened = entry.id_or_none("register_open_sequence_id")
        if opened is None or not entry.has("register_open_time"):
            return []
        at = instant_of(entry, "register_open_time")
        return [Listed(CLOSURE, opened, at, entry.id("id"), at, is_sale=False)]

    async def _opening(self, named: str, register_id: str) -> Part:
        """Read the opening that a register is in; one it has left cannot be asked for."""
        register = await self._one(REGISTERS, f"{self._base}/registers/{in_path(register_id)}")
        if register.id_or_none("register_open_sequence_id") != named:
            raise NotAtVendorError(
                "the register is in another opening by now", field=CLOSURE, found="another"
            )
        return Part(
            {
                "id": named, "register_id": register_id, "outlet_id": register.fields.get("outlet_id"),
                "register_open_time": register.fields.get("register_open_time"),
            }
        )  # fmt: skip

    async def _closure(self, closure: Part) -> Fetched:
        """Put beside an opening or a close where it was."""
        document: dict[str, Any] = {"register_closure": closure.fields}
        outlet_id = closure.id_or_none("outlet_id")
        if closure.has("register_id"):
            document["register"] = await self._place("register", closure.id("register_id"))
            outlet_id = outlet_id or Part(document["register"]).id_or_none("outlet_id")
        if outlet_id:
            document["outlet"] = await self._place("outlet", outlet_id)
        document["retailer"] = await self._place("retailer", "")
        at = instant_of(closure, "register_close_time", "register_open_time")
        return Fetched(text_of_tree(document).encode(), at)

    async def _place(self, kind: str, named: str) -> dict[str, Any]:
        key, now = f"{kind} {named}", self._wire.now()
        read_at, place = self._places.get(key, (now - PLACE_BELIEVED, {}))
        if now - read_at >= PLACE_BELIEVED:
            path = f"{self._base}/{kind}s/{in_path(named)}" if named else f"{self._base}/{kind}"
            place = _slim(kind, await self._one(kind, path))
            self._places[key] = (now, place)
        return place

    async def _sale_listed(self, sale: Part) -> Listed:
        """Name a sale, with the outlet of its register and that outlet's currency, which a list leaves out.

        A register or outlet that is not there any more stops no list: fetching its sale says so to people.
        """
        listed = _sale_in_list(sale)
        try:
            return await self._placed(listed, sale)
        except NotAtVendorError:
            return listed

    async def _placed(self, listed: Listed, sale: Part) -> Listed:
        outlet_id = listed.location
        if not outlet_id and sale.has("register_id"):
            register = Part(await self._place("register", sale.id("register_id")))
            outlet_id = register.id_or_none("outlet_id") or ""
        outlet = Part(await self._place("outlet", outlet_id)) if outlet_id else Part({})
        currency = outlet.text("currency")
        amount = listed.amount
        if amount is not None and _CURRENCY.fullmatch(currency):
            amount = rounded(amount, currency)
        return replace(listed, location=outlet_id, currency=currency, amount=amount)

    async def _one(self, kind: str, path: str) -> Part:
        root = Part(await self._wire.get(kind, path))
        if not root.has("data"):
            raise RetryableError(f"{kind}: the vendor's answer lacks it")
        return root.part("data")


def _tree(payload: str) -> dict[str, Any]:
    return dict(root_of(payload.encode()).fields)


def _slim(kind: str, place: Part) -> dict[str, Any]:
    """Keep of a place what its sales need, no more: addresses and names of people stay where they are."""
    kept = {
        "register": ("id", "outlet_id", "name"),
        "outlet": ("id", "name", "currency", "time_zone"),
        "retailer": ("id", "currency", "discount_product_id"),
    }[kind]
    return {name: place.fields[name] for name in kept if place.has(name)}


def _version(entry: Part) -> int:
    inner = entry.part_or_none("_metadata")
    version = (inner if inner is not None and inner.has("version") else entry).amount("version")
    if version != int(version) or not 0 <= version < 10**18:
        raise RejectedError("a version that is no whole number", field="version")
    return int(version)


def _ripe_until(entries: list[Part], found: tuple[Listed, ...], now: datetime) -> int:
    """Give the highest version before the first that is not ripe yet; 0 where the first is not."""
    reached = 0
    for entry, one in zip(entries, found, strict=True):
        if not one.is_ripe(now):
            break
        reached = _version(entry)
    return reached


def _is_to_be_had(sale: Listed, mark: str, now: datetime) -> bool:
    """Say whether a sale is no old one: versions count no days, and in a quiet shop the last 500 reach back before the app."""
    return sale.mark > mark > "" or sale.changed_at >= now - FIRST


def _sale_in_list(sale: Part) -> Listed:
    listed = listed_at_least(
        SALE,
        lambda: _sale_listed(sale),
        lambda: (sale.id("id"), instant_of(sale, "updated_at", "created_at")),
    )
    return replace(listed, mark=f"{_version(sale):020d}")


def _sale_listed(sale: Part) -> Listed:
    source = sale.part_or_none("source") if isinstance(sale.fields.get("source"), dict) else None
    totals = sale.part_or_none("totals")
    status = status_of(sale)
    amount = ZERO if status is TillStatus.VOIDED else _total(sale, totals)
    return Listed(
        SALE,
        sale.id("id"),
        instant_of(sale, "updated_at", "created_at", "sale_date", "date"),
        location=(source and source.id_or_none("outlet_id")) or sale.id_or_none("outlet_id") or "",
        happened_at=instant_of(sale, "sale_date", "date"),
        amount=amount,
        is_settled=status not in (TillStatus.SUSPENDED, TillStatus.PENDING),
    )


def _total(sale: Part, totals: Part | None) -> Decimal | None:
    """Give what a sale comes to with tax, as far as its list says."""
    if totals is not None and totals.has("price_incl_tax"):
        return size_or_none(totals, "price_incl_tax")
    price, tax = size_or_none(sale, "total_price"), size_or_none(sale, "total_tax")
    return None if price is None or tax is None else price + tax
