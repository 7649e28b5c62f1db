//! Receipts: a signed copy of one event of the journal, with what opens its commitment.
//!
//! A receipt is a JWS in compact form (RFC 7515) over the RFC 8785 bytes of its payload, signed with Ed25519 (RFC 8037).
//! It is the promise that the event is in the log within sixty seconds, and proves itself that it is when it carries a proof.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tillid_domain::{Digest, Salt, canonical, event::Recorded};

/// The `typ` of a receipt: it is never mistaken for a token.
pub const TYPE: &str = "tillid-receipt+jwt";

/// A key that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum KeyError {
    /// It is not an Ed25519 key in PKCS#8 (RFC 8410).
    #[error("not an Ed25519 key in PKCS#8")]
    NotEd25519,
}

/// The key that signs receipts, and the public keys of those that did before.
pub struct ReceiptKeys {
    active: Ed25519KeyPair,
    retired: Vec<Vec<u8>>,
}

impl ReceiptKeys {
    /// The keys: one in PKCS#8 to sign, and the 32-byte public keys of retired ones, which stay published.
    pub fn new(active_pkcs8: &[u8], retired: Vec<Vec<u8>>) -> Result<Self, KeyError> {
        let active = Ed25519KeyPair::from_pkcs8(active_pkcs8).map_err(|_| KeyError::NotEd25519)?;
        Ok(Self { active, retired })
    }

    /// The public keys as a JWK set (RFC 7517); the first one signs.
    pub fn jwks(&self) -> Value {
        let keys = self.public().map(|x| {
            json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": thumbprint(x), "x": B64.encode(x)})
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// The thumbprint (RFC 7638) of the key of these that signed a receipt; `None` when none did.
    pub fn signer_of(&self, receipt: &str) -> Option<String> {
        self.public().find(|key| is_signed(receipt, key)).map(thumbprint)
    }

    /// The public keys, the one that signs first.
    fn public(&self) -> impl Iterator<Item = &[u8]> {
        let active = self.active.public_key().as_ref();
        std::iter::once(active).chain(self.retired.iter().map(Vec::as_slice))
    }

    /// The receipt of an event, for somebody whom it concerns: it opens the commitment. What else it tells stands in `more`, whose
    /// members never take the place of those that the receipt is checked by.
    pub fn receipt(
        &self,
        issuer: &str,
        recorded: &Recorded,
        salt: &Salt,
        commitment: Digest,
        more: Map<String, Value>,
    ) -> Receipt {
        let header =
            json!({"alg": "EdDSA", "typ": TYPE, "kid": thumbprint(self.active.public_key().as_ref())});
        let own = json!({
            "schema_version": "tillid-receipt/1",
            "receipt_id": recorded.id,
            "iss": issuer,
            "created": recorded.recorded_at,
            "event": recorded,
            "commitment": {
                "alg": "HMAC-SHA-256",
                "salt": B64.encode(salt.reveal()),
                "value": B64.encode(commitment.as_bytes()),
            },
        });
        let mut payload = more;
        if let Value::Object(own) = own {
            payload.extend(own);
        }
        let signed = format!("{}.{}", B64.encode(canonical(&header)), B64.encode(canonical(&payload)));
        let signature = B64.encode(self.active.sign(signed.as_bytes()).as_ref());
        Receipt { receipt: format!("{signed}.{signature}"), proof: None }
    }
}

/// The thumbprint of a public key (RFC 7638), which names it.
fn thumbprint(x: &[u8]) -> String {
    let members = json!({"crv": "Ed25519", "kty": "OKP", "x": B64.encode(x)});
    B64.encode(Digest::of_canonical(&members).as_bytes())
}

/// A receipt as it is handed out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The JWS.
    pub receipt: String,
    /// The proof that the log holds the event; not there until the event has been sequenced.
    pub proof: Option<String>,
}

/// Checks a receipt's signature under one 32-byte public key and that its commitment opens; returns the event.
pub fn verify(receipt: &str, public_key: &[u8]) -> Option<Recorded> {
    let opened = open(receipt).ok()?;
    is_signed(receipt, public_key).then_some(opened.recorded)
}

/// A receipt whose commitment opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The event.
    pub recorded: Recorded,
    /// What the log holds of it.
    pub commitment: Digest,
    /// The address of the service that it says it comes from.
    pub issuer: String,
}

/// Why a receipt does not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotAReceipt {
    /// It is not a JWS of this type with such a payload.
    #[error("not a receipt")]
    Malformed,
    /// The event in it is not the one that the commitment is to.
    #[error("the commitment does not open")]
    OtherEvent,
}

