"""Look up the sales that returns name: what each sold, whether it is here yet, and which claims on it still stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.flows.posting.kept import read_kept
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.returns import Claim, Place, Sold, named_by, nothing_sold, sold_by
from shared.retail.reversal import REPLACEMENT
from shared.retail.status import Status
from shared.retail.transaction import Line, Transaction
from shared.services import Services
from shared.storage.corrections import CORRECTION
from shared.storage.protocols import Row
from shared.storage.receipts import identity_key
from shared.storage.returns import read_ledger

WITHOUT_RECEIPT = "WithoutReceipt"  # a person's word: it goes as a return without its receipt
_NOT_ON_ITS_WAY = frozenset({Status.RECEIVED, Status.WAITING, Status.HELD})
_NOT_IN_THE_BOOKS = frozenset({Status.EXCLUDED, Status.WRITTEN_OFF})


@dataclass(frozen=True, slots=True)
class Return:
    """A receipt on which something came back, as its document tells it; `goes` when nothing else holds it."""

    row: Row
    transaction: Transaction
    goes: bool


@dataclass(frozen=True, slots=True)
class Original:
    """A sale that a return names. sold: None while it is not here, or held itself; why: which of the two."""

    place: Place
    lines: tuple[Line, ...]
    sold: Sold | None
    label: str
    why: str = ""


async def originals_missing(
    services: Services, mappings: Mappings, row: Row, transaction: Transaction
) -> Cause | None:
    """Give what a waiting return still waits for; None when it may go on."""
    one = Return(row, transaction, goes=True)
    return waits_for(await originals_of(services, mappings, one, ()), row)


async def originals_of(
    services: Services, mappings: Mappings, one: Return, going: Collection[tuple[str, str]]
) -> list[Original]:
    """Look up every sale that a return names, each once, in the order of their places."""
    lines: dict[Place, list[Line]] = {}
    for line in one.transaction.lines:
        link = named_by(one.transaction, line)
        if link is not None:
            store = link.store or one.row.partition
            setup = mappings.store(store, date.fromisoformat(one.row.text("BusinessDay")))
            account = (setup.account if setup else "") or one.row.text("Account")
            lines.setdefault(Place(store, account, link.transaction_id or ""), []).append(line)
    return [
        await _look_up(services, place, tuple(some), one.row, going) for place, some in sorted(lines.items())
    ]


async def _look_up(
    services: Services, place: Place, lines: tuple[Line, ...], back: Row, going: Collection[tuple[str, str]]
) -> Original:
    table = services.tables.transactions
    identity = await table.read(place.store, identity_key(place.store, place.account, place.transaction_id))
    row = await table.read(place.store, identity.text("DayKey")) if identity is not None else None
    if identity is None or row is None:
        return Original(place, lines, None, place.transaction_id, "has not arrived")
    label, status = row.text("ReceiptNumber") or place.transaction_id, Status(row.text("Status"))
    goes_too = place.store == back.partition and (place.account, place.transaction_id) in going
    if status in _NOT_ON_ITS_WAY and not row.text("D365Number") and not goes_too:
        return Original(place, lines, None, label, "arrived, and waits itself")
    transaction = read_kept(row)
    if transaction is None:
        return Original(place, lines, None, label, "can no longer be read")
    sold = sold_by(transaction)
    is_gone = identity.text("ReversedBy") and not identity.text("ReplacedBy")
    gone = status in _NOT_IN_THE_BOOKS or bool(is_gone) or not transaction.is_for_the_ledger
    return Original(place, lines, nothing_sold(sold) if gone else sold, label)


def waits_for(originals: Sequence[Original], row: Row) -> Cause | None:
    missing = next((one for one in originals if one.sold is None), None)
    if missing is None:
        return None
    since = row.instant("WaitsSince" if "WaitsSince" in row.values else "ReceivedAt")
    return cause(
        "refund_before_sale", f"{missing.place.store} {missing.place.transaction_id}", problem=missing.why,
        since=f"{since:%Y-%m-%d %H:%M} UTC",
    )  # fmt: skip


def refund_of(row: Row, transaction: Transaction) -> Place:
    """Name a refund for the ledger: a replacement is the refund it stands for, so that it takes nothing back twice."""
    return Place(row.partition, row.text("Account"), transaction.transaction_id)


async def stands(services: Services, claim: Claim, sale: Place) -> bool:
    """Say whether the refund that made a claim still gives back: not reversed for good, voided, accepted or changed."""
    table, refund = services.tables.transactions, claim.refund
    identity = await table.read(
        refund.store, identity_key(refund.store, refund.account, refund.transaction_id)
    )
    row = await table.read(refund.store, identity.text("DayKey")) if identity is not None else None
    if identity is None or row is None:
        return False
    if Status(row.text("Status")) in _NOT_IN_THE_BOOKS or row.flag(WITHOUT_RECEIPT):
        return False
    if identity.text("ReversedBy") and not identity.text("ReplacedBy"):
        return False
    transaction = read_kept(row)
    if transaction is None:
        return True
    named = {
        link.transaction_id for line in transaction.lines if (link := named_by(transaction, line)) is not None
    }
    return transaction.is_for_the_ledger and sale.transaction_id in named


async def standing(
    services: Services, store: str, account: str, transaction_id: str
) -> tuple[Sold, tuple[Claim, ...]] | None:
    """Give what a receipt sold and the claims on it that stand; None where it is not here, or not on its way."""
    sale = Place(store, account, transaction_id)
    found = await _look_up(services, sale, (), Row(store, "", {}), ())
    if found.sold is None:
        return None
    _, claims = await read_ledger(services.tables.returns, sale)
    return found.sold, tuple([one for one in claims if await stands(services, one, sale)])


def as_rung_up(row: Row, transaction: Transaction) -> Transaction:
    """Give a receipt under the id the till gave it: a replacement is kept under another."""
    if row.text(CORRECTION) != REPLACEMENT:
        return transaction
    told_by_document = read_kept(row.with_values(Correction=None))
    assert told_by_document is not None
    return replace(transaction, transaction_id=told_by_document.transaction_id)
