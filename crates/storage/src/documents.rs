//! Evidence at rest: the bytes under a key of their own, that key under one of the vault's, so that a rotation moves keys and not bytes.

use crate::{
    StoreError,
    column::{RowRef, code_of, instant},
    engine::{Tx, Write, on, run},
    vault::Sealed,
};
use sqlx::FromRow;
use tillid_domain::{
    Digest,
    document::Document,
    event::{Event, Fact},
    id::{DocumentId, PersonId},
};
use uuid::Uuid;
use zeroize::Zeroizing;

#[derive(FromRow)]
struct DocumentRow {
    id: Uuid,
    person_id: Uuid,
    authority: String,
    media_type: String,
    size: i64,
    digest: Vec<u8>,
    kept_at: i64,
}

#[derive(FromRow)]
pub(crate) struct DocumentKeyRow {
    pub(crate) document_id: Uuid,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

impl TryFrom<DocumentRow> for Document {
    type Error = StoreError;

    fn try_from(row: DocumentRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "document", id: row.id };
        Ok(Self {
            id: DocumentId::from_uuid(row.id),
            person: PersonId::from_uuid(row.person_id),
            authority: at.text(&row.authority)?,
            media_type: at.code(&row.media_type)?,
            size: at.number(row.size)?,
            digest: Digest::try_from(row.digest.as_slice()).map_err(|_| at.corrupt())?,
            kept_at: instant(row.kept_at),
        })
    }
}

impl<Mode> Tx<Mode> {
    /// What is known of a document, without its bytes.
    pub async fn document(&mut self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        const SQL: &str =
            "SELECT id, person_id, authority, media_type, size, digest, kept_at FROM document WHERE id = $1";
        let row: Option<DocumentRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// A document with its bytes; bytes that are not what was committed to are corrupt.
    pub async fn document_bytes(
        &mut self,
        id: DocumentId,
    ) -> Result<Option<(Document, Vec<u8>)>, StoreError> {
        let Some(document) = self.document(id).await? else { return Ok(None) };
        let corrupt = || StoreError::Corrupt { table: "document", id: Some(id.as_uuid()) };
        let key = self.document_key(id).await?.ok_or_else(corrupt)?;
        let key = self.vault.open_document_key(id, &key)?;
        let sealed = self.sealed_document(id).await?.ok_or_else(corrupt)?;
        let bytes = self.vault.open_document(id, &key, sealed).map_err(|_| corrupt())?;
        if Digest::of(&bytes) == document.digest { Ok(Some((document, bytes))) } else { Err(corrupt()) }
    }

    /// The key of a document, as it is sealed.
    pub(crate) async fn document_key(&mut self, id: DocumentId) -> Result<Option<Sealed>, StoreError> {
        const SQL: &str = "SELECT document_id, key_id, sealed FROM document_key WHERE document_id = $1";
        let key: Option<DocumentKeyRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        Ok(key.map(|DocumentKeyRow { key_id, sealed, .. }| Sealed { key_id, bytes: sealed }))
    }

    /// The bytes of a document, as they are sealed.
    pub(crate) async fn sealed_document(&mut self, id: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT sealed FROM document WHERE id = $1";
        let sealed: Option<Vec<u8>> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        Ok(sealed)
    }

    /// Which documents about a person there are, the newest first.
    pub async fn documents_about(&mut self, person: PersonId) -> Result<Vec<Document>, StoreError> {
        const SQL: &str = "SELECT id, person_id, authority, media_type, size, digest, kept_at FROM document \
             WHERE person_id = $1 ORDER BY id DESC";
        let rows: Vec<DocumentRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(person.as_uuid()).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx<Write> {
    /// Writes the bytes that an event commits to, sealed. Belongs to the event with that id, in the same transaction; without it the
    /// document is not there, and `verify` says so.
    pub async fn keep_document(&mut self, event: &Event, bytes: &[u8]) -> Result<(), StoreError> {
        let corrupt = || StoreError::Corrupt { table: "document", id: Some(event.aggregate) };
        let Fact::DocumentKept { person, authority, media_type, size, digest } = &event.fact else {
            return Err(corrupt());
        };
        if Digest::of(bytes) != *digest || u64::try_from(bytes.len()) != Ok(*size) {
            return Err(corrupt());
        }
        let id = DocumentId::from_uuid(event.aggregate);
        let mut key = Zeroizing::new([0; 32]);
        self.vault.fill(key.as_mut());
        let sealed = self.vault.seal_document(id, &key, bytes)?;
        run!(
            self,
            sqlx::query(
                "INSERT INTO document (id, person_id, authority, media_type, size, digest, kept_at, sealed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            )
            .bind(event.aggregate)
            .bind(person.as_uuid())
            .bind(authority.to_string())
            .bind(code_of(media_type))
            .bind(i64::try_from(*size).map_err(|_| corrupt())?)
            .bind(digest.as_bytes().as_slice())
            .bind(event.at.as_micros())
            .bind(sealed)
        )?;
        let Sealed { key_id, bytes } = self.vault.seal_document_key(id, &key)?;
        run!(
            self,
            sqlx::query("INSERT INTO document_key (document_id, key_id, sealed) VALUES ($1, $2, $3)")
                .bind(event.aggregate)
                .bind(key_id)
                .bind(bytes)
        )?;
        Ok(())
    }
}
