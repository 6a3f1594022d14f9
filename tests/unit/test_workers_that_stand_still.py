"""Workers that stand still at the worst moment, or die there: their work stays written down, and no cause is left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from shared.errors import AnotherWasFirstError
from shared.flows.compile_statements import compile_statements
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.posting.gather import gather
from shared.flows.read_records import list_causes, read_statement
from shared.flows.release_exceptions import release_exceptions
from shared.flows.track_packages import _end_originals
from shared.services import Services
from shared.storage.mappings import import_rows
from shared.storage.memory import MemoryTable
from shared.storage.packages import read_slot, slot_key
from tests.unit.documents import paid_with, sale_document
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_flows_door_to_mapped import DUE, send, statuses

POST_DUE = "post~S1~2017-12-23"


class DiedError(BaseException):
    """The worker is gone."""


def just_before(table: Any, kind: str, work: Callable[[], Awaitable[None]]) -> None:
    """Let something happen once, just before a table's next request of this kind."""
    assert isinstance(table, MemoryTable)

    async def hook(seen: str, _: str) -> None:
        if seen == kind:
            table.before_effect = None
            await work()

    table.before_effect = hook


async def due_keys(services: Services) -> list[str]:
    """Give what is to be done; when a till was last heard is no work."""
    keys = [row.key async for row in services.tables.due.query("due")]
    return [key for key in keys if not key.startswith("heard~")]


def test_a_sender_paused_before_its_receipts_are_written_notes_their_work_again() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)

        async def another_worker_finds_nothing_to_map() -> None:
            hand.turn(minutes=3)
            assert await map_transactions(services, DUE) == 0
            assert await due_keys(services) == []

        just_before(services.tables.transactions, "group", another_worker_finds_nothing_to_map)
        assert await send(services, sale_document()) == ["accepted"]
        assert await due_keys(services) == [DUE]

    run(story())


def test_a_sender_in_time_notes_its_work_once() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        just_before(services.tables.transactions, "group", lambda: _turn(hand, 20))
        await send(services, sale_document())
        row = await services.tables.due.read("due", DUE)
        assert row is not None
        assert row.instant("NextTry") == hand() - timedelta(seconds=20)
        assert row.written_at == hand() - timedelta(seconds=20)

    run(story())


async def _turn(hand: Hand, seconds: float) -> None:
    hand.turn(seconds=seconds)


def test_a_store_day_that_is_being_mapped_keeps_its_place_among_what_is_to_be_posted() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document())

        async def posting_looks_and_finds_nothing() -> None:
            hand.turn(minutes=3)
            for row in [one async for one in services.tables.shifts.query("S1")]:
                await services.tables.shifts.replace(row.with_values(Status="sent"), row.etag)
            assert (await gather(services)).members == []
            assert POST_DUE in await due_keys(services)
            raise DiedError

        just_before(services.tables.transactions, "group", posting_looks_and_finds_nothing)
        with pytest.raises(DiedError):
            await map_transactions(services, DUE)
        assert await statuses(services) == {"T1": "received"}
        assert await map_transactions(services, DUE) == 1
        assert len((await gather(services)).members) == 1

    run(story())


def test_a_release_that_failed_half_done_can_be_ended_by_doing_it_again() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, paid_with("VOUCHER", 1))
        await map_transactions(services, DUE)
        [cause] = await list_causes(services, "open", None)
        await import_rows(
            services.tables.mappings, "tenders", [{"store": "*", "tender": "VOUCHER", "payment_method": "1"}],
            who="finance", reason="new", at=hand(),
        )  # fmt: skip

        async def dies() -> None:
            raise DiedError

        just_before(services.tables.causes, "group", dies)
        with pytest.raises(DiedError):
            await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        assert await statuses(services) == {"T1": "received"}
        with pytest.raises(AnotherWasFirstError, match=r"desk has been releasing .* 0 of 1"):
            await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        hand.turn(minutes=2)  # nobody drives it any more
        released = await release_exceptions(services, cause["fingerprint"], DESK, "mapped")
        assert released is not None
        assert released.receipts == 0
        assert await list_causes(services, "open", None) == []
        assert DUE in await due_keys(services)

    run(story())


def test_a_receipt_that_is_held_again_while_its_release_stands_still_keeps_its_open_cause() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, paid_with("VOUCHER", 1))
        await map_transactions(services, DUE)
        [cause] = await list_causes(services, "open", None)

        async def it_is_held_again() -> None:
            await map_transactions(services, DUE)

        just_before(services.tables.causes, "group", it_is_held_again)
        await release_exceptions(services, cause["fingerprint"], DESK, "mapped, I thought")
        assert await statuses(services) == {"T1": "held"}
        [again] = await list_causes(services, "open", None)
        assert again["fingerprint"] == cause["fingerprint"]

    run(story())


