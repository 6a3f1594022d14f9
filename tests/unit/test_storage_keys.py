"""Keys: readable where they can be, never ambiguous, always legal."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.keys import join_key, just_after, prefix_end, split_key
from shared.storage.limits import check_key

any_text = st.text(st.characters(), max_size=40)
long_text = st.text(st.sampled_from("aé~/=h%"), min_size=100, max_size=200)
parts = st.lists(any_text | long_text, min_size=1, max_size=7)


def test_plain_parts_stay_as_they_are() -> None:
    assert join_key("day", "367", "2017-12-23", "T_1.a") == "day~367~2017-12-23~T_1.a"


@pytest.mark.parametrize(
    ("part", "encoded"),
    [
        ("a/b", "a=2Fb"),
        ("a=b", "a=3Db"),
        ("a~b", "a=7Eb"),
        ("50%", "50=25"),
        ("no 1", "no=201"),
        ("é", "=C3=A9"),
        ("it's", "it=27s"),
        ("\n", "=0A"),
    ],
)
def test_everything_else_is_escaped_byte_by_byte(part: str, encoded: str) -> None:
    assert join_key(part) == encoded
    assert split_key(encoded) == (part,)


def test_a_long_part_keeps_its_beginning_and_goes_on_with_a_hash() -> None:
    key = join_key("id", "x" * 121)
    # The hash is that of: printf 'x%.0s' $(seq 121) | sha256sum | cut -c1-40
    assert key == "id~" + "x" * 60 + "=h" + "79072a47bfaa54e6057a9ee21e0dea64b9edbfd1"
    assert join_key("x" * 120) == "x" * 120


def test_a_long_part_is_never_cut_inside_an_escape() -> None:
    key = join_key("x" * 59 + "/" * 40)
    assert key.startswith("x" * 59 + "=h")


def test_a_whole_key_never_gets_too_long() -> None:
    key = join_key(*(str(number) * 110 for number in range(9)))
    assert len(key) == 512
    assert "=H" in key


def test_a_key_needs_parts() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        join_key()


@given(parts, parts)
def test_different_parts_give_different_keys(one: list[str], other: list[str]) -> None:
    assert (join_key(*one) == join_key(*other)) == (one == other)


@given(
    st.lists(st.text("~=/a", max_size=3), min_size=1, max_size=4),
    st.lists(st.text("~=/a", max_size=3), min_size=1, max_size=4),
)
def test_separators_and_escapes_inside_parts_do_not_confuse(one: list[str], other: list[str]) -> None:
    assert (join_key(*one) == join_key(*other)) == (one == other)


@given(st.lists(st.text(st.characters(), max_size=12), min_size=1, max_size=5))
def test_short_parts_come_back(given_parts: list[str]) -> None:
    assert split_key(join_key(*given_parts)) == tuple(given_parts)


@given(parts)
def test_every_key_is_legal(given_parts: list[str]) -> None:
    key = join_key(*given_parts)
    assert set(key) <= set(string.ascii_letters + string.digits + "_.-=~")
    if key:
        check_key(key, "key")


@given(parts, parts, st.lists(any_text, max_size=3))
def test_a_prefix_finds_exactly_what_begins_with_it(
    prefix_parts: list[str], other: list[str], more: list[str]
) -> None:
    prefix = "p~" + join_key(*(part[:5] for part in prefix_parts[:3])) + "~"
    for key in ("p~" + join_key(*other), prefix + join_key("", *more)):
        assert (prefix <= key < prefix_end(prefix)) == key.startswith(prefix)


@given(parts, parts)
def test_a_bound_just_after_a_key_includes_the_key_and_no_other(one: list[str], other: list[str]) -> None:
    low, key = join_key(*one), join_key(*other)
    assert (low <= key < just_after(low)) == (key == low)


def test_the_end_of_a_prefix_is_printable() -> None:
    assert prefix_end("day~367~2017-12-23~") == "day~367~2017-12-24"
    assert prefix_end("day~z~") == "day~{"
    with pytest.raises(ValueError, match="no key comes after"):
        prefix_end("~")
