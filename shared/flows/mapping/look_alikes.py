"""Find receipts that two sources sent of one store: the same till, receipt number, day and total under two accounts.

A store that has had one source of record ever since needs no look: what another source sends is held at once
(*store_wrong_account*). Where it was named later, what another source sent before may be on its way, or in D365.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.corrections import CORRECTION
from shared.storage.protocols import Row
from shared.storage.receipts import outline_of_day, receipt_label

_NOT_THERE = frozenset({Status.EXCLUDED, Status.WRITTEN_OFF})
_NOT_ON_ITS_WAY = frozenset({Status.RECEIVED, Status.WAITING, Status.HELD})


async def look_alikes(
    services: Services, mappings: Mappings, store: StoreSetup, day: date, rows: Sequence[Row]
) -> dict[str, tuple[Cause, ...]]:
    """Give the cause of each of these receipts that looks like one of another source which came before it, by row key.

    One more query, and only for a store whose source of record nobody has named, or not from the beginning.
    """
    if store.account and mappings.accounts(store.store) == {store.account}:
        return {}
    there = await outline_of_day(services.tables.transactions, store.store, day)
    firsts: dict[tuple[str, ...], Row] = {}
    for row in sorted(there, key=_came):
        outline = _outline(row)
        if outline and _is_there(store, row):
            firsts.setdefault(outline, row)
    found: dict[str, tuple[Cause, ...]] = {}
    for row in rows:
        first = firsts.get(_outline(row))
        if first is not None and first.text("Account") != row.text("Account"):
            found[row.key] = (_cause(store, first, row),)
    return found


def _is_there(store: StoreSetup, row: Row) -> bool:
    """Say whether a receipt keeps others like it back. Beside a source of record's own, only what has gone on already does: what
    has not is held as another source's.
    """
    status, is_reversed = Status(row.text("Status")), row.text("ReversedBy") and not row.text("ReplacedBy")
    if status in _NOT_THERE or row.text("Cause") == "look_alike" or is_reversed:
        return False
    has_gone_on = status not in _NOT_ON_ITS_WAY or bool(row.text("D365Number"))
    return not store.account or (row.text("Account") != store.account and has_gone_on)


def _came(row: Row) -> tuple[bool, str, str]:
    """Order by what went on already, then by arrival, then by key, so that every run chooses the same."""
    waits = row.text("Status") == Status.RECEIVED
    return waits, row.instant("ReceivedAt").isoformat(), row.key


def _outline(row: Row) -> tuple[str, ...]:
    if not row.text("ReceiptNumber") or row.text(CORRECTION):
        return ()
    return row.text("Terminal"), row.text("ReceiptNumber"), row.text("Total"), row.text("Currency")


def _cause(store: StoreSetup, first: Row, row: Row) -> Cause:
    told = f"{receipt_label(row)} from {row.text('Account')}, which {first.text('Account')} sent before"
    return cause("look_alike", store.store, problem=told)
