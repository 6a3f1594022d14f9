"""Coverage of the mappings: what was used and is mapped to nothing, and what is mapped and was used by nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from shared.retail.held_value import Held
from shared.retail.mapping_kinds import BARCODES, KINDS, STAFF
from shared.retail.mapping_rows import Mappings
from shared.retail.used_values import Used

PER_STORE = ("terminals", "tenders", STAFF)
USED_KINDS = ("terminals", "tenders", "taxes", "items", BARCODES, STAFF, "reasons", "dispositions")
STORES_NAMED_MAX = 20
_TILLS = KINDS["terminals"]


@dataclass(slots=True)
class Seen:
    """One value that stores used: of which kind, by which of them, and when last."""

    kind: str
    value: str
    stores: list[str] = field(default_factory=list)
    last_used: date = date.min


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of the used values is unmapped, and which rows were not used; values: how many were used at all."""

    values: int
    unmapped: tuple[Seen, ...]
    never_used: tuple[tuple[str, tuple[str, ...]], ...]


class Collected:
    """Collects what stores used since a day, store by store, so that no more than one of them is held whole."""

    def __init__(self, mappings: Mappings, since: date, as_of: date) -> None:
        self._mappings = mappings
        self._since = since
        self._as_of = as_of
        self._unmapped: dict[tuple[str, str], Seen] = {}
        self._values: set[tuple[str, str]] = set()
        self._keys: set[tuple[str, ...]] = set()

    def with_store(self, store: str, used: Used) -> None:
        """Add what one store used."""
        maps_staff = self._maps_staff(store)
        for kind, values in used.items():
            for value, day in values.items():
                if day < self._since:
                    continue
                self._values.add((kind, value))
                key = self._key(kind, store, value)
                if key is not None:
                    self._keys.add(key)
                elif kind != STAFF or maps_staff:
                    seen = self._unmapped.setdefault((kind, value), Seen(kind, value))
                    seen.stores.append(store)
                    seen.last_used = max(seen.last_used, day)

    def with_held(self, held: Iterable[Held]) -> None:
        """Add the values that receipts wait for whose store-day was not compiled yet: nobody has noted that they were used."""
        for one in held:
            value = one.terminal if one.code == _TILLS.seen_by else one.value
            kinds = [kind for kind in USED_KINDS if KINDS[kind].seen_by == one.code]
            if not kinds or any(self._key(kind, one.store, value) for kind in kinds):
                continue
            named = next((kind for kind in kinds if (kind, value) in self._unmapped), kinds[0])
            self._values.add((named, value))
            seen = self._unmapped.setdefault((named, value), Seen(named, value))
            seen.last_used = max(seen.last_used, one.business_day or date.min)
            if one.store not in seen.stores:
                seen.stores.append(one.store)

    def _maps_staff(self, store: str) -> bool:
        setup = self._mappings.store(store, self._as_of)
        return setup is not None and setup.map_staff

    def _key(self, kind: str, store: str, value: str) -> tuple[str, ...] | None:
        """Give the key of the row that maps a value on the day, as mapping a receipt looks it up; None where none does."""
        for key in keys_for(kind, store, value):
            if self._mappings.find(*key, day=self._as_of) is not None:
                return key
        return None

    def result(self) -> Coverage:
        """Give the coverage of everything that was added."""
        unmapped = sorted(self._unmapped.values(), key=lambda one: (one.kind, one.value))
        return Coverage(len(self._values), tuple(unmapped), tuple(self._never_used()))

    def _never_used(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for kind, *key in sorted(self._mappings.rows):
            if kind not in USED_KINDS or (kind, *key) in self._keys:
                continue
            if self._mappings.find(kind, *key, day=self._as_of) is not None:
                yield kind, tuple(key)


def keys_for(kind: str, store: str, value: str) -> Iterable[tuple[str, ...]]:
    """Give the keys under which a value is looked up, in order."""
    if kind == "terminals":
        return ((kind, store, value),)
    if kind in PER_STORE:
        return ((kind, store, value), (kind, "*", value))
    if kind == BARCODES:
        return ((BARCODES, value), ("items", value))
    return ((kind, value),)
