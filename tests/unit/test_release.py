"""Fix once, release all: what a preview shows is what a release does, receipt by receipt, whoever else does what meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from shared.errors import AnotherWasFirstError, RejectedError
from shared.flows.cancel_release import cancel_release
from shared.flows.continue_releases import continue_releases
from shared.flows.decide_write_off import decide_write_off
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.mapping.release_held import held_receipts, release_receipts
from shared.flows.preview_release import preview_release
from shared.flows.propose_write_off import propose_write_off
from shared.flows.read_records import list_causes
from shared.flows.read_releases import list_releases, read_release
from shared.flows.release_exceptions import Released, release_exceptions
from shared.flows.releasing.part import MapDay
from shared.pos.registry import ADAPTERS
from shared.retail.release import Planned
from shared.retail.status import Status
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import audit_of, verify_area
from shared.storage.causes import open_causes
from shared.storage.due import MAP, due_key
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from shared.storage.receipts import advanced
from shared.storage.releases import Begun, begin_release
from tests.unit.documents import call_of, paid_with, sale_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run
from tests.unit.test_mapping import ROWS

VOUCHER = "tender_unmapped~VOUCHER"
OTHER_DESK = Person("the other desk", frozenset({"finance"}), "0" * 64)
KEY = due_key(MAP, "S1", date(2017, 12, 23))


async def _send(services: Services, *documents: dict[str, Any]) -> None:
    for start in range(0, len(documents), 100):
        call = call_of(*documents[start : start + 100])
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call)
    await map_transactions(services, KEY)


async def _map_the_voucher(services: Services, hand: Hand) -> None:
    rows = [{"store": "*", "tender": "VOUCHER", "payment_method": "1"}]
    await import_rows(services.tables.mappings, "tenders", rows, who="finance", reason="new", at=hand())


async def _rows(services: Services) -> list[Row]:
    rows = services.tables.transactions.query("S1", key_from="day~", key_before="day~~")
    return [row async for row in rows]


async def _statuses(services: Services) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in await _rows(services):
        name = " ".join(one for one in (row.text("Status"), row.text("CauseValue")) if one)
        found[name] = found.get(name, 0) + 1
    return found


async def _everything(services: Services) -> list[Row]:
    """Every row of every table, as it is kept."""
    tables = services.tables
    names = (
        "transactions",
        "due",
        "packages",
        "causes",
        "shifts",
        "statements",
        "mappings",
        "returns",
        "audit",
        "releases",
    )
    return [replace(row, read_at=None) for name in names async for row in getattr(tables, name).query()]


async def _world(hand: Hand, ordinary: int = 6, faulty: int = 2) -> Services:
    """Receipts paid with an unmapped voucher, some of them with an unmapped item as well; then the voucher is mapped."""
    services = await flow_services(hand)
    documents = [paid_with("VOUCHER", number) for number in range(1, ordinary + faulty + 1)]
    for document in documents[ordinary:]:
        document["lines"] = [{**document["lines"][0], "item": "9999"}]
    await _send(services, *documents)
    return services


def test_three_hundred_receipts_are_released_as_previewed_and_four_stay_with_their_second_reason() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 300, 4)
        causes = {one["fingerprint"]: one for one in await list_causes(services, "open", None)}
        assert {name: one["receipts"] for name, one in causes.items()} == {
            VOUCHER: 304,
            "item_unmapped~9999": 4,
        }
        assert causes[VOUCHER]["amount"] == "7296.00"
        hand.turn(minutes=30)
        await _map_the_voucher(services, hand)
        before = await _everything(services)
        preview = await preview_release(services, VOUCHER, map_transactions)
        assert preview is not None
        assert preview["held"] == {"receipts": 304, "amounts": {"USD": "7296.00"}}
        assert preview["on_their_way"] == {"receipts": 300, "amounts": {"USD": "7200.00"}}
        assert preview["stores"] == [{"store": "S1", "receipts": 300, "amounts": {"USD": "7200.00"}}]
        assert preview["business_days"] == [
            {"business_day": "2017-12-23", "receipts": 300, "amounts": {"USD": "7200.00"}}
        ]
        (stay,) = preview["stay"]
        assert (stay["code"], stay["value"], stay["receipts"], stay["amounts"]) == (
            "item_unmapped", "9999", 4, {"USD": "96.00"},
        )  # fmt: skip
        assert stay["do_this"] == (
            "In this order: 1. Retail systems make sure that D365 has the item, released to the store's company and not blocked. "
            "2. They map it in the items mapping, or its bar code in the barcodes mapping. 3. Release."
        )
        assert await _everything(services) == before  # nothing was written

        done = await release_exceptions(
            services, VOUCHER, DESK, "the voucher is mapped", seen=preview["hash"], map_day=map_transactions
        )
        assert done is not None
        assert await _statuses(services) == {"mapped": 300, "held 9999": 4}
        assert done.receipts == 304  # all were looked at again
        told = await read_release(services, VOUCHER, 1)
        assert told is not None
        assert (told["state"], told["as_foreseen"], told["otherwise"]) == ("done", True, [])
        assert told["outcome"] == {"goes on": 300, "stays held": 4}
        assert told["on_their_way"] == {"receipts": 300, "amounts": {"USD": "7200.00"}}  # as previewed
        assert len(told["each"]) == 304
        assert all(one["as_foreseen"] for one in told["each"])
        mapped = [row for row in await _rows(services) if row.text("Status") == "mapped"]
        assert {row.text("History").count(" mapped: ") for row in mapped} == {1}  # each went once
        still = {one["fingerprint"]: one["receipts"] for one in await list_causes(services, "open", None)}
        assert still == {"item_unmapped~9999": 4}
        again = await release_exceptions(services, VOUCHER, DESK, "once more", map_day=map_transactions)
        assert again is not None
        assert again.receipts == 0

    run(story())


def _changed_by(change: Callable[[Services, Hand], Any]) -> list[str]:
    """Preview, let the world move, release by the preview's hash: give what was told to have changed; nothing went."""

    async def story() -> list[str]:
        hand = Hand()
        services = await _world(hand)
        await _map_the_voucher(services, hand)
        preview = await preview_release(services, VOUCHER, map_transactions)
        assert preview is not None
        await change(services, hand)
        before = await _statuses(services)
        with pytest.raises(AnotherWasFirstError, match="nothing was released") as refused:
            await release_exceptions(
                services, VOUCHER, DESK, "mapped", seen=preview["hash"], map_day=map_transactions
            )
        assert await _statuses(services) == before
        assert await list_releases(services, VOUCHER) == []
        return list(refused.value.changes)

    return run(story())


