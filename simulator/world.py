"""Everything one simulated environment holds, handed to each part of it."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from simulator.blobs import Blobs
from simulator.clock import Clock
from simulator.contract import Contract
from simulator.database import Database
from simulator.exports import DataProject
from simulator.faults import Faults
from simulator.switches import Switches


@dataclass(slots=True)
class World:
    """One environment. calls: requests by kind, (place, "METHOD name"); place is d365, token, blob or sim.

    imports_idle: set while no import runs. people_changes: what people did by hand. environment_id: whose data this is.
    """

    clock: Clock
    database: Database = field(default_factory=Database)
    contract: Contract = field(default_factory=Contract)
    switches: Switches = field(default_factory=Switches)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    data_projects: dict[str, DataProject] = field(default_factory=dict)
    faults: Faults = field(init=False)
    blobs: Blobs = field(init=False)
    people_changes: list[dict[str, object]] = field(default_factory=list)
    imports_idle: asyncio.Event = field(default_factory=asyncio.Event)
    environment_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    origin: str = ""

    def __post_init__(self) -> None:
        self.imports_idle.set()
        self.faults = Faults(self.clock.now)
        self.blobs = Blobs(self.clock.now)

    def now(self) -> datetime:
        """Give the present instant."""
        return self.clock.now()
