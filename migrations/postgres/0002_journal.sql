-- What happened. Never changed, never deleted.
CREATE TABLE event (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    aggregate_id UUID NOT NULL,
    revision BIGINT NOT NULL,
    fact TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    commitment BYTEA NOT NULL,
    UNIQUE (kind, aggregate_id, revision)
);

-- The canonical bytes and the salt of the commitment; goes only when the whole aggregate is erased.
CREATE TABLE event_body (
    event_id UUID NOT NULL PRIMARY KEY REFERENCES event (id),
    salt BYTEA NOT NULL,
    bytes BYTEA NOT NULL
);

-- The events that concern a person, numbered without gaps.
CREATE TABLE event_subject (
    person_id UUID NOT NULL REFERENCES person (id),
    version BIGINT NOT NULL,
    event_id UUID NOT NULL REFERENCES event (id),
    PRIMARY KEY (person_id, version)
);

-- Events in the order in which they wait to be sequenced into the log.
CREATE TABLE pending (
    position BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    event_id UUID NOT NULL UNIQUE REFERENCES event (id)
);

CREATE INDEX event_aggregate ON event (aggregate_id, revision);
CREATE INDEX event_subject_event ON event_subject (event_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME; END $$;
CREATE FUNCTION refuse_unless_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM event AS mine JOIN event AS erased ON erased.kind = mine.kind AND erased.aggregate_id = mine.aggregate_id
        WHERE mine.id = OLD.event_id AND erased.fact = 'erased'
    ) THEN
        RAISE EXCEPTION 'a body goes only by erasure';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_is_never_truncated BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_subject_is_never_changed BEFORE UPDATE OR DELETE ON event_subject FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_subject_is_never_truncated BEFORE TRUNCATE ON event_subject FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_body_is_never_truncated BEFORE TRUNCATE ON event_body FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_body_is_never_changed BEFORE UPDATE ON event_body FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_body_goes_only_by_erasure BEFORE DELETE ON event_body FOR EACH ROW EXECUTE FUNCTION refuse_unless_erased();
