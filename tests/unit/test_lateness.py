"""How old receipts are when D365 has them: figures by hand."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from shared.flows.read_completeness import lateness_body, list_heard, outstanding_body, read_completeness
from shared.flows.watch_lateness import next_turn, watch_lateness
from shared.retail.lateness import Ages, Times, ages_of
from shared.services import Services
from shared.storage.due import MAP, Due, note_due
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
        (one,) = found["tills"]
        assert (one["terminal"], one["missing"]) == ("1", 1)
        (life,) = one["lives"]
        assert (life["number"], life["state"], life["arrived_at"]) == (2, "open", None)
        assert life["life"] == [f"{life['first_missed_at'][:19]}Z missing"]
        assert one["control"]["received"] == {"count": 2, "total": "48.00"}
        assert one["control"]["agrees"] is None
        assert one["outstanding"]["words"] == (
            "Number 2 is outstanding: an estimate is 1 receipt, worth about 24.00 USD at the day's average of 24.00."
        )

    run(story())


def till(
    first: int,
    last: int,
    gaps: list[tuple[int, int, str]],
    received: tuple[int, str],
    says: tuple[int, str] | None = None,
) -> dict[str, Any]:
    """A till as the statement has it."""
    control = {
        name: one and {"count": one[0], "total": one[1]}
        for name, one in (("received", received), ("pos_says", says))
    }
    return {
        "expected_first": first, "last": last, "missing": sum(end - begin + 1 for begin, end, _ in gaps), "control": control,
        "gaps": [{"first": begin, "last": end, "state": state} for begin, end, state in gaps],
    }  # fmt: skip


OTHER = till(1, 100, [], (90, "2250.00"))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        # 111 of 140 numbers came, 100 of them receipts of 23.50: of 29 numbers 26.13 are receipts
        (till(1, 140, [(112, 140, "missing")], (100, "2350.00")),
         "Numbers 112-140 are outstanding: an estimate is 26 receipts, worth about 611.00 USD at the day's average of 23.50."),
        (till(1, 10, [(5, 5, "missing")], (9, "100.00")),
         "Number 5 is outstanding: an estimate is 1 receipt, worth about 11.11 USD at the day's average of 11.11."),
        (till(1, 10, [(2, 3, "lost"), (5, 6, "missing"), (8, 8, "missing")], (5, "50.00")),
         "Numbers 5-6, 8 are outstanding: an estimate is 3 receipts, worth about 30.00 USD at the day's average of 10.00."),
        # nothing of it came: the store's other till had 90 receipts in 100 numbers, 25.00 each
        (till(1, 10, [(1, 10, "missing")], (0, "0.00")),
         "Numbers 1-10 are outstanding: an estimate is 9 receipts, worth about 225.00 USD at the day's average of 25.00."),
        (till(1, 10, [(5, 7, "missing")], (7, "70.00"), (9, "131.00")),
         "Numbers 5-7 are outstanding: the till's own totals say that it is 2 receipts of 61.00 USD."),
        # totals that miss more than numbers are missing say something else
        (till(1, 10, [(5, 5, "missing")], (9, "90.00"), (14, "190.00")),
         "Number 5 is outstanding: an estimate is 1 receipt, worth about 10.00 USD at the day's average of 10.00."),
    ],
)  # fmt: skip
def test_what_outstanding_numbers_are_likely_to_bring_is_said_and_called_an_estimate(
    one: dict[str, Any], words: str
) -> None:
    found = outstanding_body(one, [one, OTHER], "USD")
    assert found is not None
    assert (found["words"], found["is_estimate"]) == (words, "estimate" in words)


def test_nothing_is_said_where_nothing_is_outstanding_or_there_is_nothing_to_go_by() -> None:
    assert outstanding_body(OTHER, [OTHER], "USD") is None
    decided = till(1, 10, [(2, 3, "lost")], (8, "80.00"))
    assert outstanding_body(decided, [decided], "USD") is None
    bare = till(1, 3, [(1, 3, "missing")], (0, "0.00"))
    assert outstanding_body(bare, [bare], "USD") is None


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


@pytest.mark.parametrize(
    ("count", "a_beat", "beats"), [(64, 64, 1), (65, 64, 2), (448, 64, 7), (2_000, 286, 7), (5_000, 715, 7)]
)
def test_each_of_many_stores_is_looked_at_within_seven_beats(count: int, a_beat: int, beats: int) -> None:
    stores = [f"S{number:04d}" for number in range(count)]
    after, since, longest = "", dict.fromkeys(stores, 0), 0
    for beat in range(1, 60):
        looked = next_turn(stores, after)
        assert len(looked) == len(set(looked)) == a_beat
        longest = max(longest, *(beat - since[store] for store in looked))
        since |= dict.fromkeys(looked, beat)
        after = looked[-1]
    assert longest == beats


def test_stores_that_come_and_go_keep_nobody_waiting_longer() -> None:
    chance, stores = Random(7), [f"S{number:04d}" for number in range(2_000)]
    always = set(chance.sample(stores, 400))
    after, since = "", dict.fromkeys(always, 0)
    for beat in range(1, 200):
        busy = [store for store in stores if store in always or chance.random() < 0.7]
        looked = next_turn(busy, after)
        since |= {store: beat for store in looked if store in always}
        after = looked[-1]
        assert beat - min(since.values()) <= 8


def test_one_late_store_of_many_is_told_in_its_turn() -> None:
    async def story() -> None:
        many = await chain(100)
        services, hand = many.services, many.hand
        hand.at = NOON
        for number in range(1, 101):
            await note_due(services.tables.due, [Due(MAP, f"S{number}", DAY, hand.at)])
        await send(services, sale_document(1, store="S99", completed_at="2017-12-23T12:00:00-05:00"))
        hand.at = utc("12-23T17:40")
        assert await watch_lateness(services) == 0  # of S1, S10, S100, S11 and so on, 64 by name
        assert await many.causes() == {}
        assert await watch_lateness(services) == 1
        assert await many.causes() == {"receipts_delayed~env-1": ["S99"]}

    run(story())


async def put(services: Services, transaction_id: str, status: str) -> None:
    async for row in services.tables.transactions.query("S1", key_from="day~", key_before="day~~"):
        if row.text("TransactionId") == transaction_id:
            await services.tables.transactions.upsert(row.with_values(Status=status))
