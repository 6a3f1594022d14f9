"""D365's own rules by the names Microsoft gives them, whose each is, and what to do when a receipt breaks one.

The 14 header and 13 line rules of "Validate store transactions" (D365 facts §3.3), and beside them what D365 asks of
every row it takes: that the store, till, warehouse, payment method, tax and item it names are there. The words are in
the order in which a rule's parts come; a part is a D365 code, a company, a day or an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.retail.reasons import (
    D365_DATA,
    FINANCE,
    IT,
    RETAIL_SYSTEMS,
    STORE_OPERATIONS,
    STORE_TIMING,
    SYSTEM,
    Cause,
    cause,
)

BUSINESS_DATE, CUSTOMER, UNDER_OVER = "Business date", "Customer account exists", "Under/over payment"
ROUNDING, DISCOUNT, GROSS, NET, NET_TAX = (
    "Currency rounding", "Discount amount", "Gross amount", "Net", "Net + tax",
)  # fmt: skip
ITEMS, PAYMENT, EXEMPT_HEADER, TAX_INCLUDED, NOT_EMPTY = (
    "Number of items", "Payment amount", "Tax exempt calculation", "Tax included pricing", "Transaction not empty",
)  # fmt: skip
BRAZIL = "Fiscal document posting status"
BARCODE, CHARGES, GIFT_CARD, VARIANT = (
    "Barcode exists", "Charge lines", "Gift card returns", "Item variant exists",
)  # fmt: skip
LINE_DISCOUNT, LINE_TAX, NEGATIVE_PRICE, SIGN, EXEMPT = (
    "Line discount", "Line tax", "Negative price", "Sign contradiction", "Tax exempt",
)  # fmt: skip
SERIAL_NEEDED, SERIAL_REFUSED = "Serial number controlled", "Serial number dimension"
TAX_GROUPS, UNIT = "Tax group assignment", "Unit of measure conversions"
HEADER_RULES = (
    BUSINESS_DATE, ROUNDING, CUSTOMER, DISCOUNT, BRAZIL, GROSS, NET, NET_TAX, ITEMS, PAYMENT, EXEMPT_HEADER,
    TAX_INCLUDED, NOT_EMPTY, UNDER_OVER,
)  # fmt: skip
LINE_RULES = (
    BARCODE, CHARGES, GIFT_CARD, VARIANT, LINE_DISCOUNT, LINE_TAX, NEGATIVE_PRICE, SERIAL_NEEDED, SERIAL_REFUSED,
    SIGN, EXEMPT, TAX_GROUPS, UNIT,
)  # fmt: skip
RULES = (*HEADER_RULES, *LINE_RULES)

INCOME = "Income/expense amount"  # the same for money put in or taken out; on no page of Microsoft's, but certain to be asked

STORE, TILL, WAREHOUSE, SHARED_WAREHOUSE = "Store", "Till", "Warehouse", "Shared warehouse"
STORE_SETUP = "Store set-up"
METHOD, METHOD_ACCOUNT = "Payment method", "Payment method without account"
TAX_GROUP, ITEM_TAX_GROUP, TAX_CODE = "Sales tax group", "Item sales tax group", "Sales tax code"
ITEM, ITEM_BLOCKED, ACCOUNT = "Item", "Blocked item", "Income or expense account"
REFERENCES = (
    STORE, STORE_SETUP, TILL, WAREHOUSE, SHARED_WAREHOUSE, METHOD, METHOD_ACCOUNT, TAX_GROUP, ITEM_TAX_GROUP, TAX_CODE, ITEM,
    ITEM_BLOCKED, ACCOUNT,
)  # fmt: skip
SEPARATOR = " / "


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold: its name, and what is wrong in D365's codes. Receipts with equal ones are one task.

    parts are empty where a rule is arithmetic; `found` then says what does not add up in this receipt.
    """

    rule: str
    parts: tuple[str, ...] = ()
    found: str = ""

    @property
    def value(self) -> str:
        """Write it as a cause's value, which `from_value` reads again."""
        return f"{self.rule}: {SEPARATOR.join(self.parts)}" if self.parts else self.rule

    @classmethod
    def from_value(cls, value: str) -> Broken:
        """Read what `value` wrote."""
        rule, _, parts = value.partition(": ")
        return cls(rule, tuple(parts.split(SEPARATOR)) if parts else ())


@dataclass(frozen=True, slots=True)
class Card:
    """What people read of one rule. `problem` is a template over its parts: {0}, {1}, ..."""

    owner: str
    fault: str
    problem: str
    do_this: str


_RELEASED = (
    "What is put right in D365 is seen within a quarter of an hour, and the receipts go on by themselves; after a change of "
    "a mapping, release them."
)
_MAPPED = "or map it to another"
_OURS = (
    "This is arithmetic of ours and must not happen: tell whoever runs Tillpost, with the receipt's number."
)


def _d365(owner: str, problem: str, do_this: str) -> Card:
    return Card(owner, D365_DATA, problem, f"{do_this}. {_RELEASED}")


def _arithmetic(owner: str = IT) -> Card:
    return Card(owner, SYSTEM, "{0}", _OURS)


def _till(owner: str, do_this: str) -> Card:
    return Card(owner, STORE_TIMING, "{0}", do_this)


