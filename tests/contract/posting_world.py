"""A world to post in: the app's flows over the in-memory twins, its real D365 client, and a D365 simulator over HTTPS.

One clock for both sides, turned by the test. Every effect of the app (a storage request, a message, a D365 call) is a
point where a worker can die, before it or after it; the worker that comes next must finish what the dead one began.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from azure.core.credentials import AccessToken

from shared.d365.client import D365Client
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.read_records import list_causes
from shared.flows.ring_overdue import ring_overdue
from shared.flows.track_packages import track_packages
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.due import read_doorbell
from shared.storage.mappings import MappingCache, import_rows
from shared.storage.memory import memory_queues, memory_tables
from shared.storage.packages import packages_of
from shared.storage.protocols import Row
from simulator.app import serving
from simulator.clock import Clock
from tests.unit.documents import call_of
from tests.unit.flow_services import SENDER, Hand, settings_for
from tests.unit.test_mapping import ROWS

CLIENT_ID, CLIENT_SECRET = "the-app", "its-secret"
ENVIRONMENT = "env-1"
BEAT_MINUTES, LOOKS_AGAIN = 2, 3
# What tests.unit.test_mapping.ROWS names, as headquarters has it.
SETUP: dict[str, Any] = {
    "data_projects": ["Tillpost"],
    "legal_entities": [{"dataAreaId": "usrt", "currency": "USD", "open_periods": [["2017-12-01", "2018-01-31"]]}],
    "warehouses": [{"dataAreaId": "usrt", "WarehouseId": "NYWH", "OperationalSiteId": "NY"}],
    "customers": [{"dataAreaId": "usrt", "CustomerAccount": "C1"}],
    "tax_codes": [{"dataAreaId": "usrt", "TaxCodeId": "V20", "Value": "20"}],
    "tax_groups": [{"dataAreaId": "usrt", "TaxGroupCode": "NYT", "codes": ["V20"]}],
    "tax_item_groups": [
        {"dataAreaId": "usrt", "TaxItemGroupCode": "FULL", "codes": ["V20"]},
        {"dataAreaId": "usrt", "TaxItemGroupCode": "NONE", "codes": []},
    ],
    "stores": [
        {
            "dataAreaId": "usrt", "StoreNumber": "NY01", "RetailChannelId": "5637", "OperatingUnitNumber": "052",
            "WarehouseId": "NYWH", "SiteId": "NY", "TaxGroupCode": "NYT", "Currency": "USD",
            "DefaultCustomerAccount": "C1", "PriceIncludesSalesTax": "No", "MaxRoundingAmount": "0.05",
        }
    ],
    "terminals": [
        {"TerminalNumber": "NY01-1", "StoreNumber": "NY01"}, {"TerminalNumber": "NY01-2", "StoreNumber": "NY01"},
    ],
    "tender_types": [
        {
            "dataAreaId": "usrt", "RetailChannelId": "5637", "PaymentMethodNumber": number, "Name": name,
            "LedgerDimensionDisplayValue": account, "CountingRequired": "No",
        }
        for number, name, account in (("1", "Cash", "110110"), ("2", "Card", "110180"))
    ],
    "items": [{"dataAreaId": "usrt", "ItemNumber": "D1001", "SalesUnitSymbol": "ea"}],
    "income_expense_accounts": [{"dataAreaId": "usrt", "AccountNumber": "EXP1", "AccountType": "Expense"}],
}  # fmt: skip


class WorkerDiedError(BaseException):
    """The process went away in the middle of something. Nothing in the app may catch it."""


@dataclass(frozen=True, slots=True)
class SimulatorClock(Clock):
    """The simulator's clock on the hand that the test turns."""

    hand: Hand = field(default_factory=Hand)

    def now(self) -> datetime:
        return self.hand()

    async def sleep(self, seconds: float) -> None:
        until = self.hand() + timedelta(seconds=seconds)
        while self.hand() < until:  # noqa: ASYNC110  # nothing tells when the test turns the hand
            await asyncio.sleep(0.002)


