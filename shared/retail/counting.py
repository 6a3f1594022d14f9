"""Which tenders must be counted when a shift ends: those D365 asks a count of, as far as its reference data was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.reference import TENDERS


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
