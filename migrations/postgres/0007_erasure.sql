-- What is found to decide about an erasure: what a person was named in as the representative, and what they did for others.
CREATE INDEX presentation_representative ON presentation ((presented::JSON ->> 'representative'));
CREATE INDEX access_record_actor ON access_record ((actor::JSON ->> 'person'));
-- Which erasures there were since a moment: after a restore they must be done again.
CREATE INDEX event_erased ON event (recorded_at) WHERE fact IN ('erased', 'access_erased');

-- A body goes by an erasure that came after it, so the erasure's own stays.
CREATE OR REPLACE FUNCTION refuse_unless_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM event AS mine JOIN event AS erased ON erased.kind = mine.kind AND erased.aggregate_id = mine.aggregate_id
        WHERE mine.id = OLD.event_id AND erased.fact = 'erased' AND erased.revision > mine.revision
    ) THEN
        RAISE EXCEPTION 'a body goes only by erasure';
    END IF;
    RETURN OLD;
END $$;

-- The numbers of what is known of a person go only with the person.
CREATE FUNCTION refuse_unless_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM event WHERE kind = 'person' AND aggregate_id = OLD.person_id AND fact = 'erased') THEN
        RAISE EXCEPTION '% is never changed', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER event_subject_is_never_changed ON event_subject;
CREATE TRIGGER event_subject_is_never_changed BEFORE UPDATE ON event_subject FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_subject_goes_only_with_its_person BEFORE DELETE ON event_subject FOR EACH ROW EXECUTE FUNCTION refuse_unless_gone();
