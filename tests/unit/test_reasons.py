"""What people read of a cause: four whole parts, one owner, no words of ours."""

from __future__ import annotations

import pytest

from shared.retail.d365_rules import BRAZIL, REFERENCES, RULES, Broken, cause_of
from shared.retail.reason import OWNERS
from shared.retail.reasons import REASONS, Cause, Reason, cause

PARTS = ("what_happened", "why", "holds_up", "do_this")
NEVER_SHOWN = (
    "dead letter", "payload", "poison", "odata", "queue", "exception", "idempoten", "4xx", "5xx", "json", "etag", "changeset",
)  # fmt: skip
WORDS = dict.fromkeys(
    (
        "problem", "do_this", "words", "sentence", "action", "state", "store", "terminal", "shift", "since", "day", "numbers",
        "rule", "expected", "found", "answer", "statements", "differing",
        "limit", "typed", "came", "count", "line", "tender", "currency", "account", "topic",
        "minutes",
    ),
    "D365's own words, with a full stop.",
)  # fmt: skip


def told(why: Cause) -> dict[str, str]:
    texts = why.texts()
    assert set(texts) == set(PARTS)
    for part in PARTS:
        assert texts[part].strip(), part
        assert texts[part][0].isupper() or texts[part][0] in "“{", (part, texts[part])
        assert texts[part].endswith("."), (part, texts[part])
        assert not texts[part].endswith(".."), (part, texts[part])
        assert not [word for word in NEVER_SHOWN if word in texts[part].lower()], (part, texts[part])
    assert why.owner in OWNERS
    return texts


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda one: one.code)
def test_every_reason_tells_four_whole_sentences_whatever_words_d365_gives(reason: Reason) -> None:
    told(cause(reason.code, "usrt S1", **WORDS))


@pytest.mark.parametrize("rule", [one for one in (*RULES, *REFERENCES) if one != BRAZIL])
def test_every_rule_of_d365_tells_what_is_wrong_and_what_to_do(rule: str) -> None:
    texts = told(cause_of(Broken(rule, ("usrt", "100", "2018-02-01", "A1"), "12.00 instead of 11.00")))
    assert "…" not in texts["do_this"]
