-- What people are told by post: the outbox. A notice goes when what it tells of is erased, or whom it is to.
CREATE TABLE notice (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    kind TEXT NOT NULL,
    about BLOB NOT NULL CHECK (length(about) = 16),
    days_before INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    event_id BLOB NOT NULL CHECK (length(event_id) = 16) REFERENCES event_body (event_id) ON DELETE CASCADE,
    sender TEXT NOT NULL,
    message TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dropped')),
    channel TEXT,
    settled_at INTEGER,
    -- Nobody is told the same twice.
    UNIQUE (person_id, kind, about, days_before, moment)
) STRICT;

CREATE INDEX notice_person ON notice (person_id, id);
CREATE INDEX notice_event ON notice (event_id);
CREATE INDEX notice_waiting ON notice (next_at) WHERE state = 'waiting';

-- How far notices have been made: up to which entry of the log, and up to which moment of business time. One row. What was in the log
-- before there were notices gives none.
CREATE TABLE notice_cursor (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    next_entry INTEGER NOT NULL CHECK (next_entry >= 0),
    told_until INTEGER
) STRICT;
INSERT INTO notice_cursor (id, next_entry) SELECT 1, COALESCE(MAX(entry_index) + 1, 0) FROM log_entry;

-- What ends when.
CREATE INDEX consent_ends ON consent (valid_to, id) WHERE state = 'given';
CREATE INDEX consent_request_ends ON consent_request (deadline, id) WHERE state = 'open';
CREATE INDEX mandate_ends ON mandate (valid_to, id) WHERE state = 'given';
CREATE INDEX mandate_request_ends ON mandate_request (deadline, id) WHERE state IN ('open', 'lapsed');

-- Whether somebody is exempt from Digital Post, and since when.
ALTER TABLE person ADD COLUMN post_exempt_since TEXT;
