"""The page "NetSuite people" inside the Airflow UI, with Airflow's own permissions: rows O12 to O14, E5, E6, B8."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from include.console import netsuite_people
from include.console.netsuite_people import REASONS, RULES
from include.recipients.words import CHECKS
from tests.matching.conftest import warehouse  # noqa: F401 # a fixture
from tests.recipients.world import RecipientsWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from include.local_stack.postgres import EmbeddedPostgres

    Ask = Callable[..., Any]

HOME = "/netsuite-people/"
ACME = f"{HOME}accounts/acme"
PAGES = [HOME, ACME, f"{ACME}/why?invoice=INV101", f"{ACME}/why?employee=1", f"{ACME}/conflicts"]
HTML = "<script>alert('x')</script>"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
SALESREP = "{{user_from_source_id:salesrep}}"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A real Airflow with the project's plugins; it knows the syncs of acme and globex."""
    from airflow.api_fastapi.app import create_app
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    bundle = DagBundleModel(name="of_people")
    dags = [
        DagModel(dag_id=f"netsuite_sync__{account}", bundle_name=bundle.name, is_stale=False, max_active_tasks=1)
        for account in ("acme", "globex")
    ]
    with create_session() as session:
        session.add(bundle)
        session.flush()
        # The database is this process's: another module may have left the same DAG in it.
        added = [dag.dag_id for dag in dags if session.get(DagModel, dag.dag_id) is None]
        session.add_all(dag for dag in dags if dag.dag_id in added)
    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        yield client
    with create_session() as session:
        for dag_id in added:
            session.delete(session.get(DagModel, dag_id))
        session.flush()
        session.delete(session.get(DagBundleModel, "of_people"))


@pytest.fixture
def world(warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecipientsWorld:  # noqa: F811
    url = warehouse.url.set(drivername="postgres").render_as_string(hide_password=False)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url)
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path))
    (tmp_path / "acme.yml").write_text("connection: c\nowner_fields: [salesrep, custbody_collector]\n")
    return RecipientsWorld(warehouse).emptied()


@pytest.fixture
def ask(client: TestClient, world: RecipientsWorld) -> Ask:
    """Asks for a page as a person with a role of Airflow's, or as nobody; a form makes it a POST."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def send(path: str, role: str | None = "viewer", form: Any = None, headers: Any = None) -> Any:
        client.cookies.clear()
        if role:
            user = SimpleAuthManagerUser(username=f"the {role}", role=role)
            client.cookies.set("_token", get_auth_manager().generate_jwt(user))
        return client.request("GET" if form is None else "POST", path, data=form, headers=headers or {})

    return send


def words(answer: Any) -> str:
    """The page's text as a reader sees it, with one blank between words."""
    text = re.sub(r"<(script|style)>.*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", text))


def fill(world: RecipientsWorld) -> dict[str, Any]:
    """Ann is made by the sync; Bob has no employee; Kim and kim share an address with employee 7. Gives their ids."""
    users = {name: world.user(f"{name}@corp.test") for name in ("bob", "kim", "Kim")}
    world.employee(1, "ann@corp.test", first="Ann", last=HTML)
    world.employee(2, "gone@corp.test", inactive=True)
    world.employee(7, "kim@corp.test")
    world.invoice(101, salesrep=1, custbody_collector=None)
    world.invoice(102, salesrep=7)
    world.invoice(103, salesrep=2)
    world.read_all_up_to_now()
    world.sync()
    (ann,) = world.rows("SELECT user_id FROM workflow.users WHERE email = 'ann@corp.test'")
    return {**users, "ann": ann[0]}


class TestWhoSeesIt:
    def test_nobody_sees_anything_without_signing_in(self, ask: Ask, world: RecipientsWorld) -> None:
        fill(world)
        for page in PAGES:
            answer = ask(page, None)
            assert answer.status_code == 401
            assert "corp.test" not in answer.text
        assert ask(f"{HOME}openapi.json").status_code == 404

    def test_a_viewer_sees_every_page_and_no_form_to_change_a_role(self, ask: Ask, world: RecipientsWorld) -> None:
        fill(world)
        assert [ask(page).status_code for page in PAGES] == [200] * len(PAGES)
        assert 'method="post"' not in ask(ACME).text
        assert 'method="post"' in ask(ACME, "op").text

    @pytest.mark.parametrize("page", ["", "/why?invoice=INV1", "/conflicts"])
    def test_an_account_that_the_reader_may_not_see_is_none(self, ask: Ask, world: RecipientsWorld, page: str) -> None:
        world.account = "secret"
        world.user("hidden@corp.test")
        answer = ask(f"{HOME}accounts/secret{page}")
        assert (answer.status_code, "no NetSuite account that you may see" in words(answer)) == (404, True)
        assert "secret" not in ask(HOME).text

    def test_what_cant_be_asked_is_said_in_words(self, ask: Ask) -> None:
        for query in ("page=0", "page=x", "integrated=maybe", f"search={'x' * 300}", "changed=nobody"):
            answer = ask(f"{ACME}?{query}")
            assert (answer.status_code, "This can't be asked." in words(answer)) == (422, True)
            assert '<a href="../">All accounts</a>' in answer.text
        assert ask(f"{ACME}?search=%00").status_code == 200


