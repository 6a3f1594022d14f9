"""Mapping rows, dated and versioned: which row is in force on a day, and how it was at any version.

Rows of one key differ by the day they begin. Of those that begin alike the newest version counts, and no other: a row is
corrected, ended or withdrawn by a newer one with the same beginning. A lookup is for a day and at most a version, so a
receipt can always be mapped again the way it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from shared.retail.mapped import StoreSetup, store_setup
from shared.retail.tolerances import TOLERANCES, tolerated

VALID_FROM, VALID_TO = "valid_from", "valid_to"
ALWAYS, NEVER = "always", "never"  # said of a beginning, and of an end: of a row that counts on no day
DATES = (VALID_FROM, VALID_TO)


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One line of a mapping: `values` by column, in force from `valid_from` (None: always) to `valid_to` (None: for ever).

    withdrawn: it was a mistake and counts on no day.
    """

    values: Mapping[str, str]
    version: int
    valid_from: date | None = None
    valid_to: date | None = None
    withdrawn: bool = False

    def is_in_force(self, day: date) -> bool:
        """Say whether it counts on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to) and not self.withdrawn


def mapping_row(values: Mapping[str, str], version: int) -> MappingRow:
    """Make a row of a line's columns, its two dates among them."""
    valid_from, valid_to = (values.get(name, "") for name in DATES)
    is_withdrawn = valid_to == NEVER
    return MappingRow(
        {name: value for name, value in values.items() if name not in DATES},
        version,
        date.fromisoformat(valid_from) if valid_from and valid_from != ALWAYS else None,
        date.fromisoformat(valid_to) if valid_to and not is_withdrawn else None,
        is_withdrawn,
    )


def line_of(row: MappingRow) -> dict[str, str]:
    """Give a row as a line again, dates included."""
    valid_to = NEVER if row.withdrawn else _text(row.valid_to)
    return {**row.values, VALID_FROM: _text(row.valid_from), VALID_TO: valid_to}


def _text(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every mapping row known, up to `version`: (kind, key) -> rows. today: where a lookup names no day; None: the last row."""

    version: int = 0
    rows: Mapping[tuple[str, ...], tuple[MappingRow, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    today: date | None = None

    def find(self, kind: str, *key: str, day: date | None = None) -> Mapping[str, str] | None:
        """Give the row in force on a day, the one that began last. None when nobody has mapped it for then.

        Without a day: as it is today; where nothing is in force today, as it was last, or will be first.
        """
        rows = self.dated(kind, *key)
        if day is not None:
            return _last_in_force(rows, day)
        if self.today is None:
            return rows[-1].values if rows else None
        found = _last_in_force(rows, self.today)
        if found is None and rows:
            begun = [row for row in rows if row.valid_from is None or row.valid_from <= self.today]
            return (begun[-1] if begun else rows[0]).values
        return found

    def dated(self, kind: str, *key: str) -> tuple[MappingRow, ...]:
        """Give the rows of a key that count, in the order in which they begin, ended ones included."""
        rows = self.rows.get((kind, *key), ())
        if len(rows) == 1:
            return rows if rows[0].version <= self.version and not rows[0].withdrawn else ()
        return tuple(row for row in _newest_of_each_start(self._known(rows)) if not row.withdrawn)

    def starting(self, kind: str, *key: str, start: date | None) -> MappingRow | None:
        """Give the row of a key that begins on exactly this day, withdrawn or not."""
        rows = _newest_of_each_start(self._known(self.rows.get((kind, *key), ())))
        return next((row for row in rows if row.valid_from == start), None)

    def _known(self, rows: Iterable[MappingRow]) -> Iterable[MappingRow]:
        return (row for row in rows if row.version <= self.version)

    def keys(self, kind: str) -> list[tuple[str, ...]]:
        """Give the keys of a kind that have a row which counts, sorted."""
        return sorted(key[1:] for key in self.rows if key[0] == kind and self.dated(*key))

    def at_version(self, version: int) -> Mappings:
        """Give the mappings as they were."""
        return replace(self, version=min(version, self.version))

    def time_zones(self, store: str) -> frozenset[str]:
        """Give every time zone (IANA name) that a store was ever said to have."""
        return frozenset(row.values["time_zone"] for row in self.rows.get(("stores", store), ()))

    def accounts(self, store: str) -> frozenset[str]:
        """Give every source of record that a store was ever said to have, "" for none."""
        return frozenset(row.values.get("account", "") for row in self.rows.get(("stores", store), ()))

    def store(self, store: str, day: date | None = None) -> StoreSetup | None:
        """Give a store's set-up; None when the location is not known."""
        values = self.find("stores", store, day=day)
        if values is None:
            return None
        return tolerated(store_setup(values), values, lambda *key: self.find(TOLERANCES, *key, day=day))

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


def _last_in_force(rows: tuple[MappingRow, ...], day: date) -> Mapping[str, str] | None:
    for row in reversed(rows):
        if row.is_in_force(day):
            return row.values
    return None


def _newest_of_each_start(rows: Iterable[MappingRow]) -> list[MappingRow]:
    newest: dict[date | None, MappingRow] = {}
    for row in rows:
        other = newest.get(row.valid_from)
        if other is None or other.version <= row.version:
            newest[row.valid_from] = row
    return sorted(newest.values(), key=lambda row: row.valid_from or date.min)
