"""Chance that is no chance: one source of randomness for each purpose, all from the seed.

Because each purpose has its own source, planting a trouble never moves what another purpose has drawn.
"""

from __future__ import annotations

import random


def chance(seed: int, *purpose: object) -> random.Random:
    """Give the random source of one purpose, e.g. `chance(7, day, "tills", store)`. The same words, the same numbers."""
    return random.Random("|".join(str(word) for word in (seed, *purpose)))
