//! The log's tables: the queue of events, the tree, and what was signed. What the bytes mean is the log's; here they are kept,
//! and only ever added to.

use crate::{
    StoreError,
    engine::{Read, Sql, Tx, Upkeep, on, run},
    journal::{signed, unsigned},
};
use sqlx::FromRow;
use tillid_domain::{Digest, Instant, id::EventId};
use uuid::Uuid;

/// The tree as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogHead {
    /// What the log calls itself; fixed at its first start.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
    /// The tiles at its edge that are not complete.
    pub edge: Vec<u8>,
    /// How many sequencers it has had.
    pub epoch: u64,
}

/// An event that waits for its place in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Its place in the queue.
    pub position: i64,
    /// Which event.
    pub event: EventId,
    /// What it commits to.
    pub commitment: Digest,
}

/// How the tree grows: from a head, by the first events of the queue.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The tree before.
    pub from: LogHead,
    /// The place in the queue of the last event that is taken.
    pub through: i64,
    /// The size after.
    pub size: u64,
    /// The root after.
    pub root: Digest,
    /// The incomplete tiles after.
    pub edge: Vec<u8>,
    /// Tiles that became complete: level, index, hashes.
    pub tiles: Vec<(u8, u64, Vec<u8>)>,
}

/// A signature under a tree, as the line of a signed note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignatureLine {
    /// The key: its name and id.
    pub signer: String,
    /// The line.
    pub line: String,
    /// When, in security time.
    pub at: Instant,
}

/// A tree that was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedTree {
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
    /// When it was first signed.
    pub at: Instant,
    /// The log's signatures.
    pub signatures: Vec<SignatureLine>,
    /// The newest signature of each witness under it.
    pub cosignatures: Vec<SignatureLine>,
}

/// What is known of a witness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WitnessRow {
    /// Its key: name and id.
    pub witness: String,
    /// The size of the tree that it cosigned last, as far as it told.
    pub size: u64,
    /// When it was asked last.
    pub asked_at: Instant,
    /// What it answered, as a code.
    pub answer: String,
}

#[derive(FromRow)]
struct HeadRow {
    origin: String,
    size: i64,
    root: Vec<u8>,
    edge: Vec<u8>,
    epoch: i64,
}

impl HeadRow {
    fn read(self) -> Result<LogHead, StoreError> {
        let root = digest(&self.root, "log_head")?;
        Ok(LogHead {
            origin: self.origin,
            size: unsigned(self.size),
            root,
            edge: self.edge,
            epoch: unsigned(self.epoch),
        })
    }
}

fn digest(bytes: &[u8], table: &'static str) -> Result<Digest, StoreError> {
    Digest::try_from(bytes).map_err(|_| StoreError::Corrupt { table, id: None })
}

