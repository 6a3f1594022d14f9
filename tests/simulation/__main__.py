"""`python -m tests.simulation`: run one seed with its trace, or many on both cores.

python -m tests.simulation --seed 4711            one history, and the end of its trace where it breaks
python -m tests.simulation --seeds 2000           many; --from N begins with another seed
python -m tests.simulation --mutant trust-a-409   look for the seed at which a planted bug falls
"""

from __future__ import annotations

import argparse
import logging
import sys

from tests.simulation.mutants import FELL_AT, MUTANTS, plant


def main() -> int:
    """Run what was asked for. Exit 1 when a promise was broken (or, with a mutant, when none was)."""
    options = argparse.ArgumentParser(prog="python -m tests.simulation")
    options.add_argument("--seed", type=int, help="run this one")
    options.add_argument("--seeds", type=int, default=400, help="run so many")
    options.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    options.add_argument("--seconds", type=float, default=0.0, help="stop after so many seconds")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--trace", type=int, default=40, help="lines of the trace shown where a seed breaks")
    options.add_argument("--mutant", choices=sorted(MUTANTS), help="plant this bug first")
    options.add_argument("--crash-points", action="store_true", help="die at every effect")
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    if given.mutant:
        plant(given.mutant)
    # Imported late: a planted bug must be there before the app is.
    from tests.simulation.runner import first_break, run_many, run_one

    if given.mutant:
        found = first_break(FELL_AT.get(given.mutant, given.first), 1) or first_break(
            given.first, given.seeds
        )
        print(f"{given.mutant}: {found or f'survived {given.seeds} seeds'}")
        return 0 if found else 1
    if given.crash_points:
        from tests.simulation.crash_points import run_all

        return run_all(given.processes)
    if given.seed is not None:
        return run_one(given.seed, given.trace)
    return run_many(given.first, given.seeds, given.processes, given.seconds)


if __name__ == "__main__":
    sys.exit(main())
