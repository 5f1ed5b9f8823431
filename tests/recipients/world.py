"""The small world of matching, with the owner fields and the templates that recipients are asked for with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.matching.publish import publish
from include.recipients.resolve import resolve
from include.recipients.template import parse_template
from tests.matching.world import World

if TYPE_CHECKING:
    from include.recipients.resolve import InvoiceKey, Resolution

FIELDS = ("salesrep", "custbody_collector")


@dataclass
class RecipientsWorld(World):
    owner_fields: tuple[str, ...] = FIELDS

    def emptied(self) -> RecipientsWorld:
        super().emptied()
        for table in ("ops.owner_fields", "ops.watermarks", "workflow.templates"):
            self.execute(f"DELETE FROM {table}")
        self.owner_fields = FIELDS
        return self

    def publish(self, run_id: str, user_mode: str = "import") -> dict[str, Any]:
        return publish(
            self.engine, account=self.account, run_id=run_id, user_mode=user_mode, owner_fields=self.owner_fields
        )

    def template(self, template_id: str, recipients: str, name: str = "Reminder") -> None:
        self.execute(
            """
            INSERT INTO workflow.templates (account, template_id, name, recipients)
            VALUES (:account, :template_id, :name, :recipients)
            """,
            template_id=template_id,
            name=name,
            recipients=recipients,
        )

    def resolve(self, text: str, *invoices: InvoiceKey) -> Resolution:
        with self.engine.connect() as connection:
            return resolve(connection, self.account, parse_template(text, self.owner_fields), invoices)

    def read_all_up_to_now(
        self, fields: tuple[str, ...] | None = None, age: str = "0 hours", columns: tuple[str, ...] = ()
    ) -> None:
        """As the load does: invoices are read, with these fields and columns, up to some time ago."""
        self.execute(
            """
            INSERT INTO ops.watermarks (account, entity, read_up_to, fields, columns, run_id)
            VALUES (:account, 'invoices', now() - CAST(:age AS interval), :fields, :columns, 'load')
            """,
            age=age,
            fields=list(self.owner_fields if fields is None else fields),
            columns=list(columns),
        )
