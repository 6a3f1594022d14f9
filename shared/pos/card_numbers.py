"""Find card numbers, and what is read off a card, in a text: however the digits are written, and whatever stands between.

A card number is 14 to 19 digits that begin with 2 to 6 and pass the Luhn check, or 13 that begin with 4 and are no valid
GTIN (ADR 59). Its digits may be of any script, superscript or circled, and escaped as in addresses, XML or JSON. It is

- one run of digits, whatever letters stand around it; invisible characters in it count for nothing,
- groups of at least three digits, of which the last may be shorter, set apart by up to three blanks or dashes,
- groups as they stand on cards (4-4-4-4, 4-6-5 and the like) set apart by dots, slashes, underscores, plus signs, line
  ends, or by several of these,
- single digits or pairs, all set apart by the same sign.

A run of more than 19 digits is no card with something around it, and digits that read as a time of day (20171223180405)
are that.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from html import unescape
from itertools import accumulate
from urllib.parse import unquote

CARD_REMOVED = "[card removed]"

_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_SHORTEST_GROUP = 3
_SHORTEST_TOLD = 7  # "CVV 123"
_ROUNDS_MAX = 6
_ISSUER_DIGITS = frozenset((2, 3, 4, 5, 6))
_DOUBLED = bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]) + bytes(246)
_BLANKS = "[^\\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"
_DASHES = "\\-\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_DIGIT_SEQUENCE = re.compile(rf"\d(?:[\s{_DASHES}./\\_+|*\u00b7\u2022]{{0,3}}+\d){{12,}}+")
_DIGIT_GROUP = re.compile(r"\d+")
_PLAIN_SIGNS = re.compile(rf"(?:{_BLANKS}|[{_DASHES}])+")
# Fours with a shorter end, and what Amex, Diners and old Visa cards print.
_PRINTED = frozenset({(4, 6, 5), (4, 6, 4), (4, 3, 3, 3)} | {(4,) * 3 + (last,) for last in (1, 2, 3, 4)} |
                     {(4,) * 4 + (last,) for last in (1, 2, 3)})  # fmt: skip

# What a reader gives of a magnetic stripe: with its sentinels whatever the number is, without them only after a card's.
_STRIPE = re.compile(
    r"%\s?[A-Za-z]?(?:\d ?){11,18}\d\s?\^[^?]{0,100}\??|[;+]\d{12,21}=\d{0,40}\??"
    r"|(?:\d ?){11,19}\^[^?^\r\n]{1,40}\^\d{4}[^?\s]{0,80}\??"
)
_BARE_STRIPE = re.compile(
    r"(?<!\d)[Bb]?(\d(?: ?\d){12,18})(?:\^[^?\r\n]{0,100}\??|[=D]\d{4}[0-9=]{0,40}[F?]{0,2})"
)
_SPOKEN = re.compile(
    r"\b(?:cvv2?|cvc2?|cvn2?|cav2|csc|(?:card )?(?:security|verification) (?:code|number|value))"
    r"(?:[\s:=#.\"'\\]|is|no|code)*[0-9]{3,4}(?![0-9])"
    r"|\bpin[\s\"'\\]*(?:is|code|number|[:=#])(?:[\s:=#.\"'\\]|is)*[0-9]{4,6}(?![0-9])"
    r"|\bpin[ _-]?block[\s:=#\"'\\]*[0-9a-f]{16}\b",
    re.IGNORECASE,
)
_SPOKEN_MARKS = re.compile(r"[cCpPsSvV](?:[vV]|[aA][vV]|[sS][cC]|[iI][nN]|[eE][cCrR])")
_DIGITS_OF_A_CARD = re.compile(r"(?:[^0-9]*+[0-9]){13}")

_ESCAPE = re.compile(
    r"%[0-9A-Fa-f]{2}|&(?:#|nbsp|ensp|emsp|thinsp|shy|ndash|mdash|minus)|\\(?:[ux][0-9A-Fa-f]{2}|[\\\"bfnrt/])"
)
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\\\"bfnrt/]))")
_JSON_SHORT = {"b": " ", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


# Superscript and subscript digits, circled, bracketed, dotted and Ethiopic ones: digits, though of no script's ten.
_DIGIT_FORMS = (
    (0xB2, 0xB3), (0xB9, 0xB9), (0x1369, 0x1371), (0x2070, 0x2070), (0x2074, 0x2079), (0x2080, 0x2089), (0x2460, 0x2468),
    (0x2474, 0x247C), (0x2488, 0x2490), (0x24EA, 0x24EA), (0x24F5, 0x24FD), (0x24FF, 0x24FF), (0x2776, 0x277E),
    (0x2780, 0x2788), (0x278A, 0x2792), (0x1F100, 0x1F10A),
)  # fmt: skip
# Soft hyphen, joiners, marks of direction, selectors of variants, the ring around a digit: nobody sees them as signs.
_INVISIBLE = (
    (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F),
    (0x20E3, 0x20E3), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
)  # fmt: skip
_SEEN_AS: dict[int, str | None] = {
    point: str(unicodedata.digit(chr(point)))
    for first, last in _DIGIT_FORMS
    for point in range(first, last + 1)
} | {point: None for first, last in _INVISIBLE for point in range(first, last + 1)}


def without_cards(text: str) -> str:
    """Replace card numbers, stripe data and verification codes; a text without any comes back as the same object.

    A text in which one stood only after reading its escapes comes back with the escapes read. Twice changes nothing more.
    """
    if len(text) < _SHORTEST_TOLD:
        return text
    if text.isascii() and not _may_hold_one(text):
        return text
    masked = _masked(text)
    plain, is_read = _readable(masked)
    deeper = masked if plain == masked else _masked(plain)
    if deeper == plain:
        return text if masked == text else masked
    return deeper if is_read else CARD_REMOVED


def is_card_amount(value: int | Decimal) -> bool:
    """Say whether a number that is written without quotes is a card's."""
    size = Decimal(value).copy_abs()
    if not _SHORTEST_CARD <= size.adjusted() + 1 <= _LONGEST_CARD:
        return False
    return int(size) == size and _is_card(_digit_values(str(int(size))))


