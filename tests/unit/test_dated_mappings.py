"""Mappings in force on days: what begins when, what a late receipt is mapped with, and what an import says it would do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.errors import ForbiddenError
from shared.flows.import_mapping import Imported, export_mapping, import_mapping
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.retail.held_value import Held, first_seen, freed
from shared.retail.mapping_changes import with_lines
from shared.retail.mapping_kinds import KINDS
from shared.retail.mapping_rows import MappingRow, Mappings, mapping_row
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import audit_of
from shared.storage.mappings import MappingCache
from tests.unit.documents import call_of, paid_with, sale_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

SATURDAY, MONDAY = date(2017, 12, 23), date(2017, 12, 25)
TENDERS = "store,tender,payment_method"


async def send(services: Services, *documents: dict[str, Any]) -> list[str]:
    verdicts = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    return [one.verdict for one in verdicts]


async def receipts(services: Services) -> dict[str, tuple[str, int]]:
    """Give each receipt's status and the version it was mapped with."""
    rows = [row async for row in services.tables.transactions.query("S1")]
    return {
        row.text("TransactionId"): (row.text("Status"), row.number("MappingVersion"))
        for row in rows
        if row.text("Record") == "receipt"
    }


async def put(services: Services, kind: str, text: str, *, check: bool = False) -> Imported:
    done = await import_mapping(services, kind, text.encode(), DESK, "a test", check=check)
    assert not done.problems, done.problems
    return done


def on(day: date, document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "business_day": day.isoformat(), "completed_at": f"{day}T12:00:00-05:00"}


def test_a_tender_first_seen_on_saturday_and_mapped_on_monday_releases_saturdays_receipts() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, on(SATURDAY, paid_with("KLARNA", 1)), on(SATURDAY, paid_with("KLARNA", 2)))
        await map_transactions(services, "map~S1~2017-12-23")
        hand.at = datetime(2017, 12, 25, 18, 0, tzinfo=UTC)
        done = await put(services, "tenders", f"{TENDERS}\n*,KLARNA,7\n")
        (change,) = done.changes
        assert (change.what, change.line["valid_from"], change.before) == ("new", "2017-12-23", None)
        released = await release_exceptions(services, "tender_unmapped~KLARNA", DESK, "mapped")
        assert released is not None
        assert (released.receipts, released.amount) == (2, Decimal("48.00"))
        await map_transactions(services, "map~S1~2017-12-23")
        assert {status for status, _ in (await receipts(services)).values()} == {"mapped"}
        assert await list_causes(services, "open", None) == []
        assert (await export_mapping(services, "tenders")).splitlines() == [
            "store,tender,payment_method,valid_from,valid_to",
            "*,CASH,1,always,",
            "*,KLARNA,7,2017-12-23,",
        ]

    run(story())


def test_a_receipt_older_than_its_mapping_is_held_and_told_from_when_on_it_is_mapped() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(services, "tenders", f"{TENDERS},valid_from\n*,KLARNA,7,2017-12-23\n")
        await send(services, on(date(2017, 12, 22), paid_with("KLARNA", 1)))
        await map_transactions(services, "map~S1~2017-12-22")
        (cause,) = await list_causes(services, "open", None)
        assert cause["do_this"] == (
            "It is mapped from 2017-12-23 to today, and these receipts are of 2017-12-22 or near it. Let a row of the tenders "
            "mapping begin on that day or earlier, then release."
        )
        again = await put(
            services, "tenders", f"{TENDERS}\n*,KLARNA,7\n"
        )  # the same, without a day: as early as it is seen
        assert again.changes[0].line["valid_from"] == "2017-12-22"
        await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        await map_transactions(services, "map~S1~2017-12-22")
        assert (await receipts(services))["T1"][0] == "mapped"

    run(story())


def test_a_value_seen_before_its_row_begins_and_a_line_that_says_otherwise_need_a_day() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(services, "tenders", f"{TENDERS},valid_from\n*,KLARNA,7,2017-12-23\n")
        await send(services, on(date(2017, 12, 22), paid_with("KLARNA", 1)))
        await map_transactions(services, "map~S1~2017-12-22")
        done = await import_mapping(services, "tenders", f"{TENDERS}\n*,KLARNA,8\n".encode(), DESK, "a test")
        assert [(one.row, one.column, one.expected) for one in done.problems] == [
            (
                2, "valid_from",
                "a day: 2017-12-22, when it was first seen, or 2017-12-23, from when on it is mapped otherwise already",
            )
        ]  # fmt: skip

    run(story())


