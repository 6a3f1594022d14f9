"""D365's texts: the real ones recognised whatever ids they hold, their neighbours not, the unknown kept."""

from __future__ import annotations

import random

import pytest

from shared.d365.decoder import UNKNOWN, decode, normalised
from shared.d365.texts import TEXTS
from shared.retail.reasons import D365_DATA, IT, OWNERS, REASONS, STORE_TIMING, SYSTEM, cause
from tests.unit.decoder_corpus import NEAR_MISSES as CORPUS_NEAR_MISSES
from tests.unit.decoder_corpus import PHRASINGS

CONTROLLER = "generic exception encountered in retail statement in the controller: "
INVOICED = (
    "While processing the state Customer order invoiced, " + CONTROLLER + "Posting Posting Sales order: "
)
CREATED = "While processing the state Customer order created, " + CONTROLLER

# Texts of Microsoft's support articles and forum, with ids put in. {0} is an id, {1} an amount, {2} a date.
POSTING = [
    (
        CREATED + "Inventory dimension Site is mandatory and must consequently be specified.",
        "site_missing", "retail_systems",
    ),
    (
        INVOICED + "Item: {0} Inventory dimension Location must be specified.",
        "warehouse_missing_in_d365", "retail_systems",
    ),
    (CREATED + "Batch number {0} isn't created for item number {0}.", "batch_number_missing", "retail_systems"),
    (INVOICED + "{0} Voucher {0} Period for {2} does not exist.", "period_closed", "finance"),
    (
        "Posting results for journal batch number {0} Voucher {0} Fiscal year for {2} does not exist.",
        "fiscal_year_missing", "finance",
    ),
    (
        "{1} cannot be picked because only {1} is/are available from the inventory",
        "stock_not_available", "retail_systems",
    ),
    (
        "Inventory value {1} is not expected after the proportional expense calculation",
        "moving_average_conflict", "finance",
    ),
    (
        ("The standard cost does not match with the financial inventory value after the update. "
         "Value = {1}, Qty = {1}, Standard cost = {1}"),
        "standard_cost_conflict", "finance",
    ),
    (
        INVOICED + "You must select a value in the Department field in combination with the following dimensions "
        + "values that are valid.",
        "dimension_combination", "finance",
    ),
    (
        ("Transaction state Customer order invoiced, the invoice couldn't be found for the manually invoiced sales "
         "order for this aggregation."),
        "invoice_not_found", "finance",
    ),
    ("Number sequence has been exceeded", "number_sequence_used_up", "it"),
    ("There must be a default payment service.", "payment_service_missing", "it"),
    ("Account structure, for the combination {0}--{0}-Sales, isn't valid.", "account_structure", "finance"),
    (
        ("The transactions on voucher {0} do not balance as per {2}. (accounting currency: {1} - reporting currency: "
         "{1})"),
        "voucher_unbalanced", "finance",
    ),
    ("Settlement of {0} was cancelled to avoid oversettlement.", "oversettlement", "finance"),
]  # fmt: skip
NEAR_MISSES = [
    "Inventory dimension Site is optional for this item.",
    "Inventory dimension Colour must be specified.",
    "Batch job 5637 isn't created yet.",
    "The period for payment is 30 days.",
    "The fiscal year for 2018 exists already.",
    "5 cannot be picked because the picking list is closed.",
    "Inventory value 5.00 is expected after the calculation.",
    "The standard cost matches.",
    "You must select a value in the Department field.",
    "The invoice could not be printed for the sales order.",
    "Number sequence Retail_1 does not allow manual numbers.",
    "There must be a default payment method.",
    "Account structure Retail is active.",
    "The transactions on voucher V-1 balance.",
    "Settlement was cancelled by the user.",
    "The statement was posted.",
    "",
]
RULES = [
    "Business date", "Currency rounding", "Customer account exists", "Discount amount",
    "Fiscal document posting status", "Gross amount", "Net", "Net + tax", "Number of items",
    "Payment amount", "Tax exempt calculation", "Tax included pricing", "Transaction not empty",
    "Under/over payment", "Barcode exists", "Charge lines", "Gift card returns", "Item variant exists",
    "Line discount", "Line tax", "Negative price", "Serial number controlled", "Serial number dimension",
    "Sign contradiction", "Tax exempt", "Tax group assignment", "Unit of measure conversions",
]  # fmt: skip


