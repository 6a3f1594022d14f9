"""Headquarters' validation rules on a receipt's lines, by Microsoft's names (D365 facts §3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.reference import Item
from simulator.rule_case import Case, Finding, compared, line_label, plain, shared_codes, total
from simulator.values import ZERO, Values, decimal_of, text_of

LineRule = Callable[[Case, Values], Iterator[Finding]]


def _item(case: Case, row: Values) -> Item | None:
    return case.reference.items.get((case.store.data_area, text_of(row, "ItemId")))


def barcode_exists(case: Case, row: Values) -> Iterator[Finding]:
    """A bar code given is one of the item's."""
    item, barcode = _item(case, row), text_of(row, "BarCode")
    if item and barcode and barcode not in item.barcodes:
        yield line_label(row), f"The bar code '{barcode}' does not exist for item {item.number}."


def gift_card_returns(_: Case, row: Values) -> Iterator[Finding]:
    """Gift cards do not come back."""
    if row.get("GiftCard") == "Yes" and decimal_of(row, "Quantity") > 0:
        yield line_label(row), "A gift card cannot be returned."


def item_variant_exists(case: Case, row: Values) -> Iterator[Finding]:
    """The item is there still; a product with variants is sold as one of them, and no other is named."""
    item, variant = _item(case, row), text_of(row, "VariantNumber")
    if item is None:
        yield line_label(row), f"The item '{text_of(row, 'ItemId')}' does not exist."
    elif variant not in item.variants if variant or item.variants else False:
        yield line_label(row), f"The variant '{variant}' does not exist for item {item.number}."


def line_discount(case: Case, row: Values) -> Iterator[Finding]:
    """The line's discount, in total and by its parts, is that of its discount lines and has the sign it must have."""
    expected = total(case.discounts.get(decimal_of(row, "LineNumber"), []), "DiscountAmount")
    parts = sum(
        (decimal_of(row, name) for name in ("LineDiscount", "PeriodicDiscountAmount", "TotalDiscount")), ZERO
    )
    yield from compared(
        decimal_of(row, "CashDiscountAmount"), expected, "The discount of the line", line_label(row)
    )
    yield from compared(parts, expected, "Line, periodic and total discount of the line", line_label(row))
    returned = decimal_of(row, "Quantity") > 0 and case.switches.discount_sign_on_returns == "negative"
    if expected and (expected < 0) != returned:
        yield line_label(row), f"The discount of the line has the wrong sign: {plain(expected)}."


def charge_lines(case: Case) -> Iterator[Finding]:
    """Of each charge, calculated + exempted = original, where tax was exempted; and its sales line is there."""
    known = {decimal_of(row, "LineNumber") for row in case.lines} | {ZERO}
    for row in case.charge_rows:
        label = plain(decimal_of(row, "SalesLineNumber"))
        if decimal_of(row, "SalesLineNumber") not in known:
            yield label, f"There is no sales line {label}."
        exempted = decimal_of(row, "TaxExemptPriceInclusiveReductionAmount")
        if exempted:
            expected = decimal_of(row, "TaxExemptPriceInclusiveOriginalPrice")
            found = decimal_of(row, "CalculatedAmount") + exempted
            yield from compared(found, expected, f"Charge {text_of(row, 'MarkupCode')}", label)


def line_tax(case: Case, row: Values) -> Iterator[Finding]:
    """The line's tax is that of its tax lines."""
    expected = total(case.taxes.get(decimal_of(row, "LineNumber"), []), "TaxAmount")
    yield from compared(
        decimal_of(row, "SalesTaxAmount"), expected, "The sales tax of the line", line_label(row)
    )


def negative_price(_: Case, row: Values) -> Iterator[Finding]:
    """No price is negative."""
    if decimal_of(row, "Price") < 0:
        yield line_label(row), f"The price {plain(decimal_of(row, 'Price'))} is negative."


def serial_number_controlled(case: Case, row: Values) -> Iterator[Finding]:
    """An item that needs a serial number has one."""
    item = _item(case, row)
    if item and item.serial_controlled and not text_of(row, "SerialNumber"):
        yield line_label(row), f"Item {item.number} needs a serial number."


def serial_number_dimension(case: Case, row: Values) -> Iterator[Finding]:
    """An item without serial numbers has none."""
    item = _item(case, row)
    if item and not item.serial_controlled and text_of(row, "SerialNumber"):
        yield line_label(row), f"The serial number dimension is not active for item {item.number}."


def sign_contradiction(_: Case, row: Values) -> Iterator[Finding]:
    """Quantity and net amount have the same sign; without quantity there is no amount."""
    quantity, amount = decimal_of(row, "Quantity"), decimal_of(row, "NetAmount")
    if quantity * amount < 0 or (not quantity and amount):
        yield line_label(row), f"Quantity {plain(quantity)} contradicts net amount {plain(amount)}."


def tax_exempt(_: Case, row: Values) -> Iterator[Finding]:
    """Price + what was exempted = original price, where tax was exempted."""
    exempted = decimal_of(row, "TaxExemptPriceInclusiveReductionAmount")
    if exempted:
        expected = decimal_of(row, "TaxExemptPriceInclusiveOriginalPrice")
        yield from compared(
            decimal_of(row, "Price") + exempted, expected, "Price and exempted tax", line_label(row)
        )


def tax_group_assignment(case: Case, row: Values) -> Iterator[Finding]:
    """The line's tax codes are those that its two groups share, and they share some."""
    group, item_group = text_of(row, "SalesTaxGroup"), text_of(row, "ItemSalesTaxGroup")
    shared = shared_codes(case, row)
    used = {text_of(tax, "TaxCode") for tax in case.taxes.get(decimal_of(row, "LineNumber"), [])}
    if used - (shared or frozenset()):
        yield (
            line_label(row),
            f"The tax codes {sorted(used)} are not those of groups '{group}' and '{item_group}'.",
        )
    elif shared is not None and not shared and case.switches.empty_tax_intersection == "refuse":
        yield line_label(row), f"The tax groups '{group}' and '{item_group}' share no tax code."


def unit_of_measure(case: Case, row: Values) -> Iterator[Finding]:
    """The unit is the item's sales unit or converts to it."""
    item, unit = _item(case, row), text_of(row, "Unit")
    if item and unit != item.unit and unit not in item.units:
        yield (
            line_label(row),
            f"The unit '{unit}' cannot be converted to '{item.unit}' of item {item.number}.",
        )


LINE_RULES: tuple[tuple[str, LineRule], ...] = (
    ("Barcode exists", barcode_exists),
    ("Gift card returns", gift_card_returns),
    ("Item variant exists", item_variant_exists),
    ("Line discount", line_discount),
    ("Line tax", line_tax),
    ("Negative price", negative_price),
    ("Serial number controlled", serial_number_controlled),
    ("Serial number dimension", serial_number_dimension),
    ("Sign contradiction", sign_contradiction),
    ("Tax exempt", tax_exempt),
    ("Tax group assignment", tax_group_assignment),
    ("Unit of measure conversions", unit_of_measure),
)


CHARGE_LINES = "Charge lines"


def lines_without_owner(case: Case) -> Iterator[tuple[str, Finding]]:
    """Tax and discount lines of a sales line that is not there, as findings of the rule that would miss them."""
    known = {decimal_of(row, "LineNumber") for row in case.lines}
    for rule, rows in (("Line tax", case.taxes), ("Line discount", case.discounts)):
        for number in rows.keys() - known:
            yield rule, (plain(number), f"There is no sales line {plain(number)}.")
