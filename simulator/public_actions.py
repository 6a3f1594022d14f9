"""The actions that an environment says it has: their set, parameters with types, and what they give.

Those of the package interface are D365 facts §4; the versions are asked for as the independent client d365fo-client does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

APPLICATION_VERSION, PLATFORM_BUILD_VERSION = "10.0.2177.31", "7.0.7690.16"
_PACKAGES = ("DataManagementDefinitionGroups", "DataManagementDefinitionGroup")
_ENTITIES = ("DataManagementEntities", "DataManagementEntity")


@dataclass(frozen=True, slots=True)
class BoundAction:
    """One action. parameters: name to Edm type; optional: those that may be left out."""

    name: str
    odata_set: str
    entity_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    returns: str = "String"


def _package(name: str, text: str = "", *, optional: str = "", returns: str = "String") -> BoundAction:
    """Read `name` or `name:Type` words; without a type it is a text."""
    parameters = {
        word.partition(":")[0]: word.partition(":")[2] or "String" for word in f"{text} {optional}".split()
    }
    names = frozenset(word.partition(":")[0] for word in optional.split())
    return BoundAction(name, *_PACKAGES, parameters, names, returns)


_IMPORT = "packageUrl definitionGroupId executionId execute:Boolean overwrite:Boolean legalEntityId"
_ASYNC_ONLY = "failOnError:Boolean runAsyncWithoutBatch:Boolean thresholdToRunInBatch:Int32"
BOUND_ACTIONS = (
    _package("GetAzureWriteUrl", "uniqueFileName"),
    _package("ImportFromPackage", _IMPORT),
    _package("ImportFromPackageAsync", _IMPORT, optional=_ASYNC_ONLY),
    _package("GetExecutionSummaryStatus", "executionId"),
    _package("GetEntityExecutionSummaryStatusList", "executionId"),
    _package("GetExecutionErrors", "executionId"),
    _package("GetImportStagingErrorFileUrl", "executionId entityName"),
    _package("GenerateImportTargetErrorKeysFile", "executionId entityName", returns="Boolean"),
    _package("GetImportTargetErrorKeysFileUrl", "executionId entityName"),
    _package("GetExecutionSummaryPageUrl", "executionId"),
    _package("DeleteExecutionHistoryJob", "executionId"),
    _package("ExportToPackage", "definitionGroupId packageName executionId reExecute:Boolean legalEntityId"),
    _package("ExportFromPackage", _IMPORT),
    _package("GetExportedPackageUrl", "executionId"),
    _package("GetMessageStatus", "messageId"),
    BoundAction("GetApplicationVersion", *_ENTITIES),
    BoundAction("GetPlatformBuildVersion", *_ENTITIES),
    BoundAction("GetApplicationBuildVersion", *_ENTITIES),
)
ACTIONS = {(one.odata_set, one.name): one for one in BOUND_ACTIONS}
PACKAGE_ACTIONS = {one.name: one for one in BOUND_ACTIONS if one.odata_set == _PACKAGES[0]}
VERSIONS = {
    "GetApplicationVersion": APPLICATION_VERSION,
    "GetPlatformBuildVersion": PLATFORM_BUILD_VERSION,
    "GetApplicationBuildVersion": APPLICATION_VERSION,
}
