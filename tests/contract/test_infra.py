"""The infrastructure is what the code expects, and the lint that says so catches what it claims to catch.

There is no Bicep compiler on the machines these tests run on; docs/deploy.md says what that leaves open.
"""

import ast
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tree_sitter import Node

from shared.settings import SETTING_NAMES
from tests.contract.bicep_lint import Kind, lint_folder
from tests.contract.bicep_lint.mistakes import MISTAKES, Mistake
from tests.contract.bicep_lint.syntax import Document, literal, properties, read_document, walk, words

PROJECT = Path(__file__).parents[2]
INFRA = PROJECT / "infra"

# Settings a developer's machine or the simulation needs and the cloud must not have. Storage is opened with a
# connection string there, and with addresses and an identity in the cloud.
LOCAL_ONLY = {
    "TILLPOST_STORAGE",
    "TILLPOST_CLOCK_START",
    "TILLPOST_CLOCK_ANCHOR",
    "TILLPOST_CLOCK_SPEED",
    "D365_CA_FILE",
}
# Settings of the local host itself, which the app never reads.
HOST_ONLY = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}
# Settings of the platform, which the app itself never reads.
PLATFORM_ONLY = {
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
# learn.microsoft.com/azure/azure-functions/functions-app-settings, "Flex Consumption plan deprecations".
REFUSED_BY_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "TZ",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "alwaysOn",
    "ftpsState",
    "functionAppScaleLimit",
    "linuxFxVersion",
    "minimumElasticInstanceCount",
    "preWarmedInstanceCount",
    "pythonVersion",
}


def test_the_lint_finds_nothing_in_the_real_files() -> None:
    assert [str(finding) for finding in lint_folder(INFRA)] == []


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [(kind, mistake) for kind, mistakes in MISTAKES.items() for mistake in mistakes],
    ids=lambda each: each.name if isinstance(each, Mistake) else str(each),
)
def test_the_lint_catches_it_when(kind: Kind, mistake: Mistake, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(INFRA, tmp_path / "infra"))
    file = copy / mistake.file
    text = file.read_text(encoding="utf-8")
    assert mistake.right in text, "the test no longer fits the file"
    file.write_text(text.replace(mistake.right, mistake.wrong), encoding="utf-8")

    assert kind in {finding.kind for finding in lint_folder(copy) if finding.path == file}


def test_each_kind_of_finding_is_proved_by_a_mistake() -> None:
    assert set(MISTAKES) == set(Kind)


def test_the_parameters_file_gives_every_parameter_and_in_the_right_type() -> None:
    declared = document("main.bicep").named("param")
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]

    assert set(given) == set(declared)
    python_types = {"string": str, "int": int, "bool": bool}
    for name, parameter in declared.items():
        assert type(given[name]["value"]) is python_types[parameter.declared_type], name


def test_the_parameters_file_repeats_the_defaults_of_the_template() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    for name, parameter in document("main.bicep").named("param").items():
        value = given[name]["value"]
        if parameter.value is None:
            assert re.fullmatch(r"\$\{\w+\}", value), f"{name} has no default, so azd has to ask for it"
            continue
        default = literal(parameter.value)
        written = re.sub(r"^\$\{\w+=(.*)\}$", r"\1", str(value))
        assert written == (words(parameter.value) if default is None else default), name


def test_azd_finds_the_app_by_the_name_of_the_service() -> None:
    services = re.findall(
        r"^  (\w+):$",
        (PROJECT / "azure.yaml").read_text(encoding="utf-8").partition("services:")[2],
        re.MULTILINE,
    )
    assert services == ["api"]
    assert "'azd-service-name': 'api'" in (INFRA / "app/function.bicep").read_text(encoding="utf-8")


def test_the_app_runs_on_flex_consumption_as_the_design_says() -> None:
    plan, app = values("app/function.bicep", "plan"), values("app/function.bicep", "app")
    assert (plan["sku.name"], plan["sku.tier"], plan["properties.reserved"]) == (
        "FC1",
        "FlexConsumption",
        "true",
    )
    config = {name.removeprefix("properties.functionAppConfig."): value for name, value in app.items()}
    assert (config["runtime.name"], config["runtime.version"]) == ("python", "3.13")
    assert config["scaleAndConcurrency.instanceMemoryMB"] == "2048"
    assert config["scaleAndConcurrency.triggers.http.perInstanceConcurrency"] == "16"
    assert config["deployment.storage.authentication.type"] == "UserAssignedIdentity"
    assert app["properties.httpsOnly"] == "true"


def test_nothing_is_set_that_flex_consumption_refuses() -> None:
    keys = {name for name, _ in keys_and_values(document("app/function.bicep").root)}
    assert keys & REFUSED_BY_FLEX == set()


@pytest.mark.parametrize("account", ["hostAccount", "dataAccount"])
def test_neither_storage_account_can_be_opened_with_a_key_or_read_in_public(account: str) -> None:
    found = values("app/storage.bicep", account)
    assert found["properties.allowSharedKeyAccess"] == "false"
    assert found["properties.allowBlobPublicAccess"] == "false"
    assert found["properties.minimumTlsVersion"] == "TLS1_2"


def test_the_vault_is_read_by_role_and_cannot_be_purged() -> None:
    vault = values("app/vault.bicep", "vault")
    assert vault["properties.enableRbacAuthorization"] == "true"
    assert vault["properties.enablePurgeProtection"] == "true"


