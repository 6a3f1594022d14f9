"""Receipts as CSV through the real flows: a day from the door to mapped, sent again, newer revisions, and what is refused."""

from __future__ import annotations

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.pos.registry import ADAPTERS
from shared.services import Services
from tests.unit.csv_documents import FIXTURES, csv_of
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run

DAY = (FIXTURES / "day__of_a_small_till.csv").read_bytes()


async def verdicts_of(services: Services, *bodies: bytes, adapter: str = "csv") -> list[str]:
    found = []
    for body in bodies:
        found += [one.verdict for one in await ingest_transactions(services, SENDER, ADAPTERS[adapter], body)]
    return found


async def statuses(services: Services) -> dict[str, str]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return {row.text("TransactionId"): row.text("Status") for row in rows if row.text("Record") == "receipt"}


def test_a_day_of_a_small_till_goes_from_the_door_to_mapped() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        assert await verdicts_of(services, DAY, DAY) == ["accepted"] * 7 + ["duplicate"] * 7
        await map_transactions(services, "map~S1~2017-12-23")
        assert await statuses(services) == {
            "K-1": "excluded", "K-2": "mapped", "K-3": "excluded", "K-4": "excluded", "K-5": "mapped", "K-6": "mapped",
            "K-7": "excluded",
        }  # fmt: skip  # shifts are kept as shifts

    run(go())


def test_a_receipt_is_one_whether_it_came_as_csv_or_as_json() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        assert await verdicts_of(services, csv_of(sale_document(1), sale_document(2))) == ["accepted"] * 2
        assert await verdicts_of(services, call_of(sale_document(1)), adapter="canonical") == ["duplicate"]
        await map_transactions(services, "map~S1~2017-12-23")
        assert await statuses(services) == {"T1": "mapped", "T2": "mapped"}

    run(go())


def test_a_higher_revision_that_says_the_same_does_nothing_and_one_that_differs_replaces() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        first, same = (csv_of(sale_document(1, revision=one)) for one in ("1", "2"))
        other = csv_of(sale_document(1, revision="3", operator="9"))
        assert await verdicts_of(services, first, same) == ["accepted", "duplicate"]
        rows = [row async for row in services.tables.transactions.query("S1")]
        assert len([row for row in rows if row.text("Record") == "receipt"]) == 1
        assert await verdicts_of(services, other, same) == ["accepted", "duplicate"]

    run(go())


def test_a_wrong_receipt_is_refused_by_row_and_column_and_its_neighbour_is_kept() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        body = csv_of(sale_document(1, sequence_number="seven"), sale_document(2))
        first, second = await ingest_transactions(services, SENDER, ADAPTERS["csv"], body)
        assert (first.verdict, second.verdict) == ("refused", "accepted")
        assert first.problems[0].field == "transactions[0].row 2, column sequence_number"

    run(go())
