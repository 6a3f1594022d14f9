"""The three vendors' APIs, made up and stricter than they are, behind httpx's transport: what is not asked properly is refused.

Each checks scheme, host, token, method, path, query and body, and answers in pages of its own, in whatever order it likes. Faults
are answers or errors that come instead of the next ones.
"""

from __future__ import annotations

import json
import random
import re
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from shared.services import Services
from shared.settings_vendors import FETCH, LIGHTSPEED, SHOPIFY, SQUARE, VendorAccount
from shared.vendors.clients import client_of
from tests.unit.flow_services import Hand, flow_services

ACCOUNT, TOKEN, OLD_TOKEN = "east", "a-token-of-the-east-1", "a-token-of-the-east-0"
HOSTS = {
    SHOPIFY: "east.myshopify.com",
    SQUARE: "connect.squareup.com",
    LIGHTSPEED: "east.retail.lightspeed.app",
}
VERSIONS = {SHOPIFY: "2026-04", SQUARE: "2025-08-20", LIGHTSPEED: "2.0"}
Fault = Callable[[httpx.Request], httpx.Response]


class AskedWronglyError(Exception):
    """What was asked is not as the vendor wants it."""


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account_at(vendor: str, **changes: Any) -> VendorAccount:
    one = VendorAccount(
        ACCOUNT, vendor, ("a secret of the east, signed",), frozenset({"*"}), HOSTS[vendor], (TOKEN,),
        api_version=VERSIONS[vendor], mode=FETCH,
    )  # fmt: skip
    return replace(one, **changes)


class FakeVendor(ABC):
    """What all three have: a host, a token, faults, and what they hold. hidden: what lists do not show yet."""

    vendor = ""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.tokens = {TOKEN}
        self.faults: deque[Fault] = deque()
        self.requests: list[httpx.Request] = []
        self.calls: Counter[str] = Counter()
        self.hidden: set[str] = set()
        self.page_size = 10_000
        self.chance = random.Random(7)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.popleft()(request)
        if (
            request.url.scheme != "https"
            or request.url.host != HOSTS[self.vendor]
            or request.url.port not in (None, 443)
        ):
            raise AssertionError(f"called at {request.url}")
        if self.token_of(request) not in self.tokens:
            return httpx.Response(401, json={"errors": f"bad token {self.token_of(request)}"})
        try:
            return httpx.Response(200, json=self.answer(request))
        except AskedWronglyError as error:
            return httpx.Response(400, json={"errors": str(error)})
        except KeyError as error:
            return httpx.Response(404, json={"errors": f"not found: {error}"})

    def token_of(self, request: httpx.Request) -> str:
        return str(request.headers.get("authorization", "")).removeprefix("Bearer ")

    @abstractmethod
    def answer(self, request: httpx.Request) -> Any:
        """Answer a request that came to the right host with a right token."""

    @abstractmethod
    def sell(self, number: int, cents: int, at: datetime) -> str:
        """Sell something for so much at a till; give the id by which the vendor names it."""

    @abstractmethod
    def webhook(self, name: str, event: str) -> bytes:
        """What the vendor tells of it: enough to know what to fetch, with what it should not tell."""

    def shuffled(self, found: Iterable[Any]) -> list[Any]:
        some = list(found)
        self.chance.shuffle(some)
        return some


def answers(status: int, **headers: str) -> Fault:
    return lambda _: httpx.Response(status, headers=headers, json={"errors": "not now"})


def breaks(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)


async def vendor_services(hand: Hand, fake: FakeVendor, **changes: Any) -> Services:
    """Services over memory with one account at a vendor that is made up."""
    before_effect = changes.pop("before_effect", None)
    services = await flow_services(hand, before_effect=before_effect)
    account = account_at(fake.vendor, **changes)
    services.settings = replace(services.settings, vendors={ACCOUNT: account})
    http = httpx.AsyncClient(transport=httpx.MockTransport(fake), follow_redirects=False, trust_env=False)
    services.vendors = {ACCOUNT: client_of(account, http, hand)}
    return services


