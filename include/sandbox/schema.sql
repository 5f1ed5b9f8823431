-- The sandbox's NetSuite: tables and columns as SuiteQL names them (netsuite.md part 2). The catalogue of SuiteQL is read from here:
--   INTEGER, NUMBER  a number                    FLAG     'T' or 'F'
--   DATE             a day, as seconds since 1970-01-01 00:00 without a zone
--   INSTANT          seconds since the epoch in UTC; shown in the session's time zone
--   REFERENCES       what BUILTIN.DF shows the name of (not enforced: real accounts hold ids that lead nowhere)
-- Tables and columns whose name starts with sandbox_ are the sandbox's own and unknown to SuiteQL.

CREATE TABLE currency (
    id INTEGER PRIMARY KEY,
    name TEXT,
    symbol TEXT,
    displaysymbol TEXT,
    exchangerate NUMBER,
    isbasecurrency FLAG,
    isinactive FLAG
);

CREATE TABLE term (
    id INTEGER PRIMARY KEY,
    name TEXT,
    daysuntilnetdue NUMBER,
    discountpercent NUMBER,
    daysuntilexpiry NUMBER,
    datedriven FLAG,
    dayofmonthnetdue NUMBER,
    duenextmonthifwithindays NUMBER,
    preferred FLAG,
    isinactive FLAG
);

-- One row per customer, employee, vendor and contact: they share one number range. Kept by the triggers below.
CREATE TABLE entity (
    id INTEGER PRIMARY KEY,
    type TEXT,
    entityid TEXT,
    altname TEXT,
    email TEXT,
    phone TEXT,
    isinactive FLAG,
    externalid TEXT,
    datecreated INSTANT,
    lastmodifieddate INSTANT
);

CREATE TABLE employee (
    id INTEGER PRIMARY KEY,
    entityid TEXT,
    firstname TEXT,
    middlename TEXT,
    lastname TEXT,
    email TEXT,
    phone TEXT,
    title TEXT,
    supervisor INTEGER REFERENCES employee (id),
    department INTEGER,
    location INTEGER,
    class INTEGER,
    currency INTEGER REFERENCES currency (id),
    isinactive FLAG,
    issalesrep FLAG,
    giveaccess FLAG,
    hiredate DATE,
    employeestatus INTEGER,
    employeetype INTEGER,
    approvallimit NUMBER,
    expenselimit NUMBER,
    purchaseorderlimit NUMBER,
    purchaseorderapprovallimit NUMBER,
    approver INTEGER REFERENCES employee (id),
    comments TEXT,
    externalid TEXT,
    datecreated INSTANT,
    lastmodifieddate INSTANT
);

-- There is no column "balance" and no "subsidiary" (netsuite.md 2.4).
CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    entityid TEXT,
    entitytitle TEXT,
    entitynumber NUMBER,
    altname TEXT,
    companyname TEXT,
    fullname TEXT,
    firstname TEXT,
    lastname TEXT,
    isperson FLAG,
    email TEXT,
    phone TEXT,
    creditlimit NUMBER,
    balancesearch NUMBER,
    consolbalancesearch NUMBER,
    overduebalancesearch NUMBER,
    consoloverduebalancesearch NUMBER,
    daysoverduesearch NUMBER,
    consoldaysoverduesearch NUMBER,
    unbilledorderssearch NUMBER,
    consolunbilledorderssearch NUMBER,
    creditholdoverride TEXT,
    oncredithold FLAG,
    terms INTEGER REFERENCES term (id),
    currency INTEGER REFERENCES currency (id),
    salesrep INTEGER REFERENCES employee (id),
    isinactive FLAG,
    searchstage TEXT,
    entitystatus INTEGER,
    category INTEGER,
    parent INTEGER REFERENCES customer (id),
    toplevelparent INTEGER REFERENCES customer (id),
    defaultbillingaddress INTEGER,
    defaultshippingaddress INTEGER,
    firstorderdate DATE,
    lastorderdate DATE,
    firstsaledate DATE,
    lastsaledate DATE,
    externalid TEXT,
    custentity_segment TEXT,
    datecreated INSTANT,
    lastmodifieddate INSTANT
);

