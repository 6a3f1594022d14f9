"""Trade a chain's day end to end, show it, repair it, show it again, and say whether every penny is accounted for.

    python -m demo [--day 2017-12-23] [--stores N|list] [--seed 7] [--speed 720] [--clean] [--keep] [--evidence FILE]

Exit code 0: everything planted was found, nothing else was reported, nothing is unexplained, and the ledger in D365's
simulator is what the books said before the first receipt was sent, but for the receipts that never arrived.
Exit code 1: a list of what is not so. Exit code 2: the run could not be made at all.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from demo.day import run_day
from demo.journey import DataError
from demo.options import read_options
from demo.web import AnswerError
from demo.world import StartError


def main() -> int:
    """Run the demo; give the exit code."""
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return asyncio.run(run_day(options))
    except (DataError, StartError, AnswerError) as error:
        print(f"The demo could not go on: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
