"""The steps of posting by themselves: the slot and its lease, what goes into a package, and the evidence of what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.d365.outcomes import EntityResult
from shared.errors import ChangedMeanwhileError
from shared.flows.posting import gather as gathering
from shared.flows.posting.evidence import errors_of, failed, headers_of, may_go, rows_sent, short_of
from shared.flows.posting.gather import gather
from shared.flows.posting.slot import (
    LEASE_SECONDS,
    Drive,
    LostLeaseError,
    is_throttled,
    is_waiting,
    take_lease,
)
from shared.retail.mapped import D365Key
from shared.services import Services
from shared.storage.due import POST, Due, note_due
from shared.storage.packages import read_slot
from shared.storage.protocols import Row, Value
from tests.unit.builders import DAY
from tests.unit.flow_services import Hand, flow_services, run

NOW = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def world(d365: Any = None) -> tuple[Hand, Services]:
    hand = Hand()
    return hand, await flow_services(hand, d365)


async def slot(services: Services) -> Row:
    return await read_slot(services.tables.packages, "env-1")


async def leased(services: Services) -> Drive:
    drive = await take_lease(services)
    assert drive is not None
    return drive


async def package_row(services: Services, name: str = "P1") -> None:
    row = Row("env-1", f"package~env-1~{name}", {"Record": "package", "Package": name, "Stage": "building"})
    await services.tables.packages.insert(row)


def test_a_lease_lasts_ninety_seconds_and_keeps_others_out_so_long() -> None:
    async def story() -> None:
        hand, services = await world()
        drive = await leased(services)
        assert LEASE_SECONDS == 90
        assert drive.slot.instant("LeaseUntil") == NOW + timedelta(seconds=90)
        assert len(drive.slot.text("LeaseOwner")) == 16
        assert await take_lease(services) is None
        hand.turn(seconds=89)
        assert await take_lease(services) is None
        hand.turn(seconds=1)
        assert await take_lease(services) is not None

    run(story())


def test_a_worker_that_renews_in_time_goes_on_and_one_that_slept_stops() -> None:
    async def story() -> None:
        hand, services = await world()
        first = await leased(services)
        hand.turn(seconds=80)
        await first.renew()
        assert (await slot(services)).instant("LeaseUntil") == NOW + timedelta(seconds=170)
        hand.turn(seconds=90)
        second = await leased(services)
        with pytest.raises(LostLeaseError) as caught:
            await first.renew()
        assert isinstance(caught.value.__cause__, ChangedMeanwhileError)
        await second.renew()

    run(story())


def test_taking_freeing_and_letting_go_leave_the_slot_as_the_next_worker_needs_it() -> None:
    async def story() -> None:
        hand, services = await world()
        await package_row(services)
        drive = await leased(services)
        await drive.take("P1", NOW - MINUTE, more=True)
        taken = await slot(services)
        assert (taken.text("State"), taken.text("Package"), taken.number("Epoch")) == ("taken", "P1", 1)
        assert (taken.instant("StartedAt"), taken.number("Polls", -1)) == (NOW - MINUTE, 0)
        assert taken.flag("More")
        assert drive.package is not None
        assert drive.package.text("Package") == "P1"
        await drive.let_go(NOW + MINUTE)
        rested = await slot(services)
        assert (rested.number("Polls"), rested.instant("NextTry")) == (1, NOW + MINUTE)
        assert {"LeaseOwner", "LeaseUntil"}.isdisjoint(rested.values)
        again = await leased(services)
        assert again.package is not None
        assert again.package.text("Package") == "P1"
        await again.let_go(NOW)
        assert (await slot(services)).number("Polls") == 2
        hand.turn(minutes=5)
        last = await leased(services)
        await last.free()
        free = await slot(services)
        assert (free.text("State"), free.instant("FreedAt")) == ("free", NOW + 5 * MINUTE)
        assert {"Package", "LeaseOwner", "LeaseUntil", "NextTry"}.isdisjoint(free.values)
        await last.take("P1", NOW, more=False)
        assert (await slot(services)).number("Epoch") == 2
        assert "More" not in (await slot(services)).values

    run(story())


def test_a_package_is_written_only_by_who_read_it_last() -> None:
    async def story() -> None:
        _, services = await world()
        await package_row(services)
        drive = await leased(services)
        with pytest.raises(LostLeaseError):
            await drive.save_package(Stage="built")
        await drive.take("P1", NOW, more=False)
        await drive.save_package(Stage="built", Attempt=1)
        await drive.save_package(Stage="uploading")
        stored = await services.tables.packages.read("env-1", "package~env-1~P1")
        assert stored is not None
        assert (stored.text("Stage"), stored.number("Attempt")) == ("uploading", 1)
        await services.tables.packages.upsert(stored)
        with pytest.raises(LostLeaseError) as caught:
            await drive.save_package(Stage="done")
        assert isinstance(caught.value.__cause__, ChangedMeanwhileError)

    run(story())


def test_what_is_remembered_stands_on_the_slot() -> None:
    async def story() -> None:
        _, services = await world()
        drive = await leased(services)
        await drive.remember(Trouble="d365_silent", Strikes=2)
        await drive.remember(Strikes=None)
        kept = await slot(services)
        assert kept.text("Trouble") == "d365_silent"
        assert "Strikes" not in kept.values

    run(story())


def test_a_slot_waits_until_its_next_try_less_what_is_allowed() -> None:
    row = Row("env-1", "slot", {"NextTry": NOW + MINUTE})
    assert is_waiting(row, NOW, timedelta(0))
    assert not is_waiting(row, NOW + MINUTE, timedelta(0))
    assert is_waiting(row, NOW + MINUTE, timedelta(seconds=1))
    assert not is_waiting(Row("env-1", "slot", {}), NOW, MINUTE)


@pytest.mark.parametrize(
    ("trouble", "slot_next", "preflight_next", "throttled"),
    [
        ("d365_throttled", MINUTE, None, True),
        ("d365_silent d365_throttled", None, MINUTE, True),
        ("d365_throttled", -MINUTE, -MINUTE, False),
        ("d365_throttled", None, None, False),
        ("d365_silent", MINUTE, MINUTE, False),
        ("", MINUTE, None, False),
    ],
)
def test_throttling_holds_for_every_request_until_its_time_is_over(
    trouble: str, slot_next: timedelta | None, preflight_next: timedelta | None, throttled: bool
) -> None:
    async def story() -> None:
        _, services = await world()
        table = services.tables.packages
        await slot(services)
        values: dict[str, Value] = {"Record": "slot", "State": "free", "Trouble": trouble}
        if slot_next is not None:
            values["NextTry"] = NOW + slot_next
        await table.upsert(Row("env-1", "slot~env-1", values))
        if preflight_next is not None:
            await table.upsert(Row("env-1", "preflight~env-1", {"NextTry": NOW + preflight_next}))
        assert await is_throttled(services) is throttled

    run(story())


# What goes into a package.


def receipt(number: int, store: str = "S1", **changes: Value) -> Row:
    values: dict[str, Value] = {
        "Record": "receipt", "Status": "mapped", "BusinessDay": "2017-12-23", "Terminal": "1", "Account": "east",
        "TransactionId": f"T{number}", "LegalEntity": "usrt", "Kind": "SALES", "D365Rows": 4,
        "ReceivedAt": NOW + timedelta(seconds=number), "History": "", "Total": "1.00", "Currency": "USD", **changes,
    }  # fmt: skip
    return Row(store, f"day~{store}~2017-12-23~1~east~T{number}", values)


async def with_receipts(*rows: Row) -> tuple[Hand, Services]:
    hand, services = await world()
    for row in rows:
        await services.tables.transactions.upsert(row)
    await note_due(services.tables.due, [Due(POST, "S1", DAY, NOW)])
    return hand, services


def names(found: gathering.Gathered) -> list[str]:
    return [one.key.rpartition("~")[2] for one in found.members]


def test_mapped_receipts_of_a_day_go_together_and_nothing_more_waits() -> None:
    async def story() -> None:
        _, services = await with_receipts(receipt(1), receipt(2), receipt(3, Status="received"))
        found = await gather(services)
        assert (found.legal_entity, names(found), found.more, found.moved) == (
            "usrt",
            ["T1", "T2"],
            False,
            [],
        )
        assert [(one.store, one.is_shift) for one in found.members] == [("S1", False)] * 2

    run(story())


def test_a_package_is_cut_at_so_many_receipts_and_says_that_more_waits() -> None:
    async def story() -> None:
        _, services = await with_receipts(*(receipt(number) for number in range(1, 5)))
        found = await gather(services, 3)
        assert (names(found), found.more) == (["T1", "T2", "T3"], True)
        assert (names(await gather(services, 4)), (await gather(services, 4)).more) == (
            ["T1", "T2", "T3", "T4"],
            False,
        )

    run(story())


def test_a_package_is_cut_at_two_hundred_thousand_rows() -> None:
    async def story() -> None:
        _, services = await with_receipts(
            receipt(1, D365Rows=199_999), receipt(2, D365Rows=1), receipt(3, D365Rows=1)
        )
        found = await gather(services)
        assert (names(found), found.more) == (["T1", "T2"], True)

    run(story())


def test_a_due_row_whose_time_has_not_come_is_left_alone() -> None:
    async def story() -> None:
        _, services = await with_receipts(receipt(1))
        await note_due(services.tables.due, [Due(POST, "S1", DAY, NOW + timedelta(seconds=1))])
        assert (await gather(services)).members == []
        await note_due(services.tables.due, [Due(POST, "S1", DAY, NOW)])
        assert names(await gather(services)) == ["T1"]

    run(story())


def test_a_receipt_of_another_company_is_mapped_again_unless_its_key_is_frozen() -> None:
    async def story() -> None:
        _, services = await with_receipts(
            receipt(1, LegalEntity="demf"), receipt(2, LegalEntity="demf", D365Number="east:2")
        )
        found = await gather(services)
        assert (found.legal_entity, names(found)) == ("demf", ["T2"])
        row = await services.tables.transactions.read("S1", receipt(1).key)
        assert row is not None
        assert row.text("Status") == "received"
        assert "its store belongs to another company now" in row.text("History")

    run(story())


def test_receipts_of_two_companies_go_in_two_packages() -> None:
    async def story() -> None:
        _, services = await with_receipts(
            receipt(1), receipt(2, LegalEntity="demf", D365Number="east:2"), receipt(3)
        )
        found = await gather(services)
        assert (found.legal_entity, names(found), found.more) == ("usrt", ["T1", "T3"], True)

    run(story())


def test_the_cash_office_waits_for_sales_an_hour_at_most_and_never_goes_with_them() -> None:
    async def story() -> None:
        hand, services = await with_receipts(receipt(1), receipt(2, Kind="PAID_IN", ReceivedAt=NOW))
        cash = "TENDER_DECLARATION"
        await services.tables.transactions.upsert(receipt(3, Kind=cash, ReceivedAt=NOW))
        sales = await gather(services)
        assert "T3" not in names(sales)
        hand.turn(minutes=59, seconds=59)
        assert "T3" not in names(await gather(services))
        hand.turn(seconds=1)
        due = await gather(services)
        assert "T3" in names(due)
        assert "T1" not in names(due)

    run(story())


def test_the_cash_office_goes_alone_where_there_are_no_sales() -> None:
    async def story() -> None:
        _, services = await with_receipts(receipt(3, Kind="TENDER_DECLARATION"))
        assert names(await gather(services)) == ["T3"]

    run(story())


def test_a_day_with_nothing_to_post_is_done_once_its_due_row_has_settled() -> None:
    async def story() -> None:
        hand, services = await with_receipts()
        await gather(services)
        row = await services.tables.due.read("due", "post~S1~2017-12-23")
        assert row is not None
        assert row.instant("NextTry") > NOW
        hand.turn(minutes=5)
        await gather(services)
        assert await services.tables.due.read("due", "post~S1~2017-12-23") is None

    run(story())


# Shifts: closed, over, in no doubt, and their receipts in D365 or their grace over.


def shift_row(name: str, opened: int, closed: int | None, **changes: Value) -> Row:
    values: dict[str, Value] = {
        "Record": "shift", "Status": "closed", "Store": "S1", "BusinessDay": "2017-12-23", "Terminal": "1", "Shift": name,
        "Generation": 1, "ShiftNumber": 1, "OpenedAt": NOW.replace(hour=opened), "Synthetic": False, **changes,
    }  # fmt: skip
    if closed is not None:
        values["ClosedAt"] = NOW.replace(hour=closed)
    return Row("S1", f"shift~S1~2017-12-23~1~1~{name}", values)


async def shifts_in(services: Services) -> list[str]:
    return [one.key.rpartition("~")[2] for one in (await gather(services)).members if one.is_shift]


async def with_shift(row: Row, *receipts: Row) -> tuple[Hand, Services]:
    hand, services = await with_receipts(*receipts)
    await services.tables.shifts.upsert(row)
    return hand, services


@pytest.mark.parametrize(
    ("row", "goes"),
    [
        (shift_row("1", 13, 17), True),
        (shift_row("1", 13, 18), True),
        (shift_row("1", 13, 19), False),
        (shift_row("1", 13, None), False),
        (shift_row("1", 13, 17, Status="open"), False),
        (shift_row("1", 13, 17, Status="sent"), False),
        (shift_row("1", 13, 17, RetryAt=NOW + MINUTE), False),
        (shift_row("1", 13, 17, RetryAt=NOW), True),
    ],
)
def test_a_shift_goes_when_it_is_closed_and_over_and_does_not_rest(row: Row, goes: bool) -> None:
    async def story() -> None:
        _, services = await with_shift(row)
        found = await gather(services)
        assert [one.is_shift for one in found.members] == [True] * goes
        assert found.legal_entity == ("usrt" if goes else "")

    run(story())


@pytest.mark.parametrize(
    ("status", "goes", "goes_after_grace"),
    [("received", False, False), ("waiting", False, False), ("sending", False, False), ("held", False, True),
     ("repair", False, True), ("sent", True, True), ("excluded", True, True)],
)  # fmt: skip
def test_a_shift_waits_for_its_receipts_and_for_held_ones_only_until_its_grace_is_over(
    status: str, goes: bool, goes_after_grace: bool
) -> None:
    async def story() -> None:
        hand, services = await with_shift(shift_row("1", 13, 17), receipt(1, Status=status, Shift="1"))
        assert await shifts_in(services) == ["1"] * goes
        hand.turn(hours=12, seconds=1)  # beyond midnight in New York, and an hour
        await note_due(services.tables.due, [Due(POST, "S1", DAY, hand())])
        assert await shifts_in(services) == ["1"] * goes_after_grace

    run(story())


def test_a_shift_that_cannot_go_yet_is_looked_at_again_after_half_an_hour() -> None:
    async def story() -> None:
        _, services = await with_shift(shift_row("1", 13, 17), receipt(1, Status="held", Shift="1"))
        await gather(services)
        row = await services.tables.due.read("due", "post~S1~2017-12-23")
        assert row is not None
        assert row.instant("NextTry") == NOW + timedelta(minutes=30)

    run(story())


def test_a_receipt_without_a_shift_holds_up_the_one_made_for_its_day() -> None:
    async def story() -> None:
        made = "day-20171223"
        row = replace(shift_row(made, 5, 17), key=f"shift~S1~2017-12-23~1~1~{made}")
        _, services = await with_shift(row, receipt(1, Status="received"))
        assert await shifts_in(services) == []
        _, services = await with_shift(shift_row("1", 13, 17), receipt(1, Status="received"))
        assert await shifts_in(services) == ["1"]

    run(story())


def test_overlapping_shifts_wait_until_a_person_ends_the_earlier() -> None:
    async def story() -> None:
        _, services = await with_shift(shift_row("1", 13, 16))
        await services.tables.shifts.upsert(shift_row("2", 15, 17))
        assert await shifts_in(services) == ["2"]
        await services.tables.shifts.upsert(shift_row("1", 13, 16, EndedBy="the store's desk"))
        await note_due(services.tables.due, [Due(POST, "S1", DAY, NOW)])
        assert await shifts_in(services) == ["1", "2"]

    run(story())


# Evidence: what D365 has and what it says went wrong.


class Asked:
    """A D365 that answers from what the test put in, and remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        async def answer(*arguments: Any) -> Any:
            self.asked.append(
                (
                    name,
                    list(arguments[0])
                    if isinstance(arguments[0], Sequence) and not isinstance(arguments[0], str)
                    else arguments,
                )
            )
            found = self.answers[name]
            return found(*arguments) if callable(found) else found

        return answer


