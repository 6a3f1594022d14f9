"""Tables and queues: rows and their codecs, the protocol both twins keep, Azure's adapters, and the twins in memory."""

from shared.storage.opening import open_storage
from shared.storage.protocols import (
    Condition,
    Insert,
    Operation,
    Queue,
    Remove,
    Replace,
    Row,
    Table,
    Upsert,
    Value,
)
from shared.storage.tables import QUEUE_NAMES, TABLE_NAMES, Queues, Tables

__all__ = [
    "QUEUE_NAMES",
    "TABLE_NAMES",
    "Condition",
    "Insert",
    "Operation",
    "Queue",
    "Queues",
    "Remove",
    "Replace",
    "Row",
    "Table",
    "Tables",
    "Upsert",
    "Value",
    "open_storage",
]
