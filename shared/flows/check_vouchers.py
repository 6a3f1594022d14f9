"""Read the vouchers of a store-day now, because a person asks, and say whether they equal what was posted."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.errors import RetryableError, ThrottledError, not_now
from shared.flows.compiling.vouchers import voucher_check, vouchers_json
from shared.flows.posting.pace import ASKED_FOR_TIME_SECONDS
from shared.flows.posting.slot import is_throttled
from shared.flows.tracking.vouchers import read_one_day
from shared.retail.vouchers import NOTHING_POSTED
from shared.services import Services
from shared.storage.receipt_record import records_of_day
from shared.storage.vouchers import vouchers_of_day


async def check_vouchers(services: Services, store_id: str, day: date) -> dict[str, Any] | None:
    """Read and compare; None where nothing of the store-day is posted. The statement is compiled again if it made a difference.

    Raises:
        D365NotNowError: D365 does not answer, or asks for time.
    """
    store = await services.mappings.store(store_id, day)
    if store is None:
        return None
    if await is_throttled(services):
        raise not_now(ThrottledError("D365 has asked for time", wait_seconds=ASKED_FOR_TIME_SECONDS))
    try:
        is_posted = await read_one_day(services, store_id, day)
    except RetryableError as error:
        raise not_now(error) from error
    records = await records_of_day(services.tables.transactions, store_id, day)
    check = await voucher_check(services, store, day, records)
    if not is_posted or check.state == NOTHING_POSTED:
        return None
    kept = await vouchers_of_day(services.tables.statements, store_id, day)
    read_at = max((row.instant("ReadAt") for row in kept.values()), default=None)
    body = vouchers_json("the figures", check, store.currency)
    return {**body, "read_at": read_at.isoformat() if read_at else None}
