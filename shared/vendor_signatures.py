"""How Shopify, Square and Lightspeed sign their webhooks. Pure: secrets, headers and the body's bytes as they came in.

Shopify signs the body; Square the address it was given and the body; Lightspeed X-Series the body of its form. No vendor
signs a time of its own, so a signature says who wrote the bytes and not when; what that leaves, ADR 55 says. (POS facts
§2.1, §3.1, §4.1.)
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence

SHOPIFY_HEADER, SHOP_HEADER = "x-shopify-hmac-sha256", "x-shopify-shop-domain"
SQUARE_HEADER = "x-square-hmacsha256-signature"  # the older x-square-signature is SHA-1, and not looked at
LIGHTSPEED_HEADER = "x-signature"
HEADER_CHARACTERS_MAX = 200
_LIGHTSPEED = re.compile(r"signature=([0-9a-fA-F]{64}),algorithm=HMAC-SHA256", re.ASCII)


def is_shopifys(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> bool:
    """Say whether a body is signed by Shopify: base64 of the HMAC-SHA256 of its bytes."""
    return _is_signed(secrets, one_header(headers, SHOPIFY_HEADER), (body,), _base64)


def is_squares(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, notification_url: str
) -> bool:
    """Say whether a body is signed by Square: base64 of the HMAC-SHA256 of the configured address and the bytes.

    The address is the one Square was given, never the request's: what stands before the app may have rewritten that.
    """
    parts = (_bytes(notification_url), body)
    return _is_signed(secrets, one_header(headers, SQUARE_HEADER), parts, _base64)


def is_lightspeeds(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> bool:
    """Say whether a form is signed by Lightspeed: `signature=<hex>,algorithm=HMAC-SHA256`, of the form's bytes.

    That it is written in hexadecimal is assumed; no public document says.
    """
    found = _LIGHTSPEED.fullmatch(one_header(headers, LIGHTSPEED_HEADER).replace(" ", ""))
    return _is_signed(secrets, found[1].lower() if found else "", (body,), bytes.hex)


def one_header(headers: Mapping[str, str], name: str) -> str:
    """Give a header whose name may be written in any case; "" where it is missing, empty, too long, or there twice."""
    found = [value for key, value in headers.items() if key.lower() == name]
    return found[0].strip() if len(found) == 1 and len(found[0]) <= HEADER_CHARACTERS_MAX else ""


def _is_signed(
    secrets: Sequence[str], given: str, parts: Iterable[bytes], written: Callable[[bytes], str]
) -> bool:
    """Compare with every live secret, each in constant time, so that time tells nothing of which was nearly right."""
    message, sent = b"".join(parts), _bytes(given)
    matches = [
        hmac.compare_digest(written(hmac.digest(_bytes(secret), message, "sha256")).encode(), sent)
        for secret in secrets
    ]
    return any(matches)


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")


def _bytes(text: str) -> bytes:
    """Encode a text, also a header in bytes that are no UTF-8: such a caller is refused, not a bug."""
    return text.encode("utf-8", "surrogatepass")
