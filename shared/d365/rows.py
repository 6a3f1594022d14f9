"""From a mapped transaction to the rows of D365's retail entities. THE SIGN TURNS HERE, and nowhere else.

We keep the store's view: sold +, returned -. D365 keeps goods the other way round (D365 facts §3.1):

- `_turned`: quantity, net, gross, tax and income/expense amounts. Negative on a sale, positive on a return.
- as they are: payments (received +, refunded and change -), discounts (+ on a sale, - on a return).
- never negative: prices and the number of items.

Amounts in D365 are without tax in NetAmount and with every tax in NetAmountInclusiveTax and GrossAmount,
whether or not the prices include it. That the tax turns with the net follows from D365's own rule "Net +
tax"; no sandbox has confirmed it (setting D365_TAX_SIGN), nor the discount's sign on a return, nor the number of items as a
magnitude.

Not sent on purpose: bar codes (the rule "Barcode exists" would judge the POS's), promotion and coupon codes
(D365 would look for offers of its own), card and gift card numbers (D365 needs none to post, and they are
secrets).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from shared.d365 import entities
from shared.d365.cash_entities import BANKED, CASH_OFFICE, DECLARED, SAFE
from shared.d365.cash_rows import banked_rows, declaration_rows, safe_rows
from shared.d365.values import Row, checked, day_text, instant_text, per_unit, seconds_of_day, yes_no
from shared.errors import RejectedError
from shared.retail.cash_office import DROPS
from shared.retail.mapped import D365Key, LinkedPayment, MappedLine, MappedTransaction
from shared.retail.mapping import MONEY_KINDS, SENT_KINDS
from shared.retail.money import ZERO, total
from shared.retail.transaction import Kind, Line, LinkRole, Tender, TenderRole, Transaction

RATE_OF_ONE = Decimal(100)  # D365 states exchange rates per 100 units.
RECEIPT_ID_LENGTH_MAX = 18
_SENT_KINDS = {
    Kind.SALES: "Sales",
    Kind.PAID_IN: "IncomeExpense",
    Kind.PAID_OUT: "IncomeExpense",
    # The cash office, where a switch says so (D365 facts §2.1, "which entities each transaction type needs").
    Kind.SHIFT_OPEN: "StartingAmount",
    Kind.FLOAT: "FloatEntry",
    Kind.PICKUP: "RemoveTender",
    Kind.TENDER_EXCHANGE: "ChangeTender",
    Kind.SAFE_DROP: "SafeDrop",
    Kind.BANK_DROP: "BankDrop",
    Kind.TENDER_DECLARATION: "TenderDeclaration",
    Kind.SHIFT_CLOSE: "TenderDeclaration",
}


def transaction_rows(mapped: MappedTransaction, package: str) -> dict[str, list[Row]]:
    """Give every row of one receipt, by entity label, children and header. `package` goes into the header's
    Comment.

    Every row has every column of its entity. Amounts are D365's sign.

    Raises:
        RejectedError: a value is longer than D365's field, a taxed line has no tax code, or the kind has no
        rows.
    """
    found = {label: list(rows_of(label, mapped, package)) for label in (*_CHILD_ROWS, entities.HEADERS)}
    if mapped.declared_as:  # an entity of the customer's own, under its own label
        found[mapped.declared_as] = found.pop(DECLARED)
    return {label: rows for label, rows in found.items() if rows or label in entities.ENTITIES}


def rows_of(label: str, mapped: MappedTransaction, package: str) -> Iterator[Row]:
    """Give one entity's rows of one receipt, in the order of their line numbers. See `transaction_rows`."""
    if mapped.transaction.kind not in _SENT_KINDS:
        raise RejectedError(
            f"a transaction of kind {mapped.transaction.kind} has no D365 rows", field="kind",
            expected=", ".join(sorted(_SENT_KINDS)), found=mapped.transaction.kind,
        )  # fmt: skip
    entity = _ENTITIES[label]
    rows = (_header_row(mapped, package),) if label == entities.HEADERS else _CHILD_ROWS[label](mapped)
    for row in rows:
        yield checked(entity, row)


