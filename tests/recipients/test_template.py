"""Recipient templates: what can be written, and what every mistake says and where (O10)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.matching.email_key import delivery_address
from include.recipients.errors import WrongTemplate
from include.recipients.template import (
    CODES,
    LONGEST,
    PlainAddress,
    SmartField,
    Template,
    parse_template,
    read_template,
)

FIELDS = ("salesrep", "custbody_collector", "custbody_account_manager")
SALESREP = SmartField("salesrep")
COLLECTOR = SmartField("custbody_collector")
ANN = PlainAddress("Ann@Corp.test")


def entries(text: str) -> tuple[object, ...]:
    return parse_template(text, FIELDS).entries


def mistakes(text: str) -> list[tuple[str, str, str | None]]:
    """Code, the text found there, and the suggestion of every mistake."""
    return [(each.code, each.found, each.suggestion) for each in read_template(text, FIELDS).mistakes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{user_from_source_id:salesrep}}", (SALESREP,)),
        ("Ann@Corp.test", (ANN,)),
        ("{{user_from_source_id:salesrep}}, Ann@Corp.test", (SALESREP, ANN)),
        ("Ann@Corp.test;{{user_from_source_id:salesrep}}", (ANN, SALESREP)),
        ("Ann@Corp.test\n{{user_from_source_id:salesrep}}\r\n", (ANN, SALESREP)),
        (" ,; Ann@Corp.test ,\r,;\n {{user_from_source_id:custbody_collector}};", (ANN, COLLECTOR)),
        ("{{ user_from_source_id :\tsalesrep\u00a0}}", (SALESREP,)),
        ("{{user_from_source_id:salesrep}},{{user_from_source_id:salesrep}}", (SALESREP, SALESREP)),
    ],
)
def test_smart_fields_and_plain_addresses_stand_between_separators(text: str, expected: tuple[object, ...]) -> None:
    """O10: any number of them, mixed."""
    assert entries(text) == expected


def test_a_template_names_each_field_and_address_once() -> None:
    template = parse_template("Ann@Corp.test, {{user_from_source_id:salesrep}}; Ann@Corp.test", FIELDS)
    assert (template.owner_fields, template.addresses) == (("salesrep",), ("Ann@Corp.test",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("no_recipient", "", None)]),
        (" ,;\n", [("no_recipient", "", None)]),
        ("{{user_from_source_id:salesrp}}", [("unknown_field", "salesrp", "salesrep")]),
        ("{{user_from_source_id:collector}}", [("unknown_field", "collector", "custbody_collector")]),
        ("{{user_from_source_id:qq}}", [("unknown_field", "qq", None)]),
        ("{{user_from_source_id: SalesRep }}", [("wrong_case_field", "SalesRep", "salesrep")]),
        ("{{user_from_source_id:}}", [("missing_field_name", "{{user_from_source_id:}}", None)]),
        ("{{user_from_source_id}}", [("missing_field_name", "{{user_from_source_id}}", None)]),
        ("{{user_from_id:salesrep}}", [("unknown_smart_field", "user_from_id", "user_from_source_id")]),
        (
            "{{User_From_Source_Id:salesrep}}",
            [("wrong_case_smart_field", "User_From_Source_Id", "user_from_source_id")],
        ),
        ("{{:salesrep}}", [("unknown_smart_field", "{{:salesrep}}", None)]),
        ("{{}}", [("unknown_smart_field", "{{}}", None)]),
        ("{{salesrep}}", [("unknown_smart_field", "salesrep", "user_from_source_id")]),
        ("{{user_from_source_id:salesrep", [("unbalanced_braces", "{{", None)]),
        ("user_from_source_id:salesrep}}", [("unbalanced_braces", "}}", None)]),
        ("{user_from_source_id:salesrep}", [("unbalanced_braces", "{", None)]),
        ("{{user_from_source_id:salesrep}", [("unbalanced_braces", "{{", None)]),
        ("{{{user_from_source_id:salesrep}}}", [("unbalanced_braces", "{", None), ("unbalanced_braces", "}", None)]),
        ("{{user_from_source_id:a,b}}", [("unbalanced_braces", "{{", None), ("unbalanced_braces", "}}", None)]),
        ("to {{user_from_source_id:salesrep}}", [("text_beside_smart_field", "to", None)]),
        (
            "{{user_from_source_id:salesrep}} {{user_from_source_id:salesrep}}",
            [("missing_separator", "{{user_from_source_id:salesrep}}", None)],
        ),
        ("Ann <ann@corp.test>", [("bad_address", "Ann <ann@corp.test>", None)]),
        ("ann@corp", [("bad_address", "ann@corp", None)]),
        ("salesrep", [("bad_address", "salesrep", "{{user_from_source_id:salesrep}}")]),
        ("a" * (LONGEST + 1), [("too_long", "", None)]),
    ],
)
def test_every_mistake_says_what_stands_there_and_what_was_meant(
    text: str, expected: list[tuple[str, str, str | None]]
) -> None:
    """O10, O13: never a silent nothing."""
    assert mistakes(text) == expected


def test_all_mistakes_are_said_at_once_each_at_its_place() -> None:
    text = "ann@corp.test,\r\n  {{user_from_source_id:SALESREP}};\n{{user_from_source_id:salesrep\n\nbob"
    with pytest.raises(WrongTemplate) as wrong:
        parse_template(text, FIELDS)
    assert [(each.code, each.line, each.column) for each in wrong.value.mistakes] == [
        ("wrong_case_field", 2, 25),
        ("unbalanced_braces", 3, 1),
        ("bad_address", 5, 1),
    ]
    assert str(wrong.value).splitlines()[0] == (
        "line 2, column 25: the field 'SALESREP' is written salesrep; names are exact"
    )


def test_the_good_entries_of_a_wrong_template_are_there_too() -> None:
    assert read_template("Ann@Corp.test, {{nope}}", FIELDS).entries == [ANN]


# What people type, so that most texts come near the language.
BRACES = ("{{", "}}", "{", "}", ":", ",", ";", "\n", "\r\n", " ", "\u00a0")
WORDS = ("user_from_source_id", "User_from_source_id", "salesrep", "SalesRep", "salesrp", "ann@corp.test", "ann@")
pieces = st.sampled_from((*BRACES, *WORDS, "{{user_from_source_id:salesrep}}")) | st.text(max_size=4)
texts = st.lists(pieces, max_size=20).map("".join) | st.text()


@given(texts)
def test_whatever_is_written_is_a_template_or_a_list_of_mistakes(text: str) -> None:
    """O10: total, and every position points at the text."""
    reading = read_template(text, FIELDS)
    if not reading.mistakes:
        assert parse_template(text, FIELDS).entries == tuple(reading.entries) != ()
        return
    with pytest.raises(WrongTemplate) as wrong:
        parse_template(text, FIELDS)
    assert wrong.value.mistakes == tuple(reading.mistakes)
    for mistake in reading.mistakes:
        assert mistake.code in CODES
        assert mistake.message
        assert text[mistake.offset : mistake.offset + len(mistake.found)] == mistake.found
        before = text[: mistake.offset].replace("\r\n", "\n").replace("\r", "\n")
        assert (mistake.line, mistake.column - 1) == (before.count("\n") + 1, len(before) - before.rfind("\n") - 1)


@given(texts)
def test_nothing_that_was_written_is_passed_over_in_silence(text: str) -> None:
    """O10: every entry of the text becomes a recipient or a mistake."""
    reading = read_template(text, FIELDS)
    meant = [part for part in re.split(r"[,;\r\n]", text) if any(letter.isalnum() for letter in part)]
    assert len(reading.entries) + len(reading.mistakes) >= len(meant)


addresses = st.sampled_from(["ann@corp.test", "Bob.O'Neil@corp.test", "jo@müller.test", "x+y@corp.test"])
templates = st.lists(st.sampled_from(FIELDS).map(SmartField) | addresses.map(PlainAddress), min_size=1, max_size=6).map(
    lambda found: Template(tuple(found))
)


@given(templates, st.sampled_from([", ", ";", "\n", " ;\r\n "]))
def test_a_template_that_is_written_and_read_again_is_the_same(template: Template, separator: str) -> None:
    assert parse_template(str(template), FIELDS) == template
    assert parse_template(separator.join(str(entry) for entry in template.entries), FIELDS) == template


@given(texts)
def test_an_address_is_mailed_exactly_as_it_was_written(text: str) -> None:
    """D5: never rewritten."""
    for entry in read_template(text, FIELDS).entries:
        if isinstance(entry, PlainAddress):
            assert entry.address in text
            assert delivery_address(entry.address) == entry.address
