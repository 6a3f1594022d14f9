"""Which receipt a POSLog's TransactionLink points at, and the ids they go by."""

from __future__ import annotations

from datetime import date

from shared.pos.poslog_xml import Node
from shared.retail.transaction import Link, LinkRole

GENERATION = 1
_ROLES = {"Resume": LinkRole.RESUMES, "Return": LinkRole.ORIGINAL, "PostVoid": LinkRole.VOIDS}


def transaction_id_of(
    terminal: str, business_day: date, sequence_number: int, generation: int = GENERATION
) -> str:
    """Give the id of a POSLog transaction, unique within its store. The scheme is fixed for ever."""
    return f"{terminal}-{generation}-{business_day:%Y%m%d}-{sequence_number}"


def link_of(node: Node, default: LinkRole = LinkRole.ORIGINAL) -> Link:
    """Read a link: to a terminal's number on a day, else to whatever its vendor calls the receipt, as its printed number."""
    role = _ROLES.get(node.attribute("ReasonCode"), default)
    unit = node.child("BusinessUnit")
    store = unit.text("UnitID") if unit else node.text("RetailStoreID")
    if not node.text("WorkstationID") and (node.text("TransactionID") or node.text("ReceiptNumber")):
        name = "ReceiptNumber" if node.text("ReceiptNumber") else "TransactionID"
        return Link(role, store=store or None, receipt_number=node.required(name))
    terminal, business_day = node.required("WorkstationID"), node.day("BusinessDayDate")
    number = node.number("SequenceNumber")
    return Link(
        role=role,
        transaction_id=transaction_id_of(terminal, business_day, number),
        store=store or None,
        terminal=terminal,
        business_day=business_day,
        sequence_number=number,
    )
