"""Keys out of parts: `join_key("day", "367", "2017-12-23")` is `day~367~2017-12-23`.

Vendors' ids hold characters that table keys forbid, so all but A to Z, a to z, digits, `_`, `.` and `-` become `=` and
two hexadecimal digits for each UTF-8 byte (not `%`, which some clients decode once too often). Nothing in a key is
above `~`, so whatever begins with `a~` sorts between `a~` and `prefix_end("a~")`. A part, or a whole key, that is too
long keeps its beginning and goes on with `=h` (a whole key: `=H`) and a 160-bit hash; an escape never looks like that.
"""

from __future__ import annotations

import re
from hashlib import sha256

from shared.storage.protocols import KEY_CHARACTERS_MAX

SEPARATOR = "~"
PART_CHARACTERS_MAX = 120
PART_CHARACTERS_KEPT = 60
HASH_CHARACTERS = 40
KEY_CHARACTERS_KEPT = KEY_CHARACTERS_MAX - len("=H") - HASH_CHARACTERS

_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
_OTHER = re.compile(rb"[^A-Za-z0-9_.-]")
_ESCAPES = re.compile(r"(?:=[0-9A-F]{2})+")
_CUT_ESCAPE = re.compile(r"=[0-9A-F]?$")


def join_key(*parts: str) -> str:
    """Make one key of its parts. Different parts never give the same key; the same parts always give the same.

    Raises:
        ValueError: there are no parts.
    """
    if not parts:
        raise ValueError("a key needs at least one part")
    key = SEPARATOR.join(_encode(part) for part in parts)
    return key if len(key) <= KEY_CHARACTERS_MAX else _shorten(key, KEY_CHARACTERS_KEPT, "=H")


def split_key(key: str) -> tuple[str, ...]:
    """Give back the parts of a key. Of a part that was too long, what is in the key comes back as it stands."""
    return tuple(_ESCAPES.sub(_decode, part) for part in key.split(SEPARATOR))


def prefix_end(prefix: str) -> str:
    """Give where keys that begin with this prefix end: the `key_before` of a query.

    It is a printable text, not a key: `prefix_end("day~367~")` is `day~368`, and nothing lies between.

    Raises:
        ValueError: the prefix is empty or nothing but separators; nothing comes after it.
    """
    stem = prefix.rstrip(SEPARATOR)
    if not stem:
        raise ValueError(f"no key comes after the prefix {prefix!r}")
    return stem[:-1] + chr(ord(stem[-1]) + 1)


def just_after(key: str) -> str:
    """Give the `key_before` of a query that still includes this key, and nothing behind it."""
    return f"{key}!"


def _encode(part: str) -> str:
    if _PLAIN.fullmatch(part):
        encoded = part
    else:
        octets = part.encode("utf-8", "surrogatepass")
        encoded = _OTHER.sub(lambda found: b"=%02X" % found[0][0], octets).decode("ascii")
    return encoded if len(encoded) <= PART_CHARACTERS_MAX else _shorten(encoded, PART_CHARACTERS_KEPT, "=h")


def _decode(found: re.Match[str]) -> str:
    octets = bytes.fromhex(found[0].replace("=", ""))
    try:
        return octets.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a part that was cut may end within a character
        return octets.decode("utf-8", "replace")


def _shorten(text: str, kept: int, mark: str) -> str:
    beginning = _CUT_ESCAPE.sub("", text[:kept])
    return beginning + mark + sha256(text.encode("ascii")).hexdigest()[:HASH_CHARACTERS]
