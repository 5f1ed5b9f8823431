"""Match and publish at full size: 3 owner fields an invoice, 20,000 employees, 10,000 users; data made by SQL."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.matching.publish import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

REPEATS = 3
ACCOUNT = "people"
RUN = "bench people"

GENERATED = f"""
INSERT INTO ops.sync_runs (account, run_id, dag_id, cutoff_at) VALUES ('{ACCOUNT}', '{RUN}', 'bench', now());
INSERT INTO raw.employees (
    account, id, first_name, last_name, email, email_address, email_key, last_modified_at, run_id
)
SELECT '{ACCOUNT}', id, 'Ann', 'Lee', address, address, address, now() - interval '90 days', '{RUN}'
FROM generate_series(1, 20000) AS id
CROSS JOIN LATERAL (SELECT format('e%s@corp.test', id) AS address) AS addresses;
INSERT INTO workflow.users (account, email, display_name, role, netsuite_employee_id)
SELECT '{ACCOUNT}', email, 'Ann Lee', 'member', id FROM raw.employees WHERE account = '{ACCOUNT}' AND id % 2 = 0;
INSERT INTO ops.user_email_keys (user_id, email, email_key)
SELECT user_id, email, email FROM workflow.users WHERE account = '{ACCOUNT}';
INSERT INTO raw.invoices (account, id, invoice_number, last_modified_at, run_id)
SELECT '{ACCOUNT}', id, 'INV' || id, now() - interval '30 days', '{RUN}' FROM generate_series(1, :invoices) AS id;
INSERT INTO raw.invoice_owners (account, invoice_id, owner_field, employee_id, run_id)
SELECT '{ACCOUNT}', id, 'custbody_owner_' || field, nullif((id * 7919 + field * 104729) % 20001, 0), '{RUN}'
FROM generate_series(CAST(1 AS bigint), :invoices) AS id
CROSS JOIN generate_series(1, 3) AS field;
ANALYZE raw.employees, workflow.users, ops.user_email_keys, raw.invoices, raw.invoice_owners;
"""

# Into a table like the published one, with its checks and its key: the least that gives the same recipients.
BARE_JOIN = f"""
CREATE TABLE bare (LIKE publish.recipients INCLUDING ALL);
INSERT INTO bare
SELECT
    owners.account, owners.invoice_id, owners.owner_field, invoices.invoice_number, owners.employee_id, users.user_id,
    CASE WHEN users.is_active AND employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE
        THEN CASE WHEN keys.email_key = employees.email_key THEN employees.email_address ELSE users.email END END,
    CASE
        WHEN owners.employee_id IS NULL THEN 'owner_empty'
        WHEN employees.deleted_at IS NOT NULL THEN 'employee_deleted'
        WHEN employees.is_inactive THEN 'employee_inactive'
        WHEN users.user_id IS NULL THEN 'no_user'
        WHEN NOT users.is_active THEN 'user_inactive'
        ELSE 'ok'
    END,
    '{RUN}', now()
FROM raw.invoice_owners AS owners
INNER JOIN raw.invoices AS invoices ON owners.account = invoices.account AND owners.invoice_id = invoices.id
LEFT JOIN raw.employees AS employees ON owners.account = employees.account AND owners.employee_id = employees.id
LEFT JOIN workflow.users AS users
    ON owners.account = users.account AND owners.employee_id = users.netsuite_employee_id
LEFT JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
WHERE owners.account = '{ACCOUNT}' AND invoices.deleted_at IS NULL;
"""

# The log refuses to be emptied.
EMPTY = """
SET LOCAL session_replication_role = replica;
TRUNCATE publish.recipients, publish.recipient_changes, publish.user_mapping, publish.conflicts,
    matching.employee_matches, matching.owner_states, matching.past_owner_states, matching.past_owners,
    matching.recipient_counts, matching.changed_invoices;
"""

# Invoices change while they are young; those of one employee lie everywhere.
YOUNGEST_INVOICES = f"""
UPDATE raw.invoices SET last_modified_at = now()
WHERE account = '{ACCOUNT}' AND id > (SELECT max(id) FROM raw.invoices WHERE account = '{ACCOUNT}') * 0.99;
UPDATE raw.invoice_owners SET employee_id = 1 + (coalesce(employee_id, 0) + 7 + :nth) % 20000
WHERE account = '{ACCOUNT}' AND owner_field = 'custbody_owner_1'
    AND invoice_id > (SELECT max(id) FROM raw.invoices WHERE account = '{ACCOUNT}') * 0.99;
"""

EVERY_HUNDREDTH_INVOICE = f"""
UPDATE raw.invoices SET last_modified_at = now() WHERE account = '{ACCOUNT}' AND id % 100 = :nth;
UPDATE raw.invoice_owners SET employee_id = 1 + (coalesce(employee_id, 0) + 7) % 20000
WHERE account = '{ACCOUNT}' AND invoice_id % 100 = :nth AND owner_field = 'custbody_owner_1';
"""

CHANGED_EMPLOYEES = f"""
UPDATE raw.employees
SET email = 'new.' || email, email_address = 'new.' || email, email_key = 'new.' || email, last_modified_at = now()
WHERE account = '{ACCOUNT}' AND id / 2 % 100 = :nth;
UPDATE workflow.users SET email = 'new.' || email, updated_at = now()
WHERE account = '{ACCOUNT}' AND netsuite_employee_id / 2 % 100 = :nth;
"""


class PeopleBench:
    """A warehouse with that many people and invoices."""

    def __init__(self, engine: Engine, invoices: int) -> None:
        self.engine = engine
        self.run(GENERATED, invoices=invoices)

    def run(self, statements: str, **values: int) -> None:
        with self.engine.begin() as connection:
            for statement in statements.split(";"):
                if statement.strip():
                    connection.execute(text(statement), values)

    def publish(self) -> dict[str, object]:
        return publish(self.engine, account=ACCOUNT, run_id=RUN, user_mode="match_only")

    def bare_join(self) -> float:
        taken = timed(lambda: self.run(BARE_JOIN))
        self.run("DROP TABLE bare")
        return taken

    def rebuild(self) -> float:
        self.run(EMPTY)
        return timed(self.publish)

    def after(self, change: str, nth: int) -> float:
        self.run(change, nth=nth)
        return timed(self.publish)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def publishing(engine: Engine, invoices: int) -> tuple[tuple[str, str, float, str, float], ...]:
    """What a full rebuild costs against the bare join, and what a publish after a change costs against that."""
    bench = PeopleBench(engine, invoices)
    floor = statistics.median(bench.bare_join() for _ in range(REPEATS))
    rebuild = statistics.median(bench.rebuild() for _ in range(REPEATS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))  # as autovacuum would have done by the next run
    nothing = statistics.median(timed(bench.publish) for _ in range(REPEATS))
    youngest = statistics.median(bench.after(YOUNGEST_INVOICES, nth) for nth in range(REPEATS))
    scattered = statistics.median(bench.after(EVERY_HUNDREDTH_INVOICE, nth) for nth in range(REPEATS))
    of_employees = statistics.median(bench.after(CHANGED_EMPLOYEES, nth) for nth in range(REPEATS))
    what = f"match and publish {invoices:,} invoices"
    return (
        (what, "full rebuild, history and log", rebuild, "the bare join", floor),
        (what, "nothing changed", nothing, "full rebuild", rebuild),
        (what, "1 % of the invoices changed, the youngest", youngest, "full rebuild", rebuild),
        (what, "1 % of the invoices changed, every hundredth", scattered, "full rebuild", rebuild),
        (what, "1 % of the employees changed", of_employees, "full rebuild", rebuild),
    )
