"""The rules of a batch as Great Expectations suites, run in the database, and what comes back in plain terms."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from include.validate.expectations import no_rows_break_rule
from include.validate.queries import breaking_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import URL

    from include.validate.rules import Rule

Kind = Literal["row", "warning", "columns", "length", "bad_share"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one expectation.

    ``kind`` says what it was about; ``promise`` says it in words, ``reason`` what is said of rows that break it.
    ``observed`` is GX's observed value (of rules on rows: how many break it). ``broken`` is the cause when the check
    itself failed.
    """

    kind: Kind
    promise: str
    reason: str
    success: bool
    observed: Any
    broken: str | None


def row_expectations(rules: Iterable[Rule]) -> list[Any]:
    """One expectation per rule on rows; of severity warning where the row is loaded all the same."""
    from great_expectations.expectations.metadata_types import FailureSeverity

    expect_no_rows_to_break_rule = no_rows_break_rule()
    return [
        expect_no_rows_to_break_rule(
            unexpected_rows_query=breaking_rows(rule),
            description=rule.promise,
            severity=FailureSeverity.WARNING if rule.warning else FailureSeverity.CRITICAL,
            meta={"kind": "warning" if rule.warning else "row", "reason": rule.reason},
        )
        for rule in rules
    ]


def columns_expectation(columns: Iterable[str]) -> Any:
    """The batch has these columns, no more and no less."""
    from great_expectations.expectations.core.expect_table_columns_to_match_set import ExpectTableColumnsToMatchSet
    from great_expectations.expectations.metadata_types import FailureSeverity

    return ExpectTableColumnsToMatchSet(
        column_set=sorted(columns),
        exact_match=True,
        description="the columns are as declared",
        severity=FailureSeverity.CRITICAL,
        meta={"kind": "columns", "reason": "the columns are not as declared"},
    )


def length_expectation(at_least: int) -> Any:
    """The batch has at least so many rows."""
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
    from great_expectations.expectations.metadata_types import FailureSeverity

    return ExpectTableRowCountToBeBetween(
        min_value=at_least,
        description=f"the batch has at least {at_least} rows",
        severity=FailureSeverity.CRITICAL,
        meta={"kind": "length", "reason": "the batch is suspiciously short"},
    )


def bad_share_expectation(at_most: int) -> Any:
    """At most so many rows of the batch are bad; for the batch of bad rows."""
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
    from great_expectations.expectations.metadata_types import FailureSeverity

    return ExpectTableRowCountToBeBetween(
        min_value=0,
        max_value=at_most,
        description=f"at most {at_most} rows are bad",
        severity=FailureSeverity.CRITICAL,
        meta={"kind": "bad_share", "reason": "too many rows are bad"},
    )


class SuiteRunner:
    """Runs expectations on queries of one database; the results of all of them make one data docs page."""

    def __init__(self, url: URL, suite_name: str) -> None:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._gx = gx
        self._suite_name = suite_name
        # Ephemeral: nothing of it, the password least of all, is ever written to a file.
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = self._context.data_sources.add_postgres("warehouse", connection_string=connection_string(url))
        self._results: list[Any] = []

    def check(self, name: str, query: str, expectations: list[Any]) -> list[Finding]:
        """Run expectations on the rows of a query, in the database."""
        batch = self._source.add_query_asset(name, query=query).add_batch_definition_whole_table(name).get_batch()
        suite = self._gx.ExpectationSuite(name=self._suite_name, expectations=expectations)
        result = batch.validate(suite, result_format="COMPLETE")
        self._results.append(result)
        return [_finding(part) for part in result.results]

    def result(self, run_id: str) -> Any:
        """All results so far as one GX validation result, failed ones first."""
        from great_expectations.core import ExpectationSuiteValidationResult

        results = sorted(
            (result for part in self._results for result in part.results), key=lambda result: bool(result.success)
        )
        good = sum(bool(result.success) for result in results)
        return ExpectationSuiteValidationResult(
            success=good == len(results),
            results=results,
            suite_name=self._suite_name,
            suite_parameters={},
            statistics={
                "evaluated_expectations": len(results),
                "successful_expectations": good,
                "unsuccessful_expectations": len(results) - good,
                "success_percent": 100 * good / len(results) if results else None,
            },
            meta={**self._results[0].meta, "run_id": {"run_name": run_id, "run_time": None}},
        )

    def close(self) -> None:
        """Close the connections to the database."""
        self._source.get_engine().dispose()
        if self._source.execution_engine:
            self._source.execution_engine.close()


@contextmanager
def suite_runner(url: URL, suite_name: str) -> Iterator[SuiteRunner]:
    """A runner whose connections are closed in the end."""
    runner = SuiteRunner(url, suite_name)
    try:
        yield runner
    finally:
        runner.close()


def _finding(result: Any) -> Finding:
    config = result.expectation_config
    return Finding(
        kind=config.meta["kind"],
        promise=config.description,
        reason=config.meta["reason"],
        success=bool(result.success),
        observed=(result.result or {}).get("observed_value"),
        broken=_cause(result.exception_info or {}),
    )


def _cause(exception_info: dict[str, Any]) -> str | None:
    """Why a check failed, None if it did not. GX gives one such dict, or one per metric that failed."""
    infos = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    messages = [str(info["exception_message"]) for info in infos if info["raised_exception"]]
    return messages[0].partition("\n(Background on this error")[0] if messages else None


def connection_string(url: URL) -> str:
    """The URL as GX takes it: always with a host, even beside a socket in the query.

    GX would read ``$`` as the beginning of a variable; rendered, it is percent-encoded.
    """
    if url.host is None and "host" in url.query:
        url = url.set(host="localhost")
    return url.render_as_string(hide_password=False)
