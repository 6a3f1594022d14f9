"""Look through what each vendor lists as changed, and want what is not here: every vendor loses some of its webhooks.

A list's mark moves only when everything of a page is wanted, and to what is ripe alone; each sweep begins a little before it.
What the last sweep's mark had not reached is counted once: told by a webhook, or found here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from shared.flows.fetching.asking import Trouble, ask
from shared.flows.fetching.not_here import SHOPIFY_ORDER
from shared.flows.fetching.telling import OVERDUE, is_told, tell_not_here, tell_state
from shared.flows.isolating.storedays import StoreDays
from shared.pos.shopify_order import NO_LOCATION, revision_of
from shared.retail.identity import revision_is_higher
from shared.retail.vendor_state import VendorState, answering, counted, failing, swept
from shared.retail.wanted import NOT_SETTLED, SWEEP, Naming, Swept, Wanted, is_due, page_kept
from shared.services import Services
from shared.settings_vendors import SHOPIFY, WEBHOOKS, VendorAccount, is_of_another
from shared.storage.receipts import UNKNOWN_STORE, identity_key
from shared.storage.vendor_states import change_state, read_state
from shared.storage.wanted import all_wanted, forget_fetched, read_swept, save_swept, want
from shared.vendors.listed import CLOSURE, ORDER, Listed, Page

SWEEP_STAGE = "sweep"
PAGES_A_BEAT_MAX = 20
AT_ONCE = 10
TOLD_A_SWEEP_MAX = 200
KEPT = timedelta(days=14)


@dataclass(slots=True)
class _Count:
    """What a sweep met for the first time: told by a webhook before, or found by the sweep. is_whole: no list goes on."""

    told: int = 0
    found: int = 0
    is_whole: bool = True


async def sweep_vendors(services: Services) -> int:
    """Sweep every account that is due; give how much was found that nothing had told. Without accounts it does nothing."""
    apart = StoreDays(services, SWEEP_STAGE)
    accounts = [one for one in services.settings.vendors.values() if one.account in services.vendors]
    found = await services.together(*(apart.beside(_account(services, one)) for one in accounts))
    apart.end()
    return sum(one or 0 for one in found)


async def _account(services: Services, account: VendorAccount) -> int:
    table, now = services.tables.wanted, services.now()
    client = services.vendors[account.account]
    lists = [await read_swept(table, account.account, name) for name in client.lists]
    due = [one for one in lists if is_due(one, now)]
    if not due:
        return 0
    state = await read_state(table, account.account)
    if state.rests(now):
        await tell_state(services, account, state)
        return 0
    count, trouble = _Count(), None
    for one in due:
        found = await _list(services, account, one, count)
        if found is not None and (trouble is None or found.of_account):
            trouble = found
        if found is not None and found.of_account:
            break
    state = await _remember(services, account, state, count, trouble)
    await tell_state(services, account, state)
    await _tell_overdue(services, account)
    await _forget(services, account, lists[0])
    if count.found:
        services.log.warning("found by sweep of %s: %d that no webhook told", account.account, count.found)
    return count.found


async def _list(services: Services, account: VendorAccount, begun: Swept, count: _Count) -> Trouble | None:
    """Sweep a list, a page after the other, until its end or the beat's share; give what stopped it."""
    table, at = services.tables.wanted, begun
    client = services.vendors[account.account]
    is_counted = begun.list == client.lists[0]
    for _ in range(PAGES_A_BEAT_MAX):
        page = await ask(client.page(at.list, at.mark, at.page, services.now()))
        if isinstance(page, Trouble):
            return await _stopped(services, at, page)
        for start in range(0, len(page.found), AT_ONCE):
            part = page.found[start : start + AT_ONCE]
            news = await services.together(*(_want(services, account, one) for one in part))
            if is_counted:
                own = [
                    one if _is_own(services, account, each) else None
                    for each, one in zip(part, news, strict=True)
                ]
                _count(count, page, part, own, at.mark)
        later = services.now() + timedelta(minutes=account.sweep_minutes)
        kept = page_kept(at, page.after, max(page.mark, at.reach, at.mark), later)
        if not await save_swept(table, kept):
            return None  # another worker sweeps it now
        if not page.after:
            return None
        at = await read_swept(table, account.account, at.list)
    count.is_whole = False
    return None


