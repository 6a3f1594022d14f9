"""Reasons about what does not arrive, arrives late, or stays where it is. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import D365_DATA, FINANCE, IT, STORE_OPERATIONS, STORE_TIMING, SYSTEM, Reason

OF_COMPLETENESS = (
    Reason(
        "store_silent", STORE_OPERATIONS, STORE_TIMING,
        "Nothing has come from store {store} since {since}, though it trades.",
        "Its tills or its line are down, the store is closed without the calendar knowing, or the sender has stopped.",
        "What it sells meanwhile is in no statement until it comes.",
        "Ask the store whether it trades. If it does not, put the day into the calendar; if it does, have its line and its "
        "tills looked at. It ends by itself when something comes.",
    ),
    Reason(
        "stores_silent", IT, SYSTEM,
        "Nothing has come from several stores since about {since}: they fell silent together.",
        "What they share is down: the sender, the network between, or the service that carries their receipts.",
        "What these stores sell meanwhile is in no statement until it comes.",
        "Look at what the stores share, the sender first; the tills keep their receipts and send them later. It ends by "
        "itself, store by store, as they are heard again.",
    ),
    Reason(
        "receipts_delayed", IT, SYSTEM,
        "Receipts take longer than {limit} minutes from the till to D365.",
        "Packages are held up, D365 is slow or down, a till was cut off, or more comes in than goes out.",
        "Nothing is lost; what headquarters sees of these stores is older than it should be.",
        "Look whether D365 answers and what the last packages say. It ends by itself, store by store, as receipts go out.",
    ),
    Reason(
        "counted_twice", FINANCE, STORE_TIMING,
        "Till {terminal} of store {store}, shift {shift} of {day}: {typed} {currency} of {tender} was typed on top of its "
        "totals, and {count} receipts of {came} came afterwards.",
        "The shift's totals were typed higher for sales that had not come; the sales came, and post by themselves.",
        "D365 counts the money twice: once as typed, once with the receipts.",
        "Check in D365 that the shift's financial statement holds what was typed. If so, book {line} {currency} on {tender} "
        "against it, then end this by releasing it. Nothing is booked by itself.",
    ),
    Reason(
        "d365_unposted", FINANCE, D365_DATA,
        "Receipts of store {store} for {day} are in D365 and not posted: they are {state}, since {since}.",
        "Headquarters' own job has not run, leaves them out, or waits for something that D365 does not name.",
        "They are in no ledger until a D365 statement that holds them is posted.",
        "See in D365 whether the jobs “Validate store transactions”, “Calculate” and “Post retail statements in batch” run for "
        "this store. It ends by itself when D365 moves the receipts on.",
    ),
)  # fmt: skip