def money(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD"}


class FakeSquare(FakeVendor):
    """Square: orders, payments, refunds, drawers. Eventually consistent lists, cursors that hold their question."""

    vendor = SQUARE

    def __init__(self, hand: Hand) -> None:
        super().__init__(hand)
        self.orders: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.shifts: dict[str, dict[str, Any]] = {}
        self.locations = ["S1", "S2"]
        self.rights = {"cash-drawers"}

    def sell(self, number: int, cents: int, at: datetime) -> str:
        order, paid = f"ORDER/{number}", f"PAY-{number}"
        self.orders[order] = {
            "id": order, "location_id": "S1", "state": "COMPLETED", "created_at": stamp(at), "updated_at": stamp(at),
            "closed_at": stamp(at), "total_money": money(cents), "total_tax_money": money(0),
            "total_discount_money": money(0), "total_tip_money": money(0), "total_service_charge_money": money(0),
            "tenders": [{"id": paid, "payment_id": paid, "type": "CASH"}],
            "line_items": [
                {
                    "uid": "A", "quantity": "1", "name": "Article", "catalog_object_id": "1001", "item_type": "ITEM",
                    "base_price_money": money(cents), "gross_sales_money": money(cents), "total_money": money(cents),
                    "total_tax_money": money(0), "total_discount_money": money(0),
                }
            ],
        }  # fmt: skip
        self.payments[paid] = {
            "id": paid, "order_id": order, "location_id": "S1", "created_at": stamp(at), "updated_at": stamp(at),
            "status": "COMPLETED", "source_type": "CASH", "amount_money": money(cents), "total_money": money(cents),
            "cash_details": {"buyer_supplied_money": money(cents), "change_back_money": money(0)},
            "device_details": {"device_id": "1", "device_name": "1"},
        }  # fmt: skip
        return order

    def webhook(self, name: str, event: str) -> bytes:
        paid = next(one for one in self.payments.values() if one["order_id"] == name)
        told = {
            "merchant_id": "M",
            "type": "payment.updated",
            "event_id": event,
            "created_at": paid["updated_at"],
        }
        return json.dumps(
            {**told, "data": {"type": "payment", "id": paid["id"], "object": {"payment": paid}}}
        ).encode()

    def answer(self, request: httpx.Request) -> Any:
        if request.headers.get("square-version") != VERSIONS[SQUARE]:
            raise AskedWronglyError("Square-Version")
        path, query = request.url.raw_path.decode().partition("?")[0], dict(request.url.params)
        self.calls[re.sub(r"/[A-Z0-9%-]{4,}", "/:id", path)] += 1
        if request.method == "POST":
            return self._search(path, json.loads(request.content))
        if query.keys() - {
            "location_id", "updated_at_begin_time", "begin_time", "end_time", "sort_field", "sort_order", "limit", "cursor",
        }:  # fmt: skip
            raise AskedWronglyError(f"no such query: {query}")
        if path == "/v2/locations":
            return {"locations": [{"id": one} for one in self.locations]}
        if path in ("/v2/payments", "/v2/refunds"):
            return self._money(path.rpartition("/")[2], query)
        if path.startswith("/v2/cash-drawers/shifts"):
            return self._drawers(path, query)
        kind, _, name = path.removeprefix("/v2/").partition("/")
        if "/" in name:
            raise AskedWronglyError("an id that is not escaped")
        held = {"orders": self.orders, "payments": self.payments, "refunds": self.refunds}[kind]
        return {kind[:-1]: held[name.replace("%2F", "/")]}

    def _search(self, path: str, body: dict[str, Any]) -> Any:
        if (
            path != "/v2/orders/search"
            or not 1 <= len(body["location_ids"]) <= 10
            or not 1 <= body["limit"] <= 1000
        ):
            raise AskedWronglyError("search")
        if body["query"]["sort"] != {"sort_field": "UPDATED_AT", "sort_order": "ASC"}:
            raise AskedWronglyError("the sort must be by what is filtered")
        since = body["query"]["filter"]["date_time_filter"]["updated_at"]["start_at"]
        question = json.dumps([body["location_ids"], body["query"], body["limit"]], sort_keys=True)
        found = [
            one
            for one in self.orders.values()
            if one["location_id"] in body["location_ids"]
            and self._is_listed(one["id"], one["updated_at"], since)
        ]
        return self._paged("orders", found, body.get("cursor"), question, body["limit"])

    def _money(self, kind: str, query: dict[str, str]) -> Any:
        if int(query["limit"]) > 100 or query["location_id"] not in self.locations:
            raise AskedWronglyError("limit or location")
        held = self.payments if kind == "payments" else self.refunds
        since = query.get("updated_at_begin_time", "")
        found = [
            one
            for one in held.values()
            if one["location_id"] == query["location_id"]
            and self._is_listed(one["id"], one["updated_at"], since)
            and query.get("begin_time", "") <= one["created_at"] <= query.get("end_time", "9")
        ]
        question = json.dumps([kind, {**query, "cursor": ""}], sort_keys=True)
        return self._paged(kind, found, query.get("cursor"), question, int(query["limit"]))

    def _drawers(self, path: str, query: dict[str, str]) -> Any:
        if "cash-drawers" not in self.rights:
            raise KeyError("no right")
        parts = path.removeprefix("/v2/cash-drawers/shifts").strip("/").split("/")
        if parts == [""]:
            found = [
                one["shift"]
                for one in self.shifts.values()
                if one["shift"]["opened_at"] >= query["begin_time"]
            ]
            question = json.dumps({**query, "cursor": ""})
            return self._paged(
                "cash_drawer_shifts", found, query.get("cursor"), question, int(query["limit"])
            )
        shift = self.shifts[parts[0]]
        if parts[1:] == ["events"]:
            question = json.dumps([path, query.get("location_id")])
            return self._paged(
                "cash_drawer_shift_events",
                shift["events"],
                query.get("cursor"),
                question,
                int(query["limit"]),
            )
        return {"cash_drawer_shift": shift["shift"]}

    def _is_listed(self, name: str, changed: str, since: str) -> bool:
        return name not in self.hidden and changed >= since[:19]

    def _paged(self, name: str, found: list[Any], cursor: str | None, question: str, limit: int) -> Any:
        found.sort(key=lambda one: (one.get("updated_at", one.get("opened_at", "")), one["id"]))
        start, asked = json.loads(cursor) if cursor else (0, question)
        if asked != question:
            raise AskedWronglyError("the cursor is of another question")
        end = start + min(limit, self.page_size)
        page = {name: self.shuffled(found[start:end])}
        return {**page, "cursor": json.dumps([end, question])} if end < len(found) else page


class FakeLightspeed(FakeVendor):
    """Lightspeed: versions that only grow."""

    vendor = LIGHTSPEED

    def __init__(self, hand: Hand) -> None:
        super().__init__(hand)
        self.sales: dict[str, dict[str, Any]] = {}
        self.version = 3_000_000_000
        self.registers = {"1": {"id": "1", "outlet_id": "S1", "name": "Front", "version": 5}}

    def next_version(self) -> int:
        self.version += self.chance.randint(1, 40)
        return self.version

    def sell(self, number: int, cents: int, at: datetime) -> str:
        amount = cents / 100
        self.sales[f"SALE-{number}"] = {
            "id": f"SALE-{number}", "register_id": "1", "user_id": "U", "sale_date": stamp(at), "updated_at": stamp(at),
            "status": "CLOSED", "invoice_number": f"MR-{number}", "total_price": amount, "total_tax": 0,
            "version": self.next_version(),
            "register_sale_products": [
                {
                    "id": "L", "product_id": "1001", "name": "Article", "quantity": 1, "price": amount, "discount": 0,
                    "tax": 0, "tax_id": "NONE", "status": "CONFIRMED",
                }
            ],
            "register_sale_payments": [
                {
                    "id": "P", "payment_type_id": "1", "retailer_payment_type_id": "T", "name": "CASH",
                    "payment_date": stamp(at), "amount": amount,
                }
            ],
        }  # fmt: skip
        return f"SALE-{number}"

    def webhook(self, name: str, event: str) -> bytes:
        payload = json.dumps({**self.sales[name], "customer": {"email": "x@example.org"}})
        return urlencode({"payload": payload, "domain_prefix": ACCOUNT, "type": "sale.update"}).encode()

    def answer(self, request: httpx.Request) -> Any:
        path, query = request.url.path, dict(request.url.params)
        if request.method != "GET" or not path.startswith("/api/2.0/"):
            raise AskedWronglyError("method or path")
        kind, _, name = path.removeprefix("/api/2.0/").partition("/")
        self.calls[kind] += 1
        if kind == "search":
            return self._search(query)
        if kind in ("sales", "registers") and not name:
            return self._listed(self.sales if kind == "sales" else self.registers, query)
        held: dict[str, dict[str, Any]] = {
            "sales": self.sales,
            "registers": self.registers,
            "outlets": {"S1": {"id": "S1", "currency": "USD", "name": "Shop", "email": "x@example.org"}},
        }.get(kind, {"": {"id": "R", "currency": "USD"}})
        return {"data": held[name]}

    def _search(self, query: dict[str, str]) -> Any:
        since = query.get("date_from", "")
        found = sorted(
            (one for one in self.sales.values() if one["sale_date"] >= since),
            key=lambda one: str(one["sale_date"]),
        )
        found = found if query["order_direction"] == "asc" else found[::-1]
        return {"data": found[: int(query["page_size"])]}

    def _listed(self, held: dict[str, dict[str, Any]], query: dict[str, str]) -> Any:
        size = min(int(query["page_size"]), 200, self.page_size)
        found = [
            one
            for one in held.values()
            if one["version"] > int(query["after"]) and one["id"] not in self.hidden
        ]
        page = sorted(found, key=lambda one: int(one["version"]))[:size]
        return {"data": self.shuffled(page), "version": {"min": 0, "max": 0}}


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def shop_money(cents: int) -> dict[str, Any]:
    return {"shopMoney": {"amount": f"{cents / 100:.2f}", "currencyCode": "USD"}}


class FakeShopify(FakeVendor):
    """Shopify's GraphQL, by the names of the questions; a question that may cost over 1,000 is refused, as Shopify does."""

    vendor = SHOPIFY

    def __init__(self, hand: Hand) -> None:
        super().__init__(hand)
        self.orders: dict[str, dict[str, Any]] = {}
        self.rest: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.denied: set[str] = set()
        self.deleted: set[str] = set()

    def token_of(self, request: httpx.Request) -> str:
        return str(request.headers.get("x-shopify-access-token", ""))

    def sell(self, number: int, cents: int, at: datetime) -> str:
        nothing = shop_money(0)
        self.orders[str(number)] = {
            "id": gid("Order", number), "number": number, "processedAt": stamp(at), "createdAt": stamp(at),
            "updatedAt": stamp(at), "cancelledAt": None, "test": False, "taxesIncluded": False, "currencyCode": "USD",
            "displayFinancialStatus": "PAID", "sourceName": "pos", "retailLocation": {"id": gid("Location", "S1")},
            "staffMember": None, "originalTotalPriceSet": shop_money(cents), "totalPriceSet": shop_money(cents),
            "totalTaxSet": nothing, "totalRefundedSet": nothing,
            "transactions": [
                {
                    "id": gid("OrderTransaction", 9000 + number), "kind": "SALE", "status": "SUCCESS", "gateway": "cash",
                    "test": False, "processedAt": stamp(at), "createdAt": stamp(at), "parentTransaction": None,
                    "location": {"id": gid("Location", "S1")}, "device": {"id": gid("PointOfSaleDevice", 1)},
                    "amountSet": shop_money(cents), "amountRoundingSet": nothing, "paymentDetails": None, "receiptJson": "{}",
                }
            ],
            "refunds": [],
            "agreements": [self.agreement(number, cents, at)],
        }  # fmt: skip
        return str(number)

    def webhook(self, name: str, event: str) -> bytes:
        order = self.orders[name]
        told = {
            "id": int(name),
            "admin_graphql_api_id": order["id"],
            "updated_at": order["updatedAt"],
            "line_items": [],
        }
        return json.dumps({**told, "email": "x@example.org"}).encode()

    def agreement(self, number: int, cents: int, at: datetime, sales: int = 1) -> dict[str, Any]:
        nothing = shop_money(0)
        return {
            "__typename": "OrderAgreement", "id": gid("SalesAgreement", number), "reason": "ORDER", "happenedAt": stamp(at),
            "user": None,
            "sales": [
                {
                    "__typename": "ProductSale", "id": gid("Sale", f"{number}{one}"), "actionType": "ORDER",
                    "lineType": "PRODUCT", "quantity": 1, "totalAmount": shop_money(cents), "totalTaxAmount": nothing,
                    "totalDiscountAmountBeforeTaxes": nothing, "totalDiscountAmountAfterTaxes": nothing, "taxes": [],
                    "lineItem": {
                        "id": gid("LineItem", f"{number}{one}"), "sku": "1001", "title": "Article", "variantTitle": None,
                        "variant": None, "product": None,
                    },
                }
                for one in range(sales)
            ],
        }  # fmt: skip

    def answer(self, request: httpx.Request) -> Any:
        path = request.url.path
        if request.method == "GET":
            number = path.removeprefix("/admin/api/2026-04/orders/").removesuffix(".json")
            return {"order": self.rest[number]}
        if path != "/admin/api/2026-04/graphql.json" or request.headers["content-type"] != "application/json":
            raise AskedWronglyError("path or content type")
        body = json.loads(request.content)
        cost = cost_of(body["query"], body["variables"])
        if cost > 1000:
            return {
                "errors": [{"message": "too much", "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost}}]
            }
        name = re.match(r"\s*query (\w+)\(", body["query"])
        asked = name.group(1) if name else ""
        self.calls[asked] += 1
        if asked in self.denied:
            return {"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}], "data": None}
        return {"data": getattr(self, f"_{asked.lower()}")(body["variables"])}

    def _changed(self, variables: dict[str, Any]) -> Any:
        since = self._since("updated_at", variables["query"])
        found = [
            {name: one[name] for name in one if name not in ("agreements", "transactions", "refunds")}
            for number, one in self.orders.items()
            if one["updatedAt"] >= since and number not in self.hidden
        ]
        found.sort(key=lambda one: (one["updatedAt"], one["id"]))
        return {"orders": self._paged(found, variables["after"], 100)}

    def _sessions(self, variables: dict[str, Any]) -> Any:
        since = self._since("opening_time", variables["query"])
        found = [one for one in self.sessions.values() if one["openingTime"] >= since]
        return {"pointOfSaleDevicePaymentSessions": self._paged(found, variables["after"], 100)}

    def _tendered(self, variables: dict[str, Any]) -> Any:
        """The money that moved: of every order its payments, by the time at which they did; no order of tenders is promised."""
        since = self._since("processed_at", variables["query"])
        shown = ("id", "sourceName", "displayFinancialStatus", "retailLocation")
        found = [
            {
                "id": str(one["id"]).replace("OrderTransaction", "TenderTransaction"), "processedAt": one["processedAt"],
                "order": None if number in self.deleted else {name: order[name] for name in shown},
            }
            for number, order in self.orders.items()
            for one in order["transactions"]
            if one["processedAt"] >= since and number not in self.hidden
        ]  # fmt: skip
        found.sort(key=lambda one: (one["processedAt"], one["id"]))
        return {"tenderTransactions": self._paged(found, variables["after"], 100)}

    def _cashsessions(self, variables: dict[str, Any]) -> Any:
        number = re.fullmatch(r"id:(\w+)", variables["query"])
        one = self.sessions.get(number.group(1)) if number else None
        return {
            "pointOfSaleDevicePaymentSessions": {
                "nodes": [one] if one else [],
                "pageInfo": {"hasNextPage": False},
            }
        }

    def _agreements(self, variables: dict[str, Any]) -> Any:
        order = self._order(variables)
        if order is None:
            return {"order": None}
        page = self._paged(order["agreements"], variables["after"], variables["agreements"], shuffle=False)
        nodes = [
            {
                **one,
                "sales": self._paged(
                    one["sales"], variables["salesAfter"], variables["sales"], shuffle=False
                ),
            }
            for one in page["nodes"]
        ]
        head = {
            name: one for name, one in order.items() if name not in ("agreements", "transactions", "refunds")
        }
        return {"order": {**head, "agreements": {**page, "nodes": nodes}}}

    def _money(self, variables: dict[str, Any]) -> Any:
        order = self._order(variables)
        if order is None:
            return {"order": None}
        return {
            "order": {
                "id": order["id"],
                "updatedAt": order["updatedAt"],
                "transactions": order["transactions"][: variables["payments"]],
                "refunds": order["refunds"][: variables["refunds"]],
            }
        }

    def _order(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        return self.orders.get(str(variables["id"]).removeprefix("gid://shopify/Order/"))

    def _since(self, name: str, query: str) -> str:
        found = re.fullmatch(rf"{name}:>='(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ)'", query)
        if found is None:
            raise AskedWronglyError(f"no search: {query}")
        return found.group(1)

    def _paged(self, found: list[Any], after: str | None, size: int, *, shuffle: bool = True) -> Any:
        start = int(after or 0)
        end = start + min(size, self.page_size)
        nodes = found[start:end]
        info = {"hasNextPage": end < len(found), "endCursor": str(end)}
        return {"nodes": self.shuffled(nodes) if shuffle else nodes, "pageInfo": info}


def cost_of(query: str, variables: dict[str, Any]) -> int:
    """Count the objects that a question could bring at most: each object once, as often as what it stands in."""
    tokens = re.findall(r"\.\.\.|[{}()]|[\w$]+|:|\S", query.partition("{")[2])
    at = 0

    def selection() -> int:
        nonlocal at
        total, first = 0, 1
        while at < len(tokens) and tokens[at] != "}":
            token = tokens[at]
            at += 1
            if token == "(":
                end = tokens.index(")", at)
                inside = tokens[at:end]
                named = inside[inside.index("first") + 2 :] if "first" in inside else ["1"]
                value = "".join(named[:2]) if named[0] == "$" else named[0]
                first = int(variables[value[1:]]) if value.startswith("$") else int(value)
                at = end + 1
            elif token == "{":
                total += first * (1 + selection())
                first = 1
                at += 1
        return total

    return selection()
