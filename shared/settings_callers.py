"""The settings of who may call: source accounts with their secrets, applications and stores; people with keys and roles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import SettingsError

ROLES = ("reader", "finance", "store_operations", "retail_systems", "it")
SECRET_CHARACTERS_MIN = 16
APPLICATIONS_MAX = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Sender:
    """A source account that may send, and the stores it may speak for ("*": all).

    It shows who it is by one or two live secrets, by applications (their client ids in Entra ID), or by either.
    """

    account: str
    secrets: tuple[str, ...]
    stores: frozenset[str]
    applications: frozenset[str] = frozenset()

    def may_send_for(self, store: str) -> bool:
        return "*" in self.stores or store in self.stores


@dataclass(frozen=True, slots=True)
class Person:
    """A person or a desk that may read and decide. Of a key only the SHA-256 is known here, "" for somebody without one.

    object_id: the person in Entra ID, "" for somebody who is not there or is not named here.
    """

    name: str
    roles: frozenset[str]
    key_sha256: str
    object_id: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Give every name a decision of theirs may be kept under: as the settings say, and by the id alone."""
        return (self.name, unlisted_name(self.object_id)) if self.object_id else (self.name,)


def unlisted_name(object_id: str) -> str:
    """Give the name of somebody whom the settings do not name."""
    return f"person {object_id}"


def is_guid(text: str) -> bool:
    """Say whether a text is an id as Entra ID gives them, in small letters."""
    return bool(_GUID.fullmatch(text))


def read_senders(text: str) -> dict[str, Sender]:
    """Read the source accounts.

    Raises:
        SettingsError: one is wrong; it is named, and no secret of it shown.
    """
    senders: dict[str, Sender] = {}
    for row in _json_list(text, "TILLPOST_SENDERS"):
        account, secrets, stores = row.get("account"), _texts(row, "secrets"), _texts(row, "stores")
        applications = frozenset(one.lower() for one in _texts(row, "applications"))
        shows_itself = bool(secrets or applications) and len(secrets) <= 2
        if not isinstance(account, str) or not account or not shows_itself or not stores:
            needs = "an account, one or two secrets (or applications), and its stores"
            raise SettingsError(f"TILLPOST_SENDERS: each needs {needs}")
        if any(len(secret) < SECRET_CHARACTERS_MIN for secret in secrets):
            shortest = f"shorter than {SECRET_CHARACTERS_MIN} characters"
            raise SettingsError(f"TILLPOST_SENDERS: a secret of {account} is {shortest}")
        if len(applications) > APPLICATIONS_MAX or not all(map(is_guid, applications)):
            ids = f"at most {APPLICATIONS_MAX} client ids"
            raise SettingsError(f"TILLPOST_SENDERS: the applications of {account} are not {ids}")
        if account in senders:
            raise SettingsError(f"TILLPOST_SENDERS: {account} is there twice")
        senders[account] = Sender(account, secrets, frozenset(stores), applications)
    _refuse_twice(
        (id_ for one in senders.values() for id_ in one.applications),
        "TILLPOST_SENDERS: two have the same application",
    )
    return senders


def read_people(text: str) -> tuple[Person, ...]:
    """Read the people.

    Raises:
        SettingsError: one is wrong.
    """
    people = []
    for row in _json_list(text, "TILLPOST_PEOPLE"):
        name, roles = row.get("name"), frozenset(_texts(row, "roles"))
        digest, object_id = (str(row.get(one, "")).lower() for one in ("key_sha256", "object_id"))
        is_known = bool(roles) and roles <= set(ROLES)
        is_found = bool(digest or object_id) and (not object_id or is_guid(object_id))
        right_key = not digest or _SHA256.fullmatch(digest)
        if not isinstance(name, str) or not name or not is_known or not is_found or not right_key:
            needs = f"a name, roles of {', '.join(ROLES)}, and key_sha256 (or object_id)"
            raise SettingsError(f"TILLPOST_PEOPLE: each needs {needs}")
        people.append(Person(name, roles, digest, object_id))
    _refuse_twice((one.key_sha256 for one in people), "TILLPOST_PEOPLE: two have the same key")
    _refuse_twice((one.object_id for one in people), "TILLPOST_PEOPLE: two have the same object_id")
    return tuple(people)


def _refuse_twice(values: Iterable[str], words: str) -> None:
    there = [one for one in values if one]
    if len(set(there)) != len(there):
        raise SettingsError(words)


def _json_list(text: str, name: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not JSON") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingsError(f"{name} is not a list of objects")
    return rows


def _texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Give a list of texts; empty when it is anything else."""
    values = row.get(name)
    is_list = isinstance(values, list) and all(isinstance(value, str) and value for value in values)
    return tuple(values) if isinstance(values, list) and is_list else ()
