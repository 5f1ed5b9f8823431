"""One DAG run brings NetSuite into the warehouse and publishes recipients and credit."""

import pytest
from sqlalchemy import text

from include.warehouse.database import WRITER

STATUSES = {
    "ok", "owner_empty", "employee_not_found", "employee_deleted", "not_an_employee", "employee_inactive",
    "email_missing", "email_invalid", "conflict", "no_user", "user_inactive",
}  # fmt: skip


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
def test_a_first_run_publishes_one_row_for_every_invoice_and_owner_field(acme, sandbox, auth):
    acme.connect(sandbox.connection(auth))
    assert acme.sync() == {"state": "success", "failures": {}}
    assert acme.value("SELECT count(*) FROM raw.invoices") > 290
    assert (
        acme.rows(
            """
        SELECT invoices.id FROM raw.invoices
        CROSS JOIN unnest(ARRAY['salesrep', 'custbody_collector', 'custbody_account_manager']) AS field
        LEFT JOIN publish.recipients ON recipients.invoice_id = invoices.id AND recipients.owner_field = field
        WHERE recipients.invoice_id IS NULL
        """
        )
        == []
    )
    assert acme.value("SELECT count(*) FROM publish.recipients") == 3 * acme.value("SELECT count(*) FROM raw.invoices")
    assert {row["status"] for row in acme.rows("SELECT DISTINCT status FROM publish.recipients")} <= STATUSES
    assert acme.value("SELECT count(*) FROM publish.recipients WHERE status = 'ok'") > 0
    assert (
        acme.rows(
            "SELECT * FROM publish.recipients JOIN raw.employees ON employees.id = recipients.employee_id "
            "WHERE recipients.email <> btrim(employees.email)"
        )
        == []
    )
    assert acme.value("SELECT count(*) FROM publish.customer_credit") == acme.value(
        "SELECT count(*) FROM raw.customers"
    )


def test_what_was_read_was_loaded_or_quarantined_and_the_ledger_says_so(acme):
    """P2, P7: the counts of every step."""
    acme.sync()
    steps = {
        (row["entity"], row["step"]): row["counts"]
        for row in acme.rows("SELECT entity, step, state, counts FROM ops.sync_steps WHERE state = 'success'")
    }
    assert {entity for entity, _ in steps} == {"run", "invoices", "employees", "customers", "terms", "deletions"}
    for entity in ("invoices", "employees", "customers", "terms", "deletions"):
        extracted, loaded = steps[entity, "extract"], steps[entity, "load"]
        assert extracted["rows"] == steps[entity, "validate"]["rows"] == loaded["rows"] + loaded["quarantined"]
        assert extracted["requests"] > 0
    assert sum(steps[entity, "load"]["quarantined"] for entity in ("invoices", "customers", "employees")) == 3
    assert (
        acme.value("SELECT count(*) FROM quarantine.rows WHERE resolved_at IS NULL AND cardinality(reasons) > 0") == 3
    )
    assert acme.value("SELECT state FROM ops.sync_runs") == "success"
    assert steps["run", "publish"]["rows"] == acme.value("SELECT count(*) FROM publish.recipients")


def test_the_same_dag_run_a_second_time_gives_the_same_tables(acme):
    """P3: idempotent; the row versions say that nothing was even touched."""
    acme.sync()
    before = acme.tables()
    versions = acme.rows("SELECT invoice_id, xmin::text FROM publish.recipients ORDER BY invoice_id, owner_field")
    assert acme.sync(again=True)["state"] == "success"
    assert acme.tables() == before
    assert (
        acme.rows("SELECT invoice_id, xmin::text FROM publish.recipients ORDER BY invoice_id, owner_field") == versions
    )


def test_the_next_run_reads_what_changed_and_nothing_else_changes(acme):
    acme.sync()
    before = acme.tables()
    assert acme.sync()["state"] == "success"
    assert acme.tables() == before
    read = acme.rows(
        "SELECT rows FROM ops.sync_steps WHERE entity = 'invoices' AND step = 'extract' ORDER BY run_started_at"
    )
    assert read[0]["rows"] > 290
    assert read[1]["rows"] == 0


def test_counts_are_on_the_asset_events_too(acme):
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    acme.sync()
    with create_session() as session:
        found = session.execute(
            select(AssetModel.uri, AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .order_by(AssetEvent.id)
        ).all()
    extras = dict(tuple(row) for row in found)
    assert extras["x-netsuite://acme/raw.invoices"]["rows"] == acme.value("SELECT count(*) FROM raw.invoices")
    coverage = extras["x-netsuite://acme/publish.recipients"]["coverage"]
    covered_up_to = acme.value("SELECT complete_up_to FROM ops.publications WHERE entity = 'invoices'")
    assert coverage["invoices"]["covered_up_to"] == covered_up_to.isoformat()
    assert extras["x-netsuite://acme/publish.recipients"]["rows"] == acme.value(
        "SELECT count(*) FROM publish.recipients"
    )


def test_users_are_viewers_with_an_address_and_named_by_an_invoice(acme):
    """O3, O5, O6, O7."""
    acme.sync()
    assert acme.value("SELECT count(*) FROM workflow.users") > 0
    assert acme.rows("SELECT * FROM workflow.users WHERE role <> 'viewer' OR NOT is_active") == []
    assert (
        acme.rows(
            """
        SELECT * FROM workflow.users
        LEFT JOIN raw.employees ON employees.id = users.netsuite_employee_id
        WHERE employees.email_address IS NULL
            OR NOT EXISTS (SELECT FROM raw.invoice_owners WHERE invoice_owners.employee_id = users.netsuite_employee_id)
        """
        )
        == []
    )
    assert acme.rows("SELECT lower(email) FROM workflow.users GROUP BY 1 HAVING count(*) > 1") == []


def test_what_a_sync_writes_it_writes_with_the_rights_of_a_sync(acme):
    """O8, O5: the role that a run works with may not touch what is a person's, whatever the code says."""
    with acme.warehouse.begin() as connection:
        connection.execute(
            text("""
            CREATE TABLE public.writers (table_name text, role name);
            GRANT INSERT ON public.writers TO PUBLIC;
            CREATE FUNCTION public.note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO public.writers VALUES (TG_TABLE_NAME, current_user);
                RETURN NULL;
            END $$;
            CREATE TRIGGER note AFTER INSERT ON ops.sync_runs EXECUTE FUNCTION public.note_writer();
            CREATE TRIGGER note AFTER INSERT ON raw.invoices EXECUTE FUNCTION public.note_writer();
            CREATE TRIGGER note AFTER INSERT ON quarantine.rows EXECUTE FUNCTION public.note_writer();
            CREATE TRIGGER note AFTER INSERT ON workflow.users EXECUTE FUNCTION public.note_writer();
            CREATE TRIGGER note AFTER INSERT ON publish.recipients EXECUTE FUNCTION public.note_writer();
            """)
        )
    assert acme.sync()["state"] == "success"
    assert acme.rows("SELECT DISTINCT table_name, role FROM public.writers ORDER BY table_name") == [
        {"table_name": table, "role": WRITER} for table in ("invoices", "recipients", "rows", "sync_runs", "users")
    ]