def test_a_worker_that_loses_its_lease_while_it_waits_steps_back() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        packages = services.tables.packages
        slot = await read_slot(packages, "env-1")
        await packages.replace(
            slot.with_values(State="taken", NextTry=hand() + timedelta(minutes=5)), slot.etag
        )

        async def another_worker_writes_the_slot() -> None:
            now = await packages.read("env-1", slot_key("env-1"))
            assert now is not None
            await packages.replace(now, now.etag)

        async def after_the_lease_is_taken() -> None:
            just_before(packages, "replace", another_worker_writes_the_slot)

        async def hook(seen: str, _: str) -> None:
            if seen == "replace":
                packages.after_effect = None  # type: ignore[attr-defined]  # a table in memory
                await after_the_lease_is_taken()

        packages.after_effect = hook  # type: ignore[attr-defined]  # a table in memory
        assert await post_transactions(services) == "taken over by another worker"

    run(story())


def test_a_release_paused_before_a_receipt_is_written_under_its_store_notes_its_work_again() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document(store="S9", terminal="1"))
        (fingerprint,) = [str(one["fingerprint"]) for one in await list_causes(services, "open", None)]
        store = services.mappings.known.find("stores", "S1")
        register = services.mappings.known.find("terminals", "S1", "1")
        assert store is not None
        assert register is not None
        for kind, row in (("stores", {**store, "store": "S9"}), ("terminals", {**register, "store": "S9"})):
            await import_rows(
                services.tables.mappings, kind, [row], who="IT", reason="a new store", at=hand()
            )
        due = DUE.replace("S1", "S9")

        async def another_worker_finds_nothing_to_map() -> None:
            hand.turn(minutes=3)
            assert await map_transactions(services, due) == 0
            assert due not in await due_keys(services)

        just_before(services.tables.transactions, "group", another_worker_finds_nothing_to_map)
        await release_exceptions(services, fingerprint, DESK, "mapped by now")
        assert due in await due_keys(services)
        assert await map_transactions(services, due) == 1

    run(story())


STATEMENT_DUE = "statement~S1~2017-12-23"


def test_a_word_on_a_conflict_that_stands_still_before_its_write_has_the_statement_compiled_again() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        assert await send(services, sale_document()) == ["accepted"]
        assert await send(services, sale_document(receipt_number="another")) == ["conflict"]
        await map_transactions(services, DUE)
        hand.turn(hours=13)
        while await compile_statements(services):
            hand.turn(minutes=3)
        assert STATEMENT_DUE not in await due_keys(services)
        (conflict,) = [
            one for one in await list_causes(services, "open", None) if one["code"] == "content_conflict"
        ]

        async def another_worker_compiles_what_is_still_a_conflict() -> None:
            while await compile_statements(services):
                hand.turn(minutes=3)
            assert STATEMENT_DUE not in await due_keys(services)

        just_before(services.tables.transactions, "group", another_worker_compiles_what_is_still_a_conflict)
        await release_exceptions(services, conflict["fingerprint"], DESK, "the first is right")
        assert STATEMENT_DUE in await due_keys(services)
        await compile_statements(services)
        statement = await read_statement(services, "S1", date(2017, 12, 23))
        assert statement is not None
        assert "content_conflict" not in [one["code"] for one in statement["causes"]]

    run(story())


def test_a_reversed_receipt_whose_write_stood_still_has_its_statement_compiled_again() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, sale_document())
        table = services.tables.transactions
        (original,) = [row async for row in table.query("S1") if row.text("Record") == "receipt"]
        await table.replace(original.with_values(Status="posted"), original.etag)
        hand.turn(hours=13)

        async def another_worker_compiles_what_is_still_posted() -> None:
            while await compile_statements(services):
                hand.turn(minutes=3)
            assert STATEMENT_DUE not in await due_keys(services)

        just_before(table, "group", another_worker_compiles_what_is_still_posted)
        reversal = original.with_values(
            Status="posted",
            ReversalOf="T1",
            OriginalKey=original.key,
            TransactionId="T1.rev",
            D365Statement="STMT-2",
        )
        await _end_originals(services, [reversal])
        now = await table.read("S1", original.key)
        assert now is not None
        assert now.text("Status") == "reversed"
        assert STATEMENT_DUE in await due_keys(services)

    run(story())
