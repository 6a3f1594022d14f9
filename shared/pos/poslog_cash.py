"""POSLog's money without a sale: paid in and out, loans, pickups, drops, and what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from shared.pos.adapter import SHAPE, rejected
from shared.pos.poslog_xml import Node
from shared.retail.rules import Problem
from shared.retail.transaction import CashMovement, Counted, Kind, ShiftRecord

_IN = {"PaidIn": Kind.PAID_IN, "TenderLoan": Kind.FLOAT}
_OUT = {
    "PaidOut": Kind.PAID_OUT, "PettyCash": Kind.PAID_OUT, "TenderPickup": Kind.PICKUP, "SafeDrop": Kind.SAFE_DROP,
    "Deposit": Kind.BANK_DROP, "TipOut": Kind.TIP_OUT,
}  # fmt: skip
_COUNTS = frozenset({"TillDeclaration", "TillSettle"})
_CASH = "Cash"


def told_part(control: Node) -> tuple[Kind, Node]:
    """Give what kind of movement it is, and the element that tells it.

    Raises:
        RejectedError: it is none of those that are read, or several.
    """
    kinds = {**_IN, **_OUT, **dict.fromkeys(_COUNTS, Kind.TENDER_DECLARATION)}
    names = [name for name in control.names() if name in kinds]
    if len(names) != 1:
        found = ", ".join(control.names()) or "nothing"
        raise rejected(Problem(SHAPE, control.place, f"one of {', '.join(sorted(kinds))}", found[:120]))
    return kinds[names[0]], control.children(names[0])[0]


def movement(part: Node) -> CashMovement:
    """Read cash put in (+) or taken out (-): one amount of one tender, with the reason or the account it is booked on."""
    name = part.place.rpartition("/")[2].partition("[")[0]
    amounts = _amounts(part)
    if len(amounts) != 1:
        raise rejected(Problem(SHAPE, part.place, "one amount of one tender", f"{len(amounts)} amounts"))
    tender, amount = amounts[0]
    return CashMovement(
        tender=tender,
        amount=abs(amount) if name in _IN else -abs(amount),
        reason_code=next((part.text(one) for one in ("ReasonCode", "Reason", "AccountLedgerCode") if part.text(one)), None),
        note=part.text("Note") or None,
    )  # fmt: skip


def declaration(part: Node, currency: str, shift: str | None, opened_at: datetime) -> ShiftRecord:
    """Read what was counted of each tender. shift: the till whose drawer it was, where it is named."""
    counted = tuple(Counted(tender, currency, amount) for tender, amount in _amounts(part))
    return ShiftRecord(shift=shift or "1", opened_at=opened_at, counted=counted)


def _amounts(part: Node) -> Sequence[tuple[str, Decimal]]:
    """Give each tender with its amount: in tenders, in totals by tender type, or one amount of cash."""
    found: list[tuple[str, Decimal]] = []
    for one in part.children("Tender"):
        name = one.text("TenderID") or one.attribute("TenderType") or _CASH
        total = one.child("Total")
        found.append((name, total.own_amount() if total else one.amount("Amount")))
    found += [(one.attribute("TenderType") or _CASH, one.own_amount()) for one in part.children("Total")]
    if not found:
        found.append((part.attribute("TenderType") or _CASH, part.amount("Amount")))
    return found
