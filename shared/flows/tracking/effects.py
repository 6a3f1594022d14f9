"""What a posted receipt rests on, as lines that people read: the statement, and each expected effect, confirmed or unknown.

A return inside a statement is expected to yield a credit note and a stock receipt (D365 facts §3.2). An effect is confirmed
only by a row that D365 shows; everything else is unknown, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from shared.d365.entities import READ_POSTED_STATEMENTS
from shared.d365.evidence_sets import READ_INVOICES, READ_VOUCHERS
from shared.d365.records import AuditableRow, Invoice, StatementEvidence

GIVES_BACK = frozenset({"RETURN", "EXCHANGE", "EVEN"})
VOUCHERS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rests:
    """A posted receipt's evidence. credit_note: "" where none is confirmed."""

    lines: tuple[str, ...]
    invoice: str
    credit_note: str


def rests_on(seen: AuditableRow, evidence: StatementEvidence, shape: str) -> Rests:
    """Say what a receipt that D365 has posted rests on. `shape` is the receipt's: SALE, RETURN, EXCHANGE, EVEN, ..."""
    gives_back = shape in GIVES_BACK
    found = [one for one in evidence.invoices or () if one.sales_order == seen.sales_order]
    credit = next((one.number for one in found if one.amount < Decimal(0)), "")
    plain = next((one.number for one in found if one.amount >= Decimal(0)), "")
    lines = [_statement(seen, evidence), *_invoice(seen, evidence, plain, credit)]
    if gives_back:
        lines += [_credit_note(evidence, credit, plain), _UNKNOWN_STOCK]
    lines.append(_vouchers(evidence))
    return Rests(tuple(lines), plain or seen.invoice, credit if gives_back else "")


_UNKNOWN_STOCK = "stock receipt: unknown; no set shows the stock movements of one receipt"


def _statement(seen: AuditableRow, evidence: StatementEvidence) -> str:
    posted_at = evidence.journal.posted_at
    when = f"{posted_at:%Y-%m-%d}" if posted_at else "a day D365 does not name"
    return f"posted: statement {seen.statement} of {when}, by {READ_POSTED_STATEMENTS.odata_set}"


def _invoice(seen: AuditableRow, evidence: StatementEvidence, plain: str, credit: str) -> Iterator[str]:
    if not seen.sales_order:
        return  # paid in or out: no goods, no order
    number = plain or credit
    if number:
        yield f"invoice: {number} of order {seen.sales_order}, confirmed by {READ_INVOICES.odata_set}"
    else:
        yield f"invoice: unknown for order {seen.sales_order}; {_why(evidence.invoices, READ_INVOICES.odata_set)}"


def _credit_note(evidence: StatementEvidence, credit: str, plain: str) -> str:
    if credit:
        return f"credit note: {credit}, confirmed by {READ_INVOICES.odata_set}"
    if plain:
        return f"credit note: within invoice {plain}, which also holds sales; not confirmed by itself"
    return f"credit note: unknown; {_why(evidence.invoices, READ_INVOICES.odata_set)}"


def _vouchers(evidence: StatementEvidence) -> str:
    shown = evidence.vouchers or ()
    if not shown:
        return f"vouchers: unknown; {_why(evidence.vouchers, READ_VOUCHERS.odata_set)}"
    more = f" and {len(shown) - VOUCHERS_SHOWN} more" if len(shown) > VOUCHERS_SHOWN else ""
    return f"vouchers: {', '.join(shown[:VOUCHERS_SHOWN])}{more}, confirmed by {READ_VOUCHERS.odata_set}"


def _why(answer: tuple[Invoice, ...] | tuple[str, ...] | None, odata_set: str) -> str:
    return f"{odata_set} is not shown or was not asked" if answer is None else f"{odata_set} has no such row"
