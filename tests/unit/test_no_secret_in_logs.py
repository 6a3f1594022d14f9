"""Canaries in every place a secret or a person can come in by: none is in a log of any level, an error, or an answer."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import pkgutil
import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import azure.functions as func
import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

import shared.triggers
from shared import services as services_module
from shared.alerts.client import AlertClient
from shared.d365.client import D365Client
from shared.errors import SettingsError, TillpostError
from shared.flows.ingest_transactions import ingest_transactions
from shared.log_fence import Fence, put_up_fence, secrets_of
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.settings import read_settings
from shared.settings_alerts import AlertSettings, Channel
from shared.storage.translation import service_errors
from shared.web.answers import log_text
from shared.web.openapi import openapi_document
from tests.contract.test_erasure import everything
from tests.unit.documents import sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run, settings_for
from tests.unit.test_settings import GOOD

HEADERS = (
    "Authorization", "X-Tillpost-Signature", "X-Tillpost-Account", "X-Tillpost-Timestamp", "x-functions-key", "Cookie",
    "X-Shopify-Hmac-Sha256", "X-Square-Hmacsha256-Signature", "X-Signature", "X-MS-CLIENT-PRINCIPAL", "X-Forwarded-For",
    "X-Reason",
)  # fmt: skip


class Canaries:
    """Makes texts that are found nowhere by chance, and remembers them by where they were put."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        text = f"kanari{len(self.made):05d}vogel"
        self.made[text] = place
        return text

    def found_in(self, text: str) -> list[str]:
        return sorted({self.made[one] for one in re.findall(r"kanari\d{5}vogel", text)})


