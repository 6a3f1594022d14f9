"""What a compiled statement tells people beside its receipts: money without a cause, and counts beyond the limits.

And when a store's day is compiled: after its own grace, where it has one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from shared.flows.compile_statements import compile_statements
from shared.flows.import_mapping import import_mapping
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_cause, read_statement
from shared.pos.registry import ADAPTERS
from shared.retail.mapping_csv import KINDS, read_mapping_csv
from shared.services import Services
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.mappings import import_rows
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run
from tests.unit.test_mapping import ROWS

DAY, DUE = date(2017, 12, 23), "map~S1~2017-12-23"
OPENED, CLOSED = "2017-12-23T08:00:00-05:00", "2017-12-23T22:00:00-05:00"


async def send(services: Services, *documents: dict[str, Any]) -> None:
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    await map_transactions(services, DUE)


def closing(total: str, sales: str, counted: str | None = None, closed: str = CLOSED) -> dict[str, Any]:
    document = shift_document(3, "SHIFT_CLOSE", "1", OPENED, closed, totals_of(2, total, sales, "8.00", 1, 3))
    if counted is not None:
        document["shift_record"]["counted"] = [{"tender": "CASH", "currency": "USD", "amount": counted}]
    return document


async def limits(services: Services, **changes: str) -> None:
    """Let D365's reference data be known: at most 5.00 a line."""
    store = {
        "store_number": ROWS["stores", "S1"]["store_number"],
        "there": "yes",
        "line_difference_max": "5.00",
        **changes,
    }
    await import_rows(
        services.tables.mappings, "d365_stores", [store], who="D365", reason="read", at=services.now()
    )
    await services.mappings.refresh()


async def open_codes(services: Services) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in await list_causes(services, "open", None)}


def test_money_without_a_cause_is_finances_task_until_the_till_sends_the_right_totals() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(
            services, sale_document(1, shift="1"), sale_document(2, shift="1"), closing("48.05", "40.05")
        )
        hand.turn(hours=16)
        await compile_statements(services)
        told = (await open_codes(services))["statement_unexplained"]
        assert (told["owner"], told["amount"]) == ("finance", "0.05")
        assert "0.05 USD of the difference" in told["what_happened"]
        assert "CASH 0.05" in told["why"]
        await send(services, closing("48.00", "40.00") | {"transaction_id": "T4", "sequence_number": 3})
        await note_due(services.tables.due, [Due(STATEMENT, "S1", DAY, services.now())])
        hand.turn(minutes=5)
        await compile_statements(services)
        assert "statement_unexplained" not in await open_codes(services)

    run(story())


def test_a_count_beyond_d365s_limit_is_told_to_the_store_with_till_and_amount_and_ends_with_a_new_count() -> (
    None
):
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await limits(services)
        await send(
            services,
            sale_document(1, shift="1"),
            sale_document(2, shift="1"),
            closing("48.00", "40.00", "40.00"),
        )
        hand.turn(hours=16)
        await compile_statements(services)
        told = (await open_codes(services))["count_over_limit"]
        assert (told["owner"], told["amount"]) == ("store_operations", "-8.00")
        assert "till 1 shift 1 CASH -8.00" in told["what_happened"]
        found = await read_statement(services, "S1", DAY)
        assert found is not None
        (line,) = found["counts"]["lines"]
        assert (line["expected"], line["counted"], line["difference"], line["verdict"]) == (
            "48.00", "40.00", "-8.00", "over the limit",
        )  # fmt: skip
        again = closing("48.00", "40.00", "47.00") | {"transaction_id": "T4", "sequence_number": 4}
        await send(services, again)
        await note_due(services.tables.due, [Due(STATEMENT, "S1", DAY, services.now())])
        hand.turn(minutes=5)
        await compile_statements(services)
        fingerprint = told["fingerprint"]
        assert "count_over_limit" not in await open_codes(services)
        ended = await read_cause(services, fingerprint)
        assert ended is not None

    run(story())


def test_compiling_again_writes_no_cause_anew() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(
            services, sale_document(1, shift="1"), sale_document(2, shift="1"), closing("48.05", "40.05")
        )
        hand.turn(hours=16)
        await compile_statements(services)
        before = [(row.key, row.etag) async for row in services.tables.causes.query()]
        await note_due(services.tables.due, [Due(STATEMENT, "S1", DAY, services.now())])
        hand.turn(hours=1)
        await compile_statements(services)
        assert len(before) == 1
        assert [(row.key, row.etag) async for row in services.tables.causes.query()] == before

    run(story())


def test_a_stores_own_grace_decides_when_its_day_is_compiled() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        columns = ("store", *KINDS["stores"].columns)
        row = ",".join((ROWS["stores", "S1"] | {"grace_minutes": "180"}).get(name, "") for name in columns)
        await import_mapping(
            services, "stores", f"{','.join(columns)}\n{row}\n".encode(), DESK, "a slow store"
        )
        await services.mappings.refresh()
        await send(services, sale_document(1))
        for local, is_there in (("2017-12-24T02:59:00-05:00", False), ("2017-12-24T03:01:00-05:00", True)):
            hand.at = datetime.fromisoformat(local)
            await compile_statements(services)
            assert (await read_statement(services, "S1", DAY) is not None) is is_there, local

    run(story())


def test_a_grace_that_is_no_number_of_minutes_is_refused_with_its_row() -> None:
    columns = ("store", *KINDS["stores"].columns)
    for wrong in ("-1", "1441", "ten", "1.5"):
        row = ",".join((ROWS["stores", "S1"] | {"grace_minutes": wrong}).get(name, "") for name in columns)
        _, problems = read_mapping_csv(KINDS["stores"], f"{','.join(columns)}\n{row}\n".encode())
        assert [(one.row, one.column, one.found) for one in problems] == [(2, "grace_minutes", wrong)]
