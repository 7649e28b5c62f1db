-- A mandate waits, rests and is disputed; how it was given, why it ended, and that it was given for longer.
ALTER TABLE mandate DROP CONSTRAINT mandate_state_check;
ALTER TABLE mandate ADD CONSTRAINT mandate_state_check
    CHECK (state IN ('awaiting', 'given', 'suspended', 'disputed', 'revoked', 'renounced', 'ended', 'annulled'));
ALTER TABLE mandate ADD COLUMN route TEXT COLLATE "C";
ALTER TABLE mandate ADD COLUMN renewals TEXT COLLATE "C";
ALTER TABLE mandate ADD COLUMN pauses TEXT COLLATE "C";
ALTER TABLE mandate ADD COLUMN awaits TEXT COLLATE "C";
ALTER TABLE mandate ADD COLUMN ground TEXT COLLATE "C";
ALTER TABLE mandate ADD COLUMN quiet BIGINT NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1));
UPDATE mandate SET ground = 'not_stated' WHERE state IN ('revoked', 'renounced');
DROP INDEX mandate_ends;
CREATE INDEX mandate_ends ON mandate (valid_to, id) WHERE state IN ('awaiting', 'given', 'suspended', 'disputed');
