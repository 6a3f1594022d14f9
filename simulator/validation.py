"""The job "Validate store transactions": every rule on every receipt that is not validated yet, or failed before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from simulator.database import Receipt, RuleError
from simulator.rule_case import Case, Finding, case_of
from simulator.rules_header import HEADER_RULES
from simulator.rules_line import CHARGE_LINES, LINE_RULES, charge_lines, lines_without_owner
from simulator.world import World

RECEIPTS_AT_ONCE = 50
VALIDATED_TYPES = frozenset({"Sales", "IncomeExpense"})
# Cash that comes and goes without a sale: its status stays None, and financial statements take it (D365 facts §2.1, §3.3).
CASH_TYPES = frozenset(
    {
        "FloatEntry",
        "StartingAmount",
        "RemoveTender",
        "ChangeTender",
        "BankDrop",
        "SafeDrop",
        "TenderDeclaration",
    }
)
RULES = tuple(name for name, _ in HEADER_RULES) + tuple(name for name, _ in LINE_RULES) + (CHARGE_LINES,)
SUCCESSFUL = "Successful"


def disable_rules(world: World, names: list[str]) -> None:
    """Leave these rules out from now on, as RetailTransactionDisabledValidationRule does; every other one is on.

    Raises:
        ValueError: no rule is called so.
    """
    unknown = sorted(set(names) - set(RULES))
    if unknown:
        raise ValueError(f"no rules {unknown}; there are {', '.join(RULES)}")
    world.database.reference.disabled_rules = set(names)


async def validate_store_transactions(world: World) -> dict[str, int]:
    """Run the job once. Give how many receipts were looked at, and how many failed."""
    waiting = [receipt for receipt in world.database.receipts.values() if needs_validation(receipt)]
    failed = 0
    for number, receipt in enumerate(waiting, start=1):
        if needs_validation(receipt):
            failed += not validate(world, receipt)
        if number % RECEIPTS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return {"validated": len(waiting), "errors": failed}


def needs_validation(receipt: Receipt) -> bool:
    """Whether the job looks at it: a completed receipt of a validated type, in no statement, not yet successful."""
    if receipt.header is None or receipt.statement or receipt.validation == SUCCESSFUL:
        return False
    values = receipt.header.values
    return (
        values.get("TransactionType") in VALIDATED_TYPES and values.get("TransactionStatus", "None") == "None"
    )


def validate(world: World, receipt: Receipt) -> bool:
    """Apply every rule to one receipt and keep what they find. Say whether all hold."""
    case = case_of(receipt, world.database.reference, world.switches)
    disabled = world.database.reference.disabled_rules
    receipt.errors = [
        RuleError(rule, line, f"{rule}: {text}")
        for rule, (line, text) in findings_of(case)
        if rule not in disabled
    ]
    receipt.validated_at = world.now().replace(microsecond=0)
    receipt.validation = world.switches.failed_validation_word if receipt.errors else SUCCESSFUL
    return not receipt.errors


def findings_of(case: Case) -> Iterator[tuple[str, Finding]]:
    """Give every rule that does not hold, with line and text."""
    for rule, header_rule in HEADER_RULES:
        for finding in header_rule(case):
            yield rule, finding
    for rule, line_rule in LINE_RULES:
        for row in case.lines:
            for finding in line_rule(case, row):
                yield rule, finding
    for finding in charge_lines(case):
        yield CHARGE_LINES, finding
    yield from lines_without_owner(case)
