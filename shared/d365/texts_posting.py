"""Texts of statement posting, from Microsoft's support articles on Commerce financial statements."""

from __future__ import annotations

from shared.d365.known import data
from shared.retail.reasons import FINANCE, IT, RETAIL_SYSTEMS

_STATEMENT_AGAIN = "Then post the D365 statement again; it goes on where it stopped."
# Words that may stand between a period and what is said of it: other periods than the ledger's are named otherwise.
_OF_A_DAY = (
    "for|of|the|date|day|month|year|[#:]+|am|pm|"
    "january|february|march|april|may|june|july|august|september|october|november|december"
)

POSTING = (
    data(
        "site_missing",
        RETAIL_SYSTEMS,
        "A line reached D365 without a site or warehouse that D365 accepts.",
        "Give the store its site and warehouse in the stores mapping and on the receipts in D365. "
        f"{_STATEMENT_AGAIN}",
        r"inventory dimension site (must be specified|is mandatory)",
    ),
    data(
        "warehouse_missing_in_d365",
        RETAIL_SYSTEMS,
        "A line reached D365 without a warehouse that D365 accepts.",
        f"Give the store its warehouse in the stores mapping and on the receipts in D365. {_STATEMENT_AGAIN}",
        r"inventory dimension (location|warehouse) (must be specified|is mandatory)",
    ),
    data(
        "batch_number_missing",
        RETAIL_SYSTEMS,
        "The item needs a batch number that D365 does not have.",
        f"Create the batch number in D365, or take batch control off the item. {_STATEMENT_AGAIN}",
        r"batch number .{0,60}isn't created",
        r"batch number .{0,60}is not created",
    ),
    data(
        "fiscal_year_missing",
        FINANCE,
        "The receipt's day lies in a fiscal year that D365 does not have.",
        f"Open or create the fiscal year, or correct the business date in D365. {_STATEMENT_AGAIN}",
        r"^(?!.*period for .{0,60} does not exist).*fiscal year for .{0,60}does not exist",
    ),
    data(
        "period_closed",
        FINANCE,
        "The receipt's day lies in a period that is closed or missing in D365.",
        f"Reopen the period, or decide which open day the receipts count for in D365. {_STATEMENT_AGAIN}",
        r"\bperiod for .{0,60}does not exist",
        rf"(?<!grace )\bperiod( \(?({_OF_A_DAY})\)?)* (is closed|is not open|is on hold)",
    ),
    data(
        "stock_not_available",
        RETAIL_SYSTEMS,
        "D365 has less stock of an item than was sold.",
        f"Correct the stock, or allow physical negative stock for the item's model group. {_STATEMENT_AGAIN}",
        r"cannot be picked because only .{0,60}available",
    ),
    data(
        "moving_average_conflict",
        FINANCE,
        "The item's value moved in D365 while the statement was posted.",
        "Post the D365 statement again; if it stays, see D365's costing guidance on update conflicts.",
        r"inventory value .{0,40}is not expected after the proportional expense calculation",
    ),
    data(
        "standard_cost_conflict",
        FINANCE,
        "The item's standard cost does not agree with its value in D365.",
        "Post the D365 statement again; if it stays, have the item's cost corrected.",
        r"standard cost does not match",
    ),
    data(
        "dimension_combination",
        FINANCE,
        "A financial dimension that the account needs has no value.",
        f"Set the dimension's default on the store, item or payment method in D365. {_STATEMENT_AGAIN}",
        r"you must select a value in the .{0,80}field in combination with",
    ),
    data(
        "invoice_not_found",
        FINANCE,
        "Someone invoiced the statement's sales order by hand, on another day.",
        f"Set the aggregation's business date in D365 to the invoice's date. {_STATEMENT_AGAIN}",
        r"the invoice (couldn't|could not) be found for the manually invoiced sales order",
    ),
    data(
        "number_sequence_used_up",
        IT,
        "A number sequence in D365 has no numbers left.",
        f"Extend the number sequence in D365. {_STATEMENT_AGAIN}",
        r"number sequence .{0,60}?(has been|is) exceeded",
    ),
    data(
        "payment_service_missing",
        IT,
        "D365 has no default payment service.",
        f"Choose a default payment service in D365. {_STATEMENT_AGAIN}",
        r"there must be a default payment service",
    ),
    data(
        "account_structure",
        FINANCE,
        "An account and its dimensions are a combination D365 does not allow.",
        "Correct the account structure, or the dimensions of the store or payment method. "
        f"{_STATEMENT_AGAIN}",
        r"account structure,? .{0,80}for the combination .{0,200}(isn't|is not) valid",
        r"account structure,? for the combination .{0,200}(isn't|is not) valid",
    ),
    data(
        "voucher_unbalanced",
        FINANCE,
        "A voucher of the D365 statement does not balance, most often by rounding.",
        "Compare the receipts' totals with the voucher and check D365's penny difference set-up; plug "
        "nothing.",
        r"transactions on voucher .{0,80}do not balance",
    ),
    data(
        "oversettlement",
        FINANCE,
        "D365 stopped because more would be settled than is open.",
        "Look for payments settled twice or by hand on the customer, undo them, then post the D365 "
        "statement again.",
        r"cancelled to avoid oversettlement",
        r"canceled to avoid oversettlement",
    ),
)
