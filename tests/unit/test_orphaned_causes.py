"""A cause whose receipt could not be held, and went on otherwise, ends by itself, or when a person releases it."""

from __future__ import annotations

from shared.flows.end_empty_causes import end_empty_causes
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.retail.reasons import cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import cause_row, fingerprint_of, open_causes, receipt_member
from shared.storage.protocols import Row
from shared.storage.receipts import advanced
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

REFUSED = cause("validation_failed", "Business date: the business date is wrong", store="S1")
OTHER = cause("changed_in_d365", "S1", store="S1")
LATE = cause("receipt_late", "S1 2017-12-23", store="S1")
KEY = "day~S1~2017-12-23~1~east~T1"


async def _told_of_a_mapped_receipt(hand: Hand, *whys: object) -> Services:
    services = await flow_services(hand)
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(sale_document()))
    await map_transactions(services, "map~S1~2017-12-23")
    row = await _receipt(services)
    rows = [cause_row(why, receipt_member(row), services.now()) for why in whys]  # type: ignore[arg-type]
    await open_causes(services.tables.causes, rows)
    return services


async def _receipt(services: Services) -> Row:
    row = await services.tables.transactions.read("S1", KEY)
    assert row is not None
    return row


async def _open(services: Services) -> set[str]:
    return {str(one["code"]) for one in await list_causes(services, "open", None)}


def test_releasing_a_cause_that_holds_nothing_any_more_ends_it() -> None:
    async def story() -> None:
        services = await _told_of_a_mapped_receipt(Hand(), REFUSED)
        row = await _receipt(services)
        (told,) = await list_causes(services, "open", None)
        released = await release_exceptions(services, told["fingerprint"], DESK, "nothing waits for it")
        assert released is not None
        assert released.receipts == 0
        assert await _open(services) == set()
        assert (await _receipt(services)).values == row.values

    run(story())


def test_it_ends_by_itself_when_it_is_two_hours_old_and_not_before() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _told_of_a_mapped_receipt(hand, REFUSED, LATE)
        row = await _receipt(services)
        hand.turn(hours=2)
        assert await end_empty_causes(services) == 0  # as old as a worker may be that still means to hold it
        assert await _open(services) == {"validation_failed", "receipt_late"}
        hand.turn(hours=6, seconds=2)
        assert await end_empty_causes(services) == 1
        assert await _open(services) == {"receipt_late"}
        assert (await _receipt(services)).values == row.values

    run(story())


def test_only_what_does_not_hold_a_held_receipt_ends() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _told_of_a_mapped_receipt(hand, REFUSED, OTHER)
        held = {"Cause": OTHER.code, "CauseValue": OTHER.value, "Fingerprint": fingerprint_of(OTHER)}
        row = advanced(await _receipt(services), Status.HELD, services.now(), "people changed it", **held)
        await services.tables.transactions.replace(row, row.etag)
        hand.turn(hours=3)
        assert await end_empty_causes(services) == 1
        assert await _open(services) == {"changed_in_d365"}

    run(story())


def test_a_receipt_that_is_on_its_way_to_be_held_keeps_its_cause() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(sale_document()))
        row = await _receipt(services)
        assert row.text("Status") == "received"
        await open_causes(services.tables.causes, [cause_row(REFUSED, receipt_member(row), services.now())])
        hand.turn(hours=3)
        assert await end_empty_causes(services) == 0
        assert await _open(services) == {"validation_failed"}

    run(story())


def test_it_looks_every_six_hours_whatever_the_worker() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _told_of_a_mapped_receipt(hand)
        assert await end_empty_causes(services) == 0
        row = await _receipt(services)
        await open_causes(services.tables.causes, [cause_row(REFUSED, receipt_member(row), services.now())])
        hand.turn(hours=5)
        services.causes_rest_until = services.now()  # another worker, who remembers nothing
        assert await end_empty_causes(services) == 0
        hand.turn(hours=1)
        assert await end_empty_causes(services) == 1

    run(story())