class TestUsers:
    def test_the_cards_count_users_those_not_mapped_and_conflicts(self, ask: Ask, world: RecipientsWorld) -> None:
        """E5: the card leads to the list of exactly those that it counts, users since the last publish too."""
        fill(world)
        world.user("new@corp.test")
        for page in (HOME, ACME):
            answer = ask(page)
            assert "5 Users 4 Not mapped with NetSuite 1 Conflicts that wait" in words(answer)
            assert 'accounts/acme?integrated=no"' in answer.text
        listed = ask(f"{ACME}?integrated=no")
        assert set(re.findall(r"\w+@corp\.test", words(listed))) == {
            f"{name}@corp.test" for name in ("bob", "kim", "Kim", "new")
        }

    def test_the_list_filters_by_netsuite_integrated(self, ask: Ask, world: RecipientsWorld) -> None:
        """E6: each with the employee and what brought them together, or why there is none."""
        fill(world)
        integrated, others = words(ask(f"{ACME}?integrated=yes")), words(ask(f"{ACME}?integrated=no"))
        assert re.search(
            r"ann@corp\.test .* yes viewer .* Yes 1 the user holds the employee's id; the sync made the user",
            integrated,
        )
        assert "bob@corp.test" not in integrated
        assert re.search(r"bob@corp\.test As the engine has it yes member .* No no employee has the user's", others)
        assert "kim@corp.test As the engine has it yes member" in others
        assert "a conflict waits for a person" in others
        assert "ann@corp.test" not in others

    def test_the_list_is_searched_by_address_or_name(self, ask: Ask, world: RecipientsWorld) -> None:
        fill(world)
        for search, found in (("BOB@", {"bob"}), ("alert", {"ann"}), ("engine", {"bob", "kim", "Kim"}), ("%", set())):
            listed = words(ask(f"{ACME}?search={search.replace('%', '%25')}"))
            assert set(re.findall(r"(\w+)@corp\.test", listed)) == found
        assert "No user is like that." in words(ask(f"{ACME}?search=zoe"))

    def test_the_list_is_turned_page_by_page(
        self, ask: Ask, world: RecipientsWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(netsuite_people, "ROWS_PER_PAGE", 2)
        for letter in "abcde":
            world.user(f"{letter}@corp.test")
        pages = [ask(f"{ACME}?search=corp&page={number}") for number in (1, 2, 3, 4)]
        assert [re.findall(r"(\w)@corp\.test", words(page)) for page in pages] == [["a", "b"], ["c", "d"], ["e"], []]
        assert "3 to 4 of 5" in words(pages[1])
        assert 'href="?search=corp&amp;page=3"' in pages[1].text
        assert 'href="?search=corp"' in pages[1].text
        assert "beyond the end" in words(pages[3])

    def test_every_rule_and_every_reason_has_words(self, world: RecipientsWorld) -> None:
        allowed = " ".join(
            row[0]
            for row in world.rows(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'publish.user_mapping'::regclass"
            )
        )
        assert set(re.findall(r"'(\w+)'", allowed)) == {*RULES, *REASONS} - {"not_published"}


class TestRoles:
    def test_the_role_stands_there_with_when_it_was_given_and_by_whom(self, ask: Ask, world: RecipientsWorld) -> None:
        """O14."""
        users = fill(world)
        world.execute("UPDATE workflow.users SET created_at = '2026-03-01 12:00+00'")
        assert "viewer 2026-03-01 12:00:00 UTC when the sync made the user" in words(ask(f"{ACME}?search=ann"))
        assert "member 2026-03-01 12:00:00 UTC when the workflow engine made" in words(ask(f"{ACME}?search=bob"))
        answer = ask(f"{ACME}/users/{users['ann']}/role", "op", {"role": "admin"}, OWN_PAGE)
        assert re.search(r"admin \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by the op", words(answer))

    def test_a_permitted_person_changes_it_and_comes_back_to_where_they_were(
        self, ask: Ask, world: RecipientsWorld
    ) -> None:
        """O14."""
        users = fill(world)
        form = {"role": "admin", "integrated": "yes", "search": "corp & co", "page": "1"}
        answer = ask(f"{ACME}/users/{users['ann']}/role", "op", form, OWN_PAGE)
        assert answer.history[0].status_code == 303
        assert str(answer.url) == (f"http://localhost{ACME}?integrated=yes&search=corp+%26+co&changed={users['ann']}")
        answer = ask(f"{ACME}/users/{users['ann']}/role", "op", {**form, "role": "member", "search": ""}, OWN_PAGE)
        assert "ann@corp.test has the role member now." in words(answer)
        assert world.rows(
            "SELECT role_before, role_after, changed_by FROM workflow.role_changes ORDER BY change_id"
        ) == [
            ("viewer", "admin", "the op"),
            ("admin", "member", "the op"),
        ]

    def test_whoever_may_not_edit_connections_changes_none(self, ask: Ask, world: RecipientsWorld) -> None:
        users = fill(world)
        for role, status in ((None, 401), ("viewer", 403), ("user", 403)):
            answer = ask(f"{ACME}/users/{users['ann']}/role", role, {"role": "admin"}, OWN_PAGE)
            assert answer.status_code == status
        assert "may edit connections" in words(answer)
        assert world.users()["ann@corp.test"][1] == "viewer"

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://localhost:8081"}, 403),
            ({"Origin": "https://evil.test"}, 403),
            ({"Origin": "http://localhost"}, 200),
            ({"Sec-Fetch-Site": "same-origin"}, 200),
        ],
    )
    def test_only_a_form_of_this_very_page_is_taken(
        self, ask: Ask, world: RecipientsWorld, headers: dict[str, str], status: int
    ) -> None:
        user = world.user("bob@corp.test", role="viewer")
        answer = ask(f"{ACME}/users/{user}/role", "op", {"role": "admin"}, headers)
        assert answer.status_code == status
        assert world.users()["bob@corp.test"][1] == ("admin" if status == 200 else "viewer")

    def test_what_cant_be_changed_is_said_in_words(self, ask: Ask, world: RecipientsWorld) -> None:
        user = world.user("bob@corp.test")
        for path, form, status, what in (
            (f"{ACME}/users/{uuid4()}/role", {"role": "admin"}, 404, "Account acme has no user"),
            (f"{HOME}accounts/globex/users/{user}/role", {"role": "admin"}, 404, "Account globex has no user"),
            (f"{HOME}accounts/secret/users/{user}/role", {"role": "admin"}, 404, "no NetSuite account"),
            (f"{ACME}/users/{user}/role", {"role": "king"}, 422, "role: Input should be 'viewer', 'member' or 'admin'"),
            (f"{ACME}/users/{user}/role", {}, 422, "role: Field required"),
            (f"{ACME}/users/nobody/role", {"role": "admin"}, 422, "user_id"),
        ):
            answer = ask(path, "op", form, OWN_PAGE)
            assert (answer.status_code, what in words(answer)) == (status, True), words(answer)

    def test_a_connection_without_the_right_to_change_roles_is_said_in_words(
        self, ask: Ask, world: RecipientsWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The sync's own role of the database may not (O5): the page then says what is missing."""
        user = world.user("bob@corp.test")
        url = world.engine.url.set(drivername="postgres", query={"options": "-c role=netsuite_sync_writer"})
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url.render_as_string(hide_password=False))
        assert "bob@corp.test" in words(ask(ACME, "op"))
        answer = ask(f"{ACME}/users/{user}/role", "op", {"role": "admin"}, OWN_PAGE)
        assert answer.status_code == 503
        assert "The role was not changed The warehouse's user may not do this" in words(answer)


