"""The ledger: voucher lines that balance, stock movements, and the totals computed from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal

from simulator.rule_case import plain
from simulator.values import ZERO

REVENUE, CUSTOMERS, TAX_PAYABLE, GIFT_CARDS, CHARGE_REVENUE = "401100", "130100", "222100", "250600", "403300"
StoreDay = tuple[str, str, str]


class UnbalancedVoucherError(Exception):
    """A voucher whose lines do not add up to nothing: a bug of the simulator's."""


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One line. amount: debit positive, credit negative. kind: what it stands for; code: which of it.

    again: it stands for receipts that had been posted before.
    """

    voucher: str
    source: str
    data_area: str
    store: str
    business_day: str
    posted_at: str
    statement: str
    account: str
    kind: str
    code: str
    amount: Decimal
    currency: str
    again: bool = False

    def as_json(self) -> dict[str, object]:
        """Give it for people and tests."""
        return {
            "voucher": self.voucher, "source": self.source, "dataAreaId": self.data_area, "StoreNumber": self.store,
            "businessDate": self.business_day, "postedDateTime": self.posted_at, "StatementNumber": self.statement,
            "account": self.account, "kind": self.kind, "code": self.code, "amount": plain(self.amount),
            "currency": self.currency, "double_posted": self.again,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class StockMovement:
    """One change of stock: quantity negative when goods left."""

    data_area: str
    warehouse: str
    item: str
    quantity: Decimal
    statement: str


@dataclass(frozen=True, slots=True)
class PostedReceipt:
    """A receipt as it was when it was posted: an entry for each time. discount: store's sign, as its lines have it."""

    data_area: str
    store: str
    business_day: str
    transaction_number: str
    statement: str
    discount: Decimal
    again: bool


@dataclass(frozen=True, slots=True)
class PostedCash:
    """Cash that came or went without a sale, as a financial statement posted it: an entry for each time."""

    data_area: str
    store: str
    transaction_number: str


@dataclass(slots=True)
class Ledger:
    """Everything that was posted. Lines only ever get more."""

    lines: list[VoucherLine] = field(default_factory=list)
    movements: list[StockMovement] = field(default_factory=list)
    receipts: list[PostedReceipt] = field(default_factory=list)
    cash: list[PostedCash] = field(default_factory=list)
    on_hand: dict[tuple[str, str, str], Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    _of_statement: dict[str, list[VoucherLine]] = field(default_factory=dict)

    def post(
        self, lines: list[VoucherLine], movements: list[StockMovement], receipts: list[PostedReceipt]
    ) -> None:
        """Book what one statement made, all of it."""
        sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for line in lines:
            sums[line.voucher] += line.amount
        if any(sums.values()):
            raise UnbalancedVoucherError(str({voucher: amount for voucher, amount in sums.items() if amount}))
        self.lines += lines
        for line in lines:
            self._of_statement.setdefault(line.statement, []).append(line)
        self.movements += movements
        self.receipts += receipts
        for one in movements:
            self.on_hand[one.data_area, one.warehouse, one.item] += one.quantity

    def of_statement(self, number: str) -> list[VoucherLine]:
        """Give what a statement posted, oldest first."""
        return self._of_statement.get(number, [])

    def alter(self, voucher: str, account: str, by: Decimal) -> tuple[int, VoucherLine]:
        """Change one line's amount, as nobody may and somebody can; the voucher need not balance afterwards.

        Gives the line's number, from 1, and the line as it is now.

        Raises:
            KeyError: no such line.
        """
        for at, line in enumerate(self.lines):
            if (line.voucher, line.account) == (voucher, account):
                changed = replace(line, amount=line.amount + by)
                self.lines[at] = changed
                own = self._of_statement[line.statement]
                own[own.index(line)] = changed
                return at + 1, changed
        raise KeyError(f"no line of voucher {voucher} on account {account}")

    def by_account(self) -> list[dict[str, str]]:
        """Give each company's accounts with their balance, debit positive."""
        sums: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
        for line in self.lines:
            sums[line.data_area, line.account, line.currency] += line.amount
        return [
            {"dataAreaId": area, "account": account, "balance": plain(amount), "currency": currency}
            for (area, account, currency), amount in sorted(sums.items())
        ]

    def double_postings(self) -> list[dict[str, str]]:
        """Give what was posted more than once, receipts and cash; numbers that differ only by case are one, as in D365."""
        everything: list[PostedReceipt | PostedCash] = [*self.receipts, *self.cash]
        times = Counter((one.data_area, one.store, one.transaction_number.lower()) for one in everything)
        return [
            {"dataAreaId": area, "StoreNumber": store, "TransactionNumber": number, "times": str(count)}
            for (area, store, number), count in times.items()
            if count > 1
        ]

    def totals(self) -> list[dict[str, object]]:
        """Give each store-day's figures in the store's view: sales and money received are positive."""
        days: dict[StoreDay, dict[str, dict[str, Decimal]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(Decimal))
        )
        for line in self.lines:
            sign = 1 if line.kind == "payment" else -1
            days[line.data_area, line.store, line.business_day][line.kind][line.code] += sign * line.amount
        counts: Counter[StoreDay] = Counter()
        discounts: dict[StoreDay, Decimal] = defaultdict(lambda: ZERO)
        for one in self.receipts:
            counts[one.data_area, one.store, one.business_day] += 1
            discounts[one.data_area, one.store, one.business_day] += one.discount
        return [
            _total(day, counts[day], discounts[day], days[day]) for day in sorted(set(days) | set(counts))
        ]


def _total(
    day: StoreDay, count: int, discount: Decimal, kinds: dict[str, dict[str, Decimal]]
) -> dict[str, object]:
    def sum_of(kind: str) -> str:
        return plain(sum(kinds.get(kind, {}).values(), ZERO))

    def by_code(kind: str) -> dict[str, str]:
        return {code: plain(amount) for code, amount in sorted(kinds.get(kind, {}).items())}

    return {
        "dataAreaId": day[0], "StoreNumber": day[1], "businessDate": day[2], "transactions": count,
        "revenue": sum_of("revenue"), "sales": plain(kinds.get("revenue", {}).get("sales", ZERO)),
        "returns": plain(kinds.get("revenue", {}).get("returns", ZERO)), "gift_cards": sum_of("gift_card"),
        "tax": by_code("tax"), "payments": by_code("payment"), "income_expense": by_code("income_expense"),
        "discounts": plain(discount), "rounding": sum_of("rounding"), "charges": sum_of("charge"),
        "differences": plain(kinds.get("difference", {}).get("account", ZERO)),
    }  # fmt: skip
