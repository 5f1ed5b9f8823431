"""The page "NetSuite sync" inside the Airflow UI (P7, B4): what is fresh, ran, is wrong and waits."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from include.extract.entities import DELETIONS, EMPLOYEES, INVOICES
from include.local_stack.postgres import EmbeddedPostgres
from include.matching.publish import publish
from include.warehouse.database import open_warehouse
from include.warehouse.ledger import RunLedger
from tests.console.visits import AirflowRows, Visit, answers_of_airflow
from tests.warehouse.runs import CUTOFF_AT, Run, invoice, query

HOME = "/netsuite-sync/"
PEOPLE = "/netsuite-people/"
ACME = f"{HOME}dags/netsuite_sync__acme"
PAGES = [HOME, f"{HOME}accounts/acme", ACME, f"{ACME}/runs/good", f"{ACME}/runs/red"]
HTML = "<script>alert('x')</script>"
ERROR = "NetSuite refused the sign-in <b>again</b>. Look at Setup > Users/Roles > View Login Audit Trail."
ELSEWHERE = "This is no DAG of a NetSuite account"
AT = CUTOFF_AT.isoformat()
LATER = (CUTOFF_AT + timedelta(hours=1)).isoformat()


def fill(warehouse: Engine) -> None:
    """A run of acme that went well, a reconciliation, one that failed; globex never ran."""
    good = Run(warehouse, "good")
    good.stage_and_load(INVOICES, [invoice(1), invoice(2, memo=HTML)], [(2, f"memo is {HTML}")])
    good.stage_and_load(EMPLOYEES, [])
    good.stage_and_load(DELETIONS, [])
    with good.ledger.step("invoices", "extract") as counts:
        counts.set(
            rows=4321, requests=17, retries={"RateLimited": 3, "ServerError": 1}, seconds_waiting_for_netsuite=6.5
        )
    with good.ledger.step("invoices", "validate") as counts:
        counts.set(rows=4321, bad_rows=1, reasons={f"memo is {HTML}": 1}, warnings={"email is odd": 2})
    with good.ledger.step("run", "load") as counts:  # what an approved backfill adds up of its entities
        counts.set(rows=1)
    publish(warehouse, account="acme", run_id="good", user_mode="import")
    good.ledger.finish("success")
    red = RunLedger(warehouse, "acme", "red", "netsuite_sync__acme")
    with pytest.raises(RuntimeError), red.step("run", "fence"):
        raise RuntimeError(ERROR)
    red.finish("failed", f"fence: {ERROR}")
    killed = RunLedger(warehouse, "acme", "killed", "netsuite_sync__acme")
    killed.pass_fence(CUTOFF_AT, [])
    again = RunLedger(warehouse, "acme", "again", "netsuite_sync__acme")
    again.pass_fence(CUTOFF_AT, [])
    again.finish("failed", "invoices.extract: 503")
    RunLedger(warehouse, "acme", "reconcile__daily", "netsuite_reconcile__acme").pass_fence(CUTOFF_AT, [])
    query(
        warehouse,
        "INSERT INTO ops.reconciliations (account, entity, run_id, netsuite_rows, raw_rows, lost, changed, "
        "deleted_silently, quarantined, repaired, compared_at) "
        "VALUES ('acme', 'invoices', 'reconcile__daily', 9, 7, 2, 1, 0, 0, 2, :at)",
        at=CUTOFF_AT,
    )


AIRFLOW = AirflowRows(
    dags=["netsuite_sync__acme", "netsuite_reconcile__acme", "netsuite_resync__acme", "netsuite_sync__globex", "other"],
    runs=[
        {"dag_id": "netsuite_sync__acme", "run_id": "good", "state": "success", "at": AT},
        {"dag_id": "netsuite_sync__acme", "run_id": "red", "state": "failed", "at": LATER},
        {"dag_id": "netsuite_sync__acme", "run_id": "killed", "state": "failed", "at": LATER},
        {"dag_id": "netsuite_sync__acme", "run_id": "again", "state": "running", "at": LATER},
        {"dag_id": "netsuite_reconcile__acme", "run_id": "daily", "state": "running", "at": LATER},
        {"dag_id": "netsuite_resync__acme", "run_id": "asks", "state": "running", "at": LATER},
        {"dag_id": "netsuite_sync__globex", "run_id": "first", "state": "failed", "at": LATER},
        {"dag_id": "other", "run_id": "asks", "state": "running", "at": LATER},
    ],
    tasks=[
        {"dag_id": "netsuite_sync__acme", "run_id": "red", "task_id": "fence", "state": "failed", "try_number": 2},
        {"dag_id": "netsuite_sync__acme", "run_id": "killed", "task_id": "invoices.extract", "state": "failed"},
        {"dag_id": "netsuite_sync__globex", "run_id": "first", "task_id": "fence", "state": "failed"},
        {
            "dag_id": "netsuite_resync__acme",
            "run_id": "asks",
            "task_id": "approve",
            "state": "awaiting_input",
            "question": f"Re-sync 12 invoices of {HTML}?",
        },
        {
            "dag_id": "netsuite_resync__acme",
            "run_id": "asks",
            "task_id": "marked_by_hand",
            "state": "success",
            "question": "Nobody needs to answer this any more",
        },
        {"dag_id": "other", "run_id": "asks", "task_id": "a", "state": "awaiting_input", "question": "Not of ours"},
    ],
)


@pytest.fixture(scope="module")
def ask(postgres: EmbeddedPostgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Makes all visits of this module at once, since starting Airflow takes seconds; then tells what came of each."""
    folder = tmp_path_factory.mktemp("airflow")
    names = {"filled": migrated_template, "new": migrated_template, "not_migrated": "template1"}
    for name, template in names.items():
        postgres.ensure_database(f"console_{name}", template=template)
    warehouse = open_warehouse(postgres.url("console_filled"))
    fill(warehouse)
    warehouse.dispose()
    places = {name: place(folder, postgres.url(f"console_{name}")) for name in names}
    places["unreachable"] = place(folder, "postgresql://ann:hidden@127.0.0.1:9/warehouse")
    places["without"] = {"NETSUITE_ACCOUNTS_DIR": str(folder)}
    places["accounts"] = places["filled"] | {"NETSUITE_ACCOUNTS_DIR": str(accounts(folder))}
    visits = [Visit(page, user) for page in PAGES for user in (None, "ann", "vic")]
    visits += [Visit(f"{HOME}openapi.json"), Visit(PEOPLE), Visit(PEOPLE, "vic", cookie=True)]
    visits += [Visit(HOME, "ann", method) for method in ("POST", "PUT", "DELETE")]
    visits += [Visit(HOME, "vic", place=name) for name in places if name != "filled"]
    visits += [Visit(f"{ACME}/runs/red", "vic", place="unreachable"), Visit("/api/v2/plugins", "ann")]
    elsewhere = ["dags/other", "dags/netsuite_sync__gone", "accounts/gone", "dags/other/runs/asks"]
    visits += [Visit(f"{HOME}{page}", "vic") for page in (*elsewhere, "dags/netsuite_sync__acme/runs/gone")]
    visits += [Visit(f"{HOME}dags/netsuite_reconcile__acme/runs/daily", "vic")]
    answers = answers_of_airflow(folder, visits, places, AIRFLOW)
    yield lambda *args, **options: answers[Visit(*args, **options)]
    for name in names:
        postgres.drop_database(f"console_{name}")


