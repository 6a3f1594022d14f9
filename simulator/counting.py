"""Statement lines: what tills took by payment method, what was counted, and whether the difference may be posted.

D365 facts §3.4. Cash that comes and goes without a sale has a size by its kind, whatever its sign: floats and start amounts
add to the drawer, removals, bank and safe drops take from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from simulator.database import Receipt
from simulator.reference import Reference, Store, TenderType
from simulator.rule_case import plain
from simulator.schema import BANKED_TENDERS, PAYMENT_LINES, SAFE_TENDERS
from simulator.values import ZERO, Values, decimal_of, text_of

ADDING = frozenset({"FloatEntry", "StartingAmount"})


@dataclass(slots=True)
class StatementLine:
    """One payment method of one group. counted: what was declared, None where nothing was; the rest in store currency."""

    tender: str
    staff: str = ""
    terminal: str = ""
    shift: str = ""
    paid: Decimal = ZERO
    added: Decimal = ZERO
    removed: Decimal = ZERO
    changed: Decimal = ZERO
    banked: Decimal = ZERO
    safe: Decimal = ZERO
    counted: Decimal | None = None

    @property
    def expected(self) -> Decimal:
        """What must be in the drawer."""
        return self.paid + self.added - self.removed + self.changed - self.banked - self.safe

    @property
    def counted_amount(self) -> Decimal:
        """What was counted; without a count, what must be there."""
        return self.expected if self.counted is None else self.counted

    @property
    def difference(self) -> Decimal:
        """Counted less expected: negative when money is missing."""
        return self.counted_amount - self.expected

    @property
    def where(self) -> str:
        """Whose line it is, for messages."""
        return self.shift or self.terminal or self.staff or "the store"

    def as_json(self) -> dict[str, str]:
        """Give it for people and tests."""
        return {
            "tender": self.tender, "staff": self.staff, "terminal": self.terminal, "shift": self.shift,
            "transaction": plain(self.paid), "added": plain(self.added), "removed": plain(self.removed),
            "change_tender": plain(self.changed), "banked": plain(self.banked), "safe": plain(self.safe),
            "counted": "" if self.counted is None else plain(self.counted), "difference": plain(self.difference),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person counted of one payment method in one shift."""

    store: str
    terminal: str
    shift: int
    tender: str
    amount: Decimal
    staff: str = ""


def shift_name(terminal: str, shift: object) -> str:
    """Name a shift within its store."""
    return f"{terminal}:{shift}"


def shift_of(header: Values) -> str:
    """Name the shift of a receipt: by the till that owns it, which may be another than the receipt's."""
    owner = text_of(header, "BatchTerminalId") or text_of(header, "Terminal")
    return shift_name(owner, header.get("BatchID", 0))


def group_of(method: str, header: Values) -> str:
    """Give what a store's statement method groups a receipt by."""
    if method == "Staff":
        return text_of(header, "Staff")
    if method == "PosTerminal":
        return text_of(header, "BatchTerminalId") or text_of(header, "Terminal")
    return shift_of(header) if method == "Shift" else ""


