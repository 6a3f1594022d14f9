"""Who answers for a role, when they are not called, and where mails for them go.

The settings say it, and rows of the owners mapping: by role and store (`*`: all), dated, names and addresses parted by
semicolons.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from shared.retail.mail_addresses import is_address
from shared.retail.mapping_kinds import OWNERS_KIND
from shared.retail.mapping_rows import Mappings
from shared.retail.owners import people_of
from shared.retail.quiet import QuietHours
from shared.settings import Settings
from shared.settings_alerts import ADDRESSES_MAX


def quiet_hours_of(settings: Settings, role: str) -> QuietHours | None:
    """Give when the people of a role are not called; None where they always may be."""
    quiet = settings.alerts.quiet.get(role)
    return QuietHours(quiet.begins, quiet.ends, ZoneInfo(quiet.zone), quiet.days) if quiet else None


def names_of(settings: Settings, mappings: Mappings, role: str, day: date) -> list[str]:
    """Give everybody who may be given a cause of this role: who holds it here, and whom the mapping names for it today."""
    known = {one.name for one in settings.people if role in one.roles}
    for its_role, store in mappings.keys(OWNERS_KIND):
        if its_role == role:
            named = people_of(mappings, role, [store], day)
            known |= {*named.people, *named.deputies}
    return sorted(known)


def addresses_of(mappings: Mappings, role: str, stores: Iterable[str], day: date) -> tuple[str, ...]:
    """Give the mail addresses that the mapping has for a role and these stores today; none where it has none."""
    named = people_of(mappings, role, stores, day).alerts_to
    return tuple(one for one in named if is_address(one))[:ADDRESSES_MAX]
