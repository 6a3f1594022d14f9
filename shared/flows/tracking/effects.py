"""What a posted receipt rests on, as lines that people read: the statement, and each expected effect, confirmed or unknown.

A return inside a statement is expected to yield a credit note and a stock receipt (D365 facts §3.2). An effect is confirmed
only by a row that D365 shows; everything else is unknown, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.d365.entities import READ_POSTED_STATEMENTS
from shared.d365.evidence_sets import READ_INVOICES, READ_VOUCHERS
from shared.d365.records import AuditableRow, Invoice, StatementEvidence
from shared.retail.money import ZERO

RETURN = "RETURN"
GIVES_BACK = frozenset({RETURN, "EXCHANGE", "EVEN"})
MONEY_ONLY = "MONEY_ONLY"  # paid in or out: no goods, no order
NAMED_MAX = 3


CREDIT = "credit note:"


@dataclass(frozen=True, slots=True)
class Credit:
    """What is shown of a return's credit: in words, its number where it is this receipt's own, whether nothing is shown."""

    line: str
    number: str
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class Rests:
    """A posted receipt's evidence. invoice and credit_note: "" where none is confirmed as this receipt's own.

    credit_unknown: it gave something back, and D365 shows neither a credit note nor an invoice of its own order.
    """

    lines: tuple[str, ...]
    invoice: str
    credit_note: str
    credit_unknown: bool = False


def rests_on(seen: AuditableRow, evidence: StatementEvidence, shape: str) -> Rests:
    """Say what a receipt that D365 has posted rests on. `shape` is the receipt's: SALE, RETURN, EXCHANGE, EVEN, ..."""
    gives_back = shape in GIVES_BACK
    credited, plain = _found(seen.sales_order, evidence)
    lines = [_statement(seen, evidence)]
    if shape not in (MONEY_ONLY, RETURN):
        lines.append(_invoice(seen, evidence, plain or credited))
    if gives_back:
        lines += [credit_of(seen.sales_order, evidence).line, _stock(evidence)]
    lines.append(_vouchers(evidence))
    return Rests(
        tuple(lines),
        plain[0] if len(plain) == 1 and shape not in (MONEY_ONLY, RETURN) else seen.invoice,
        credited[0] if len(credited) == 1 and gives_back else "",
        gives_back and credit_of(seen.sales_order, evidence).is_unknown,
    )


def credit_of(sales_order: str, evidence: StatementEvidence) -> Credit:
    """Say what D365 shows of the credit of a return in a posted statement; sales_order: its own, where D365 names one."""
    credited, plain = _found(sales_order, evidence)
    return Credit(
        _credit_note(evidence, credited, plain), credited[0] if len(credited) == 1 else "",
        not credited and not (plain and sales_order),
    )  # fmt: skip


def _found(sales_order: str, evidence: StatementEvidence) -> tuple[list[str], list[str]]:
    """Give the credit notes and the invoices of an order, or else of all the statement's orders."""
    own = tuple(one for one in evidence.invoices or () if one.sales_order == sales_order)
    found = own if sales_order else evidence.invoices or ()
    return [one.number for one in found if one.amount < ZERO], [
        one.number for one in found if one.amount >= ZERO
    ]


def _stock(evidence: StatementEvidence) -> str:
    """Stock on hand is shown as a sum for each item and warehouse; what one receipt moved never is."""
    posted_at = evidence.journal.posted_at
    since = f" since {posted_at:%Y-%m-%d}" if posted_at else ""
    return f"stock receipt: unknown{since}; no set shows the stock movements of one receipt"


def _statement(seen: AuditableRow, evidence: StatementEvidence) -> str:
    posted_at = evidence.journal.posted_at
    when = f"{posted_at:%Y-%m-%d}" if posted_at else "a day D365 does not name"
    return f"posted: statement {seen.statement} of {when}, by {READ_POSTED_STATEMENTS.odata_set}"


def _invoice(seen: AuditableRow, evidence: StatementEvidence, numbers: Sequence[str]) -> str:
    order = f"order {seen.sales_order}" if seen.sales_order else "its orders"
    if numbers:
        return f"invoice: {_some(numbers)} of {order}, by {READ_INVOICES.odata_set}"
    return f"invoice: unknown for {order}; {_why(evidence.invoices, READ_INVOICES.odata_set)}"


def _credit_note(evidence: StatementEvidence, credited: Sequence[str], plain: Sequence[str]) -> str:
    if credited:
        return f"credit note: {_some(credited)}, by {READ_INVOICES.odata_set}"
    if plain:
        return f"credit note: within invoice {_some(plain)}, which also holds sales; not confirmed by itself"
    return f"credit note: unknown; {_why(evidence.invoices, READ_INVOICES.odata_set)}"


def _some(numbers: Sequence[str]) -> str:
    """Name the first few."""
    more = f" and {len(numbers) - NAMED_MAX} more" if len(numbers) > NAMED_MAX else ""
    return ", ".join(numbers[:NAMED_MAX]) + more


def _vouchers(evidence: StatementEvidence) -> str:
    shown = evidence.vouchers or ()
    if not shown:
        return f"vouchers: unknown; {_why(evidence.vouchers, READ_VOUCHERS.odata_set)}"
    return f"vouchers: {_some(shown)}, by {READ_VOUCHERS.odata_set}"


def _why(answer: tuple[Invoice, ...] | tuple[str, ...] | None, odata_set: str) -> str:
    return f"{odata_set} is not shown or was not asked" if answer is None else f"{odata_set} has no such row"
