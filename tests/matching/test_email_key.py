"""D5: the match key is not the delivery address."""

from __future__ import annotations

from unicodedata import normalize

import email_validator
import idna
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.matching.email_key import TRIMMED, delivery_address, email_key

LOCAL = st.text("abcxyzABCXYZ0129.+-_'åÄéßñ", min_size=1, max_size=12)
LABEL = st.text("abcABC019-åÄéßñ日本", min_size=1, max_size=8)
DOMAIN = st.lists(LABEL, min_size=1, max_size=3).flatmap(
    lambda labels: st.sampled_from(["com", "TEST", "local", "de", "みんな"]).map(lambda top: ".".join([*labels, top]))
)
ADDRESS = st.builds("{}@{}".format, LOCAL, DOMAIN)
SPACE = st.text(TRIMMED, max_size=3)
# Letters whose upper and lower case are one character each, and are each other's.
SIMPLE = st.text("abcxyzåäéñ0129", min_size=1, max_size=8)

# What folding, composing or spelling out may or may not change about a domain.
RESPELLED = st.sampled_from(
    [
        str,
        str.upper,
        str.casefold,
        lambda domain: normalize("NFD", domain),
        lambda domain: normalize("NFKC", domain),
        lambda domain: domain.replace("ss", "ß"),
        lambda domain: domain.replace("é", "e"),
        lambda domain: domain.encode("idna").decode(),
    ]
)
SPELLED_TWICE = st.tuples(st.text("asSßéÉ\u03c3\u03c2\ufb01\uff210", min_size=1, max_size=6), RESPELLED).map(
    lambda drawn: (f"{drawn[0]}.example.com", drawn[1](f"{drawn[0]}.example.com"))
)


@pytest.mark.parametrize(
    ("given_as", "mailed", "key"),
    [
        ("Ann.Lee@Corp.Test", "Ann.Lee@Corp.Test", "ann.lee@corp.test"),
        ("  o'neil+invoices@corp.com\t", "o'neil+invoices@corp.com", "o'neil+invoices@corp.com"),
        ("\u200bann@corp.com\u00a0", "ann@corp.com", "ann@corp.com"),
        ("ann@corp.com\r\n", "ann@corp.com", "ann@corp.com"),
        ("a@company.local", "a@company.local", "a@company.local"),
        ("a@HOST.LOCALHOST", "a@HOST.LOCALHOST", "a@host.localhost"),
        ("ann@BÜCHER.de", "ann@BÜCHER.de", "ann@xn--bcher-kva.de"),
        ("ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de", "ann@xn--bcher-kva.de"),
        ("JOSÉ@corp.com", "JOSÉ@corp.com", "josé@corp.com"),
        ("jose\u0301@corp.com", "jose\u0301@corp.com", "josé@corp.com"),
    ],
)
def test_a_valid_address_is_mailed_as_it_stands_and_matched_by_its_key(given_as: str, mailed: str, key: str) -> None:
    assert (delivery_address(given_as), email_key(given_as)) == (mailed, key)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        " \u200b\n",
        "ann",
        "@corp.com",
        "ann@",
        "a@b",
        "a@localhost",
        "a@.test",
        "Ann Lee <ann@corp.com>",
        "<ann@corp.com>",
        "ann@corp.com, bob@corp.com",
        "ann@corp.com;bob@corp.com",
        "ann@@corp.com",
        "ann@home@corp.com",
        "ann@corp.com.",
        "ann@corp..com",
        ".ann@corp.com",
        "ann.@corp.com",
        "ann lee@corp.com",
        '"ann lee"@corp.com',
        '"ann"@corp.com',
        "ann@[127.0.0.1]",
        "ann@[IPv6:::1]",
        "ann@127.0.0.1",
        "ann\n@corp.com",
        "ann@corp.com\nBcc: eve@corp.com",
        "ann@corp.com\r\nBcc:eve@corp.com",
        "ann\x00@corp.com",
        "an\u200bn@corp.com",
        "ann@co\u00a0rp.com",
        "ann@-corp.com",
        "ann\uff20corp.com",
        "a" * 65 + "@corp.com",
        "ﬀ" * 40 + "@corp.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b.c" * 100 + ".com",
        "\ud800@corp.com",
    ],
)
def test_what_is_no_single_plain_address_is_neither_mailed_nor_matched(bad: str | None) -> None:
    assert (delivery_address(bad), email_key(bad)) == (None, None)


def test_domains_that_only_their_case_folding_would_join_stay_apart() -> None:
    assert email_key("a@straße.de") != email_key("a@strasse.de")


def test_no_providers_tricks_are_applied() -> None:
    assert len({email_key(a) for a in ("ann.lee@gmail.com", "annlee@gmail.com", "annlee+x@gmail.com")}) == 3


def test_the_libraries_list_of_refused_domains_stays_as_it_is_for_everyone_else() -> None:
    assert email_key("a@company.local") == "a@company.local"
    with pytest.raises(email_validator.EmailNotValidError):
        email_validator.validate_email("a@company.local", check_deliverability=False)


@given(st.one_of(st.none(), st.text(), ADDRESS, st.builds("{}@{}".format, st.text(), st.text())))
@settings(max_examples=400)
@example("@")
@example("a@\u0345b.com")
@example("\u0345a@b.com")
def test_any_text_has_an_answer_and_the_key_of_a_key_is_itself(value: str | None) -> None:
    key = email_key(value)

    assert (key is None) == (delivery_address(value) is None)
    if key is not None:
        assert email_key(key) == key
        assert delivery_address(key) == key


@given(SPACE, st.one_of(ADDRESS, st.text()), SPACE)
def test_the_address_mailed_is_the_text_itself_trimmed(before: str, address: str, after: str) -> None:
    mailed = delivery_address(before + address + after)

    assert mailed in (None, address.strip(TRIMMED))
    assert mailed == delivery_address(address)


@given(ADDRESS)
def test_the_key_is_the_same_however_the_text_is_composed(address: str) -> None:
    assert email_key(normalize("NFD", address)) == email_key(normalize("NFC", address))


@given(SIMPLE, SIMPLE)
def test_the_key_is_the_same_in_any_case_and_with_any_spaces_around(local: str, label: str) -> None:
    address = f"{local}@{label}.example.com"

    assert email_key(address) is not None
    assert email_key(f" {address.upper()}\n") == email_key(address)


@given(SIMPLE, SIMPLE)
def test_the_two_spellings_of_an_international_domain_join(local: str, label: str) -> None:
    key = email_key(f"{local}@{label}.example.com")

    assert key is not None
    assert key.rpartition("@")[2].isascii()
    assert email_key(f"{local}@{key.rpartition('@')[2].upper()}") == key


@given(SPELLED_TWICE)
@example(("straße.de", "strasse.de"))
@example(("bücher.de", "xn--bcher-kva.de"))
@example(("\u03c3.de", "\u03c2.de"))
def test_a_key_joins_two_spellings_exactly_when_a_mail_server_takes_them_for_one_domain(
    domains: tuple[str, str],
) -> None:
    one, other = (email_key(f"ann@{domain}") for domain in domains)

    if one is not None and other is not None:
        assert (one == other) == (idna.encode(domains[0], uts46=True) == idna.encode(domains[1], uts46=True))


@given(st.text(), st.sampled_from("\n\r\x00\x0b\x0c\x1b\x7f\x85\u2028\u2029"), st.text())
def test_no_control_character_is_ever_mailed(before: str, control: str, after: str) -> None:
    for text in (f"{before}{control}{after}", f"a{before}{control}@corp.com", f"a@corp.com{control}{after}x"):
        assert control not in (delivery_address(text) or "")
