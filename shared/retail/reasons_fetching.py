"""Reasons about POS vendors that are asked: an account that fails, and receipts that it lists and that are not here."""

from __future__ import annotations

from shared.retail.reason import IT, STORE_OPERATIONS, SYSTEM, Reason

OF_FETCHING = (
    Reason(
        "receipt_not_fetched", STORE_OPERATIONS, SYSTEM,
        "The POS vendor lists receipts of store {store} for {day} that are not here.",
        "They were found in the vendor's list or named by it, and could not be fetched since: {problem}.",
        "Their money is in the till and in no ledger; the store-day's completeness is not proven while they are missing.",
        "Look them up in the vendor's back office by the numbers listed here. They are fetched by themselves when the vendor "
        "gives them; if one does not exist there, say so by releasing this with that as the reason.",
    ),
    Reason(
        "vendor_refuses", IT, SYSTEM,
        "The POS vendor does not let the app read account {value}: {problem}.",
        "The access token has ended or was replaced, the app was taken off the account, or it lacks a right.",
        "Nothing of this account is fetched, and what its webhooks miss is not found. What the vendor told is kept.",
        "Make a new access token at the vendor and put it into the app's settings beside the old one. It ends by itself when "
        "the vendor answers again.",
    ),
    Reason(
        "vendor_silent", IT, SYSTEM,
        "What account {value} has at its POS vendor could not be looked through since {since}: {problem}.",
        "The vendor is down, slow or asks to wait, or it answers in a way the app does not understand.",
        "Receipts that its webhooks miss are not found meanwhile. Nothing is lost: the next look begins where one ended.",
        "Look at the vendor's status page and at the app's log. It ends by itself when a look comes to its end.",
    ),
    Reason(
        "vendor_webhooks_dead", IT, SYSTEM,
        "For a day no webhook of account {value} has told of a receipt; {found} were found by looking.",
        "The vendor has switched the webhooks off, they go to another address, or their secret was replaced.",
        "Receipts still arrive, but only every {minutes} minutes, when the vendor's lists are looked through.",
        "Look at the vendor whether the webhooks are there, on, and at this app's address, and subscribe them again. It ends by "
        "itself when one arrives.",
    ),
)  # fmt: skip
