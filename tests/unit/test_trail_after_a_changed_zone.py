"""A store whose time zone is corrected later: what was kept before is still as it came, and the trail says so."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.trace_receipt import trace_receipt
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.test_mapping import STORE

DAY = date(2017, 11, 5)
SALE = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "poslog" / "sale__every_case.xml"


async def the_receipt(services: Services) -> Row:
    rows = services.tables.transactions.query("9")
    return min([one async for one in rows if one.text("Record") == "receipt"], key=lambda row: row.key)


async def trail_says(services: Services) -> list[str]:
    row = await the_receipt(services)
    (trail,) = await trace_receipt(services, "9", DAY, row.text("ReceiptNumber") or row.text("TransactionId"))
    altered: list[str] = trail["altered"]
    return altered


async def zone_is(services: Services, zone: str) -> None:
    row = {**STORE, "store": "9", "time_zone": zone}
    await import_rows(
        services.tables.mappings, "stores", [row], who="set-up", reason="as it is", at=services.now()
    )
    await services.mappings.refresh()


def test_a_till_that_gives_local_times_is_read_with_the_zone_it_was_kept_with() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await zone_is(services, "America/New_York")
        await ingest_transactions(services, SENDER, ADAPTERS["poslog"], SALE.read_bytes())
        assert await trail_says(services) == []
        await zone_is(services, "America/Chicago")
        assert await trail_says(services) == []
        row = await the_receipt(services)
        await services.tables.transactions.replace(row.with_values(ContentHash="h1:0"), row.etag)
        assert await trail_says(services) == ["the content hash"]

    run(story())
