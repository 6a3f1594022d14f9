"""Ids in addresses, written so that they come back whole from every host.

Azure's front end decodes `%2F` before it looks for the route, and hosts differ in what else they decode and how often
(github.com/Azure/azure-functions-host issues 9290 and 5619). So an id in an address holds no percent sign: all but
letters, digits, `_`, `.` and `-` become `=` and two hexadecimal digits for each UTF-8 byte, an equals sign included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

_OTHER = re.compile(rb"[^A-Za-z0-9_.-]")
_PLACE = re.compile(r"\{(\w+)\}")
_ESCAPES = re.compile(r"(?:=[0-9A-F]{2})+")


def transaction_path(store: str, account: str, transaction_id: str) -> str:
    """Give the path under which one transaction can be asked for; a sender signs it as it stands."""
    return "/api/transactions/" + "/".join(map(_written, (store, account, transaction_id)))


def signed_path(template: str, parts: Mapping[str, str]) -> str:
    """Give the path of a call as a sender signs it: each part written as above, however the host has decoded it."""
    return "/api" + _PLACE.sub(lambda found: _written(read_part(unquote(parts.get(found[1], "")))), template)


def read_part(text: str) -> str:
    """Read an id from a part of a path, escaped as above or plain."""
    return _ESCAPES.sub(
        lambda found: bytes.fromhex(found[0].replace("=", "")).decode("utf-8", "replace"), text
    )


def _written(part: str) -> str:
    if not part.strip("."):
        return part.replace(".", "=2E")  # clients shorten `..` away
    return _OTHER.sub(lambda found: b"=%02X" % found[0][0], part.encode("utf-8", "replace")).decode("ascii")
