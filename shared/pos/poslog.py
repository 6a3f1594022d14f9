"""Reads POSLog 6 and 2.x, digital receipts, and POSLog as NCR ACS writes it: many transactions a document, each kept by itself.

The transaction id is terminal-generation-day-sequence, such as 31-1-20171001-114, and never changes for a receipt seen: a
POSLog numbers a terminal's transactions and names no terminal generation (always 1 here), and the day is the POS's own
business day, or the date printed on the receipt where it names none. Times without offset are marked as UTC with
`extra["naive_times"]` until the door knows the store's zone (`shared.pos.adapter.localised`). (POS facts §1.2, §1.4.)
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from shared.errors import RejectedError
from shared.pos.adapter import (
    DEPTH_MAX,
    LINES_MAX,
    NAIVE_TIMES,
    SHAPE,
    Arrival,
    arrived,
    rejected,
    unreadable,
)
from shared.pos.poslog_cash import declaration, movement, told_part
from shared.pos.poslog_lines import lines_and_voided
from shared.pos.poslog_links import GENERATION, link_of, transaction_id_of
from shared.pos.poslog_standard import Standard, standard
from shared.pos.poslog_tenders import tenders_of
from shared.pos.poslog_xml import Node, document_of, is_deeper, is_ncr, mask_element, transactions_in
from shared.retail.rules import Problem
from shared.retail.transaction import ControlTotals, Kind, Link, LinkRole, TillStatus, Transaction

_LINE_PARTS = frozenset({"SequenceNumber", "Sale", "Return", "Tax", "Tender", "LoyaltyReward"})
_CONTROL_NOTES = frozenset({"ReasonCode"})
_TIMES = ("EndDateTime", "ReceiptDateTime", "POSLogDateTime", "BeginDateTime")
_NOTHING = Standard((), (), (), (), None, prices_include_tax=False)
_STATUSES = {
    "": TillStatus.COMPLETED,
    "Finished": TillStatus.COMPLETED,
    "Tendered": TillStatus.COMPLETED,
    "Totaled": TillStatus.PENDING,
    "Suspended": TillStatus.SUSPENDED,
    "SuspendedRetrieved": TillStatus.SUSPENDED,
    "SuspendedDeleted": TillStatus.VOIDED,
    "Canceled": TillStatus.VOIDED,
    "Voided": TillStatus.VOIDED,
    "TransactionVoided": TillStatus.VOIDED,
    "Failed": TillStatus.FAILED,
    "InComplete": TillStatus.FAILED,
}


class PoslogAdapter:
    """POSLog XML of POST /api/pos/poslog."""

    name = "poslog"
    version = 2  # 1 read NCR alone, and of it the same

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read a POSLog of 1 to 500 transactions; what is wrong with one is in its own arrival.

        Raises:
            RejectedError: not well-formed, a DTD or entity in it, another root, too many or over 16 MiB.
        """
        return [_arrival(element, account) for element in transactions_in(body)]

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read one kept transaction again.

        Raises:
            RejectedError: it cannot be read; names the first place at fault.
        """
        (arrival,) = self.read(document, account)
        if arrival.transaction is None:
            raise rejected(arrival.problems[0])
        return arrival.transaction

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with another generation in its place: 31-1-20171001-114 becomes 31-2-20171001-114."""
        terminal, _, day, number = transaction_id.rsplit("-", 3)
        return f"{terminal}-{generation}-{day}-{number}"


def _arrival(element: ET.Element, account: str) -> Arrival:
    if is_deeper(element):
        return unreadable(b"", [Problem(SHAPE, "Transaction", f"at most {DEPTH_MAX} levels", "more levels")])
    mask_element(element)
    document = document_of(element)
    node = Node(element, "Transaction")
    try:
        return arrived(document, _transaction(node, account))
    except RejectedError as error:
        problem = Problem(SHAPE, error.field, error.expected, error.found)
        return unreadable(document, [problem], store=_store_text(node), transaction_id=_id_text(node))


def _transaction(node: Node, account: str) -> Transaction:
    kind, status, extra = _what_happened(node)
    terminal, sequence_number = node.required("WorkstationID"), node.number("SequenceNumber")
    time_name = next((name for name in _TIMES if node.text(name)), _TIMES[0])
    completed_at, naive = node.time(time_name)
    business_day, day = _days(node, time_name)
    currency = node.required("CurrencyCode")
    retail = node.child("RetailTransaction")
    told = (
        _NOTHING
        if retail is None
        else _of_ncr(retail, currency)
        if is_ncr(node.element)
        else standard(retail, currency)
    )
    cash, began_at = _cash(node), _began_at(node, naive)
    counts = kind is Kind.TENDER_DECLARATION
    return Transaction(
        account=account,
        store=_store(node),
        transaction_id=transaction_id_of(terminal, day, sequence_number),
        terminal=terminal,
        generation=GENERATION,
        sequence_number=sequence_number,
        receipt_number=node.text("ReceiptNumber") or None,
        operator=node.text("OperatorID") or None,
        kind=kind,
        status=status,
        began_at=began_at,
        completed_at=completed_at,
        business_day=business_day,
        offline=node.flag("OfflineFlag"),
        training=node.flag("TrainingModeFlag"),
        currency=currency,
        prices_include_tax=told.prices_include_tax,
        links=_links(retail or node.child("ControlTransaction"), kind),
        lines=told.lines,
        voided_lines=told.voided_lines,
        tenders=told.tenders,
        rounding=told.rounding,
        cash_movement=movement(cash) if cash and not counts else None,
        shift_record=declaration(cash, currency, node.text("TillID"), began_at or completed_at) if cash and counts else None,
        control_totals=told.control_totals,
        extra=MappingProxyType({**extra, **({NAIVE_TIMES: True} if naive else {})}),
    )  # fmt: skip


