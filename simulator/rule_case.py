"""One receipt as headquarters' validation rules look at it: only what is not voided, summed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from simulator.database import Receipt
from simulator.reference import LegalEntity, Reference, Store
from simulator.schema import (
    CHARGES,
    DISCOUNT_LINES,
    INCOME_EXPENSE_LINES,
    PAYMENT_LINES,
    SALES_LINES,
    TAX_LINES,
)
from simulator.switches import Switches
from simulator.values import ZERO, Value, Values, decimal_of, text_of

# (line number or "", what was expected and found)
Finding = tuple[str, str]
DECIMALS = {
    "JPY": 0,
    "KRW": 0,
    "CLP": 0,
    "ISK": 0,
    "VND": 0,
    "BHD": 3,
    "KWD": 3,
    "JOD": 3,
    "OMR": 3,
    "TND": 3,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A receipt with the set-up it is judged by. taxes, discounts, charges: rows by sales line number; a charge's may be 0."""

    header: Values
    lines: list[Values]
    payments: list[Values]
    income_expenses: list[Values]
    taxes: dict[Decimal, list[Values]]
    discounts: dict[Decimal, list[Values]]
    charges: dict[Decimal, list[Values]]
    store: Store
    company: LegalEntity
    reference: Reference
    switches: Switches

    @property
    def tax_rows(self) -> Iterator[Values]:
        """Every tax line."""
        return (row for rows in self.taxes.values() for row in rows)

    @property
    def charge_rows(self) -> list[Values]:
        """Every charge."""
        return [row for rows in self.charges.values() for row in rows]

    @property
    def number(self) -> str:
        """The receipt's transaction number."""
        return text_of(self.header, "TransactionNumber")

    @property
    def customer(self) -> str:
        """The receipt's customer, or its store's."""
        return text_of(self.header, "CustomerAccount") or self.store.customer

    def tax_of(self, row: Values, name: str = "TaxAmount") -> Decimal:
        """Give a tax with the sign of the net amount: negative on a sale, whatever the environment has."""
        amount = decimal_of(row, name)
        return amount if self.switches.tax_sign == "net" else -amount

    def rounded(self, amount: Decimal) -> bool:
        """Whether an amount has no more decimals than the receipt's currency."""
        return _rounded(amount, DECIMALS.get(text_of(self.header, "Currency"), 2))


def case_of(receipt: Receipt, reference: Reference, switches: Switches) -> Case:
    """Gather a receipt that has a header."""
    if receipt.header is None:
        raise ValueError("a receipt without header is not validated")
    header = receipt.header.values
    store = reference.stores_by_unit[text_of(header, "OperatingUnitNumber")]
    lines = [row for row in receipt.lines(SALES_LINES) if not is_voided(row)]
    gone = {row["LineNumber"] for row in receipt.lines(SALES_LINES) if is_voided(row)}
    return Case(
        header, lines, [row for row in receipt.lines(PAYMENT_LINES) if not is_voided(row)],
        [row for row in receipt.lines(INCOME_EXPENSE_LINES) if not is_voided(row)],
        _by_line(receipt, TAX_LINES, gone), _by_line(receipt, DISCOUNT_LINES, gone),
        _by_line(receipt, CHARGES, gone), store,
        reference.legal_entities[store.data_area], reference, switches,
    )  # fmt: skip


@lru_cache(maxsize=100_000)
def _rounded(amount: Decimal, decimals: int) -> bool:
    return amount == amount.quantize(Decimal(1).scaleb(-decimals))


def charge_net(case: Case, row: Values) -> Decimal:
    """Give a charge without any tax in it; D365's sign, negative on a sale."""
    return decimal_of(row, "CalculatedAmount") - case.tax_of(row, "TaxAmountInclusive")


def charge_tax(case: Case, row: Values) -> Decimal:
    """Give a charge's tax, in it and on top of it; the sign of the charge."""
    return case.tax_of(row, "TaxAmountInclusive") + case.tax_of(row, "TaxAmountExclusive")


def shared_codes(case: Case, row: Values) -> frozenset[str] | None:
    """Give the tax codes that a line's two groups share; None where a group is not given."""
    group, item_group = text_of(row, "SalesTaxGroup"), text_of(row, "ItemSalesTaxGroup")
    if not group or not item_group:
        return None
    company, nothing = case.store.data_area, frozenset[str]()
    of_group = case.reference.tax_groups.get((company, group), nothing)
    return of_group & case.reference.tax_item_groups.get((company, item_group), nothing)


def total(rows: Iterator[Values] | list[Values], name: str) -> Decimal:
    """Add a property up."""
    return sum((decimal_of(row, name) for row in rows), ZERO)


def compared(found: Decimal, expected: Decimal, what: str, line: str = "") -> Iterator[Finding]:
    """Give a finding if two amounts differ."""
    if found != expected:
        yield line, f"{what}: {plain(found)} instead of {plain(expected)}."


def plain(amount: Decimal) -> str:
    """Write an amount without exponent."""
    return format(amount, "f")


def line_label(row: Values) -> str:
    """Give a line's number as text."""
    return plain(decimal_of(row, "LineNumber"))


def is_voided(row: Values) -> bool:
    """Whether the till took a line back."""
    return row.get("TransactionStatus") == "Voided" or row.get("VoidStatus") == "Voided"


def _by_line(receipt: Receipt, odata_set: str, gone: set[Value]) -> dict[Decimal, list[Values]]:
    found: dict[Decimal, list[Values]] = defaultdict(list)
    for row in receipt.lines(odata_set):
        if row["SalesLineNumber"] not in gone:
            found[decimal_of(row, "SalesLineNumber")].append(row)
    return dict(found)
