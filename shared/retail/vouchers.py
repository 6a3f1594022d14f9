"""Whether the vouchers of a store-day's posted D365 statements equal what was posted, account by account, to the cent.

Compared are the accounts of revenue, tax, gift cards, rounding and each tender; what else a voucher touches (customers, cost,
stock) is D365's own. A difference is named by its place. What D365 does not show is never called equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from shared.retail.figures import sum_of
from shared.retail.ledger import Accounts, Entry, added_up, entries_of_paid, one_by_one
from shared.retail.money import ZERO, total
from shared.retail.statement import NOT_PROVED, ReceiptRecord
from shared.retail.status import IN_THE_LEDGER

EQUAL, DIFFERS, NOT_VISIBLE, NOT_READ, NOTHING_POSTED = (
    "equal", "differs", "not visible", "not read yet", "nothing posted",
)  # fmt: skip
VOUCHERS_NAMED_MAX = 5


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One line of a voucher in D365's ledger, in the store's currency: debit positive."""

    voucher: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class VouchersRead:
    """What D365 showed of one statement's vouchers. lines None: nothing; why says so."""

    lines: tuple[VoucherLine, ...] | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One account of one statement, debit positive. vouchers: where to look, if the two differ."""

    statement: str
    account: str
    what: tuple[str, ...]
    expected: Decimal
    found: Decimal
    vouchers: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return self.expected != self.found


@dataclass(frozen=True, slots=True)
class VoucherCheck:
    """The outcome for a store-day. not_compared: what no account is known for, with its value."""

    state: str
    accounts: tuple[Compared, ...] = ()
    not_compared: tuple[tuple[str, Entry], ...] = ()
    why: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[Compared, ...]:
        return tuple(one for one in self.accounts if one.differs)


def expected_of(receipts: Iterable[tuple[ReceiptRecord, Accounts]]) -> dict[str, list[Entry]]:
    """Give what the vouchers of each statement must come to, from the receipts posted in it; also where that is nothing."""
    groups: dict[tuple[str, str, int, int, int], list[ReceiptRecord]] = {}
    looked_up: dict[tuple[str, str, int, int, int], Accounts] = {}
    for one, accounts in receipts:
        if one.status in IN_THE_LEDGER and one.d365_statement:
            by = accounts.of_receipt(one.mapping_version, one.completed_at)
            sold_on = by.sold_on or by.day
            key = (one.d365_statement, by.store.store, by.day.toordinal(), sold_on.toordinal(), by.version)
            groups.setdefault(key, []).append(one)
            looked_up[key] = by
    found: dict[str, list[Entry]] = {}
    for key, some in groups.items():
        own = found.setdefault(key[0], [])
        own += one_by_one(sum_of(one.in_ledger for one in some), looked_up[key])
        own += [
            entry
            for one in some
            if one.paid is not None
            for entry in entries_of_paid(one.paid, looked_up[key])
        ]
    return {statement: added_up(entries) for statement, entries in found.items()}


def check_vouchers(expected: Mapping[str, Sequence[Entry]], read: Mapping[str, VouchersRead]) -> VoucherCheck:
    """Compare each statement's accounts with its vouchers; the worst of what was found is the outcome."""
    if not expected:
        return VoucherCheck(NOTHING_POSTED)
    accounts: list[Compared] = []
    unknown: list[tuple[str, Entry]] = []
    why: set[str] = set()
    not_read = []
    for statement in sorted(expected):
        answer = read.get(statement)
        if answer is None:
            not_read.append(statement)
        elif answer.lines is None:
            why.add(answer.why)
        else:
            accounts += _compared(statement, expected[statement], answer.lines)
            unknown += [(statement, one) for one in expected[statement] if one.amount and not one.account]
    if unknown:
        names = sorted({f"{one.what} {one.code}".strip() for _, one in unknown})
        why.add(f"no account is known here for {', '.join(names)}")
    state = EQUAL
    if any(one.differs for one in accounts):
        state = DIFFERS
    elif not_read:
        state = NOT_READ
        why.add(f"not read yet: statement {', '.join(not_read)}")
    elif why:
        state = NOT_VISIBLE
    return VoucherCheck(state, tuple(accounts), tuple(unknown), tuple(sorted(why)))


def _compared(statement: str, expected: Sequence[Entry], lines: Sequence[VoucherLine]) -> list[Compared]:
    wanted: dict[str, list[Entry]] = {}
    for one in expected:
        if one.account:
            wanted.setdefault(one.account, []).append(one)
    touching: dict[str, list[VoucherLine]] = {account: [] for account in wanted}
    for line in lines:
        account = _account_of(line.account, wanted)
        if account:
            touching[account].append(line)
    found = []
    for account, entries in sorted(wanted.items()):
        own = touching[account]
        compared = Compared(
            statement, account, tuple(sorted({one.what for one in entries})), total(one.amount for one in entries),
            total(line.amount for line in own),
        )  # fmt: skip
        if compared.expected or compared.found:
            found.append(replace(compared, vouchers=_where(own, lines)) if compared.differs else compared)
    return found


def _account_of(shown: str, wanted: Mapping[str, object]) -> str:
    """Give the account a line is on: D365 may show it with its dimensions behind it. The longest that fits counts."""
    fitting = [account for account in wanted if shown == account or shown.startswith(f"{account}-")]
    return max(fitting, key=len, default="")


def _where(touching: Sequence[VoucherLine], lines: Sequence[VoucherLine]) -> tuple[str, ...]:
    """Name the vouchers to look at: those on the account that do not balance in themselves, else all on the account."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.voucher] = sums.get(line.voucher, ZERO) + line.amount
    own = sorted({line.voucher for line in touching})
    return tuple([one for one in own if sums[one]] or own)


def verdict_with(verdict: str, check: VoucherCheck) -> str:
    """A store-day whose vouchers differ from its statement is not proved, whatever its columns say."""
    return NOT_PROVED if check.state == DIFFERS else verdict


def said_of(verdict: str, check: VoucherCheck, currency_text: str) -> str:
    """Say it in one line under the verdict. currency_text: the places, written out."""
    told = {
        EQUAL: f"{verdict}; the vouchers in the ledger equal the statement on every account compared",
        DIFFERS: f"{verdict}; the vouchers in the ledger differ from the statement: {currency_text}",
        NOT_VISIBLE: f"{verdict}, vouchers not visible: {'; '.join(check.why)}",
        NOT_READ: f"{verdict}, vouchers not read yet",
        NOTHING_POSTED: f"{verdict}; nothing is posted, so there is no voucher",
    }
    return told[check.state]


def place_text(one: Compared, written: Mapping[str, str]) -> str:
    """Name a place for people. written: the amounts as people read them, `expected` and `found`."""
    some = ", ".join(one.vouchers[:VOUCHERS_NAMED_MAX]) or "none shown"
    more = (
        f" and {len(one.vouchers) - VOUCHERS_NAMED_MAX} more"
        if len(one.vouchers) > VOUCHERS_NAMED_MAX
        else ""
    )
    return (
        f"account {one.account}, statement {one.statement}, voucher {some}{more}: "
        f"expected {written['expected']}, found {written['found']}"
    )
