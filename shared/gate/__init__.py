"""The one gate: who is calling, and what they may do. Every route goes through it before anything is read or kept.

Source accounts sign each request over its raw bytes, people carry a key, and both may come with a token of Entra ID
instead. What a platform says of the caller in headers of its own is not believed.
"""

from shared.gate.access import PERSON, SIGNATURE, Access, people
from shared.gate.admit import Call, admit
from shared.gate.keys import admit_person
from shared.gate.signed import admit_sender
from shared.gate.token_keys import TokenKeys, open_token_keys
from shared.settings import Person, Sender

__all__ = [
    "PERSON", "SIGNATURE", "Access", "Call", "Person", "Sender", "TokenKeys", "admit", "admit_person", "admit_sender",
    "open_token_keys", "people",
]  # fmt: skip
