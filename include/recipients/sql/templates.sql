-- The workflow engine's templates of an account. Grain: one row per template.
SELECT
    template_id,
    name,
    recipients
FROM workflow.templates
WHERE account = :account
ORDER BY template_id;
