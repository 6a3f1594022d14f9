"""Texts as they come in headers, which may be anything."""

from __future__ import annotations

from collections.abc import Mapping


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers under names in small letters."""
    return {name.lower(): value for name, value in headers.items()}


def bytes_of(text: str) -> bytes:
    """Encode a text, also one that came as a header in bytes that are no UTF-8: such a caller is refused, not a bug."""
    return text.encode("utf-8", "surrogatepass")


def bearer_of(headers: Mapping[str, str]) -> str:
    """Give what follows `Bearer` in the header Authorization; "" when there is nothing."""
    scheme, _, key = lowered(headers).get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else ""
