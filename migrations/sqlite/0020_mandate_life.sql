-- A mandate waits, rests and is disputed; how it was given, why it ended, and that it was given for longer.
CREATE TABLE mandate_life (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    grantor_id BLOB NOT NULL CHECK (length(grantor_id) = 16) REFERENCES person (id),
    representative_id BLOB NOT NULL CHECK (length(representative_id) = 16) REFERENCES person (id),
    packages TEXT NOT NULL,
    privileges TEXT NOT NULL,
    case_ref TEXT,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    presentation_id BLOB NOT NULL CHECK (length(presentation_id) = 16) UNIQUE REFERENCES presentation (id),
    given_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('awaiting', 'given', 'suspended', 'disputed', 'revoked', 'renounced', 'ended', 'annulled')),
    ended_at INTEGER,
    cause TEXT,
    effective_at INTEGER,
    route TEXT,
    renewals TEXT,
    pauses TEXT,
    awaits TEXT,
    ground TEXT,
    quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1))
) STRICT;
INSERT INTO mandate_life (id, revision, grantor_id, representative_id, packages, privileges, case_ref, valid_from, valid_to, presentation_id,
    given_at, state, ended_at, cause, effective_at, ground)
SELECT id, revision, grantor_id, representative_id, packages, privileges, case_ref, valid_from, valid_to, presentation_id, given_at, state,
    ended_at, cause, effective_at, CASE WHEN state IN ('revoked', 'renounced') THEN 'not_stated' END FROM mandate;
DROP TABLE mandate;
ALTER TABLE mandate_life RENAME TO mandate;
CREATE INDEX mandate_grantor ON mandate (grantor_id, id);
CREATE INDEX mandate_representative ON mandate (representative_id, id);
CREATE INDEX mandate_ends ON mandate (valid_to, id) WHERE state IN ('awaiting', 'given', 'suspended', 'disputed');
