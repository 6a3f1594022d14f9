"""The routes of what people say of a cause, and of what was told of causes."""

from __future__ import annotations

from shared.web.route import DECISION_BYTES_MAX, DESKS, JSON, PEOPLE, REASON, Route

_SAID = {"200": "Object", "404": "Problem", "422": "Problem"}

OF_CAUSES: tuple[Route, ...] = (
    Route(
        "post",
        "/causes/{fingerprint}/assign",
        "Give a cause to somebody who holds its owner role, or to nobody (an empty name).",
        DESKS,
        JSON,
        _SAID,
        takes={"to": {"type": "string", "maxLength": 200}, "reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/causes/{fingerprint}/notes",
        "Write a note on a cause.",
        DESKS,
        JSON,
        _SAID,
        takes={"note": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/causes/{fingerprint}/set_aside",
        "Set a cause aside until an instant; it also comes back when it grows.",
        DESKS,
        JSON,
        _SAID,
        takes={"until": {"type": "string", "format": "date-time"}, "reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "post",
        "/causes/{fingerprint}/take_up",
        "Take a cause up again that was set aside.",
        DESKS,
        JSON,
        _SAID,
        takes={"reason": REASON},
        bytes_max=DECISION_BYTES_MAX,
    ),
    Route(
        "get",
        "/alerts",
        "Which alerts wait to be delivered, and what became of those of a month.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
        query={"month": {"type": "string", "pattern": r"^\d{4}-\d{2}$"}},
    ),
)  # fmt: skip
