"""The monthly checks: whether a legal entity's period may be closed in good faith, question by question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.retail.checks import MONTHLY, Check, Item, Looked, Result, of_looked
from shared.retail.readiness import Blocker, Readiness
from shared.retail.reason import FINANCE, IT, RETAIL_SYSTEMS, STORE_OPERATIONS


@dataclass(frozen=True, slots=True)
class MonthlySeen:
    """All that the monthly checks look at. lacking: what the ledger lacks at the period's end, receipts and money by currency;
    late: store-days of which receipts stand in another period; not_visible: store-days whose vouchers D365 does not show;
    unnamed: what finance has named no account for; unchecked: days traded on without a daily check that was kept.
    """

    now: datetime
    readiness: Readiness
    lacking: Mapping[str, tuple[int, Decimal]]
    late: Sequence[tuple[str, date, date]]
    not_visible: Sequence[tuple[str, date]]
    unnamed: Sequence[str]
    unchecked: Collection[date]
    compared: Looked
    reference: Looked


def _check(key: str, owner: str, sentence: str) -> Check:
    return Check(key, MONTHLY, owner, sentence)


PERIOD_OVER = _check(
    "period_over", FINANCE, "The period is over in every store, and something of it is here."
)
TILLS_HEARD = _check("tills_heard", STORE_OPERATIONS, "Every till was heard to the end of the period.")
CAUSES_ENDED = _check("causes_ended", FINANCE, "Nothing of the period waits for a person.")
MONTH_COMPILED = _check("month_compiled", IT, "Every store-day of the period has its statement.")
MONTH_PROVED = _check("month_proved", FINANCE, "Every store-day of the period is proved.")
MONTH_SIGNED = _check("month_signed", FINANCE, "Every store-day of the period is signed off.")
MONTH_POSTED = _check("month_posted", FINANCE, "Every receipt of the period is posted in D365.")
PERIOD_OPEN = _check(
    "period_open", FINANCE, "D365's period is open for whatever is still to be posted in it."
)
LEDGER_LACKS_NOTHING = _check(
    "ledger_lacks_nothing", FINANCE, "The ledger lacks nothing at the end of the period."
)
NOTHING_ELSEWHERE = _check(
    "nothing_elsewhere", FINANCE, "Nothing that belongs to the period stands in another, or the reverse."
)
VOUCHERS_SEEN = _check("vouchers_seen", FINANCE, "Every store-day rests on vouchers that were read.")
ACCOUNTS_NAMED = _check("accounts_named", FINANCE, "Every account that D365 does not show is named.")
DAYS_CHECKED = _check(
    "days_checked", FINANCE, "The daily checks were made and kept for every day the company traded on."
)
MONTH_LISTS = _check("month_lists", RETAIL_SYSTEMS, "The lists name nothing that D365 does not have.")
MONTH_COMPARED = _check("month_compared", IT, "D365 is as it is used, and shows what became of receipts.")

MONTHLY_CHECKS: tuple[Check, ...] = (
    PERIOD_OVER, TILLS_HEARD, MONTH_COMPILED, CAUSES_ENDED, MONTH_POSTED, PERIOD_OPEN, LEDGER_LACKS_NOTHING, NOTHING_ELSEWHERE,
    VOUCHERS_SEEN, ACCOUNTS_NAMED, MONTH_LISTS, MONTH_COMPARED, DAYS_CHECKED, MONTH_PROVED, MONTH_SIGNED,
)  # fmt: skip
# Each kind of thing in the way of a close belongs to one check.
BY_KIND: Mapping[str, Check] = {
    "period not over": PERIOD_OVER,
    "nothing here": PERIOD_OVER,
    "till not heard": TILLS_HEARD,
    "open cause": CAUSES_ENDED,
    "store-day not compiled": MONTH_COMPILED,
    "store-day not proved": MONTH_PROVED,
    "store-day not signed": MONTH_SIGNED,
    "not posted": MONTH_POSTED,
    "period closed in D365": PERIOD_OPEN,
}


def monthly_results(seen: MonthlySeen) -> tuple[Result, ...]:
    """Answer every monthly check, in the order in which people work through them.

    Raises:
        KeyError: something is in the way that belongs to no check; that is a bug.
    """
    found: dict[str, list[Item]] = {check.key: [] for check in MONTHLY_CHECKS}
    unknown: dict[str, str] = {}
    for blocker in seen.readiness.blockers:
        found[BY_KIND[blocker.kind].key].append(_of_blocker(blocker))
    found[LEDGER_LACKS_NOTHING.key] += [
        Item(f"{receipts} receipts are not in the ledger.", FINANCE, "", amount, currency, receipts)
        for currency, (receipts, amount) in sorted(seen.lacking.items())
        if receipts
    ]
    found[NOTHING_ELSEWHERE.key] += [
        Item(f"Receipts of store {store} for {day} are posted on {posts_on}.", FINANCE, store)
        for store, day, posts_on in sorted(seen.late)
    ]
    found[VOUCHERS_SEEN.key] += [
        Item(
            f"Store {store} on {day}: its vouchers were not read, or D365 does not show them.", FINANCE, store
        )
        for store, day in sorted(seen.not_visible)
    ]
    found[ACCOUNTS_NAMED.key] += [Item(f"No account is named for {one}.", FINANCE) for one in seen.unnamed]
    found[DAYS_CHECKED.key] += [
        Item(f"No daily check was kept for {day} after it was over.", FINANCE)
        for day in sorted(seen.unchecked)
    ]
    for check, looked in ((MONTH_LISTS, seen.reference), (MONTH_COMPARED, seen.compared)):
        items, unknown[check.key] = of_looked(looked, check.owner, seen.now, "this was never looked at")
        found[check.key] += items
    return tuple(Result(one, tuple(found[one.key]), unknown.get(one.key, "")) for one in MONTHLY_CHECKS)


def _of_blocker(one: Blocker) -> Item:
    return Item(one.what, one.owner, one.store, one.amount, one.currency, one.count)
