"""Who answers for a role, when they are not called, and where mails for them go.

The settings say it, and rows of the owners mapping: by role and store (`*`: all), dated, names and addresses parted by
semicolons.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from shared.retail.mapping import Mappings
from shared.retail.quiet import QuietHours
from shared.settings import Settings
from shared.settings_alerts import ADDRESSES_MAX

OWNERS_KIND, EVERY_STORE = "owners", "*"


def quiet_hours_of(settings: Settings, role: str) -> QuietHours | None:
    """Give when the people of a role are not called; None where they always may be."""
    quiet = settings.alerts.quiet.get(role)
    return QuietHours(quiet.begins, quiet.ends, ZoneInfo(quiet.zone), quiet.days) if quiet else None


def names_of(settings: Settings, mappings: Mappings, role: str, day: date) -> list[str]:
    """Give everybody who may be given a cause of this role: who holds it here, and whom the mapping names for it today."""
    known = {one.name for one in settings.people if role in one.roles}
    for kind, *key in mappings.rows:
        if kind == OWNERS_KIND and key[0] == role:
            row = mappings.find(kind, *key, day=day) or {}
            known |= {*_parts(row.get("people", "")), *_parts(row.get("deputy", ""))}
    return sorted(known)


def addresses_of(mappings: Mappings, role: str, stores: Iterable[str], day: date) -> tuple[str, ...]:
    """Give the mail addresses that the mapping has for a role and these stores today; none where it has none."""
    found: dict[str, None] = {}
    for store in sorted(set(stores)) or [EVERY_STORE]:
        row = mappings.find(OWNERS_KIND, role, store, day=day)
        row = row or mappings.find(OWNERS_KIND, role, EVERY_STORE, day=day) or {}
        found |= dict.fromkeys(one for one in _parts(row.get("alerts_to", "")) if _is_address(one))
    return tuple(found)[:ADDRESSES_MAX]


def _parts(text: str) -> list[str]:
    return [one.strip() for one in text.split(";") if one.strip()]


def _is_address(text: str) -> bool:
    return text.count("@") == 1 and text.isprintable() and " " not in text
