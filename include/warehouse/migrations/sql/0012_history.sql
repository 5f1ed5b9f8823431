-- So that an invoice whose owner fields went and came is told from one that was deleted and restored.
ALTER TABLE matching.past_owners ADD COLUMN replaced_because text;
COMMENT ON COLUMN matching.past_owners.replaced_because IS 'Cause, as in publish.recipient_changes, of the change that ended what was held true for ever (valid_to infinity). Null: of other rows, and before this was kept.';