def _is_own(services: Services, account: VendorAccount, one: Listed | Wanted) -> bool:
    return not is_of_another(services.settings.vendors, account, one.location)


async def _want(services: Services, account: VendorAccount, listed: Listed) -> bool | None:
    """Want what a list names and nothing knows at that time; None for what is not to be wanted now, True for news."""
    now = services.now()
    if not listed.is_ripe(now) or not listed.is_settled:
        return None
    if account.vendor != SHOPIFY and not _is_own(services, account, listed):
        return None  # of an order of Shopify's, something may have come back at a store of this account
    is_known = False
    if account.mode == WEBHOOKS and listed.kind == ORDER:
        seen = await _seen(services, account, listed)
        if seen is not None and not revision_is_higher(revision_of(listed.changed_at, 0), seen):
            return False
        is_known = seen is not None
    naming = Naming(
        listed.kind, listed.id, listed.changed_at, location=listed.location, heard_by=SWEEP,
        happened_at=listed.happened_at, amount="" if listed.amount is None else str(listed.amount),
        currency=listed.currency,
    )  # fmt: skip
    return await want(services.tables.wanted, account.account, naming, now) and not is_known


async def _seen(services: Services, account: VendorAccount, listed: Listed) -> str | None:
    """Give the revision in which webhooks alone brought an order; None where it never came."""
    name = SHOPIFY_ORDER + listed.id
    for store in (listed.location or NO_LOCATION, UNKNOWN_STORE):
        row = await services.tables.transactions.read(store, identity_key(store, account.account, name))
        if row is not None:
            return row.text("RevisionSeen") or row.text("Revision")
    return None


def _count(count: _Count, page: Page, part: tuple[Listed, ...], news: list[bool | None], mark: str) -> None:
    """Count what was found, and what was told by webhook: of that, what is before the mark was counted by the sweep before."""
    for listed, is_news in zip(part, news, strict=True):
        if is_news is None or not listed.is_sale:
            continue
        count.found += is_news
        count.told += not is_news and page.is_beyond(listed, mark)


async def _stopped(services: Services, at: Swept, trouble: Trouble) -> Trouble:
    """A page that the vendor does not know any more is no place to go on from: the next sweep begins at the mark."""
    if trouble.lasts and not trouble.of_account and at.page:
        await save_swept(services.tables.wanted, replace(at, page="", reach=""))
    return trouble


async def _remember(
    services: Services, account: VendorAccount, state: VendorState, count: _Count, trouble: Trouble | None
) -> VendorState:
    now = services.now()

    def change(one: VendorState) -> VendorState:
        after = counted(one, now, count.told, count.found)
        if trouble is not None:
            rest = trouble.rest_seconds if trouble.of_account else None
            return failing(after, now, trouble.problem, rest, refused=trouble.refused)
        return swept(after, now) if count.is_whole else answering(after)

    if trouble is not None:
        services.log.warning("%s was not swept whole: %s", account.account, trouble.problem)
    return await change_state(services.tables.wanted, state, change)


async def _tell_overdue(services: Services, account: VendorAccount) -> None:
    """Put before the stores what was wanted half an hour ago and is not here; so many a sweep, the longest wanted first."""
    now = services.now()
    overdue = [
        one
        for one in await all_wanted(services.tables.wanted, account.account)
        if now - one.wanted_at >= OVERDUE
        and not is_told(one)
        and _is_own(services, account, one)
        and one.kind != CLOSURE
        and one.problem != NOT_SETTLED
    ]
    for one in overdue[:TOLD_A_SWEEP_MAX]:
        await tell_not_here(services, one, one.problem or "it waits its turn")


async def _forget(services: Services, account: VendorAccount, begun: Swept) -> None:
    """Forget once a day, where a list is swept to its end, what was fetched weeks ago: no vendor repeats so late."""
    table = services.tables.wanted
    ended = await read_swept(table, account.account, begun.list)
    if begun.next_at and ended.next_at and begun.next_at.date() != ended.next_at.date():
        await forget_fetched(table, account.account, services.now() - KEPT)
