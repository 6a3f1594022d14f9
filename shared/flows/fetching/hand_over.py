"""Hand over what was fetched: of each document the receipts that are settled, several documents in one call.

Every receipt is a document of its own, as its adapter cuts them: the same bytes whether it is handed over alone or with others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import RejectedError
from shared.pos.adapter import TRANSACTIONS_MAX, Adapter, Arrival
from shared.pos.registry import ADAPTERS
from shared.pos.shopify_order import NO_LOCATION
from shared.pos.vendor_json import is_settled
from shared.services import Services
from shared.settings import Sender
from shared.settings_vendors import SHOPIFY, VendorAccount, is_of_another

CALL_BYTES_MAX = 8 * 1_048_576
READ_IN_THREAD_BYTES = 1_000_000


class Verdicts(Protocol):
    """What ingesting says of each receipt."""

    @property
    def verdict(self) -> str: ...


Ingest = Callable[[Services, Sender, Adapter, bytes], Awaitable[Sequence[Verdicts]]]


@dataclass(frozen=True, slots=True)
class Read:
    """A fetched document as its adapter reads it. settled: the receipts to hand over; waits: some are not settled yet."""

    settled: tuple[bytes, ...]
    waits: bool
    unreadable: bytes = b""


async def read_fetched(services: Services, account: VendorAccount, document: bytes) -> Read:
    """Cut a document into its receipts, and leave out what is not settled, and what is for nobody or another to read.

    That is what was made online, not at a till, and receipts of stores that another account of the same seller reads.
    """
    try:
        arrivals = await arrivals_in(services, account, document)
    except RejectedError:
        return Read((), waits=False, unreadable=document)
    accounts = services.settings.vendors
    of_tills = [
        one
        for one in arrivals
        if not _is_online(account, one) and not is_of_another(accounts, account, one.store)
    ]
    settled = tuple(
        one.document for one in of_tills if one.transaction is None or is_settled(one.transaction)
    )
    return Read(settled, waits=len(settled) < len(of_tills) or not arrivals)


async def arrivals_in(services: Services, account: VendorAccount, document: bytes) -> list[Arrival]:
    """Read a vendor's document, a large one beside the loop.

    Raises:
        RejectedError: it cannot be read at all.
    """
    adapter = ADAPTERS[account.vendor]
    if len(document) > READ_IN_THREAD_BYTES:
        return await services.in_thread(adapter.read, document, account.account)
    return adapter.read(document, account.account)


async def hand_over(
    services: Services, account: VendorAccount, ingest: Ingest, found: Sequence[Read]
) -> Sequence[Verdicts]:
    """Keep what was read, in as few calls as the limits allow; what cannot be read becomes an exception by itself."""
    sender = Sender(account.account, (), account.stores)
    adapter = ADAPTERS[account.vendor]
    verdicts: list[Verdicts] = []
    for body, pieces in _bodies(account.vendor, [piece for one in found for piece in one.settled]):
        if _can_read(adapter, account, body):
            verdicts += await ingest(services, sender, adapter, body)
            continue
        for piece in pieces:  # together they are more, or deeper, than one call may be
            verdicts += await ingest(services, sender, adapter, piece)
    for one in found:
        if one.unreadable:
            await _note_unreadable(services, sender, adapter, ingest, one.unreadable)
    return verdicts


async def _note_unreadable(
    services: Services, sender: Sender, adapter: Adapter, ingest: Ingest, document: bytes
) -> None:
    """Ingest keeps that something came which cannot be read, and says so; who fetched it has nobody to tell."""
    try:
        await ingest(services, sender, adapter, document)
    except RejectedError as error:
        services.log.warning("what %s gave cannot be read: %s", sender.account, error.field)


def _is_online(account: VendorAccount, arrival: Arrival) -> bool:
    """Say whether a receipt was made online: it has no location, and the account's settings do not name that as a store."""
    return account.vendor == SHOPIFY and arrival.store == NO_LOCATION and NO_LOCATION not in account.stores


def _can_read(adapter: Adapter, account: VendorAccount, body: bytes) -> bool:
    try:
        return bool(adapter.read(body, account.account))
    except RejectedError:
        return False


def _bodies(vendor: str, pieces: Sequence[bytes]) -> list[tuple[bytes, list[bytes]]]:
    """Put documents into as few calls as the limits allow; each with what is in it."""
    bodies: list[tuple[bytes, list[bytes]]] = []
    call: list[bytes] = []
    size = 0
    for piece in pieces:
        if call and (len(call) >= TRANSACTIONS_MAX or size + len(piece) > CALL_BYTES_MAX):
            bodies.append((_body(vendor, call), call))
            call, size = [], 0
        call.append(piece)
        size += len(piece)
    return [*bodies, (_body(vendor, call), call)] if call else bodies


def _body(vendor: str, pieces: Sequence[bytes]) -> bytes:
    name = b"orders" if vendor == SHOPIFY else b"documents"
    return b'{"' + name + b'":[' + b",".join(pieces) + b"]}"