impl Tx<Upkeep> {
    /// Begins the log with an empty tree, if it has not begun.
    pub async fn begin_log(&mut self, origin: &str, empty_root: Digest) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO log_head (id, origin, size, root, edge, epoch, lease_until) VALUES (1, $1, 0, $2, $3, 0, 0) ON CONFLICT DO NOTHING"
        )
        .bind(origin)
        .bind(empty_root.as_bytes().as_slice())
        .bind([0_u8; 0].as_slice()))?;
        Ok(())
    }

    /// Takes the lease for a while, or keeps it; the epoch in which `holder` extends the tree, or `None` while another does. By the
    /// database's clock.
    pub async fn lease_log(&mut self, holder: Uuid, seconds: u32) -> Result<Option<u64>, StoreError> {
        let now = self.database_time().await?;
        let until = now + i64::from(seconds) * 1_000_000;
        const LEASE: &str = "UPDATE log_head SET epoch = epoch + CASE WHEN holder = $1 THEN 0 ELSE 1 END, holder = $1, lease_until = $3 \
             WHERE id = 1 AND (holder = $1 OR lease_until <= $2) RETURNING epoch";
        let epoch: Option<i64> = on!(self, |conn| sqlx::query_scalar(LEASE)
            .bind(holder)
            .bind(now)
            .bind(until)
            .fetch_optional(conn)
            .await)?;
        Ok(epoch.map(unsigned))
    }

    /// Lets another take the lease at once.
    pub async fn leave_log(&mut self, holder: Uuid) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE log_head SET lease_until = 0 WHERE id = 1 AND holder = $1").bind(holder)
        )?;
        Ok(())
    }

    /// The tree, locked until the transaction ends.
    pub async fn lock_log(&mut self) -> Result<Option<LogHead>, StoreError> {
        const SQL: Sql = Sql {
            sqlite: "SELECT origin, size, root, edge, epoch FROM log_head WHERE id = 1",
            postgres: "SELECT origin, size, root, edge, epoch FROM log_head WHERE id = 1 FOR UPDATE",
        };
        let sql = self.sql(&SQL);
        let row: Option<HeadRow> = on!(self, |conn| sqlx::query_as(sql).fetch_optional(conn).await)?;
        row.map(HeadRow::read).transpose()
    }

    /// The first events of the queue, in its order.
    pub async fn waiting(&mut self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        const SQL: &str = "SELECT p.position, p.event_id, e.commitment FROM pending p JOIN event e ON e.id = p.event_id \
             ORDER BY p.position LIMIT $1";
        let rows: Vec<(i64, Uuid, Vec<u8>)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(conn).await)?;
        rows.into_iter()
            .map(|(position, event, commitment)| {
                let commitment = digest(&commitment, "event")?;
                Ok(Waiting { position, event: EventId::from_uuid(event), commitment })
            })
            .collect()
    }

    /// Extends the tree by compare-and-swap on (size, root, epoch); `false`, and nothing done, when it is no longer what `from` says.
    ///
    /// Within the snapshot that the events were read in: an event that came meanwhile, also with an earlier place, stays in the queue.
    pub async fn extend_log(&mut self, growth: &Growth) -> Result<bool, StoreError> {
        let from = &growth.from;
        let swapped = run!(self, sqlx::query(
            "UPDATE log_head SET size = $4, root = $5, edge = $6 WHERE id = 1 AND size = $1 AND root = $2 AND epoch = $3"
        )
        .bind(signed(from.size))
        .bind(from.root.as_bytes().as_slice())
        .bind(signed(from.epoch))
        .bind(signed(growth.size))
        .bind(growth.root.as_bytes().as_slice())
        .bind(growth.edge.as_slice()))?;
        if swapped == 0 {
            return Ok(false);
        }
        let entered = run!(self, sqlx::query(
            "INSERT INTO log_entry (entry_index, event_id) \
             SELECT $1 + ROW_NUMBER() OVER (ORDER BY position) - 1, event_id FROM pending WHERE position <= $2"
        )
        .bind(signed(from.size))
        .bind(growth.through))?;
        for (level, index, hashes) in &growth.tiles {
            run!(
                self,
                sqlx::query("INSERT INTO log_tile (level, tile_index, hashes) VALUES ($1, $2, $3)")
                    .bind(i64::from(*level))
                    .bind(signed(*index))
                    .bind(hashes.as_slice())
            )?;
        }
        let left = run!(self, sqlx::query("DELETE FROM pending WHERE position <= $1").bind(growth.through))?;
        // As many as were hashed, or the tree would say something else than its entries.
        Ok(entered == growth.size - from.size && left == entered)
    }

    /// Writes down that a tree is signed, and the signatures that are not there yet. Only the tree as it is now in this epoch; `false`
    /// otherwise.
    pub async fn sign_log(&mut self, head: &LogHead, lines: &[SignatureLine]) -> Result<bool, StoreError> {
        let Some(first) = lines.first() else { return Ok(false) };
        let is = self.lock_log().await?;
        if is.is_none_or(|is| (is.size, is.root, is.epoch) != (head.size, head.root, head.epoch)) {
            return Ok(false);
        }
        run!(
            self,
            sqlx::query(
                "INSERT INTO log_checkpoint (size, root, signed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            )
            .bind(signed(head.size))
            .bind(head.root.as_bytes().as_slice())
            .bind(first.at.as_micros())
        )?;
        for line in lines {
            run!(self, sqlx::query(
                "INSERT INTO log_signature (size, signer, line, signed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
            )
            .bind(signed(head.size))
            .bind(line.signer.as_str())
            .bind(line.line.as_str())
            .bind(line.at.as_micros()))?;
        }
        Ok(true)
    }

    /// Keeps a witness's signatures under a signed tree.
    pub async fn cosign_log(&mut self, size: u64, lines: &[SignatureLine]) -> Result<(), StoreError> {
        for line in lines {
            run!(self, sqlx::query(
                "INSERT INTO log_cosignature (size, signer, line, cosigned_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
            )
            .bind(signed(size))
            .bind(line.signer.as_str())
            .bind(line.line.as_str())
            .bind(line.at.as_micros()))?;
        }
        Ok(())
    }

    /// Takes note of what a witness answered.
    pub async fn note_witness(&mut self, row: &WitnessRow) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "INSERT INTO log_witness (witness, size, asked_at, answer) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (witness) DO UPDATE SET size = $2, asked_at = $3, answer = $4"
            )
            .bind(row.witness.as_str())
            .bind(signed(row.size))
            .bind(row.asked_at.as_micros())
            .bind(row.answer.as_str())
        )?;
        Ok(())
    }
}

