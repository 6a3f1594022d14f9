"""Roundings from the door to the statement: proved ones are kept and summed, what is none is held and told with its number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.flows.compile_statements import compile_statements
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_statement
from shared.services import Services
from tests.unit.documents import sale_document
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_flows_door_to_mapped import DAY, DUE, send, statuses


def odd_document(number: int, *taxes: str) -> dict[str, Any]:
    """Prices of 0.03 with 20 % on top, 0.006 exactly, each stated as given, paid by cash."""
    lines = [
        {
            "line_number": at, "kind": "ITEM", "item": "1001", "quantity": "1", "unit": "ea", "gross": "0.03", "net": "0.03",
            "taxes": [{"code": "VAT20", "rate": "20", "amount": tax, "inclusive": False}],
        }
        for at, tax in enumerate(taxes, start=1)
    ]  # fmt: skip
    paid = 3 * len(taxes) + sum(round(float(tax) * 100) for tax in taxes)
    tender = {
        "tender_number": 1, "type": "CASH", "code": "CASH", "role": "PAYMENT", "amount": f"0.{paid:02d}", "status": "CAPTURED",
    }  # fmt: skip
    return sale_document(number, lines=lines, tenders=[tender])


async def statement(services: Services, hand: Hand) -> dict[str, Any]:
    hand.at += timedelta(days=2)
    await compile_statements(services)
    found = await read_statement(services, "S1", DAY)
    assert found is not None
    return found


def test_a_statement_sums_its_roundings_by_mechanism_within_their_bound() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        # three times 0.006 is 0.018: by total 0.02, by line 0.03; rounding of three can reach from 0.01 to 0.03
        await send(services, odd_document(1, "0.01", "0.01", "0.00"), odd_document(2, "0.01", "0.01", "0.01"))
        await send(services, odd_document(3, "0.00", "0.01", "0.01"))
        await map_transactions(services, DUE)
        assert set((await statuses(services)).values()) == {"mapped"}
        found = await statement(services, hand)
        assert found["rounding"] == [
            {"mechanism": "line or total", "count": 2, "amount": "-0.02", "bound": "0.04"},
        ]

    run(story())


def test_a_tax_beyond_the_bound_is_held_before_finance_with_its_number_and_is_no_rounding_in_the_statement() -> (
    None
):
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        assert await send(services, odd_document(1, "0.02", "0.01", "0.01")) == ["held"]
        (cause,) = await list_causes(services, "open", None)
        assert (cause["code"], cause["value"], cause["owner"]) == ("not_rounding", "VAT20", "finance")
        assert "0.01 USD too much for VAT20, where rounding explains 0.00 at most" in cause["what_happened"]
        found = await statement(services, hand)
        assert found["rounding"] == []
        assert [(one["code"], one["amount"]) for one in found["causes"]] == [("not_rounding", "0.13")]

    run(story())
