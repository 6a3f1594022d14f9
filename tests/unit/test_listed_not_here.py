"""What a vendor's list has and is not here: what it is worth, when that is told, and who ends it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.flows.compile_statements import compile_statements
from shared.flows.fetching.not_here import not_fetched, not_here_of
from shared.flows.hear_vendor import hear_vendor
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.release_exceptions import release_exceptions
from shared.flows.sign_off import sign_off
from shared.flows.sweep_vendors import sweep_vendors
from shared.retail.statement import compile_store_day
from shared.retail.storeday import NotHere
from shared.retail.supplement import Signed
from shared.retail.wanted import Naming
from shared.services import Services
from shared.settings import Person
from shared.storage.causes import CLOSED, Member, cause_row, open_causes
from shared.storage.due import STATEMENT, due_from, list_due
from shared.storage.mappings import MappingCache
from shared.storage.protocols import Row
from shared.storage.receipts import identity_key
from shared.storage.statements import statement_key
from shared.storage.wanted import all_wanted, want
from shared.vendors.clients import client_of
from tests.contract.vendors_world import (
    ACCOUNT,
    FakeLightspeed,
    FakeShopify,
    FakeSquare,
    FakeVendor,
    account_at,
    stamp,
    vendor_services,
)
from tests.unit import test_statement as statements
from tests.unit.flow_services import Hand, run
from tests.unit.refund_world import map_all
from tests.unit.test_fetch_and_sweep import MAKERS, causes, codes, fetch, read_statement, receipts, told
from tests.unit.test_statement import SALE

DAY = date(2017, 12, 23)
WEST_TOKEN = "a-token-of-the-west-1"
OWNER = Person("store desk", frozenset({"store_operations", "finance"}), "")


def never(fake: FakeVendor, name: str, by: Callable[[httpx.Request], bool] = lambda _: True) -> None:
    """From now on the vendor fails at one thing, though it lists it."""
    answer = fake.answer

    def failing(request: httpx.Request) -> Any:
        asked = request.content.decode() + str(request.url.path)
        if by(request) and (f'Order/{name}"' in asked or asked.endswith(f"/{name}")):
            raise KeyError(name)
        return answer(request)

    fake.answer = failing  # type: ignore[method-assign]


def mended(fake: FakeVendor) -> None:
    """The vendor gives again all that it has."""
    del fake.answer  # the failing one, which stood before the class's own


async def with_west(hand: Hand, fake: FakeVendor) -> Services:
    """Two accounts of one seller: the east has store S1, the west S2."""
    services = await vendor_services(hand, fake, stores=frozenset({"S1"}))
    west = account_at(fake.vendor, account="west", stores=frozenset({"S2"}), tokens=(WEST_TOKEN,))
    fake.tokens.add(WEST_TOKEN)
    services.settings = replace(services.settings, vendors={**services.settings.vendors, "west": west})
    http = httpx.AsyncClient(transport=httpx.MockTransport(fake), follow_redirects=False, trust_env=False)
    services.vendors = {**services.vendors, "west": client_of(west, http, hand)}
    return services


async def try_for_hours(services: Services, hand: Hand, tries: int = 8) -> None:
    for _ in range(tries):
        await fetch(services)
        hand.turn(minutes=20)
        await sweep_vendors(services)


async def compiled(services: Services, hand: Hand) -> dict[str, Any]:
    hand.turn(minutes=20 * 60)
    await map_all(services)
    await compile_statements(services)
    return await read_statement(services)


@pytest.mark.parametrize(("who", "expected"), [("both", "17.34"), ("west", None)])
def test_what_two_accounts_of_a_seller_cannot_read_is_missing_once_and_only_from_the_one_whose_store_it_is(
    who: str, expected: str | None
) -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await with_west(hand, fake)
        fake.sell(1, 500, hand())
        fake.sell(2, 1234, hand())
        never(fake, "2", lambda request: who == "both" or fake.token_of(request) == WEST_TOKEN)
        hand.turn(minutes=10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        statement = await compiled(services, hand)
        assert statement["totals"]["pos_says"] == expected
        missing = [one for one in statement["causes"] if one["code"] == "receipt_not_fetched"]
        assert [one["receipts"] for one in missing] == ([["east 2, 12.34 USD"]] if expected else [])
        assert len(await receipts(services)) == (1 if expected else 2)

    run(go())


def test_webhooks_about_anothers_store_are_none_that_this_account_has_missed() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await with_west(hand, fake)
        for number in range(1, 31):
            body = json.loads(fake.webhook(fake.sell(number, 500, hand()), "orders/paid"))
            east = services.settings.vendors[ACCOUNT]
            await hear_vendor(
                services,
                east,
                json.dumps({**body, "location_id": "S1"}).encode(),
                "orders/paid",
                ingest_transactions,
            )
            for _ in range(4):
                hand.turn(minutes=15)
                await sweep_vendors(services)
            await fetch(services)
        assert await codes(services) == []
        assert len(await receipts(services)) == 30

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_what_a_webhook_named_first_is_worth_what_the_list_tells_of_it_later(make: type[FakeVendor]) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(2, 1234, hand())
        await told(services, fake, name)
        never(fake, name)
        await try_for_hours(services, hand)
        statement = await compiled(services, hand)
        assert (statement["source"]["pos_says"], statement["totals"]["pos_says"]) == (
            "vendor's list",
            "12.34",
        )
        (missing,) = (one for one in statement["causes"] if one["code"] == "receipt_not_fetched")
        assert (missing["amount"], len(missing["receipts"])) == ("12.34", 1)

    run(go())


@pytest.mark.parametrize("is_ended", [False, True])
@pytest.mark.parametrize(("make", "place"), [(FakeSquare, "S1"), (FakeShopify, "unknown")])
def test_what_is_learned_after_people_were_told_is_told_too_unless_a_person_has_ended_it(
    make: type[FakeVendor], place: str, is_ended: bool
) -> None:
    async def go() -> None:
        hand = Hand()
        fake = make(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(2, 1234, hand())
        fake.hidden.add(
            name
        )  # the list of orders does not have it yet; Square's list of payments does, with its location
        await told(services, fake, name)
        never(fake, name)
        await try_for_hours(services, hand)
        (row,) = await causes(services)
        assert (row.text("Amount"), row.text("Currency"), row.text("Store")) == ("0.00", "", place)
        if is_ended:
            await release_exceptions(services, row.partition, OWNER, "it was a test")
        fake.hidden.clear()
        orders: dict[str, dict[str, Any]] = fake.orders  # type: ignore[attr-defined]
        orders[name] |= {"updated_at": stamp(hand()), "updatedAt": stamp(hand())}
        hand.turn(minutes=10)
        await try_for_hours(services, hand, 3)
        found = [(one.text("Amount"), one.text("Store")) for one in await causes(services)]
        assert found == ([] if is_ended else [("12.34", "S1")])
        ended = [one.text("Store") for one in await causes(services, CLOSED)]
        assert ended == ([place] if is_ended or place != "S1" else [])
        (wanted,) = await all_wanted(services.tables.wanted, ACCOUNT)
        assert (wanted.amount, wanted.currency, wanted.location) == ("12.34", "USD", "S1")

    run(go())


def test_once_a_person_says_that_there_is_none_the_day_is_compiled_again_and_can_be_signed() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        fake.sell(1, 500, hand())
        gone = fake.sell(2, 1234, hand())
        never(fake, gone)
        hand.turn(minutes=10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        hand.turn(minutes=20 * 60)
        for _ in range(6):
            statement = await compiled(services, hand)
            hand.turn(minutes=30)
        assert statement["totals"]["pos_says"] == "17.34"
        (fingerprint,) = {
            one.partition for one in await causes(services) if one.text("Reason") == "receipt_not_fetched"
        }
        await release_exceptions(services, fingerprint, OWNER, "a test of the till")
        hand.turn(minutes=60)
        await compile_statements(services)
        statement = await read_statement(services)
        assert (statement["source"]["pos_says"], statement["totals"]["pos_says"]) == ("not stated", None)
        row = await services.tables.statements.read("S1", statement_key("S1", DAY))
        assert row is not None
        hand.turn(minutes=60)
        await compile_statements(services)
        await sign_off(services, "S1", DAY, row.number("Revision"), OWNER, "looked at")

    run(go())


def test_a_change_of_what_is_here_another_currency_and_no_number_are_no_money_that_is_missing() -> None:
    async def go() -> None:
        hand = Hand()
        services = await vendor_services(hand, FakeShopify(hand))
        other = account_at("square", account="west")
        services.settings = replace(services.settings, vendors={**services.settings.vendors, "west": other})
        here = {("east", "O7"), ("west", "O8"), ("west", "9")}
        for account, name in here:
            await services.tables.transactions.insert(Row("S1", identity_key("S1", account, name), {}))
        for account, name, currency in (
            ("east", "7", "USD"), ("east", "3", "EUR"), ("east", "2", "USD"), ("east", "1", ""), ("west", "8", "USD"),
            ("west", "9", "USD"),
        ):  # fmt: skip
            member = Member(
                "receipt", "S1", f"{account} {name}", account=account, transaction_id=name, amount=Decimal("5.00"),
                currency=currency,
            )  # fmt: skip
            await open_causes(services.tables.causes, [cause_row(not_fetched("S1", DAY), member, hand())])
        found = await not_here_of(services, "S1", DAY, "USD")
        assert [(one.name, one.amount) for one in found] == [
            ("east 1", None), ("east 2, 5.00 USD", Decimal("5.00")), ("east 3, 5.00 EUR", None), ("east 7, 5.00 USD", None),
            ("west 8, 5.00 USD", Decimal("5.00")), ("west 9, 5.00 USD", None),
        ]  # fmt: skip

    run(go())


def test_a_layby_that_is_here_on_the_day_it_was_paid_is_not_missing_on_the_day_it_was_begun() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeLightspeed(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(1, 1234, hand() - timedelta(days=1))
        await told(services, fake, name)
        await fetch(services)
        assert len(await receipts(services)) == 1
        never(fake, name)
        hand.turn(minutes=5)
        fake.sales[name] |= {"updated_at": stamp(hand()), "version": fake.next_version()}
        hand.turn(minutes=10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        assert await codes(services) == ["receipt_not_fetched"]
        assert [one.amount for one in await not_here_of(services, "S1", DAY - timedelta(days=1), "USD")] == [
            None
        ]

    run(go())


def test_what_a_list_has_is_no_column_of_a_signature() -> None:
    """Signed by list and fetched or ended since, a day has nothing to sign again but what really came."""
    unstated = statements.day([statements.record(1)], None)
    by_list = compile_store_day(replace(unstated, not_here=(NotHere("east A", Decimal("1.00")),)))
    assert (by_list.said_by, by_list.pos_says is None) == ("vendor's list", False)
    assert set(by_list.columns) == {"received", "in_d365", "posted"}
    signed = Signed(
        number=0, by="finance", role="finance", reason="looked at", at="2017-12-24T03:00:00Z", revision=1, sha256="0" * 64,
        verdict=by_list.verdict, statuses={one.name: str(one.status) for one in unstated.receipts}, columns=by_list.columns,
    )  # fmt: skip
    assert compile_store_day(replace(unstated, signed=(signed,))).supplement is None
    stated = compile_store_day(statements.day([statements.record(1)], SALE, signed=(signed,)))
    assert stated.supplement is not None


class CrashError(Exception):
    """The process ends here."""


async def told_without_its_store(services: Services, fake: FakeShopify, hand: Hand) -> str:
    """People were told of an order of which no list had told anything; then its list has it, with store and amount."""
    name = fake.sell(2, 1234, hand())
    fake.hidden.add(name)
    await told(services, fake, name)
    never(fake, name)
    await try_for_hours(services, hand)
    fake.hidden.clear()
    fake.orders[name]["updatedAt"] = stamp(hand())
    hand.turn(minutes=10)
    return name


async def try_until_it_dies(
    services: Services, hand: Hand, tables: Iterable[Any], effect: Callable[[str, str], Awaitable[None]]
) -> None:
    """Let effects on some tables go through a hand that may end the process, for two rounds at most."""
    for table in tables:
        table.before_effect = effect
    with contextlib.suppress(CrashError):
        await try_for_hours(services, hand, 2)
    for table in tables:
        table.before_effect = None


@pytest.mark.parametrize("at", range(1, 9))
def test_a_crash_while_it_is_told_anew_leaves_it_told_once(at: int) -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        name = await told_without_its_store(services, fake, hand)
        count = 0

        async def effect(kind: str, table: str) -> None:
            nonlocal count
            if table in ("causes", "due") or (table == "wanted" and kind == "replace"):
                count += 1
                if count == at:
                    raise CrashError

        tables: Any = services.tables
        await try_until_it_dies(services, hand, (tables.causes, tables.due, tables.wanted), effect)
        await try_for_hours(services, hand, 2)
        assert [(one.text("Store"), one.text("Amount")) for one in await causes(services)] == [
            ("S1", "12.34")
        ]
        mended(fake)
        hand.turn(minutes=400)
        await try_for_hours(services, hand, 2)
        assert await receipts(services) == {f"O{name}": "12.34"}
        assert await causes(services) == []

    run(go())


def test_a_crash_after_it_was_told_anew_and_a_good_fetch_leave_nothing_told() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeShopify(hand)
        services = await vendor_services(hand, fake)
        await told_without_its_store(services, fake, hand)
        tables: Any = services.tables

        async def effect(kind: str, table: str) -> None:
            if kind == "replace" and (await causes(services))[-1].text("Store") == "S1":
                raise CrashError

        await sweep_vendors(services)
        hand.turn(minutes=20)
        await try_until_it_dies(services, hand, (tables.wanted,), effect)
        mended(fake)
        hand.turn(minutes=400)
        await fetch(services)
        assert await receipts(services) == {"O2": "12.34"}
        assert await causes(services) == []

    run(go())


def test_a_worker_that_has_read_no_mapping_yet_has_the_day_compiled_again_too() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        never(fake, fake.sell(2, 1234, hand()))
        hand.turn(minutes=10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        (row,) = await causes(services)
        for due in await list_due(services.tables.due, STATEMENT):
            await services.tables.due.delete(due.partition, due.key, due.etag)
        services.mappings = MappingCache(services.tables.mappings)
        await release_exceptions(services, row.partition, OWNER, "a test of the till")
        assert [due_from(one).day for one in await list_due(services.tables.due, STATEMENT)] == [DAY]

    run(go())


def test_what_was_voided_after_it_was_listed_is_worth_nothing_any_more() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeLightspeed(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(2, 1234, hand())
        never(fake, name)
        hand.turn(minutes=10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        fake.sales[name] |= {"status": "VOIDED", "updated_at": stamp(hand()), "version": fake.next_version()}
        hand.turn(minutes=10)
        await try_for_hours(services, hand, 3)
        (row,) = await causes(services)
        assert (row.text("Amount"), row.text("Currency")) == ("0.00", "")
        assert (await compiled(services, hand))["source"]["pos_says"] == "not stated"

    run(go())


def test_a_later_change_of_its_payment_leaves_an_order_on_its_own_day() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(2, 1234, hand())
        fake.orders[name]["closed_at"] = stamp(hand() + timedelta(hours=20))
        fake.orders[name]["updated_at"] = stamp(hand() + timedelta(hours=20))
        never(fake, name)
        hand.turn(minutes=20 * 60 + 10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        (before,) = await causes(services)
        fake.payments["PAY-2"]["updated_at"] = stamp(hand())
        hand.turn(minutes=10)
        await try_for_hours(services, hand, 3)
        (after,) = await causes(services)
        assert (after.text("BusinessDay"), after.text("Amount")) == (before.text("BusinessDay"), "12.34")
        assert after.text("BusinessDay") == "2017-12-24"

    run(go())


def test_named_anew_after_it_was_given_up_it_is_still_worth_what_its_list_told() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(2, 1234, hand())
        never(fake, name)
        hand.turn(minutes=10)
        await sweep_vendors(services)
        for _ in range(40):
            hand.turn(minutes=12 * 60)
            await fetch(services)
            if not await all_wanted(services.tables.wanted, ACCOUNT):
                break
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []
        fake.hidden.add(name)
        naming = Naming("order", name, hand(), "another event", location="S1")
        assert await want(services.tables.wanted, ACCOUNT, naming, hand())
        await try_for_hours(services, hand)
        (row,) = await causes(services)
        assert (row.text("BusinessDay"), row.text("Amount"), row.text("Currency")) == (
            "2017-12-23",
            "12.34",
            "USD",
        )

    run(go())


def test_what_is_named_anew_during_a_good_fetch_is_told_again_where_that_change_does_not_come() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        services = await vendor_services(hand, fake)
        name = fake.sell(2, 1234, hand())
        never(fake, name)
        hand.turn(minutes=10)
        await sweep_vendors(services)
        await try_for_hours(services, hand)
        assert await codes(services) == ["receipt_not_fetched"]
        mended(fake)
        naming = Naming("order", name, hand() + timedelta(minutes=1), "meanwhile", location="S1")
        tables: Any = services.tables

        async def meanwhile(kind: str, table: str) -> None:
            if table == "transactions" and kind == "group":
                tables.transactions.before_effect = None
                await want(services.tables.wanted, ACCOUNT, naming, hand())

        tables.transactions.before_effect = meanwhile
        hand.turn(minutes=25 * 60)
        await fetch(services)
        assert await receipts(services) == {name: "12.34"}
        (wanted,) = await all_wanted(services.tables.wanted, ACCOUNT)
        assert (wanted.told, await causes(services)) == ("", [])
        never(fake, name)
        await try_for_hours(services, hand)
        assert await codes(services) == ["receipt_not_fetched"]

    run(go())


def test_an_odd_location_in_a_webhook_is_before_a_person_and_told_once() -> None:
    async def go() -> None:
        hand = Hand()
        services = await vendor_services(hand, FakeSquare(hand))
        table = services.tables.wanted
        odd = Naming("order", "O-9", hand(), "e", location="S\n1")
        await want(table, ACCOUNT, odd, hand())
        hand.turn(minutes=40)
        await sweep_vendors(services)
        (row,) = await all_wanted(table, ACCOUNT)
        hand.turn(minutes=20)
        await sweep_vendors(services)
        (again,) = await all_wanted(table, ACCOUNT)
        assert (row.told != "", again.etag) == (True, row.etag)

    run(go())
