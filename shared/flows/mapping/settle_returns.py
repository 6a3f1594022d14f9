"""Settle what receipts give back: look the sale up, claim on it, wait for it, or say what is beyond it.

A claim is written under the ETag of the sale's own ledger row before the refund goes on: of two workers that settle two refunds
of one piece, one finds the other's claim. A refund that is settled again finds its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.errors import RetryableError
from shared.flows.mapping.originals import (
    WITHOUT_RECEIPT,
    Original,
    Return,
    originals_of,
    refund_of,
    stands,
    waits_for,
)
from shared.retail.mapping import Mappings
from shared.retail.money import money_text, total
from shared.retail.reasons import Cause, cause
from shared.retail.returns import (
    Claim,
    Over,
    Place,
    amount_without_receipt,
    beyond,
    claim_on,
    less_money,
    money_back,
    named_by,
    to_another_tender,
    told,
)
from shared.retail.reversal import REPLACEMENT, REVERSAL
from shared.services import Services
from shared.storage.corrections import CORRECTION
from shared.storage.protocols import Row, Value
from shared.storage.returns import read_ledger, save_ledger

WRITES_MAX = 8


@dataclass(frozen=True, slots=True)
class Settled:
    """What the ledger says of a return. waits: for its sale; causes: what holds it; changes: of its row, when it goes."""

    causes: tuple[Cause, ...] = ()
    waits: Cause | None = None
    changes: Mapping[str, Value | None] = field(default_factory=dict)


async def settle_returns(
    services: Services, mappings: Mappings, returns: Sequence[Return], going: Collection[tuple[str, str]]
) -> dict[str, Settled]:
    """Settle returns of one store-day, in the order they happened, by row key; of receipts that gave nothing back, nothing.

    going: account and id of receipts of the same run that go on: a sale and its refund need not wait for each other.
    """
    some = [one for one in returns if _gives_back(one)]
    some.sort(key=lambda one: (one.transaction.completed_at, one.row.key))
    return {one.row.key: await _settle(services, mappings, one, going) for one in some}


def _gives_back(one: Return) -> bool:
    """Say whether the ledger is asked: a reversal is the ledger's own doing, and a training receipt gives nothing back."""
    return (
        one.transaction.is_for_the_ledger
        and one.row.text(CORRECTION) != REVERSAL
        and any(line.is_return for line in one.transaction.lines)
    )


async def _settle(
    services: Services, mappings: Mappings, one: Return, going: Collection[tuple[str, str]]
) -> Settled:
    if await _was_accepted(services, one.row):
        named = [line for line in one.transaction.lines if named_by(one.transaction, line) is not None]
        back = money_text(total(line.amount_due for line in named), one.transaction.currency)
        return Settled(changes={"OtherTender": None, "AcceptedBack": back if named else None})
    too_much = _beyond_the_limit(mappings, one)
    originals = await originals_of(services, mappings, one, going)
    waits = waits_for(originals, one.row)
    if waits is not None or not originals:
        return Settled(too_much, waits, {"OtherTender": None})
    found = await _judge(services, one, originals, write=one.goes and not too_much)
    causes = tuple(_above(original, overs, one) for original, overs, _ in found if overs)
    other = sum(
        (to_another_tender(original.sold, claim) for original, _, claim in found if original.sold), Decimal(0)
    )
    changes = {"OtherTender": money_text(other, one.transaction.currency) if other else None}
    return Settled((*causes, *too_much), changes=changes)


async def _was_accepted(services: Services, row: Row) -> bool:
    """Say whether a person let it go without its sale; a replacement follows its original."""
    while row.text(CORRECTION) == REPLACEMENT:
        original = await services.tables.transactions.read(row.partition, row.text("OriginalKey"))
        if original is None:
            break
        row = original
    return row.flag(WITHOUT_RECEIPT)


