-- Versions of consent types and mandate packages.
CREATE TABLE catalogue_entry (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    shelf TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    authority TEXT COLLATE "C" NOT NULL,
    definition TEXT COLLATE "C" NOT NULL,
    drafted_by TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    published_at BIGINT,
    retired_at BIGINT,
    UNIQUE (shelf, code, number)
);

-- What was shown, byte for byte.
CREATE TABLE presentation (
    id UUID NOT NULL PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES person (id),
    language TEXT COLLATE "C" NOT NULL,
    presented TEXT COLLATE "C" NOT NULL,
    document BYTEA NOT NULL,
    document_hash BYTEA NOT NULL,
    shown_at BIGINT NOT NULL
);

-- Requests for consent.
CREATE TABLE consent_request (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    authority TEXT COLLATE "C" NOT NULL,
    asked_by TEXT COLLATE "C" NOT NULL,
    asked_at BIGINT NOT NULL,
    entry_id UUID NOT NULL REFERENCES catalogue_entry (id),
    code TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    items TEXT COLLATE "C" NOT NULL,
    case_ref TEXT COLLATE "C",
    deadline BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'answered', 'cancelled', 'lapsed')),
    declaration_id UUID,
    presentation_id UUID,
    ended_at BIGINT,
    cause TEXT COLLATE "C",
    effective_at BIGINT
);

-- Specific consents.
CREATE TABLE consent (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    declaration_id UUID NOT NULL,
    request_id UUID,
    presentation_id UUID NOT NULL REFERENCES presentation (id),
    authority TEXT COLLATE "C" NOT NULL,
    entry_id UUID NOT NULL REFERENCES catalogue_entry (id),
    code TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    item TEXT COLLATE "C" NOT NULL,
    polarity TEXT COLLATE "C" NOT NULL,
    case_ref TEXT COLLATE "C",
    channel TEXT COLLATE "C" NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    answered_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('given', 'declined', 'withdrawn', 'lapsed')),
    ended_at BIGINT,
    cause TEXT COLLATE "C",
    effective_at BIGINT
);

-- Powers of attorney.
CREATE TABLE mandate (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    grantor_id UUID NOT NULL REFERENCES person (id),
    representative_id UUID NOT NULL REFERENCES person (id),
    packages TEXT COLLATE "C" NOT NULL,
    privileges TEXT COLLATE "C" NOT NULL,
    case_ref TEXT COLLATE "C",
    valid_from BIGINT NOT NULL,
    valid_to BIGINT NOT NULL,
    presentation_id UUID NOT NULL UNIQUE REFERENCES presentation (id),
    given_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('given', 'revoked', 'renounced', 'ended')),
    ended_at BIGINT,
    cause TEXT COLLATE "C",
    effective_at BIGINT
);

-- Who may use which privilege for whom: when it is so, and between which versions of the grantor it was known.
CREATE TABLE power (
    grantor_id UUID NOT NULL REFERENCES person (id),
    representative_id UUID NOT NULL REFERENCES person (id),
    privilege TEXT COLLATE "C" NOT NULL,
    case_ref TEXT COLLATE "C",
    basis TEXT COLLATE "C" NOT NULL,
    source_id UUID NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT NOT NULL,
    known_from BIGINT NOT NULL,
    known_to BIGINT,
    PRIMARY KEY (grantor_id, representative_id, privilege, source_id, known_from)
);

-- Who looked at whose data, and why.
CREATE TABLE access_record (
    id UUID NOT NULL PRIMARY KEY,
    batch_id UUID NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    target UUID,
    purpose TEXT COLLATE "C",
    case_ref TEXT COLLATE "C",
    lookup_id UUID,
    outcome TEXT COLLATE "C" NOT NULL,
    permits_until BIGINT,
    held_reason TEXT COLLATE "C",
    held_by UUID,
    held_until BIGINT,
    salt BYTEA NOT NULL
);

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

CREATE FUNCTION refuse_unless_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.known_to IS NOT NULL OR NEW.known_to IS NULL
        OR (OLD.grantor_id, OLD.representative_id, OLD.privilege, OLD.basis, OLD.source_id, OLD.valid_from, OLD.valid_to, OLD.known_from)
        IS DISTINCT FROM (NEW.grantor_id, NEW.representative_id, NEW.privilege, NEW.basis, NEW.source_id, NEW.valid_from, NEW.valid_to, NEW.known_from)
        OR OLD.case_ref IS DISTINCT FROM NEW.case_ref
    THEN
        RAISE EXCEPTION 'a power is only closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER power_is_only_closed BEFORE UPDATE ON power FOR EACH ROW EXECUTE FUNCTION refuse_unless_closing();
