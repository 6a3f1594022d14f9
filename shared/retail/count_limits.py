"""D365's limits for counted differences, out of the reference data that is kept as mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from shared.retail.counting import Limits, TenderLimit
from shared.retail.mapped import StoreSetup
from shared.retail.mapping_rows import Mappings
from shared.retail.reference import STORES, TENDERS, YES


def limits_of(
    mappings: Mappings, store: StoreSetup, tenders: Iterable[str], day: date | None = None
) -> Limits:
    """Give the limits of a store and of the tenders it was paid with on a day; what was not read is None and not judged."""
    kept = mappings.find(STORES, store.store_number) or {}
    return Limits(
        line_max=_amount(kept, "line_difference_max"),
        shift_max=_amount(kept, "shift_difference_max"),
        statement_max=_amount(kept, "statement_difference_max"),
        tenders={code: _tender(mappings, store, code, day) for code in sorted(set(tenders))},
    )


def _tender(mappings: Mappings, store: StoreSetup, code: str, day: date | None) -> TenderLimit:
    own = mappings.find("tenders", store.store, code, day=day)
    mapped = own or mappings.find("tenders", "*", code, day=day) or {}
    method = mapped.get("payment_method", "")
    row = mappings.find(TENDERS, store.legal_entity, store.channel_id, method) if method else None
    if row is None or row.get("there") != YES:
        return TenderLimit()
    return TenderLimit(
        counting_required=row.get("counting_required") == YES,
        small_max=_amount(row, "small_difference_max"),
        small_account=row.get("difference_account", ""),
    )


def _amount(row: Mapping[str, str], name: str) -> Decimal | None:
    return Decimal(row[name]) if row.get(name) else None


def tenders_to_count(
    mappings: Mappings, store: StoreSetup, day: date, codes: Iterable[str]
) -> frozenset[str]:
    """Give those of a store's tenders, as the POS names them, that D365 wants counted; unknown ones need no count."""
    return frozenset(code for code in codes if _is_counted(mappings, store, day, code))


def _is_counted(mappings: Mappings, store: StoreSetup, day: date, code: str) -> bool:
    row = mappings.find("tenders", store.store, code, day=day) or mappings.find("tenders", "*", code, day=day)
    if row is None:
        return False
    method = row.get("payment_method", "")
    known = mappings.find(TENDERS, store.legal_entity, store.channel_id, method)
    return known is not None and known.get("counting_required") == "yes"
