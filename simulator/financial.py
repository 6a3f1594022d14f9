"""Financial statements: of closed shifts only; what was counted against what was taken, and cash management.

Sales, invoices and payments are the transactional statements'; here only differences, bank and safe drops, floats and
removals are posted (D365 facts §3.4). A store with a busy till gets none.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simulator import evidence
from simulator.counting import (
    Drawer,
    StatementLine,
    account_of_difference,
    difference_problems,
    drop_key,
    group_of,
    shift_name,
    shift_of,
    voided,
)
from simulator.database import Receipt, StoredRow
from simulator.draft import Draft, Entry, PostingError
from simulator.ledger import PostedCash
from simulator.reference import Store, TenderType
from simulator.schema import BANKED_TENDERS, SAFE_TENDERS, SHIFTS, TENDER_DECLARATIONS
from simulator.shift_checks import Problem, outside_their_shift, shift_problems, store_problems
from simulator.statement import FINANCIAL, Statement
from simulator.statements import Books
from simulator.validation import CASH_TYPES, SUCCESSFUL
from simulator.values import Values, day_of, decimal_of, instant_text, text_of

Drops = dict[tuple[str, ...], list[tuple[str, Values]]]


@dataclass(slots=True)
class _Run:
    """One run of the job: receipts by store and shift; drops and counts (tender declarations) by receipt; read once."""

    books: Books
    receipts: dict[tuple[str, str], list[Receipt]]
    drops: Drops
    counts: dict[tuple[str, ...], list[Values]]


async def post_financial(books: Books) -> dict[str, object]:
    """Run the job for every store and day that has a shift in no statement. Give each statement, posted or refused."""
    run = _Run(books, _receipts_by_shift(books), _drops(books), _counts(books))
    tried = []
    for statement in _due(books):
        _attempt(run, statement)
        tried.append(statement.as_json())
        await asyncio.sleep(0)
    return {"statements": tried}


def _due(books: Books) -> list[Statement]:
    """Give the statements to try: those that did not go through, and a new one for each day (and group) without."""
    waiting = [one for one in books.statements.values() if one.kind == FINANCIAL and not one.is_posted]
    found: dict[tuple[str, str, str], Statement] = {}
    days: dict[tuple[str, str, str], str] = {}
    for row in books.world.database.tables[SHIFTS].values():
        if not row.values.get("StatementId"):
            store = books.world.database.reference.stores[text_of(row.values, "StoreNumber")]
            day, group = day_of(row.values, "StartDate"), _group_of_shift(store, row.values)
            key = (store.number, day if store.one_a_day else "", group)
            days[key] = max(days.get(key, ""), day)
    for one in waiting:
        store = books.world.database.reference.stores[one.store]
        key = (one.store, one.day if store.one_a_day else "", one.group)
        found[key] = one
        if not store.one_a_day and not one.lines:
            one.day = days.get(key, one.day)
    for key, day in days.items():
        if key not in found:
            store = books.world.database.reference.stores[key[0]]
            number = books.numbers.take("STMT")
            found[key] = Statement(number, FINANCIAL, store.data_area, store.number, day, key[2])
            books.statements[number] = found[key]
    return [found[key] for key in sorted(found)]


def _group_of_shift(store: Store, row: Values) -> str:
    if not store.split:
        return ""
    header: Values = {
        "Terminal": row["Terminal"], "BatchID": row["BatchShiftId"], "Staff": text_of(row, "OperatorId")
    }  # fmt: skip
    return group_of(store.method, header)


def _attempt(run: _Run, statement: Statement) -> None:
    """Go from the last state reached as far as it goes; until the differences are posted everything is looked at anew."""
    books = run.books
    store, now = books.world.database.reference.stores[statement.store], instant_text(books.world.now())
    statement.error, statement.error_state = "", ""
    reconciled = "FinancialReconciliationPosted" in [state for state, _ in statement.history]
    problems = [] if reconciled else _look(run, statement, store)
    for state in statement.states_left():
        try:
            books.faults.watch(state, FINANCIAL, 0)
            if problems and state != "Started":
                raise PostingError(" ".join(dict.fromkeys(problems)))
            if state == "Checked":
                _check_differences(books, store, statement)
            elif state == "FinancialReconciliationPosted":
                _reconcile(run, store, statement, now)
        except PostingError as error:
            statement.fall(state, now, str(error))
            evidence.note_error(books.world.database, statement)
            return
        statement.reach(state, now)
    statement.posted_at = now
    _close(books, store, statement)


def _look(run: _Run, statement: Statement, store: Store) -> list[str]:
    """Choose the statement's shifts and add up its lines. Give what stands in the way."""
    books = run.books
    database = books.world.database
    rows = [
        one for one in database.tables[SHIFTS].values() if text_of(one.values, "StoreNumber") == store.number
    ]
    leave_out = books.world.switches.open_shift == "leave_out"
    looked_at = [one for one in rows if not leave_out or one.values.get("Status") == "Closed"]
    problems = list(store_problems(database.reference, store, statement.day))
    problems += shift_problems([one.values for one in looked_at], statement.day, books.stuck_shifts)
    _mark_shifts(books, looked_at, problems)
    mine = _shifts_of(store, statement, looked_at)
    statement.transactions = len(mine)
    drawer = Drawer(store)
    for name in mine:
        for receipt in run.receipts.get((store.number, name), []):
            drawer.add(receipt, run.drops)
            header = receipt.header.values if receipt.header else {}
            for row in run.counts.get(drop_key(header), []) if _is_count(header) else ():
                drawer.count(
                    header, text_of(row, "PaymentMethod"), decimal_of(row, "AmountInChannelCurrency")
                )
    for one in books.declarations:
        if one.store == store.number and shift_name(one.terminal, one.shift) in mine:
            drawer.declare(one)
    statement.lines = drawer.lines()
    if leave_out and not mine:
        problems.append((None, f"Store {store.number} has no closed shift that began on {statement.day}."))
    return [text for _, text in problems]


