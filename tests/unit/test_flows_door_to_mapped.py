"""From the door to mapped, over the in-memory twins: verdicts, what is kept, causes, release, shifts."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from shared.errors import ForbiddenError, RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.confirm_missing import confirm_missing
from shared.flows.end_shift import end_shift
from shared.flows.import_mapping import import_mapping
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_cause, read_statement, read_transaction
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.retail.mapping_csv import KINDS
from shared.services import Services
from shared.settings import Person
from shared.storage.receipts import document_of
from tests.unit.documents import call_of, paid_with, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run
from tests.unit.test_mapping import ROWS

DUE = "map~S1~2017-12-23"
DAY = date(2017, 12, 23)


async def send(services: Services, *documents: dict[str, Any]) -> list[str]:
    verdicts = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    return [one.verdict for one in verdicts]


async def statuses(services: Services) -> dict[str, str]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return {row.text("TransactionId"): row.text("Status") for row in rows if row.text("Record") == "receipt"}


def test_an_accepted_receipt_is_kept_as_it_came_and_can_be_asked_for() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        assert await send(services, sale_document()) == ["accepted"]
        found = await read_transaction(services, "S1", "east", "T1")
        assert found is not None
        assert (found["status"], found["total"], found["business_day"]) == ("received", "24.00", "2017-12-23")
        row = await services.tables.transactions.read("S1", "day~S1~2017-12-23~1~east~T1")
        assert row is not None
        assert json.loads(document_of(row)) == sale_document()

    run(story())


def test_the_same_receipt_again_changes_nothing_and_other_content_is_a_conflict_with_both_kept() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, sale_document())
        before = [row async for row in services.tables.transactions.query()]
        assert await send(services, sale_document()) == ["duplicate"]
        assert [row async for row in services.tables.transactions.query()] == before
        assert await send(services, sale_document(operator="7")) == ["conflict"]
        kept = [row.text("Record") async for row in services.tables.transactions.query("S1")]
        assert sorted(kept) == ["conflict", "identity", "receipt"]
        assert [one["code"] for one in await list_causes(services, "open", None)] == ["content_conflict"]
        assert await send(services, sale_document(operator="7")) == ["conflict"]
        assert len([row async for row in services.tables.transactions.query("S1")]) == 3

    run(story())


def test_a_call_sorts_out_what_is_new_what_was_there_and_what_stands_twice_in_it() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, sale_document(1))
        found = await send(services, sale_document(2), sale_document(1), sale_document(3), sale_document(3))
        assert found == ["accepted", "duplicate", "accepted", "duplicate"]

    run(story())


def test_a_higher_revision_replaces_what_was_not_sent() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        assert await send(services, sale_document(revision="1")) == ["accepted"]
        assert await send(services, sale_document(revision="2", operator="7")) == ["accepted"]
        assert await send(services, sale_document(revision="1", operator="8")) == ["duplicate"]
        found = await read_transaction(services, "S1", "east", "T1")
        assert found is not None
        assert found["revision"] == "2"

    run(story())


def test_a_receipt_that_does_not_balance_is_kept_held_and_told_by_rule() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        short = sale_document(tenders=sale_document()["tenders"][:1])
        (verdict,) = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(short))
        assert verdict.verdict == "held"
        assert [(one.rule, one.field) for one in verdict.problems] == [
            ("I1 balance", "transactions[0].tenders")
        ]
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["owner"], cause["receipts"]) == ("does_not_balance", "retail_systems", 1)
        assert (await statuses(services))["T1"] == "held"

    run(story())


def test_a_receipt_of_an_unknown_store_is_kept_and_told() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        assert await send(services, sale_document(store="S9")) == ["held"]
        assert await read_transaction(services, "unknown", "east", "T1") is not None
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["value"]) == ("store_unknown", "S9")

    run(story())


def test_receipts_of_an_unknown_store_go_home_once_it_is_mapped() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, sale_document(store="S9"))
        (cause,) = await list_causes(services, "open", None)
        await release_exceptions(services, cause["fingerprint"], DESK, "too early")
        assert (await list_causes(services, "open", None))[0]["receipts"] == 1
        columns = ("store", *KINDS["stores"].columns)
        row = ",".join(
            (ROWS["stores", "S1"] | {"store": "S9", "operating_unit": "059"})[name] for name in columns
        )
        await import_mapping(
            services, "stores", (",".join(columns) + "\n" + row + "\n").encode(), DESK, "new store"
        )
        terminal = b"store,terminal,register\nS9,1,NY09-1\n"
        await import_mapping(services, "terminals", terminal, DESK, "new store")
        await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        await map_transactions(services, "map~S9~2017-12-23")
        found = await read_transaction(services, "S9", "east", "T1")
        assert found is not None
        assert found["status"] == "mapped"
        assert await list_causes(services, "open", None) == []
        assert await send(services, sale_document(store="S9")) == ["duplicate"]

    run(story())


def test_one_bad_receipt_never_stops_its_neighbours() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        found = await send(services, sale_document(1), sale_document(2, colour="red"), sale_document(3))
        assert found == ["accepted", "refused", "accepted"]
        assert [one["code"] for one in await list_causes(services, "open", None)] == ["cannot_be_read"]

    run(story())


def test_what_cannot_be_read_at_all_leaves_a_trace_without_its_bytes() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        with pytest.raises(RejectedError):
            await ingest_transactions(
                services, SENDER, ADAPTERS["canonical"], b"4111 1111 1111 1111 not json"
            )
        rows = [row async for row in services.tables.causes.query()]
        assert [(row.text("Reason"), row.number("Bytes")) for row in rows] == [("cannot_be_read", 28)]
        assert "4111" not in str(rows)

    run(story())


def test_received_receipts_are_mapped_once_and_the_work_is_noted_before() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document(1), sale_document(2))
        assert await map_transactions(services, DUE) == 2
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped"}
        keys = [row.key async for row in services.tables.due.query("due")]
        assert keys == ["heard~S1~1", DUE, "post~S1~2017-12-23", "statement~S1~2017-12-23"]
        assert await map_transactions(services, DUE) == 0
        hand.turn(seconds=61)
        await map_transactions(services, DUE)
        assert DUE not in [row.key async for row in services.tables.due.query("due")]

    run(story())


def test_a_young_due_row_is_not_deleted_since_a_writer_may_be_on_its_way() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document(1))
        hand.turn(seconds=59)
        await map_transactions(services, DUE)
        assert DUE in [row.key async for row in services.tables.due.query("due")]

    run(story())


def test_an_unmapped_tender_makes_one_task_and_mapping_it_releases_all() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, *(paid_with("KLARNA", number) for number in range(1, 4)), sale_document(4))
        await map_transactions(services, DUE)
        assert await statuses(services) == {"T1": "held", "T2": "held", "T3": "held", "T4": "mapped"}
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["value"], cause["receipts"], cause["amount"]) == (
            "tender_unmapped",
            "KLARNA",
            3,
            "72.00",
        )
        assert cause["owner"] == "finance"
        done = await import_mapping(
            services, "tenders", b"store,tender,payment_method\n*,KLARNA,7\n", DESK, "new"
        )
        assert done.rows == 1
        released = await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        assert released is not None
        assert (released.receipts, str(released.amount)) == (3, "72.00")
        await map_transactions(services, DUE)
        assert set((await statuses(services)).values()) == {"mapped"}
        assert await list_causes(services, "open", None) == []
        again = await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        assert again is not None
        assert again.receipts == 0

    run(story())


def test_releasing_without_a_fix_holds_the_receipt_again() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, paid_with("KLARNA", 1))
        await map_transactions(services, DUE)
        (cause,) = await list_causes(services, "open", None)
        await release_exceptions(services, cause["fingerprint"], DESK, "hoping")
        await map_transactions(services, DUE)
        assert (await statuses(services))["T1"] == "held"
        (cause,) = await list_causes(services, "open", None)
        assert cause["receipts"] == 1

    run(story())


def test_training_voids_and_control_transactions_are_kept_and_never_sent() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        no_sale = sale_document(3, kind="NO_SALE", lines=[], tenders=[])
        await send(services, sale_document(1, training=True), sale_document(2, status="VOIDED"), no_sale)
        await map_transactions(services, DUE)
        assert set((await statuses(services)).values()) == {"excluded"}

    run(story())


def overlap() -> list[dict[str, Any]]:
    """Shift 2 is opened at 13:50 while shift 1 goes on until 14:10, with a receipt of shift 1 at 14:00."""
    opened, second, closed = (
        "2017-12-23T08:00:00-05:00",
        "2017-12-23T13:50:00-05:00",
        "2017-12-23T14:10:00-05:00",
    )
    return [
        shift_document(1, "SHIFT_OPEN", "1", opened),
        sale_document(2, shift="1"),
        shift_document(3, "SHIFT_OPEN", "2", second),
        sale_document(4, shift="1", completed_at="2017-12-23T14:00:00-05:00"),
        sale_document(5, shift="2", completed_at="2017-12-23T14:05:00-05:00"),
        shift_document(6, "SHIFT_CLOSE", "1", opened, closed, totals_of(2, "48.00", "40.00", "8.00", 1, 6)),
        shift_document(7, "SHIFT_CLOSE", "2", second, "2017-12-23T20:00:00-05:00", totals_of(1, "24.00", "20.00", "4.00", 3, 7)),
    ]  # fmt: skip


def test_an_overlap_holds_only_the_doubtful_receipt_and_a_person_ends_the_shift() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, *overlap())
        await map_transactions(services, DUE)
        found = await statuses(services)
        assert {one: found[one] for one in ("T2", "T4", "T5")} == {
            "T2": "mapped",
            "T4": "held",
            "T5": "mapped",
        }
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["receipts"], cause["amount"]) == ("shift_overlap", 1, "24.00")
        at = overlap()[2]["shift_record"]["opened_at"]
        hand.turn(hours=8)
        assert (
            await end_shift(services, "S1", "1", "1", datetime.fromisoformat(at), DESK, "the store said so")
            == 1
        )
        await map_transactions(services, DUE)
        moved = await read_transaction(services, "S1", "east", "T4")
        assert moved is not None
        assert (moved["status"], moved["shift"]) == ("mapped", "2")
        assert await list_causes(services, "open", None) == []

    run(story())


def test_a_missing_number_becomes_a_cause_and_a_persons_decision_ends_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        documents = [one for one in overlap() if one["transaction_id"] in ("T1", "T6")]
        documents[1]["shift_record"]["totals"] = totals_of(2, "48.00", "40.00", "8.00", 1, 6)
        rest = [
            sale_document(2, shift="1"),
            *(sale_document(n, kind="NO_SALE", lines=[], tenders=[]) for n in (4, 5)),
        ]
        await send(services, *documents, *rest)
        await map_transactions(services, DUE)
        hand.turn(hours=13)
        assert await compile_statements(services) == 1
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert [(one["code"], one["amount"]) for one in statement["causes"]] == [
            ("receipts_missing", "24.00"), ("not_sent_yet", "24.00"),
        ]  # fmt: skip
        assert statement["unexplained"] == "0.00"
        (cause,) = await list_causes(services, "open", None)
        members = (await read_cause(services, cause["fingerprint"]) or {})["members"]
        assert [(one["what"], one["sequence_number"], one["amount"]) for one in members] == [
            ("number", 3, "24.00")
        ]
        await confirm_missing(services, "S1", DAY, "1", [3], "lost", DESK, "the till was stolen")
        assert await compile_statements(services) == 1
        assert await list_causes(services, "open", None) == []
        again = await read_statement(services, "S1", DAY)
        assert again is not None
        assert again["causes"][0]["decided"]["by"] == "store operations desk"

    run(story())


def test_a_receipt_that_comes_after_the_day_was_compiled_is_late() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        hand.turn(hours=13)
        await compile_statements(services)
        hand.turn(hours=1)
        await send(services, sale_document(2))
        await map_transactions(services, DUE)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert statement["late"] == ["S1-1-0002"]
        assert statement["revision"] == 2
        assert [one["code"] for one in await list_causes(services, "open", None)] == ["receipt_late"]

    run(story())


def test_compiling_again_without_news_changes_nothing() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        hand.turn(hours=13)
        await compile_statements(services)
        first = await read_statement(services, "S1", DAY)
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        await compile_statements(services)
        assert await read_statement(services, "S1", DAY) == first

    run(story())


def test_a_csv_with_a_mistake_changes_nothing() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        before = (await services.mappings.refresh()).version
        done = await import_mapping(
            services, "tenders", b"store,tender,payment_method\n*,A,1\n*,B,\n", DESK, "x"
        )
        assert [(one.row, one.column) for one in done.problems] == [(3, "payment_method")]
        assert (await services.mappings.refresh()).version == before

    run(story())


def test_a_receipt_held_for_two_causes_is_in_both_and_leaves_both_when_it_goes_on() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        strange = paid_with("KLARNA", 1)
        strange["lines"][0]["item"] = "9999"
        await send(services, strange)
        await map_transactions(services, DUE)
        assert {one["code"] for one in await list_causes(services, "open", None)} == {
            "tender_unmapped",
            "item_unmapped",
        }
        await import_mapping(services, "items", b"item,item_number,unit\n9999,D9999,ea\n", DESK, "new")
        await import_mapping(services, "tenders", b"store,tender,payment_method\n*,KLARNA,7\n", DESK, "new")
        await release_exceptions(services, "item_unmapped~9999", DESK, "mapped")
        await release_exceptions(services, "tender_unmapped~KLARNA", DESK, "mapped")
        await map_transactions(services, DUE)
        assert await statuses(services) == {"T1": "mapped"}
        assert await list_causes(services, "open", None) == []

    run(story())


def test_a_person_ends_what_cannot_be_read_and_a_conflict_by_their_word() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, sale_document(1), sale_document(2, colour="red"))
        await send(services, sale_document(1, operator="7"))
        desks = {
            one: Person(f"{one} desk", frozenset({one}), "x") for one in ("finance", "it", "store_operations")
        }
        owners = {"cannot_be_read": "it", "content_conflict": "finance"}
        found_open = await list_causes(services, "open", None)
        assert {one["code"] for one in found_open} == set(owners)
        for cause in found_open:
            owner = owners[cause["code"]]
            for name in desks.keys() - {owner}:
                with pytest.raises(ForbiddenError, match=f"needs the role {owner}") as refused:
                    await release_exceptions(services, cause["fingerprint"], desks[name], "looked at")
                assert refused.value.status == 403
            assert cause in await list_causes(services, "open", None)
            released = await release_exceptions(services, cause["fingerprint"], desks[owner], "looked at")
            assert released is not None
            assert released.receipts == 0
        assert await list_causes(services, "open", None) == []
        found = await read_transaction(services, "S1", "east", "T1")
        assert found is not None
        assert "operator" not in str(found)

    run(story())


def test_a_newer_revision_that_balances_ends_what_held_the_old_one() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        short = sale_document(tenders=sale_document()["tenders"][:1], revision="1")
        assert await send(services, short) == ["held"]
        assert await send(services, sale_document(revision="2")) == ["accepted"]
        assert await list_causes(services, "open", None) == []
        await map_transactions(services, DUE)
        assert await statuses(services) == {"T1": "mapped"}

    run(story())


def test_a_shift_that_nobody_closed_is_told_and_ends_when_the_till_closes_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        opened = "2017-12-23T08:00:00-05:00"
        await send(services, shift_document(1, "SHIFT_OPEN", "1", opened), sale_document(2, shift="1"))
        await map_transactions(services, DUE)
        hand.turn(hours=13)
        await compile_statements(services)
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["owner"]) == ("shift_not_closed", "store_operations")
        assert cause["what_happened"] == "Till 1 of store S1: shift 1 of 2017-12-23 was never closed."
        closing = shift_document(
            3,
            "SHIFT_CLOSE",
            "1",
            opened,
            "2017-12-23T22:00:00-05:00",
            totals_of(1, "24.00", "20.00", "4.00", 1, 3),
        )
        await send(services, closing)
        await map_transactions(services, DUE)
        await compile_statements(services)
        assert await list_causes(services, "open", None) == []

    run(story())


def test_an_open_conflict_keeps_a_day_from_being_proved() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document(1))
        await send(services, sale_document(1, operator="7"))
        await map_transactions(services, DUE)
        hand.turn(hours=13)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert "content_conflict" in [one["code"] for one in statement["causes"]]
        await release_exceptions(services, "content_conflict~S1-1-0001", DESK, "the first is right")
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert "content_conflict" not in [one["code"] for one in statement["causes"]]

    run(story())