class Keyed:
    def __init__(self, number: int) -> None:
        self.key = D365Key("usrt", "052", "NY01-1", f"east:{number}")


def pair(number: int, **values: Value) -> Any:
    return receipt(number, **values), Keyed(number)


def keys(sent: Any) -> list[str]:
    return [mapped.key.transaction_number for _, mapped in sent]


def test_headers_are_asked_by_package_and_only_the_missing_by_key() -> None:
    async def story() -> None:
        d365 = Asked(headers_of_package=[Keyed(1)], headers_by_key=[Keyed(2)])
        _, services = await world(d365)
        found = await headers_of(services, "P1", [pair(1), pair(2), pair(3)])
        assert [one.key.transaction_number for one in found] == ["east:1", "east:2"]
        assert d365.asked == [
            ("headers_of_package", ("P1",)),
            ("headers_by_key", [Keyed(2).key, Keyed(3).key]),
        ]
        d365.asked.clear()
        assert len(await headers_of(services, "P1", [pair(1)])) == 1
        assert d365.asked == [("headers_of_package", ("P1",))]
        d365.asked.clear()
        assert await headers_of(services, "P1", []) == []
        assert d365.asked == []

    run(story())


def test_what_d365_has_a_header_or_a_row_of_is_not_sent_over() -> None:
    async def story() -> None:
        half = {
            Keyed(2).key: {"Payments": [{"a": 1}], "Taxes": []},
            Keyed(3).key: {"Payments": [], "Taxes": []},
        }
        d365 = Asked(headers_by_key=[Keyed(1)], children_by_key=half)
        _, services = await world(d365)
        sent = [pair(1), pair(2, SentBefore=True), pair(3, SentBefore=True), pair(4)]
        assert keys(await may_go(services, sent, sent_before=False)) == ["east:3", "east:4"]
        assert d365.asked[1] == ("children_by_key", [Keyed(2).key, Keyed(3).key])
        d365.asked.clear()
        assert keys(await may_go(services, sent, sent_before=True)) == ["east:3", "east:4"]
        assert d365.asked[1] == ("children_by_key", [Keyed(2).key, Keyed(3).key, Keyed(4).key])
        d365.asked.clear()
        assert keys(await may_go(services, [pair(1), pair(4)], sent_before=False)) == ["east:4"]
        assert [name for name, _ in d365.asked] == ["headers_by_key"]

    run(story())


