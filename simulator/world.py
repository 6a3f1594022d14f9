"""Everything one simulated environment holds, handed to each part of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from simulator.blobs import Blobs
from simulator.clock import Clock
from simulator.contract import Contract
from simulator.database import Database
from simulator.faults import Faults
from simulator.switches import Switches


@dataclass(slots=True)
class World:
    """One environment. calls: requests by kind, (place, "METHOD name"); place is d365, token, blob or sim."""

    clock: Clock
    database: Database = field(default_factory=Database)
    contract: Contract = field(default_factory=Contract)
    switches: Switches = field(default_factory=Switches)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    data_projects: set[str] = field(default_factory=set)
    faults: Faults = field(init=False)
    blobs: Blobs = field(init=False)
    origin: str = ""

    def __post_init__(self) -> None:
        self.faults = Faults(self.clock.now)
        self.blobs = Blobs(self.clock.now)

    def now(self) -> datetime:
        """Give the present instant."""
        return self.clock.now()
