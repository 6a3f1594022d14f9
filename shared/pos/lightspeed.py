"""Reads Lightspeed Retail X-Series: a sale as webhooks send it or its API answers it, and closures of registers.

A webhook is a form whose field `payload` holds the sale in the shape of API 1.0. What a sale leaves out is fetched once and put
beside it in the kept document: {"sale": ..., "register": ..., "outlet": ..., "retailer": ...}; a sale tells neither its currency
nor, in API 1.0, its outlet. The receipt's id is the sale's. (POS facts §4.1, §5.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from urllib.parse import parse_qsl

from shared.pos.adapter import SHAPE, Arrival, refuse_large_body, rejected
from shared.pos.json_tree import safe
from shared.pos.lightspeed_closure import CLOSURE, closure_documents, closure_ids, closure_transaction
from shared.pos.lightspeed_lines import Charge, cash_rounding, lines_of, residual
from shared.pos.lightspeed_sale import (
    Payment,
    TaxPart,
    instant_of,
    is_on_account,
    items_of,
    payments_of,
    size,
    size_or_none,
    status_of,
)
from shared.pos.lightspeed_tenders import tenders_of
from shared.pos.lightspeed_where import currency_of, register_of, store_of
from shared.pos.vendor_json import (
    Masks,
    Part,
    arrival_of,
    counted,
    id_text,
    milliseconds,
    only_one,
    root_of,
    small,
    words,
)
from shared.retail.money import ZERO, rounded, total
from shared.retail.rules import Problem
from shared.retail.transaction import (
    ControlTotals,
    LineKind,
    Link,
    LinkRole,
    Rounding,
    RoundingReason,
    Transaction,
)

SALE, DOCUMENTS = "sale", "documents"
MASKS = Masks(
    identifiers=words(
        "id product_id register_id outlet_id user_id return_for original_sale_id tax_id rate_id payment_type_id "
        "retailer_payment_type_id config_id register_open_sequence_id complete_open_sequence_id invoice_number receipt_number "
        "sku handle version"
    ),
    dropped=words(
        "customer customer_id user note short_code receipt_address accounts_transaction_id xero_reference external_applications "
        "customizations loyalty_value total_loyalty billing_address_id source_id service_fields fulfillment_details"
    ),
    named=words(
        "line_items register_sale_products register_sale_payments payments type taxes promotions adjustments "
        "ecom_custom_charges register outlet retailer"
    ),
)
_FORM = f'a form with the field "payload", or "{SALE}", "{CLOSURE}", or "{DOCUMENTS}" with a list of those'
_FIELDS_MAX = 20
FORM_BYTES_MAX = 2 * 1024 * 1024
_ADJUSTMENTS = {
    "TIP": LineKind.TIP,
    "NON_CASH_FEE": LineKind.CHARGE,
    "SURCHARGE": LineKind.CHARGE,
    "DISCOUNT": None,
}


class LightspeedAdapter:
    """What Lightspeed Retail X-Series sends, or was fetched from it."""

    name = "lightspeed"
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read a webhook's form, one document, or {"documents": [...]}; what is wrong with one is in its own arrival.

        Raises:
            RejectedError: neither form nor JSON, something else than sales and closures, too much, or over 16 MiB.
        """
        refuse_large_body(body)
        tree = _payload_of(body) if body.lstrip()[:1] not in (b"{", b"[") else dict(root_of(body).fields)
        answers = _answers_in(tree)
        alone = answers == [tree]
        documents = (part for one in answers for part in _documents_in(one, alone=alone))
        return [_arrival(one, account) for one in counted(documents, DOCUMENTS, "sales and closures")]

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read one kept document again.

        Raises:
            RejectedError: it cannot be read; names the first field at fault.
        """
        return only_one(self.read(document, account))

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with the till's generation behind it: Lightspeed's own ids are its own."""
        return f"{transaction_id}#{generation}"


def _payload_of(body: bytes) -> dict[str, object]:
    """Read the form of a webhook: its payload as the sale or closure that it is."""
    if len(body) > FORM_BYTES_MAX:
        raise rejected(
            Problem(SHAPE, "body", f"a form of at most {FORM_BYTES_MAX} bytes", f"{len(body)} bytes")
        )
    try:
        fields = dict(
            parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=_FIELDS_MAX, errors="strict")
        )
    except ValueError as error:
        raise rejected(Problem(SHAPE, "body", _FORM, "neither")) from error
    if "payload" not in fields:
        raise rejected(Problem(SHAPE, "payload", "the sale or closure of the webhook", "nothing"))
    payload = dict(root_of(fields["payload"].encode()).fields)
    is_closure = "register_close_time" in payload and "register_id" in payload
    return {CLOSURE if is_closure else SALE: payload}


