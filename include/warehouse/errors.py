"""What can go wrong in the warehouse, as one small family.

The message is written for the person who must act: what is wrong, where, and what to do. No password ever stands in it.
"""

from __future__ import annotations


class WarehouseError(Exception):
    """Anything of the room ``warehouse`` that a person must mend."""


class WrongUrl(WarehouseError):
    """The warehouse's URL can't be read, or names no PostgreSQL."""


class WarehouseUnreachable(WarehouseError):
    """No connection: the server is down or elsewhere, or refuses the sign-in. Trying again later may help."""


class NotMigrated(WarehouseError):
    """A table or schema of the project is missing: the migrations have not been run."""


class NotPermitted(WarehouseError):
    """The warehouse's user lacks a right."""


class SqlFailed(WarehouseError):
    """PostgreSQL refused a statement of a ``.sql`` file."""


class FenceNotPassed(WarehouseError):
    """A step of a run was started before the run had passed its fence."""


class NothingStaged(WarehouseError):
    """A load found no staging table, or one that has lost its rows, and no earlier load of the same run either."""


class WrongColumns(WarehouseError):
    """Batches or staging tables lack a column that was asked for."""
