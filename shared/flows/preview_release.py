"""Show what a release of a cause would do, receipt by receipt, with the mappings as they are now. Nothing is written."""

from __future__ import annotations

from typing import Any

from shared.flows.releasing.foresee import foresee, foresee_word
from shared.flows.releasing.order import ends_by_word, refuse_what_is_decided_otherwise
from shared.flows.releasing.part import MapDay
from shared.flows.releasing.told import preview_json
from shared.retail.release import Foreseen, Preview, amounts
from shared.services import Services
from shared.storage.causes import OPEN, RECEIPT, cause_rows


async def preview_release(
    services: Services, fingerprint: str, map_day: MapDay, *, each: bool = False
) -> dict[str, Any] | None:
    """Give the preview as the API does; None when there is no such cause. each: with every receipt."""
    members = [row async for row in cause_rows(services.tables.causes, fingerprint)]
    if not members:
        return None
    if await ends_by_word(services, members):
        return preview_json(foresee_word(members))
    refuse_what_is_decided_otherwise(members[0])
    held = [row for row in members if row.text("State") == OPEN and row.text("What") == RECEIPT]
    if held:
        preview, _ = await foresee(services, fingerprint, held, map_day)
    else:
        preview = Preview(fingerprint, members[0].text("Reason"), members[0].text("Value"), 0, ())
    body = preview_json(preview)
    return body | {"receipts": [_receipt(one) for one in preview.receipts]} if each else body


def _receipt(one: Foreseen) -> dict[str, str]:
    names = (
        "store",
        "account",
        "transaction_id",
        "terminal",
        "business_day",
        "currency",
        "becomes",
        "code",
        "value",
    )
    amount = next(iter(amounts([one]).values()))
    return {"receipt": one.label, **{name: getattr(one, name) for name in names}, "amount": amount}
