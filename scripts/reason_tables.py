"""Tables of reasons for people, derived from the registry: `docs/reasons.md` and what `docs/handover/README.md` has of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drills.plan import DRILLS
from shared.retail.checks import Check
from shared.retail.reason import FINANCE, IT, OWNERS, RETAIL_SYSTEMS, STORE_OPERATIONS, Reason
from shared.retail.reasons import REASONS, cause

OWNER_WORDS = {
    FINANCE: "Finance", STORE_OPERATIONS: "Store operations", RETAIL_SYSTEMS: "Retail systems", IT: "IT",
}  # fmt: skip
_BEGINS, _ENDS = "<!-- derived: {} -->", "<!-- end of {} -->"
_HEAD = """# Reasons

Why something waits, whose it is, and where it says what to do. Whatever waits is listed by cause: a reason and the value that is
at fault. All receipts with the same cause are one task; the task itself names store, till, receipts and money.

After a fix, the owner releases the cause: its receipts are looked at again from the beginning. What another cause still stops is
held again under that one. Releasing twice does no harm. `GET /api/causes/{fingerprint}/preview` shows before what a release would
do: receipts, money, stores and days, what stays held and why; with its `hash` a release does that and nothing else. One receipt
that was rung up under a wrong name is amended; one that will never go is written off by two people of finance. Nothing that is
held is lost, and the statement of its store and day shows it by name until it is posted or written off.

The names stay as they are for ever. Each leads to its runbook: meaning, effect, who, steps, and how to know that it worked. This
page is made from the registry of reasons (`python -m scripts.write_docs`); `…` stands for what the task itself names.
"""


def reasons_page() -> str:
    """Give the whole of docs/reasons.md."""
    parts = [_HEAD]
    for owner in OWNERS:
        parts += [f"## {OWNER_WORDS[owner]}\n", *_table(_of(owner), "handover/runbooks/"), ""]
    return "\n".join(parts)


def with_owners(page: str) -> str:
    """Give docs/handover/README.md with its derived table as the registry has it now."""
    lines = ["| owner | how many | reasons |", "|---|---|---|"]
    for owner in OWNERS:
        links = ", ".join(f"[{one.code}](runbooks/{one.code}.md)" for one in _of(owner))
        lines.append(f"| {OWNER_WORDS[owner]} | {len(_of(owner))} | {links} |")
    return replaced(page, "reasons by owner", lines)


def with_checks(page: str, name: str, checks: Sequence[Check]) -> str:
    """Give a page of docs/handover with its table of these checks as the app makes them now."""
    lines = ["| check | owner | in order means | what speaks against it |", "|---|---|---|---|"]
    for one in checks:
        links = ", ".join(f"[{code}](runbooks/{code}.md)" for code in sorted(one.codes)) or "figures"
        lines.append(f"| [{one.key}](#{one.key}) | {OWNER_WORDS[one.owner]} | {one.sentence} | {links} |")
    return replaced(page, name, lines)


def with_drills(page: str) -> str:
    """Give docs/handover/drills.md with its table of what there is to practise."""
    lines = ["| drill | for | what has happened | its runbook |", "|---|---|---|---|"]
    for one in DRILLS.values():
        who, _, task = one.task.removeprefix("You are ").partition(". ")
        owner = who if who == "IT" else who.capitalize()
        lines.append(f"| `{one.name}` | {owner} | {task} | [{one.reason}](runbooks/{one.reason}.md) |")
    return replaced(page, "drills", lines)


def replaced(page: str, name: str, lines: Sequence[str]) -> str:
    """Put lines between a page's two marks of this name.

    Raises:
        ValueError: the page does not have them.
    """
    begins, ends = _BEGINS.format(name), _ENDS.format(name)
    if begins not in page or ends not in page:
        raise ValueError(f"the page has no place for {name}")
    block = "\n".join([begins, *lines, ends])
    return re.sub(re.escape(begins) + ".*?" + re.escape(ends), lambda _: block, page, flags=re.DOTALL)


def _of(owner: str) -> list[Reason]:
    return sorted((one for one in REASONS.values() if one.owner == owner), key=lambda one: one.code)


def _table(reasons: Sequence[Reason], folder: str) -> list[str]:
    rows = [f"| [{one.code}]({folder}{one.code}.md) | {_told(one)} |" for one in reasons]
    return ["| reason | what happened |", "|---|---|", *rows]


def _told(reason: Reason) -> str:
    return cause(reason.code, "…").texts()["what_happened"].replace("|", "\\|")
