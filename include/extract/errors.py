"""What can keep an extraction from being planned or landed."""


class ExtractError(Exception):
    """Anything of the room ``extract`` that a person must mend; the message says what and where."""


class MissingField(ExtractError):
    """A field that the project or the account file asks for does not exist in NetSuite, or is hidden from the role."""


class VanishedColumn(MissingField):
    """A column that this account had when it was last loaded is gone: its values would be emptied in silence."""


class NoSalesTeam(ExtractError):
    """The account file says that the account has Team Selling, but NetSuite does not show the sales team."""


class NotPermitted(ExtractError):
    """The role may not read a record that the sync needs."""


class NothingLanded(ExtractError):
    """A step looks for landed parts that are not there."""


class LandingRefused(ExtractError):
    """The landing area does not take what was read: it is full, or may not be written."""
