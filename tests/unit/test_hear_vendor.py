"""What becomes of vendors' authentic webhooks: each is answered 200 once it is kept, whatever is in it, and counts once."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import RetryableError
from shared.storage.causes import OPEN, end_cause_rows
from shared.storage.wanted import all_wanted, fetched
from tests.unit.flow_services import Hand, run
from tests.unit.shopify_documents import line, order, paid_back, refund, returned
from tests.unit.vendor_calls import (
    LIGHTSPEED,
    NAMES,
    NOW_TEXT,
    SHOP,
    SHOP_FETCHED,
    SQUARE,
    Call,
    called,
    door,
    heard,
    lightspeed,
    paid,
    payment_event,
    rows,
    sale,
    shopify,
    signed_form,
    square,
)

REQUESTS_MAX = 4
SETTLED = ("transactions", "wanted", "causes", "audit", "storedays", "statements")
REDACT = {
    "shop_id": 954889, "shop_domain": "east.myshopify.com", "orders_to_redact": [299938, 280263, 5512345678901234567],
    "customer": {"id": 191167, "email": NAMES[1], "phone": NAMES[2]},
}  # fmt: skip
GIVE = {
    "shop_id": 954889, "shop_domain": "east.myshopify.com", "orders_requested": [299938], "data_request": {"id": 9999},
    "customer": {"id": 191167, "email": NAMES[1], "phone": NAMES[2]},
}  # fmt: skip


def fetched_shop(document: object, topic: str = "orders/paid") -> Call:
    return shopify(document, topic, account=SHOP_FETCHED)


def event_of(kind: str, thing: dict[str, Any], event: str = "E-9", **more: Any) -> dict[str, Any]:
    name = kind.partition(".")[0]
    return {
        "merchant_id": "MERCHANT-1", "type": kind, "event_id": event, "created_at": "2017-12-23T17:58:00Z",
        "data": {"object": {name: thing}}, **more,
    }  # fmt: skip


def test_a_webhook_about_a_store_that_another_account_of_the_same_seller_reads_is_left_to_it() -> None:
    async def work() -> None:
        services = await door(Hand())
        accounts = services.settings.vendors
        for one in (SHOP_FETCHED, SQUARE):
            other = replace(accounts[one], account=f"{one}-2", stores=frozenset({"70099", "LOC-2"}))
            accounts = {**accounts, other.account: other}
        services.settings = replace(services.settings, vendors=accounts)
        assert await heard(services, square(payment_event(location_id="LOC-2"))) == "not used"
        assert {name for name, found in (await rows(services)).items() if found} == {"mappings"}
        # Of an order of Shopify's something may have come back at this account's store, so it is looked at.
        assert await heard(services, fetched_shop(paid(location_id="70099"))) == "wanted"
        assert await heard(services, fetched_shop(paid(location_id="70098"))) == "told"

    run(work())


def test_of_an_order_sold_at_anothers_store_what_came_back_at_ones_own_is_taken_in() -> None:
    goods = line("1001", "10.00")
    back = refund(
        [returned(goods, 1, "10.00", location_id="V1")], [paid_back("10.00", location_id="V1", device_id="1")]
    )
    sold_there = order([goods], "10.00", financial_status="refunded", refunds=[back], location_id="70099")

    async def work() -> None:
        services = await door(Hand())
        accounts = services.settings.vendors
        other = replace(accounts[SHOP], account="other", stores=frozenset({"70099"}))
        services.settings = replace(services.settings, vendors={**accounts, "other": other})
        assert await heard(services, shopify(paid(location_id="70099"))) == "not used"
        assert await heard(services, shopify(sold_there, "orders/updated")) == "kept"
        kept = [
            one
            for one in (await rows(services, "transactions"))["transactions"]
            if one.text("Record") == "receipt"
        ]
        assert [one.text("TransactionId")[0] for one in kept] == ["R"]
        assert {one.text("Reason") for one in (await rows(services, "causes"))["causes"]} <= {"store_unknown"}

    run(work())


async def reasons(services: Any) -> list[tuple[str, str]]:
    return [
        (row.text("Reason"), row.text("WhatHappened")) for row in (await rows(services, "causes"))["causes"]
    ]


# Receipts in webhooks


def test_a_paid_order_is_a_kept_receipt_before_shopify_is_answered() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, shopify(paid(5512345678901234567))) == "kept"
        assert dict(services.storage_calls) == {"group": 2, "send": 1}
        (row,) = [
            one
            for one in (await rows(services, "transactions"))["transactions"]
            if one.text("Record") == "receipt"
        ]
        assert (row.text("Account"), row.text("TransactionId"), row.text("Status"), row.text("Total")) == (
            "shop-east", "O5512345678901234567", "received", "10.00",
        )  # fmt: skip

    run(work())


def test_a_replayed_webhook_of_a_receipt_changes_nothing_however_old_it_is() -> None:
    async def work() -> None:
        hand = Hand()
        services = await door(hand)
        first, later = (
            shopify(paid(1001, "10.00")), shopify(paid(1001, "12.00", updated_at="2017-12-23T13:30:00-05:00")),
        )  # fmt: skip
        back = shopify(
            refund(
                [returned(line("1001", "12.00"), 1, "12.00", location_id="S1")],
                [paid_back("12.00", location_id="S1", device_id="1")],
                order_id=1001,
                created_at=NOW_TEXT,
                processed_at=NOW_TEXT,
            ),
            "refunds/create",
        )
        for one in (first, later, back):
            await heard(services, one)
        kept = [
            row
            for row in (await rows(services, "transactions"))["transactions"]
            if row.text("Record") == "receipt"
        ]
        assert {row.text("TransactionId"): row.text("Total") for row in kept} == {
            "O1001": "12.00",
            "R71001": "-12.00",
        }
        before = await rows(services, *SETTLED)
        for days in (0, 1, 30, 400):
            hand.turn(days=days)
            for one in (back, first, later):
                await called(services, one)
            assert await rows(services, *SETTLED) == before

    run(work())


def test_a_receipt_of_a_store_that_is_not_the_accounts_is_before_a_person_and_never_booked() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, shopify(paid(location_id="S2"))) == "kept"
        found = await rows(services, "transactions", "causes", "due")
        assert found["transactions"] == []
        assert found["due"] == []
        (told,) = found["causes"]
        assert (told.text("Reason"), told.text("Account")) == ("cannot_be_read", "shop-east")
        assert told.text("WhatHappened") == (
            "Something arrived that cannot be read: store: store: expected a store of this source account, found S2."
        )

    run(work())


# What is to be fetched


def test_an_order_is_wanted_by_its_exact_number_and_nothing_else_of_it_is_kept() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, fetched_shop(paid(5512345678901234567, email=NAMES[1]))) == "wanted"
        assert dict(services.storage_calls) == {"read": 2, "insert": 1}
        (one,) = await all_wanted(services.tables.wanted, SHOP_FETCHED)
        assert (one.kind, one.id, one.location, one.heard_by) == (
            "order",
            "5512345678901234567",
            "S1",
            "webhook",
        )
        assert one.at is not None
        assert one.at.isoformat() == "2017-12-23T18:00:00+00:00"
        everything = await rows(services)
        assert {name for name, found in everything.items() if found} == {"mappings", "wanted"}
        assert NAMES[1] not in repr(everything["wanted"])

    run(work())


@pytest.mark.parametrize(
    ("topic", "document"),
    [
        ("refunds/create", {"id": 71001, "order_id": 1001, "refund_line_items": [], "created_at": "2017-12-23T18:00:00Z"}),
        ("orders/edited", {"order_edit": {"id": 3, "order_id": 1001, "created_at": "2017-12-23T18:00:00Z"}}),
        ("returns/approve", {"id": 4, "order": {"id": 1001}}),
        ("order_transactions/create", {"id": 5, "order_id": 1001, "created_at": "2017-12-23T18:00:00Z"}),
    ],
)  # fmt: skip
def test_whatever_shopify_tells_of_an_order_makes_the_order_wanted(topic: str, document: object) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, fetched_shop(document, topic)) == "wanted"
        (one,) = await all_wanted(services.tables.wanted, SHOP_FETCHED)
        assert (one.kind, one.id) == ("order", "1001")

    run(work())


def test_square_money_that_has_moved_makes_its_order_wanted() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, square(payment_event())) == "wanted"
        assert sum(services.storage_calls.values()) <= REQUESTS_MAX
        back = {
            "id": "REF-1",
            "order_id": "ORDER-2",
            "location_id": "LOC-1",
            "payment_id": "PAY-1",
            "status": "COMPLETED",
        }
        assert await heard(services, square(event_of("refund.updated", back))) == "wanted"
        moved = {"order_id": "ORDER-3", "location_id": "LOC-1", "state": "COMPLETED"}
        event = event_of("order.updated", moved)
        event["data"]["object"] = {"order_updated": moved}
        assert await heard(services, square(event)) == "wanted"
        found = await all_wanted(services.tables.wanted, SQUARE)
        assert [(one.kind, one.id, one.events) for one in found] == [
            ("order", "ORDER-1", ("E-1",)), ("order", "ORDER-2", ("E-9",)), ("order", "ORDER-3", ("E-9",)),
        ]  # fmt: skip

    run(work())


@pytest.mark.parametrize(
    "call",
    [
        square(payment_event(status="APPROVED")), square(payment_event(status="PENDING")),
        square(event_of("refund.created", {"id": "R", "order_id": "O", "payment_id": "P", "status": "PENDING"})),
        lightspeed(sale(status="SAVED")), lightspeed(sale(status="LAYBY")),
    ],
)  # fmt: skip
def test_what_is_not_settled_is_not_fetched_and_costs_no_request(call: Call) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, call) == "later"
        assert sum(services.storage_calls.values()) == 0

    run(work())


def test_lightspeeds_form_makes_its_sale_or_its_closure_wanted() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, lightspeed(sale())) == "wanted"
        assert dict(services.storage_calls) == {"read": 2, "insert": 1}
        closure = {"id": "CLOSE-1", "register_id": "REG-1", "register_close_time": "2017-12-23 18:00:00"}
        assert await heard(services, lightspeed(closure, "register_closure.create")) == "wanted"
        found = await all_wanted(services.tables.wanted, LIGHTSPEED)
        assert [(one.kind, one.id) for one in found] == [("closure", "CLOSE-1"), ("sale", "SALE-1")]
        assert NAMES[0] not in repr(await rows(services, "wanted"))

    run(work())


@pytest.mark.parametrize(
    "call",
    [fetched_shop(paid()), square(payment_event()), lightspeed(sale())],
    ids=["shopify", "square", "lightspeed"],
)
def test_a_replayed_naming_does_nothing_before_the_fetch_after_it_and_when_that_is_forgotten(
    call: Call,
) -> None:
    async def work() -> None:
        hand = Hand()
        services = await door(hand)
        assert await heard(services, call) == "wanted"
        named = await rows(services, *SETTLED)
        assert await heard(services, call) == "known"
        assert await rows(services, *SETTLED) == named
        (one,) = await all_wanted(services.tables.wanted, call.account)
        assert await fetched(services.tables.wanted, one, hand(), seen=hand())
        after = await rows(services, *SETTLED)
        for hours in (1, 70):
            hand.turn(hours=hours)
            assert await heard(services, call) == "known"
        assert await rows(services, *SETTLED) == after
        (done,) = after["wanted"]
        await services.tables.wanted.delete(done.partition, done.key)
        hand.turn(hours=2)  # older than any vendor repeats a webhook
        services.storage_calls.clear()
        assert await heard(services, call) == "past"
        assert sum(services.storage_calls.values()) == 0

    run(work())


@pytest.mark.parametrize(
    "call",
    [
        fetched_shop({"id": 4, "order": {"id": 1001}}, "returns/approve"),
        lightspeed({"id": "CLOSE-1", "register_id": "REG-1"}, "register_closure.create"),
        square(payment_event(at="")),
    ],
    ids=["shopify", "lightspeed", "square"],
)
def test_a_replayed_naming_that_tells_no_time_is_known_by_its_bytes(call: Call) -> None:
    async def work() -> None:
        hand = Hand()
        services = await door(hand)
        assert await heard(services, call) == "wanted"
        (one,) = await all_wanted(services.tables.wanted, call.account)
        await fetched(services.tables.wanted, one, hand())
        hand.turn(days=100)
        assert await heard(services, call) == "known"

    run(work())


def test_events_that_come_out_of_order_are_fetched_once() -> None:
    async def work() -> None:
        hand = Hand()
        services = await door(hand)
        new = square(payment_event("E-2", "2017-12-23T17:59:00Z"))
        old = square(payment_event("E-1", "2017-12-23T17:58:00Z"))
        assert await heard(services, new) == "wanted"
        (one,) = await all_wanted(services.tables.wanted, SQUARE)
        await fetched(services.tables.wanted, one, hand())
        assert await heard(services, old) == "known"
        assert await all_wanted(services.tables.wanted, SQUARE) == []

    run(work())


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (fetched_shop(paid(location_id="70099")), "store: expected a store of this source account, found 70099"),
        (square(payment_event(location_id="LOC-2")), "store: expected a store of this source account, found LOC-2"),
        (square({**payment_event(), "merchant_id": "M-2"}), "merchant_id: expected the seller of this account, found M-2"),
        (square(payment_event(order_id="")), "order_id: expected the order that the money belongs to, found nothing"),
        (lightspeed(sale(), prefix="south"), "domain_prefix: expected the retailer of this account, found south"),
        (shopify({**REDACT, "shop_domain": "x.test"}), "shop_domain: expected the shop of this account, found x.test"),
    ],
)  # fmt: skip
def test_what_is_anothers_is_before_a_person_and_never_wanted(call: Call, found: str) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, call) == "told"
        assert await reasons(services) == [
            ("cannot_be_read", f"Something arrived that cannot be read: {found}.")
        ]
        assert (await rows(services, "wanted", "transactions")) == {"wanted": [], "transactions": []}

    run(work())


CARD = "4111111111111111"


@pytest.mark.parametrize(
    "call",
    [
        fetched_shop(paid(location_id=CARD)), square(payment_event(location_id=CARD)), lightspeed(sale(), prefix=CARD),
        square({**payment_event(), "merchant_id": CARD}), square(event_of(f"catalog.x{CARD}", {})),
        shopify({**REDACT, "shop_domain": CARD}), shopify({"id": 1}, f"products/x_{CARD}"), shopify({"line_items": CARD}),
    ],
)  # fmt: skip
def test_a_card_number_where_an_id_should_be_is_in_nothing_that_is_told(call: Call) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, call) in ("told", "not used")
        found = await rows(services)
        assert CARD not in repr(
            {name: [(row.partition, row.key, row.values) for row in found[name]] for name in found}
        )

    run(work())


# What cannot be read is authentic all the same


UNREADABLE = [
    shopify(b""), shopify(b"{"), shopify(b"\xff\xfe"), shopify(b"[]"), shopify({"line_items": [], "id": None}),
    shopify(b'{"a":' * 50_000 + b"1" + b"}" * 50_000), shopify(b'{"id": 1' + b"0" * 2000 + b"}"),
    shopify(b" " * (16 * 1024 * 1024) + b"{}"), fetched_shop(b'{"id": 1, "id": 2, "line_items": []}'),
    shopify({**REDACT, "orders_to_redact": "all"}), shopify({**REDACT, "orders_to_redact": [1] * 1001}),
    square(b""), square(b"{}"), square({"type": "payment.updated", "event_id": "E", "merchant_id": "MERCHANT-1"}),
    square(event_of("payment.updated", {"id": ["PAY"]})), square(payment_event(order_id=["x"])),
    signed_form(b""), signed_form(b"payload"), signed_form("payload=ä".encode()), signed_form(b"type=sale.update"),
    signed_form(b"type=sale.update&payload=%7B"), signed_form(lightspeed(sale()).body + b"&type=sale.update"),
    signed_form(b"type=sale.update&payload=" + b"%7B" * 800_000), signed_form(b"&".join([b"a=1"] * 30)),
    lightspeed({"id": "SALE-1"}), lightspeed(sale(status="INVENTED")), lightspeed(sale(id="")),
]  # fmt: skip


@pytest.mark.parametrize("call", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_answered_as_taken_and_put_before_a_person_once(call: Call) -> None:
    async def work() -> None:
        services = await door(Hand())
        began = time.monotonic()
        assert await heard(services, call) == "told"
        assert time.monotonic() - began < 1.0
        assert dict(services.storage_calls) == {"read": 2, "group": 2, "query": 1}
        (told,) = (await rows(services, "causes"))["causes"]
        assert (told.text("Reason"), told.text("Account"), told.number("Bytes")) == (
            "cannot_be_read", call.account, len(call.body),
        )  # fmt: skip
        await end_cause_rows(services.tables.causes, [told], services.now(), "it was nothing")
        before = await rows(services, *SETTLED)
        services.storage_calls.clear()
        await heard(services, call)
        assert dict(services.storage_calls) == {"read": 1}
        assert await rows(services, *SETTLED) == before

    run(work())


def test_what_cannot_be_read_is_told_also_where_the_first_try_broke_off_after_each_step() -> None:
    async def work() -> None:
        broke: list[int] = []
        for steps in range(1, 8):
            left = [10**6]

            async def breaks(*_: object, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] == 0:
                    raise RetryableError("it breaks off here")

            services = await door(Hand(), before_effect=breaks)
            left[0] = steps
            broke.append((await called(services, shopify(b"{"))).status_code)
            left[0] = 10**6
            assert await heard(services, shopify(b"{")) == "told"
            found = await rows(services, "causes", "audit")
            assert len(found["causes"]) == 1
            assert {row.text("Did") for row in found["audit"]} - {""} == {"sent what cannot be read"}
        assert (broke[0], broke[-1], set(broke)) == (503, 200, {503, 200})

    run(work())


@pytest.mark.parametrize(
    ("call", "topic"),
    [
        (shopify({"id": 1, "title": "A product"}, "products/update"), "products/update"),
        (shopify({"id": 1}, "<script>"), "without a name"),
        (square(event_of("inventory.count.updated", {})), "inventory.count.updated"),
        (lightspeed({"id": "P"}, "product.update"), "product.update"),
    ],
)  # fmt: skip
def test_what_nobody_has_use_for_is_told_once_for_each_sort(call: Call, topic: str) -> None:
    async def work() -> None:
        services = await door(Hand())
        for _ in range(3):
            assert await heard(services, call) == "not used"
        ((reason, words),) = await reasons(services)
        assert reason == "webhook_not_used"
        assert words == f"“{call.account}” sends messages about “{topic}”, which nobody here has use for."
        assert dict(services.storage_calls) == {"read": 3, "group": 1, "query": 1}

    run(work())


def test_a_storage_that_does_not_answer_has_the_vendor_send_again() -> None:
    async def work() -> None:
        async def silent(*_: object) -> None:
            raise RetryableError("the storage does not answer")

        for call in (
            shopify(paid()),
            fetched_shop(paid()),
            square(payment_event()),
            lightspeed(sale()),
            shopify(b"{"),
        ):
            services = await door(Hand(), before_effect=None)
            for name in ("due", "wanted", "causes"):
                table: Any = getattr(services.tables, name)
                table.read = table.insert = table.upsert = table.write_group = silent
            answer = await called(services, call)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            again = await door(Hand())
            assert await heard(again, call) in ("kept", "wanted", "told")

    run(work())


# What somebody asks about their data


@pytest.mark.parametrize(
    ("document", "topic", "value", "orders"),
    [
        (REDACT, "customers/redact", "shop-east customers/redact 191167", ["O280263", "O299938", "O5512345678901234567"]),
        (GIVE, "customers/data_request", "shop-east customers/data_request 191167 9999", ["O299938"]),
        ({"shop_id": 954889, "shop_domain": "east.myshopify.com"}, "shop/redact", "shop-east shop/redact 954889 954889", [""]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("header", ["", "orders/paid"])
def test_a_wish_about_personal_data_is_a_task_without_the_person_whatever_the_header_says(
    document: object, topic: str, value: str, orders: list[str], header: str
) -> None:
    async def work() -> None:
        services = await door(Hand())
        call = shopify(document, header or topic)
        assert await heard(services, call) == "asked"
        found = (await rows(services, "causes"))["causes"]
        assert sorted(row.text("TransactionId") for row in found) == orders
        assert {
            (row.text("Reason"), row.text("Owner"), row.text("Value"), row.text("State")) for row in found
        } == {("personal_data_asked", "it", value, OPEN)}
        everything = json.dumps([dict(row.values) for row in found], default=str)
        assert not [one for one in NAMES if one in everything]
        await end_cause_rows(services.tables.causes, found, services.now(), "done")
        before = await rows(services, *SETTLED)
        assert await heard(services, call) == "asked"
        assert await rows(services, *SETTLED) == before

    run(work())


def test_a_receipt_under_the_header_of_a_wish_stays_a_receipt() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, shopify(paid(), "customers/redact")) == "kept"
        assert (await rows(services, "causes"))["causes"] == []

    run(work())
