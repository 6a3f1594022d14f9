"""Read the vouchers of posted statements again, within what a turn has left, and say where they no longer equal the statement.

Two calls, however many store-days: which vouchers the statements have, and their lines. Each posted store-day is read as soon
as a turn has room, and again every day while its month may still be closed. Whoever changes a voucher meanwhile is found by the
next reading, or when a person asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.d365.evidence_sets import READ_LEDGER_LINES, READ_VOUCHERS
from shared.d365.records import LedgerLine
from shared.errors import AccessRefusedError, RejectedError
from shared.flows.compiling.vouchers import voucher_check, vouchers_json
from shared.flows.posting.trouble import end_causes
from shared.retail.mapped import StoreSetup
from shared.retail.reasons import cause
from shared.retail.vouchers import DIFFERS, VoucherCheck, VoucherLine, VouchersRead
from shared.services import Services
from shared.storage.causes import STATEMENT as A_STATEMENT
from shared.storage.causes import Member, cause_row, open_causes
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.protocols import Row
from shared.storage.receipt_record import records_of_day
from shared.storage.vouchers import (
    Check,
    check_again,
    check_from,
    checks_due,
    note_checks,
    vouchers_of_day,
    vouchers_row,
)

CALLS = 2
STORE_DAYS_A_TURN = 100
STATEMENTS_A_TURN = 1_000
READ_AGAIN = timedelta(days=1)
READ_FOR = timedelta(days=45)  # after the business day: its month is closed by then
VOUCHERS_DIFFER = "vouchers_differ"
Statement = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Day:
    """A store-day to look at: the statements its receipts are posted in, by legal entity and number."""

    store: str
    day: date
    statements: frozenset[Statement]
    currency: str = ""


async def due_checks(services: Services) -> list[Row]:
    """Give the checks whose time has come."""
    return await checks_due(services.tables.due, services.now(), STORE_DAYS_A_TURN)


async def note_posted(services: Services, store: str, days: Sequence[date]) -> None:
    """Write down that a store-day's vouchers are to be read: something of it was posted."""
    await note_checks(services.tables.due, [Check(store, day, services.now()) for day in days])


async def read_vouchers(services: Services, rows: Sequence[Row], calls_left: int) -> int:
    """Read the vouchers of these store-days, if the turn has the calls for it; give how many store-days were looked at."""
    if calls_left < CALLS or not rows:
        return 0
    days: list[tuple[Row, _Day]] = []
    left = STATEMENTS_A_TURN
    for row in rows:
        one = await _day_of(services, check_from(row))
        if days and len(one.statements) > left:
            break
        left -= len(one.statements)
        days.append((row, one))
    await read_days(services, [one for _, one in days])
    now = services.now()
    for row, one in days:
        is_last = not one.statements or now.date() > one.day + READ_FOR
        await check_again(services.tables.due, row, None if is_last else now + READ_AGAIN)
    return len(days)


async def read_one_day(services: Services, store: str, day: date) -> bool:
    """Read one store-day's vouchers now; False where nothing of it is posted.

    Raises:
        RetryableError: D365 cannot be asked now.
    """
    one = await _day_of(services, Check(store, day, services.now()))
    if one.statements:
        await read_days(services, [one])
    return bool(one.statements)


async def read_days(services: Services, days: Sequence[_Day]) -> None:
    """Ask for all of these at once, keep what was answered, and say where a store-day differs or does no longer."""
    wanted = {statement: one.currency for one in days for statement in one.statements}
    read = await _ask(services, wanted) if wanted else {}
    for one in days:
        await _keep(services, one, read)


async def _day_of(services: Services, check: Check) -> _Day:
    store = await services.mappings.store(check.store, check.day)
    if store is None:
        return _Day(check.store, check.day, frozenset())
    records = await records_of_day(services.tables.transactions, check.store, check.day)
    numbers = {one.d365_statement for one in records if one.d365_statement}
    statements = frozenset((store.legal_entity, number) for number in numbers)
    return _Day(check.store, check.day, statements, store.currency)


