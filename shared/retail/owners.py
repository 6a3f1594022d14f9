"""Who the people of a role are for a store, and where alerts for them go: rows of the owners mapping, dated like all others.

Names are parted by semicolons. A store's own row goes before the one for all stores (`*`); a rota is a row a week.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.retail.mail_addresses import named_in
from shared.retail.mapping_kinds import OWNERS_KIND
from shared.retail.mapping_rows import Mappings

EVERY_STORE = "*"


@dataclass(frozen=True, slots=True)
class People:
    """Who is named for a role: people, who stands in for them, and the addresses their alerts go to."""

    people: tuple[str, ...] = ()
    deputies: tuple[str, ...] = ()
    alerts_to: tuple[str, ...] = ()

    def __or__(self, other: People) -> People:
        return People(
            _once(*self.people, *other.people),
            _once(*self.deputies, *other.deputies),
            _once(*self.alerts_to, *other.alerts_to),
        )


def people_of(mappings: Mappings, role: str, stores: Iterable[str], day: date) -> People:
    """Give who is named for a role on a day, for each of these stores; without a store, or a row of its own, those of all."""
    found = People()
    for store in sorted(set(stores)) or [EVERY_STORE]:
        row = mappings.find(OWNERS_KIND, role, store, day=day)
        row = row or mappings.find(OWNERS_KIND, role, EVERY_STORE, day=day) or {}
        named = (named_in(row.get(column, "")) for column in ("people", "deputy", "alerts_to"))
        found |= People(*named)
    return found


def _once(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
