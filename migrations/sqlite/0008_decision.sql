-- What was asked and answered, where a look was a question about acting for somebody or about a consent.
ALTER TABLE access_record ADD COLUMN decision TEXT;

-- For whom somebody may act, and who has answered an authority.
CREATE INDEX power_representative ON power (representative_id, privilege, grantor_id) WHERE known_to IS NULL;
CREATE INDEX consent_authority ON consent (authority, person_id);
