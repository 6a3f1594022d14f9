"""Build a package's content again from kept documents, the mapping version of each receipt, and the shifts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from shared.d365.package import BuiltPackage, build_package
from shared.flows.posting.corrections import corrected, linked_as_kept, shifts_for
from shared.flows.posting.kept import read_kept
from shared.flows.posting.office import as_set_up
from shared.pos.adapter import localised
from shared.retail.accrual import NEVER_GOES
from shared.retail.business_day import store_zone
from shared.retail.figures import Figures, sum_of
from shared.retail.mapped import MappedShift, MappedTransaction, StoreSetup
from shared.retail.mapping import Mappings, map_transaction
from shared.retail.money import total
from shared.retail.shift import Shift
from shared.retail.statement import ReceiptRecord
from shared.retail.status import Status
from shared.settings import HEADER_FIRST, D365Settings
from shared.storage.amendments import as_amended
from shared.storage.corrections import mapped_for_day
from shared.storage.packages import PackageMember
from shared.storage.protocols import Row
from shared.storage.receipts import key_of
from shared.storage.shifts import SENDING, SENT

StoreDayKey = tuple[str, str]


@dataclass(slots=True)
class Material:
    """All that a package is made of. Keys of `shifts`: (store, business day). sent_already: its receipts read back before."""

    settings: D365Settings
    mappings: Mappings
    shifts: Mapping[StoreDayKey, tuple[Shift, ...]]
    receipts: list[Row] = field(default_factory=list)
    shift_rows: list[Row] = field(default_factory=list)
    records: Mapping[StoreDayKey, Sequence[ReceiptRecord]] = field(default_factory=dict)
    sent_already: int = 0
    members: Sequence[PackageMember] = ()


def mapped_again(material: Material) -> tuple[list[tuple[Row, MappedTransaction]], list[Row]]:
    """Map every receipt as it was mapped before; give the mapped ones and those that no longer can be."""
    good: list[tuple[Row, MappedTransaction]] = []
    bad: list[Row] = []
    for row in material.receipts:
        outcome = _mapped(material, row)
        if outcome is None:
            bad.append(row)
        else:
            good.append((row, outcome))
    return good, bad


def _mapped(material: Material, row: Row) -> MappedTransaction | None:
    """Map one receipt with its own mapping version; its frozen key, once there is one, stays."""
    day = mapped_for_day(row)
    mappings = material.mappings.at_version(row.number("MappingVersion"))
    store = mappings.store(row.partition, day)
    if store is None:
        return None
    transaction = read_kept(row)
    if transaction is None:
        return None
    transaction = localised(replace(transaction, store=row.partition), store_zone(store.time_zone))
    transaction = linked_as_kept(row, as_amended(row, transaction))
    shifts = material.shifts.get((row.partition, row.text("BusinessDay")), ())
    if (
        row.text("Status") == Status.SENDING
    ):  # decided when it entered its package; what shifts do since is another day's question
        transaction, shifts = replace(transaction, shift=row.text("Shift")), ()
    outcome = map_transaction(transaction, day, mappings, shifts_for(row, shifts))
    if isinstance(outcome, tuple):
        return None
    outcome = as_set_up(material.settings, corrected(row, outcome))
    return replace(outcome, key=key_of(row)) if row.text("D365Number") else outcome


def mapped_shifts(material: Material) -> list[tuple[Row, MappedShift]]:
    """Give the finished shifts with the figures of their receipts, each beside its row; one whose store or till is mapped
    no more is left out.
    """
    shifts = []
    for row in material.shift_rows:
        day = date.fromisoformat(row.text("BusinessDay"))
        store = material.mappings.store(row.partition, day)
        register = material.mappings.find("terminals", row.partition, row.text("Terminal"), day=day)
        if store is not None and register is not None and "ClosedAt" in row.values:
            records = material.records.get((row.partition, row.text("BusinessDay")), ())
            shift = _mapped_shift(row, day, store, register["register"], records)
            shifts.append((row, as_frozen(row, shift)))
    return shifts


def frozen_figures(shift: MappedShift) -> str:
    """Write the figures a shift enters its package with: what comes later does not change what was sent."""
    counts = (shift.transactions, shift.sales_count, shift.returns_count)
    totals = (
        shift.sales_total, shift.returns_total, shift.tax_total, shift.discount_total, shift.rounded_total,
    )  # fmt: skip
    return json.dumps([counts, [str(one) for one in totals]], separators=(",", ":"))


def as_frozen(row: Row, shift: MappedShift) -> MappedShift:
    """Give a shift with the figures it entered its package with, once it has entered one."""
    if row.text("Status") not in (SENDING, SENT) or not row.text("SentFigures"):
        return shift
    counts, totals = json.loads(row.text("SentFigures"))
    transactions, sales, returns = counts
    sold, returned, tax, discount, rounded = (Decimal(one) for one in totals)
    return replace(
        shift, transactions=transactions, sales_count=sales, returns_count=returns, sales_total=sold,
        returns_total=returned, tax_total=tax, discount_total=discount, rounded_total=rounded,
    )  # fmt: skip


def _mapped_shift(
    row: Row, day: date, store: StoreSetup, register: str, records: Sequence[ReceiptRecord]
) -> MappedShift:
    own = [
        one
        for one in records
        if one.is_receipt and one.is_of_the_till and one.status not in NEVER_GOES
        and one.shift == row.text("Shift") and one.shift_of == (row.text("Terminal"), row.number("Generation", 1))
    ]  # fmt: skip
    figures: Figures = sum_of(one.figures for one in own)
    return MappedShift(
        legal_entity=store.legal_entity,
        operating_unit=store.operating_unit,
        store_number=store.store_number,
        terminal=register,
        shift_number=row.number("ShiftNumber"),
        business_day=day,
        opened_at=row.instant("OpenedAt"),
        closed_at=row.instant("ClosedAt"),
        time_zone=store.time_zone,
        transactions=len(own),
        sales_count=sum(1 for one in own if one.figures.sales),
        returns_count=sum(1 for one in own if one.figures.returns),
        sales_total=figures.sales,
        returns_total=figures.returns,
        tax_total=total(figures.taxes.values()),
        discount_total=figures.discounts,
        rounded_total=figures.rounding,
    )


def content_of(
    d365: D365Settings, package: str, receipts: Sequence[MappedTransaction], shifts: Sequence[MappedShift]
) -> BuiltPackage:
    """Zip it up. The same receipts and shifts give the same bytes."""
    header_first = d365.import_order == HEADER_FIRST
    return build_package(d365.data_project, package, receipts, shifts, header_first=header_first)
