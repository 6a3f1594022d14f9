"""A chain whose causes are kept and told: services with channels, a receiving double, and rows of causes by the number."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import httpx

from shared.alerts.client import AlertClient
from shared.flows.keep_causes import keep_causes
from shared.flows.read_records import list_causes, read_cause
from shared.flows.send_alerts import send_alerts
from shared.retail.reasons import Cause, cause
from shared.services import Services
from shared.settings_alerts import EVENTS, AlertSettings, Channel, QuietSetting
from shared.storage.causes import RECEIPT, STORE, Member, cause_row, cause_rows, end_cause_rows, open_causes
from shared.storage.protocols import Row
from tests.unit.flow_services import Hand, flow_services

KLARNA = cause("tender_unmapped", "KLARNA", store="S1", terminal="1")
SECRET, OTHER_SECRET = "a secret of the receiver", "the next secret of theirs"
MAIL_KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="  # 32 bytes of 1, in base64
TEAMS_URL = "https://flows.teams.test/workflows/0a1b/triggers/manual/paths/invoke?sig=the-teams-signature"
NOT_DAILY = frozenset(EVENTS) - {"daily"}
HOOK = Channel("hook", "webhook", "https://hook.test/alerts", frozenset({"*"}), NOT_DAILY, secrets=(SECRET,))
WITH_DAILY = replace(HOOK, events=frozenset(EVENTS))
CARD = Channel("card", "teams", TEAMS_URL, frozenset({"finance"}), NOT_DAILY)
POST = Channel(
    "post", "mail", "https://mail.test", frozenset({"it"}), NOT_DAILY, key=MAIL_KEY, sender="tillpost@chain.test",
    to=("night.desk@chain.test",),
)  # fmt: skip


@dataclass(slots=True)
class Receiver:
    """What is at the other end of every channel: it keeps what it is sent, and answers as told, by host; else 202."""

    answers: dict[str, Callable[[httpx.Request], httpx.Response]] = field(default_factory=dict)
    got: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        made = self.answers.get(request.url.host)
        return made(request) if made is not None else httpx.Response(202)

    def of(self, host: str) -> list[httpx.Request]:
        return [one for one in self.got if one.url.host == host]

    def bodies(self, host: str = "hook.test") -> list[dict[str, Any]]:
        return [json.loads(one.content) for one in self.of(host)]

    def events(self, host: str = "hook.test") -> list[str]:
        return [one["event"] for one in self.bodies(host)]


@dataclass(slots=True)
class Desk:
    """The chain, its clock and its receiver. Rows are written as flows write them."""

    services: Services
    hand: Hand
    receiver: Receiver

    async def hold(
        self, number: int, why: Cause = KLARNA, *, first: int = 0, store: str = "S1", amount: int = 10, **more: Any
    ) -> None:  # fmt: skip
        """Hold so many receipts of 10.00 each, or of another amount."""
        at = self.hand.at
        rows = [
            cause_row(
                why,
                Member(
                    RECEIPT, store, f"east T{one}", account="east", transaction_id=f"T{one}", business_day="2017-12-23",
                    amount=Decimal(amount), currency="USD", **more,
                ),
                at,
            )
            for one in range(first, first + number)
        ]  # fmt: skip
        await open_causes(self.services.tables.causes, rows)

    async def silence(self, *stores: str, why: Cause) -> None:
        """Tell of stores, as a watch does."""
        rows = [cause_row(why, Member(STORE, one, one, receipts=0), self.hand.at) for one in stores]
        await open_causes(self.services.tables.causes, rows)

    async def mend(self, why: Cause = KLARNA) -> None:
        """End all that a cause holds."""
        fingerprint = cause_row(why, Member(RECEIPT, "S1", "x"), self.hand.at).partition
        rows: list[Row] = [row async for row in cause_rows(self.services.tables.causes, fingerprint)]
        await end_cause_rows(self.services.tables.causes, rows, self.hand.at, "released")

    async def beat(self, **turn: float) -> None:
        """Turn the clock, look at all causes, and send what is due."""
        self.hand.turn(**turn)
        await keep_causes(self.services)
        await send_alerts(self.services)

    async def the(self, why: Cause = KLARNA) -> dict[str, Any]:
        """Read a cause as people do."""
        for one in await list_causes(self.services, None, None):
            if (one["code"], one["value"]) == (why.code, why.value):
                found = await read_cause(self.services, one["fingerprint"])
                assert found is not None
                return found
        raise AssertionError(why)


async def desk(
    channels: Sequence[Channel] = (HOOK,), quiet: dict[str, QuietSetting] | None = None, digest_at: time = time(7, 0)
) -> Desk:  # fmt: skip
    """Build a chain with channels. Its clock stands at Saturday, 23 December 2017, 18:00 UTC."""
    hand = Hand()
    services = await flow_services(hand)
    settings = AlertSettings(channels=tuple(channels), quiet=quiet or {}, digest_at=digest_at)
    services.settings = replace(services.settings, alerts=settings)
    receiver = Receiver()
    connect(services, receiver)
    return Desk(services, hand, receiver)


def connect(services: Services, receiver: Receiver) -> None:
    """Give services a client of alerts whose other end is the receiver."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(receiver))
    services.alerts = AlertClient(http, services.settings.alerts.channels, services.now)


def interleave(services: Services) -> None:
    """Let every request to these tables give others their turn first, as a service far away does."""

    async def give_way(kind: str, name: str) -> None:
        await asyncio.sleep(0)

    for name in ("causes", "tasks", "alerts"):
        table: Any = getattr(services.tables, name)
        table.before_effect = give_way


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")
