"""A Shopify order as GraphQL tells it, cut into what happened: the sale, each edit, each return or exchange, each refund.

Shopify keeps an order's agreements for ever and adds to them, so each is read once and stays what it is. What belongs to
one return is one receipt: goods back, goods taken in exchange, and the refund of the difference. A refund's money finds what
it refunds; any other payment goes to what had happened by then and owes just that much, else to the first that owes.
(POS facts §2.2, §2.3, §6.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from shared.pos.adapter import SHAPE, rejected
from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.pos.shopify_payments import AUTHORISATIONS, Payment, payment_of
from shared.retail.money import ZERO, total
from shared.retail.rules import Problem

SOLD = "sold"
_PAID_BEFORE = timedelta(minutes=2)  # a payment may be made a little before what it pays is written down
ORDER_QUERY = """
query Receipts($id: ID!) {
  order(id: $id) {
    id number processedAt createdAt updatedAt cancelledAt test taxesIncluded currencyCode displayFinancialStatus
    sourceName retailLocation { id } staffMember { id }
    originalTotalPriceSet { shopMoney { amount currencyCode } }
    totalPriceSet { shopMoney { amount currencyCode } }
    totalTaxSet { shopMoney { amount currencyCode } }
    totalRefundedSet { shopMoney { amount currencyCode } }
    transactions(first: 100) {
      id kind status gateway test processedAt createdAt parentTransaction { id } location { id } device { id }
      amountSet { shopMoney { amount currencyCode } } amountRoundingSet { shopMoney { amount currencyCode } }
      paymentDetails { ... on CardPaymentDetails { company number } } receiptJson
    }
    refunds(first: 100) { id return { id } transactions(first: 50) { nodes { id } } }
    agreements(first: 100) {
      nodes {
        __typename id reason happenedAt user { id }
        ... on RefundAgreement { refund { id return { id } } }
        ... on ReturnAgreement { return { id } }
        sales(first: 250) {
          nodes {
            __typename id actionType lineType quantity
            totalAmount { shopMoney { amount currencyCode } }
            totalTaxAmount { shopMoney { amount currencyCode } }
            totalDiscountAmountBeforeTaxes { shopMoney { amount currencyCode } }
            totalDiscountAmountAfterTaxes { shopMoney { amount currencyCode } }
            taxes { amount { shopMoney { amount currencyCode } } taxLine { title rate channelLiable } }
            ... on ProductSale { lineItem { id sku title variantTitle variant { id barcode } product { id } } }
            ... on GiftCardSale { lineItem { id sku title variant { id } product { id } } }
            ... on TipSale { lineItem { id title } }
          }
          pageInfo { hasNextPage }
        }
      }
      pageInfo { hasNextPage }
    }
  }
}
"""


@dataclass(slots=True)
class _Receipt:
    """What belongs together in an order: some agreements, what they come to, and the transactions allotted to them."""

    key: str
    at: datetime
    agreements: list[Fields] = field(default_factory=list)
    due: Decimal = ZERO
    paid: Decimal = ZERO
    transactions: list[object] = field(default_factory=list)
    terminal: str | None = None
    store: str | None = None

    @property
    def has_sales(self) -> bool:
        return any(one.children("sales") for one in self.agreements)

    def owes(self, amount: Decimal) -> bool:
        return (self.due - self.paid) * amount > 0


def slices_of(order: Fields) -> list[dict[str, object]]:
    """Cut an order into the documents of its receipts, in order of time; one that is a slice already stays as it is.

    Raises:
        RejectedError: it cannot be cut; names the field at fault.
    """
    if order.has(SOLD):
        return [order.fields]
    receipts = _receipts(order)
    if not receipts:
        raise rejected(Problem(SHAPE, order.at("agreements"), "at least one agreement", "none"))
    _allot(order, receipts)
    sold: dict[str, dict[str, object]] = {}
    found: list[dict[str, object]] = []
    for one in receipts:
        if one.has_sales or one.transactions:
            found.append(_slice(order, one, receipts, sold))
            for line in _sold_by(one):
                sold.setdefault(str(line["id"]), line)
    return found


def key_of(agreement: Fields, order_number: str, is_first: bool) -> str:
    """Give the id of the receipt an agreement belongs to: O for the sale, X a return, R a refund without one, E an edit."""
    reason = agreement.required("reason").upper()
    refund = agreement.child("refund")
    back = agreement.child("return") or (refund.child("return") if refund else None)
    if reason == "ORDER" and is_first:
        return f"O{order_number}"
    if back is not None and reason in ("RETURN", "REFUND"):
        return f"X{number_of(back)}"
    if refund is not None and reason == "REFUND":
        return f"R{number_of(refund)}"
    return f"E{number_of(agreement)}"


def _receipts(order: Fields) -> list[_Receipt]:
    number = number_of(order)
    agreements = sorted(order.children("agreements"), key=lambda one: one.instant("happenedAt"))
    receipts: dict[str, _Receipt] = {}
    for one in agreements:
        key = key_of(one, number, f"O{number}" not in receipts)
        receipt = receipts.setdefault(key, _Receipt(key, one.instant("happenedAt")))
        receipt.agreements.append(one)
        receipt.due += total(money_of(sale, "totalAmount") for sale in one.children("sales"))
    return list(receipts.values())


def money_of(sale: Fields, name: str) -> Decimal:
    """Give an amount of a sale, in the store's sign: what a return says is negative, however it is written."""
    amount = sale.money(name)
    if amount is None:
        raise sale.wrong(name, "an amount in the shop's currency")
    return -abs(amount) if sale.text("actionType").upper() == "RETURN" and name == "totalAmount" else amount


