"""Two thousand card numbers planted wherever a till or a person may leave one: none is in what is kept, told or logged."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from shared.errors import RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.keep_causes import keep_causes
from shared.flows.keep_given_up import keep_given_up
from shared.flows.map_transactions import map_transactions
from shared.gate import PERSON
from shared.pos.masking import CARD_REMOVED
from shared.pos.registry import ADAPTERS
from shared.storage.due import MAP, list_due
from shared.web.route import JSON, Route
from shared.web.routes import ROUTES
from tests.contract.app_in_memory import App, open_app
from tests.unit import lightspeed_documents, shopify_documents, square_documents
from tests.unit.card_corpus import Search, card_numbers, written
from tests.unit.documents import call_of, sale_document, shift_document
from tests.unit.flow_services import SENDER, run
from tests.unit.test_pos_masking_corpus import FIXTURES

DAY = "2017-12-23"
KNOWN = {
    "store": "S1", "business_day": DAY, "account": "east", "transaction_id": "T400", "terminal": "1", "shift": "4",
    "legal_entity": "usrt", "period": "2017-12", "kind": "tenders", "cadence": "daily", "number": "1", "version": "1",
    "receipt_number": "S1-1-0001", "area": "S1",
}  # fmt: skip


class Plants:
    """Hands out card numbers one after another, each written in the next format, and keeps those that were planted."""

    def __init__(self) -> None:
        self._numbers = iter(card_numbers(11, 9_000))
        self.planted: list[str] = []

    def number(self) -> str:
        self.planted.append(next(self._numbers))
        return self.planted[-1]

    def text(self) -> str:
        return written(self.number(), len(self.planted))


def receipt(plants: Plants, number: int) -> dict[str, Any]:
    """A sale with a card number in each place where words or codes may stand, its ids excepted."""
    document = sale_document(number)
    line, tender = document["lines"][0], document["tenders"][0]
    line |= {"description": f"soup {plants.text()}", "return_reason": plants.text(), "gift_card": plants.number(),
             "discounts": [{"amount": "0", "reason": plants.text(), "code": plants.number()}]}  # fmt: skip
    tender |= {"card": {"brand": "VISA", "reference": plants.number()}, "gift_card": plants.number()}
    extra = {
        "note": plants.text(),
        "deep": [{"a": int(plants.number()), "pan": plants.number(), "cvv": "123"}, plants.text(), [plants.text()]],
        plants.text(): "a key",
        "track2": f";{plants.number()}=29121010000012345678?",
        "text": json.dumps({"card": plants.text()}),
    }  # fmt: skip
    return {**document, "operator": plants.number(), "extra": extra}


async def tills_send(app: App, plants: Plants) -> list[str]:
    """Send readable, held and unreadable documents of every adapter; give the answers."""
    answers: list[str] = []

    async def send(path: str, body: bytes) -> None:
        answers.append((await app.send(path, body)).get_body().decode())

    for first in range(1, 141, 20):
        await send("/api/transactions", call_of(*(receipt(plants, one) for one in range(first, first + 20))))
    accepted = "".join(answers).count('"accepted"')
    assert accepted == 140, answers[0][:2000]
    paid_out = {"tender": "CASH", "amount": "5", "note": plants.text(), "reason_code": plants.number()}
    other = sale_document(200, kind="PAY_OUT", lines=[], tenders=[], cash_movement=paid_out)
    wrong = [other, shift_document(201, "SHIFT_OPEN", "4", "2017-12-23T08:00:00-05:00")]
    changes: list[dict[str, Any]] = [
        {"currency": plants.text()}, {plants.text(): 1}, {"completed_at": plants.text()}, {"kind": plants.text()},
        {"lines": [{"quantity": plants.text()}]}, {"tenders": plants.text()},
    ]  # fmt: skip
    wrong += [{**receipt(plants, 300 + at), **change} for at, change in enumerate(changes)]
    unpaid = receipt(plants, 400)
    unpaid["tenders"][0] |= {"code": plants.number(), "amount": "25.00"}
    await send("/api/transactions", call_of(*wrong, unpaid))
    cut_off = f'{{"transactions": [{{"{plants.number()}": "'
    for document in (f"{plants.text()} no json", f'{{"{plants.number()}": 1}}', cut_off):
        await send("/api/transactions", document.encode())
    poslog = (FIXTURES / "poslog" / "return__negative_quantity.xml").read_text("utf-8")
    for at in range(12):
        note = escape(plants.text(), {"\r": "&#13;"})
        plant = f'<Note Text="{plants.number()}">{note}<!-- {plants.number()} --></Note><N{plants.number()}/>'
        text = poslog.replace("</RetailTransaction>", f"{plant}</RetailTransaction>").replace(
            "-55<", f"-{at}<"
        )
        await send("/api/pos/poslog", text.encode())
    await send("/api/pos/poslog", f"<POSLog>{plants.number()}".encode())
    for body in csv_files(plants):
        await send("/api/pos/csv", body)
    assert answers[-4].count('"accepted"') == 20, answers[-4][:2000]
    for vendor, documents in vendor_documents(plants).items():
        for one in documents:
            try:
                body = one if isinstance(one, bytes) else json.dumps(one).encode()
                found = await ingest_transactions(app.services, SENDER, ADAPTERS[vendor], body)
                answers.append(repr(found))
            except RejectedError as error:
                answers.append(f"{error} {error.field} {error.expected} {error.found}")
    return answers


def csv_files(plants: Plants) -> list[bytes]:
    """Give twenty receipts of rows that are right, three files of rows that are wrong: an amount, a heading, an open quote."""
    receipt = "transaction_id,store,terminal,completed_at,currency,operator"
    line = "item,quantity,gross,net,description,return_reason,gift_card,discount.amount,discount.code,discount.reason"
    tender = "type,code,amount,card.reference,gift_card"
    columns = [
        *receipt.split(","), *(f"line.{one}" for one in line.split(",")), *(f"tender.{one}" for one in tender.split(",")),
        "extra.note", "extra.pan",
    ]  # fmt: skip

    def row(number: int, amount: str = "2.00") -> list[str]:
        return [
            f"C{number}", "S1", "1", "2017-12-23T12:00:00-05:00", "USD", plants.number(), "A", "1", "2.00", "2.00", plants.text(),
            plants.text(), plants.number(), "0", plants.number(), plants.text(), "CASH", "CASH",
            amount, plants.number(), plants.number(), plants.text(), plants.number(),
        ]  # fmt: skip

    def file(heading: list[str], rows: list[list[str]]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out).writerows([heading, *rows])
        return out.getvalue().encode()

    return [
        file(columns, [row(number) for number in range(1, 21)]),
        file(columns, [row(number, plants.text()) for number in range(21, 31)]),
        file([*columns, f"extra.{plants.number()}"], [[*row(31), plants.number()]]),
        file(columns, [row(32)]) + f'"{plants.number()}'.encode(),
    ]


def vendor_documents(plants: Plants) -> Mapping[str, list[Any]]:
    """Give documents of vendors as their adapters take them, numbers planted beside and within what is read."""
    found: dict[str, list[Any]] = {"shopify": [], "square": [], "lightspeed": []}
    for at in range(10):
        order = shopify_documents.fixture("order__paid_in_cash")
        order |= {
            "id": order["id"] + at,
            "note": plants.text(),
            "tags": plants.text(),
            "remark": plants.text(),
        }
        order.pop("admin_graphql_api_id", None)
        order["line_items"][0] |= {"title": plants.text(), "vendor": plants.text(), "name": plants.text()}
        sold = square_documents.bought(
            square_documents.order([square_documents.line("A", 500, 500, name=plants.text())], 500, id=f"O{at}",
                                   location_id="S1", reference_id=plants.text(), note=plants.text(), remark=plants.text()),
            square_documents.payment(500, order_id=f"O{at}", remark=plants.number(), note=plants.text()),
        )  # fmt: skip
        sale = lightspeed_documents.fixture("sale__five_digits")
        inner = sale.get("sale", sale)
        inner |= {
            "id": f"L{at}",
            "note": plants.text(),
            "remark": plants.text(),
            "short_code": plants.number(),
        }
        found["shopify"] += [order, {plants.number(): 1}]
        found["square"] += [sold, {plants.number(): 1}]
        found["lightspeed"] += [
            sale,
            lightspeed_documents.form(inner, remark=plants.number()),
            {plants.number(): 1},
        ]
    return found


async def the_app_works(app: App, plants: Plants) -> None:
    """Let doorbells and timers do their work, and let messages that are nobody's end as poison."""
    services = app.services
    for key in [one.key for one in await list_due(services.tables.due, MAP)]:
        await map_transactions(services, key)
    app.hand.turn(hours=30)
    await compile_statements(services)
    await keep_causes(services)
    for queue in ("mapping-due", "posting-due"):
        for text in (plants.text(), json.dumps({"due": plants.number()}), json.dumps({plants.text(): 1})):
            await keep_given_up(services, queue, text)