def is_gtin(digits: str) -> bool:
    """Say whether 8, 12, 13 or 14 digits carry a right GTIN check digit."""
    if len(digits) not in (8, 12, 13, 14) or not digits.isascii() or not digits.isdecimal():
        return False
    return sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(reversed(digits))) % 10 == 0


def _may_hold_one(text: str) -> bool:
    """Say whether plain text has digits enough, escapes, or a word that a code may follow: most texts have none of it."""
    return bool(
        _DIGITS_OF_A_CARD.match(text)
        or "%" in text
        or "&" in text
        or "\\" in text
        or _SPOKEN_MARKS.search(text)
    )


def _readable(text: str) -> tuple[str, bool]:
    """Read escapes, other digits and invisible characters as what they stand for; say whether none is left.

    Texts are put into texts: escapes are read again, a few times.
    """
    for _ in range(_ROUNDS_MAX):
        before = text
        if not text.isascii():
            text = text.translate(_SEEN_AS)
        if _ESCAPE.search(text):
            text = _JSON_ESCAPE.sub(_unescaped, unescape(unquote(text)))
        if text == before:
            return text, True
    return text, False


def _unescaped(match: re.Match[str]) -> str:
    if match[3]:
        return _JSON_SHORT.get(match[3], match[3])
    sign = chr(int(match[1] or match[2], 16))
    return match[0] if "\ud800" <= sign <= "\udfff" else sign