def test_a_release_is_refused_with_what_changed_since_its_preview() -> None:
    async def one_more(services: Services, hand: Hand) -> None:
        document = paid_with("VOUCHER", 50)
        document["lines"] = [{**document["lines"][0], "item": "8888"}]
        await _send(services, document)
        for row in await _rows(services):
            if row.text("TransactionId") == "T50":
                member = {**(await _cause_of(services)).values, "TransactionId": "T50"}
                await services.tables.causes.insert(Row(VOUCHER, f"{VOUCHER}~S1~east=20T50", member))

    async def the_item(services: Services, hand: Hand) -> None:
        rows = [{"item": "9999", "item_number": "9999", "unit": "ea"}]
        await import_rows(services.tables.mappings, "items", rows, who="finance", reason="new", at=hand())

    assert _changed_by(one_more) == ["receipts: 8, now 9", "staying: 2, now 3"]
    changes = _changed_by(the_item)
    assert changes[:3] == [
        "on their way: 6, now 8", "staying: 2, now 0", "USD on its way: 144.00, now 192.00",
    ]  # fmt: skip
    assert changes[3].startswith("mappings: ")


async def _cause_of(services: Services) -> Row:
    first, *_ = [row async for row in services.tables.causes.query(VOUCHER)]
    return first


def test_what_is_no_hash_of_a_preview_is_told() -> None:
    async def story() -> None:
        services = await _world(Hand())
        for wrong in ("x", "{}", "[1]"):
            with pytest.raises(RejectedError, match="no hash of a preview"):
                await release_exceptions(
                    services, VOUCHER, DESK, "mapped", seen=wrong, map_day=map_transactions
                )

    run(story())


