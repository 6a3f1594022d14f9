"""The vendors' clients: what each outcome of a call means, what is asked and how, and what is read of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.errors import RejectedError, RetryableError, ThrottledError
from shared.pos.registry import ADAPTERS
from shared.pos.shopify_agreements import ORDER_QUERY
from shared.pos.shopify_cash import SESSION_QUERY
from shared.settings_vendors import LIGHTSPEED, SHOPIFY, SQUARE
from shared.vendors.clients import client_of
from shared.vendors.listed import CLOSURE, ORDER, SALE, SESSION, SHIFT, Page, VendorClient
from shared.vendors.shopify_queries import AGREEMENTS_QUERY, MONEY_QUERY
from shared.vendors.wire import AnswerTooLargeError, NotAtVendorError, RightMissingError, SignInRefusedError
from tests.contract.vendors_world import (
    OLD_TOKEN,
    TOKEN,
    FakeLightspeed,
    FakeShopify,
    FakeSquare,
    FakeVendor,
    account_at,
    answers,
    breaks,
    cost_of,
    gid,
    money,
    shop_money,
    stamp,
)
from tests.unit.flow_services import Hand, run

HAND = Hand()
AT = HAND() - timedelta(hours=1)
MAKERS = [FakeShopify, FakeSquare, FakeLightspeed]
KINDS = {SHOPIFY: ORDER, SQUARE: ORDER, LIGHTSPEED: SALE}


def client(fake: FakeVendor, **changes: Any) -> VendorClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(fake), follow_redirects=False, trust_env=False)
    return client_of(account_at(fake.vendor, **changes), http, HAND)


class OneChunk(httpx.AsyncByteStream):
    """A body that comes in one piece."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content


async def sweep(one: VendorClient, name: str, mark: str = "") -> tuple[list[str], str]:
    """Read a list to its end."""
    found: list[str] = []
    after, reach = "", mark
    for _ in range(100):
        page: Page = await one.page(name, mark, after, HAND())
        found += [each.id for each in page.found]
        reach, after = max(reach, page.mark), page.after
        if not after:
            return found, reach
    raise AssertionError("no end")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("fault", "error", "wait"),
    [
        (answers(429, **{"Retry-After": "7"}), ThrottledError, 7.0),
        (answers(429, **{"Retry-After": "2.0"}), ThrottledError, 2.0),
        (answers(503, **{"Retry-After": "Sat, 23 Dec 2017 18:05:00 GMT"}), ThrottledError, 300.0),
        (answers(503, **{"Retry-After": "999999999999"}), ThrottledError, 3600.0),
        (answers(429, **{"Retry-After": "soon"}), ThrottledError, None),
        (answers(503), ThrottledError, None),
        (answers(500), RetryableError, None),
        (answers(502), RetryableError, None),
        (answers(408), RetryableError, None),
        (breaks, RetryableError, None),
        (lambda _: httpx.Response(200, content=b"<html>"), RetryableError, None),
        (lambda _: httpx.Response(200, content=b"[1]"), RetryableError, None),
        (answers(401), SignInRefusedError, None),
        (answers(403), RightMissingError, None),
        (answers(404), NotAtVendorError, None),
        (answers(410), NotAtVendorError, None),
        (answers(301, Location="https://evil.example/"), RejectedError, None),
        (answers(422), RejectedError, None),
        (lambda _: httpx.Response(200, content=b'"' + b"x" * 9_000_000 + b'"'), AnswerTooLargeError, None),
    ],
)  # fmt: skip
def test_each_outcome_of_a_call_is_one_error_and_says_nothing_secret(
    make: type[FakeVendor], fault: Any, error: type[Exception], wait: float | None
) -> None:
    fake = make(HAND)
    fake.faults.append(fault)
    with pytest.raises(error) as told:
        run(client(fake).fetch(KINDS[fake.vendor], "1", "S1"))
    assert type(told.value) is error
    assert getattr(told.value, "wait_seconds", None) == wait
    assert TOKEN not in str(told.value)
    assert "bad token" not in str(told.value)
    assert len(fake.requests) == 1