def _masked(text: str) -> str:
    if "^" in text or "=" in text or "D" in text:
        text = _BARE_STRIPE.sub(_without_stripe, _STRIPE.sub(CARD_REMOVED, text))
    if _SPOKEN_MARKS.search(text):
        text = _SPOKEN.sub(CARD_REMOVED, text)
    if len(text) < _SHORTEST_CARD:
        return text
    return _DIGIT_SEQUENCE.sub(_without_numbers, text)


def _without_stripe(match: re.Match[str]) -> str:
    return CARD_REMOVED if _is_card(_digit_values(match[1].replace(" ", ""))) else match[0]


def _without_numbers(match: re.Match[str]) -> str:
    """Mask every card in one sequence of digit groups, the leftmost and longest first."""
    text = match[0]
    groups = [one.span() for one in _DIGIT_GROUP.finditer(text)]
    if len(groups) > _SHORTEST_CARD // 2:
        groups = _with_runs(text, groups)
    values = _digit_values("".join(_DIGIT_GROUP.findall(text)))
    ends = list(accumulate(sum(map(str.isdecimal, text[start:end])) for start, end in groups))
    parts, kept_until, first = [], 0, 0
    while first < len(groups):
        last = _last_group_of_card(text, groups, values, ends, first)
        if last is None:
            first += 1
            continue
        parts += [text[kept_until : groups[first][0]], CARD_REMOVED]
        kept_until, first = groups[last][1], last + 1
    return text if not parts else "".join((*parts, text[kept_until:]))


def _with_runs(text: str, groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Make one group of each stretch of single digits, or of pairs, that the same sign sets apart."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(groups):
        start, end = groups[at]
        size, last = end - start, at
        if size < _SHORTEST_GROUP:
            sign = text[end : groups[at + 1][0]] if at + 1 < len(groups) else ""
            while (
                last + 1 < len(groups)
                and groups[last + 1][1] - groups[last + 1][0] == size
                and text[groups[last][1] : groups[last + 1][0]] == sign
            ):
                last += 1
        if (last - at + 1) * size >= _SHORTEST_CARD:
            found.append((start, groups[last][1]))
        else:
            found += groups[at : last + 1]
        at = last + 1
    return found


def _last_group_of_card(
    text: str, groups: list[tuple[int, int]], values: bytes, ends: list[int], first: int
) -> int | None:
    """Give the last group of the longest card that begins with group `first`."""
    begin = ends[first - 1] if first else 0
    if values[begin] not in _ISSUER_DIGITS:
        return None
    found: int | None = None
    sizes: list[int] = []
    is_plain = True
    for index in range(first, len(ends)):
        length = ends[index] - begin
        if length > _LONGEST_CARD:
            break
        if index > first:
            is_plain = (
                is_plain
                and sizes[-1] >= _SHORTEST_GROUP
                and _PLAIN_SIGNS.fullmatch(text, groups[index - 1][1], groups[index][0]) is not None
            )
        sizes.append(ends[index] - (ends[index - 1] if index else 0))
        stands = length >= _SHORTEST_CARD and (is_plain or tuple(sizes) in _PRINTED)
        if stands and _is_card(values[begin : ends[index]]):
            found = index
    return found


def _digit_values(digits: str) -> bytes:
    return bytes(map(int, digits)) if digits.isascii() else bytes(map(unicodedata.decimal, digits))


def _is_card(values: bytes) -> bool:
    if values[0] not in _ISSUER_DIGITS:
        return False
    if (sum(values[-1::-2]) + sum(values[-2::-2].translate(_DOUBLED))) % 10:
        return False
    if len(values) == _SHORTEST_CARD:
        return values[0] == 4 and not is_gtin("".join(map(str, values)))
    return not _is_instant(values)


def _is_instant(values: bytes) -> bool:
    """Say whether digits begin with a day and a time of this century to the second: no issuer's numbers do."""
    if values[:2] != b"\x02\x00":
        return False
    month, day, hour, minute, second = (
        10 * values[at] + values[at + 1] for at in range(4, _SHORTEST_CARD + 1, 2)
    )
    return 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