def test_telemetry_is_only_taken_from_an_identity() -> None:
    assert values("app/monitoring.bicep", "appInsights")["properties.DisableLocalAuth"] == "true"
    assert "Authorization=AAD" in settings()["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]


def test_the_tables_and_queues_of_the_design_are_made() -> None:
    assert set(names_in("app/storage.bicep", "tableNames")) == {
        "transactions",
        "due",
        "packages",
        "causes",
        "storedays",
        "shifts",
        "statements",
        "mappings",
        "stores",
        "audit",
        "releases",
        "checks",
        "wanted",
    }
    assert set(names_in("app/storage.bicep", "queueNames")) == {
        "mapping-due",
        "mapping-due-poison",
        "posting-due",
        "posting-due-poison",
        "dead-letters",
    }


def test_secrets_come_from_the_vault_and_docs_say_how_to_set_them() -> None:
    guide = (PROJECT / "docs/deploy.md").read_text(encoding="utf-8")
    secrets = {
        "TILLPOST_SENDERS": "tillpost-senders",
        "TILLPOST_PEOPLE": "tillpost-people",
        "TILLPOST_KEYED_HASH_SECRET": "tillpost-keyed-hash-secret",
        "TILLPOST_ALERT_CHANNELS": "tillpost-alert-channels",
        "TILLPOST_VENDORS": "tillpost-vendors",
        "D365_CLIENT_SECRET": "d365-client-secret",
    }
    for setting, secret in secrets.items():
        assert settings()[setting] == f"'@Microsoft.KeyVault(SecretUri=${{secretUri}}{secret})'"
        assert f"--name {secret} " in guide


def test_docs_name_every_value_that_a_deployer_may_give() -> None:
    guide = (PROJECT / "docs/deploy.md").read_text(encoding="utf-8")
    for name in re.findall(r"\$\{(\w+)", (INFRA / "main.parameters.json").read_text(encoding="utf-8")):
        assert f"`{name}`" in guide, name


def test_settings_in_the_cloud_are_those_the_code_reads() -> None:
    assert set(settings()) >= PLATFORM_ONLY
    assert set(settings()) - PLATFORM_ONLY == set(SETTING_NAMES) - LOCAL_ONLY


def test_settings_in_the_sample_file_are_those_the_code_reads() -> None:
    sample = json.loads((PROJECT / "local.settings.sample.json").read_text(encoding="utf-8"))
    assert set(sample["Values"]) - HOST_ONLY == set(SETTING_NAMES)


def test_the_heartbeat_alert_watches_every_timer_and_nothing_else() -> None:
    timers = {
        node.name
        for node in ast.walk(function_app())
        if isinstance(node, ast.AsyncFunctionDef)
        and any("timer_trigger" in ast.dump(one) for one in node.decorator_list)
    }
    alerts = (INFRA / "app/alerts.bicep").read_text(encoding="utf-8")
    (listed,) = re.findall(r"OperationName in \(([^)]+)\) and Success == true", alerts)
    assert set(re.findall(r"\w+", listed)) == timers
    rule = alerts.partition("'tillpost-heartbeat-silent'")[2].partition("\nresource ")[0]
    assert re.findall(r"threshold: (\d+)", rule) == [str(len(timers))]


def test_every_queue_that_triggers_a_function_is_made() -> None:
    queues = {
        keyword.value.value
        for keyword in ast.walk(function_app())
        if isinstance(keyword, ast.keyword)
        and keyword.arg == "queue_name"
        and isinstance(keyword.value, ast.Constant)
    }
    assert queues <= set(names_in("app/storage.bicep", "queueNames"))


def document(name: str) -> Document:
    """Read one file of infra/ that is known to parse."""
    found, findings = read_document(INFRA / name)
    assert findings == []
    return found


def values(file: str, resource: str) -> dict[str, str]:
    """The values of a resource by dotted path; texts without their quotes, the rest as written."""
    body = document(file).named("resource")[resource].body
    assert body is not None
    return dict(flat(body, ""))


def flat(node: Node, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield (dotted path, value) of an object."""
    for name, _, value in properties(node):
        if value.type == "object":
            yield from flat(value, f"{prefix}{name}.")
        else:
            text = literal(value)
            yield f"{prefix}{name}", words(value) if text is None else text


def keys_and_values(node: Node) -> Iterator[tuple[str, str]]:
    """Yield (name, value as written) of every property anywhere under a node."""
    for each in walk(node):
        if each.type == "object":
            yield from ((name, words(value)) for name, _, value in properties(each) if name is not None)


def settings() -> dict[str, str]:
    """The application settings in Bicep, with their values as written."""
    found = document("app/function.bicep")
    nodes = [found.named("resource")["settings"].body, found.named("var")["clientSecretSetting"].value]
    texts = {name: value for node in nodes if node is not None for name, value in keys_and_values(node)}
    return {name: value for name, value in texts.items() if re.match(r"[A-Z]", name)}


def names_in(file: str, variable: str) -> list[str]:
    """The texts of an array variable."""
    found = document(file)
    value = found.named("var")[variable].value
    assert value is not None
    assert value.type == "array"
    return [literal(each) or "" for each in value.named_children]


def function_app() -> ast.Module:
    """The triggers, read and not imported."""
    return ast.parse((PROJECT / "function_app.py").read_text(encoding="utf-8"))
