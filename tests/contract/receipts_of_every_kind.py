"""One receipt of every kind a store rings up, made by hand, with what D365 must have of it, worked out by hand.

The expected figures are D365's: goods sold and their taxes negative, money received positive (D365 facts §3.1).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import MappingRow, Mappings, map_transaction
from shared.retail.reversal import reversal_of
from shared.retail.transaction import (
    CashMovement,
    Discount,
    ForeignMoney,
    Kind,
    Line,
    LineKind,
    Link,
    LinkRole,
    Rounding,
    RoundingReason,
    Tax,
    Tender,
    TenderRole,
    TenderStatus,
    TenderType,
    Transaction,
)
from tests.contract.posting_world import SETUP
from tests.unit.builders import DAY, refund, sale
from tests.unit.test_mapping import ROWS

D = Decimal
METHODS = (
    ("1", "Cash", "110110"), ("2", "Card", "110180"), ("6", "Euro", "110160"), ("8", "Gift card", "110190"),
)  # fmt: skip
TENDERS = {"CASH": "1", "CARD": "2", "EUR": "6", "GIFT": "8"}
RULES = Mappings(
    1,
    {key: (MappingRow(values, 1),) for key, values in ROWS.items()}
    | {
        ("tenders", "*", code): (MappingRow({"store": "*", "tender": code, "payment_method": method}, 1),)
        for code, method in TENDERS.items()
    }
    | {
        ("items", "GIFT"): (MappingRow({"item": "GIFT", "item_number": "GIFT", "unit": "ea"}, 1),),
        ("taxes", "CITY"): (MappingRow({"code": "CITY", "tax_code": "CITY", "item_tax_group": "FULL"}, 1),),
        ("taxes", "FREE"): (MappingRow({"code": "FREE", "tax_code": "FREE", "item_tax_group": "FULL"}, 1),),
        ("taxes", "NONE"): (MappingRow({"code": "NONE", "tax_code": "", "item_tax_group": ""}, 1),),
    },
)
_CODES = ["V20", "CITY", "FREE"]
EVERY_KIND_SETUP = SETUP | {
    "tax_codes": [{"dataAreaId": "usrt", "TaxCodeId": code, "Value": "20"} for code in _CODES],
    "tax_groups": [{"dataAreaId": "usrt", "TaxGroupCode": "NYT", "codes": _CODES}],
    "tax_item_groups": [{"dataAreaId": "usrt", "TaxItemGroupCode": "FULL", "codes": _CODES}],
    "tender_types": [
        {
            "dataAreaId": "usrt", "RetailChannelId": "5637", "PaymentMethodNumber": number, "Name": name,
            "LedgerDimensionDisplayValue": account, "CountingRequired": "No",
        }
        for number, name, account in METHODS
    ],
    "items": [*SETUP["items"], {"dataAreaId": "usrt", "ItemNumber": "GIFT", "SalesUnitSymbol": "ea", "Stocked": "No"}],
}  # fmt: skip


def item(number: int, quantity: str, gross: str, *taxes: Tax, off: str = "", **more: object) -> Line:
    discounts = (Discount(D(off)),) if off else ()
    net = D(gross) - D(off or 0)
    price = abs(D(gross) / D(quantity)) if D(quantity) else D(0)
    return Line(
        number, "1001", D(quantity), D(gross), net, unit_price=price, unit="ea", discounts=discounts, taxes=taxes,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def vat(amount: str, *, inclusive: bool = False) -> Tax:
    return Tax("VAT20", D(amount), rate=D(20), inclusive=inclusive)


def gift(number: int, amount: str, kind: LineKind) -> Line:
    return Line(number, "GIFT", D(1), D(amount), D(amount), kind=kind, unit="ea", unit_price=D(amount))


def pay(number: int, code: str, amount: str, role: TenderRole = TenderRole.PAYMENT, **more: object) -> Tender:
    kinds = {
        "CASH": TenderType.CASH,
        "CARD": TenderType.CARD,
        "EUR": TenderType.FOREIGN_CASH,
        "GIFT": TenderType.GIFT_CARD,
    }
    return Tender(number, kinds[code], code, D(amount), role=role, **more)  # type: ignore[arg-type]


FIRST = Link(LinkRole.ORIGINAL, transaction_id="T1", terminal="1", line_number=1, receipt_number="S1-1-0001")
BACK, CHANGE = TenderRole.REFUND, TenderRole.CHANGE
SOLD_BACK = item(1, "-1", "-10.00", vat("-2.00"))


def _receipt(number: int, lines: tuple[Line, ...], *tenders: Tender, **more: object) -> Transaction:
    return sale(number, lines=lines, tenders=tenders, **more)


# name -> (receipt, gross, net, payment, discount, items, item lines, payment lines, is a return) as D365 must have it
KINDS: dict[str, tuple[Transaction, tuple[str, ...]]] = {
    "golden sale": (sale(1), ("-24", "-20", "24", "0", "2", "1", "2", "No")),
    "golden return": (
        refund(2, links=(FIRST,)), ("12", "10", "-12", "0", "1", "1", "1", "Yes"),
    ),
    "return without its receipt": (
        _receipt(3, (SOLD_BACK,), pay(1, "CASH", "-12.00", BACK)), ("12", "10", "-12", "0", "1", "1", "1", "Yes"),
    ),
    "exchange up": (
        _receipt(4, (SOLD_BACK, item(2, "1", "15.00", vat("3.00"))), pay(1, "CARD", "6.00")),
        ("-6", "-5", "6", "0", "2", "2", "1", "No"),
    ),
    "exchange down": (
        _receipt(5, (SOLD_BACK, item(2, "1", "5.00", vat("1.00"))), pay(1, "CASH", "-6.00", BACK)),
        ("6", "5", "-6", "0", "2", "2", "1", "No"),
    ),
    "even exchange": (
        _receipt(6, (SOLD_BACK, item(2, "1", "10.00", vat("2.00")))), ("0", "0", "0", "0", "2", "2", "0", "No"),
    ),
    "gift card issued and loaded": (
        _receipt(
            7, (gift(1, "25.00", LineKind.GIFT_CARD_ISSUE), gift(2, "10.00", LineKind.GIFT_CARD_LOAD)),
            pay(1, "CARD", "35.00"),
        ),
        ("-35", "-35", "35", "0", "2", "2", "1", "No"),
    ),
    "gift card redeemed": (
        _receipt(8, (item(1, "2", "20.00", vat("4.00")),), pay(1, "GIFT", "20.00"), pay(2, "CASH", "4.00")),
        ("-24", "-20", "24", "0", "2", "1", "2", "No"),
    ),
    "cash rounding": (
        _receipt(
            9, (item(1, "1", "9.99", vat("2.00")),), pay(1, "CASH", "12.00"),
            rounding=(Rounding(RoundingReason.CASH, D("0.01"), 1),),
        ),
        ("-11.99", "-9.99", "12", "0", "1", "1", "1", "No"),
    ),
    "a line of nothing": (
        _receipt(10, (item(1, "0", "0.00"), item(2, "1", "10.00", vat("2.00"))), pay(1, "CASH", "12.00")),
        ("-12", "-10", "12", "0", "1", "2", "1", "No"),
    ),
    "a receipt of nothing": (
        _receipt(11, (item(1, "1", "10.00", off="10.00"),)), ("0", "0", "0", "10", "1", "1", "0", "No"),
    ),
    "tax in the price": (
        _receipt(
            12, (item(1, "1", "12.00", vat("2.00", inclusive=True)),), pay(1, "CASH", "12.00"), prices_include_tax=True
        ),
        ("-12", "-10", "12", "0", "1", "1", "1", "No"),
    ),
    "two taxes and one exempt": (
        _receipt(
            13,
            (
                item(1, "1", "10.00", vat("2.00"), Tax("CITY", D("0.10"), rate=D(1))),
                item(2, "1", "5.00", Tax("FREE", D(0), rate=D(0), exempt_reason="charity")),
            ),
            pay(1, "CASH", "17.10"),
        ),
        ("-17.1", "-15", "17.1", "0", "2", "2", "1", "No"),
    ),
    "foreign money": (
        _receipt(
            14, (item(1, "2", "20.00", vat("4.00")),),
            pay(1, "EUR", "24.00", fx=ForeignMoney("EUR", D("20.00"), D("1.2"))),
        ),
        ("-24", "-20", "24", "0", "2", "1", "1", "No"),
    ),
    "discount, two tenders, one that failed, change": (
        _receipt(
            15, (item(1, "2", "20.00", vat("3.80"), off="1.00"),), pay(1, "CARD", "10.00"),
            pay(2, "CARD", "9.00", status=TenderStatus.FAILED), pay(3, "CASH", "20.00"), pay(4, "CASH", "-7.20", CHANGE),
        ),
        ("-22.8", "-19", "22.8", "1", "2", "1", "3", "No"),
    ),
    "return of a discounted line": (
        _receipt(16, (item(1, "-1", "-10.00", vat("-1.90"), off="-0.50"),), pay(1, "CASH", "-11.40", BACK)),
        ("11.4", "9.5", "-11.4", "-0.5", "1", "1", "1", "Yes"),
    ),
    "paid out": (
        sale(
            17, kind=Kind.PAID_OUT, lines=(), tenders=(), cash_movement=CashMovement("CASH", D("-8.00"), "WINDOW")
        ),
        ("0", "0", "-8", "0", "0", "0", "1", "No"),
    ),
}  # fmt: skip


def mapped_of(transaction: Transaction) -> MappedTransaction:
    outcome = map_transaction(transaction, DAY, RULES, ())
    assert isinstance(outcome, MappedTransaction), outcome
    return outcome


def every_kind() -> dict[str, MappedTransaction]:
    """Give them mapped, and the reversal of the one with change, a discount and two tenders."""
    found = {}
    for name, (transaction, _) in KINDS.items():
        if name == "golden return":
            (line,) = transaction.lines
            transaction = replace(transaction, lines=(replace(line, original=FIRST),))
        found[name] = mapped_of(transaction)
    original = found["discount, two tenders, one that failed, change"]
    key = replace(original.key, transaction_number="east:T15.rev")
    found["reversal"] = reversal_of(original, key, DAY)
    return found


EXPECTED = {name: figures for name, (_, figures) in KINDS.items()} | {
    "reversal": ("22.8", "19", "-22.8", "-1", "2", "1", "3", "Yes")
}
