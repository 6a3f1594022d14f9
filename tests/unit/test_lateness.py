"""How old receipts are when D365 has them: figures by hand."""

from __future__ import annotations

from datetime import timedelta

from shared.flows.read_completeness import lateness_body, list_heard, read_completeness
from shared.retail.lateness import Ages, Times, ages_of
from shared.storage.due import note_due
from shared.storage.heard import heard_rows
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_calendar import utc
from tests.unit.test_completeness import DAY, arrive, compiled
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