def test_an_answer_that_swells_is_unpacked_no_further_than_it_may_be() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 1_000_000) for _ in range(200)) + packer.flush()
    fake = FakeSquare(HAND)
    fake.faults.append(
        lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=OneChunk(bomb))
    )
    tracemalloc.start()
    try:
        with pytest.raises(AnswerTooLargeError):
            run(client(fake).fetch(ORDER, "1", "S1"))
        assert tracemalloc.get_traced_memory()[1] < 32 * 1_048_576
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("coding", "content"), [("gzip", b"{}"), ("br", b"{}"), ("gzip, gzip", gzip.compress(b"{}", mtime=0))]
)
def test_an_answer_in_a_coding_that_it_is_not_in_comes_again(coding: str, content: bytes) -> None:
    fake = FakeSquare(HAND)
    fake.faults.append(
        lambda _: httpx.Response(200, headers={"Content-Encoding": coding}, stream=OneChunk(content))
    )
    with pytest.raises(RetryableError, match="DecodingError"):
        run(client(fake).fetch(ORDER, "1", "S1"))


def test_an_answer_may_come_packed() -> None:
    fake = FakeSquare(HAND)
    name = fake.sell(1, 500, AT)
    order = gzip.compress(json.dumps({"order": fake.orders[name]}).encode())
    fake.faults.append(
        lambda _: httpx.Response(200, headers={"Content-Encoding": "GZIP"}, stream=OneChunk(order))
    )
    assert b"ORDER/1" in run(client(fake).fetch(ORDER, name, "S1")).document
    assert fake.requests[0].headers["accept-encoding"] == "gzip"


def test_the_token_is_in_a_header_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    for make in MAKERS:
        fake = make(HAND)
        name = fake.sell(1, 500, AT)
        with caplog.at_level(logging.DEBUG):
            one = client(fake)
            run(one.fetch(KINDS[fake.vendor], name, "S1"))
            run(one.page(one.lists[0], "", "", HAND()))
        assert all(TOKEN not in str(request.url) for request in fake.requests)
        assert TOKEN not in repr(account_at(fake.vendor))
    assert TOKEN not in caplog.text
    assert "?" not in "".join(line for line in caplog.text.splitlines() if "HTTP Request" in line)


def test_of_two_live_tokens_the_one_that_is_good_is_used_from_then_on() -> None:
    async def go() -> None:
        fake = FakeSquare(HAND)
        name = fake.sell(1, 500, AT)
        one = client(fake, tokens=(OLD_TOKEN, TOKEN))
        await one.fetch(ORDER, name, "S1")
        assert [fake.token_of(request) for request in fake.requests] == [OLD_TOKEN, TOKEN, TOKEN]
        fake.tokens = {"neither-of-the-two-tokens"}
        with pytest.raises(SignInRefusedError):
            await one.fetch(ORDER, name, "S1")

    run(go())


def test_of_ten_questions_at_once_all_find_the_token_that_is_good() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        names = [fake.sell(number, 500, AT) for number in range(1, 11)]

        async def later(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0)
            return fake(request)

        http = httpx.AsyncClient(transport=httpx.MockTransport(later), trust_env=False)
        one = client_of(account_at(fake.vendor, tokens=(OLD_TOKEN, TOKEN)), http, HAND)
        found = await asyncio.gather(*(one.fetch(SALE, name, "S1") for name in names), return_exceptions=True)
        assert [type(each).__name__ for each in found] == ["Fetched"] * 10
        fake.requests.clear()
        await one.fetch(SALE, names[0], "S1")
        assert {fake.token_of(request) for request in fake.requests} == {TOKEN}

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_fetched_is_what_the_adapter_reads(make: type[FakeVendor]) -> None:
    fake = make(HAND)
    name = fake.sell(1, 1234, AT)
    fetched = run(client(fake).fetch(KINDS[fake.vendor], name, "S1"))
    (arrival,) = ADAPTERS[fake.vendor].read(fetched.document, "east")
    assert arrival.transaction is not None, arrival.reason
    one = arrival.transaction
    assert (one.store, one.terminal, str(one.amount_paid), one.currency) == ("S1", "1", "12.34", "USD")
    assert fetched.changed_at == AT


@pytest.mark.parametrize("make", MAKERS)
def test_a_list_is_read_page_by_page_to_its_end_whatever_order_its_pages_are_in(
    make: type[FakeVendor],
) -> None:
    async def go() -> None:
        fake = make(HAND)
        fake.page_size = 3
        names = [fake.sell(number, 100, AT + timedelta(minutes=number)) for number in range(1, 12)]
        one = client(fake)
        found, mark = await sweep(one, one.lists[0])
        assert sorted(found) == sorted(names)
        new = fake.sell(50, 100, AT + timedelta(minutes=50))
        again, later = await sweep(one, one.lists[0], mark)
        assert new in again
        assert later > mark

    run(go())


