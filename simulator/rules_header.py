"""Headquarters' validation rules on a receipt's header, by Microsoft's names (D365 facts §3.3).

Excused: "Fiscal document posting status" is Brazil's; the simulator has no Brazilian company, so the rule always holds.
"Income/expense amount" is no rule of Microsoft's page: it is ours, stricter on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from simulator.rule_case import Case, Finding, charge_net, charge_tax, compared, plain, total
from simulator.values import ZERO, day_of, decimal_of, text_of

_HEADER_AMOUNTS = ["GrossAmount", "NetAmount", "PaymentAmount", "DiscountAmount", "IncomeExpenseAmount"]
_LINE_AMOUNTS = ["NetAmount", "NetAmountInclusiveTax", "SalesTaxAmount", "CashDiscountAmount", "LineDiscount"]


def business_date(case: Case) -> Iterator[Finding]:
    """The business date lies in a fiscal period that takes postings."""
    day = day_of(case.header, "businessDate")
    if not case.company.is_open(day):
        yield "", f"The business date {day or 'that is missing'} is not in an open fiscal period."


def currency_rounding(case: Case) -> Iterator[Finding]:
    """Amounts have no more decimals than the currency."""
    amounts = [(name, decimal_of(case.header, name)) for name in _HEADER_AMOUNTS]
    amounts += [(name, decimal_of(row, name)) for row in case.lines for name in _LINE_AMOUNTS]
    amounts += [("AmountTendered", decimal_of(row, "AmountTendered")) for row in case.payments]
    amounts += [("TaxAmount", decimal_of(row, "TaxAmount")) for row in case.tax_rows]
    amounts += [("CalculatedAmount", decimal_of(row, "CalculatedAmount")) for row in case.charge_rows]
    for name, amount in amounts:
        if not case.rounded(amount):
            yield "", f"{name} {plain(amount)} is not rounded to currency {text_of(case.header, 'Currency')}."


def customer_account(case: Case) -> Iterator[Finding]:
    """The customer, or the store's default customer, exists."""
    if (case.store.data_area, case.customer) not in case.reference.customers:
        yield "", f"The customer account '{case.customer}' does not exist."


def discount_amount(case: Case) -> Iterator[Finding]:
    """Header discount = discounts of the lines."""
    yield from compared(
        decimal_of(case.header, "DiscountAmount"),
        total(case.lines, "CashDiscountAmount"),
        "The discount amount of the header",
    )


def gross_amount(case: Case) -> Iterator[Finding]:
    """Header gross = net amounts of the lines, tax included, + charges."""
    expected = total(case.lines, "NetAmountInclusiveTax") + _charges(case) + _charge_taxes(case)
    yield from compared(decimal_of(case.header, "GrossAmount"), expected, "The gross amount of the header")


def net(case: Case) -> Iterator[Finding]:
    """Header net = net amounts of the lines without tax + charges."""
    expected = total(case.lines, "NetAmount") + _charges(case)
    yield from compared(decimal_of(case.header, "NetAmount"), expected, "The net amount of the header")


def net_and_tax(case: Case) -> Iterator[Finding]:
    """Header gross = net amounts of the lines without tax + every tax + charges."""
    taxes = sum((case.tax_of(row) for row in case.tax_rows), ZERO) + _charge_taxes(case)
    expected = total(case.lines, "NetAmount") + taxes + _charges(case)
    yield from compared(
        decimal_of(case.header, "GrossAmount"), expected, "Net amounts and taxes against the gross amount"
    )


def number_of_items(case: Case) -> Iterator[Finding]:
    """Header counts: items (magnitudes, or the quantities as they are: a switch), item lines, payment lines."""
    quantities = [decimal_of(row, "Quantity") for row in case.lines]
    by_size = case.switches.number_of_items == "magnitude"
    items = sum((abs(one) if by_size else one for one in quantities), ZERO)
    yield from compared(decimal_of(case.header, "NumberOfItems"), items, "The number of items")
    lines, payments = Decimal(len(case.lines)), Decimal(len(case.payments))
    yield from compared(decimal_of(case.header, "NumberOfItemLines"), lines, "The number of item lines")
    yield from compared(
        decimal_of(case.header, "NumberOfPaymentLines"), payments, "The number of payment lines"
    )


def payment_amount(case: Case) -> Iterator[Finding]:
    """Header payment = payment lines."""
    expected = total(case.payments, "AmountTendered")
    yield from compared(
        decimal_of(case.header, "PaymentAmount"), expected, "The payment amount of the header"
    )


def income_expense_amount(case: Case) -> Iterator[Finding]:
    """Header income/expense = income/expense lines."""
    expected = total(case.income_expenses, "Amount")
    yield from compared(
        decimal_of(case.header, "IncomeExpenseAmount"), expected, "The income/expense amount of the header"
    )


def tax_exempt_calculation(case: Case) -> Iterator[Finding]:
    """The header says that tax was exempted from prices that include it if, and only if, a line says by how much."""
    exempted = any(decimal_of(row, "TaxExemptPriceInclusiveReductionAmount") for row in case.lines)
    if exempted != (case.header.get("IsTaxExemptedForPriceInclusive") == "Yes"):
        yield "", "The tax exemption of the header does not agree with its lines."


def tax_included_pricing(case: Case) -> Iterator[Finding]:
    """Header and tax lines agree on whether prices include tax."""
    flag = case.header.get("IsTaxIncludedInPrice", "No")
    if any(row.get("IsTaxIncludedInPrice", "No") != flag for row in case.tax_rows):
        yield "", f"Prices include tax: the header says {flag}, a tax line does not."


def not_empty(case: Case) -> Iterator[Finding]:
    """A sale has a line that is not voided; an income or expense has its own."""
    if not case.lines and not case.income_expenses:
        yield "", "The transaction has no line that is not voided."


def fiscal_document_posting_status(_: Case) -> Iterator[Finding]:
    """Brazil only: a company elsewhere has no fiscal documents, and nothing to find."""
    yield from ()


def under_over_payment(case: Case) -> Iterator[Finding]:
    """What is paid differs from what is owed by no more than the store's maximum rounding."""
    owed = decimal_of(case.header, "GrossAmount") + decimal_of(case.header, "IncomeExpenseAmount")
    difference = owed + decimal_of(case.header, "PaymentAmount")
    if abs(difference) > case.store.rounding_max:
        yield (
            "",
            f"The payment differs by {plain(difference)}; at most {plain(case.store.rounding_max)} is allowed.",
        )


HEADER_RULES: tuple[tuple[str, Callable[[Case], Iterator[Finding]]], ...] = (
    ("Business date", business_date),
    ("Currency rounding", currency_rounding),
    ("Customer account exists", customer_account),
    ("Discount amount", discount_amount),
    ("Fiscal document posting status", fiscal_document_posting_status),
    ("Gross amount", gross_amount),
    ("Net", net),
    ("Net + tax", net_and_tax),
    ("Number of items", number_of_items),
    ("Payment amount", payment_amount),
    ("Income/expense amount", income_expense_amount),
    ("Tax exempt calculation", tax_exempt_calculation),
    ("Tax included pricing", tax_included_pricing),
    ("Transaction not empty", not_empty),
    ("Under/over payment", under_over_payment),
)


def _charges(case: Case) -> Decimal:
    return sum((charge_net(case, row) for row in case.charge_rows), ZERO)


def _charge_taxes(case: Case) -> Decimal:
    return sum((charge_tax(case, row) for row in case.charge_rows), ZERO)
