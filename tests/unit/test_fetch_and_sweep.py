"""Fetching and sweeping: crashes at every effect, accounts that fail, what is not settled or not there, and who is told."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.errors import RetryableError
from shared.flows.compile_statements import compile_statements
from shared.flows.fetch_wanted import fetch_wanted
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.read_completeness import read_completeness
from shared.flows.read_vendors import read_vendors
from shared.flows.sweep_vendors import sweep_vendors
from shared.pos.registry import ADAPTERS
from shared.retail.figures import Figures
from shared.retail.statement import NOT_PROVED, NOT_STATED, PROVED, compile_store_day
from shared.retail.storeday import NotHere
from shared.retail.wanted import Naming
from shared.services import Services, open_vendors
from shared.settings_vendors import SHOPIFY, WEBHOOKS
from shared.storage.causes import OPEN, cause_rows
from shared.storage.protocols import Row
from shared.storage.statements import statement_key, statement_text
from shared.storage.vendor_states import read_state
from shared.storage.wanted import all_wanted, want
from shared.vendors.clients import client_of
from shared.vendors.listed import CLOSURE, ORDER, SALE, SHIFT
from tests.contract.vendors_world import (
    ACCOUNT,
    TOKEN,
    FakeLightspeed,
    FakeShopify,
    FakeSquare,
    FakeVendor,
    account_at,
    answers,
    breaks,
    stamp,
    vendor_services,
)
from tests.unit import test_statement as statements
from tests.unit.flow_services import SENDER, Hand, flow_services, run, settings_for
from tests.unit.refund_world import map_all
from tests.unit.shopify_documents import line, order

MAKERS = [FakeShopify, FakeSquare, FakeLightspeed]
TRIED_EACH = 7


class CrashError(Exception):
    """The process ends here."""


def kind_of(fake: FakeVendor) -> str:
    return SALE if isinstance(fake, FakeLightspeed) else ORDER


async def told(services: Services, fake: FakeVendor, name: str, event: str = "e") -> None:
    """A webhook named something."""
    naming = Naming(kind_of(fake), name, services.now(), f"{event} {name}")
    await want(services.tables.wanted, ACCOUNT, naming, services.now())


async def fetch(services: Services) -> int:
    return await fetch_wanted(services, ingest_transactions)


async def receipts(services: Services, store: str = "S1") -> dict[str, str]:
    rows = [row async for row in services.tables.transactions.query(store)]
    return {row.text("TransactionId"): row.text("Total") for row in rows if row.text("Record") == "receipt"}


async def causes(services: Services, state: str = OPEN) -> list[Row]:
    return [row async for row in cause_rows(services.tables.causes, None, state)]


async def codes(services: Services) -> list[str]:
    return sorted(row.text("Reason") for row in await causes(services))


# Crashes


class Crasher:
    """Ends the process at one effect of those on the tables that matter, before it happens or after."""

    def __init__(self, services: Services, crash_at: int, *, after: bool) -> None:
        self.effects, self.crash_at = 0, crash_at
        for name in ("wanted", "transactions", "causes", "due"):
            table: Any = getattr(services.tables, name)
            setattr(table, "after_effect" if after else "before_effect", self)

    async def __call__(self, kind: str, table: str) -> None:
        self.effects += 1
        if self.effects == self.crash_at:
            raise CrashError(f"{kind} of {table}")


async def rounds(services: Services, fake: FakeVendor, hand: Hand, names: list[str]) -> None:
    """Webhooks, until the vendor has its answer; then sweeps and fetches, each begun again after a crash."""
    for number in range(6):
        hand.turn(minutes=10)
        with contextlib.suppress(CrashError):
            for name in names if number < 2 else ():
                await told(services, fake, name)
            await sweep_vendors(services)
            await fetch(services)


async def with_a_crash(make: type[FakeVendor], crash_at: int, *, after: bool) -> tuple[dict[str, str], int]:
    hand = Hand()
    fake = make(hand)
    services = await vendor_services(hand, fake)
    crasher = Crasher(services, crash_at, after=after)
    names = [fake.sell(number, number * 100, hand()) for number in range(1, 6)]
    await rounds(services, fake, hand, names[:3])
    crasher.crash_at = 0
    assert await all_wanted(services.tables.wanted, ACCOUNT) == []
    assert await causes(services) == []
    return await receipts(services), crasher.effects


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_before_or_after_any_effect_loses_and_doubles_nothing(
    make: type[FakeVendor], after: bool
) -> None:
    """Three sales told, two found by the sweep, with a crash at storage requests in turn; then all of it once more.

    Each seventh, before it and after it in turn; all of them (TRIED_EACH = 1) take half a minute.
    """
    whole, effects = run(with_a_crash(make, 0, after=after))
    assert sorted(whole.values()) == ["1.00", "2.00", "3.00", "4.00", "5.00"]
    for crash_at in range(3 if after else 1, effects + 1, TRIED_EACH):
        assert run(with_a_crash(make, crash_at, after=after))[0] == whole, crash_at


def test_what_is_named_anew_while_it_is_fetched_is_fetched_again() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)

        async def slow(*given: Any) -> Any:
            hand.turn(seconds=5)
            await told(services, fake, name, "later")
            return await ingest_transactions(*given)

        await fetch_wanted(services, slow)
        assert [one.id for one in await all_wanted(services.tables.wanted, ACCOUNT)] == [name]
        assert await fetch(services) == 1
        assert await receipts(services) == {name: "5.00"}

    run(go())


# Accounts apart, and an account that fails


def test_without_accounts_the_timers_ask_storage_for_nothing() -> None:
    async def go() -> None:
        asked: list[str] = []

        async def effect(kind: str, table: str) -> None:
            asked.append(f"{kind} {table}")

        services = await flow_services(Hand(), before_effect=effect)
        asked.clear()
        assert (await fetch(services), await sweep_vendors(services)) == (0, 0)
        assert asked == []

    run(go())


def test_one_account_that_fails_stops_no_other() -> None:
    async def go() -> None:
        hand = Hand()
        fake, other = FakeSquare(hand), FakeSquare(hand)
        services = await vendor_services(hand, fake)
        west = account_at(other.vendor, account="west")
        services.settings = replace(services.settings, vendors={**services.settings.vendors, "west": west})
        http = httpx.AsyncClient(transport=httpx.MockTransport(other))
        services.vendors = {**services.vendors, "west": client_of(west, http, hand)}
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)
        naming = Naming(ORDER, other.sell(2, 700, hand()), hand(), "e")
        await want(services.tables.wanted, "west", naming, hand())

        def bug(request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError("a bug in reading this account")

        other.faults.extend([bug] * 9)
        with pytest.raises(ZeroDivisionError):
            await fetch(services)
        assert await receipts(services) == {name: "5.00"}

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_a_throttled_account_rests_as_long_as_it_was_told_and_then_goes_on(make: type[FakeVendor]) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        for number in range(1, 31):
            await told(services, fake, fake.sell(number, 100, hand()))
        fake.faults.append(answers(429, **{"Retry-After": "300"}))
        await fetch(services)
        asked = len(fake.requests)
        hand.turn(seconds=290)
        assert await fetch(services) == 0
        assert await sweep_vendors(services) == 0
        assert len(fake.requests) == asked
        hand.turn(seconds=11)
        await fetch(services)
        assert len(await receipts(services)) == 30
        assert (await read_state(services.tables.wanted, ACCOUNT)).failing_since is None

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_a_token_that_ended_is_one_cause_for_it_and_no_endless_asking(make: type[FakeVendor]) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        for number in range(1, 41):
            await told(services, fake, fake.sell(number, 100, hand()))
        fake.tokens = {"another token than ours"}
        for _ in range(15):
            hand.turn(minutes=2)
            await sweep_vendors(services)
            await fetch(services)
        assert len(fake.requests) <= 3 * 11
        (cause,) = await causes(services)
        assert (cause.text("Reason"), cause.text("Owner"), cause.text("Value")) == (
            "vendor_refuses",
            "it",
            ACCOUNT,
        )
        assert TOKEN not in str(dict(cause.values))
        fake.tokens = {TOKEN}
        for _ in range(10):
            hand.turn(minutes=2)
            await sweep_vendors(services)
            await fetch(services)
        assert await causes(services) == []
        assert len(await receipts(services)) == 40

    run(go())


def test_a_right_that_is_missing_for_cash_stops_no_receipt() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        fake.denied = {"Sessions"}
        services = await vendor_services(hand, fake)
        fake.sell(1, 500, hand())
        for _ in range(6):
            hand.turn(minutes=10)
            await sweep_vendors(services)
            await fetch(services)
        assert await receipts(services) == {"O1": "5.00"}
        assert await codes(services) == ["vendor_refuses"]
        await told(services, fake, fake.sell(2, 700, hand()))
        await fetch(services)
        assert await receipts(services) == {"O1": "5.00", "O2": "7.00"}
        assert await codes(services) == ["vendor_refuses"]
        fake.denied = set()
        hand.turn(minutes=20)
        await sweep_vendors(services)
        assert await codes(services) == []

    run(go())


def test_a_vendor_that_does_not_answer_for_hours_is_told_and_ends_by_itself() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        fake.faults.extend([breaks] * 500)
        for _ in range(12):
            hand.turn(minutes=10)
            await sweep_vendors(services)
        assert await codes(services) == []
        for _ in range(3):
            hand.turn(minutes=10)
            await sweep_vendors(services)
        assert await codes(services) == ["vendor_silent"]
        fake.faults.clear()
        hand.turn(minutes=10)
        await sweep_vendors(services)
        assert await codes(services) == []

    run(go())


def test_webhooks_that_tell_of_nothing_for_a_day_are_told_until_one_comes() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        for hour in range(26):
            fake.sell(hour + 1, 100, hand())
            hand.turn(minutes=60)
            await sweep_vendors(services)
            await fetch(services)
        assert await codes(services) == ["vendor_webhooks_dead"]
        (cause,) = await causes(services)
        assert "found by looking" in cause.text("WhatHappened")
        assert "…" not in cause.text("WhatHappened") + cause.text("HoldsUp")
        await told(services, fake, fake.sell(100, 100, hand()))
        await fetch(services)
        assert await codes(services) == []
        (body,) = await read_vendors(services)
        assert body["found_by_sweep"] == 26
        assert body["last_heard"] == hand().isoformat()

    run(go())


def test_a_quiet_day_is_no_dead_webhook() -> None:
    async def go() -> None:
        hand = Hand()
        services = await vendor_services(hand, FakeShopify(hand))
        for _ in range(30):
            hand.turn(minutes=60)
            await sweep_vendors(services)
        assert await codes(services) == []

    run(go())


# What is not settled, not there, or cannot be read


def test_what_is_not_settled_is_looked_at_again_rarely_and_not_for_ever() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        fake.payments["PAY-1"]["status"] = "APPROVED"
        await told(services, fake, name)
        for _ in range(400):
            hand.turn(minutes=10)
            await fetch(services)
        assert fake.calls["/v2/orders/:id"] == 10
        assert await receipts(services) == {}
        assert await causes(services) == []
        fake.payments["PAY-1"] |= {"status": "COMPLETED", "updated_at": stamp(hand())}
        await told(services, fake, name, "paid")
        await fetch(services)
        assert await receipts(services) == {name: "5.00"}

    run(go())


def test_what_is_paid_while_it_is_looked_at_rarely_is_fetched_once_that_is_told() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        fake.payments["PAY-1"]["status"] = "APPROVED"
        await told(services, fake, name)
        for _ in range(14):
            hand.turn(minutes=10)
            await fetch(services)
        (waiting,) = await all_wanted(services.tables.wanted, ACCOUNT)
        assert (waiting.attempts, waiting.next_at > hand() + timedelta(minutes=30)) == (7, True)
        fake.payments["PAY-1"] |= {"status": "COMPLETED", "updated_at": stamp(hand())}
        await told(services, fake, name, "paid")
        await fetch(services)
        assert await receipts(services) == {name: "5.00"}

    run(go())


def test_of_an_order_with_an_unpaid_edit_the_sale_goes_and_the_edit_waits() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        edit = fake.agreement(2, 300, hand() + timedelta(minutes=5))
        fake.orders[name]["agreements"].append({**edit, "reason": "ORDER_EDIT"})
        fake.orders[name]["displayFinancialStatus"] = "PARTIALLY_PAID"
        hand.turn(minutes=10)
        await told(services, fake, name)
        assert await fetch(services) == 0
        assert await receipts(services) == {"O1": "5.00"}
        assert len(await all_wanted(services.tables.wanted, ACCOUNT)) == 1

    run(go())


def test_what_the_vendor_does_not_know_is_put_before_the_store_after_some_tries() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        naming = Naming(ORDER, "GONE", hand(), "e", "S1")
        await want(services.tables.wanted, ACCOUNT, naming, hand())
        for _ in range(60):
            hand.turn(minutes=10)
            await fetch(services)
        assert fake.calls["/v2/orders/:id"] == 6
        (cause,) = await causes(services)
        assert (cause.text("Reason"), cause.text("Owner")) == ("receipt_not_fetched", "store_operations")
        assert (cause.text("Value"), cause.text("TransactionId")) == ("S1 2017-12-23", "GONE")
        fake.sell(7, 500, hand())
        fake.orders["GONE"] = {**fake.orders["ORDER/7"], "id": "GONE"}
        fake.payments["PAY-7"]["order_id"] = "GONE"
        await told(services, fake, "GONE", "again")
        await fetch(services)
        assert await causes(services) == []
        assert await receipts(services) == {"GONE": "5.00"}

    run(go())


def test_what_a_vendor_refused_for_an_hour_is_fetched_within_a_day_though_nothing_names_it_anew() -> None:
    """The runbook says: leave the entry, it is tried again by itself."""

    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)
        for number in range(6):
            hand.turn(minutes=10)
            await sweep_vendors(services)
            fake.faults.extend([answers(400)] * (number < 3))
            await fetch(services)
        assert [row.text("Reason") for row in await causes(services)] == ["receipt_not_fetched"]
        hand.turn(minutes=24 * 60)
        await fetch(services)
        assert await receipts(services) == {name: "5.00"}
        assert await causes(services) == []

    run(go())


def test_what_a_vendor_never_knows_is_not_asked_for_for_ever() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        await want(services.tables.wanted, ACCOUNT, Naming(ORDER, "GONE", hand(), "e", "S1"), hand())
        for _ in range(200):
            hand.turn(minutes=180)
            await fetch(services)
        assert fake.calls["/v2/orders/:id"] == 6 + 14
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []
        assert [row.text("Reason") for row in await causes(services)] == ["receipt_not_fetched"]

    run(go())


def test_an_opening_that_its_register_has_left_troubles_nobody() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeLightspeed(hand)
        services = await vendor_services(hand, fake)
        await want(services.tables.wanted, ACCOUNT, Naming(CLOSURE, "OPEN-0", hand(), "e", "1"), hand())
        for _ in range(60):
            hand.turn(minutes=10)
            await fetch(services)
        assert await causes(services) == []
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []

    run(go())


def test_what_cannot_be_read_is_one_exception_and_holds_up_no_neighbour() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        names = [fake.sell(number, 100, hand()) for number in (1, 2, 3)]
        fake.orders[names[1]]["line_items"] = "none"
        for name in names:
            await told(services, fake, name)
        assert await fetch(services) == 3
        assert sorted(await receipts(services)) == [names[0], names[2]]
        assert await codes(services) == ["cannot_be_read"]
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []

    run(go())


def test_a_drawer_of_more_than_a_call_may_hold_is_one_exception() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        at, cash = stamp(hand()), {"amount": 100, "currency": "USD"}
        fake.shifts["D1"] = {
            "shift": {
                "id": "D1", "location_id": "S1", "state": "OPEN", "opened_at": at, "opened_cash_money": cash,
                "device": {"name": "1"},
            },
            "events": [
                {"id": f"E{one:04d}", "event_type": "PAID_OUT", "event_money": cash, "created_at": at}
                for one in range(600)
            ],
        }  # fmt: skip
        await want(services.tables.wanted, ACCOUNT, Naming(SHIFT, "D1", hand(), "e", "S1"), hand())
        assert await fetch(services) == 1
        assert await codes(services) == ["cannot_be_read"]
        assert await receipts(services) == {}

    run(go())


def test_a_receipt_of_a_store_the_account_may_not_speak_for_is_not_kept_as_its() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake, stores=frozenset({"S2"}))
        await told(services, fake, fake.sell(1, 100, hand()))
        await fetch(services)
        assert await receipts(services) == {}
        assert await codes(services) == ["cannot_be_read"]

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_what_another_account_of_the_same_seller_reads_is_left_to_it(make: type[FakeVendor]) -> None:
    async def go(**other: Any) -> tuple[int, list[str], dict[str, str]]:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake, stores=frozenset({"S2"}))
        west = account_at(fake.vendor, account="west", stores=frozenset({"S1"}), **other)
        services.settings = replace(services.settings, vendors={**services.settings.vendors, "west": west})
        fake.sell(1, 100, hand())
        hand.turn(minutes=10)
        await sweep_vendors(services)
        found = len(await all_wanted(services.tables.wanted, ACCOUNT))
        await fetch(services)
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []
        return found, await codes(services), await receipts(services)

    is_shopify = (
        make is FakeShopify
    )  # whose orders are read all the same: something may have come back at this account's store
    assert run(go()) == (int(is_shopify), [], {})
    alone = (
        (0, [], {}) if make is FakeSquare else (1, ["cannot_be_read"], {})
    )  # Square is asked for its own locations alone
    assert run(go(host="another.example.com")) == alone


def test_what_was_made_online_is_left_out_unless_the_settings_name_it() -> None:
    async def go(stores: frozenset[str]) -> list[str]:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake, stores=stores)
        name = fake.sell(1, 100, hand())
        fake.orders[name] |= {"retailLocation": None, "sourceName": "web"}
        fake.orders[name]["transactions"][0]["location"] = None
        await told(services, fake, name)
        await fetch(services)
        return await codes(services)

    assert run(go(frozenset({"*"}))) == []
    assert run(go(frozenset({"*", "no-location"}))) == ["store_unknown"]


# Sweeping


@pytest.mark.parametrize("make", MAKERS)
def test_a_page_that_is_kept_in_part_moves_no_mark(make: type[FakeVendor]) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        fake.page_size = 3
        services = await vendor_services(hand, fake)
        names = [fake.sell(number, 100, hand()) for number in range(1, 10)]
        hand.turn(minutes=10)
        table = services.tables.wanted
        writes = 0

        async def effect(kind: str, _: str) -> None:
            nonlocal writes
            writes += kind == "insert"
            if writes == 5:
                raise RetryableError("storage does not answer")

        table.before_effect = effect  # type: ignore[attr-defined]
        with pytest.raises(RetryableError):
            await sweep_vendors(services)
        table.before_effect = None  # type: ignore[attr-defined]
        hand.turn(minutes=1)
        await sweep_vendors(services)
        await fetch(services)
        assert len(await receipts(services)) == len(names)

    run(go())


def test_what_a_list_shows_late_is_found_by_the_overlap() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        hidden = fake.sell(1, 100, hand())
        fake.hidden = {hidden}
        hand.turn(minutes=4)
        fake.sell(2, 100, hand())
        hand.turn(minutes=8)
        await sweep_vendors(services)
        fake.hidden = set()
        hand.turn(minutes=16)
        assert await sweep_vendors(services) == 1
        await fetch(services)
        assert sorted(await receipts(services)) == ["O1", "O2"]

    run(go())


def test_a_page_token_the_vendor_forgot_begins_the_sweep_again() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        fake.page_size = 1
        services = await vendor_services(hand, fake)
        for number in range(1, 31):
            fake.sell(number, 100, hand())
        hand.turn(minutes=10)
        await sweep_vendors(services)
        fake.faults.append(answers(400))
        hand.turn(minutes=2)
        await sweep_vendors(services)
        fake.page_size = 100
        for _ in range(3):
            hand.turn(minutes=20)
            await sweep_vendors(services)
            await fetch(services)
        assert len(await receipts(services)) == 30

    run(go())


def test_where_webhooks_are_read_as_receipts_a_sweep_wants_only_what_none_brought() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake, mode=WEBHOOKS)
        changes = {"currency": "USD", "location_id": "S1", "device_id": "1"}
        for number in (1, 2, 3, 4):
            fake.sell(number, 1000, hand())
            at = stamp(hand())
            fake.rest[str(number)] = order(
                [line("1001", "10.00")], "10.00", id=number, admin_graphql_api_id=f"gid://shopify/Order/{number}",
                created_at=at, processed_at=at, updated_at=at, **changes,
            )  # fmt: skip
        for known in ("1", "4"):
            body = json.dumps(fake.rest[known]).encode()
            await ingest_transactions(services, SENDER, ADAPTERS[SHOPIFY], body)
        fake.orders["4"]["updatedAt"] = stamp(
            hand() + timedelta(minutes=1)
        )  # such as a refund that was told by none
        hand.turn(minutes=10)
        assert await sweep_vendors(services) == 2
        await fetch(services)
        assert await receipts(services) == dict.fromkeys(("O1", "O2", "O3", "O4"), "10.00")
        assert sorted(request.url.path for request in fake.requests if request.method == "GET") == [
            f"/admin/api/2026-04/orders/{number}.json" for number in (2, 3, 4)
        ]

    run(go())


def test_a_thing_at_which_the_app_fails_stops_nothing_else_of_its_account() -> None:
    """Whether it fails at asking or at keeping: the first in every beat, and not for ever."""

    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        names = [fake.sell(number, 100, hand()) for number in range(1, 6)]
        for name in names:
            await told(services, fake, name)

        def bug(request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError("a bug in asking")

        async def fails(*given: Any) -> Any:
            if b"ORDER/2" in given[3]:
                raise AssertionError("a bug in keeping")
            return await ingest_transactions(*given)

        fake.faults.append(bug)
        with pytest.raises(ZeroDivisionError):
            await fetch_wanted(services, fails)
        assert sorted(await receipts(services)) == names[2:]
        waiting = await all_wanted(services.tables.wanted, ACCOUNT)
        assert [(one.id, one.attempts, one.problem) for one in waiting] == [
            (name, 1, "the app fails at it") for name in names[:2]
        ]
        assert await fetch(services) == 0
        hand.turn(minutes=2)
        assert await fetch(services) == 2
        assert sorted(await receipts(services)) == names

    run(go())


# What a list has and we do not


@pytest.mark.parametrize("make", MAKERS)
def test_what_a_list_has_and_cannot_be_fetched_is_told_by_store_day_with_its_money(
    make: type[FakeVendor],
) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 1234, hand())
        hand.turn(minutes=10)
        await sweep_vendors(services)
        for _ in range(25):
            fake.faults.append(answers(500))
            hand.turn(minutes=2)
            await fetch(services)
        fake.faults.clear()
        hand.turn(minutes=10)
        await sweep_vendors(services)
        (cause,) = await causes(services)
        assert (cause.text("Reason"), cause.text("Value")) == ("receipt_not_fetched", "S1 2017-12-23")
        assert (cause.text("TransactionId"), cause.number("Receipts")) == (name, 1)
        assert (cause.text("Amount"), cause.text("Currency")) == ("12.34", "USD")
        (body,) = await read_vendors(services)
        (waiting,) = body["waiting"]
        assert (waiting["amount"], waiting["store"], waiting["heard_by"]) == ("12.34", "S1", "sweep")
        assert TOKEN not in json.dumps(body)
        hand.turn(minutes=370)
        await fetch(services)
        assert await causes(services) == []
        assert len(await receipts(services)) == 1

    run(go())


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("named_anew", [False, True])
def test_what_is_fetched_while_it_is_told_to_be_missing_is_told_no_more(
    moment: str, named_anew: bool
) -> None:
    """The sweep tells of what has waited for half an hour, and the other timer fetches it, or a webhook names it, just then."""

    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)
        hand.turn(minutes=40)
        begun = False

        async def meanwhile(kind: str, table: str) -> None:
            nonlocal begun
            if table != "causes" or kind not in ("write_group", "entity_group", "group") or begun:
                return
            begun = True
            if named_anew:
                await told(services, fake, name, "again")
            else:
                assert await fetch(services) == 1

        causes_table: Any = services.tables.causes
        setattr(causes_table, f"{moment}_effect", meanwhile)
        await sweep_vendors(services)
        assert begun
        assert len(await causes(services)) == named_anew
        await fetch(services)
        assert await causes(services) == []
        assert await receipts(services) == {name: "5.00"}
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []

    run(go())


@pytest.mark.parametrize("minutes", [0, 40])
def test_what_was_told_before_a_crash_ends_when_it_is_fetched_though_nobody_noted_it(minutes: int) -> None:
    """Told because it is overdue, or because the vendor does not know it."""

    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)
        causes_table: Any = services.tables.causes

        async def crash(kind: str, table: str) -> None:
            raise CrashError

        async def told_in_vain() -> None:
            if minutes:
                await sweep_vendors(services)
            for _ in range(6):
                fake.faults.append(answers(404))
                await fetch(services)
                hand.turn(minutes=60)

        causes_table.after_effect = crash
        hand.turn(minutes=minutes)
        with pytest.raises(CrashError):
            await told_in_vain()
        causes_table.after_effect = None
        assert await codes(services) == ["receipt_not_fetched"]
        hand.turn(minutes=60)
        await fetch(services)
        assert await receipts(services) == {name: "5.00"}
        assert await causes(services) == []

    run(go())


def test_money_that_moved_has_its_order_fetched_again_though_the_order_looks_unchanged() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)
        await fetch(services)
        hand.turn(minutes=20)
        payment = fake.orders[name]["transactions"][0]
        late = {**payment, "id": payment["id"] + "7", "processedAt": stamp(hand())}
        fake.orders[name]["transactions"] = [{**payment, "status": "FAILURE"}, late]
        hand.turn(minutes=20)
        assert await sweep_vendors(services) == 0  # it is known: the money in it is not
        assert [one.id for one in await all_wanted(services.tables.wanted, ACCOUNT)] == [name]
        hand.turn(minutes=20)
        await fetch(services)
        await sweep_vendors(services)
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []

    run(go())


def test_what_a_list_has_counts_as_what_the_pos_says_until_it_is_here() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        fake.sell(1, 500, hand())
        await told(services, fake, "ORDER/1")
        await fetch(services)
        fake.sell(2, 1234, hand())
        hand.turn(minutes=10)
        await sweep_vendors(services)
        for _ in range(16):
            fake.faults.append(answers(500))
            hand.turn(minutes=50)
            await fetch(services)
            fake.faults.clear()
            await sweep_vendors(services)
        await map_all(services)
        await compile_statements(services)
        day = await read_completeness(services, "S1", date(2017, 12, 23))
        assert day is not None
        assert day["not_here"] == ["east ORDER/2, 12.34 USD"]
        statement = await read_statement(services)
        (cause,) = [one for one in statement["causes"] if one["code"] == "receipt_not_fetched"]
        assert (cause["amount"], cause["owner"]) == ("12.34", "store_operations")
        assert (statement["verdict"], statement["unexplained"]) == ("not proved", "0.00")
        assert statement["source"]["pos_says"] == "vendor's list"
        assert statement["receipts"] == {"pos_says": 2, "received": 1, "in_d365": 0, "posted": 0}
        assert {name: statement["totals"][name] for name in ("pos_says", "received", "difference")} == {
            "pos_says": "17.34", "received": "5.00", "difference": "17.34",
        }  # fmt: skip
        (cash,) = statement["tenders"]  # the list tells no tenders
        assert (cash["pos_says"], cash["received"], cash["unexplained"]) == ("5.00", "5.00", "0.00")
        hand.turn(minutes=370)
        await fetch(services)
        await map_all(services)
        await compile_statements(services)
        day = await read_completeness(services, "S1", date(2017, 12, 23))
        assert day is not None
        assert day["not_here"] == []
        statement = await read_statement(services)
        assert statement["source"]["pos_says"] == "not stated"
        assert statement["totals"]["received"] == "17.34"
        assert (statement["verdict"], statement["receipts"]["pos_says"]) == ("not proved", None)

    run(go())


async def read_statement(services: Services) -> dict[str, Any]:
    day = date(2017, 12, 23)
    row = await services.tables.statements.read("S1", statement_key("S1", day))
    assert row is not None
    found: dict[str, Any] = json.loads(statement_text(row))
    return found


def test_a_day_whose_totals_agree_is_not_proved_while_a_list_has_more() -> None:
    whole = statements.day([statements.record(1)], statements.SALE)
    assert compile_store_day(whole).verdict == PROVED
    lacking = (NotHere("east A, 1.00 USD", Decimal("1.00")), NotHere("east B"))
    missing = compile_store_day(replace(whole, not_here=lacking))
    assert (missing.verdict, missing.said_by) == (NOT_STATED, "shift totals")
    (cause,) = missing.causes
    assert (cause.code, cause.receipts) == ("receipt_not_fetched", ("east A, 1.00 USD", "east B"))
    assert cause.figures.is_nothing  # the shift's totals have it, or it is none of theirs
    assert missing.pos_says == whole_says(whole)


def whole_says(day: statements.StoreDay) -> Any:
    return compile_store_day(day).pos_says


def test_where_no_shift_states_totals_the_list_says_them_and_its_cause_is_worth_what_is_missing() -> None:
    unstated = statements.day([statements.record(1)], None)
    assert compile_store_day(unstated).pos_says is None
    lacking = (
        NotHere("east A, 1.00 USD", Decimal("1.00")),
        NotHere("east C", Decimal("-0.25")),
        NotHere("east B"),
    )
    found = compile_store_day(replace(unstated, not_here=lacking))
    assert (found.verdict, found.said_by) == (NOT_PROVED, "vendor's list")
    assert found.pos_says == found.received + Figures(count=2, total=Decimal("0.75"))
    assert (found.difference.total, found.unexplained.is_nothing) == (Decimal("0.75"), True)
    (cause,) = found.causes
    assert (cause.figures.total, cause.figures.count) == (Decimal("0.75"), 2)
    assert cause.receipts == ("east A, 1.00 USD", "east B", "east C")
    unknown = compile_store_day(replace(unstated, not_here=(NotHere("east B"),)))
    assert (unknown.pos_says, unknown.said_by, unknown.verdict) == (None, "not stated", NOT_STATED)


@pytest.mark.parametrize("make", MAKERS)
def test_what_a_list_has_and_is_not_settled_is_neither_wanted_nor_told(make: type[FakeVendor]) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        if isinstance(fake, FakeShopify):
            fake.orders[name]["displayFinancialStatus"] = "AUTHORIZED"
        elif isinstance(fake, FakeSquare):
            fake.orders[name]["state"] = "OPEN"
            fake.payments["PAY-1"]["status"] = "APPROVED"
        elif isinstance(fake, FakeLightspeed):
            fake.sales[name]["status"] = "SAVED"
        for _ in range(5):
            hand.turn(minutes=20)
            await sweep_vendors(services)
            await fetch(services)
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []
        assert (await causes(services), await receipts(services)) == ([], {})
        assert (await read_state(services.tables.wanted, ACCOUNT)).found_by_sweep == 0

    run(go())


def test_what_was_told_and_is_not_settled_is_no_receipt_that_is_missing() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        fake.payments["PAY-1"]["status"] = "APPROVED"
        await told(services, fake, name)
        for _ in range(8):
            await fetch(services)
            hand.turn(minutes=20)
            await sweep_vendors(services)
        assert len(await all_wanted(services.tables.wanted, ACCOUNT)) == 1
        assert await causes(services) == []

    run(go())


def test_few_receipts_found_by_looking_prove_no_dead_webhooks() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        for number in range(1, 5):
            fake.sell(number, 100, hand())
            hand.turn(hours=12)
            await sweep_vendors(services)
        assert await codes(services) == ["receipt_not_fetched"] * 3
        fake.sell(9, 100, hand())
        hand.turn(hours=1)
        await sweep_vendors(services)
        assert "vendor_webhooks_dead" in await codes(services)

    run(go())


@pytest.mark.parametrize(("make", "requests"), [(FakeShopify, 4), (FakeSquare, 5), (FakeLightspeed, 3)])
def test_a_beat_with_nothing_to_do_asks_storage_a_few_times_for_each_account(
    make: type[FakeVendor], requests: int
) -> None:
    """Once for what is wanted, and once for each of its lists."""

    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        hand.turn(minutes=10)
        await sweep_vendors(services)
        crasher = Crasher(services, 0, after=False)
        hand.turn(minutes=2)
        await sweep_vendors(services)
        await fetch(services)
        assert crasher.effects == requests

    run(go())


def test_a_list_that_fails_for_days_has_what_was_fetched_looked_through_in_no_beat_and_then_once() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 500, hand())
        await told(services, fake, name)
        await fetch(services)
        await sweep_vendors(services)
        asked: list[str] = []

        async def effect(kind: str, table: str) -> None:
            asked.extend([kind] if table == "wanted" and kind == "query" else [])

        wanted_table: Any = services.tables.wanted
        wanted_table.before_effect = effect
        hand.turn(minutes=20 * 24 * 60)
        looked = []
        for number in range(5):
            asked.clear()
            fake.faults.extend([answers(422)] * (number < 3))
            await sweep_vendors(services)
            looked.append(len(asked))
            hand.turn(minutes=20)
        assert looked == [1, 1, 1, 2, 1]
        done = [row async for row in services.tables.wanted.query(ACCOUNT) if row.text("Record") == "done"]
        assert done == []

    run(go())


def test_only_accounts_that_may_be_asked_have_a_client() -> None:
    accounts = {
        "a": account_at(SHOPIFY, account="a"),
        "b": account_at(SHOPIFY, account="b", tokens=(), mode=WEBHOOKS),
    }
    built = open_vendors(replace(settings_for(Hand()), vendors=accounts))
    assert list(built) == ["a"]
    assert all(built[name].lists for name in built)
