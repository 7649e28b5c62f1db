-- Requests for powers of attorney.
CREATE TABLE mandate_request (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    grantor_id BLOB NOT NULL CHECK (length(grantor_id) = 16) REFERENCES person (id),
    representative_id BLOB NOT NULL CHECK (length(representative_id) = 16) REFERENCES person (id),
    grantor_name TEXT,
    authority TEXT,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    packages TEXT NOT NULL,
    privileges TEXT NOT NULL,
    case_ref TEXT,
    valid_until TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'declined', 'lapsed')),
    mandate_id BLOB CHECK (length(mandate_id) = 16),
    presentation_id BLOB CHECK (length(presentation_id) = 16),
    ended_at INTEGER,
    cause TEXT,
    effective_at INTEGER
) STRICT;

CREATE INDEX mandate_request_grantor ON mandate_request (grantor_id, id);
CREATE INDEX mandate_request_representative ON mandate_request (representative_id, id);
