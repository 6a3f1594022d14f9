"""Read what waits for people, by cause, and when D365 was last looked at."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

from shared.flows.posting.preflight import GOOD_FOR, TELLING_SETS, read_kept_preflight
from shared.retail.checks import Held, Looked, Waiting
from shared.retail.d365_rules import Broken, cause_of
from shared.retail.mapped import StoreSetup
from shared.retail.money import total
from shared.services import Services
from shared.storage.causes import OPEN, RECEIPT, cause_rows
from shared.storage.keys import join_key
from shared.storage.protocols import Row

# D365 is looked at once a day, at a heartbeat; a look counts a little longer than that.
LOOK_COUNTS_FOR = GOOD_FOR + timedelta(hours=2)


async def read_waiting(services: Services, stores: dict[str, StoreSetup]) -> list[Waiting]:
    """Give the open causes that concern these stores, or none that is known to be another entity's; counted now."""
    strangers = _of_others(services, stores)
    groups: dict[str, list[Row]] = {}
    async for row in cause_rows(services.tables.causes, None, OPEN):
        if row.text("Store") not in strangers:
            groups.setdefault(row.partition, []).append(row)
    return [_waiting(fingerprint, rows) for fingerprint, rows in sorted(groups.items())]


def _of_others(services: Services, stores: Collection[str]) -> set[str]:
    """Give the stores that are known, and of another legal entity."""
    return {
        name
        for one in services.mappings.known.stores()
        if one.store not in stores
        for name in (one.store, one.store_number)
    }


def _waiting(fingerprint: str, rows: list[Row]) -> Waiting:
    newest = max(rows, key=lambda row: (row.instant("Since"), row.key))
    currency = next((row.text("Currency") for row in rows if row.text("Currency")), "")
    own = [row for row in rows if row.text("Currency") == currency]
    return Waiting(
        fingerprint=fingerprint,
        code=newest.text("Reason"),
        value=newest.text("Value"),
        owner=newest.text("Owner"),
        what_happened=newest.text("WhatHappened"),
        amount=total(_amount(row) for row in own),
        currency=currency,
        receipts=sum(row.number("Receipts", 1) for row in rows),
        stores=tuple(sorted({row.text("Store") for row in rows} - {""})),
        holds=tuple(
            Held(_name(row), _amount(row), row.number("Receipts", 1), row.text("Currency")) for row in rows
        ),
    )


def _amount(row: Row) -> Decimal:
    return Decimal(row.text("Amount") or "0")


def _name(row: Row) -> str:
    """Name what a row holds: a receipt by itself, so that it is the same under each of its causes; all else by the row."""
    if row.text("What") != RECEIPT:
        return row.key
    return join_key(row.text("Store"), row.text("Account"), row.text("TransactionId"))


async def read_comparison(services: Services) -> Looked:
    """Give when D365 was last compared with what is used of it, and what differed."""
    made = await read_kept_preflight(services)
    if made is None:
        return Looked(None)
    wrong = [
        f"{one.where}: expected {one.expected}, found {one.found}." for one in made.mismatches if one.blocks
    ]
    wrong += [f"D365 does not show {one}." for one in made.unknown if one in TELLING_SETS]
    return Looked(made.checked_at, made.checked_at + LOOK_COUNTS_FOR, tuple(wrong))


async def read_lists_comparison(services: Services) -> Looked:
    """Give when the lists were last compared with D365's reference data, and what they name in vain."""
    environment = services.settings.d365.environment_id
    state = await services.tables.packages.read(environment, join_key("reference", environment))
    if state is None or "ReadAt" not in state.values:
        return Looked(None)
    broken = [Broken.from_value(value) for value in json.loads(state.text("Findings", "[]"))]
    wrong = [cause_of(one).texts()["what_happened"] for one in broken]
    read_at = state.instant("ReadAt")
    return Looked(read_at, read_at + LOOK_COUNTS_FOR, tuple(wrong))
