"""The rules of D365's "Validate store transactions", by name (D365 facts §3.3)."""

from __future__ import annotations

from shared.d365.known import Known
from shared.retail.reasons import (
    D365_DATA,
    FINANCE,
    IT,
    RETAIL_SYSTEMS,
    STORE_OPERATIONS,
    STORE_TIMING,
    SYSTEM,
)

_REVALIDATE = "Correct it in D365, then run “Validate store transactions” again."
_COMPARE = (
    "Compare the receipt here and in D365: what was sent has been changed, or a release judges it anew."
)


def _rule(code: str, owner: str, fault: str, name: str, sentence: str, action: str, *patterns: str) -> Known:
    """A rule of "Validate store transactions", by its name as D365 lists it, or by its words."""
    named = rf"(^|rule:? |validation type:? |validation: ){name}( rule)?( ?[:–-]|$|( validation)? failed)"
    return Known(code, "validation_failed", owner, fault, sentence, action, (named, *patterns))


RULES = (
    _rule(
        "rule_business_date",
        FINANCE,
        D365_DATA,
        "business date",
        "The business day is not in an open fiscal period.",
        f"Reopen the period or correct the day. {_REVALIDATE}",
        r"business date .{0,60}(is not|isn't) (in|within) an open",
    ),
    _rule(
        "rule_currency_rounding",
        FINANCE,
        D365_DATA,
        "currency rounding",
        "An amount is finer than D365 rounds its currency.",
        f"Check the currency's rounding. {_REVALIDATE}",
    ),
    _rule(
        "rule_customer",
        RETAIL_SYSTEMS,
        D365_DATA,
        "customer account( exists)?",
        "The receipt's customer does not exist in D365.",
        f"Create it or set the store's default. {_REVALIDATE}",
        r"customer( account)? .{0,60}(does not|doesn't) exist",
    ),
    _rule(
        "rule_discount_amount",
        IT,
        SYSTEM,
        "discount amount",
        "The receipt's discount is not the sum of its lines'.",
        _COMPARE,
    ),
    _rule(
        "rule_gross_amount",
        IT,
        SYSTEM,
        "gross amount",
        "The receipt's gross amount is not the sum of its lines'.",
        _COMPARE,
    ),
    _rule(
        "rule_net_and_tax",
        IT,
        SYSTEM,
        r"net \+ tax",
        "Net and tax do not add up to gross.",
        _COMPARE,
    ),
    _rule(
        "rule_net",
        IT,
        SYSTEM,
        "net( amount)?",
        "The receipt's net amount is not the sum of its lines'.",
        _COMPARE,
    ),
    _rule(
        "rule_number_of_items",
        IT,
        SYSTEM,
        "number of items",
        "The number of items is not the sum of the lines'.",
        _COMPARE,
    ),
    _rule(
        "rule_payment_amount",
        IT,
        SYSTEM,
        "payment amount",
        "The receipt's payments do not add up to its payment amount.",
        _COMPARE,
    ),
    _rule(
        "rule_tax_exempt",
        FINANCE,
        D365_DATA,
        "tax exempt( calculation)?",
        "The exempted tax does not add up.",
        f"Check the tax exemption set-up. {_REVALIDATE}",
    ),
    _rule(
        "rule_tax_included",
        FINANCE,
        D365_DATA,
        "tax included pricing",
        "Receipt and tax lines differ on whether prices include tax.",
        f"Compare the store's set-up with the till's. {_REVALIDATE}",
    ),
    _rule(
        "rule_not_empty",
        RETAIL_SYSTEMS,
        STORE_TIMING,
        "transaction not empty",
        "The receipt has no line that counts.",
        "Ask the till's supplier why it was completed.",
        r"transaction .{0,60}(is empty|has no (non-voided )?lines)",
    ),
    _rule(
        "rule_under_over_payment",
        FINANCE,
        STORE_TIMING,
        r"(under/over|under|over) ?payment",
        "Paid and due differ by more than the store's limit.",
        f"Check the receipt and the limit. {_REVALIDATE}",
        r"(under|over)payment",
    ),
    _rule(
        "rule_fiscal_document",
        FINANCE,
        D365_DATA,
        "fiscal document posting status",
        "The fiscal document is not in a state D365 accepts.",
        _REVALIDATE,
    ),
    _rule(
        "rule_barcode",
        RETAIL_SYSTEMS,
        D365_DATA,
        "barcode( exists)?",
        "A bar code does not exist in D365.",
        f"Add it to the item. {_REVALIDATE}",
    ),
    _rule("rule_charge_lines", FINANCE, D365_DATA, "charge lines?", "A charge does not add up.", _REVALIDATE),
    _rule(
        "rule_gift_card_return",
        STORE_OPERATIONS,
        STORE_TIMING,
        "gift card returns?",
        "A gift card was taken back, which D365 does not allow.",
        "Pay the card out as D365 allows it; the receipt itself cannot be posted.",
        r"gift cards? (cannot|can't|can not) be returned",
    ),
    _rule(
        "rule_variant",
        RETAIL_SYSTEMS,
        D365_DATA,
        "item variant( exists)?",
        "An item or variant does not exist in D365.",
        f"Create it or map it. {_REVALIDATE}",
    ),
    _rule(
        "rule_line_discount",
        IT,
        SYSTEM,
        "line discount",
        "A line's discount is not the sum of its discount lines.",
        _COMPARE,
    ),
    _rule(
        "rule_line_tax",
        IT,
        SYSTEM,
        "line tax",
        "A line's tax is not the sum of its tax lines.",
        _COMPARE,
    ),
    _rule(
        "rule_negative_price",
        STORE_OPERATIONS,
        STORE_TIMING,
        "negative price",
        "A price is negative.",
        "Ask the store what was rung up; goods back are returns, not negative prices.",
    ),
    _rule(
        "rule_serial_number",
        RETAIL_SYSTEMS,
        D365_DATA,
        "serial number (controlled|dimension)",
        "A serial number is missing, or given where D365 keeps none.",
        f"Set the item's serial number control right. {_REVALIDATE}",
    ),
    _rule(
        "rule_sign",
        IT,
        SYSTEM,
        "sign contradiction",
        "Quantity and amount of a line have different signs.",
        _COMPARE,
    ),
    _rule(
        "rule_tax_groups",
        FINANCE,
        D365_DATA,
        "tax group assignment",
        "Tax group and item tax group of a line have no tax in common.",
        f"Correct the groups in D365 or in the taxes mapping. {_REVALIDATE}",
    ),
    _rule(
        "rule_unit",
        RETAIL_SYSTEMS,
        D365_DATA,
        "unit of measure conversions?",
        "D365 cannot convert a line's unit.",
        f"Add the conversion or map the unit. {_REVALIDATE}",
    ),
)
