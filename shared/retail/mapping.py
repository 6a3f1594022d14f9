"""From the POS's codes to D365's, exactly: what cannot be mapped is named, never guessed.

Mapping rows are dated and versioned: a lookup is for a business day and at most a version, so a receipt can always be
mapped again the way it was. A value without a row gives a cause, and the receipt waits for that cause's owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from shared.retail.business_day import store_zone
from shared.retail.drawers import till_of_drawer
from shared.retail.identity import d365_shift_number, d365_transaction_number
from shared.retail.mapped import D365Key, MappedLine, MappedTender, MappedTransaction, StoreSetup, store_setup
from shared.retail.money import total
from shared.retail.reasons import Cause, cause
from shared.retail.shift import Shift, of_generation, overlap_in_doubt, shift_for, shift_value
from shared.retail.transaction import Kind, Line, Tender, TenderRole, TenderType, Transaction

NEVER_SENT = frozenset(
    {
        Kind.SHIFT_OPEN, Kind.SHIFT_SUSPEND, Kind.SHIFT_RESUME, Kind.SHIFT_BLIND_CLOSE, Kind.SHIFT_CLOSE, Kind.NO_SALE,
        Kind.FLOAT, Kind.PICKUP, Kind.SAFE_DROP, Kind.BANK_DROP, Kind.TENDER_DECLARATION, Kind.TENDER_EXCHANGE,
        Kind.TENDER_ADJUSTMENT, Kind.TIP_OUT,
    }
)  # fmt: skip
MONEY_KINDS = frozenset({Kind.PAID_IN, Kind.PAID_OUT})
SENT_KINDS = MONEY_KINDS | {Kind.SALES}
UNTAXED = "NONE"
_MOVED = {
    Kind.FLOAT: 1, Kind.SHIFT_OPEN: 1, Kind.PICKUP: -1, Kind.SAFE_DROP: -1, Kind.BANK_DROP: -1, Kind.TENDER_EXCHANGE: 0,
}  # fmt: skip
_FIRST = (
    "warehouse_missing", "terminal_unmapped", "drawer_unmapped", "shift_overlap", "tender_unmapped", "tax_unmapped",
)  # fmt: skip
# Where goods go that came back and are not for sale again: in words, and the stores list's column.
_PLACES = {
    "quarantine": ("in quarantine", "quarantine_warehouse"),
    "none": ("not to be stock any more", "scrap_warehouse"),
}


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One line of a mapping: `values` by column, in force from `valid_from` on (None: always)."""

    values: Mapping[str, str]
    version: int
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every mapping row known, up to `version`: (kind, key) -> rows."""

    version: int = 0
    rows: Mapping[tuple[str, ...], tuple[MappingRow, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def find(self, kind: str, *key: str, day: date | None = None) -> Mapping[str, str] | None:
        """Give the row in force on a day: the newest start, then the newest version. None when nobody has mapped it."""
        in_force = [
            row
            for row in self.rows.get((kind, *key), ())
            if row.version <= self.version
            and (row.valid_from is None or day is None or row.valid_from <= day)
        ]
        if not in_force:
            return None
        return max(in_force, key=lambda row: (row.valid_from or date.min, row.version)).values

    def at_version(self, version: int) -> Mappings:
        """Give the mappings as they were."""
        return replace(self, version=min(version, self.version))

    def time_zones(self, store: str) -> frozenset[str]:
        """Give every time zone (IANA name) that a store was ever said to have."""
        return frozenset(row.values["time_zone"] for row in self.rows.get(("stores", store), ()))

    def store(self, store: str, day: date | None = None) -> StoreSetup | None:
        """Give a store's set-up; None when the location is not known."""
        values = self.find("stores", store, day=day)
        return None if values is None else store_setup(values)

    def till_of(self, store_number: str, register: str) -> tuple[str, str]:
        """Give our names of a D365 store and register, as mapped now; D365's own where nobody mapped them."""
        stores = {one.store for one in self.stores() if one.store_number == store_number}
        for kind, *key in self.rows:
            if kind == "terminals" and key[0] in stores:
                row = self.find(kind, *key)
                if row is not None and row.get("register") == register:
                    return key[0], key[1]
        return (min(stores), register) if stores else (store_number, register)

    def stores(self) -> tuple[StoreSetup, ...]:
        """Give every store known, as it is mapped now."""
        found = (self.store(key[1]) for key in sorted(self.rows) if key[0] == "stores")
        return tuple(store for store in found if store is not None)


def frozen_key(transaction: Transaction, store: StoreSetup, register: str) -> D365Key:
    """Give the key a receipt has in D365 from its first package on."""
    number = d365_transaction_number(transaction.account, transaction.transaction_id)
    return D365Key(store.legal_entity, store.operating_unit, register, number)


