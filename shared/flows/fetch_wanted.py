"""Fetch what vendors named, and hand over what is settled. One account's trouble stops no other; the account itself rests.
A thing at which the app fails stops none of its account's others: it rests, longer each time, and the error is raised at the end.

A row of `wanted` goes only after what it named is kept, so a crash anywhere means that it is fetched again, and ingesting the
same again does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.flows.fetching.asking import Trouble, ask
from shared.flows.fetching.hand_over import Ingest, Read, hand_over, read_fetched
from shared.flows.fetching.telling import end_not_here, tell_not_here, tell_state
from shared.flows.isolating.storedays import StoreDays
from shared.retail.vendor_state import VendorState, answering, failing, heard
from shared.retail.wanted import NOT_SETTLED, WEBHOOK, Wanted
from shared.services import Services
from shared.settings_vendors import VendorAccount
from shared.storage.vendor_states import change_state, read_state
from shared.storage.wanted import failed, fetched, given_up, note_told, wanted_now
from shared.vendors.listed import CLOSURE, Fetched

FETCH = "fetch"
FAILS = "the app fails at it"
A_BEAT_MAX = 200
AT_ONCE = 10
BEAT_SECONDS_MAX = 60
TRIES_OF_MISSING, TRIES_OF_REFUSED, LOOKS_MAX = 6, 3, 10
TRIES_BY_DAY, DAY_SECONDS = 14, 86_400
HEARD_EVERY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of one row: `read` where it was fetched, and what it told the vendor's time of."""

    wanted: Wanted
    answer: Fetched | None = None
    read: Read | None = None


async def fetch_wanted(services: Services, ingest: Ingest) -> int:
    """Fetch what is due of every account; give how many were fetched. Without accounts it does nothing at all."""
    apart = StoreDays(services, FETCH)
    accounts = [one for one in services.settings.vendors.values() if one.account in services.vendors]
    found = await services.together(
        *(apart.beside(_account(services, apart, one, ingest)) for one in accounts)
    )
    apart.end()
    return sum(one or 0 for one in found)


async def _account(services: Services, apart: StoreDays, account: VendorAccount, ingest: Ingest) -> int:
    """Fetch what is due of an account, ten at once, until the beat's share is done or the account has to rest."""
    table, begun = services.tables.wanted, services.now()
    due = await wanted_now(table, account.account, begun, A_BEAT_MAX)
    if not due:
        return 0
    state = await read_state(table, account.account)
    if state.rests(begun):
        return 0
    done = 0
    for at in range(0, len(due), AT_ONCE):
        part = due[at : at + AT_ONCE]
        found = await services.together(*(_fetch_apart(services, apart, account, one) for one in part))
        answered = [one for one in found if isinstance(one, _Done)]
        read = [one for one in answered if one.read is not None]
        done += await _keep_apart(services, apart, account, ingest, read)
        troubles = [one for one in found if isinstance(one, Trouble)]
        if troubles:
            await _rest(services, account, state, troubles)
            break
        state = await _heard(services, account, state, answered)
        if services.now() - begun > services.clock.patience(BEAT_SECONDS_MAX):
            break
    return done


async def _fetch_apart(
    services: Services, apart: StoreDays, account: VendorAccount, wanted: Wanted
) -> _Done | Trouble | None:
    found = await apart.beside(_fetch(services, account, wanted))
    if found is None:
        await failed(services.tables.wanted, wanted, services.now(), FAILS)
    return found


async def _keep_apart(
    services: Services, apart: StoreDays, account: VendorAccount, ingest: Ingest, found: Sequence[_Done]
) -> int:
    """Keep what was fetched in one go; where the app fails at it, one by one, so that only what it fails at has to rest."""
    kept = await apart.beside(_keep(services, account, ingest, found))
    if kept is not None:
        return kept
    done = 0
    for one in found:
        alone = await apart.beside(_keep(services, account, ingest, [one]))
        done += alone or 0
        if alone is None:
            await failed(services.tables.wanted, one.wanted, services.now(), FAILS)
    return done


