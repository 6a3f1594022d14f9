"""What D365 told a worker that had stood still is kept by the turns that began after it: of tracking, and of reference data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.flows.posting.slot import tracking_waits_until
from shared.flows.read_reference import _take_turn
from shared.flows.tracking.tell import remember
from shared.services import Services
from shared.storage.keys import join_key
from shared.storage.packages import tracking_key
from shared.storage.protocols import Row
from tests.unit.flow_services import Hand, flow_services, run


async def tracking_row(services: Services, asked_at: datetime, **values: Any) -> Row:
    environment = services.settings.d365.environment_id
    row = Row(environment, tracking_key(environment), {"Record": "tracking", "AskedAt": asked_at, **values})
    return replace(row, etag=await services.tables.packages.insert(row))


async def as_it_is(services: Services, row: Row) -> Row:
    found = await services.tables.packages.read(row.partition, row.key)
    assert found is not None
    return found


def test_a_turn_that_stood_still_leaves_to_the_later_turn_when_d365_wants_to_be_called_again() -> None:
    async def go() -> None:
        hand = Hand()
        services = await flow_services(hand)
        old = await tracking_row(services, hand())
        hand.turn(minutes=60)
        table = services.tables.packages
        later = old.with_values(AskedAt=hand(), Trouble="")
        later = replace(later, etag=await table.replace(later, old.etag))
        told = hand() + timedelta(seconds=246)
        await remember(services, old.with_values(Trouble="d365_throttled", NextTry=told))
        row = await as_it_is(services, old)
        assert (row.instant("NextTry"), row.instant("AskedAt"), row.text("Trouble")) == (
            told,
            hand(),
            "d365_throttled",
        )
        assert await tracking_waits_until(services) == told  # posting goes by it too
        # The later turn ends well meanwhile, and knows nothing of it: what D365 said stands.
        await remember(services, later.with_values(TillsFirst=True))
        row = await as_it_is(services, old)
        assert (row.instant("NextTry"), row.flag("TillsFirst")) == (told, True)
        assert await tracking_waits_until(services) == told
        # Told less later on, by a turn that stood still as well: the longest holds.
        await remember(services, old.with_values(NextTry=told - timedelta(seconds=60)))
        assert (await as_it_is(services, old)).instant("NextTry") == told

    run(go())


def test_of_ones_own_turn_the_newest_word_is_written_again_where_storage_tells_it_as_anothers() -> None:
    async def go() -> None:
        hand = Hand()
        services = await flow_services(hand)
        turn = await tracking_row(services, hand())
        stale = replace(turn, etag="another")
        told = hand() + timedelta(seconds=60)
        kept = await remember(services, stale.with_values(NextTry=told))
        row = await as_it_is(services, turn)
        assert (row.instant("NextTry"), kept.etag) == (told, row.etag)

    run(go())


@pytest.mark.parametrize(
    ("told", "minutes", "ordered", "taken"),
    [
        (True, 4, False, False),
        (True, 4, True, False),
        (None, 4, False, False),  # another reads
        (None, 4, True, True),
        (True, -1, False, True),
    ],
)
def test_a_reading_that_was_found_due_before_d365_put_it_off_does_not_begin(
    told: bool | None, minutes: int, ordered: bool, taken: bool
) -> None:
    async def go() -> None:
        hand = Hand()
        services = await flow_services(hand)
        environment = services.settings.d365.environment_id
        values: dict[str, Any] = {"Record": "reference", "NextTry": hand() + timedelta(minutes=minutes)}
        state = Row(environment, join_key("reference", environment), values).with_values(ToldToWait=told)
        await services.tables.packages.insert(state)
        assert (await _take_turn(services, ordered=ordered) is not None) == taken

    run(go())
