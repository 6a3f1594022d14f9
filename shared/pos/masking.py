"""Take card numbers and personal data out of a document before anything of it is kept.

Deterministic and idempotent: the same input gives the same output, and masking twice changes nothing more. A
tree in which nothing had to be masked is given back as the same object, so that its bytes can be kept as
sent.

What a card number is, however it is written, says `shared.pos.card_numbers`. Identifiers the schema types as such
(item codes, receipt numbers) are exempt: one in twenty long numbers looks like a card by chance.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from shared.pos.card_numbers import CARD_REMOVED as CARD_REMOVED
from shared.pos.card_numbers import is_card_amount, without_cards
from shared.pos.card_numbers import is_gtin as is_gtin

REMOVED = "[removed]"

_EMAIL = re.compile(r"[^\s@<>\"'()\[\],;:]{1,64}@[^\s@<>\"'()\[\],;:]{1,200}\.[^\W\d_]{2,24}")
_PAIR = re.compile(r'"((?:[^"\\]|\\.){0,100})"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)')
_GTIN_LENGTH_MAX = 14
WORDS_MAX = 16_384  # characters; a longer text in a receipt is nobody's words, and is not kept
_SCANNED_MAX = 65_536  # bytes of what nobody can read: it is not kept, only its keyed hash


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CARD_KEYS = _words(
    "pan primaryaccountnumber cardnumber cardno ccnumber creditcardnumber track track1 track2 track3 "
    "trackdata track1data track2data magstripe cvv cvv2 cvc cvc2 cav2 cid csc securitycode "
    "cardsecuritycode pin pinblock emvdata iccdata"
)
_PERSONAL_KEYS = _words(
    "name firstname lastname middlename fullname surname givenname familyname maidenname customername "
    "customer cardholder cardholdername nameoncard operatorname cashiername staffname employeename "
    "username contactname mobile mobilenumber telephone telephonenumber tel fax street zip zipcode "
    "postcode postalcode birthday dob dateofbirth ssn socialsecuritynumber nationalid personalid "
    "passport passportnumber driverslicense driverlicense licensenumber loyaltyid loyaltynumber "
    "loyaltycard loyaltycardnumber loyaltyaccount loyaltymembership membership membershipid memberid "
    "membernumber householdid ip ipaddress latitude longitude crmcustomvariable"
)
# Vendors put a word before: card_cvv, customer_last_name.
_CARD_ENDINGS = tuple(
    _words(
        "cvv cvc cvvcode cvccode cvvnumber cvcnumber securitycode pinblock pincode cardpin onlinepin track1 track2 track3 "
        "trackdata emvdata iccdata creditcardnumber debitcardnumber paymentcardnumber cardpan pannumber "
        "primaryaccountnumber"
    )
)
_PERSONAL_ENDINGS = tuple(
    _words(
        "email emailaddress phone phonenumber phoneno mobilenumber mobileno address birthdate birthday signature firstname "
        "lastname middlename fullname surname familyname givenname nickname customername contactname billingname "
        "shippingname deliveryname recipientname receivername buyername guestname holdername accountholder cardholder "
        "zipcode postcode postalcode passportno passportnumber iban bankaccount bankaccountnumber loyaltycardno "
        "loyaltycardnumber"
    )
)
_FREE_TEXT_KEYS = frozenset({"description", "note", "reason", "return_reason", "exempt_reason"})


def masked_text(text: str, *, free: bool = False) -> str:
    """Replace card numbers, stripe data and verification codes in a text; in free text also e-mail addresses."""
    if free and "@" in text:
        text = _EMAIL.sub(REMOVED, text)
    return without_cards(text)


def masked_words(text: str, *, free: bool = False) -> str:
    """Mask a text of a document; one that is longer than any words is removed as a whole, unread."""
    return masked_text(text, free=free) if len(text) <= WORDS_MAX else REMOVED


def masked_tree(
    tree: object, identifiers: frozenset[str] = frozenset(), vendor_part: str = "extra"
) -> object:
    """Mask a parsed JSON tree: card numbers everywhere, personal data and card data by key.

    identifiers: keys whose values are exempt from the card scan (a gtin only up to its 14 digits), except
    below the key `vendor_part`, where nothing is exempt and every text counts as free.
    """
    return _masked_value(tree, identifiers, vendor_part, False)


def masked_bytes(content: bytes) -> bytes:
    """Scan JSON that cannot be parsed for cards, e-mail addresses and values whose key says what they are.

    It comes back as sent where there are none; of a large one only its beginning.
    """
    content = content[:_SCANNED_MAX]
    text = content.decode("utf-8", "replace")
    masked = masked_text(_PAIR.sub(_masked_pair, text), free=True)
    return content if masked == text else masked.encode()


def _masked_pair(match: re.Match[str]) -> str:
    mark = _mark_of_key(match[1])
    return f'"{match[1]}":"{mark}"' if mark else match[0]


def _masked_value(value: object, identifiers: frozenset[str], vendor_part: str, free: bool) -> object:
    if isinstance(value, str):
        return masked_words(value, free=free)
    if isinstance(value, dict):
        return _masked_object(value, identifiers, vendor_part, free)
    if isinstance(value, list):
        return _masked_list(value, identifiers, vendor_part, free)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return CARD_REMOVED if is_card_amount(value) else value


def _masked_list(
    value: list[object], identifiers: frozenset[str], vendor_part: str, free: bool
) -> list[object]:
    masked = [_masked_value(one, identifiers, vendor_part, free) for one in value]
    return masked if any(new is not old for new, old in zip(masked, value, strict=True)) else value


def _masked_object(
    value: dict[str, object], identifiers: frozenset[str], vendor_part: str, free: bool
) -> dict[str, object]:
    masked: dict[str, object] = {}
    changed = False
    for name, old in value.items():
        new = masked_by_key(name, old)
        if new is old and (free or not _is_exempt(name, old, identifiers)):
            free_below = free or name == vendor_part or name in _FREE_TEXT_KEYS
            new = _masked_value(old, identifiers, vendor_part, free_below)
        key = _masked_name(name)
        while key in masked:
            key += "_"
        masked[key] = new
        changed = changed or new is not old or key != name
    return masked if changed else value


@lru_cache(maxsize=4096)
def _masked_name(name: str) -> str:
    """Mask a key; a feed's documents have the same few again and again."""
    return masked_words(name, free=True)


def _is_exempt(name: str, value: object, identifiers: frozenset[str]) -> bool:
    if name == "gtin" and len(str(value)) > _GTIN_LENGTH_MAX:
        return False
    return name in identifiers and not isinstance(value, dict | list)


def masked_by_key(name: str, value: object) -> object:
    """Replace a value whose key says it is card or personal data; null, true and false tell nothing."""
    if value is None or isinstance(value, bool) or value in ("true", "false", ""):
        return value
    mark = _mark_of_key(name)
    return value if not mark or value == mark else mark


@lru_cache(maxsize=4096)
def _mark_of_key(name: str) -> str:
    plain = "".join(one for one in name.lower() if one.isalnum())
    word = plain.rstrip("0123456789")  # email1, address2, cvv2
    if plain in _CARD_KEYS or plain.endswith(_CARD_ENDINGS) or word.endswith(_CARD_ENDINGS):
        return CARD_REMOVED
    if plain in _PERSONAL_KEYS or word.endswith(_PERSONAL_ENDINGS) or plain.startswith("address"):
        return REMOVED
    return ""
