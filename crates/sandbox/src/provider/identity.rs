//! Who can log in: everybody in private, and employees once more for each authority that they work for.

use crate::{
    people::{Employer, Job, PEOPLE, Somebody},
    tokens::{employee_id, object, roles},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tillid_domain::{Digest, Instant, LocalDate, actor::Assurance};
use tillid_service::catalogue::file::Authorities;
use uuid::Uuid;

/// The scopes that mean something here.
pub(crate) const SCOPES: [&str; 6] = ["openid", "profile", "mitid", "ssn", "nemlogin", "roles"];

/// The claims that can be had.
pub(crate) const CLAIMS: [&str; 31] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "acr",
    "amr",
    "loa",
    "ial",
    "aal",
    "idp",
    "identity_type",
    "name",
    "mitid.uuid",
    "mitid.identity_name",
    "mitid.date_of_birth",
    "mitid.age",
    "mitid.has_cpr",
    "dk.cpr",
    "nemlogin.name",
    "nemlogin.cvr",
    "nemlogin.org_name",
    "nemlogin.persistent_professional_id",
    "nemlogin.cpr",
    "roles",
    "kle",
    "sensitivity",
];

/// Somebody in private, or in one of their jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) somebody: &'static Somebody,
    nth_job: Option<usize>,
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (self.somebody.key, self.nth_job) == (other.somebody.key, other.nth_job)
    }
}

impl Identity {
    /// Everybody in private.
    pub(crate) fn citizens() -> impl Iterator<Item = Self> {
        PEOPLE.iter().map(|somebody| Self { somebody, nth_job: None })
    }

    /// Everybody in each of their jobs.
    pub(crate) fn employees() -> impl Iterator<Item = Self> {
        PEOPLE.iter().flat_map(|somebody| {
            (0..somebody.work.len()).map(move |nth| Self { somebody, nth_job: Some(nth) })
        })
    }

    /// The identity with that subject.
    pub(crate) fn with_subject(subject: &str) -> Option<Self> {
        let subject = Uuid::try_parse(subject).ok()?;
        Self::citizens().chain(Self::employees()).find(|identity| identity.subject() == subject)
    }

    /// The job, for an employee.
    pub(crate) fn job(&self) -> Option<&'static Job> {
        self.somebody.work.get(self.nth_job?)
    }

    /// The identity of such a name: `anna`, `inge:professional`, `inge:professional:99173009`.
    pub(crate) fn named(name: &str, authorities: &Authorities) -> Option<Self> {
        let mut parts = name.split(':');
        let key = parts.next()?;
        let somebody = PEOPLE.iter().find(|p| p.key == key)?;
        let (kind, cvr, more) = (parts.next(), parts.next(), parts.next());
        let nth_job = match (kind, cvr, more) {
            (None | Some("private"), None, None) => None,
            (Some("professional"), cvr, None) => Some(somebody.work.iter().position(|job| {
                let theirs = Employer::of(job.employer, authorities).map(|a| a.cvr.to_string());
                cvr.is_none_or(|cvr| theirs.as_deref() == Some(cvr))
            })?),
            _ => return None,
        };
        Some(Self { somebody, nth_job })
    }

    /// The name, as [`Self::named`] reads it.
    pub(crate) fn name(&self, authorities: &Authorities) -> String {
        let key = self.somebody.key;
        match self.job() {
            None => key.to_owned(),
            Some(job) => match Employer::of(job.employer, authorities) {
                Some(authority) => format!("{key}:professional:{}", authority.cvr),
                None => format!("{key}:professional"),
            },
        }
    }

    /// The subject: the same from one start to the next.
    pub(crate) fn subject(&self) -> Uuid {
        let kind = self.job().map_or("private", |job| job.employer);
        named_uuid(&format!("subject/{}/{kind}", self.somebody.key))
    }

    /// The highest level that they can log in at; the broker gives employees at most this much.
    pub(crate) fn at_most(&self, asked: Assurance) -> Assurance {
        if self.job().is_some() { asked.min(Assurance::Substantial) } else { asked }
    }
}

/// A UUID of version 8 that is the same for the same name.
fn named_uuid(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(Digest::of(name.as_bytes()).as_bytes()) {
        *to = *from;
    }
    let version = (u128::from_be_bytes(bytes) & !(0xf << 76)) | (8 << 76);
    Uuid::from_u128((version & !(0b11 << 62)) | (0b10 << 62))
}

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) identity: Identity,
    pub(crate) assurance: Assurance,
    pub(crate) authenticated_at: Instant,
    pub(crate) sid: String,
}

