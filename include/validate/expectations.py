"""An expectation of our own; importing this module imports Great Expectations, which takes seconds."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation


class ExpectNoRowsToBreakRule(UnexpectedRowsExpectation):
    """No row comes out of ``unexpected_rows_query``.

    As GX's own expectation, but the rows are only counted, in the database: GX's would read every one of them into
    memory to keep the first 200, at the cost of a second pass over the table.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}
