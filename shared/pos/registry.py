"""The POS adapters by name. A kept document names its adapter; a new vendor is one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shared.pos.adapter import Adapter
from shared.pos.canonical import CanonicalAdapter
from shared.pos.csv_receipts import CsvAdapter
from shared.pos.lightspeed import LightspeedAdapter
from shared.pos.poslog import PoslogAdapter
from shared.pos.shopify import ShopifyAdapter
from shared.pos.square import SquareAdapter

_ALL: tuple[Adapter, ...] = (
    CanonicalAdapter(),
    CsvAdapter(),
    PoslogAdapter(),
    SquareAdapter(),
    LightspeedAdapter(),
    ShopifyAdapter(),
)
_BY_NAME = {one.name: one for one in _ALL}
ADAPTERS: Mapping[str, Adapter] = MappingProxyType(_BY_NAME)