class TestWhy:
    def test_an_invoice_is_explained_with_the_first_blocker_on_top(self, ask: Ask, world: RecipientsWorld) -> None:
        """O12, B1."""
        fill(world)
        text = words(ask(f"{ACME}/why?invoice=INV103"))
        assert "Invoice INV103 internal id 103" in text
        salesrep = text[text.index(f"salesrep {CHECKS['employee_active'].fails}") :]
        blocker = salesrep.index("Who can mend it: NetSuite administrator")
        assert blocker < salesrep.index(f"{CHECKS['field_configured'].holds} passes")
        assert re.search(r"employee is active fails .* NetSuite administrator", salesrep)
        assert "user exists not reached" in salesrep
        assert "salesrep all checks pass" in words(ask(f"{ACME}/why?invoice=101&by_id=true"))

    def test_a_template_is_explained_with_its_mistakes(self, ask: Ask, world: RecipientsWorld) -> None:
        """O13."""
        fill(world)
        text = words(
            ask(f"{ACME}/why?invoice=INV101&template={SALESREP}, {{{{user_from_source_id:SALESREP}}}}, {HTML}")
        )
        assert "salesrep all checks pass" in text
        assert "SALESREP the field name is not exact" in text
        assert "Who can mend it: author of the template" in text

    def test_an_employee_is_explained_by_id_and_by_address(self, ask: Ask, world: RecipientsWorld) -> None:
        """O12."""
        fill(world)
        for asked in ("7", "KIM@corp.test"):
            assert "there is a conflict" in words(ask(f"{ACME}/why?employee={asked}"))
        assert "there is no such employee" in words(ask(f"{ACME}/why?employee=99"))

    def test_what_cant_be_explained_is_said_in_words(self, ask: Ask, world: RecipientsWorld, tmp_path: Path) -> None:
        assert "no such invoice has been synced" in words(ask(f"{ACME}/why?invoice=INV999"))
        assert "no such invoice has been synced" in words(ask(f"{ACME}/why?invoice=%00"))
        assert "there is no such employee" in words(ask(f"{ACME}/why?employee=%00"))
        assert "An internal id is a whole number." in words(ask(f"{ACME}/why?invoice=INV1&by_id=true"))
        assert "globex" in words(ask(f"{HOME}accounts/globex/why?invoice=INV1"))
        (tmp_path / "acme.yml").write_text("connection: c\n")
        assert "'owner_fields' is missing" in words(ask(f"{ACME}/why?invoice=INV1"))


