"""Rows that every sandbox holds whatever its seed, one for each thing that goes wrong in real accounts; see README."""

from __future__ import annotations

from dataclasses import dataclass

DELETED_EMPLOYEE = 31
A_VENDOR = 32
A_CONTACT = 33
NEVER_EXISTED = 34
NO_INVOICE_ONLY_ORDERS = 40
NO_TRANSACTION = 41
ONLY_A_CUSTOMERS_REP = 42


@dataclass(frozen=True)
class SpecialEmployee:
    """An employee with something to watch out for."""

    id: int
    firstname: str
    lastname: str
    email: str | None
    isinactive: str = "F"


EMPLOYEES = (
    SpecialEmployee(11, "Ada", "Keller", "ada.keller@example.com"),
    SpecialEmployee(12, "Noah", "Silent", None),
    SpecialEmployee(13, "Nina", "Noat", "no-at-sign"),
    SpecialEmployee(14, "Abe", "Short", "a@b"),
    SpecialEmployee(15, "Sam", "Twice", "sam@home@example.com"),
    SpecialEmployee(16, "Jo", "Ann", "jo ann@example.com"),
    SpecialEmployee(17, "Maria", "Lopez", "MARIA.LOPEZ@EXAMPLE.COM"),
    SpecialEmployee(18, "Tom", "Baker", "  tom.baker@example.com  "),
    SpecialEmployee(19, "Jürgen", "Müller", "juergen@müller-söhne.example.com"),
    SpecialEmployee(20, "Pat", "Doyle", "pat.doyle@example.com"),
    SpecialEmployee(21, "Patricia", "Doyle", "Pat.Doyle@Example.com"),
    SpecialEmployee(22, "Lee", "Chan (old)", "lee.chan@example.com", "T"),
    SpecialEmployee(23, "Lee", "Chan", "lee.chan@example.com"),
    SpecialEmployee(24, "Ina", "Gone", "ina.gone@example.com", "T"),
    SpecialEmployee(25, "Seán", "O'Brien", "sean.o'brien@example.com"),
    SpecialEmployee(26, "Zoë", "Ångström-Núñez", "zoe.angstrom@example.com"),
    SpecialEmployee(27, "<b>Bold</b>", '& "Sons"', "bold@example.com"),
    SpecialEmployee(28, "Kai", "Bücher", "kai@bücher.example.com"),
    SpecialEmployee(29, "Kai", "Buecher", "kai@xn--bcher-kva.example.com"),
    SpecialEmployee(30, "Blanche", "Space", "   "),
    SpecialEmployee(35, "Ingrid", "Straße", "INGRID.STRASSE@EXAMPLE.COM"),
    SpecialEmployee(NO_INVOICE_ONLY_ORDERS, "Otto", "Orders", "otto.orders@example.com"),
    SpecialEmployee(NO_TRANSACTION, "Nora", "Nowhere", "nora.nowhere@example.com"),
    SpecialEmployee(ONLY_A_CUSTOMERS_REP, "Rita", "Rep", "rita.rep@example.com"),
)

# Invoices 101, 102, …: (employee, custbody_collector, custbody_account_manager, custbody_regional_manager)
INVOICE_OWNERS: tuple[tuple[int | None, int | None, int | None, int | None], ...] = (
    (11, 17, 18, 26),  # 101: four good owners
    (None, None, None, None),  # 102: all empty
    (11, 11, 11, 11),  # 103: one person in every field
    (DELETED_EMPLOYEE, 11, None, None),  # 104
    (A_VENDOR, 11, None, None),  # 105
    (A_CONTACT, 11, None, None),  # 106
    (NEVER_EXISTED, 11, None, None),  # 107
    (12, None, 11, None),  # 108: no address
    (13, None, 11, None),  # 109: no at-sign
    (14, None, 11, None),  # 110: a@b
    (15, None, 11, None),  # 111: two at-signs
    (16, None, 11, None),  # 112: a space inside
    (17, None, None, None),  # 113: capitals
    (18, None, None, None),  # 114: spaces around
    (19, None, None, None),  # 115: internationalised domain
    (20, 21, None, None),  # 116: two active employees, one address
    (22, 23, None, None),  # 117: an inactive duplicate and the active one
    (24, None, None, None),  # 118: inactive
    (25, 26, 27, None),  # 119: apostrophe, accents, HTML
    (28, 29, None, None),  # 120: one address, as Unicode and as punycode
    (30, None, None, None),  # 121: only spaces
    (35, None, None, None),  # 122: ß and capitals
)


