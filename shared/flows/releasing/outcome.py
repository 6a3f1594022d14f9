"""Compare what became of a release's receipts with what was foreseen, receipt by receipt, from their own histories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from shared.flows.releasing.order import RECEIPTS_PER_PART
from shared.retail.release import LEFT, MOVES, Became, Planned, amounts, became
from shared.retail.status import Status
from shared.services import Services
from shared.storage.protocols import Row, Value
from shared.storage.receipts import UNKNOWN_STORE, identity_key
from shared.storage.releases import note_of, plan_of

READS_AT_ONCE = 32
NAMED_MAX = 50
BROUGHT_HOME = "kept under store "
UNDER_WAY = "under way"


async def outcome_of(services: Services, run: Row) -> list[Became]:
    """Give what became of every receipt that a release got to, in the order of its plan.

    That is more than it says where its worker died within a part: what went of that part has gone.
    """
    done, note = run.number("Done"), note_of(run)
    plan = plan_of(run)[: done + RECEIPTS_PER_PART]
    found: list[Became] = []
    for start in range(0, len(plan), READS_AT_ONCE):
        part = plan[start : start + READS_AT_ONCE]
        found += await services.together(*(_became(services, one, note) for one in part))
    return [*found[:done], *(one for one in found[done:] if one.becomes != LEFT)]


async def _became(services: Services, planned: Planned, note: str) -> Became:
    row = await _row_of(services, planned.store, planned)
    is_home = row is not None and planned.store == UNKNOWN_STORE and row.text("Status") == Status.WRITTEN_OFF
    if (
        row is not None and is_home and not row.text("WrittenOffBy")
    ):  # that is by two people, and it is nowhere else
        store = row.text("History").rpartition(BROUGHT_HOME)[2].partition(" now, by ")[0]
        row, note = await _row_of(services, store, planned), ""
    if row is None:
        return Became(planned, LEFT)
    found = became(planned, row.text("History"), note)
    return replace(found, amount=Decimal(row.text("Total", "0")), currency=row.text("Currency"))


async def _row_of(services: Services, store: str, planned: Planned) -> Row | None:
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, planned.account, planned.transaction_id))
    return await table.read(store, identity.text("DayKey")) if identity is not None else None


def outcome_values(found: Sequence[Became]) -> dict[str, Value | None]:
    """Give the columns that a release ends with: how many went and their money, and what came of them."""
    went = [one for one in found if one.becomes != LEFT]
    return {"Went": len(went), "Amounts": json.dumps(amounts(went)), "Outcome": outcome_text(found)}


def outcome_text(found: Sequence[Became]) -> str:
    """Write the outcome as it is kept on the release's row: counts, the money that is on its way, and the first that came
    otherwise.
    """
    counts: dict[str, int] = {}
    for one in found:
        counts[one.becomes or UNDER_WAY] = counts.get(one.becomes or UNDER_WAY, 0) + 1
    otherwise = [one for one in found if one.becomes and not one.is_as_foreseen]
    names = [f"{one.planned.store} {one.planned.transaction_id}" for one in otherwise[:NAMED_MAX]]
    moving = [one for one in found if one.becomes in MOVES]
    body = {
        "counts": dict(sorted(counts.items())),
        "on_their_way": {"receipts": len(moving), "amounts": amounts(moving)},
        "foreseen": all(one.planned.becomes for one in found),
        "otherwise": len(otherwise),
        "names": names,
    }
    return json.dumps(body)