class TestConflicts:
    def test_each_stands_there_with_its_candidates_and_the_way_to_decide(
        self, ask: Ask, world: RecipientsWorld
    ) -> None:
        """B8."""
        users = fill(world)
        (found,) = world.rows("SELECT reason, evidence_hash FROM publish.conflicts")
        answer = ask(f"{ACME}/conflicts")
        text = words(answer)
        assert "Employee 7 Ann Lee kim@corp.test several users" in text
        assert all(part in text for part in (*found, str(users["kim"]), str(users["Kim"])))
        assert text.count("the same e-mail address") == 2
        assert 'class="airflow" href="../../../dags/netsuite_verdict__acme"' in answer.text

    def test_one_that_is_settled_is_gone_and_one_without_candidates_says_what_to_do(
        self, ask: Ask, world: RecipientsWorld
    ) -> None:
        world.employee(1, "ann@corp.test")
        world.employee(2, "ann@corp.test")
        world.invoice(101, salesrep=1)
        world.sync()
        text = words(ask(f"{ACME}/conflicts"))
        assert "Active employees with the address: 1, 2" in text
        assert "No user is a candidate" in text
        world.employee(2, "bob@corp.test")
        world.sync()
        assert "No conflict waits for a person." in words(ask(f"{ACME}/conflicts"))


class TestWhatNetSuiteHolds:
    def test_html_in_names_addresses_and_questions_is_text(self, ask: Ask, world: RecipientsWorld) -> None:
        users = fill(world)
        world.execute("UPDATE workflow.users SET role_changed_by = :html WHERE email = 'bob@corp.test'", html=HTML)
        asked = [*PAGES, f"{ACME}?search={HTML}", f"{ACME}/why?employee={HTML}", f"{ACME}/why?invoice={HTML}"]
        asked += [f"{ACME}/why?invoice=INV101&template={HTML}", f"{HOME}accounts/{HTML}", f"{ACME}?page={HTML}"]
        for role in ("viewer", "op"):
            for page in asked:
                assert "<script>alert" not in ask(page, role).text
        assert HTML in words(ask(f"{ACME}?search=alert", "op"))
        assert "<script>alert" not in ask(f"{ACME}/users/{users['bob']}/role", "op", {"role": HTML}, OWN_PAGE).text

    def test_only_the_pages_own_script_runs_and_forms_go_nowhere_else(self, ask: Ask) -> None:
        answer = ask(ACME)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "; form-action 'self'; script-src 'sha256-" in policy
        assert answer.text.count("<script") == 1
        assert answer.headers["referrer-policy"] == "same-origin"
        assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", answer.text)


class TestWithoutAWarehouse:
    def test_an_empty_one_says_that_there_is_nobody_yet(self, ask: Ask) -> None:
        assert "0 Users 0 Not mapped with NetSuite 0 Conflicts that wait" in words(ask(HOME))
        assert "No user yet" in words(ask(ACME))
        assert "No conflict waits for a person." in words(ask(f"{ACME}/conflicts"))

    @pytest.mark.parametrize(
        ("place", "what"),
        [
            ("unreachable", "The warehouse can't be reached"),
            ("without", "no Airflow connection 'warehouse'"),
            ("not_migrated", "Run the migrations"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, ask: Ask, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, place: str, what: str
    ) -> None:
        urls = {
            "unreachable": "postgres://ann:hidden@127.0.0.1:9/warehouse",
            "not_migrated": postgres.url("postgres", driver="").replace("postgresql:", "postgres:"),
        }
        if place in urls:
            monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", urls[place])
        else:
            monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE")
        answers = [ask(page) for page in PAGES]
        answers.append(ask(f"{ACME}/users/{uuid4()}/role", "op", {"role": "admin"}, OWN_PAGE))
        for answer in answers:
            assert (answer.status_code, what in words(answer)) == (503, True)
            assert "hidden" not in answer.text
