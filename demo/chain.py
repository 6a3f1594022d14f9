"""What the chain is like where the data says nothing: its company, tenders, taxes, tills. All of it assigned, none given."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from demo.chance import chance

ACCOUNT = "canonical-east"  # the source account all tills send through
LEGAL_ENTITY = "usrt"
CURRENCY = "USD"
TILLS_MAX = 4
BASKETS_PER_TILL = 5
ROUNDING_STEP = Decimal("0.05")
ROUNDING_SHARE = 0.2  # of the stores round what is paid in cash to five cents
GIFT_CARD_ITEM = "GIFTCARD"
OPENING_FLOAT = Decimal("150.00")


@dataclass(frozen=True, slots=True)
class TenderKind:
    """A way to pay: the tills' code and type, and the payment method it is in D365 with its ledger account."""

    code: str
    type: str
    method: str
    name: str
    function: str
    ledger_account: str


_TENDERS = (
    TenderKind("CASH", "CASH", "1", "Cash", "Normal", "110110"),
    TenderKind("VISA", "CARD", "2", "Visa", "Card", "110210"),
    TenderKind("MASTERCARD", "CARD", "3", "Mastercard", "Card", "110220"),
    TenderKind("AMEX", "CARD", "4", "American Express", "Card", "110230"),
    TenderKind("DEBIT", "CARD", "5", "Debit card", "Card", "110240"),
    TenderKind("GIFTCARD", "GIFT_CARD", "6", "Gift card", "Normal", "210310"),
    TenderKind("COUPON", "COUPON", "7", "Manufacturer coupon", "Normal", "130410"),
)
TENDERS: Mapping[str, TenderKind] = {one.code: one for one in _TENDERS}
NEW_TENDERS: Mapping[str, TenderKind] = {  # what the tills may begin to take before anybody has mapped it
    code: TenderKind(code, "BNPL", "8", name, "Normal", "130510")
    for code, name in (("KLARNA", "Klarna In-Store"), ("AFTERPAY", "Afterpay"), ("SEZZLE", "Sezzle"))
}


@dataclass(frozen=True, slots=True)
class TaxKind:
    """A sales tax added to the price: the tills' code, its rate in percent, and D365's code and item tax group."""

    code: str
    rate: Decimal
    tax_code: str
    item_tax_group: str


FOOD_TAX = TaxKind("NYFOOD", Decimal("0.000"), "NYFOOD", "FOOD")
GENERAL_TAX = TaxKind("NYGEN", Decimal("8.875"), "NYGEN", "GENERAL")
TAXES = (FOOD_TAX, GENERAL_TAX)
TAX_GROUP = "NY"
UNTAXED_ITEM_GROUP = "UNTAXED"  # gift cards carry no tax
TAXED_OF_TEN = 3


def tax_of(product: str) -> TaxKind:
    """Give the tax of a product: three of ten are taxed, chosen by a checksum of the product's number."""
    return GENERAL_TAX if zlib.crc32(product.encode()) % 10 < TAXED_OF_TEN else FOOD_TAX


def rounds_cash(seed: int, store: str) -> bool:
    """Say whether a store rounds what is paid in cash to five cents."""
    return chance(seed, "rounds cash", store).random() < ROUNDING_SHARE


def tills_of(seed: int, store: str, baskets: int) -> tuple[str, ...]:
    """Name the tills that a store runs: one to four, more where more is bought."""
    wanted = 1 + baskets // BASKETS_PER_TILL + chance(seed, "tills", store).choice((0, 0, 1))
    return tuple(str(number) for number in range(1, min(wanted, TILLS_MAX) + 1))


def operator_of(seed: int, store: str, till: str, shift: str) -> str:
    """Name who works a till in a shift: a number, never a person."""
    return f"{store}-{chance(seed, 'operator', store, till, shift).randint(11, 39)}"


def warehouse_of(store: str) -> str:
    """Give a store's warehouse in D365; returned goods that are not for sale again have two of their own (`aside`)."""
    return f"W{store}"


def aside(store: str, what: str) -> str:
    """Give the warehouse of a store's goods in quarantine ("Q") or scrapped ("S")."""
    return f"{warehouse_of(store)}{what}"


def register_of(store: str, till: str) -> str:
    """Give a till's register number in D365."""
    return f"{store}-{till}"
