"""Causes that D365's reference data opens and ends: what our mappings name and D365 lacks, and receipts held for it.

Whoever holds a receipt for such a cause leaves a mark, so that the reference data is read again soon, and only then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.flows.mapping.release_held import held_receipts, release_receipts
from shared.retail.d365_rules import Broken, cause_of
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause
from shared.retail.reference import is_broken, is_judged, rows_behind
from shared.services import Services
from shared.storage.causes import (
    MAPPING,
    OPEN,
    RECEIPT,
    Member,
    cause_row,
    end_cause_rows,
    open_causes,
)
from shared.storage.keys import join_key
from shared.storage.protocols import Condition, Row, Value

CODES = ("d365_rule", "d365_reference")
NAME = "mappings against D365"


def _mark(services: Services) -> tuple[str, str]:
    environment = services.settings.d365.environment_id
    return environment, join_key("reference-held", environment)


async def note_held(services: Services, causes: Iterable[Cause]) -> None:
    """Leave the mark, if any of these causes is of the reference data; before the receipts are held."""
    if any(one.code in CODES for one in causes):
        values: dict[str, Value] = {"Record": "reference-held", "At": services.now()}
        await services.tables.packages.upsert(Row(*_mark(services), values=values))


async def is_something_held(services: Services) -> bool:
    """Say whether the mark is there."""
    return await services.tables.packages.read(*_mark(services)) is not None


async def rows_that_hold(services: Services, mappings: Mappings) -> frozenset[tuple[str, ...]]:
    """Give the reference rows that receipts are held for, by kind and key: what held them may be named by no mapping any more,
    and without another look at D365 they would wait for ever.
    """
    if not await is_something_held(services):
        return frozenset()
    values = {row.text("Value") for row in await _open_rows(services) if row.text("What") == RECEIPT}
    broken = (Broken.from_value(value) for value in values)
    return frozenset(row for one in broken for row in rows_behind(mappings, one.rule, one.parts))


async def _open_rows(services: Services) -> list[Row]:
    found: list[Row] = []
    for code in CODES:
        where = (Condition("State", "eq", OPEN), Condition("Reason", "eq", code))
        found += [row async for row in services.tables.causes.query(None, where=where)]
    return found


async def open_findings(services: Services, findings: Iterable[Broken]) -> None:
    """Put what our mappings name and D365 does not have in front of its owner, before a receipt needs it."""
    member = Member(what=MAPPING, store="", name=NAME, receipts=0)
    rows = [cause_row(cause_of(one), member, services.now()) for one in findings]
    await open_causes(services.tables.causes, rows)


async def end_what_is_right(services: Services, mappings: Mappings, findings: frozenset[Broken]) -> int:
    """End what no longer holds, and let its receipts go on; give how many went. The mark stays while one is held."""
    mark = await services.tables.packages.read(*_mark(services))
    by_value: dict[str, list[Row]] = {}
    for row in await _open_rows(services):
        by_value.setdefault(row.text("Value"), []).append(row)
    released, still_held = 0, False
    for value, rows in by_value.items():
        broken = Broken.from_value(value)
        named = [row for row in rows if row.text("What") == MAPPING]
        if broken not in findings:
            await end_cause_rows(
                services.tables.causes, named, services.now(), "D365 has it, or nobody names it"
            )
        members = [row for row in rows if row.text("What") == RECEIPT]
        if not is_judged(broken.rule) or is_broken(mappings, broken.rule, broken.parts):
            still_held = still_held or bool(members)
            continue
        receipts = await held_receipts(services, members)
        note = "released: D365's reference data was put right"
        released += len(await release_receipts(services, members, receipts, mappings.version, note))
    if mark is not None and not still_held:
        with contextlib.suppress(ChangedMeanwhileError, NotThereError):
            await services.tables.packages.delete(mark.partition, mark.key, mark.etag)
    return released
