"""What can go wrong with the local stack, said to the person at the terminal."""


class LocalStackError(Exception):
    """Base of everything this room raises; its text says what is wrong, where, and what to do."""


class PortTakenError(LocalStackError):
    """No free port on loopback among those allowed."""


class PostgresError(LocalStackError):
    """The embedded PostgreSQL could not be made, started or stopped."""


class ProcessError(LocalStackError):
    """A part of the stack ended, or was not ready in time."""


class AccountError(LocalStackError):
    """The account asked for does not exist, or its file or DAG is broken."""


class AirflowApiError(LocalStackError):
    """Airflow's REST API refused a call or gave an answer we don't know."""
