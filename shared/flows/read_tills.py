"""Say how each till of a store-day stands: what is wrong with its shifts, and whether D365 calls it busy, or will."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.flows.mapping.note_shifts import judged
from shared.flows.tracking.tell import SHIFT_IN_ERROR, TILL_BUSY
from shared.retail.generation import replacements_of
from shared.retail.shift_words import finding_json
from shared.retail.till_busy import busy_tills
from shared.services import Services
from shared.storage.causes import OPEN, cause_rows
from shared.storage.receipts import records_of_day
from shared.storage.shifts import CLOSED, SENDING, shift_from, shifts_of_two_days


async def read_tills(services: Services, store: str, day: date) -> list[dict[str, Any]] | None:
    """Give a store-day's tills by name, as they are known now; None where the store is not known.

    busy: why D365 would call the till busy if its statement were made now; unsent: closed shifts that it does not have yet;
    d365_says: what D365 itself said of the till when it was last asked.
    """
    mappings = await services.mappings.at_least(0)
    setup = mappings.store(store, day)
    if setup is None:
        return None
    rows = await shifts_of_two_days(services.tables.shifts, store, day)
    shifts = [shift_from(row) for row in rows]
    records = await records_of_day(services.tables.transactions, store, day)
    found = judged(setup, day, shifts, records, mappings, services.now())
    busy = {one.terminal: list(one.because) for one in busy_tills(found)}
    today = [row for row in rows if row.text("BusinessDay") == day.isoformat()]
    said = await _said_by_d365(services, setup.store_number)
    tills = sorted({one.terminal for one in records} | {row.text("Terminal") for row in today})
    body = []
    for terminal in tills:
        register = (mappings.find("terminals", store, terminal, day=day) or {}).get("register", "")
        own = [row for row in today if row.text("Terminal") == terminal]
        body.append(
            {
                "terminal": terminal,
                "register": register,
                "findings": [finding_json(one) for one in found if one.terminal == terminal],
                "busy": busy.get(terminal, []),
                "unsent": [row.text("Shift") for row in own if row.text("Status") in (CLOSED, SENDING)],
                "d365_says": said.get(register, []),
                "replaced": [
                    {"generation": one.generation, "since": one.since.isoformat()}
                    for one in replacements_of(mappings, store, terminal)
                ],
            }
        )
    return body


async def _said_by_d365(services: Services, store_number: str) -> dict[str, list[str]]:
    """Give what D365 said of a store's registers, as it was told to people and still is open."""
    said: dict[str, list[str]] = {}
    async for row in cause_rows(services.tables.causes, None, OPEN):
        if row.text("Reason") in (SHIFT_IN_ERROR, TILL_BUSY) and row.text("Store") == store_number:
            said.setdefault(row.text("Terminal"), []).append(row.text("WhatHappened"))
    return {register: sorted(lines) for register, lines in said.items()}
