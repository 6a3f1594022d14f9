"""Reads Square: an order with its payments and refunds as one receipt, a cash drawer shift as what was told of it.

Square tells of a sale in several documents. The kept document combines those of one order: {"order": ..., "payments": [...],
"refunds": [...]}, as the door fetched them together; a call may hold several in {"documents": [...]}. The receipt's id is the
order's. Square numbers the versions of orders made through its API only, so the newest time among the documents decides
which of two readings is the later. (POS facts §3, §5.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from shared.pos.adapter import (
    SHAPE,
    Arrival,
    refuse_large_body,
    rejected,
)
from shared.pos.json_tree import safe
from shared.pos.square_cash import SHIFT, drawer_documents, drawer_ids, drawer_transaction
from shared.pos.square_lines import Lines, lines_of, sale_of
from shared.pos.square_money import Purse, currency_of
from shared.pos.square_tenders import Money, cards_of, money_of, tenders_of
from shared.pos.vendor_json import (
    Masks,
    Part,
    arrival_of,
    counted,
    id_text,
    milliseconds,
    only_one,
    root_of,
    words,
)
from shared.retail.drawers import DRAWER
from shared.retail.money import ZERO
from shared.retail.rules import Problem
from shared.retail.transaction import (
    ControlTotals,
    Kind,
    Link,
    LinkRole,
    Rounding,
    RoundingReason,
    Tender,
    TenderStatus,
    TenderType,
    TillStatus,
    Transaction,
)

NO_DEVICE = "no device"
DOCUMENTS = "documents"
MASKS = Masks(
    identifiers=words(
        "id uid order_id location_id payment_id catalog_object_id tax_uid discount_uid source_order_id receipt_number "
        "source_line_item_uid gift_card_id device_id team_member_id"
    ),
    dropped=words(
        "fulfillments customer_details recipient ticket_name note risk_evaluation receipt_url fingerprint bin "
        "payment_note buyer_email_address billing_address shipping_address statement_description customer_id "
        "cardholder_name application_details processing_fee capabilities"
    ),
    named=words(
        "line_items return_line_items taxes return_taxes discounts return_discounts modifiers return_modifiers "
        "service_charges return_service_charges custom_unit device source"
    ),
)
_FORM = f'"order" with "payments" and "refunds", "{SHIFT}", or "{DOCUMENTS}" with a list of those'
_STATES = {
    "OPEN": TillStatus.SUSPENDED,
    "DRAFT": TillStatus.SUSPENDED,
    "COMPLETED": TillStatus.COMPLETED,
    "CANCELED": TillStatus.VOIDED,
}
_TOTALS = ("total_money", "return_amounts", "net_amounts")


class SquareAdapter:
    """What was fetched from Square for one order or one cash drawer shift."""

    name = "square"
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read one document or {"documents": [...]}; what is wrong with one is in its own arrival.

        Raises:
            RejectedError: no JSON, a webhook or a list that only names what to fetch, too much, or over 16 MiB.
        """
        refuse_large_body(body)
        root = root_of(body)
        whole: list[object] = [root.fields]
        if root.has(DOCUMENTS):
            listed = root.fields[DOCUMENTS]
            whole = listed if isinstance(listed, list) else []
        alone = not root.has(DOCUMENTS)
        documents = (part for one in whole for part in _documents_in(one, alone=alone))
        return [_arrival(one, account) for one in counted(documents, DOCUMENTS, "receipts and drawer events")]

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read one kept document again.

        Raises:
            RejectedError: it cannot be read; names the first field at fault.
        """
        return only_one(self.read(document, account))

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with the till's generation behind it: Square's own ids are its own."""
        return f"{transaction_id}#{generation}"


def _documents_in(tree: object, *, alone: bool) -> Iterable[object]:
    """Give the documents of one fetched answer: a receipt is one, a drawer shift is one for each thing it tells."""
    if isinstance(tree, dict) and isinstance(tree.get(SHIFT), dict):
        return drawer_documents(tree)
    if alone and not (isinstance(tree, dict) and isinstance(tree.get("order"), dict)):
        named = ", ".join(sorted(map(str, tree))[:8]) if isinstance(tree, dict) and tree else "something else"
        raise rejected(Problem(SHAPE, "body", _FORM, safe(named)))
    return [tree]