def result(
    entity: str,
    created: int | None = 1,
    updated: int | None = 0,
    target_failed: int | None = 0,
    staging_failed: int | None = 0,
) -> EntityResult:
    given = {
        "target_created": created,
        "target_updated": updated,
        "target_failed": target_failed,
        "staging_failed": staging_failed,
    }
    fields = dict.fromkeys(EntityResult.__dataclass_fields__)
    return EntityResult(**{**fields, "entity": entity, **given})


@pytest.mark.parametrize(
    ("one", "short"),
    [
        (result("E", 3, 2), False),
        (result("E", 3, 1), True),
        (result("E", 5, 0), False),
        (result("E", 2, 1, 1, 1), False),
        (result("E", 2, 1, 1, 0), True),
        (result("E", None, 5), True),
        (result("E", 5, None), True),
        (result("E", 6, 0), False),
    ],
)
def test_a_count_is_short_unless_it_accounts_for_every_row(one: EntityResult, short: bool) -> None:
    assert short_of([one], {"E": 5}) == (frozenset({"E"}) if short else frozenset())


def test_an_entity_d365_says_nothing_of_is_short() -> None:
    assert short_of([result("E", 5)], {"E": 5, "F": 1}) == {"F"}
    assert short_of([], {}) == frozenset()


def test_failures_are_counted_in_staging_and_beyond() -> None:
    assert failed(result("E", target_failed=2, staging_failed=3)) == 5
    assert failed(result("E", target_failed=None, staging_failed=None)) == 0


