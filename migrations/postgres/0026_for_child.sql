-- Mandates that those who have custody of a child gave for it: who they are. What was given otherwise has none.
ALTER TABLE mandate ADD COLUMN for_child TEXT COLLATE "C";