@pytest.mark.parametrize("odd", ["soon", {"a": 1}, 7])
@pytest.mark.parametrize("make", MAKERS)
def test_an_odd_entry_stops_no_list(make: type[FakeVendor], odd: object) -> None:
    async def go() -> None:
        fake = make(HAND)
        names = [fake.sell(number, 100, AT + timedelta(minutes=number)) for number in (1, 2, 3)]
        one = client(fake)
        if isinstance(fake, FakeShopify):
            fake.orders[names[1]] |= {"processedAt": odd, "totalPriceSet": odd}
        elif isinstance(fake, FakeSquare):
            fake.orders[names[1]] |= {"closed_at": odd, "total_money": odd}
        elif isinstance(fake, FakeLightspeed):
            fake.sales[names[1]] |= {"sale_date": odd if odd == "soon" else "soon", "total_price": odd}
        found, mark = await sweep(
            one, one.lists[0], "" if fake.vendor != LIGHTSPEED else f"{3_000_000_000:020d}"
        )
        assert sorted(found) == names
        last = f"{AT + timedelta(minutes=3):%Y-%m-%dT%H:%M:%S}.000000Z"
        assert mark == (f"{fake.version:020d}" if isinstance(fake, FakeLightspeed) else last)

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_a_mark_never_passes_what_is_not_ripe_nor_follows_a_clock_that_runs_ahead(
    make: type[FakeVendor],
) -> None:
    async def go() -> None:
        fake = make(HAND)
        one = client(fake)
        fake.sell(1, 100, AT)
        _, mark = await sweep(one, one.lists[0])
        young = fake.sell(2, 100, HAND() - timedelta(minutes=1))
        fake.sell(3, 100, HAND() + timedelta(days=3))
        found, later = await sweep(one, one.lists[0], mark)
        assert young in found
        assert later == mark

    run(go())


@pytest.mark.parametrize("name", ["../../admin", "a?b=c", "x/y", "..%2F", "1 OR 1", "id:1"])
@pytest.mark.parametrize("make", MAKERS)
def test_an_id_is_one_part_of_a_path_whatever_it_holds(make: type[FakeVendor], name: str) -> None:
    fake = make(HAND)
    mode = "webhooks" if fake.vendor == SHOPIFY else "fetch"  # in the other one Shopify's ids are in the body
    with pytest.raises(NotAtVendorError):
        run(client(fake, mode=mode).fetch(KINDS[fake.vendor], name, "S1"))
    (request,) = fake.requests
    path = request.url.raw_path.decode()
    assert path.count("/") == {SHOPIFY: 5, SQUARE: 3, LIGHTSPEED: 4}[fake.vendor]
    assert "?" not in path


# Shopify


def test_the_two_halves_ask_all_that_the_adapter_needs_of_an_order() -> None:
    words = set(ORDER_QUERY.replace("(", " ").replace(")", " ").split()) - {
        "query", "Receipts", "50", "100", "250", "ID!", "$id:", "first:",
    }  # fmt: skip
    asked = set((AGREEMENTS_QUERY + MONEY_QUERY).replace("(", " ").replace(")", " ").split())
    assert words - asked == set()


def test_asked_as_the_adapter_says_it_shopify_would_refuse() -> None:
    """So much could a question bring at most; Shopify takes 1,000."""
    assert cost_of(ORDER_QUERY, {}) > 100_000
    assert cost_of(SESSION_QUERY, {}) > 10_000


def test_an_order_of_many_agreements_sales_and_payments_is_read_whole() -> None:
    async def go() -> None:
        fake = FakeShopify(HAND)
        name = fake.sell(1, 100, AT)
        order = fake.orders[name]
        order["agreements"] = [
            fake.agreement(number, 100, AT + timedelta(seconds=number), sales=50 if number == 3 else 2)
            for number in range(1, 6)
        ]
        payment = order["transactions"][0]
        order["transactions"] = [
            {**payment, "id": gid("OrderTransaction", number), "amountSet": shop_money(100)}
            for number in range(58)
        ]
        order["refunds"] = [
            {"id": gid("Refund", number), "return": None, "transactions": {"nodes": []}}
            for number in range(25)
        ]
        read = json.loads((await client(fake).fetch(ORDER, name, "")).document)["order"]
        sales = [len(one["sales"]["nodes"]) for one in read["agreements"]["nodes"]]
        assert sales == [2, 2, 50, 2, 2]
        ids = [each["id"] for one in read["agreements"]["nodes"] for each in one["sales"]["nodes"]]
        assert len(set(ids)) == 58
        assert len(read["transactions"]) == 58
        assert len(read["refunds"]) == 25

    run(go())


