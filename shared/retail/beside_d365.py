"""What D365 has beside a row of a mapping: its ledger accounts, its names, and whether it is there at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.retail.mapped import StoreSetup
from shared.retail.mapping_kinds import BARCODES
from shared.retail.mapping_rows import Mappings
from shared.retail.reference import (
    ACCOUNTS,
    ITEM_TAX_GROUPS,
    ITEMS,
    NO,
    STORES,
    TAX_CODES,
    TENDERS,
    TERMINALS,
    WAREHOUSES,
    YES,
)

STORES_SHOWN_MAX = 20
THERE, NOT_THERE, UNKNOWN = "there", "not in D365", "not read"
_TENDER_COLUMNS = ("name", "account", "difference_account", "small_difference_max", "counting_required")
_STORE_COLUMNS = (
    "legal_entity", "channel", "operating_unit", "warehouse", "tax_group", "currency", "prices_include_tax",
    "customer_account", "rounding_max",
)  # fmt: skip


def beside(
    kind: str, values: Mapping[str, str], mappings: Mappings, stores: Iterable[StoreSetup]
) -> list[dict[str, Any]]:
    """Give what D365 has of what a row names, equal answers once; `stores`: all of them. Nothing where D365 has no say."""
    if kind == "tenders":
        named = [one for one in stores if values["store"] in ("*", one.store) and one.channel_id]
        method = values["payment_method"]
        asked = [
            (one.store, mappings.find(TENDERS, one.legal_entity, one.channel_id, method)) for one in named
        ]
        return _grouped(asked, _TENDER_COLUMNS)
    if kind == "stores":
        found = [(values["store"], mappings.find(STORES, values["store_number"]))]
        place = mappings.find(WAREHOUSES, values["legal_entity"], values.get("warehouse", ""))
        warehouse = {"warehouse_state": _state(place)} if values.get("warehouse") else {}
        return [one | warehouse for one in _grouped(found, _STORE_COLUMNS)]
    if kind == "terminals":
        found = [(values["store"], mappings.find(TERMINALS, values["register"]))]
        return _grouped(found, ("store_number",))
    of_company = _OF_COMPANY.get(kind)
    if of_company is None:
        return []
    companies = sorted({one.legal_entity for one in stores})
    found_rows = []
    for column, read_from, columns in of_company:
        if values.get(column):
            rows = [(company, mappings.find(read_from, company, values[column])) for company in companies]
            found_rows += [{"of": column, **one} for one in _grouped(rows, columns, "companies")]
    return found_rows


_ITEM = ("item_number", ITEMS, ("unit", "variants", "serial", "blocked"))
_OF_COMPANY: Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "taxes": (("tax_code", TAX_CODES, ()), ("item_tax_group", ITEM_TAX_GROUPS, ("codes",))),
    "items": (_ITEM,),
    BARCODES: (_ITEM,),
    "reasons": (("account_number", ACCOUNTS, ("account_type",)),),
}


def _grouped(
    asked: Iterable[tuple[str, Mapping[str, str] | None]], columns: tuple[str, ...], of: str = "stores"
) -> list[dict[str, Any]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, row in asked:
        state = _state(row)
        shown = tuple((row or {}).get(one, "") for one in columns) if state == THERE else ()
        groups.setdefault((state, *shown), []).append(name)
    return [
        {
            "state": state,
            **dict(zip(columns, shown, strict=False)),
            of: len(names),
            f"{of}_named": names[:STORES_SHOWN_MAX],
        }
        for (state, *shown), names in sorted(groups.items())
    ]


def _state(row: Mapping[str, str] | None) -> str:
    return {YES: THERE, NO: NOT_THERE}.get((row or {}).get("there", ""), UNKNOWN)
