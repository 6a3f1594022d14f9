"""The only place that builds clients, and the only place that sleeps, gathers or uses threads.

A simulation swaps what is in here; flows and edges never notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import secrets
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import ClientSecretCredential, ManagedIdentityCredential

from shared.alerts.client import TIMEOUT as ALERT_TIMEOUT
from shared.alerts.client import AlertClient
from shared.clock import Clock
from shared.d365.addresses import environment_origin
from shared.d365.client import UPLOAD_HOSTS, D365Client
from shared.d365.records import StatementEvidence
from shared.errors import AlreadyThereError, ChangedMeanwhileError, SettingsError
from shared.gate.token_keys import TIMEOUT as TOKEN_KEYS_TIMEOUT
from shared.gate.token_keys import TokenKeys, open_token_keys
from shared.settings import D365Settings, Settings, read_settings
from shared.storage import Queues, Tables, open_storage
from shared.storage.due import PARTITION, doorbell
from shared.storage.mappings import MappingCache
from shared.storage.protocols import Queue, Row, Value
from shared.storage.sharded import ShardedTable

T = TypeVar("T")
WRITES_AT_ONCE_MAX = 20
D365_TIMEOUT = httpx.Timeout(60.0, connect=15.0)


@dataclass(slots=True)
class Services:
    """Everything a flow may use."""

    settings: Settings
    tables: Tables
    queues: Queues
    d365: D365Client
    mappings: MappingCache
    storage_calls: Counter[str] = field(default_factory=Counter)
    started_at: datetime = datetime(1, 1, 1, tzinfo=UTC)
    posted_statements: dict[tuple[str, str], StatementEvidence] = field(
        default_factory=dict
    )  # seen posted; they never change
    tracking_rests_until: datetime = datetime(
        1, 1, 1, tzinfo=UTC
    )  # D365 was asked so lately that nobody asks before
    causes_rest_until: datetime = datetime(1, 1, 1, tzinfo=UTC)  # so lately were they looked at
    chance: Callable[[], float] = random.random  # 0 to 1, for pauses; a simulation gives its own
    token_hex: Callable[[int], str] = secrets.token_hex  # names nobody else gives; a simulation gives its own
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("tillpost"))
    alerts: AlertClient | None = None  # there are channels, or there is nobody to tell
    token_keys: TokenKeys | None = None  # tokens of Entra ID open this app, or none does

    @property
    def clock(self) -> Clock:
        return self.settings.clock

    def now(self) -> datetime:
        """Give the present instant of the one clock."""
        return self.clock.now()

    def rested_at(self) -> datetime:
        """Give when a due row that is written now is old enough to be deleted, with a little to spare."""
        return self.now() + self.clock.patience(self.settings.settle_seconds + 2)

    async def sleep(self, seconds: float) -> None:
        """Wait for seconds of the one clock."""
        await self.clock.sleep(seconds)

    async def together(self, *work: Awaitable[T]) -> list[T]:
        """Wait for several things at once; the first error is raised after all have ended."""
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]

    async def settled(self, *work: Awaitable[T]) -> list[T | Exception]:
        """Wait for several things at once; an error is what came of its own, and stops none of the others.

        For flows/isolating alone: what is not raised here must be told there (ADR 33).
        """
        found: list[T | Exception] = []
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
                raise outcome
            found.append(outcome)
        return found

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run what would hold up the loop in a thread."""
        return await asyncio.to_thread(work, *arguments)

    async def ring(self, queue: Queue, due_key: str, *, after_seconds: float = 0) -> None:
        """Ring the doorbell of a due row, now or after seconds of the one clock (at most a day)."""
        wait = min(round(self.clock.machine_seconds(after_seconds)), 86_400)
        await queue.send(doorbell(due_key), visible_in_seconds=wait)


_opening: dict[int, asyncio.Task[Services]] = {}


async def services() -> Services:
    """Give this process's services, built once, on first use inside the running loop.

    A start that failed is tried again by the next call.
    """
    loop = id(asyncio.get_running_loop())
    task = _opening.get(loop)
    if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
        task = _opening[loop] = asyncio.ensure_future(open_services(read_settings(os.environ)))
    return await asyncio.shield(task)


async def open_services(settings: Settings) -> Services:
    """Build every client, and make the tables and queues that are missing.

    Raises:
        SettingsError: the storage belongs to another D365 environment, or to one at another address.
    """
    by_key = bool(settings.storage.connection_string)
    identity = None if by_key else ManagedIdentityCredential(client_id=settings.storage.client_id or None)
    tables, queues, calls = open_storage(settings.storage, identity)
    await tables.ensure()
    await queues.ensure()
    await refuse_other_environment(tables, settings.d365, settings.clock.now())
    await refuse_fewer_shards(tables, settings.due_shards)
    return Services(
        settings=settings,
        tables=spread(tables, settings.due_shards),
        queues=queues,
        d365=open_d365(settings.d365, settings.clock, settings.storage.client_id),
        mappings=MappingCache(tables.mappings, settings.clock.now, settings.clock.patience(60)),
        storage_calls=calls,
        started_at=settings.clock.now(),
        alerts=open_alerts(settings),
        token_keys=open_keys_of_tokens(settings),
    )


