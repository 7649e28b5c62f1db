//! CPR numbers at rest: encrypted under a key that is not in the database, found again by a keyed hash.

use crate::StoreError;
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use std::{fmt, str::FromStr, sync::Arc};
use tillid_domain::{Cpr, Digest, id::NumberId};
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

/// A number as it is stored.
pub(crate) struct SealedNumber {
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

    pub(crate) fn seal(&self, id: NumberId, number: &Cpr) -> Result<SealedNumber, StoreError> {
        let key = self.keys.first().ok_or(StoreError::Keys("no key is configured"))?;
        let mut nonce = [0; NONCE_LEN];
        self.fill(&mut nonce);
        let mut bytes = number.reveal().as_bytes().to_vec();
        key.seal
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                associated(id, &key.id),
                &mut bytes,
            )
            .map_err(|_| StoreError::Sealed)?;
        Ok(SealedNumber { key_id: key.id.clone(), bytes: [&nonce[..], &bytes].concat() })
    }

    pub(crate) fn open(&self, id: NumberId, sealed: &SealedNumber) -> Result<Cpr, StoreError> {
        let key = self.keys.iter().find(|k| k.id == sealed.key_id).ok_or(StoreError::Sealed)?;
        let (nonce, body) = sealed.bytes.split_first_chunk::<NONCE_LEN>().ok_or(StoreError::Sealed)?;
        let mut body = Zeroizing::new(body.to_vec());
        let opened = key
            .seal
            .open_in_place(Nonce::assume_unique_for_key(*nonce), associated(id, &key.id), &mut body)
            .map_err(|_| StoreError::Sealed)?;
        let text = std::str::from_utf8(opened).map_err(|_| StoreError::Sealed)?;
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

/// Binds a sealed number to its row and key, so that rows cannot be swapped.
fn associated(id: NumberId, key_id: &str) -> Aad<Vec<u8>> {
    Aad::from(
        [b"person_number.sealed|".as_slice(), id.as_uuid().as_bytes(), b"|", key_id.as_bytes()].concat(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};
    use uuid::Uuid;

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