Meanwhile = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Effects:
    """Every effect of the app, in order: "read packages", "d365 POST ImportFromPackage".

    dies_at: the worker dies at this effect (from 1), `dies_before` it or after it. meanwhile: called before every
    effect with its name, to let something happen between two of them. looking: the test reads, which is no effect.
    hidden_sets: what D365 does not show for now. uploads: the packages that were uploaded.
    """

    seen: list[str] = field(default_factory=list)
    dies_at: int = 0
    dies_before: bool = True
    dead: bool = False
    deaths: int = 0
    meanwhile: Meanwhile | None = None
    looking: bool = False
    hidden_sets: set[str] = field(default_factory=set)
    uploads: list[bytes] = field(default_factory=list)

    async def before(self, kind: str, name: str) -> None:
        if self.looking:
            return
        if self.dead:
            raise WorkerDiedError
        self.seen.append(f"{kind} {name}")
        if self.dies_at == len(self.seen) and self.dies_before:
            self._die()
        if self.meanwhile is not None:
            await self.meanwhile(f"{kind} {name}")

    async def after(self, kind: str, name: str) -> None:
        if self.looking:
            return
        if self.dies_at == len(self.seen) and not self.dies_before and not self.dead:
            self._die()

    def _die(self) -> None:
        self.dead, self.dies_at, self.deaths = True, 0, self.deaths + 1
        raise WorkerDiedError

    def plan_death(self, at: int, *, before: bool) -> None:
        """Let the worker die at the so-manieth effect from now."""
        self.dies_at, self.dies_before = len(self.seen) + at, before


class WatchedTransport(httpx.AsyncHTTPTransport):
    """The real connection to D365, each call an effect."""

    def __init__(self, trust: ssl.SSLContext, effects: Effects) -> None:
        super().__init__(verify=trust)
        self._effects = effects

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        name = "blob" if path.startswith("/blob") else path.rpartition("/")[2].rpartition(".")[2]
        await self._effects.before(f"d365 {request.method}", name)
        if name == "blob":
            self._effects.uploads.append(request.content)
        response = await super().handle_async_request(request)
        await response.aread()
        if name in self._effects.hidden_sets:
            response = httpx.Response(200, json={"value": []})
        await self._effects.after(f"d365 {request.method}", name)
        return response


