"""The routes of what waits for people."""

from __future__ import annotations

from shared.web.route import DAY, JSON, PEOPLE, REASON, Route

OF_TASKS: tuple[Route, ...] = (
    Route(
        "get",
        "/causes",
        "What waits for a person, by cause.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
        query={
            "state": {"type": "string", "enum": ["open", "ended", "all"], "default": "open"},
            "business_day": DAY,
        },
    ),
    Route(
        "get",
        "/causes/{fingerprint}",
        "One cause with all it holds.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "post",
        "/causes/{fingerprint}/release",
        "Send what a cause holds on its way, after the fix.",
        PEOPLE,
        JSON,
        {"200": "Object", "404": "Problem", "422": "Problem"},
        takes={"reason": REASON},
    ),
)  # fmt: skip
