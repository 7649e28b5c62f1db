-- Versions of consent types and mandate packages.
CREATE TABLE catalogue_entry (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    shelf TEXT NOT NULL,
    code TEXT NOT NULL,
    number INTEGER NOT NULL,
    authority TEXT NOT NULL,
    definition TEXT NOT NULL,
    drafted_by TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    published_at INTEGER,
    retired_at INTEGER,
    UNIQUE (shelf, code, number)
) STRICT;

-- What was shown, byte for byte.
CREATE TABLE presentation (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    language TEXT NOT NULL,
    presented TEXT NOT NULL,
    document BLOB NOT NULL,
    document_hash BLOB NOT NULL,
    shown_at INTEGER NOT NULL
) STRICT;

-- Requests for consent.
CREATE TABLE consent_request (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    authority TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    entry_id BLOB NOT NULL CHECK (length(entry_id) = 16) REFERENCES catalogue_entry (id),
    code TEXT NOT NULL,
    number INTEGER NOT NULL,
    items TEXT NOT NULL,
    case_ref TEXT,
    deadline INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'cancelled', 'lapsed')),
    declaration_id BLOB CHECK (length(declaration_id) = 16),
    presentation_id BLOB CHECK (length(presentation_id) = 16),
    ended_at INTEGER,
    cause TEXT,
    effective_at INTEGER
) STRICT;

-- Specific consents.
CREATE TABLE consent (
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
    state TEXT NOT NULL CHECK (state IN ('given', 'declined', 'withdrawn', 'lapsed')),
    ended_at INTEGER,
    cause TEXT,
    effective_at INTEGER
) STRICT;

-- Powers of attorney.
CREATE TABLE mandate (
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
    state TEXT NOT NULL CHECK (state IN ('given', 'revoked', 'renounced', 'ended')),
    ended_at INTEGER,
    cause TEXT,
    effective_at INTEGER
) STRICT;

-- Who may use which privilege for whom: when it is so, and between which versions of the grantor it was known.
CREATE TABLE power (
    grantor_id BLOB NOT NULL CHECK (length(grantor_id) = 16) REFERENCES person (id),
    representative_id BLOB NOT NULL CHECK (length(representative_id) = 16) REFERENCES person (id),
    privilege TEXT NOT NULL,
    case_ref TEXT,
    basis TEXT NOT NULL,
    source_id BLOB NOT NULL CHECK (length(source_id) = 16),
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    known_to INTEGER,
    PRIMARY KEY (grantor_id, representative_id, privilege, source_id, known_from)
) STRICT;

-- Who looked at whose data, and why.
CREATE TABLE access_record (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    batch_id BLOB NOT NULL CHECK (length(batch_id) = 16),
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    target BLOB CHECK (length(target) = 16),
    purpose TEXT,
    case_ref TEXT,
    lookup_id BLOB CHECK (length(lookup_id) = 16),
    outcome TEXT NOT NULL,
    permits_until INTEGER,
    held_reason TEXT,
    held_by BLOB CHECK (length(held_by) = 16),
    held_until INTEGER,
    salt BLOB NOT NULL
) STRICT;

-- Two versions of a code are never in use at the same time.
CREATE UNIQUE INDEX catalogue_entry_in_use ON catalogue_entry (shelf, code) WHERE state = 'published';
CREATE INDEX presentation_person ON presentation (person_id);
CREATE INDEX consent_request_person ON consent_request (person_id, id);
CREATE INDEX consent_person ON consent (person_id, id);
CREATE INDEX consent_declaration ON consent (declaration_id);
CREATE INDEX mandate_grantor ON mandate (grantor_id, id);
CREATE INDEX mandate_representative ON mandate (representative_id, id);
CREATE INDEX power_source ON power (source_id);
CREATE INDEX access_record_person ON access_record (person_id, id);
CREATE INDEX access_record_batch ON access_record (batch_id);

CREATE TRIGGER power_is_only_closed BEFORE UPDATE ON power
WHEN OLD.known_to IS NOT NULL OR NEW.known_to IS NULL
  OR (OLD.grantor_id, OLD.representative_id, OLD.privilege, OLD.basis, OLD.source_id, OLD.valid_from, OLD.valid_to, OLD.known_from)
  IS NOT (NEW.grantor_id, NEW.representative_id, NEW.privilege, NEW.basis, NEW.source_id, NEW.valid_from, NEW.valid_to, NEW.known_from)
  OR OLD.case_ref IS NOT NEW.case_ref
BEGIN SELECT RAISE(ABORT, 'a power is only closed'); END;
