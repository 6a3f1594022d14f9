"""The routes of what people decide about what is held, and of the record of every decision."""

from __future__ import annotations

from shared.gate import people
from shared.web.route import DECISION_BYTES_MAX, DESKS, JSON, NAME, PEOPLE, REASON, Route

_FOUND = {"200": "Object", "404": "Problem", "422": "Problem"}

_CODES = {
    "type": "object",
    "additionalProperties": NAME,
    "description": "The code the till sent, and the code it counts as.",
}

OF_DECISIONS: tuple[Route, ...] = (
    Route(
        "get",
        "/causes/{fingerprint}/preview",
        "What a release would do with the mappings as they are now: receipts, money, stores, days, what stays held and why. "
        "Nothing is written. With receipts=all, each receipt.",
        PEOPLE,
        "",
        _FOUND,
        query={"receipts": {"type": "string", "enum": ["all"]}},
    ),
    Route(
        "post",
        "/causes/{fingerprint}/release",
        "Send what a cause holds on its way, after the fix. With the hash of a preview, that and nothing else goes.",
        DESKS,
        JSON,
        _FOUND,
        takes={"reason": REASON},
        may={"hash": {"type": "string", "description": "As the preview gave it."}},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/causes/{fingerprint}/releases",
        "The releases of a cause, the newest first.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
    ),
    Route(
        "get",
        "/causes/{fingerprint}/releases/{number}",
        "One release: how far it is, and what became of each receipt beside what was foreseen.",
        PEOPLE,
        "",
        _FOUND,
    ),
    Route(
        "post",
        "/causes/{fingerprint}/releases/{number}/cancel",
        "Stop a release before its next part. What went has gone; the rest stays held.",
        DESKS,
        JSON,
        _FOUND,
        takes={"reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/transactions/{store}/{account}/{transaction_id}/amend",
        "Say of one held receipt that a code on it counts as another, or to which shift of its till it belongs. Its document "
        "stays as it came; it is mapped and judged again.",
        people("finance", "store_operations"),
        JSON,
        _FOUND,
        takes={"reason": REASON},
        may={
            **dict.fromkeys(("tenders", "taxes", "items", "reasons"), _CODES),
            "shift": NAME,
        },
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/transactions/{store}/{account}/{transaction_id}/write-off",
        "Propose that a held receipt never goes to D365. It stays held until a second person of finance approves.",
        people("finance"),
        JSON,
        _FOUND,
        takes={"reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/transactions/{store}/{account}/{transaction_id}/write-off/approve",
        "Approve a write-off that another person of finance proposed. It stands in the proof as a decided difference.",
        people("finance"),
        JSON,
        _FOUND,
        takes={"reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/transactions/{store}/{account}/{transaction_id}/write-off/withdraw",
        "Take a proposal to write a receipt off back.",
        people("finance"),
        JSON,
        _FOUND,
        takes={"reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/audit",
        "Whether the record of every decision still is what was written down, by store and area.",
        people("it", "finance"),
    ),
    Route(
        "get",
        "/audit/{area}",
        "What was decided for a store or an area: who, what, when, why and on what evidence, with its chain verified. A hundred "
        "decisions at once; `next` says where the next part starts.",
        people("it", "finance"),
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
        query={"start": {"type": "integer", "minimum": 1, "maximum": 999_999_999, "default": 1}},
    ),
)
