"""The daily checks: of one legal entity and business day, and of whatever waits at that moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.retail.checks import DAILY, Check, Item, Looked, Result, Waiting, of_causes, of_looked
from shared.retail.money import ZERO
from shared.retail.reason import FINANCE, IT, RETAIL_SYSTEMS, STORE_OPERATIONS
from shared.retail.statement import PROVED


@dataclass(frozen=True, slots=True)
class DaySeen:
    """A store-day as its summary has it. written_off: what of the received never goes, by the word of two people."""

    store: str
    verdict: str
    currency: str
    received: Decimal
    in_d365: Decimal
    posted: Decimal
    unexplained: Decimal
    receipts: int
    receipts_posted: int
    is_signed: bool
    written_off: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class DailySeen:
    """All that the daily checks look at. uncompiled: stores with work for the day, whose statement is due and not there; absent:
    stores that were to trade and of which nothing came; ahead: stores whose day is not over.
    """

    day: date
    now: datetime
    days: Sequence[DaySeen]
    uncompiled: Collection[str]
    absent: Collection[str]
    ahead: Collection[str]
    causes: Sequence[Waiting]
    compared: Looked
    reference: Looked


def _check(key: str, owner: str, sentence: str, *codes: str) -> Check:
    return Check(key, DAILY, owner, sentence, frozenset(codes))


STORES_HEARD = _check(
    "stores_heard", STORE_OPERATIONS, "Every store that was to trade has been heard.",
    "store_silent", "stores_silent", "receipts_delayed",
)  # fmt: skip
RECEIPTS_ARRIVED = _check(
    "receipts_arrived", STORE_OPERATIONS, "Every receipt that the tills numbered has arrived, and could be read.",
    "receipts_missing", "cannot_be_read", "receipt_not_fetched", "webhook_not_used",
)  # fmt: skip
TILLS_CLOSED = _check(
    "tills_closed", STORE_OPERATIONS, "Every till's shifts are closed, counted and one after the other.",
    "shift_overlap", "shift_not_closed", "shift_blind_closed", "shift_suspended", "shift_closed_early", "shift_gap",
    "shift_sale_outside", "shift_not_counted", "shift_counted_twice", "shift_closed_twice", "shift_never_opened",
    "shift_refused", "count_over_limit", "d365_shift_in_error", "d365_till_busy", "till_maybe_replaced",
)  # fmt: skip
RETURNS_SETTLED = _check(
    "returns_settled", STORE_OPERATIONS, "No refund waits, and every credit is confirmed.",
    "refund_above_sale", "refund_before_sale", "return_without_receipt", "return_place_missing", "credit_not_confirmed",
)  # fmt: skip
CODES_MAPPED = _check(
    "codes_mapped", RETAIL_SYSTEMS, "Nothing waits for a list or for D365's set-up.",
    "store_unknown", "warehouse_missing", "terminal_unmapped", "tender_unmapped", "tax_unmapped", "item_unmapped",
    "drawer_unmapped", "disposition_unmapped", "reason_unmapped", "staff_unmapped", "does_not_fit_d365", "d365_rule",
)  # fmt: skip
RECEIPTS_SOUND = _check(
    "receipts_sound", FINANCE, "No receipt contradicts itself, another one, or its source.",
    "does_not_balance", "not_rounding", "other_currency", "content_conflict", "counted_twice", "store_wrong_account",
    "look_alike", "kind_not_supported", "write_off_proposed",
)  # fmt: skip
D365_TAKES = _check(
    "d365_takes", IT, "D365 answers, and takes what is sent.",
    "d365_throttled", "d365_import_running", "d365_silent", "d365_call_refused", "package_stuck", "import_takes_long",
    "import_answer_lost", "import_failed", "d365_refused", "d365_data_refused",
)  # fmt: skip
D365_COMPARED = _check(
    "d365_compared", IT, "D365 is as it is used: fields and sets, compared within a day.",
    "d365_contract_mismatch", "d365_evidence_missing",
)  # fmt: skip
LISTS_COMPARED = _check(
    "lists_compared", RETAIL_SYSTEMS, "The lists name nothing that D365 does not have, compared within a day.", "d365_reference"
)  # fmt: skip
APP_WORKS = _check(
    "app_works", IT, "The app gave up no work, and nobody who asked about their data waits.",
    "work_given_up", "cannot_be_mapped", "alerts_failing", "personal_data_asked", "vendor_refuses", "vendor_silent",
    "vendor_webhooks_dead",
)  # fmt: skip
DAYS_COMPILED = _check("days_compiled", IT, "Every store-day that is over has its statement.")
NOTHING_UNEXPLAINED = _check(
    "nothing_unexplained",
    FINANCE,
    "No store-day has an amount that nothing explains.",
    "statement_unexplained",
)
ALL_IN_D365 = _check(
    "all_in_d365", FINANCE, "D365 has everything that was received of the day and not written off."
)
ALL_POSTED = _check(
    "all_posted", FINANCE, "Everything of the day that D365 has is posted, as it was sent.",
    "validation_failed", "d365_statement_stands", "d365_unposted", "gone_from_d365", "d365_went_back", "changed_in_d365",
    "drop_gone_from_d365", "vouchers_differ",
)  # fmt: skip
DAYS_PROVED = _check("days_proved", FINANCE, "Every store-day of the day is proved.")
DAYS_SIGNED = _check("days_signed", FINANCE, "Every store-day of the day is signed off.")
LATE_KNOWN = _check(
    "late_known",
    FINANCE,
    "No receipt that came late is on its way to the ledger.",
    "receipt_late",
    "receipt_after_close",
)

DAILY_CHECKS: tuple[Check, ...] = (
    STORES_HEARD, RECEIPTS_ARRIVED, TILLS_CLOSED, RETURNS_SETTLED, CODES_MAPPED, LISTS_COMPARED, RECEIPTS_SOUND, D365_TAKES,
    D365_COMPARED, APP_WORKS, DAYS_COMPILED, ALL_IN_D365, ALL_POSTED, NOTHING_UNEXPLAINED, LATE_KNOWN, DAYS_PROVED, DAYS_SIGNED,
)  # fmt: skip


def daily_results(seen: DailySeen) -> tuple[Result, ...]:
    """Answer every daily check, in the order in which people work through them."""
    return tuple(_result(check, seen) for check in DAILY_CHECKS)


def _result(check: Check, seen: DailySeen) -> Result:
    items = of_causes(one for one in seen.causes if one.code in check.codes)
    more = _OF_DAYS.get(check.key)
    if more is not None:
        items += tuple(more(seen, check.owner))
    unknown = ""
    if check is D365_COMPARED:
        found, unknown = of_looked(
            seen.compared, check.owner, seen.now, "D365 was never compared with what is used of it"
        )
        items += found
    elif check is LISTS_COMPARED:
        found, unknown = of_looked(
            seen.reference, check.owner, seen.now, "the lists were never compared with D365"
        )
        items += found
    elif check in _OF_A_DAY_THAT_IS_OVER and not items:
        unknown = _too_early(seen)
    return Result(check, items, unknown)


def _too_early(seen: DailySeen) -> str:
    if seen.ahead:
        return f"the day is not over in {len(seen.ahead)} of its stores"
    return "" if seen.days else "no store-day of this day has a statement"


def _absent(seen: DailySeen, owner: str) -> Iterable[Item]:
    for store in sorted(seen.absent):
        yield Item(
            f"Nothing of store {store} came for {seen.day}, on which its calendar lets it trade.",
            owner,
            store,
        )


def _uncompiled(seen: DailySeen, owner: str) -> Iterable[Item]:
    for store in sorted(seen.uncompiled):
        yield Item(f"Store {store} has work for {seen.day}, and no statement.", owner, store)


def _not_in_d365(seen: DailySeen, owner: str) -> Iterable[Item]:
    for one in seen.days:
        missing = one.received - one.written_off - one.in_d365
        if missing:
            yield _item(one, f"Store {one.store}: received, and not in D365.", owner, missing)


def _not_posted(seen: DailySeen, owner: str) -> Iterable[Item]:
    for one in seen.days:
        if one.in_d365 != one.posted:
            yield _item(one, f"Store {one.store}: in D365, and not posted.", owner, one.in_d365 - one.posted)


def _unexplained(seen: DailySeen, owner: str) -> Iterable[Item]:
    for one in seen.days:
        if one.unexplained:
            yield _item(one, f"Store {one.store}: an amount has no cause.", owner, one.unexplained)


def _unproved(seen: DailySeen, owner: str) -> Iterable[Item]:
    for one in seen.days:
        if one.verdict != PROVED:
            yield Item(f"Store {one.store} reads: {one.verdict}.", owner, one.store)


def _unsigned(seen: DailySeen, owner: str) -> Iterable[Item]:
    for one in seen.days:
        if not one.is_signed:
            yield Item(
                f"Store {one.store} is not signed off, or something came after its signature.",
                owner,
                one.store,
            )


def _item(one: DaySeen, what: str, owner: str, amount: Decimal) -> Item:
    return Item(what, owner, one.store, amount, one.currency)


_OF_A_DAY_THAT_IS_OVER = (
    DAYS_COMPILED,
    ALL_IN_D365,
    ALL_POSTED,
    NOTHING_UNEXPLAINED,
    DAYS_PROVED,
    DAYS_SIGNED,
)
_OF_DAYS: Mapping[str, Callable[[DailySeen, str], Iterable[Item]]] = {
    STORES_HEARD.key: _absent,
    DAYS_COMPILED.key: _uncompiled,
    ALL_IN_D365.key: _not_in_d365,
    ALL_POSTED.key: _not_posted,
    NOTHING_UNEXPLAINED.key: _unexplained,
    DAYS_PROVED.key: _unproved,
    DAYS_SIGNED.key: _unsigned,
}
