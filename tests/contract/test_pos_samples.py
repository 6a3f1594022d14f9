"""Every published document that nobody in the project wrote: sent, held, kept or refused for a reason written down here.

They lie beside the project, in `../shared/samples/pos`; where that folder is absent, nothing of this is judged.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from scripts.read_receipts import judged
from shared.errors import RejectedError
from shared.flows.ingest_transactions import ingest_transactions
from shared.pos.registry import ADAPTERS
from tests.unit.flow_services import SENDER, Hand, flow_services, run

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "pos"
INDEX = "INDEX.md"
SENT, HELD, KEPT, REFUSED = "goes to D365", "held", "kept", "refused"
NO_ADAPTER = "no adapter"

# What becomes of each file, and why: how many receipts of each outcome, then words of the reason.
EXPECTED: dict[str, tuple[dict[str, int], str]] = {
    # Settlement notices of a payment provider: no receipt, and no vendor's door takes them.
    "adyen/CAPTURE.json": ({}, NO_ADAPTER),
    # 42 receipts that balance to the cent, and 9 sign-ons, sign-offs and opened drawers.
    "poslog/ncr/POSLog.xml": ({SENT: 42, KEPT: 9}, "NO_SALE"),
    "poslog/ncr/SMALL.xml": ({SENT: 1, KEPT: 1}, "NO_SALE"),
    "poslog/swedish/swe-standard-dr-return.xml": ({SENT: 1}, "-49.00 SEK"),
    # Its lines are 25 more than its money: made by hand, and wrong.
    "poslog/swedish/swe-standard-dr-sale.xml": ({HELD: 1}, "a difference of -25.00"),
    # A vendor's test order: practice, and voided. It would not balance either.
    "shopify/gadget-2026-04/orders.paid.json": ({KEPT: 1}, "training"),
    # Goods of 414.95 against 85.00 of money.
    "shopify/gadget-2026-04/refunds.create.json": ({HELD: 1}, "a difference of 329.95"),
    "shopify/hookdeck-2024-10/locations.create.json": ({REFUSED: 1}, "expected an order, a refund"),
    # A movement of money on an order: evidence, and no receipt.
    "shopify/hookdeck-2024-10/order_transactions.create.json": ({KEPT: 1}, "NO_SALE"),
    "shopify/hookdeck-2024-10/orders.cancelled.json": ({KEPT: 1}, "training"),
    "shopify/hookdeck-2024-10/orders.paid.json": ({KEPT: 1}, "training"),
    "shopify/hookdeck-2024-10/products.update.json": ({REFUSED: 1}, "expected an order, a refund"),
    # Goods of 398.00 came back, and no money went.
    "shopify/hookdeck-2024-10/refunds.create.json": ({HELD: 1}, "a difference of 398.00"),
    "shopify/hookdeck-2024-10/tender_transactions.create.json": ({REFUSED: 1}, "names no store"),
    # Catalogues, and lists of places and drawers, are no receipts.
    "square/BatchUpsertCatalogObjectsRequest.json": ({REFUSED: 1}, "found batches"),
    "square/BatchUpsertCatalogObjectsResponse.json": ({REFUSED: 1}, "found id_mappings"),
    "square/ListCashDrawerShiftsResponse.json": ({REFUSED: 1}, "found cash_drawer_shifts"),
    "square/ListLocationsResponse.json": ({REFUSED: 1}, "found locations"),
    # Orders that are still open.
    "square/CreateOrderResponse.json": ({KEPT: 1}, "SUSPENDED"),
    "square/RetrieveOrderResponse.json": ({KEPT: 1}, "SUSPENDED"),
    # Events name the order to fetch, and are no receipts themselves.
    "square/PaymentCreatedEvent.json": ({REFUSED: 1}, "found created_at, data"),
    "square/PaymentUpdatedEvent.json": ({REFUSED: 1}, "found created_at, data"),
    "square/RefundCreatedEvent.json": ({REFUSED: 1}, "found created_at, data"),
    "square/RefundUpdatedEvent.json": ({REFUSED: 1}, "found created_at, data"),
}
VERDICTS = {SENT: {"accepted", "held"}, HELD: {"held"}, KEPT: {"accepted", "held"}, REFUSED: {"refused"}}


def content(name: str) -> bytes:
    """Give a document as its vendor sends it, out of what it was published in; skips where the samples are absent."""
    path = SAMPLES / name
    if not SAMPLES.is_dir():
        pytest.skip(f"the published samples are not here: {SAMPLES}")
    found = path.read_bytes()
    if not name.startswith("shopify/"):
        return found
    published = json.loads(found)
    return json.dumps(published.get("body") or published["response"]).encode()


def outcomes(vendor: str, body: bytes) -> tuple[Counter[str], str]:
    """Count the outcomes of a body, and give everything that was said of them."""
    try:
        arrivals = ADAPTERS[vendor].read(body, "east")
    except RejectedError as error:
        return Counter({REFUSED: 1}), str(error)
    told = [judged(one) for one in arrivals]
    return Counter(one.partition(",")[0].partition(":")[0] for one, _ in told), repr(told)


def test_every_file_of_the_samples_is_named_here_and_no_other() -> None:
    if not SAMPLES.is_dir():
        pytest.skip(f"the published samples are not here: {SAMPLES}")
    found = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert found - {INDEX} == set(EXPECTED)
    index = (SAMPLES / INDEX).read_text("utf-8")
    folders = {name.rpartition("/")[0] for name in EXPECTED}
    assert [one for one in folders if f"| {one} |" not in index] == [], "folders that the index does not list"
    listed = {row.split("|")[1].strip() for row in index.splitlines() if row.startswith("| ")} - {"folder"}
    assert listed == folders


@pytest.mark.parametrize("name", [one for one, (_, why) in EXPECTED.items() if why != NO_ADAPTER])
def test_a_published_document_becomes_what_is_written_down(name: str) -> None:
    expected, why = EXPECTED[name]
    found, said = outcomes(name.partition("/")[0], content(name))
    assert found == expected, said
    assert why in said


@pytest.mark.parametrize("name", EXPECTED)
def test_no_published_document_is_too_much_for_any_adapter(name: str) -> None:
    """At a wrong vendor's door it is refused, or told; it never goes anywhere."""
    body = content(name)
    for vendor in set(ADAPTERS) - {name.partition("/")[0]}:
        found, said = outcomes(vendor, body)
        assert set(found) == {REFUSED}, (vendor, said[:500])


@pytest.mark.parametrize("name", [one for one, (_, why) in EXPECTED.items() if why != NO_ADAPTER])
def test_a_published_document_goes_through_the_real_door(name: str) -> None:
    """Its stores are in no mapping here: what can be read is kept and held for that, and again is nothing new."""
    expected, _ = EXPECTED[name]
    adapter, body = ADAPTERS[name.partition("/")[0]], content(name)

    async def go() -> None:
        services = await flow_services(Hand())
        try:
            first = await ingest_transactions(services, SENDER, adapter, body)
        except RejectedError:
            assert expected == {REFUSED: 1}
            return
        allowed = set().union(*(VERDICTS[one] for one in expected))
        assert {one.verdict for one in first} <= allowed
        if REFUSED in expected:
            return
        assert len(first) == sum(expected.values())
        again = await ingest_transactions(services, SENDER, adapter, body)
        assert {one.verdict for one in again} == {"duplicate"}

    run(go())