def place(folder: Path, url: str) -> dict[str, str]:
    connection = url.replace("postgresql+psycopg", "postgres").replace("postgresql:", "postgres:")
    return {"AIRFLOW_CONN_WAREHOUSE": connection, "NETSUITE_ACCOUNTS_DIR": str(folder)}


def accounts(folder: Path) -> Path:
    """Acme has a schedule that its data, of March 2026, missed long ago; globex's file is wrong."""
    found = folder / "accounts"
    found.mkdir()
    (found / "acme.yml").write_text("connection: n\nowner_fields: [salesrep]\nschedule: '15 * * * *'\n")
    (found / "globex.yml").write_text("connection: n\nowner_field: salesrep\n")
    return found


def words(answer: dict) -> str:
    """The page's text as a reader sees it, with one blank between words."""
    return re.sub(r"\s+", " ", re.sub(r"<(script|style)>.*?</\1>|<[^>]+>", " ", answer["text"], flags=re.DOTALL))


class TestWhoSeesIt:
    @pytest.mark.parametrize("page", PAGES)
    def test_nobody_sees_anything_without_signing_in(self, ask, page):
        answer = ask(page)
        assert answer["status"] in {401, 403}
        assert "acme" not in answer["text"]

    @pytest.mark.parametrize("user", ["ann", "vic"])
    def test_whoever_is_signed_in_sees_it_viewers_too(self, ask, user):
        assert [ask(page, user)["status"] for page in PAGES] == [200] * len(PAGES)

    def test_what_it_can_be_asked_is_told_to_nobody(self, ask):
        assert ask(f"{HOME}openapi.json")["status"] == 404

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_nothing_can_be_written(self, ask, method):
        assert ask(HOME, "ann", method)["status"] == 405

    @pytest.mark.parametrize("page", ["dags/other", "dags/netsuite_sync__gone", "accounts/gone"])
    def test_another_projects_dag_and_an_account_that_is_none_are_said_to_be_so(self, ask, page):
        answer = ask(f"{HOME}{page}", "vic")
        assert answer["status"] == 404
        assert ELSEWHERE in words(answer)

    @pytest.mark.parametrize("page", ["dags/other/runs/asks", "dags/netsuite_sync__acme/runs/gone"])
    def test_a_run_that_is_none_is_said_to_be_so(self, ask, page):
        assert ask(f"{HOME}{page}", "vic")["status"] == 404

    def test_the_ui_offers_it_in_its_menu_and_on_each_dag_and_run(self, ask):
        plugins = json.loads(ask("/api/v2/plugins", "ann")["text"])["plugins"]
        views = [view for plugin in plugins for view in plugin["external_views"] if view["name"] == "NetSuite sync"]
        assert {view["destination"]: view["href"] for view in views} == {
            "nav": "netsuite-sync/",
            "dag": "netsuite-sync/dags/{DAG_ID}",
            "dag_run": "netsuite-sync/dags/{DAG_ID}/runs/{RUN_ID}",
        }
        assert len({view["url_route"] for view in views}) == len(views)
        (people,) = [
            view for plugin in plugins for view in plugin["external_views"] if view["name"] == "NetSuite people"
        ]
        assert (people["destination"], people["href"]) == ("nav", PEOPLE[1:])

    def test_the_page_about_people_is_open_to_the_same_people(self, ask):
        assert ask(PEOPLE)["status"] == 401
        answer = ask(PEOPLE, "vic", cookie=True)
        assert (answer["status"], "acme 0 Users" in words(answer)) == (200, True)