def _shifts_of(store: Store, statement: Statement, rows: Iterable[StoredRow]) -> dict[str, StoredRow]:
    found = {}
    for row in (one for one in rows if text_of(one.values, "StoreNumber") == store.number):
        day = day_of(row.values, "StartDate")
        of_day = day == statement.day if store.one_a_day else day <= statement.day
        free = row.values.get("StatementId") in ("", None, statement.number)
        if of_day and free and _group_of_shift(store, row.values) == statement.group:
            found[shift_name(text_of(row.values, "Terminal"), row.values["BatchShiftId"])] = row
    return found


def _mark_shifts(books: Books, rows: list[StoredRow], problems: list[Problem]) -> None:
    """Write headquarters' own verdict on each shift that is in no statement yet."""
    wrong: dict[int, list[str]] = defaultdict(list)
    for values, text in problems:
        if values is not None:
            wrong[id(values)].append(text)
    for row in rows:
        texts = wrong.get(id(row.values), [])
        if not row.values.get("StatementId") and (texts or row.values.get("ErrorCode") == "Error"):
            row.values["ErrorCode"], row.values["Error"] = ("Error" if texts else "None"), " ".join(texts)
            row.values["ErrorCodeDateTime"] = books.world.now().replace(microsecond=0)


def _check_differences(books: Books, store: Store, statement: Statement) -> None:
    problems = list(difference_problems(books.world.database.reference, store, statement.lines))
    if problems:
        raise PostingError(" ".join(problems))


def _reconcile(run: _Run, store: Store, statement: Statement, now: str) -> None:
    """Post differences and cash management, all or nothing; the shifts are the statement's from now on."""
    books, database = run.books, run.books.world.database
    draft = Draft(
        database,
        books.world.switches,
        books.ledger,
        books.numbers,
        store,
        statement.day,
        statement.number,
        now,
    )
    vouchers: dict[str, list[Entry]] = defaultdict(list)
    for line in statement.lines:
        tender = database.reference.tender_type(store, line.tender)
        if tender is None or not tender.account:
            raise PostingError(f"Payment method {line.tender} of store {store.number} has no ledger account.")
        for source, entries in _entries(store, tender, line).items():
            vouchers[source] += entries
    if sum(line.changed for line in statement.lines):
        raise PostingError(f"The amounts of tender changed in store {store.number} do not add up to nothing.")
    for source, entries in vouchers.items():
        draft.book(source, entries)
    for name, row in _shifts_of(store, statement, database.tables[SHIFTS].values()).items():
        if row.values.get("Status") == "Closed":
            row.values["StatementId"] = statement.number
            books.ledger.cash += _cash(store, run.receipts.get((store.number, name), []))