def open_alerts(settings: Settings) -> AlertClient | None:
    """Build the client that sends alerts; None where the settings name no channel."""
    channels = settings.alerts.channels
    if not channels:
        return None
    http = httpx.AsyncClient(timeout=ALERT_TIMEOUT, follow_redirects=False, trust_env=False)
    return AlertClient(http, channels, settings.clock.now)


def open_keys_of_tokens(settings: Settings) -> TokenKeys | None:
    """Build what reads the keys that tokens are signed with; None where no tenant's tokens open this app."""
    if not settings.entra.is_on:
        return None
    trust = ssl.create_default_context(cafile=settings.d365.ca_file or None)
    http = httpx.AsyncClient(
        verify=trust, timeout=TOKEN_KEYS_TIMEOUT, follow_redirects=False, trust_env=False
    )
    return open_token_keys(http, settings.entra.keys_address, settings.clock.now, settings.clock.patience)


async def refuse_other_environment(tables: Tables, d365: D365Settings, now: datetime) -> None:
    """Storage carries its D365 environment's id and address: another of either refuses to start.

    An address changes legitimately only when D365_MOVED_FROM names the kept one; the move is kept on the row.
    """
    origin = environment_origin(d365.url)
    row = Row(
        "environment", "environment", values={"D365EnvironmentId": d365.environment_id, "D365Url": origin}
    )
    try:
        await tables.packages.insert(row)
        return
    except AlreadyThereError:
        kept = await tables.packages.read(row.partition, row.key)
    if kept is None:
        raise SettingsError("the environment this storage belongs to cannot be read")
    if kept.text("D365EnvironmentId") != d365.environment_id:
        raise SettingsError(
            f"this storage belongs to the D365 environment {kept.text('D365EnvironmentId')!r}; "
            f"D365_ENVIRONMENT_ID is {d365.environment_id!r}"
        )
    before = kept.text("D365Url")
    if before == origin:
        return
    if before and (not d365.moved_from or environment_origin(d365.moved_from) != before):
        raise SettingsError(
            f"this storage was begun with D365 at {before}; D365_URL is {origin}. If the same environment has moved, "
            "say so with D365_MOVED_FROM (docs/deploy.md)"
        )
    moved: dict[str, Value] = {"MovedFrom": before, "MovedAt": now} if before else {}
    with contextlib.suppress(ChangedMeanwhileError):  # another worker that starts now writes the same
        await tables.packages.replace(kept.with_values(D365Url=origin, **moved), kept.etag)


async def refuse_fewer_shards(tables: Tables, shards: int) -> None:
    """Remember over how many partitions the list of work was ever spread; fewer would leave work where nobody looks.

    Raises:
        SettingsError: it was spread over more.
    """
    for _ in range(WRITES_AT_ONCE_MAX):
        kept = await tables.packages.read("environment", "environment")
        before = kept.number("DueShards", 1) if kept is not None else 1
        if shards < before:
            raise SettingsError(
                f"TILLPOST_DUE_SHARDS is {shards}; the list of work was spread over {before} already, and may only grow"
            )
        if kept is None or shards == before:
            return
        with contextlib.suppress(ChangedMeanwhileError):  # another worker starts now: look again
            await tables.packages.replace(kept.with_values(DueShards=shards), kept.etag)
    raise SettingsError("over how many partitions the list of work is spread cannot be remembered")


def spread(tables: Tables, shards: int) -> Tables:
    """Give the tables with the list of work spread over so many partitions; 1: as it is."""
    return replace(tables, due=ShardedTable(tables.due, PARTITION, shards)) if shards > 1 else tables


def open_d365(settings: D365Settings, clock: Clock, identity: str) -> D365Client:
    """Build the client of a D365 environment: client secret where one is set, else the app's own identity."""
    trust = (
        ssl.create_default_context(cafile=settings.ca_file)
        if settings.ca_file
        else ssl.create_default_context()
    )
    http = httpx.AsyncClient(verify=trust, timeout=D365_TIMEOUT, follow_redirects=False)
    origin = httpx.URL(settings.url)
    extra = (f"{origin.host}:{origin.port}",) if settings.ca_file else ()
    return D365Client(
        settings.url,
        _credential(settings, identity),
        http,
        clock.now,
        settings.data_project,
        (*UPLOAD_HOSTS, *extra),
    )


def _credential(settings: D365Settings, identity: str) -> AsyncTokenCredential:
    if not settings.client_secret:
        return ManagedIdentityCredential(client_id=settings.client_id or identity or None)
    options: dict[str, Any] = {}
    if settings.ca_file:
        options = {"disable_instance_discovery": True, "connection_verify": settings.ca_file}
    return ClientSecretCredential(
        settings.tenant_id,
        settings.client_id,
        settings.client_secret,
        authority=settings.authority,
        **options,
    )


def usage(services: Services) -> dict[str, Any]:
    """Give what this process has used so far: storage operations and D365 calls by kind."""
    return {
        "storage": dict(sorted(services.storage_calls.items())),
        "d365": dict(sorted(services.d365.calls.items())),
        "since": services.started_at.isoformat(),
    }
