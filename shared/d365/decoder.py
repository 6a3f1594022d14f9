"""D365's own texts, read once and here: which reason a text is, whose it is, and what is safe to do.

One table. A text is normalised (case, spaces and quotes evened out, ids, amounts and dates abstracted) and
compared with the table's patterns, the more telling first. What no pattern knows stays unknown: it keeps its
words and goes to IT.
Sources: the validation rules (D365 facts §3.3), data management and OData texts (§4, §5), and texts of
statement posting from Microsoft's own support articles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.d365.known import Known
from shared.d365.texts import TEXTS

UNKNOWN = "d365_refused"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text of D365, understood. `code` names the text's kind, `reason` is the registered reason it is held
    under.

    fault: whose doing it is, in the registry's words. passes: time alone helps, nothing was written.
    """

    code: str
    reason: str
    sentence: str
    owner: str
    action: str
    fault: str
    text: str
    passes: bool = False

    def words(self) -> dict[str, str]:
        """Give what a cause says of it: sentence and action for its texts, owner and fault in place of its reason's."""
        return {"sentence": self.sentence, "action": self.action, "owner": self.owner, "fault": self.fault}

    @property
    def is_known(self) -> bool:
        """Whether the table has it; what it has not keeps its words and goes to IT."""
        return self.code != UNKNOWN


def decode(text: str) -> Decoded:
    """Recognise one of D365's texts; an unknown one comes back as `d365_refused`, for IT, with its own
    words.
    """
    plain = normalised(text)
    for known, pattern in _PATTERNS:
        if pattern.search(plain):
            return _decoded(known, text)
    return _decoded(TEXTS[-1], text)


def normalised(text: str) -> str:
    """Lower the case, join the spaces, drop quotes, write every word that holds a digit (an id, an amount) as
    `#`.
    """
    plain = re.sub(r"[\u2018\u2019\u201b`\u00b4]", "'", text.lower())
    plain = re.sub(r"[\"\u201c\u201d]|(?<!\w)'|'(?!\w)", "", plain)
    plain = re.sub(r"[^\s,;:()]*\d[^\s;:()]*?(?=[,.;:)]*(\s|$)|[;:()])", "#", plain)
    return re.sub(r"\s+", " ", plain).strip()


def _decoded(known: Known, text: str) -> Decoded:
    return Decoded(
        known.code, known.reason, known.sentence, known.owner, known.action, known.fault, text, known.passes
    )


_PATTERNS = tuple((known, re.compile(pattern)) for known in TEXTS for pattern in known.patterns)