def test_a_release_without_a_preview_looks_ahead_itself_and_says_so() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand)
        await _map_the_voucher(services, hand)
        done = await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=map_transactions)
        assert done is not None
        body = done.as_json()
        assert (body["released"], body["amount"]) == (8, "192.00")
        assert [(one["value"], one["receipts"]) for one in body["stay"]] == [("9999", 2)]
        assert (body["run"]["as_foreseen"], body["run"]["preview"]) == (True, None)
        decided = [row async for row in audit_of(services.tables.audit, "releases")]
        assert [row.text("Evidence") for row in decided] == [f"{VOUCHER}, release 1; without a preview"]
        assert (await verify_area(services.tables.audit, "releases")).broken is None

    run(story())


def test_two_who_release_at_once_send_each_receipt_once_and_the_second_is_told_who_was_first() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 20, 0)
        await _map_the_voucher(services, hand)
        preview = await preview_release(services, VOUCHER, map_transactions)
        assert preview is not None

        async def wait(_: str, __: str) -> None:
            await asyncio.sleep(0)

        for name in ("transactions", "causes", "releases", "due"):
            getattr(services.tables, name).before_effect = wait
        outcomes = await asyncio.gather(
            *(
                release_exceptions(
                    services, VOUCHER, who, "mapped", seen=preview["hash"], map_day=map_transactions
                )
                for who in (DESK, OTHER_DESK)
            ),
            return_exceptions=True,
        )
        first = [one for one in outcomes if isinstance(one, Released)]
        second = [one for one in outcomes if isinstance(one, AnotherWasFirstError)]
        assert (len(first), len(second)) == (1, 1)
        assert first[0].receipts == 20
        assert str(second[0]).endswith("of 20 receipts so far")
        assert "has been releasing this cause since 2017-12-23 18:00 UTC" in str(second[0])
        assert {row.text("History").count("received: released") for row in await _rows(services)} == {1}
        assert await _statuses(services) == {"mapped": 20}

    run(story())


def test_who_comes_when_it_is_done_is_told_that_nothing_is_as_it_was() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 3, 0)
        await _map_the_voucher(services, hand)
        preview = await preview_release(services, VOUCHER, map_transactions)
        assert preview is not None
        for who in (DESK, OTHER_DESK):
            work = release_exceptions(
                services, VOUCHER, who, "mapped", seen=preview["hash"], map_day=map_transactions
            )
            if who is DESK:
                assert (await work) is not None
            else:
                with pytest.raises(AnotherWasFirstError, match="holds no receipt any more"):
                    await work

    run(story())


class DiedError(Exception):
    """A worker that died."""


def test_a_release_whose_worker_died_is_carried_on_by_the_heartbeat_when_it_stands_still() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 250, 2)  # two parts
        await _map_the_voucher(services, hand)
        calls: list[str] = []

        async def dies(running: Services, key: str) -> int:
            if running is services:
                calls.append(key)
                if len(calls) == 2:
                    raise DiedError
            return await map_transactions(running, key)

        with pytest.raises(DiedError):
            await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=dies)
        (stands,) = await list_releases(services, VOUCHER)
        assert (stands["state"], stands["done"], stands["receipts"]) == ("running", 200, 252)
        assert await continue_releases(services, map_transactions) == 0  # it may still be driven
        hand.turn(minutes=2)
        assert await continue_releases(services, map_transactions) == 1
        (ended,) = await list_releases(services, VOUCHER)
        assert (ended["state"], ended["done"], ended["as_foreseen"]) == ("done", 252, True)
        assert await _statuses(services) == {"mapped": 250, "held 9999": 2}
        assert {row.text("History").count("received: released") for row in await _rows(services)} == {1}
        assert await continue_releases(services, map_transactions) == 0
        assert [row async for row in services.tables.releases.query("running")] == []

    run(story())