def _beyond_the_limit(mappings: Mappings, one: Return) -> tuple[Cause, ...]:
    """Hold what came back without its receipt for more than the store may take so, where it has a limit."""
    store = mappings.store(one.row.partition, date.fromisoformat(one.row.text("BusinessDay")))
    amount, limit = amount_without_receipt(one.transaction), store.no_receipt_limit if store else None
    if amount is None or limit is None or -amount <= limit:
        return ()
    currency = one.transaction.currency
    problem = (
        f"{money_text(-amount, currency)} {currency}, where {money_text(limit, currency)} is the limit"
        f" (cashier {one.transaction.operator or 'not named'})"
    )
    return (cause("return_without_receipt", one.row.partition, store=one.row.partition, problem=problem),)


def _above(original: Original, overs: Sequence[Over], one: Return) -> Cause:
    name = one.transaction.receipt_number or one.transaction.transaction_id
    said = "; ".join(told(over, one.transaction.currency) for over in overs)
    problem = f"refund {name} of store {one.row.partition}: {said}"
    return cause("refund_above_sale", f"{original.place.store} {original.label}", problem=problem[:400])


async def _judge(
    services: Services, one: Return, originals: Sequence[Original], *, write: bool
) -> list[tuple[Original, tuple[Over, ...], Claim]]:
    """Judge a return against each sale it names; where all of it stands, write the claims, one sale after the other."""
    found = await _look(services, one, originals, write=False)
    if not write or any(overs for _, overs, _ in found):
        return found
    found = await _look(services, one, originals, write=True)
    if any(overs for _, overs, _ in found):  # somebody claimed meanwhile: none of it stands
        for original, overs, claim in found:
            if not overs:
                await _give_up(services, original.place, claim.refund)
    return found


async def _look(
    services: Services, one: Return, originals: Sequence[Original], *, write: bool
) -> list[tuple[Original, tuple[Over, ...], Claim]]:
    refund, money, found = refund_of(one.row, one.transaction), money_back(one.transaction), []
    for original in originals:
        overs, claim = await _claim(services, one, original, refund, money, write=write)
        money = less_money(money, claim.money)
        found.append((original, overs, claim))
        if overs and write:
            break
    return found


async def _claim(
    services: Services, one: Return, original: Original, refund: Place, money: Mapping[str, Decimal], *, write: bool
) -> tuple[tuple[Over, ...], Claim]:  # fmt: skip
    """Judge a claim on one sale and, if it stands, write it; claims that stand no more are looked for only in need."""
    assert original.sold is not None
    for _ in range(WRITES_MAX):
        row, claims = await read_ledger(services.tables.returns, original.place)
        others = [each for each in claims if each.refund != refund]
        wanted = claim_on(one.transaction, refund, original.lines, original.sold, others, money)
        own = next((each for each in claims if each.refund == refund), None)
        if own is not None and _says_the_same(own, wanted):
            return (), own
        overs = beyond(original.sold, others, wanted, one.transaction.currency)
        if overs and others:
            others = [each for each in others if await stands(services, each, original.place)]
            wanted = claim_on(one.transaction, refund, original.lines, original.sold, others, money)
            overs = beyond(original.sold, others, wanted, one.transaction.currency)
        if overs or not write:
            return overs, wanted
        if await save_ledger(services.tables.returns, original.place, row, [*others, wanted]):
            return (), wanted
    raise RetryableError("other returns of the same receipt are being settled")


def _says_the_same(own: Claim, wanted: Claim) -> bool:
    """Say whether a claim that stands is this one, on whichever of the sale's lines it was put then."""
    quantities = [sum(quantity for quantity, _ in each.lines.values()) for each in (own, wanted)]
    return (
        quantities[0] == quantities[1] and own.amount == wanted.amount and dict(own.money) == dict(wanted.money)
    )  # fmt: skip


async def _give_up(services: Services, sale: Place, refund: Place) -> None:
    for _ in range(WRITES_MAX):
        row, claims = await read_ledger(services.tables.returns, sale)
        rest = [each for each in claims if each.refund != refund]
        if len(rest) == len(claims) or await save_ledger(services.tables.returns, sale, row, rest):
            return
    raise RetryableError("other returns of the same receipt are being settled")