class TestWhatItShows:
    def test_how_fresh_and_complete_each_published_table_is(self, ask):
        text = words(ask(HOME, "vic"))
        assert re.search(r"publish\.recipients 2026-03-01 12:00:00 UTC \d+ days", text)

    def test_what_was_read_and_what_the_last_reconciliation_found(self, ask):
        text = words(ask(HOME, "vic"))
        assert re.search(r"invoices 2026-03-01 12:00:00 UTC \d+ days yes 1 1 ", text)
        assert "2 lost, 1 changed, 0 deleted in silence; 1 not repaired" in text

    def test_each_run_with_its_counts_and_why_it_asked_again(self, ask):
        text = words(ask(f"{HOME}accounts/acme", "vic"))
        assert re.search(r"netsuite_sync__acme success \d+ 4,321 1 1 17 RateLimited: 3, ServerError: 1 6\.5 ", text)

    def test_a_red_run_says_which_step_and_the_errors_own_words_and_leads_to_its_log(self, ask):
        answer = ask(ACME, "vic")
        assert "last sync failed" in words(ask(HOME, "vic"))
        assert "fence failed: NetSuite refused the sign-in &lt;b&gt;again&lt;/b&gt;." in words(answer)
        assert 'href="../../dags/netsuite_sync__acme/runs/red/tasks/fence?try_number=2"' in answer["text"]

    def test_a_killed_run_is_red_though_the_ledger_still_thinks_it_runs(self, ask):
        text = words(ask(ACME, "vic"))
        assert "invoices.extract failed: it left no words." in text
        assert "It ended without a word to the warehouse" in text

    def test_a_failure_that_airflow_tries_again_is_told_from_one_that_is_final(self, ask):
        assert "A task failed; Airflow tries it again." in words(ask(ACME, "vic"))

    def test_a_run_that_never_reached_the_warehouse_is_shown(self, ask):
        text = words(ask(HOME, "vic"))
        assert "It failed before it reached the warehouse" in text[text.index("globex") :]

    def test_a_run_of_another_kind_is_found_under_airflows_name_for_it(self, ask):
        answer = ask(f"{HOME}dags/netsuite_reconcile__acme/runs/daily", "vic")
        assert (answer["status"], "netsuite_reconcile__acme running" in words(answer)) == (200, True)

    def test_a_run_step_by_step_with_reasons_warnings_and_waiting(self, ask):
        text = words(ask(f"{ACME}/runs/good", "vic"))
        assert re.search(r"invoices\.extract success [\d.]+ 4,321 17 RateLimited: 3, ServerError: 1 6\.5", text)
        assert "1 to quarantine: memo is &lt;script&gt;" in text
        assert "2 with a warning: email is odd" in text

    def test_what_waits_for_an_answer_with_the_way_to_airflows_own_page(self, ask):
        answer = ask(HOME, "vic")
        assert 'href="../required_actions?response_received=false"' in answer["text"]
        assert 'href="../dags/netsuite_resync__acme/runs/asks/tasks/approve/required_actions"' in answer["text"]
        assert "Re-sync 12 invoices" in answer["text"]
        assert "Nobody needs to answer" not in answer["text"]
        assert "Not of ours" not in answer["text"]

    def test_open_quarantine_with_reasons_and_examples(self, ask):
        text = words(ask(HOME, "vic"))
        assert "invoices memo is &lt;script&gt;" in text
        assert "invoice_number: INV2" in text

    def test_what_is_overdue_by_the_accounts_schedule(self, ask):
        text = words(ask(HOME, "vic", place="accounts"))
        assert "Overdue: deletions, employees, invoices" in text.replace("customers, ", "").replace(", terms", "")
        assert "15 * * * *, UTC" in text

    def test_a_wrong_account_file_is_said_with_its_key(self, ask):
        text = words(ask(HOME, "vic", place="accounts"))
        assert "globex.yml" in text
        assert "owner_field" in text


