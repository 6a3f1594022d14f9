"""What headquarters has set up: legal entities, stores, tills, payment methods, tax, items, customers, accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """A company. open_periods: first and last day of each period that takes postings."""

    data_area: str
    currency: str
    open_periods: tuple[tuple[date, date], ...]

    def has_year(self, day: str) -> bool:
        """Whether any period of a day's calendar year exists."""
        return any(
            day[:4] in (first.isoformat()[:4], last.isoformat()[:4]) for first, last in self.open_periods
        )

    def is_open(self, day: str) -> bool:
        """Whether a day's fiscal period takes postings."""
        return bool(day) and any(
            first <= date.fromisoformat(day) <= last for first, last in self.open_periods
        )


@dataclass(frozen=True, slots=True)
class Store:
    """A shop, with how its statements are made (D365 facts §3.4).

    rounding_max: how far a receipt may be under- or overpaid. method: Staff, PosTerminal, Total or Shift; split: a statement
    for each of them; one_a_day: a financial statement covers one business day. posting_, shift_, line_difference_max: how far
    counted and transaction amounts of a statement, a shift, a line may differ. declarations: Sum, or Last.
    """

    data_area: str
    number: str
    channel: str
    operating_unit: str
    warehouse: str
    currency: str
    customer: str
    prices_include_tax: bool
    rounding_max: Decimal
    rounding_account: str
    method: str = "Shift"
    closing: str = "PosBatch"
    split: bool = False
    one_a_day: bool = True
    posting_difference_max: Decimal = Decimal(0)
    shift_difference_max: Decimal = Decimal(0)
    line_difference_max: Decimal = Decimal(0)
    declarations: str = "Sum"


@dataclass(frozen=True, slots=True)
class TenderType:
    """A store's payment method and its accounts. small_difference_max: above it a difference goes to the big account."""

    number: str
    name: str
    account: str
    counting_required: bool
    difference_account: str = ""
    big_difference_account: str = ""
    small_difference_max: Decimal = Decimal(0)
    bank_account: str = ""
    safe_account: str = ""
    flow_account: str = ""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A company's Commerce parameters. discount_account: where given discounts are shown, "" for nowhere."""

    disable_counting_required: bool = False
    discount_account: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A released product. units: besides its sales unit, those that convert to it."""

    number: str
    unit: str
    units: frozenset[str]
    barcodes: frozenset[str]
    variants: frozenset[str]
    serial_controlled: bool
    blocked: bool
    stocked: bool
    revenue_account: str = "401100"


@dataclass(slots=True)
class Reference:
    """All set-up, by the keys that rows refer to. A pair is (legal entity, code)."""

    legal_entities: dict[str, LegalEntity] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    stores_by_unit: dict[str, Store] = field(default_factory=dict)
    terminals: dict[str, str] = field(default_factory=dict)
    closing_status: dict[str, str] = field(default_factory=dict)
    tender_types: dict[tuple[str, str, str], TenderType] = field(default_factory=dict)
    tax_codes: dict[Pair, Decimal] = field(default_factory=dict)
    tax_groups: dict[Pair, frozenset[str]] = field(default_factory=dict)
    tax_item_groups: dict[Pair, frozenset[str]] = field(default_factory=dict)
    items: dict[Pair, Item] = field(default_factory=dict)
    customers: set[Pair] = field(default_factory=set)
    blocked_customers: set[Pair] = field(default_factory=set)
    parameters: dict[str, Parameters] = field(default_factory=dict)
    disabled_rules: set[str] = field(default_factory=set)
    sites: dict[Pair, str] = field(default_factory=dict)
    warehouses: dict[Pair, bool] = field(default_factory=dict)
    accounts: dict[Pair, str] = field(default_factory=dict)
    on_hand_at_start: dict[tuple[str, str, str], Decimal] = field(default_factory=dict)

    @property
    def default_company(self) -> str:
        """The company of the user that integrations act as: the first one set up."""
        return next(iter(self.legal_entities), "")

    @property
    def currencies(self) -> set[str]:
        """Every currency in use."""
        return {one.currency for one in self.legal_entities.values()} | {
            one.currency for one in self.stores.values()
        }

    def store_of_unit(self, data_area: str, operating_unit: str) -> Store | None:
        """Give the shop of an operating unit, if it belongs to this legal entity."""
        store = self.stores_by_unit.get(operating_unit)
        return store if store and store.data_area == data_area else None

    def parameters_of(self, store: Store) -> Parameters:
        """Give the parameters of a shop's company."""
        return self.parameters.get(store.data_area, Parameters())

    def tender_type(self, store: Store, number: str) -> TenderType | None:
        """Give a shop's payment method."""
        return self.tender_types.get((store.data_area, store.channel, number))
