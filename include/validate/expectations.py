"""An expectation of our own, made when it is first needed: importing Great Expectations takes seconds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation


@cache
def no_rows_break_rule() -> type[UnexpectedRowsExpectation]:
    """The class of the expectation that no row comes out of ``unexpected_rows_query``."""
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation

    class ExpectNoRowsToBreakRule(UnexpectedRowsExpectation):
        """As GX's own expectation, but the rows are only counted, in the database.

        GX's would read every one of them into memory to keep the first 200, and pass over the table a second time.
        """

        metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

        def _validate(
            self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
        ) -> dict[str, Any]:
            count = metrics["unexpected_rows_query.row_count"]
            return {"success": count == 0, "result": {"observed_value": count}}

    return ExpectNoRowsToBreakRule
