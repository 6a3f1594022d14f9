"""Read D365's reference data, keep what changed, and compare our mappings with it.

Once a day; after a quarter of an hour already where a mapping has changed or a receipt waits for D365 to be put right.
Sales come first: nothing is read while D365 has asked posting to slow down. What changed is imported as mapping rows, so
that each receipt keeps the version it was judged by.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.d365.reference import ReferenceRead, read_reference_data
from shared.d365.reference_sets import NEEDED_FOR
from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    RetryableError,
    ThrottledError,
    not_now,
)
from shared.flows.mapping.held_by_reference import (
    end_what_is_right,
    is_something_held,
    open_findings,
    rows_that_hold,
)
from shared.flows.posting.slot import is_throttled, is_waiting
from shared.retail.d365_rules import Broken, cause_of
from shared.retail.mapping import Mappings
from shared.retail.reference import COLUMNS, KEYS, Wanted, wanted
from shared.retail.reference_findings import findings
from shared.services import Services
from shared.storage.keys import join_key
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row, Value

EVERY = timedelta(hours=24)
SOON = timedelta(minutes=15)
READING_MINUTES = 15  # nobody else begins meanwhile
SILENT_PAUSE_SECONDS = 120.0
BY = "D365"
SHOWN_MAX = 500
TRIES_MAX = 5


async def read_reference(services: Services, *, ordered: bool = False) -> str:
    """Read if it is time, or because a person ordered it; say what was done, for the log. Twice changes nothing.

    Raises:
        D365NotNowError: only where it was ordered: D365 does not answer, or asks for time.
    """
    mappings = await _mappings_if_due(services, ordered=ordered)
    if mappings is None:
        return "not due"
    keys = await services.in_thread(wanted, mappings)
    keys = keys.and_rows(await rows_that_hold(services, mappings))
    if not keys.companies:
        return "no store is mapped"
    turn = await _take_turn(services, ordered=ordered)
    if turn is None:
        return "read by another worker, or put off meanwhile"
    try:
        found = await read_reference_data(services.d365, keys)
    except RetryableError as error:
        services.log.warning("D365's reference data could not be read: %s", error)
        until = services.now() + timedelta(seconds=error.wait_seconds or SILENT_PAUSE_SECONDS)
        told = True if error.wait_seconds is not None else None
        saved = await _save(services, turn, NextTry=until, Trouble=str(error)[:500], ToldToWait=told)
        if told and not saved:
            await _tell_whoever_reads_now(services, until)
        if ordered:
            raise not_now(error) from error
        return "D365 did not answer"
    return await _keep(services, turn, mappings, keys, found)


async def _mappings_if_due(services: Services, *, ordered: bool) -> Mappings | None:
    """Give the newest mappings if the reference data is to be read with them."""
    now, state = services.now(), await services.tables.packages.read(*_state_key(services))
    if await is_throttled(services):
        if ordered:
            raise not_now(ThrottledError("sales go first", wait_seconds=SILENT_PAUSE_SECONDS))
        return None
    if ordered and state is not None and state.flag("ToldToWait") and is_waiting(state, now, timedelta(0)):
        wait_seconds = (state.instant("NextTry") - now).total_seconds()
        raise not_now(ThrottledError("D365 has asked for time", wait_seconds=wait_seconds))
    if ordered or state is None:
        return await services.mappings.refresh()
    if is_waiting(state, now, timedelta(0)):
        return None
    age = now - state.instant("ReadAt") if "ReadAt" in state.values else EVERY
    if age < SOON:
        return None
    mappings = await services.mappings.refresh()
    changed = mappings.version > state.number("MappingVersion")
    return mappings if age >= EVERY or changed or await is_something_held(services) else None


async def _take_turn(services: Services, *, ordered: bool) -> Row | None:
    """Take the turn, so that one worker reads; None where another was faster.

    So it is where D365 has put off the next reading since this one was found to be due, however long ago that was.
    """
    table, key, now = services.tables.packages, _state_key(services), services.now()
    row = await table.read(*key)
    if row is not None and is_waiting(row, now, timedelta(0)) and (row.flag("ToldToWait") or not ordered):
        return None
    until = now + services.clock.patience(READING_MINUTES * 60)
    try:
        if row is None:
            row = Row(*key, values={"Record": "reference", "NextTry": until})
            return replace(row, etag=await table.insert(row))
        row = row.with_values(NextTry=until, ToldToWait=None)
        return replace(row, etag=await table.replace(row, row.etag))
    except (AlreadyThereError, ChangedMeanwhileError):
        return None


async def _keep(services: Services, turn: Row, mappings: Mappings, keys: Wanted, found: ReferenceRead) -> str:
    changed = await services.in_thread(_changed_rows, mappings, keys, found)
    table, now = services.tables.mappings, services.now()
    for kind, rows in changed.items():
        await import_rows(table, kind, rows, who=BY, reason="as D365 has it", at=now)
    mappings = await services.mappings.refresh()
    broken = await services.in_thread(findings, mappings, now.date())
    await open_findings(services, broken)
    released = await end_what_is_right(services, mappings, frozenset(broken))
    count = sum(len(rows) for rows in changed.values())
    await _save(
        services, turn, NextTry=None, Trouble=None, ToldToWait=None, ReadAt=now, MappingVersion=mappings.version,
        Unknown=json.dumps(found.unknown), Findings=json.dumps([one.value for one in broken[:SHOWN_MAX]]),
        FindingsCount=len(broken), Rows=json.dumps({kind: len(rows) for kind, rows in found.rows.items()}),
        RowsChanged=count,
    )  # fmt: skip
    said = ((count, "row", " changed"), (len(broken), "finding", ""), (released, "receipt", " released"))
    return ", ".join(f"{number} {one}{'' if number == 1 else 's'}{what}" for number, one, what in said)


def _changed_rows(
    mappings: Mappings, keys: Wanted, found: ReferenceRead
) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Give, by kind, the rows that differ from those kept. What was known and cannot be read any more is forgotten."""
    changed: dict[str, list[Mapping[str, str]]] = {}
    for kind, columns in COLUMNS.items():
        fresh = {tuple(row[name] for name in KEYS[kind]): row for row in found.rows.get(kind, ())}
        for key in sorted(keys.keys[kind] | fresh.keys()):
            kept = mappings.find(kind, *key)
            row = fresh.get(key)
            if row is None and kept is not None:
                row = {**dict.fromkeys(columns, ""), **dict(zip(KEYS[kind], key, strict=True))}
            if row is not None and row != kept:
                changed.setdefault(kind, []).append(row)
    return changed


