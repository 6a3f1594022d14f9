"""Reads the journal of a Kassiopeia till, a make that exists nowhere but here, built from docs/pos/connect-a-new-pos.md.

What the journal is, and what was decided about it, is said in README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType

from shared.errors import RejectedError
from shared.pos.adapter import (
    LINES_MAX,
    NAIVE_TIMES,
    SHAPE,
    TRANSACTIONS_MAX,
    Arrival,
    arrived,
    refuse_large_body,
    rejected,
    unreadable,
)
from shared.pos.allocation import allocated
from shared.pos.canonical_values import read_day, read_id
from shared.pos.json_tree import safe
from shared.pos.masking import REMOVED, masked_text
from shared.retail.kinds import Kind, LinkRole, RoundingReason, TenderRole, TenderType, TillStatus
from shared.retail.money import minor_unit, total
from shared.retail.rules import Problem
from shared.retail.transaction import (
    CashMovement,
    ControlTotals,
    Counted,
    Discount,
    Line,
    Link,
    Rounding,
    ShiftRecord,
    ShiftTotals,
    Tax,
    Tender,
    Transaction,
)

FREE_TEXT = {"I": 5, "W": 5, "M": 5}  # which cell of a record people type
SELLER = {"B": 5}
CELLS = {
    "A": 5, "B": 6, "L": 3, "I": 6, "R": 2, "W": 6, "X": 4, "P": 3, "G": 2, "N": 2, "E": 2, "V": 3, "M": 6, "C": 8, "K": 2,
}  # fmt: skip
TENDERS = {"CASH": TenderType.CASH, "CARD": TenderType.CARD, "GIFT": TenderType.GIFT_CARD}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a journal: which, and its cells, the first of which says what it is."""

    number: int
    cells: list[str]

    @property
    def what(self) -> str:
        return self.cells[0]

    def wrong(self, place: int, expected: str) -> RejectedError:
        found = safe(self.cells[place]) if place < len(self.cells) else ""
        return rejected(
            Problem(SHAPE, f"record {self.number}, cell {place + 1}", expected, found or "nothing")
        )

    def digits(self, place: int) -> int:
        text = self.cells[place].removeprefix("-")
        if not (text.isascii() and text.isdecimal() and len(text) <= 12):
            raise self.wrong(place, "a whole number")
        return int(self.cells[place])

    def count(self, place: int) -> int:
        if self.digits(place) < 0:
            raise self.wrong(place, "0 or more")
        return self.digits(place)

    def id(self, place: int) -> str:
        try:
            return read_id(self.cells[place])
        except ValueError as error:
            raise self.wrong(place, str(error)) from error

    def word(self, place: int, *known: str) -> str:
        if self.cells[place] not in known:
            raise self.wrong(place, f"one of {', '.join(known)}")
        return self.cells[place]


@dataclass(frozen=True, slots=True)
class Head:
    """The first record: whose journal it is."""

    text: str
    store: str
    till: str
    day: date
    currency: str
    tax_within: bool

    def money(self, record: Record, place: int) -> Decimal:
        """Give an amount told in the currency's smallest unit."""
        return record.digits(place) * minor_unit(self.currency)

    def at(self, record: Record, place: int) -> datetime:
        """Give a time of the business day: the till counts on after midnight, 2415 is a quarter past twelve."""
        text = record.cells[place]
        if len(text) != 4 or not text.isascii() or not text.isdecimal() or text > "3559" or text[2:] > "59":
            raise record.wrong(place, "a time such as 1804, after midnight 2404")
        minutes = int(text[:2]) * 60 + int(text[2:])
        return datetime.combine(self.day, time(), UTC) + timedelta(minutes=minutes)

    def id_of(self, number: int) -> str:
        return f"{self.till}-{self.day:%Y%m%d}-{number}"


@dataclass(slots=True)
class Sold:
    """A receipt as far as it has been read."""

    lines: list[Line] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    voided: list[Line] = field(default_factory=list)
    tenders: list[Tender] = field(default_factory=list)
    rounding: list[Rounding] = field(default_factory=list)
    taxes: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    original: Link | None = None