def test_an_order_of_more_payments_than_are_read_is_refused_and_not_cut_off() -> None:
    fake = FakeShopify(HAND)
    name = fake.sell(1, 100, AT)
    fake.orders[name]["transactions"] *= 90
    with pytest.raises(RejectedError):
        run(client(fake).fetch(ORDER, name, ""))


def test_an_order_that_changes_between_the_halves_is_read_again() -> None:
    fake = FakeShopify(HAND)
    name = fake.sell(1, 100, AT)
    first = fake.answer

    def change(request: httpx.Request) -> Any:
        found = first(request)
        fake.orders[name] = {**fake.orders[name], "updatedAt": stamp(HAND())}
        return found

    fake.answer = change  # type: ignore[method-assign]
    with pytest.raises(RetryableError):
        run(client(fake).fetch(ORDER, name, ""))


def test_a_shop_whose_allowance_is_used_up_says_when_to_come_again() -> None:
    fake = FakeShopify(HAND)
    told = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {
            "cost": {
                "requestedQueryCost": 900,
                "throttleStatus": {
                    "maximumAvailable": 1000.0,
                    "currentlyAvailable": 150,
                    "restoreRate": 50.0,
                },
            }
        },
    }
    fake.faults.append(lambda _: httpx.Response(200, json=told))
    with pytest.raises(ThrottledError) as error:
        run(client(fake).fetch(ORDER, "1", ""))
    assert error.value.wait_seconds == 15.0


@pytest.mark.parametrize("odd", ["soon", "NaN", [1, 2], {"a": 1}, True, None, []])
def test_an_allowance_that_says_nothing_is_one_all_the_same(odd: object) -> None:
    fake = FakeShopify(HAND)
    cost = {
        "requestedQueryCost": 900,
        "throttleStatus": {"currentlyAvailable": 1, "restoreRate": 2} | {"currentlyAvailable": odd},
    }
    for extensions in (odd, {"cost": odd}, {"cost": cost}):
        told = {
            "errors": [{"extensions": {"code": "THROTTLED"}}, {"extensions": odd}],
            "extensions": extensions,
        }
        fake.faults.append(lambda _, told=told: httpx.Response(200, json=told))  # type: ignore[misc]
        with pytest.raises(ThrottledError):
            run(client(fake).fetch(ORDER, "1", ""))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ACCESS_DENIED", RightMissingError),
        ("SHOP_INACTIVE", SignInRefusedError),
        ("INTERNAL_SERVER_ERROR", RetryableError),
        ("MAX_COST_EXCEEDED", RejectedError),
    ],
)
def test_what_graphql_says_in_a_good_answer_is_an_error_all_the_same(
    code: str, error: type[Exception]
) -> None:
    fake = FakeShopify(HAND)
    told = {"errors": [{"message": TOKEN, "extensions": {"code": code}}], "data": {"order": None}}
    fake.faults.append(lambda _: httpx.Response(200, json=told))
    with pytest.raises(error) as found:
        run(client(fake).fetch(ORDER, "1", ""))
    assert type(found.value) is error
    assert TOKEN not in str(found.value)


def test_what_was_sold_online_is_listed_only_where_something_of_it_came_back() -> None:
    async def go() -> None:
        fake = FakeShopify(HAND)
        for number, status in ((1, "PAID"), (2, "PARTIALLY_REFUNDED"), (3, "PAID")):
            fake.orders[fake.sell(number, 100, AT)]["displayFinancialStatus"] = status
        for number in (1, 2):
            fake.orders[str(number)] |= {"sourceName": "web", "retailLocation": None}
        found, _ = await sweep(client(fake), "orders")
        assert sorted(found) == ["2", "3"]

    run(go())


