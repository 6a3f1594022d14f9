"""A drawer that several tills sell into, and a till with several drawers: judged, counted and sent by the drawer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.d365.rows import transaction_rows
from shared.errors import RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.confirm_missing import confirm_missing
from shared.flows.declare_terminal import declare_terminal
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_statement
from shared.flows.read_tills import read_tills
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.retail.completeness import SeenNumber, tills_of
from shared.retail.figures import Figures
from shared.retail.identity import content_hash
from shared.retail.shift import Shift
from shared.services import Services
from shared.storage.mappings import import_rows
from shared.storage.shifts import shifts_of_day
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_mapping import held_for, mapped, mappings
from tests.unit.test_shifts_when_they_arrive import arrive, at, told

DAY = date(2017, 12, 23)
TILL_2 = {"store": "S1", "terminal": "2", "register": "NY01-2"}
DRAWER_2 = {"store": "S1", "terminal": "1 drawer 2", "register": "NY01-9"}


def rung(number: int, clock: str, till: str = "1", **drawer: Any) -> dict[str, Any]:
    """A sale of 24.00 in cash in shift 1, or the one named; each till has numbers of its own."""
    named = {"shift": "1", **drawer}
    return sale_document(
        number, completed_at=at(clock), terminal=till, transaction_id=f"{till}-{number}", **named
    )


def shift_of(number: int, kind: str, clocks: tuple[str, ...], till: str = "1", **more: Any) -> dict[str, Any]:
    """An opening at a clock, or a closing of what was opened at the first clock, counted in cash."""
    counted, totals = more.pop("counted", ""), more.pop("totals", None)
    document = shift_document(number, kind, more.pop("shift", "1"), *map(at, clocks), totals=totals)
    counts = [{"tender": "CASH", "currency": "USD", "amount": counted}] if counted else []
    record = document["shift_record"] | {"counted": counts}
    return document | {"transaction_id": f"{till}-{number}", "terminal": till, "shift_record": record, **more}


async def two_tills(hand: Hand) -> Services:
    services = await flow_services(hand)
    await import_rows(services.tables.mappings, "terminals", [TILL_2], who="set-up", reason="a", at=hand())
    return services


async def at_night(services: Services, hand: Hand) -> dict[str, Any]:
    hand.turn(hours=13)
    await compile_statements(services)
    found = await read_statement(services, "S1", DAY)
    assert found is not None
    return found


async def shifts(services: Services) -> list[tuple[str, str, str]]:
    rows = await shifts_of_day(services.tables.shifts, "S1", DAY)
    return sorted((row.text("Terminal"), row.text("Shift"), row.text("TillState")) for row in rows)


SHARED = {"drawer_till": "1"}


def test_two_tills_sell_into_one_drawer_and_its_count_is_of_what_both_took() -> None:
    async def story() -> None:
        hand = Hand()
        services = await two_tills(hand)
        await arrive(
            services, shift_of(1, "SHIFT_OPEN", ("08:00",)), rung(2, "09:00"), rung(1, "09:30", "2", **SHARED),
            rung(2, "10:00", "2", **SHARED), shift_of(3, "SHIFT_CLOSE", ("08:00", "12:30"), "2", counted="71.00", **SHARED),
        )  # fmt: skip
        assert await shifts(services) == [("1", "1", "closed")]
        assert await told(services) == []
        statement = await at_night(services, hand)
        counts = statement["counts"]["lines"]
        assert [(one["terminal"], one["expected"], one["counted"], one["difference"]) for one in counts] == [
            ("1", "72.00", "71.00", "-1.00")
        ]
        assert (statement["receipts"]["received"], statement["shift_findings"]) == (3, [])
        tills = await read_tills(services, "S1", DAY) or []
        assert [(one["terminal"], one["register"], one["busy"]) for one in tills] == [
            ("1", "NY01-1", []), ("2", "NY01-2", []),
        ]  # fmt: skip
        assert [str(one) for one in (await rebuild_storeday(services, "S1", DAY)).findings] == []

    run(story())


def test_d365_is_told_which_register_rang_it_up_and_which_owns_the_shift() -> None:
    (found,) = ADAPTERS["canonical"].read(call_of(rung(1, "09:30", "2", **SHARED)), "east")
    known = mappings(terminals__S1__2=TILL_2)
    one = mapped(found.transaction, known)
    header = transaction_rows(one, "")["Transactions"][0]
    assert (header["Terminal"], header["BatchTerminalId"], header["BatchID"]) == (
        "NY01-2",
        "NY01-1",
        20171223010001,
    )
    nobody = rung(1, "09:30", "1", drawer_till="7")
    (found,) = ADAPTERS["canonical"].read(call_of(nobody), "east")
    assert held_for(found.transaction, known) == [("terminal_unmapped", "S1 till 7")]


def test_a_receipt_of_another_till_after_the_drawers_shift_was_closed_is_told_of_the_drawer() -> None:
    async def story() -> None:
        services = await two_tills(Hand())
        opening, closing = (
            shift_of(1, "SHIFT_OPEN", ("08:00",)),
            shift_of(3, "SHIFT_CLOSE", ("08:00", "10:00")),
        )
        await arrive(services, opening, rung(1, "10:30", "2", **SHARED), closing)
        assert await told(services) == [("shift_closed_early", 1, "24.00")]
        own = shift_of(2, "SHIFT_OPEN", ("11:00",), "2", shift="8")  # its own drawer, beside the shared one
        await arrive(services, own, rung(3, "11:30", "2", shift="8"))
        assert await told(services) == [("shift_closed_early", 1, "24.00")]

    run(story())


def test_one_drawer_opened_again_by_another_till_before_it_was_closed_is_an_overlap() -> None:
    async def story() -> None:
        services = await two_tills(Hand())
        await arrive(services, shift_of(1, "SHIFT_OPEN", ("08:00",)), rung(2, "09:00"))
        second = shift_of(1, "SHIFT_OPEN", ("10:00",), "2", shift="2", **SHARED)
        late = rung(3, "10:30")
        closing = shift_of(4, "SHIFT_CLOSE", ("08:00", "11:00"))
        await arrive(services, second, late, closing)
        assert await told(services) == [("shift_overlap", 1, "24.00")]

    run(story())


TWO = [
    shift_of(1, "SHIFT_OPEN", ("08:00",)),
    shift_of(2, "SHIFT_OPEN", ("08:30",), drawer="2", shift="2"),
    rung(3, "09:00"),
    rung(4, "09:10", drawer="2", shift="2"),
    rung(5, "09:20", drawer="2", shift="2"),
    rung(6, "09:30"),
    rung(7, "09:40", drawer="2", shift=None),  # a till with two drawers that names no shift: the drawer's own
    shift_of(8, "SHIFT_CLOSE", ("08:30", "12:00"), drawer="2", shift="2", counted="75.00"),
    shift_of(9, "SHIFT_CLOSE", ("08:00", "12:30"), counted="48.00"),
]


def test_two_drawers_of_one_till_are_open_at_once_and_each_is_counted_for_itself() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await import_rows(
            services.tables.mappings, "terminals", [DRAWER_2], who="set-up", reason="a", at=hand()
        )
        await arrive(services, *TWO)
        assert await told(services) == []
        assert await shifts(services) == [("1", "1", "closed"), ("1 drawer 2", "2", "closed")]
        statement = await at_night(services, hand)
        counts = statement["counts"]["lines"]
        assert [(one["terminal"], one["expected"], one["difference"]) for one in counts] == [
            ("1", "48.00", "0.00"), ("1 drawer 2", "72.00", "3.00"),
        ]  # fmt: skip
        # its receipts' numbers are the till's, whichever drawer they went into
        numbers = [
            (one["terminal"], one["first"], one["last"], one["missing"]) for one in statement["completeness"]
        ]
        assert numbers == [("1", 1, 9, 0)]
        tills = await read_tills(services, "S1", DAY) or []
        assert [(one["terminal"], one["register"], one["busy"]) for one in tills] == [
            ("1", "NY01-1", []), ("1 drawer 2", "NY01-9", []),
        ]  # fmt: skip
        assert [str(one) for one in (await rebuild_storeday(services, "S1", DAY)).findings] == []

    run(story())


def test_a_second_drawer_without_a_register_of_its_own_is_held_with_the_reason_and_goes_on_when_it_has_one() -> (
    None
):
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, *TWO)
        assert await told(services) == [("drawer_unmapped", 3, "72.00")]
        (cause,) = await list_causes(services, "open", None)
        assert (cause["value"], cause["owner"]) == ("S1 till 1 drawer 2", "retail_systems")
        assert cause["why"].startswith("D365 counts drawers by register")
        own = DRAWER_2 | {"register": "NY01-1"}  # the till's own register is the first drawer's
        for wrong_or_right, left in ((own, [("drawer_unmapped", 3, "72.00")]), (DRAWER_2, [])):
            await import_rows(
                services.tables.mappings, "terminals", [wrong_or_right], who="us", reason="a", at=hand()
            )
            hand.turn(minutes=2)
            await release_exceptions(services, cause["fingerprint"], DESK, "it has a register now")
            await map_transactions(services, "map~S1~2017-12-23")
            assert await told(services) == left

    run(story())


def test_two_shifts_of_one_of_the_drawers_that_share_time_are_told_and_the_other_drawer_is_not() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await import_rows(
            services.tables.mappings, "terminals", [DRAWER_2], who="set-up", reason="a", at=hand()
        )
        again = shift_of(10, "SHIFT_OPEN", ("11:00",), drawer="2", shift="3")
        await arrive(services, *TWO, again)
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["value"]) == ("shift_overlap", "S1 till 1 drawer 2 2017-12-23 shift 2")

    run(story())


def one_sale(count: int) -> Figures:
    return Figures(count=count, total=Decimal(24 * count), tenders={"CASH": Decimal(24 * count)})


OPENED, CLOSED = datetime(2017, 12, 23, 13, tzinfo=UTC), datetime(2017, 12, 23, 18, tzinfo=UTC)


def test_what_a_shared_drawer_misses_is_worth_what_its_totals_say_whichever_till_rang_it_up() -> None:
    """Till 2 sells into till 1's drawer; its number 2 never came. The drawer says four receipts, three are here."""
    owner = ("1", 1)
    seen = [
        SeenNumber("1", 1, 1),
        SeenNumber("1", 1, 2),
        SeenNumber("2", 1, 1, owner),
        SeenNumber("2", 1, 3, owner),
    ]
    shift = Shift("1", "1", OPENED, CLOSED, pos_says=one_sale(5))
    rung_up = {("1", 1): one_sale(2), ("2", 1): one_sale(2)}
    first, second = tills_of(seen, (shift,), {owner: one_sale(4)}, {}, {}, rung_up)
    assert (first.gap, first.says, first.received) == (None, one_sale(5), one_sale(4))
    assert second.gap is not None
    assert (second.gap.numbers, second.gap.worth) == ((2,), one_sale(1))
    assert (second.says, second.received) == (None, one_sale(2))


