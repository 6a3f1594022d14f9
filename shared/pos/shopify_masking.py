"""What of Shopify's JSON is never kept: persons, what their browser said, tokens, a gateway's own record.

On top of what is masked everywhere (`shared.pos.masking`). Shopify's own ids are exempt from the card scan.
"""

from __future__ import annotations

from shared.errors import RejectedError
from shared.pos.json_tree import tree_of
from shared.pos.masking import REMOVED, masked_tree


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IDENTIFIERS = _words(
    "id order_id line_item_id admin_graphql_api_id variant_id product_id sku location_id device_id user_id parent_id "
    "order_number source_identifier gift_card_id transaction_id app_id sales_line_item_group_id barcode store terminal part"
)
_NEVER_KEPT = _words(
    "browser_ip client_details landing_site landing_site_ref referring_site order_status_url token cart_token "
    "checkout_token checkout_id note_attributes customAttributes tags customer customer_locale credit_card_name "
    "credit_card_bin credit_card_expiration_month credit_card_expiration_year credit_card_wallet authorization "
    "fulfillments payment_terms properties authorizationCode avs_result_code cvv_result_code"
)
_RECEIPTS = frozenset({"receipt", "receiptJson"})
_OF_A_RECEIPT = frozenset({"gift_card_id"})


def masked(tree: object) -> object:
    """Mask a document; the same object comes back where nothing had to be masked. Masking twice changes nothing."""
    return masked_tree(_without_persons(tree), IDENTIFIERS)


def _without_persons(tree: object) -> object:
    if isinstance(tree, list):
        new: list[object] = [_without_persons(one) for one in tree]
        return new if any(one is not old for one, old in zip(new, tree, strict=True)) else tree
    if not isinstance(tree, dict):
        return tree
    kept = {name: _kept(name, value) for name, value in tree.items()}
    return kept if any(kept[name] is not tree[name] for name in tree) else tree


def _kept(name: str, value: object) -> object:
    if value is None or value in ([], {}, "", REMOVED):
        return value
    if name in _NEVER_KEPT:
        return REMOVED
    return _of_receipt(value) if name in _RECEIPTS else _without_persons(value)


def _of_receipt(value: object) -> object:
    """Keep of a gateway's own record only which gift card it was; GraphQL writes that record as a text."""
    if isinstance(value, str):
        try:
            value = tree_of(value.encode())
        except RejectedError:
            return REMOVED
    if not isinstance(value, dict):
        return REMOVED
    rest = {key: one for key, one in value.items() if key in _OF_A_RECEIPT}
    return value if len(rest) == len(value) else rest