/// Reads a receipt and opens its commitment. Whose it is, [`is_signed`] tells: without that, anybody can have made it.
pub fn open(receipt: &str) -> Result<Opened, NotAReceipt> {
    let (payload, value) = read(receipt).ok_or(NotAReceipt::Malformed)?;
    let Payload { issuer, recorded, salt } = payload;
    let commitment = Digest::commit(&salt, &recorded.to_bytes());
    if commitment.as_bytes().as_slice() == value {
        Ok(Opened { recorded, commitment, issuer })
    } else {
        Err(NotAReceipt::OtherEvent)
    }
}

/// Whether a 32-byte public key signed the receipt.
pub fn is_signed(receipt: &str, public_key: &[u8]) -> bool {
    let Some((signed, signature)) = receipt.rsplit_once('.') else { return false };
    let key = UnparsedPublicKey::new(&ED25519, public_key);
    B64.decode(signature).is_ok_and(|signature| key.verify(signed.as_bytes(), &signature).is_ok())
}

struct Payload {
    issuer: String,
    recorded: Recorded,
    salt: Salt,
}

fn read(receipt: &str) -> Option<(Payload, Vec<u8>)> {
    let (signed, _) = receipt.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&B64.decode(header).ok()?).ok()?;
    if header.get("typ")? != TYPE || header.get("alg")? != "EdDSA" {
        return None;
    }
    let payload: Value = serde_json::from_slice(&B64.decode(payload).ok()?).ok()?;
    let recorded = serde_json::from_value(payload.get("event")?.clone()).ok()?;
    let issuer = payload.get("iss")?.as_str()?.to_owned();
    let bytes = |name: &str| B64.decode(payload.get("commitment")?.get(name)?.as_str()?).ok();
    let salt = Salt::from_bytes(bytes("salt")?.try_into().ok()?);
    Some((Payload { issuer, recorded, salt }, bytes("value")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillid_domain::{
        Instant,
        actor::ActorTrace,
        event::{Event, Fact, Kind},
        id::EventId,
    };

    fn sample() -> (ReceiptKeys, Recorded, Salt, Digest) {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
        let keys =
            ReceiptKeys::new(pair.to_pkcs8().expect("pkcs8").as_ref(), vec![vec![9; 32]]).expect("keys");
        let event = Event {
            id: EventId::from_uuid(uuid::Uuid::from_u128(1)),
            kind: Kind::Consent,
            aggregate: uuid::Uuid::from_u128(2),
            revision: 2,
            at: Instant::from_micros(1),
            actor: ActorTrace::Service,
            subjects: Vec::new(),
            fact: Fact::ConsentWithdrawn { assisted: None },
        };
        let recorded = Recorded::new(event, Vec::new());
        let salt = Salt::from_bytes([3; 32]);
        let commitment = Digest::commit(&salt, &recorded.to_bytes());
        (keys, recorded, salt, commitment)
    }

    fn public(keys: &ReceiptKeys, n: usize) -> Vec<u8> {
        B64.decode(keys.jwks()["keys"][n]["x"].as_str().expect("x")).expect("base64")
    }

    #[test]
    fn a_receipt_verifies_under_the_published_key_and_opens_its_commitment() {
        let (keys, recorded, salt, commitment) = sample();
        let receipt = keys.receipt("https://tillid.example", &recorded, &salt, commitment, Map::new());
        assert_eq!(receipt.proof, None);
        assert_eq!(verify(&receipt.receipt, &public(&keys, 0)), Some(recorded.clone()));
        assert_eq!(verify(&receipt.receipt, &public(&keys, 1)), None);
        let wrong =
            keys.receipt("https://tillid.example", &recorded, &salt, Digest::of(b"other"), Map::new());
        assert_eq!(verify(&wrong.receipt, &public(&keys, 0)), None);
    }

    #[test]
    fn one_changed_character_anywhere_is_noticed() {
        let (keys, recorded, salt, commitment) = sample();
        let receipt =
            keys.receipt("https://tillid.example", &recorded, &salt, commitment, Map::new()).receipt;
        let key = public(&keys, 0);
        for at in (0..receipt.len() - 1).step_by(7) {
            let mut changed: Vec<u8> = receipt.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ascii");
            assert!(changed == receipt || verify(&changed, &key).is_none(), "at {at}");
        }
    }
}
