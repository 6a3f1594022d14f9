"""The budgets of the architecture that are counted, not timed: the same on any machine, budget beside figure."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.counting import Counts, counted
from shared.flows.check_effects import check_effects
from shared.flows.compile_statements import compile_statements
from shared.flows.continue_releases import continue_releases
from shared.flows.end_empty_causes import end_empty_causes
from shared.flows.fetch_wanted import fetch_wanted
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.keep_causes import keep_causes
from shared.flows.let_go import let_go
from shared.flows.map_transactions import map_transactions
from shared.flows.read_reference import read_reference
from shared.flows.send_alerts import send_alerts
from shared.flows.sweep_vendors import sweep_vendors
from shared.flows.track_packages import track_packages
from shared.flows.watch_lateness import watch_lateness
from shared.flows.watch_silence import watch_silence
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.protocols import Row, Value
from tests.contract.posting_world import PostingWorld, posting_world
from tests.contract.test_calls_of_a_chain import (
    RECEIPTS_A_STORE,
    STORES,
    chain_setup,
    map_chain,
    packages_are_done,
    trade,
)
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER

CALLS, RECEIPTS_A_CALL = 50, 100
BEATS_MAX = 120
# As function_app.py has them, the heartbeat, the carrying on of releases and fetching aside.
TIMERS: tuple[Callable[[Services], Awaitable[object]], ...] = (
    track_packages, read_reference, check_effects, compile_statements, watch_silence, watch_lateness, end_empty_causes,
    keep_causes, send_alerts, let_go, sweep_vendors,
)  # fmt: skip


async def budgets() -> None:
    """Print every counted budget with its figure."""
    for work in (
        _door_to_posted,
        _a_thousand,
        _a_thousand_together,
        _door_to_mapped,
        _round_trips,
        _d365_calls,
    ):
        async with _world() as world:
            print(*await work(world), "", sep="\n")


@contextlib.asynccontextmanager
async def _world() -> AsyncIterator[PostingWorld]:
    with tempfile.TemporaryDirectory() as folder:
        async with posting_world(Path(folder)) as world:
            yield world


async def _send(world: PostingWorld, first: int, receipts: int) -> None:
    body = call_of(*(sale_document(one) for one in range(first, first + receipts)))
    await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], body)


async def _beat(world: PostingWorld) -> None:
    """Two minutes: doorbells, and every timer of the app once; headquarters' jobs are D365's own."""
    services = world.services
    world.hand.turn(minutes=2)
    await world.settle()
    await world.ring_and_deliver()
    for timer in TIMERS:
        await timer(services)
    await continue_releases(services, map_transactions)
    await fetch_wanted(services, ingest_transactions)


async def _door_to_posted(world: PostingWorld) -> Sequence[str]:
    """Five thousand receipts of one store in fifty calls, a minute apart, followed until D365 has posted them."""
    counts, idle = await _warm(world)
    beats = await _trade(world, CALLS)
    receipts, total = CALLS * RECEIPTS_A_CALL, counts.total
    row = (await world.receipts())["T500"]
    text, formula = await _permanent(world, row)
    return [
        f"door to posted: {receipts} receipts of one store in calls of {RECEIPTS_A_CALL}, {2 * beats} minutes",
        (
            f"  {(total - idle * beats) / receipts:.3f} storage operations a receipt (budget 0.25); "
            f"{total / receipts:.3f} with the {beats} heartbeats of that time"
        ),
        f"  {dict(sorted(counts.requests.items()))}; a heartbeat that finds nothing to do: {idle} (10,000 a day: 13.9)",
        (
            f"permanent state a receipt, document aside: {text} bytes of keys, names and values (budget 1,536); "
            f"{formula} by the service's formula, which counts two bytes a character"
        ),
    ]


async def _warm(world: PostingWorld) -> tuple[Counts, int]:
    """Let one receipt go all the way, so that mappings are read and the contract checked; count an idle heartbeat."""
    counts = counted(world)
    await _send(world, 0, 1)
    await _until_posted(world)
    for _ in range(20):
        await _beat(world)
    before = counts.total
    await _beat(world)
    idle = counts.total - before
    counts.requests.clear()
    return counts, idle


async def _trade(world: PostingWorld, calls: int, *, beating: bool = True) -> int:
    """Let so many calls arrive, two between heartbeats or all before the first, and be posted; give the heartbeats."""
    beats = 0
    for number in range(calls):
        await _send(world, number * RECEIPTS_A_CALL + 1, RECEIPTS_A_CALL)
        await world.deliver()
        if number % 2 and beating:
            await _beat(world)
            beats += 1
    return beats + await _until_posted(world)


async def _a_thousand(world: PostingWorld) -> Sequence[str]:
    """A thousand receipts over ten minutes; where the interval cuts them, they go in two packages."""
    return await _thousand(world, beating=True)


async def _a_thousand_together(world: PostingWorld) -> Sequence[str]:
    """The same within one package's interval."""
    return await _thousand(world, beating=False)


