"""What Azure expects of each resource type in use, and what may be read from it.

Microsoft.Web and Microsoft.Storage come from the models in azure-mgmt-web and azure-mgmt-storage. The rest is
written by hand after the template reference (learn.microsoft.com/azure/templates), with only what is in use
or likely to be. A type or version that is not here is a finding: look it up before adding it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from azure.mgmt.storage import types as storage
from azure.mgmt.web import types as web

from .shapes import FLAG, TEXT, WHOLE, Fields, Many, Model, Named, Shape, fields, one_of

# Keys of the Bicep language itself, on any resource.
LANGUAGE_KEYS = frozenset({"name", "parent", "scope", "dependsOn"})

_TAGS = Named(TEXT)
_LOG = fields("enabled", category=TEXT, categoryGroup=TEXT, enabled=FLAG)
_METRIC = fields("enabled", category=TEXT, enabled=FLAG)
_DIAGNOSTICS = fields(
    properties=fields(
        workspaceId=TEXT,
        storageAccountId=TEXT,
        logAnalyticsDestinationType=one_of("Dedicated", "AzureDiagnostics"),
        logs=Many(_LOG),
        metrics=Many(_METRIC),
    )
)
_VAULT = fields(
    "location properties",
    location=TEXT,
    tags=_TAGS,
    properties=fields(
        "tenantId sku",
        tenantId=TEXT,
        sku=fields("family name", family=one_of("A"), name=one_of("standard", "premium")),
        enableRbacAuthorization=FLAG,
        enableSoftDelete=FLAG,
        softDeleteRetentionInDays=WHOLE,
        enablePurgeProtection=FLAG,
        enabledForDeployment=FLAG,
        enabledForTemplateDeployment=FLAG,
        publicNetworkAccess=TEXT,
        networkAcls=fields(
            bypass=one_of("AzureServices", "None"),
            defaultAction=one_of("Allow", "Deny"),
            ipRules=Many(fields("value", value=TEXT)),
        ),
    ),
)
_WORKSPACE = fields(
    "location",
    location=TEXT,
    tags=_TAGS,
    properties=fields(
        sku=fields(
            "name",
            name=one_of("PerGB2018", "CapacityReservation", "Free", "Standalone", "PerNode"),
            capacityReservationLevel=WHOLE,
        ),
        retentionInDays=WHOLE,
        workspaceCapping=fields(dailyQuotaGb=WHOLE),
        publicNetworkAccessForIngestion=one_of("Enabled", "Disabled"),
        publicNetworkAccessForQuery=one_of("Enabled", "Disabled"),
        features=fields(
            disableLocalAuth=FLAG,
            enableLogAccessUsingOnlyResourcePermissions=FLAG,
            enableDataExport=FLAG,
            immediatePurgeDataOn30Days=FLAG,
        ),
    ),
)
_APP_INSIGHTS = fields(
    "location kind",
    location=TEXT,
    tags=_TAGS,
    kind=TEXT,
    properties=fields(
        "Application_Type",
        Application_Type=one_of("web", "other"),
        WorkspaceResourceId=TEXT,
        DisableLocalAuth=FLAG,
        DisableIpMasking=FLAG,
        IngestionMode=one_of(
            "ApplicationInsights", "ApplicationInsightsWithDiagnosticSettings", "LogAnalytics"
        ),
        RetentionInDays=WHOLE,
        SamplingPercentage=WHOLE,
        publicNetworkAccessForIngestion=one_of("Enabled", "Disabled"),
        publicNetworkAccessForQuery=one_of("Enabled", "Disabled"),
    ),
)
_CONDITION = fields(
    "query timeAggregation operator threshold",
    query=TEXT,
    timeAggregation=one_of("Average", "Count", "Maximum", "Minimum", "Total"),
    metricMeasureColumn=TEXT,
    resourceIdColumn=TEXT,
    operator=one_of("Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"),
    threshold=WHOLE,
    dimensions=Many(
        fields("name operator values", name=TEXT, operator=one_of("Include", "Exclude"), values=Many(TEXT))
    ),
    failingPeriods=fields(numberOfEvaluationPeriods=WHOLE, minFailingPeriodsToAlert=WHOLE),
)
_LOG_ALERT = fields(
    "location properties",
    location=TEXT,
    tags=_TAGS,
    kind=one_of("LogAlert", "LogToMetric"),
    properties=fields(
        "scopes criteria enabled",
        displayName=TEXT,
        description=TEXT,
        severity=WHOLE,
        enabled=FLAG,
        scopes=Many(TEXT),
        targetResourceTypes=Many(TEXT),
        evaluationFrequency=TEXT,
        windowSize=TEXT,
        overrideQueryTimeRange=TEXT,
        muteActionsDuration=TEXT,
        skipQueryValidation=FLAG,
        checkWorkspaceAlertsStorageConfigured=FLAG,
        autoMitigate=FLAG,
        criteria=fields("allOf", allOf=Many(_CONDITION)),
        actions=fields(actionGroups=Many(TEXT), customProperties=Named(TEXT)),
    ),
)
_ROLE_ASSIGNMENT = fields(
    "properties",
    properties=fields(
        "roleDefinitionId principalId",
        roleDefinitionId=TEXT,
        principalId=TEXT,
        principalType=one_of("Device", "ForeignGroup", "Group", "ServicePrincipal", "User"),
        description=TEXT,
        condition=TEXT,
        conditionVersion=TEXT,
    ),
)
_LOCK = fields("properties", properties=fields("level", level=one_of("CanNotDelete", "ReadOnly"), notes=TEXT))
_NAMED_AND_PLACED = fields("location", location=TEXT, tags=_TAGS)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource type: its shape when written, and the paths under `properties` that others may read."""

    version: str
    shape: Fields | Model
    readable: frozenset[str] = frozenset()