impl<Mode> Tx<Mode> {
    /// The tree; `None` before the log has begun.
    pub async fn log_head(&mut self) -> Result<Option<LogHead>, StoreError> {
        const SQL: &str = "SELECT origin, size, root, edge, epoch FROM log_head WHERE id = 1";
        let row: Option<HeadRow> = on!(self, |conn| sqlx::query_as(SQL).fetch_optional(conn).await)?;
        row.map(HeadRow::read).transpose()
    }
}

impl Tx<Read> {
    /// Whether any event waits. However many do, this looks at one.
    pub async fn log_waits(&mut self) -> Result<bool, StoreError> {
        // By the index: a look through the table would pass all that has left it.
        const SQL: &str = "SELECT MIN(position) FROM pending";
        let first: Option<i64> = on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?;
        Ok(first.is_some())
    }

    /// The first place in the queue, and how many events wait; `None` when none does.
    pub async fn log_queue(&mut self) -> Result<Option<(i64, u64)>, StoreError> {
        const SQL: &str = "SELECT MIN(position), COUNT(*) FROM pending";
        let (first, count): (Option<i64>, i64) = on!(self, |conn| sqlx::query_as(SQL).fetch_one(conn).await)?;
        Ok(first.map(|first| (first, unsigned(count))))
    }

