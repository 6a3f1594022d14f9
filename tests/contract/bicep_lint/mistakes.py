"""The mistakes that prove the lint: one edit to one file each, by the kind of finding it has to give."""

from collections.abc import Mapping
from dataclasses import dataclass

from .findings import Kind


@dataclass(frozen=True, slots=True)
class Mistake:
    """In `file`, `right` becomes `wrong` wherever it stands."""

    name: str
    file: str
    right: str
    wrong: str


MISTAKES: Mapping[Kind, tuple[Mistake, ...]] = {
    Kind.SYNTAX: (
        Mistake("a brace is missing", "app/identity.bicep", "tags: tags\n}", "tags: tags\n"),
        Mistake("a quote is missing", "app/identity.bicep", "@2023-01-31'", "@2023-01-31"),
        Mistake("a colon is missing", "app/vault.bicep", "sku: {", "sku {"),
    ),
    Kind.DECLARED_TWICE: (
        Mistake("a name is declared twice", "app/vault.bicep", "param tags object", "param name object"),
        Mistake("a property stands twice", "app/vault.bicep", "family: 'A'", "name: 'standard'"),
    ),
    Kind.UNDEFINED: (
        Mistake("a symbol is misspelt", "app/vault.bicep", "location: location", "location: locaton"),
        Mistake("a loop name is misspelt", "app/storage.bicep", "name: queueName\n", "name: queueNam\n"),
        Mistake(
            "a loop name is used outside",
            "app/storage.bicep",
            "name: packageContainer\n",
            "name: tableName\n",
        ),
        Mistake("a function is misspelt", "app/access.bicep", "guid(vault.id, app", "giud(vault.id, app"),
        Mistake("a decorator is misspelt", "main.bicep", "@maxLength(40)", "@maxLenght(40)"),
        Mistake("a module has no such output", "main.bicep", "vault.outputs.name", "vault.outputs.nam"),
        Mistake("a resource has no such value", "app/vault.bicep", "= vault.name", "= vault.nmae"),
        Mistake("an endpoint is misspelt", "app/function.bicep", "Endpoints.queue", "Endpoints.queues"),
    ),
    Kind.UNUSED: (
        Mistake("a parameter is not used", "app/vault.bicep", "tags: tags", "tags: {}"),
        Mistake(
            "a variable is not used", "app/alerts.bicep", "actionGroups: actionGroups", "actionGroups: []"
        ),
        Mistake(
            "an existing resource is not used",
            "app/function.bicep",
            "appInsights.properties.ConnectionString",
            "''",
        ),
    ),
    Kind.MISSING_MODULE: (
        Mistake("a module file is not there", "main.bicep", "'app/vault.bicep'", "'app/valt.bicep'"),
    ),
    Kind.MISSING_PARAMETER: (
        Mistake("a parameter is not given", "main.bicep", "    d365Url: d365Url\n", ""),
    ),
    Kind.UNKNOWN_PARAMETER: (Mistake("a parameter is not known", "main.bicep", "planName:", "plamName:"),),
    Kind.UNKNOWN_PROPERTY: (
        Mistake(
            "a module has a stray key", "main.bicep", "name: 'vault'", "name: 'vault'\n  location: location"
        ),
        Mistake(
            "a property of the app is misspelt", "app/function.bicep", "instanceMemoryMB:", "instanceMemory:"
        ),
        Mistake(
            "a property of storage is misspelt",
            "app/storage.bicep",
            "allowSharedKeyAccess",
            "allowSharedKeysAccess",
        ),
        Mistake(
            "a property of the vault is misspelt",
            "app/vault.bicep",
            "enablePurgeProtection",
            "purgeProtection",
        ),
        Mistake("a property of an alert is misspelt", "app/alerts.bicep", "windowSize:", "window:"),
        Mistake("a property of a role is misspelt", "app/access.bicep", "principalType:", "principleType:"),
        Mistake(
            "a property of the workspace is misspelt",
            "app/monitoring.bicep",
            "retentionInDays:",
            "retentionDays:",
        ),
        Mistake(
            "a property of a diagnostic setting is misspelt", "app/vault.bicep", "category:", "categories:"
        ),
        Mistake("a property of a lock is misspelt", "app/storage.bicep", "notes:", "note:"),
    ),
    Kind.UNKNOWN_RESOURCE: (
        Mistake("a resource type is misspelt", "app/vault.bicep", "KeyVault/vaults", "KeyVault/vault"),
        Mistake(
            "a version does not exist", "app/function.bicep", "Web/sites@2024-04-01", "Web/sites@2024-04-31"
        ),
    ),
    Kind.MISSING_PROPERTY: (
        Mistake("a required property is not there", "app/storage.bicep", "  kind: 'StorageV2'\n", ""),
        Mistake("a resource has no name", "app/vault.bicep", "  name: 'to-workspace'\n", ""),
    ),
    Kind.WRONG_TYPE: (
        Mistake("a text stands for a number", "app/function.bicep", "MB: 2048", "MB: '2048'"),
        Mistake("a number stands for a text", "app/function.bicep", "version: '3.13'", "version: 3"),
        Mistake("a text stands for a flag", "app/function.bicep", "httpsOnly: true", "httpsOnly: 'true'"),
        Mistake(
            "a text stands for a list",
            "app/alerts.bicep",
            "actionGroups: actionGroups",
            "actionGroups: actionGroupId",
        ),
        Mistake("an app setting is a number", "app/function.bicep", "string(graceMinutes)", "graceMinutes"),
        Mistake(
            "a parameter gets the wrong type",
            "main.bicep",
            "graceMinutes: graceMinutes",
            "graceMinutes: '60'",
        ),
        Mistake(
            "a parameter gets the wrong symbol",
            "main.bicep",
            "settleSeconds: settleSeconds",
            "settleSeconds: location",
        ),
        Mistake("a default has the wrong type", "main.bicep", "int = 40", "int = '40'"),
        Mistake("an output has the wrong type", "app/vault.bicep", "output name string", "output name int"),
    ),
    Kind.WRONG_VALUE: (
        Mistake("the runtime is misspelt", "app/function.bicep", "name: 'python'", "name: 'pyton'"),
        Mistake("the TLS version is misspelt", "app/storage.bicep", "'TLS1_2'", "'TLS12'"),
        Mistake(
            "the sku of the vault is misspelt", "app/vault.bicep", "name: 'standard'", "name: 'Standart'"
        ),
        Mistake("the operator of an alert is misspelt", "app/alerts.bicep", "'LessThan'", "'Below'"),
        Mistake(
            "a default is not among the allowed", "main.bicep", "string = 'test'", "string = 'simulation'"
        ),
    ),
    Kind.UNKNOWN_ROLE: (
        Mistake("a role id has a typing error", "app/access.bicep", "'b7e6dc6d-", "'b7e6dc6e-"),
        Mistake(
            "two role ids are swapped",
            "app/access.bicep",
            "19e7f393-937e-4f77-808e-94535e297925",
            "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        ),
    ),
}
