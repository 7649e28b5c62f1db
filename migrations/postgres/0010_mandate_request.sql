-- Requests for powers of attorney.
CREATE TABLE mandate_request (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    grantor_id UUID NOT NULL REFERENCES person (id),
    representative_id UUID NOT NULL REFERENCES person (id),
    grantor_name TEXT COLLATE "C",
    authority TEXT COLLATE "C",
    asked_by TEXT COLLATE "C" NOT NULL,
    asked_at BIGINT NOT NULL,
    packages TEXT COLLATE "C" NOT NULL,
    privileges TEXT COLLATE "C" NOT NULL,
    case_ref TEXT COLLATE "C",
    valid_until TEXT COLLATE "C" NOT NULL,
    deadline BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'approved', 'declined', 'lapsed')),
    mandate_id UUID,
    presentation_id UUID,
    ended_at BIGINT,
    cause TEXT COLLATE "C",
    effective_at BIGINT
);

CREATE INDEX mandate_request_grantor ON mandate_request (grantor_id, id);
CREATE INDEX mandate_request_representative ON mandate_request (representative_id, id);
