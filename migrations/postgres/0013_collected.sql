-- How an answer reached us where the person did not give it here; registrations that were wrong; evidence; what is to be done.
ALTER TABLE consent ADD COLUMN collected TEXT COLLATE "C";
ALTER TABLE consent ADD COLUMN recorded_at BIGINT;
ALTER TABLE consent ADD COLUMN ended_through TEXT COLLATE "C";
ALTER TABLE consent DROP CONSTRAINT consent_state_check;
ALTER TABLE consent ADD CONSTRAINT consent_state_check CHECK (state IN ('given', 'declined', 'withdrawn', 'lapsed', 'annulled'));
CREATE INDEX consent_case ON consent (authority, case_ref) WHERE case_ref IS NOT NULL AND state = 'given';
CREATE INDEX consent_request_case ON consent_request (authority, case_ref) WHERE case_ref IS NOT NULL AND state = 'open';

-- How it was shown, where not on the person's own screen.
ALTER TABLE presentation ADD COLUMN means TEXT COLLATE "C";

-- Evidence. The bytes are sealed under a key of their own, and that key under one of the vault's.
CREATE TABLE document (
    id UUID NOT NULL PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES person (id),
    authority TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    kept_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE TABLE document_key (
    document_id UUID NOT NULL PRIMARY KEY,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX document_person ON document (person_id, id);
CREATE INDEX document_key_id ON document_key (key_id);

-- What an authority has to do because a consent is gone.
CREATE TABLE task (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    authority TEXT COLLATE "C" NOT NULL,
    consent_id UUID NOT NULL,
    work TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'closed')),
    closed_at BIGINT,
    outcome TEXT COLLATE "C",
    note TEXT COLLATE "C"
);
CREATE INDEX task_open ON task (authority, id) WHERE state = 'open';
CREATE INDEX task_person ON task (person_id, id);
CREATE INDEX task_consent ON task (consent_id);
