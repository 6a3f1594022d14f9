"""The gate for vendors' webhooks: the account its address names, and the vendor's signature over the bytes as they came.

The name in the address finds the secrets, and proves nothing. What passes here is authentic; that it is answered well
from then on, whatever is in it, is the business of `shared.flows.hear_vendor`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from shared.errors import ForbiddenError
from shared.settings import Settings
from shared.settings_vendors import LIGHTSPEED, SHOPIFY, SQUARE, VendorAccount
from shared.vendor_signatures import SHOP_HEADER, is_lightspeeds, is_shopifys, is_squares, one_header

_NOBODY = ("no such account",)
_NOWHERE = "https://no.such.account.invalid/"


def admit_vendor(
    settings: Settings, vendor: str, account: str, headers: Mapping[str, str], body: bytes
) -> VendorAccount:
    """Verify a vendor's signature and give the account it signed for.

    Raises:
        ForbiddenError: 401; it does not say which part was wrong, nor whether there is such an account.
    """
    found = settings.vendors.get(account)
    known = found if found is not None and found.vendor == vendor else None
    is_signed = _is_signed(vendor, known, headers, body)
    if known is None or not is_signed or not _is_its_shop(known, headers):
        raise ForbiddenError("the request is not signed by an account known here")
    return known


def shopify_topic(headers: Mapping[str, str]) -> str:
    """Give what Shopify's header calls a webhook, "" where it does not: nobody has signed it, so it only finds words."""
    return one_header(headers, "x-shopify-topic")


def _is_signed(vendor: str, known: VendorAccount | None, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify as the vendor signs; of an account that is not there as well, so that an answer takes as long."""
    secrets = known.secrets if known is not None else _NOBODY
    if vendor == SHOPIFY:
        return is_shopifys(secrets, headers, body)
    if vendor == SQUARE:
        return is_squares(secrets, headers, body, known.notification_url if known is not None else _NOWHERE)
    return vendor == LIGHTSPEED and is_lightspeeds(secrets, headers, body)


def _is_its_shop(known: VendorAccount, headers: Mapping[str, str]) -> bool:
    """Shopify signs no shop: one secret may serve several. The header is compared, the stores decide (ADR 55)."""
    if known.vendor != SHOPIFY:
        return True
    shop = one_header(headers, SHOP_HEADER).lower().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(shop, known.host.encode())
