//! Names for persons that differ from one audience to the next, so that two of them cannot put what they know together.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use tillid_domain::id::PersonId;

/// Makes the names. Its key is never changed: with another one, everybody would be somebody else everywhere.
pub struct Pairwise(hmac::Key);

/// What is too short to be the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not at least 32 bytes")]
pub struct NotAPairwiseKey;

impl Pairwise {
    /// With that secret key.
    pub fn new(secret: &[u8]) -> Result<Self, NotAPairwiseKey> {
        if secret.len() < 32 {
            return Err(NotAPairwiseKey);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// What the person is called towards that audience.
    pub(super) fn name(&self, audience: &str, person: PersonId) -> String {
        // No audience has a line end in it.
        let text = format!("tillid pairwise subject\n{audience}\n{person}");
        B64.encode(hmac::sign(&self.0, text.as_bytes()).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_person_has_one_name_with_each_audience() {
        let (one, other) = (Pairwise::new(&[1; 32]).unwrap(), Pairwise::new(&[2; 32]).unwrap());
        let person = |n| PersonId::from_uuid(Uuid::from_u128(n));
        let name = one.name("https://a.example", person(1));
        assert_eq!(name, one.name("https://a.example", person(1)));
        assert_eq!(name.len(), 43);
        for another in [
            one.name("https://b.example", person(1)),
            one.name("https://a.example", person(2)),
            other.name("https://a.example", person(1)),
        ] {
            assert_ne!(name, another);
        }
        assert_eq!(Pairwise::new(&[1; 31]).err(), Some(NotAPairwiseKey));
    }
}
