"""Validate one staged batch: which of its rows are bad, and whether it may be loaded at all."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import NoSuchTableError

from include.extract.entities import INVOICES
from include.validate.changed_types import changed_types
from include.validate.data_docs import DataDocs, Page
from include.validate.errors import BadBatch, BrokenCheck, ValidationError
from include.validate.outcome import ValidationOutcome
from include.validate.quarantine import samples_of, write_bad_rows
from include.validate.queries import BatchQueries
from include.validate.rules import columns_of, rules_of
from include.validate.suites import (
    bad_share_expectation,
    columns_expectation,
    length_expectation,
    row_expectations,
    suite_runner,
)
from include.warehouse.database import open_warehouse
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.extract.entities import Entity
    from include.validate.changed_types import ChangedType
    from include.validate.rules import Rule
    from include.validate.suites import Finding, Kind, SuiteRunner

KEEP_RUNS = 30


class ValidationSettings(Protocol):
    """When a batch counts as bad; the part ``validation`` of an account file."""

    @property
    def max_bad_share(self) -> float:
        """The largest share of rows that may be bad."""

    @property
    def bad_rows_tolerated(self) -> int:
        """So many bad rows never stop a batch."""

    @property
    def max_shrink(self) -> float:
        """The largest share by which a full read may be shorter than what is loaded."""


@dataclass(frozen=True, slots=True)
class _Batch:
    account: str
    run_id: str
    entity: Entity
    table: tuple[str, str]
    columns: frozenset[str]
    rules: tuple[Rule, ...]
    settings: ValidationSettings
    live_rows: int

    @property
    def queries(self) -> BatchQueries:
        return BatchQueries(self.table)

    @property
    def label(self) -> str:
        return f"{self.entity.name} of account {self.account!r}, run {self.run_id!r}"

    @property
    def fewest_rows(self) -> int:
        """What a full read must have at least; a read of changes may be of any length."""
        if self.entity.incremental or not self.live_rows:
            return 0
        return max(1, math.ceil(self.live_rows * (1 - Decimal(str(self.settings.max_shrink)))))

    def most_bad_rows(self, rows: int) -> int:
        share = math.floor(rows * Decimal(str(self.settings.max_bad_share)))
        return max(self.settings.bad_rows_tolerated, share)


def validate_staged(
    engine_or_url: Engine | str,
    *,
    account: str,
    run_id: str,
    entity: Entity,
    table: tuple[str, str],
    owner_fields: Sequence[str],
    custom_fields: Sequence[str],
    settings: ValidationSettings,
    live_rows: int | None,
    docs_dir: Path | str,
    sales_team: Sequence[str] = (),
    keep_runs: int = KEEP_RUNS,
) -> ValidationOutcome:
    """Validate the staging table ``(schema, name)`` of one entity, in the database.

    Writes ``<table>__bad (row_number, reason)``, one row per row and rule it breaks, and a data docs page below
    ``docs_dir``, where the pages of the newest ``keep_runs`` runs of each account are kept. ``owner_fields`` are the
    account's that are fields of the record (only invoices have them), ``custom_fields`` those of this entity,
    ``sales_team`` the column of the sales team, if it is read. ``live_rows``: rows of the entity that are in raw now,
    None where unknown.

    Raises:
        BadBatch: the data is wrong as a whole: columns not as declared, or of another type throughout, too many bad
            rows, suspiciously few rows.
        BrokenCheck: a check could not be carried out.
        WarehouseError: the warehouse can't be reached or used.
    """
    owners = owner_fields if entity.name == INVOICES.name else ()
    batch = _Batch(
        account=account,
        run_id=run_id,
        entity=entity,
        table=table,
        columns=columns_of(entity, owners, custom_fields, sales_team),
        rules=rules_of(entity, owners, sales_team),
        settings=settings,
        live_rows=live_rows or 0,
    )
    docs = DataDocs(Path(docs_dir))
    with _opened(engine_or_url) as engine, _broken_where_it_fails(batch, engine):
        rules = _applicable_rules(batch, engine)
        with suite_runner(engine.url, entity.name) as runner:
            findings = _check(batch, rules, engine, runner)
            result = runner.result(run_id)
        broken = _broken(rules, findings)
        samples = samples_of(engine, batch.queries, broken)
        outcome = _outcome(findings, docs.page_of(account, run_id, entity.name))
        changed = changed_types(
            engine,
            batch.queries,
            broken,
            outcome.reasons,
            samples,
            tolerated=settings.bad_rows_tolerated,
            largest_share=settings.max_bad_share,
        )
        error = _error(batch, findings, outcome, changed)
        page = Page(account, run_id, entity.name, outcome, findings, samples, error, result)
        docs.write(page, keep_runs=keep_runs)
    if error:
        raise error
    return outcome


def _check(batch: _Batch, rules: list[Rule], engine: Engine, runner: SuiteRunner) -> list[Finding]:
    """Run every rule; the share of bad rows last, since it needs the bad rows written down."""
    findings = runner.check("columns", batch.queries.no_rows(), [columns_expectation(batch.columns)])
    findings += runner.check(
        "rows", batch.queries.all_rows(), [length_expectation(batch.fewest_rows), *row_expectations(rules)]
    )
    if any(finding.broken for finding in findings):
        return findings
    rows = _observed(findings, "length")
    write_bad_rows(engine, batch.queries, (rule for rule in _broken(rules, findings) if not rule.warning))
    return findings + runner.check(
        "bad rows", batch.queries.bad_rows(), [bad_share_expectation(batch.most_bad_rows(rows))]
    )


def _broken(rules: list[Rule], findings: list[Finding]) -> list[Rule]:
    """The rules that rows of the batch break."""
    reasons = {finding.reason for finding in findings if not finding.success and not finding.broken}
    return [rule for rule in rules if rule.reason in reasons]


def _applicable_rules(batch: _Batch, engine: Engine) -> list[Rule]:
    """The rules whose columns are there; a column that is not breaks the rule on columns, not those on rows."""
    schema, name = batch.table
    try:
        columns = {column["name"] for column in inspect(engine).get_columns(name, schema=schema)}
    except NoSuchTableError:
        raise BrokenCheck(
            f"Validation of {batch.label} could not begin: there is no staging table {schema}.{name}. "
            "Clear the extract task of this entity, so that the batch is read and staged again."
        ) from None
    return [rule for rule in batch.rules if rule.reads <= columns]


def _outcome(findings: list[Finding], docs: Path) -> ValidationOutcome:
    def counts(kind: Kind) -> dict[str, int]:
        return {
            finding.reason: finding.observed
            for finding in findings
            if finding.kind == kind and not finding.success and not finding.broken
        }

    return ValidationOutcome(
        rows=_observed(findings, "length"),
        bad_rows=_observed(findings, "bad_share"),
        reasons=counts("row"),
        warnings=counts("warning"),
        docs=docs,
    )


def _observed(findings: list[Finding], kind: Kind) -> int:
    return next((finding.observed or 0 for finding in findings if finding.kind == kind), 0)


def _error(
    batch: _Batch, findings: list[Finding], outcome: ValidationOutcome, changed: list[ChangedType]
) -> ValidationError | None:
    """Why the batch must not be loaded, if so. A broken check outweighs bad data: what it would say is unknown."""
    ending = f" Nothing of it was loaded. Details: {outcome.docs}"
    if broken := [f"{finding.promise!r}: {finding.broken}" for finding in findings if finding.broken]:
        return BrokenCheck(
            f"{len(broken)} of {len(findings)} checks on {batch.label} could not be carried out; this says nothing of "
            f"the data. Mend the cause and run the task again. {' | '.join(broken)}.{ending}",
            outcome,
        )
    problems = [
        _PROBLEM[finding.kind](batch, finding, outcome)
        for finding in findings
        if finding.kind in _PROBLEM and not finding.success
    ]
    problems += [column.sentence for column in changed]
    return BadBatch(f"Bad batch of {batch.label}: {' '.join(problems)}{ending}", outcome) if problems else None


def _wrong_columns(batch: _Batch, finding: Finding, _outcome: ValidationOutcome) -> str:
    staged = set(finding.observed)
    wrong = {"missing": batch.columns - staged, "not declared": staged - batch.columns}
    listed = "; ".join(f"{what}: {', '.join(sorted(columns))}" for what, columns in wrong.items() if columns)
    return (
        f"the columns are not as declared ({listed}). If the account file changed while the run was under way, start a "
        "new run; otherwise see whether the fields still exist in NetSuite under these names."
    )


def _too_short(batch: _Batch, finding: Finding, _outcome: ValidationOutcome) -> str:
    where = f"{finding.observed} rows were read, but {batch.live_rows} are loaded"
    if not finding.observed:
        return (
            f"{where}. See whether the integration's role may still view these records; if NetSuite really holds none "
            f"any more, delete them from raw.{batch.entity.name} by hand."
        )
    return (
        f"{where}: {_percent(1 - finding.observed / batch.live_rows)} fewer, at most "
        f"{_percent(batch.settings.max_shrink)} are allowed. See whether the role's restrictions changed; if so many "
        "were really deleted in NetSuite, raise validation.max_shrink in the account file for one run."
    )


def _too_many_bad(batch: _Batch, finding: Finding, outcome: ValidationOutcome) -> str:
    reasons = ", ".join(f"{reason} ({rows})" for reason, rows in sorted(outcome.reasons.items(), key=_most_first))
    return (
        f"{finding.observed} of {outcome.rows} rows are bad ({_percent(finding.observed / outcome.rows)}; allowed are "
        f"{_percent(batch.settings.max_bad_share)}, or {batch.settings.bad_rows_tolerated} rows): {reasons}. Correct "
        "the records in NetSuite, or raise validation.max_bad_share in the account file."
    )


_PROBLEM: dict[Kind, Callable[[_Batch, Finding, ValidationOutcome], str]] = {
    "columns": _wrong_columns,
    "length": _too_short,
    "bad_share": _too_many_bad,
}


def _most_first(reason: tuple[str, int]) -> tuple[int, str]:
    return -reason[1], reason[0]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


@contextmanager
def _opened(engine_or_url: Engine | str) -> Iterator[Engine]:
    if isinstance(engine_or_url, Engine):
        yield engine_or_url
        return
    engine = open_warehouse(engine_or_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _broken_where_it_fails(batch: _Batch, engine: Engine) -> Iterator[None]:
    """Whatever a validation dies of, it is the check that is broken, not the data."""
    try:
        yield
    except (ValidationError, WarehouseError):
        raise
    except Exception as error:  # noqa: BLE001 - GX raises all kinds, and each of them must end in words for people
        cause = f"{type(error).__name__}: {error}"
        if engine.url.password:
            cause = cause.replace(str(engine.url.password), "***")
        raise BrokenCheck(
            f"Validation of {batch.label} failed itself; this says nothing of the data, and nothing of it was loaded. "
            f"{cause}"
        ) from None
