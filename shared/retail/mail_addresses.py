"""Names and mail addresses as people write them into one cell: parted by semicolons."""

from __future__ import annotations


def named_in(text: str) -> tuple[str, ...]:
    """Give what a cell names, each once, in its order."""
    return tuple(dict.fromkeys(one.strip() for one in text.split(";") if one.strip()))


def is_address(text: str) -> bool:
    """Say whether a mail can be sent there, as far as its look goes."""
    name, _, domain = text.partition("@")
    return bool(name and domain) and "@" not in domain and text.isprintable() and not set(" ,<>") & set(text)
