"""What a receipt is worth in the ledger: balanced entries by account, with the accounts as D365 and finance name them.

D365 shows the account of each payment method; it shows none for revenue, tax, gift cards and rounding, so finance names those
in the mapping `ledger_accounts`. An entry whose account nobody has named keeps its value, under no account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.retail.figures import Figures
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.money import ZERO, total
from shared.retail.reference import TENDERS, YES

LEDGER_ACCOUNTS = "ledger_accounts"
SALES, RETURNS, TAX, GIFT_CARDS, ROUNDING, DISCOUNTS = (
    "sales", "returns", "tax", "gift_cards", "rounding", "discounts",
)  # fmt: skip
TENDER, INCOME_EXPENSE, DOES_NOT_BALANCE = "tender", "income_expense", "does not balance"
NAMED_BY_FINANCE = (SALES, RETURNS, TAX, GIFT_CARDS, ROUNDING, DISCOUNTS)
ANY = "*"


@dataclass(frozen=True, slots=True)
class Instants:
    """When a receipt was rung up, when it arrived here, and when D365 posted it (None: it has not)."""

    completed_at: datetime
    received_at: datetime
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaidInOrOut:
    """Money paid in (+) or out (-) for a reason, by tender."""

    reason: str
    tenders: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a voucher: debit positive, credit negative. what: sales, tax, tender …; code: which of it; account "" where
    nobody has named one.
    """

    what: str
    code: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Accounts:
    """Looks accounts up for a store and day. version: the mappings a receipt was mapped with; 0 for the newest."""

    mappings: Mappings
    store: StoreSetup
    day: date
    version: int = 0

    def named(self, what: str, code: str = ANY) -> str:
        """Give an account that finance named, for this code or for any; always as it is named now."""
        for one in dict.fromkeys((code, ANY)):
            row = self.mappings.find(LEDGER_ACCOUNTS, self.store.legal_entity, what, one, day=self.day)
            if row is not None and row.get("account"):
                return row["account"]
        return ""

    def tax(self, code: str) -> tuple[str, str]:
        """Give D365's tax code, or the till's where none is mapped, and its account."""
        row = self._then.find("taxes", code, day=self.day) or {}
        tax_code = row.get("tax_code") or code
        return tax_code, self.named(TAX, tax_code)

    def tender(self, code: str) -> str:
        """Give the account of a tender's payment method, as D365 shows it."""
        method = self._then.find("tenders", self.store.store, code, day=self.day)
        method = method or self._then.find("tenders", ANY, code, day=self.day) or {}
        key = (self.store.legal_entity, self.store.channel_id, method.get("payment_method", ""))
        for mappings in (self._then, self.mappings):  # it may have been read after the receipt was mapped
            row = mappings.find(TENDERS, *key)
            if row is not None and row.get("there") == YES and row.get("account"):
                return row["account"]
        return ""

    def reason(self, code: str) -> str:
        """Give the account of income or expense for a reason."""
        row = self._then.find("reasons", code, day=self.day)
        return row.get("account_number", "") if row is not None else ""

    @property
    def _then(self) -> Mappings:
        return self.mappings.at_version(self.version) if self.version else self.mappings


def entries_of(figures: Figures, accounts: Accounts) -> list[Entry]:
    """Give what receipts of these figures are worth: tenders debit, revenue, tax and gift cards credit, in total nothing.

    What does not balance at the till stands as an entry of its own, under no account, so that nothing is plugged unseen.
    """
    return merged(one_by_one(figures, accounts))


def one_by_one(figures: Figures, accounts: Accounts) -> list[Entry]:
    """Give the same entries one by one, those of nothing too: their accounts are where nothing is expected."""
    found = [Entry(TENDER, code, accounts.tender(code), amount) for code, amount in figures.tenders.items()]
    found += [
        Entry(what, "", accounts.named(what), -amount)
        for what, amount in (
            (SALES, figures.sales), (RETURNS, figures.returns), (GIFT_CARDS, figures.gift_cards_issued),
            (ROUNDING, figures.rounding),
        )
    ]  # fmt: skip
    for code, amount in figures.taxes.items():
        tax_code, account = accounts.tax(code)
        found.append(Entry(TAX, tax_code, account, -amount))
    given_away = accounts.named(DISCOUNTS)
    if given_away and figures.discounts:  # D365 shows discounts on an account of their own, against revenue
        found.append(Entry(DISCOUNTS, "", given_away, figures.discounts))
        found.append(Entry(SALES, "", accounts.named(SALES), -figures.discounts))
    left = total(one.amount for one in found)
    if left:
        found.append(Entry(DOES_NOT_BALANCE, "", "", -left))
    return found


def entries_of_paid(paid: PaidInOrOut, accounts: Accounts) -> list[Entry]:
    """Give what money paid in or out is worth: the tender against the account of its reason."""
    found = [Entry(TENDER, code, accounts.tender(code), amount) for code, amount in paid.tenders.items()]
    whole = total(paid.tenders.values())
    return merged([*found, Entry(INCOME_EXPENSE, paid.reason, accounts.reason(paid.reason), -whole)])


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """Add up entries of one account, meaning and code; what comes to nothing goes. In the order people read them."""
    return [one for one in added_up(entries) if one.amount]


def added_up(entries: Iterable[Entry]) -> list[Entry]:
    """Add up entries of one account, meaning and code, and keep what comes to nothing."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for one in entries:
        key = (one.account, one.what, one.code)
        sums[key] = sums.get(key, ZERO) + one.amount
    return [Entry(key[1], key[2], key[0], sums[key]) for key in sorted(sums)]


def turned(entries: Sequence[Entry]) -> list[Entry]:
    """Give the same entries on the other side."""
    return [Entry(one.what, one.code, one.account, -one.amount) for one in entries]
