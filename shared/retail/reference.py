"""D365's reference data as we keep it: which rows we want, and what each rule says of them.

It is kept as mapping rows of the kinds below, imported from D365 by the app itself, so that a receipt keeps the version
it was judged by. Only rows that our own mappings name are kept. A row D365 does not have is kept as there = "no". What
was never read, or could not be, is *unknown*: then the rule is not judged, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from shared.retail import d365_rules as rule
from shared.retail.mapping_rows import Mappings

NO, YES = "no", "yes"
STORES, TERMINALS, TENDERS, WAREHOUSES = "d365_stores", "d365_terminals", "d365_tenders", "d365_warehouses"
TAX_GROUPS, ITEM_TAX_GROUPS, TAX_CODES = "d365_tax_groups", "d365_item_tax_groups", "d365_tax_codes"
ITEMS, CUSTOMERS, ACCOUNTS, PERIODS = "d365_items", "d365_customers", "d365_accounts", "d365_periods"
KEYS: Mapping[str, tuple[str, ...]] = {
    STORES: ("store_number",),
    TERMINALS: ("register",),
    TENDERS: ("legal_entity", "channel", "payment_method"),
    WAREHOUSES: ("legal_entity", "warehouse"),
    TAX_GROUPS: ("legal_entity", "tax_group"),
    ITEM_TAX_GROUPS: ("legal_entity", "item_tax_group"),
    TAX_CODES: ("legal_entity", "tax_code"),
    ITEMS: ("legal_entity", "item_number"),
    CUSTOMERS: ("legal_entity", "customer_account"),
    ACCOUNTS: ("legal_entity", "account_number"),
    PERIODS: ("legal_entity",),
}
# The columns beside the key. Units in `other_units`, codes in `codes` and days in `open` are parted by spaces.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    STORES: (
        "there", "legal_entity", "channel", "operating_unit", "warehouse", "tax_group", "currency",
        "prices_include_tax", "customer_account", "rounding_max", "statement_difference_max", "shift_difference_max",
        "line_difference_max",
    ),
    TERMINALS: ("there", "store_number"),
    TENDERS: (
        "there", "name", "account", "counting_required", "small_difference_max", "difference_account",
    ),
    WAREHOUSES: ("there", "site"),
    TAX_GROUPS: ("there", "codes_known", "codes"),
    ITEM_TAX_GROUPS: ("there", "codes_known", "codes"),
    TAX_CODES: ("there",),
    ITEMS: ("there", "unit", "units_known", "other_units", "variants", "serial", "blocked"),
    CUSTOMERS: ("there",),
    ACCOUNTS: ("there", "account_type"),
    PERIODS: ("there", "open"),
}  # fmt: skip

Row = Mapping[str, str]
Judge = Callable[..., bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What our mappings name, by kind: the keys of the rows to keep."""

    keys: Mapping[str, frozenset[tuple[str, ...]]]

    @property
    def companies(self) -> tuple[str, ...]:
        """The legal entities of all stores."""
        return tuple(sorted(key[0] for key in self.keys[PERIODS]))

    def and_rows(self, rows: Iterable[tuple[str, ...]]) -> Wanted:
        """Add rows, each by its kind and key."""
        keys = {kind: set(its) for kind, its in self.keys.items()}
        for kind, *key in rows:
            keys[kind].add(tuple(key))
        return Wanted({kind: frozenset(its) for kind, its in keys.items()})


def wanted(mappings: Mappings, since: date | None = None) -> Wanted:
    """Give the keys of every reference row that the mappings name, on any day or on one from this day on."""
    found: dict[str, set[tuple[str, ...]]] = {kind: set() for kind in COLUMNS}
    newest = newest_rows(mappings, since)
    stores = newest.get("stores", [])
    companies = {row["legal_entity"] for row in stores}
    of_each = {
        ITEMS: {row["item_number"] for kind in ("items", "barcodes") for row in newest.get(kind, [])},
        ITEM_TAX_GROUPS: {row["item_tax_group"] for row in newest.get("taxes", [])},
        TAX_CODES: {row.get("tax_code", "") for row in newest.get("taxes", [])},
        ACCOUNTS: {row["account_number"] for row in newest.get("reasons", [])},
    }
    for kind, values in of_each.items():
        found[kind] = {(company, value) for company in companies for value in values if value}
    methods = _methods(newest)
    for row in stores:
        company = row["legal_entity"]
        found[STORES].add((row["store_number"],))
        found[PERIODS].add((company,))
        for kind, name in (
            (WAREHOUSES, "warehouse"),
            (WAREHOUSES, "quarantine_warehouse"),
            (WAREHOUSES, "scrap_warehouse"),
            (CUSTOMERS, "customer_account"),
            (TAX_GROUPS, "tax_group"),
        ):
            if row.get(name):
                found[kind].add((company, row[name]))
        if row.get("channel_id"):
            found[TENDERS] |= {(company, row["channel_id"], method) for method in methods(row["store"])}
    found[TERMINALS] = {(row["register"],) for row in newest.get("terminals", [])}
    return Wanted({kind: frozenset(keys) for kind, keys in found.items()})


