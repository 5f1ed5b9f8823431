"""Recipient templates: plain addresses and smart fields such as ``{{user_from_source_id:salesrep}}`` (O10).

The language:

- Entries stand between commas, semicolons or line breaks, in any mixture; white space round them, and a separator too
  many, mean nothing.
- An entry is one smart field or one plain address, and nothing beside it.
- A smart field is ``{{user_from_source_id:FIELD_NAME}}``. White space is tolerated round the name, the colon and the
  field name, never within one of them, nor between two braces. Names are exact: a different case is a mistake.
- FIELD_NAME is an owner field of the account file.
- A template that reaches nobody, since no entry is left, is a mistake.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from include.matching.email_key import TRIMMED, delivery_address
from include.recipients.errors import WrongTemplate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SMART_FIELD = "user_from_source_id"
LONGEST = 20_000
LONGEST_SHOWN = 80

_ENTRY = re.compile(r"[^,;\r\n]+")
_SMART = re.compile(r"\{\{([^{}]*)\}\}")
_BRACES = re.compile(r"\{+|\}+")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class SmartField:
    """An entry that resolves per invoice: to the user behind the employee whom ``owner_field`` names."""

    owner_field: str

    def __str__(self) -> str:
        return f"{{{{{SMART_FIELD}:{self.owner_field}}}}}"


@dataclass(frozen=True, slots=True)
class PlainAddress:
    """An entry that is mailed whatever the invoice."""

    address: str

    def __str__(self) -> str:
        return self.address


Entry = SmartField | PlainAddress


@dataclass(frozen=True, slots=True)
class Template:
    """The entries of a template, in their order."""

    entries: tuple[Entry, ...]

    @property
    def owner_fields(self) -> tuple[str, ...]:
        """The owner fields of its smart fields, each once."""
        return tuple(dict.fromkeys(each.owner_field for each in self.entries if isinstance(each, SmartField)))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its plain addresses, each spelling once."""
        return tuple(dict.fromkeys(each.address for each in self.entries if isinstance(each, PlainAddress)))

    def __str__(self) -> str:
        return ", ".join(str(entry) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a template, and where.

    ``offset`` counts characters from 0; ``line`` and ``column`` from 1. ``found`` is the text that stands there.
    ``suggestion`` is what was probably meant to stand in its place, where that can be said. ``code``: one of ``CODES``.
    """

    code: str
    message: str
    offset: int
    line: int
    column: int
    found: str
    suggestion: str | None = None

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


CODES = (
    "no_recipient",
    "too_long",
    "unbalanced_braces",
    "text_beside_smart_field",
    "missing_separator",
    "unknown_smart_field",
    "wrong_case_smart_field",
    "missing_field_name",
    "unknown_field",
    "wrong_case_field",
    "bad_address",
)


class Reading(NamedTuple):
    """What was made of a text: the entries that can be used, and the mistakes, both in the order of the text."""

    entries: list[Entry]
    mistakes: list[Mistake]


def parse_template(text: str, owner_fields: Collection[str]) -> Template:
    """The template that a text holds.

    Args:
        text: as the author wrote it.
        owner_fields: the owner fields of the account file.

    Raises:
        WrongTemplate: with every mistake of the text. Nothing else is ever raised.
    """
    entries, mistakes = read_template(text, owner_fields)
    if mistakes:
        raise WrongTemplate(mistakes)
    return Template(tuple(entries))


def read_template(text: str, owner_fields: Collection[str]) -> Reading:
    """All that can be said of a text, without raising."""
    whole = _Place(_Source(text), 0, "")
    if len(text) > LONGEST:
        return Reading([], [whole.mistake("too_long", f"the template is longer than {LONGEST:,} characters")])
    entries: list[Entry] = []
    mistakes: list[Mistake] = []
    for place in _entries_of(whole.source):
        read = _smart_fields(place, owner_fields) if _BRACES.search(place.found) else _address(place, owner_fields)
        entries += read.entries
        mistakes += read.mistakes
    if not entries and not mistakes:
        mistakes.append(whole.mistake("no_recipient", "the template names no recipient"))
    return Reading(entries, sorted(mistakes, key=lambda mistake: mistake.offset))


class _Source:
    """The whole text, and where its lines begin."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._line_starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class _Place:
    """A part of the text."""

    source: _Source
    offset: int
    found: str

    def part(self, begin: int, end: int) -> _Place:
        """What stands there between two positions, without the white space round it."""
        part = self.found[begin:end]
        return _Place(self.source, self.offset + begin + len(part) - len(part.lstrip(TRIMMED)), part.strip(TRIMMED))

    def mistake(self, code: str, message: str, suggestion: str | None = None) -> Mistake:
        """Something that is wrong here."""
        line, column = self.source.line_and_column(self.offset)
        return Mistake(code, message, self.offset, line, column, self.found, suggestion)


def _entries_of(source: _Source) -> Iterator[_Place]:
    whole = _Place(source, 0, source.text)
    for match in _ENTRY.finditer(source.text):
        place = whole.part(*match.span())
        if place.found:
            yield place


def _address(place: _Place, owner_fields: Collection[str]) -> Reading:
    address = delivery_address(place.found)
    if address is not None:
        return Reading([PlainAddress(address)], [])
    meant = str(SmartField(place.found)) if place.found in owner_fields else None
    message = f"{_shown(place.found)} is no e-mail address"
    if meant:
        message += f"; did you mean {meant}?"
    return Reading([], [place.mistake("bad_address", message, meant)])


def _smart_fields(place: _Place, owner_fields: Collection[str]) -> Reading:
    """An entry with braces: well-formed it is exactly one smart field."""
    fields = list(_SMART.finditer(place.found))
    readings = [_smart_field(place.part(*field.span(1)), place.part(*field.span()), owner_fields) for field in fields]
    entries = [entry for reading in readings for entry in reading.entries]
    mistakes = [mistake for reading in readings for mistake in reading.mistakes]
    between = [place.part(*span) for span in _between(place, fields)]
    beside = [part for part in between if part.found]
    for part in beside:
        braces = _BRACES.search(part.found)
        mistakes.append(_unbalanced(part, braces) if braces else _beside(part))
    if len(fields) > 1 and not beside:
        second = place.part(*fields[1].span())
        mistakes.append(
            second.mistake("missing_separator", "a comma, semicolon or line break is missing before this smart field")
        )
    return Reading(entries, mistakes)


def _between(place: _Place, fields: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    begin = 0
    for field in fields:
        yield begin, field.start()
        begin = field.end()
    yield begin, len(place.found)


def _unbalanced(part: _Place, braces: re.Match[str]) -> Mistake:
    at = part.part(*braces.span())
    form = f"a smart field is written {SmartField('FIELD_NAME')}"
    if len(at.found) != 2:
        return at.mistake("unbalanced_braces", f"{_shown(at.found)} is not a pair of braces; {form}")
    if at.found == "{{":
        return at.mistake("unbalanced_braces", f"these braces are opened and never closed by }}}}; {form}")
    return at.mistake("unbalanced_braces", f"these braces close what no {{{{ opened; {form}")


def _beside(part: _Place) -> Mistake:
    return part.mistake(
        "text_beside_smart_field",
        f"{_shown(part.found)} stands beside a smart field; put a comma, semicolon or line break between them, or take "
        "it out",
    )


def _smart_field(inside: _Place, whole: _Place, owner_fields: Collection[str]) -> Reading:
    colon = inside.found.find(":")
    name = inside.part(0, colon if colon >= 0 else len(inside.found))
    mistakes = list(_smart_field_mistakes(name, whole))
    if colon < 0:
        # Without a colon it may be the name that is missing, or the field: the name's own mistake says enough.
        return Reading([], mistakes or [_no_field_name(whole, owner_fields)])
    owner_field = inside.part(colon + 1, len(inside.found))
    if not owner_field.found:
        mistakes.append(_no_field_name(whole, owner_fields))
    elif owner_field.found not in owner_fields:
        mistakes.append(_unknown_field(owner_field, owner_fields))
    return Reading([] if mistakes else [SmartField(owner_field.found)], mistakes)


def _smart_field_mistakes(name: _Place, whole: _Place) -> Iterator[Mistake]:
    if name.found == SMART_FIELD:
        return
    if not name.found:
        yield whole.mistake("unknown_smart_field", f"the smart field has no name; the only one is {SMART_FIELD}")
    elif name.found.casefold() == SMART_FIELD:
        yield name.mistake(
            "wrong_case_smart_field", f"{_shown(name.found)} is written {SMART_FIELD}, in small letters", SMART_FIELD
        )
    else:
        # There is only one, so it is what was meant, however far off.
        yield name.mistake(
            "unknown_smart_field",
            f"there is no smart field {_shown(name.found)}; did you mean {SMART_FIELD}?",
            SMART_FIELD,
        )


def _no_field_name(whole: _Place, owner_fields: Collection[str]) -> Mistake:
    return whole.mistake(
        "missing_field_name",
        f"the smart field names no field; write {SmartField('FIELD_NAME')} with one of: {_listed(owner_fields)}",
    )


def _unknown_field(owner_field: _Place, owner_fields: Collection[str]) -> Mistake:
    found = owner_field.found
    for known in owner_fields:
        if known.casefold() == found.casefold():
            return owner_field.mistake(
                "wrong_case_field", f"the field {_shown(found)} is written {known}; names are exact", known
            )
    nearest = get_close_matches(found.casefold(), owner_fields, n=1, cutoff=0.5)
    meant = nearest[0] if nearest else None
    hint = f"; did you mean {meant}?" if meant else ""
    return owner_field.mistake(
        "unknown_field",
        f"{_shown(found)} is no owner field of this account (they are {_listed(owner_fields)}){hint}",
        meant,
    )


def _listed(owner_fields: Collection[str]) -> str:
    return ", ".join(owner_fields) or "none"


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")
