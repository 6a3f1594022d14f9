"""What a line of a mapping may say, column by column, before anything outside the file is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from shared.errors import RejectedError
from shared.retail.business_day import closing_hour, store_zone
from shared.retail.calendar import calendar_problems, is_number
from shared.retail.late import MONTH_END, POLICIES
from shared.retail.ledger import LEDGER_ACCOUNTS, NAMED_BY_FINANCE
from shared.retail.mail_addresses import is_address, named_in
from shared.retail.mapping_kinds import OWNERS_KIND, MappingKind
from shared.retail.mapping_rows import ALWAYS, NEVER, VALID_FROM, VALID_TO
from shared.retail.reason import OWNERS
from shared.retail.tolerances import TOLERANCES, tolerance_problems

FORMULA_STARTS = (
    "=",
    "+",
    "@",
    "\t",
    "\r",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four: wide ones
CHARACTERS_MAX = 120
GRACE_MINUTES_MAX = 24 * 60
ACCOUNT_TYPES = ("Income", "Expense")  # as D365 writes them
OF_ONE_STORE = ("stores", "terminals")
YES_OR_NO = {
    "map_staff": ("", "yes", "no"),
    "prices_include_tax": ("", "yes", "no", "true", "false", "1", "0"),
}
EFFECTS = ("resaleable", "quarantine", "none")
YEARS = range(1990, 2200)
_CURRENCY = re.compile(r"[A-Z]{3}")
_STORE = re.compile(r"[A-Za-z0-9_.\-]{1,60}")

# Column, what was expected, what was found.
Mistake = tuple[str, str, str]


def value_problems(kind: MappingKind, values: Mapping[str, str]) -> Iterator[Mistake]:
    """Give every mistake of one line."""
    for name in (*kind.key, *kind.required):
        if not values.get(name):
            yield name, "a value", "nothing"
    for name, value in values.items():
        longest = kind.lengths.get(name, CHARACTERS_MAX)
        if len(value) > longest:
            yield name, f"at most {longest} characters", value[:130]
        if value.startswith(FORMULA_STARTS):
            yield name, "no formula", value[:40]
        if value and not value.isprintable():
            yield name, "text on one line, without control characters", ascii(value)[:80]
    store = values.get("store", "")
    is_every = store == "*" and kind.name not in OF_ONE_STORE
    if store and not is_every and not _STORE.fullmatch(store):
        yield "store", "letters, digits, dots, dashes and underscores", store[:80]
    yield from _date_problems(values)
    yield from _problems_of_kind(kind, values)


def _date_problems(values: Mapping[str, str]) -> Iterator[Mistake]:
    first, last = values.get(VALID_FROM, ""), values.get(VALID_TO, "")
    begins, ends = _day(first), _day(last)
    if first and first != ALWAYS and begins is None:
        yield VALID_FROM, f"a day such as 2017-12-23, or {ALWAYS}", first[:40]
    if last and last != NEVER and ends is None:
        yield VALID_TO, f"a day such as 2017-12-31, or {NEVER} for a row that was a mistake", last[:40]
    if begins is not None and ends is not None and ends < begins:
        yield VALID_TO, f"{begins.isoformat()} or later", last


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text and day.year in YEARS else None


def _problems_of_kind(kind: MappingKind, values: Mapping[str, str]) -> Iterator[Mistake]:
    for name, column, known in (
        ("dispositions", "effect", EFFECTS),
        (LEDGER_ACCOUNTS, "what", NAMED_BY_FINANCE),
        (MONTH_END, "late_receipts", POLICIES),
        (OWNERS_KIND, "role", OWNERS),
        ("reasons", "account_type", ACCOUNT_TYPES),
    ):
        if kind.name == name and values.get(column) not in known:
            yield column, " or ".join(known), values.get(column, "")[:80]
    if kind.name == "calendars":
        yield from ((column, expected, found[:80]) for column, expected, found in calendar_problems(values))
    if kind.name == OWNERS_KIND:
        wrong = [one for one in named_in(values.get("alerts_to", "")) if not is_address(one)]
        yield from (("alerts_to", "mail addresses, parted by semicolons", one[:80]) for one in wrong)
    if kind.name == TOLERANCES:
        yield from tolerance_problems(values)
    if kind.name == "stores":
        yield from _store_problems(values)


def _store_problems(values: Mapping[str, str]) -> Iterator[Mistake]:
    for name, check in (("time_zone", store_zone), ("closing_time", closing_hour)):
        try:
            check(values.get(name) or "00:00")
        except RejectedError as error:
            yield name, error.expected, error.found
    currency, grace = values.get("currency", ""), values.get("grace_minutes", "")
    if currency and not _CURRENCY.fullmatch(currency):
        yield "currency", "three capital letters such as USD, as the tills write it", currency[:80]
    if grace and not is_number(grace, GRACE_MINUTES_MAX):
        yield "grace_minutes", f"minutes from 0 to {GRACE_MINUTES_MAX}", grace[:80]
    yield from _limit_problems(values)
    own = values.get("warehouse", "")
    for name in ("quarantine_warehouse", "scrap_warehouse"):
        if own and values.get(name) == own:
            yield name, "another warehouse than the store's own", own
    for name in ("map_staff", "prices_include_tax"):
        if values.get(name, "").lower() not in YES_OR_NO[name]:
            yield name, "yes or no", values[name][:80]


def _limit_problems(values: Mapping[str, str]) -> Iterator[Mistake]:
    for name, below, example in (("rounding_limit", 1_000, "0.05"), ("no_receipt_limit", 1_000_000, "50.00")):
        limit = values.get(name, "")
        try:
            if limit and not 0 <= Decimal(limit) < below:
                yield name, f"an amount from 0 to {below - 1}.99", limit
        except InvalidOperation:
            yield name, f"an amount such as {example}", limit
