"""Read day rows as the statement sees them: what it needs of each transaction, and no documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from shared.retail.completeness import Decision
from shared.retail.figures import figures_from
from shared.retail.lateness import Times
from shared.retail.ledger import Instants, PaidInOrOut
from shared.retail.money import total
from shared.retail.rounding import diagnoses_from
from shared.retail.statement import ReceiptRecord
from shared.retail.status import Status
from shared.storage.protocols import Row, Table
from shared.storage.receipts import day_rows, receipt_label

_NO_MONEY: Mapping[str, Decimal] = MappingProxyType({})


async def records_of_day(table: Table, store: str, day: date) -> list[ReceiptRecord]:
    """Read what the statement needs of a store-day: no documents are fetched."""
    rows = day_rows(table, store, day, (), RECORD_COLUMNS)
    return [record_of(row) async for row in rows]


RECORD_COLUMNS = (
    "Account", "TransactionId", "Terminal", "Status", "Figures", "Generation", "SequenceNumber", "Shift", "Kind",
    "Late", "Conflict", "Cause", "CauseValue", "Fingerprint", "ReceiptNumber", "D365Statement", "Currency",
    "Moved", "Drawer", "Correction", "Replaced", "DecidedBy", "DecidedAs", "DecidedWhy", "DecidedAt", "CompletedAt", "ReceivedAt",
    "PostedAt", "Paid", "MappingVersion", "PostsOn", "TillShift", "ReadBackAt",
    "StatusSince", "WrittenOffBy", "WrittenOffAs", "WrittenOffWhy", "WrittenOffAt",
    "LedgerFigures",
    "Rounding", "Operator", "NoReceipt", "AcceptedBack", "OtherTender", "DrawerName", "DrawerGeneration",
    "NumbersOf", "CountedIn",
    "Rounding", "Operator", "NoReceipt", "AcceptedBack", "OtherTender", "Codes",
)  # fmt: skip


def record_of(row: Row) -> ReceiptRecord:
    """Read a day row as the statement sees it."""
    return ReceiptRecord(
        label=receipt_label(row),
        account=row.text("Account"),
        transaction_id=row.text("TransactionId"),
        terminal=row.text("Terminal"),
        status=Status(row.text("Status")),
        figures=figures_from(row.text("Figures")),
        generation=row.number("Generation", 1),
        sequence_number=row.number("SequenceNumber") if "SequenceNumber" in row.values else None,
        shift=row.text("Shift"),
        is_receipt="Figures" in row.values,
        late=row.flag("Late"),
        conflict=row.flag("Conflict"),
        cause_code=row.text("Cause"),
        cause_value=row.text("CauseValue"),
        fingerprint=row.text("Fingerprint"),
        d365_statement=row.text("D365Statement"),
        currency=row.text("Currency"),
        correction=row.text("Correction"),
        is_replaced=row.flag("Replaced"),
        decided=_decision_of(row),
        kind=row.text("Kind"),
        moved=Decimal(row.text("Moved")) if row.text("Moved") else None,
        drawer=_drawer_of(row),
        in_time=_instants_of(row),
        paid=_paid_of(row),
        mapping_version=row.number("MappingVersion"),
        posts_on=date.fromisoformat(row.text("PostsOn")) if row.text("PostsOn") else None,
        completed_at=row.instant("CompletedAt") if "CompletedAt" in row.values else None,
        till_shift=row.text("TillShift") if "TillShift" in row.values else None,
        times=times_of(row),
        rounding=diagnoses_from(row.text("Rounding")),
        operator=row.text("Operator"),
        without_receipt=_amount_of(row, "NoReceipt", "AcceptedBack"),
        other_tender=_amount_of(row, "OtherTender"),
        amended=figures_from(row.text("LedgerFigures")) if "LedgerFigures" in row.values else None,
        drawer_name=row.text("DrawerName"),
        drawer_generation=row.number("DrawerGeneration"),
        numbers_of=row.number("NumbersOf"),
        counted_in=row.number("CountedIn"),
        codes=row.text("Codes"),
    )


def times_of(row: Row) -> Times | None:
    """Read when a receipt was rung, arrived, was in D365 and was posted; None of a row that says neither of the first two."""
    if "CompletedAt" not in row.values or "ReceivedAt" not in row.values:
        return None
    posted = row.text("Status") == Status.POSTED and "StatusSince" in row.values
    return Times(
        row.instant("CompletedAt"),
        row.instant("ReceivedAt"),
        row.instant("ReadBackAt") if "ReadBackAt" in row.values else None,
        row.instant("StatusSince") if posted else None,
    )


def _instants_of(row: Row) -> Instants | None:
    if "CompletedAt" not in row.values or "ReceivedAt" not in row.values:
        return None
    posted_at = row.instant("PostedAt") if "PostedAt" in row.values else None
    return Instants(row.instant("CompletedAt"), row.instant("ReceivedAt"), posted_at)


def _drawer_of(row: Row) -> Mapping[str, Decimal]:
    """Give what a transaction that is no sale moved in the drawer; income and expense move it too."""
    if row.text("Drawer"):
        return {tender: Decimal(one) for tender, one in json.loads(row.text("Drawer")).items()}
    paid = _paid_of(row)
    return paid.tenders if paid is not None else _NO_MONEY


def _paid_of(row: Row) -> PaidInOrOut | None:
    """Read income or expense; a reversal's is turned, as its figures are."""
    if not row.text("Paid"):
        return None
    reason, tenders = json.loads(row.text("Paid"))
    paid: dict[str, Decimal] = {}
    for code, amount in tenders:
        paid[code] = paid.get(code, Decimal(0)) + Decimal(amount)
    return PaidInOrOut(reason, paid)


def _amount_of(row: Row, *names: str) -> Decimal | None:
    """Add the amounts of some columns up; None where none is there."""
    amounts = [Decimal(row.text(name)) for name in names if name in row.values]
    return total(amounts) if amounts else None


def _decision_of(row: Row) -> Decision | None:
    if row.text("Status") == Status.WRITTEN_OFF and row.text("WrittenOffBy"):
        names = ("WrittenOffBy", "WrittenOffAs", "WrittenOffWhy", "WrittenOffAt")
        return Decision("written off", *(row.text(name) for name in names))
    if not row.text("DecidedBy"):
        return None
    names = ("DecidedBy", "DecidedAs", "DecidedWhy", "DecidedAt")
    return Decision(row.text("Correction"), *(row.text(name) for name in names))
