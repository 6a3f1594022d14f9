"""Transactions as rows: identity, day row, document and history, and the one way their status changes.

Partition = store. Two rows a receipt, written in one group: identity (`id~store~account~transaction`), which is kept
for ever, and day row (`day~store~business day~terminal~account~transaction`), which holds everything else.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from decimal import Decimal

from shared.retail.cash_office import BY_HAND_KINDS
from shared.retail.figures import figures_of, figures_text
from shared.retail.mapped import D365Key, MappedTransaction
from shared.retail.mapping import MONEY_KINDS
from shared.retail.money import money_text
from shared.retail.returns import amount_without_receipt
from shared.retail.rounding import diagnose, diagnoses_text
from shared.retail.status import Status, advance
from shared.retail.transaction import Kind, TillStatus, Transaction
from shared.retail.units import units_of, units_text
from shared.retail.used_values import codes_text
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Condition, Row, Table, Value

DOCUMENT_PART_BYTES = 60_000  # below the 64 KiB a binary property may hold
DOCUMENT_PARTS_MAX = 12  # 720 kB, compressed, within the 1 MiB an entity may hold
HISTORY_CHARS_MAX = 30_000
UNKNOWN_STORE = "unknown"
POSTS_ON = "PostsOn"
SENT_IN = "SentIn"
SENT_IN_MAX = 20


def identity_key(store: str, account: str, transaction_id: str) -> str:
    """Give the row key of a receipt's identity."""
    return join_key("id", store, account, transaction_id)


def day_key(store: str, day: date, terminal: str, account: str, transaction_id: str) -> str:
    """Give the row key of a receipt's day row."""
    return join_key("day", store, day.isoformat(), terminal, account, transaction_id)


def receipt_rows(
    transaction: Transaction,
    *,
    day: date,
    document: bytes,
    adapter: str,
    content_hash: str,
    received_at: datetime,
) -> tuple[Row, Row]:
    """Build the identity and day row of a receipt that has just arrived, its status `received`.

    Raises:
        ValueError: the compressed document is larger than a row can hold; the door checks first.
    """
    key = day_key(
        transaction.store, day, transaction.terminal, transaction.account, transaction.transaction_id
    )
    identity = Row(
        partition=transaction.store,
        key=identity_key(transaction.store, transaction.account, transaction.transaction_id),
        values=_present(
            {
                "Record": "identity",
                "DayKey": key,
                "BusinessDay": day.isoformat(),
                "ContentHash": content_hash,
                "Revision": transaction.revision,
            }
        ),
    )
    values = {
        **_summary(transaction, day),
        "Status": str(Status.RECEIVED),
        "ReceivedAt": received_at,
        "ContentHash": content_hash,
        "Adapter": adapter,
        "DocumentSha256": hashlib.sha256(document).hexdigest(),
        "History": f"{_stamp(received_at)} received",
        **document_values(document),
    }
    return identity, Row(partition=transaction.store, key=key, values=_present(values))


def _summary(transaction: Transaction, day: date) -> dict[str, Value | None]:
    figures, units = figures_of(transaction), units_of(transaction)
    return {
        "Record": "receipt",
        "Store": transaction.store,
        "BusinessDay": day.isoformat(),
        "Terminal": transaction.terminal,
        "Account": transaction.account,
        "TransactionId": transaction.transaction_id,
        "Generation": transaction.generation,
        "Kind": str(transaction.kind),
        "Shape": transaction.shape if transaction.is_for_the_ledger else None,
        "ReceiptNumber": transaction.receipt_number,
        "SequenceNumber": transaction.sequence_number,
        "Shift": transaction.shift,
        **_drawer_of(transaction),
        "CompletedAt": transaction.completed_at,
        "Currency": transaction.currency,
        "Total": money_text(figures.total, transaction.currency),
        "Figures": figures_text(figures) if transaction.is_for_the_ledger else None,
        "Moved": _moved(transaction),
        "Drawer": _drawer(transaction),
        "Paid": _paid(transaction),
        "UnitsSold": units_text(units.sold),
        "UnitsBack": units_text(units.back),
        "Operator": transaction.operator,
        "NoReceipt": _without_receipt(transaction),
        "Rounding": diagnoses_text(diagnose(transaction)) if transaction.is_for_the_ledger else None,
        "Revision": transaction.revision,
        "Codes": codes_text(transaction),
    }


