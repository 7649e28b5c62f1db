-- What happened. Never changed, never deleted.
CREATE TABLE event (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    kind TEXT NOT NULL,
    aggregate_id BLOB NOT NULL CHECK (length(aggregate_id) = 16),
    revision INTEGER NOT NULL,
    fact TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    UNIQUE (kind, aggregate_id, revision)
) STRICT;

-- The canonical bytes and the salt of the commitment; goes only when the whole aggregate is erased.
CREATE TABLE event_body (
    event_id BLOB NOT NULL CHECK (length(event_id) = 16) PRIMARY KEY REFERENCES event (id),
    salt BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- The events that concern a person, numbered without gaps.
CREATE TABLE event_subject (
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    version INTEGER NOT NULL,
    event_id BLOB NOT NULL CHECK (length(event_id) = 16) REFERENCES event (id),
    PRIMARY KEY (person_id, version)
) STRICT;

-- Events in the order in which they wait to be sequenced into the log.
CREATE TABLE pending (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL CHECK (length(event_id) = 16) UNIQUE REFERENCES event (id)
) STRICT;

CREATE INDEX event_aggregate ON event (aggregate_id, revision);
CREATE INDEX event_subject_event ON event_subject (event_id);

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER event_subject_is_never_changed BEFORE UPDATE ON event_subject BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_subject_is_never_deleted BEFORE DELETE ON event_subject BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER event_body_is_never_changed BEFORE UPDATE ON event_body BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER event_body_goes_only_by_erasure BEFORE DELETE ON event_body
WHEN NOT EXISTS (
    SELECT 1 FROM event AS mine JOIN event AS erased ON erased.kind = mine.kind AND erased.aggregate_id = mine.aggregate_id
    WHERE mine.id = OLD.event_id AND erased.fact = 'erased'
)
BEGIN SELECT RAISE(ABORT, 'a body goes only by erasure'); END;
