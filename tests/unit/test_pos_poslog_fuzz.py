"""Two thousand damaged POSLogs, NCR's and version 6: read, told what is wrong, or refused; nothing else."""

from __future__ import annotations

import copy
import os
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import defusedxml.ElementTree

from shared.pos.registry import ADAPTERS
from tests.unit.pos_fuzz import bytes_changed, judge

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "poslog"
DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "2000"))  # a long run asks for more
TEXTS = (
    "", "0", "-1", "-0.00", "1e9", "NaN", "12,50", "0.001", "9" * 28, "9" * 15, "9" * 16, "9" * 40,
    "x", "4111 1111 1111 1111", "\u0664\u0662",
    "2025-13-45", "2025-03-08", "2025-03-08T12:00:00", "0001-01-01T00:00:00Z", "true", "Subtract", "Return", "a" * 5_000,
)  # fmt: skip


def damaged(root: ET.Element, dice: random.Random) -> bytes:
    root = copy.deepcopy(root)
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        holders = [one for one in root.iter() if len(one)]
        if not holders:
            break
        holder = dice.choice(holders)
        child = dice.choice(list(holder))
        how = dice.randrange(6)
        if how == 0:
            holder.remove(child)
        elif how == 1:
            holder.append(copy.deepcopy(child))
        elif how == 2:
            holder.append(copy.deepcopy(dice.choice(list(dice.choice(holders)))))
        elif how == 3 and child.attrib:
            child.set(dice.choice(sorted(child.attrib)), dice.choice(TEXTS))
        elif how == 4:
            child.tag = dice.choice([one.tag for one in root.iter()])
        else:
            child.text = dice.choice(TEXTS)
    body = ET.tostring(root, encoding="unicode").encode()
    return bytes_changed(dice, body) if dice.random() < 0.05 else body


def test_two_thousand_damaged_documents_raise_nothing_but_rejections() -> None:
    dice = random.Random(20250308)
    roots = [
        defusedxml.ElementTree.fromstring(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.xml"))
    ]
    seen = {"readable": 0, "unreadable": 0, "refused": 0, "refused without a reason": 0}
    for number in range(DOCUMENTS):
        judge(ADAPTERS["poslog"], damaged(roots[number % len(roots)], dice), seen, None)
    assert seen.pop("refused without a reason") == 0
    assert min(seen.values()) > 40, seen
