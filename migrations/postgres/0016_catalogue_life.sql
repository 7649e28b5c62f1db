-- Drafts are changed, looked at by a colleague, and given up.
ALTER TABLE catalogue_entry ADD COLUMN edited_by TEXT COLLATE "C";
ALTER TABLE catalogue_entry ADD COLUMN submitted_at BIGINT;
ALTER TABLE catalogue_entry ADD COLUMN discarded_at BIGINT;
UPDATE catalogue_entry SET edited_by = drafted_by;
