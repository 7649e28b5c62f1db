-- How an answer reached us where the person did not give it here; registrations that were wrong; evidence; what is to be done.
CREATE TABLE consent_collected (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    declaration_id BLOB NOT NULL CHECK (length(declaration_id) = 16),
    request_id BLOB CHECK (length(request_id) = 16),
    presentation_id BLOB NOT NULL CHECK (length(presentation_id) = 16) REFERENCES presentation (id),
    authority TEXT NOT NULL,
    entry_id BLOB NOT NULL CHECK (length(entry_id) = 16) REFERENCES catalogue_entry (id),
    code TEXT NOT NULL,
    number INTEGER NOT NULL,
    item TEXT NOT NULL,
    polarity TEXT NOT NULL,
    case_ref TEXT,
    channel TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    answered_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('given', 'declined', 'withdrawn', 'lapsed', 'annulled')),
    ended_at INTEGER,
    cause TEXT,
    effective_at INTEGER,
    collected TEXT,
    recorded_at INTEGER,
    ended_through TEXT
) STRICT;
INSERT INTO consent_collected (id, revision, person_id, declaration_id, request_id, presentation_id, authority, entry_id, code, number, item,
    polarity, case_ref, channel, valid_from, valid_to, answered_at, state, ended_at, cause, effective_at)
SELECT id, revision, person_id, declaration_id, request_id, presentation_id, authority, entry_id, code, number, item,
    polarity, case_ref, channel, valid_from, valid_to, answered_at, state, ended_at, cause, effective_at FROM consent;
DROP TABLE consent;
ALTER TABLE consent_collected RENAME TO consent;
CREATE INDEX consent_person ON consent (person_id, id);
CREATE INDEX consent_declaration ON consent (declaration_id);
CREATE INDEX consent_authority ON consent (authority, person_id);
CREATE INDEX consent_case ON consent (authority, case_ref) WHERE case_ref IS NOT NULL AND state = 'given';
CREATE INDEX consent_request_case ON consent_request (authority, case_ref) WHERE case_ref IS NOT NULL AND state = 'open';

-- How it was shown, where not on the person's own screen.
ALTER TABLE presentation ADD COLUMN means TEXT;

-- Evidence. The bytes are sealed under a key of their own, and that key under one of the vault's.
CREATE TABLE document (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    authority TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    kept_at INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE document_key (
    document_id BLOB NOT NULL CHECK (length(document_id) = 16) PRIMARY KEY,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX document_person ON document (person_id, id);
CREATE INDEX document_key_id ON document_key (key_id);

-- What an authority has to do because a consent is gone.
CREATE TABLE task (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    authority TEXT NOT NULL,
    consent_id BLOB NOT NULL CHECK (length(consent_id) = 16),
    work TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    closed_at INTEGER,
    outcome TEXT,
    note TEXT
) STRICT;
CREATE INDEX task_open ON task (authority, id) WHERE state = 'open';
CREATE INDEX task_person ON task (person_id, id);
CREATE INDEX task_consent ON task (consent_id);