def test_a_release_that_is_cancelled_stops_before_its_next_part() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 450, 0)
        await _map_the_voucher(services, hand)
        seen: list[str] = []

        async def cancelled_meanwhile(running: Services, key: str) -> int:
            if running is services and not seen:
                seen.append(key)
                told = await cancel_release(services, VOUCHER, 1, OTHER_DESK, "the wrong account")
                assert told is not None
                assert told["state"] == "running"  # until its part is done
            return await map_transactions(running, key)

        done = await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=cancelled_meanwhile)
        assert done is not None
        assert done.receipts == 200
        (ended,) = await list_releases(services, VOUCHER)
        assert {name: ended[name] for name in ("state", "done", "went", "receipts", "cancelled_by", "cancelled_why")} == {
            "state": "cancelled", "done": 200, "went": 200, "receipts": 450, "cancelled_by": "the other desk",
            "cancelled_why": "the wrong account",
        }  # fmt: skip
        assert ended["amounts"] == {"USD": "4800.00"}
        assert await _statuses(services) == {"mapped": 200, "held VOUCHER": 250}
        again = await release_exceptions(services, VOUCHER, DESK, "right now", map_day=map_transactions)
        assert again is not None
        assert again.receipts == 250
        with pytest.raises(AnotherWasFirstError, match="this release is done"):
            await cancel_release(services, VOUCHER, 2, DESK, "too late")
        assert await _statuses(services) == {"mapped": 450}

    run(story())


def test_a_cancelled_release_that_nobody_drives_ends_at_once() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 3, 0)
        await _map_the_voucher(services, hand)

        async def dies(running: Services, key: str) -> int:
            if running is services:
                raise DiedError
            return await map_transactions(running, key)

        with pytest.raises(DiedError):
            await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=dies)
        hand.turn(minutes=2)
        told = await cancel_release(services, VOUCHER, 1, DESK, "never mind")
        assert told is not None
        assert (told["state"], told["done"]) == ("cancelled", 0)

    run(story())


def _sale_then_refund() -> list[dict[str, Any]]:
    sale, back = paid_with("VOUCHER", 1), paid_with("VOUCHER", 2)
    line = back["lines"][0]
    tax = {**line["taxes"][0], "base": "-20.00", "amount": "-4.00"}
    original = {"store": "S1", "terminal": "1", "transaction_id": "T1", "line_number": 1}
    back["lines"] = [
        {**line, "quantity": "-2", "gross": "-20.00", "net": "-20.00", "taxes": [tax], "original": original}
    ]
    back["tenders"] = [{**back["tenders"][0], "amount": "-24.00", "role": "REFUND"}]
    # the refund sorts before its sale by its key
    return [{**sale, "terminal": "2"}, {**back, "terminal": "1"}]


def test_a_sale_goes_before_its_refund() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        rows = [{"store": "S1", "terminal": "2", "register": "HOUSTON-2"}]
        await import_rows(services.tables.mappings, "terminals", rows, who="it", reason="new", at=hand())
        sale, back = _sale_then_refund()
        back["lines"][0]["original"]["terminal"] = "2"
        await _send(services, sale, back)
        await _map_the_voucher(services, hand)
        preview = await preview_release(services, VOUCHER, map_transactions, each=True)
        assert preview is not None
        assert [(one["transaction_id"], one["becomes"]) for one in preview["receipts"]] == [
            ("T1", "goes on"), ("T2", "goes on"),
        ]  # fmt: skip
        claims = [row async for row in services.tables.returns.query()]
        assert claims == []  # the preview claims nothing of the sale
        done = await release_exceptions(
            services, VOUCHER, DESK, "mapped", seen=preview["hash"], map_day=map_transactions
        )
        assert done is not None
        assert done.as_json()["run"]["as_foreseen"] is True
        assert await _statuses(services) == {"mapped": 2}

    run(story())