class KassiopeiaAdapter:
    """The journal of a Kassiopeia till."""

    name = "kassiopeia"
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read a journal; a receipt that is wrong is told in its own arrival.

        Raises:
            RejectedError: it is no journal, or one that was cut off.
        """
        refuse_large_body(body)
        head, records = _journal(body)
        if not records or records[-1].what != "K" or len(records[-1].cells) != CELLS["K"]:
            raise rejected(Problem(SHAPE, "the last record", "K, the end of the journal", "none"))
        told = records.pop().count(1)
        if told != len(records) + 2:
            found = f"{len(records) + 2} records"
            raise rejected(Problem(SHAPE, "the last record", f"a journal of {told} records", found))
        return [_arrival(head, piece, account) for piece in _pieces(records)]

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read a kept piece of a journal again.

        Raises:
            RejectedError: it is none.
        """
        head, records = _journal(document)
        return _transaction(head, records, account)

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id of the till that bears the number now."""
        return f"{transaction_id}#{generation}"


def _journal(body: bytes) -> tuple[Head, list[Record]]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise rejected(Problem(SHAPE, "body", "UTF-8 text", "a byte that is none")) from error
    first, *rest = text.removesuffix("\n").split("\n")
    cells = first.split("|")
    head = Record(1, cells)
    if len(cells) != 7 or head.what != "KASSIOPEIA" or cells[1] != "3":
        raise rejected(
            Problem(SHAPE, "record 1", "KASSIOPEIA|3|shop|till|day|currency|ADDED or WITHIN", safe(first))
        )
    try:
        day = read_day(f"{cells[4][:4]}-{cells[4][4:6]}-{cells[4][6:]}")
    except ValueError as error:
        raise head.wrong(4, str(error)) from error
    if len(cells[5]) != 3 or not cells[5].isascii() or not cells[5].isupper():
        raise head.wrong(5, "a currency such as USD")
    within = head.word(6, "ADDED", "WITHIN") == "WITHIN"
    return Head(first, head.id(2), head.id(3), day, cells[5], within), [
        _masked(Record(number, one.split("|"))) for number, one in enumerate(rest, start=2)
    ]


def _masked(record: Record) -> Record:
    """Take cards out of every cell, addresses out of what people type, and sellers' names."""
    free, seller = FREE_TEXT.get(record.what), SELLER.get(record.what)
    return Record(
        record.number,
        [
            REMOVED if place == seller and text else masked_text(text, free=place == free)
            for place, text in enumerate(record.cells)
        ],
    )


def _pieces(records: list[Record]) -> Iterator[list[Record]]:
    """Cut a journal where a receipt begins, and where something stands for itself."""
    piece: list[Record] = []
    count = 0
    for record in records:
        if record.what in ("A", "B", "M", "C") and piece:
            yield piece
            piece = []
        if not piece:
            count += 1
            if count > TRANSACTIONS_MAX:
                raise rejected(Problem(SHAPE, "body", f"at most {TRANSACTIONS_MAX} receipts", "more"))
        piece.append(record)
        if record.what in ("A", "E", "V", "M", "C"):
            yield piece
            piece = []
    if piece:
        yield piece


def _arrival(head: Head, records: list[Record], account: str) -> Arrival:
    document = "\n".join([head.text, *("|".join(one.cells) for one in records), ""]).encode()
    try:
        return arrived(document, _transaction(head, records, account))
    except RejectedError as error:
        problem = Problem(SHAPE, error.field, error.expected, error.found)
        return unreadable(document, [problem], store=head.store, transaction_id=_told_id(head, records[0]))


def _told_id(head: Head, first: Record) -> str:
    try:
        return head.id_of(first.count(2))
    except (RejectedError, IndexError):
        return ""


