"""Fill the sandbox with rows: the same for the same seed and size, shaped as real accounts are."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.sandbox import special_rows as special
from include.sandbox.suiteql.masks import DAY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from include.sandbox.database import Database

FIRST_BULK_ID = 10_001
FIRST_BAD_ID = 1_001
MOST_BAD_ROWS = FIRST_BULK_ID - FIRST_BAD_ID - 1
_BALANCES = Path(__file__).with_name("balances.sql")
_TWO_YEARS = 730 * DAY
_FIRST = ("Anna", "Björn", "Chloé", "David", "Elif", "Farah", "Göran", "Hana", "Ivan", "José", "Kim", "Lars", "Mei",
          "Nadia", "Olu", "Petra", "Quentin", "Rosa", "Søren", "Tara")  # fmt: skip
_LAST = ("Abbott", "Bianchi", "Castro", "D'Angelo", "Eriksson", "Fischer", "García", "Hughes", "Ito", "Jansen",
         "Kowalski", "Lindqvist", "Müller", "Novák", "O'Neill", "Pérez", "Quinn", "Rossi", "Stein", "Ueda")  # fmt: skip
_TRADES = ("Foods", "Logistics", "Paper", "Steel", "Software", "Textiles", "Tools", "Travel", "Water", "Wine")
_FORMS = ("Inc.", "LLC", "GmbH", "S.A.", "Ltd.", "AB", "& Sons", "B.V.")


@dataclass(frozen=True)
class DataPlan:
    """What the rows are generated from. All of it lies before the end of `data_day`."""

    invoices: int
    seed: int
    bad_rows: int
    data_day: date
    team_selling: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.bad_rows <= MOST_BAD_ROWS:
            raise ValueError(f"bad rows: 0 to {MOST_BAD_ROWS}")
        if self.invoices < self.bad_rows + len(special.INVOICE_OWNERS):
            raise ValueError(f"invoices: at least {len(special.INVOICE_OWNERS)} more than bad rows")

    @property
    def end(self) -> int:
        """The last instant that any row may bear, in seconds UTC."""
        return int(datetime(self.data_day.year, self.data_day.month, self.data_day.day, 20, tzinfo=UTC).timestamp())

    @property
    def employees(self) -> int:
        """How many employees besides the special ones."""
        return min(max(self.invoices // 50, 40), 20_000) - len(special.EMPLOYEES)

    @property
    def customers(self) -> int:
        """How many customers besides the special ones."""
        return min(max(self.invoices // 2, 60), 50_000) - len(special.CUSTOMERS)

    def text(self) -> str:
        """Return the plan as text, to know later whether kept rows still fit."""
        return json.dumps(asdict(self), default=str, sort_keys=True)


def fill(database: Database, plan: DataPlan) -> None:
    """Write all rows in one transaction."""
    with database.writing() as connection:
        _Filling(connection, plan).run()
        connection.execute("INSERT INTO sandbox_origin VALUES (?)", (plan.text(),))


def holds(database: Database, plan: DataPlan) -> bool:
    """Was this database filled from the same plan?"""
    found = database.connection().execute("SELECT generated_from FROM sandbox_origin").fetchone()
    return bool(found == (plan.text(),))


def skewed_ids(count: int, first: int, dice: random.Random) -> Iterator[int]:
    """Yield rising ids as old accounts have them: dense at first, then with gaps, the last tenth after a great leap."""
    at = first
    for place in range(count):
        yield at
        if place == count * 9 // 10:
            at += 5_000_000
        at += dice.randint(1, 2) if place < count * 6 // 10 else dice.randint(1, 40)


class _Filling:
    def __init__(self, connection: sqlite3.Connection, plan: DataPlan) -> None:
        self.connection = connection
        self.plan = plan
        self.dice = random.Random(plan.seed)
        self.employee_ids: list[int] = []
        self.customers: list[tuple[int, int, int | None]] = []

    def run(self) -> None:
        self._insert("currency", special.CURRENCIES)
        self._insert("term", special.TERMS)
        entity_ids = skewed_ids(self.plan.employees + self.plan.customers + 60, FIRST_BULK_ID, self.dice)
        self._employees(entity_ids)
        self._others(entity_ids)
        self._customers(entity_ids)
        self._transactions()
        self._deleted()
        self._bad_rows()
        self._lines()
        if self.plan.team_selling:
            self._sales_teams()
        self._balances()

    def _insert(self, table: str, rows: Any) -> None:
        """Insert rows of one width: tuples in the order of the columns."""
        rows = list(rows)
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)  # noqa: S608 - our own names

    def _insert_named(self, table: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            columns = ", ".join(f'"{name}"' for name in rows[0])
            marks = ", ".join(f":{name}" for name in rows[0])
            self.connection.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)  # noqa: S608

    def _moment(self) -> int:
        """A moment of the two years before the data day; one in twenty the same second, as after a mass update."""
        if self.dice.random() < 0.05:
            return self.plan.end - 90 * DAY
        return self.plan.end - int(self.dice.random() * _TWO_YEARS)

    # Employees, vendors, contacts

    def _employees(self, ids: Iterator[int]) -> None:
        rows = [
            self._employee(one.id, one.firstname, one.lastname, one.email, one.isinactive) for one in special.EMPLOYEES
        ]
        for number in range(self.plan.employees):
            first, last = self.dice.choice(_FIRST), self.dice.choice(_LAST)
            inactive = "T" if self.dice.random() < 0.05 else "F"
            rows.append(self._employee(next(ids), first, last, self._address(first, last, number), inactive))
        self.employee_ids = [
            row["id"]
            for row in rows
            if row["id"] not in (special.NO_INVOICE_ONLY_ORDERS, special.NO_TRANSACTION, special.ONLY_A_CUSTOMERS_REP)
        ]
        self._insert_named("employee", rows)

    def _address(self, first: str, last: str, number: int) -> str | None:
        address = f"{first}.{last}{number}@example.com".lower()
        odd = self.dice.random()
        if odd < 0.02:
            return None
        if odd < 0.03:
            return f"{first}.{last}"
        if odd < 0.05:
            return address.upper()
        return f" {address} " if odd < 0.06 else address

    def _employee(self, record_id: int, first: str, last: str, email: str | None, inactive: str) -> dict[str, Any]:
        modified = self._moment()
        return {
            "id": record_id,
            "entityid": f"{first} {last}",
            "firstname": first,
            "lastname": last,
            "email": email,
            "phone": f"+1 555 {record_id % 10_000:04d}",
            "title": self.dice.choice(("Account Executive", "Collector", "Buyer", None)),
            "supervisor": 11 if record_id != 11 else None,
            "department": self.dice.randint(1, 5),
            "currency": 1,
            "isinactive": inactive,
            "issalesrep": self.dice.choice("TF"),
            "giveaccess": "F" if inactive == "T" else "T",
            "hiredate": modified // DAY * DAY - 365 * DAY,
            "datecreated": modified - 300 * DAY,
            "lastmodifieddate": modified,
        }

    def _others(self, ids: Iterator[int]) -> None:
        vendor_ids = [special.A_VENDOR, *(next(ids) for _ in range(29))]
        contact_ids = [special.A_CONTACT, *(next(ids) for _ in range(29))]
        self._insert_named("vendor", [self._vendor(record_id) for record_id in vendor_ids])
        self._insert_named("contact", [self._contact(record_id) for record_id in contact_ids])

    def _vendor(self, record_id: int) -> dict[str, Any]:
        name, modified = f"{self.dice.choice(_LAST)} {self.dice.choice(_TRADES)}", self._moment()
        return {
            "id": record_id,
            "entityid": f"VEN{record_id}",
            "altname": name,
            "companyname": name,
            "isperson": "F",
            "email": f"vendor{record_id}@example.net",
            "currency": 1,
            "terms": 2,
            "isinactive": "F",
            "datecreated": modified,
            "lastmodifieddate": modified,
        }

    def _contact(self, record_id: int) -> dict[str, Any]:
        first, last, modified = self.dice.choice(_FIRST), self.dice.choice(_LAST), self._moment()
        return {
            "id": record_id,
            "entityid": f"{first} {last}",
            "company": 51,
            "email": f"contact{record_id}@example.org",
            "firstname": first,
            "lastname": last,
            "isinactive": "F",
            "datecreated": modified,
            "lastmodifieddate": modified,
        }

    # Customers

    def _customers(self, ids: Iterator[int]) -> None:
        rows = [self._customer(**asdict(one)) for one in special.CUSTOMERS]
        rows += [self._customer(**self._company(next(ids))) for _ in range(self.plan.customers)]
        self.customers = [
            (row["id"], row["currency"], row["terms"]) for row in rows if row["searchstage"] == "Customer"
        ]
        self._insert_named("customer", rows)

    def _company(self, record_id: int) -> dict[str, Any]:
        name = f"{self.dice.choice(_LAST)} {self.dice.choice(_TRADES)} {self.dice.choice(_FORMS)}"
        odd = self.dice.random()
        limit = None if odd < 0.1 else 0 if odd < 0.15 else self.dice.randint(1, 500) * 500
        return {
            "id": record_id,
            "companyname": name,
            "creditlimit": limit,
            "balance": None,
            "oncredithold": "T" if self.dice.random() < 0.02 else "F",
            "creditholdoverride": self.dice.choice(("AUTO", "AUTO", "AUTO", "ON", "OFF")),
            "isinactive": "T" if self.dice.random() < 0.03 else "F",
            "currency": self.dice.choice((1, 1, 1, 2, 2, 3, 4, 5)),
            "terms": self.dice.choice((1, 2, 2, 2, 3, 4, 5, 6, None)),
            "searchstage": "Customer",
        }

    def _customer(self, id: int, companyname: str, balance: float | None, **given: Any) -> dict[str, Any]:
        modified = self._moment()
        owed = balance or 0
        return {
            "id": id,
            "entityid": f"C{id}",
            "entitytitle": f"C{id} {companyname}",
            "entitynumber": id,
            "altname": companyname,
            "companyname": companyname,
            "fullname": f"C{id} {companyname}",
            "isperson": "F",
            "email": f"ap{id}@example.org",
            "balancesearch": owed,
            "consolbalancesearch": owed,
            "overduebalancesearch": 0,
            "consoloverduebalancesearch": 0,
            "unbilledorderssearch": self.dice.choice((0, 0, 0, 125.5, 980)),
            "salesrep": special.ONLY_A_CUSTOMERS_REP if id == 51 else self.dice.choice(self.employee_ids),
            "entitystatus": 13,
            "toplevelparent": id,
            "custentity_segment": self.dice.choice(("SMB", "Enterprise", None)),
            "datecreated": modified - 200 * DAY,
            "lastmodifieddate": modified,
            **given,
        }

    # Transactions

    def _transactions(self) -> None:
        specials = list(enumerate(special.INVOICE_OWNERS, start=101))
        self._insert_named("transaction", [self._invoice(number, owners) for number, owners in specials])
        bulk = self.plan.invoices - len(specials) - sum(kind != "customer" for kind in self._bad_kinds())
        orders = max(bulk // 50, 10)
        wanted = set(self.dice.sample(range(bulk + orders), orders))
        rows = []
        for place, record_id in enumerate(skewed_ids(bulk + orders, FIRST_BULK_ID, self.dice)):
            rows.append(self._order(record_id) if place in wanted else self._invoice(record_id, self._owners()))
            if len(rows) == 10_000:
                self._insert_named("transaction", rows)
                rows = []
        self._insert_named("transaction", rows)

    def _someone(self) -> int:
        """An employee; a few hold most invoices."""
        return self.employee_ids[int(len(self.employee_ids) * self.dice.random() ** 3)]

    def _owners(self) -> tuple[int | None, int | None, int | None, int | None]:
        chance = self.dice.random()
        collector = None if chance < 0.2 else self._someone()
        manager = None if chance > 0.7 else self._someone()
        return (
            None if 0.45 < chance < 0.5 else self._someone(),
            collector,
            manager,
            self._someone() if chance < 0.1 else None,
        )

    def _invoice(self, record_id: int, owners: tuple[int | None, ...]) -> dict[str, Any]:
        customer, currency, terms = self.customers[int(len(self.customers) * self.dice.random())]
        modified = self._moment()
        created = modified - int(self.dice.random() * 60) * DAY
        places = 0 if currency == 4 else 2
        amount = round(self.dice.random() ** 2 * 20_000 + 10, places)
        paid = amount if self.dice.random() < 0.6 else 0
        rate = special.CURRENCIES[currency - 1][4]
        day = created // DAY * DAY
        return {
            "id": record_id,
            "type": "CustInvc",
            "tranid": f"INV{record_id}",
            "transactionnumber": str(record_id),
            "trandate": day,
            "duedate": day + 30 * DAY,
            "closedate": modified // DAY * DAY if paid else None,
            "entity": customer,
            "employee": owners[0],
            "custbody_collector": owners[1],
            "custbody_account_manager": owners[2],
            "custbody_regional_manager": owners[3],
            "status": "B" if paid else "A",
            "currency": currency,
            "exchangerate": rate,
            "foreigntotal": amount,
            "total": round(amount * rate, 2),
            "foreignamountpaid": paid,
            "foreignamountunpaid": round(amount - paid, 2),
            "terms": terms,
            "postingperiod": 100 + day // (30 * DAY) % 100,
            "posting": "T",
            "approvalstatus": 2,
            "memo": None if self.dice.random() < 0.8 else 'Thanks for "your" order; 5 < 6 & co',
            "createdby": 11,
            "lastmodifiedby": 11,
            "createddate": created,
            "lastmodifieddate": modified,
        }

    def _order(self, record_id: int) -> dict[str, Any]:
        """A sales or purchase order, of an employee whom no invoice names. A purchase order's amounts are negative."""
        purchase = record_id % 2 == 0
        row = self._invoice(record_id, (special.NO_INVOICE_ONLY_ORDERS, None, None, None))
        amount = -row["foreigntotal"] if purchase else row["foreigntotal"]
        return {
            **row,
            "type": "PurchOrd" if purchase else "SalesOrd",
            "tranid": f"{'PO' if purchase else 'SO'}{record_id}",
            "entity": special.A_VENDOR if purchase else row["entity"],
            "status": "B",
            "foreigntotal": amount,
            "total": -row["total"] if purchase else row["total"],
            "foreignamountpaid": None,
            "foreignamountunpaid": None,
            "posting": "F",
        }

    # What is no longer there, what is broken, what adds up

    def _deleted(self) -> None:
        notes = [
            ("Employee", special.DELETED_EMPLOYEE, -4, "Della Deleted"),
            ("customer", 64, -2, "Gone Customer"),
            ("Invoice", 99, -30, "INV99"),
        ]
        self._insert(
            "deletedrecord",
            [
                (self._moment(), kind, record_id, type_id, name, 11, "UIF", "F", "F")
                for kind, record_id, type_id, name in notes
            ],
        )

    def _bad_kinds(self) -> list[str]:
        kinds = ("amount", "date", "customer", "reference")
        return [kinds[number % len(kinds)] for number in range(self.plan.bad_rows)]

    def _bad_rows(self) -> None:
        for record_id, kind in enumerate(self._bad_kinds(), start=FIRST_BAD_ID):
            if kind == "customer":
                company = {**self._company(record_id), "companyname": "Broken Balance"}
                self._insert_named(
                    "customer", [{**self._customer(**company), "balancesearch": "ERROR: Field Not Found"}]
                )
            else:
                row = self._invoice(record_id, (11, None, None, None))
                spoilt: dict[str, dict[str, Any]] = {
                    "amount": {"foreigntotal": "n/a"},
                    "date": {"trandate": "2026-02-30"},
                    "reference": {"entity": -1},
                }
                self._insert_named("transaction", [{**row, **spoilt[kind]}])

    def _lines(self) -> None:
        """One line for each transaction, modified when its header was."""
        self.connection.execute(
            """
            INSERT INTO transactionline
            SELECT id, id, 1, 1, 'F', NULL, CASE WHEN typeof(foreigntotal) = 'text' THEN NULL ELSE -foreigntotal END,
                lastmodifieddate
            FROM "transaction" ORDER BY id
            """
        )

    def _sales_teams(self) -> None:
        """Of each invoice one to three members or none, some without a primary. Other rows stay as without this."""
        dice = random.Random(f"sales teams {self.plan.seed}")
        ids = self.connection.execute("""SELECT id FROM "transaction" WHERE type = 'CustInvc' ORDER BY id""").fetchall()
        for (record_id,) in ids:
            members = special.SALES_TEAMS.get(record_id)
            if members is None:
                members = self._team(dice) if record_id >= FIRST_BULK_ID else ()
            rows = (
                (record_id * 100 + place, record_id, employee, share, primary, -2)
                for place, (employee, primary, share) in enumerate(members, start=1)
            )
            self._insert("transactionsalesteam", rows)

    def _team(self, dice: random.Random) -> tuple[tuple[int, str, float], ...]:
        chance = dice.random()
        if chance < 0.2:
            return ()
        shares = dice.choice(((1,), (1,), (0.6, 0.4), (0.5, 0.5), (0.5, 0.25, 0.25), (0.33333, 0.33333, 0.33334)))
        members = dice.sample(self.employee_ids, len(shares))
        primary = 0 if chance < 0.92 else None
        return tuple(
            (employee, "T" if place == primary else "F", share)
            for place, (employee, share) in enumerate(zip(members, shares, strict=True))
        )

    def _balances(self) -> None:
        """Customers owe what their open invoices add up to, save the special ones with a balance of their own."""
        fixed = [one.id for one in special.CUSTOMERS if one.balance is not None]
        today = self.plan.end // DAY * DAY
        self.connection.execute(
            _BALANCES.read_text(encoding="utf-8"), {"today": today, "fixed": json.dumps(fixed), "day": DAY}
        )