def _allot(order: Fields, receipts: Sequence[_Receipt]) -> None:
    """Give every transaction to the receipt it is of; what moved no money goes where its money is, else to the sale."""
    currency = order.currency("currencyCode")
    told = [(one, payment_of(one, currency)) for one in order.children("transactions")]
    told.sort(key=lambda pair: pair[1].at.timestamp() if pair[1].at else 0.0)
    by_refund = _refund_keys(order)
    where: dict[str, _Receipt] = {}
    moving = [pair for pair in told if _moves(pair[1])]
    for fields, payment in moving:
        receipt = _receipt_for(payment, receipts, by_refund)
        receipt.paid += _signed(payment)
        receipt.transactions.append(fields.fields)
        receipt.terminal, receipt.store = (
            receipt.terminal or payment.device,
            receipt.store or payment.location,
        )
        where[payment.number] = receipt
        if payment.parent:
            where.setdefault(payment.parent, receipt)
    for fields, payment in told:
        if not _moves(payment):
            receipt = receipts[0]
            if payment.kind in AUTHORISATIONS:
                receipt = where.get(payment.number, receipt)
            receipt.transactions.append(fields.fields)


def _receipt_for(
    payment: Payment, receipts: Sequence[_Receipt], by_refund: Mapping[str, tuple[str, ...]]
) -> _Receipt:
    keys = by_refund.get(payment.number, ()) if payment.is_refund else ()
    named = [one for one in receipts if one.key in keys]
    amount = _signed(payment)
    for one in named:
        if one.has_sales:
            return one
    there = [one for one in receipts if payment.at is None or one.at <= payment.at + _PAID_BEFORE]
    owing = [one for one in there if one.owes(amount)]
    owing = owing or [one for one in receipts if one.owes(amount) and abs(one.due - one.paid) >= abs(amount)]
    exact = [one for one in owing if one.due - one.paid == amount]
    if owing:
        return (exact or owing)[0]
    if named:
        return named[0]
    before = [one for one in receipts if payment.at is not None and one.at <= payment.at]
    return before[-1] if before else receipts[0]


def _refund_keys(order: Fields) -> dict[str, tuple[str, ...]]:
    """Give the receipts that each refund transaction may belong to, by the refund that holds it."""
    found: dict[str, tuple[str, ...]] = {}
    for refund in order.children("refunds"):
        back = number_or_none(refund.child("return"))
        keys = (*((f"X{back}",) if back else ()), f"R{number_of(refund)}")
        for one in refund.children("transactions"):
            found[number_of(one)] = keys
    return found


def _moves(payment: Payment) -> bool:
    return payment.status == "success" and payment.kind in ("sale", "capture", "change", "refund")


def _signed(payment: Payment) -> Decimal:
    return -payment.amount if payment.kind in ("change", "refund") else payment.amount


def _slice(
    order: Fields, receipt: _Receipt, receipts: Sequence[_Receipt], sold: Mapping[str, object]
) -> dict[str, object]:
    """Write the document of one receipt: the order's header, its own agreements and money, and what was sold before."""
    header = {name: value for name, value in order.fields.items() if name != "refunds"}
    place = {
        "transaction_id": receipt.key,
        "terminal": receipt.terminal or next((one.terminal for one in receipts if one.terminal), None),
        "store": receipt.store or next((one.store for one in receipts if one.store), None),
    }
    return {
        **header,
        "agreements": {"nodes": [one.fields for one in receipt.agreements]},
        "transactions": receipt.transactions,
        SOLD: {**place, "lines": list(sold.values())},
    }


def _sold_by(receipt: _Receipt) -> Iterator[dict[str, object]]:
    """Say under which line of which receipt each line item was sold first."""
    sales = [sale for one in receipt.agreements for sale in one.children("sales")]
    for number, sale in enumerate(sales, 1):
        item = number_or_none(sale.child("lineItem"))
        if (
            item is not None
            and money_of(sale, "totalAmount") >= 0
            and (sale.amount_or_none("quantity") or 0) > 0
        ):
            place = {"store": receipt.store, "terminal": receipt.terminal}
            yield {"id": item, "transaction_id": receipt.key, "line_number": number, **place}