def receipt_id(transaction: Transaction) -> str:
    """Give the receipt number as D365 can hold it: its last 18 characters, where it is longer."""
    return (transaction.receipt_number or "")[-RECEIPT_ID_LENGTH_MAX:]


def _turned(amount: Decimal) -> Decimal:
    """Turn the store's sign into D365's, for goods and what is charged."""
    return -amount


def _tax_turned(mapped: MappedTransaction, amount: Decimal) -> Decimal:
    """Turn a tax with the net it belongs to, unless the environment keeps taxes as the till has them."""
    return amount if mapped.tax_as_pos else _turned(amount)


def _header_row(mapped: MappedTransaction, package: str) -> Row:
    transaction, store = mapped.transaction, mapped.store
    paid = total(tender.amount for tender in _captured(mapped))
    lines = [one.line for one in mapped.lines]
    gross = _turned(total(line.amount_due for line in lines))
    moved = _turned(paid) if transaction.kind in MONEY_KINDS else ZERO
    owed = gross + moved + paid if transaction.kind in SENT_KINDS else ZERO
    return {
        **_receipt_key(mapped.key),
        "TransactionType": _SENT_KINDS[transaction.kind],
        "TransactionStatus": "None",
        "RreceiptId": receipt_id(transaction),
        "RefundReceiptId": _original_receipt_id(transaction),
        "businessDate": day_text(mapped.business_day),
        **_instant_of_sale(mapped),
        "BeginDateTime": instant_text(transaction.began_at or transaction.completed_at),
        "Currency": transaction.currency,
        "ExchangeRate": RATE_OF_ONE,
        "CustomerAccount": store.customer_account,
        "Staff": _staff(transaction),
        "Warehouse": store.warehouse,
        "SiteId": store.site,
        "BatchID": mapped.shift_number or 0,
        "BatchTerminalId": (mapped.shift_register or mapped.key.terminal) if mapped.shift_number else "",
        "GrossAmount": gross,
        "NetAmount": _turned(total(line.net_without_tax for line in lines)),
        "PaymentAmount": paid,
        "DiscountAmount": total(line.discount for line in lines),
        "IncomeExpenseAmount": moved,
        "SalesPaymentDifference": owed,
        "NumberOfItems": total(abs(line.quantity) for line in lines),
        "NumberOfItemLines": Decimal(len(lines)),
        "NumberOfPaymentLines": len(_captured(mapped)),
        "IsTaxIncludedInPrice": yes_no(transaction.prices_include_tax),
        "SaleIsReturnSale": yes_no(bool(lines) and all(line.is_return for line in lines)),
        "CreatedOffline": yes_no(transaction.offline),
        "Comment": package,
    }


def _sales_rows(mapped: MappedTransaction) -> Iterator[Row]:
    transaction = mapped.transaction
    for one in sorted(mapped.lines, key=lambda each: each.line.line_number):
        line = one.line
        yield {
            **_receipt_key(mapped.key),
            "LineNumber": Decimal(line.line_number),
            "ItemId": one.item_number,
            "Unit": one.unit,
            "Quantity": _turned(line.quantity),
            "UnitQuantity": _turned(line.quantity),
            "Price": _unit_price(line),
            "NetPrice": per_unit(line.net_without_tax, line.quantity),
            "NetAmount": _turned(line.net_without_tax),
            "NetAmountInclusiveTax": _turned(line.amount_due),
            "SalesTaxAmount": _tax_turned(mapped, line.tax),
            **_discount_columns(line),
            "SalesTaxGroup": one.sales_tax_group,
            "ItemSalesTaxGroup": one.item_tax_group,
            "Currency": transaction.currency,
            "Warehouse": one.warehouse,
            "SiteId": mapped.store.site if one.warehouse else "",
            "SerialNumber": line.serial or "",
            "ReceiptNumber": receipt_id(transaction),
            "TransactionCode": "ItemOnFile",
            "TransactionStatus": "None",
            "GiftCard": yes_no(line.is_gift_card),
            "BusinessDate": day_text(mapped.business_day),
            "TransactionDate": day_text(mapped.local_completed_at.date()),
            **_return_columns(one),
        }


