"""Which of the tills' values a store used and when last: what its mappings must have, and which of them nobody uses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

from shared.retail.mapping_kinds import BARCODES, STAFF
from shared.retail.transaction import TillStatus, Transaction

UNTAXED = "NONE"
DAYS_KEPT = 400
# By kind of mapping: each value, and the business day it was used on last.
Used = dict[str, dict[str, date]]


def codes_text(transaction: Transaction) -> str | None:
    """Give the values of one transaction that mappings are asked for, as its row keeps them; None where there are none.

    Till and cashier stand in columns of their own.
    """
    if transaction.status is not TillStatus.COMPLETED or transaction.training:
        return None
    found: dict[str, set[str]] = {}
    for line in transaction.lines:
        kind = "items" if line.item or not line.gtin else BARCODES
        found.setdefault(kind, set()).add(line.item or line.gtin or str(line.kind))
        found.setdefault("taxes", set()).update([tax.code for tax in line.taxes] or [UNTAXED])
        if line.is_return and line.disposition is not None:
            found.setdefault("dispositions", set()).add(str(line.disposition))
    movement = transaction.cash_movement
    tenders = [one.code for one in transaction.captured] + ([movement.tender] if movement is not None else [])
    if tenders:
        found.setdefault("tenders", set()).update(tenders)
    if movement is not None and movement.reason_code:
        found.setdefault("reasons", set()).add(movement.reason_code)
    if not found:
        return None
    ordered = {kind: sorted(values) for kind, values in sorted(found.items())}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))


def used_on(day: date, receipts: Iterable[tuple[str, str, str]]) -> Used:
    """Give what a store-day used, from each transaction's kept values, till and cashier."""
    found: Used = {}
    for codes, terminal, operator in receipts:
        if not codes:
            continue
        for kind, values in json.loads(codes).items():
            found.setdefault(kind, {}).update(dict.fromkeys(values, day))
        found.setdefault("terminals", {})[terminal] = day
        if operator:
            found.setdefault(STAFF, {})[operator] = day
    return found


def merged(kept: Mapping[str, Mapping[str, date]], fresh: Mapping[str, Mapping[str, date]]) -> Used:
    """Give both, each value with its last day; what was used last more than 400 days before anything else goes."""
    found: Used = {kind: dict(values) for kind, values in kept.items()}
    for kind, values in fresh.items():
        into = found.setdefault(kind, {})
        for value, day in values.items():
            into[value] = max(day, into.get(value, day))
    newest = max((day for values in found.values() for day in values.values()), default=date.min)
    return {
        kind: {value: day for value, day in values.items() if (newest - day).days <= DAYS_KEPT}
        for kind, values in found.items()
    }
