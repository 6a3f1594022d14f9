"""Say how each till of a store-day stands: what is wrong with its shifts, and whether D365 calls it busy, or will."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from shared.flows.mapping.note_shifts import judged
from shared.flows.tracking.tell import states_of_tills
from shared.retail.generation import replacements_of
from shared.retail.shift_words import finding_json
from shared.retail.till_busy import busy_tills
from shared.services import Services
from shared.storage.receipt_record import records_of_day
from shared.storage.shifts import CLOSED, SENDING, shift_from, shifts_of_two_days


async def read_tills(services: Services, store: str, day: date) -> list[dict[str, Any]] | None:
    """Give a store-day's tills by name, as they are known now; None where the store is not known.

    busy: why D365 calls the till busy, or would if its statement were made now; unsent: closed shifts that it does not have yet;
    d365_says: those of the reasons that D365 itself
    gave when it was last asked.
    """
    mappings = await services.mappings.at_least(0)
    setup = mappings.store(store, day)
    if setup is None:
        return None
    rows = await shifts_of_two_days(services.tables.shifts, store, day)
    shifts = [shift_from(row) for row in rows]
    records = await records_of_day(services.tables.transactions, store, day)
    found = judged(setup, day, shifts, records, mappings, services.now())
    said = await states_of_tills(services)
    today = [row for row in rows if row.text("BusinessDay") == day.isoformat()]
    drawers = {one.drawer_of[0] for one in records} | {row.text("Terminal") for row in today}
    tills = sorted({one.terminal for one in records} | drawers)
    body = []
    for terminal in tills:
        register = (mappings.find("terminals", store, terminal, day=day) or {}).get("register", "")
        own = [row for row in today if row.text("Terminal") == terminal]
        findings = [one for one in found if one.terminal == terminal]
        told = [replace(said[register], terminal=terminal)] if register in said else []
        body.append(
            {
                "terminal": terminal,
                "register": register,
                "findings": [finding_json(one) for one in findings],
                "busy": [line for one in busy_tills(findings, told) for line in one.because],
                "unsent": [row.text("Shift") for row in own if row.text("Status") in (CLOSED, SENDING)],
                "d365_says": [line for one in busy_tills((), told) for line in one.because],
                "replaced": [
                    {"generation": one.generation, "since": one.since.isoformat()}
                    for one in replacements_of(mappings, store, terminal)
                ],
            }
        )
    return body
