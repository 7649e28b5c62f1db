-- What is found to decide about an erasure: what a person was named in as the representative, and what they did for others.
CREATE INDEX presentation_representative ON presentation (json_extract(presented, '$.representative'));
CREATE INDEX access_record_actor ON access_record (json_extract(actor, '$.person'));
-- Which erasures there were since a moment: after a restore they must be done again.
CREATE INDEX event_erased ON event (recorded_at) WHERE fact IN ('erased', 'access_erased');

-- A body goes by an erasure that came after it, so the erasure's own stays.
DROP TRIGGER event_body_goes_only_by_erasure;
CREATE TRIGGER event_body_goes_only_by_erasure BEFORE DELETE ON event_body
WHEN NOT EXISTS (
    SELECT 1 FROM event AS mine JOIN event AS erased ON erased.kind = mine.kind AND erased.aggregate_id = mine.aggregate_id
    WHERE mine.id = OLD.event_id AND erased.fact = 'erased' AND erased.revision > mine.revision
)
BEGIN SELECT RAISE(ABORT, 'a body goes only by erasure'); END;

-- The numbers of what is known of a person go only with the person.
DROP TRIGGER event_subject_is_never_deleted;
CREATE TRIGGER event_subject_goes_only_with_its_person BEFORE DELETE ON event_subject
WHEN NOT EXISTS (SELECT 1 FROM event WHERE kind = 'person' AND aggregate_id = OLD.person_id AND fact = 'erased')
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
