-- Subjects and objects of an authority that are no persons.
CREATE TABLE external_entity (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    authority TEXT COLLATE "C" NOT NULL,
    entity_type TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    properties TEXT COLLATE "C" NOT NULL,
    caller_stated TEXT COLLATE "C" NOT NULL,
    registered_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('registered', 'removed')),
    ended_at BIGINT
);

-- What can be done to objects of a type, and when.
CREATE TABLE external_privilege (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    authority TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object_type TEXT COLLATE "C" NOT NULL,
    condition TEXT COLLATE "C" NOT NULL,
    caller_stated TEXT COLLATE "C" NOT NULL,
    registered_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('registered', 'removed')),
    ended_at BIGINT
);

-- What an authority has given to a subject: over one object, or over every one of a type.
CREATE TABLE external_grant (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    authority TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL REFERENCES external_entity (id),
    subject_type TEXT COLLATE "C" NOT NULL,
    subject_name TEXT COLLATE "C" NOT NULL,
    privileges TEXT COLLATE "C" NOT NULL,
    object_id UUID REFERENCES external_entity (id),
    object_type TEXT COLLATE "C" NOT NULL,
    object_name TEXT COLLATE "C",
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    given_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('given', 'revoked')),
    ended_at BIGINT
);

-- The privileges of a grant once more, one to a row, for decisions.
CREATE TABLE external_grant_privilege (
    grant_id UUID NOT NULL REFERENCES external_grant (id),
    privilege_id UUID NOT NULL REFERENCES external_privilege (id),
    PRIMARY KEY (grant_id, privilege_id)
);

-- What was asked about such things, and what was answered.
CREATE TABLE external_record (
    id UUID NOT NULL PRIMARY KEY,
    batch_id UUID NOT NULL,
    authority TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    asked TEXT COLLATE "C" NOT NULL,
    answered TEXT COLLATE "C" NOT NULL,
    salt BYTEA NOT NULL
);

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
