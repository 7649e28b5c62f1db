//! CPR numbers at rest: encrypted under a key that is not in the database, found again by a keyed hash.

use crate::StoreError;
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use std::{fmt, str::FromStr, sync::Arc};
use tillid_domain::{
    Cpr, Digest,
    id::{DocumentId, NumberId},
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Fills a slice with unpredictable bytes.
pub type Entropy = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

struct LiveKey {
    id: String,
    seal: LessSafeKey,
    index: hmac::Key,
}

/// The live keys for CPR numbers. The first seals; all open and find.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<[LiveKey]>,
    entropy: Entropy,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|k| &k.id)).finish()
    }
}

/// A number or a key as it is stored.
pub(crate) struct Sealed {
    pub(crate) key_id: String,
    pub(crate) bytes: Vec<u8>,
}

/// One way to find a number: the key, and the hash under it.
pub(crate) struct Lookup {
    pub(crate) key_id: String,
    pub(crate) hash: Digest,
}

impl Vault {
    /// The vault with these keys, the active one first. Each has an id and 64 bytes: 32 to seal, 32 to find.
    pub fn new(keys: &[(String, Zeroizing<Vec<u8>>)], entropy: Entropy) -> Result<Self, StoreError> {
        let mut live: Vec<LiveKey> = Vec::with_capacity(keys.len());
        for (id, secret) in keys {
            let (seal, index) =
                secret.split_at_checked(32).ok_or(StoreError::Keys("a key has fewer than 64 bytes"))?;
            if index.len() != 32 || seal == index {
                return Err(StoreError::Keys("a key has not 64 different bytes"));
            }
            if id.is_empty() || live.iter().any(|k| k.id == *id) {
                return Err(StoreError::Keys("two keys have the same id, or one has none"));
            }
            let seal = UnboundKey::new(&AES_256_GCM_SIV, seal)
                .map_err(|_| StoreError::Keys("a key is not usable"))?;
            live.push(LiveKey {
                id: id.clone(),
                seal: LessSafeKey::new(seal),
                index: hmac::Key::new(hmac::HMAC_SHA256, index),
            });
        }
        if live.is_empty() {
            return Err(StoreError::Keys("no key is configured"));
        }
        Ok(Self { keys: live.into(), entropy })
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        (self.entropy)(bytes);
    }

    /// The id of the key that seals.
    pub fn active(&self) -> &str {
        self.keys.first().map_or("", |k| &k.id)
    }

    /// The ids of all live keys.
    pub fn live(&self) -> Vec<&str> {
        self.keys.iter().map(|k| k.id.as_str()).collect()
    }

    pub(crate) fn seal(&self, id: NumberId, number: &Cpr) -> Result<Sealed, StoreError> {
        self.seal_for(b"person_number.sealed|", id.as_uuid(), number.reveal().as_bytes().to_vec())
    }

    /// Under the active key, for that row.
    fn seal_for(&self, place: &[u8], row: Uuid, bytes: Vec<u8>) -> Result<Sealed, StoreError> {
        let key = self.keys.first().ok_or(StoreError::Keys("no key is configured"))?;
        let bytes = self.seal_under(&key.seal, associated(place, row, &key.id), bytes)?;
        Ok(Sealed { key_id: key.id.clone(), bytes })
    }

    fn seal_under(
        &self,
        key: &LessSafeKey,
        associated: Aad<Vec<u8>>,
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        self.fill(&mut nonce);
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated, &mut bytes)
            .map_err(|_| StoreError::Sealed)?;
        Ok([&nonce[..], &bytes].concat())
    }

    fn open_for(&self, place: &[u8], row: Uuid, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let key = self.keys.iter().find(|k| k.id == sealed.key_id).ok_or(StoreError::Sealed)?;
        open_under(&key.seal, associated(place, row, &key.id), sealed.bytes.clone())
    }

    /// A document's own key, under the active one.
    pub(crate) fn seal_document_key(&self, id: DocumentId, key: &[u8; 32]) -> Result<Sealed, StoreError> {
        self.seal_for(DOCUMENT_KEY, id.as_uuid(), key.to_vec())
    }

    pub(crate) fn open_document_key(
        &self,
        id: DocumentId,
        sealed: &Sealed,
    ) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let key = self.open_for(DOCUMENT_KEY, id.as_uuid(), sealed)?;
        Ok(Zeroizing::new(key.as_slice().try_into().map_err(|_| StoreError::Sealed)?))
    }

    /// A document's bytes, under its own key.
    pub(crate) fn seal_document(
        &self,
        id: DocumentId,
        key: &[u8; 32],
        bytes: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.seal_under(&own_key(key)?, associated(DOCUMENT, id.as_uuid(), ""), bytes.to_vec())
    }

    #[expect(clippy::unused_self, reason = "beside the others")]
    pub(crate) fn open_document(
        &self,
        id: DocumentId,
        key: &[u8; 32],
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let opened = open_under(&own_key(key)?, associated(DOCUMENT, id.as_uuid(), ""), sealed)?;
        Ok(opened.to_vec())
    }

    pub(crate) fn open(&self, id: NumberId, sealed: &Sealed) -> Result<Cpr, StoreError> {
        let opened = self.open_for(b"person_number.sealed|", id.as_uuid(), sealed)?;
        let text = std::str::from_utf8(&opened).map_err(|_| StoreError::Sealed)?;
        Cpr::from_str(text).map_err(|_| StoreError::Sealed)
    }

    /// The number's hash under each live key, the active one first.
    pub(crate) fn lookups(&self, number: &Cpr) -> Vec<Lookup> {
        let hash = |k: &LiveKey| {
            let tag = hmac::sign(&k.index, number.reveal().as_bytes());
            Digest::try_from(tag.as_ref()).ok().map(|hash| Lookup { key_id: k.id.clone(), hash })
        };
        self.keys.iter().filter_map(hash).collect()
    }
}