def _drawer_of(transaction: Transaction) -> dict[str, Value | None]:
    """Give whose drawer holds its money, where that is not simply its own till's."""
    name, generation = transaction.drawer_of
    is_own = (name, generation) == (transaction.terminal, transaction.generation)
    return {} if is_own else {"DrawerName": name, "DrawerGeneration": generation}


def _moved(transaction: Transaction) -> str | None:
    """Give what cash a transaction put in or took out that is no sale; None where there is nothing to do by hand."""
    is_real = transaction.status is TillStatus.COMPLETED and not transaction.training
    if transaction.kind not in BY_HAND_KINDS or not is_real:
        return None
    movement = transaction.cash_movement
    return money_text(movement.amount if movement else transaction.amount_paid, transaction.currency)


def _drawer(transaction: Transaction) -> str | None:
    """Give what a transaction moved in the drawer that is no sale and no income or expense, by tender; None for nothing."""
    is_real = transaction.status is TillStatus.COMPLETED and not transaction.training
    if (
        not is_real
        or transaction.is_for_the_ledger
        or transaction.kind in (Kind.SHIFT_OPEN, Kind.SHIFT_CLOSE, *MONEY_KINDS)
    ):
        return None
    amounts: dict[str, Decimal] = {}
    movement = transaction.cash_movement
    parts = [(one.code, one.amount) for one in transaction.captured]
    if movement is not None:
        parts = [(movement.tender, movement.amount)]
    for tender, amount in parts:
        amounts[tender] = amounts.get(tender, Decimal(0)) + amount
    return json.dumps({tender: str(one) for tender, one in sorted(amounts.items())}) if amounts else None


def _paid(transaction: Transaction) -> str | None:
    """Give money paid in or out for a reason, by tender: what D365 posts against that reason's account."""
    is_real = transaction.status is TillStatus.COMPLETED and not transaction.training
    if transaction.kind not in MONEY_KINDS or not is_real:
        return None
    movement = transaction.cash_movement
    tenders = [(one.code, str(one.amount)) for one in transaction.captured]
    if movement is not None and not tenders:
        tenders = [(movement.tender, str(movement.amount))]
    return json.dumps([movement.reason_code or "" if movement else "", tenders])


def _without_receipt(transaction: Transaction) -> str | None:
    """Give what came back without naming its sale; None where nothing did."""
    amount = amount_without_receipt(transaction)
    return None if amount is None else money_text(amount, transaction.currency)


def document_values(document: bytes) -> dict[str, Value]:
    """Compress a document into as many properties as it needs."""
    packed = zlib.compress(document, 6)
    parts = [packed[at : at + DOCUMENT_PART_BYTES] for at in range(0, len(packed), DOCUMENT_PART_BYTES)]
    if len(parts) > DOCUMENT_PARTS_MAX:
        raise ValueError(f"a document of {len(packed)} compressed bytes does not fit a row")
    return {f"Document{number or ''}": part for number, part in enumerate(parts)}


def document_fits(document: bytes) -> bool:
    """Say whether a document can be kept in one row."""
    return len(zlib.compress(document, 6)) <= DOCUMENT_PART_BYTES * DOCUMENT_PARTS_MAX


def document_of(row: Row) -> bytes:
    """Give back the document as it was kept."""
    return zlib.decompress(b"".join(_document_parts(row)))


def _document_parts(row: Row) -> Iterator[bytes]:
    for number in range(DOCUMENT_PARTS_MAX):
        name = f"Document{number or ''}"
        if name not in row.values:
            return
        yield row.data(name)


def advanced(row: Row, to: Status, at: datetime, note: str = "", **changes: Value | None) -> Row:
    """Give a receipt's row with its next status, its history grown by one line, and other changes. The one gate.

    Raises:
        ValueError: the status table does not know the move (a bug).
    """
    status = advance(Status(row.text("Status")), to)
    line = f"{_stamp(at)} {status}{f': {note}' if note else ''}"
    return row.with_values(Status=str(status), StatusSince=at, History=_grown(row, line), **changes)


def noted(row: Row, at: datetime, text: str) -> Row:
    """Give a receipt's row with a line in its history that changes no status."""
    return row.with_values(History=_grown(row, f"{_stamp(at)} {text}"))