def _arrival(tree: object, account: str) -> Arrival:
    if isinstance(tree, dict) and SHIFT in tree:
        return arrival_of(tree, MASKS, lambda root: drawer_transaction(root, account), drawer_ids)
    return arrival_of(tree, MASKS, lambda root: _receipt(root, account), _ids)


def _ids(root: Part) -> tuple[str, str]:
    return id_text(root, "order", "location_id"), id_text(root, "order", "id")


def _receipt(root: Part, account: str) -> Transaction:
    order = root.part("order")
    order_id = order.id("id")
    currency = _currency(order)
    purse, cards, money = Purse(currency), cards_of(root), money_of(root, order_id)
    _nothing_missing(root, order, money)
    sales = {one.id("id"): sale_of(one, order.id("location_id")) for one in root.parts("source_orders")}
    lines = lines_of(order, purse, cards, sales, _reason(money))
    tenders = tenders_of(money, purse, cards)
    completed_at, offline = _completed_at(order, money)
    first = money.moves[0] if money.moves else None
    return Transaction(
        account=account,
        store=order.id("location_id"),
        transaction_id=order_id,
        terminal=_terminal(money),
        kind=Kind.NO_SALE if _is_drawer_opening(order, lines) else Kind.SALES,
        status=_status(order, tenders),
        revision=revision_of([order, *money.moves], order),
        receipt_number=first.id_or_none("receipt_number") if first else None,
        operator=first.id_or_none("team_member_id") if first else None,
        began_at=order.instant_or_none("created_at"),
        completed_at=completed_at,
        offline=offline,
        training=root.text("environment").lower() == "sandbox",
        currency=currency,
        prices_include_tax=lines.prices_include_tax,
        links=_links(lines),
        lines=lines.lines,
        tenders=tenders,
        rounding=_rounding(order, purse, tenders),
        control_totals=_control_totals(order, purse),
        extra=MappingProxyType(_extra(order, lines)),
    )


def _currency(order: Part) -> str:
    """Give the order's currency: every amount in it must be of it."""
    inner = next((one for one in ("net_amounts", "return_amounts") if order.has(one)), "")
    if order.has("total_money") or not inner:
        return currency_of(order, "total_money")
    return currency_of(order.part(inner), "total_money")


def _nothing_missing(root: Part, order: Part, money: Money) -> None:
    """Refuse an order whose money was not fetched with it: read without, it would be another receipt."""
    fetched = {one.id("id") for one in money.payments}
    for tender in order.parts("tenders"):
        named = tender.id_or_none("payment_id") or tender.id("id")
        if tender.text("type") != "NO_SALE" and named not in fetched:
            raise rejected(
                Problem(SHAPE, "payments", f"the payment {named} of the order", f"{len(fetched)} others")
            )
    back = order.parts("refunds") if order.has("returns") else []
    if len(money.refunds) < len(back):
        found = str(len(money.refunds))
        raise rejected(Problem(SHAPE, root.at("refunds"), f"the {len(back)} refunds of the order", found))


def _is_drawer_opening(order: Part, lines: Lines) -> bool:
    kinds = {one.text("type") for one in order.parts("tenders")}
    return kinds == {"NO_SALE"} and not lines.lines


def _status(order: Part, tenders: Sequence[Tender]) -> TillStatus:
    """Say how the order stands: completed only where none of its money is still on its way.

    An open order with money is pending, without any it is put aside. A return whose every refund failed gave nothing back.
    """
    state = _STATES[order.word("state", _STATES)]
    states = {one.status for one in tenders}
    if state is TillStatus.SUSPENDED and tenders:
        return TillStatus.PENDING
    if state is TillStatus.VOIDED and any(one.is_captured for one in tenders):
        state = (
            TillStatus.COMPLETED
        )  # cancelled after it was paid: the money came, and goes back by a return of its own
    if state is TillStatus.COMPLETED and states & {TenderStatus.AUTHORISED, TenderStatus.PENDING}:
        return TillStatus.PENDING
    if state is TillStatus.COMPLETED and order.has("returns") and states == {TenderStatus.FAILED}:
        return TillStatus.FAILED
    return state


