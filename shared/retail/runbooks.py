"""Which reasons have a runbook, and the check without which the app does not start: nobody is left alone with a reason.

The pages are in `docs/handover/runbooks`, which is not deployed; their names are written down here, beside the code that needs
them. A test holds the two together, both ways (ADR 48).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.errors import SettingsError
from shared.retail.reason import OWNERS, Reason

RUNBOOKS_FOLDER = "docs/handover/runbooks"
RUNBOOKS = frozenset(
    {
        "alerts_failing",
        "cannot_be_mapped",
        "cannot_be_read",
        "changed_in_d365",
        "content_conflict",
        "count_over_limit",
        "counted_twice",
        "credit_not_confirmed",
        "drawer_unmapped",
        "d365_call_refused",
        "d365_contract_mismatch",
        "d365_data_refused",
        "d365_evidence_missing",
        "d365_import_running",
        "d365_reference",
        "d365_refused",
        "d365_rule",
        "d365_shift_in_error",
        "d365_silent",
        "d365_statement_stands",
        "d365_throttled",
        "d365_till_busy",
        "d365_unposted",
        "d365_went_back",
        "disposition_unmapped",
        "does_not_balance",
        "does_not_fit_d365",
        "drop_gone_from_d365",
        "gone_from_d365",
        "import_answer_lost",
        "import_failed",
        "import_takes_long",
        "item_unmapped",
        "kind_not_supported",
        "look_alike",
        "not_rounding",
        "other_currency",
        "package_stuck",
        "personal_data_asked",
        "reason_unmapped",
        "receipt_after_close",
        "receipt_late",
        "receipts_delayed",
        "receipts_missing",
        "refund_above_sale",
        "refund_before_sale",
        "return_place_missing",
        "return_without_receipt",
        "shift_blind_closed",
        "shift_closed_early",
        "shift_closed_twice",
        "shift_counted_twice",
        "shift_gap",
        "shift_never_opened",
        "shift_not_closed",
        "shift_not_counted",
        "shift_overlap",
        "shift_refused",
        "shift_sale_outside",
        "shift_suspended",
        "staff_unmapped",
        "statement_unexplained",
        "store_silent",
        "store_unknown",
        "store_wrong_account",
        "stores_silent",
        "tax_unmapped",
        "tender_unmapped",
        "terminal_unmapped",
        "till_maybe_replaced",
        "validation_failed",
        "vouchers_differ",
        "warehouse_missing",
        "webhook_not_used",
        "work_given_up",
        "write_off_proposed",
        "receipt_not_fetched",
        "vendor_refuses",
        "vendor_silent",
        "vendor_webhooks_dead",
    }
)


def runbook_of(code: str) -> str:
    """Give where a reason's runbook is, in the project's folder; "" for a code that has none."""
    return f"{RUNBOOKS_FOLDER}/{code}.md" if code in RUNBOOKS else ""


def refuse_orphans(reasons: Mapping[str, Reason], runbooks: Collection[str]) -> None:
    """Let nobody start with a reason that has no owner, no remedy or no runbook, nor with a runbook for no reason.

    Raises:
        SettingsError: it names each, with what it lacks.
    """
    wrong = [f"{code} has no {lack}" for code, one in reasons.items() for lack in _lacks(code, one, runbooks)]
    wrong += [f"runbook {name} is for no reason" for name in sorted(set(runbooks) - set(reasons))]
    if wrong:
        raise SettingsError("the registry of reasons is not whole: " + "; ".join(wrong))


def _lacks(code: str, reason: Reason, runbooks: Collection[str]) -> list[str]:
    has = {
        "name of its own": reason.code == code,
        "owner": reason.owner in OWNERS,
        "remedy": bool(reason.do_this.strip()),
        "runbook": code in runbooks,
    }
    return [lack for lack, is_there in has.items() if not is_there]