/// What of the demo world's time the claims depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    pub(crate) first: LocalDate,
    pub(crate) today: LocalDate,
}

impl Login {
    /// What an ID token says of the login. An ID token comes back in addresses, as `id_token_hint`, so no name and no number is in it.
    pub(crate) fn claims(&self, scopes: &BTreeSet<&'static str>) -> Map<String, Value> {
        let (level, amr) = match self.assurance {
            Assurance::Low => ("Low", "password"),
            Assurance::Substantial => ("Substantial", "code_app"),
            Assurance::High => ("High", "u2f_token"),
        };
        let uri = format!("https://data.gov.dk/concept/core/nsis/{level}");
        let professional = self.identity.job().is_some();
        let said = object(json!({
            "sub": self.identity.subject(),
            "sid": self.sid,
            "auth_time": seconds(self.authenticated_at),
            "identity_type": if professional { "professional" } else { "private" },
            "idp": if professional { "mitid_erhverv" } else { "mitid" },
            "loa": uri,
            "ial": uri,
            "aal": uri,
            "acr": format!("https://data.gov.dk/concept/core/nsis/loa/{level}"),
            "amr": [amr],
        }));
        let job = self.identity.job().filter(|_| scopes.contains("roles"));
        said.into_iter().chain(job.and_then(roles)).flatten().collect()
    }

    /// What the UserInfo endpoint says: the same, and what the scopes ask for.
    pub(crate) fn user(
        &self,
        scopes: &BTreeSet<&'static str>,
        days: Days,
        authorities: &Authorities,
    ) -> Map<String, Value> {
        let somebody = self.identity.somebody;
        let number = somebody.number(days.first).map(|number| number.reveal().to_owned());
        let mut said = self.claims(scopes);
        let mut say = |scope: &str, claims: Value| {
            if scopes.contains(scope) {
                said.extend(object(claims).into_iter().flatten());
            }
        };
        say("openid", json!({"name": somebody.name}));
        match (self.identity.job(), self.identity.nth_job) {
            (Some(job), Some(nth)) => {
                let authority = Employer::of(job.employer, authorities);
                let employee = json!({
                    "nemlogin.name": somebody.name,
                    "nemlogin.cvr": authority.as_ref().map(|a| a.cvr),
                    "nemlogin.org_name": authority.as_ref().map(|a| a.name.da.as_str()),
                    "nemlogin.persistent_professional_id": employee_id(somebody, nth),
                });
                say("nemlogin", employee);
                if scopes.contains("nemlogin") {
                    say("ssn", json!({"nemlogin.cpr": number}));
                }
            }
            _ => {
                let born = somebody.born(days.first);
                let citizen = json!({
                    "mitid.uuid": named_uuid(&format!("mitid/{}", somebody.key)),
                    "mitid.identity_name": somebody.name,
                    "mitid.date_of_birth": born,
                    "mitid.age": days.today.years_since(born).to_string(),
                    "mitid.has_cpr": "true",
                });
                say("mitid", citizen);
                say("ssn", json!({"dk.cpr": number}));
            }
        }
        said
    }
}

/// A moment as JWTs write it.
pub(crate) fn seconds(at: Instant) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorities;
    use uuid::Variant;

    #[test]
    fn every_identity_has_a_name_and_a_subject_of_its_own() {
        let authorities = authorities().expect("the authorities");
        let mut subjects = BTreeSet::new();
        for identity in Identity::citizens().chain(Identity::employees()) {
            let name = identity.name(&authorities);
            assert_eq!(Identity::named(&name, &authorities), Some(identity), "{name}");
            let subject = identity.subject();
            assert_eq!((subject.get_version_num(), subject.get_variant()), (8, Variant::RFC4122));
            assert!(subjects.insert(subject), "{name}");
        }
        let same = Identity::named("inge:professional", &authorities);
        assert_eq!(same, Identity::named("inge:professional:99100001", &authorities));
        for name in [
            "",
            "nobody",
            "anna:professional",
            "inge:professional:1",
            "anna:private:1",
            "anna:x",
            "inge:professional:99100001:",
        ] {
            assert_eq!(Identity::named(name, &authorities), None, "{name}");
        }
    }

    #[test]
    fn the_level_of_an_employee_is_capped() {
        let authorities = authorities().expect("the authorities");
        let level = |name| Identity::named(name, &authorities).expect(name).at_most(Assurance::High);
        assert_eq!((level("inge"), level("inge:professional")), (Assurance::High, Assurance::Substantial));
    }
}
