-- Mandates that several give or hold together: what ties them, how, and how many of them it takes. What was shown to one of those who do
-- something together can be what several mandates rest on.
CREATE TABLE mandate_joint (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    grantor_id BLOB NOT NULL CHECK (length(grantor_id) = 16) REFERENCES person (id),
    representative_id BLOB NOT NULL CHECK (length(representative_id) = 16) REFERENCES person (id),
    packages TEXT NOT NULL,
    privileges TEXT NOT NULL,
    case_ref TEXT,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    presentation_id BLOB NOT NULL CHECK (length(presentation_id) = 16) REFERENCES presentation (id),
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
    quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),
    under_id BLOB CHECK (length(under_id) = 16),
    passed_on_by BLOB CHECK (length(passed_on_by) = 16) REFERENCES person (id),
    level INTEGER CHECK ((level IS NULL) = (under_id IS NULL) AND (level IS NULL) = (passed_on_by IS NULL)),
    joint_id BLOB CHECK (length(joint_id) = 16),
    bond TEXT CHECK ((bond IS NULL) = (joint_id IS NULL) AND bond IN ('grantors', 'holders', 'signers')),
    quorum INTEGER CHECK ((quorum IS NULL) = (joint_id IS NULL) AND quorum BETWEEN 2 AND 5)
) STRICT;
INSERT INTO mandate_joint (id, revision, grantor_id, representative_id, packages, privileges, case_ref, valid_from, valid_to,
    presentation_id, given_at, state, ended_at, cause, effective_at, route, renewals, pauses, awaits, ground, quiet, under_id, passed_on_by,
    level)
SELECT id, revision, grantor_id, representative_id, packages, privileges, case_ref, valid_from, valid_to, presentation_id, given_at, state,
    ended_at, cause, effective_at, route, renewals, pauses, awaits, ground, quiet, under_id, passed_on_by, level FROM mandate;
DROP TABLE mandate;
ALTER TABLE mandate_joint RENAME TO mandate;
CREATE INDEX mandate_grantor ON mandate (grantor_id, id);
CREATE INDEX mandate_representative ON mandate (representative_id, id);
CREATE INDEX mandate_ends ON mandate (valid_to, id) WHERE state IN ('awaiting', 'given', 'suspended', 'disputed');
CREATE INDEX mandate_under ON mandate (under_id) WHERE under_id IS NOT NULL;
CREATE INDEX mandate_passed_on_by ON mandate (passed_on_by, id) WHERE passed_on_by IS NOT NULL;
CREATE INDEX mandate_joint_id ON mandate (joint_id) WHERE joint_id IS NOT NULL;
CREATE INDEX mandate_presentation ON mandate (presentation_id);
-- What ended, or was found never to have counted, before anybody knew: for the list of what was done with it meanwhile.
CREATE INDEX mandate_ended_late ON mandate (ended_at, id) WHERE state IN ('ended', 'annulled') AND ended_at > COALESCE(effective_at, valid_from);