def map_transaction(
    transaction: Transaction, business_day: date, mappings: Mappings, shifts: Sequence[Shift]
) -> MappedTransaction | tuple[Cause, ...]:
    """Resolve every code of a transaction, or name every cause that stops it, the first being the one to fix first.

    The transaction is a sale, return, paid-in or paid-out, or one the cash office takes; `shifts` are its store-day's,
    those of other tills too.
    """
    store = mappings.store(transaction.store, business_day)
    if store is None:
        return (cause("store_unknown", transaction.store),)
    mapper = _Mapper(transaction, business_day, mappings, store)
    register = mapper.register()
    lines = tuple(mapper.line(line) for line in transaction.lines)
    paid = _tenders_of(transaction)
    tenders = tuple(mapper.tender(one.code) for one in paid)
    record = transaction.shift_record
    counted = tuple((one, mapper.tender(one.tender)) for one in (record.counted if record else ()))
    income = mapper.income_account()
    mapper.warehouse()
    mapper.rounding()
    mapper.cash_office(paid)
    mapper.shift_in_doubt(shifts)
    drawer = mapper.drawer(register)
    if mapper.causes:
        return mapper.distinct_causes()
    zone = store_zone(store.time_zone)
    shift = mapper.shift(shifts)
    return MappedTransaction(
        key=frozen_key(transaction, store, register),
        transaction=transaction,
        store=store,
        business_day=business_day,
        local_completed_at=transaction.completed_at.astimezone(zone),
        lines=lines,
        tenders=tuple(MappedTender(tender, method) for tender, method in zip(paid, tenders, strict=True)),
        shift=shift,
        shift_number=d365_shift_number(business_day, transaction.drawer_of[1], shift),
        shift_register=drawer,
        income_account=income[0],
        income_account_type=income[1],
        mapping_version=mappings.version,
        counted=counted,
    )


def _tenders_of(transaction: Transaction) -> tuple[Tender, ...]:
    """Give what was captured; money put in or taken out without a tender line is one of its own."""
    movement = transaction.cash_movement
    if transaction.captured or movement is None or transaction.kind is Kind.SALES:
        return transaction.captured
    role = TenderRole.PAYMENT if movement.amount >= 0 else TenderRole.REFUND
    return (Tender(1, TenderType.CASH, movement.tender, movement.amount, role=role),)