# With Team Selling, the sales teams of these invoices: (employee, isprimary, contribution). The other special ones have
# none.
SALES_TEAMS: dict[int, tuple[tuple[int, str, float | None], ...]] = {
    101: ((11, "T", 0.6), (17, "F", 0.4)),
    103: ((11, "F", 0.5), (17, "F", 0.3), (18, "F", 0.2)),  # nobody is primary
    104: ((DELETED_EMPLOYEE, "T", 1),),
    107: ((NEVER_EXISTED, "T", 0.5), (11, "F", 0.5)),
    108: ((12, "T", 1), (11, "F", None)),  # the primary has no address; one without a share
    113: ((17, "T", 0.5), (18, "T", 0.5)),  # two are primary
    118: ((24, "T", 0.75), (11, "F", 0.25)),  # the primary is inactive
}


@dataclass(frozen=True)
class SpecialCustomer:
    """A customer whose credit data have something to watch out for. `balance` None: what their invoices add up to."""

    id: int
    companyname: str
    creditlimit: float | None
    balance: float | None = None
    oncredithold: str = "F"
    creditholdoverride: str = "AUTO"
    isinactive: str = "F"
    currency: int = 1
    terms: int | None = 2
    searchstage: str = "Customer"


CUSTOMERS = (
    SpecialCustomer(51, "Plain Goods Inc.", 10_000),
    SpecialCustomer(52, "No Limit Ltd.", None),
    SpecialCustomer(53, "Zero Limit GmbH", 0, currency=2),
    SpecialCustomer(54, "Below Zero S.A.", -500, currency=2),
    SpecialCustomer(55, "Paid Too Much & Co.", 5_000, balance=-1250.75),
    SpecialCustomer(56, "On Hold Holding", 2_500, oncredithold="T", creditholdoverride="ON"),
    SpecialCustomer(57, "Never Held", 2_500, creditholdoverride="OFF"),
    SpecialCustomer(58, "O'Reilly's \"Best\" <i>Fish</i>", 1_000.5, currency=3),
    SpecialCustomer(59, "Café Zürich — Øst", 99_999_999.99, currency=5),
    SpecialCustomer(60, "Closed Long Ago", 1_000, isinactive="T"),
    SpecialCustomer(61, "Only a Lead", None, searchstage="Lead", terms=None),
    SpecialCustomer(62, "日本商事株式会社", 1_500_000, currency=4),
    SpecialCustomer(63, "Owes a Cent", 0.01, balance=0.01),
)

CURRENCIES = (
    (1, "US Dollar", "USD", "$", 1.0, "T", "F"),
    (2, "Euro", "EUR", "€", 1.08, "F", "F"),
    (3, "British Pound", "GBP", "£", 1.27, "F", "F"),
    (4, "Japanese Yen", "JPY", "¥", 0.0067, "F", "F"),
    (5, "Swiss Franc", "CHF", "CHF", 1.12, "F", "F"),
)

TERMS = (
    # the columns of the table term, in their order
    (1, "Net 15", 15, None, None, "F", None, None, "F", "F"),
    (2, "Net 30", 30, None, None, "F", None, None, "T", "F"),
    (3, "Net 60", 60, None, None, "F", None, None, "F", "F"),
    (4, "1% 10 Net 30", 30, 1, 10, "F", None, None, "F", "F"),
    (5, "Due on receipt", 0, None, None, "F", None, None, "F", "F"),
    (6, "15th of the month", None, None, None, "T", 15, 5, "F", "F"),
    (7, "Net 90 (old)", 90, None, None, "F", None, None, "F", "T"),
)
