"""Causes as rows that read well in the Azure portal: what, why, whose, what to do, one row for each thing held.

Partition = the cause's fingerprint; row = store and transaction (or shift, number, package). A row is written before
what it holds is held, and counted on read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.retail.money import money_text
from shared.retail.reasons import Cause
from shared.retail.runbooks import runbook_of
from shared.storage.keys import join_key
from shared.storage.protocols import Condition, Replace, Row, Table, Upsert, Value
from shared.storage.unchanged import write_unchanged

OPEN, CLOSED = "open", "ended"
RECEIPT, SHIFT, NUMBER, PACKAGE, STATEMENT, MAPPING, TERMINAL, STORE = (
    "receipt", "shift", "number", "package", "statement", "mapping", "till", "store",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One thing a cause holds. `what` is receipt, shift, number (a receipt that never arrived), package, statement,
    mapping, till or store.
    `link`: a page of D365 that says more. units_sold, units_back: goods of a receipt, as its row has them, "" for none.
    """

    what: str
    store: str
    name: str
    terminal: str = ""
    business_day: str = ""
    account: str = ""
    transaction_id: str = ""
    receipt_number: str = ""
    sequence_number: int | None = None
    amount: Decimal = Decimal(0)
    currency: str = ""
    receipts: int = 1
    link: str = ""
    units_sold: str = ""
    units_back: str = ""


def receipt_member(row: Row) -> Member:
    """Give a receipt as a member of a cause."""
    return Member(
        what=RECEIPT,
        store=row.partition,
        name=f"{row.text('Account')} {row.text('TransactionId')}",
        terminal=row.text("Terminal"),
        business_day=row.text("BusinessDay"),
        account=row.text("Account"),
        transaction_id=row.text("TransactionId"),
        receipt_number=row.text("ReceiptNumber"),
        sequence_number=row.number("SequenceNumber") if "SequenceNumber" in row.values else None,
        amount=Decimal(row.text("Total", "0")),
        currency=row.text("Currency"),
        units_sold=row.text("UnitsSold"),
        units_back=row.text("UnitsBack"),
    )


def shift_member(row: Row) -> Member:
    """Give a shift as a member of a cause."""
    return Member(
        SHIFT,
        row.partition,
        row.key,
        terminal=row.text("Terminal"),
        business_day=row.text("BusinessDay"),
        receipts=0,
    )


def fingerprint_of(cause: Cause) -> str:
    """Give the fingerprint that groups receipts: reason and offending value."""
    return join_key(cause.code, cause.value)


def cause_row(cause: Cause, member: Member, since: datetime) -> Row:
    """Build the row of one thing that a cause holds."""
    fingerprint = fingerprint_of(cause)
    texts = cause.texts()
    values: dict[str, Value] = {
        "State": OPEN,
        "Owner": cause.owner,
        "WhatHappened": texts["what_happened"],
        "Why": texts["why"],
        "HoldsUp": texts["holds_up"],
        "DoThis": texts["do_this"],
        "Runbook": runbook_of(cause.code),
        "Fault": cause.fault,
        "Reason": cause.code,
        "Value": cause.value,
        "What": member.what,
        "Store": member.store,
        "Terminal": member.terminal,
        "BusinessDay": member.business_day,
        "Account": member.account,
        "TransactionId": member.transaction_id,
        "ReceiptNumber": member.receipt_number,
        "Amount": money_text(member.amount, member.currency or "USD"),
        "Currency": member.currency,
        "Receipts": member.receipts,
        "Since": since,
    }
    more = {"Link": member.link, "UnitsSold": member.units_sold, "UnitsBack": member.units_back}
    values |= {name: text for name, text in more.items() if text}
    if member.sequence_number is not None:
        values["SequenceNumber"] = member.sequence_number
    return Row(partition=fingerprint, key=cause_key(fingerprint, member.store, member.name), values=values)


async def open_causes(table: Table, rows: Iterable[Row]) -> None:
    """Write cause rows, before what they hold is held. One that is there already is written anew, open again."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.partition, []).append(row)
    for group in groups.values():
        for at in range(0, len(group), 100):
            part = {row.key: row for row in group[at : at + 100]}
            await table.write_group([Upsert(row) for row in part.values()])


def cause_key(fingerprint: str, store: str, name: str) -> str:
    """Give the row key of one thing that a cause holds."""
    return join_key(fingerprint, store, name)


async def end_causes_of(
    table: Table, store: str, name: str, fingerprints: Iterable[str], at: datetime, how: str
) -> None:
    """End what some causes hold of one receipt. `name` is the member's."""
    await end_cause_rows(table, await causes_of(table, store, name, fingerprints), at, how)


async def causes_of(table: Table, store: str, name: str, fingerprints: Iterable[str]) -> list[Row]:
    """Read what some causes say of one receipt. Read before it moves, they are ended only if nobody holds it again meanwhile."""
    rows = [await table.read(one, cause_key(one, store, name)) for one in dict.fromkeys(fingerprints) if one]
    return [row for row in rows if row is not None]


async def end_cause_rows(table: Table, rows: Iterable[Row], at: datetime, how: str) -> int:
    """Mark rows as ended, with how; give their number. Rows that ended already stay as they are.

    So do rows that were written since they were read: what they hold is held again, and that cause is another one.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.text("State") == OPEN:
            groups.setdefault(row.partition, []).append(
                row.with_values(State=CLOSED, EndedAt=at, EndedHow=how)
            )
    ended = 0
    for group in groups.values():
        for start in range(0, len(group), 100):
            ended += len(
                await write_unchanged(table, [Replace(row, row.etag) for row in group[start : start + 100]])
            )
    return ended


def cause_rows(table: Table, fingerprint: str | None = None, state: str | None = None) -> AsyncIterator[Row]:
    """Read the rows of one cause or of all, of one state or any."""
    where = (Condition("State", "eq", state),) if state else ()
    return table.query(fingerprint, where=where)