async def _ask(services: Services, wanted: Mapping[Statement, str]) -> dict[Statement, VouchersRead]:
    """Ask which vouchers the statements have, then for their lines; what is not shown is kept as that.

    wanted: the currency of each statement's store.
    """
    numbers = sorted({number for _, number in wanted})
    try:
        named = await services.d365.vouchers(numbers)
        lines = await services.d365.ledger_lines(sorted({one.voucher for one in named}))
    except (RejectedError, AccessRefusedError) as error:
        services.log.info("vouchers are not shown by D365: %s", error)
        why = f"D365 does not show {READ_VOUCHERS.odata_set} or {READ_LEDGER_LINES.odata_set} to this app"
        return {statement: VouchersRead(None, why) for statement in wanted}
    of_voucher: dict[tuple[str, str], list[LedgerLine]] = {}
    for line in lines:
        of_voucher.setdefault((line.legal_entity, line.voucher), []).append(line)
    vouchers: dict[Statement, list[LedgerLine]] = {}
    for one in named:
        shown = of_voucher.get((one.legal_entity, one.voucher), [])
        vouchers.setdefault((one.legal_entity, one.statement), []).extend(shown)
    return {statement: _read(vouchers.get(statement), currency) for statement, currency in wanted.items()}


def _read(lines: Sequence[LedgerLine] | None, currency: str) -> VouchersRead:
    if lines is None:
        return VouchersRead(None, f"{READ_VOUCHERS.odata_set} names no voucher of the statement")
    if not lines:
        return VouchersRead(None, f"{READ_LEDGER_LINES.odata_set} shows no line of the statement's vouchers")
    foreign = sorted({one.currency for one in lines} - {"", currency})
    if foreign:
        return VouchersRead(None, f"its vouchers have lines in {', '.join(foreign)}, which are not compared")
    return VouchersRead(tuple(VoucherLine(one.voucher, one.account, one.amount) for one in lines))


async def _keep(services: Services, one: _Day, read: dict[Statement, VouchersRead]) -> None:
    """Keep the answers; where what they say is another thing than before, the statement is compiled again.

    Compared is with the accounts of a mapping version, kept with the answer: a newer one takes its place only where it makes
    a difference.
    """
    table, now = services.tables.statements, services.now()
    store = await services.mappings.store(one.store, one.day)
    if store is None:
        return
    records = await records_of_day(services.tables.transactions, one.store, one.day)
    version = services.mappings.known.version
    before = await vouchers_of_day(table, one.store, one.day)
    newest = {
        number: vouchers_row(one.store, one.day, number, read[entity, number], version, now)
        for entity, number in sorted(one.statements)
    }
    as_before = {
        number: row.with_values(MappingVersion=before[number].number("MappingVersion"))
        if number in before
        else row
        for number, row in newest.items()
    }
    check = await voucher_check(services, store, one.day, records, newest)
    is_same = check == await voucher_check(services, store, one.day, records, before)
    if not is_same:
        await note_due(services.tables.due, [Due(STATEMENT, one.store, one.day, now)])
    for row in (as_before if is_same else newest).values():
        await table.upsert(row)
    await _tell(services, one, store, check)


async def _tell(services: Services, one: _Day, store: StoreSetup, check: VoucherCheck) -> None:
    """Put a difference before finance, its place named; end it when the vouchers are equal again."""
    value = f"{one.store} {one.day.isoformat()}"
    if check.state != DIFFERS:
        why = cause(VOUCHERS_DIFFER, value)
        await end_causes(services, why, "the vouchers are as the statement says")
        return
    told = vouchers_json("not proved", check, store.currency)
    place = str(told["said"]).partition(": ")[2]
    worst = max(abs(place.found - place.expected) for place in check.places)
    member = Member(
        A_STATEMENT, one.store, check.places[0].statement, business_day=one.day.isoformat(), receipts=0, amount=worst,
        currency=store.currency,
    )  # fmt: skip
    why = cause(VOUCHERS_DIFFER, value, store=one.store, day=one.day.isoformat(), place=place[:1500])
    await open_causes(services.tables.causes, [cause_row(why, member, services.now())])
