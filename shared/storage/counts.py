"""What was counted, as a statement keeps it, with the limits it was judged by."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.retail.counting import Limits, TenderLimit
from shared.retail.money import money_text
from shared.retail.statement import Statement
from shared.retail.storeday import counts


def counts_json(statement: Statement) -> dict[str, Any]:
    """Write what was counted, and the limits it was judged by: working the day out again takes these."""
    counted, currency = counts(statement.day), statement.day.currency

    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else money_text(amount, currency)

    return {
        "lines": [
            {
                "terminal": one.terminal,
                "shift": one.shift,
                "tender": one.tender,
                "expected": money_text(one.expected, currency),
                "counted": text(one.counted),
                "difference": text(one.difference),
                "verdict": one.verdict,
                "account": one.account,
            }
            for one in counted.lines
        ],
        "shifts_over_limit": [
            {"terminal": terminal, "shift": shift} for terminal, shift in counted.shifts_over
        ],
        "statement_over_limit": counted.statement_over,
        "limits": limits_json(statement.day.limits),
    }


def limits_json(limits: Limits) -> dict[str, Any]:
    """Write D365's limits of a store as they were known."""

    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else str(amount)

    return {
        "line": text(limits.line_max),
        "shift": text(limits.shift_max),
        "statement": text(limits.statement_max),
        "tenders": {
            code: {
                "counting_required": one.counting_required,
                "small": text(one.small_max),
                "account": one.small_account,
            }
            for code, one in sorted(limits.tenders.items())
        },
    }


def limits_from(body: Mapping[str, Any]) -> Limits:
    """Read the limits that a kept statement was judged by."""
    kept = body.get("counts", {}).get("limits", {})

    def amount(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    tenders = {
        code: TenderLimit(one["counting_required"], amount(one["small"]), one["account"])
        for code, one in kept.get("tenders", {}).items()
    }
    return Limits(amount(kept.get("line")), amount(kept.get("shift")), amount(kept.get("statement")), tenders)
