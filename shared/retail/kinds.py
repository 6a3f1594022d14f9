"""The closed lists of words in a transaction: kinds, states and roles."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What kind of thing happened at the terminal."""

    SALES = "SALES"
    ACCOUNT_PAYMENT = "ACCOUNT_PAYMENT"
    CUSTOMER_DEPOSIT = "CUSTOMER_DEPOSIT"
    POST_VOID = "POST_VOID"
    PAID_IN = "PAID_IN"
    PAID_OUT = "PAID_OUT"
    FLOAT = "FLOAT"
    PICKUP = "PICKUP"
    SAFE_DROP = "SAFE_DROP"
    BANK_DROP = "BANK_DROP"
    TENDER_EXCHANGE = "TENDER_EXCHANGE"
    TENDER_ADJUSTMENT = "TENDER_ADJUSTMENT"
    TIP_OUT = "TIP_OUT"
    TENDER_DECLARATION = "TENDER_DECLARATION"
    SHIFT_OPEN = "SHIFT_OPEN"
    SHIFT_SUSPEND = "SHIFT_SUSPEND"
    SHIFT_RESUME = "SHIFT_RESUME"
    SHIFT_BLIND_CLOSE = "SHIFT_BLIND_CLOSE"
    SHIFT_CLOSE = "SHIFT_CLOSE"
    NO_SALE = "NO_SALE"


class TillStatus(StrEnum):
    """How the terminal left it. Only COMPLETED may reach D365."""

    COMPLETED = "COMPLETED"
    VOIDED = "VOIDED"
    SUSPENDED = "SUSPENDED"
    PENDING = "PENDING"
    FAILED = "FAILED"


_UNFINISHED = frozenset({TillStatus.SUSPENDED, TillStatus.PENDING, TillStatus.FAILED})


def was_unfinished(kind: Kind, status: TillStatus, *, training: bool) -> bool:
    """Say whether a receipt counts for nothing because its till had not finished it, or practised: it may yet be rung up.

    One that was voided is finished; so is every movement of cash and of shifts, whatever its words.
    """
    return kind is Kind.SALES and (training or status in _UNFINISHED)


class LineKind(StrEnum):
    ITEM = "ITEM"
    SERVICE = "SERVICE"
    SHIPPING = "SHIPPING"
    CHARGE = "CHARGE"
    TIP = "TIP"
    GIFT_CARD_ISSUE = "GIFT_CARD_ISSUE"
    GIFT_CARD_LOAD = "GIFT_CARD_LOAD"
    CUSTOMER_DEPOSIT = "CUSTOMER_DEPOSIT"
    CONTAINER_DEPOSIT = "CONTAINER_DEPOSIT"
    DONATION = "DONATION"
    GOODWILL = "GOODWILL"


class TenderType(StrEnum):
    CASH = "CASH"
    CARD = "CARD"
    GIFT_CARD = "GIFT_CARD"
    STORE_CREDIT = "STORE_CREDIT"
    VOUCHER = "VOUCHER"
    COUPON = "COUPON"
    ON_ACCOUNT = "ON_ACCOUNT"
    LOYALTY = "LOYALTY"
    WALLET = "WALLET"
    BNPL = "BNPL"
    CHECK = "CHECK"
    BANK = "BANK"
    FOREIGN_CASH = "FOREIGN_CASH"
    EXTERNAL = "EXTERNAL"
    OTHER = "OTHER"


class TenderRole(StrEnum):
    """PAYMENT is money in (+); the others are money out (-)."""

    PAYMENT = "PAYMENT"
    CHANGE = "CHANGE"
    CASHBACK = "CASHBACK"
    REFUND = "REFUND"


class TenderStatus(StrEnum):
    CAPTURED = "CAPTURED"
    AUTHORISED = "AUTHORISED"
    PENDING = "PENDING"
    VOIDED = "VOIDED"
    FAILED = "FAILED"


class LinkRole(StrEnum):
    ORIGINAL = "ORIGINAL"
    EXCHANGE_OF = "EXCHANGE_OF"
    VOIDS = "VOIDS"
    RESUMES = "RESUMES"
    ORDER = "ORDER"


class RoundingReason(StrEnum):
    CASH = "CASH"
    TAX = "TAX"
    CONVERSION = "CONVERSION"
    RESIDUAL = "RESIDUAL"


class Disposition(StrEnum):
    """What became of the goods that came back."""

    RESTOCK = "RESTOCK"
    NO_RESTOCK = "NO_RESTOCK"
    SCRAP = "SCRAP"
    CANCEL = "CANCEL"
