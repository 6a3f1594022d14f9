"""The routes of what waits for people."""

from __future__ import annotations

from shared.web.route import DAY, PEOPLE, Route

OF_TASKS: tuple[Route, ...] = (
    Route(
        "get",
        "/vendors",
        "How each account at a POS vendor is: last heard, last swept, what waits to be fetched, what only sweeps found.",
        PEOPLE,
        "",
        {"200": "Object"},
    ),
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
)  # fmt: skip