impl Vault {
    /// A request's fingerprint under each live key, the active one first. Under a key, because the request may hold a CPR
    /// number, and there are few enough of those to try them all.
    pub(crate) fn fingerprints(&self, of: Digest) -> Vec<Digest> {
        let under = |k: &LiveKey| {
            let tag = hmac::sign(&k.index, &[b"idempotency|".as_slice(), of.as_bytes()].concat());
            Digest::try_from(tag.as_ref()).ok()
        };
        self.keys.iter().filter_map(under).collect()
    }
}

const DOCUMENT: &[u8] = b"document.sealed|";
const DOCUMENT_KEY: &[u8] = b"document_key.sealed|";

/// Binds what is sealed to its place and key, so that rows cannot be swapped.
fn associated(place: &[u8], row: Uuid, key_id: &str) -> Aad<Vec<u8>> {
    Aad::from([place, row.as_bytes(), b"|", key_id.as_bytes()].concat())
}

fn own_key(key: &[u8; 32]) -> Result<LessSafeKey, StoreError> {
    UnboundKey::new(&AES_256_GCM_SIV, key).map(LessSafeKey::new).map_err(|_| StoreError::Sealed)
}

fn open_under(
    key: &LessSafeKey,
    associated: Aad<Vec<u8>>,
    sealed: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut sealed = Zeroizing::new(sealed);
    let (nonce, body) = sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or(StoreError::Sealed)?;
    let opened = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), associated, body)
        .map_err(|_| StoreError::Sealed)?;
    Ok(Zeroizing::new(opened.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    fn vault(ids: &[(&str, u8)]) -> Result<Vault, StoreError> {
        let counter = AtomicU8::new(0);
        let keys: Vec<_> = ids
            .iter()
            .map(|(id, fill)| ((*id).to_owned(), Zeroizing::new([[*fill; 32], [fill ^ 0xff; 32]].concat())))
            .collect();
        Vault::new(&keys, Arc::new(move |b| b.fill(counter.fetch_add(1, Ordering::Relaxed))))
    }

    #[test]
    fn a_number_opens_only_in_its_own_row_and_under_its_own_key() {
        let number: Cpr = "6702451236".parse().expect("a number");
        let (one, other) = (NumberId::from_uuid(Uuid::from_u128(1)), NumberId::from_uuid(Uuid::from_u128(2)));
        let old = vault(&[("k1", 1)]).expect("a vault");
        let sealed = old.seal(one, &number).expect("sealed");
        assert_eq!(old.open(one, &sealed).ok(), Some(number.clone()));
        assert!(old.open(other, &sealed).is_err());
        assert!(vault(&[("k2", 2)]).expect("a vault").open(one, &sealed).is_err());
        assert!(vault(&[("k1", 3)]).expect("a vault").open(one, &sealed).is_err());
        let both = vault(&[("k2", 2), ("k1", 1)]).expect("a vault");
        assert_eq!(both.open(one, &sealed).ok(), Some(number.clone()));
        assert_eq!(both.seal(one, &number).expect("sealed").key_id, "k2");
        assert!(!sealed.bytes.windows(10).any(|w| w == number.reveal().as_bytes()));
    }

    #[test]
    fn keys_that_do_not_serve_are_refused() {
        assert!(vault(&[]).is_err());
        assert!(vault(&[("k1", 1), ("k1", 2)]).is_err());
        assert!(vault(&[("", 1)]).is_err());
        let short = [("k".to_owned(), Zeroizing::new(vec![1; 63]))];
        assert!(Vault::new(&short, Arc::new(|_| ())).is_err());
    }
}
