"""Ask D365 about what an import newly names, so that a mapping to what is not there is refused before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.d365.reference import ReferenceRead, read_reference_data
from shared.errors import AccessRefusedError, RejectedError, RetryableError
from shared.flows.posting.slot import is_throttled
from shared.retail.mapping_rows import MappingRow, Mappings
from shared.retail.reference import COLUMNS, KEYS, PERIODS, Wanted
from shared.services import Services
from shared.storage.keys import join_key

KEYS_ASKED_MAX = 500
UNREAD = "D365's reference data was not read yet; what it lacks is told after the first reading"
NOT_NOW = "D365 could not be asked now; what it lacks is told after the next reading"
TOO_MANY = "too many codes are new to ask D365 for each; what it lacks is told after the next reading"


async def ask_reference(
    services: Services, mappings: Mappings, keys: Mapping[str, frozenset[tuple[str, ...]]]
) -> tuple[Mappings, str]:
    """Give the mappings with D365's answers about rows that are not known to be there; and what could not be asked, in words.

    Nothing is kept: the next reading keeps it. Sales go first: where D365 asks for time, nothing is asked.
    """
    if not keys:
        return mappings, ""
    environment = services.settings.d365.environment_id
    state = await services.tables.packages.read(environment, join_key("reference", environment))
    if state is None or "ReadAt" not in state.values:
        return mappings, UNREAD
    if sum(len(one) for one in keys.values()) > KEYS_ASKED_MAX:
        return mappings, TOO_MANY
    if await is_throttled(services):
        return mappings, NOT_NOW
    companies = {(setup.legal_entity,) for setup in mappings.stores()}
    none: frozenset[tuple[str, ...]] = frozenset()
    wanted = Wanted({kind: keys.get(kind, none) for kind in COLUMNS} | {PERIODS: frozenset(companies)})
    try:
        found = await read_reference_data(services.d365, wanted, periods=False)
    except (RetryableError, RejectedError, AccessRefusedError) as error:
        services.log.warning("D365 could not be asked about a mapping: %s", error)
        return mappings, NOT_NOW
    return _with(mappings, found), NOT_NOW if found.unknown else ""


def _with(mappings: Mappings, found: ReferenceRead) -> Mappings:
    rows = dict(mappings.rows)
    for kind, answered in found.rows.items():
        for one in answered:
            key = (kind, *(one[name] for name in KEYS[kind]))
            rows[key] = (*rows.get(key, ()), MappingRow(one, mappings.version))
    return replace(mappings, rows=rows)
