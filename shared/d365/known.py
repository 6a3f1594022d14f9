"""One entry of the decoder's table, and what an entry of D365's data needs."""

from __future__ import annotations

from dataclasses import dataclass

from shared.retail.reasons import D365_DATA


@dataclass(frozen=True, slots=True)
class Known:
    """One kind of text. `passes`: time alone helps."""

    code: str
    reason: str
    owner: str
    fault: str
    sentence: str
    action: str
    patterns: tuple[str, ...]
    passes: bool = False


def data(code: str, owner: str, sentence: str, action: str, *patterns: str) -> Known:
    """D365's own set-up or master data does not fit."""
    return Known(code, "d365_data_refused", owner, D365_DATA, sentence, action, patterns)
