-- Subjects and objects of an authority that are no persons.
CREATE TABLE external_entity (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    authority TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    properties TEXT NOT NULL,
    caller_stated TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('registered', 'removed')),
    ended_at INTEGER
) STRICT;

-- What can be done to objects of a type, and when.
CREATE TABLE external_privilege (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    authority TEXT NOT NULL,
    code TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    condition TEXT NOT NULL,
    caller_stated TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('registered', 'removed')),
    ended_at INTEGER
) STRICT;

-- What an authority has given to a subject: over one object, or over every one of a type.
CREATE TABLE external_grant (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    authority TEXT NOT NULL,
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 16) REFERENCES external_entity (id),
    subject_type TEXT NOT NULL,
    subject_name TEXT NOT NULL,
    privileges TEXT NOT NULL,
    object_id BLOB CHECK (length(object_id) = 16) REFERENCES external_entity (id),
    object_type TEXT NOT NULL,
    object_name TEXT,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    given_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('given', 'revoked')),
    ended_at INTEGER
) STRICT;

-- The privileges of a grant once more, one to a row, for decisions.
CREATE TABLE external_grant_privilege (
    grant_id BLOB NOT NULL CHECK (length(grant_id) = 16) REFERENCES external_grant (id),
    privilege_id BLOB NOT NULL CHECK (length(privilege_id) = 16) REFERENCES external_privilege (id),
    PRIMARY KEY (grant_id, privilege_id)
) STRICT;

-- What was asked about such things, and what was answered.
CREATE TABLE external_record (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    batch_id BLOB NOT NULL CHECK (length(batch_id) = 16),
    authority TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    asked TEXT NOT NULL,
    answered TEXT NOT NULL,
    salt BLOB NOT NULL
) STRICT;

-- A name means one thing at a time.
CREATE UNIQUE INDEX external_entity_name ON external_entity (authority, entity_type, entity_id) WHERE state = 'registered';
CREATE UNIQUE INDEX external_privilege_code ON external_privilege (authority, code) WHERE state = 'registered';
CREATE INDEX external_entity_authority ON external_entity (authority, id);
CREATE INDEX external_privilege_authority ON external_privilege (authority, id);
CREATE INDEX external_grant_authority ON external_grant (authority, id);
-- What is asked: what has this subject, and who has something over this object, or over every one of its type.
CREATE INDEX external_grant_subject ON external_grant (subject_id, object_type) WHERE state = 'given';
CREATE INDEX external_grant_object ON external_grant (object_id) WHERE state = 'given' AND object_id IS NOT NULL;
CREATE INDEX external_grant_every ON external_grant (authority, object_type, subject_id) WHERE state = 'given' AND object_id IS NULL;
CREATE INDEX external_grant_privilege_privilege ON external_grant_privilege (privilege_id);
CREATE INDEX external_record_batch ON external_record (batch_id);
CREATE INDEX external_record_authority ON external_record (authority, id);