def test_a_place_is_believed_for_an_hour() -> None:
    async def go() -> None:
        hand = Hand()
        fake = FakeLightspeed(hand)
        http = httpx.AsyncClient(transport=httpx.MockTransport(fake), follow_redirects=False, trust_env=False)
        one = client_of(account_at(LIGHTSPEED), http, hand)
        name = fake.sell(1, 100, hand())
        asked = []
        for _ in range(4):
            await one.fetch(SALE, name, "S1")
            asked.append(fake.calls["outlets"])
            hand.turn(minutes=25)
        assert asked == [1, 1, 1, 2]

    run(go())


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_void_or_a_test_is_listed_as_worth_nothing(make: type[FakeVendor]) -> None:
    async def go() -> None:
        fake = make(HAND)
        names = [fake.sell(number, 1234, AT) for number in (1, 2)]
        if isinstance(fake, FakeShopify):
            names.append(fake.sell(3, 1234, AT))
            fake.orders["2"]["displayFinancialStatus"] = "VOIDED"
            fake.orders["3"]["test"] = True
        elif isinstance(fake, FakeSquare):
            fake.orders[names[1]]["state"] = "CANCELED"
        elif isinstance(fake, FakeLightspeed):
            fake.sales[names[1]]["status"] = "VOIDED"
        one = client(fake)
        page = await one.page(one.lists[0], "", "", HAND())
        found = {each.id: each.amount for each in page.found}
        assert found.pop(names[0]) == Decimal("12.34")
        assert found == dict.fromkeys(names[1:], Decimal(0))

    run(go())


def test_dust_of_floating_point_costs_a_listed_sale_neither_its_day_nor_its_cents() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        name = fake.sell(1, 100, AT)
        fake.sales[name] |= {"total_price": 33.0, "total_tax": 3.3000000000000003}
        fake.sales[name].pop("totals", None)
        one = client(fake)
        (found,) = (await one.page("sales", "", "", HAND())).found
        assert (found.amount, found.happened_at) == (Decimal("36.30"), AT)

    run(go())


def test_a_tender_without_its_time_or_of_a_time_to_come_stops_no_list() -> None:
    async def go() -> None:
        fake = FakeShopify(HAND)
        for number in (1, 2, 3):
            fake.sell(number, 100, AT)
        tendered = fake._tendered

        def odd(variables: dict[str, Any]) -> Any:
            answer = tendered(variables)
            nodes = sorted(answer["tenderTransactions"]["nodes"], key=lambda one: str(one["id"]))
            nodes[0]["processedAt"] = None
            nodes[1]["processedAt"] = stamp(HAND() + timedelta(days=10))
            return answer

        fake._tendered = odd  # type: ignore[method-assign]
        assert await sweep(client(fake), "tender_transactions") == (["3"], f"{AT:%Y-%m-%dT%H:%M:%S}.000000Z")

    run(go())


def test_money_that_moved_names_its_order_and_a_deleted_order_or_one_made_online_none() -> None:
    async def go() -> None:
        fake = FakeShopify(HAND)
        for number in (1, 2, 3):
            fake.sell(number, 100, AT)
        fake.orders["2"] |= {"sourceName": "web", "retailLocation": None}
        fake.deleted.add("3")
        fake.orders["1"]["transactions"][0]["processedAt"] = stamp(AT - timedelta(minutes=1))
        assert await sweep(client(fake), "tender_transactions") == (["1"], f"{AT:%Y-%m-%dT%H:%M:%S}.000000Z")
        assert "tender_transactions" not in client(fake, mode="webhooks").lists

    run(go())


def test_what_is_sold_online_moves_the_mark_so_that_a_quiet_till_has_it_listed_once() -> None:
    async def go() -> None:
        fake = FakeShopify(HAND)
        fake.orders[fake.sell(1, 100, AT)] |= {"sourceName": "web", "retailLocation": None}
        assert await sweep(client(fake), "orders") == ([], f"{AT:%Y-%m-%dT%H:%M:%S}.000000Z")

    run(go())


def test_fed_by_webhooks_an_order_is_read_in_their_form() -> None:
    fake = FakeShopify(HAND)
    fake.rest["1"] = {"id": 1, "updated_at": stamp(AT)}
    fetched = run(client(fake, mode="webhooks").fetch(ORDER, "1", ""))
    assert json.loads(fetched.document) == {"order": {"id": 1, "updated_at": stamp(AT)}}


