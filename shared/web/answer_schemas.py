"""What every route gives when all is well: the properties that its JSON answer always has.

More may stand beside them. A route without a row here has no description, and the description of the app is not made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.web.route import Route

_Properties = Mapping[str, Mapping[str, Any]]


def _all(kind: str, *names: str) -> dict[str, Mapping[str, Any]]:
    return {name: {"type": kind} for name in names}


def _texts(*names: str) -> dict[str, Mapping[str, Any]]:
    return _all("string", *names)


def _counts(*names: str) -> dict[str, Mapping[str, Any]]:
    return _all("integer", *names)


def _lists(*names: str) -> dict[str, Mapping[str, Any]]:
    return _all("array", *names)


def _objects(*names: str) -> dict[str, Mapping[str, Any]]:
    return _all("object", *names)


def _flags(*names: str) -> dict[str, Mapping[str, Any]]:
    return _all("boolean", *names)


def _perhaps(kind: str, *names: str) -> dict[str, Mapping[str, Any]]:
    """Give properties that are there and may be null."""
    return {name: {"type": [kind, "null"]} for name in names}


_CAUSE: _Properties = {
    **_texts("fingerprint", "code", "value", "state", "owner", "fault", "what_happened", "why", "holds_up", "do_this", "runbook"),
    **_texts("amount", "currency", "first_seen", "last_seen"), **_counts("receipts"), **_flags("overdue"),
    **_lists("amounts", "stores", "ended_how", "people", "deputies", "history", "members"),
    **_perhaps("string", "phase", "due_at", "assigned_to", "ended_at"),
}  # fmt: skip
_RELEASE: _Properties = {
    **_counts("release", "receipts", "done", "went"), **_texts("state", "by", "reason"), **_objects("amounts"),
    **_perhaps("string", "cancelled_by", "cancelled_why", "started_at", "ended_at", "cancelled_at"),
}  # fmt: skip
_REPLACED: _Properties = _counts("generation", "receipts_moved", "conflicts_settled", "already_in_d365")
_PREFLIGHT: _Properties = {
    **_texts("environment", "address", "checked_at"), **_flags("holds"), **_objects("compared"),
    **_lists("mismatches", "unknown_sets", "not_compared"), **_perhaps("string", "application_version", "platform_version"),
}  # fmt: skip
_CHECKS: _Properties = {
    **_texts("cadence", "legal_entity", "period", "at", "verdict"),
    **_flags("is_over"),
    **_lists("checks"),
}
_PROPOSED: _Properties = _texts("transaction_id", "state", "proposed_by")
_RECEIPT = "/transactions/{store}/{account}/{transaction_id}"

_GIVES: Mapping[tuple[str, str], _Properties] = {
    ("post", "/transactions"): _lists("results"),
    ("post", "/pos/poslog"): _lists("results"),
    ("post", "/pos/csv"): _lists("results"),
    ("get", _RECEIPT): {
        **_texts("status", "store", "terminal", "account", "transaction_id", "business_day", "kind", "shape", "currency"),
        **_texts("total", "content_hash", "adapter", "document_sha256", "received_at", "completed_at"),
        **_lists("evidence", "history"),
    },
    ("post", f"{_RECEIPT}/reversal"): {**_texts("reversal", "business_day"), **_perhaps("string", "replacement")},
    ("post", f"{_RECEIPT}/amend"): {
        **_texts("transaction_id", "amended", "status"), **_perhaps("string", "cause", "cause_value"),
    },
    ("post", f"{_RECEIPT}/write-off"): _PROPOSED,
    ("post", f"{_RECEIPT}/write-off/approve"): {**_PROPOSED, **_texts("approved_by")},
    ("post", f"{_RECEIPT}/write-off/withdraw"): _PROPOSED,
    ("get", "/statements/{store}/{business_day}"): {
        **_texts("store", "business_day", "legal_entity", "currency", "verdict", "unexplained", "compiled_at"),
        **_counts("revision"), **_flags("ended"),
        **_objects("source", "totals", "receipts", "counts", "gift_cards"),
        **_lists("tenders", "taxes", "groups", "causes", "by_hand", "shifts", "income_expense", "signed", "completeness"),
    },
    ("post", "/statements/{store}/{business_day}/missing"): _counts("confirmed"),
    ("post", "/statements/{store}/{business_day}/sign-off"): {**_texts("signed", "sha256", "verdict"), **_counts("number")},
    ("post", "/statements/{store}/{business_day}/vouchers"): {
        **_texts("state", "said"), **_lists("accounts", "places", "not_compared"), **_perhaps("string", "read_at"),
    },
    ("get", "/statements/{store}/{business_day}/signed/{number}"): {
        **_texts("signed", "by", "role", "reason", "at", "sha256", "text"), **_flags("unaltered"),
    },
    ("get", "/storedays/{legal_entity}/{business_day}"): _lists("storedays"),
    ("post", "/shifts/{store}/{terminal}/{shift}/end"): _counts("released"),
    ("get", "/preflight"): _PREFLIGHT,
    ("post", "/preflight"): _PREFLIGHT,
    ("get", "/reference"): {
        **_texts("environment", "read_at"), **_counts("mapping_version", "rows_changed", "findings_count"),
        **_objects("rows"), **_lists("unknown", "findings"), **_perhaps("string", "trouble"),
    },
    ("post", "/reference"): _texts("done"),
    ("get", "/rebuild/{store}/{business_day}"): {
        **_texts("store", "business_day"), **_counts("receipts", "packages"), **_flags("alike"),
        **_lists("findings", "not_compared"),
    },
    ("post", "/personal-data/find"): {**_lists("receipts"), **_flags("more")},
    ("post", "/personal-data/erase"): {**_texts("reason", "by"), **_flags("check"), **_lists("receipts", "elsewhere")},
    ("get", "/personal-data/retention"): {
        **_objects("keeps", "through", "gone"), **_lists("left"), **_flags("more_left"),
        **_perhaps("string", "looked_at", "next_turn"),
    },
    ("get", "/vendors"): _lists("vendors"),
    ("get", "/usage"): {**_objects("storage", "d365"), **_texts("since")},
    ("get", "/openapi.json"): {**_texts("openapi"), **_objects("info", "paths", "components")},
    ("get", "/schemas/transactions.json"): {**_texts("$schema", "type"), **_objects("$defs", "properties")},
    ("get", "/health"): _texts("status"),
    ("get", "/trail/{store}/{business_day}/{receipt_number}"): _lists("receipts"),
    ("get", "/readiness/{legal_entity}/{period}"): {
        **_texts("legal_entity", "first_day", "last_day", "as_of", "verdict"), **_lists("blockers", "notes"),
    },
    ("post", "/readiness/{legal_entity}/{period}/tills"): _flags("confirmed"),
    ("get", "/accrual/{legal_entity}"): {
        **_texts("legal_entity", "cut_off", "as_of"), **_lists("currencies", "of_no_legal_entity"),
    },
    ("get", "/late/{legal_entity}/{period}"): {**_texts("legal_entity", "period", "policy"), **_lists("memos")},
    ("get", "/tills/{store}/{business_day}"): _lists("tills"),
    ("post", "/tills/{store}/{terminal}/replaced"): _REPLACED,
    ("post", "/tills/{store}/{terminal}/not-replaced"): {**_REPLACED, **_counts("stay_apart")},
    ("get", "/completeness/{store}/{business_day}"): {
        **_texts("store", "business_day", "verdict"), **_lists("tills"), **_objects("lateness"),
    },
    ("get", "/heard"): _lists("stores"),
    ("post", "/overtyped/{store}/{business_day}"): _flags("kept"),
    ("get", "/returns/{store}/{account}/{transaction_id}"): {
        **_texts("store", "account", "transaction_id", "receipt_number", "currency", "sold", "back", "left"), **_lists("lines"),
    },
    ("post", "/returns/{store}/{account}/{transaction_id}/accept"): _texts("transaction_id", "accepted_by"),
    ("get", "/causes"): _lists("causes"),
    ("get", "/causes/{fingerprint}"): _CAUSE,
    ("post", "/causes/{fingerprint}/assign"): _CAUSE,
    ("post", "/causes/{fingerprint}/notes"): _CAUSE,
    ("post", "/causes/{fingerprint}/set_aside"): _CAUSE,
    ("post", "/causes/{fingerprint}/take_up"): _CAUSE,
    ("get", "/causes/{fingerprint}/preview"): {
        **_texts("fingerprint", "code", "value", "hash"), **_lists("stores", "business_days", "stay"),
        **_objects("held", "on_their_way", "becomes"), **_counts("mapping_version", "left_for_the_next_release"),
    },
    ("post", "/causes/{fingerprint}/release"): {
        **_counts("released"), **_texts("amount"), **_objects("amounts"), **_lists("stay"),
    },
    ("get", "/causes/{fingerprint}/releases"): _lists("releases"),
    ("get", "/causes/{fingerprint}/releases/{number}"): {**_RELEASE, **_lists("each")},
    ("post", "/causes/{fingerprint}/releases/{number}/cancel"): _RELEASE,
    ("get", "/alerts"): {**_texts("month"), **_lists("waiting", "done")},
    ("get", "/checks/{cadence}/{legal_entity}/{period}"): _CHECKS,
    ("post", "/checks/{cadence}/{legal_entity}/{period}"): {**_CHECKS, **_texts("by", "note")},
    ("get", "/checks/{cadence}/{legal_entity}"): _lists("checks"),
    ("put", "/mappings/{kind}"): {
        **_counts("rows", "version", "changed"), **_lists("changes", "warnings"), **_perhaps("string", "not_compared"),
    },
    ("get", "/mappings/{kind}"): {**_texts("kind"), **_counts("version", "rows_count"), **_lists("rows")},
    ("get", "/mappings/{kind}/history"): {**_texts("kind"), **_lists("imports")},
    ("get", "/mappings/{kind}/history/{version}"): {
        **_texts("kind", "by", "why", "at"), **_counts("version", "rows"), **_lists("changes"),
    },
    ("get", "/stores/{store}/readiness"): {
        **_texts("store", "day", "verdict"), **_counts("mapping_version"), **_lists("lacks"),
    },
    ("get", "/coverage"): {
        **_texts("as_of", "since"), **_lists("stores_not_complete", "unmapped", "never_used", "d365"),
        **_counts("mapping_version", "stores", "values", "unmapped_count", "never_used_count", "d365_count"),
    },
    ("get", "/audit"): {**_flags("unbroken"), **_lists("areas")},
    ("get", "/audit/{area}"): {
        **_texts("area"), **_counts("decisions", "before_the_chain", "rows"), **_flags("unbroken"), **_lists("decided"),
        **_perhaps("integer", "next"),
    },
}  # fmt: skip


def answer_schema(route: Route) -> dict[str, Any]:
    """Give the JSON Schema of what a route gives when all is well.

    Raises:
        LookupError: nobody has said what it gives.
    """
    properties = _GIVES.get((route.method, route.path))
    if not properties:
        raise LookupError(f"{route.method} {route.path}: nobody has said what it gives")
    return {"type": "object", "required": sorted(properties), "properties": dict(properties)}
