"""Reasons that come from D365: what it refuses, changes, forgets, or does not answer. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import (
    D365_DATA,
    FINANCE,
    IT,
    RETAIL_SYSTEMS,
    STORE_OPERATIONS,
    STORE_TIMING,
    SYSTEM,
    Reason,
)

OF_D365 = (
    Reason(
        "d365_throttled", IT, SYSTEM,
        "D365 asked us to slow down.",
        "It was short of resources; it says itself when to come back.",
        "Receipts go later; nothing is lost.",
        "Nothing to do unless it lasts. Then ask the D365 team to check priorities and heavy jobs.",
    ),
    Reason(
        "d365_import_running", IT, SYSTEM,
        "Another import runs in D365, and ours waits for it.",
        "Imports into one environment must not run side by side, and somebody else's was first.",
        "Receipts go when it has ended; nothing is lost.",
        "Nothing to do unless it lasts. Then ask whose import it is, and for an hour in which the stores go first.",
    ),
    Reason(
        "d365_silent", IT, SYSTEM,
        "D365 did not answer.",
        "The environment or the network between was down.",
        "Receipts wait here and go by themselves once it answers.",
        "If it lasts, check the D365 environment's state and its announcements.",
    ),
    Reason(
        "d365_call_refused", IT, SYSTEM,
        "D365 refused a request of ours: {problem}.",
        "The app's permissions, the data project or the environment's set-up do not fit, or another import was running.",
        "Nothing goes to D365 until this is put right; nothing is lost.",
        "Read D365's words. Where another import runs, wait; else check the application user's roles, the data project and "
        "its entities. It is tried again by itself.",
    ),
    Reason(
        "d365_contract_mismatch", IT, SYSTEM,
        "D365 no longer has {value} as this app uses it: expected {expected}, found {found}.",
        "D365 was updated or changed, or the app was pointed at another release of it.",
        "Nothing goes to D365 until this is put right; receipts wait, mapped, and nothing is lost.",
        "Have the field or the set put back in D365, or install the app's release that knows the change. "
        "It is looked at again every quarter of an hour by itself.",
    ),
    Reason(
        "d365_evidence_missing", IT, SYSTEM,
        "D365 does not show {value} to this app.",
        "The set is not there in this environment, or the app's role may not read it.",
        "Receipts go to D365, but {answer} stays unknown, and is never assumed.",
        "Give the app's role the right to read it, or have it made public in D365; it is looked at again every day.",
    ),
    Reason(
        "package_stuck", IT, SYSTEM,
        "Package {value} cannot go on: {problem}.",
        "A kept document was altered, or its adapter is gone.",
        "No other package goes out meanwhile; nothing is lost.",
        "Restore the document or the adapter's version; the package goes on by itself.",
    ),
    Reason(
        "import_takes_long", IT, SYSTEM,
        "D365 has been importing package {value} for more than two hours.",
        "Its batch jobs are held up, or the import hangs.",
        "No other package goes out meanwhile; nothing is lost.",
        "Look at the import and at the batch jobs in D365; end or restart the import there.",
    ),
    Reason(
        "import_answer_lost", IT, SYSTEM,
        "We handed package {value} to D365 and got no answer.",
        "The connection broke; whether D365 took the package is not known until it is asked.",
        "The package's receipts wait; no other package goes out meanwhile.",
        "Nothing to do: it is being asked, and only what D365 does not have is sent again.",
    ),
    Reason(
        "import_failed", IT, D365_DATA,
        "D365 imported nothing of package {value}: “{words}”.",
        "Its data project or batch jobs do not work, or one of the receipts fails the whole import.",
        "Its receipts go in ever smaller packages and, at the end, one by one; that takes longer. Nothing is lost.",
        "Read D365's words; check the data project and its entities and the batch jobs. It ends by itself when the package "
        "is settled.",
    ),
    Reason(
        "d365_refused", IT, D365_DATA,
        "D365 refused receipts: “{words}”.",
        "D365's own words are given as they came; they are not recognised yet.",
        "These receipts are held; the rest of the package went through.",
        "Read D365's words with the D365 team, put the data right, then release.",
    ),
    Reason(
        "d365_data_refused", RETAIL_SYSTEMS, D365_DATA,
        "D365 refused receipts because its own data does not fit: “{words}”.",
        "{sentence}",
        "These receipts are held; the rest of the package went through.",
        "{action}",
    ),
    Reason(
        "validation_failed", FINANCE, D365_DATA,
        "Headquarters' validation refused receipts: “{words}”.",
        "D365's check “Validate store transactions” says: {sentence}",
        "The receipts are in D365 but stay out of its statements.",
        "{action} The answer is picked up by itself.",
    ),
    Reason(
        "d365_statement_stands", FINANCE, D365_DATA,
        "D365 statement {value} of store {store} stands still at “{state}”: “{words}”.",
        "{sentence}",
        "Its receipts are in D365, but in no ledger until it is posted.",
        "{action}",
    ),
    Reason(
        "d365_shift_in_error", STORE_OPERATIONS, STORE_TIMING,
        "D365 has an error on shift {shift} of till {terminal}, store {store}: “{words}”.",
        "Headquarters' check of the shift found something, or the till still holds receipts that it has not sent.",
        "The store's financial statement waits for the shift.",
        "Have the till send what it still holds, then correct or acknowledge the error on the shift in D365.",
    ),
    Reason(
        "d365_till_busy", STORE_OPERATIONS, STORE_TIMING,
        "D365 calls till {terminal} of store {store} busy: {said} (its closing status is “{state}”).",
        "A statement is closing the till, or closing it has failed.",
        "D365 makes no new statement for the till meanwhile.",
        "Wait where it says Closing. Where it says Error, or it lasts, have the D365 team clear the till's closing status.",
    ),
    Reason(
        "gone_from_d365", FINANCE, D365_DATA,
        "Receipts that D365 had are no longer in it ({value}).",
        "Somebody deleted them there, or the environment was set back to an earlier copy.",
        "They are in no ledger; the statements of their days show them as not posted.",
        "Find out why they are gone. If they belong in D365, release: each is looked for by its number and sent again only "
        "if D365 still does not have it. If they do not, two people of finance write them off.",
    ),
    Reason(
        "drop_gone_from_d365", FINANCE, D365_DATA,
        "A movement of the cash office, {value}, is no longer in D365, and its shift may be posted there: {said}.",
        "Somebody deleted it there after its shift had been sent. A shift's financial statement posts the movements that are in "
        "it, and marks nothing on them.",
        "Its money may be in D365's ledger, so it is never sent again.",
        "Look in D365 whether the statement has it: banked, into the safe, added or removed. If it has, nothing is missing in "
        "the ledger. If it has not, book it in D365 by hand. Then two people of finance write it off here. If D365 shows it "
        "again as it was sent, it goes on by itself.",
    ),
    Reason(
        "d365_went_back", IT, SYSTEM,
        "D365 ({value}) no longer has statements it had posted: {statements}.",
        "The environment was set back to an earlier copy, or its statements were deleted.",
        "Every store-day of the last two weeks is looked at again; receipts that are gone are told one by one.",
        "Ask the D365 team what was restored and why. When the receipts that are gone are decided, end this cause by "
        "releasing it.",
    ),
    Reason(
        "changed_in_d365", FINANCE, D365_DATA,
        "Receipt {value} differs in D365 from what was sent: {differing}.",
        "Somebody changed it there, or another system wrote under its number.",
        "It is never overwritten; the difference stands in the proof.",
        "Find out who changed it and have it undone: a receipt that had been sent goes on by itself, any other when you release "
        "(what D365 has is read again, and never sent over). Or book the difference in D365; the receipt then stays held and "
        "in the proof.",
    ),
)  # fmt: skip
