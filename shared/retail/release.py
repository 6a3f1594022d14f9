"""What a release would do, receipt by receipt, before it does it; and how to tell what changed since somebody looked.

The mark of a preview begins with its totals in plain text and ends with a hash over every receipt. So whoever comes back with it
can be told what moved meanwhile, though nothing was kept of the preview.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal

from shared.errors import FOUND_MAX, RejectedError
from shared.retail.money import money_text, total

GOES, EXCLUDED, WAITS, STAYS, LEFT = "goes on", "excluded", "waits", "stays held", "left as it is"
ENDS = "ends"  # of what holds no receipt, by a person's word
MOVES = frozenset({GOES, EXCLUDED, WAITS})
RECEIPTS_MAX = 5_000  # of one release; what is beyond goes with the next one


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One receipt and what a release makes of it. code, value: why it waits or stays held, or the words for what else becomes
    of it; do_this: what is to be done about that. content: the hash of what the till sent; proposed_by: who
    proposes to write it off.
    """

    store: str
    account: str
    transaction_id: str
    label: str
    terminal: str
    business_day: str
    amount: Decimal
    currency: str
    becomes: str
    code: str = ""
    value: str = ""
    do_this: str = ""
    content: str = ""
    proposed_by: str = ""

    @property
    def is_proposed(self) -> bool:
        return bool(self.proposed_by)


@dataclass(frozen=True, slots=True)
class Preview:
    """A release as it would be. left: receipts beyond what one release takes."""

    fingerprint: str
    code: str
    value: str
    mapping_version: int
    receipts: tuple[Foreseen, ...]
    left: int = 0

    def those(self, *becomes: str) -> list[Foreseen]:
        return [one for one in self.receipts if one.becomes in becomes]

    @property
    def mark(self) -> str:
        """The hash of this preview, its totals in front."""
        moving, held = self.those(*MOVES), self.those(STAYS, LEFT)
        parts = {
            "receipts": str(len(self.receipts)),
            "on their way": str(len(moving)),
            "staying": str(len(held)),
            "ending": str(len(self.those(ENDS))),
            "proposed to be written off": str(sum(one.is_proposed for one in self.receipts)),
            **{f"{currency} on its way": text for currency, text in amounts(moving).items()},
            "mappings": str(self.mapping_version),
        }
        return json.dumps({**parts, "sha256": self._sha256()}, separators=(",", ":"))

    def _sha256(self) -> str:
        each = [
            [one.store, one.account, one.transaction_id, str(one.amount), one.currency, one.becomes, one.code, one.value,
             one.content, one.proposed_by]
            for one in self.receipts
        ]  # fmt: skip
        text = json.dumps([self.fingerprint, self.mapping_version, sorted(each)], ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def amounts(receipts: Iterable[Foreseen | Became]) -> dict[str, str]:
    """Add receipts up, by currency."""
    by_currency: dict[str, list[Decimal]] = {}
    for one in receipts:
        by_currency.setdefault(one.currency, []).append(one.amount)
    return {currency: money_text(total(some), currency) for currency, some in sorted(by_currency.items())}


def changes_since(seen: str, now: Preview) -> list[str]:
    """Say what is another than when somebody looked; [] where all is the same.

    Raises:
        RejectedError: what they came with is no mark of a preview.
    """
    before, after = _parts(seen), _parts(now.mark)
    if before == after:
        return []
    found = [
        f"{name}: {before.get(name, 'none')}, now {after.get(name, 'none')}"
        for name in dict.fromkeys((*before, *after))
        if name != "sha256" and before.get(name) != after.get(name)
    ]
    return found or ["other receipts, or something else becomes of them"]


def _parts(mark: str) -> Mapping[str, str]:
    try:
        parts = json.loads(mark)
    except ValueError:
        parts = None
    if not isinstance(parts, dict) or "sha256" not in parts:
        raise RejectedError(
            "this is no hash of a preview",
            field="hash",
            expected="the hash as the preview gave it",
            found=mark[:FOUND_MAX],
        )
    return {str(name): str(one) for name, one in parts.items()}


@dataclass(frozen=True, slots=True)
class Planned:
    """One receipt of a release that was begun. held_since: of its row then, so that one held anew is not taken for it.

    becomes, code, value: what was foreseen; "" where nobody looked ahead.
    """

    store: str
    account: str
    transaction_id: str
    business_day: str
    held_since: str
    becomes: str = ""
    code: str = ""
    value: str = ""


def plan_text(plan: Sequence[Planned]) -> str:
    """Write a plan compactly."""
    return json.dumps([astuple(one) for one in plan], separators=(",", ":"))


def plan_from(text: str) -> tuple[Planned, ...]:
    """Read what `plan_text` wrote."""
    return tuple(Planned(*one) for one in json.loads(text)) if text else ()


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one receipt of a release, beside what was foreseen. becomes: "" while it is under way."""

    planned: Planned
    becomes: str
    why: str = ""
    amount: Decimal = Decimal(0)
    currency: str = ""

    @property
    def is_as_foreseen(self) -> bool:
        """Say whether it is what was foreseen; so it is where nobody looked ahead."""
        if not self.planned.becomes:
            return True
        if self.planned.becomes in (STAYS, WAITS) and self.becomes == self.planned.becomes:
            return self.why in (f"{self.planned.code} {self.planned.value}".strip(), self.planned.code)
        return self.becomes == self.planned.becomes


# What the history of a receipt says after the line of its release.
_BECAME = {"mapped": GOES, "excluded": EXCLUDED, "waiting": WAITS, "held": STAYS}


def became(planned: Planned, history: str, note: str) -> Became:
    """Read from a receipt's history what became of it after a release, which is known there by its note.

    note: "" for one that was moved to its store, whose history begins there.
    """
    lines = history.split("\n")
    ending = f" received: {note}" if note else " received"
    at = next((n for n, line in enumerate(lines) if line.endswith(ending)), None)
    if at is None:
        return Became(planned, LEFT)
    for line in lines[at + 1 :]:
        status, _, why = line.partition(" ")[2].partition(":")
        if status.strip() in _BECAME:
            word = _BECAME[status.strip()]
            why = why.strip().removeprefix("for receipt ") if word in (STAYS, WAITS) else ""
            return Became(planned, word, why)
    return Became(planned, "")
