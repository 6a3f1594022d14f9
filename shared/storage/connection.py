"""One storage account: its addresses, who we are to it, and the one HTTP session of this process."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha256
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.transport import AioHttpTransport

from shared.errors import SettingsError

CONNECT_SECONDS_MAX = 5
READ_SECONDS_MAX = 30
GROUP_SECONDS_MAX = 60
CONNECTIONS_MAX = 200
KEEP_ALIVE_SECONDS = 4  # below the emulator's 5: we let an idle connection go before the other side does
STORAGE_SCOPE = "https://storage.azure.com/.default"
# The account of every emulator, published by Microsoft; it opens nothing else.
EMULATOR_ACCOUNT = "devstoreaccount1"
EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class StorageSettings(Protocol):
    """What of the settings is read here: a connection string, or both service addresses for an identity."""

    @property
    def connection_string(self) -> str: ...
    @property
    def table_endpoint(self) -> str: ...
    @property
    def queue_endpoint(self) -> str: ...
    @property
    def client_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Account:
    """Where tables and queues are, and either a name with its key (base64) or a credential that gives tokens."""

    table_url: str
    queue_url: str
    name: str = ""
    key: str = ""
    credential: AsyncTokenCredential | None = None

    @property
    def sdk_credential(self) -> AzureNamedKeyCredential | AsyncTokenCredential:
        return (
            self.credential if self.credential is not None else AzureNamedKeyCredential(self.name, self.key)
        )


def account_of(settings: StorageSettings, credential: AsyncTokenCredential | None) -> Account:
    """Read where storage is. A credential is used with service addresses only.

    Raises:
        SettingsError: the connection string cannot be read, or addresses come without a credential.
    """
    if settings.connection_string:
        return _account_from(settings.connection_string)
    if not settings.table_endpoint or not settings.queue_endpoint or credential is None:
        raise SettingsError("storage needs a connection string, or both service addresses and an identity")
    addresses = settings.table_endpoint.rstrip("/"), settings.queue_endpoint.rstrip("/")
    if not all(address.startswith("https://") for address in addresses):
        raise SettingsError("storage addresses for an identity must start with https://")
    return Account(*addresses, credential=credential)


def _account_from(text: str) -> Account:
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if fields.get("usedevelopmentstorage", "").lower() == "true":
        emulator = f"127.0.0.1:{{}}/{EMULATOR_ACCOUNT}"
        fields = {
            "accountname": EMULATOR_ACCOUNT,
            "accountkey": EMULATOR_KEY,
            "tableendpoint": f"http://{emulator.format(10002)}",
            "queueendpoint": f"http://{emulator.format(10001)}",
        } | fields
    name, key = fields.get("accountname", ""), fields.get("accountkey", "")
    if not name or not _is_base64(key):
        raise SettingsError(
            "the storage connection string lacks AccountName or AccountKey (a signature is not enough)"
        )
    return Account(_endpoint(fields, name, "table"), _endpoint(fields, name, "queue"), name, key)


def _endpoint(fields: Mapping[str, str], name: str, service: str) -> str:
    protocol = fields.get("defaultendpointsprotocol", "https")
    suffix = fields.get("endpointsuffix", "core.windows.net")
    return (fields.get(f"{service}endpoint") or f"{protocol}://{name}.{service}.{suffix}").rstrip("/")


def _is_base64(text: str) -> bool:
    try:
        return bool(b64decode(text, validate=True))
    except ValueError:
        return False


class AnswerLostError(aiohttp.ClientError):
    """The connection broke after a request was sent."""


async def never_again(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE a second time by itself when the connection broke.

    HTTP calls them harmless twice; with a condition on the ETag they are not: the second would be refused because of
    the first. aiohttp repeats only what failed with the two errors caught here, so they become another.
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise AnswerLostError(str(error)) from error


class Connection:
    """The HTTP session to one account, made on first use inside the running loop and shared by all its clients."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """Give the session. The SDK unpacks bodies itself, so the session must not."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_SECONDS),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(never_again,),
            )
        return self._session

    def transport(self) -> AioHttpTransport:
        """Give the session as the SDK wants it; closing an SDK client leaves the session open."""
        return AioHttpTransport(session=self.session(), session_owner=False)

    async def signed(self, url: str) -> dict[str, str]:
        """Give the headers that authorise a hand-built table request: SharedKeyLite, or a token.

        `url` has no query parameters, which a signature would have to cover.

        Raises:
            ClientAuthenticationError: the identity gets no token.
        """
        date = formatdate(usegmt=True)
        account = self.account
        if account.credential is not None:
            token = await account.credential.get_token(STORAGE_SCOPE)
            return {"x-ms-date": date, "Authorization": f"Bearer {token.token}"}
        signed = f"{date}\n/{account.name}{urlsplit(url).path}".encode()
        signature = b64encode(hmac.digest(b64decode(account.key), signed, sha256)).decode("ascii")
        return {"x-ms-date": date, "Authorization": f"SharedKeyLite {account.name}:{signature}"}

    async def close(self) -> None:
        """Close the session and the credential. A second call does nothing."""
        if self._session is not None and not self._session.closed:
            await self._session.close()
        if self.account.credential is not None:
            await self.account.credential.close()
