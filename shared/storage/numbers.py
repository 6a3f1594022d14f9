"""The numbers each till used, a small column beside a statement, so that the next day knows where it had to begin."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from shared.retail.completeness import Decision, Gap, Spell, Till, TillNumbers
from shared.retail.figures import Figures
from shared.retail.money import money_text
from shared.storage.keys import just_after
from shared.storage.protocols import Row, Table
from shared.storage.statements import statement_key

LOOKED_BACK = timedelta(days=28)  # also a till that is opened on Saturdays only is followed over a month
NUMBERS = "Numbers"


def numbers_text(tills: Sequence[TillNumbers]) -> str:
    """Write the first and last number of each till, by terminal and generation."""
    spells = [[one.terminal, one.generation, one.spell.first, one.spell.last] for one in tills]
    return json.dumps(spells, separators=(",", ":"))


async def numbers_before(table: Table, store: str, day: date) -> Mapping[Till, Sequence[Spell]]:
    """Read what each till used on the business days before, the newest last. One request."""
    rows = table.query(
        store,
        key_from=statement_key(store, day - LOOKED_BACK),
        key_before=statement_key(store, day),
        select=(NUMBERS,),
    )
    spells: dict[Till, list[Spell]] = {}
    async for row in rows:
        for terminal, generation, first, last in json.loads(row.text(NUMBERS, "[]")):
            spells.setdefault((terminal, generation), []).append(Spell(first, last))
    return spells


async def days_after(table: Table, store: str, day: date) -> list[date]:
    """List the business days whose statements look back at this one. One request."""
    rows = table.query(
        store,
        key_from=just_after(statement_key(store, day)),
        key_before=just_after(statement_key(store, day + LOOKED_BACK)),
        select=(NUMBERS,),
    )
    return [date.fromisoformat(row.key[-10:]) async for row in rows]


def numbers_of(row: Row | None) -> str:
    """Read a statement's column of numbers; "" where it has none yet."""
    return row.text(NUMBERS) if row is not None else ""


def completeness_json(tills: Sequence[TillNumbers], currency: str) -> list[dict[str, Any]]:
    """Write what is known of each till's numbers and totals, for the statement: nothing but what follows from its receipts."""
    return [
        {
            "terminal": one.terminal,
            "generation": one.generation,
            "expected_first": one.expected_first,
            "first": one.first,
            "last": one.last,
            "missing": len(one.gap.numbers) if one.gap else 0,
            "gaps": [_stretch(one.gap, stretch) for stretch in _stretches(one.gap)] if one.gap else [],
            "control": _control(one.says, one.received, currency),
        }
        for one in tills
    ]


def _stretches(gap: Gap) -> list[list[int]]:
    """Cut missing numbers into stretches that follow each other and were decided alike."""
    found: list[list[int]] = [[gap.numbers[0]]]
    for before, number in pairwise(gap.numbers):
        if number == before + 1 and gap.decisions.get(number) == gap.decisions.get(before):
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _stretch(gap: Gap, numbers: Sequence[int]) -> dict[str, Any]:
    decided: Decision | None = gap.decisions.get(numbers[0])
    return {
        "first": numbers[0],
        "last": numbers[-1],
        "state": decided.decision if decided else "missing",
        "decided": None
        if decided is None
        else {"by": decided.by, "role": decided.role, "reason": decided.reason, "at": decided.at},
    }


def _control(says: Figures | None, received: Figures, currency: str) -> dict[str, Any]:
    """Compare the till's own totals with what arrived of it; agrees is None where the till states none."""
    return {
        "pos_says": None
        if says is None
        else {"count": says.count, "total": money_text(says.total, currency)},
        "received": {"count": received.count, "total": money_text(received.total, currency)},
        "agrees": None if says is None else (says - received).is_nothing and says.count == received.count,
    }
