"""Where D365 leaves a question open, the answer is a switch. The default is the worst case, unless it says so."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

CHOICES = {
    "posted_row_sent_again": ("reopen", "refuse", "ignore"),
    "repeated_execution_id": ("run", "refuse"),
    "child_without_header": ("refuse", "accept"),
    "empty_tax_intersection": ("refuse", "accept"),
    "failed_validation_word": ("Error", "Failed"),
    "posted_header_status": ("Posted", "None"),
    "number_of_items": ("magnitude", "sum"),
    "tax_sign": ("net", "positive"),
    "discount_sign_on_returns": ("negative", "positive"),
    "open_shift": ("hold", "leave_out"),
    "missing_warehouse": ("refuse", "store"),
    "statement_of_shift": ("hidden", "shown"),
    "tender_declaration_insert": ("refuse", "accept"),
    "metadata_lengths": ("state", "omit"),
    "validation_during_import": ("runs", "waits"),
    "address_checked": ("import", "import_and_start", "never"),
    "parallel_import": ("refuse", "both_fail"),
    "restart_leaves_import": ("Unknown", "Failed", "Executing"),
    "write_failure_status": ("as_seen", "400", "500"),
    "errors_name_keys": ("no", "yes"),
    "error_keys_file": ("keys", "never"),
    "application_user": ("mapped", "missing_403", "missing_401"),
    "unauthorized_body": ("empty", "json", "html"),
    "placeholder_sign_in_of_d365fo_client": ("refuse", "accept"),
}
WEEK_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Switches:
    """Behaviour nobody could confirm, and the speed of things. Seconds are of the simulator's own clock.

    posted_row_sent_again: what a write to a receipt in a posted statement does.
    validation_during_import: whether headquarters' job judges receipts of which only a part has landed.
    address_checked: when a package's address must be good; the worst case for us is that a start long after still counts,
        `never` stands for an environment that reads its own blobs without looking at the signature.
    parallel_import: whether a second import also ends the one that runs; refusing cleanly is what the facts say.
    restart_leaves_import: what an import is called that was running when the service went down.
    write_failure_status: `as_seen` is 400, and 500 for a row that is there already inside a batch.
    errors_name_keys: whether messages about rows say which. error_keys_file: whether that file ever comes.
    metadata_lengths: whether `$metadata` states how long texts may be; an observed one does not, ours does by default.
    placeholder_sign_in_of_d365fo_client: for the test with that client only, which skips sign-in on localhost.
    start_seconds: until an import starts; queued_seconds: how long it then is NotRun; seconds_between_levels: how long it
    rests before each further level. error_keys_seconds: how long the file of failed keys takes. history_seconds: how long
    executions and blobs are kept. token_seconds: how long a token is good, in real time.
    number_of_items: sizes of quantities added up, or quantities with their sign. tax_sign: taxes have the net amount's sign,
    or are positive on a sale. open_shift: an open shift holds its day's financial statement, or is left to a later one.
    missing_warehouse: a sales line without one stops its order, or moves its store's stock.
    statement_of_shift: whether the set of shifts shows in which statement a shift is.
    """

    posted_row_sent_again: str = "reopen"
    repeated_execution_id: str = "run"
    child_without_header: str = "refuse"
    empty_tax_intersection: str = "refuse"
    failed_validation_word: str = "Error"
    posted_header_status: str = "Posted"
    number_of_items: str = "magnitude"
    tax_sign: str = "net"
    discount_sign_on_returns: str = "negative"
    open_shift: str = "hold"
    missing_warehouse: str = "refuse"
    statement_of_shift: str = "hidden"
    tender_declaration_insert: str = "refuse"
    metadata_lengths: str = "state"
    validation_during_import: str = "runs"
    address_checked: str = "import"
    parallel_import: str = "refuse"
    restart_leaves_import: str = "Unknown"
    write_failure_status: str = "as_seen"
    errors_name_keys: str = "no"
    error_keys_file: str = "keys"
    application_user: str = "mapped"
    unauthorized_body: str = "empty"
    placeholder_sign_in_of_d365fo_client: str = "refuse"
    sas_seconds: int = 3600
    start_seconds: int = 2
    queued_seconds: int = 1
    seconds_between_levels: int = 0
    error_keys_seconds: int = 1
    history_seconds: int = WEEK_SECONDS
    token_seconds: int = 3600

    def changed(self, changes: dict[str, object]) -> Switches:
        """Give switches with some set.

        Raises:
            ValueError: an unknown switch or setting.
        """
        known = {one.name for one in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no switch {name}")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}")
            if name not in CHOICES and (not isinstance(value, int) or value < 0):
                raise ValueError(f"{name} is a number of seconds")
        return replace(self, **changes)  # type: ignore[arg-type]  # names and values were checked above