def test_cash_sessions_are_listed_and_read() -> None:
    async def go() -> None:
        fake = FakeShopify(HAND)
        amount = {"amount": "100.00", "currencyCode": "USD"}
        fake.sessions["7"] = {
            "id": gid("PointOfSaleDevicePaymentSession", 7), "currency": "USD", "status": "CLOSED",
            "openingTime": stamp(AT), "closingTime": stamp(AT + timedelta(minutes=30)), "totalsReady": True,
            "location": {"id": gid("Location", "S1")}, "pointOfSaleDevice": {"id": gid("PointOfSaleDevice", 1)},
            "cashCountedAtOpen": amount, "cashCountedAtClose": amount, "cashActivities": {"nodes": []},
        }  # fmt: skip
        one = client(fake)
        assert (await sweep(one, "sessions"))[0] == ["7"]
        fetched = await one.fetch(SESSION, "7", "S1")
        arrivals = ADAPTERS[SHOPIFY].read(fetched.document, "east")
        assert [str(each.transaction.kind) for each in arrivals if each.transaction] == [
            "SHIFT_OPEN",
            "SHIFT_CLOSE",
        ]
        assert fetched.changed_at == AT + timedelta(minutes=30)
        with pytest.raises(NotAtVendorError):
            await one.fetch(SESSION, "8", "S1")

    run(go())


# Square


def test_a_return_is_read_with_its_refunds_and_the_sale_it_gives_back() -> None:
    async def go() -> None:
        fake = FakeSquare(HAND)
        sold = fake.sell(1, 500, AT)
        fake.refunds["REF-9"] = {
            "id": "REF-9", "order_id": "BACK", "payment_id": "PAY-1", "location_id": "S1", "created_at": stamp(AT),
            "updated_at": stamp(AT + timedelta(minutes=9)), "status": "COMPLETED", "amount_money": money(500),
        }  # fmt: skip
        fake.orders["BACK"] = {
            "id": "BACK", "location_id": "S1", "state": "COMPLETED", "created_at": stamp(AT), "updated_at": stamp(AT),
            "closed_at": stamp(AT), "total_money": money(0), "return_amounts": {"total_money": money(500)},
            "refunds": [{"id": "named-otherwise"}],
            "returns": [
                {
                    "uid": "R", "source_order_id": sold,
                    "return_line_items": [
                        {
                            "uid": "B", "source_line_item_uid": "A", "quantity": "1", "name": "Article", "item_type": "ITEM",
                            "catalog_object_id": "1001", "base_price_money": money(500), "gross_return_money": money(500),
                            "total_money": money(500), "total_tax_money": money(0), "total_discount_money": money(0),
                        }
                    ],
                }
            ],
        }  # fmt: skip
        fetched = await client(fake).fetch(ORDER, "BACK", "S1")
        (arrival,) = ADAPTERS[SQUARE].read(fetched.document, "east")
        assert arrival.transaction is not None, arrival.reason
        (tender,) = arrival.transaction.tenders
        assert (tender.code, str(tender.amount)) == ("CASH", "-5.00")
        (line,) = arrival.transaction.lines
        assert line.original is not None
        assert line.original.transaction_id == sold
        assert fetched.changed_at == AT + timedelta(minutes=9)

    run(go())


def test_money_that_moves_later_names_its_order_again() -> None:
    async def go() -> None:
        fake = FakeSquare(HAND)
        name = fake.sell(1, 500, AT)
        fake.refunds["REF"] = {
            "id": "REF", "order_id": "BACK", "location_id": "S1", "created_at": stamp(AT), "updated_at": stamp(AT),
            "status": "COMPLETED",
        }  # fmt: skip
        one = client(fake)
        assert (await sweep(one, "payments"))[0] == [name]
        assert (await sweep(one, "refunds"))[0] == ["BACK"]

    run(go())