async def _thousand(world: PostingWorld, *, beating: bool) -> Sequence[str]:
    counts, idle = await _warm(world)
    warm = len(await world.packages())
    beats = await _trade(world, 10, beating=beating)
    total, packages = counts.total, len(await world.packages()) - warm
    return [
        (
            f"door to posted: 1000 receipts of one store in calls of {RECEIPTS_A_CALL}, in {packages} package(s): "
            f"{(total - idle * beats) / 1000:.3f} a receipt (budget 0.25); {total / 1000:.3f} with {beats} heartbeats"
        )
    ]


async def _until_posted(world: PostingWorld) -> int:
    for beat in range(BEATS_MAX):
        await _beat(world)
        await world.headquarters()
        if set((await _statuses(world)).values()) == {"posted"}:
            return beat + 1
    raise SystemExit("not posted within four hours: the figure would mean nothing")


async def _statuses(world: PostingWorld) -> dict[str, str]:
    """Look without being counted."""
    inner = world.services.tables.transactions._inner  # type: ignore[attr-defined]  # the counter's table
    rows = [row async for row in inner.query("S1")]
    return {row.key: row.text("Status") for row in rows if row.text("Record") == "receipt"}


async def _permanent(world: PostingWorld, row: Row) -> tuple[int, int]:
    """Measure identity and day row of a receipt without its document: as text, and by Azure's own formula."""
    key = f"id~{row.partition}~{row.text('Account')}~{row.text('TransactionId')}"
    identity = await world.services.tables.transactions.read(row.partition, key)
    if identity is None:
        raise SystemExit("the receipt has no identity")
    day = row.with_values(Document=None)
    return _bytes(identity) + _bytes(day), _by_formula(identity) + _by_formula(day)


def _bytes(row: Row) -> int:
    return (
        len(row.partition) + len(row.key) + sum(len(name) + _size(one, 1) for name, one in row.values.items())
    )


def _by_formula(row: Row) -> int:
    """Follow Microsoft, "Understanding the Table service data model": UTF-16 names and texts, eight bytes a property."""
    sizes = (8 + 2 * len(name) + _size(one, 2) for name, one in row.values.items())
    return 4 + 2 * (len(row.partition) + len(row.key)) + sum(sizes)


def _size(value: Value, bytes_a_character: int) -> int:
    if isinstance(value, str):
        return bytes_a_character * len(value) + (4 if bytes_a_character > 1 else 0)
    if isinstance(value, bytes):
        return len(value)
    return 1 if isinstance(value, bool) else 8


async def _door_to_mapped(world: PostingWorld) -> Sequence[str]:
    counts = counted(world)
    await world.services.mappings.refresh()
    counts.requests.clear()
    await _send(world, 1, 1)
    await world.deliver()
    if set((await _statuses(world)).values()) != {"mapped"}:
        raise SystemExit("the receipt was not mapped: the figure would mean nothing")
    lone = counts.total
    return [
        f"a lone receipt, door to mapped: {lone} storage operations (budget 12), the host's own included",
        f"  {dict(sorted(counts.requests.items()))}",
    ]


async def _round_trips(world: PostingWorld) -> Sequence[str]:
    """Count what the POS waits for: calls of a hundred, new, repeated whole, and half of each."""
    counts = counted(world, latency_seconds=0.003)
    await world.services.mappings.refresh()
    trips = {}
    for name, first in (("new", 1), ("repeated", 1), ("half repeated", 51)):
        counts.trips = 0
        await _send(world, first, 100)
        trips[name] = counts.trips
    counts.trips = 0
    await _send(world, 1000, 1)
    trips["one new"] = counts.trips
    return [
        "storage round trips before the POS has its answer:",
        (
            f"  a hundred new {trips['new']}, one new {trips['one new']} (budget 3); a hundred repeated "
            f"{trips['repeated']}, half of them repeated {trips['half repeated']} (budget 4)"
        ),
    ]


async def _d365_calls(world: PostingWorld) -> Sequence[str]:
    """Twenty thousand receipts of fifty stores, counted by the simulator."""
    receipts = STORES * RECEIPTS_A_STORE
    await world.sim("setup", chain_setup())
    await map_chain(world)
    await trade(world)
    world.effects.seen.clear()
    await packages_are_done(world)
    packages, sent = len(await world.packages()), await world.all_calls()
    seen = Counter(one for one in world.effects.seen if one.startswith("d365"))
    read_back = seen["d365 GET RetailTransactions"]
    await world.headquarters()
    world.hand.turn(minutes=15)
    await track_packages(world.services)
    tracked = await world.all_calls() - sent
    return [
        f"D365 calls for {receipts} receipts of {STORES} stores in {packages} packages:",
        f"  {sent / packages:.1f} a package (budget 10), all included; {tracked} a tracking tick (budget 6)",
        f"  {5_000 * read_back / receipts:.2f} a 5,000 receipts read back, by header (budget 1)",
        f"  {1_000 * (sent + tracked) / receipts:.2f} a 1,000 receipts (budget 2.0)",
        f"  {dict(sorted(seen.items()))}",
    ]
