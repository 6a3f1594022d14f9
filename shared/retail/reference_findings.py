"""Our mappings against D365's reference data: every reference they make, judged before a receipt needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from shared.retail import d365_rules as rule
from shared.retail.d365_rules import Broken
from shared.retail.mapping_rows import Mappings
from shared.retail.reference import (
    CUSTOMERS,
    ITEM_TAX_GROUPS,
    ITEMS,
    NO,
    PERIODS,
    TAX_CODES,
    TAX_GROUPS,
    TENDERS,
    WAREHOUSES,
    YES,
    Row,
    is_broken,
    newest_rows,
    wanted,
)

# What the stores mapping and D365's store both say; a difference holds nothing, but is told.
COMPARED = ("warehouse", "tax_group", "currency", "prices_include_tax", "customer_account")


def findings(mappings: Mappings, today: date) -> tuple[Broken, ...]:
    """Give every reference that our mappings make and D365 cannot keep, as `is_broken` judges it, sorted."""
    found = {one for one in _made_references(mappings, today) if is_broken(mappings, one.rule, one.parts)}
    found |= set(_shared_warehouses(mappings, today))
    return tuple(sorted(found, key=lambda one: one.value))


def _made_references(mappings: Mappings, today: date) -> Iterator[Broken]:
    newest, keys = newest_rows(mappings, today), wanted(mappings, today).keys
    by_kind = (
        (WAREHOUSES, (rule.WAREHOUSE,)), (CUSTOMERS, (rule.CUSTOMER,)), (TAX_GROUPS, (rule.TAX_GROUP,)),
        (ITEM_TAX_GROUPS, (rule.ITEM_TAX_GROUP,)), (TAX_CODES, (rule.TAX_CODE,)),
        (TENDERS, (rule.METHOD, rule.METHOD_ACCOUNT)), (ITEMS, (rule.ITEM, rule.ITEM_BLOCKED)),
    )  # fmt: skip
    for kind, names in by_kind:
        yield from (Broken(name, key) for key in keys[kind] for name in names)
    yield from (Broken(rule.BUSINESS_DATE, (company, today.isoformat())) for (company,) in keys[PERIODS])
    for row in newest.get("stores", []):
        yield Broken(
            rule.STORE,
            (row["store_number"], row["legal_entity"], row["operating_unit"], row.get("channel_id", "")),
        )
        for what in COMPARED:
            if row.get(what):
                yield Broken(
                    rule.STORE_SETUP, (row["store_number"], what.replace("_", " "), _written(row[what]))
                )
    numbers = {row["store"]: row["store_number"] for row in newest.get("stores", [])}
    for row in newest.get("terminals", []):
        if row["store"] in numbers:
            yield Broken(rule.TILL, (row["register"], numbers[row["store"]]))
    companies = {company for (company,) in keys[PERIODS]}
    for row in newest.get("reasons", []):
        yield from (
            Broken(rule.ACCOUNT, (company, row["account_number"], row["account_type"]))
            for company in companies
        )
    yield from _of_items((*newest.get("items", []), *newest.get("barcodes", [])), sorted(companies))


def _of_items(rows: Iterable[Row], companies: Sequence[str]) -> Iterator[Broken]:
    for row in rows:
        number, unit = row["item_number"], row.get("unit", "")
        if not row.get("variant"):
            yield from (Broken(rule.VARIANT, (company, number)) for company in companies)
        if unit:
            yield from (Broken(rule.UNIT, (company, number, unit)) for company in companies)


def _written(value: str) -> str:
    """Write what a person put into a mapping as D365's rows have it: yes and no in small letters."""
    return value.lower() if value.lower() in (YES, NO) else value


def _shared_warehouses(mappings: Mappings, today: date) -> Iterator[Broken]:
    """Two stores on one warehouse: location to warehouse is one to one."""
    seen: dict[tuple[str, str], str] = {}
    for row in newest_rows(mappings, today).get("stores", []):
        place = (row["legal_entity"], row.get("warehouse", ""))
        if place[1] and seen.setdefault(place, row["store_number"]) != row["store_number"]:
            yield Broken(rule.SHARED_WAREHOUSE, place)