def _transaction(head: Head, records: list[Record], account: str) -> Transaction:
    for one in records:
        if len(one.cells) != CELLS.get(one.what, -1):
            raise one.wrong(
                0, f"a known record of {CELLS[one.what]} cells" if one.what in CELLS else "a known record"
            )
    if not records:
        raise rejected(Problem(SHAPE, "body", "a receipt", "nothing"))
    if len(records) > LINES_MAX:
        raise records[0].wrong(0, f"at most {LINES_MAX} records")
    readers: dict[str, Callable[[Head, list[Record], str], Transaction]] = {
        "A": _shift, "B": _receipt, "C": _shift, "M": _movement,
    }  # fmt: skip
    reader = readers.get(records[0].what)
    if reader is None:
        raise records[0].wrong(0, "one of A, B, C, M")
    return reader(head, records, account)


def _receipt(head: Head, records: list[Record], account: str) -> Transaction:
    first, *inner, last = records if len(records) > 1 else (*records, records[0])
    if last.what not in ("E", "V"):
        raise last.wrong(0, "E or V, the end of the receipt")
    kind = first.word(3, "SALE", "BACK", "PRACTICE")
    sign = -1 if kind == "BACK" else 1
    sold = Sold()
    for one in inner:
        _take(head, one, sign, sold)
    is_broken_off = last.what == "V"
    number = first.count(2)
    paid = total(one.amount for one in sold.tenders if one.role is not TenderRole.CHANGE)
    change = total(one.amount for one in sold.tenders if one.role is TenderRole.CHANGE)
    totals = ControlTotals(total=sign * head.money(last, 1), paid=paid, change=change)
    return Transaction(
        account=account, store=head.store, transaction_id=head.id_of(number), terminal=head.till,
        completed_at=head.at(last if is_broken_off else first, 1), currency=head.currency, business_day=head.day,
        status=TillStatus.VOIDED if is_broken_off else TillStatus.COMPLETED, training=kind == "PRACTICE",
        receipt_number=str(number), sequence_number=number, shift=first.id(4), prices_include_tax=head.tax_within,
        links=(sold.original,) if sold.original else (), lines=tuple(_taxed(head, first, sold)),
        voided_lines=tuple(sold.voided), tenders=tuple(sold.tenders), rounding=tuple(sold.rounding),
        control_totals=None if is_broken_off else totals, extra=MappingProxyType({NAIVE_TIMES: True}),
    )  # fmt: skip


def _take(head: Head, record: Record, sign: int, sold: Sold) -> None:
    """Add what one record of a receipt says."""
    number = len(sold.tenders) + 1
    if record.what == "I":
        sold.lines.append(_line(head, record, sign, len(sold.lines) + len(sold.voided) + 1, sold.original))
        sold.classes.append(record.cells[4])
    elif record.what == "W":
        _take_back(head, record, sign, sold)
    elif record.what == "R":
        _reduce(head, record, sign, sold)
    elif record.what == "L":
        day = f"{record.cells[2][:4]}-{record.cells[2][4:6]}-{record.cells[2][6:]}"
        try:
            original = f"{head.till}-{read_day(day):%Y%m%d}-{record.count(1)}"
        except ValueError as error:
            raise record.wrong(2, str(error)) from error
        sold.original = Link(LinkRole.ORIGINAL, transaction_id=original)
    elif record.what == "X":
        sold.taxes.append((record.id(1), Decimal(record.count(2)), sign * head.money(record, 3)))
    elif record.what == "P":
        code = record.word(1, *TENDERS)
        role = TenderRole.REFUND if sign < 0 else TenderRole.PAYMENT
        sold.tenders.append(Tender(number, TENDERS[code], code, sign * head.money(record, 2), role))
    elif record.what == "G":
        change = -head.money(record, 1)
        sold.tenders.append(Tender(number, TenderType.CASH, "CASH", change, TenderRole.CHANGE))
    elif record.what == "N":
        sold.rounding.append(Rounding(RoundingReason.CASH, head.money(record, 1)))
    else:
        raise record.wrong(0, "what may stand within a receipt")