@pytest.mark.parametrize(
    ("there", "line", "column", "expected"),
    [
        (
            "*,KLARNA,3,always,2017-11-30", "*,KLARNA,7,,", "valid_from",
            "a day: its row from always ended on 2017-11-30; always itself to correct that one",
        ),
        ("*,KLARNA,3,always,2017-11-30", "*,KLARNA,7,2017-12-01,", "", ""),
        ("*,KLARNA,3,always,2017-11-30", "*,KLARNA,7,always,2017-11-30", "", ""),
        (
            "*,KLARNA,3,2017-12-20,", "S1,KLARNA,7,,", "valid_from",
            "a day: until now S1 goes by the row for all stores (always to change the days that are over, too)",
        ),
        ("*,KLARNA,3,2017-12-20,", "S1,KLARNA,7,2017-12-23,", "", ""),
        ("*,KLARNA,3,2017-12-20,", "S1,KLARNA,3,,", "", ""),
        ("S1,KLARNA,3,always,", "*,KLARNA,7,,", "", ""),
        ("*,KLARNA,3,2017-12-20,", "*,KLARNA,3,,2017-12-21", "", ""),
        (
            "*,KLARNA,3,2017-12-20,", "*,KLARNA,3,,2017-12-10", "valid_to",
            "2017-12-20 or later: the row begins then (never for a row that was a mistake)",
        ),
    ],
)  # fmt: skip
def test_no_line_without_a_day_changes_days_that_are_over_or_takes_a_row_away_unsaid(
    there: str, line: str, column: str, expected: str
) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(services, "tenders", f"{TENDERS},valid_from,valid_to\n{there}\n")
        text = f"{TENDERS},valid_from,valid_to\n{line}\n"
        done = await import_mapping(services, "tenders", text.encode(), DESK, "a test")
        told = [(one.column, one.expected) for one in done.problems]
        assert told == ([(column, expected)] if column else [])

    run(story())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("tolerances", "store,what,limit\n*,return_without_receipt,999\n"),
        ("ledger_accounts", "legal_entity,what,code,account\nusrt,sales,*,401100\n"),
        ("month_end", "legal_entity,late_receipts\nusrt,next_period\n"),
    ],
)
def test_what_is_let_pass_and_where_money_is_booked_only_finance_says(kind: str, text: str) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        version = (await services.mappings.refresh()).version
        clerk = Person("retail clerk", frozenset({"retail_systems"}), "x")
        with pytest.raises(ForbiddenError) as caught:
            await import_mapping(services, kind, text.encode(), clerk, "a test")
        assert caught.value.status == 403
        assert (await services.mappings.refresh()).version == version
        await put(services, kind, text)

    run(story())


MAY, JULY = date(2017, 5, 20), date(2017, 7, 3)


def test_a_may_receipt_that_is_sent_again_in_july_uses_mays_mapping() -> None:
    async def story() -> None:
        hand = Hand()
        hand.at = datetime(2017, 5, 20, 18, 0, tzinfo=UTC)
        services = await flow_services(hand)
        await send(services, on(MAY, sale_document(1)))
        await map_transactions(services, "map~S1~2017-05-20")
        mapped = (await receipts(services))["T1"]
        hand.at = datetime(2017, 7, 3, 18, 0, tzinfo=UTC)
        await put(services, "tenders", f"{TENDERS},valid_from\n*,CASH,9,2017-07-01\n")
        # sent again: nothing happens; a receipt of May that never came: mapped as May's were; one of July: as July's are
        assert await send(services, on(MAY, sale_document(1)), on(MAY, sale_document(2))) == [
            "duplicate",
            "accepted",
        ]
        await send(services, on(JULY, sale_document(3)))
        await map_transactions(services, "map~S1~2017-05-20")
        await map_transactions(services, "map~S1~2017-07-03")
        after = await receipts(services)
        assert after["T1"] == mapped
        assert {status for status, _ in after.values()} == {"mapped"}
        assert await methods(services, "T1", "T2", "T3") == {"T1": "1", "T2": "1", "T3": "9"}

    run(story())


async def methods(services: Services, *names: str) -> dict[str, str]:
    """Give the payment method that each receipt goes to D365 with, as posting looks it up."""
    rows = [row async for row in services.tables.transactions.query("S1")]
    known = services.mappings.known
    found = {}
    for row in rows:
        if row.text("TransactionId") in names and row.text("Record") == "receipt":
            as_mapped = known.at_version(row.number("MappingVersion"))
            day = date.fromisoformat(row.text("BusinessDay"))
            values = as_mapped.find("tenders", "*", "CASH", day=day)
            assert values is not None
            found[row.text("TransactionId")] = values["payment_method"]
    return found