def test_a_receipt_that_went_on_otherwise_since_is_told_as_not_foreseen() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 3, 0)
        await _map_the_voucher(services, hand)
        taken: list[str] = []

        async def unmapped_meanwhile(running: Services, key: str) -> int:
            """Somebody takes the mapping of the item away between the preview and the mapping."""
            if running is services and not taken:
                taken.append(key)
                rows = [{"item": "1001", "item_number": "", "unit": "ea"}]
                await import_rows(services.tables.mappings, "items", rows, who="x", reason="y", at=hand())
                await services.mappings.refresh()
            return await map_transactions(running, key)

        done = await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=unmapped_meanwhile)
        assert done is not None
        told = done.as_json()["run"]
        assert (told["as_foreseen"], told["outcome"]) == (False, {"stays held": 3})
        assert told["otherwise"] == ["S1 T1", "S1 T2", "S1 T3"]

    run(story())


def test_a_receipt_of_an_unknown_store_is_brought_home_as_previewed() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await ingest_transactions(
            services,
            SENDER,
            ADAPTERS["canonical"],
            call_of(sale_document(1, store="S7"), sale_document(2, store="S8")),
        )
        causes = [one["fingerprint"] for one in await list_causes(services, "open", None)]
        assert sorted(causes) == ["store_unknown~S7", "store_unknown~S8"]
        rows = [{**ROWS["stores", "S1"], "store": "S7"}]
        await import_rows(services.tables.mappings, "stores", rows, who="it", reason="new", at=hand())
        preview = await preview_release(services, "store_unknown~S7", map_transactions, each=True)
        assert preview is not None
        (one,) = preview["receipts"]
        assert (one["store"], one["becomes"], one["code"]) == ("S7", "stays held", "terminal_unmapped")
        done = await release_exceptions(
            services, "store_unknown~S7", DESK, "opened", seen=preview["hash"], map_day=map_transactions
        )
        assert done is not None
        told = await read_release(services, "store_unknown~S7", 1)
        assert told is not None
        assert (told["as_foreseen"], told["went"]) == (True, 1)
        left = await preview_release(services, "store_unknown~S8", map_transactions)
        assert left is not None
        assert (left["on_their_way"]["receipts"], left["stay"][0]["receipts"]) == (0, 1)

    run(story())


def test_a_receipt_of_an_unknown_store_that_two_people_wrote_off_meanwhile_is_left_and_the_release_ends() -> (
    None
):
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await _send(services, sale_document(1, store="S7"))
        rows = [{**ROWS["stores", "S1"], "store": "S7"}]
        await import_rows(services.tables.mappings, "stores", rows, who="it", reason="new", at=hand())
        cause, which = "store_unknown~S7", ("unknown", "east", "T1")
        (member,) = [row async for row in services.tables.causes.query(cause)]
        planned = Planned(*which, "2017-12-23", member.instant("Since").isoformat(), "goes on")
        begun = Begun(cause, DESK.name, "opened", "", (planned,))
        assert await begin_release(services.tables.releases, begun, 1, hand(), "a worker that died")
        await propose_write_off(services, *which, DESK, "a test")
        await decide_write_off(services, *which, OTHER_DESK, "seen", approve=True)
        hand.turn(minutes=2)
        assert await continue_releases(services, map_transactions) == 1
        (ended,) = await list_releases(services, cause)
        assert (ended["state"], ended["went"], ended["outcome"], ended["as_foreseen"]) == (
            "done", 0, {"left as it is": 1}, False,
        )  # fmt: skip

    run(story())


