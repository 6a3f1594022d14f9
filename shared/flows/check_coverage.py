"""Compare what the stores used lately with what is mapped, and what is mapped with what D365 has: before it holds a receipt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.errors import RejectedError
from shared.flows.mapping.held_values import read_held
from shared.retail.coverage import STORES_NAMED_MAX, Collected, Coverage, Seen
from shared.retail.d365_rules import Broken, cause_of
from shared.retail.held_value import Held
from shared.retail.mapping_kinds import KINDS
from shared.retail.mapping_rows import Mappings
from shared.retail.money import money_text
from shared.retail.owners import people_of
from shared.retail.reasons import REASONS
from shared.retail.reference_findings import findings
from shared.services import Services
from shared.storage.used import used_of, used_rows

DAYS, DAYS_MAX = 30, 366
SHOWN_MAX = 1_000


async def check_coverage(
    services: Services, *, as_of: date | None = None, days: int | None = None
) -> dict[str, Any]:
    """Say which values of the last 30 days nobody has mapped, which rows nobody used, and which rows D365 cannot keep.

    as_of: by the mappings as they are, or will be, on that day; the values are those of the days before it, or before today.
    One request for each store's row of used values (4 MiB at a time) and 1,000 held receipts.

    Raises:
        RejectedError: more days than are kept.
    """
    days = DAYS if days is None else days
    if not 1 <= days <= DAYS_MAX:
        expected = f"1 to {DAYS_MAX} days"
        raise RejectedError("so many days are not kept", field="days", expected=expected, found=str(days))
    today = services.now().date()
    as_of = as_of or today
    since = min(as_of, today) - timedelta(days=days)
    mappings = await services.mappings.refresh()
    collected, stores, shortened = Collected(mappings, since, as_of), 0, []
    async for row in used_rows(services.tables.stores):
        await services.in_thread(collected.with_store, row.text("Store"), used_of(row))
        stores += 1
        if row.flag("Shortened"):
            shortened.append(row.text("Store"))
    held = await read_held(services, frozenset(kind.seen_by for kind in KINDS.values() if kind.seen_by))
    await services.in_thread(collected.with_held, held)
    coverage = await services.in_thread(collected.result)
    broken = await services.in_thread(findings, mappings, as_of)
    return {
        "as_of": as_of.isoformat(),
        "since": since.isoformat(),
        "mapping_version": mappings.version,
        "stores": stores,
        "stores_not_complete": shortened,
        "values": coverage.values,
        **_unmapped(coverage, held, mappings, as_of),
        **_never_used(coverage),
        "d365_count": len(broken),
        "d365": [_finding(one) for one in broken[:SHOWN_MAX]],
    }


def _unmapped(coverage: Coverage, held: Iterable[Held], mappings: Mappings, as_of: date) -> dict[str, Any]:
    waiting: dict[tuple[str, str], list[Held]] = {}
    for one in held:
        value = one.terminal if one.code == "terminal_unmapped" else one.value
        waiting.setdefault((one.code, value), []).append(one)
    shown = coverage.unmapped[:SHOWN_MAX]
    bodies = []
    for seen in shown:
        body = _seen(seen, waiting.get((KINDS[seen.kind].seen_by, seen.value), []))
        people = people_of(mappings, body["owner"], seen.stores[:STORES_NAMED_MAX], as_of).people
        bodies.append(body | {"people": list(people)})
    return {"unmapped_count": len(coverage.unmapped), "unmapped": bodies}


def _seen(one: Seen, waiting: Iterable[Held]) -> dict[str, Any]:
    amounts: dict[str, Decimal] = {}
    for each in waiting:
        amounts[each.currency] = amounts.get(each.currency, Decimal(0)) + each.amount
    return {
        "kind": one.kind,
        "value": one.value,
        "owner": REASONS[KINDS[one.kind].seen_by].owner,
        "stores": len(one.stores),
        "stores_named": sorted(one.stores)[:STORES_NAMED_MAX],
        "last_used": one.last_used.isoformat(),
        "receipts_held": sum(each.receipts for each in waiting),
        "amounts_held": {name: money_text(amount, name or "USD") for name, amount in sorted(amounts.items())},
    }


def _never_used(coverage: Coverage) -> dict[str, Any]:
    shown = coverage.never_used[:SHOWN_MAX]
    bodies = [{"kind": kind, **dict(zip(KINDS[kind].key, key, strict=True))} for kind, key in shown]
    return {"never_used_count": len(coverage.never_used), "never_used": bodies}


def _finding(broken: Broken) -> dict[str, str]:
    why = cause_of(broken)
    return {"owner": why.owner, "problem": why.words["problem"], "do_this": why.texts()["do_this"]}
