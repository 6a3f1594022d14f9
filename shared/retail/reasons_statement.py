"""Reasons that a compiled statement finds: money that no cause explains, and counts beyond D365's limits."""

from __future__ import annotations

from shared.retail.reason import FINANCE, STORE_OPERATIONS, STORE_TIMING, SYSTEM, Reason

OF_STATEMENTS = (
    Reason(
        "statement_unexplained", FINANCE, SYSTEM,
        "Store {store}, {day}: {amount} of the difference between till and D365 has no cause.",
        "The till's totals and its receipts do not agree, and nothing that is known explains by how much: {detail}.",
        "The day cannot be signed off. Nothing is posted to make it fit.",
        "Print the till's own journal of that day and compare it with the receipts of the statement; tell IT what is in one and "
        "not in the other.",
    ),
    Reason(
        "count_over_limit", STORE_OPERATIONS, STORE_TIMING,
        "Store {store}, {day}: what was counted differs from what should be there by more than D365 allows: {detail}.",
        "Money is over or short, a count was mistyped, or receipts of the till are missing.",
        "D365 will refuse the store's financial statement until a count within the limits is there.",
        "Look first whether receipts of this till are missing. Have the store count again; what stays over or short is finance's "
        "to accept in D365.",
    ),
)  # fmt: skip
