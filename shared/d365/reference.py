"""Reading D365's reference data: whole sets, across companies, page by page, of which only what is wanted is kept.

One call a set and 10,000 rows; 18 calls for a chain of a few thousand stores and items. A set that the environment
does not show, or does not let us read, makes what it is for *unknown*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from shared.d365 import reference_sets as sets
from shared.d365.entities import ReadSet
from shared.d365.odata import Member, all_of, any_of, condition
from shared.d365.reader import Reader
from shared.d365.values import decimal_text
from shared.errors import AccessRefusedError, RejectedError
from shared.retail import reference as kept
from shared.retail.reference import NO, YES, Wanted

Raw = Mapping[str, object]
Kept = dict[str, str]


@dataclass(slots=True)
class ReferenceRead:
    """What D365 says of the rows that are wanted, by kind; and the sets it did not show, with its words.

    A kind that is not in `rows` was not to be had.
    """

    rows: dict[str, list[Kept]] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


async def read_reference_data(reader: Reader, wanted: Wanted, *, periods: bool = True) -> ReferenceRead:
    """Read every wanted row, across companies and stores; with `periods`, the companies' fiscal periods too.

    Raises:
        RetryableError: D365 cannot be asked now; ThrottledError among them.
    """
    asking = _Asking(reader, wanted)
    await asking.stores()
    await asking.single(kept.TERMINALS, sets.TERMINALS, ("TerminalNumber",), _terminal)
    await asking.single(
        kept.TENDERS, sets.TENDERS, ("dataAreaId", "RetailChannelId", "PaymentMethodNumber"), _tender
    )
    await asking.single(kept.WAREHOUSES, sets.WAREHOUSES, ("dataAreaId", "WarehouseId"), _warehouse)
    await asking.single(kept.CUSTOMERS, sets.CUSTOMERS, ("dataAreaId", "CustomerAccount"), _nothing_more)
    await asking.single(kept.TAX_CODES, sets.TAX_CODES, ("dataAreaId", "TaxCode"), _nothing_more)
    await asking.single(kept.ACCOUNTS, sets.ACCOUNTS, ("dataAreaId", "AccountNumber"), _account)
    await asking.tax_groups(
        kept.TAX_GROUPS, sets.TAX_GROUPS, "TaxGroupCode", sets.TAX_GROUP_CODES, "TaxGroupId"
    )
    await asking.tax_groups(
        kept.ITEM_TAX_GROUPS,
        sets.ITEM_TAX_GROUPS,
        "TaxItemGroup",
        sets.ITEM_TAX_GROUP_CODES,
        "TaxItemGroupCode",
    )
    await asking.items()
    if periods:
        await asking.periods()
    return asking.found


class _Asking:
    """One reading: asks set by set, keeps what is wanted, notes what is unknown."""

    def __init__(self, reader: Reader, wanted: Wanted) -> None:
        self._reader = reader
        self._wanted = wanted
        self.found = ReferenceRead()

    async def _rows(
        self, source: ReadSet, keep: Callable[[Raw], bool] | None = None, where: str = ""
    ) -> list[Raw] | None:
        """Give a set's rows of our companies; None, noted as unknown, where the environment has it not for us."""
        conditions = [where] if where else []
        companies = self._wanted.companies
        if any(one.name == "dataAreaId" for one in source.fields):
            conditions.append(any_of(condition("dataAreaId", "eq", company) for company in companies))
        try:
            return await self._reader.reference_rows(source, all_of(conditions), keep)
        except (RejectedError, AccessRefusedError) as error:
            self.found.unknown[source.odata_set] = str(error)[:300]
            return None

    async def single(
        self, kind: str, source: ReadSet, names: tuple[str, ...], more: Callable[[Raw], Kept]
    ) -> None:
        """Read a kind that is one set, by its key; what is wanted and not there is kept as that."""
        keys = self._wanted.keys[kind]
        if not keys:
            self.found.rows[kind] = []
            return
        rows = await self._rows(source, lambda row: _key(row, names) in keys)
        if rows is not None:
            self._keep(kind, {_key(row, names): more(row) for row in rows})

    def _keep(self, kind: str, there: Mapping[tuple[str, ...], Kept]) -> None:
        columns, empty = kept.KEYS[kind], dict.fromkeys(kept.COLUMNS[kind], "")
        self.found.rows[kind] = [
            {
                **empty,
                **dict(zip(columns, key, strict=True)),
                "there": YES if key in there else NO,
                **there.get(key, {}),
            }
            for key in sorted(self._wanted.keys[kind])
        ]

    async def stores(self) -> None:
        await self.single(kept.STORES, sets.STORES, ("StoreNumber",), _store)

    async def tax_groups(
        self, kind: str, source: ReadSet, name: str, members: ReadSet, member_name: str
    ) -> None:
        """Read groups, and the codes in each where the environment shows them."""
        keys = self._wanted.keys[kind]
        rows = await self._rows(source) if keys else []
        codes = await self._rows(members) if keys else []
        if rows is None:
            return
        of_group: dict[tuple[str, ...], set[str]] = {}
        for row in codes or []:
            of_group.setdefault(_key(row, ("dataAreaId", member_name)), set()).add(_text(row, "TaxCodeId"))
        there = {_key(row, ("dataAreaId", name)) for row in rows}
        known = NO if codes is None else YES
        self._keep(
            kind,
            {key: {"codes_known": known, "codes": " ".join(sorted(of_group.get(key, ())))} for key in there},
        )

    async def items(self) -> None:
        keys, names = self._wanted.keys[kept.ITEMS], ("dataAreaId", "ItemNumber")
        rows = await self._rows(sets.ITEMS, lambda row: _key(row, names) in keys) if keys else []
        if rows is None:
            return
        stopped = condition("IsSalesProcessingStopped", "eq", Member("NoYes", "Yes"))
        blocked = await self._rows(sets.ORDER_SETTINGS, where=stopped) if rows else []
        tracking = await self._rows(sets.TRACKING_GROUPS) if rows else []
        units = await self._units(rows)
        barred = {_key(row, names) for row in blocked or []}
        serial = {_text(row, "GroupName"): _serial(row) for row in tracking or []}
        there = {}
        for row in rows:
            unit, number = _text(row, "SalesUnitSymbol"), _text(row, "ProductNumber")
            others = units.of(number, unit) if units else set()
            there[_key(row, names)] = {
                "unit": unit,
                "units_known": YES if units else NO,
                "other_units": " ".join(sorted(others)),
                "variants": YES if row.get("ProductSubType") == "ProductMaster" else NO,
                "serial": serial.get(_text(row, "TrackingDimensionGroupName"), ""),
                "blocked": "" if blocked is None else YES if _key(row, names) in barred else NO,
            }
        self._keep(kept.ITEMS, there)

    async def _units(self, items: Iterable[Raw]) -> _Units | None:
        products = {_text(row, "ProductNumber") for row in items}
        if not products:
            return _Units({}, {})
        own = await self._rows(sets.PRODUCT_UNITS, lambda row: _text(row, "ProductNumber") in products)
        general = await self._rows(sets.ANY_UNITS)
        if own is None or general is None:
            return None
        found = _Units({}, {})
        for row in own:
            found.add(found.own.setdefault(_text(row, "ProductNumber"), {}), row)
        for row in general:
            found.add(found.general, row)
        return found

    async def periods(self) -> None:
        """Join each company's periods with the days of its calendar. A company without any period is unknown."""
        states = await self._rows(sets.LEDGER_PERIODS)
        days = await self._rows(sets.CALENDAR_PERIODS)
        if states is None or days is None:
            return
        spans = {
            _key(row, ("Calendar", "FiscalYear", "PeriodName")): f"{_day(row, 'StartDate')}/{_day(row, 'EndDate')}"
            for row in days
        }  # fmt: skip
        open_spans: dict[str, set[str]] = {}
        for row in states:
            company = _text(row, "LegalEntityId").lower()
            span = spans.get(_key(row, ("Calendar", "YearName", "PeriodName")))
            known = open_spans.setdefault(company, set())
            if span and row.get("PeriodStatus") == "Open":
                known.add(span)
        self.found.rows[kept.PERIODS] = [
            {"legal_entity": company, "there": YES, "open": " ".join(sorted(open_spans[company]))}
            for company in self._wanted.companies
            if company in open_spans
        ]


