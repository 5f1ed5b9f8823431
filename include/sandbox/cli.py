"""The command line of the sandbox."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from include.sandbox import credentials as keys
from include.sandbox.database import Database
from include.sandbox.errors import SandboxError
from include.sandbox.generate import DataPlan, fill, holds
from include.sandbox.oauth2 import OAuth2
from include.sandbox.state import State
from include.sandbox.suiteql.run import QueryService
from include.sandbox.switches import Switches
from include.sandbox.tba import TokenBasedAuthentication

if TYPE_CHECKING:
    from include.sandbox.credentials import Credentials, KeyType

_LOOPBACK = ("127.0.0.1", "localhost")
_DEFAULT = Switches()


def _switch(name: str, *flags: str) -> Any:
    """An option for one field of Switches, with its description as help."""
    return typer.Option(*flags, help=Switches.model_fields[name].description)


def run() -> None:
    """Run the command line."""
    typer.run(start)


def start(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="loopback only")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
    port_file: Annotated[Path | None, typer.Option(help="write the port to this file")] = None,
    connection_file: Annotated[
        Path | None, typer.Option(help="write two Airflow connections, oauth2 and tba, to this JSON file")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="keep keys and rows here, so that a restart has the same")
    ] = None,
    account: Annotated[str, typer.Option(help="the account id")] = "1234567_SB1",
    key: Annotated[str, typer.Option(help="key pair of OAuth 2.0: ec (ES256) or rsa (PS256)")] = "ec",
    invoices: Annotated[int, typer.Option(help="how many; employees and customers in proportion")] = 2000,
    seed: Annotated[int, typer.Option(help="the same seed and size give the same rows")] = 7,
    bad_rows: Annotated[int, typer.Option(help="rows with an amount, a date, a reference that is none")] = 0,
    data_day: Annotated[str, typer.Option(help="no generated row is newer than this day")] = "2026-06-30",
    concurrency: Annotated[int, _switch("concurrency")] = _DEFAULT.concurrency,
    latency_ms: Annotated[int, _switch("latency_ms")] = _DEFAULT.latency_ms,
    cap_mode: Annotated[str, _switch("cap_mode")] = _DEFAULT.cap_mode,
    row_cap: Annotated[int, _switch("row_cap")] = _DEFAULT.row_cap,
    random_casing: Annotated[bool, _switch("random_casing")] = _DEFAULT.random_casing,
    date_format: Annotated[str, _switch("date_format")] = _DEFAULT.date_format,
    session_timezone: Annotated[str, _switch("session_timezone")] = _DEFAULT.session_timezone,
    clock_offset_seconds: Annotated[int, _switch("clock_offset_seconds")] = _DEFAULT.clock_offset_seconds,
    token_lifetime: Annotated[int, _switch("token_lifetime")] = _DEFAULT.token_lifetime,
    allow_with: Annotated[bool, _switch("allow_with")] = _DEFAULT.allow_with,
    allow_listagg: Annotated[bool, _switch("allow_listagg")] = _DEFAULT.allow_listagg,
    team_selling: Annotated[bool, _switch("team_selling")] = _DEFAULT.team_selling,
    hidden_tables: Annotated[list[str], _switch("hidden_tables", "--hide")] = [],  # noqa: B006 - typer copies it
    empty_tables: Annotated[list[str], _switch("empty_tables", "--empty")] = [],  # noqa: B006 - the same
    hidden_columns: Annotated[list[str], _switch("hidden_columns", "--hide-column")] = [],  # noqa: B006 - the same
) -> None:
    """Start a sandbox NetSuite and serve until Ctrl-C or SIGTERM."""
    from include.sandbox import server

    server.stop_on_signals()
    if host not in _LOOPBACK:
        raise _refused("--host", f"{host} is not loopback; the sandbox listens on {_LOOPBACK[0]} only")
    try:
        switches = Switches.model_validate({name: context.params[name] for name in Switches.model_fields})
        plan = DataPlan(invoices, seed, bad_rows, date.fromisoformat(data_day), team_selling)
        with ExitStack() as stack:
            listener = stack.enter_context(server.listen(host, port))
            credentials = _credentials(state_dir, account, _key_type(key))
            database = _database(state_dir, plan, stack)
            state = State(
                switches=switches,
                database=database,
                queries=QueryService(database),
                oauth2=OAuth2(credentials),
                tba=TokenBasedAuthentication(credentials),
                seed=seed,
            )
            base_url = f"http://{host}:{listener.getsockname()[1]}"
            _announce(base_url, credentials, switches, port_file, connection_file)
            server.serve(state, listener)
    except ValidationError as error:
        first = error.errors()[0]
        raise _refused(f"--{'-'.join(str(part) for part in first['loc']).replace('_', '-')}", first["msg"]) from error
    except (SandboxError, ValueError) as error:
        raise _refused("sandbox", str(error)) from error


def _refused(what: str, why: str) -> typer.BadParameter:
    return typer.BadParameter(f"{what}: {why}")


def _key_type(text: str) -> KeyType:
    if text == "ec":
        return "ec"
    if text == "rsa":
        return "rsa"
    raise ValueError(f"--key is ec or rsa, not {text}")


def _credentials(state_dir: Path | None, account: str, key_type: KeyType) -> Credentials:
    if state_dir is None:
        return keys.generate(account, key_type)
    state_dir.mkdir(parents=True, exist_ok=True)
    return keys.kept(state_dir / "credentials.json", account, key_type)


def _database(state_dir: Path | None, plan: DataPlan, stack: ExitStack) -> Database:
    """Open the kept rows if they came from the same plan, else fill a new file, a temporary one without a state dir."""
    if state_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="sandbox-netsuite-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
    else:
        folder = state_dir
    path = folder / "rows.sqlite"
    if path.exists():
        kept = Database(path)
        if holds(kept, plan):
            stack.callback(kept.close)
            return kept
        kept.close()
    return _filled(path, plan, stack)


def _filled(path: Path, plan: DataPlan, stack: ExitStack) -> Database:
    """Fill beside the final place, so that a half-written file is never taken for a whole one."""
    unfinished = path.with_name("rows.part.sqlite")
    for old in (unfinished, path):
        for leftover in old.parent.glob(old.name + "*"):
            leftover.unlink()
    filling = Database(unfinished)
    filling.create()
    fill(filling, plan)
    filling.close()
    unfinished.replace(path)
    database = Database(path)
    stack.callback(database.close)
    return database


def _announce(
    base_url: str, credentials: Credentials, switches: Switches, port_file: Path | None, connection_file: Path | None
) -> None:
    """Tell programs through the files, and a person on the terminal."""
    connections = credentials.connections(base_url, switches.concurrency)
    if connection_file:
        keys.write_private(connection_file, connections)
    if port_file:
        keys.write_private(port_file, int(base_url.rpartition(":")[2]))
    typer.echo(f"Sandbox NetSuite, account {credentials.account}, at {base_url}")
    typer.echo(f"  SuiteQL   POST {base_url}/services/rest/query/v1/suiteql")
    typer.echo(f"  control   {base_url}/sandbox/docs")
    if connection_file:
        typer.echo(f"  sign in   two Airflow connections in {connection_file}")
    else:
        for name, connection in connections.items():
            typer.echo(f"\n{name}:")
            _print_connection(connection)
    typer.echo("\nCtrl-C stops it.")


def _print_connection(connection: dict[str, Any]) -> None:
    for name, value in {**connection, **connection["extra"]}.items():
        if name != "extra":
            typer.echo(f"  {name:<15}{value}")