def _methods(newest: Mapping[str, list[Row]]) -> Callable[[str], set[str]]:
    by_store: dict[str, set[str]] = {}
    for row in newest.get("tenders", []):
        by_store.setdefault(row["store"], set()).add(row["payment_method"])
    return lambda store: by_store.get("*", set()) | by_store.get(store, set())


def newest_rows(mappings: Mappings, since: date | None = None) -> dict[str, list[Row]]:
    """Give every row that counts, by kind: on any day, or on one from this day on."""
    found: dict[str, list[Row]] = {}
    for kind, *key in mappings.rows:
        dated = mappings.dated(kind, *key)
        if since is not None and len(dated) == 1:
            dated = tuple(row for row in dated if row.valid_to is None or row.valid_to >= since)
        elif since is not None:
            now = [row for row in dated if row.is_in_force(since)][-1:]
            dated = (*now, *(row for row in dated if row.valid_from is not None and row.valid_from > since))
        if dated:
            found.setdefault(kind, []).extend(row.values for row in dated)
    return found


def is_broken(mappings: Mappings, name: str, parts: tuple[str, ...]) -> bool:
    """Say whether a rule fails for these parts by the reference data that is kept. Unknown is False: not judged."""
    judge = _JUDGES.get(name)
    try:
        return judge is not None and judge(mappings, *parts)
    except TypeError:  # a value that another version wrote with other parts
        return False


