"""The refund ledger at work: across stores and days, before the sale, at the same time, again, and by a person's word."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import RejectedError, RetryableError
from shared.flows.accept_return import accept_return
from shared.flows.compile_statements import compile_statements
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_statement
from shared.flows.read_returns import read_returns
from shared.flows.release_exceptions import release_exceptions
from shared.services import Services
from shared.storage.due import WAIT, list_due
from shared.storage.protocols import Row
from tests.unit.documents import paid_with, sale_document
from tests.unit.flow_services import DESK, Hand, run
from tests.unit.refund_world import (
    DAY,
    NEXT_DAY,
    add,
    back_document,
    beat,
    map_all,
    rows_of,
    send,
    statuses,
    two_stores,
    with_status,
)


def story(tale: Callable[[Services, Hand], Any], **columns: str) -> None:
    async def told() -> None:
        hand = Hand()
        await tale(await two_stores(hand, **columns), hand)

    run(told())


async def open_cause(services: Services) -> dict[str, Any]:
    (cause,) = await list_causes(services, "open", None)
    return cause


def test_two_stores_refund_one_piece_on_two_days_and_the_second_is_held_with_the_numbers() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1))  # two pieces, 24.00
        await send(
            services, back_document(2, "1", "12.00"), back_document(3, "1", "12.00", store="S2", day=NEXT_DAY)
        )
        await map_all(services)
        await send(services, back_document(4, "1", "12.00", store="S2"))
        await map_all(services)
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped", "T3": "mapped", "T4": "held"}
        cause = await open_cause(services)
        assert (cause["code"], cause["value"], cause["owner"]) == (
            "refund_above_sale",
            "S1 S1-1-0001",
            "store_operations",
        )
        assert cause["what_happened"] == (
            "More would come back of receipt S1 S1-1-0001 than it sold: refund S2-0004 of store S2: line 1 (1001) sold 2, "
            "2 came back before, 1 more would; line 1 (1001) sold for 24.00 USD, 24.00 USD went back before, 12.00 USD more "
            "would; it was paid with 24.00 USD, 24.00 USD went back before, 12.00 USD more would."
        )
        found = await read_returns(services, "S1", "east", "T1")
        assert found is not None
        assert (found["sold"], found["back"], found["left"]) == ("24.00", "24.00", "0.00")
        assert [(one["store"], one["transaction_id"], one["amount"]) for one in found["refunds"]] == [
            ("S1", "T2", "12.00"), ("S2", "T3", "12.00"),
        ]  # fmt: skip

    story(tale)


def test_a_refund_that_is_mapped_again_takes_nothing_twice() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1), back_document(2, "2", "24.00"))
        for _ in range(3):
            await map_all(services)
            await with_status(services, "T2", "received")
        await map_all(services)
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped"}
        found = await read_returns(services, "S1", "east", "T1")
        assert found is not None
        assert (found["back"], len(found["refunds"])) == ("24.00", 1)

    story(tale)


def test_a_refund_before_its_sale_waits_goes_by_itself_and_is_told_only_when_it_is_old() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, back_document(2, "1", "12.00", store="S2"))
        await map_all(services)
        assert await statuses(services) == {"T2": "waiting"}
        hand.turn(hours=23)
        await beat(services)
        assert await list_causes(services, "open", None) == []
        hand.turn(hours=2)
        await beat(services)
        cause = await open_cause(services)
        assert (cause["code"], cause["value"], cause["owner"]) == (
            "refund_before_sale",
            "S1 T1",
            "store_operations",
        )
        assert cause["what_happened"] == (
            "A refund has waited since 2017-12-23 18:00 UTC for receipt S1 T1, which has not arrived."
        )
        assert await statuses(services) == {"T2": "waiting"}
        hand.turn(hours=2)
        await send(services, sale_document(1))
        await map_all(services)
        await beat(services)
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped"}
        assert await list_causes(services, "open", None) == []
        hand.turn(hours=2)
        await beat(services)
        hand.turn(hours=2)
        await beat(services)
        assert await list_due(services.tables.due, WAIT) == []

    story(tale)


def test_a_refund_waits_for_a_sale_that_is_held_itself() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, paid_with("VOUCHER", 1), back_document(2, "1", "12.00"))
        await map_all(services)
        assert await statuses(services) == {"T1": "held", "T2": "waiting"}
        await add(services, "tenders", {"store": "*", "tender": "VOUCHER", "payment_method": "4"})
        await release_exceptions(services, "tender_unmapped~VOUCHER", DESK, "mapped now")
        hand.turn(minutes=2)
        await map_all(services)
        await beat(services)
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped"}

    story(tale)


def test_a_waiting_refund_is_a_cause_of_the_statement_with_its_amount() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, back_document(2, "1", "12.00"))
        await map_all(services)
        hand.turn(hours=30)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert [(one["code"], one["amount"]) for one in statement["causes"]] == [
            ("refund_before_sale", "-12.00")
        ]
        assert statement["unexplained"] == "0.00"

    story(tale)


def test_nothing_comes_back_of_a_receipt_that_the_till_voided() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1, status="VOIDED"), back_document(2, "1", "12.00"))
        await map_all(services)
        hand.turn(minutes=5)
        await beat(services)
        assert await statuses(services) == {"T1": "excluded", "T2": "held"}

    story(tale)


def test_accepted_a_return_claims_nothing_goes_without_its_sale_and_is_counted_so() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(
            services,
            sale_document(1),
            back_document(2, "2", "24.00"),
            back_document(3, "2", "24.00", operator="77"),
        )
        await map_all(services)
        assert await statuses(services, "T2", "T3") == {"T2": "mapped", "T3": "held"}
        with pytest.raises(RejectedError, match="only a return that waits"):
            await accept_return(services, "S1", "east", "T2", DESK, "why not")
        assert await accept_return(services, "S1", "east", "T9", DESK, "no such receipt") is None
        done = await accept_return(services, "S1", "east", "T3", DESK, "the money is gone")
        assert done == {"transaction_id": "T3", "accepted_by": "store operations desk"}
        assert await accept_return(services, "S1", "east", "T3", DESK, "again") == done
        await map_all(services)
        row = (await rows_of(services))["T3"]
        assert (row.text("Status"), row.text("OriginalsReplaced")) == ("mapped", '{"T1": ""}')
        assert await list_causes(services, "open", None) == []
        found = await read_returns(services, "S1", "east", "T1")
        assert found is not None
        assert [one["transaction_id"] for one in found["refunds"]] == ["T2"]
        hand.turn(hours=30)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert statement["returns"]["without_receipt"] == [{"cashier": "77", "count": 1, "amount": "-24.00"}]

    story(tale)


def test_a_store_with_a_limit_holds_what_comes_back_without_receipt_beyond_it_and_counts_by_cashier() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(
            services, back_document(2, "1", "50.00", of=None, operator="7"), back_document(3, "1", "9.00", of=None, operator="7"),
            back_document(4, "1", "5.00", of=None, operator="8"), back_document(5, "1", "50.01", of=None, operator="8"),
        )  # fmt: skip
        await map_all(services)
        assert await statuses(services) == {"T2": "mapped", "T3": "mapped", "T4": "mapped", "T5": "held"}
        cause = await open_cause(services)
        assert (cause["code"], cause["owner"]) == ("return_without_receipt", "store_operations")
        assert "50.01 USD, where 50.00 is the limit (cashier 8)" in cause["what_happened"]
        hand.turn(hours=30)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert statement["returns"]["without_receipt"] == [
            {"cashier": "7", "count": 2, "amount": "-59.00"}, {"cashier": "8", "count": 2, "amount": "-55.01"},
        ]  # fmt: skip

    story(tale, no_receipt_limit="50.00")


def test_a_refund_by_another_tender_goes_and_is_named() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1), back_document(2, "1", "12.00", tender="CARD"))
        await map_all(services)
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped"}
        hand.turn(hours=30)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert statement["returns"]["by_another_tender"] == [{"receipt": "S1-0002", "amount": "12.00"}]
        found = await read_returns(services, "S1", "east", "T1")
        assert found is not None
        assert found["by_another_tender"] == {"CARD": "12.00"}
        assert found["tenders"] == [{"tender": "CASH", "sold": "24.00", "back": "12.00", "left": "12.00"}]

    story(tale)


def test_a_refund_of_two_sales_of_which_one_has_nothing_left_claims_on_neither() -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1), sale_document(5), back_document(2, "2", "24.00", of="T5"))
        await map_all(services)
        both = back_document(3, "1", "12.00")
        second = both["lines"][0] | {
            "line_number": 2,
            "original": {"transaction_id": "T5", "terminal": "1", "line_number": 1},
        }
        both["lines"].append(second)
        both["tenders"][0]["amount"] = "-24.00"
        await send(services, both)
        await map_all(services)
        assert (await statuses(services))["T3"] == "held"
        found = await read_returns(services, "S1", "east", "T1")
        assert found is not None
        assert (found["back"], found["refunds"]) == ("0.00", [])

    story(tale)


def test_the_claim_of_a_refund_that_was_reversed_for_good_makes_room_and_a_replacement_keeps_its_place() -> (
    None
):
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1), back_document(2, "2", "24.00"))
        await map_all(services)
        table = services.tables.transactions
        identity = await table.read("S1", "id~S1~east~T2")
        assert identity is not None
        replaced = identity.with_values(ReversedBy="T2.rev", ReplacedBy="T2.new")
        etag = await table.replace(replaced, identity.etag)
        await send(services, back_document(3, "2", "24.00", store="S2"))
        await map_all(services)
        assert await statuses(services, "T3") == {"T3": "held"}
        await table.replace(replaced.with_values(ReplacedBy=None), etag)
        await release_exceptions(services, "refund_above_sale~S1=20S1-1-0001", DESK, "the first was reversed")
        await map_all(services)
        assert await statuses(services, "T3") == {"T3": "mapped"}
        found = await read_returns(services, "S1", "east", "T1")
        assert found is not None
        assert [one["transaction_id"] for one in found["refunds"]] == ["T3"]

    story(tale)


class Slow:
    """A table whose every call lets others go first, as storage does; it may also break after so many calls."""

    def __init__(self, table: Any, chance: random.Random, breaks_after: int | None = None) -> None:
        self.table, self.chance, self.left = table, chance, breaks_after

    async def _turn(self) -> None:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise RetryableError("the worker died")

    async def read(self, partition: str, key: str) -> Row | None:
        await self._turn()
        found: Row | None = await self.table.read(partition, key)
        await self._turn()
        return found

    async def insert(self, row: Row) -> str:
        await self._turn()
        done: str = await self.table.insert(row)
        await self._turn()
        return done

    async def replace(self, row: Row, etag: str) -> str:
        await self._turn()
        done: str = await self.table.replace(row, etag)
        await self._turn()
        return done


def on(services: Services, chance: random.Random, breaks_after: int | None = None) -> Services:
    slow: Any = Slow(services.tables.returns, chance, breaks_after)
    return replace(services, tables=replace(services.tables, returns=slow))


@pytest.mark.parametrize("seed", range(20))
def test_two_workers_that_refund_the_last_piece_at_once_let_one_go_and_hold_one(seed: int) -> None:
    async def tale(services: Services, hand: Hand) -> None:
        chance = random.Random(seed)
        await send(services, sale_document(1))
        await map_all(services)
        await send(services, back_document(2, "2", "24.00"), back_document(3, "2", "24.00", store="S2"))
        work = [on(services, chance) for _ in range(2)]
        await asyncio.gather(
            map_transactions(work[0], f"map~S1~{DAY}"), map_transactions(work[1], f"map~S2~{DAY}")
        )
        found = await statuses(services, "T2", "T3")
        assert sorted(found.values()) == ["held", "mapped"]
        ledger = await read_returns(services, "S1", "east", "T1")
        assert ledger is not None
        assert [found[one["transaction_id"]] for one in ledger["refunds"]] == ["mapped"]

    story(tale)


@pytest.mark.parametrize("breaks_after", range(8))
def test_a_worker_that_dies_anywhere_in_a_claim_leaves_one_that_the_next_finds(breaks_after: int) -> None:
    async def tale(services: Services, hand: Hand) -> None:
        await send(services, sale_document(1))
        await map_all(services)
        await send(services, back_document(2, "2", "24.00"))
        try:
            await map_all(on(services, random.Random(1), breaks_after))
        except RetryableError:
            assert (await statuses(services))["T2"] == "received"
        await map_all(services)
        await send(services, back_document(3, "1", "12.00", store="S2"))
        await map_all(services)
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped", "T3": "held"}

    story(tale)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["S1", "S2"]), st.sampled_from([DAY, NEXT_DAY]), st.integers(1, 2), st.integers(1, 2_600)),
        min_size=1, max_size=8,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_whatever_the_order_and_the_workers_no_more_is_mapped_back_than_was_sold(
    refunds: list[tuple[str, Any, int, int]], chance: random.Random
) -> None:
    async def tale(services: Services, hand: Hand) -> None:
        documents = [
            back_document(number, str(quantity), f"{cents // 100}.{cents % 100:02d}", store=store, day=day)
            for number, (store, day, quantity, cents) in enumerate(refunds, start=2)
        ]
        everything = [sale_document(1), *documents]
        chance.shuffle(everything)
        for at in range(0, len(everything), 3):
            await send(services, *everything[at : at + 3])
            work = (map_all(on(services, chance)) for _ in range(2))
            await asyncio.gather(*work)
        hand.turn(minutes=90)
        await asyncio.gather(beat(on(services, chance)), beat(on(services, chance)))
        await map_all(services)
        found = await rows_of(services)
        assert {row.text("Status") for row in found.values()} <= {"mapped", "held"}
        gone = [
            one
            for number, one in enumerate(refunds, start=2)
            if found[f"T{number}"].text("Status") == "mapped"
        ]
        assert sum(quantity for _, _, quantity, _ in gone) <= 2
        assert sum(cents for _, _, _, cents in gone) <= 2_400
        ledger = await read_returns(services, "S1", "east", "T1")
        assert ledger is not None
        assert ledger["back"] == f"{sum(cents for _, _, _, cents in gone) / 100:.2f}"

    story(tale)
