"""After a whole run: every recipient is explained as it was published, and the templates were checked (B1, B7)."""

TEMPLATES = """
INSERT INTO workflow.templates (account, template_id, name, recipients) VALUES
    ('acme', 'good', 'Reminder', '{{user_from_source_id:salesrep}}, desk@corp.test'),
    ('acme', 'wrong', 'Last call', '{{user_from_source_id:SalesRep}}'),
    ('other', 'theirs', 'Reminder', '{{nope}}')
"""


def test_every_recipient_of_the_run_is_explained_as_it_was_published(acme):
    """B1, O11, B7: the whole table, with every special row of the sandbox."""
    acme.execute(TEMPLATES)
    assert acme.sync() == {"state": "success", "failures": {}}

    disagreements = acme.rows("""
        SELECT recipients.invoice_id, recipients.owner_field, recipients.status, explained."check", explained.seen
        FROM publish.recipients
        LEFT JOIN publish.recipient_explain AS explained
            ON explained.account = recipients.account
            AND explained.invoice_id = recipients.invoice_id
            AND explained.owner_field = recipients.owner_field
            AND explained.outcome = 'fail'
        WHERE recipients.status <> coalesce(explained.status, CASE WHEN explained."check" IS NULL THEN 'ok' ELSE '' END)
    """)
    assert disagreements == []
    assert acme.value("SELECT count(*) FROM publish.recipients WHERE status = 'ok'") > 0
    assert acme.value("SELECT count(DISTINCT status) FROM publish.recipients") >= 9
    assert acme.value("""
        SELECT count(*) FROM publish.recipient_explain AS explained
        WHERE NOT EXISTS (
            SELECT FROM publish.recipients
            WHERE recipients.invoice_id = explained.invoice_id AND recipients.owner_field = explained.owner_field
        )
    """) == acme.value("SELECT 16 * 3 * count(*) FROM raw.invoices WHERE deleted_at IS NOT NULL")
    configured = acme.rows("SELECT account, owner_field FROM ops.owner_fields ORDER BY owner_field")
    assert [row["owner_field"] for row in configured] == ["custbody_account_manager", "custbody_collector", "salesrep"]

    (linted,) = acme.rows("SELECT rows, state, counts FROM ops.sync_steps WHERE step = 'lint_templates'")
    assert (linted["rows"], linted["state"]) == (2, "success")
    assert (linted["counts"]["errors"], linted["counts"]["warnings"]) == (1, 0)
    assert "workflow.templates/wrong:1:23: error wrong_case_field" in linted["counts"]["findings"][0]
    assert acme.value("SELECT state FROM ops.sync_runs") == "success"


def test_templates_that_cant_be_checked_fail_no_run(acme):
    """B7: what was published stays published."""
    acme.execute("ALTER TABLE workflow.templates RENAME TO gone")
    assert acme.sync() == {"state": "success", "failures": {}}
    assert acme.value("SELECT state FROM ops.sync_runs") == "success"
    (linted,) = acme.rows("SELECT state, counts FROM ops.sync_steps WHERE step = 'lint_templates'")
    assert "workflow.templates" in linted["counts"]["not_checked"]
