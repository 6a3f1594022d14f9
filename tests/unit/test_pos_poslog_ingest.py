"""POSLogs of the standard shape through the real flows: kept once, mapped, waiting or held as they should be."""

from __future__ import annotations

from decimal import Decimal

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.mappings import import_rows
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.refund_world import beat
from tests.unit.test_mapping import ROWS
from tests.unit.test_pos_poslog_standard import document, paid, rate, receipt, sold, tax

TAXED = tax("2.00", "20")
SALE = document(sold("1001", "10.00", inner=rate("20")), TAXED, paid("12.00"), grand="12.00").replace(
    "EUR", "USD"
)
LINK = (
    "<TransactionLink><WorkstationID>1</WorkstationID><SequenceNumber>7</SequenceNumber>"
    "<BusinessDayDate>2025-03-08</BusinessDayDate></TransactionLink>"
)


def numbered(text: str, number: int) -> str:
    return text.replace("<SequenceNumber>7<", f"<SequenceNumber>{number}<", 1)


def back(number: int) -> str:
    text = document(
        sold("1001", "10.00", inner=rate("20"), name="Return"), TAXED, paid("12.00", code="Refund"), grand="-12.00",
        tail=LINK,
    ).replace("EUR", "USD")  # fmt: skip
    return numbered(text, number)


async def sent(services: Services, *documents: str) -> list[str]:
    found = []
    for one in documents:
        found += await ingest_transactions(services, SENDER, ADAPTERS["poslog"], one.encode())
    return [one.verdict for one in found]


async def services_with_codes(hand: Hand) -> Services:
    """Services that know POSLog's own words for cash and for a tax of 20 per cent."""
    services = await flow_services(hand)
    for kind, row in (
        ("tenders", ROWS["tenders", "*", "CASH"] | {"tender": "Cash"}),
        ("taxes", ROWS["taxes", "VAT20"] | {"code": "20"}),
    ):
        await import_rows(services.tables.mappings, kind, [row], who="a person", reason="a till", at=hand())
    await services.mappings.refresh()
    return services


async def statuses(services: Services) -> dict[str, str]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return {row.text("TransactionId"): row.text("Status") for row in rows if row.text("Record") == "receipt"}


def test_case_76_and_77_the_same_transaction_again_in_another_file_is_kept_once() -> None:
    async def go() -> None:
        hand = Hand()
        services = await services_with_codes(hand)
        other_file = SALE.replace("<POSLog ", '<POSLog MajorVersion="6" ')
        assert await sent(services, SALE, SALE, other_file) == ["accepted", "duplicate", "duplicate"]
        assert await sent(services, SALE.replace("12.00", "12.01")) == ["conflict"]
        await map_transactions(services, "map~S1~2025-03-08")
        assert await statuses(services) == {"1-1-20250308-7": "mapped"}

    run(go())


def test_case_46_a_return_before_its_sale_waits_and_goes_once_it_came() -> None:
    async def go() -> None:
        hand = Hand()
        services = await services_with_codes(hand)
        assert await sent(services, back(8)) == ["accepted"]
        await map_transactions(services, "map~S1~2025-03-08")
        assert await statuses(services) == {"1-1-20250308-8": "waiting"}
        assert await sent(services, SALE) == ["accepted"]
        for _ in range(2):
            hand.turn(minutes=90)
            await beat(services)
        assert await statuses(services) == {"1-1-20250308-7": "mapped", "1-1-20250308-8": "mapped"}

    run(go())


def test_case_83_codes_that_nobody_mapped_hold_the_receipt_until_they_are() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        assert await sent(services, SALE) == ["accepted"]
        await map_transactions(services, "map~S1~2025-03-08")
        assert await statuses(services) == {"1-1-20250308-7": "held"}
        assert sorted(one["code"] for one in await list_causes(services, "open", None)) == [
            "tax_unmapped",
            "tender_unmapped",
        ]

    run(go())


def test_case_43_three_partial_returns_give_back_the_sale_to_the_cent() -> None:
    whole = receipt(sold("A", "10.00", "3", rate("20")), tax("2.00", "20"), paid("12.00"), grand="12.00")
    parts = [
        receipt(
            sold("A", net, inner=rate("20"), name="Return"),
            tax(told, "20"),
            paid(money, code="Refund"),
            grand=f"-{money}",
        )
        for net, told, money in (("3.33", "0.67", "4.00"), ("3.33", "0.67", "4.00"), ("3.34", "0.66", "4.00"))
    ]
    assert sum((one.amount_due for one in parts), Decimal(0)) == -whole.amount_due
    assert sum((one.lines[0].tax for one in parts), Decimal(0)) == -whole.lines[0].tax
