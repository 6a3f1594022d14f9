"""What vendors named and is to be fetched: kept once, never lost while it is fetched, tried later and never too early."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.retail.wanted import SWEEP, Naming, Swept, Wanted, after_failure, is_due, page_kept
from shared.storage.memory import MemoryTable
from shared.storage.protocols import Row
from shared.storage.wanted import (
    all_wanted,
    failed,
    fetched,
    forget_fetched,
    given_up,
    read_swept,
    save_swept,
    want,
    wanted_now,
)
from tests.unit.flow_services import Hand, run

T0 = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def order(seconds: float | None = 0, event: str = "e1", **more: str) -> Naming:
    return Naming("order", "O/1", at(seconds) if seconds is not None else None, event, **more)


def table() -> MemoryTable:
    return MemoryTable("wanted", Hand())


def only(found: list[Wanted]) -> Wanted:
    (one,) = found
    return one


def test_what_is_named_is_wanted_at_once_with_all_that_was_told() -> None:
    async def work() -> None:
        wanted = table()
        assert await want(wanted, "shop", order(location="L1"), T0)
        one = only(await wanted_now(wanted, "shop", T0))
        assert (one.kind, one.id, one.at, one.events, one.location, one.heard_by) == (
            "order", "O/1", T0, ("e1",), "L1", "webhook",
        )  # fmt: skip
        assert (one.wanted_at, one.attempts, one.problem) == (T0, 0, "")
        assert await wanted_now(wanted, "other", T0) == []

    run(work())


@pytest.mark.parametrize("is_fetched", [False, True])
def test_the_same_event_again_and_an_older_one_are_no_news_before_and_after_the_fetch(
    is_fetched: bool,
) -> None:
    async def work() -> None:
        wanted = table()
        await want(wanted, "shop", order(10), T0)
        if is_fetched:
            assert await fetched(wanted, only(await wanted_now(wanted, "shop", T0)), at(20), at(15))
        before = [row async for row in wanted.query("shop")]
        assert not await want(wanted, "shop", order(10), at(30))
        assert not await want(wanted, "shop", order(9, "e0"), at(30))
        assert not await want(wanted, "shop", order(10, "", heard_by=SWEEP), at(30))
        assert [row async for row in wanted.query("shop")] == before

    run(work())


def test_a_later_event_or_another_one_of_the_same_second_is_news() -> None:
    async def work() -> None:
        for later in (order(11, "e2"), order(10, "e2"), order(11, ""), order(None, "e2")):
            wanted = table()
            await want(wanted, "shop", order(10), T0)
            await fetched(wanted, only(await wanted_now(wanted, "shop", T0)), at(20))
            assert await want(wanted, "shop", later, at(30))
            one = only(await wanted_now(wanted, "shop", at(30)))
            assert (one.wanted_at, one.attempts, one.events[0]) == (at(30), 0, "e1")

    run(work())


def test_what_was_seen_in_the_fetched_document_makes_a_list_of_that_time_no_news() -> None:
    async def work() -> None:
        wanted = table()
        await want(wanted, "shop", order(10), T0)
        await fetched(wanted, only(await wanted_now(wanted, "shop", T0)), at(20), seen=at(14))
        assert not await want(wanted, "shop", order(14, "", heard_by=SWEEP), at(30))
        assert await want(wanted, "shop", order(14.5, "", heard_by=SWEEP), at(30))

    run(work())


def test_what_is_named_anew_during_the_fetch_stays_wanted() -> None:
    async def work() -> None:
        wanted = table()
        await want(wanted, "shop", order(10), T0)
        taken = only(await wanted_now(wanted, "shop", T0))
        assert await want(wanted, "shop", order(11, "e2"), at(5))
        assert not await fetched(wanted, taken, at(6))
        again = only(await wanted_now(wanted, "shop", at(6)))
        assert (again.at, again.events, again.wanted_at) == (at(11), ("e1", "e2"), T0)
        assert await fetched(wanted, again, at(7))
        assert await all_wanted(wanted, "shop") == []

    run(work())


class Interferes(MemoryTable):
    """Somebody else is faster, once, between a read and the write that follows."""

    def __init__(self, faster: Callable[[MemoryTable], Awaitable[object]]) -> None:
        super().__init__("wanted", Hand())
        self.faster: Callable[[MemoryTable], Awaitable[object]] | None = faster

    async def _first(self) -> None:
        faster, self.faster = self.faster, None
        if faster is not None:
            await faster(self)

    async def insert(self, row: Row) -> str:
        await self._first()
        return await super().insert(row)

    async def replace(self, row: Row, etag: str) -> str:
        await self._first()
        return await super().replace(row, etag)


def test_two_events_at_once_are_both_kept() -> None:
    async def work() -> None:
        wanted = Interferes(lambda table: want(table, "shop", order(12, "e2"), T0))
        assert (
            await want(wanted, "shop", order(10, "e1"), T0) is False
        )  # the newer one stands, and the older is in it
        assert only(await all_wanted(wanted, "shop")).events == ("e2",)
        wanted = Interferes(lambda table: want(table, "shop", order(10, "e1"), T0))
        assert await want(wanted, "shop", order(12, "e2"), T0)
        assert only(await all_wanted(wanted, "shop")).events == ("e1", "e2")

    run(work())


def test_one_event_that_two_calls_bring_at_once_is_wanted_once() -> None:
    async def work() -> None:
        wanted = Interferes(lambda table: want(table, "shop", order(), T0))
        assert await want(wanted, "shop", order(), T0) is False
        one = only(await all_wanted(wanted, "shop"))
        assert (one.events, one.etag) == (("e1",), 'W/"1"')

    run(work())


def test_an_event_that_comes_just_as_the_fetch_ends_is_wanted_again() -> None:
    async def work() -> None:
        async def ends(table: MemoryTable) -> None:
            assert await fetched(table, only(await wanted_now(table, "shop", T0)), at(5))

        wanted = Interferes(ends)
        faster, wanted.faster = wanted.faster, None
        await want(wanted, "shop", order(10), T0)
        wanted.faster = faster
        assert await want(wanted, "shop", order(11, "e2"), at(6))
        assert only(await all_wanted(wanted, "shop")).wanted_at == at(6)

    run(work())


def test_a_failure_is_tried_later_each_time_twice_as_late_and_never_before_the_vendor_said() -> None:
    wanted = Wanted("shop", "order", "O1", T0, T0)
    pauses = []
    for _ in range(11):
        wanted = after_failure(wanted, T0, "503", None)
        pauses.append((wanted.next_at - T0).total_seconds())
    assert pauses == [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]
    assert after_failure(replace(wanted, attempts=0), T0, "429", 200).next_at == at(200)
    assert after_failure(replace(wanted, attempts=0), T0, "429", 2).next_at == at(60)


def test_what_failed_rests_and_a_new_event_does_not_hurry_it() -> None:
    async def work() -> None:
        wanted = table()
        await want(wanted, "shop", order(10), T0)
        taken = only(await wanted_now(wanted, "shop", T0))
        await want(wanted, "shop", order(11, "e2"), T0)  # named anew during the try that fails
        await failed(wanted, taken, T0, "too many questions", 300)
        await want(wanted, "shop", order(12, "e3"), at(10))
        assert await wanted_now(wanted, "shop", at(299)) == []
        one = only(await wanted_now(wanted, "shop", at(300)))
        assert (one.attempts, one.problem, one.events) == (1, "too many questions", ("e1", "e2", "e3"))

    run(work())


def test_what_is_given_up_is_wanted_again_only_when_it_is_named_anew() -> None:
    async def work() -> None:
        wanted = table()
        await want(wanted, "shop", order(10), T0)
        assert await given_up(wanted, only(await wanted_now(wanted, "shop", T0)), at(5), "404")
        assert not await want(wanted, "shop", order(10), at(6))
        assert await wanted_now(wanted, "shop", at(9999)) == []
        assert await want(wanted, "shop", order(11, "e2"), at(6))

    run(work())


def test_a_clock_that_runs_ahead_at_the_vendor_hides_nothing_for_long() -> None:
    async def work() -> None:
        wanted = table()
        await want(wanted, "shop", order(86_400), T0)
        await fetched(wanted, only(await wanted_now(wanted, "shop", T0)), at(5))
        assert await want(wanted, "shop", order(301, "e2"), at(301))

    run(work())


def test_only_so_many_are_taken_at_once_and_only_the_newest_events_are_remembered() -> None:
    async def work() -> None:
        wanted = table()
        for number in range(5):
            await want(wanted, "shop", Naming("order", f"O{number}"), T0)
        assert len(await wanted_now(wanted, "shop", T0, at_most=3)) == 3
        for number in range(30):
            await want(wanted, "west", order(number, f"e{number}"), T0)
        assert only(await all_wanted(wanted, "west")).events == tuple(
            f"e{number}" for number in range(10, 30)
        )

    run(work())


def test_what_was_fetched_long_ago_is_forgotten_and_what_is_wanted_is_not() -> None:
    async def work() -> None:
        wanted = table()
        for number in range(130):
            await want(wanted, "shop", Naming("order", f"O{number:03}"), T0)
        for one in await all_wanted(wanted, "shop"):
            if one.id < "O120":
                await fetched(wanted, one, at(10) if one.id < "O110" else at(100))
        assert await forget_fetched(wanted, "shop", at(50)) == 110
        assert len([row async for row in wanted.query("shop")]) == 20
        assert await forget_fetched(wanted, "shop", at(50)) == 0

    run(work())


def test_a_lists_mark_moves_after_its_last_page_and_one_of_two_sweeps_writes_it() -> None:
    async def work() -> None:
        wanted = table()
        swept = await read_swept(wanted, "shop", "orders")
        assert swept == Swept("shop", "orders")
        assert is_due(swept, T0)
        half = page_kept(swept, "cursor-2", "2017-12-23T18:00:00Z", at(900))
        assert (half.mark, half.page) == ("", "cursor-2")
        assert is_due(half, T0)
        assert await save_swept(wanted, half)
        assert not await save_swept(wanted, half)
        half = await read_swept(wanted, "shop", "orders")
        whole = page_kept(half, "", half.reach, at(900))
        assert (whole.mark, whole.page, whole.reach) == ("2017-12-23T18:00:00Z", "", "")
        assert await save_swept(wanted, whole)
        assert not await save_swept(wanted, half)
        kept = await read_swept(wanted, "shop", "orders")
        assert (kept.mark, kept.next_at) == ("2017-12-23T18:00:00Z", at(900))
        assert not is_due(kept, at(899))
        assert is_due(kept, at(900))

    run(work())