def test_the_numbers_that_a_drawers_totals_name_are_its_tills() -> None:
    seen = [SeenNumber("1", 1, 3), SeenNumber("1", 1, 4)]
    shift = Shift("1 drawer 2", "2", OPENED, CLOSED, first_sequence=3, last_sequence=5)
    (till,) = tills_of(seen, (shift,), {}, {})
    assert (till.terminal, till.gap.numbers if till.gap else ()) == ("1", (5,))


def test_what_two_tills_miss_of_one_drawer_is_counted_once() -> None:
    owner = ("1", 1)
    seen = [
        SeenNumber("1", 1, 1),
        SeenNumber("1", 1, 3),
        SeenNumber("2", 1, 1, owner),
        SeenNumber("2", 1, 3, owner),
    ]
    shift = Shift("1", "1", OPENED, CLOSED, pos_says=one_sale(6))
    found = tills_of(seen, (shift,), {owner: one_sale(4)}, {})
    assert [one.gap.worth for one in found if one.gap] == [one_sale(2), Figures()]


def test_a_day_whose_tills_share_a_drawer_is_proved_by_the_drawers_totals() -> None:
    async def story() -> None:
        hand = Hand()
        services = await two_tills(hand)
        totals = totals_of(3, "72.00", "60.00", "12.00", 1, 3)
        await arrive(
            services, shift_of(1, "SHIFT_OPEN", ("08:00",)), rung(2, "09:00"), rung(1, "09:30", "2", **SHARED),
            rung(2, "10:00", "2", **SHARED), shift_of(3, "SHIFT_CLOSE", ("08:00", "12:30"), totals=totals),
        )  # fmt: skip
        statement = await at_night(services, hand)
        assert statement["totals"]["pos_says"] == "72.00"
        assert statement["unexplained"] == "0.00"
        control = {one["terminal"]: one["control"] for one in statement["completeness"]}
        assert control["1"] == {
            "pos_says": {"count": 3, "total": "72.00"}, "received": {"count": 3, "total": "72.00"}, "agrees": True,
        }  # fmt: skip
        assert control["2"]["received"] == {"count": 2, "total": "48.00"}

    run(story())


