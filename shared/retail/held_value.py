"""What waits for a mapping: held receipts by the value they lack, and which of them a change of mappings lets go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from shared.retail.mapping_kinds import BARCODES, STAFF, MappingKind
from shared.retail.mapping_rows import Mappings

ONE_DAY = timedelta(days=1)
OF_EVERY_STORE = ("tenders", STAFF)


@dataclass(frozen=True, slots=True)
class Held:
    """One receipt under one open cause."""

    code: str
    value: str
    store: str
    terminal: str
    business_day: date | None
    name: str
    amount: Decimal
    currency: str
    receipts: int = 1


@dataclass(frozen=True, slots=True)
class Freed:
    """What a change lets go: receipts and money by currency; still_held: how many of the same receipts wait on, by the
    reason they wait for.
    """

    receipts: int
    amounts: Mapping[str, Decimal]
    still_held: Mapping[str, int]


def first_seen(kind: MappingKind, held: Iterable[Held]) -> dict[tuple[str, ...], date]:
    """Give, by key of a kind, the business day on which a value was first seen among what is held for it.

    Tax goes by the instant of sale, which may be on the day before its business day: so does its beginning.
    """
    found: dict[tuple[str, ...], date] = {}
    for one in held:
        if one.code != kind.seen_by or one.business_day is None:
            continue
        day = one.business_day - ONE_DAY if kind.name == "taxes" else one.business_day
        for key in _keys(kind.name, one):
            found[key] = min(day, found.get(key, day))
    return found


def _keys(kind: str, one: Held) -> list[tuple[str, ...]]:
    if kind == "terminals":
        return [(one.store, one.terminal)]
    if kind in OF_EVERY_STORE:
        return [(one.store, one.value), ("*", one.value)]
    return [(one.value,)]


def is_solved(held: Held, mappings: Mappings) -> bool:
    """Say whether mappings have what a receipt is held for. Only a missing value is solved by a mapping alone."""
    day = held.business_day
    if held.code == "terminal_unmapped":
        return mappings.find("terminals", held.store, held.terminal, day=day) is not None
    if held.code in ("tender_unmapped", "staff_unmapped"):
        kind = "tenders" if held.code == "tender_unmapped" else STAFF
        return any(mappings.find(kind, store, held.value, day=day) for store in (held.store, "*"))
    if held.code == "item_unmapped":
        return any(mappings.find(kind, held.value, day=day) for kind in ("items", BARCODES))
    if held.code == "warehouse_missing":
        store = mappings.store(held.store, day)
        return store is not None and bool(store.warehouse)
    kind = _PLAIN.get(held.code, "")
    return bool(kind) and mappings.find(kind, held.value, day=day) is not None


_PLAIN = {
    "tax_unmapped": "taxes", "reason_unmapped": "reasons", "disposition_unmapped": "dispositions", "store_unknown": "stores",
}  # fmt: skip


def freed(held: Iterable[Held], before: Mappings, after: Mappings) -> Freed:
    """Give what a change of mappings lets go: every cause of a receipt must be solved, one of them by the change."""
    causes: dict[tuple[str, str], list[Held]] = {}
    for one in held:
        causes.setdefault((one.store, one.name), []).append(one)
    receipts, amounts, still = 0, dict[str, Decimal](), dict[str, int]()
    for of_one in causes.values():
        if not any(is_solved(one, after) and not is_solved(one, before) for one in of_one):
            continue
        rest = [one for one in of_one if not is_solved(one, after)]
        if rest:
            still[rest[0].code] = still.get(rest[0].code, 0) + of_one[0].receipts
            continue
        receipts += of_one[0].receipts
        amounts[of_one[0].currency] = amounts.get(of_one[0].currency, Decimal(0)) + of_one[0].amount
    return Freed(receipts, amounts, still)