CREATE TABLE vendor (
    id INTEGER PRIMARY KEY,
    entityid TEXT,
    altname TEXT,
    companyname TEXT,
    firstname TEXT,
    lastname TEXT,
    isperson FLAG,
    email TEXT,
    phone TEXT,
    currency INTEGER REFERENCES currency (id),
    terms INTEGER REFERENCES term (id),
    isinactive FLAG,
    externalid TEXT,
    datecreated INSTANT,
    lastmodifieddate INSTANT
);

CREATE TABLE contact (
    id INTEGER PRIMARY KEY,
    entityid TEXT,
    company INTEGER REFERENCES entity (id),
    email TEXT,
    phone TEXT,
    title TEXT,
    firstname TEXT,
    lastname TEXT,
    isinactive FLAG,
    externalid TEXT,
    datecreated INSTANT,
    lastmodifieddate INSTANT
);

-- All transactions in one table; filter by type. An invoice's sales rep is "employee"; there is no "salesrep", no "subsidiary",
-- no "mainline" (netsuite.md 2.1). A purchase order's amounts are negative.
CREATE TABLE "transaction" (
    id INTEGER PRIMARY KEY,
    type TEXT,
    tranid TEXT,
    transactionnumber TEXT,
    trandate DATE,
    duedate DATE,
    closedate DATE,
    entity INTEGER REFERENCES entity (id),
    employee INTEGER REFERENCES employee (id),
    custbody_collector INTEGER REFERENCES employee (id),
    custbody_account_manager INTEGER REFERENCES employee (id),
    custbody_regional_manager INTEGER REFERENCES employee (id),
    status TEXT,
    currency INTEGER REFERENCES currency (id),
    exchangerate NUMBER,
    foreigntotal NUMBER,
    total NUMBER,
    foreignamountpaid NUMBER,
    foreignamountunpaid NUMBER,
    terms INTEGER REFERENCES term (id),
    postingperiod INTEGER,
    posting FLAG,
    approvalstatus INTEGER,
    nextapprover INTEGER REFERENCES employee (id),
    memo TEXT,
    externalid TEXT,
    createdby INTEGER REFERENCES employee (id),
    lastmodifiedby INTEGER REFERENCES employee (id),
    createddate INSTANT,
    lastmodifieddate INSTANT
);
CREATE INDEX sandbox_transaction_type ON "transaction" (type, id, lastmodifieddate);
CREATE INDEX sandbox_transaction_modified ON "transaction" (lastmodifieddate);

-- The lines of transactions; generated rows have one each. id is unique only inside its transaction (netsuite.md 2.2).
CREATE TABLE transactionline (
    uniquekey INTEGER PRIMARY KEY,
    "transaction" INTEGER REFERENCES "transaction" (id),
    id INTEGER,
    linesequencenumber NUMBER,
    mainline FLAG,
    memo TEXT,
    foreignamount NUMBER,
    linelastmodifieddate INSTANT
);
CREATE INDEX sandbox_transactionline_modified ON transactionline (linelastmodifieddate);
CREATE INDEX sandbox_transactionline_transaction ON transactionline ("transaction");
CREATE TRIGGER sandbox_transaction_gone AFTER DELETE ON "transaction" BEGIN
    DELETE FROM transactionline WHERE "transaction" = old.id;
END;

-- The sales teams of transactions, where the feature Team Selling is on. contribution is a share of 1. SuiteQL shows no key.
CREATE TABLE transactionsalesteam (
    sandbox_key INTEGER PRIMARY KEY,
    "transaction" INTEGER REFERENCES "transaction" (id),
    employee INTEGER REFERENCES employee (id),
    contribution NUMBER,
    isprimary FLAG,
    salesrole INTEGER
);
CREATE INDEX sandbox_transactionsalesteam_transaction ON transactionsalesteam ("transaction");
CREATE TRIGGER sandbox_transaction_of_a_team_gone AFTER DELETE ON "transaction" BEGIN
    DELETE FROM transactionsalesteam WHERE "transaction" = old.id;
END;

-- What was deleted, headers only. It has no id of its own.
CREATE TABLE deletedrecord (
    deleteddate INSTANT,
    type TEXT,
    recordid INTEGER,
    recordtypeid INTEGER,
    name TEXT,
    deletedby INTEGER REFERENCES employee (id),
    context TEXT,
    iscustomlist FLAG,
    iscustomrecord FLAG
);
CREATE INDEX sandbox_deletedrecord_recordid ON deletedrecord (recordid);

