-- Mandates that several give or hold together: what ties them, how, and how many of them it takes. What was shown to one of those who do
-- something together can be what several mandates rest on.
ALTER TABLE mandate ADD COLUMN joint_id UUID;
ALTER TABLE mandate ADD COLUMN bond TEXT COLLATE "C" CHECK ((bond IS NULL) = (joint_id IS NULL) AND bond IN ('grantors', 'holders', 'signers'));
ALTER TABLE mandate ADD COLUMN quorum BIGINT CHECK ((quorum IS NULL) = (joint_id IS NULL) AND quorum BETWEEN 2 AND 5);
CREATE INDEX mandate_joint_id ON mandate (joint_id) WHERE joint_id IS NOT NULL;
ALTER TABLE mandate DROP CONSTRAINT mandate_presentation_id_key;
CREATE INDEX mandate_presentation ON mandate (presentation_id);
-- What ended, or was found never to have counted, before anybody knew: for the list of what was done with it meanwhile.
CREATE INDEX mandate_ended_late ON mandate (ended_at, id) WHERE state IN ('ended', 'annulled') AND ended_at > COALESCE(effective_at, valid_from);