@dataclass(frozen=True, slots=True)
class _Units:
    """Which units convert to which: of one product, and of any. A conversion goes both ways."""

    own: dict[str, dict[str, set[str]]]
    general: dict[str, set[str]]

    def add(self, table: dict[str, set[str]], row: Raw) -> None:
        one, other = _text(row, "FromUnitSymbol"), _text(row, "ToUnitSymbol")
        table.setdefault(one, set()).add(other)
        table.setdefault(other, set()).add(one)

    def of(self, product: str, unit: str) -> set[str]:
        return self.own.get(product, {}).get(unit, set()) | self.general.get(unit, set())


def _store(row: Raw) -> Kept:
    return {
        "legal_entity": _text(row, "WarehouseLegalEntity").lower(),
        "channel": _text(row, "RetailChannelId"),
        "operating_unit": _text(row, "OperatingUnitNumber"),
        "warehouse": _text(row, "WarehouseId"),
        "tax_group": _text(row, "TaxGroupCode"),
        "currency": _text(row, "Currency"),
        "prices_include_tax": _text(row, "PriceIncludesSalesTax").lower(),
        "customer_account": _text(row, "DefaultCustomerAccount"),
        "rounding_max": _amount(row, "MaxRoundingAmount"),
        "statement_difference_max": _amount(row, "MaximumPostingDifference"),
        "shift_difference_max": _amount(row, "MaxShiftDifferenceAmount"),
        "line_difference_max": _amount(row, "MaxTransactionDifferenceAmount"),
    }


def _terminal(row: Raw) -> Kept:
    return {"store_number": _text(row, "StoreNumber")}


def _tender(row: Raw) -> Kept:
    return {
        "name": _text(row, "Name"),
        "account": _text(row, "LedgerDimensionDisplayValue"),
        "counting_required": _text(row, "CountingRequired").lower(),
        "small_difference_max": _amount(row, "MaxNormalDifferenceAmount"),
        "difference_account": _text(row, "DifferenceAccLedgerDimensionDisplayValue"),
    }


def _warehouse(row: Raw) -> Kept:
    return {"site": _text(row, "OperationalSiteId")}


def _account(row: Raw) -> Kept:
    return {"account_type": _text(row, "AccountType")}


def _nothing_more(_: Raw) -> Kept:
    return {}


def _serial(row: Raw) -> str:
    """Say whether a group of items keeps serial numbers: none, may, or needed when it is sold."""
    if row.get("IsSerialNumberActive") != "Yes":
        return "none"
    return "needed" if row.get("IsSerialNumberControlEnabled") == "Yes" else "may"


def _key(row: Raw, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_text(row, name).lower() if name == "dataAreaId" else _text(row, name) for name in names)


def _text(row: Raw, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _day(row: Raw, name: str) -> str:
    return _text(row, name)[:10]


def _amount(row: Raw, name: str) -> str:
    try:
        return decimal_text(Decimal(_text(row, name)))
    except InvalidOperation:
        return ""
