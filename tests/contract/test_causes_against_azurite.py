"""Causes and their alerts are kept by the service's emulator as they are in memory: groups, conditions, instants, booleans."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from shared.flows.assign_cause import assign_cause
from shared.flows.read_alerts import read_alerts
from shared.flows.set_cause_aside import set_cause_aside
from shared.retail.reasons import cause
from shared.storage.tasks import active_heads, heads_ended_since
from tests.contract.storage_twins import AZURITE, table_of
from tests.unit.alerted import HOOK, Desk, desk, utc
from tests.unit.flow_services import DESK


async def _on_azurite(stack: AsyncExitStack, azurite: str) -> Desk:
    one = await desk((HOOK,))
    tables = {
        name: await stack.enter_async_context(table_of(AZURITE, azurite)) for name in ("causes", "tasks", "alerts", "audit")
    }  # fmt: skip
    one.services.tables = replace(one.services.tables, **tables)
    return one


def test_a_causes_life_is_the_same_in_the_emulator(azurite: str) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            one = await _on_azurite(stack, azurite)
            one.hand.at = utc("2017-12-23T18:00:00.123456")
            await one.hold(130, units_sold="2")
            for number in range(60):
                await one.hold(1, cause("item_unmapped", f"A{number} ä/é"))
            await one.beat(minutes=2)
            assert len(await active_heads(one.services.tables.tasks)) == 61
            assert one.receiver.events() == ["new", "new"]
            etags = [row.etag async for row in one.services.tables.tasks.query()]
            await one.beat(minutes=2)
            assert [
                row.etag async for row in one.services.tables.tasks.query()
            ] == etags  # nothing changed: nothing written
            found = await one.the()
            await assign_cause(one.services, found["fingerprint"], DESK.name, DESK, "theirs")
            await set_cause_aside(one.services, found["fingerprint"], utc("2017-12-24T00:00"), DESK, "later")
            await one.mend()
            await one.beat(minutes=2)
            (ended,) = await heads_ended_since(one.services.tables.tasks, one.hand.at)
            assert (ended.head.phase, ended.head.ended_at) == ("ended", one.hand.at)
            assert await heads_ended_since(one.services.tables.tasks, utc("2017-12-24T00:00")) == []
            await one.hold(3)
            await one.beat(minutes=2)
            found = await one.the()
            assert (found["phase"], found["assigned_to"], found["stock"]) == ("back again", DESK.name, None)
            assert found["first_seen"] == "2017-12-23T18:00:00.123456+00:00"
            assert [line["text"].partition(":")[0] for line in found["history"]] == [
                "new", "told (new) through 1 channel", f"given to {DESK.name} by {DESK.name}",
                "set aside until 2017-12-24 00", "ended", "back again", "told (back again) through 1 channel",
            ]  # fmt: skip
            alerts = await read_alerts(one.services, "2017-12")
            assert alerts["waiting"] == []
            assert [row["outcome"] for row in alerts["done"]] == ["delivered"] * 3

    asyncio.run(story())
