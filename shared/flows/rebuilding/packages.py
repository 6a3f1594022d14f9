"""Build a package again as its last attempt sent it, and compare its bytes, its counts and its control totals."""

from __future__ import annotations

import json

from shared.errors import RejectedError
from shared.flows.posting.build import Material, content_of, mapped_again, mapped_shifts
from shared.flows.posting.conclude import control_text
from shared.flows.posting.material import material_of
from shared.flows.rebuilding.findings import Finding, differences
from shared.retail.status import Status
from shared.services import Services
from shared.storage.erasures import OPERATOR, is_gone
from shared.storage.packages import package_key, read_members, sent_members
from shared.storage.protocols import Row
from shared.storage.shifts import SENDING


async def rebuild_package(services: Services, package: str) -> tuple[list[Finding], str]:
    """Compare a package with what its members give today; also say why it cannot be compared, "" where it can."""
    environment = services.settings.d365.environment_id
    row = await services.tables.packages.read(environment, package_key(environment, package))
    if row is None:
        return [Finding("package", package, "its row", "there", "gone")], ""
    members = await read_members(services.tables.packages, environment, package)
    sent = sent_members(row, members)
    if sent is None:
        return [], "nothing of it was sent as a package"
    material = await material_of(services, sent)
    lost = len(sent) - len(material.receipts) - len(material.shift_rows)
    if lost:
        return [Finding("package", package, "receipts and shifts", str(len(sent)), str(len(sent) - lost))], ""
    moved = [one for one in (*material.receipts, *material.shift_rows) if one.text("Package") != package]
    if moved:
        return [], f"{len(moved)} of its receipts or shifts went on in another package since"
    gone = [one for one in material.receipts if is_gone(one)]
    if gone:
        return [], f"retention has let the documents of {len(gone)} of its receipts go"
    nameless = [one for one in material.receipts if one.flag(OPERATOR)]
    if nameless:
        return [], f"the cashiers of {len(nameless)} of its receipts were erased, and D365 was told of them"
    material.receipts = [one.with_values(Status=str(Status.SENDING)) for one in material.receipts]
    material.shift_rows = [one.with_values(Status=SENDING) for one in material.shift_rows]
    return await _compared(services, package, row, material), ""


async def _compared(services: Services, package: str, row: Row, material: Material) -> list[Finding]:
    good, bad = await services.in_thread(mapped_again, material)
    if bad:
        return [
            Finding(
                "package",
                package,
                "receipts that can be mapped again",
                str(len(good) + len(bad)),
                str(len(good)),
            )
        ]
    shifts = [shift for _, shift in mapped_shifts(material)]
    d365 = services.settings.d365
    try:
        built = await services.in_thread(content_of, d365, package, [one for _, one in good], shifts)
    except RejectedError as error:
        return [Finding("package", package, "content", f"none: {error}", "sent")]
    rebuilt = {"Sha256": built.sha256, "Rows": json.dumps(built.rows_by_entity)}
    fields = ["Sha256", "Rows"]
    if row.number("Attempt") == 1 and row.number("Receipts") == len(good):
        rebuilt["Control"] = control_text(built.control)
        fields.append("Control")
    return differences("package", package, rebuilt, row.values, fields)
