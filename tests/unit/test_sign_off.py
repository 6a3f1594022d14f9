"""Signing a store-day off: what is signed never changes, and what comes later stands in numbered supplements."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from shared.errors import ChangedMeanwhileError, RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_storedays, read_signed, read_statement
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.sign_off import sign_off
from shared.flows.trace_receipt import trace_receipt
from shared.pos.registry import ADAPTERS
from shared.retail.status import Status
from shared.services import Services
from shared.storage.audit import audit_of
from shared.storage.receipts import advanced, receipts_of_day
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

DAY = date(2017, 12, 23)
DUE = "map~S1~2017-12-23"
OPENED, CLOSED = "2017-12-23T08:00:00-05:00", "2017-12-23T22:00:00-05:00"


async def send(services: Services, *documents: dict[str, Any]) -> None:
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    await map_transactions(services, DUE)


async def post_all(services: Services) -> None:
    """Let every receipt of the day be posted, by the table of statuses."""
    for row in await receipts_of_day(services.tables.transactions, "S1", DAY):
        for status in (Status.SENDING, Status.SENT, Status.VALIDATED, Status.POSTED):
            if row.text("Status") not in ("posted", "excluded"):
                row = advanced(row, status, services.now())
        current = await services.tables.transactions.read(row.partition, row.key)
        assert current is not None
        await services.tables.transactions.replace(row, current.etag)


async def compiled(hand: Hand, services: Services) -> dict[str, Any]:
    hand.turn(hours=2)
    await compile_statements(services)
    found = await read_statement(services, "S1", DAY)
    assert found is not None
    return found


async def traded(hand: Hand, total: str = "48.00", sales: str = "40.00", tax: str = "8.00") -> Services:
    services = await flow_services(hand)
    totals = totals_of(2, total, sales, tax, 1, 3)
    await send(
        services, sale_document(1, shift="1"), sale_document(2, shift="1"),
        shift_document(3, "SHIFT_CLOSE", "1", OPENED, CLOSED, totals),
    )  # fmt: skip
    hand.turn(hours=14)
    return services


def test_a_signed_statement_stays_and_a_late_receipt_stands_in_supplement_1() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        await post_all(services)
        first = await compiled(hand, services)
        assert (first["verdict"], first["signed"], first["supplement"]) == ("proved", [], None)
        done = await sign_off(services, "S1", DAY, first["revision"], DESK, "checked with the bank")
        assert done is not None
        assert (done["signed"], done["number"], done["verdict"]) == ("statement", 0, "proved")

        await send(services, sale_document(4, shift="1"))
        second = await compiled(hand, services)
        assert second["supplement"]["number"] == 1
        assert second["supplement"]["receipts"] == ["S1-1-0004"]
        assert second["supplement"]["business_day"] == "2017-12-23"
        assert second["supplement"]["changes"]["received"] == {
            "receipts": 1, "sales": "20.00", "tax VAT20": "4.00", "tender CASH": "24.00", "total": "24.00",
        }  # fmt: skip
        assert second["supplement"]["changes"]["posted"] == {"receipts": 0}

        kept = await read_signed(services, "S1", DAY, 0)
        assert kept is not None
        assert kept["unaltered"] is True
        assert json.loads(kept["text"])["totals"]["received"] == "48.00"
        row = await services.tables.statements.read("S1", "statement~S1~2017-12-23")
        assert row is not None
        assert "SignedBy" not in row.values  # not to the end: the late one is in no signature
        (line,) = await list_storedays(services, "usrt", DAY)
        assert (line["signed_by"], line["open_supplement"]) == (DESK.name, 1)

    run(story())


def test_supplements_are_numbered_and_each_holds_only_what_came_since_the_last_signature() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)  # a till that states no totals
        await send(services, sale_document(1), sale_document(2))
        hand.turn(hours=14)
        first = await compiled(hand, services)
        assert first["totals"]["pos_says"] is None
        await sign_off(services, "S1", DAY, first["revision"], DESK, "seen")
        await send(services, sale_document(3))
        second = await compiled(hand, services)
        done = await sign_off(services, "S1", DAY, second["revision"], DESK, "the late one")
        assert done is not None
        assert (done["signed"], done["number"]) == ("supplement 1", 1)
        assert (await compiled(hand, services))["supplement"] is None
        row = await services.tables.statements.read("S1", "statement~S1~2017-12-23")
        assert row is not None
        assert row.text("SignedBy") == DESK.name
        await post_all(services)
        await send(services, sale_document(5))
        third = (await compiled(hand, services))["supplement"]
        assert (third["number"], third["receipts"], third["since"]["number"]) == (2, ["S1-1-0005"], 1)
        assert third["moves"] == [{"was": "mapped", "is": "posted", "receipts": 3}]
        assert third["changes"]["received"]["total"] == "24.00"
        assert third["changes"]["posted"]["total"] == "72.00"

    run(story())


def test_a_day_with_a_penny_unexplained_is_not_signed() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand, "48.01", "40.01")
        found = await compiled(hand, services)
        assert found["unexplained"] == "0.01"
        with pytest.raises(RejectedError) as refused:
            await sign_off(services, "S1", DAY, found["revision"], DESK, "good enough")
        assert (refused.value.field, refused.value.expected) == ("unexplained", "0.00 everywhere")
        assert '"total": "0.01"' in refused.value.found
        assert await read_signed(services, "S1", DAY, 0) is None
        assert [row async for row in audit_of(services.tables.audit, "S1")] == []

    run(story())


def test_what_somebody_signs_is_what_they_read() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        first = await compiled(hand, services)
        with pytest.raises(ChangedMeanwhileError):
            await sign_off(services, "S1", DAY, first["revision"] + 1, DESK, "another revision")
        await send(services, sale_document(4, shift="1"))  # arrived, and not compiled yet
        with pytest.raises(ChangedMeanwhileError):
            await sign_off(services, "S1", DAY, first["revision"], DESK, "a receipt came meanwhile")
        assert await sign_off(services, "S1", date(2017, 12, 24), 1, DESK, "no such day") is None

    run(story())


def test_two_people_who_sign_at_once_sign_once() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        first = await compiled(hand, services)
        await sign_off(services, "S1", DAY, first["revision"], DESK, "first")
        with pytest.raises((ChangedMeanwhileError, RejectedError)):
            await sign_off(services, "S1", DAY, first["revision"], DESK, "second")
        again = await compiled(hand, services)
        with pytest.raises(RejectedError, match="nothing changed"):
            await sign_off(services, "S1", DAY, again["revision"], DESK, "twice")
        did = [row.text("Did") async for row in audit_of(services.tables.audit, "S1")]
        assert did == ["signed the statement of 2017-12-23 off"]

    run(story())


def test_an_altered_signature_is_named_by_rebuilding_and_by_the_trail() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        first = await compiled(hand, services)
        await sign_off(services, "S1", DAY, first["revision"], DESK, "seen")
        await compiled(hand, services)
        assert (await rebuild_storeday(services, "S1", DAY)).findings == ()
        row = await services.tables.statements.read("S1", "signed~S1~2017-12-23~0000")
        assert row is not None
        await services.tables.statements.replace(row.with_values(Sha256="0" * 64), row.etag)
        told = [one.told() for one in (await rebuild_storeday(services, "S1", DAY)).findings]
        assert [
            one
            for one in told
            if one.startswith("signed statement statement of store S1, 2017-12-23, signed by ")
        ]
        (trail,) = await trace_receipt(services, "S1", DAY, "S1-1-0001")
        assert trail["altered"] == ["the signed statement"]
        assert trail["signed"][0]["status_then"] == "mapped"

    run(story())


def test_the_trail_of_a_receipt_starts_at_its_printed_number_and_checks_the_kept_document() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        (trail,) = await trace_receipt(services, "S1", DAY, "S1-1-0002")
        assert (trail["receipt"], trail["status"], trail["total"], trail["altered"]) == (
            "S1-1-0002", "mapped", "24.00", [],
        )  # fmt: skip
        assert trail["mapping"]["version"] > 0
        assert trail["mapping"]["reason"] == "first"
        assert (trail["package"], trail["d365"]["number"]) == (None, None)
        assert await trace_receipt(services, "S1", DAY, "S1-1-0009") == []
        row = await services.tables.transactions.read("S1", "day~S1~2017-12-23~1~east~T2")
        assert row is not None
        await services.tables.transactions.replace(row.with_values(DocumentSha256="f" * 64), row.etag)
        (altered,) = await trace_receipt(services, "S1", DAY, "S1-1-0002")
        assert altered["altered"] == ["the kept document", "the content hash"]

    run(story())