def test_the_rows_of_the_last_attempt_are_read_from_the_package() -> None:
    assert rows_sent(Row("e", "p", {"Rows": '{"E": 5, "F": 2}'})) == {"E": 5, "F": 2}
    assert rows_sent(Row("e", "p", {})) == {}


def test_errors_are_asked_for_only_where_something_went_wrong() -> None:
    async def story() -> None:
        d365 = Asked(execution_errors=[], error_keys=[])
        _, services = await world(d365)
        good = Row("e", "p", {"FinalStatus": "Succeeded", "ExecutionId": "P1-1"})
        assert await errors_of(services, good, [result("E")]) == {}
        assert d365.asked == []
        await errors_of(services, good, [result("E"), result("F", target_failed=1)])
        assert d365.asked == [("execution_errors", ("P1-1",)), ("error_keys", ("P1-1", "F"))]
        d365.asked.clear()
        await errors_of(services, good.with_values(FinalStatus="Failed"), [result("E")])
        assert d365.asked == [("execution_errors", ("P1-1",))]

    run(story())


def test_a_store_nobody_knows_is_looked_at_again_while_it_has_receipts_and_done_when_it_has_none() -> None:
    async def story() -> None:
        hand, services = await world()
        await services.tables.transactions.upsert(receipt(1, "S9"))
        await note_due(services.tables.due, [Due(POST, "S9", DAY, NOW), Due(POST, "S8", DAY, NOW)])
        found = await gather(services)
        assert (found.members, found.legal_entity, found.more) == ([], "", False)
        waits = await services.tables.due.read("due", "post~S9~2017-12-23")
        assert waits is not None
        assert waits.instant("NextTry") == NOW + timedelta(minutes=30)
        hand.turn(minutes=5)
        await gather(services)
        assert await services.tables.due.read("due", "post~S8~2017-12-23") is None
        assert await services.tables.due.read("due", "post~S9~2017-12-23") is not None

    run(story())


