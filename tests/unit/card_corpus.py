"""Card numbers made up by seed, the ways people and machines write them, and a search for them in whatever was kept.

None is anybody's card: an issuer's first digits, digits by chance, and the Luhn digit. The search shares nothing with the
code that masks: it reads escapes and digits of any kind, leaves everything else out, and looks for 12 digits in a row of a
number that was planted, so that a half of one is found too.
"""

from __future__ import annotations

import html
import json
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, unquote

# First digits and lengths as the schemes publish them.
ISSUERS: tuple[tuple[str, str, int], ...] = (
    ("Visa", "4", 16), ("Visa", "4", 13), ("Visa", "4", 19), ("Mastercard", "51", 16), ("Mastercard", "55", 16),
    ("Mastercard", "2221", 16), ("Mastercard", "2720", 16), ("American Express", "34", 15), ("American Express", "37", 15),
    ("Discover", "6011", 16), ("Discover", "65", 16), ("Diners", "300", 14), ("Diners", "36", 14), ("Diners", "38", 14),
    ("JCB", "3528", 16), ("JCB", "3589", 16), ("UnionPay", "62", 16), ("UnionPay", "62", 17), ("UnionPay", "62", 18),
    ("UnionPay", "62", 19), ("Maestro", "50", 16), ("Maestro", "6759", 16), ("Maestro", "6759", 18), ("Maestro", "58", 19),
    ("Mir", "2200", 16), ("RuPay", "60", 16), ("Elo", "5067", 16), ("Troy", "9792", 0), ("Dankort", "5019", 16),
)  # fmt: skip
_BEGINNING = 12


def card_numbers(seed: int, count: int) -> list[str]:
    """Give made-up card numbers of every issuer in turn; 13 digits that happen to be a GTIN are left out."""
    dice, issuers = random.Random(seed), [one for one in ISSUERS if one[2]]
    found: list[str] = []
    while len(found) < count:
        _, first, length = issuers[len(found) % len(issuers)]
        digits = first + "".join(dice.choice("0123456789") for _ in range(length - len(first) - 1))
        number = digits + _luhn_digit(digits)
        if length != 13 or _gtin_digit(number[:-1]) != number[-1]:
            found.append(number)
    return found


def _luhn_digit(digits: str) -> str:
    total = 0
    for place, one in enumerate(reversed(digits)):
        value = int(one) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _gtin_digit(digits: str) -> str:
    return str(
        -sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits))) % 10
    )


def groups(number: str) -> list[str]:
    """Cut a number as it is printed on the card."""
    sizes = {15: (4, 6, 5), 14: (4, 6, 4)}.get(len(number), (4,) * 5)
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return [one for one in parts if one]


def _in(zero: int) -> Callable[[str], str]:
    return lambda number: "".join(chr(zero + int(one)) for one in number)


def _by(*signs: str) -> Callable[[str], str]:
    def written(number: str) -> str:
        parts = groups(number)
        return parts[0] + "".join(signs[place % len(signs)] + one for place, one in enumerate(parts[1:]))

    return written


def _superscript(number: str) -> str:
    return number.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


FORMATS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "groups by blanks": _by(" "),
    "groups by dashes": _by("-"),
    "groups by no-break, thin and figure spaces": _by("\u00a0", "\u2009", "\u2007"),
    "groups by an en dash, a minus, a hyphen": _by("\u2013", "\u2212", "\u2011"),
    "groups by a dash between blanks": _by(" - "),
    "full-width digits": _in(0xFF10),
    "Arabic-Indic digits": _in(0x660),
    "Devanagari digits in groups": lambda number: " ".join(map(_in(0x966), groups(number))),
    "Thai digits": _in(0xE50),
    "mathematical digits": _in(0x1D7D8),
    "superscript digits": _superscript,
    "JSON escapes": lambda number: "".join(f"\\u00{ord(one):02x}" for one in number),
    "character entities": lambda number: "".join(f"&#{ord(one)};" for one in number),
    "hexadecimal entities": lambda number: "".join(f"&#x{ord(one):X};" for one in number),
    "escaped as in an address": lambda number: "".join(f"%{ord(one):02X}" for one in number),
    "groups escaped as in an address": lambda number: quote(" ".join(groups(number))),
    "a form's plus signs": _by("+"),
    "between letters": lambda number: f"pan{number}x",
    "mixed signs": _by("-", " ", ".", "/"),
    "groups by dots": _by("."),
    "groups by slashes": _by("/"),
    "groups by underscores": _by("_"),
    "groups by line ends": _by("\r\n"),
    "invisible signs between": lambda number: "\u200b".join(groups(number)),
    "a soft hyphen and a joiner between": _by("\u00ad", "\u2060"),
    "single digits by blanks": " ".join,
    "first track": lambda number: f"%B{number}^NOBODY/N^29121010000000000?",
    "first track without its ends": lambda number: f"B{number}^NOBODY/N^29121010000000000",
    "second track": lambda number: f";{number}=29121010000012345678?",
    "second track of a chip": lambda number: f"{number}D29121010000012345678F",
    "groups in JSON in a text": lambda number: json.dumps({"card": "\r\n".join(groups(number))}),
    "groups by dashes in JSON in a text": lambda number: json.dumps({"card": "\u2013".join(groups(number))}),
    "JSON in JSON in a text": lambda number: json.dumps(
        {"a": json.dumps({"b": "\r\n".join(groups(number))})}
    ),
    "JSON in a text": lambda number: f'{{"card": "{number}", "cvv": "123"}}',
}


def written(number: str, place: int) -> str:
    """Write a number in one of the formats, the next one for each place."""
    ways = list(FORMATS.values())
    return ways[place % len(ways)](number)


class Search:
    """Looks for planted numbers in texts, digit by digit."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._pieces = {
            piece: one for one in numbers for piece in (one[:_BEGINNING], one[-_BEGINNING:])
        }  # no longer than the shortest number

    def found_in(self, text: str) -> set[str]:
        """Give the numbers of which twelve digits in a row are left, whatever stands between them."""
        found: set[str] = set()
        for one in _readings(text):
            digits = "".join(_digits(one))
            pieces = (digits[at : at + _BEGINNING] for at in range(len(digits) - _BEGINNING + 1))
            found |= {self._pieces[piece] for piece in pieces if piece in self._pieces}
        return found


def _readings(text: str) -> set[str]:
    escaped = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return {text, escaped, html.unescape(text), unquote(text), unquote(html.unescape(escaped))}


def _digits(text: str) -> Iterator[str]:
    for sign in text if text.isascii() else unicodedata.normalize("NFKC", text):
        if sign.isdecimal():
            yield str(unicodedata.decimal(sign))
