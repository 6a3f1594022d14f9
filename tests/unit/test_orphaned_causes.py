"""A cause whose receipt could not be held, and went on otherwise, ends when a person releases it, and moves nothing."""

from __future__ import annotations

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.retail.reasons import cause
from shared.storage.causes import cause_row, open_causes, receipt_member
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run


def test_releasing_a_cause_that_holds_nothing_any_more_ends_it() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(sale_document()))
        await map_transactions(services, "map~S1~2017-12-23")
        row = await services.tables.transactions.read("S1", "day~S1~2017-12-23~1~east~T1")
        assert row is not None
        why = cause("validation_failed", "Business date: the business date is wrong", store="S1")
        await open_causes(services.tables.causes, [cause_row(why, receipt_member(row), services.now())])
        (told,) = await list_causes(services, "open", None)
        released = await release_exceptions(services, told["fingerprint"], DESK, "nothing waits for it")
        assert released is not None
        assert released.receipts == 0
        assert await list_causes(services, "open", None) == []
        assert await services.tables.transactions.read("S1", row.key) == row

    run(story())
