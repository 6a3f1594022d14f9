"""Reversal and replacement: how a receipt that D365 posted under a wrong mapping is put right.

The reversal is the same receipt with every amount and quantity turned, mapped as the original was; the replacement is
the same receipt mapped anew. Both go to D365 under numbers of their own, derived from the original's identity: asked
for twice, they are the same numbers. The original stays. (D365 facts §3.2; ADR 20.)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from shared.retail.mapped import (
    D365Key,
    LinkedPayment,
    MappedLine,
    MappedTender,
    MappedTransaction,
)
from shared.retail.transaction import Line, Link, LinkRole, Tender, TenderRole, Transaction

REVERSAL, REPLACEMENT = "reversal", "replacement"
_ENDINGS = {REVERSAL: ".rev", REPLACEMENT: ".new"}
_TURNED_ROLES = {
    TenderRole.PAYMENT: TenderRole.REFUND,
    TenderRole.REFUND: TenderRole.PAYMENT,
    TenderRole.CHANGE: TenderRole.PAYMENT,
    TenderRole.CASHBACK: TenderRole.PAYMENT,
}


def correction_id(transaction_id: str, what: str) -> str:
    """Give the id under which the reversal or the replacement of a receipt is kept; D365's number derives from it."""
    return f"{transaction_id}{_ENDINGS[what]}"


def turned(transaction: Transaction, transaction_id: str) -> Transaction:
    """Give a transaction with every amount and quantity turned; when it happened, where and by whom stays.

    It has no number of the till's own: the till never counted it. Tax still follows the instant of the original sale.
    """
    movement = transaction.cash_movement
    original = Link(
        LinkRole.VOIDS, transaction_id=transaction.transaction_id, receipt_number=transaction.receipt_number
    )
    return replace(
        transaction,
        transaction_id=transaction_id,
        sequence_number=None,
        revision=None,
        links=(*transaction.links, original),
        lines=tuple(_turned_line(line) for line in transaction.lines),
        voided_lines=(),
        tenders=tuple(_turned_tender(tender) for tender in transaction.tenders),
        rounding=tuple(replace(one, amount=-one.amount) for one in transaction.rounding),
        cash_movement=None if movement is None else replace(movement, amount=-movement.amount),
        shift_record=None,
        control_totals=None,
    )


def _turned_line(line: Line) -> Line:
    """Turn one line. What it returned itself is no longer returned: its link goes, the receipt's keeps it for people."""
    return replace(
        line,
        quantity=-line.quantity,
        gross=-line.gross,
        net=-line.net,
        discounts=tuple(replace(one, amount=-one.amount) for one in line.discounts),
        taxes=tuple(
            replace(one, amount=-one.amount, base=None if one.base is None else -one.base)
            for one in line.taxes
        ),
        original=None,
    )


def _turned_tender(tender: Tender) -> Tender:
    """Money that came in goes out, change comes back. Foreign money is turned with it."""
    fx = None if tender.fx is None else replace(tender.fx, amount=-tender.fx.amount)
    portion = None if tender.tip_portion is None else -tender.tip_portion
    return replace(tender, amount=-tender.amount, role=_TURNED_ROLES[tender.role], fx=fx, tip_portion=portion)


def reversal_of(
    mapped: MappedTransaction, key: D365Key, business_day: date, came_back: Collection[int] = ()
) -> MappedTransaction:
    """Give the reversal of a receipt mapped as it was posted, `mapped.key` being the key it has in D365.

    key: the reversal's own. business_day: the day it counts for. came_back: lines of which goods came back already; they
    go back without a link, since D365 lets no more come back than was sold. The shift stays the original's, so that each shift's
    payments add up to nothing. Lines that were sold go back as linked returns; lines that were returned go out as plain
    sales, since D365 links no sale. Money that came in goes back as a linked refund. Whether D365 accepts both links on
    one receipt, only a sandbox can tell.
    """
    transaction = turned(mapped.transaction, correction_id(mapped.transaction.transaction_id, REVERSAL))
    lines = tuple(
        _reversed_line(one, line, None if line.line_number in came_back else mapped.key)
        for one, line in zip(mapped.lines, transaction.lines, strict=True)
    )
    return replace(
        mapped,
        key=key,
        transaction=transaction,
        business_day=business_day,
        lines=lines,
        tenders=tuple(_reversed_tender(one, mapped) for one in mapped.tenders),
    )


def _reversed_line(one: MappedLine, line: Line, original: D365Key | None) -> MappedLine:
    is_linked = line.is_return and original is not None
    return replace(one, line=line, returns=(original, line.line_number) if original and is_linked else None)


def _reversed_tender(one: MappedTender, mapped: MappedTransaction) -> MappedTender:
    tender = _turned_tender(one.tender)
    if tender.role is not TenderRole.REFUND:
        return replace(one, tender=tender, refunds=None)
    currency = tender.fx.currency if tender.fx else mapped.transaction.currency
    link = LinkedPayment(mapped.key, mapped.store.store_number, one.tender.tender_number, currency)
    return replace(one, tender=tender, refunds=link)


def replacement_of(
    mapped: MappedTransaction, business_day: date, shift: str, shift_number: int
) -> MappedTransaction:
    """Give the replacement from the receipt as it is mapped today: the original's shift, the day it counts for.

    Its returned lines go without a link: the original's have used up what D365 lets come back of the sale, and what the
    reversal gives back it gives back as a sale. The receipt number of the sale stays on it for people.
    """
    lines = tuple(replace(one, returns=None) for one in mapped.lines)
    return replace(mapped, lines=lines, business_day=business_day, shift=shift, shift_number=shift_number)


def with_replaced_originals(transaction: Transaction, replaced: Mapping[str, str]) -> Transaction:
    """Point returned lines at the receipt that stands today: of what was replaced, D365 takes nothing back.

    replaced: ids of reversed receipts, to the ids of those that stand for them; "" where nothing does: such a return goes
    without a link.
    """
    if not replaced:
        return transaction
    return replace(transaction, lines=tuple(_relinked(line, replaced) for line in transaction.lines))


def _relinked(line: Line, replaced: Mapping[str, str]) -> Line:
    original = line.original
    if original is None or original.transaction_id not in replaced:
        return line
    stands = replaced[original.transaction_id or ""] or None
    return replace(line, original=replace(original, transaction_id=stands))
