-- The log: its entries, in their order. An entry commits to an event by the commitment of the event itself.
CREATE TABLE log_entry (
    entry_index INTEGER NOT NULL PRIMARY KEY CHECK (entry_index >= 0),
    event_id BLOB NOT NULL CHECK (length(event_id) = 16) UNIQUE REFERENCES event (id)
) STRICT;

-- Complete tiles of the Merkle tree: 256 hashes each.
CREATE TABLE log_tile (
    level INTEGER NOT NULL,
    tile_index INTEGER NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, tile_index)
) STRICT;

-- The tree as it is: its size, its root, the tiles at its edge that are not complete, and who extends it. One row.
CREATE TABLE log_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    edge BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    holder BLOB CHECK (length(holder) = 16),
    lease_until INTEGER NOT NULL
) STRICT;

-- Trees that were signed, and so can never be taken back.
CREATE TABLE log_checkpoint (
    size INTEGER NOT NULL PRIMARY KEY CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    signed_at INTEGER NOT NULL
) STRICT;

-- The log's signatures under them: the key (its name and id), and the line of the signed note.
CREATE TABLE log_signature (
    size INTEGER NOT NULL REFERENCES log_checkpoint (size),
    signer TEXT NOT NULL,
    line TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (size, signer)
) STRICT;

-- The witnesses' signatures under them; one may sign again, later.
CREATE TABLE log_cosignature (
    size INTEGER NOT NULL REFERENCES log_checkpoint (size),
    signer TEXT NOT NULL,
    line TEXT NOT NULL,
    cosigned_at INTEGER NOT NULL,
    PRIMARY KEY (size, signer, cosigned_at)
) STRICT;

-- What each witness was last known to have cosigned, and what it last answered.
CREATE TABLE log_witness (
    witness TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    answer TEXT NOT NULL
) STRICT;

CREATE INDEX log_cosignature_signer ON log_cosignature (signer, size);

CREATE TRIGGER log_entry_is_never_changed BEFORE UPDATE ON log_entry BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_entry_is_never_deleted BEFORE DELETE ON log_entry BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_tile_is_never_changed BEFORE UPDATE ON log_tile BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_tile_is_never_deleted BEFORE DELETE ON log_tile BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_checkpoint_is_never_changed BEFORE UPDATE ON log_checkpoint BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_checkpoint_is_never_deleted BEFORE DELETE ON log_checkpoint BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_signature_is_never_changed BEFORE UPDATE ON log_signature BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_signature_is_never_deleted BEFORE DELETE ON log_signature BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_cosignature_is_never_changed BEFORE UPDATE ON log_cosignature BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_cosignature_is_never_deleted BEFORE DELETE ON log_cosignature BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER log_head_never_goes_back BEFORE UPDATE ON log_head
WHEN NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
BEGIN SELECT RAISE(ABORT, 'the log never goes back'); END;
CREATE TRIGGER log_head_is_never_deleted BEFORE DELETE ON log_head BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
-- An event leaves the queue only into the log.
CREATE TRIGGER pending_goes_only_into_the_log BEFORE DELETE ON pending
WHEN NOT EXISTS (SELECT 1 FROM log_entry WHERE event_id = OLD.event_id)
BEGIN SELECT RAISE(ABORT, 'an event leaves the queue only into the log'); END;
CREATE TRIGGER pending_is_never_changed BEFORE UPDATE ON pending BEGIN SELECT RAISE(ABORT, 'the order of events is never changed'); END;
