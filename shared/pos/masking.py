"""Take card numbers and personal data out of a document before anything of it is kept.

Deterministic and idempotent: the same input gives the same output, and masking twice changes nothing more. A
tree in which nothing had to be masked is given back as the same object, so that its bytes can be kept as
sent.

A card number is 14 to 19 digits, whole or in groups of at least three set apart by blanks or dashes, in any
script's decimal digits, that begins with 2 to 6 and passes the Luhn check; or 13 such digits that begin with
4 and are no valid GTIN. Identifiers the schema types as such (item codes, receipt numbers) are exempt: one in
twenty long numbers looks like a card by chance.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate

CARD_REMOVED = "[card removed]"
REMOVED = "[removed]"

_BLANKS = " \t\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212\\-"
_DIGIT_SEQUENCE = re.compile(rf"\d(?:[{_BLANKS}]{{0,2}}\d){{12,}}")
_DIGIT_GROUP = re.compile(r"\d+")
_TRACK = re.compile(r"%[A-Za-z]?\d{12,19}\^[^?]{0,100}\??|;\d{12,19}=\d{0,40}\??")
_EMAIL = re.compile(r"[^\s@<>\"'()\[\],;:]{1,64}@[^\s@<>\"'()\[\],;:]{1,200}\.[^\W\d_]{2,24}")
_PAIR = re.compile(r'"((?:[^"\\]|\\.){0,100})"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)')
_ESCAPED_DIGIT = re.compile(r"\\u00(3[0-9])")
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_SHORTEST_GROUP = 3
_ISSUER_DIGITS = frozenset((2, 3, 4, 5, 6))
_GTIN_LENGTH_MAX = 14
_DOUBLED = bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]) + bytes(246)


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
_PERSONAL_ENDINGS = ("email", "emailaddress", "phone", "phonenumber", "address", "birthdate", "signature")
_FREE_TEXT_KEYS = frozenset({"description", "note", "reason", "return_reason", "exempt_reason"})


def masked_text(text: str, *, free: bool = False) -> str:
    """Replace card numbers and track data in a text; in free text also e-mail addresses."""
    if free and "@" in text:
        text = _EMAIL.sub(REMOVED, text)
    if len(text) < _SHORTEST_CARD:
        return text
    masked = _DIGIT_SEQUENCE.sub(_without_cards, _TRACK.sub(CARD_REMOVED, text))
    return text if masked == text else masked


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

    It comes back as sent where there are none.
    """
    text = content.decode("utf-8", "replace")
    plain = _ESCAPED_DIGIT.sub(lambda match: chr(int(match[1], 16)), text)
    masked = masked_text(_PAIR.sub(_masked_pair, plain), free=True)
    return content if masked == plain else masked.encode()


def _masked_pair(match: re.Match[str]) -> str:
    mark = _mark_of_key(match[1])
    return f'"{match[1]}":"{mark}"' if mark else match[0]


def is_gtin(digits: str) -> bool:
    """Say whether 8, 12, 13 or 14 digits carry a right GTIN check digit."""
    if len(digits) not in (8, 12, 13, 14) or not digits.isascii() or not digits.isdecimal():
        return False
    return sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(reversed(digits))) % 10 == 0


def _masked_value(value: object, identifiers: frozenset[str], vendor_part: str, free: bool) -> object:
    if isinstance(value, str):
        return masked_text(value, free=free)
    if isinstance(value, dict):
        return _masked_object(value, identifiers, vendor_part, free)
    if isinstance(value, list):
        return _masked_list(value, identifiers, vendor_part, free)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return CARD_REMOVED if _is_card_amount(value) else value


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
    return masked_text(name, free=True)


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
    if plain in _CARD_KEYS:
        return CARD_REMOVED
    if plain in _PERSONAL_KEYS or plain.endswith(_PERSONAL_ENDINGS) or plain.startswith("address"):
        return REMOVED
    return ""


def _is_card_amount(value: int | Decimal) -> bool:
    size = Decimal(value).copy_abs()
    if not _SHORTEST_CARD <= size.adjusted() + 1 <= _LONGEST_CARD:
        return False
    return int(size) == size and _is_card(_digit_values(str(int(size))))


def _without_cards(match: re.Match[str]) -> str:
    """Mask every card in one sequence of digit groups, the leftmost and longest first."""
    text = match[0]
    groups = [one.span() for one in _DIGIT_GROUP.finditer(text)]
    values = _digit_values("".join(text[start:end] for start, end in groups))
    ends = list(accumulate(end - start for start, end in groups))
    parts, kept_until, first = [], 0, 0
    while first < len(groups):
        last = _last_group_of_card(values, ends, first)
        if last is None:
            first += 1
            continue
        parts += [text[kept_until : groups[first][0]], CARD_REMOVED]
        kept_until, first = groups[last][1], last + 1
    return text if not parts else "".join((*parts, text[kept_until:]))


def _last_group_of_card(values: bytes, ends: list[int], first: int) -> int | None:
    """Give the last group of the longest card that begins with group `first`; a short group can only end one."""
    begin = ends[first - 1] if first else 0
    if values[begin] not in _ISSUER_DIGITS:
        return None
    found = None
    for index in range(first, len(ends)):
        length = ends[index] - begin
        if length > _LONGEST_CARD:
            break
        if length >= _SHORTEST_CARD and _is_card(values[begin : ends[index]]):
            found = index
        if ends[index] - (ends[index - 1] if index else 0) < _SHORTEST_GROUP:
            break
    return found


def _digit_values(digits: str) -> bytes:
    return bytes(map(int, digits)) if digits.isascii() else bytes(map(unicodedata.decimal, digits))


def _is_card(values: bytes) -> bool:
    if values[0] not in _ISSUER_DIGITS:
        return False
    if (sum(values[-1::-2]) + sum(values[-2::-2].translate(_DOUBLED))) % 10:
        return False
    return len(values) > _SHORTEST_CARD or (values[0] == 4 and not is_gtin("".join(map(str, values))))
