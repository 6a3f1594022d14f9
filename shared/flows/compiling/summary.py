"""The summary row of a store-day: its figures, and what month end needs beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.retail.statement import StoreDay
from shared.storage.protocols import Row
from shared.storage.statements import storeday_row
from shared.storage.summaries import month_end_values


def summary_row(body: Mapping[str, Any], day: StoreDay, at: datetime) -> Row:
    """Build a store-day's summary from its statement's body and what it was compiled of."""
    return storeday_row(body, at).with_values(
        Vouchers=body.get("vouchers", {}).get("state"), **month_end_values(day)
    )
