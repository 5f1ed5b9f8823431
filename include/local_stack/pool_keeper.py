"""Airflow's pools as the account files say, also of an account whose file came while the stack was running."""

import time
from contextlib import suppress

from include.local_stack.airflow_api import AirflowApi
from include.local_stack.environment import ADMIN, admin_password
from include.local_stack.errors import AirflowApiError
from include.local_stack.run_folder import RunFolder

SECONDS_BETWEEN_LOOKS = 5.0


class PoolKeeper:
    """Looks at the account files now and then, and makes the pools that Airflow lacks.

    Args:
        folder: where the password lies.
        address: of the running Airflow.
    """

    def __init__(self, folder: RunFolder, address: str) -> None:
        self._folder = folder
        self._address = address
        self._made: object = None
        self._next_look = 0.0

    def keep(self) -> None:
        """Makes pools, or gives them other slots, where the account files have changed; cheap to call often."""
        from include.accounts.files import WrongAccountFile
        from include.accounts.pools import pools

        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        # What is wrong with a file its own DAG says; an Airflow that is busy is asked again at the next look.
        with suppress(WrongAccountFile, AirflowApiError):
            wanted = pools()
            if wanted != self._made:
                AirflowApi(self._address, ADMIN, admin_password(self._folder)).set_pools(wanted)
                self._made = wanted
