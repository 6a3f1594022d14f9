"""Drives an environment with d365fo-client, a client that others wrote, and says on stdout what it saw, as one JSON line.

Runs in a virtual environment of its own: `independent_client.py URL KEY-OF-COMPANY FOLDER`; imports nothing of the project.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from d365fo_client import FOClient
from d365fo_client.models import FOClientConfig, QueryOptions

SETS = "RetailTransactions"
KEY = {"dataAreaId": "usrt", "TransactionNumber": "IC-1", "OperatingUnitNumber": "OU367", "Terminal": "367-1"}
ROW = {
    **KEY, "TransactionType": "Sales", "TransactionStatus": "None", "RreceiptId": "IC-0001", "Currency": "USD",
    "businessDate": "2017-12-23T12:00:00Z", "TransactionDate": "2017-12-23T12:00:00Z", "TransactionTime": 36000,
    "GrossAmount": -24.5, "NumberOfPaymentLines": 1, "SaleIsReturnSale": "No", "Comment": "first",
}  # fmt: skip
LINE_KEY = {
    "dataAreaId": "usrt", "Terminal": "367-1", "TransactionNumber": "367-1-17", "LineNumber": 1, "OperatingUnitNumber": "OU367",
}  # fmt: skip


async def main() -> None:
    """Ask everything, one thing after the other."""
    config = FOClientConfig(
        base_url=sys.argv[1], verify_ssl=True, enable_metadata_cache=False, use_label_cache=False,
        use_cache_first=False, metadata_cache_dir=sys.argv[2],
    )  # fmt: skip
    async with FOClient(config) as client:
        seen = {
            "metadata": await metadata(client),
            "reads": await reads(client),
            "writes": await writes(client),
        }
        seen["actions"] = await actions(client)
    print("SEEN " + json.dumps(seen, default=str))


async def metadata(client: FOClient) -> dict[str, Any]:
    """Ask what the environment looks like."""
    header = await client.get_public_entity_info("RetailTransaction", use_cache_first=False)
    enumeration = await client.get_public_enumeration_info("RetailPosBatchStatus", use_cache_first=False)
    found = await client.search_data_entities("retailtransactionsalesline", use_cache_first=False)
    return {
        "connects": [await client.test_connection(), await client.test_metadata_connection()],
        "header": [header.entity_set_name, header.label_text, header.is_read_only],
        "keys": [one.name for one in header.properties if one.is_key],
        "types": {
            one.name: [one.type_name, one.data_type]
            for one in header.properties
            if one.name in ("GrossAmount", "businessDate", "TransactionTime", "BatchID", "SaleIsReturnSale")
        },
        "members": {one.name: one.value for one in enumeration.members},
        "found": [[one.name, one.public_collection_name] for one in found],
        "nothing": await client.get_public_entity_info("Nothing", use_cache_first=False),
        "read_only": [
            one.name for one in await client.search_public_entities("auditable", is_read_only=True, use_cache_first=False)
        ],
    }  # fmt: skip


async def reads(client: FOClient) -> dict[str, Any]:
    """Read with filters, by pages and by key."""
    filtered = QueryOptions(
        filter="dataAreaId eq 'usrt' and TransactionNumber ne 'P-2' and GrossAmount lt 0", select=["TransactionNumber"],
        orderby=["TransactionNumber desc"], count=True,
    )  # fmt: skip
    found = await client.get_entities(SETS, filtered)
    pages = []
    for skip in range(0, 6, 2):
        options = QueryOptions(
            filter="dataAreaId eq 'usrt'",
            select=["TransactionNumber"],
            orderby=["TransactionNumber"],
            top=2,
            skip=skip,
        )
        page = await client.get_entities(SETS, options)
        pages.append([row["TransactionNumber"] for row in page["value"]])
    line = await client.get_entity_by_key(
        "RetailTransactionSalesLinesV2", LINE_KEY, select=["ItemId", "Quantity"]
    )
    wildcard = await client.get_entities(
        SETS,
        QueryOptions(
            filter="dataAreaId eq 'usrt' and TransactionNumber eq 'P-*'", select=["TransactionNumber"]
        ),
    )
    return {
        "filtered": [[row["TransactionNumber"] for row in found["value"]], found["@odata.count"]],
        "pages": pages,
        "line": [line["ItemId"], line["Quantity"]],
        "wildcard": len(wildcard["value"]),
        "wrong_filter": await said(client.get_entities(SETS, QueryOptions(filter="Coment eq 'x'"))),
    }


async def writes(client: FOClient) -> dict[str, Any]:
    """Create a row, read, change, delete it, and be refused."""
    created = await client.create_entity(SETS, ROW)
    again = await said(client.create_entity(SETS, ROW))
    changed = await client.update_entity(SETS, KEY, {"Comment": "second"})
    after = await client.get_entity_by_key(SETS, KEY)
    deleted = await client.delete_entity(SETS, KEY)
    return {
        "created": [created["RreceiptId"], created["GrossAmount"], "@odata.etag" in created],
        "again": again,
        "changed": changed,
        "after": [after["Comment"], after["GrossAmount"], after["businessDate"], after["SaleIsReturnSale"]],
        "deleted": deleted,
        "gone": await client.get_entity_by_key(SETS, KEY),
        "read_only": await said(client.create_entity("RetailTransactionsAuditable", {})),
        "refused": await said(client.create_entity(SETS, {**ROW, "Terminal": "nowhere"})),
    }


async def actions(client: FOClient) -> dict[str, Any]:
    """Call actions bound to sets."""
    groups = "DataManagementDefinitionGroups"
    address = await client.call_action("GetAzureWriteUrl", {"uniqueFileName": "independent.zip"}, groups)
    known = await client.search_actions("^GetExecution", use_cache_first=False)
    return {
        "version": [await client.get_application_version(), await client.get_platform_build_version()],
        "address": sorted(json.loads(address["value"])),
        "unknown_execution": await said(
            client.call_action("GetExecutionSummaryStatus", {"executionId": "none"}, groups)
        ),
        "known": sorted(one.name for one in known),
    }


async def said(call: Any) -> str:
    """Give what the client says about a call that is refused; "" where it is not."""
    try:
        await call
    except Exception as error:  # noqa: BLE001 - the client's own errors have no common ground
        return str(error)
    return ""


if __name__ == "__main__":
    asyncio.run(main())