def test_the_owner_of_a_shared_drawer_is_replaced_and_the_other_tills_receipts_go_with_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await two_tills(hand)
        await arrive(
            services, shift_of(1, "SHIFT_OPEN", ("08:00",)), rung(2, "09:00"), rung(1, "09:30", "2", **SHARED)
        )
        await arrive(services, shift_of(7, "SHIFT_OPEN", ("11:00",), "1", shift="2"))
        await arrive(services, rung(2, "11:30", "2", shift="2", **SHARED))
        since = datetime.fromisoformat(at("10:00"))
        await declare_terminal(services, "S1", "1", DAY, since, DESK, "it broke")
        await arrive(
            services, rung(3, "11:40", "2", shift="2", **SHARED)
        )  # and what comes later knows by itself
        rows = [row async for row in services.tables.transactions.query("S1") if row.text("DrawerName")]
        assert sorted((row.text("TransactionId"), row.number("DrawerGeneration"), row.number("ShiftNumber")) for row in rows) == [
            ("2-1", 1, 20171223010001), ("2-2", 2, 20171223020002), ("2-3", 2, 20171223020002),
        ]  # fmt: skip
        again = rung(2, "11:30", "2", shift="2", **SHARED)
        await arrive(services, again)
        assert "content_conflict" not in [code for code, _, _ in await told(services)]

    run(story())


def test_what_says_nothing_of_drawers_is_the_same_receipt_as_before_and_what_does_is_not() -> None:
    plain, named = (
        ADAPTERS["canonical"].read(call_of(one), "east")[0].transaction
        for one in (rung(1, "09:00"), rung(1, "09:00", drawer="2"))
    )
    assert plain is not None
    assert named is not None
    # worked out before anybody could name a drawer
    assert content_hash(plain) == "h1:bc5809775f1677a7dcd983952a904cd9b46fc34608d4ab84a263571daa1b92c5"
    assert content_hash(plain) != content_hash(named)


def test_a_till_cannot_bear_the_name_of_another_tills_drawer() -> None:
    (found,) = ADAPTERS["canonical"].read(call_of(rung(1, "09:00", "1 drawer 2")), "east")
    assert found.transaction is None
    assert [one.field for one in found.problems] == ["terminal"]


@pytest.mark.parametrize("generation", [0, 100])
def test_a_decision_names_a_till_that_can_be(generation: int) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        with pytest.raises(RejectedError):
            await confirm_missing(services, "S1", DAY, "1", [2], "lost", DESK, "a", generation)

    run(story())