def _cash(store: Store, receipts: list[Receipt]) -> Iterator[PostedCash]:
    """Give what of a shift's receipts is posted by its financial statement and by no other."""
    for header in (one.header.values for one in receipts if one.header):
        if header.get("TransactionType") in CASH_TYPES and not _is_count(header):
            yield PostedCash(store.data_area, store.number, text_of(header, "TransactionNumber"))


def _entries(store: Store, tender: TenderType, line: StatementLine) -> dict[str, list[Entry]]:
    """Give what a line posts, by voucher; a float or removal only where the payment method has an account for it."""
    found: dict[str, list[Entry]] = {}
    amounts = (
        ("difference", line.difference, account_of_difference(tender, line.difference), "differences"),
        ("banked", -line.banked, tender.bank_account, "bank drops"),
        ("safe", -line.safe, tender.safe_account, "safe drops"),
    )
    for kind, amount, account, what in amounts:
        if amount and not account:
            raise PostingError(
                f"Payment method {line.tender} of store {store.number} has no account for {what}."
            )
        if amount:
            found[kind] = [(tender.account, kind, line.tender, amount), (account, kind, "account", -amount)]
    flow = line.added - line.removed
    if flow and tender.flow_account:
        found["tender_flow"] = [
            (tender.account, "tender_flow", line.tender, flow), (tender.flow_account, "tender_flow", "account", -flow),
        ]  # fmt: skip
    if line.changed:
        found["change_tender"] = [(tender.account, "change_tender", line.tender, line.changed)]
    return found


def _close(books: Books, store: Store, statement: Statement) -> None:
    database = books.world.database
    rows = [
        one.values
        for one in database.tables[SHIFTS].values()
        if one.values.get("StatementId") == statement.number
    ]
    evidence.show_lines(database, statement, statement.lines, store.currency)
    evidence.link_vouchers(database, statement, books.ledger.of_statement(statement.number))
    evidence.write_journal(
        database, statement, books.world.now(), store.method, store.closing,
        numberOfWrongShiftTransactions=outside_their_shift(database, rows),
    )  # fmt: skip


def _receipts_by_shift(books: Books) -> dict[tuple[str, str], list[Receipt]]:
    """Give what belongs to each shift: validated receipts, and cash that needs no validation."""
    found: dict[tuple[str, str], list[Receipt]] = defaultdict(list)
    stores = books.world.database.reference.stores_by_unit
    for receipt in voided(books.world.database.receipts.values()):
        header = receipt.header.values if receipt.header else {}
        if receipt.validation == SUCCESSFUL or header.get("TransactionType") in CASH_TYPES:
            store = stores[text_of(header, "OperatingUnitNumber")]
            found[store.number, shift_of(header)].append(receipt)
    return found


def _drops(books: Books) -> Drops:
    found: Drops = defaultdict(list)
    for odata_set in (BANKED_TENDERS, SAFE_TENDERS):
        for row in books.world.database.tables[odata_set].values():
            found[drop_key(row.values)].append((odata_set, row.values))
    return found


def _counts(books: Books) -> dict[tuple[str, ...], list[Values]]:
    found: dict[tuple[str, ...], list[Values]] = defaultdict(list)
    for row in books.world.database.tables[TENDER_DECLARATIONS].values():
        names = ("dataAreaId", "RegisterNumber", "TransactionId")
        found[tuple(text_of(row.values, name).lower() for name in names)].append(row.values)
    return found


def _is_count(header: Values) -> bool:
    return header.get("TransactionType") == "TenderDeclaration"
