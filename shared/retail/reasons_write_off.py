"""The reason of a receipt that one person of finance wants to write off, and that waits for another."""

from __future__ import annotations

from shared.retail.reason import FINANCE, SYSTEM, Reason

OF_WRITE_OFFS = (
    Reason(
        "write_off_proposed", FINANCE, SYSTEM,
        "Receipts of store {value} are proposed to be written off.",
        "A person of finance decided that they will never go to D365, and gave the reason; a second one has not yet agreed.",
        "They stay held, and what holds them stays open. Written off, they stand in the proof as a decided difference.",
        "Look at the receipt and the reason, then approve or withdraw the proposal. Whoever proposed it cannot approve it.",
    ),
)  # fmt: skip
