"""The daily checks of the app, made as people make them, and held against what was planted: exactly that must be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from demo.chain import LEGAL_ENTITY
from demo.documents import Message
from demo.picture import Picture
from demo.prepare import Prepared
from demo.report import OWNER_WORDS
from demo.tables import Column, amount, plural, table
from demo.web import Desk

Json = dict[str, Any]
ZERO = Decimal(0)
IN_ORDER = "in order"
SIGNED, D365_TAKES = "days_signed", "d365_takes"
_COLUMNS = (Column("Check"), Column("Owner"), Column("State"), Column("Found", True), Column("Money", True))


@dataclass(frozen=True, slots=True)
class Wrong:
    """What one check must find: in which stores, how much money (None: the check states none), how many receipts."""

    stores: frozenset[str]
    money: Decimal | None = None
    receipts: int | None = None


async def make_checks(desk: Desk, days: Sequence[date]) -> dict[str, Json]:
    """Make the daily checks of some days now; nothing is kept."""
    found = {}
    for day in days:
        found[day.isoformat()] = await desk.read("checks", "daily", LEGAL_ENTITY, day.isoformat()) or {}
    return found


async def keep_checks(desk: Desk, days: Sequence[date]) -> list[Json]:
    """Make them and have them kept; give what is then listed as kept."""
    for day in days:
        await desk.decide("checks", "daily", LEGAL_ENTITY, day.isoformat(), note="after the repair")
    return list((await desk.read("checks", "daily", LEGAL_ENTITY) or {}).get("checks", []))


def expected_checks(prepared: Prepared, day: date, picture: Picture, *, repaired: bool) -> dict[str, Wrong]:
    """Say which checks must find something, and what: from the plan and the books. Nobody signs in this demo."""
    traded = [store for store, its in prepared.storedays if its == day.isoformat()]
    found = {SIGNED: Wrong(frozenset(traded))}
    if repaired:
        return found
    plan, by_visit = prepared.plan, prepared.by_visit
    tender = [by_visit[one] for one in plan.tender_visits]
    warehouse = [one for one in prepared.in_time if one.visit and one.store == plan.warehouse_store]
    overlap = [by_visit[one] for one in plan.overlap.visits] if plan.overlap else []
    absent = [*prepared.lost, *prepared.late]
    held = [*tender, *warehouse, *overlap]
    wanted = {
        "receipts_arrived": _of(prepared, absent),
        "codes_mapped": _of(prepared, [*tender, *warehouse]),
        "tills_closed": _of(prepared, overlap),
        "all_in_d365": _of(prepared, held, counted=False),
        "days_proved": Wrong(frozenset(one.store for one in [*held, *absent])),
    }
    found |= {key: one for key, one in wanted.items() if one.stores}
    if any(one["state"] == "open" and one["owner"] == "it" for one in picture.causes):
        found[D365_TAKES] = Wrong(frozenset())
    return found


def _of(prepared: Prepared, messages: Sequence[Message], *, counted: bool = True) -> Wrong:
    money = sum((prepared.books.receipts[one.visit].total for one in messages if one.visit), ZERO)
    stores = frozenset(one.store for one in messages)
    return Wrong(stores, money, len(messages) if counted else None)


def compare_checks(made: Json, expected: Mapping[str, Wrong]) -> list[str]:
    """Hold the checks that were made against what they must find; give every difference, in words."""
    by_key = {str(one["key"]): one for one in made.get("checks", [])}
    wrong = [f"no such check: {key}" for key in expected if key not in by_key]
    for key, one in by_key.items():
        want = expected.get(key)
        if want is None:
            wrong += [f"check {key} reads {one['state']}: {_said(one)}"] if one["state"] != IN_ORDER else []
        elif key == D365_TAKES:
            continue
        else:
            wrong += [f"check {key}: {text}" for text in _differences(one, want)]
    return wrong


def _differences(one: Json, want: Wrong) -> list[str]:
    stores = {store for item in one["items"] for store in str(item["store"]).split(", ") if store}
    wrong = []
    if stores != want.stores:
        wrong.append(f"names stores {sorted(stores)}, not {sorted(want.stores)}")
    money = sum((Decimal(value) for value in one["amounts"].values()), ZERO)
    if want.money is not None and money != want.money:
        wrong.append(f"states {money}, the books {want.money}")
    if want.receipts is not None and one["receipts"] != want.receipts:
        wrong.append(f"counts {one['receipts']} receipts, planted were {want.receipts}")
    return wrong


def _said(one: Json) -> str:
    return "; ".join(str(item["what"]) for item in one["items"]) or str(one["unknown"])


def checks_table(made: Mapping[str, Json]) -> str:
    """Show the checks of the first day that are not in order, and how many are."""
    day, body = next(iter(made.items()))
    rest = [one for one in body["checks"] if one["state"] != IN_ORDER]
    rows = [
        [
            str(one["sentence"]), OWNER_WORDS.get(one["owner"], one["owner"]), str(one["state"]),
            plural(one["count"], "thing"), ", ".join(amount(value) for value in one["amounts"].values()) or "-",
        ]
        for one in rest
    ]  # fmt: skip
    title = f"THE DAILY CHECKS OF {day}: {body['verdict']}"
    return table(title, _COLUMNS, rows) if rows else title