def rows_behind(mappings: Mappings, name: str, parts: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Give which rows of the reference data a rule rests on for these parts: kind and key of each that its judge looks up."""
    listening = _Listening(mappings.version, mappings.rows, mappings.today)
    is_broken(listening, name, parts)
    return frozenset(key for key in listening.asked if key[0] in COLUMNS)


@dataclass(frozen=True, slots=True)
class _Listening(Mappings):
    """Mappings that note what is looked up in them."""

    asked: set[tuple[str, ...]] = field(default_factory=set)

    def find(self, kind: str, *key: str, day: date | None = None) -> Row | None:
        self.asked.add((kind, *key))
        return Mappings.find(self, kind, *key, day=day)


def is_judged(rule_name: str) -> bool:
    """Say whether a rule is judged by reference data at all; the others are arithmetic."""
    return rule_name in _JUDGES


def _absent(kind: str) -> Judge:
    """Make the judge of a thing that D365 must have: it was looked for, and was not there."""

    def judge(mappings: Mappings, *key: str) -> bool:
        row = _known(mappings, kind, *key)
        return row is not None and row["there"] == NO

    return judge


def _known(mappings: Mappings, kind: str, *key: str) -> Row | None:
    """Give a row that D365 was asked for, there or not; None where it is unknown, or no longer known."""
    row = mappings.find(kind, *key)
    return row if row is not None and row.get("there") in (YES, NO) else None


def _store(mappings: Mappings, number: str, company: str, unit: str, channel: str = "") -> bool:
    row = _known(mappings, STORES, number)
    if row is None:
        return False
    wrong = (row.get("legal_entity") or company) != company or row.get("operating_unit") != unit
    return row["there"] == NO or wrong or bool(channel and row.get("channel") != channel)


def _store_setup(mappings: Mappings, number: str, what: str, ours: str) -> bool:
    row = _known(mappings, STORES, number)
    theirs = row.get(what.replace(" ", "_"), "") if row is not None and row["there"] == YES else ""
    return bool(theirs) and theirs != ours


def _till(mappings: Mappings, register: str, store_number: str) -> bool:
    row = _known(mappings, TERMINALS, register)
    return row is not None and (row["there"] == NO or row.get("store_number") != store_number)


def _method_account(mappings: Mappings, company: str, channel: str, method: str) -> bool:
    row = _known(mappings, TENDERS, company, channel, method)
    return row is not None and row["there"] == YES and not row.get("account")


def _account(mappings: Mappings, company: str, number: str, account_type: str) -> bool:
    row = _known(mappings, ACCOUNTS, company, number)
    return row is not None and (row["there"] == NO or row.get("account_type") != account_type)


def _item(mappings: Mappings, company: str, item: str) -> Row:
    row = _known(mappings, ITEMS, company, item)
    return row if row is not None and row["there"] == YES else {}


def _blocked(mappings: Mappings, company: str, item: str) -> bool:
    return _item(mappings, company, item).get("blocked") == YES


def _variant(mappings: Mappings, company: str, item: str) -> bool:
    return _item(mappings, company, item).get("variants") == YES


def _serial_needed(mappings: Mappings, company: str, item: str) -> bool:
    return _item(mappings, company, item).get("serial") == "needed"


def _serial_refused(mappings: Mappings, company: str, item: str) -> bool:
    return _item(mappings, company, item).get("serial") == "none"


def _unit(mappings: Mappings, company: str, item: str, unit: str) -> bool:
    row = _item(mappings, company, item)
    if not row.get("unit") or unit == row["unit"] or unit in row.get("other_units", "").split(" "):
        return False
    return row.get("units_known") == YES


def _tax_groups(mappings: Mappings, company: str, group: str, item_group: str, codes: str) -> bool:
    """Judge the codes of a line (parted by spaces, `nothing` for none): all are shared, and something is."""
    ours, items = (
        _known(mappings, TAX_GROUPS, company, group),
        _known(mappings, ITEM_TAX_GROUPS, company, item_group),
    )
    rows = [row for row in (ours, items) if row is not None and row.get("codes_known") == YES]
    if len(rows) < 2 or any(row["there"] == NO for row in rows):
        return False
    shared = set(rows[0]["codes"].split()) & set(rows[1]["codes"].split())
    used = set() if codes == NOTHING else set(codes.split())
    return bool(used - shared) or not shared


def period_is_closed(mappings: Mappings, company: str, day: date) -> bool:
    """Say whether D365 is known to have no open period for a day; where its periods are unknown, nobody says so."""
    return _business_date(mappings, company, day.isoformat())


def open_spans(mappings: Mappings, company: str) -> list[tuple[str, str]]:
    """Give the first and last days of D365's open periods as far as they are known."""
    row = _known(mappings, PERIODS, company)
    spans = (span.partition("/") for span in (row or {}).get("open", "").split())
    return sorted((first, last) for first, _, last in spans)


def periods_are_known(mappings: Mappings, company: str) -> bool:
    """Say whether D365 showed a company's periods."""
    return _known(mappings, PERIODS, company) is not None


def _business_date(mappings: Mappings, company: str, day: str) -> bool:
    row = _known(mappings, PERIODS, company)
    return row is not None and not any(_within(span, day) for span in row.get("open", "").split())


def _within(span: str, day: str) -> bool:
    first, _, last = span.partition("/")
    return first <= day <= last


def _under_over(mappings: Mappings, store_number: str, difference: str) -> bool:
    row = _known(mappings, STORES, store_number)
    if row is None or row["there"] == NO or not row.get("rounding_max"):
        return False
    try:
        return abs(Decimal(difference)) > Decimal(row["rounding_max"])
    except InvalidOperation:
        return False


NOTHING = "any tax"
_JUDGES: Mapping[str, Judge] = {
    rule.STORE: _store,
    rule.STORE_SETUP: _store_setup,
    rule.TILL: _till,
    rule.WAREHOUSE: _absent(WAREHOUSES),
    rule.METHOD: _absent(TENDERS),
    rule.METHOD_ACCOUNT: _method_account,
    rule.TAX_GROUP: _absent(TAX_GROUPS),
    rule.ITEM_TAX_GROUP: _absent(ITEM_TAX_GROUPS),
    rule.TAX_CODE: _absent(TAX_CODES),
    rule.ITEM: _absent(ITEMS),
    rule.ITEM_BLOCKED: _blocked,
    rule.ACCOUNT: _account,
    rule.CUSTOMER: _absent(CUSTOMERS),
    rule.BUSINESS_DATE: _business_date,
    rule.UNDER_OVER: _under_over,
    rule.VARIANT: _variant,
    rule.SERIAL_NEEDED: _serial_needed,
    rule.SERIAL_REFUSED: _serial_refused,
    rule.UNIT: _unit,
    rule.TAX_GROUPS: _tax_groups,
}