def filled(text: str, seed: int) -> str:
    """Put other ids, amounts and dates in, and vary case, spaces and quotes."""
    chance = random.Random(seed)
    identity = chance.choice(["SO-", "HOUSTON-", "", "V0", "usrt-0"]) + str(chance.randrange(1, 10**9))
    amount = f"{chance.randrange(-(10**6), 10**6) / 100:,.2f}"
    day = chance.choice(["1/1/2000", "2017-12-23", "23.12.2017", "12/23/2017 12:00:00 AM"])
    made = text.format(chance.choice([identity, f"'{identity}'", f"“{identity}”"]), amount, day)
    made = made.replace(" ", "  ", chance.randrange(3)).replace("'t", chance.choice(["'t", "’t"]))
    return chance.choice([made, made.upper(), made.lower()])


@pytest.mark.parametrize(("text", "code", "owner"), POSTING, ids=[one[1] for one in POSTING])
def test_each_real_text_of_posting_is_recognised_whatever_its_ids(text: str, code: str, owner: str) -> None:
    assert len(POSTING) == 15
    for seed in range(20):
        made = filled(text, seed)
        got = decode(made)
        assert (got.code, got.owner, got.text) == (code, owner, made)
        assert (got.reason, got.fault, got.passes) == ("d365_data_refused", D365_DATA, False)


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_a_neighbour_of_a_real_text_stays_unknown(text: str) -> None:
    assert decode(text).code == UNKNOWN


def in_another_form(text: str, seed: int) -> str:
    """Put ids, amounts and a day in that no text of the corpus has, each way they are written."""
    chance = random.Random(f"{text} {seed}")
    ids = [
        chance.choice(made).format(chance.randrange(1, 10**7))
        for made in (("SO-{}", "usrt-0{}", "HOUSTON-{}"), ("V0{}", "{}", "INV{}-A"))
    ]
    amount = f"{chance.randrange(-(10**6), 10**6) / 100:,.2f}"
    day = chance.choice(["1/1/2000", "2017-12-23", "23.12.2017", "12/23/2017 12:00:00 AM", "31/07/2026"])
    made = text.format(id=ids[0], other=ids[1], amount=amount, day=day)
    return chance.choice([made, made.upper(), made.lower(), made.replace("'", "’"), f"  {made}\n"])


PARAPHRASES = [
    (in_another_form(text, seed), code)
    for code, texts in PHRASINGS.items()
    for text in texts
    for seed in range(5)
]


def test_the_corpus_has_the_fifteen_kinds_and_more_than_two_hundred_different_paraphrases() -> None:
    assert len(PHRASINGS) == 15
    assert {code for _, code, _ in POSTING} == set(PHRASINGS)
    assert len({text for text, _ in PARAPHRASES}) > 200


@pytest.mark.parametrize("code", PHRASINGS)
def test_every_paraphrase_is_recognised_and_keeps_its_own_words(code: str) -> None:
    owner = next(owner for _, known, owner in POSTING if known == code)
    for text, wanted in PARAPHRASES:
        if wanted == code:
            got = decode(text)
            assert (got.code, got.owner, got.text, got.is_known) == (code, owner, text, True), text


@pytest.mark.parametrize("text", CORPUS_NEAR_MISSES)
def test_no_neighbour_is_taken_for_what_it_is_not_whatever_its_ids(text: str) -> None:
    for seed in range(5):
        made = in_another_form(text, seed)
        assert decode(made).code == UNKNOWN, made


def test_what_is_not_recognised_is_a_task_for_it_that_shows_the_words_as_they_came() -> None:
    words = "Retail statement {0x1F} could not be frobnicated."
    got = decode(words)
    texts = cause(got.reason, got.code, words=words).texts()
    assert (got.is_known, REASONS[got.reason].owner) == (False, IT)
    assert f"“{words}”" in texts["what_happened"]
    assert texts["why"] == "D365's own words are given as they came; they are not recognised yet."


