"""What comes again, changed, late, or from a second source: never two of one receipt, whatever the years between."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import AnotherWasFirstError
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.preview_release import preview_release
from shared.flows.read_records import list_causes
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.settings import Sender
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from tests.unit.documents import call_of, paid_with, sale_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run
from tests.unit.test_mapping import ROWS

DUE = "map~S1~2017-12-23"
WEST = Sender("west", ("a secret of the west",), frozenset({"*"}))
Story = Callable[[Services, Hand], Awaitable[None]]


def tell(story: Story) -> None:
    async def told() -> None:
        hand = Hand()
        await story(await flow_services(hand), hand)

    run(told())


async def send(services: Services, *documents: dict[str, Any], sender: Sender = SENDER) -> list[str]:
    found = await ingest_transactions(services, sender, ADAPTERS["canonical"], call_of(*documents))
    return [one.verdict for one in found]


async def kept(services: Services) -> dict[str, dict[str, Any]]:
    """Give every row of the transactions table, by key, as it is."""
    return {row.key: dict(row.values) async for row in services.tables.transactions.query()}


async def day_row(services: Services, transaction: str = "T1", account: str = "east") -> Row:
    row = await services.tables.transactions.read("S1", f"day~S1~2017-12-23~1~{account}~{transaction}")
    assert row is not None
    return row


async def put(services: Services, **changes: Any) -> None:
    await services.tables.transactions.upsert((await day_row(services)).with_values(**changes))


async def codes(services: Services) -> list[str]:
    return [one["code"] for one in await list_causes(services, "open", None)]


@pytest.mark.parametrize("days", [0, 1, 400, 4_000])
def test_the_same_receipt_after_years_changes_nothing_at_all(days: int) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1), sale_document(2))
        await map_transactions(services, DUE)
        before = await kept(services)
        hand.turn(days=days)
        assert await send(services, sale_document(1), sale_document(2)) == ["duplicate", "duplicate"]
        await map_transactions(services, DUE)
        assert await kept(services) == before
        assert await codes(services) == []

    tell(story)


@pytest.mark.parametrize("status", ["mapped", "sent", "posted", "reversed", "written off"])
def test_other_content_after_years_is_a_conflict_and_the_first_stays_as_it_was(status: str) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1))
        await put(services, Status=status)
        before = dict((await day_row(services)).values)
        hand.turn(days=400)
        for _ in range(2):
            assert await send(services, sale_document(1, operator="7")) == ["conflict"]
        records = sorted(row["Record"] for row in (await kept(services)).values())
        assert records == ["conflict", "identity", "receipt"]
        assert dict((await day_row(services)).values) == before | {"Conflict": True}
        assert await codes(services) == ["content_conflict"]

    tell(story)


def test_a_higher_revision_replaces_a_receipt_that_was_never_packed() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1"))
        await map_transactions(services, DUE)
        assert await send(services, sale_document(1, revision="2", operator="7")) == ["accepted"]
        row = await day_row(services)
        assert (row.text("Status"), row.text("Revision")) == ("received", "2")
        assert len(await kept(services)) == 2

    tell(story)


@pytest.mark.parametrize(
    "packed",
    [
        {"Status": "sending", "Package": "P1"},
        {"Status": "sent", "Package": "P1"},
        {"Status": "held", "Package": "P1"},
        {"Status": "mapped", "D365Number": "east:T1"},  # its package was halved: the key is frozen
        {"Status": "held", "D365Number": "east:T1"},
    ],
)
def test_a_higher_revision_of_what_was_packed_is_a_conflict(packed: dict[str, str]) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1"))
        await put(services, **packed)
        before = dict((await day_row(services)).values)
        assert await send(services, sale_document(1, revision="2", operator="7")) == ["conflict"]
        assert dict((await day_row(services)).values) == before | {"Conflict": True}

    tell(story)


def test_a_higher_revision_that_says_the_same_does_nothing_but_be_remembered() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1"))
        await map_transactions(services, DUE)
        before = dict((await day_row(services)).values)
        assert await send(services, sale_document(1, revision="3")) == ["duplicate"]
        assert dict((await day_row(services)).values) == before
        assert await send(services, sale_document(1, revision="2", operator="7")) == ["duplicate"]
        assert dict((await day_row(services)).values) == before
        assert await codes(services) == []
        assert await send(services, sale_document(1, revision="4", operator="8")) == ["accepted"]

    tell(story)


@pytest.mark.parametrize("status", ["received", "mapped", "sent", "posted"])
def test_a_lower_revision_that_arrives_late_does_nothing(status: str) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="10", operator="7"))
        await put(services, Status=status)
        before = await kept(services)
        hand.turn(days=3)
        assert await send(services, sale_document(1, revision="9")) == ["duplicate"]
        assert await kept(services) == before
        assert await codes(services) == []

    tell(story)


def test_the_same_revision_with_other_content_is_a_conflict() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, revision="1"))
        assert await send(services, sale_document(1, revision="1", operator="7")) == ["conflict"]
        assert await send(services, sale_document(2)) == ["accepted"]
        assert await send(services, sale_document(2, operator="7")) == ["conflict"]

    tell(story)


async def without_source(services: Services, hand: Hand, account: str = "") -> None:
    store = ROWS["stores", "S1"] | {"account": account}
    await import_rows(services.tables.mappings, "stores", [store], who="a person", reason="change", at=hand())
    await services.mappings.refresh()


async def put_west(services: Services, **values: str) -> None:
    row = await day_row(services, "W1", "west")
    await services.tables.transactions.replace(row.with_values(**values), row.etag)


async def of_the_west(services: Services, number: int, **changes: Any) -> list[str]:
    document = sale_document(number, transaction_id=f"W{number}", **changes)
    return await send(services, document, sender=WEST)


def test_a_look_alike_from_a_second_source_is_held_and_only_it() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await send(services, sale_document(1), sale_document(2))
        await map_transactions(services, DUE)
        await of_the_west(services, 1)
        await of_the_west(services, 3)
        await map_transactions(services, DUE)
        assert (await day_row(services)).text("Status") == "mapped"
        held = await day_row(services, "W1", "west")
        assert (held.text("Status"), held.text("Cause"), held.text("CauseValue")) == (
            "held",
            "look_alike",
            "S1",
        )
        assert (await day_row(services, "W3", "west")).text("Status") == "mapped"
        (cause,) = await list_causes(services, "open", None)
        assert "S1-1-0001 from west, which east sent before" in cause["what_happened"]

    tell(story)


def test_two_sources_at_once_let_the_first_that_arrived_go_on() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await of_the_west(services, 1)
        hand.turn(seconds=5)
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        assert (await day_row(services, "W1", "west")).text("Status") == "mapped"
        assert (await day_row(services)).text("Cause") == "look_alike"

    tell(story)


def test_what_went_on_already_came_first_whatever_the_clocks_say() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        hand.turn(minutes=5)
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        hand.turn(minutes=-5)  # another worker's clock is behind
        await of_the_west(services, 1)
        await map_transactions(services, DUE)
        assert (await day_row(services)).text("Status") == "mapped"
        assert (await day_row(services, "W1", "west")).text("Cause") == "look_alike"

    tell(story)


@pytest.mark.parametrize(
    "other",
    [
        {"terminal": "2"},
        {"receipt_number": "S1-1-0009"},
        {"receipt_number": None},
        {"business_day": "2017-12-22"},
    ],
)
def test_what_differs_in_till_number_or_day_is_no_look_alike(other: dict[str, Any]) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await send(services, sale_document(1))
        await of_the_west(services, 1, **other)
        for day in ("2017-12-23", "2017-12-22"):
            await map_transactions(services, f"map~S1~{day}")
        assert "look_alike" not in await codes(services)

    tell(story)


def test_naming_the_source_of_record_sends_nothing_a_second_time_that_another_source_sent_before() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await of_the_west(services, 1)
        hand.turn(seconds=5)
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        await without_source(services, hand, "east")
        preview = await preview_release(services, "look_alike~S1", map_transactions)
        assert preview is not None
        assert (preview["on_their_way"]["receipts"], preview["stay"][0]["code"]) == (0, "look_alike")
        await release_exceptions(services, "look_alike~S1", DESK, "east is the store's source")
        await map_transactions(services, DUE)
        assert (await day_row(services, "W1", "west")).text("Status") == "mapped"
        assert (await day_row(services)).text("Cause") == "look_alike"
        assert await of_the_west(services, 2) == ["held"]
        assert "store_wrong_account" in await codes(services)

    tell(story)


def test_naming_the_source_of_record_lets_go_what_the_other_source_s_own_was_held() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await send(services, sale_document(1, transaction_id="W1"), sender=WEST)
        await map_transactions(services, DUE)
        await put_west(services, Status="held", Cause="tender_unmapped")
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        assert (await day_row(services)).text("Cause") == "look_alike"
        await without_source(services, hand, "east")
        await release_exceptions(services, "look_alike~S1", DESK, "east is the store's source")
        await map_transactions(services, DUE)
        assert (await day_row(services)).text("Status") == "mapped"

    tell(story)


@pytest.mark.parametrize(
    ("west", "becomes"),
    [
        ({"Status": "posted"}, "held"), ({"Status": "held", "Cause": "changed_in_d365", "D365Number": "W1"}, "held"),
        ({"Status": "posted", "ReversedBy": "W1:reversal", "ReplacedBy": "W1:replacement"}, "held"),
        ({"Status": "posted", "ReversedBy": "W1:reversal"}, "mapped"), ({"Status": "written off"}, "mapped"),
        ({"Status": "received"}, "mapped"),
    ],
)  # fmt: skip
def test_what_the_source_of_record_sends_after_it_was_named_is_held_where_its_like_has_gone_on(
    west: dict[str, str], becomes: str
) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await of_the_west(services, 1)
        await map_transactions(services, DUE)
        await put_west(services, **west)
        await without_source(services, hand, "east")
        await send(services, sale_document(1))
        await map_transactions(services, DUE)
        assert (await day_row(services)).text("Status") == becomes

    tell(story)


def test_the_row_of_a_correction_is_no_look_alike() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await without_source(services, hand)
        await send(services, sale_document(1))
        await put(services, Correction="replacement", Status="posted")
        await of_the_west(services, 1)
        await map_transactions(services, DUE)
        assert (await day_row(services, "W1", "west")).text("Status") == "mapped"

    tell(story)


@pytest.mark.parametrize("altered", [zlib.compress(b"{}"), b"no zlib at all"])
def test_a_kept_document_that_was_altered_is_held_and_stops_no_neighbour(altered: bytes) -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1), sale_document(2))
        await put(services, Document=altered)
        await map_transactions(services, DUE)
        row = await day_row(services)
        assert (row.text("Status"), row.text("Cause")) == ("held", "cannot_be_read")
        assert (await day_row(services, "T2")).text("Status") == "mapped"

    tell(story)


def test_a_held_receipt_whose_document_can_be_read_again_is_released_and_is_told_until_then() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1))
        kept_document = (await day_row(services)).data("Document")
        await put(services, Document=b"no zlib at all")
        await map_transactions(services, DUE)
        preview = await preview_release(services, "cannot_be_read~S1", map_transactions)
        assert preview is not None
        assert (preview["stay"][0]["receipts"], preview["ends_by_word"]) == (1, 0)
        hand.turn(minutes=5)
        await release_exceptions(services, "cannot_be_read~S1", DESK, "try it", map_day=map_transactions)
        assert (await day_row(services)).text("Status") == "held"
        assert await codes(services) == ["cannot_be_read"]
        await put(services, Document=kept_document)
        await release_exceptions(services, "cannot_be_read~S1", DESK, "mended", map_day=map_transactions)
        assert (await day_row(services)).text("Status") == "mapped"
        assert await codes(services) == []

    tell(story)


def test_a_preview_says_what_a_word_would_end_and_the_word_ends_nothing_that_came_since() -> None:
    async def story(services: Services, hand: Hand) -> None:
        fingerprint = "content_conflict~S1-1-0001"
        await send(services, sale_document(1))
        assert await send(services, sale_document(1, operator="7")) == ["conflict"]
        preview = await preview_release(services, fingerprint, map_transactions)
        assert preview is not None
        assert (preview["ends_by_word"], preview["held"]["receipts"], preview["stay"]) == (1, 0, [])
        (member,) = [row async for row in services.tables.causes.query(fingerprint)]
        await services.tables.causes.upsert(replace(member, key=f"{member.key}-west"))
        with pytest.raises(AnotherWasFirstError) as refused:
            await release_exceptions(
                services,
                fingerprint,
                DESK,
                "the first is right",
                seen=preview["hash"],
                map_day=map_transactions,
            )
        assert refused.value.changes == ("receipts: 1, now 2", "ending: 1, now 2")
        assert await codes(services) == ["content_conflict"]
        preview = await preview_release(services, fingerprint, map_transactions)
        assert preview is not None
        await release_exceptions(
            services, fingerprint, DESK, "the first is right", seen=preview["hash"], map_day=map_transactions
        )
        assert await codes(services) == []

    tell(story)


def test_a_newer_revision_that_is_held_for_the_same_before_the_older_ones_cause_ends_stays_told() -> None:
    async def story(services: Services, hand: Hand) -> None:
        await send(services, {**paid_with("VOUCHER", 1), "revision": "1"})
        await map_transactions(services, DUE)
        causes: Any = services.tables.causes

        async def another_worker_maps(_: str, __: str) -> None:
            if (await day_row(services)).text("Status") == "received":
                causes.before_effect = None
                await map_transactions(services, DUE)

        causes.before_effect = another_worker_maps
        assert await send(services, {**paid_with("VOUCHER", 1), "revision": "2", "operator": "7"}) == [
            "accepted"
        ]
        assert causes.before_effect is None  # it did
        assert (await day_row(services)).text("Cause") == "tender_unmapped"
        assert await codes(services) == ["tender_unmapped"]

    tell(story)