class Drawer:
    """The lines of one statement while they are added up."""

    def __init__(self, store: Store) -> None:
        self._method = store.method
        self._declared_last = store.declarations == "Last"
        self._lines: dict[tuple[str, str], StatementLine] = {}

    def line(self, group: str, tender: str) -> StatementLine:
        """Give the line of a group and a payment method, made where it is not there."""
        if (group, tender) not in self._lines:
            line = self._lines[group, tender] = StatementLine(tender)
            if self._method == "Staff":
                line.staff = group
            elif self._method == "PosTerminal":
                line.terminal = group
            elif self._method == "Shift":
                line.shift = group
        return self._lines[group, tender]

    def add(self, receipt: Receipt, drops: dict[tuple[str, ...], list[tuple[str, Values]]]) -> None:
        """Add a receipt's payments, or a bank or safe drop's amounts. drops: by `drop_key`."""
        header = receipt.header.values if receipt.header else {}
        kind, group = text_of(header, "TransactionType"), group_of(self._method, header)
        for row in receipt.lines(PAYMENT_LINES):
            if row.get("TransactionStatus") != "Voided" and row.get("VoidStatus") != "Voided":
                self._pay(
                    kind, self.line(group, text_of(row, "TenderType")), decimal_of(row, "AmountTendered")
                )
        if kind in ("BankDrop", "SafeDrop"):
            for odata_set, row in drops.get(drop_key(header), []):
                line, amount = (
                    self.line(group, text_of(row, "TenderType")),
                    abs(decimal_of(row, "AmountTendered")),
                )
                if odata_set == BANKED_TENDERS:
                    line.banked += amount
                elif odata_set == SAFE_TENDERS:
                    line.safe += amount

    def _pay(self, kind: str, line: StatementLine, amount: Decimal) -> None:
        if kind in ADDING:
            line.added += abs(amount)
        elif kind == "RemoveTender":
            line.removed += abs(amount)
        elif kind == "ChangeTender":
            line.changed += amount
        elif kind in ("Sales", "IncomeExpense"):
            line.paid += amount

    def declare(self, one: Declaration) -> None:
        """Add a count, or let it stand for the earlier ones where the store takes the last."""
        header: Values = {"Terminal": one.terminal, "BatchID": one.shift, "Staff": one.staff}
        self.count(header, one.tender, one.amount)

    def count(self, header: Values, tender: str, amount: Decimal) -> None:
        """Add what was counted of a payment method in the shift (till, person) of a receipt's header."""
        line = self.line(group_of(self._method, header), tender)
        before = line.counted if line.counted is not None and not self._declared_last else ZERO
        line.counted = before + amount

    def lines(self) -> list[StatementLine]:
        """Give every line, in order."""
        return [self._lines[key] for key in sorted(self._lines)]


def drop_key(values: Values) -> tuple[str, ...]:
    """Give what a bank or safe drop and its receipt have in common."""
    return tuple(text_of(values, name).lower() for name in ("dataAreaId", "Terminal", "TransactionNumber"))


def difference_problems(reference: Reference, store: Store, lines: list[StatementLine]) -> Iterator[str]:
    """Say what keeps counted and transaction amounts from being posted; nothing where a company need not count."""
    if reference.parameters_of(store).disable_counting_required:
        return
    for line in lines:
        tender = reference.tender_type(store, line.tender)
        if tender and tender.counting_required and line.counted is None:
            yield f"Counting is required for payment method {line.tender} of {line.where} and nothing was declared."
        if _is_too_much(line.difference, store.line_difference_max):
            yield _too_much(
                line.difference, f"payment method {line.tender} of {line.where}", store.line_difference_max
            )
    by_shift: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        by_shift[line.shift] += abs(line.difference)
    for shift, amount in by_shift.items():
        if shift and _is_too_much(amount, store.shift_difference_max):
            yield _too_much(amount, f"shift {shift}", store.shift_difference_max)
    whole = sum((abs(line.difference) for line in lines), ZERO)
    if _is_too_much(whole, store.posting_difference_max):
        yield _too_much(whole, "the statement", store.posting_difference_max)


def _is_too_much(amount: Decimal, most: Decimal) -> bool:
    """A difference is posted only below the maximum; none at all is always posted."""
    return bool(amount) and abs(amount) >= most


def _too_much(amount: Decimal, what: str, most: Decimal) -> str:
    return f"The difference of {plain(amount)} in {what} is above the maximum of {plain(most)}."


def account_of_difference(tender: TenderType, difference: Decimal) -> str:
    """Give the account of a small or big difference; "" where it is not set up."""
    big = abs(difference) > tender.small_difference_max and tender.big_difference_account
    return tender.big_difference_account if big else tender.difference_account


def voided(receipts: Iterable[Receipt]) -> Iterator[Receipt]:
    """Leave out what a till has voided."""
    return (one for one in receipts if one.header and one.header.values.get("TransactionStatus") != "Voided")