_ACCOUNT_READABLE = frozenset({"primaryEndpoints.blob", "primaryEndpoints.queue", "primaryEndpoints.table"})
_STORAGE = "2024-01-01"
_WEB = "2024-04-01"

RESOURCES: Mapping[str, Resource] = {
    "Microsoft.Authorization/locks": Resource("2020-05-01", _LOCK),
    "Microsoft.Authorization/roleAssignments": Resource("2022-04-01", _ROLE_ASSIGNMENT),
    "Microsoft.Insights/components": Resource("2020-02-02", _APP_INSIGHTS, frozenset({"ConnectionString"})),
    "Microsoft.Insights/diagnosticSettings": Resource("2021-05-01-preview", _DIAGNOSTICS),
    "Microsoft.Insights/scheduledQueryRules": Resource("2022-06-15", _LOG_ALERT),
    "Microsoft.KeyVault/vaults": Resource("2023-07-01", _VAULT, frozenset({"vaultUri"})),
    "Microsoft.ManagedIdentity/userAssignedIdentities": Resource(
        "2023-01-31", _NAMED_AND_PLACED, frozenset({"clientId", "principalId", "tenantId"})
    ),
    "Microsoft.OperationalInsights/workspaces": Resource("2022-10-01", _WORKSPACE, frozenset({"customerId"})),
    "Microsoft.Resources/resourceGroups": Resource("2024-03-01", _NAMED_AND_PLACED),
    "Microsoft.Storage/storageAccounts": Resource(
        _STORAGE, Model(storage.StorageAccountCreateParameters), _ACCOUNT_READABLE
    ),
    "Microsoft.Storage/storageAccounts/blobServices": Resource(
        _STORAGE, Model(storage.BlobServiceProperties)
    ),
    "Microsoft.Storage/storageAccounts/blobServices/containers": Resource(
        _STORAGE, Model(storage.BlobContainer)
    ),
    "Microsoft.Storage/storageAccounts/queueServices": Resource(
        _STORAGE, Model(storage.QueueServiceProperties)
    ),
    "Microsoft.Storage/storageAccounts/queueServices/queues": Resource(_STORAGE, Model(storage.StorageQueue)),
    "Microsoft.Storage/storageAccounts/tableServices": Resource(
        _STORAGE, Model(storage.TableServiceProperties)
    ),
    "Microsoft.Storage/storageAccounts/tableServices/tables": Resource(_STORAGE, Model(storage.Table)),
    "Microsoft.Web/serverfarms": Resource(_WEB, Model(web.AppServicePlan)),
    "Microsoft.Web/sites": Resource(_WEB, Model(web.Site), frozenset({"defaultHostName"})),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": Resource(
        _WEB, Model(web.CsmPublishingCredentialsPoliciesEntity)
    ),
    # Of the many configurations of a site only the application settings are in use.
    "Microsoft.Web/sites/config": Resource(_WEB, Model(web.StringDictionary)),
}

# Ids of Azure's built-in roles (learn.microsoft.com/azure/role-based-access-control/built-in-roles), by the
# name of the variable that must hold them: a right id under a wrong name gives a wrong right.
BUILT_IN_ROLES: Mapping[str, str] = {
    "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageQueueDataReader": "19e7f393-937e-4f77-808e-94535e297925",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "storageTableDataReader": "76199698-9eea-4c19-bc75-cec21354c6b6",
}


def shape_of(resource: Resource) -> Shape:
    """The resource's own shape with the keys of the language taken out of what is required."""
    known = resource.shape.fields() if isinstance(resource.shape, Model) else resource.shape
    return Fields(known.shapes, known.required - LANGUAGE_KEYS)
