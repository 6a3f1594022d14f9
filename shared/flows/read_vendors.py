"""Answer how each account at a POS vendor is: when it was last heard and swept, what waits to be fetched, what sweeps found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.retail.vendor_state import is_deaf
from shared.retail.wanted import Wanted
from shared.services import Services
from shared.settings_vendors import VendorAccount
from shared.storage.vendor_states import read_state
from shared.storage.wanted import all_wanted, read_swept

WAITING_SHOWN_MAX = 50


async def read_vendors(services: Services) -> list[dict[str, Any]]:
    """Give every account of the settings, by name; nothing secret of it."""
    accounts = sorted(services.settings.vendors.values(), key=lambda one: one.account)
    return await services.together(*(_account_body(services, one) for one in accounts))


async def _account_body(services: Services, account: VendorAccount) -> dict[str, Any]:
    table = services.tables.wanted
    state = await read_state(table, account.account)
    waiting = await all_wanted(table, account.account)
    client = services.vendors.get(account.account)
    lists = [await read_swept(table, account.account, name) for name in client.lists] if client else []
    return {
        "account": account.account,
        "vendor": account.vendor,
        "host": account.host,
        "mode": account.mode,
        "can_fetch": account.can_fetch,
        "stores": sorted(account.stores),
        "last_heard": _text(state.heard_at),
        "last_sweep": _text(state.swept_at),
        "sweep_minutes": account.sweep_minutes,
        "lists": [
            {"list": one.list, "kept_until": one.mark or None, "goes_on": bool(one.page)} for one in lists
        ],
        "found_by_sweep": state.found_by_sweep,
        "webhooks_seem_dead": is_deaf(state, services.now()),
        "failing_since": _text(state.failing_since),
        "problem": state.problem or None,
        "rests_until": _text(state.rests_until) if state.rests(services.now()) else None,
        "wanted": len(waiting),
        "oldest_wanted": _text(waiting[0].wanted_at) if waiting else None,
        "waiting": [_waiting_body(one) for one in waiting[:WAITING_SHOWN_MAX]],
    }


def _waiting_body(wanted: Wanted) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "id": wanted.id,
        "store": wanted.location or None,
        "happened_at": _text(wanted.happened_at),
        "amount": wanted.amount or None,
        "currency": wanted.currency or None,
        "heard_by": wanted.heard_by,
        "wanted_since": _text(wanted.wanted_at),
        "tries": wanted.attempts,
        "next_try": _text(wanted.next_at),
        "problem": wanted.problem or None,
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
