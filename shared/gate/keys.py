"""Keys of people and desks: only their SHA-256 is known here, with a name and roles."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from shared.errors import ForbiddenError
from shared.gate.texts import bearer_of, bytes_of
from shared.settings import Person, Settings


def admit_person(settings: Settings, headers: Mapping[str, str], *roles: str) -> Person:
    """Verify a person's key and that they hold one of the roles (any role when none is named).

    Raises:
        ForbiddenError: 401 for an unknown key, 403 for a known person without the role.
    """
    person = person_of_key(settings, bearer_of(headers))
    if person is None:
        raise ForbiddenError("sign in with a key that is known here")
    refuse_without_role(person, roles)
    return person


def person_of_key(settings: Settings, key: str) -> Person | None:
    """Give whose key it is; None when it is nobody's, or when keys are switched off."""
    digest = hashlib.sha256(bytes_of(key)).hexdigest()
    found = [
        one
        for one in settings.people
        if one.key_sha256 and hmac.compare_digest(one.key_sha256, digest) and settings.entra.keys_of_people
    ]
    return found[0] if found and key else None


def refuse_without_role(person: Person, roles: Sequence[str]) -> None:
    """Let a person pass who holds one of the roles, or any person when none is named.

    Raises:
        ForbiddenError: 403.
    """
    if roles and not person.roles & set(roles):
        raise ForbiddenError(f"this needs the role {' or '.join(roles)}", status=403)
