"""Every text with which the simulated headquarters stops a statement, against the decoder's table.

A text that the facts have from Microsoft's own articles is recognised. The others are our own words for causes that the facts
name without a text (D365 facts §3.5): the decoder must not know them, or it would claim knowledge that nobody has. Which is
which is listed by hand; a text of the simulator's that is missing here fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.d365.decoder import UNKNOWN, decode
from shared.flows.posting.read_back import refusal_cause, validation_cause
from shared.retail.reasons import D365_DATA, STORE_TIMING
from simulator.statement_faults import DEADLOCK

SIMULATOR = Path(__file__).parents[2] / "simulator"
MODULES = (
    "counting", "draft", "financial", "order_checks", "posting", "posting_payments", "shift_checks", "statement_faults",
)  # fmt: skip
# (text, the decoder's code, owner). The first seven are D365's own words.
REAL = [
    ("Inventory dimension Site is mandatory and must consequently be specified.", "site_missing", "retail_systems"),
    ("Inventory dimension Location must be specified.", "warehouse_missing_in_d365", "retail_systems"),
    ("Period for 2017-12-23 does not exist.", "period_closed", "finance"),
    ("Fiscal year for 2017-12-23 does not exist.", "fiscal_year_missing", "finance"),
    (
        "Item number 1004906: 2 cannot be picked because only 0 is/are available from the inventory of W367.",
        "stock_not_available", "retail_systems",
    ),
    ("The customer account 'C-9' does not exist.", "rule_customer", "retail_systems"),
    (DEADLOCK, "deadlock", "it"),
]  # fmt: skip
OWN = [
    "Item number 1004906 does not exist.",
    "Item 1004906 is blocked for sales orders.",
    "Customer account C-WALKIN is blocked for sales orders.",
    "Account number for transaction type Sales order, revenue does not exist.",
    "Payment method 1 of store 367 has no ledger account.",
    "Payment method 1 of store 367 has no account for safe drops.",
    "The tax groups 'STORE' and 'FULL' share no tax code.",
    "Line 1 of transaction 367-1-17 sold 2; 3 would be returned.",
    "Transaction A is in GBP; store 367 keeps USD.",
    "Counting is required for payment method 1 of 367-1:1 and nothing was declared.",
    "The difference of -8 in payment method 1 of 367-1:1 is above the maximum of 5.",
    "The amounts of tender changed in store 367 do not add up to nothing.",
    "The closing method of store 367 is DateTime; a financial statement needs Shift.",
    "Store 367 has no closed shift that began on 2017-12-23.",
    "Terminal 367-1 is busy: its closing status is Closing.",
    "Terminal 367-1 is busy: shift 1 is still open.",
    "Terminal 367-1 is busy: shift 1 is closed and has no closing time.",
    "Terminal 367-1 is busy: shift 1 is open in the channel and closed in headquarters.",
    "Terminal 367-1 is busy: shift 1 has pending offline transactions.",
    "Terminal 367-1 is busy: shifts 1 and 2 overlap.",
]


@pytest.mark.parametrize(("text", "code", "owner"), REAL, ids=[one[1] for one in REAL])
def test_what_the_facts_have_of_d365_is_recognised_as_the_simulator_says_it(
    text: str, code: str, owner: str
) -> None:
    got = decode(text)
    assert (got.code, got.owner, got.is_known) == (code, owner, True)


@pytest.mark.parametrize("text", OWN)
def test_words_of_the_simulators_own_stay_unknown_and_are_shown_as_they_are(text: str) -> None:
    got = decode(text)
    assert (got.code, got.owner, got.text) == (UNKNOWN, "it", text)


def test_every_text_that_stops_a_statement_is_listed() -> None:
    listed = [text for text, *_ in REAL] + OWN
    missing = [
        pieces
        for module in MODULES
        for pieces in texts_in(SIMULATOR / f"{module}.py")
        if not any(all(piece in text for piece in pieces) for text in listed)
    ]
    assert missing == []


def texts_in(module: Path) -> Iterator[list[str]]:
    """Give the fixed pieces of every sentence in a module: a text with a space that ends with a full stop."""
    tree = ast.parse(module.read_text())
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces = [str(one.value) for one in node.values if isinstance(one, ast.Constant)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            pieces = [node.value]
        else:
            continue
        if id(node) not in told and pieces and pieces[-1].endswith(".") and " " in "".join(pieces):
            yield pieces


def test_the_modules_searched_have_as_many_texts_as_were_counted_by_hand() -> None:
    assert sum(1 for module in MODULES for _ in texts_in(SIMULATOR / f"{module}.py")) == 28


def test_a_refusal_that_is_known_is_its_owners_with_what_to_do() -> None:
    why = refusal_cause("The value 'D9' in field 'ItemId' is not found in the related table 'InventTable'.")
    assert (why.code, why.owner, why.fault) == ("d365_data_refused", "retail_systems", D365_DATA)
    assert why.texts()["why"] == "The receipt names something that D365 does not have."
    assert why.texts()["do_this"] == "Create it in D365 or correct the mapping, then release."
    assert refusal_cause("Field 'Unit' must be filled in.").owner == "it"
    unknown = refusal_cause("Blue moon in view.")
    assert (unknown.code, unknown.owner) == ("d365_refused", "it")


def test_a_finding_of_the_validation_is_its_rules_owners_and_says_whose_fault_it_is() -> None:
    why = validation_cause("Gift card returns: A gift card cannot be returned.")
    assert (why.code, why.owner, why.fault) == ("validation_failed", "store_operations", STORE_TIMING)
    assert why.texts()["why"].endswith("says: A gift card was taken back, which D365 does not allow.")
    unknown = validation_cause("Moon phase: It is blue.")
    assert (unknown.owner, unknown.texts()["do_this"]) == (
        "finance",
        (
            "Correct the cause in D365, then run “Validate store transactions” again. The answer is picked up by itself."
        ),
    )
