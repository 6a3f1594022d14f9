"""Reasons of the rarer mappings."""

from __future__ import annotations

from shared.retail.reason import D365_DATA, STORE_OPERATIONS, Reason

OF_MAPPINGS = (
    Reason(
        "staff_unmapped", STORE_OPERATIONS, D365_DATA,
        "Receipts were rung up by “{value}”, who is not mapped to a D365 worker.",
        "The store's line in the stores mapping says that its cashiers are mapped (map_staff), and this one is new.",
        "Only receipts of this cashier are held; everything else from the store goes on.",
        "Map “{value}” to the worker's D365 number in the staff mapping, then release.",
    ),
)  # fmt: skip
