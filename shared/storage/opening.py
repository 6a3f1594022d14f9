"""Open an account's tables and queues, counted. Nothing is sent before the first request, and none is made here."""

from __future__ import annotations

from collections import Counter

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import ManagedIdentityCredential

from shared.storage.azure import AzureQueue, AzureTable, ensure_queues, ensure_tables
from shared.storage.connection import Connection, StorageSettings, account_of
from shared.storage.counting import CountingQueue, CountingTable
from shared.storage.tables import DEAD_LETTERS, Queues, Tables, queues_from, tables_from


def open_storage(
    settings: StorageSettings, credential: AsyncTokenCredential | None = None
) -> tuple[Tables, Queues, Counter[str]]:
    """Give tables, queues, and the count of requests by kind, over one connection; closing either closes it.

    Settings with service addresses instead of a connection string use `credential`, else the app's managed identity.

    Raises:
        SettingsError: the settings do not say where storage is.
    """
    if credential is None and not settings.connection_string:
        credential = ManagedIdentityCredential(client_id=settings.client_id or None)
    connection = Connection(account_of(settings, credential))
    calls: Counter[str] = Counter()
    tables = tables_from(
        lambda name: CountingTable(AzureTable(name, connection), calls),
        ensure_tables(connection),
        connection.close,
    )
    queues = queues_from(
        lambda name: CountingQueue(AzureQueue(name, connection, is_plain=name == DEAD_LETTERS), calls),
        ensure_queues(connection),
        connection.close,
    )
    return tables, queues, calls
