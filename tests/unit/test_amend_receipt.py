"""A held receipt is amended beside its document, judged again in full, and derived again from document and decision."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.flows.amend_receipt import amend_receipt
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.posting.build import Material, mapped_again
from shared.flows.read_records import list_causes, read_statement
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.release_exceptions import release_exceptions
from shared.flows.trace_receipt import trace_receipt
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.audit import audit_of
from shared.storage.due import MAP, due_key
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from shared.storage.receipt_record import record_of
from shared.storage.receipts import document_of
from shared.web.amended import codes_of
from shared.web.answers import answer_error
from tests.unit.documents import call_of, paid_with, sale_document, shift_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

DAY = date(2017, 12, 23)
MORNING, NOON, EVENING = "2017-12-23T08:00:00-05:00", "2017-12-23T11:30:00-05:00", "2017-12-23T20:00:00-05:00"


async def _world(hand: Hand, *documents: dict[str, Any]) -> Services:
    services = await flow_services(hand)
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    await map_transactions(services, due_key(MAP, "S1", DAY))
    hand.turn(minutes=10)
    return services


async def _row(services: Services, name: str) -> Row:
    row = await services.tables.transactions.read("S1", f"day~S1~2017-12-23~1~east~{name}")
    assert row is not None
    return row


async def _amend(services: Services, name: str, shift: str = "", **changes: dict[str, str]) -> dict[str, Any]:
    found = await amend_receipt(
        services, "S1", "east", name, DESK, "the cashier typed it", changes, shift, map_transactions
    )
    assert found is not None
    return found


async def _open(services: Services) -> set[str]:
    return {one["fingerprint"] for one in await list_causes(services, "open", None)}


async def _sent(services: Services, row: Row) -> list[str]:
    """The payment methods and items that posting would send of a receipt."""
    mappings = await services.mappings.at_least(0)
    good, bad = mapped_again(Material(services.settings.d365, mappings, {}, [row]))
    assert bad == []
    ((_, mapped),) = good
    return [*(one.payment_method for one in mapped.tenders), *(one.item_number for one in mapped.lines)]


def test_an_amended_tender_goes_on_and_its_document_and_its_neighbour_stay_as_they_are() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, paid_with("GUTSCHEIN", 1), paid_with("GUTSCHEIN", 2))
        before = document_of(await _row(services, "T1"))
        told = await _amend(services, "T1", tenders={"GUTSCHEIN": "CASH"})
        assert told == {
            "transaction_id": "T1", "amended": "tender GUTSCHEIN is CASH", "status": "mapped", "cause": None,
            "cause_value": None,
        }  # fmt: skip
        row, other = await _row(services, "T1"), await _row(services, "T2")
        assert document_of(row) == before
        assert (row.text("Status"), other.text("Status")) == ("mapped", "held")
        assert await _open(services) == {"tender_unmapped~GUTSCHEIN"}
        assert await _sent(services, row) == ["1", "D1001"]
        record = record_of(row)
        assert {code: str(one) for code, one in record.figures.tenders.items()} == {"GUTSCHEIN": "24.00"}
        assert {code: str(one) for code, one in record.in_ledger.tenders.items()} == {"CASH": "24.00"}
        assert (record_of(other).in_ledger, record_of(other).amended) == (record_of(other).figures, None)

    run(story())


def test_an_amended_receipt_is_judged_again_in_full() -> None:
    async def story() -> None:
        hand = Hand()
        document = paid_with("GUTSCHEIN", 1)
        document["lines"] = [{**document["lines"][0], "item": "9999"}]
        services = await _world(hand, document)
        told = await _amend(services, "T1", tenders={"GUTSCHEIN": "BON"}, items={"9999": "1001"})
        assert (told["status"], told["cause"], told["cause_value"]) == ("held", "tender_unmapped", "BON")
        assert await _open(services) == {"tender_unmapped~BON"}
        told = await _amend(services, "T1", tenders={"BON": "CASH"})
        assert told["status"] == "mapped"
        row = await _row(services, "T1")
        assert await _sent(services, row) == ["1", "D1001"]
        assert [line.partition(" ")[2] for line in row.text("History").split("\n")][-3:-1] == [
            "held: tender_unmapped BON",
            "received: amended by store operations desk: tender BON is CASH: the cashier typed it",
        ]

    run(story())


def test_an_amended_tax_and_item_are_looked_up_by_what_they_count_as() -> None:
    async def story() -> None:
        hand = Hand()
        document = sale_document(1)
        tax = {**document["lines"][0]["taxes"][0], "code": "MWST20"}
        document["lines"] = [{**document["lines"][0], "taxes": [tax]}]
        services = await _world(hand, document)
        assert await _open(services) == {"tax_unmapped~MWST20"}
        told = await _amend(services, "T1", taxes={"MWST20": "VAT20"})
        assert (told["amended"], told["status"]) == ("tax MWST20 is VAT20", "mapped")
        assert {
            code: str(one) for code, one in record_of(await _row(services, "T1")).in_ledger.taxes.items()
        } == {"VAT20": "4.00"}

    run(story())


def test_a_receipt_is_put_into_another_shift_of_its_till() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(
            hand, shift_document(10, "SHIFT_OPEN", "1", MORNING), shift_document(11, "SHIFT_CLOSE", "1", MORNING, NOON),
            shift_document(12, "SHIFT_OPEN", "2", NOON), {**paid_with("GUTSCHEIN", 1), "shift": "1"},
        )  # fmt: skip
        with pytest.raises(RejectedError) as refused:
            await _amend(services, "T1", shift="7")
        assert (refused.value.field, refused.value.expected) == ("shift", "1, 2")
        told = await _amend(services, "T1", shift="2", tenders={"GUTSCHEIN": "CASH"})
        assert (told["amended"], told["status"]) == (
            "tender GUTSCHEIN is CASH, it belongs to shift 2", "mapped",
        )  # fmt: skip
        row = await _row(services, "T1")
        assert (row.text("Shift"), row.text("TillShift")) == ("2", "")

    run(story())


def test_a_receipt_rung_into_another_tills_drawer_is_put_into_a_shift_of_that_drawer() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        till_2 = {"store": "S1", "terminal": "2", "register": "NY01-2"}
        await import_rows(
            services.tables.mappings, "terminals", [till_2], who="set-up", reason="a", at=hand()
        )
        second = {"terminal": "2", "transaction_id": "T1", "drawer_till": "1", "shift": "1"}
        documents = (
            shift_document(10, "SHIFT_OPEN", "1", MORNING), shift_document(11, "SHIFT_CLOSE", "1", MORNING, NOON),
            shift_document(12, "SHIFT_OPEN", "2", NOON), {**paid_with("GUTSCHEIN", 1), **second},
        )  # fmt: skip
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
        await map_transactions(services, due_key(MAP, "S1", DAY))
        with pytest.raises(RejectedError) as refused:
            await _amend(services, "T1", shift="7")
        assert refused.value.expected == "1, 2"
        told = await _amend(services, "T1", shift="2", tenders={"GUTSCHEIN": "CASH"})
        assert told["status"] == "mapped"

    run(story())


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"tenders": {"CARD": "CASH"}}, "tenders", "GUTSCHEIN"),
        ({"taxes": {"VAT7": "VAT20"}}, "taxes", "VAT20"),
        ({"items": {"1": "1001"}}, "items", "1001"),
        ({"reasons": {"x": "y"}}, "reasons", "nothing: it has none"),
        ({"tenders": {"GUTSCHEIN": "GUTSCHEIN"}}, "body", "another tender, tax, item, reason or shift"),
        ({}, "body", "another tender, tax, item, reason or shift"),
    ],
)
def test_what_is_not_on_the_receipt_is_told(changes: dict[str, Any], field: str, expected: str) -> None:
    async def story() -> None:
        services = await _world(Hand(), paid_with("GUTSCHEIN", 1))
        before = await _row(services, "T1")
        with pytest.raises(RejectedError) as refused:
            await _amend(services, "T1", **changes)
        assert (refused.value.field, refused.value.expected) == (field, expected)
        assert (await _row(services, "T1")).etag == before.etag
        assert [row async for row in audit_of(services.tables.audit, "S1")] == []

    run(story())


@pytest.mark.parametrize("was", ["\ud800", "\x00", " ", "x" * 201])
def test_what_no_code_can_be_is_refused_in_an_answer_that_can_be_written(was: str) -> None:
    with pytest.raises(RejectedError) as refused:
        codes_of({"tenders": {was: "CASH"}}, "tenders")
    answered = answer_error(refused.value)
    assert (answered.status_code, json.loads(answered.get_body())["field"]) == (422, "tenders")
    assert len(answered.get_body()) < 300


def test_a_movement_that_came_without_a_reason_is_given_one_under_no_code() -> None:
    assert codes_of({"reasons": {"": "FLOAT"}}, "reasons") == {"": "FLOAT"}


def test_only_what_is_held_and_d365_never_had_is_amended() -> None:
    async def story() -> None:
        services = await _world(Hand(), sale_document(1), paid_with("GUTSCHEIN", 2))
        with pytest.raises(RejectedError, match="only a receipt that is held"):
            await _amend(services, "T1", tenders={"CASH": "CARD"})
        row = await _row(services, "T2")
        await services.tables.transactions.replace(row.with_values(D365Gross="24.00"), row.etag)
        with pytest.raises(RejectedError, match="reversed and replaced"):
            await _amend(services, "T2", tenders={"GUTSCHEIN": "CASH"})
        assert (
            await amend_receipt(services, "S1", "east", "T9", DESK, "so", {"tenders": {"A": "B"}}, "") is None
        )

    run(story())


def test_what_has_no_room_on_the_receipts_row_is_told_before_anything_is_written_down() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, paid_with("V0", 1))
        for number in range(2):
            changes = {"tenders": {f"V{number}": f"V{number + 1}"}}
            await amend_receipt(services, "S1", "east", "T1", DESK, "ä" * 2000, changes, "", map_transactions)
        before = await _row(services, "T1")
        changes = {"tenders": {"V2": "V3"}}
        with pytest.raises(RejectedError) as refused:
            await amend_receipt(services, "S1", "east", "T1", DESK, "ä" * 2000, changes, "", map_transactions)
        assert (refused.value.field, refused.value.expected) == ("reason", "fewer words, or fewer codes")
        assert (await _row(services, "T1")).values == before.values
        decided = [row.text("Did") async for row in audit_of(services.tables.audit, "S1")]
        assert decided == [
            "amended T1 of east: tender V0 is V1",
            "amended T1 of east: tender V1 is V2",
        ]
        await _amend(services, "T1", tenders={"V2": "CASH"})
        assert (await _row(services, "T1")).text("Status") == "mapped"

    run(story())


def test_a_receipt_that_is_mapped_while_it_is_being_amended_and_held_again_stays_told() -> None:
    async def story() -> None:
        hand = Hand()
        document = paid_with("GUTSCHEIN", 1)
        document["lines"] = [{**document["lines"][0], "item": "9999"}]
        services = await _world(hand, document)
        due: Any = services.tables.due

        async def another_worker_maps(_: str, __: str) -> None:
            if (await _row(services, "T1")).text("Status") == "received":
                due.before_effect = None
                await map_transactions(services, due_key(MAP, "S1", DAY))

        due.before_effect = another_worker_maps
        changes = {"tenders": {"GUTSCHEIN": "CASH"}}
        await amend_receipt(services, "S1", "east", "T1", DESK, "so", changes, "")
        assert due.before_effect is None  # it did
        assert (await _row(services, "T1")).text("CauseValue") == "9999"
        assert await _open(services) == {"item_unmapped~9999"}

    run(story())


def test_rebuilding_derives_it_from_document_and_decision_and_names_what_nobody_decided() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, paid_with("GUTSCHEIN", 1), sale_document(2))
        await _amend(services, "T1", tenders={"GUTSCHEIN": "CASH"})
        (decided,) = [row async for row in audit_of(services.tables.audit, "S1")]
        assert (decided.text("Who"), decided.text("Did"), decided.text("Reason")) == (
            "store operations desk", "amended T1 of east: tender GUTSCHEIN is CASH", "the cashier typed it",
        )  # fmt: skip
        hand.turn(hours=16)
        await compile_statements(services)
        hand.turn(minutes=5)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert {one["code"]: one["received"] for one in statement["tenders"]} == {
            "CASH": "24.00", "GUTSCHEIN": "24.00",
        }  # fmt: skip
        report = await rebuild_storeday(services, "S1", DAY)
        assert report.findings == ()
        (trail,) = await trace_receipt(services, "S1", DAY, "S1-1-0001")
        assert [(one["what"], one["by"], one["why"]) for one in trail["amendments"]] == [
            ("tender GUTSCHEIN is CASH", "store operations desk", "the cashier typed it")
        ]
        assert trail["altered"] == []
        row = await _row(services, "T1")
        other = row.text("Amendments").replace("CASH", "CARD")
        await services.tables.transactions.replace(row.with_values(Amendments=other), row.etag)
        report = await rebuild_storeday(services, "S1", DAY)
        assert {one.field for one in report.findings} == {"amendment", "LedgerFigures"}

    run(story())


def test_a_cause_that_is_released_afterwards_leaves_the_amendment_in_force() -> None:
    """Mapped later, the till's code is another thing for all others; this receipt stays what a person said it is."""

    async def story() -> None:
        hand = Hand()
        document = paid_with("GUTSCHEIN", 1)
        document["lines"] = [{**document["lines"][0], "item": "9999"}]
        services = await _world(hand, document)
        await _amend(services, "T1", tenders={"GUTSCHEIN": "CASH"})
        assert await _open(services) == {"item_unmapped~9999"}
        rows = [{"store": "*", "tender": "GUTSCHEIN", "payment_method": "5"}]
        await import_rows(services.tables.mappings, "tenders", rows, who="x", reason="y", at=hand())
        rows = [{"item": "9999", "item_number": "0099", "unit": "ea"}]
        await import_rows(services.tables.mappings, "items", rows, who="x", reason="y", at=hand())
        await release_exceptions(services, "item_unmapped~9999", DESK, "mapped", map_day=map_transactions)
        row = await _row(services, "T1")
        assert row.text("Status") == "mapped"
        assert await _sent(services, row) == ["1", "0099"]

    run(story())