def test_a_receipt_keeps_the_version_it_was_mapped_with_when_its_row_is_corrected() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, sale_document(1))
        await map_transactions(services, "map~S1~2017-12-23")
        done = await put(services, "tenders", f"{TENDERS}\n*,CASH,5\n")
        (change,) = done.changes
        assert (change.what, change.before and change.before["payment_method"]) == ("corrected", "1")
        await send(services, sale_document(2))
        await map_transactions(services, "map~S1~2017-12-23")
        assert await methods(services, "T1", "T2") == {"T1": "1", "T2": "5"}

    run(story())


def test_two_tax_rates_either_side_of_midnight_in_one_business_day_come_from_one_import() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(
            services, "taxes",
            "code,tax_code,item_tax_group,valid_from\nVAT20,V20,FULL,always\nVAT20,V17,FULL,2017-12-24\n",
        )  # fmt: skip
        before = {**sale_document(1), "completed_at": "2017-12-23T23:59:59-05:00"}
        after = {**sale_document(2), "completed_at": "2017-12-24T00:00:01-05:00"}
        await send(services, before, after)
        await map_transactions(services, "map~S1~2017-12-23")
        assert {status for status, _ in (await receipts(services)).values()} == {"mapped"}
        known = services.mappings.known
        assert [
            (known.find("taxes", "VAT20", day=day) or {})["tax_code"]
            for day in (SATURDAY, date(2017, 12, 24))
        ] == ["V20", "V17"]

    run(story())


def test_rows_of_one_key_that_begin_on_other_days_come_in_one_file() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        text = "code,tax_code,item_tax_group,valid_from\nFOOD,F5,FULL,2017-01-01\nFOOD,F7,FULL,2018-01-01\n"
        await put(services, "taxes", text)
        known = services.mappings.known
        days = (date(2016, 12, 31), date(2017, 12, 31), date(2018, 1, 1))
        found = [known.find("taxes", "FOOD", day=day) for day in days]
        assert [values and values["tax_code"] for values in found] == [None, "F5", "F7"]

    run(story())


def test_a_check_says_what_would_change_and_what_it_would_let_go_and_writes_nothing() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        strange = paid_with("KLARNA", 3)
        strange["lines"][0]["item"] = "9999"
        await send(services, paid_with("KLARNA", 1), paid_with("KLARNA", 2), strange, sale_document(4))
        await map_transactions(services, "map~S1~2017-12-23")
        before = [row async for row in services.tables.mappings.query()]
        text = f"{TENDERS}\n*,KLARNA,7\n*,CASH,1\n*,VISA,2\n"
        done = await put(services, "tenders", text, check=True)
        assert [(one.row, one.what) for one in done.changes] == [(2, "new"), (3, "the same"), (4, "new")]
        assert (done.frees.receipts, done.frees.amounts) == (2, {"USD": Decimal("48.00")})
        assert done.frees.still_held == {"item_unmapped": 1}
        assert [row async for row in services.tables.mappings.query()] == before
        assert not [row async for row in services.tables.audit.query()]
        taken = await put(services, "tenders", text)
        assert taken.version == done.version + 1
        released = await release_exceptions(services, "tender_unmapped~KLARNA", DESK, "mapped")
        await map_transactions(services, "map~S1~2017-12-23")
        found = await receipts(services)
        assert [found[name][0] for name in ("T1", "T2", "T3")] == ["mapped", "mapped", "held"]
        assert released is not None

    run(story())


def test_a_file_that_changes_nothing_makes_no_version() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        text = await export_mapping(services, "stores")
        version = services.mappings.known.version
        done = await put(services, "stores", text)
        assert (done.rows, done.version) == (1, version)
        assert (await services.mappings.refresh()).version == version

    run(story())


def test_a_register_that_another_till_has_is_refused_until_that_row_ends() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        text = "store,terminal,register\nS1,2,NY01-1\n"
        done = await import_mapping(services, "terminals", text.encode(), DESK, "a test")
        assert [(one.row, one.column) for one in done.problems] == [(2, "register")]
        assert "till 1 of store S1" in done.problems[0].expected
        ended = "store,terminal,register,valid_from,valid_to\nS1,1,NY01-1,always,2017-12-22\n"
        assert (await put(services, "terminals", ended)).changes[0].what == "ended"
        await put(services, "terminals", "store,terminal,register,valid_from\nS1,2,NY01-1,2017-12-23\n")

    run(story())


REGISTERS = "store,terminal,register,valid_from,valid_to"