def test_an_unknown_text_goes_to_it_with_its_own_words() -> None:
    got = decode("Something new happened in class RetailX.")
    assert (got.code, got.reason, got.owner) == ("d365_refused", "d365_refused", "it")
    assert got.text == "Something new happened in class RetailX."
    assert not got.passes


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "form", ["{}", "{}: expected -24.00, found -23.00", "Validation rule: {} failed", "{} - x"]
)
def test_each_validation_rule_is_recognised_by_its_name(rule: str, form: str) -> None:
    got = decode(form.format(rule))
    assert got.reason == "validation_failed"
    assert got.code.startswith("rule_")


def test_rules_with_similar_names_are_kept_apart() -> None:
    codes = {rule: decode(f"{rule}: x").code for rule in RULES}
    assert codes["Net"] == "rule_net"
    assert codes["Net + tax"] == "rule_net_and_tax"
    assert codes["Line discount"] == "rule_line_discount"
    assert codes["Discount amount"] == "rule_discount_amount"
    assert codes["Tax group assignment"] == "rule_tax_groups"
    assert codes["Line tax"] == "rule_line_tax"
    assert codes["Payment amount"] == "rule_payment_amount"
    assert codes["Under/over payment"] == "rule_under_over_payment"


@pytest.mark.parametrize(
    ("text", "code", "reason", "passes"),
    [
        (
            ("This request could not be processed at this time due to system experiencing high resource "
             "utilization."),
            "throttled", "d365_throttled", True,
        ),
        (
            ("Cannot edit a record in Transactions. An update conflict occurred due to another user process "
             "deleting the record or changing one or more fields in the record."),
            "update_conflict", "d365_silent", True,
        ),
        (
            ("Transaction (Process ID 77) was deadlocked on lock resources and has been chosen as the deadlock "
             "victim."),
            "deadlock", "d365_silent", True,
        ),
        (
            "Cannot create a record in Transactions. The record already exists.",
            "already_there", "d365_data_refused", False,
        ),
        (
            "The value 'X1' in field 'Warehouse' is not found in the related table 'Warehouses'.",
            "not_in_related_table", "d365_data_refused", False,
        ),
        ("Field 'Item number' must be filled in.", "field_missing", "d365_data_refused", False),
        (
            "Entity RetailTransaction does not exist in the target environment",
            "entity_unknown", "d365_data_refused", False,
        ),
        ("Selected file is not Unicode", "file_not_unicode", "d365_data_refused", False),
        (
            "the mapping is incorrect for entity Transactions and field {1B2C-33}", "mapping_incorrect",
            "d365_data_refused", False,
        ),
    ],
)  # fmt: skip
def test_texts_of_import_and_odata_are_recognised(text: str, code: str, reason: str, passes: bool) -> None:
    got = decode(text)
    assert (got.code, got.reason, got.passes) == (code, reason, passes)


def test_a_second_error_in_the_text_does_not_hide_the_first() -> None:
    both = (
        "Voucher V-1 Period for 1/1/2000 does not exist. Voucher V-1 Fiscal year for 1/1/2000 does not exist."
    )
    assert decode(both).code == "period_closed"


def test_every_entry_has_a_registered_reason_an_owner_a_sentence_and_an_action() -> None:
    codes = [known.code for known in TEXTS]
    assert len(set(codes)) == len(codes)
    for known in TEXTS:
        assert known.reason in REASONS, known.code
        assert known.owner in OWNERS, known.code
        assert known.fault in (D365_DATA, STORE_TIMING, SYSTEM), known.code
        assert known.sentence.endswith("."), known.code
        assert known.action.endswith("."), known.code
        assert known.patterns or known.code == UNKNOWN


def test_ids_amounts_and_dates_are_taken_out_and_words_are_kept() -> None:
    assert (
        normalised("Batch number 'AB-12' isn’t  created for item 1,004.50.")
        == "batch number # isn't created for item #."
    )
    assert normalised("Period for 1/1/2000 does not exist") == "period for # does not exist"


def test_a_very_long_text_is_read_in_no_time() -> None:
    assert decode("account structure, for the combination " * 2_000).code == UNKNOWN