@pytest.mark.parametrize("name", ["payments", "orders"])
def test_what_changes_at_one_place_while_others_are_read_is_behind_the_next_sweeps_mark(name: str) -> None:
    """Each place is listed by itself; the account rests for an hour between the first and the second part."""

    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        fake.locations = ["S1", *(f"S{number}" for number in range(20, 30)), "S9"]
        http = httpx.AsyncClient(transport=httpx.MockTransport(fake), follow_redirects=False, trust_env=False)
        one = client_of(account_at(fake.vendor), http, hand)
        page, found = await one.page(name, "", "", hand()), []
        assert (page.found, bool(page.after)) == ((), True)
        early = fake.sell(1, 500, hand() + timedelta(minutes=10))
        late = fake.sell(2, 500, hand() + timedelta(minutes=50))
        for held in (fake.orders[late], fake.payments["PAY-2"]):
            held["location_id"] = "S9"
        hand.turn(minutes=60)
        reach = page.mark
        while page.after:
            page = await one.page(name, "", page.after, hand())
            found += [each.id for each in page.found]
            reach = max(reach, page.mark)
        assert found == [late]
        page = await one.page(name, reach, "", hand())
        assert [each.id for each in page.found] == [early]

    run(go())


@pytest.mark.parametrize("name", ["orders", "payments"])
def test_a_first_sweep_asks_one_question_to_its_end_though_time_goes_on(name: str) -> None:
    """Square refuses a cursor with another question than the one it was given for."""

    async def go() -> None:
        hand = Hand()
        fake = FakeSquare(hand)
        fake.page_size = 1
        sold = [fake.sell(number, 500, hand() - timedelta(hours=number)) for number in (1, 2, 3)]
        http = httpx.AsyncClient(transport=httpx.MockTransport(fake), follow_redirects=False, trust_env=False)
        one = client_of(account_at(fake.vendor), http, hand)
        page = await one.page(name, "", "", hand())
        found = [each.id for each in page.found]
        while page.after:
            hand.turn(seconds=1)
            page = await one.page(name, "", page.after, hand())
            found += [each.id for each in page.found]
        assert sorted(found) == sold

    run(go())


def test_a_shop_that_opens_is_swept_without_a_new_start_and_makes_no_sweep_pass_over_another() -> None:
    async def go() -> None:
        fake = FakeSquare(HAND)
        one = client(fake)
        sold = fake.sell(1, 500, AT)
        fake.payments["PAY-1"]["location_id"] = "S2"
        page = await one.page("payments", "", "", HAND())
        fake.locations = ["S0", "S1", "S2"]
        assert (await sweep(one, "orders"))[0] == [sold]
        found: list[str] = []
        while page.after:
            page = await one.page("payments", "", page.after, HAND())
            found += [each.id for each in page.found]
        assert found == [sold]
        fake.payments["PAY-1"]["location_id"] = "S0"
        assert (await sweep(one, "payments"))[0] == [sold]

    run(go())


def test_a_drawer_is_read_with_all_its_events() -> None:
    async def go() -> None:
        fake = FakeSquare(HAND)
        fake.page_size = 2
        fake.shifts["D1"] = {
            "shift": {
                "id": "D1", "location_id": "S1", "state": "CLOSED", "opened_at": stamp(AT), "opened_cash_money": money(10_000),
                "ended_at": stamp(AT), "closed_at": stamp(AT + timedelta(minutes=30)), "closed_cash_money": money(9_970),
                "device": {"name": "1"},
            },
            "events": [
                {"id": f"E{one}", "event_type": "PAID_OUT", "event_money": money(100), "created_at": stamp(AT)}
                for one in range(5)
            ],
        }  # fmt: skip
        one = client(fake)
        assert (await sweep(one, "shifts"))[0] == ["D1", "D1"]  # asked for each location, told for both
        fetched = await one.fetch(SHIFT, "D1", "S1")
        arrivals = ADAPTERS[SQUARE].read(fetched.document, "east")
        kinds = [str(each.transaction.kind) for each in arrivals if each.transaction]
        assert kinds == ["SHIFT_OPEN", "SHIFT_CLOSE", *["PAID_OUT"] * 5]

    run(go())


def test_what_is_read_in_squares_sandbox_is_an_exercise() -> None:
    fake = FakeSquare(HAND)
    name = fake.sell(1, 500, AT)
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, json=fake.answer(request)))
    )
    one = client_of(account_at(SQUARE, host="connect.squareupsandbox.com"), http, HAND)
    (arrival,) = ADAPTERS[SQUARE].read(asyncio.run(one.fetch(ORDER, name, "S1")).document, "east")
    assert arrival.transaction is not None
    assert arrival.transaction.training


# Lightspeed


