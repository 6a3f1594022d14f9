"""Asking about credits stops at D365's first refusal: the store-days after it are told of, and not asked about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from shared.errors import ThrottledError
from shared.flows.check_effects import check_effects
from shared.flows.read_records import list_causes
from shared.storage.due import EFFECT, Due, list_due, note_due
from tests.unit.documents import sale_document
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_flows_door_to_mapped import send

DAYS = [date(2017, 12, number) for number in (20, 21, 22)]


class Busy:
    """A D365 that asks for half an hour, whatever it is asked; it counts how often."""

    def __init__(self) -> None:
        self.asked = 0

    async def statement_aggregations(self, statements: Any) -> Any:
        self.asked += 1
        raise ThrottledError("slow down", wait_seconds=1800)


def test_nothing_more_is_asked_once_d365_has_asked_for_time_and_nobody_is_kept_in_the_dark() -> None:
    async def story() -> None:
        hand, d365 = Hand(), Busy()
        services = await flow_services(hand, d365)
        for number, day in enumerate(DAYS, start=1):
            await send(services, sale_document(number, business_day=day.isoformat()))
        for row in [one async for one in services.tables.transactions.query("S1")]:
            if row.text("Record") == "receipt":
                posted = row.with_values(Status="posted", CreditUnknown=True, D365Statement="STMT-1")
                await services.tables.transactions.replace(posted, row.etag)
        await note_due(services.tables.due, [Due(EFFECT, "S1", day, hand()) for day in DAYS])
        assert await check_effects(services) == 0
        assert d365.asked == 1
        told = [
            one for one in await list_causes(services, "open", None) if one["code"] == "credit_not_confirmed"
        ]
        assert sorted(one["value"] for one in told) == ["S1 2017-12-20", "S1 2017-12-21", "S1 2017-12-22"]
        rows = await list_due(services.tables.due, EFFECT)
        assert {row.instant("NextTry") for row in rows} == {hand() + timedelta(days=1)}

    run(story())
