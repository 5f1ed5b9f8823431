-- An account without team_selling has no sales teams: those of before go. Grain: the account's rows.
-- Whom they had chosen stays in salesrep until the invoice is read again; the reasons why nobody was chosen go at once.

UPDATE raw.invoice_owners SET
    reason = NULL,
    run_id = :run_id
WHERE account = :account
    AND reason IS NOT NULL
    AND EXISTS (SELECT FROM ops.team_selling WHERE account = :account);

DELETE FROM raw.sales_teams
WHERE account = :account;

DELETE FROM ops.team_selling
WHERE account = :account;
