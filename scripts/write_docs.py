"""Write what the app serves about itself into docs/: `python -m scripts.write_docs`. A test compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.web.openapi import openapi_document, transactions_schema

DOCS = Path(__file__).resolve().parent.parent / "docs"


def documents() -> dict[str, dict[str, Any]]:
    """Give each document by the name of its file."""
    return {"openapi.json": openapi_document(), "transactions.schema.json": transactions_schema()}


def main() -> None:
    for name, document in documents().items():
        (DOCS / name).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
