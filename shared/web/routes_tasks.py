"""The routes of what waits for people, and of the mappings they mend it with."""

from __future__ import annotations

from shared.web.route import CSV, DAY, PEOPLE, Route

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
        "put",
        "/mappings/{kind}",
        "Take rows of a mapping over from CSV, all or nothing. Header X-Reason says why.",
        PEOPLE,
        CSV,
        {"200": "Object", "422": "Problem"},
    ),
    Route(
        "get",
        "/mappings/{kind}",
        "A mapping as it is in force, as CSV.",
        PEOPLE,
        "",
        {"200": "Text", "422": "Problem"},
    ),
)  # fmt: skip
