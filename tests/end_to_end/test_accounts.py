"""Several accounts in one deployment: each with its own NetSuite, runs and failures (B4)."""

from tests.sandbox_process import SandboxProcess

TABLES = ("raw.invoices", "raw.customers", "publish.recipients", "publish.customer_credit", "workflow.users")


def rows_of(installation, account: str) -> dict[str, list[dict]]:
    return {
        table: installation.rows(
            f"SELECT to_jsonb(t) - 'refreshed_at' AS row FROM {table} AS t WHERE account = '{account}' ORDER BY 1"
        )
        for table in TABLES
    }


def test_one_accounts_netsuite_is_down_and_the_others_run_is_green(acme):
    acme.write_account("globex", owner_fields=["salesrep", "custbody_regional_manager"], concurrency=2)
    with SandboxProcess(
        invoices=60, seed=11, account="7654321_SB1", date_format="DD/MM/YYYY", session_timezone="Europe/London"
    ) as other:
        acme.connect(other.connection(), "globex")
        assert acme.sync("globex")["state"] == "success"
    before = rows_of(acme, "globex")
    assert all(before.values())
    fresh_before = acme.rows("SELECT * FROM ops.publications WHERE account = 'globex' ORDER BY entity")

    failed = acme.sync("globex")  # its sandbox has ended
    assert (failed["state"], list(failed["failures"])) == ("failed", ["fence"])
    assert acme.sync("acme")["state"] == "success"

    assert rows_of(acme, "globex") == before
    assert acme.rows("SELECT * FROM ops.publications WHERE account = 'globex' ORDER BY entity") == fresh_before
    assert all(rows_of(acme, "acme").values())
    states = acme.rows("SELECT account, state FROM ops.sync_runs ORDER BY started_at")
    assert [(row["account"], row["state"]) for row in states] == [
        ("globex", "success"),
        ("globex", "failed"),
        ("acme", "success"),
    ]
    coverage = acme.rows(
        "SELECT account, bool_and(without_gap) AS whole FROM publish.coverage GROUP BY account ORDER BY account"
    )
    assert coverage == [{"account": "acme", "whole": True}, {"account": "globex", "whole": True}]
