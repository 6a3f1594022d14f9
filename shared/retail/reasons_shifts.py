"""Reasons about shifts and tills: what is wrong between drawers, counts and receipts. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import D365_DATA, RETAIL_SYSTEMS, STORE_OPERATIONS, STORE_TIMING, Reason

_BUSY = "D365 would call the till busy and refuse the store's financial statement"

OF_SHIFTS = (
    Reason(
        "drawer_unmapped", RETAIL_SYSTEMS, D365_DATA,
        "Till {terminal} of store {store} has a drawer, “{drawer}”, that is no register of its own in D365.",
        "D365 counts drawers by register: two drawers of one register that are open at once are shifts that share time, and it "
        "refuses the store's financial statement.",
        "Receipts whose money went into this drawer are held; those of the till's other drawers go on.",
        "Have a register made in D365 for the drawer, map it in the terminals list under the till “{drawer}”, then release.",
    ),
    Reason(
        "shift_blind_closed", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was put aside at {since} without a count.",
        "It was closed blind, to be counted later; until then it is not closed.",
        f"{_BUSY}; the shift holds {{receipts}}.",
        "{do_this}",
    ),
    Reason(
        "shift_suspended", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was suspended at {since} and never resumed or closed.",
        "The drawer was put aside and forgotten, or its closing never arrived.",
        f"{_BUSY}; the shift holds {{receipts}}.",
        "{do_this}",
    ),
    Reason(
        "shift_closed_early", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was closed at {since} and sold on until {until}.",
        "The till's clock or its closing is wrong, or the receipts belong to the next shift.",
        "D365 would count {receipts} as rung up in the wrong shift; its count of the drawer does not hold.",
        "{do_this}",
    ),
    Reason(
        "shift_gap", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store} sold between shift {shift}, which ended at {since}, and the next, opened at {until}.",
        "The drawer was used while no shift was open, or a shift in between never arrived here.",
        "No shift holds {receipts}; they count for shift {shift}, and D365 would say that it is the wrong one.",
        "{do_this}",
    ),
    Reason(
        "shift_sale_outside", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store} sold on {day} outside any shift, from {since} on{named}.",
        "The opening of their shift never arrived, or the till's clock is wrong.",
        "No drawer that was counted holds {receipts}; D365 would say that they are in the wrong shift.",
        "{do_this}",
    ),
    Reason(
        "shift_not_counted", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was closed at {since} and not counted.",
        "D365 wants it counted: {because}.",
        "D365 refuses the store's financial statement until somebody counts; the shift holds {receipts}.",
        "{do_this}",
    ),
    Reason(
        "shift_counted_twice", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was counted more than once, differently.",
        "Somebody counted again, or two people counted.",
        "The last count holds: {counted}. The others are kept with their receipts.",
        "{do_this}",
    ),
    Reason(
        "shift_closed_twice", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was closed more than once, differently.",
        "The day's end was sent again, or the drawer was opened and closed once more.",
        "The last closing holds, at {since}. The others are kept beside it.",
        "{do_this}",
    ),
    Reason(
        "shift_never_opened", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: a closing came at {since} for shift {shift} of {day}, which nobody had opened.",
        "Its opening never arrived, or the closing names another shift than it means.",
        "The shift counts as the closing tells it, with {receipts} in it.",
        "{do_this}",
    ),
    Reason(
        "till_maybe_replaced", RETAIL_SYSTEMS, STORE_TIMING,
        "Till {terminal} of store {store} began its receipt numbers again on {day} at {since}.",
        "It used a number twice at different times; a till that was replaced does that.",
        "What the new till sends under the old one's numbers is kept beside it, and goes nowhere.",
        "Ask the store. If the till was replaced, declare it for store {store}, till {terminal}, from {since} on: its receipts "
        "then go on as a new till's. If not, release this with what it was, and settle the receipts one by one.",
    ),
)  # fmt: skip
