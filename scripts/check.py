"""Make the daily or the monthly checks of a running app: `make daily-check ENTITY=usrt DAY=2017-12-23`.

They are the app's own (`GET` or `POST /api/checks/...`), made with a person's key; this prints them for people. Ends with 1 where
something is not in order or not known, with 2 where nothing could be asked.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from scripts.run import PEOPLES_KEY

HERE = "http://127.0.0.1:7071"
DAILY, MONTHLY = "daily", "monthly"
IN_ORDER = "in order"
WIDTH = 118
ITEMS_SHOWN_MAX = 20
MARKS = {IN_ORDER: "ok ", "not in order": "NO ", "not known": "?  "}


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Ask for the checks, print them, and say by the exit code how they stand."""
    given = _options().parse_args(arguments)
    app = (environ.get("APP") or HERE).rstrip("/").removesuffix("/api")
    key = environ.get("TILLPOST_KEY") or (PEOPLES_KEY if app == HERE else "")
    if not given.entity or not key:
        print(
            "check: say ENTITY=, and for another app than this machine's APP= and TILLPOST_KEY=",
            file=sys.stderr,
        )
        return 2
    period = given.period or _before(given.cadence, datetime.now(UTC))
    try:
        body = ask(app, key, given.cadence, given.entity, period, keep=given.keep, note=given.note)
    except (httpx.HTTPError, ValueError) as error:
        print(f"check: {app}: {error}", file=sys.stderr)
        return 2
    print(checks_text(body))
    return 0 if all(one["state"] == IN_ORDER for one in body["checks"]) else 1


def ask(
    app: str, key: str, cadence: str, entity: str, period: str, *, keep: bool, note: str
) -> dict[str, Any]:
    """Make the checks at the app; with `keep` they are kept under the key's person.

    Raises:
        ValueError: the app refused; it says why.
        httpx.HTTPError: the app did not answer.
    """
    address = f"{app}/api/checks/{cadence}/{quote(entity, safe='')}/{quote(period, safe='')}"
    body: dict[str, Any] | None = {"note": note} if keep else None
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.request("POST" if keep else "GET", address, json=body, headers=headers, timeout=120)
    found: dict[str, Any] = answer.json()
    if answer.is_error:
        raise ValueError(found.get("detail") or found.get("title") or f"status {answer.status_code}")
    return found


def checks_text(body: Mapping[str, Any]) -> str:
    """Write checks for people: a line for each, and below those that are not in order everything that speaks against them."""
    head = f"{body['cadence']} checks of {body['legal_entity']}, {body['period']}: {body['verdict']}"
    lines = [head, f"made at {body['at']}" + (f", kept under {body['by']}" if body.get("by") else ""), ""]
    for one in body["checks"]:
        money = ", ".join(f"{amount} {currency}" for currency, amount in one["amounts"].items())
        told = f" ({one['count']}{', ' + money if money else ''})" if one["count"] else ""
        lines.append(f"{MARKS[one['state']]}{one['sentence']}{told} [{one['owner'].replace('_', ' ')}]")
        lines += [f"      {one['unknown']}"] if one["unknown"] else []
        for item in one["items"][:ITEMS_SHOWN_MAX]:
            lines += _item_lines(item)
        if len(one["items"]) > ITEMS_SHOWN_MAX:
            lines.append(f"      and {len(one['items']) - ITEMS_SHOWN_MAX} more")
    return "\n".join(lines)


def _item_lines(item: Mapping[str, Any]) -> list[str]:
    money = f" {item['amount']} {item['currency']}" if item["currency"] else ""
    lines = textwrap.wrap(
        f"{item['what']}{money}", WIDTH, initial_indent="    - ", subsequent_indent="      "
    )
    return [*lines, f"      {item['runbook']}"] if item["runbook"] else lines


def _before(cadence: str, now: datetime) -> str:
    """Give the day, or the month, before this one."""
    yesterday = (now - timedelta(days=1)).date()
    if cadence == DAILY:
        return yesterday.isoformat()
    return (now.date().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.check", description="Make the checks of a running app."
    )
    parser.add_argument("cadence", choices=(DAILY, MONTHLY))
    parser.add_argument("--entity", default="", help="the legal entity, such as usrt")
    parser.add_argument(
        "--period", default="", help="the business day, or the month; else the one before this one"
    )
    parser.add_argument("--keep", action="store_true", help="keep what was found, under the key's person")
    parser.add_argument("--note", default="", help="what to note beside, where it is kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