def _of_ncr(retail: Node, currency: str) -> Standard:
    items = _items(retail)
    lines, voided = lines_and_voided(items, currency)
    totals = _control_totals(retail)
    return Standard(lines, voided, tenders_of(items), (), totals, prices_include_tax=False)


def _days(node: Node, time_name: str) -> tuple[date | None, date]:
    """Give the business day, where the POS names one, and the day in the id: that, or the date as it was printed."""
    if node.text("BusinessDayDate") or is_ncr(node.element):
        business_day = node.day("BusinessDayDate")
        return business_day, business_day
    return None, date.fromisoformat(node.text(time_name)[:10])


def _cash(node: Node) -> Node | None:
    control = node.child("TenderControlTransaction")
    return told_part(control)[1] if control else None


def _what_happened(node: Node) -> tuple[Kind, TillStatus, Mapping[str, object]]:
    """Say what kind of transaction it is. A control transaction uses a sequence number and moves no money."""
    retail, control = node.children("RetailTransaction"), node.child("ControlTransaction")
    cash = node.child("TenderControlTransaction")
    if len(retail) == 1 and cash is None:
        status = _STATUSES.get(retail[0].attribute("TransactionStatus"))
        if status is None:
            expected = f"one of {', '.join(filter(None, _STATUSES))}"
            found = retail[0].attribute("TransactionStatus")
            raise rejected(Problem(SHAPE, f"{retail[0].place}/@TransactionStatus", expected, found))
        return Kind.SALES, status, {}
    if not retail and cash is not None:
        return told_part(cash)[0], TillStatus.COMPLETED, {}
    if retail or control is None:
        found = ", ".join(name for name in node.names() if name.endswith("Transaction")) or "neither"
        raise rejected(Problem(SHAPE, node.place, "one RetailTransaction or ControlTransaction", found[:120]))
    names = [name for name in control.names() if name not in _CONTROL_NOTES]
    extra = {"control": names[0] if names else "unknown", "control_reason": control.text("ReasonCode")}
    return (Kind.POST_VOID if "PostVoid" in names else Kind.NO_SALE), TillStatus.COMPLETED, extra


def _items(retail: Node) -> list[Node]:
    """Give the line items, after a look that none holds money this adapter does not know."""
    items = retail.children("LineItem")
    if len(items) > LINES_MAX:
        raise rejected(Problem(SHAPE, retail.place, f"at most {LINES_MAX} line items", str(len(items))))
    for item in items:
        for name in item.names():
            if name not in _LINE_PARTS:
                raise rejected(Problem(SHAPE, item.place, f"one of {', '.join(sorted(_LINE_PARTS))}", name))
    return items


def _store(node: Node) -> str:
    unit = node.child("BusinessUnit")
    return unit.required("UnitID") if unit else node.required("RetailStoreID")


def _began_at(node: Node, naive: bool) -> datetime | None:
    """Give the beginning, where it has the end's form: of times with and without offset one is a guess."""
    if not node.text("BeginDateTime"):
        return None
    began_at, began_naive = node.time("BeginDateTime")
    return began_at if began_naive == naive else None


def _links(source: Node | None, kind: Kind) -> tuple[Link, ...]:
    if source is None:
        return ()
    default = LinkRole.VOIDS if kind is Kind.POST_VOID else LinkRole.ORIGINAL
    return tuple(link_of(one, default) for one in source.children("TransactionLink"))


def _control_totals(retail: Node) -> ControlTotals:
    """Take the totals the till itself printed; its gross and discount figures mean other things than ours."""
    told: dict[str, Decimal] = {
        one.attribute("TotalType"): one.own_amount() for one in retail.children("Total")
    }
    return ControlTotals(total=told.get("TransactionGrandAmount"), tax=told.get("TransactionTaxAmount"))


def _store_text(node: Node) -> str:
    unit = node.child("BusinessUnit")
    return (unit.text("UnitID") if unit else node.text("RetailStoreID"))[:200]


def _id_text(node: Node) -> str:
    try:
        _, day = _days(node, next((name for name in _TIMES if node.text(name)), _TIMES[0]))
        return transaction_id_of(node.required("WorkstationID"), day, node.number("SequenceNumber"))
    except (RejectedError, ValueError):
        return ""
