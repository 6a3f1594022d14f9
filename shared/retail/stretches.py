"""Numbers of receipts for people: those that follow each other are named by their first and last."""

from __future__ import annotations

from collections.abc import Sequence


def stretches(numbers: Sequence[int], most: int) -> str:
    """Write ascending numbers as 7, 9-12; of more stretches than `most` the first, with an ellipsis after them."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    some = [str(first) if first == last else f"{first}-{last}" for first, last in found[:most]]
    return ", ".join(some) + (" …" if len(found) > most else "")