def _discount_columns(line: Line) -> Row:
    """LineDiscount carries all of a line's discounts, and CashDiscountAmount, D365's total of the line, the
    same.

    Basket discounts come to us already allocated to their lines, so the split into line, periodic and total
    discount that D365's own POS makes would say nothing more; and with all of it in one field the rule "Line
    discount = sum of the discount lines" holds in each of its readings.
    """
    return {"LineDiscount": line.discount, "CashDiscountAmount": line.discount}


def _return_columns(one: MappedLine) -> Row:
    back, line = one.returns, one.line
    key, number = back or (D365Key("", "", "", ""), 0)
    return {
        "IsReturnNoSale": yes_no(line.is_return and back is None),
        "ReturnOperatingUnitNumber": key.operating_unit,
        "ReturnTerminal": key.terminal,
        "ReturnTransactionNumber": key.transaction_number,
        "ReturnLineNumber": Decimal(number),
        "ReturnQuantity": abs(line.quantity) if back else ZERO,
    }


def _payment_rows(mapped: MappedTransaction) -> Iterator[Row]:
    for one in sorted(mapped.tenders, key=lambda each: each.tender.tender_number):
        tender = one.tender
        if not tender.is_captured or mapped.transaction.kind in DROPS:
            continue
        yield {
            **_receipt_key(mapped.key),
            "Store": mapped.store.store_number,
            "LineNumber": Decimal(tender.tender_number),
            "TenderType": one.payment_method,
            "AmountTendered": tender.amount,
            "AmountInTenderedCurrency": tender.fx.amount.copy_sign(tender.amount)
            if tender.fx
            else tender.amount,
            "AmountInAccountingCurrency": tender.amount,
            "ExchangeRateInTenderedCurrency": tender.fx.rate * RATE_OF_ONE if tender.fx else RATE_OF_ONE,
            "ExchangeRateInAccountingCurrency": RATE_OF_ONE,
            "CurrencyCode": tender.fx.currency if tender.fx else mapped.transaction.currency,
            "IsChangeLine": yes_no(tender.role is TenderRole.CHANGE),
            "TransactionStatus": "None",
            "ReceiptId": receipt_id(mapped.transaction),
            "Staff": _staff(mapped.transaction),
            **_refund_columns(one.refunds),
        }


def _refund_columns(refunds: LinkedPayment | None) -> Row:
    """Name the payment that goes back. Tills do not say which one a refund gives back; a reversal knows."""
    key = refunds.key if refunds else D365Key("", "", "", "")
    return {
        "IsLinkedRefund": yes_no(refunds is not None),
        "LinkedPaymentStore": refunds.store_number if refunds else "",
        "LinkedPaymentTerminal": key.terminal,
        "LinkedPaymentTransactionNumber": key.transaction_number,
        "LinkedPaymentLineNumber": Decimal(refunds.line_number) if refunds else ZERO,
        "LinkedPaymentCurrency": refunds.currency if refunds else "",
    }


def _tax_rows(mapped: MappedTransaction) -> Iterator[Row]:
    """One row a line and D365 tax code: two POS taxes that map to one code on one line are added up."""
    for one in sorted(mapped.lines, key=lambda each: each.line.line_number):
        rows: dict[str, Row] = {}
        for tax, code in zip(one.line.taxes, one.tax_codes, strict=True):
            if not code:
                _refuse_tax_without_code(one, tax.amount)
                continue
            row = rows.setdefault(
                code,
                {
                    **_receipt_key(mapped.key),
                    "SalesLineNumber": Decimal(one.line.line_number),
                    "TaxCode": code,
                    "TaxAmount": ZERO,
                    "TaxPercentage": tax.rate or ZERO,
                    "IsTaxIncludedInPrice": yes_no(tax.inclusive),
                    "IsExempt": yes_no(tax.exempt_reason is not None),
                },
            )
            row["TaxAmount"] = Decimal(row["TaxAmount"]) + _tax_turned(mapped, tax.amount)
        yield from (rows[code] for code in sorted(rows))


