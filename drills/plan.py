"""Every drill there is, by name."""

from __future__ import annotations

from collections.abc import Mapping

from drills.drill import Drill
from drills.of_d365 import OF_D365
from drills.of_lists import OF_LISTS
from drills.of_tills import OF_TILLS

DRILLS: Mapping[str, Drill] = {one.name: one for one in (*OF_LISTS, *OF_TILLS, *OF_D365)}