def _value_of(schema: Mapping[str, Any], plants: Plants) -> Any:
    text = f"the holder of {plants.text()} called"
    kind = schema.get("type")
    if kind == "string":
        return schema.get("enum", [text])[0] if schema.get("format") is None else text
    if kind == "object":
        return {text: text}
    return [int(plants.number())] if kind == "array" else True


def bodies_of(route: Route, plants: Plants) -> Iterator[bytes]:
    """Give bodies of a route: a number in every text that it takes, in what it does not know, and in its stead."""
    for _ in range(2):
        fields = {**route.takes, **route.may}
        whole = {name: _value_of(schema, plants) for name, schema in fields.items()}
        yield json.dumps({**whole, plants.text(): plants.text()}).encode()
        for name in fields:
            yield json.dumps({**whole, name: plants.text()}).encode()
    yield plants.text().encode()


class Desk:
    """Calls routes as a person and remembers what was answered."""

    def __init__(self, app: App, plants: Plants) -> None:
        self.app, self.plants = app, plants
        self.answers: list[str] = []

    async def ask(self, *told: Any, **more: Any) -> None:
        response = await self.app.ask(*told, **more)
        self.answers.append(f"{dict(response.headers)} {response.get_body().decode()}")

    async def every_route(self) -> None:
        """Call every route that people may call, with numbers in its bodies, the parts of its path and its query."""
        causes = json.loads((await self.app.ask("GET", "/api/causes")).get_body())["causes"]
        known = {**KNOWN, "fingerprint": quote(causes[0]["fingerprint"])}
        for one in (route for route in ROUTES if PERSON in route.security.ways):
            names = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
            if one.path == "/stores/{store}/readiness":
                names = []  # answers whether there is a store of that name, with the name: a number by type
            others = ({**known, name: quote(self.plants.text(), safe="")} for name in names)
            for parts in (known, *others):
                await self._route(one, f"/api{one.path.format(**parts)}")

    async def _route(self, one: Route, path: str) -> None:
        if one.body == JSON:
            for body in bodies_of(one, self.plants):
                await self.ask(one.method.upper(), path, body)
        elif one.method == "get":
            for way in (
                {},
                dict.fromkeys(one.query, self.plants.text()),
                {"format": "csv"},
                {"format": "html"},
            ):
                await self.ask("GET", path, query=way)

    async def mappings(self) -> None:
        """Import mappings with numbers as codes, as words beside them, and as why they are imported."""
        plants, heading = self.plants, "store,tender,payment_method"
        for cells in (f"*,{plants.number()},1", f"*,CARD,{plants.number()}", f'*,"{plants.text()}",1'):
            body = f"{heading}\n{cells}\n".encode()
            await self.ask("PUT", "/api/mappings/tenders", body, {"X-Reason": plants.text()})
        for at in range(20):
            body = f"{heading}\n*,KIND{at}{len(plants.planted)},1\n".encode()
            await self.ask("PUT", "/api/mappings/tenders", body, {"X-Reason": f"said {plants.text()}"})
        note = f"store,day,opens,closes,silent_minutes,note\nS1,{DAY},,,,{plants.number()}\n".encode()
        await self.ask("PUT", "/api/mappings/calendars", note, {"X-Reason": "a note"})
        await self.ask("PUT", f"/api/mappings/{plants.number()}", b"x\n", {"X-Reason": "none"})

    async def headers(self) -> None:
        """Put a number into each header that the door reads."""
        for name in (
            "X-Tillpost-Account",
            "X-Tillpost-Timestamp",
            "X-Tillpost-Signature",
            "Content-Encoding",
        ):
            response = await self.app.send("/api/transactions", b"{}", **{name: self.plants.number()})
            self.answers.append(response.get_body().decode())
        for scheme in ("", "Bearer "):
            await self.ask("GET", "/api/causes", headers={"Authorization": f"{scheme}{self.plants.number()}"})


async def people_speak(app: App, plants: Plants) -> list[str]:
    """Call everything as a person; give the answers."""
    desk = Desk(app, plants)
    await desk.every_route()
    await desk.mappings()
    await desk.headers()
    return desk.answers


def test_none_of_two_thousand_planted_numbers_is_kept_told_or_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    plants = Plants()

    async def go() -> tuple[list[str], list[str]]:
        app = await open_app()
        answers = await tills_send(app, plants)
        await the_app_works(app, plants)
        answers += await people_speak(app, plants)
        await the_app_works(app, plants)
        answers += await people_speak(app, plants)
        return answers, [one async for one in app.left_behind()]

    answers, kept = run(go())
    search = Search(plants.planted)
    assert len(plants.planted) >= 2_000
    assert sum(CARD_REMOVED in one for one in kept) >= 200, (
        "what was planted must have come as far as storage"
    )
    assert [one for one in kept if search.found_in(one)] == []
    assert search.found_in(caplog.text) == set()
    assert [one for one in answers if search.found_in(one)] == []
