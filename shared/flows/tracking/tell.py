"""Put before people what stands still in D365: statements with an error, shifts and tills that D365 calls busy.

What is open is remembered on the turn's row before it is opened, so that a later turn ends it, whoever takes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from shared.d365.decoder import decode
from shared.errors import ChangedMeanwhileError
from shared.flows.posting.trouble import end_causes
from shared.flows.tracking.ask import POSTED_STATE, News
from shared.flows.tracking.unposted import UNPOSTED, unposted
from shared.retail.mapping import Mappings
from shared.retail.money import total
from shared.retail.reasons import Cause, cause
from shared.retail.till_busy import OFFLINE, Told, our_shift, state_words
from shared.services import Services
from shared.storage.causes import PACKAGE, SHIFT, STATEMENT, Member, cause_row, fingerprint_of, open_causes
from shared.storage.packages import tracking_key
from shared.storage.protocols import Row

TRIES_MAX = 5
THROTTLED = "d365_throttled"
BUSY = frozenset({"Closing", "Error"})
STATEMENT_STANDS, SHIFT_IN_ERROR, TILL_BUSY = "d365_statement_stands", "d365_shift_in_error", "d365_till_busy"
NO_RIGHT = "d365_evidence_missing"
TOLD_MAX = 200  # tasks open at once; what more there is follows as these end
Wanted = dict[str, tuple[Cause, Member]]
ENDED_HOW = {STATEMENT_STANDS: "D365 has posted it", UNPOSTED: "posted, or D365 has moved it on"}


async def tell(services: Services, turn: Row, news: News) -> Row:
    """Open what is new, end what is over; what this turn did not learn about stays. Give the turn's row as it is then."""
    turn = await _keep_states(services, turn, news)
    wanted, learnt = _wanted(news, await services.mappings.at_least(0), services.now())
    before: dict[str, list[str]] = json.loads(turn.text("Told", "{}"))
    room = max(TOLD_MAX - len(before), 0)
    new = dict([(key, one) for key, one in wanted.items() if key not in before][:room])
    over = {key: one for key, one in before.items() if key not in wanted and one[0] in learnt}
    if not new and not over:
        return turn
    names = {key: [why.code, why.value] for key, (why, _) in new.items()}
    turn = await remember(services, turn.with_values(Told=json.dumps(before | names)))
    await open_causes(
        services.tables.causes, [cause_row(why, member, services.now()) for why, member in new.values()]
    )
    for code, value in over.values():
        how = ENDED_HOW.get(code, "D365 no longer says so")
        await end_causes(services, cause(code, value), how)
    left = {key: one for key, one in (before | names).items() if key not in over}
    return await remember(services, turn.with_values(Told=json.dumps(left)))


async def _keep_states(services: Services, turn: Row, news: News) -> Row:
    """Keep what D365 says of tills on the turn's row, for whoever asks how they stand; what was not asked this time stays."""
    states: dict[str, dict[str, list[str]]] = json.loads(turn.text("Tills", "{}"))
    if news.terminals is not None:
        busy = [one for one in news.terminals if one.closing_status in BUSY]
        states["closing"] = {one.terminal: [one.closing_status] for one in busy[:TOLD_MAX]}
    if news.shifts is not None:
        for name, some in (
            ("offline", [one for one in news.shifts if one.has_pending]),
            ("in_error", [one for one in news.shifts if one.has_error]),
        ):
            shifts: dict[str, list[str]] = {}
            for one in some[:TOLD_MAX]:
                shifts.setdefault(one.terminal, []).append(one.shift)
            states[name] = {terminal: sorted(numbers) for terminal, numbers in shifts.items()}
    text = json.dumps({name: one for name, one in states.items() if one}, sort_keys=True)
    return (
        turn if text == turn.text("Tills", "{}") else await remember(services, turn.with_values(Tills=text))
    )


async def states_of_tills(services: Services) -> dict[str, Told]:
    """Give what D365 said of the registers that it calls busy when it was last asked, by register."""
    environment = services.settings.d365.environment_id
    turn = await services.tables.packages.read(environment, tracking_key(environment))
    states = json.loads(turn.text("Tills", "{}")) if turn is not None else {}
    closing, offline, in_error = (states.get(name, {}) for name in ("closing", "offline", "in_error"))
    return {
        register: Told(
            register,
            "".join(closing.get(register, ())),
            tuple(our_shift(one) for one in offline.get(register, ())),
            tuple(our_shift(one) for one in in_error.get(register, ())),
        )
        for register in sorted({*closing, *offline, *in_error})
    }