def test_who_comes_while_one_is_being_released_is_told_how_far_it_is() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 250, 0)
        await _map_the_voucher(services, hand)
        told: list[str] = []

        async def somebody_else_tries(running: Services, key: str) -> int:
            if running is services:
                with pytest.raises(AnotherWasFirstError) as refused:
                    await release_exceptions(
                        services, VOUCHER, OTHER_DESK, "me too", map_day=map_transactions
                    )
                told.append(str(refused.value))
                hand.turn(seconds=60)  # the one who drives it says so with each part
            return await map_transactions(running, key)

        done = await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=somebody_else_tries)
        assert done is not None
        assert done.receipts == 250
        begun = "store operations desk has been releasing this cause since 2017-12-23 18:00 UTC: "
        assert told == [f"{begun}0 of 250 receipts so far", f"{begun}200 of 250 receipts so far"]
        assert {row.text("History").count("received: released") for row in await _rows(services)} == {1}

    run(story())


def test_a_receipt_that_is_held_anew_is_not_released_again_by_the_one_that_is_carried_on() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 3, 0)
        await _map_the_voucher(services, hand)

        async def dies(running: Services, key: str) -> int:
            if running is services:
                raise DiedError
            return await map_transactions(running, key)

        with pytest.raises(DiedError):
            await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=dies)
        assert await _statuses(services) == {"received": 3}
        rows = [{"store": "*", "tender": "VOUCHER", "payment_method": ""}]
        hand.turn(minutes=1)
        await import_rows(services.tables.mappings, "tenders", rows, who="x", reason="a mistake", at=hand())
        await services.mappings.refresh()
        await map_transactions(services, KEY)
        assert await _statuses(services) == {"held VOUCHER": 3}
        hand.turn(minutes=1)
        assert await continue_releases(services, map_transactions) == 1
        assert await _statuses(services) == {"held VOUCHER": 3}
        assert {row.text("History").count("received: released") for row in await _rows(services)} == {1}
        (ended,) = await list_releases(services, VOUCHER)
        assert (ended["state"], ended["went"], ended["as_foreseen"]) == (
            "done",
            3,
            False,
        )  # it let them go before it died
        assert ended["otherwise"] == ["S1 T1", "S1 T2", "S1 T3"]

    run(story())


def test_a_release_whose_worker_died_within_a_part_counts_all_that_went_to_the_cent() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 250, 2)  # two parts
        await _map_the_voucher(services, hand)
        preview = await preview_release(services, VOUCHER, map_transactions)
        assert preview is not None
        dies = _dies_at_its_first_part(services)
        with pytest.raises(DiedError):
            await release_exceptions(services, VOUCHER, DESK, "mapped", seen=preview["hash"], map_day=dies)
        hand.turn(minutes=2)
        assert await continue_releases(services, map_transactions) == 1
        told = await read_release(services, VOUCHER, 1)
        assert told is not None
        assert (told["went"], told["amounts"]) == (252, {"USD": "6048.00"})
        assert told["on_their_way"] == {"receipts": 250, "amounts": {"USD": "6000.00"}}
        assert told["on_their_way"] == preview["on_their_way"]

    run(story())


def test_a_release_that_is_cancelled_after_its_worker_died_within_a_part_says_what_went() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 250, 0)
        await _map_the_voucher(services, hand)
        dies = _dies_at_its_first_part(services)
        with pytest.raises(DiedError):
            await release_exceptions(services, VOUCHER, DESK, "mapped", map_day=dies)
        hand.turn(minutes=2)
        told = await cancel_release(services, VOUCHER, 1, OTHER_DESK, "the wrong account")
        assert told is not None
        assert await _statuses(services) == {"received": 200, "held VOUCHER": 50}
        assert (told["state"], told["done"], told["went"], told["amounts"]) == (
            "cancelled", 0, 200, {"USD": "4800.00"},
        )  # fmt: skip
        assert told["outcome"] == {"under way": 200}
        await map_transactions(services, KEY)
        told = await read_release(services, VOUCHER, 1)
        assert told is not None
        assert told["on_their_way"] == {"receipts": 200, "amounts": {"USD": "4800.00"}}

    run(story())


