"""A day at each vendor: webhooks get lost, doubled and late, the vendor throttles and fails, and every receipt is there once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.flows.fetch_wanted import fetch_wanted
from shared.flows.hear_vendor import hear_vendor
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.sweep_vendors import sweep_vendors
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.vendor_states import read_state
from shared.storage.wanted import all_wanted
from tests.contract.vendors_world import (
    ACCOUNT,
    FakeLightspeed,
    FakeShopify,
    FakeSquare,
    FakeVendor,
    answers,
    breaks,
    vendor_services,
)
from tests.unit.flow_services import Hand, run

VENDORS = [FakeShopify, FakeSquare, FakeLightspeed]
SALES = 200
LOST, LATE, DOUBLED = 3, 5, 7  # the last digit of a sale's number


async def beat(services: Services, hand: Hand, **delta: float) -> None:
    hand.turn(**(delta or {"minutes": 2}))
    await sweep_vendors(services)
    await fetch_wanted(services, ingest_transactions)


async def receipts(services: Services) -> list[Row]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return [row for row in rows if row.text("Record") == "receipt"]


def total(rows: Sequence[Row]) -> Decimal:
    return sum((Decimal(row.text("Total")) for row in rows), Decimal(0))


async def hear(services: Services, body: bytes) -> None:
    account = services.settings.vendors[ACCOUNT]
    assert await hear_vendor(services, account, body, "orders/paid", ingest_transactions) in (
        "wanted",
        "known",
    )


async def trade(services: Services, fake: FakeVendor, hand: Hand) -> int:
    """Sell two hundred times, with the webhooks of a bad day; give what was sold, in cents."""
    chance, cents, late = random.Random(20171223), 0, []
    for number in range(1, SALES + 1):
        hand.turn(seconds=chance.randint(20, 60))
        amount = chance.randint(1, 99_999)
        cents += amount
        name = fake.sell(number, amount, hand())
        webhook, luck = fake.webhook(name, f"e{number}"), number % 10
        if luck == LATE:
            late.append(webhook)
        elif luck != LOST:
            for _ in range(2 if luck == DOUBLED else 1):
                await hear(services, webhook)
        if number % 40 == 0:
            fake.faults.extend([answers(500), breaks, answers(429, **{"Retry-After": "90"})])
        if number % 5 == 0:
            await beat(services, hand)
        if number % 50 == 0:
            for one in chance.sample(late, len(late)):
                await hear(services, one)
            late.clear()
    return cents


@pytest.mark.parametrize("make", VENDORS)
def test_a_day_of_two_hundred_sales_is_there_once_to_the_cent_whatever_webhooks_do(
    make: type[FakeVendor],
) -> None:
    """Ten per cent of the webhooks are lost, ten doubled, ten come much later and so out of order."""

    async def day() -> None:
        hand = Hand()
        fake = make(hand)
        fake.page_size = 7
        services = await vendor_services(hand, fake)
        await beat(services, hand)
        cents = await trade(services, fake, hand)
        for _ in range(20):
            await beat(services, hand, minutes=5)
        found = await receipts(services)
        assert len(found) == SALES
        assert total(found) == Decimal(cents) / 100
        assert {row.text("Status") for row in found} == {"received"}
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []
        state = await read_state(services.tables.wanted, ACCOUNT)
        assert 20 <= state.found_by_sweep <= 40  # of those that came late, some were found before they came
        assert not state.is_failing
        assert state.swept_at is not None
        assert hand() - state.swept_at <= timedelta(minutes=20)
        kept = [dict(row.values) async for row in services.tables.wanted.query()]
        assert "example.org" not in str(kept)

    run(day())
