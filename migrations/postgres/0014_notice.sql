-- What people are told by post: the outbox. A notice goes when what it tells of is erased, or whom it is to.
CREATE TABLE notice (
    id UUID NOT NULL PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES person (id),
    kind TEXT COLLATE "C" NOT NULL,
    about UUID NOT NULL,
    days_before BIGINT NOT NULL,
    moment BIGINT NOT NULL,
    event_id UUID NOT NULL REFERENCES event_body (event_id) ON DELETE CASCADE,
    sender TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'delivered', 'dropped')),
    channel TEXT COLLATE "C",
    settled_at BIGINT,
    -- Nobody is told the same twice.
    UNIQUE (person_id, kind, about, days_before, moment)
);

CREATE INDEX notice_person ON notice (person_id, id);
CREATE INDEX notice_event ON notice (event_id);
CREATE INDEX notice_waiting ON notice (next_at) WHERE state = 'waiting';

-- How far notices have been made: up to which entry of the log, and up to which moment of business time. One row. What was in the log
-- before there were notices gives none.
CREATE TABLE notice_cursor (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    next_entry BIGINT NOT NULL CHECK (next_entry >= 0),
    told_until BIGINT
);
INSERT INTO notice_cursor (id, next_entry) SELECT 1, COALESCE(MAX(entry_index) + 1, 0) FROM log_entry;

-- What ends when.
CREATE INDEX consent_ends ON consent (valid_to, id) WHERE state = 'given';
CREATE INDEX consent_request_ends ON consent_request (deadline, id) WHERE state = 'open';
CREATE INDEX mandate_ends ON mandate (valid_to, id) WHERE state = 'given';
CREATE INDEX mandate_request_ends ON mandate_request (deadline, id) WHERE state IN ('open', 'lapsed');

-- Whether somebody is exempt from Digital Post, and since when.
ALTER TABLE person ADD COLUMN post_exempt_since TEXT COLLATE "C";
