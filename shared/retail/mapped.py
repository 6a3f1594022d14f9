"""A transaction with every code resolved to D365's: what posting sends. Still in the store's sign.

Nothing here knows how D365 spells a field; `shared.d365.rows` does, and turns the sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from shared.retail.business_day import closing_hour, day_ends_at, store_zone
from shared.retail.transaction import Counted, Line, Tender, Transaction


def folded(text: str) -> str:
    """Give a key's text as D365 compares it: capitals and blanks at the end tell nothing apart."""
    return text.rstrip().lower()


@dataclass(frozen=True, slots=True, eq=False)
class D365Key:
    """The four values that name a retail transaction in D365; frozen when it first enters a package.

    legal_entity <= 4 characters, terminal <= 10 (the register), transaction_number <= 44. Two keys are equal where they are
    one to D365, so that a row it has under another spelling is never taken for absent.
    """

    legal_entity: str
    operating_unit: str
    terminal: str
    transaction_number: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, D365Key) and self.as_compared == other.as_compared

    def __hash__(self) -> int:
        return hash(self.as_compared)

    @property
    def as_compared(self) -> tuple[str, str, str, str]:
        """The four values as D365 compares them."""
        return (
            folded(self.legal_entity), folded(self.operating_unit), folded(self.terminal), folded(self.transaction_number),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoreSetup:
    """One store as D365 knows it, from the stores table. grace_minutes: from its closing to its statement; None: as set."""

    store: str
    legal_entity: str
    store_number: str
    operating_unit: str
    channel_id: str
    warehouse: str
    site: str
    tax_group: str
    currency: str
    prices_include_tax: bool
    time_zone: str
    closing_time: str
    customer_account: str
    account: str
    rounding_limit: Decimal
    grace_minutes: int | None = None
    quarantine_warehouse: str = ""
    scrap_warehouse: str = ""
    no_receipt_limit: Decimal | None = None


def store_setup(values: Mapping[str, str]) -> StoreSetup:
    """Read a store's set-up from its row of the stores mapping."""
    return StoreSetup(
        store=values["store"],
        legal_entity=values["legal_entity"],
        store_number=values["store_number"],
        operating_unit=values["operating_unit"],
        channel_id=values.get("channel_id", ""),
        warehouse=values.get("warehouse", ""),
        site=values.get("site", ""),
        tax_group=values.get("tax_group", ""),
        currency=values["currency"],
        prices_include_tax=values.get("prices_include_tax", "").lower() in ("yes", "true", "1"),
        time_zone=values["time_zone"],
        closing_time=values.get("closing_time", "00:00") or "00:00",
        customer_account=values.get("customer_account", ""),
        account=values.get("account", ""),
        rounding_limit=Decimal(values.get("rounding_limit") or "0"),
        grace_minutes=int(values["grace_minutes"]) if values.get("grace_minutes") else None,
        quarantine_warehouse=values.get("quarantine_warehouse", ""),
        scrap_warehouse=values.get("scrap_warehouse", ""),
        no_receipt_limit=Decimal(values["no_receipt_limit"]) if values.get("no_receipt_limit") else None,
    )


def statement_at(store: StoreSetup, day: date, grace_minutes: int) -> datetime:
    """Give when a store-day is compiled: after its end and the store's own grace, or where it has none the one given."""
    ends_at = day_ends_at(day, store_zone(store.time_zone), closing_hour(store.closing_time))
    return ends_at + timedelta(minutes=grace_minutes if store.grace_minutes is None else store.grace_minutes)


@dataclass(frozen=True, slots=True)
class MappedLine:
    """A sales line: our line, D365's item, unit and tax groups; `tax_codes` run beside `line.taxes`.

    returns: the key and line number of the original, when it is known.
    warehouse: where stock moves (a return may go to quarantine); "" moves no stock.
    """

    line: Line
    item_number: str
    unit: str
    warehouse: str
    sales_tax_group: str
    item_tax_group: str
    tax_codes: tuple[str, ...] = ()
    returns: tuple[D365Key, int] | None = None


@dataclass(frozen=True, slots=True)
class LinkedPayment:
    """The payment that a refund gives back: its receipt's key, its store's number, its line, its currency."""

    key: D365Key
    store_number: str
    line_number: int
    currency: str


@dataclass(frozen=True, slots=True)
class MappedTender:
    """A payment with D365's payment method; `refunds` is what it gives back, where that is known."""

    tender: Tender
    payment_method: str
    refunds: LinkedPayment | None = None


@dataclass(frozen=True, slots=True)
class MappedTransaction:
    """Everything one receipt needs in D365. shift is the till's own
    name of the shift it counts for, shift_number D365's Int64 id of it (BatchID), shift_register the register that
    owns it ("": the receipt's own).

    counted: what a tender declaration counted, with D365's payment method; declared_as: the data entity that takes it.
    tax_as_pos: D365 keeps taxes in the till's sign here, not in that of the net amount (a setting of the environment).
    """

    key: D365Key
    transaction: Transaction
    store: StoreSetup
    business_day: date
    local_completed_at: datetime
    lines: tuple[MappedLine, ...]
    tenders: tuple[MappedTender, ...]
    shift: str = ""
    shift_number: int | None = None
    income_account: str = ""
    income_account_type: str = ""
    mapping_version: int = 0
    counted: tuple[tuple[Counted, str], ...] = ()
    declared_as: str = ""
    tax_as_pos: bool = False
    shift_register: str = ""


@dataclass(frozen=True, slots=True)
class MappedShift:
    """A closed shift on its way to D365, with the figures of its receipts."""

    legal_entity: str
    operating_unit: str
    store_number: str
    terminal: str
    shift_number: int
    business_day: date
    opened_at: datetime
    closed_at: datetime
    time_zone: str
    transactions: int
    sales_count: int
    returns_count: int
    sales_total: Decimal
    returns_total: Decimal
    tax_total: Decimal
    discount_total: Decimal
    rounded_total: Decimal
