"""The data docs inside the Airflow UI (P7): for whoever is signed in, read-only, nothing but the data docs."""

import json

import pytest

from tests.console.visits import Visit, answers_of_airflow

SECRET = "SECRET-OUTSIDE"
ESCAPES = [
    "/data-docs/%2e%2e/secret.html",
    "/data-docs/..%2fsecret.html",
    "/data-docs/demo/..%2f..%2fsecret.html",
    "/data-docs/%2e%2e%5csecret.html",
    "/data-docs//{folder}/secret.html",
    "/data-docs/%2f{folder}/secret.html",
    "/data-docs/linked.html",
    "/data-docs/%00.html",
    "/data-docs/" + "a" * 400 + ".html",
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory):
    """Makes all visits of this module at once, since starting Airflow takes seconds; then tells what came of each."""
    folder = tmp_path_factory.mktemp("airflow")
    docs = folder / "filled"
    (docs / "demo" / "run").mkdir(parents=True)
    (folder / "secret.html").write_text(SECRET)
    (docs / "index.html").write_text("the index")
    (docs / "linked.html").symlink_to(folder / "secret.html")
    (docs / "demo" / "run" / "invoices.html").write_text("the page of invoices")
    (docs / "demo" / "run" / "invoices.json").write_text('{"figures": 1}')
    pages = ["", "index.html", "demo/run/invoices.html", "openapi.json"]
    visits = [Visit(f"/data-docs/{page}", user) for page in pages for user in (None, "ann", "vic")]
    visits += [Visit("/data-docs/", "ann", method) for method in ("POST", "PUT", "DELETE")]
    visits += [Visit(f"/data-docs/{page}", "ann") for page in ("demo/run/invoices.json", "demo", "gone.html")]
    visits += [Visit("/data-docs/", "vic", cookie=True), Visit("/data-docs/", "vic", place="empty")]
    visits += [Visit("/api/v2/plugins", "ann"), *(Visit(path, "ann") for path in ESCAPES)]
    places = {name: {"NETSUITE_DATA_DOCS": str(folder / name)} for name in ("filled", "empty")}
    answers = answers_of_airflow(folder, visits, places)
    return lambda *args, **options: answers[Visit(*args, **options)]


@pytest.mark.parametrize("path", ["", "index.html", "demo/run/invoices.html", "openapi.json"])
def test_nobody_sees_anything_without_signing_in(ask, path: str):
    answer = ask(f"/data-docs/{path}")
    assert answer["status"] in {401, 403}
    assert "the index" not in answer["text"]
    assert "the page" not in answer["text"]


@pytest.mark.parametrize("user", ["ann", "vic"])
def test_whoever_is_signed_in_sees_the_pages_viewers_too(ask, user: str):
    assert (ask("/data-docs/", user)["status"], ask("/data-docs/", user)["text"]) == (200, "the index")
    assert ask("/data-docs/index.html", user)["text"] == "the index"
    assert ask("/data-docs/demo/run/invoices.html", user)["text"] == "the page of invoices"


def test_the_browsers_cookie_is_enough_so_that_the_page_opens_inside_the_ui(ask):
    assert ask("/data-docs/", "vic", cookie=True)["text"] == "the index"


def test_no_script_runs_and_nothing_is_kept_by_the_browser(ask):
    headers = ask("/data-docs/", "vic")["headers"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "script-src" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(ask, method: str):
    assert ask("/data-docs/", "ann", method=method)["status"] == 405


@pytest.mark.parametrize("path", ESCAPES)
def test_nothing_outside_the_data_docs_can_be_read(ask, path: str):
    answer = ask(path, "ann")
    assert answer["status"] == 404
    assert SECRET not in answer["text"]


@pytest.mark.parametrize("path", ["demo/run/invoices.json", "demo", "gone.html"])
def test_what_is_no_page_is_not_there_and_says_so_kindly(ask, path: str):
    answer = ask(f"/data-docs/{path}", "ann")
    assert answer["status"] == 404
    assert "figures" not in answer["text"]
    assert "Only the newest runs of each account are kept" in answer["text"]


def test_before_the_first_run_the_page_says_what_will_be_there(ask):
    answer = ask("/data-docs/", "vic", place="empty")
    assert answer["status"] == 200
    assert "as soon as it has been validated" in answer["text"]


def test_the_ui_offers_the_page_in_its_browse_menu(ask):
    plugins = json.loads(ask("/api/v2/plugins", "ann")["text"])["plugins"]
    views = [view for plugin in plugins if plugin["name"] == "netsuite_sync" for view in plugin["external_views"]]
    [view] = [view for view in views if view["name"] == "Data docs"]
    assert (view["category"], view["destination"]) == ("browse", "nav")
    assert view["href"] == "data-docs/"  # relative, so that it works below any base URL
