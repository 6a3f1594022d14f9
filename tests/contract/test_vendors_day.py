"""A day at each vendor: webhooks get lost, doubled and late, the vendor throttles and fails, and every receipt is there once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.flows.fetch_wanted import fetch_wanted
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.sweep_vendors import sweep_vendors
from shared.retail.wanted import Naming
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.vendor_states import read_state
from shared.storage.wanted import all_wanted, want
from shared.vendors.listed import ORDER, SALE
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


async def beat(services: Services, hand: Hand, **delta: float) -> None:
    hand.turn(**(delta or {"minutes": 2}))
    await sweep_vendors(services)
    await fetch_wanted(services, ingest_transactions)


async def receipts(services: Services) -> list[Row]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return [row for row in rows if row.text("Record") == "receipt"]


def total(rows: Sequence[Row]) -> Decimal:
    return sum((Decimal(row.text("Total")) for row in rows), Decimal(0))


def naming_of(fake: FakeVendor, name: str, hand: Hand, event: str) -> Naming:
    return Naming(SALE if isinstance(fake, FakeLightspeed) else ORDER, name, hand(), event)


@pytest.mark.parametrize("make", VENDORS)
def test_a_day_of_two_hundred_sales_is_there_once_to_the_cent_whatever_webhooks_do(
    make: type[FakeVendor],
) -> None:
    """Ten per cent of the webhooks are lost, ten doubled, ten come much later and so out of order."""

    async def day() -> None:
        hand, chance = Hand(), random.Random(20171223)
        fake = make(hand)
        fake.page_size = 7
        services = await vendor_services(hand, fake)
        await beat(services, hand)
        cents, dropped, late = 0, 0, []
        for number in range(1, SALES + 1):
            hand.turn(seconds=chance.randint(20, 60))
            amount = chance.randint(1, 99_999)
            cents += amount
            name = fake.sell(number, amount, hand())
            luck = number % 10
            if luck == 3:
                dropped += 1
                continue
            naming = naming_of(fake, name, hand, f"e{number}")
            if luck == 5:
                late.append(naming)
                continue
            for _ in range(2 if luck == 7 else 1):
                await want(services.tables.wanted, ACCOUNT, naming, hand())
            if number % 40 == 0:
                fake.faults.extend([answers(500), breaks, answers(429, **{"Retry-After": "90"})])
            if number % 5 == 0:
                await beat(services, hand)
            if number % 50 == 0:
                for one in chance.sample(late, len(late)):
                    await want(services.tables.wanted, ACCOUNT, one, hand())
                late.clear()
        for _ in range(20):
            await beat(services, hand, minutes=5)
        found = await receipts(services)
        assert len(found) == SALES
        assert total(found) == Decimal(cents) / 100
        assert {row.text("Status") for row in found} == {"received"}
        assert await all_wanted(services.tables.wanted, ACCOUNT) == []
        state = await read_state(services.tables.wanted, ACCOUNT)
        assert dropped == 20
        assert dropped <= state.found_by_sweep <= 2 * dropped  # what came late was found before it came
        assert not state.is_failing
        assert state.swept_at is not None
        assert hand() - state.swept_at <= timedelta(minutes=20)

    run(day())