@pytest.fixture
def fenced(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything is logged, by everybody, and passes the fence as in the app."""
    factory = logging.getLogRecordFactory()
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    yield caplog
    logging.setLogRecordFactory(factory)


def told(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, as a handler would write it, arguments and tracebacks included."""
    return caplog.text + "".join(
        f"{one.getMessage()} {one.args} {one.exc_text or ''}" for one in caplog.records
    )


def http_functions() -> Iterator[tuple[str, str, Any]]:
    """Every HTTP function of the app: its method, its path, and what is called."""
    for module in pkgutil.iter_modules(shared.triggers.__path__):
        blueprint = getattr(importlib.import_module(f"shared.triggers.{module.name}"), "blueprint", None)
        for builder in getattr(blueprint, "_function_builders", []):
            function = builder._function
            binding = function.get_trigger()
            for method in binding.methods or ("GET",):
                yield getattr(method, "value", str(method)), binding.route, function.get_user_function()


async def serving(services: Services) -> None:
    """Let the triggers of this loop find these services."""

    async def give() -> Services:
        return services

    services_module._opening[id(asyncio.get_running_loop())] = asyncio.ensure_future(give())


def request_with(
    canary: Canaries, method: str, route: str, body: bytes, headers: dict[str, str]
) -> func.HttpRequest:
    names = re.findall(r"\{(\w+)", route)
    places = {
        "business_day": "2017-12-23",
        "store": "S1",
        "account": "east",
        "cadence": "daily",
        "kind": "tenders",
    }
    parts = {name: places.get(name, "1") for name in names}
    params = {name: canary(f"query {name} of {route}") for name in ("code", "sig", "format", "q")}
    return func.HttpRequest(
        method=method, url=f"https://app.test/api/{route}?code={params['code']}", headers=headers, params=params,
        route_params=parts, body=body,
    )  # fmt: skip


def planted(canary: Canaries, tree: Any, place: str) -> Any:
    """Put a canary in the place of every text and number of a document."""
    if isinstance(tree, dict):
        return {name: planted(canary, one, f"{place}.{name}") for name, one in tree.items()}
    if isinstance(tree, list):
        return [planted(canary, one, f"{place}[]") for one in tree]
    return canary(place)


def test_no_header_query_or_body_field_of_any_route_is_logged(fenced: pytest.LogCaptureFixture) -> None:
    canary = Canaries()
    operations = {
        (method.upper(), path.removeprefix("/api/")): one
        for path, methods in openapi_document()["paths"].items()
        for method, one in methods.items()
    }

    async def story() -> None:
        services = await flow_services(Hand())
        put_up_fence(secrets_of(services.settings))
        await serving(services)
        answers = []
        for method, route, handler in http_functions():
            for known in (False, True):
                headers = {name: canary(f"{name} of {route}") for name in HEADERS}
                if known:
                    headers["Authorization"] = "Bearer key"
                body = planted(canary, body_of(operations.get((method, route), {})), f"body of {route}")
                request = request_with(canary, method, route, json.dumps(body).encode(), headers)
                try:
                    answer = await handler(request)
                except (TypeError, ValueError, AttributeError, KeyError):
                    continue  # D365 is not there in this world
                answers.append((route, known, answer.get_body().decode(), str(dict(answer.headers))))
        assert len(answers) >= 100
        for route, known, body_text, header_text in answers:
            echoed = [
                one for one in canary.found_in(body_text + header_text)
                if not one.startswith("body of") and not one.startswith("query ")
            ]  # fmt: skip
            # The reason header is a person's words, and may be shown to them; nothing else of a header comes back.
            assert [one for one in echoed if not one.startswith("X-Reason")] == [], (route, known)

    run(story())
    assert len(canary.made) >= 2_000
    assert canary.found_in(told(fenced)) == []


def body_of(operation: dict[str, Any]) -> Any:
    """Give a body with every property a route knows, and one document of a till."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()), {}).get("schema", {})
    properties = schema.get("properties", {})
    if "transactions" in properties or "$ref" in schema:
        return {"transactions": [sale_document(1, extra={"note": "x"})]}
    return dict.fromkeys(properties, "x") or {"x": "x"}


def test_no_text_of_a_receipt_is_logged_whatever_is_wrong_with_it(fenced: pytest.LogCaptureFixture) -> None:
    """Each field of a document spoilt in its turn: the till is told what was found, the log is not, nor is the record."""
    canary = Canaries()

    async def story() -> None:
        services = await flow_services(Hand())
        put_up_fence(())
        for name in sale_document(1):
            if name in ("transaction_id", "store"):
                continue
            body = json.dumps({"transactions": [{**sale_document(1), name: canary(name)}]}).encode()
            await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)
        assert [
            line
            for line in (await everything(services)).split("\n")
            if line.startswith("audit") and canary.found_in(line)
        ] == []

    run(story())
    assert len(canary.made) > 10
    assert canary.found_in(told(fenced)) == []


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_a_document_that_is_refused_whole_is_logged_by_place_alone(name: str) -> None:
    canary = Canaries()
    refused: list[str] = []
    for body in (
        lambda: json.dumps({canary("key"): canary("value")}), lambda: f"<{canary('tag')}>{canary('text')}",
        lambda: json.dumps([canary("value")]), lambda: f"{canary('form')}={canary('value')}",
        lambda: f'{{"transactions": {canary("bare")}}}',
    ):  # fmt: skip
        try:
            ADAPTERS[name].read(body().encode(), "east")
        except TillpostError as error:
            refused.append(log_text(error))
    assert len(refused) >= 2
    assert canary.found_in(" ".join(refused)) == []


class Refusing:
    """D365 and alert channels as they may behave: every kind of failure, with what they were sent in its words."""

    def __init__(self, canary: Canaries, kind: str) -> None:
        self.canary, self.kind = canary, kind

    def __call__(self, request: httpx.Request) -> httpx.Response:
        sent = f"{request.headers.get('authorization', '')} {request.url}"
        errors: dict[str, Exception] = {
            "connect": httpx.ConnectError(f"failed with {sent}"), "read": httpx.ReadError(f"broke at {sent}"),
            "timeout": httpx.ReadTimeout(f"{sent} took too long"), "protocol": httpx.RemoteProtocolError(f"{sent}?"),
            "redirects": httpx.TooManyRedirects(f"{sent} again"), "decoding": httpx.DecodingError(f"{sent} garbled"),
        }  # fmt: skip
        if self.kind in errors:
            raise errors[self.kind]
        words = f"refused: Authorization was {sent}; client_secret={self.canary('echoed client secret')}"
        return httpx.Response(int(self.kind), json={"error": {"message": words}}, headers={"x-echo": sent})


FAILURES = (
    "connect", "read", "timeout", "protocol", "redirects", "decoding", "301", "400", "401", "403", "404", "408", "409", "412",
    "429", "500", "502", "503",
)  # fmt: skip


@pytest.mark.parametrize("kind", FAILURES)
def test_neither_token_nor_signed_address_is_in_what_a_failing_d365_or_channel_leaves(
    kind: str, fenced: pytest.LogCaptureFixture
) -> None:
    canary = Canaries()

    class Credential:
        async def get_token(self, *scopes: str) -> AccessToken:
            return AccessToken(canary("bearer token"), 4_102_444_800)

    async def story() -> str:
        http = httpx.AsyncClient(transport=httpx.MockTransport(Refusing(canary, kind)))
        client = D365Client("https://d365.test", Credential(), http, Hand(), "Tillpost", ("blob.test",))
        signed = f"https://blob.test/x.zip?sv=1&sig={canary('signature of an upload')}"
        url = f"https://hook.test/{canary('secret path')}?sig={canary('hook')}"
        hook = Channel("hook", "webhook", url, frozenset({"*"}), secrets=(canary("hook's secret"),))
        alerts = AlertClient(http, (hook,), Hand())
        put_up_fence(secrets_of(replace(settings_for(Hand()), alerts=AlertSettings(channels=(hook,)))))
        shown = []
        for work in (
            client.execution_status("x"),
            client.upload(signed, b"x"),
            alerts.deliver(hook, {"id": "a", "event": "new", "title": "x"}),
        ):
            try:
                await work
            except TillpostError as error:
                logging.getLogger("tillpost").exception("it failed: %s", error)
                shown.append(str(error) + repr(error))
        return "".join(shown)

    shown = run(story())
    assert len(canary.made) >= 4
    assert canary.found_in(shown) == []
    assert canary.found_in(told(fenced)) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda text: HttpResponseError(f"Server failed\nThe MAC signature '{text}' is not the same"),
        lambda text: ServiceRequestError(f"cannot reach https://x.table.core.windows.net/?sig={text}"),
        lambda text: ClientAuthenticationError(f"no token: client_secret={text}"),
        lambda text: aiohttp.ClientConnectionError(f"Authorization: SharedKey account:{text}"),
        lambda text: TimeoutError(f"Bearer {text}"),
    ],
)
def test_no_word_of_the_storage_library_carries_a_signature_into_a_log(
    make: Any, fenced: pytest.LogCaptureFixture
) -> None:
    canary = Canaries()
    put_up_fence(())
    error = make(canary("signature"))
    try:
        with service_errors("read x", repeatable=True):
            raise error
    except TillpostError as ours:
        logging.getLogger("tillpost").warning("%s waits: %s", "x", ours)
    assert canary.found_in(told(fenced)) == []


SECRET_SETTINGS = {
    "TILLPOST_STORAGE__tableServiceUri": None, "TILLPOST_STORAGE__queueServiceUri": None,
    "TILLPOST_STORAGE": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core.windows.net",
    "TILLPOST_SENDERS": '[{{"account":"east","secrets":["{}","{}"],"stores":["*"]}}]',
    "TILLPOST_KEYED_HASH_SECRET": "{}", "D365_CLIENT_ID": "the-app", "D365_CLIENT_SECRET": "{}",
    "TILLPOST_ALERT_CHANNELS": '[{{"name":"t","kind":"teams","url":"https://hook.test/{}","owners":["it"]}}]',
}  # fmt: skip


def secret_settings(canary: Canaries) -> dict[str, str]:
    environ: dict[str, str] = {name: value for name, value in GOOD.items() if name not in SECRET_SETTINGS}
    for name, text in SECRET_SETTINGS.items():
        if text is not None:
            environ[name] = text.format(*(canary(name) for _ in range(text.count("{}"))))
    return environ


def test_settings_show_no_secret_and_no_log_of_anybody_does(fenced: pytest.LogCaptureFixture) -> None:
    canary = Canaries()
    settings = read_settings(secret_settings(canary))
    assert canary.found_in(repr(settings) + str(settings)) == []

    async def story() -> Services:
        return replace(await flow_services(Hand()), settings=settings)

    services = run(story())
    assert canary.found_in(repr(services)) == []
    put_up_fence(secrets_of(settings))
    log = logging.getLogger("somebody.else")
    for text, place in canary.made.items():
        log.debug("the value is %s", text)
        log.info({"url": f"https://x/{text}"})
        try:
            raise RuntimeError(f"bad {text}")
        except RuntimeError:
            log.exception("%s: %d%%", place, 7)
    assert len(canary.made) >= 6
    shown = told(fenced)
    assert canary.found_in(shown) == []
    assert "TILLPOST_SENDERS: 7%" in shown
    assert "RuntimeError: bad [hidden]" in shown


def test_a_setting_that_is_wrong_is_named_and_not_repeated() -> None:
    """Each secret setting cut off at every point: the start is refused by name, and neither words nor traceback repeat it."""
    count = 0
    for name in (
        "TILLPOST_STORAGE",
        "TILLPOST_SENDERS",
        "TILLPOST_ALERT_CHANNELS",
        "TILLPOST_KEYED_HASH_SECRET",
    ):
        canary = Canaries()
        environ = secret_settings(canary)
        whole = environ[name]
        for at in range(1, len(whole)):
            try:
                read_settings({**environ, name: whole[:at]})
            except SettingsError as error:
                count += 1
                shown = "".join(traceback.format_exception(error))
                assert canary.found_in(shown) == []
    assert count > 150


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "PUT https://x.blob/p?sv=1&sig=abcd%2Fef&se=2 201",
            "PUT https://x.blob/p?sv=1&sig=[hidden]&se=2 201",
        ),
        ("AccountName=a;AccountKey=Zm9v==;End=1", "AccountName=a;AccountKey=[hidden];End=1"),
        ("'Authorization': 'Bearer abcdefgh.ijk'", "'Authorization': '[hidden]'"),
        ("Authorization: Bearer abcdefgh.ijk sent", "Authorization: [hidden] sent"),
        ("authorization: basic YWJjOmRlZg== sent", "authorization: [hidden] sent"),
        ('{"client_secret": "abc~def", "expires": 3}', '{"client_secret": "[hidden]", "expires": 3}'),
        ("{'refresh_token': 'abc.def', 'x': b'y'}", "{'refresh_token': '[hidden]', 'x': b'y'}"),
        ("signature: expected a known one", "signature: expected a known one"),
        ("SharedKey account:abcdefgh=", "SharedKey [hidden]"),
        ("(b'x-functions-key', b'abc')", "(b'x-functions-key', b'[hidden]')"),
        ("token eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln here", "token [hidden] here"),
        ("GET /api/x?code=abc HTTP", "GET /api/x?code=[hidden] HTTP"),
        ("receipt east T1 was mapped: tender CASH", "receipt east T1 was mapped: tender CASH"),
        ("D365 answered 503 (request 0f-1): code 17", "D365 answered 503 (request 0f-1): code 17"),
    ],
)
def test_what_looks_like_a_secret_is_blanked_and_what_does_not_is_left(text: str, shown: str) -> None:
    assert Fence(logging.LogRecord).clean(text) == shown


def test_the_fence_is_put_up_once_and_a_wrongly_written_record_passes(
    fenced: pytest.LogCaptureFixture,
) -> None:
    first = put_up_fence(["a secret that is long"])
    assert put_up_fence(["another secret, long"]) is first
    logging.getLogger("tillpost").info("a secret that is long, another secret, long, short")
    assert "[hidden], [hidden], short" in fenced.text
    record = first("x", 20, "f", 1, "%d things", ("many",), None)
    assert record.args == ("many",)
    spilt = first("x", 20, "f", 1, "%d things of another secret, long", ("a secret that is long", 7), None)
    assert (spilt.msg, spilt.args) == ("%d things of [hidden]", ("[hidden]", 7))
