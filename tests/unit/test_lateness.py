"""How old receipts are when D365 has them: figures by hand."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from shared.flows.read_completeness import lateness_body, list_heard, read_completeness
from shared.flows.watch_lateness import _by_lot, watch_lateness
from shared.retail.lateness import Ages, Times, ages_of
from shared.services import Services
from shared.storage.due import note_due
from shared.storage.heard import heard_rows
from tests.unit.documents import sale_document
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_calendar import utc
from tests.unit.test_completeness import DAY, arrive, compiled
from tests.unit.test_flows_door_to_mapped import send
from tests.unit.test_silence import chain

NOON = utc("12-23T17:00")


def minutes(*values: float) -> list[timedelta]:
    return [timedelta(minutes=value) for value in values]


def test_the_figures_of_ages() -> None:
    assert ages_of([], 30) == Ages()
    assert ages_of(minutes(10), 30) == Ages(1, 10, 10, 10, 0)
    assert ages_of(minutes(30, 31, 10.9, 5), 30) == Ages(count=4, median=10, p95=31, longest=31, late=1)
    hundred = minutes(*range(1, 101))
    assert ages_of(hundred, 30) == Ages(count=100, median=50, p95=95, longest=100, late=70)
    assert ages_of(minutes(-5, 1), 30) == Ages(count=2, median=0, p95=1, longest=1, late=0)


def test_receipts_that_are_not_there_yet_have_no_age() -> None:
    times = [
        Times(NOON, NOON, in_d365_at=NOON + timedelta(minutes=40), posted_at=NOON + timedelta(hours=10)),
        Times(NOON, NOON, in_d365_at=NOON + timedelta(minutes=12)),
        Times(NOON, NOON),
    ]
    assert lateness_body(times, 30) == {
        "limit_minutes": 30,
        "till_to_d365": {
            "receipts": 2, "median_minutes": 12, "p95_minutes": 40, "longest_minutes": 40, "late": 1,
        },
        "till_to_posted": {
            "receipts": 1, "median_minutes": 600, "p95_minutes": 600, "longest_minutes": 600, "late": 1,
        },
    }  # fmt: skip


def test_a_store_days_completeness_is_answered_with_each_numbers_life() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        assert await read_completeness(services, "S1", DAY) is None
        await arrive(services, "2017-12-23", 1, 3)
        hand.turn(days=2)
        await compiled(services, hand, "2017-12-23")
        found = await read_completeness(services, "S1", DAY)
        assert found is not None
        (till,) = found["tills"]
        assert (till["terminal"], till["missing"]) == ("1", 1)
        (life,) = till["lives"]
        assert (life["number"], life["state"], life["arrived_at"]) == (2, "open", None)
        assert life["life"] == [f"{life['first_missed_at'][:19]}Z missing"]
        assert till["control"]["received"] == {"count": 2, "total": "48.00"}
        assert till["control"]["agrees"] is None

    run(story())


def test_every_store_is_shown_with_its_tills_whether_or_not_it_was_heard() -> None:
    async def story() -> None:
        two = await chain(2)
        await two.heard("S1", "12-22T14:10", terminal="2")
        await note_due(two.services.tables.due, [], heard_rows([("S1", "1")], utc("12-22T15:00")))
        await two.beat("12-22T16:30")
        first, second = await list_heard(two.services)
        assert (first["store"], first["trades_now"], first["is_told"]) == ("S1", True, True)
        assert first["silent_since"] == "2017-12-22T16:00:00+00:00"
        assert [(one["terminal"], one["trading_minutes_since"]) for one in first["tills"]] == [
            ("1", 90),
            ("2", 140),
        ]
        assert (second["last_heard"], second["tills"], second["is_told"]) == (None, [], False)
        assert second["next_opening"] == "2017-12-23T14:00:00+00:00"

    run(story())


def test_a_store_whose_receipts_wait_too_long_is_told_while_it_trades_until_they_went_or_are_held() -> None:
    async def story() -> None:
        one = await chain(1)
        services, hand = one.services, one.hand
        hand.at = NOON
        await send(services, sale_document(1), sale_document(2, completed_at="2017-12-23T12:20:00-05:00"))

        async def beat(at: str) -> dict[str, list[str]]:
            hand.at = utc(at)
            await watch_lateness(services)
            return await one.causes()

        assert await beat("12-23T17:30") == {}
        assert await beat("12-23T17:30:01") == {"receipts_delayed~env-1": ["S1"]}
        (row,) = [row async for row in services.tables.causes.query()]
        assert row.instant("Since") == utc("12-23T17:30")
        assert row.text("WhatHappened") == "Receipts take longer than 30 minutes from the till to D365."
        await put(services, "T1", "sent")
        assert await beat("12-23T17:50") == {}  # the other one was rung at 17:20
        assert await beat("12-23T17:51") == {"receipts_delayed~env-1": ["S1"]}
        await put(services, "T2", "held")  # somebody is told of it by name
        assert await beat("12-23T17:52") == {}

    run(story())


def test_nobody_is_told_of_late_receipts_at_night_or_without_a_calendar() -> None:
    async def story() -> None:
        one = await chain(1)
        one.hand.at = utc("12-24T02:50")
        await send(one.services, sale_document(1, completed_at="2017-12-23T21:50:00-05:00"))
        for at, found in (("12-24T03:30", {}), ("12-24T14:00", {"receipts_delayed~env-1": ["S1"]})):
            one.hand.at = utc(at)
            await watch_lateness(one.services)
            assert await one.causes() == found, at
        bare = await flow_services(Hand())
        await send(bare, sale_document(1))
        await watch_lateness(bare)
        assert [row async for row in bare.tables.causes.query()] == []

    run(story())


def test_of_many_stores_each_is_as_likely_to_be_looked_at() -> None:
    stores = [f"S{number:04d}" for number in range(1000)]
    looked = [_by_lot(stores, place / 1000) for place in range(1000)]
    assert {len(set(some)) for some in looked} == {64}
    assert set(Counter(store for some in looked for store in some).values()) == {64}
    assert _by_lot(stores[:64], 0.9) == stores[:64]


async def put(services: Services, transaction_id: str, status: str) -> None:
    async for row in services.tables.transactions.query("S1", key_from="day~", key_before="day~~"):
        if row.text("TransactionId") == transaction_id:
            await services.tables.transactions.upsert(row.with_values(Status=status))
