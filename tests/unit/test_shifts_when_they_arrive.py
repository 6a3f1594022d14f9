"""What is wrong with a till's shifts is told when its document arrives, with a proposal, and ends by itself when mended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from shared.flows.compile_statements import compile_statements
from shared.flows.end_shift import end_shift
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_cause, read_statement
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from shared.storage.shifts import as_shifts, shifts_of_day
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

DAY = date(2017, 12, 23)
DUE = "map~S1~2017-12-23"


def at(clock: str) -> str:
    return f"2017-12-23T{clock}:00-05:00"


def sold(number: int, clock: str, shift: str | None = None) -> dict[str, Any]:
    return sale_document(number, completed_at=at(clock), shift=shift)


def opened(number: int, shift: str, clock: str) -> dict[str, Any]:
    return shift_document(number, "SHIFT_OPEN", shift, at(clock))


def closed(number: int, shift: str, begin: str, end: str, *counts: str, **changes: Any) -> dict[str, Any]:
    document = shift_document(number, "SHIFT_CLOSE", shift, at(begin), at(end)) | changes
    counted = [{"tender": "CASH", "currency": "USD", "amount": amount} for amount in counts]
    return document | {"shift_record": document["shift_record"] | {"counted": counted}}


async def arrive(services: Services, *documents: dict[str, Any]) -> None:
    """Send documents and map them, as the doorbell has it done at once."""
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    await map_transactions(services, DUE)


async def told(services: Services, state: str = "open") -> list[tuple[str, int, str]]:
    found = await list_causes(services, state, None)
    return sorted((one["code"], one["receipts"], one["amount"]) for one in found if one["state"] == state)


async def do_this(services: Services, code: str) -> str:
    (found,) = [one for one in await list_causes(services, "open", None) if one["code"] == code]
    return str(found["do_this"])


def test_a_shift_that_is_open_when_the_next_begins_is_told_then_and_ends_when_its_closing_comes() -> None:
    async def story() -> None:
        services = await flow_services(Hand())  # 13:00 in the store
        await arrive(services, opened(1, "1", "08:00"), sold(2, "12:00", "1"))
        assert await told(services) == []
        await arrive(services, opened(3, "2", "12:50"))
        assert await told(services) == [("shift_not_closed", 1, "24.00")]
        assert await do_this(services, "shift_not_closed") == (
            "Wait until 13:05: the next shift has only just begun: the closing may be on its way. If nothing comes by then, ask "
            "the store and end shift 1 here."
        )
        await arrive(services, closed(4, "1", "08:00", "12:50"))
        assert await told(services) == []
        (cause,) = await list_causes(services, "ended", None)
        assert (cause["state"], cause["ended_how"]) == ("ended", ["closed at the till"])

    run(story())


def test_later_it_is_proposed_to_end_it_and_a_person_who_does_ends_the_cause() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, opened(1, "1", "08:00"), sold(2, "11:00", "1"), opened(3, "2", "12:00"))
        assert await do_this(services, "shift_not_closed") == (
            "End shift 1 here at 12:00: the next shift was opened then, and nothing came in this one after it."
        )
        reason = "the store says that it was handed over"
        assert (
            await end_shift(services, "S1", "1", "1", datetime.fromisoformat(at("12:00")), DESK, reason) == 0
        )
        assert await told(services) == []
        (cause,) = await list_causes(services, None, None)
        assert cause["ended_how"] == ["ended by store operations desk"]

    run(story())


def test_an_overlap_is_told_with_the_arrival_that_shows_it_and_only_once() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, opened(1, "1", "08:00"), opened(2, "2", "12:00"))
        await arrive(services, closed(3, "1", "08:00", "12:20"))
        assert await told(services) == [("shift_overlap", 0, "0.00")]
        assert (
            await do_this(services, "shift_overlap")
            == "End shift 1 here at 12:00: nothing was sold in the earlier shift after that."
        )
        await arrive(services, sold(4, "12:10", "1"))
        assert await told(services) == [("shift_overlap", 1, "24.00")]  # the receipt that waits for it
        (cause,) = await list_causes(services, "open", None)
        members = (await read_cause(services, cause["fingerprint"]) or {})["members"]
        assert sorted(one["what"] for one in members) == ["receipt", "shift"]

    run(story())


def test_receipts_after_a_closing_and_between_two_shifts_are_told_with_their_money() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, closed(1, "1", "08:00", "10:00"), closed(2, "2", "11:00", "12:30"))
        assert await told(services) == []
        await arrive(services, sold(3, "10:20", "1"), sold(4, "10:30"), sold(5, "10:40"))
        assert await told(services) == [("shift_closed_early", 1, "24.00"), ("shift_gap", 2, "48.00")]
        assert (
            await do_this(services, "shift_gap")
            == "End shift 1 here at 11:00: the drawer was used until the next shift."
        )
        await arrive(services, sold(6, "10:50"))
        assert await told(services) == [("shift_closed_early", 1, "24.00"), ("shift_gap", 3, "72.00")]
        await end_shift(
            services, "S1", "1", "1", datetime.fromisoformat(at("11:00")), DESK, "the store used the drawer"
        )
        assert await told(services) == []

    run(story())


def test_a_count_that_d365_wants_is_missed_when_the_closing_arrives_and_ends_with_the_count() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        row = {
            "legal_entity": "usrt",
            "channel": "5637",
            "payment_method": "1",
            "there": "yes",
            "account": "110110",
            "counting_required": "yes",
        }
        await import_rows(
            services.tables.mappings, "d365_tenders", [row], who="D365", reason="read", at=hand()
        )
        await arrive(
            services, opened(1, "1", "08:00"), sold(2, "11:00", "1"), closed(3, "1", "08:00", "12:00")
        )
        assert await told(services) == [("shift_not_counted", 1, "24.00")]
        count = closed(4, "1", "08:00", "12:00", "24.00") | {
            "kind": "TENDER_DECLARATION",
            "completed_at": at("12:05"),
        }
        await arrive(services, count)
        assert await told(services) == []

    run(story())


def test_a_blind_close_waits_for_its_count_and_a_suspended_shift_for_the_days_end() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        blind = shift_document(2, "SHIFT_BLIND_CLOSE", "1", at("08:00")) | {"completed_at": at("11:00")}
        suspended = shift_document(4, "SHIFT_SUSPEND", "2", at("11:00")) | {"completed_at": at("12:00")}
        await arrive(services, opened(1, "1", "08:00"), blind, opened(3, "2", "11:00"), suspended)
        assert await told(services) == [("shift_blind_closed", 0, "0.00")]
        (first, second) = as_shifts(await shifts_of_day(services.tables.shifts, "S1", DAY))
        assert (first.state, first.closed_at, second.state, second.closed_at) == (
            "blind closed",
            None,
            "suspended",
            None,
        )
        await arrive(services, closed(5, "1", "08:00", "11:00", "0.00"))
        assert await told(services) == []
        hand.turn(hours=13)  # 02:00 the next day
        await compile_statements(services)
        assert await told(services) == [("shift_suspended", 0, "0.00")]
        assert (
            await do_this(services, "shift_suspended")
            == "End shift 2 here at 12:00: nothing was sold in it after that."
        )
        resumed = shift_document(6, "SHIFT_RESUME", "2", at("11:00")) | {"completed_at": at("13:00")}
        await arrive(services, resumed, closed(7, "2", "11:00", "20:00"))
        assert await told(services) == []

    run(story())


def test_two_counts_and_a_days_end_sent_twice_are_kept_and_asked_about() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        same = [closed(2, "1", "08:00", "12:00", "24.00"), closed(3, "1", "08:00", "12:00", "24.00")]
        await arrive(services, opened(1, "1", "08:00"), *same)
        assert await told(services) == []  # the same thing twice is no question
        await arrive(services, closed(4, "1", "08:00", "12:30", "20.00"))
        assert await told(services) == [("shift_closed_twice", 0, "0.00"), ("shift_counted_twice", 0, "0.00")]
        (cause,) = [
            one for one in await list_causes(services, "open", None) if one["code"] == "shift_counted_twice"
        ]
        assert (
            cause["holds_up"]
            == "The last count holds: CASH 20.00 USD. The others are kept with their receipts."
        )
        (shift,) = as_shifts(await shifts_of_day(services.tables.shifts, "S1", DAY))
        assert (shift.counts, shift.closings) == (2, 2)
        assert shift.closed_at == datetime.fromisoformat(at("12:30"))

    run(story())


def test_a_close_of_a_shift_that_was_never_opened_is_kept_and_asked_about() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(
            services,
            opened(1, "1", "08:00"),
            closed(2, "1", "08:00", "12:00"),
            closed(3, "9", "12:00", "12:30"),
        )
        assert await told(services) == [("shift_never_opened", 0, "0.00")]
        (_, unknown) = as_shifts(await shifts_of_day(services.tables.shifts, "S1", DAY))
        assert (unknown.shift, unknown.was_opened) == ("9", False)

    run(story())


async def released(services: Services, code: str) -> None:
    """Let store operations end every task of a reason with what the store said."""
    for one in await list_causes(services, "open", None):
        if one["code"] == code:
            await release_exceptions(
                services, one["fingerprint"], DESK, "the store says that the last one is right"
            )


def test_what_only_the_store_can_answer_ends_by_a_persons_word_and_is_asked_again_when_more_comes() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, opened(1, "1", "08:00"), closed(2, "1", "08:00", "12:00", "24.00"))
        await arrive(services, closed(3, "1", "08:00", "12:30", "20.00"), closed(4, "9", "12:31", "12:40"))
        asked = ["shift_closed_twice", "shift_counted_twice", "shift_never_opened"]
        assert [code for code, _, _ in await told(services)] == asked
        for code in asked:
            await released(services, code)
        assert await told(services) == []
        ended = [one for one in await list_causes(services, "ended", None) if one["code"] in asked]
        word = "ended by store operations desk: the store says that the last one is right"
        assert [one["ended_how"] for one in ended] == [[word]] * 3
        hand.turn(hours=20)
        await compile_statements(services)
        assert not set(asked) & {code for code, _, _ in await told(services)}
        await arrive(services, closed(5, "1", "08:00", "12:45", "19.00"))
        again = {code for code, _, _ in await told(services)}
        assert {"shift_closed_twice", "shift_counted_twice"} <= again

    run(story())


@pytest.mark.parametrize(
    ("counted", "field", "expected", "found"),
    [
        ({"tender": "CASH", "currency": "EUR", "amount": "24.00"}, "currency", "USD", "EUR"),
        ({"tender": "CASH", "currency": "USD", "amount": "-24.00"}, "amount", "0 or more", "-24.00"),
    ],
)
def test_a_wrong_count_is_answered_with_field_expected_and_found_and_kept(
    counted: dict[str, str], field: str, expected: str, found: str
) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        document = shift_document(1, "SHIFT_CLOSE", "1", at("08:00"), at("12:00"))
        document["shift_record"]["counted"] = [counted]
        (verdict,) = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(document))
        (problem,) = verdict.problems
        where = f"transactions[0].shift_record.counted[0].{field}"
        assert (verdict.verdict, problem.field, problem.expected, problem.found) == (
            "held",
            where,
            expected,
            found,
        )
        assert verdict.kept_under == ("S1", "east", "T1")
        assert [code for code, *_ in await told(services)] == ["does_not_balance"]

    run(story())


def test_what_a_till_tells_of_a_shift_gives_the_same_row_in_every_order() -> None:
    documents = [
        opened(1, "1", "08:00"),
        shift_document(2, "SHIFT_SUSPEND", "1", at("08:00")) | {"completed_at": at("09:00")},
        closed(3, "1", "08:00", "12:00", "24.00"),
        closed(4, "1", "08:10", "12:30", "20.00"),
        closed(5, "1", "08:00", "12:30", "21.00")
        | {"kind": "TENDER_DECLARATION", "completed_at": at("12:40")},
    ]
    documents[2]["shift_record"]["totals"] = totals_of(1, "24.00", "20.00", "4.00", 1, 3)
    documents[3]["shift_record"]["totals"] = totals_of(2, "48.00", "40.00", "8.00", 1, 4)

    async def row_of(order: tuple[dict[str, Any], ...]) -> str:
        services = await flow_services(Hand())
        for document in order:
            await arrive(services, document)
        (row,) = await shifts_of_day(services.tables.shifts, "S1", DAY)
        return json.dumps(dict(row.values), sort_keys=True, default=str)

    async def story() -> None:
        rows = {await row_of(order) for order in itertools.permutations(documents)}
        assert len(rows) == 1
        values = json.loads(rows.pop())
        assert json.loads(values["Counted"]) == [{"tender": "CASH", "currency": "USD", "amount": "21.00"}]
        assert (values["Counts"], values["Closings"], values["LastSequence"]) == (3, 2, 4)

    run(story())


def test_the_statement_lists_what_is_wrong_with_shifts() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, opened(1, "1", "08:00"), sold(2, "11:00", "1"))
        hand.turn(hours=13)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert statement["shift_findings"] == [
            {
                "flaw": "never closed", "terminal": "1", "generation": 1, "shift": "1", "others": [],
                "since": "2017-12-24T05:00:00+00:00", "until": None, "receipts": ["S1-1-0002"], "amount": "24.00",
                "makes_busy": True,
                "proposal": {
                    "act": "end by head office",
                    "at": "2017-12-23T16:00:01+00:00",
                    "because": "its last receipt was rung up then",
                },
            }
        ]  # fmt: skip

    run(story())


def test_yesterdays_shift_that_reaches_into_today_is_told_today() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        begun = "2017-12-22T20:00:00-05:00"
        late = shift_document(1, "SHIFT_CLOSE", "9", begun, at("06:30")) | {"business_day": "2017-12-22"}
        await ingest_transactions(
            services, SENDER, ADAPTERS["canonical"], call_of(opened(2, "1", "06:00"), late)
        )
        await map_transactions(services, DUE)
        assert await told(services) == []
        await map_transactions(services, "map~S1~2017-12-22")
        assert await told(services) == [("shift_overlap", 0, "0.00")]
        (cause,) = await list_causes(services, "open", None)
        assert cause["value"] == "S1 till 1 2017-12-22 shift 9"

    run(story())


class WorkerDiedError(Exception):
    """The process went away."""


class Between:
    """A table in which something happens before, or after, the so-manieth write of what people were told."""

    def __init__(
        self, table: Any, at_write: int, hook: Callable[[], Awaitable[None]], *, after: bool = False
    ) -> None:
        self._table, self._left, self._hook, self._after = table, at_write, hook, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    async def _write(self, name: str, row: Row, *arguments: Any) -> Any:
        is_ours = row.key.startswith("findings~")
        self._left -= is_ours
        is_now = is_ours and self._left == 0
        if is_now and not self._after:
            await self._hook()
        done = await getattr(self._table, name)(row, *arguments)
        if is_now and self._after:
            await self._hook()
        return done

    async def insert(self, row: Row) -> Any:
        return await self._write("insert", row)

    async def replace(self, row: Row, etag: str) -> Any:
        return await self._write("replace", row, etag)


def with_shifts(services: Services, table: Any) -> Services:
    return replace(services, tables=replace(services.tables, shifts=table))


@pytest.mark.parametrize("at_write", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_while_it_tells_leaves_nothing_untold_and_nothing_open_for_ever(
    at_write: int, after: bool
) -> None:
    async def die() -> None:
        raise WorkerDiedError

    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, opened(1, "1", "08:00"), sold(2, "11:00", "1"))
        body = call_of(opened(3, "2", "12:00"))
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)
        dying = with_shifts(services, Between(services.tables.shifts, at_write, die, after=after))
        with pytest.raises(WorkerDiedError):
            await map_transactions(dying, DUE)
        await map_transactions(services, DUE)
        assert await told(services) == [("shift_not_closed", 1, "24.00")]
        await arrive(services, closed(4, "1", "08:00", "12:00"))
        assert await told(services) == []

    run(story())


@pytest.mark.parametrize("at_write", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_sees_it_mended_between_another_ones_writes_leaves_nothing_open(
    at_write: int, after: bool
) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, opened(1, "1", "08:00"), sold(2, "11:00", "1"))
        body = call_of(opened(3, "2", "12:00"))
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)

        async def mend() -> None:
            await arrive(services, closed(4, "1", "08:00", "12:00"))

        slow = with_shifts(services, Between(services.tables.shifts, at_write, mend, after=after))
        await map_transactions(slow, DUE)
        await map_transactions(services, DUE)
        assert await told(services) == []

    run(story())


@pytest.mark.parametrize("at_write", [1, 2])
def test_a_worker_that_sees_the_same_between_another_ones_writes_leaves_it_open_once(at_write: int) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, opened(1, "1", "08:00"), sold(2, "11:00", "1"))
        body = call_of(opened(3, "2", "12:00"))
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)

        async def as_well() -> None:
            await map_transactions(services, DUE)

        await map_transactions(with_shifts(services, Between(services.tables.shifts, at_write, as_well)), DUE)
        assert await told(services) == [("shift_not_closed", 1, "24.00")]
        await arrive(services, closed(4, "1", "08:00", "12:00"))
        assert await told(services) == []

    run(story())
