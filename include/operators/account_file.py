"""Say in the Airflow UI what is wrong with an account file."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException


class ReportWrongAccountFile(BaseOperator):
    """Fail with the message that names file, key and what is allowed.

    :param message: the message
    """

    ui_color = "#fdecea"

    def __init__(self, *, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message = message

    def execute(self, context: Context) -> NoReturn:
        """Fail, without a retry."""
        raise AirflowFailException(self.message)
