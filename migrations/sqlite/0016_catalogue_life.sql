-- Drafts are changed, looked at by a colleague, and given up.
ALTER TABLE catalogue_entry ADD COLUMN edited_by TEXT;
ALTER TABLE catalogue_entry ADD COLUMN submitted_at INTEGER;
ALTER TABLE catalogue_entry ADD COLUMN discarded_at INTEGER;
UPDATE catalogue_entry SET edited_by = drafted_by;
