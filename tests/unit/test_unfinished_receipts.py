"""A receipt that the till had not finished, and its finished revision: one receipt in the end, whatever day or till it is of."""

from __future__ import annotations

from typing import Any

import pytest

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.pos.registry import ADAPTERS
from shared.retail.kinds import Kind, TillStatus, was_unfinished
from shared.services import Services
from shared.storage.mappings import import_rows
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.test_mapping import ROWS
from tests.unit.test_same_and_other_receipts import codes, day_row, kept, put, send, tell

TODAY, TOMORROW = "map~S1~2017-12-23", "map~S1~2017-12-24"
LATER: dict[str, Any] = {"business_day": "2017-12-24", "completed_at": "2017-12-24T12:00:00-05:00"}
OTHER_TILL: dict[str, Any] = {"terminal": "2"}
UNFINISHED: list[dict[str, Any]] = [
    {"status": "SUSPENDED"}, {"status": "PENDING"}, {"status": "FAILED"}, {"training": True},
]  # fmt: skip


async def status_of(services: Services) -> dict[str, str]:
    """Give the status of every receipt kept, by its row's key."""
    rows = await kept(services)
    return {key: row["Status"] for key, row in rows.items() if row["Record"] == "receipt"}


@pytest.mark.parametrize("then", UNFINISHED, ids=str)
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("now", [{}, LATER, OTHER_TILL], ids=["same day", "next day", "other till"])
def test_what_was_not_finished_gives_way_to_its_finished_revision(
    then: dict[str, Any], mapped: bool, now: dict[str, Any]
) -> None:
    async def story(services: Services, hand: Hand) -> None:
        assert await send(services, sale_document(1, revision="1", **then)) == ["accepted"]
        till_2 = ROWS["terminals", "S1", "1"] | {"terminal": "2", "register": "NY01-2"}
        await import_rows(
            services.tables.mappings, "terminals", [till_2], who="a person", reason="a second till", at=hand()
        )
        await services.mappings.refresh()
        if mapped:
            await map_transactions(services, TODAY)
            assert await status_of(services) == {"day~S1~2017-12-23~1~east~T1": "excluded"}
        finished = sale_document(1, revision="2", **now)
        assert await send(services, finished) == ["accepted"]
        assert await send(services, finished) == ["duplicate"]
        await map_transactions(services, TODAY)
        await map_transactions(services, TOMORROW)
        day, till = now.get("business_day", "2017-12-23"), now.get("terminal", "1")
        assert await status_of(services) == {f"day~S1~{day}~{till}~east~T1": "mapped"}
        (identity,) = [row for row in (await kept(services)).values() if row["Record"] == "identity"]
        assert identity["DayKey"] == f"day~S1~{day}~{till}~east~T1"
        assert await codes(services) == []

    tell(story)


def test_its_history_says_what_it_was_and_where_and_both_days_are_looked_at_again() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1", status="SUSPENDED"))
        await map_transactions(services, TODAY)
        for due in [row async for row in services.tables.due.query()]:
            await services.tables.due.delete(due.partition, due.key, due.etag)
        await send(services, sale_document(1, revision="2", **LATER))
        row = (await kept(services))["day~S1~2017-12-24~1~east~T1"]
        told = [line.partition(" ")[2] for line in row["History"].splitlines()]
        assert told == [
            "received",
            "excluded: suspended at the till",
            "received (revision), was with till 1 on 2017-12-23",
        ]
        due = sorted([row.key async for row in services.tables.due.query()])
        assert "statement~S1~2017-12-23" in due
        assert TOMORROW in due

    tell(story)


def test_one_that_comes_late_from_before_it_was_finished_changes_nothing() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="2", **LATER))
        before = await kept(services)
        assert await send(services, sale_document(1, revision="1", status="SUSPENDED")) == ["duplicate"]
        assert await kept(services) == before

    tell(story)


def test_one_put_aside_and_then_given_up_stays_out_of_the_books_and_is_final() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1", status="SUSPENDED"))
        await map_transactions(services, TODAY)
        assert await send(services, sale_document(1, revision="2", status="VOIDED")) == ["accepted"]
        await map_transactions(services, TODAY)
        row = await day_row(services)
        assert (row.text("Status"), row.text("ExcludedBecause")) == ("excluded", "voided at the till")
        assert await send(services, sale_document(1, revision="3")) == ["conflict"]
        assert (await day_row(services)).text("Status") == "excluded"
        assert await codes(services) == ["content_conflict"]

    tell(story)


@pytest.mark.parametrize(
    ("first", "revision"),
    [
        ({"status": "SUSPENDED", "revision": "2"}, "2"),  # no newer one
        ({"status": "SUSPENDED"}, None),  # nobody says which is newer
        ({"status": "VOIDED", "revision": "1"}, "2"),  # the till had finished it
    ],
)
@pytest.mark.parametrize("now", [{}, LATER], ids=["same day", "next day"])
def test_else_both_are_kept_and_a_person_is_asked(
    first: dict[str, Any], revision: str | None, now: dict[str, Any]
) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, **first))
        await map_transactions(services, TODAY)
        before = dict((await day_row(services)).values)
        newer = {"revision": revision} if revision else {}
        assert await send(services, sale_document(1, **newer, **now)) == ["conflict"]
        assert dict((await day_row(services)).values) == before | {"Conflict": True}
        assert "content_conflict" in await codes(services)

    tell(story)


@pytest.mark.parametrize("packed", [{"Package": "P1"}, {"D365Number": "east:T1"}], ids=["packed", "numbered"])
def test_what_ever_had_a_package_or_a_number_is_never_replaced(packed: dict[str, str]) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1", status="SUSPENDED"))
        await map_transactions(services, TODAY)
        await put(services, **packed)
        assert await send(services, sale_document(1, revision="2")) == ["conflict"]

    tell(story)


def test_a_finished_sale_does_not_move_to_another_day_by_itself() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1"))
        await map_transactions(services, TODAY)
        assert await send(services, sale_document(1, revision="2", **LATER)) == ["conflict"]
        assert (await day_row(services)).text("Status") == "mapped"

    tell(story)


def test_money_that_finance_entered_by_hand_is_never_replaced() -> None:
    movement = {"tender": "CASH", "amount": "-5.00", "reason_code": "WINDOW"}
    paid_out = {"kind": "SAFE_DROP", "lines": [], "tenders": [], "cash_movement": movement}

    async def go() -> None:
        services = await flow_services(Hand())
        adapter = ADAPTERS["canonical"]
        first = call_of(sale_document(1, revision="1", **paid_out))
        assert [one.verdict for one in await ingest_transactions(services, SENDER, adapter, first)] == [
            "accepted"
        ]
        await map_transactions(services, TODAY)
        assert (await day_row(services)).text("Status") == "excluded"
        assert await send(services, sale_document(1, revision="2")) == ["conflict"]

    run(go())


@pytest.mark.parametrize(
    ("kind", "status", "training", "unfinished"),
    [
        ("SALES", "COMPLETED", False, False),
        ("SALES", "COMPLETED", True, True),
        ("SALES", "VOIDED", False, False),
        ("SALES", "SUSPENDED", False, True),
        ("SALES", "PENDING", False, True),
        ("SALES", "FAILED", False, True),
        ("PAID_OUT", "PENDING", False, False),
        ("SHIFT_CLOSE", "COMPLETED", True, False),
    ],
)
def test_what_counts_as_unfinished(kind: str, status: str, training: bool, unfinished: bool) -> None:
    assert was_unfinished(Kind(kind), TillStatus(status), training=training) is unfinished