def _grown(row: Row, line: str) -> str:
    history = f"{row.text('History')}\n{line}"
    if _units(history) <= HISTORY_CHARS_MAX:
        return history
    first, _, rest = history.partition("\n")
    room = HISTORY_CHARS_MAX - _units(first) - 3
    rest = rest[-room:]
    while _units(rest) > room:
        rest = rest.partition("\n")[2]
    return f"{first}\n…\n{rest.partition(chr(10))[2]}"


def _units(text: str) -> int:
    """Count characters as the service does: one such as an emoji takes two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


async def receipts_of_day(table: Table, store: str, day: date, status: Status | None = None) -> list[Row]:
    """Read a store-day's day rows, all or those of one status, in key order."""
    where = (Condition("Status", "eq", str(status)),) if status else ()
    return [row async for row in day_rows(table, store, day, where, ())]


async def keys_of_day(table: Table, store: str, day: date, status: Status) -> list[str]:
    """Read the row keys of a store-day's receipts of one status, and nothing else of them."""
    where = (Condition("Status", "eq", str(status)),)
    return [row.key async for row in day_rows(table, store, day, where, ("Status",))]


async def outline_of_day(table: Table, store: str, day: date) -> list[Row]:
    """Read what tells whether two receipts of a store-day are the same one, sent by two sources."""
    columns = (
        "Account", "TransactionId", "Terminal", "ReceiptNumber", "Total", "Currency", "Status", "Cause", "ReceivedAt",
        "Correction", "D365Number", "ReversedBy", "ReplacedBy",
    )  # fmt: skip
    return [row async for row in day_rows(table, store, day, (), columns)]


NOT_WAITING = (
    Status.SENT, Status.VALIDATED, Status.POSTED, Status.REVERSED, Status.HELD, Status.REPAIR, Status.EXCLUDED,
    Status.WRITTEN_OFF,
)  # fmt: skip


async def oldest_waiting(table: Table, store: str, day: date) -> datetime | None:
    """Give when the oldest receipt of a store-day was rung that is on its way to D365; None where none is."""
    where = tuple(Condition("Status", "ne", str(one)) for one in NOT_WAITING)
    rows = day_rows(table, store, day, where, ("CompletedAt",))
    return min([row.instant("CompletedAt") async for row in rows], default=None)


def day_rows(
    table: Table, store: str, day: date, where: tuple[Condition, ...], select: tuple[str, ...]
) -> AsyncIterator[Row]:
    prefix = f"{join_key('day', store, day.isoformat())}~"
    return table.query(store, key_from=prefix, key_before=prefix_end(prefix), where=where, select=select)


def receipt_label(row: Row) -> str:
    """Name a receipt for people: its printed number where there is one, and whether it is a correction."""
    label = row.text("ReceiptNumber") or row.text("TransactionId")
    return f"{label} ({row.text('Correction')})" if row.text("Correction") else label


def key_values(mapped: MappedTransaction) -> dict[str, Value | None]:
    """Give the columns that freeze a receipt's D365 key."""
    key = mapped.key
    return {
        "LegalEntity": key.legal_entity,
        "OperatingUnit": key.operating_unit,
        "Register": key.terminal,
        "D365Number": key.transaction_number,
    }


def sent_in(row: Row, mapped: MappedTransaction) -> str:
    """Give the shifts D365 was seen to have a receipt in, with the one it has it in now: register and number, one a line."""
    now = f"{mapped.shift_register or mapped.key.terminal} {mapped.shift_number or 0}"
    before = [one for one in row.text(SENT_IN).splitlines() if one != now]
    return "\n".join([*before, now][-SENT_IN_MAX:]) if mapped.shift_number else row.text(SENT_IN)


def key_of(row: Row) -> D365Key:
    """Read a receipt's frozen D365 key."""
    names = ("LegalEntity", "OperatingUnit", "Register", "D365Number")
    return D365Key(*(row.text(name) for name in names))


def d365_day(row: Row) -> date:
    """Give the day D365 has a receipt under: its business day, but for one that came when its period was closed."""
    return date.fromisoformat(row.text(POSTS_ON) or row.text("BusinessDay"))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _present(values: dict[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
