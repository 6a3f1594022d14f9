"""How often a number that is no card's is masked, by class of number: `python -m benchmarks.false_alarms` prints the table.

Each number is made up by seed and stands in a line of free text, as a till or a person would write it. Typed fields (item,
gtin, receipt and transaction ids, sequence numbers) are not scanned: the last part counts what changed in those.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.pos.canonical import IDENTIFIERS
from shared.pos.masking import CARD_REMOVED, masked_text, masked_tree

COUNT = 20_000
SEED = 20261127
Make = Callable[[random.Random], str]


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


def _gtin(length: int) -> Make:
    def made(dice: random.Random) -> str:
        digits = _digits(dice, length - 1)
        odd, even = digits[::-1][::2], digits[::-1][1::2]
        return digits + str(-(3 * sum(map(int, odd)) + sum(map(int, even))) % 10)

    return made


def _at(dice: random.Random) -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(10 * 365 * 86_400))


CLASSES: Mapping[str, Make] = {
    "GTIN-8": _gtin(8),
    "GTIN-12": _gtin(12),
    "GTIN-13": _gtin(13),
    "GTIN-14": _gtin(14),
    "receipt number, store-till-number": lambda dice: f"{_digits(dice, 3)}-{_digits(dice, 2)}-{_digits(dice, 6)}",
    "receipt number, day and number in one": lambda dice: f"{_at(dice):%y%m%d}{dice.randrange(10**8):08}",
    "reference of 12 digits": lambda dice: _digits(dice, 12),
    "reference of 16 digits": lambda dice: _digits(dice, 16),
    "reference of 18 digits": lambda dice: _digits(dice, 18),
    "order id of 13 digits": lambda dice: str(dice.randrange(10**12, 10**13)),
    "order id of 19 digits": lambda dice: str(dice.randrange(10**18, 2**63)),
    "UUID": lambda dice: str(UUID(int=dice.getrandbits(128))),
    "telephone number, international": lambda dice: f"+{dice.randrange(1, 99)} {_digits(dice, 3)} {_digits(dice, 7)}",
    "two telephone numbers": lambda dice: f"0{_digits(dice, 9)} 0{_digits(dice, 9)}",
    "telephone number in pairs": lambda dice: " ".join(_digits(dice, 2) for _ in range(5)),
    "time stamp, 14 digits": lambda dice: f"{_at(dice):%Y%m%d%H%M%S}",
    "time stamp, 17 digits": lambda dice: f"{_at(dice):%Y%m%d%H%M%S}{dice.randrange(1000):03}",
    "time stamp, ISO 8601": lambda dice: _at(dice).isoformat(),
    "milliseconds since 1970": lambda dice: str(int(_at(dice).timestamp() * 1000)),
    "bank account (IBAN, DE) in groups": lambda dice: "DE" + " ".join(_digits(dice, size) for size in (2, 4, 4, 4, 4, 2)),
    "amounts in a row": lambda dice: " ".join(f"{dice.randrange(10**5) / 100:.2f}" for _ in range(4)),
}  # fmt: skip


def rates(count: int = COUNT) -> dict[str, float]:
    """Give the share of numbers masked in free text, by class."""
    dice = random.Random(SEED)
    found = {}
    for name, make in CLASSES.items():
        texts = (f"see {make(dice)}, thanks" for _ in range(count))
        found[name] = sum(CARD_REMOVED in masked_text(text, free=True) for text in texts) / count
    return found


def changed_when_typed(count: int = COUNT) -> int:
    """Count the numbers of all classes that a typed field loses or changes: there must be none."""
    dice, changed = random.Random(SEED + 1), 0
    for make in CLASSES.values():
        for _ in range(count // 10):
            number = make(dice)
            tree: dict[str, object] = dict.fromkeys(sorted(IDENTIFIERS - {"gtin"}), number)
            changed += masked_tree(tree, IDENTIFIERS) is not tree
    gtins = ({"gtin": CLASSES[name](dice)} for name in ("GTIN-13", "GTIN-14") for _ in range(count // 10))
    return changed + sum(masked_tree(one, IDENTIFIERS) is not one for one in gtins)


def main() -> None:
    """Print the table, as it stands in benchmarks/false-alarms.md."""
    print(f"| {COUNT:,} of each, in free text | masked |\n|---|---|")
    for name, rate in rates().items():
        print(f"| {name} | {rate:.2%} |")
    print(f"\nIn typed fields, {len(CLASSES) * COUNT // 10:,} numbers: {changed_when_typed()} changed.")


if __name__ == "__main__":
    main()
