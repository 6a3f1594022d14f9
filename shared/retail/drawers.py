"""Whose drawer holds a receipt's money: its till's own, another of its till's, or another till's that several sell into.

A drawer goes by the name of its till; where a till has several, the others are named such as "1 drawer 2", and stand so in
the list of tills with a register of their own. D365 knows a shift by register and number and has no name for a drawer: two
drawers of one register that are open at once would be shifts that share time (D365 facts §3.5). A drawer that several tills
sell into is one till's: D365 names the register that owns the shift beside the one that rang the receipt up (§2.1).
"""

from __future__ import annotations

DRAWER = " drawer "
Till = tuple[str, int]


def drawer_name(till: str, drawer: str | None) -> str:
    """Name a drawer: as its till where it is the only one, or the first."""
    return f"{till}{DRAWER}{drawer}" if drawer else till


def till_of_drawer(name: str) -> str:
    """Give the till that a drawer is of."""
    return name.partition(DRAWER)[0]
