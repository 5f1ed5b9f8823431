"""The Airflow hook of the connection type `netsuite`."""

from airflow.sdk import BaseHook

from include.netsuite.client import NetSuiteClient
from include.netsuite.connection import NetSuiteConnection
from include.netsuite.errors import NetSuiteError
from include.netsuite.retries import FIRST_CONTACT, RetryBudget


class NetSuiteHook(BaseHook):
    """Give the NetSuite client for an Airflow connection.

    :param netsuite_conn_id: the connection, of type `netsuite`
    """

    conn_name_attr = "netsuite_conn_id"
    default_conn_name = "netsuite_default"
    conn_type = "netsuite"
    hook_name = "NetSuite"

    def __init__(self, netsuite_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.netsuite_conn_id = netsuite_conn_id

    def get_conn(self, max_in_flight: int | None = None, retry_budget: RetryBudget | None = None) -> NetSuiteClient:
        """Return a client; at most `max_in_flight` requests at once, if that is less than the connection allows.

        Raises WrongConnection, naming the field. Sends no request.
        """
        connection = self.get_connection(self.netsuite_conn_id)
        checked = NetSuiteConnection.from_airflow_fields(
            _with_port(connection.host, connection.port),
            connection.login,
            connection.password,
            connection.extra_dejson,
        )
        return NetSuiteClient(checked, max_in_flight=max_in_flight, retry_budget=retry_budget)

    def test_connection(self) -> tuple[bool, str]:
        """Sign in and say who and where that is, or what is wrong: the UI's Test button."""
        try:
            return True, self.get_conn(retry_budget=FIRST_CONTACT).who_am_i()
        except NetSuiteError as error:
            return False, error.message


def _with_port(host: str | None, port: int | None) -> str:
    """Join what Airflow takes apart when a connection goes through its URI form."""
    host = (host or "").rstrip("/")
    return f"{host}:{port}" if host and port and not host.endswith(f":{port}") else host
