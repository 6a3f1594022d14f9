"""An alert as an adaptive card, for a workflow of Microsoft Teams that waits for a web request.

A message holds one attachment, the card (learn.microsoft.com, *Create and send messages*, Teams webhooks). Texts with values
from outside go into text runs, which show no markdown, so that a value cannot become a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.alerts.outgoing import Outgoing, json_bytes
from shared.settings_alerts import Channel

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
CARD_VERSION = "1.4"
CARD_BYTES_MAX = 28 * 1024  # Teams refuses more


def teams_request(channel: Channel, body: Mapping[str, Any]) -> Outgoing:
    """Build the request; of many causes as many are shown as the card may hold."""
    shown = len(body["causes"])
    content = _message(body, shown)
    while len(content) > CARD_BYTES_MAX and shown:
        shown -= 1
        content = _message(body, shown)
    return Outgoing(channel.url, content, {"Content-Type": "application/json; charset=utf-8"})


def _message(body: Mapping[str, Any], shown: int) -> bytes:
    more = body["more"] + len(body["causes"]) - shown
    blocks = [_text(body["title"], bold=True, large=True), *(_text(line) for line in body["lines"])]
    for one in body["causes"][:shown]:
        blocks += _cause_blocks(one, is_alone=len(body["causes"]) == 1)
    if more:
        blocks.append(_text(f"and {more:,} more in the list of causes"))
    blocks.append(_text(f"Alert {body['id']}", subtle=True))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": CARD_VERSION,
        "body": blocks,
    }
    runbooks = [one["runbook"] for one in body["causes"][:1] if one["runbook"].startswith("https://")]
    if runbooks and len(body["causes"]) == 1:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "What to do", "url": runbooks[0]}]
    attachment = {"contentType": CARD_TYPE, "contentUrl": None, "content": card}
    return json_bytes({"type": "message", "attachments": [attachment]})


def _cause_blocks(one: Mapping[str, Any], *, is_alone: bool) -> list[dict[str, Any]]:
    amounts = ", ".join(f"{amount} {currency}".strip() for currency, amount in one["amounts"].items())
    facts = [
        ("Holds", one["size"]),
        ("Value", amounts),
        ("State", f"{one['state']}: {one['told_because']}" if one["told_because"] else one["state"]),
        ("Due", f"{one['due_at'][:16].replace('T', ' ')} UTC{', overdue' if one['overdue'] else ''}"),
        ("Stock", one["stock"]),
        ("Stores", ", ".join(one["store_names"])),
    ]
    shown = [{"title": name, "value": value} for name, value in facts if value]
    blocks = [_text(one["what_happened"], bold=not is_alone)]
    blocks += [_text(one["why"]), _text(one["holds_up"])] if is_alone else []
    blocks += [{"type": "FactSet", "facts": shown}, _text(f"Do this: {one['do_this']}")]
    if not one["runbook"].startswith("https://"):
        blocks.append(_text(f"Runbook: {one['runbook']}", subtle=True))
    return blocks


def _text(text: str, *, bold: bool = False, large: bool = False, subtle: bool = False) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": text}
    if bold:
        run["weight"] = "Bolder"
    if large:
        run["size"] = "Medium"
    if subtle:
        run |= {"size": "Small", "isSubtle": True}
    return {"type": "RichTextBlock", "inlines": [run]}