async def _save(services: Services, turn: Row, **changes: Value | None) -> bool:
    """Write the state; whoever took the turn over meanwhile has written what it read, which is as good. Say whether it is
    written.
    """
    try:
        await services.tables.packages.replace(turn.with_values(**changes), turn.etag)
    except ChangedMeanwhileError:
        services.log.info("the reference data was read by another worker too")
        return False
    return True


async def _tell_whoever_reads_now(services: Services, until: datetime) -> None:
    """Put off the next reading on the state as it stands: what D365 said just now to a worker that had stood still is newer
    than what another wrote meanwhile.
    """
    table = services.tables.packages
    for _ in range(TRIES_MAX):
        row = await table.read(*_state_key(services))
        if row is None or is_waiting(row, until, timedelta(0)):
            return
        with contextlib.suppress(ChangedMeanwhileError):
            await table.replace(row.with_values(NextTry=until, ToldToWait=True), row.etag)
            return


def _state_key(services: Services) -> tuple[str, str]:
    environment = services.settings.d365.environment_id
    return environment, join_key("reference", environment)


async def show_reference(services: Services) -> dict[str, Any] | None:
    """Give when D365's reference data was read, what is unknown, and what our mappings name in vain; None before."""
    state = await services.tables.packages.read(*_state_key(services))
    if state is None or "ReadAt" not in state.values:
        return None
    unknown: Mapping[str, str] = json.loads(state.text("Unknown", "{}"))
    broken = [Broken.from_value(value) for value in json.loads(state.text("Findings", "[]"))]
    return {
        "environment": services.settings.d365.environment_id,
        "read_at": state.instant("ReadAt").isoformat(),
        "mapping_version": state.number("MappingVersion"),
        "rows": json.loads(state.text("Rows", "{}")),
        "rows_changed": state.number("RowsChanged"),
        "trouble": state.text("Trouble") or None,
        "unknown": [
            {"set": name, "d365_says": says, "not_judged": list(NEEDED_FOR.get(name, ()))}
            for name, says in sorted(unknown.items())
        ],
        "findings_count": state.number("FindingsCount"),
        "findings": [_finding_body(one) for one in broken],
    }


def _finding_body(broken: Broken) -> dict[str, str]:
    why = cause_of(broken)
    texts = why.texts()
    return {
        "rule": broken.rule, "code": why.code, "value": why.value, "owner": why.owner,
        "problem": why.words["problem"], "do_this": texts["do_this"],
    }  # fmt: skip