def test_many_days_are_all_looked_at_and_the_oldest_receipt_goes_first() -> None:
    async def story() -> None:
        _, services = await world()
        days = [DAY + timedelta(days=number) for number in range(20)]
        for number, day in enumerate(days):
            row = receipt(number, BusinessDay=day.isoformat(), ReceivedAt=NOW - timedelta(minutes=number))
            await services.tables.transactions.upsert(replace(row, key=f"day~S1~{day}~1~east~T{number}"))
        await note_due(services.tables.due, [Due(POST, "S1", day, NOW) for day in days])
        assert names(await gather(services)) == [f"T{number}" for number in reversed(range(20))]

    run(story())


def test_a_held_receipt_holds_its_shift_to_the_last_second_of_grace() -> None:
    async def story() -> None:
        hand, services = await with_shift(shift_row("1", 13, 17), receipt(1, Status="held", Shift="1"))
        hand.turn(hours=12)  # midnight in New York, and the hour of grace to the second
        await note_due(services.tables.due, [Due(POST, "S1", DAY, hand())])
        assert await shifts_in(services) == []

    run(story())


def test_a_shift_in_a_package_is_named_by_its_store_and_row() -> None:
    async def story() -> None:
        _, services = await with_shift(shift_row("1", 13, 17))
        (member,) = (await gather(services)).members
        assert (member.store, member.key, member.is_shift) == ("S1", "shift~S1~2017-12-23~1~1~1", True)

    run(story())


def test_shifts_do_not_go_twice_when_the_cash_office_goes() -> None:
    async def story() -> None:
        hand, services = await with_shift(shift_row("1", 13, 17), receipt(3, Kind="TENDER_DECLARATION"))
        hand.turn(hours=2)
        found = await gather(services)
        assert names(found) == ["T3"]

    run(story())


def test_a_receipt_whose_rows_nobody_counted_counts_as_one() -> None:
    async def story() -> None:
        _, services = await with_receipts(receipt(1, D365Rows=199_999))
        row = receipt(2).with_values(D365Rows=None)
        await services.tables.transactions.upsert(row)
        assert names(await gather(services)) == ["T1", "T2"]

    run(story())


def test_nothing_is_asked_of_d365_twice() -> None:
    async def story() -> None:
        d365 = Asked(headers_by_key=[])
        _, services = await world(d365)
        await may_go(services, [pair(1), pair(2)], sent_before=False)
        assert d365.asked == [("headers_by_key", [Keyed(1).key, Keyed(2).key])]

    run(story())
