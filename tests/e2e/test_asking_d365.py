"""The routes that ask D365, over real HTTP: the pre-flight, the reference data, a reversal; with a D365 and without one.

Two apps: one whose D365 is the simulator, and one whose D365 does not answer. `door.Door` holds every answer to what all
answers promise (tests/e2e/door.py); what is asked of a silent D365 goes past it, since that is answered with 503.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest

from demo.chain import ACCOUNT
from demo.clock import Clock
from demo.setup_data import DATA_PROJECT
from demo.world import World, new_world, running
from tests.e2e.door import Door, opened
from tests.unit.documents import sale_document

Json = dict[str, Any]
DAY = "2017-12-23"
# Noon in New York; headquarters' jobs run every half hour of this clock, which is a second.
START, SPEED, JOBS_EVERY_MINUTES = datetime(2017, 12, 23, 17, 0, tzinfo=UTC), 1800.0, 30
WAIT_SECONDS_MAX = 60.0
USRT = {"dataAreaId": "usrt"}
SETUP: Json = {
    "legal_entities": [{**USRT, "currency": "USD", "open_periods": [["2017-01-01", "2018-12-31"]]}],
    "warehouses": [{**USRT, "WarehouseId": "W1", "OperationalSiteId": "EAST"}],
    "customers": [{**USRT, "CustomerAccount": "WALKIN"}],
    "stores": [
        {
            **USRT, "StoreNumber": "NY01", "RetailChannelId": "CH1", "OperatingUnitNumber": "052", "WarehouseId": "W1",
            "SiteId": "EAST", "TaxGroupCode": "NY", "Currency": "USD", "DefaultCustomerAccount": "WALKIN",
            "PriceIncludesSalesTax": "No",
        }
    ],
    "terminals": [{"TerminalNumber": "NY01-1", "StoreNumber": "NY01"}],
    "tender_types": [
        {
            **USRT, "RetailChannelId": "CH1", "PaymentMethodNumber": "1", "Name": "Cash", "Function": "Normal",
            "LedgerDimensionDisplayValue": "110110", "CountingRequired": "No",
        }
    ],
    "tax_codes": [{**USRT, "TaxCodeId": "VAT20", "Value": "20"}],
    "tax_groups": [{**USRT, "TaxGroupCode": "NY", "codes": ["VAT20"]}],
    "tax_item_groups": [{**USRT, "TaxItemGroupCode": "FULL", "codes": ["VAT20"]}],
    "items": [{**USRT, "ItemNumber": number, "SalesUnitSymbol": "ea", "barcodes": []} for number in ("A1", "A2")],
    "data_projects": [DATA_PROJECT],
}  # fmt: skip
MAPPINGS = {
    "stores": "store,legal_entity,store_number,operating_unit,channel_id,warehouse,site,tax_group,currency,time_zone,"
    f"customer_account,account,prices_include_tax\n"
    f"S1,usrt,NY01,052,CH1,W1,EAST,NY,USD,America/New_York,WALKIN,{ACCOUNT},no\n",
    "terminals": "store,terminal,register\nS1,1,NY01-1\n",
    "tenders": "store,tender,payment_method\n*,CASH,1\n",
    "taxes": "code,tax_code,item_tax_group\nVAT20,VAT20,FULL\n",
    "items": "item,item_number,unit\n1001,A1,ea\n",
}


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """An app whose D365 does not answer."""
    with opened(tmp_path_factory.mktemp("silent")) as found:
        yield found


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """An app with the simulated D365 behind it."""
    world, clock = new_world(tmp_path_factory.mktemp("asking")), Clock(START, datetime.now(UTC), SPEED)
    with (
        running(world, clock, jobs_every_minutes=JOBS_EVERY_MINUTES),
        httpx.Client(base_url=world.app_url, timeout=60.0) as http,
        httpx.Client(base_url=world.simulator_url, verify=trust(world)) as headquarters,
    ):
        assert headquarters.post("/_sim/setup", json=SETUP).is_success
        found = Door(world, clock, "", http)
        assert [found.put(kind, text).status_code for kind, text in MAPPINGS.items()] == [200] * len(MAPPINGS)
        yield found


def trust(world: World) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(world.ca_file))


def soon(found: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not (value := found()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)
    return value


def was_found(door: Door, role: str, path: str) -> bool:
    """Where the timer asks at the same time, what it finds is there a little after it was ordered (then it is still 404)."""
    status = door.desk(role, "GET", path).status_code
    assert status in (200, 404)
    return status == 200


def shown_with(door: Door, findings: int) -> Json | None:
    """What the last reading found, once it has found so much: the timer may be reading when a person orders it."""
    response = door.desk("reader", "GET", "/api/reference")
    found: Json = response.json() if response.status_code == 200 else {}
    return found if found.get("findings_count") == findings else None


# Nothing is known yet, and D365 does not answer


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/api/preflight", "what D365 has was not compared yet"),
        ("/api/reference", "D365's reference data was not read yet"),
    ],
)
def test_before_the_first_time_people_are_told_how_it_is_made(silent: Door, path: str, says: str) -> None:
    response = silent.desk("reader", "GET", path)
    assert response.status_code == 404
    assert response.json()["title"] == f"{says}; POST {path} does it now"


@pytest.mark.parametrize(
    ("role", "path"),
    [("it", "/api/preflight"), ("finance", "/api/reference")],
    ids=["preflight", "reference"],
)
def test_a_d365_that_does_not_answer_is_named_and_not_the_app_or_its_storage(
    silent: Door, role: str, path: str
) -> None:
    response = silent.http.post(path, headers=silent.key_of(role))
    told = response.json()
    assert (response.status_code, told["status"]) == (503, 503)
    assert told["title"] == "D365 did not answer; nothing was changed. Ask again later."
    assert int(response.headers["Retry-After"]) >= 30


# Who may ask


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/api/preflight", {"it"}), ("/api/reference", {"finance", "retail_systems", "it"})],
)
@pytest.mark.parametrize("role", ["reader", "finance", "store_operations", "retail_systems", "it"])
def test_only_those_who_mend_it_may_have_d365_asked(
    door: Door, role: str, path: str, allowed: set[str]
) -> None:
    response = door.desk(role, "POST", path, content=b"\xff not looked at")
    assert response.status_code == (200 if role in allowed else 403)
    if role in allowed:
        soon(partial(was_found, door, role, path))


@pytest.mark.parametrize("role", ["reader", "finance", "store_operations", "retail_systems", "it"])
def test_everybody_reads_what_was_found(door: Door, role: str) -> None:
    door.desk("it", "POST", "/api/preflight")
    door.desk("it", "POST", "/api/reference")
    for path in ("/api/preflight", "/api/reference"):
        soon(partial(was_found, door, role, path))


@pytest.mark.parametrize("path", ["/api/preflight", "/api/reference"])
def test_a_till_can_neither_have_d365_asked_nor_read_what_it_said(door: Door, path: str) -> None:
    for method in ("GET", "POST"):
        assert door.ask(method, path, headers=door.signed(method, path)).status_code == 401


# What they are told


def test_the_preflight_names_what_was_compared_and_that_it_holds(door: Door) -> None:
    made = door.desk("it", "POST", "/api/preflight").json()
    assert (made["holds"], made["mismatches"], made["unknown_sets"]) == (True, [], [])
    assert made["compared"]["is_this_release"] is True
    assert "RetailTransactions" in made["compared"]["sets"]
    assert made["compared"]["fields"] > 100
    assert door.desk("reader", "GET", "/api/preflight").json() == made


def test_the_reference_names_what_our_mappings_name_in_vain(door: Door) -> None:
    assert door.put("items", "item,item_number,unit\n1009,A9,ea\n").is_success
    assert door.desk("finance", "POST", "/api/reference").status_code == 200
    shown = soon(partial(shown_with, door, 1))
    assert shown["trouble"] is None
    (finding,) = shown["findings"]
    assert (finding["rule"], finding["code"], finding["owner"]) == (
        "Item",
        "d365_reference",
        "retail_systems",
    )
    assert "A9" in finding["problem"]
    assert finding["do_this"]
    assert shown["rows"]["d365_stores"] == 1
    assert door.put("items", "item,item_number,unit\n1009,A2,ea\n").is_success
    door.desk("finance", "POST", "/api/reference")
    assert soon(partial(shown_with, door, 0))["findings"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200), ("?state=", 422), ("?state=open&state=ended", 422), ("?business_day=", 200), ("?colour=red", 200),
        (f"?state=ended&business_day={DAY}", 200), ("?state=OPEN", 422), ("?business_day=20171223x", 422), ("?%00=%FF", 200),
        ("?state=%FF", 422),
    ],
)  # fmt: skip
def test_a_query_that_means_nothing_is_told_and_never_the_apps_fault(
    door: Door, query: str, status: int
) -> None:
    assert door.desk("reader", "GET", f"/api/causes{query}").status_code == status


# A reversal


def test_a_posted_receipt_is_reversed_once_and_says_so_whoever_asks_again(door: Door) -> None:
    sent = door.send(sale_document(1), account=ACCOUNT, secret=door.world.sender_secret)
    url = sent.json()["results"][0]["status_url"]
    posted = soon(
        lambda: (one := door.desk("reader", "GET", url).json())["status"] in ("posted", "held") and one
    )
    assert posted["status"] == "posted", posted["history"]
    assert posted["evidence"][0].startswith("posted: statement ")
    wish = {"reason": "mapped to the wrong item", "replace": True}
    for body, field in (
        ({**wish, "business_day": "2017-12-01"}, "business_day"), ({**wish, "reason": " "}, "reason"),
        ({"reason": "why"}, "replace"),
    ):  # fmt: skip
        refused = door.desk("finance", "POST", f"{url}/reversal", json=body)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
        assert refused.json()["expected"]
    for role in ("reader", "it", "store_operations", "retail_systems"):
        assert door.desk(role, "POST", f"{url}/reversal", json=wish).status_code == 403
    assert door.ask("POST", f"{url}/reversal", json=wish, headers=door.signed("POST", url)).status_code == 401
    made = door.desk("finance", "POST", f"{url}/reversal", json=wish)
    assert made.status_code == 200, made.text
    assert (made.json()["reversal"], made.json()["replacement"]) == ("T1.rev", "T1.new")
    assert door.desk("finance", "POST", f"{url}/reversal", json=wish).json() == made.json()
    other = door.desk("finance", "POST", f"{url}/reversal", json={**wish, "replace": False})
    assert (other.status_code, other.json()["field"]) == (422, "replace")
    reversal = url.replace("/T1", "/T1.rev")
    again = door.desk("finance", "POST", f"{reversal}/reversal", json=wish)
    assert (again.status_code, again.json()["found"]) == (422, "a reversal")
    assert soon(lambda: door.desk("reader", "GET", url).json()["status"] == "reversed")
    assert door.desk("reader", "GET", url).json()["reversed_by"] == "T1.rev"
    assert door.desk("reader", "GET", url.replace("/T1", "/T1.new")).json()["replacement_of"] == "T1"


def test_no_answer_was_the_servers_fault_and_nothing_failed_unseen(door: Door, silent: Door) -> None:
    for one in (door, silent):
        assert "Traceback" not in one.log()
