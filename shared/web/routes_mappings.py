"""The routes of the mappings: in and out as CSV, their history, what stores lack, and what nobody has mapped."""

from __future__ import annotations

from shared.gate import people
from shared.web.route import CSV, DAY, FILE_BYTES_MAX, PEOPLE, Route

_NUMBER = {"type": "integer", "minimum": 1, "maximum": 999_999_999}

OF_MAPPINGS: tuple[Route, ...] = (
    Route(
        "put",
        "/mappings/{kind}",
        "Take rows of a mapping over from CSV, all or nothing; with check=true say what they would change and let go, and take "
        "nothing. Header X-Reason says why.",
        people("finance", "retail_systems"),
        CSV,
        {"200": "Object", "422": "Problem"},
        query={"check": {"type": "boolean", "default": False}},
        bytes_max=FILE_BYTES_MAX,
    ),
    Route(
        "get",
        "/mappings/{kind}",
        "A mapping: every row that counts, or those in force on a day, or as it was at a version, as CSV; as JSON with what D365 "
        "has beside each row.",
        PEOPLE,
        "",
        {"200": "Sheet", "422": "Problem"},
        query={
            "format": {"type": "string", "enum": ["csv", "json"], "default": "csv"},
            "day": DAY,
            "version": _NUMBER,
        },
    ),
    Route(
        "get",
        "/mappings/{kind}/history",
        "Who imported a mapping, when and why.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
    ),
    Route(
        "get",
        "/mappings/{kind}/history/{version}",
        "What one import changed, row by row, before and after.",
        PEOPLE,
        "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    Route(
        "get",
        "/stores/{store}/readiness",
        "What a store still lacks before it can trade, in order, with who does what.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
    ),
    Route(
        "get",
        "/coverage",
        "Which values of the last days nobody has mapped, which rows nobody used, and which D365 cannot keep.",
        PEOPLE,
        "",
        {"200": "Object", "422": "Problem"},
        query={
            "days": {"type": "integer", "minimum": 1, "maximum": 366, "default": 30},
            "as_of": DAY,
        },
    ),
)