def _line(head: Head, record: Record, sign: int, number: int, original: Link | None) -> Line:
    quantity, price = record.count(2), head.money(record, 3)
    gross = sign * quantity * price
    return Line(
        line_number=number, item=record.id(1), quantity=Decimal(sign * quantity), gross=gross, net=gross,
        unit_price=price, description=record.cells[5][:2000] or None, original=original if sign < 0 else None,
    )  # fmt: skip


def _take_back(head: Head, record: Record, sign: int, sold: Sold) -> None:
    """Put aside the last line that says the same: the till writes it again to take it back."""
    wanted = _line(head, record, sign, 1, None)
    for index in range(len(sold.lines) - 1, -1, -1):
        line = sold.lines[index]
        if (line.item, line.quantity, line.gross) == (wanted.item, wanted.quantity, wanted.gross):
            sold.voided.append(sold.lines.pop(index))
            del sold.classes[index]
            return
    raise record.wrong(1, "an item that stands above with this quantity and price")


def _reduce(head: Head, record: Record, sign: int, sold: Sold) -> None:
    if not sold.lines:
        raise record.wrong(0, "an item above it")
    line, amount = sold.lines[-1], sign * head.money(record, 1)
    sold.lines[-1] = _with(line, discounts=(*line.discounts, Discount(amount)), net=line.net - amount)


def _taxed(head: Head, first: Record, sold: Sold) -> Iterator[Line]:
    """Spread each tax of the receipt over the lines of its class, to the cent."""
    taxes: list[list[Tax]] = [[] for _ in sold.lines]
    for code, percent, amount in sold.taxes:
        places = [index for index, one in enumerate(sold.classes) if one == code]
        weights = [sold.lines[index].net for index in places]
        if total(weights) == 0:
            raise first.wrong(0, f"items of the tax class {safe(code)}")
        for index, share in zip(places, allocated(amount, weights, minor_unit(head.currency)), strict=True):
            taxes[index].append(Tax(code, share, rate=percent, inclusive=head.tax_within))
    for line, found in zip(sold.lines, taxes, strict=True):
        yield _with(line, taxes=tuple(found))


def _with(line: Line, **changes: object) -> Line:
    return replace(line, **changes)  # type: ignore[arg-type]


def _movement(head: Head, records: list[Record], account: str) -> Transaction:
    (record,) = records
    kind = Kind.PAID_OUT if record.word(3, "IN", "OUT") == "OUT" else Kind.PAID_IN
    amount = head.money(record, 4) * (-1 if kind is Kind.PAID_OUT else 1)
    reason = record.cells[5].split(" ")[0]
    movement = CashMovement("CASH", amount, reason or None, record.cells[5][:2000] or None)
    return _plain(head, record, kind, account, cash_movement=movement)


def _shift(head: Head, records: list[Record], account: str) -> Transaction:
    (record,) = records
    at = head.at(record, 1)
    if record.what == "A":
        opened = ShiftRecord(record.id(3), at, business_day=head.day, opening_float=head.money(record, 4))
        return _plain(head, record, Kind.SHIFT_OPEN, account, shift=record.id(3), shift_record=opened)
    counted = []
    for one in record.cells[5].split(","):
        code, _, amount = one.partition(":")
        told = Record(record.number, [code, amount])
        counted.append(Counted(told.word(0, *TENDERS), head.currency, head.money(told, 1)))
    totals = ShiftTotals(transactions=record.count(6), total=head.money(record, 7))
    closed = ShiftRecord(
        record.id(3), head.at(record, 4), at, business_day=head.day, counted=tuple(counted), totals=totals
    )
    return _plain(head, record, Kind.SHIFT_CLOSE, account, shift=record.id(3), shift_record=closed)


def _plain(head: Head, record: Record, kind: Kind, account: str, **more: object) -> Transaction:
    number = record.count(2)
    return Transaction(
        account=account, store=head.store, transaction_id=head.id_of(number), terminal=head.till,
        completed_at=head.at(record, 1), currency=head.currency, kind=kind, sequence_number=number, business_day=head.day,
        extra=MappingProxyType({NAIVE_TIMES: True}), **more,  # type: ignore[arg-type]
    )  # fmt: skip
