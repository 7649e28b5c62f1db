-- The list of an authority's consents: by whichever filter leaves the fewest, in the order in which it is read.
CREATE INDEX consent_list ON consent (authority, id);
CREATE INDEX consent_list_code ON consent (authority, code, id);
CREATE INDEX consent_list_state ON consent (authority, state, id);
CREATE INDEX consent_list_case ON consent (authority, case_ref, id) WHERE case_ref IS NOT NULL;
CREATE INDEX consent_list_end ON consent (authority, valid_to, id) WHERE state = 'given';

-- Within what something is asked for or given, where that is less than the type allows.
ALTER TABLE consent_request ADD COLUMN terms TEXT COLLATE "C";
ALTER TABLE consent ADD COLUMN terms TEXT COLLATE "C";
