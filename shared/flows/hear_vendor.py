"""Hear what a vendor's authentic webhook says, and keep it before the vendor is answered.

Vendors end a subscription that fails too often, so whatever is wrong with an authentic webhook is put before a person
here and answered as kept; only storage that does not answer makes the vendor send again. Round trips before the answer:
three to want what was named (two reads, one write); as many as `ingest_transactions` where the webhook is the receipt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from shared.errors import RejectedError
from shared.flows.fetching.hand_over import arrivals_in
from shared.flows.ingesting.unreadable import keyed_hash, note_unreadable
from shared.pos.adapter import Adapter
from shared.pos.json_tree import safe
from shared.pos.registry import ADAPTERS
from shared.pos.webhooks import READERS, Asked, Meant, Said
from shared.retail.reasons import cause
from shared.retail.wanted import Naming, is_past
from shared.services import Services
from shared.settings import Sender
from shared.settings_vendors import SHOPIFY, WEBHOOKS, VendorAccount, is_of_another, others_of_seller
from shared.storage.causes import OPEN, Member, cause_row, cause_rows, fingerprint_of, open_causes
from shared.storage.wanted import want

Ingest = Callable[[Services, Sender, Adapter, bytes], Awaitable[Sequence[Any]]]
READ_IN_THREAD_BYTES = 1_000_000
WANTED, KNOWN, KEPT, LATER, PAST, TOLD, ASKED, NOT_USED = (
    "wanted", "known", "kept", "later", "past", "told", "asked", "not used",
)  # fmt: skip


async def hear_vendor(
    services: Services, account: VendorAccount, body: bytes, topic: str, ingest: Ingest
) -> str:
    """Keep what an authentic webhook says; give what became of it in a word.

    topic: what the vendor's header calls it, which nobody has signed. ingest: keeps the receipts in it, where the account's
    webhooks are read as receipts.

    Raises:
        RetryableError, UnknownOutcomeError: storage did not answer; the vendor sends the same again.
    """
    sender = Sender(account.account, account.secrets, account.stores)
    meant = Meant(account.host, account.merchant, topic)
    try:
        if len(body) > READ_IN_THREAD_BYTES:
            said = await services.in_thread(READERS[account.vendor], body, meant)
        else:
            said = READERS[account.vendor](body, meant)
    except RejectedError as error:
        await note_unreadable(services, sender, [(body, str(error))], tell_again=False)
        outcome = TOLD
    else:
        outcome = await _keep(services, account, sender, body, said, ingest)
    services.log.info("a webhook for %s was heard: %s", account.account, outcome)
    return outcome


async def _keep(
    services: Services, account: VendorAccount, sender: Sender, body: bytes, said: Said, ingest: Ingest
) -> str:
    if said.asked is not None:
        return await _note_asked(services, account, said.asked)
    if said.unused_topic:
        return await _note_unused(services, account, said.unused_topic)
    if said.wanted is None:
        return LATER
    # Of an order that Shopify names, something may have come back at this account's store: its receipts are looked at.
    if account.vendor != SHOPIFY and is_of_another(services.settings.vendors, account, said.wanted.location):
        return NOT_USED
    if account.mode == WEBHOOKS:
        return await _ingest(services, account, sender, body, ingest)
    return await _want(services, account, sender, body, said.wanted)


async def _ingest(
    services: Services, account: VendorAccount, sender: Sender, body: bytes, ingest: Ingest
) -> str:
    """Keep the receipts in a webhook; what is wrong with them, `ingest` has put before a person already."""
    own = await _own(services, account, body)
    try:
        for document in own:
            await ingest(services, sender, ADAPTERS[account.vendor], document)
    except RejectedError:
        return TOLD
    return KEPT if own else NOT_USED


async def _own(services: Services, account: VendorAccount, body: bytes) -> Sequence[bytes]:
    """Leave out the receipts that another account of the same seller reads; the body as it is where there are none."""
    accounts = services.settings.vendors
    if not others_of_seller(accounts, account):
        return (body,)
    try:
        arrivals = await arrivals_in(services, account, body)
    except RejectedError:
        return (body,)  # ingesting it says so to a person
    own = [one for one in arrivals if not is_of_another(accounts, account, one.store)]
    return (body,) if len(own) == len(arrivals) else [one.document for one in own]


async def _want(
    services: Services, account: VendorAccount, sender: Sender, body: bytes, naming: Naming
) -> str:
    is_its = account.may_send_for(naming.location) or is_of_another(
        services.settings.vendors, account, naming.location
    )
    if naming.location and not is_its:
        why = f"store: expected a store of this source account, found {safe(naming.location)}"
        await note_unreadable(services, sender, [(body, why)], tell_again=False)
        return TOLD
    now = services.now()
    if is_past(naming, now):
        return PAST
    one = replace(naming, event=naming.event or keyed_hash(services, body)[:32])
    return WANTED if await want(services.tables.wanted, account.account, one, now) else KNOWN


async def _note_unused(services: Services, account: VendorAccount, topic: str) -> str:
    """Tell once that somebody subscribed what nobody here has use for, and not at every one of them."""
    why = cause("webhook_not_used", f"{account.account} {topic}", account=account.account, topic=topic)
    member = Member(what="webhook", store="", name=topic, account=account.account, receipts=0)
    row = cause_row(why, member, services.now())
    there = await services.tables.causes.read(row.partition, row.key)
    if there is None or there.text("State") != OPEN:
        await open_causes(services.tables.causes, [row])
    return NOT_USED


async def _note_asked(services: Services, account: VendorAccount, asked: Asked) -> str:
    """Put a wish about somebody's data before its owner, a line for each order of theirs; the same wish again changes nothing."""
    whom = asked.customer or asked.reference
    value = " ".join(one for one in (account.account, asked.topic, whom, asked.reference) if one)
    why = cause("personal_data_asked", value, account=account.account, topic=asked.topic)
    orders = asked.orders or ("",)
    members = [
        Member(
            what="request", store="", name=order or "all", account=account.account,
            transaction_id=f"O{order}" if order else "", receipts=0,
        )
        for order in orders
    ]  # fmt: skip
    table = services.tables.causes
    known = {row.key async for row in cause_rows(table, fingerprint_of(why))}
    rows = [cause_row(why, one, services.now()) for one in members]
    await open_causes(table, [row for row in rows if row.key not in known])
    return ASKED
