"""What people say and ask, at odd hours and in odd numbers: every time zone, amounts nobody can pay, several currencies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.errors import RejectedError
from shared.flows.declare_terminal import declare_terminal
from shared.flows.read_records import list_causes
from shared.flows.tell_over_typed import tell_over_typed
from shared.retail.reasons import cause
from shared.storage.causes import RECEIPT, Member, cause_row, open_causes
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.refund_world import add
from tests.unit.test_mapping import STORE

AUCKLAND = STORE | {
    "store": "S9",
    "store_number": "AK01",
    "operating_unit": "099",
    "time_zone": "Pacific/Auckland",
}


def test_a_till_in_auckland_is_declared_replaced_in_the_morning_it_broke() -> None:
    """At 09:50 on the 24th in Auckland it is still the 23rd in UTC."""

    async def story() -> None:
        hand = Hand()
        hand.at = datetime(2017, 12, 23, 20, 50, tzinfo=UTC)
        services = await flow_services(hand)
        await add(services, "stores", AUCKLAND)
        since = datetime.fromisoformat("2017-12-24T09:40:00+13:00")
        found = await declare_terminal(services, "S9", "1", date(2017, 12, 24), since, DESK, "it broke")
        assert found is not None
        assert found["generation"] == 2

    run(story())


@pytest.mark.parametrize("amount", ["1e-400000", "240.005", "2e-7", "NaN", "240,00"])
def test_an_amount_that_nobody_can_have_typed_is_refused(amount: str) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        at = datetime(2017, 12, 23, 17, tzinfo=UTC)
        with pytest.raises(RejectedError) as refused:
            await tell_over_typed(
                services, "S1", date(2017, 12, 23), "1", "7", "CASH", amount, at, DESK, "offline"
            )
        assert refused.value.field == "amount"

    run(story())


def test_a_cause_of_stores_in_two_currencies_adds_nothing_across_them() -> None:
    """An item that nobody mapped held 24.00 USD in one store and 30.00 CAD in the other: that is not 54.00 of anything."""

    async def story() -> None:
        services = await flow_services(Hand())
        why = cause("item_unmapped", "4711", item="4711")
        rows = [
            cause_row(
                why,
                Member(
                    RECEIPT,
                    store,
                    f"east T{store}",
                    account="east",
                    transaction_id=f"T{store}",
                    amount=Decimal(amount),
                    currency=currency,
                ),
                services.now(),
            )
            for store, amount, currency in (("S1", "24.00", "USD"), ("S2", "30.00", "CAD"))
        ]
        await open_causes(services.tables.causes, rows)
        (found,) = await list_causes(services, "open", None)
        assert found["amount"] != "54.00"

    run(story())
