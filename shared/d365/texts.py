"""The texts of D365 that we recognise: the decoder's table, the more telling first, "unknown" last.

Patterns see normalised texts (`shared.d365.decoder.normalised`): lower case, no quotes, ids, amounts and dates
as `#`. The texts here are those of data management, OData and throttling (D365 facts §4, §5). Sentences are for
the person who must act.
"""

from __future__ import annotations

from shared.d365.known import Known, data
from shared.d365.texts_posting import POSTING
from shared.d365.texts_validation import RULES
from shared.retail.reasons import D365_DATA, IT, RETAIL_SYSTEMS, SYSTEM

_SAME_AGAIN = "Nothing to do: it is tried again by itself."


def _system(code: str, reason: str, sentence: str, action: str, *patterns: str) -> Known:
    """D365 was busy or two jobs met; nothing was written."""
    return Known(code, reason, IT, SYSTEM, sentence, action, patterns, passes=True)


_PASSING = (
    _system(
        "throttled",
        "d365_throttled",
        "D365 was short of resources and asked us to slow down.",
        _SAME_AGAIN,
        r"system experiencing high resource utilization",
        r"too many requests",
        r"number of requests exceeded",
        r"combined execution time of incoming requests exceeded",
        r"number of concurrent requests exceeded",
    ),
    _system(
        "update_conflict",
        "d365_silent",
        "Two jobs in D365 wanted the same record at the same moment.",
        _SAME_AGAIN,
        r"update conflict occurred",
        r"another user (process )?(has )?(deleted|changed|updated) the (record|selection)",
    ),
    _system(
        "deadlock",
        "d365_silent",
        "D365's database stopped one of two jobs that waited for each other.",
        _SAME_AGAIN,
        r"\bdeadlock",
        r"chosen as the deadlock victim",
    ),
    _system(
        "import_running",
        "d365_import_running",
        "Another import runs in this D365 environment.",
        "Nothing to do: it is waited for.",
        r"(another|an) (import|execution|job) (is|was) (already )?(running|in progress|executing)",
        r"(already|currently) (being executed|executing)",
        r"(cannot be (called|run|executed)|must not run) in parallel",
    ),
    _system(
        "upload_expired",
        "d365_silent",
        "The upload address had expired before D365 fetched the package.",
        "Nothing to do: a new address is asked for.",
        r"server failed to authenticate the request",
        r"(?<!digital )signature (has )?expired",
        r"sas (token|url) (has |is )?expired",
    ),
)

_IMPORT = (
    data(
        "not_in_related_table",
        RETAIL_SYSTEMS,
        "The receipt names something that D365 does not have.",
        "Create it in D365 or correct the mapping, then release.",
        r"is not found in the related table",
        r"matching record with key .{0,200}does not exist",
    ),
    data(
        "field_missing",
        IT,
        "A field that D365 needs was empty.",
        "Correct the mapping that fills it, then release.",
        r"must be filled in",
        r"field .{0,80}must be specified",
        r"field .{0,80}is mandatory",
    ),
    data(
        "entity_unknown",
        IT,
        "The D365 environment does not know one of the entities we send.",
        "Have the data project and the release checked: the entity's label must exist there.",
        r"entity .{0,80}does not exist in the target environment",
    ),
    data(
        "file_not_unicode",
        IT,
        "D365 could not read a file of the package.",
        "Check the data project's source format: it must be CSV-Unicode.",
        r"selected file is not unicode",
    ),
    data(
        "mapping_incorrect",
        IT,
        "D365's data project does not map a column we send.",
        "Have the data project's mapping renewed.",
        r"the mapping is incorrect for entity",
    ),
    data(
        "data_project_missing",
        IT,
        "The D365 data project does not exist.",
        "Create the data project in D365, or correct its name in the settings.",
        r"(data project|definition group|processing group) .{0,80}(does not|doesn't) exist",
        r"definition group .{0,80}not found",
    ),
    data(
        "value_too_long",
        IT,
        "A value was longer than its field in D365.",
        "Shorten it in the mapping, then release.",
        r"exceeds the (maximum|allowed) length",
        r"string or binary data would be truncated",
    ),
    data(
        "already_there",
        IT,
        "D365 already has a record under this key.",
        "Nothing to do: it is read back and compared.",
        r"the record already exists",
    ),
)

_UNKNOWN = Known(
    "d365_refused",
    "d365_refused",
    IT,
    D365_DATA,
    "D365 refused in words that are not recognised yet.",
    "Read D365's words with the D365 team, put the data right, then release.",
    (),
)

TEXTS: tuple[Known, ...] = (*_PASSING, *POSTING, *RULES, *_IMPORT, _UNKNOWN)