def _refuse_tax_without_code(one: MappedLine, amount: Decimal) -> None:
    if amount:
        field = f"lines[{one.line.line_number}].taxes"
        raise RejectedError(
            f"{field}: {amount} has no D365 tax code", field=field, expected="a code", found="none"
        )


def _discount_rows(mapped: MappedTransaction) -> Iterator[Row]:
    for one in sorted(mapped.lines, key=lambda each: each.line.line_number):
        for number, discount in enumerate(one.line.discounts, start=1):
            yield {
                **_receipt_key(mapped.key),
                "SalesLineNumber": Decimal(one.line.line_number),
                "LineNumber": Decimal(number),
                "DiscountAmount": discount.amount,
                "EffectiveAmount": discount.amount,
            }


def _income_expense_rows(mapped: MappedTransaction) -> Iterator[Row]:
    """Cash put in or taken out: the account's amount turns, so that it and the payment add up to nothing."""
    if mapped.transaction.kind not in MONEY_KINDS:
        return
    yield {
        **_receipt_key(mapped.key),
        "LineNumber": Decimal(1),
        "AccountType": mapped.income_account_type,
        "AccountNumber": mapped.income_account,
        "Amount": _turned(total(tender.amount for tender in _captured(mapped))),
        "TransactionStatus": "None",
        **_instant_of_sale(mapped),
        "ReceiptNumber": receipt_id(mapped.transaction),
        "StoreNumber": mapped.store.store_number,
    }


_CHILD_ROWS: Mapping[str, Callable[[MappedTransaction], Iterator[Row]]] = {
    entities.SALES_LINES: _sales_rows,
    entities.PAYMENTS: _payment_rows,
    entities.TAXES: _tax_rows,
    entities.DISCOUNTS: _discount_rows,
    entities.INCOME_EXPENSES: _income_expense_rows,
    SAFE: safe_rows,
    BANKED: banked_rows,
    DECLARED: declaration_rows,
}
_ENTITIES = {**entities.ENTITIES, **{entity.label: entity for entity in CASH_OFFICE}}


def _receipt_key(key: D365Key) -> Row:
    return {
        "dataAreaId": key.legal_entity,
        "OperatingUnitNumber": key.operating_unit,
        "Terminal": key.terminal,
        "TransactionNumber": key.transaction_number,
    }


def _instant_of_sale(mapped: MappedTransaction) -> Row:
    local = mapped.local_completed_at
    return {"TransactionDate": day_text(local.date()), "TransactionTime": seconds_of_day(local)}


def _captured(mapped: MappedTransaction) -> list[Tender]:
    """Give what has payment lines; what was dropped has lines of its own kind."""
    if mapped.transaction.kind in DROPS:
        return []
    return [one.tender for one in mapped.tenders if one.tender.is_captured]


def _original_receipt_id(transaction: Transaction) -> str:
    """Give the receipt number of what is returned: the lines' own link first, then the receipt's."""
    links = [line.original for line in transaction.lines if line.original is not None]
    links += [link for link in transaction.links if link.role in (LinkRole.ORIGINAL, LinkRole.VOIDS)]
    numbers = (link.receipt_number for link in links if link.receipt_number)
    return next(numbers, "")[-RECEIPT_ID_LENGTH_MAX:]


def _unit_price(line: Line) -> Decimal:
    return line.unit_price if line.unit_price is not None else per_unit(line.gross, line.quantity)


def _staff(transaction: Transaction) -> str:
    return transaction.operator or ""  # one that is too long is held: cut short, it would be another person's
