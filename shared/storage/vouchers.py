"""What D365 showed of the vouchers of a store-day's statements, kept as it was answered; and when to look again.

Kept in `statements` (partition = store), one row for each D365 statement, so that a statement compiled of it is derived again
to the same bytes. When to look again is kept in `due`, beside the list of work: nobody rings for it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.retail.vouchers import VoucherLine, VouchersRead
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Condition, Row, Table, Upsert, Value

CHECKS = "vouchers"
PART_BYTES = 60_000


def vouchers_key(store: str, day: date, statement: str) -> str:
    """Give the row key of what was read for a store-day's statement."""
    return join_key("vouchers", store, day.isoformat(), statement)


def vouchers_row(
    store: str, day: date, statement: str, read: VouchersRead, version: int, at: datetime
) -> Row:
    """Build the row of one answer: the same answer gives the same content, in whatever order D365 gave it.

    version: the mappings whose accounts it is compared by.
    """
    values: dict[str, Value] = {
        "Record": "vouchers", "Statement": statement, "ReadAt": at, "MappingVersion": version,
    }  # fmt: skip
    if read.lines is None:
        values["NotShown"] = read.why[:1000]
    else:
        lines = sorted([one.voucher, one.account, str(one.amount)] for one in read.lines)
        packed = zlib.compress(json.dumps(lines, separators=(",", ":")).encode(), 6)
        parts = range(0, len(packed), PART_BYTES)
        values |= {f"Lines{number}": packed[at : at + PART_BYTES] for number, at in enumerate(parts)}
    return Row(partition=store, key=vouchers_key(store, day, statement), values=values)


def vouchers_from(row: Row) -> VouchersRead:
    """Read what D365 showed."""
    if "NotShown" in row.values:
        return VouchersRead(None, row.text("NotShown"))
    names = sorted((name for name in row.values if name.startswith("Lines")), key=lambda name: int(name[5:]))
    lines = json.loads(zlib.decompress(b"".join(row.data(name) for name in names)))
    return VouchersRead(
        tuple(VoucherLine(voucher, account, Decimal(amount)) for voucher, account, amount in lines)
    )


async def vouchers_of_day(table: Table, store: str, day: date) -> dict[str, Row]:
    """Read what is kept of a store-day's vouchers, by statement."""
    prefix = f"{join_key('vouchers', store, day.isoformat())}~"
    rows = table.query(store, key_from=prefix, key_before=prefix_end(prefix))
    return {row.text("Statement"): row async for row in rows}


@dataclass(frozen=True, slots=True)
class Check:
    """A store-day whose vouchers are to be read, and when."""

    store: str
    day: date
    next_try: datetime

    def row(self) -> Row:
        """Give its row."""
        key = join_key(CHECKS, self.store, self.day.isoformat())
        values: dict[str, Value] = {
            "Store": self.store, "BusinessDay": self.day.isoformat(), "NextTry": self.next_try,
        }  # fmt: skip
        return Row(partition=CHECKS, key=key, values=values)


def check_from(row: Row) -> Check:
    """Read a check's row."""
    return Check(row.text("Store"), date.fromisoformat(row.text("BusinessDay")), row.instant("NextTry"))


async def note_checks(table: Table, checks: Iterable[Check]) -> None:
    """Write down that vouchers are to be read, at the latest then."""
    rows = list({one.row().key: one.row() for one in checks}.values())
    for at in range(0, len(rows), 100):
        await table.write_group([Upsert(row) for row in rows[at : at + 100]])


async def checks_due(table: Table, now: datetime, rows_max: int) -> list[Row]:
    """Give the checks that are due, those that wait longest first."""
    rows = [row async for row in table.query(CHECKS, where=(Condition("NextTry", "le", now),))]
    return sorted(rows, key=lambda row: (row.instant("NextTry"), row.key))[:rows_max]


async def check_again(table: Table, row: Row, next_try: datetime | None) -> None:
    """Write when to look again, or that it was the last time; whoever noted it anew meanwhile wins."""
    try:
        if next_try is None:
            await table.delete(row.partition, row.key, row.etag)
        else:
            await table.replace(row.with_values(NextTry=next_try), row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return
