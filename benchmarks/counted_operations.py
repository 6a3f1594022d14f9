"""Storage operations from the door to mapped, counted at the protocol: the same on any machine."""

from __future__ import annotations

from collections import Counter

from benchmarks.setting import SENDER, call_of, counted_services
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.pos.registry import ADAPTERS

DUE = "map~S1~2017-12-23"
QUEUE_READS = 2  # the doorbell's receive and delete, done by the Functions host


async def counted_operations() -> None:
    """Print operations for a hundred receipts in one call and for a lone receipt, with and without the host's own."""
    for receipts, budget in ((100, "0.25 a receipt, door to posted"), (1, "12, door to mapped")):
        calls = await _door_to_mapped(receipts)
        ours = sum(calls.values())
        print(f"door to mapped, {receipts} receipt(s) in one call: {ours + QUEUE_READS} storage operations")
        print(f"  {(ours + QUEUE_READS) / receipts:.2f} a receipt (budget {budget})")
        print(f"  {dict(sorted(calls.items()))}, and {QUEUE_READS} by the host for the doorbell")
    print()


async def _door_to_mapped(receipts: int) -> Counter[str]:
    services, calls = await counted_services()
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(1, receipts))
    mapped = await map_transactions(services, DUE)
    if mapped != receipts:
        raise SystemExit(f"{mapped} of {receipts} receipts were mapped: the figure would mean nothing")
    return calls