@pytest.mark.parametrize(
    ("there", "added", "days"),
    [
        ("S1,8,R1,always,2018-06-30", "S1,9,R1,,", "from always to 2018-06-30"),  # it ends one day, not yet
        ("S1,8,R1,always,2017-11-30", "S1,9,R1,,", "from always to 2017-11-30"),  # it had it before
        ("S1,8,R1,2018-01-01,", "S1,9,R1,always,", "from 2018-01-01"),  # it will have it
        ("S1,8,R1,always,2017-11-30", "S1,9,R1,2017-11-30,", "from always to 2017-11-30"),  # one day of both
        ("S1,8,R1,always,2017-11-30", "S1,9,R1,2017-12-01,", ""),
        ("S1,8,R1,always,\nS1,8,R2,2017-12-01,", "S1,9,R1,2017-12-01,", ""),  # its next row took its place
        ("S1,8,R1,always,\nS1,8,R2,2017-12-01,2017-12-31", "S1,9,R1,2017-12-01,", "from 2018-01-01"),
    ],
)  # fmt: skip
def test_no_two_tills_have_one_register_on_one_day(there: str, added: str, days: str) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(services, "terminals", f"{REGISTERS}\n{there}\n")
        in_two = await import_mapping(
            services, "terminals", f"{REGISTERS}\n{added}\n".encode(), DESK, "a test", check=True
        )
        expected = [
            f"a register of its own; till 8 of store S1 has it {days} (end that row first, or begin after it)"
        ]
        assert [one.expected for one in in_two.problems] == (expected if days else [])
        afresh = await flow_services(Hand())  # and in one file alike
        in_one = await import_mapping(
            afresh, "terminals", f"{REGISTERS}\n{there}\n{added}\n".encode(), DESK, "a test"
        )
        assert bool(in_one.problems) == bool(days)

    run(story())


def test_a_list_of_tills_whose_register_went_to_another_is_taken_back_as_it_was_given() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        moved = f"{REGISTERS}\nS1,8,R1,always,2017-11-30\nS1,9,R1,2017-12-01,\n"
        await put(services, "terminals", moved)
        again = await put(services, "terminals", await export_mapping(services, "terminals"))
        assert {one.what for one in again.changes} == {"the same"}

    run(story())


def rows(*lines: dict[str, str]) -> Mappings:
    kept: dict[tuple[str, ...], tuple[MappingRow, ...]] = {}
    for version, line in enumerate(lines, start=1):
        key = ("items", line["item"])
        kept[key] = (*kept.get(key, ()), mapping_row(line, version))
    return Mappings(len(lines), kept)


def item(number: str, valid_from: str = "", valid_to: str = "") -> dict[str, str]:
    return {"item": "X", "item_number": number, "valid_from": valid_from, "valid_to": valid_to}


@pytest.mark.parametrize(
    ("lines", "day", "expected"),
    [
        ([item("A"), item("B", "2018-01-01")], "2017-12-31", "A"),
        ([item("A"), item("B", "2018-01-01")], "2018-01-01", "B"),
        ([item("A"), item("B", "2018-01-01", "2018-01-31")], "2018-02-01", "A"),  # B was for January only
        ([item("A", "", "2017-12-31")], "2018-01-01", None),
        (
            [item("A"), item("A", "", "2017-12-31")],
            "2018-01-01",
            None,
        ),  # ended: the one without an end counts no more
        ([item("A"), item("B")], "2018-01-01", "B"),
        ([item("A"), item("B", "2018-01-01"), item("B", "2018-01-01", "never")], "2018-01-01", "A"),
        ([item("A"), item("", "", "never")], "2018-01-01", None),
        ([item("A", "2018-01-01"), item("B", "always")], "2017-12-31", "B"),
    ],
)
def test_the_row_that_began_last_counts_in_its_newest_version(
    lines: list[dict[str, str]], day: str, expected: str | None
) -> None:
    found = rows(*lines).find("items", "X", day=date.fromisoformat(day))
    assert (found["item_number"] if found else None) == expected


def test_a_lookup_without_a_day_is_for_today_and_else_for_the_nearest_time_it_was_mapped() -> None:
    known = rows(item("A", "", "2017-12-31"), item("B", "2018-02-01"))
    found = []
    for today in (date(2017, 6, 1), date(2018, 1, 15), date(2018, 2, 1)):
        values = Mappings(known.version, known.rows, today).find("items", "X")
        found.append(values and values["item_number"])
    assert found == ["A", "A", "B"]
    future = rows(item("B", "2018-02-01"))
    assert Mappings(1, future.rows, date(2018, 1, 1)).find("items", "X") == {"item": "X", "item_number": "B"}