class _Mapper:
    """Looks codes up for one transaction and collects what is missing."""

    def __init__(self, transaction: Transaction, day: date, mappings: Mappings, store: StoreSetup) -> None:
        self.transaction = transaction
        self.day = day
        self.mappings = mappings
        self.store = store
        self.sold_on = transaction.completed_at.astimezone(store_zone(store.time_zone)).date()
        self.causes: list[Cause] = []

    def distinct_causes(self) -> tuple[Cause, ...]:
        found = {(one.code, one.value): one for one in self.causes}
        return tuple(sorted(found.values(), key=lambda one: (_rank(one.code), one.code, one.value)))

    def _missing(self, code: str, value: str, **words: str) -> str:
        self.causes.append(
            cause(code, value, store=self.store.store, terminal=self.transaction.terminal, **words)
        )
        return ""

    def register(self) -> str:
        terminal = self.transaction.terminal
        row = self.mappings.find("terminals", self.store.store, terminal, day=self.day)
        if row is None or not row.get("register"):
            return self._missing("terminal_unmapped", f"{self.store.store} till {terminal}")
        return row["register"]

    def drawer(self, register: str) -> str:
        """Give the register that owns the shift in D365: that of the drawer, which must be its own."""
        terminal, (name, _) = self.transaction.terminal, self.transaction.drawer_of
        if name == terminal:
            return register
        row = self.mappings.find("terminals", self.store.store, name, day=self.day) or {}
        found = row.get("register", "")
        if name == till_of_drawer(name):
            return found or self._missing("terminal_unmapped", f"{self.store.store} till {name}")
        own = self.mappings.find("terminals", self.store.store, till_of_drawer(name), day=self.day) or {}
        if not found or found == own.get("register"):
            return self._missing("drawer_unmapped", f"{self.store.store} till {name}", drawer=name)
        return found

    def warehouse(self) -> None:
        if not self.store.warehouse:
            self._missing("warehouse_missing", self.store.store)

    def tender(self, code: str) -> str:
        row = self.mappings.find("tenders", self.store.store, code, day=self.day)
        row = row or self.mappings.find("tenders", "*", code, day=self.day)
        if row is None or not row.get("payment_method"):
            return self._missing("tender_unmapped", code)
        return row["payment_method"]

    def line(self, line: Line) -> MappedLine:
        code = line.item or line.gtin or line.kind
        item = self.mappings.find("items", code, day=self.day)
        if item is None or not item.get("item_number"):
            self._missing("item_unmapped", code)
            item = {}
        taxes = [self._tax(tax.code, line) for tax in line.taxes] or [self._tax(UNTAXED, line)]
        groups = {tax.get("item_tax_group", "") for tax in taxes}
        if len(groups) > 1:
            self._missing("tax_unmapped", " + ".join(sorted(tax.code for tax in line.taxes)))
        return MappedLine(
            line=line,
            item_number=item.get("item_number", ""),
            unit=item.get("unit", ""),
            warehouse=self._place(line),
            sales_tax_group=self.store.tax_group,
            item_tax_group=min(groups),
            tax_codes=tuple(tax.get("tax_code", "") for tax in taxes) if line.taxes else (),
            returns=self._original(line),
        )

    def _tax(self, code: str, line: Line) -> Mapping[str, str]:
        """Look a tax up by the instant of sale, not by the business day, which may go on after a rate has changed; of goods that
        come back by the day they were sold, where the till names it and the mapping reaches back to it.
        """
        original = line.original.business_day if line.is_return and line.original is not None else None
        row = self.mappings.find("taxes", code, day=original) if original is not None else None
        row = row or self.mappings.find("taxes", code, day=self.sold_on)
        if row is None:
            self._missing("tax_unmapped", code)
            return {}
        return row

    def _place(self, line: Line) -> str:
        """Give the warehouse a line moves: the store's own, unless goods came back that are not for sale again."""
        if not line.is_return or line.disposition is None:
            return self.store.warehouse
        row = self.mappings.find("dispositions", line.disposition, day=self.day)
        if row is None:
            return self._missing("disposition_unmapped", line.disposition)
        effect = row.get("effect", "")
        if effect not in _PLACES:
            return self.store.warehouse
        words, column = _PLACES[effect]
        place: str = getattr(self.store, column)
        if place:
            return place
        return self._missing("return_place_missing", f"{self.store.store} {effect}", problem=words)

    def _original(self, line: Line) -> tuple[D365Key, int] | None:
        """Name the original in D365, where the POS names it completely and it was sold by this account."""
        original = line.original
        if (
            original is None
            or not original.transaction_id
            or not original.terminal
            or not original.line_number
        ):
            return None
        store = self.mappings.store(original.store or self.store.store, self.day)
        if store is None:
            return None
        row = self.mappings.find("terminals", store.store, original.terminal, day=self.day)
        if row is None:
            return None
        number = d365_transaction_number(self.transaction.account, original.transaction_id)
        return D365Key(
            store.legal_entity, store.operating_unit, row["register"], number
        ), original.line_number

    def income_account(self) -> tuple[str, str]:
        movement = self.transaction.cash_movement
        if self.transaction.kind not in MONEY_KINDS or movement is None:
            return "", ""
        row = self.mappings.find("reasons", movement.reason_code or "", day=self.day)
        if row is None:
            self._missing("reason_unmapped", movement.reason_code or "(no reason given)")
            return "", ""
        return row["account_number"], row["account_type"]

    def rounding(self) -> None:
        """Rounding is bounded by the store's limit; beyond it the receipt is held."""
        rounded = abs(self.transaction.amount_rounded)
        if rounded > self.store.rounding_limit:
            limit = f"a rounding of {rounded} is beyond the store's limit of {self.store.rounding_limit}"
            self._missing("does_not_balance", "I7 rounding", problem=limit)

    def cash_office(self, moved: Sequence[Tender]) -> None:
        """A float puts money in, a removal or a drop takes it out, an exchange does neither; a count counts."""
        sign = _MOVED.get(self.transaction.kind)
        if sign is None:
            return
        amount = total(one.amount for one in moved)
        is_right = amount * sign > 0 if sign else not amount
        if not moved or not is_right:
            wanted = {
                1: "money put in (more than 0)",
                -1: "money taken out (less than 0)",
                0: "as much in as out",
            }
            problem = (
                f"a {self.transaction.kind.replace('_', ' ').lower()} of {amount}; expected {wanted[sign]}"
            )
            self._missing("does_not_balance", "cash movement", problem=problem)

    def shift_in_doubt(self, shifts: Sequence[Shift]) -> None:
        transaction = self.transaction
        if transaction.shift is None:
            return
        drawer, generation = transaction.drawer_of
        own = of_generation(shifts, generation)
        overlap = overlap_in_doubt(own, drawer, transaction.shift, transaction.completed_at)
        if overlap is not None:
            self._missing(
                "shift_overlap",
                shift_value(
                    self.store.store,
                    drawer,
                    generation,
                    self.day,
                    transaction.shift,
                ),
                shift=transaction.shift,
                since=f"{overlap.since.astimezone(store_zone(self.store.time_zone)):%H:%M}",
            )

    def shift(self, shifts: Sequence[Shift]) -> str:
        named, at = self.transaction.shift, self.transaction.completed_at
        drawer, generation = self.transaction.drawer_of
        return shift_for(of_generation(shifts, generation), drawer, named, at, synthetic_shift(self.day))


def synthetic_shift(day: date) -> str:
    """Name the shift we make, one per terminal and business day, where a vendor gives none."""
    return f"day-{day:%Y%m%d}"


def _rank(code: str) -> int:
    return _FIRST.index(code) if code in _FIRST else len(_FIRST)
