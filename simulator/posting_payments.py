"""What posting a transactional statement makes of money: discounts shown, income and expense, payments, rounding."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from simulator import evidence
from simulator.draft import Draft, Entry, Member, PostingError
from simulator.ledger import CUSTOMERS, REVENUE
from simulator.rule_case import total
from simulator.values import ZERO, Values, decimal_of, text_of


def post_discounts(draft: Draft) -> None:
    """DiscountsPosted: what was given away, shown on its own account; nothing where the company has none for it."""
    account = draft.reference.parameters_of(draft.store).discount_account
    if account:
        given = sum((total(one.case.lines, "CashDiscountAmount") for one in draft.members), ZERO)
        draft.book(
            "discounts", [(account, "discount", "given", given), (REVENUE, "discount", "revenue", -given)]
        )


def post_income_expense(draft: Draft) -> None:
    """IncomeExpensePosted: each account against the customer account the payments clear. Every receipt is frozen now."""
    draft.check_period()
    for member in draft.members:
        draft.take(member)
    for again, members in _by_again(draft):
        entries: list[Entry] = []
        for member in members:
            for row in member.case.income_expenses:
                account, amount = text_of(row, "AccountNumber"), decimal_of(row, "Amount")
                entries.append((account, "income_expense", account, amount))
                entries.append((CUSTOMERS, "customer", member.case.customer, -amount))
        draft.book("income/expense", entries, again=again)


def post_payments(draft: Draft) -> None:
    """PaymentsPosted: each payment method's account against the customer, and what was rounded to its own account.

    Whatever can stop it is found before the first voucher, so that nothing of it is posted twice.
    """
    draft.check_period()
    found = [
        (again, _payments(draft, members), _rounding(draft, members)) for again, members in _by_again(draft)
    ]
    for again, payments, rounding in found:
        lines = draft.book("payment journal", payments, again=again)
        if lines:
            evidence.show_payment_journal(draft.database, draft, draft.numbers.take("PAY"), lines)
        draft.book("rounding", rounding, again=again)


def _payments(draft: Draft, members: list[Member]) -> list[Entry]:
    found: list[Entry] = []
    for member in members:
        found += [_payment_entry(draft, row) for row in member.case.payments]
        found.append((CUSTOMERS, "customer", member.case.customer, -_paid(member)))
    return found


def _rounding(draft: Draft, members: list[Member]) -> list[Entry]:
    found: list[Entry] = []
    for member in members:
        found.append((draft.store.rounding_account, "rounding", "payment", -rounded(member)))
        found.append((CUSTOMERS, "customer", member.case.customer, rounded(member)))
    return found


def _paid(member: Member) -> Decimal:
    return total(member.case.payments, "AmountTendered")


def rounded(member: Member) -> Decimal:
    """Give what a receipt is over- (+) or underpaid (-)."""
    owed = decimal_of(member.case.header, "GrossAmount") + decimal_of(
        member.case.header, "IncomeExpenseAmount"
    )
    return owed + _paid(member)


def _payment_entry(draft: Draft, row: Values) -> Entry:
    number = text_of(row, "TenderType")
    method = draft.reference.tender_type(draft.store, number)
    if method is None or not method.account:
        raise PostingError(f"Payment method {number} of store {draft.store.number} has no ledger account.")
    return method.account, "payment", number, decimal_of(row, "AmountTendered")


def _by_again(draft: Draft) -> list[tuple[bool, list[Member]]]:
    found: dict[bool, list[Member]] = defaultdict(list)
    for member in draft.members:
        found[member.again].append(member)
    return list(found.items())