async def remember(services: Services, turn: Row) -> Row:
    """Keep the turn's row; where another worker's turn has begun, that one asks for itself, but not before D365 said.

    Storage may tell a write of ours as somebody else's: of the same turn, it is written again. What D365 told a worker
    that had stood still is newer than what the turns after it wrote.
    """
    table, row, is_ours = services.tables.packages, turn, True
    for _ in range(TRIES_MAX):
        try:
            etag = await table.replace(row, row.etag)
        except ChangedMeanwhileError:
            there = await table.read(turn.partition, turn.key)
            if there is None:
                return turn
            is_ours = there.instant("AskedAt") == turn.instant("AskedAt")
            row = replace(_no_sooner(turn if is_ours else there, there, turn), etag=there.etag)
            if not is_ours and row.values == there.values:
                return turn
        else:
            return replace(turn, etag=etag) if is_ours else turn
    return turn


def _no_sooner(row: Row, *others: Row) -> Row:
    """Give a row whose next try is the latest that any of some tells, and with it that D365 has said so: others go by that."""
    told = [one for one in others if "NextTry" in one.values]
    if not told:
        return row
    last = max(told, key=lambda one: one.instant("NextTry"))
    codes = set(row.text("Trouble").split()) | ({THROTTLED} & set(last.text("Trouble").split()))
    return row.with_values(NextTry=last.instant("NextTry"), Trouble=" ".join(sorted(codes)) or None)


def _wanted(news: News, mappings: Mappings, now: datetime) -> tuple[Wanted, set[str]]:
    """Give what is to be open, by fingerprint, and the kinds that this turn learnt about."""
    wanted: Wanted = {}
    learnt = set()
    for code, answer, found in (
        (STATEMENT_STANDS, news.aggregations, _statements(news)),
        (SHIFT_IN_ERROR, news.shifts, _shifts(news, mappings)),
        (TILL_BUSY, news.terminals, _tills(news, mappings)),
    ):
        if answer is not None:
            learnt.add(code)
            wanted |= {fingerprint_of(why): (why, member) for why, member in found}
    if news.is_shown and news.aggregations is not None:
        learnt.add(UNPOSTED)
        wanted |= {fingerprint_of(why): (why, member) for why, member in unposted(news, now)}
    if news.barred is not None:
        learnt.add(NO_RIGHT)
        wanted |= {fingerprint_of(why): (why, member) for why, member in _barred(news.barred)}
    return wanted, learnt


def _barred(sets: frozenset[str]) -> Iterator[tuple[Cause, Member]]:
    """Sets that are there, and that D365 does not let us read. One that is not there is the pre-flight's to tell."""
    for name in sorted(sets):
        why = cause(NO_RIGHT, f"rows of {name}", answer="what became of them")
        yield why, Member(PACKAGE, "", "asking what D365 has", receipts=0)


def _statements(news: News) -> Iterator[tuple[Cause, Member]]:
    """Statements that stand still with an error, in the decoder's words and D365's own."""
    for one in sorted(news.aggregations or (), key=lambda one: (one.statement, one.sales_order)):
        if not one.error or one.status == POSTED_STATE:
            continue
        own = [
            row for row in news.receipts.values()
            if (row.key.legal_entity, row.statement) == (one.legal_entity, one.statement)
        ]  # fmt: skip
        known = decode(one.error)
        told = known.words()
        if not known.is_known:  # then a statement that stands still is finance's, as its reason says
            told = {"sentence": known.sentence, "action": known.action}
        why = cause(
            STATEMENT_STANDS, f"{one.legal_entity} {one.statement}", store=one.store_number, state=one.status,
            words=one.error[:500], **told,
        )  # fmt: skip
        yield (
            why,
            Member(
                STATEMENT,
                one.store_number,
                one.statement,
                receipts=len(own),
                amount=total(row.payment for row in own),
            ),
        )


def _shifts(news: News, mappings: Mappings) -> Iterator[tuple[Cause, Member]]:
    stores = news.stores()
    for one in news.shifts or ():
        if one.store_number in stores and (one.has_error or one.has_pending):
            store, terminal = mappings.till_of(one.store_number, one.terminal)
            shift = our_shift(one.shift)
            problem = one.error or (OFFLINE.format(shift=shift) if one.has_pending else "no text given")
            value = f"{one.store_number} {one.terminal} {one.shift}"
            why = cause(
                SHIFT_IN_ERROR, value, store=store, terminal=terminal, shift=shift,
                words=problem[:500],
            )  # fmt: skip
            yield why, Member(SHIFT, one.store_number, value, terminal=one.terminal, receipts=0)


def _tills(news: News, mappings: Mappings) -> Iterator[tuple[Cause, Member]]:
    stores = news.stores()
    for one in news.terminals or ():
        if one.store_number in stores and one.closing_status in BUSY:
            store, terminal = mappings.till_of(one.store_number, one.terminal)
            why = cause(
                TILL_BUSY, one.terminal, store=store, terminal=terminal, state=one.closing_status,
                said=state_words(one.closing_status),
            )  # fmt: skip
            yield why, Member(SHIFT, one.store_number, one.terminal, terminal=one.terminal, receipts=0)