class TestWhatNetSuiteHolds:
    def test_html_in_names_and_reasons_is_text(self, ask):
        for page in PAGES:
            assert HTML not in ask(page, "vic")["text"]
            assert "<b>again" not in ask(page, "vic")["text"]

    def test_only_the_pages_own_script_runs_and_nothing_is_fetched_or_kept(self, ask):
        answer = ask(HOME, "vic")
        policy = answer["headers"]["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'$", policy)
        assert answer["text"].count("<script") == 1
        assert answer["headers"]["cache-control"] == "no-store"
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", answer["text"])


class TestWithoutAWarehouse:
    def test_an_empty_one_says_that_nothing_is_published_yet(self, ask):
        answer = ask(HOME, "vic", place="new")
        assert answer["status"] == 200
        assert words(answer).count("nothing published yet") == 2

    @pytest.mark.parametrize(
        ("place", "what"),
        [
            ("unreachable", "The warehouse can't be reached"),
            ("without", "no Airflow connection 'warehouse'"),
            ("not_migrated", "Run the migrations"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_airflow_knows_is_shown(self, ask, place, what):
        answer = ask(HOME, "vic", place=place)
        assert answer["status"] == 503
        assert what in words(answer).replace("&#39;", "'")
        assert "hidden" not in answer["text"]
        assert "Re-sync 12 invoices" in answer["text"]

    def test_a_run_is_shown_as_airflow_knows_it(self, ask):
        answer = ask(f"{ACME}/runs/red", "vic", place="unreachable")
        assert answer["status"] == 503
        assert "fence failed" in words(answer)
