"""A small world for the tests of matching: an account's records as they lie in raw, its users, and its syncs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.matching.email_key import delivery_address, email_key
from include.matching.match import match
from include.matching.publish import publish
from tests.warehouse.teams import Choice, Member, owners_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

PUBLISHED = ("workflow.users", "publish.recipients", "publish.customer_credit")
TABLES = (
    *PUBLISHED,
    "ops.user_email_keys",
    "publish.recipient_changes",
    "matching.employee_matches",
    "matching.owner_states",
    "matching.past_owner_states",
    "matching.past_owners",
    "matching.recipient_counts",
    "matching.changed_invoices",
    "publish.conflicts",
    "publish.user_mapping",
    "matching.verdicts",
    "ops.user_mode_switches",
    "workflow.role_changes",
    "raw.invoice_owners",
    "raw.sales_teams",
    "raw.invoices",
    "raw.employees",
    "raw.customers",
    "raw.terms",
    "raw.owner_lookups",
    "ops.sync_runs",
    "ops.publishes",
    "ops.team_selling",
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class World:
    engine: Engine
    account: str = "acme"
    runs: int = 0

    def emptied(self) -> World:
        """The same warehouse with nothing in it."""
        # Without triggers: the change log refuses deletions, and those from raw would be noted for the next publish.
        deletions = "".join(f"DELETE FROM {table};" for table in TABLES)
        self.execute(f"SET LOCAL session_replication_role = replica; {deletions}")
        self.account, self.runs = "acme", 0
        return self

    def execute(self, sql: str, **params: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql), {"account": self.account, **params})

    def rows(self, sql: str, **params: object) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), {"account": self.account, **params})]

    def employee(
        self,
        number: int,
        email: str | None = "",
        *,
        inactive: bool = False,
        deleted: bool = False,
        first: str | None = "Ann",
        last: str | None = "Lee",
        entity_id: str | None = "E-1",
    ) -> None:
        """Put an employee into raw as the load does; the e-mail address defaults to one of its own."""
        email = f"e{number}@corp.test" if email == "" else email
        self.execute(
            """
            INSERT INTO raw.employees (
                account, id, entity_id, first_name, last_name, email, email_address, email_key, is_inactive, deleted_at,
                run_id
            )
            VALUES (
                :account, :id, :entity_id, :first, :last, :email, :address, :key, :inactive,
                CASE WHEN :deleted THEN now() END, 'load'
            )
            ON CONFLICT (account, id) DO UPDATE SET
                (entity_id, first_name, last_name, email, email_address, email_key, is_inactive, deleted_at)
                = (
                    excluded.entity_id, excluded.first_name, excluded.last_name, excluded.email, excluded.email_address,
                    excluded.email_key, excluded.is_inactive, excluded.deleted_at
                )
            """,
            id=number,
            entity_id=entity_id,
            first=first,
            last=last,
            email=email,
            address=delivery_address(email),
            key=email_key(email),
            inactive=inactive,
            deleted=deleted,
        )

    def invoice(self, number: int, *, deleted: bool = False, **owners: int | None) -> None:
        """Put an invoice into raw with what its owner fields hold."""
        self.execute(
            """
            INSERT INTO raw.invoices (account, id, invoice_number, deleted_at, run_id)
            VALUES (:account, :id, 'INV' || :id, CASE WHEN :deleted THEN now() END, 'load')
            ON CONFLICT (account, id) DO UPDATE SET deleted_at = excluded.deleted_at
            """,
            id=number,
            deleted=deleted,
        )
        for owner_field, employee in owners.items():
            self.execute(
                """
                INSERT INTO raw.invoice_owners (account, invoice_id, owner_field, employee_id, run_id)
                VALUES (:account, :id, :field, :employee, 'load')
                ON CONFLICT (account, invoice_id, owner_field)
                DO UPDATE SET (employee_id, reason) = (excluded.employee_id, NULL)
                """,
                id=number,
                field=owner_field,
                employee=employee,
            )

    def fill(self, count: int) -> None:
        """So many employees and invoices, each invoice with an employee of its own in both owner fields."""
        self.execute(
            """
            INSERT INTO raw.employees (account, id, first_name, email, email_address, email_key, is_inactive, run_id)
            SELECT :account, i, 'E', key, key, key, false, 'load'
            FROM generate_series(1, :count) AS i CROSS JOIN LATERAL (SELECT 'e' || i || '@corp.test' AS key) AS address
            """,
            count=count,
        )
        self.execute(
            """
            INSERT INTO raw.invoices (account, id, invoice_number, run_id)
            SELECT :account, i, 'INV' || i, 'load' FROM generate_series(1, :count) AS i
            """,
            count=count,
        )
        self.execute(
            """
            INSERT INTO raw.invoice_owners (account, invoice_id, owner_field, employee_id, run_id)
            SELECT :account, i, field, i, 'load'
            FROM generate_series(1, :count) AS i CROSS JOIN unnest(ARRAY['salesrep', 'custbody_collector']) AS field
            """,
            count=count,
        )
        self.execute("ANALYZE raw.employees, raw.invoices, raw.invoice_owners")  # as the load does

    def choose(self, choice: Choice | None) -> None:
        """Have the account file say how owners are chosen from sales teams; None: it has no team_selling."""
        self.execute("DELETE FROM ops.team_selling WHERE account = :account")
        if choice is None:
            self.execute("UPDATE raw.invoice_owners SET reason = NULL WHERE account = :account AND reason IS NOT NULL")
            self.execute("DELETE FROM raw.invoice_owners WHERE account = :account AND owner_field LIKE 'salesrep:%'")
            self.execute("DELETE FROM raw.sales_teams WHERE account = :account")
            return
        self.execute(
            "INSERT INTO ops.team_selling (account, choice, least_contribution, run_id) "
            "VALUES (:account, :choice, :least, 'load')",
            choice=choice.choice,
            least=choice.least_contribution,
        )
        for (number,) in self.rows("SELECT DISTINCT invoice_id FROM raw.sales_teams WHERE account = :account"):
            self._own_by_team(number)

    def team(self, number: int, *members: Member) -> None:
        """Give an invoice of an account with Team Selling this sales team."""
        self.execute("DELETE FROM raw.sales_teams WHERE account = :account AND invoice_id = :id", id=number)
        for member in members:
            self.execute(
                """
                INSERT INTO raw.sales_teams (account, invoice_id, employee_id, is_primary, contribution, run_id)
                VALUES (:account, :id, :employee, :is_primary, :share, 'load')
                """,
                id=number,
                **member._asdict(),
            )
        self._own_by_team(number)

    def _own_by_team(self, number: int) -> None:
        ((choice, least),) = self.rows(
            "SELECT choice, least_contribution FROM ops.team_selling WHERE account = :account"
        )
        members = self.rows(
            """
            SELECT employee_id, is_primary, contribution FROM raw.sales_teams
            WHERE account = :account AND invoice_id = :id
            """,
            id=number,
        )
        owners = owners_of([Member(*member) for member in members], Choice(choice, least))
        self.execute(
            """
            DELETE FROM raw.invoice_owners
            WHERE account = :account AND invoice_id = :id AND owner_field LIKE 'salesrep:%'
                AND owner_field <> ALL(:fields)
            """,
            id=number,
            fields=list(owners),
        )
        for owner_field, (employee, reason) in owners.items():
            self.execute(
                """
                INSERT INTO raw.invoice_owners (account, invoice_id, owner_field, employee_id, reason, run_id)
                VALUES (:account, :id, :field, :employee, :reason, 'load')
                ON CONFLICT (account, invoice_id, owner_field)
                DO UPDATE SET (employee_id, reason) = (excluded.employee_id, excluded.reason)
                """,
                id=number,
                field=owner_field,
                employee=employee,
                reason=reason,
            )

    def user(self, email: str, *, employee: int | None = None, active: bool = True, role: str = "member") -> Any:
        """Make a user as the workflow engine does; returns the user's id."""
        with self.engine.begin() as connection:
            return connection.execute(
                text("""
                INSERT INTO workflow.users (account, email, display_name, role, is_active, netsuite_employee_id)
                VALUES (:account, :email, 'As the engine has it', :role, :active, :employee)
                RETURNING user_id
                """),
                {"account": self.account, "email": email, "role": role, "active": active, "employee": employee},
            ).scalar_one()

    def lookup(self, owner: int, found_as: str) -> None:
        self.execute(
            """
            INSERT INTO raw.owner_lookups (account, owner_id, found_as, run_id)
            VALUES (:account, :owner, :found_as, 'load')
            """,
            owner=owner,
            found_as=found_as,
        )

    def customer(self, number: int, **columns: object) -> None:
        names = "".join(f", {name}" for name in columns)
        values = "".join(f", :{name}" for name in columns)
        self.execute(
            f"INSERT INTO raw.customers (account, id, run_id{names}) VALUES (:account, :id, 'load'{values})",
            id=number,
            **columns,
        )

    def pass_fence(self) -> str:
        """A new run in the ledger; its cut-off is an hour after the one before."""
        self.runs += 1
        run_id = f"run {self.runs}"
        self.execute(
            "INSERT INTO ops.sync_runs (account, run_id, dag_id, cutoff_at) VALUES (:account, :run, 'sync', :cutoff)",
            run=run_id,
            cutoff=NOON + timedelta(hours=self.runs - 1),
        )
        return run_id

    def match(self, run_id: str, user_mode: str = "import") -> dict[str, int]:
        with self.engine.begin() as connection:
            return match(connection, account=self.account, run_id=run_id, user_mode=user_mode)

    def publish(self, run_id: str, user_mode: str = "import") -> dict[str, Any]:
        return publish(self.engine, account=self.account, run_id=run_id, user_mode=user_mode)

    def sync(self, user_mode: str = "import") -> dict[str, Any]:
        """One run's match and publish."""
        run_id = self.pass_fence()
        self.match(run_id, user_mode)
        return self.publish(run_id, user_mode)

    def users(self) -> dict[str, tuple[Any, ...]]:
        """E-mail address -> employee, role, is_active, origin."""
        return {
            email: tuple(rest)
            for email, *rest in self.rows("""
                SELECT email, netsuite_employee_id, role, is_active, origin FROM workflow.users WHERE account = :account
            """)
        }

    def addresses(self) -> dict[Any, str]:
        """User id -> e-mail address."""
        return dict(self.rows("SELECT user_id, email FROM workflow.users WHERE account = :account"))

    def links(self) -> dict[Any, int | None]:
        """User id -> employee."""
        return dict(self.rows("SELECT user_id, netsuite_employee_id FROM workflow.users WHERE account = :account"))

    def statuses(self) -> dict[tuple[int, str], str]:
        """Invoice and owner field -> status."""
        return {
            (invoice, owner_field): status
            for invoice, owner_field, status in self.rows(
                "SELECT invoice_id, owner_field, status FROM publish.recipients WHERE account = :account"
            )
        }

    def recipient(self, invoice: int, owner_field: str = "salesrep") -> tuple[Any, ...]:
        """Status, employee, user and e-mail address of one recipient."""
        (found,) = self.rows(
            """
            SELECT status, employee_id, user_id, email
            FROM publish.recipients
            WHERE account = :account AND invoice_id = :invoice AND owner_field = :field
            """,
            invoice=invoice,
            field=owner_field,
        )
        return found

    def verdict(self, employee: int) -> tuple[str, str | None]:
        """Verdict and reason of the last match."""
        (found,) = self.rows(
            """
            SELECT verdict, reason
            FROM matching.employee_matches
            WHERE account = :account AND employee_id = :employee
            """,
            employee=employee,
        )
        return found

    def versions(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the tables with its physical version: equal only if no row was written in between."""
        return {
            table: sorted(self.rows(f"SELECT ctid::text, xmin::text, published::text FROM {table} AS published"))
            for table in (tables or PUBLISHED)
        }