def _answers_in(tree: Mapping[str, object]) -> list[object]:
    """Give the answers that a call holds: several documents, a page of a list, or itself."""
    listed, answered = tree.get(DOCUMENTS), tree.get("data")
    if DOCUMENTS in tree:
        return list(listed) if isinstance(listed, list) else []
    if isinstance(answered, list):
        beside = small({name: one for name, one in tree.items() if name != "data"}, "data")
        return [{**beside, "data": one} for one in answered]
    return [tree]


def _documents_in(tree: object, *, alone: bool) -> Sequence[object]:
    """Give the documents of one answer: a sale is one, a closure is one for the opening and one for the close."""
    if isinstance(tree, dict) and isinstance(tree.get(CLOSURE), dict):
        return closure_documents(tree)
    if isinstance(tree, dict) and isinstance(tree.get("data"), dict):
        beside = {name: one for name, one in tree.items() if name not in ("data", "version")}
        return [{**beside, SALE: tree["data"]}]
    if alone and not (isinstance(tree, dict) and isinstance(tree.get(SALE), dict)):
        named = ", ".join(sorted(map(str, tree))[:8]) if isinstance(tree, dict) and tree else "something else"
        raise rejected(Problem(SHAPE, "body", _FORM, safe(named)))
    return [tree]


def _arrival(tree: object, account: str) -> Arrival:
    if isinstance(tree, dict) and CLOSURE in tree:
        return arrival_of(tree, MASKS, lambda root: closure_transaction(root, account), closure_ids)
    return arrival_of(_without_line_notes(tree), MASKS, lambda root: _receipt(root, account), _ids)


def _without_line_notes(tree: object) -> object:
    """Leave out what staff wrote on lines: `attributes` of a line hold nothing else, those of a sale say what it is."""
    sale = tree.get(SALE) if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(sale, dict):
        return tree
    lines = {
        name: sale[name]
        for name in ("register_sale_products", "line_items")
        if isinstance(sale.get(name), list)
    }
    for name, some in lines.items():
        lines[name] = [
            {key: value for key, value in one.items() if key != "attributes"}
            if isinstance(one, dict)
            else one
            for one in some
        ]
    return {**tree, SALE: {**sale, **lines}}


def _ids(root: Part) -> tuple[str, str]:
    return id_text(root, SALE, "outlet_id") or id_text(root, "outlet", "id"), id_text(root, SALE, "id")


def _receipt(root: Part, account: str) -> Transaction:
    sale = root.part(SALE)
    retailer, payments = root.part_or_none("retailer"), payments_of(sale)
    items = items_of(sale, retailer.id_or_none("discount_product_id") if retailer else None)
    currency = currency_of(root, sale)
    original = _original(sale)
    charges, off = _charges(sale)
    lines = lines_of(items, charges, off, original, currency)
    rest = residual(items, charges, off, lines, currency)
    rounding: tuple[Rounding, ...] = (Rounding(RoundingReason.RESIDUAL, rest),) if rest else ()
    due = total(line.amount_due for line in lines) + rest
    tenders = tenders_of(payments, due if is_on_account(sale) else None)
    if not is_on_account(sale):
        rounding += cash_rounding(tenders, due, currency)
    source = sale.part_or_none("source") if isinstance(sale.fields.get("source"), dict) else None
    return Transaction(
        account=account,
        store=store_of(root, sale, source),
        transaction_id=sale.id("id"),
        terminal=register_of(sale, source),
        status=status_of(sale),
        revision=_revision(sale),
        receipt_number=sale.id_or_none("invoice_number") or sale.id_or_none("receipt_number"),
        shift=_shift(sale),
        operator=_operator(sale, source),
        completed_at=_completed_at(sale, payments),
        currency=currency,
        training=root.text("environment").lower() == "training",
        links=(original,) if original else (),
        lines=lines,
        tenders=tenders,
        rounding=rounding,
        control_totals=_control_totals(sale, rounding, currency),
        extra=MappingProxyType(_extra(sale)),
    )


