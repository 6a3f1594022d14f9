"""The last look at a receipt's rows before they may go: D365's own rules, worked out again from the rows alone.

Everything that headquarters' validation would refuse (D365 facts §3.3) is named here first, by the same name. The
arithmetic shares nothing with `shared.d365.rows`, which writes the rows: what is added up there is added up here from
what was written. What needs D365's reference data is asked of `shared.retail.reference`, where unknown is not judged.

Sums are of rows that are not voided. Amounts carry D365's sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shared.d365 import entities
from shared.d365.values import Row, decimal_text
from shared.retail import d365_rules as rule
from shared.retail.d365_rules import Broken
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.money import has_whole_minor_units
from shared.retail.reference import NOTHING, is_broken

Rows = Mapping[str, Sequence[Row]]
Question = tuple[str, tuple[str, ...]]
_ZERO = Decimal(0)
_AMOUNTS = {
    entities.HEADERS: ("GrossAmount", "NetAmount", "PaymentAmount", "DiscountAmount", "IncomeExpenseAmount"),
    entities.SALES_LINES: (
        "NetAmount", "NetAmountInclusiveTax", "SalesTaxAmount", "CashDiscountAmount", "LineDiscount",
    ),
    entities.PAYMENTS: ("AmountTendered",),
    entities.TAXES: ("TaxAmount",),
    entities.DISCOUNTS: ("DiscountAmount",),
    entities.INCOME_EXPENSES: ("Amount",),
}  # fmt: skip
# Entities of a receipt of which we write no row, so that one would be a mistake. D365 facts §2.1 name it in the table.
CHARGES = "Retail Transaction charges"


def broken_rules(rows: Rows, store: StoreSetup, mappings: Mappings) -> tuple[Broken, ...]:
    """Give every rule that the rows of one receipt break, each once, arithmetic first.

    rows: by entity label as `transaction_rows` gives them, one header among them.
    """
    receipt = _Receipt.of(rows)
    found: dict[tuple[str, tuple[str, ...]], Broken] = {}
    for one in (*_arithmetic(receipt), *_by_reference(receipt, store, mappings)):
        found.setdefault((one.rule, one.parts), one)
    return tuple(found.values())


@dataclass(slots=True)
class _Receipt:
    """The rows that count, children by their line."""

    header: Row
    lines: list[Row]
    payments: list[Row]
    moved: list[Row]
    every: Rows
    taxes: dict[str, list[Row]] = field(default_factory=dict)
    discounts: dict[str, list[Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Rows) -> _Receipt:
        labels = (entities.SALES_LINES, entities.PAYMENTS, entities.INCOME_EXPENSES)
        lines, payments, moved = ([one for one in rows.get(label, ()) if _counts(one)] for label in labels)
        receipt = cls(rows[entities.HEADERS][0], lines, payments, moved, rows)
        every = rows.get(entities.SALES_LINES, ())
        voided = {_number(one, "LineNumber") for one in every if not _counts(one)}
        for label, by_line in ((entities.TAXES, receipt.taxes), (entities.DISCOUNTS, receipt.discounts)):
            for row in rows.get(label, ()):
                number = _number(row, "SalesLineNumber")
                if number not in voided:
                    by_line.setdefault(number, []).append(row)
        return receipt


def _arithmetic(receipt: _Receipt) -> Iterator[Broken]:
    yield from _decimals(receipt)
    yield from _header_sums(receipt)
    yield from _header_words(receipt)
    for line in receipt.lines:
        yield from _line_sums(line, receipt)
        yield from _line_signs(line)
        yield from _line_words(line)
    numbers = {_number(line, "LineNumber") for line in receipt.lines}
    for name, children in ((rule.LINE_TAX, receipt.taxes), (rule.LINE_DISCOUNT, receipt.discounts)):
        for number in children.keys() - numbers:
            yield Broken(name, found=f"there is no sales line {number}")


def _decimals(receipt: _Receipt) -> Iterator[Broken]:
    currency = str(receipt.header["Currency"])
    for label, names in _AMOUNTS.items():
        for row in receipt.every.get(label, ()):
            for name in names:
                if not has_whole_minor_units(_amount(row, name), currency):
                    found = f"{name} {decimal_text(_amount(row, name))} is finer than {currency}"
                    yield Broken(rule.ROUNDING, found=found)


def _header_sums(receipt: _Receipt) -> Iterator[Broken]:
    header, lines = receipt.header, receipt.lines
    gross, net = _sum(lines, "NetAmountInclusiveTax"), _sum(lines, "NetAmount")
    taxes = sum((_sum(rows, "TaxAmount") for rows in receipt.taxes.values()), _ZERO)
    compared = (
        (rule.DISCOUNT, "DiscountAmount", _sum(lines, "CashDiscountAmount")),
        (rule.GROSS, "GrossAmount", gross),
        (rule.NET, "NetAmount", net),
        (rule.NET_TAX, "GrossAmount", net + taxes),
        (rule.PAYMENT, "PaymentAmount", _sum(receipt.payments, "AmountTendered")),
        (rule.ITEMS, "NumberOfItems", sum((abs(_amount(line, "Quantity")) for line in lines), _ZERO)),
        (rule.ITEMS, "NumberOfItemLines", Decimal(len(lines))),
        (rule.ITEMS, "NumberOfPaymentLines", Decimal(len(receipt.payments))),
        (rule.INCOME, "IncomeExpenseAmount", _sum(receipt.moved, "Amount")),
    )
    for name, column, expected in compared:
        yield from _differs(name, column, _amount(header, column), expected)


def _header_words(receipt: _Receipt) -> Iterator[Broken]:
    header = receipt.header
    if not receipt.lines and not receipt.moved:
        yield Broken(rule.NOT_EMPTY, found="there is no line that counts")
    included = header.get("IsTaxIncludedInPrice", "No")
    for row in (one for rows in receipt.taxes.values() for one in rows):
        if row.get("IsTaxIncludedInPrice", "No") != included:
            yield Broken(rule.TAX_INCLUDED, found=f"the receipt says {included}, a tax line does not")
    exempted = any(_amount(line, "TaxExemptPriceInclusiveReductionAmount") for line in receipt.lines)
    if exempted != (header.get("IsTaxExemptedForPriceInclusive") == "Yes"):
        yield Broken(rule.EXEMPT_HEADER, found="receipt and lines differ on whether tax was exempted")
    if receipt.every.get(CHARGES):
        yield Broken(rule.CHARGES, found="there is a charge, and we send none")


def _line_sums(line: Row, receipt: _Receipt) -> Iterator[Broken]:
    number = _number(line, "LineNumber")
    discount = _sum(receipt.discounts.get(number, ()), "DiscountAmount")
    parts = sum(
        (_amount(line, name) for name in ("LineDiscount", "PeriodicDiscountAmount", "TotalDiscount")), _ZERO
    )
    where = f"line {number}: "
    yield from _differs(
        rule.LINE_DISCOUNT, f"{where}CashDiscountAmount", _amount(line, "CashDiscountAmount"), discount
    )
    yield from _differs(rule.LINE_DISCOUNT, f"{where}its parts", parts, discount)
    tax = _sum(receipt.taxes.get(number, ()), "TaxAmount")
    yield from _differs(rule.LINE_TAX, f"{where}SalesTaxAmount", _amount(line, "SalesTaxAmount"), tax)
    exempted = _amount(line, "TaxExemptPriceInclusiveReductionAmount")
    if exempted:
        original = _amount(line, "TaxExemptPriceInclusiveOriginalPrice")
        yield from _differs(rule.EXEMPT, f"{where}Price", _amount(line, "Price") + exempted, original)


def _line_signs(line: Row) -> Iterator[Broken]:
    quantity, net, price = (_amount(line, name) for name in ("Quantity", "NetAmount", "Price"))
    number = _number(line, "LineNumber")
    if price < 0:
        yield Broken(rule.NEGATIVE_PRICE, found=f"line {number} has the price {decimal_text(price)}")
    if quantity * net < 0 or (not quantity and net):
        found = f"line {number}: quantity {decimal_text(quantity)} against {decimal_text(net)}"
        yield Broken(rule.SIGN, found=found)
    if line.get("GiftCard") == "Yes" and quantity > 0:
        yield Broken(rule.GIFT_CARD, found=f"line {number} takes a gift card back")


def _line_words(line: Row) -> Iterator[Broken]:
    """What we do not send, because D365 would judge it against what only the till knows: bar codes."""
    number = _number(line, "LineNumber")
    if line.get("BarCode"):
        yield Broken(
            rule.BARCODE, found=f"line {number} names the bar code {line['BarCode']}, and we send none"
        )


def _by_reference(receipt: _Receipt, store: StoreSetup, mappings: Mappings) -> Iterator[Broken]:
    """Ask each question once: a receipt's lines share their groups, and often their items."""
    asked = dict.fromkeys((*_of_header(receipt, store), *_of_lines(receipt, store)))
    yield from (Broken(name, parts) for name, parts in asked if is_broken(mappings, name, parts))


