"""Reasons of what vendors' webhooks bring beside receipts. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import IT, STORE_TIMING, SYSTEM, Reason

OF_VENDORS = (
    Reason(
        "webhook_not_used", IT, SYSTEM,
        "“{account}” sends messages about “{topic}”, which nobody here has use for.",
        "Somebody subscribed them at the vendor, or the vendor has renamed what it sends.",
        "Nothing waits for them. If the vendor has renamed what tells of receipts, receipts come later, with the vendor's list.",
        "End this subscription at the vendor, or have it subscribe what its page lists; then release, with a word on what "
        "was done: this entry ends.",
    ),
    Reason(
        "personal_data_asked", IT, STORE_TIMING,
        "“{account}” passes on what somebody asked about their personal data: {topic}.",
        "A customer or the shop asked the vendor, who must be followed within 30 days.",
        "No receipt waits. The law's time runs until it is done.",
        "Find the receipts of the orders that are named, say or erase what the law asks for, answer the shop; then release, "
        "with a word on what was done: this entry ends.",
    ),
)  # fmt: skip
