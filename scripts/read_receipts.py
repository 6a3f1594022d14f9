"""Say what would become of the receipts in a file before it is sent: read them as the app's door does, and keep nothing.

    python -m scripts.read_receipts csv takings.csv
    python -m scripts.read_receipts poslog monday.xml tuesday.xml

One line a receipt. It ends with 1 where one would be refused, or held because it does not add up; which store, codes and shifts
it needs is told by the mappings, not here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.errors import RejectedError
from shared.pos.adapter import Adapter, Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.kinds import Kind
from shared.retail.rules import problems_of

REFUSED, HELD, GOES, KEPT = "refused", "held", "goes to D365", "kept, not sent"


def main(words: Sequence[str] | None = None, adapters: Mapping[str, Adapter] = ADAPTERS) -> int:
    """Read the files that the words name, print a line a receipt, and say by the exit code whether all is well."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.read_receipts", description="Say what would become of a file's receipts."
    )
    parser.add_argument("adapter", choices=sorted(adapters), help="whose form the files have")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args(words)
    is_well = True
    for path in options.files:
        try:
            arrivals = adapters[options.adapter].read(path.read_bytes(), "nobody")
        except (RejectedError, OSError) as error:
            print(f"{path}: {REFUSED}: {error}", file=sys.stderr)
            is_well = False
            continue
        print(f"{path}: {len(arrivals)} {'receipt' if len(arrivals) == 1 else 'receipts'}")
        for one in arrivals:
            outcome, lines = judged(one)
            print(f"  {one.store or '?'} {one.transaction_id or '?'}: {outcome}")
            for line in lines:
                print(f"    {line}")
            is_well = is_well and outcome not in (REFUSED, HELD)
    return 0 if is_well else 1


def judged(arrival: Arrival) -> tuple[str, list[str]]:
    """Give what would become of a receipt, and why, as far as its own document tells."""
    one = arrival.transaction
    if one is None:
        return REFUSED, [
            f"{each.field}: expected {each.expected}, found {each.found}" for each in arrival.problems
        ]
    problems = [each.told for each in problems_of(one)]
    if problems:
        return HELD, problems
    if one.is_for_the_ledger:
        return f"{GOES}, {one.amount_due} {one.currency}", []
    if one.kind is not Kind.SALES:
        return f"kept, {one.kind.value}", []
    return f"{KEPT}: {'training' if one.training else one.status.value}", []


if __name__ == "__main__":
    sys.exit(main())