def test_registers_outlets_and_the_retailer_are_read_once_and_without_people() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        one = client(fake)
        documents = [
            (await one.fetch(SALE, fake.sell(number, 100, AT), "S1")).document for number in (1, 2, 3)
        ]
        assert fake.calls == {"sales": 3, "registers": 1, "outlets": 1, "retailer": 1}
        assert b"x@example.org" not in b"".join(documents)

    run(go())


def test_the_first_sweep_begins_before_the_oldest_sale_of_three_days() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        for number, days in ((1, 30), (2, 10), (3, 2), (4, 1)):
            fake.sell(number, 100, HAND() - timedelta(days=days))
        one = client(fake)
        assert sorted((await sweep(one, "sales"))[0]) == ["SALE-3", "SALE-4"]
        for name in ("SALE-3", "SALE-4"):
            del fake.sales[name]
        assert await sweep(client(fake), "sales") == ([], f"{fake.sales['SALE-2']['version']:020d}")

    run(go())


def test_a_sale_of_a_register_that_is_gone_stops_no_list() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        for number in (1, 2, 3):
            fake.sell(number, 100, AT)
        fake.sales["SALE-2"]["register_id"] = "GONE"
        fake.sales["SALE-3"] |= {"outlet_id": "GONE"}
        found, mark = await sweep(client(fake), "sales")
        assert sorted(found) == ["SALE-1", "SALE-2", "SALE-3"]
        assert int(mark) == fake.sales["SALE-3"]["version"]

    run(go())


def test_what_was_sold_long_before_the_first_sweep_is_not_taken_in_by_a_later_one() -> None:
    """The second sweep begins 500 versions before the mark: in a quiet shop, weeks before the app was there."""

    async def go() -> None:
        fake = FakeLightspeed(HAND)
        for number, days in ((1, 30), (2, 4), (3, 2), (4, 1)):
            fake.sell(number, 100, HAND() - timedelta(days=days))
        one = client(fake)
        found, mark = await sweep(one, "sales")
        assert sorted(found) == ["SALE-3", "SALE-4"]
        found, again = await sweep(one, "sales", mark)
        assert sorted(found) == ["SALE-3", "SALE-4"]
        assert again == mark

    run(go())


def test_after_a_long_outage_what_is_behind_the_mark_is_listed_however_old_it_is() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        for number, days in ((1, 12), (2, 10), (3, 8)):
            fake.sell(number, 100, HAND() - timedelta(days=days))
        mark = f"{fake.sales['SALE-1']['version']:020d}"
        assert sorted((await sweep(client(fake), "sales", mark))[0]) == ["SALE-2", "SALE-3"]

    run(go())


def test_an_opening_is_read_of_its_register_and_a_close_of_its_webhook() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        fake.registers["1"] |= {"register_open_sequence_id": "OPEN-1", "register_open_time": stamp(AT)}
        one = client(fake)
        assert (await sweep(one, "registers"))[0] == ["OPEN-1"]
        opened = ADAPTERS[LIGHTSPEED].read((await one.fetch(CLOSURE, "OPEN-1", "1")).document, "east")
        assert [str(each.transaction.kind) for each in opened if each.transaction] == ["SHIFT_OPEN"]
        told = {
            "id": "OPEN-1", "register_id": "1", "register_open_time": stamp(AT), "register_close_time": stamp(HAND()),
            "payments": [{"name": "Cash", "counted": "99.50", "total": "100.00"}],
        }  # fmt: skip
        closed = await one.fetch(CLOSURE, "OPEN-1", "S1", json.dumps(told))
        found = [
            each.transaction
            for each in ADAPTERS[LIGHTSPEED].read(closed.document, "east")
            if each.transaction
        ]
        assert [str(each.kind) for each in found] == ["SHIFT_OPEN", "SHIFT_CLOSE"]
        assert found[1].store == "S1"
        with pytest.raises(NotAtVendorError):
            await one.fetch(CLOSURE, "OPEN-0", "1")

    run(go())


def test_a_version_behind_one_that_is_not_ripe_moves_no_mark_either() -> None:
    async def go() -> None:
        fake = FakeLightspeed(HAND)
        fake.page_size = 1
        first = fake.sales[fake.sell(1, 100, AT)]["version"]
        fake.sell(2, 100, HAND() - timedelta(minutes=1))
        fake.sell(3, 100, AT)
        found, mark = await sweep(client(fake), "sales")
        assert sorted(found) == ["SALE-1", "SALE-2", "SALE-3"]
        assert int(mark) == first

    run(go())