def test_a_release_that_was_cancelled_before_it_began_is_not_written_down_as_one() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 3, 0)
        await _map_the_voucher(services, hand)
        begun = Begun(VOUCHER, DESK.name, "mapped", "", (Planned("S1", "east", "T1", "2017-12-23", ""),))
        assert await begin_release(services.tables.releases, begun, 1, hand(), "a worker that died")
        hand.turn(minutes=2)
        told = await cancel_release(services, VOUCHER, 1, OTHER_DESK, "the wrong account")
        assert told is not None
        assert (told["state"], told["went"], told["outcome"], told["as_foreseen"]) == (
            "cancelled",
            0,
            None,
            None,
        )
        decided = [row.text("Did") async for row in audit_of(services.tables.audit, "releases")]
        assert decided == ["cancelled a release"]

    run(story())


def test_a_cause_is_released_time_and_again_whatever_is_said_of_it() -> None:
    """An emoji takes two of the characters that a history has room for."""

    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 2, 0)
        for number in range(1, 11):
            hand.turn(minutes=1)
            await release_exceptions(
                services, VOUCHER, DESK, "\N{PARTY POPPER}" * 2000, map_day=map_transactions
            )
            told = await read_release(services, VOUCHER, number)
            assert told is not None
            assert (told["as_foreseen"], told["outcome"]) == (True, {"stays held": 2})
        (row, _) = await _rows(services)
        assert row.text("History").startswith("2017-12-23T18:00:00Z received\n…\n")

    run(story())


def test_a_receipt_that_could_not_go_stays_told_though_another_store_has_one_of_its_name() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        stores = [ROWS["stores", "S1"] | {"store": "S2"}]
        await import_rows(services.tables.mappings, "stores", stores, who="x", reason="new", at=hand())
        await services.mappings.refresh()
        await _send(services, paid_with("VOUCHER", 1), {**paid_with("VOUCHER", 1), "store": "S2"})
        await map_transactions(services, due_key(MAP, "S2", date(2017, 12, 23)))
        members = [row async for row in services.tables.causes.query(VOUCHER)]
        rows = await held_receipts(services, members)
        assert [row.partition for row in rows] == ["S1", "S2"]
        await services.tables.transactions.upsert(rows[1].with_values(Noted="meanwhile"))
        gone = await release_receipts(services, members, rows, 0, "mapped")
        assert [row.partition for row in gone] == ["S1"]
        told = [row async for row in services.tables.causes.query(VOUCHER)]
        assert {row.text("Store"): row.text("State") for row in told} == {"S1": "ended", "S2": "open"}

    run(story())


def _dies_at_its_first_part(services: Services) -> MapDay:
    """A worker that dies when its first part has gone, before anything says so."""

    async def dies(running: Services, key: str) -> int:
        if running is services:
            raise DiedError
        return await map_transactions(running, key)

    return dies


def test_a_receipt_that_another_worker_held_again_stays_told_though_this_one_would_have_mapped_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await _world(hand, 1, 0)
        await _map_the_voucher(services, hand)
        members = [row async for row in services.tables.causes.query(VOUCHER)]
        (row,) = await held_receipts(services, members)
        version = (await services.mappings.refresh()).version
        assert len(await release_receipts(services, members, [row], version, "mapped")) == 1
        table: Any = services.tables.transactions

        async def another_worker_holds_it(kind: str, _: str) -> None:
            if kind not in ("read", "query"):
                table.before_effect = None
                (now,) = await _rows(services)
                held = {"Cause": "tender_unmapped", "CauseValue": "VOUCHER", "Fingerprint": VOUCHER}
                await table.replace(advanced(now, Status.HELD, hand(), "", **held), now.etag)
                await open_causes(services.tables.causes, [members[0]])

        table.before_effect = another_worker_holds_it
        await map_transactions(services, KEY)
        assert table.before_effect is None  # it did
        assert await _statuses(services) == {"held VOUCHER": 1}
        assert [one["fingerprint"] for one in await list_causes(services, "open", None)] == [VOUCHER]

    run(story())
