"""Where storage is and who we are to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings import StorageSettings
from shared.storage import open_storage
from shared.storage.connection import EMULATOR_KEY, Account, Connection, account_of


@dataclass
class Token:
    token: str


class Identity:
    """Gives one token for storage, and remembers that it was closed."""

    closed = False

    async def get_token(self, *scopes: str, **_: Any) -> Any:
        assert scopes == ("https://storage.azure.com/.default",)
        return Token("abc")

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> Identity:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()


@pytest.mark.parametrize(
    ("text", "tables", "queues", "name"),
    [
        (
            "UseDevelopmentStorage=true",
            "http://127.0.0.1:10002/devstoreaccount1",
            "http://127.0.0.1:10001/devstoreaccount1",
            "devstoreaccount1",
        ),
        (
            "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.windows.net",
            "https://acme.table.core.windows.net",
            "https://acme.queue.core.windows.net",
            "acme",
        ),
        (
            "AccountName=acme;AccountKey=a2V5PQ==;TableEndpoint=http://localhost:2/acme/;QueueEndpoint=http://localhost:1/acme;",
            "http://localhost:2/acme",
            "http://localhost:1/acme",
            "acme",
        ),
    ],
)
def test_a_connection_string_says_where(text: str, tables: str, queues: str, name: str) -> None:
    account = account_of(StorageSettings(text), None)
    assert (account.table_url, account.queue_url, account.name) == (tables, queues, name)
    assert account.key in (EMULATOR_KEY, "a2V5", "a2V5PQ==")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "AccountName=acme",
        "AccountName=acme;AccountKey=***",
        "BlobEndpoint=x;SharedAccessSignature=sv=1",
    ],
)
def test_a_connection_string_that_says_too_little_is_a_matter_of_setup(text: str) -> None:
    with pytest.raises(SettingsError, match="AccountName or AccountKey"):
        account_of(StorageSettings(text), None)


def test_addresses_need_an_identity_and_https() -> None:
    settings = StorageSettings(
        "", "https://acme.table.core.windows.net/", "https://acme.queue.core.windows.net"
    )
    with pytest.raises(SettingsError, match="an identity"):
        account_of(settings, None)
    assert account_of(settings, Identity()).table_url == "https://acme.table.core.windows.net"  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="https"):
        account_of(StorageSettings("", "http://a", "http://b"), Identity())  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="both service addresses"):
        account_of(StorageSettings("", "https://a", ""), Identity())  # type: ignore[arg-type]


def test_an_identity_signs_with_its_token_and_is_closed_with_the_storage() -> None:
    async def story() -> None:
        identity = Identity()
        settings = StorageSettings(
            "", "https://acme.table.core.windows.net", "https://acme.queue.core.windows.net"
        )
        connection = Connection(account_of(settings, identity))  # type: ignore[arg-type]
        headers = await connection.signed("https://acme.table.core.windows.net/$batch")
        assert headers["Authorization"] == "Bearer abc"
        tables, queues, _ = open_storage(settings, identity)  # type: ignore[arg-type]
        await tables.close()
        await queues.close()
        assert identity.closed

    asyncio.run(story())


def test_a_key_signs_date_and_path(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        date = "Sat, 23 Dec 2017 12:00:00 GMT"
        monkeypatch.setattr("shared.storage.connection.formatdate", lambda *, usegmt: date if usegmt else "")
        connection = Connection(Account("http://h:1/acme", "", "acme", "a2V5"))
        headers = await connection.signed("http://h:1/acme/$batch")
        # printf 'Sat, 23 Dec 2017 12:00:00 GMT\n/acme/acme/$batch' | openssl dgst -sha256 -hmac key -binary | base64
        assert headers == {
            "x-ms-date": date,
            "Authorization": "SharedKeyLite acme:7sCzPCTtdpixR7qxKub0/LsSqS3zmuLWrA3enWbHSOw=",
        }

    asyncio.run(story())
