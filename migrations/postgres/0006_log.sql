-- The log: its entries, in their order. An entry commits to an event by the commitment of the event itself.
CREATE TABLE log_entry (
    entry_index BIGINT NOT NULL PRIMARY KEY CHECK (entry_index >= 0),
    event_id UUID NOT NULL UNIQUE REFERENCES event (id)
);

-- Complete tiles of the Merkle tree: 256 hashes each.
CREATE TABLE log_tile (
    level BIGINT NOT NULL,
    tile_index BIGINT NOT NULL,
    hashes BYTEA NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, tile_index)
);

-- The tree as it is: its size, its root, the tiles at its edge that are not complete, and who extends it. One row.
CREATE TABLE log_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL CHECK (size >= 0),
    root BYTEA NOT NULL CHECK (length(root) = 32),
    edge BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    holder UUID,
    lease_until BIGINT NOT NULL
);

-- Trees that were signed, and so can never be taken back.
CREATE TABLE log_checkpoint (
    size BIGINT NOT NULL PRIMARY KEY CHECK (size >= 0),
    root BYTEA NOT NULL CHECK (length(root) = 32),
    signed_at BIGINT NOT NULL
);

-- The log's signatures under them: the key (its name and id), and the line of the signed note.
CREATE TABLE log_signature (
    size BIGINT NOT NULL REFERENCES log_checkpoint (size),
    signer TEXT COLLATE "C" NOT NULL,
    line TEXT COLLATE "C" NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (size, signer)
);

-- The witnesses' signatures under them; one may sign again, later.
CREATE TABLE log_cosignature (
    size BIGINT NOT NULL REFERENCES log_checkpoint (size),
    signer TEXT COLLATE "C" NOT NULL,
    line TEXT COLLATE "C" NOT NULL,
    cosigned_at BIGINT NOT NULL,
    PRIMARY KEY (size, signer, cosigned_at)
);

-- What each witness was last known to have cosigned, and what it last answered.
CREATE TABLE log_witness (
    witness TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    answer TEXT COLLATE "C" NOT NULL
);

CREATE INDEX log_cosignature_signer ON log_cosignature (signer, size);

CREATE FUNCTION refuse_to_go_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
        RAISE EXCEPTION 'the log never goes back';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION refuse_unless_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM log_entry WHERE event_id = OLD.event_id) THEN
        RAISE EXCEPTION 'an event leaves the queue only into the log';
    END IF;
    RETURN OLD;
END $$;
-- A temporary table of the same name never stands in for the one that is looked at.
ALTER FUNCTION refuse_unless_erased() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION refuse_unless_logged() SET search_path = pg_catalog, public, pg_temp;
CREATE TRIGGER log_entry_is_never_changed BEFORE UPDATE OR DELETE ON log_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_entry_is_never_truncated BEFORE TRUNCATE ON log_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_tile_is_never_changed BEFORE UPDATE OR DELETE ON log_tile FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_tile_is_never_truncated BEFORE TRUNCATE ON log_tile FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_is_never_changed BEFORE UPDATE OR DELETE ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_is_never_truncated BEFORE TRUNCATE ON log_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_signature_is_never_changed BEFORE UPDATE OR DELETE ON log_signature FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_signature_is_never_truncated BEFORE TRUNCATE ON log_signature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_cosignature_is_never_changed BEFORE UPDATE OR DELETE ON log_cosignature FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_cosignature_is_never_truncated BEFORE TRUNCATE ON log_cosignature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_head_never_goes_back BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION refuse_to_go_back();
CREATE TRIGGER log_head_is_never_deleted BEFORE DELETE ON log_head FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_head_is_never_truncated BEFORE TRUNCATE ON log_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- An event leaves the queue only into the log.
CREATE TRIGGER pending_goes_only_into_the_log BEFORE DELETE ON pending FOR EACH ROW EXECUTE FUNCTION refuse_unless_logged();
CREATE TRIGGER pending_is_never_changed BEFORE UPDATE ON pending FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER pending_is_never_truncated BEFORE TRUNCATE ON pending FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
