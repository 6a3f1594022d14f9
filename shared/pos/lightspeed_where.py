"""Where a Lightspeed sale or closure belongs: outlet, register and currency, from itself or from what was fetched beside it."""

from __future__ import annotations

import re

from shared.pos.adapter import SHAPE, rejected
from shared.pos.canonical_values import till_name
from shared.pos.vendor_json import Part
from shared.retail.rules import Problem

_CURRENCY = re.compile(r"[A-Z]{3}")


def store_of(root: Part, told: Part, source: Part | None = None) -> str:
    """Give the outlet: of the sale, else of its register, which API 1.0 needs."""
    for part in (told, source, root.part_or_none("register")):
        if part is not None and part.has("outlet_id"):
            return part.id("outlet_id")
    outlet = root.part_or_none("outlet")
    if outlet is None:
        expected = "the sale's outlet_id, or its register or outlet beside it"
        raise rejected(Problem(SHAPE, "register.outlet_id", expected, "nothing"))
    return outlet.id("id")


def register_of(told: Part, source: Part | None = None) -> str:
    """Give the register's id as the till."""
    part = source if source is not None and source.has("register_id") else told
    try:
        return till_name(part.id("register_id"))
    except ValueError as error:
        raise part.wrong("register_id", str(error)) from error


def currency_of(root: Part, told: Part) -> str:
    """Give the currency, which is the outlet's or the retailer's; some payments tell it too."""
    payments = told.parts("register_sale_payments") or told.parts("payments")
    for part in (root.part_or_none("outlet"), root.part_or_none("retailer"), *payments):
        if part is not None and part.has("currency"):
            currency = part.text("currency")
            if not _CURRENCY.fullmatch(currency):
                raise part.wrong("currency", "a currency of three letters")
            return currency
    raise rejected(Problem(SHAPE, "outlet.currency", "the outlet's currency beside the sale", "nothing"))