def _terminal(money: Money) -> str:
    """Give the device that took the money by the name the shop gave it, as cash drawer shifts name it too."""
    for one in money.moves:
        details = one.part_or_none("device_details")
        card = one.part_or_none("card_details")
        details = details or (card.part_or_none("device_details") if card else None)
        if details is not None:
            name = details.id_or_none("device_name")
            name = name if name and DRAWER not in name else details.id_or_none("device_id")
            if name:
                return name
    return NO_DEVICE


def _completed_at(order: Part, money: Money) -> tuple[datetime, bool]:
    """Say when it happened: offline, when the till took the money, not when Square heard of it."""
    taken = []
    for one in money.payments:
        if one.flag("is_offline_payment"):
            details = one.part_or_none("offline_payment_details")
            taken.append((details or one).instant("client_created_at" if details else "created_at"))
    if taken:
        return max(taken), True
    closed = order.instant_or_none("closed_at")
    if closed is not None:
        return closed, False
    moves = [one.instant("created_at") for one in money.moves]
    return (max(moves) if moves else order.instant("created_at")), False


def revision_of(parts: Sequence[Part], order: Part) -> str:
    """Give a number that grows with every change: the version, where there is one, then the newest time in milliseconds."""
    times = [one.instant(name) for one in parts for name in ("updated_at", "created_at") if one.has(name)]
    newest = max((milliseconds(one) for one in times), default=0)
    version = order.amount_or_none("version") or Decimal(0)
    if version != int(version) or not 0 <= version < 10**15:
        raise order.wrong("version", "a whole number")
    return f"{int(version)}{newest:014d}"


def _reason(money: Money) -> str | None:
    return next((one.text("reason") for one in money.refunds if one.text("reason")), None)


def _links(lines: Lines) -> tuple[Link, ...]:
    """Name the orders that money went back on; each returned line names its own."""
    return tuple(Link(LinkRole.ORDER, one) for one in lines.refunded_orders)


def _rounding(order: Part, purse: Purse, tenders: Sequence[Tender]) -> tuple[Rounding, ...]:
    cash = next(
        (one.tender_number for one in tenders if one.type is TenderType.CASH and one.is_captured), None
    )
    found = []
    for sign, part in [(1, order), *((-1, one) for one in order.parts("returns"))]:
        adjustment = part.part_or_none("rounding_adjustment")
        amount = purse.of(adjustment, "amount_money") if adjustment else ZERO
        if amount:
            found.append(Rounding(RoundingReason.CASH, sign * amount, cash))
    return tuple(found)


def _control_totals(order: Part, purse: Purse) -> ControlTotals:
    """Take Square's own totals: net of what came back, where something did."""
    net = order.part_or_none("net_amounts")
    if net is not None:
        named = ("total_money", "tax_money", "discount_money")
        total, tax, discount = (purse.or_none(net, one) for one in named)
        return ControlTotals(total=total, tax=tax, discount=discount)
    back = order.part_or_none("return_amounts")
    found: list[Decimal | None] = []
    for name in ("total_money", "tax_money", "discount_money"):
        own = purse.or_none(order, name if name == "total_money" else f"total_{name}")
        returned = purse.or_none(back, name) if back else None
        is_told = own is not None or returned is not None
        found.append((own or ZERO) - (returned or ZERO) if is_told else None)
    return ControlTotals(total=found[0], tax=found[1], discount=found[2])


def _extra(order: Part, lines: Lines) -> Mapping[str, object]:
    """Keep what the transaction has no field for and Square's own totals need."""
    source = order.part_or_none("source")
    told: dict[str, object] = {"state": order.text("state")}
    if source is not None and source.text("name"):
        told["source"] = source.text("name")
    if order.has("reference_id"):
        told["reference_id"] = order.text("reference_id")
    if lines.restated:
        told["lines_restated_without_tax"] = list(lines.restated)
    return told
