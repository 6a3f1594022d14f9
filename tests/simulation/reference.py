"""The reference ledger: what the POS was told, and what its own documents say. It calls nothing of the code under test.

Amounts are whole cents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

HEALTHY, HELD, UNMAPPED, EXCLUDED, UNKNOWN_STORE = "healthy", "held", "unmapped", "excluded", "unknown store"
KEPT_VERDICTS = frozenset({"accepted", "held", "duplicate"})
Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one receipt as the till rang it. mark: its printed number, which no other version has.

    fate: what must become of it in the end.
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

    @property
    def identity(self) -> Identity:
        return self.store, self.id

    @property
    def number(self) -> str:
        """Give the transaction number D365 knows it by: account and id."""
        return f"east:{self.id}"


@dataclass(slots=True)
class Reference:
    """What was sent and what was promised."""

    versions: dict[Identity, dict[str, Version]] = field(default_factory=lambda: defaultdict(dict))
    promised: dict[Identity, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    touched: dict[str, str] = field(default_factory=dict)

    def send(self, version: Version) -> None:
        """A till has rung it up."""
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

    def touch(self, number: str, how: str) -> None:
        """Somebody in D365 has changed, moved or deleted a receipt: what follows is theirs."""
        self.touched.setdefault(number, how)