    /// A complete tile.
    pub async fn log_tile(&mut self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT hashes FROM log_tile WHERE level = $1 AND tile_index = $2";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(i64::from(level))
            .bind(signed(index))
            .fetch_optional(conn)
            .await)?)
    }

    /// What up to `count` entries from `first` on commit to.
    pub async fn log_entries(&mut self, first: u64, count: u32) -> Result<Vec<Digest>, StoreError> {
        const SQL: &str = "SELECT e.commitment FROM log_entry l JOIN event e ON e.id = l.event_id \
             WHERE l.entry_index >= $1 AND l.entry_index < $2 ORDER BY l.entry_index";
        let rows: Vec<Vec<u8>> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(signed(first))
            .bind(signed(first.saturating_add(u64::from(count))))
            .fetch_all(conn)
            .await)?;
        rows.iter().map(|bytes| digest(bytes, "event")).collect()
    }

    /// Where in the log an event is: `None` when there is no such event, `Some(None)` while it waits.
    pub async fn log_index(&mut self, event: EventId) -> Result<Option<Option<u64>>, StoreError> {
        const SQL: &str =
            "SELECT l.entry_index FROM event e LEFT JOIN log_entry l ON l.event_id = e.id WHERE e.id = $1";
        let index: Option<Option<i64>> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(event.as_uuid()).fetch_optional(conn).await)?;
        Ok(index.map(|i| i.map(unsigned)))
    }

    /// The signed trees below a size, the largest first.
    pub async fn signed_trees(&mut self, below: u64, limit: u32) -> Result<Vec<SignedTree>, StoreError> {
        const SQL: &str = "SELECT size FROM log_checkpoint WHERE size < $1 ORDER BY size DESC LIMIT $2";
        let sizes: Vec<i64> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(signed(below.min(i64::MAX.cast_unsigned())))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        self.signed_trees_of(sizes).await
    }

    /// The trees below a size that any witness signed, the largest first.
    pub async fn cosigned_trees(&mut self, below: u64, limit: u32) -> Result<Vec<SignedTree>, StoreError> {
        const SQL: &str =
            "SELECT DISTINCT size FROM log_cosignature WHERE size < $1 ORDER BY size DESC LIMIT $2";
        let sizes: Vec<i64> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(signed(below.min(i64::MAX.cast_unsigned())))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        self.signed_trees_of(sizes).await
    }

    async fn signed_trees_of(&mut self, sizes: Vec<i64>) -> Result<Vec<SignedTree>, StoreError> {
        const SQL: &str = "SELECT root, signed_at FROM log_checkpoint WHERE size = $1";
        const LINES: &str =
            "SELECT signer, line, signed_at FROM log_signature WHERE size = $1 ORDER BY signed_at, signer";
        const COSIGNED: &str = "SELECT c.signer, c.line, c.cosigned_at FROM log_cosignature c WHERE c.size = $1 AND c.cosigned_at = \
             (SELECT MAX(d.cosigned_at) FROM log_cosignature d WHERE d.size = c.size AND d.signer = c.signer) ORDER BY c.signer";
        let mut trees = Vec::with_capacity(sizes.len());
        for size in sizes {
            let (root, at): (Vec<u8>, i64) =
                on!(self, |conn| sqlx::query_as(SQL).bind(size).fetch_one(conn).await)?;
            let signatures: Vec<(String, String, i64)> =
                on!(self, |conn| sqlx::query_as(LINES).bind(size).fetch_all(conn).await)?;
            let cosignatures: Vec<(String, String, i64)> =
                on!(self, |conn| sqlx::query_as(COSIGNED).bind(size).fetch_all(conn).await)?;
            trees.push(SignedTree {
                size: unsigned(size),
                root: digest(&root, "log_checkpoint")?,
                at: Instant::from_micros(at),
                signatures: signatures.into_iter().map(line).collect(),
                cosignatures: cosignatures.into_iter().map(line).collect(),
            });
        }
        Ok(trees)
    }

    /// When the smallest tree above a size was signed.
    pub async fn first_signed_after(&mut self, size: u64) -> Result<Option<Instant>, StoreError> {
        const SQL: &str = "SELECT signed_at FROM log_checkpoint WHERE size > $1 ORDER BY size LIMIT 1";
        let at: Option<i64> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(signed(size)).fetch_optional(conn).await)?;
        Ok(at.map(Instant::from_micros))
    }

    /// The largest tree that a witness signed, and when it did last.
    pub async fn newest_cosignature(&mut self, signer: &str) -> Result<Option<(u64, Instant)>, StoreError> {
        const SQL: &str = "SELECT size, MAX(cosigned_at) FROM log_cosignature WHERE signer = $1 GROUP BY size ORDER BY size DESC LIMIT 1";
        let row: Option<(i64, i64)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(signer).fetch_optional(conn).await)?;
        Ok(row.map(|(size, at)| (unsigned(size), Instant::from_micros(at))))
    }

    /// What is known of the witnesses.
    pub async fn log_witnesses(&mut self) -> Result<Vec<WitnessRow>, StoreError> {
        const SQL: &str = "SELECT witness, size, asked_at, answer FROM log_witness ORDER BY witness";
        let rows: Vec<(String, i64, i64, String)> =
            on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
        Ok(rows
            .into_iter()
            .map(|(witness, size, asked_at, answer)| WitnessRow {
                witness,
                size: unsigned(size),
                asked_at: Instant::from_micros(asked_at),
                answer,
            })
            .collect())
    }
}

fn line((signer, line, at): (String, String, i64)) -> SignatureLine {
    SignatureLine { signer, line, at: Instant::from_micros(at) }
}
