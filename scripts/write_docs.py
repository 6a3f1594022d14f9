"""Write what the app serves about itself into docs/: `python -m scripts.write_docs`. A test compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.reason_tables import reasons_page, with_checks, with_drills, with_owners
from shared.retail.checks import DAILY, MONTHLY
from shared.retail.checks_daily import DAILY_CHECKS
from shared.retail.checks_monthly import MONTHLY_CHECKS
from shared.retail.reason import FINANCE
from shared.web.openapi import openapi_document, transactions_schema

DOCS = Path(__file__).resolve().parent.parent / "docs"


def documents() -> dict[str, dict[str, Any]]:
    """Give each document by the name of its file."""
    return {"openapi.json": openapi_document(), "transactions.schema.json": transactions_schema()}


def pages() -> dict[str, str]:
    """Give each page that is derived, whole or in part, by its name under docs/."""
    model, finance, others, drills = (
        (DOCS / "handover" / name).read_text(encoding="utf-8")
        for name in ("README.md", "finance.md", "retail-operations.md", "drills.md")
    )
    for cadence, checks in ((DAILY, DAILY_CHECKS), (MONTHLY, MONTHLY_CHECKS)):
        of_finance = [one for one in checks if one.owner == FINANCE]
        finance = with_checks(finance, f"{cadence} checks of finance", of_finance)
        rest = [one for one in checks if one.owner != FINANCE]
        others = with_checks(others, f"{cadence} checks of others", rest)
    return {
        "reasons.md": reasons_page(),
        "handover/README.md": with_owners(model),
        "handover/finance.md": finance,
        "handover/retail-operations.md": others,
        "handover/drills.md": with_drills(drills),
    }


def main() -> None:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"wrote docs/{name}")
    for name, document in documents().items():
        (DOCS / name).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
