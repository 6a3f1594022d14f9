"""A real till's quarter hour, end to end: NCR's POSLog over HTTP, through storage and a package, into D365's ledger.

The log's own totals are summed here straight from its XML; nothing of the app is used for them.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from demo.chain import ACCOUNT
from demo.clock import Clock
from demo.setup_data import DATA_PROJECT
from demo.web import Desk, Headquarters, Tills
from demo.world import World, new_world, running

SAMPLE = (
    Path(__file__).resolve().parents[2].parent
    / "shared"
    / "samples"
    / "pos"
    / "poslog"
    / "ncr"
    / "POSLog.xml"
)
NAMESPACE = "{http://www.nrf-arts.org/IXRetail/namespace/}"
DAY, SPEED = "2017-10-01", 1800.0
WAIT_SECONDS_MAX = 150
needs_sample = pytest.mark.skipif(
    not SAMPLE.exists(),
    reason="NCR's POSLog sample is not beside the project: the quarter hour is NOT tested here",
)


@dataclass(frozen=True, slots=True)
class Log:
    """What the log itself says."""

    content: bytes
    grand: Decimal
    tax: Decimal
    terminals: list[str]
    tenders: list[str]
    items: list[str]
    transactions: int
    sales: int


def read_log() -> Log:
    content = SAMPLE.read_bytes()
    root = ElementTree.fromstring(content)

    def texts(name: str) -> list[str]:
        return sorted({(one.text or "").strip() for one in root.iter(f"{NAMESPACE}{name}")})

    def total(kind: str) -> Decimal:
        found = [one for one in root.iter(f"{NAMESPACE}Total") if one.get("TotalType") == kind]
        return sum((Decimal(one.text or "0") for one in found), start=Decimal(0))

    return Log(
        content, total("TransactionGrandAmount"), total("TransactionTaxAmount"),
        texts("WorkstationID"), texts("TenderID"), texts("ItemID"),
        len(root.findall(f"{NAMESPACE}Transaction")), len(list(root.iter(f"{NAMESPACE}RetailTransaction"))),
    )  # fmt: skip


def shuffled(content: bytes, seed: int) -> bytes:
    """Give the same log with its transactions in another order."""
    root = ElementTree.fromstring(content)
    transactions = list(root)
    random.Random(seed).shuffle(transactions)
    for one in list(root):
        root.remove(one)
    root.extend(transactions)
    return ElementTree.tostring(root)


def d365_setup(log: Log) -> dict[str, Any]:
    usrt = {"dataAreaId": "usrt"}
    return {
        "legal_entities": [{**usrt, "currency": "USD", "open_periods": [["2017-01-01", "2018-12-31"]]}],
        "warehouses": [{**usrt, "WarehouseId": "W9", "OperationalSiteId": "EAST"}],
        "customers": [{**usrt, "CustomerAccount": "WALKIN"}],
        "stores": [
            {
                **usrt, "StoreNumber": "9", "RetailChannelId": "900", "OperatingUnitNumber": "OU9", "WarehouseId": "W9",
                "SiteId": "EAST", "TaxGroupCode": "NCR", "Currency": "USD", "DefaultCustomerAccount": "WALKIN",
                "PriceIncludesSalesTax": "No", "MaxRoundingAmount": "0.00", "MaximumPostingDifference": "0",
                "MaxShiftDifferenceAmount": "0", "MaxTransactionDifferenceAmount": "0",
            }
        ],
        "terminals": [{"TerminalNumber": f"R9-{one}", "StoreNumber": "9"} for one in log.terminals],
        "tender_types": [
            {
                **usrt, "RetailChannelId": "900", "PaymentMethodNumber": one, "Name": f"Tender {one}", "Function": "Normal",
                "LedgerDimensionDisplayValue": f"11{one.zfill(3)}", "CountingRequired": "No",
            }
            for one in log.tenders
        ],
        "tax_codes": [{**usrt, "TaxCodeId": "TAX1", "Value": "10.25"}],
        "tax_groups": [{**usrt, "TaxGroupCode": "NCR", "codes": ["TAX1"]}],
        "tax_item_groups": [
            {**usrt, "TaxItemGroupCode": "TAXED", "codes": ["TAX1"]}, {**usrt, "TaxItemGroupCode": "FREE", "codes": ["TAX1"]},
        ],
        "items": [{**usrt, "ItemNumber": one, "SalesUnitSymbol": "ea", "barcodes": []} for one in log.items],
        "income_expense_accounts": [],
        "data_projects": [DATA_PROJECT],
    }  # fmt: skip


def mapping_files(log: Log) -> dict[str, str]:
    columns = (
        "store,legal_entity,store_number,operating_unit,channel_id,warehouse,site,tax_group,currency,"
        "prices_include_tax,time_zone,closing_time,customer_account,account,rounding_limit"
    )
    return {
        "stores": f"{columns}\n9,usrt,9,OU9,900,W9,EAST,NCR,USD,no,America/New_York,00:00,WALKIN,{ACCOUNT},0\n",
        "terminals": "store,terminal,register\n" + "".join(f"9,{one},R9-{one}\n" for one in log.terminals),
        "tenders": "store,tender,payment_method\n" + "".join(f"*,{one},{one}\n" for one in log.tenders),
        "taxes": "code,tax_code,item_tax_group\n1,TAX1,TAXED\nNONE,,FREE\n",
        "items": "item,item_number,unit\n" + "".join(f"{one},{one},ea\n" for one in log.items),
    }


async def trade(world: World, clock: Clock, log: Log) -> tuple[list[list[str]], dict[str, Any], list[Any]]:
    """Send the log three times, the last two shuffled; wait until all is posted; give verdicts, statement, totals."""
    tills = Tills(world.app_url, world.sender_secret, clock)
    desk = Desk(world.app_url, "finance desk", world.keys["finance desk"])
    headquarters = Headquarters(world.simulator_url, world.ca_file)
    await headquarters.post("setup", d365_setup(log))
    for kind, text in mapping_files(log).items():
        await desk.put_mapping(kind, text, "opening")
    verdicts = []
    for body in (log.content, shuffled(log.content, 1), shuffled(log.content, 2)):
        answer = await tills._post("/api/pos/poslog", body)
        verdicts.append([one["verdict"] for one in answer["results"]])
    statement: dict[str, Any] = {}
    for _ in range(WAIT_SECONDS_MAX):
        statement = await desk.read("statements", "9", DAY) or {}
        if statement and statement["receipts"]["posted"] == log.sales:
            break
        await asyncio.sleep(1)
    totals = await headquarters.read("totals")
    for one in (tills, desk, headquarters):
        await one.http.aclose()
    return verdicts, statement, totals["totals"]


@needs_sample
def test_ncrs_quarter_hour_is_in_d365_and_in_the_statement_with_the_logs_own_totals(tmp_path: Path) -> None:
    log = read_log()
    world = new_world(tmp_path)
    clock = Clock(datetime(2017, 10, 1, 19, 30, tzinfo=UTC), datetime.now(UTC), SPEED)
    with running(world, clock, jobs_every_minutes=30):
        verdicts, statement, totals = asyncio.run(trade(world, clock, log))
    assert (log.transactions, log.sales) == (51, 42)
    assert verdicts[0] == ["accepted"] * 51
    assert verdicts[1] == verdicts[2] == ["duplicate"] * 51
    assert statement["receipts"] == {"pos_says": None, "received": 42, "in_d365": 42, "posted": 42}
    assert Decimal(statement["totals"]["received"]) == log.grand
    assert Decimal(statement["totals"]["posted"]) == log.grand
    assert [(one["code"], Decimal(one["posted"])) for one in statement["taxes"]] == [("1", log.tax)]
    assert (statement["verdict"], statement["unexplained"]) == ("completeness not proven", "0.00")
    assert statement["causes"] == []
    posted = [one for one in totals if one["StoreNumber"] == "9"]
    paid = sum((Decimal(one) for total in posted for one in total["payments"].values()), start=Decimal(0))
    taxed = sum((Decimal(one) for total in posted for one in total["tax"].values()), start=Decimal(0))
    assert (sum(one["transactions"] for one in posted), paid, taxed) == (42, log.grand, log.tax)
