"""Reasons of the rounding doctor: a difference that no rounding explains. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import FINANCE, SYSTEM, Reason

OF_ROUNDING = (
    Reason(
        "not_rounding", FINANCE, SYSTEM,
        "Receipts state a tax or an amount that rounding cannot explain: {problem}.",
        "A wrong rate at the till, a price or tax changed on one side only, or an error in the till's arithmetic.",
        "They are kept here and not sent, so that a wrong tax never reaches the ledger as if it were rounding.",
        "Compare the till's tax rate for {value} with the one in force on that day, have the till put right and the receipts "
        "sent again.",
    ),
)  # fmt: skip
