"""The step that looks after the workflow engine's templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException

from include.operators.sync_steps import SyncStep
from include.recipients.lint import lint, templates_of_account
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.operators.sync_steps import SyncRun
    from include.warehouse.ledger import StepCounts


class LintTemplates(SyncStep):
    """Check every template of the account against its file and what was just published; warn, and never fail."""

    step = "lint_templates"

    def execute(self, context: Context) -> dict[str, object]:
        """Run the step. What was published stays published, whatever becomes of this."""
        try:
            return super().execute(context)
        except AirflowException as error:
            self.log.warning("The templates were not checked: %s", error)
            return {"rows": 0}

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Count errors and warnings, and say each of them."""
        try:
            with run.warehouse.begin() as connection:
                templates = templates_of_account(connection, self.account.name)
                report = lint(self.account.name, self.account.owner_fields, templates, connection)
        except WarehouseError as error:
            counts.set(not_checked=str(error))
            self.log.warning("The templates were not checked: %s", error)
            return
        counts.set(
            rows=report.templates,
            errors=report.errors,
            warnings=report.warnings,
            findings=[str(finding) for finding in report.findings[:20]],
        )
        for finding in report.findings:
            self.log.warning("%s", finding)