async def _fetch(services: Services, account: VendorAccount, wanted: Wanted) -> _Done | Trouble:
    """Fetch one thing; what the whole account suffers from is given back and leaves the row as it is."""
    client = services.vendors[account.account]
    answer = await ask(client.fetch(wanted.kind, wanted.id, wanted.location, wanted.payload))
    if isinstance(answer, Fetched):
        return _Done(wanted, answer, await read_fetched(services, account, answer.document))
    if answer.of_account:
        return answer
    await _later(services, wanted, answer)
    return _Done(wanted)


async def _later(services: Services, wanted: Wanted, trouble: Trouble) -> None:
    """Try again later; where that will hardly help, put it before a person, and try it once a day for two weeks."""
    table, now = services.tables.wanted, services.now()
    tries = TRIES_OF_MISSING if trouble.missing else TRIES_OF_REFUSED
    if not trouble.lasts or wanted.attempts + 1 < tries:
        await failed(table, wanted, now, trouble.problem, trouble.wait_seconds)
        return
    if wanted.kind != CLOSURE:  # an opening that a register has left is told by the webhook of its close
        wanted = await tell_not_here(services, wanted, trouble.problem)
        if wanted.attempts + 1 < tries + TRIES_BY_DAY:
            await failed(table, wanted, now, trouble.problem, DAY_SECONDS)
            return
    services.log.warning("%s of %s is given up: %s", wanted.kind, wanted.account, trouble.problem)
    await given_up(table, wanted, now, trouble.problem)


async def _keep(services: Services, account: VendorAccount, ingest: Ingest, found: Sequence[_Done]) -> int:
    """Hand over what was fetched, then say of each row that it is; of what is not settled, that it is looked at again."""
    reads = [one.read for one in found if one.read is not None]
    verdicts = await hand_over(services, account, ingest, reads)
    await services.together(*(_end(services, one) for one in found))
    if verdicts:
        counts: dict[str, int] = {}
        for verdict in verdicts:
            counts[verdict.verdict] = counts.get(verdict.verdict, 0) + 1
        services.log.info("fetched of %s: %s", account.account, dict(sorted(counts.items())))
    return sum(not (one.read is not None and one.read.waits) for one in found)


async def _end(services: Services, one: _Done) -> None:
    table, now = services.tables.wanted, services.now()
    if one.read is not None and one.read.waits:
        if one.wanted.attempts + 1 < LOOKS_MAX:
            await failed(table, one.wanted, now, NOT_SETTLED)
        else:
            await given_up(table, one.wanted, now, f"{NOT_SETTLED}: it waits for what the vendor names next")
        return
    await end_not_here(services, one.wanted)
    is_done = await fetched(table, one.wanted, now, one.answer.changed_at if one.answer else None)
    if not is_done and one.wanted.told:
        # Named anew meanwhile: should that not come, people are told of it again.
        await note_told(table, one.wanted, "")


async def _rest(
    services: Services, account: VendorAccount, state: VendorState, troubles: Sequence[Trouble]
) -> None:
    """Leave the account alone for as long as the vendor said."""
    now = services.now()
    worst = max(troubles, key=lambda one: (one.refused, one.rest_seconds))
    services.log.warning("%s rests for %d s: %s", account.account, worst.rest_seconds, worst.problem)
    state = await change_state(
        services.tables.wanted,
        state,
        lambda one: failing(one, now, worst.problem, worst.rest_seconds, refused=worst.refused),
    )
    await tell_state(services, account, state)


async def _heard(
    services: Services, account: VendorAccount, state: VendorState, found: Sequence[_Done]
) -> VendorState:
    """Remember that the vendor answers, and when its webhooks last told of something; not at every receipt."""
    told = [one.wanted.wanted_at for one in found if one.wanted.heard_by == WEBHOOK]
    newest = max(told, default=None)
    is_new = newest is not None and (
        state.heard_at is None
        or (newest - state.heard_at).total_seconds() > HEARD_EVERY_SECONDS
        or state.deaf_since is not None
    )
    has_answered = any(one.answer is not None for one in found)
    if not is_new and not (has_answered and state.rests_until is not None):
        return state

    def change(one: VendorState) -> VendorState:
        after = answering(one) if has_answered else one
        return heard(after, newest) if newest is not None and is_new else after

    state = await change_state(services.tables.wanted, state, change)
    return await tell_state(services, account, state)