CARDS: Mapping[str, Card] = {
    BUSINESS_DATE: _d365(
        FINANCE, "company {0} has no open fiscal period for {1}",
        "Open the period for Commerce in D365, or let late receipts go to the next open period (mapping month_end) and release",
    ),
    CUSTOMER: _d365(
        RETAIL_SYSTEMS, "company {0} has no customer {1}",
        "Create the customer in D365, or correct the store's default customer in the stores mapping",
    ),
    UNDER_OVER: Card(
        FINANCE, STORE_TIMING, "paid and due differ by {1} in store {0}, more than its largest rounding in D365",
        f"Compare the receipt with the store's largest rounding amount in D365 and correct the one that is wrong. {_RELEASED}",
    ),
    VARIANT: _d365(
        RETAIL_SYSTEMS, "item {1} of company {0} has variants, and the receipt names none of them",
        f"Map the bar codes the tills scan to its variants in the barcodes mapping; or release it without variants, {_MAPPED}",
    ),
    SERIAL_NEEDED: _d365(
        RETAIL_SYSTEMS, "item {1} of company {0} needs a serial number, and the receipt gives none",
        "Take the serial number control off the item in D365, or have the tills ask for the number",
    ),
    SERIAL_REFUSED: _d365(
        RETAIL_SYSTEMS, "item {1} of company {0} keeps no serial numbers, and the receipt gives one",
        "Give the item a tracking dimension group with serial numbers in D365",
    ),
    TAX_GROUPS: _d365(
        FINANCE, "in company {0}, sales tax group {1} and item sales tax group {2} do not share {3}",
        "Correct the two groups in D365, or the item's tax group in the taxes mapping",
    ),
    UNIT: _d365(
        RETAIL_SYSTEMS, "company {0} cannot convert {2} to the sales unit of item {1}",
        "Add the conversion in D365, or correct the unit in the items mapping",
    ),
    BARCODE: _arithmetic(RETAIL_SYSTEMS), CHARGES: _arithmetic(FINANCE),
    EXEMPT_HEADER: _arithmetic(FINANCE), EXEMPT: _arithmetic(FINANCE), ROUNDING: _arithmetic(FINANCE),
    TAX_INCLUDED: Card(
        FINANCE, D365_DATA, "{0}",
        "Compare whether prices include tax at the till and in the store's set-up, correct it and release.",
    ),
    DISCOUNT: _arithmetic(), GROSS: _arithmetic(), NET: _arithmetic(), NET_TAX: _arithmetic(), ITEMS: _arithmetic(),
    PAYMENT: _arithmetic(), INCOME: _arithmetic(), LINE_DISCOUNT: _arithmetic(), LINE_TAX: _arithmetic(), SIGN: _arithmetic(),
    NOT_EMPTY: _till(RETAIL_SYSTEMS, "Ask the till's supplier why the receipt was completed without a line."),
    GIFT_CARD: _till(
        STORE_OPERATIONS, "Pay the card out as D365 allows it; the receipt itself can never be posted, and stays here."
    ),
    NEGATIVE_PRICE: _till(
        STORE_OPERATIONS, "Ask the store what was rung up; goods that come back are returns, not negative prices."
    ),
    STORE: _d365(
        RETAIL_SYSTEMS, "D365 has no store {0} of company {1} with operating unit {2} and channel {3}",
        f"Correct the store in D365, {_MAPPED}",
    ),
    STORE_SETUP: Card(
        RETAIL_SYSTEMS,
        D365_DATA,
        "the stores mapping gives store {0} the {1} {2}, and D365 gives it another",
        "Find out which of the two is right and correct the other. Receipts go on meanwhile, as the mapping says.",
    ),
    TILL: _d365(
        RETAIL_SYSTEMS, "D365 has no register {0} in store {1}",
        f"Create the register in D365 or move it to its store there, {_MAPPED}",
    ),
    WAREHOUSE: _d365(
        RETAIL_SYSTEMS, "warehouse {1} of company {0} does not exist in D365, or was retired",
        f"Put it back in D365, {_MAPPED}",
    ),
    SHARED_WAREHOUSE: Card(
        RETAIL_SYSTEMS, D365_DATA, "several stores of company {0} take their goods from warehouse {1}",
        "Give each store its own warehouse in D365 and in the stores mapping: stock of two stores in one cannot be told apart.",
    ),
    METHOD: _d365(
        FINANCE, "channel {1} of company {0} has no payment method {2}",
        "In this order: 1. Retail systems add the payment method to the store's channel in D365. 2. Finance gives it its ledger "
        f"account there; {_MAPPED}",
    ),
    METHOD_ACCOUNT: _d365(
        FINANCE, "payment method {2} of channel {1}, company {0}, has no ledger account",
        "Give the store's payment method its account in D365",
    ),
    TAX_GROUP: _d365(FINANCE, "company {0} has no sales tax group {1}", f"Create it in D365, {_MAPPED}"),
    ITEM_TAX_GROUP: _d365(FINANCE, "company {0} has no item sales tax group {1}", f"Create it in D365, {_MAPPED}"),
    TAX_CODE: _d365(FINANCE, "company {0} has no sales tax code {1}", f"Create it in D365, {_MAPPED}"),
    ITEM: _d365(RETAIL_SYSTEMS, "item {1} is not released to company {0}", f"Release it in D365, {_MAPPED}"),
    ITEM_BLOCKED: _d365(
        RETAIL_SYSTEMS, "item {1} is blocked in company {0}",
        f"Take the block off in D365 until its receipts are posted, {_MAPPED}",
    ),
    ACCOUNT: _d365(
        FINANCE, "company {0} has no {2} account {1} for its stores", f"Create it in D365, {_MAPPED}"
    ),
}  # fmt: skip


def cause_of(broken: Broken) -> Cause:
    """Give the cause that a broken rule opens, under Microsoft's name where it is one of the 27."""
    card = CARDS[broken.rule]
    words = [*(broken.parts or (broken.found,)), *[""] * 5]
    return cause(
        "d365_reference" if broken.rule in REFERENCES else "d365_rule", broken.value, owner=card.owner, fault=card.fault,
        rule=broken.rule, problem=card.problem.format(*words), do_this=card.do_this,
    )  # fmt: skip