def _of_header(receipt: _Receipt, store: StoreSetup) -> Iterator[Question]:
    header = receipt.header
    company, unit = str(header["dataAreaId"]), str(header["OperatingUnitNumber"])
    yield rule.BUSINESS_DATE, (company, str(header["businessDate"])[:10])
    yield rule.CUSTOMER, (company, str(header["CustomerAccount"]))
    yield rule.STORE, (store.store_number, company, unit, store.channel_id)
    yield rule.TILL, (str(header["Terminal"]), store.store_number)
    yield rule.WAREHOUSE, (company, str(header["Warehouse"]))
    due = _amount(header, "GrossAmount") + _amount(header, "IncomeExpenseAmount")
    difference = due + _amount(header, "PaymentAmount")
    if difference:
        yield rule.UNDER_OVER, (store.store_number, decimal_text(difference))
    for row in receipt.payments:
        method = (company, store.channel_id, str(row["TenderType"]))
        yield rule.METHOD, method
        yield rule.METHOD_ACCOUNT, method
    for row in receipt.moved:
        yield rule.ACCOUNT, (company, str(row["AccountNumber"]), str(row["AccountType"]))


def _of_lines(receipt: _Receipt, store: StoreSetup) -> Iterator[Question]:
    company = store.legal_entity
    for line in receipt.lines:
        item = (company, str(line["ItemId"]))
        for name in (rule.ITEM, rule.ITEM_BLOCKED):
            yield name, item
        if not line.get("VariantNumber"):
            yield rule.VARIANT, item
        yield rule.SERIAL_REFUSED if line.get("SerialNumber") else rule.SERIAL_NEEDED, item
        if line.get("Unit"):
            yield rule.UNIT, (*item, str(line["Unit"]))
        if line.get("Warehouse"):
            yield rule.WAREHOUSE, (company, str(line["Warehouse"]))
        taxes = [str(row["TaxCode"]) for row in receipt.taxes.get(_number(line, "LineNumber"), ())]
        group, item_group = str(line["SalesTaxGroup"]), str(line["ItemSalesTaxGroup"])
        yield rule.TAX_GROUP, (company, group)
        yield rule.ITEM_TAX_GROUP, (company, item_group)
        yield rule.TAX_GROUPS, (company, group, item_group, " ".join(sorted(taxes)) or NOTHING)
        for code in taxes:
            yield rule.TAX_CODE, (company, code)


def _differs(name: str, what: str, found: Decimal, expected: Decimal) -> Iterator[Broken]:
    if found != expected:
        yield Broken(name, found=f"{what} is {decimal_text(found)}, its rows make {decimal_text(expected)}")


def _counts(row: Row) -> bool:
    return row.get("TransactionStatus") != "Voided"


def _sum(rows: Iterable[Row], name: str) -> Decimal:
    return sum((_amount(row, name) for row in rows), _ZERO)


def _amount(row: Row, name: str) -> Decimal:
    value = row.get(name, _ZERO)
    return value if isinstance(value, Decimal) else Decimal(value)


def _number(row: Row, name: str) -> str:
    return decimal_text(_amount(row, name))