class SignIn:
    """A credential that asks the simulator's own authority."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http

    async def get_token(self, *scopes: str) -> AccessToken:
        form = {
            "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "scope": scopes[0],
        }  # fmt: skip
        answer = await self._http.post(f"{self._url}/tenant/oauth2/v2.0/token", data=form)
        return AccessToken(answer.json()["access_token"], int(time.time()) + 3600)


@dataclass(slots=True)
class PostingWorld:
    """One app and its D365."""

    hand: Hand
    services: Services
    effects: Effects
    http: httpx.AsyncClient
    url: str
    standing: object = None

    async def sim(self, name: str, body: object = None) -> Any:
        """Speak to the simulator's own side."""
        address = f"{self.url}/_sim/{name}"
        answer = await (self.http.get(address) if body is None else self.http.post(address, json=body))
        assert answer.is_success, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    async def fault(self, kind: str, **options: object) -> None:
        await self.sim("faults", {"kind": kind, **options})

    async def calls(self, name: str) -> int:
        """Count D365 calls of one name, as the simulator saw them."""
        return int((await self.sim("calls"))["d365"]["by_kind"].get(name, 0))

    async def all_calls(self) -> int:
        return int((await self.sim("calls"))["d365"]["total"])

    async def rows(self, odata_set: str) -> list[dict[str, Any]]:
        """Read a set as D365 shows it to anybody."""
        answer = await self.http.get(
            f"{self.url}/data/{odata_set}", params={"cross-company": "true"}, headers=await self._bearer()
        )
        assert answer.is_success, answer.text
        return list(json.loads(answer.text, parse_float=Decimal)["value"])

    async def change_header(self, number: str, **values: object) -> None:
        """Somebody in D365 changes a receipt's header."""
        key = f"dataAreaId='usrt',OperatingUnitNumber='052',Terminal='NY01-1',TransactionNumber='{number}'"
        headers = {**await self._bearer(), "If-Match": "*"}
        address = f"{self.url}/data/RetailTransactions({key})?cross-company=true"
        answer = await self.http.patch(address, json=values, headers=headers)
        assert answer.is_success, answer.text

    async def write_receipt(self, number: str, **values: object) -> None:
        """Somebody else writes a header into D365 under a number of ours."""
        day = "2017-12-23T12:00:00Z"
        header = {
            "dataAreaId": "usrt", "OperatingUnitNumber": "052", "Terminal": "NY01-1", "TransactionNumber": number,
            "TransactionType": "Sales", "TransactionStatus": "None", "businessDate": day, "TransactionDate": day,
            "Currency": "USD", "CustomerAccount": "C1", **values,
        }  # fmt: skip
        address = f"{self.url}/data/RetailTransactions?cross-company=true"
        answer = await self.http.post(address, json=header, headers=await self._bearer())
        assert answer.is_success, answer.text

    async def add_tax_line(self, number: str, **values: object) -> None:
        """Somebody in D365 adds the tax line that a receipt of one line lacks."""
        line = {
            "dataAreaId": "usrt", "OperatingUnitNumber": "052", "Terminal": "NY01-1", "TransactionNumber": number,
            "SalesLineNumber": 1, "TaxCode": "V20", "IsTaxIncludedInPrice": "No", **values,
        }  # fmt: skip
        address = f"{self.url}/data/RetailTransactionTaxLines?cross-company=true"
        answer = await self.http.post(address, json=line, headers=await self._bearer())
        assert answer.is_success, answer.text

    async def action(self, name: str, body: object) -> httpx.Response:
        """Call an action of the package interface, as an administrator's tool does."""
        address = f"{self.url}/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities.{name}"
        return await self.http.post(address, json=body, headers=await self._bearer())

    async def _bearer(self) -> dict[str, str]:
        token = await SignIn(self.url, self.http).get_token(f"{self.url}/.default")
        return {"Authorization": f"Bearer {token.token}"}

    async def ledger(self) -> tuple[int, dict[str, str]]:
        """Give how many receipts D365 has posted, and the money by payment method; nothing may be there twice."""
        state, totals = await self.sim("state"), (await self.sim("totals"))["totals"]
        assert state["double_postings"] == []
        assert state["double_posting_dangers"] == 0
        payments: dict[str, Decimal] = {}
        for one in totals:
            for code, amount in one["payments"].items():
                payments[code] = payments.get(code, Decimal(0)) + Decimal(amount)
        receipts = sum(int(one["transactions"]) for one in totals)
        return receipts, {code: str(amount) for code, amount in payments.items()}

    async def in_d365(self) -> list[str]:
        """Give the receipts that D365 has, posted or not, in its own words."""
        return sorted(
            f"{one['Terminal']} {one['TransactionNumber']}" for one in await self.rows("RetailTransactions")
        )

    async def send(self, *documents: dict[str, Any]) -> None:
        """Let a till send receipts, and have them mapped."""
        verdicts = await ingest_transactions(
            self.services, SENDER, ADAPTERS["canonical"], call_of(*documents)
        )
        assert {one.verdict for one in verdicts} == {"accepted"}
        await self.deliver()

    async def deliver(self) -> None:
        """Be the host: take every doorbell that is heard now and run what it rings for."""
        queues: Any = self.services.queues
        for queue, flow in ((queues.mapping_due, self._map), (queues.posting_due, self._post)):
            for message in await queue.receive(32):
                await flow(read_doorbell(message.text))
                await queue.delete(message.id, message.pop_receipt)

    async def _map(self, key: str) -> None:
        await map_transactions(self.services, key)

    async def _post(self, _: str) -> None:
        await post_transactions(self.services)

    async def beat(self, *, jobs: bool = True, minutes: int = BEAT_MINUTES) -> None:
        """Let time pass: heartbeat, doorbells, tracking, headquarters' jobs. A worker that dies ends its part."""
        self.hand.turn(minutes=minutes)
        await self.settle()
        for work in (self._ring, self.deliver, self._track):
            try:
                await work()
            except WorkerDiedError:
                self.effects.dead = False
        if jobs:
            await self.headquarters()

    async def ring_and_deliver(self) -> None:
        """Let one heartbeat ring, and hear what it rang."""
        await self._ring()
        await self.deliver()

    async def _ring(self) -> None:
        await ring_overdue(self.services)

    async def _track(self) -> None:
        await track_packages(self.services)

    async def drive(self, minutes: int = 40, *, jobs: bool = True) -> None:
        """Let time pass."""
        for _ in range(minutes // BEAT_MINUTES):
            await self.beat(jobs=jobs)

    async def drive_until(
        self, *statuses: str, minutes_max: int = 240, jobs: bool = True, beat_minutes: int = BEAT_MINUTES
    ) -> None:
        """Let time pass until every receipt has one of these statuses."""
        for _ in range(minutes_max // beat_minutes):
            if set((await self.statuses()).values()) <= set(statuses):
                return
            await self.beat(jobs=jobs, minutes=beat_minutes)
        raise AssertionError(f"after {minutes_max} minutes: {await self.statuses()}")

    async def settle(self, patience: int = 25, looks: int = 2_000) -> None:
        """Wait for imports that run in D365 now; one that does not move for so many looks waits for the clock.

        One that was seen to stand still, and still looks as it did, is given a few looks only.
        """
        before, same = None, 0
        for _ in range(looks):
            found = (await self.sim("state"))["executions"]
            if not any(one["status"] in ("NotRun", "Executing") for one in found):
                return
            before, same = found, same + 1 if found == before else 0
            if same >= (patience if found != self.standing else min(patience, LOOKS_AGAIN)):
                self.standing = found
                return
            await asyncio.sleep(0.004)

    async def headquarters(self) -> None:
        """Run headquarters' jobs once."""
        for job in ("validate", "statements/transactional", "statements/financial"):
            await self.sim(f"jobs/{job}", {})

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Read storage for the test: no effect of the app."""
        before, self.effects.looking = self.effects.looking, True
        try:
            yield
        finally:
            self.effects.looking = before

    async def receipts(self) -> dict[str, Row]:
        with self.looking():
            rows = [row async for row in self.services.tables.transactions.query("S1")]
        return {row.text("TransactionId"): row for row in rows if row.text("Record") == "receipt"}

    async def statuses(self) -> dict[str, str]:
        return {name: row.text("Status") for name, row in (await self.receipts()).items()}

    async def packages(self) -> list[Row]:
        with self.looking():
            return [row async for row in packages_of(self.services.tables.packages, ENVIRONMENT)]

    async def shifts(self) -> dict[str, str]:
        """Give where each shift stands."""
        with self.looking():
            rows = [row async for row in self.services.tables.shifts.query("S1")]
        return {row.text("Shift"): row.text("Status") for row in rows if row.text("Record") == "shift"}

    async def causes(self, state: str = "open") -> dict[str, dict[str, Any]]:
        """Give causes by code; the tests never open two of one code at a time."""
        with self.looking():
            return {one["code"]: one for one in await list_causes(self.services, state, None)}

    async def map_also(self, kind: str, *rows: Mapping[str, str]) -> None:
        """Import mapping rows."""
        await import_rows(
            self.services.tables.mappings, kind, rows, who="a person", reason="more", at=self.hand()
        )
        await self.services.mappings.refresh()


@asynccontextmanager
async def posting_world(folder: Path) -> AsyncIterator[PostingWorld]:
    """Build both sides, set up with the same reference data."""
    hand, effects = Hand(), Effects()
    async with serving(folder, SimulatorClock(hand=hand), CLIENT_ID, CLIENT_SECRET) as running:
        trust = ssl.create_default_context(cafile=str(running.ca_file))
        async with (
            httpx.AsyncClient(verify=trust, timeout=30) as http,
            httpx.AsyncClient(transport=WatchedTransport(trust, effects)) as app_http,
        ):
            host = running.url.removeprefix("https://")
            d365 = D365Client(running.url, SignIn(running.url, http), app_http, hand, "Tillpost", (host,))
            tables = memory_tables(hand, before_effect=effects.before, after_effect=effects.after)
            queues = memory_queues(hand, before_effect=effects.before, after_effect=effects.after)
            services = Services(
                settings_for(hand),
                tables,
                queues,
                d365,
                MappingCache(tables.mappings),
                Counter(),
                chance=lambda: 0.5,
            )
            world = PostingWorld(hand, services, effects, http, running.url)
            await world.sim("setup", SETUP)
            for (kind, *_), values in ROWS.items():
                await world.map_also(kind, values)
            yield world


def second_worker(world: PostingWorld) -> Services:
    """Give another instance of the app over the same storage and D365, with a memory of its own."""
    own = MappingCache(world.services.tables.mappings)
    return replace(world.services, mappings=own, posted_statements={})