def held(code: str, value: str, day: str, name: str = "east T1", store: str = "S1", till: str = "1") -> Held:
    return Held(code, value, store, till, date.fromisoformat(day), name, Decimal("24.00"), "USD")


def test_first_sight_is_the_earliest_business_day_of_what_is_held_for_that_value() -> None:
    waiting = [
        held("tender_unmapped", "KLARNA", "2017-12-24"), held("tender_unmapped", "KLARNA", "2017-12-23", store="S2"),
        held("tax_unmapped", "VAT21", "2017-12-24"), held("terminal_unmapped", "S1 till 9", "2017-12-23", till="9"),
    ]  # fmt: skip
    assert first_seen(KINDS["tenders"], waiting) == {
        ("S1", "KLARNA"): date(2017, 12, 24), ("S2", "KLARNA"): SATURDAY, ("*", "KLARNA"): SATURDAY,
    }  # fmt: skip
    assert first_seen(KINDS["taxes"], waiting) == {
        ("VAT21",): SATURDAY
    }  # by the instant of sale: perhaps the eve
    assert first_seen(KINDS["terminals"], waiting) == {("S1", "9"): SATURDAY}
    assert first_seen(KINDS["stores"], waiting) == {}


def test_a_receipt_goes_when_all_it_is_held_for_is_solved() -> None:
    waiting = [
        held("item_unmapped", "X", "2017-12-23"),
        held("item_unmapped", "X", "2017-12-23", "east T2"), held("item_unmapped", "Y", "2017-12-23", "east T2"),
        held("item_unmapped", "X", "2017-12-22", "east T3"),
        held("does_not_balance", "I7", "2017-12-23", "east T4"),
    ]  # fmt: skip
    after = with_lines(Mappings(), KINDS["items"], [item("D", "2017-12-23")])
    assert (freed(waiting, Mappings(), after).receipts, freed(waiting, Mappings(), after).still_held) == (
        1,
        {"item_unmapped": 1},
    )


def test_dates_are_kept_in_plain_columns_of_the_table() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(
            services, "items", "item,item_number,unit,valid_from,valid_to\nX,D,ea,2017-12-23,2018-01-31\n"
        )
        kept = [row async for row in services.tables.mappings.query("items") if row.text("Item") == "X"]
        assert [(row.text("ValidFrom"), row.text("ValidTo")) for row in kept] == [
            ("2017-12-23", "2018-01-31")
        ]
        assert json.loads(kept[0].text("Values"))["valid_to"] == "2018-01-31"

    run(story())


class SomebodyElse:
    """A table before whose next import row somebody else's import is finished."""

    def __init__(self, table: Any) -> None:
        self._table, self.name, self.first = table, table.name, None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    async def insert(self, row: Any) -> str:
        if row.partition == "import" and self.first is not None:
            first, self.first = self.first, None
            await first()
        return str(await self._table.insert(row))


def test_of_two_imports_at_once_the_second_is_judged_again_by_what_the_first_mapped() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        table: Any = SomebodyElse(services.tables.mappings)
        services.tables = replace(services.tables, mappings=table)
        services.mappings = MappingCache(table, services.clock.now)
        clerk = Person("retail clerk", frozenset({"retail_systems"}), "x")
        terminals = "store,terminal,register\n{},R-77\n"

        async def other() -> None:
            text = terminals.format("S2,1").encode()
            done = await import_mapping(services, "terminals", text, clerk, "the new till")
            assert not done.problems

        table.first = other
        refused = await import_mapping(
            services, "terminals", terminals.format("S1,9").encode(), DESK, "a new till"
        )
        assert [(one.column, one.found) for one in refused.problems] == [("register", "R-77")]
        registers = [
            row.text("Register") async for row in table.query("terminals") if row.text("Register") == "R-77"
        ]
        assert len(registers) == 2  # the rows of the first stand there and count for nothing
        known = await services.mappings.refresh()
        assert known.find("terminals", "S2", "1") == {"store": "S2", "terminal": "1", "register": "R-77"}
        assert known.find("terminals", "S1", "9") is None
        told = [
            (row.text("Who"), row.text("Did")) async for row in audit_of(services.tables.audit, "mappings")
        ]
        assert told == [
            (DESK.name, "imported 1 rows of terminals"),
            (clerk.name, "imported 1 rows of terminals"),
            (DESK.name, "wrote none of 1 rows of terminals"),
        ]

        table.first = lambda: put(services, "tenders", f"{TENDERS}\n*,KLARNA,7\n")
        done = await put(services, "terminals", terminals.format("S1,9").replace("77", "78"))
        assert done.version == known.version + 2

    run(story())
