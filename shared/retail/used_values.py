"""Which of the tills' values a store used and when last: what its mappings must have, and which of them nobody uses."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from shared.retail.mapping_kinds import BARCODES, STAFF
from shared.retail.transaction import TillStatus, Transaction

UNTAXED = "NONE"
DAYS_KEPT = 400
# By kind of mapping: each value, and the business day it was used on last.
Used = dict[str, dict[str, date]]
# Kept on each receipt's row for ever, so in few characters.
_SHORT: Mapping[str, str] = {"i": "items", "b": BARCODES, "d": "dispositions", "t": "taxes"}


@dataclass(frozen=True, slots=True)
class UsedBy:
    """What one transaction used: its kept codes, and what stands in other columns of its row."""

    codes: str
    terminal: str
    operator: str = ""
    taxes: Collection[str] = ()
    tenders: Collection[str] = ()
    reason: str = ""

    def values(self) -> dict[str, set[str]]:
        """Give its values by kind; nothing of one that mappings are asked nothing about."""
        found = {_SHORT[short]: set(values) for short, values in json.loads(self.codes or "{}").items()}
        found.setdefault("taxes", set()).update(self.taxes)
        found["tenders"] = set(self.tenders)
        found["reasons"] = {self.reason} if self.reason else set()
        found = {kind: values for kind, values in found.items() if values}
        if found:
            found["terminals"] = {self.terminal}
        if found and self.operator:
            found[STAFF] = {self.operator}
        return found


def codes_text(transaction: Transaction) -> str | None:
    """Give the values of a transaction that mappings are asked for and no other column of its row holds; None for none."""
    if transaction.status is not TillStatus.COMPLETED or transaction.training:
        return None
    found: dict[str, set[str]] = {}
    for line in transaction.lines:
        kind = "i" if line.item or not line.gtin else "b"
        found.setdefault(kind, set()).add(line.item or line.gtin or str(line.kind))
        if not line.taxes:
            found.setdefault("t", set()).add(UNTAXED)
        if line.is_return and line.disposition is not None:
            found.setdefault("d", set()).add(str(line.disposition))
    if not found:
        return None
    ordered = {kind: sorted(values) for kind, values in sorted(found.items())}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))


def used_on(day: date, transactions: Iterable[UsedBy]) -> Used:
    """Give what a store-day used."""
    found: Used = {}
    for one in transactions:
        for kind, values in one.values().items():
            found.setdefault(kind, {}).update(dict.fromkeys(values, day))
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
