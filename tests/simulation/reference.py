"""The reference ledger: what the POS was told, and what its own documents say. It calls nothing of the code under test.

Amounts are whole cents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

HEALTHY, HELD, UNMAPPED, EXCLUDED, UNKNOWN_STORE = "healthy", "held", "unmapped", "excluded", "unknown store"
CASH = "cash"  # of the cash office, and sent: D365 has it, and says no more of it until a statement names it
KEPT_VERDICTS = frozenset({"accepted", "held", "duplicate"})
Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one receipt as the till rang it. mark: its printed number, which no other version has.

    fate: what must become of it in the end. goods: the items it sold. cash: what the cash office moved or counted, as
    cents without a sign.
    """

    store: str
    id: str
    mark: str
    fate: str
    terminal: str
    day: str
    currency: str
    revision: int = 0
    total: int = 0
    sales: int = 0
    returns: int = 0
    tenders: Mapping[str, int] = field(default_factory=dict)
    taxes: Mapping[str, int] = field(default_factory=dict)
    movement: int = 0
    goods: frozenset[str] = frozenset()
    cash: int = 0

    @property
    def identity(self) -> Identity:
        return self.store, self.id

    @property
    def number(self) -> str:
        """Give the transaction number D365 knows it by: account and id."""
        return f"east:{self.id}"


@dataclass(eq=False, slots=True)
class Wish:
    """What finance asked for: a receipt's reversal. day: today's, or None for whichever is right.

    told_day: the business day it counts for, as finance was answered; "" as long as it was not. refused: answered no.
    """

    store: str
    id: str
    with_replacement: bool
    day: date | None
    told_day: str = ""
    refused: bool = False

    @property
    def is_open(self) -> bool:
        return not self.told_day and not self.refused


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under an id: a receipt of a till, or a correction of one. sign: -1 for a reversal."""

    version: Version
    sign: int = 1
    wish: Wish | None = None


@dataclass(slots=True)
class Reference:
    """What was sent, what was promised, what finance asked for, and what D365 lost.

    wishes: by store and id of what is reversed. sent_at: when a version was first sent. lost: store and number of what a
    restored D365 had before and no longer has, at restored_at; unposted: what it had posted and no longer has; believed:
    those lost that the app took to be there; barred: those that nobody has said may go again. releasing: how many people
    are saying so right now. taken_out: those of which people took out what had come in half. is_mapped_anew: whether an
    item goes under another number by now.
    """

    versions: dict[Identity, dict[str, Version]] = field(default_factory=lambda: defaultdict(dict))
    promised: dict[Identity, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    touched: dict[str, str] = field(default_factory=dict)
    wishes: dict[Identity, Wish] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    lost: set[Identity] = field(default_factory=set)
    unposted: set[Identity] = field(default_factory=set)
    believed: set[Identity] = field(default_factory=set)
    restored_at: float = -1.0
    barred: set[Identity] = field(default_factory=set)
    taken_out: set[Identity] = field(default_factory=set)
    releasing: int = 0
    is_mapped_anew: bool = False

    def send(self, version: Version, at: float = 0.0) -> None:
        """A till has rung it up."""
        self.sent_at.setdefault(version.mark, at)
        self.versions[version.identity][version.mark] = version

    def promise(self, version: Version, verdict: str) -> str:
        """The POS was told a verdict, and forgets about the receipt. Give what is wrong with that; "" for nothing."""
        if verdict not in KEPT_VERDICTS and verdict != "conflict":
            return f"{version.mark} was answered {verdict}"
        verdicts = self.promised[version.identity]
        verdicts.setdefault(version.mark, set()).add(verdict)
        standing = [
            self.versions[version.identity][mark] for mark, told in verdicts.items() if told & KEPT_VERDICTS
        ]
        revisions = [one.revision for one in standing]
        if len(revisions) != len(set(revisions)):
            return f"two versions of {version.identity} were both promised to count: {sorted(verdicts)}"
        return ""

    def counting(self, identity: Identity) -> Version | None:
        """Give the version that counts, as far as the POS was told."""
        standing = [
            self.versions[identity][mark]
            for mark, told in self.promised.get(identity, {}).items()
            if told & KEPT_VERDICTS
        ]
        return max(standing, key=lambda one: one.revision, default=None)

    def entry(self, store: str, name: str, mark: str | None = None) -> Entry | None:
        """Give what stands under an id; None where neither a till nor finance made anything of that name.

        mark: which version; without one, that which counts.
        """
        first, *endings = name.split(".")
        versions = self.versions.get((store, first), {})
        version = self.counting((store, first)) if mark is None else versions.get(mark)
        if version is None:
            return None
        one = Entry(version)
        for number, ending in enumerate(endings):
            parent = ".".join((first, *endings[:number]))
            wish = self.wishes.get((store, parent))
            if wish is None or (ending == "new" and not wish.with_replacement) or one.sign < 0:
                return None
            one = Entry(version, -1 if ending == "rev" else 1, wish)
        return one

    def is_touched(self, number: str) -> bool:
        """Say whether somebody in D365 worked on a receipt, or on what it is a correction of."""
        parts = number.split(".")
        return any(".".join(parts[:count]) in self.touched for count in range(1, len(parts) + 1))

    def touch(self, number: str, how: str) -> None:
        """Somebody in D365 has changed, moved or deleted a receipt: what follows is theirs."""
        self.touched.setdefault(number, how)