def _original(sale: Part) -> Link | None:
    """Name the sale that a return was made from; its lines name none of their own."""
    back = sale.part_or_none("return")
    named = back.id_or_none("original_sale_id") if back else sale.id_or_none("return_for")
    return Link(LinkRole.ORIGINAL, named) if named else None


def _shift(sale: Part) -> str | None:
    """Give the register's opening that the sale was completed in."""
    inner = sale.part_or_none("_metadata")
    return (inner or sale).id_or_none("complete_open_sequence_id")


def _operator(sale: Part, source: Part | None) -> str | None:
    author = source.part_or_none("author") if source else None
    return author.id_or_none("id") if author else sale.id_or_none("user_id")


def _completed_at(sale: Part, payments: Sequence[Payment]) -> datetime:
    """Say when it was sold; what was put by is sold when the last of it was paid."""
    if sale.text("status") == "LAYBY_CLOSED":
        paid = [one.at for one in payments if one.at is not None and not one.is_deleted]
        if paid:
            return max(paid)
    return instant_of(sale, "sale_date", "date")


def _revision(sale: Part) -> str:
    """Give a number that grows with every change: the time of the last one, then the version, which webhooks do not tell."""
    at = instant_of(sale, "updated_at", "created_at", "sale_date", "date")
    inner = sale.part_or_none("_metadata")
    version = (inner or sale).amount_or_none("version") or Decimal(0)
    if version != int(version) or not 0 <= version < 10**18:
        raise (inner or sale).wrong("version", "a whole number")
    return f"{milliseconds(at)}{int(version):018d}"


def _charges(sale: Part) -> tuple[list[Charge], Decimal]:
    """Read what is on the sale beside its lines, and what is taken off the whole of it."""
    found, off = [], ZERO
    for one in sale.parts("adjustments"):
        kind = one.word("adjustment_type", _ADJUSTMENTS)
        amount, line_kind = size(one, "total"), _ADJUSTMENTS[kind]
        if line_kind is None:
            off += abs(amount)
        elif amount:
            found.append(Charge(line_kind, kind, one.text("name") or None, amount, _taxes(one, amount)))
    for one in sale.parts("ecom_custom_charges"):
        amount = size(one, "total")
        if amount:
            found.append(
                Charge(LineKind.CHARGE, "ECOM_CHARGE", one.text("name") or None, amount, _taxes(one, amount))
            )
    return found, off


def _taxes(part: Part, amount: Decimal) -> tuple[TaxPart, ...]:
    sign = -1 if amount < 0 else 1
    parts = ((one.id("rate_id"), sign * abs(size(one, "total_tax"))) for one in part.parts("tax_components"))
    return tuple(TaxPart(code, tax) for code, tax in parts if tax)


def _control_totals(sale: Part, rounding: Sequence[Rounding], currency: str) -> ControlTotals:
    """Take the sale's own totals, rounded as a receipt's; what cash was rounded by is not in them."""
    totals = sale.part_or_none("totals") or Part({})
    tax = _first(
        size_or_none(sale, "total_tax"), size_or_none(totals, "tax"), size_or_none(totals, "total_tax")
    )
    net = _first(
        size_or_none(sale, "total_price"), size_or_none(totals, "price"), size_or_none(totals, "total_price")
    )
    full = size_or_none(totals, "price_incl_tax")
    if full is None and net is not None and tax is not None:
        full = net + tax
    in_cash = total(one.amount for one in rounding if one.reason is RoundingReason.CASH)
    paid = size_or_none(totals, "total_payment")
    return ControlTotals(
        tax=None if tax is None else rounded(tax, currency),
        total=None if full is None else rounded(full, currency) + in_cash,
        paid=None if paid is None or is_on_account(sale) else rounded(paid, currency),
    )


def _first(*found: Decimal | None) -> Decimal | None:
    return next((one for one in found if one is not None), None)


def _extra(sale: Part) -> Mapping[str, object]:
    """Keep the sale's own totals with all their digits."""
    kept: dict[str, object] = {"status": sale.text("status") or sale.text("state")}
    for name in ("total_price", "total_tax"):
        exact = size_or_none(sale, name)
        if exact is not None:
            kept[name] = str(exact)
    if sale.has("invoice_sequence"):
        kept["invoice_sequence"] = str(size(sale, "invoice_sequence"))
    return kept