-- What BUILTIN.DF(status) and BUILTIN.DF(type) show.
CREATE TABLE sandbox_status (type TEXT, type_name TEXT, status TEXT, name TEXT, PRIMARY KEY (type, status));
INSERT INTO sandbox_status VALUES
('CustInvc', 'Invoice', 'A', 'Invoice : Open'),
('CustInvc', 'Invoice', 'B', 'Invoice : Paid In Full'),
('SalesOrd', 'Sales Order', 'B', 'Sales Order : Pending Fulfillment'),
('SalesOrd', 'Sales Order', 'G', 'Sales Order : Billed'),
('PurchOrd', 'Purchase Order', 'A', 'Purchase Order : Pending Supervisor Approval'),
('PurchOrd', 'Purchase Order', 'B', 'Purchase Order : Pending Receipt'),
('PurchOrd', 'Purchase Order', 'C', 'Purchase Order : Rejected by Supervisor'),
('PurchOrd', 'Purchase Order', 'D', 'Purchase Order : Partially Received'),
('PurchOrd', 'Purchase Order', 'E', 'Purchase Order : Pending Billing/Partially Received'),
('PurchOrd', 'Purchase Order', 'F', 'Purchase Order : Pending Bill'),
('PurchOrd', 'Purchase Order', 'G', 'Purchase Order : Fully Billed'),
('PurchOrd', 'Purchase Order', 'H', 'Purchase Order : Closed');

-- What the rows were generated from, so that a restart on kept data knows whether they still fit.
CREATE TABLE sandbox_origin (generated_from TEXT);

CREATE TRIGGER sandbox_employee_added AFTER INSERT ON employee BEGIN
    INSERT OR REPLACE INTO entity (id, type, entityid, altname, email, phone, isinactive, externalid, datecreated, lastmodifieddate)
    VALUES (new.id, 'Employee', new.entityid, trim(coalesce(new.firstname, '') || ' ' || coalesce(new.lastname, '')), new.email, new.phone,
            new.isinactive, new.externalid, new.datecreated, new.lastmodifieddate);
END;
CREATE TRIGGER sandbox_customer_added AFTER INSERT ON customer BEGIN
    INSERT OR REPLACE INTO entity (id, type, entityid, altname, email, phone, isinactive, externalid, datecreated, lastmodifieddate)
    VALUES (new.id, 'CustJob', new.entityid, new.altname, new.email, new.phone, new.isinactive, new.externalid, new.datecreated, new.lastmodifieddate);
END;
CREATE TRIGGER sandbox_vendor_added AFTER INSERT ON vendor BEGIN
    INSERT OR REPLACE INTO entity (id, type, entityid, altname, email, phone, isinactive, externalid, datecreated, lastmodifieddate)
    VALUES (new.id, 'Vendor', new.entityid, new.altname, new.email, new.phone, new.isinactive, new.externalid, new.datecreated, new.lastmodifieddate);
END;
CREATE TRIGGER sandbox_contact_added AFTER INSERT ON contact BEGIN
    INSERT OR REPLACE INTO entity (id, type, entityid, altname, email, phone, isinactive, externalid, datecreated, lastmodifieddate)
    VALUES (new.id, 'Contact', new.entityid, trim(coalesce(new.firstname, '') || ' ' || coalesce(new.lastname, '')), new.email, new.phone,
            new.isinactive, new.externalid, new.datecreated, new.lastmodifieddate);
END;
CREATE TRIGGER sandbox_employee_gone AFTER DELETE ON employee BEGIN DELETE FROM entity WHERE id = old.id; END;
CREATE TRIGGER sandbox_customer_gone AFTER DELETE ON customer BEGIN DELETE FROM entity WHERE id = old.id; END;
CREATE TRIGGER sandbox_vendor_gone AFTER DELETE ON vendor BEGIN DELETE FROM entity WHERE id = old.id; END;
CREATE TRIGGER sandbox_contact_gone AFTER DELETE ON contact BEGIN DELETE FROM entity WHERE id = old.id; END;
