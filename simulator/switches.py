"""Where D365 leaves a question open, the answer is a switch. The default is the worst case."""

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
    "tender_declaration_insert": ("refuse", "accept"),
    "metadata_lengths": ("state", "omit"),
}


@dataclass(frozen=True, slots=True)
class Switches:
    """Behaviour nobody could confirm, and the speed of things. Seconds are of the simulator's own clock.

    posted_row_sent_again: what a write to a receipt in a posted statement does. start_seconds: until an import starts;
    queued_seconds: how long it then is NotRun. error_keys_seconds: how long the file of failed keys takes.
    number_of_items: sizes of quantities added up, or quantities with their sign. tax_sign: taxes have the net amount's sign,
    or are positive on a sale. open_shift: an open shift holds its day's financial statement, or is left to a later one.
    missing_warehouse: a sales line without one stops its order, or moves its store's stock.
    metadata_lengths: whether `$metadata` states how long texts may be (an observed one does not).
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
    tender_declaration_insert: str = "refuse"
    metadata_lengths: str = "state"
    sas_seconds: int = 3600
    start_seconds: int = 2
    queued_seconds: int = 1
    error_keys_seconds: int = 1

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
