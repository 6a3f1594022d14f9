"""The evidence of a run as one JSON file: books, plan, what the app said twice, D365's ledger, and what was wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from demo.books import books_json
from demo.options import Options
from demo.picture import Picture
from demo.prepare import Prepared
from demo.web import SendCounts

Json = dict[str, Any]


def write_evidence(
    path: Path,
    options: Options,
    prepared: Prepared,
    pictures: Mapping[str, Picture],
    done: Sequence[str],
    faults: Sequence[Json],
    ledger: Json,
    wrong: Sequence[str],
    counts: SendCounts,
    proofs: Json,
    trail: Sequence[Json],
    checks: Json,
) -> None:
    """Write everything down. Keys and secrets are no part of it."""
    found = {
        "options": asdict(options),
        "plan": asdict(prepared.plan),
        "lost": [one.document for one in prepared.lost],
        "late": [one.document for one in prepared.late],
        "books": books_json(prepared.books),
        "sent": asdict(counts),
        "pictures": {when: _picture(one) for when, one in pictures.items()},
        "repair": list(done),
        "faults": list(faults),
        "ledger": ledger,
        "worst_storeday": proofs,
        "trail": list(trail),
        "checks": checks,
        "wrong": list(wrong),
        "proved": not wrong,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")


def _picture(picture: Picture) -> Json:
    statements = {" ".join(key): one for key, one in sorted(picture.statements.items())}
    return {"at": picture.at, "statements": statements, "causes": picture.causes, "usage": picture.usage}
