//! A system of an authority that calls this service: what it may ask for, how it proves itself, and whether it still may at all.

mod keys;
mod scopes;
mod uri;

pub use keys::{KeySet, NotAKeySet, PublicKey};
pub use scopes::{NotScopes, Scopes};
pub use uri::{HttpsUri, NotAnHttpsUri};

use crate::{
    Cvr,
    actor::Purpose,
    event::{Entity, Fact, Kind, Recorded},
    id::{PersonId, RegistrationId},
    instant::Instant,
    reason::Reason,
    text::{ClientId, Name},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A system of an authority, as the authority has registered it. Holds nothing of any person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// The id of its registration.
    pub id: RegistrationId,
    /// Its events so far.
    pub revision: u64,
    /// What it calls itself (`client_id` of RFC 6749); nobody else of this installation does.
    pub client: ClientId,
    /// Whose it is.
    pub authority: Cvr,
    /// What the authority says of it.
    pub registration: Registration,
    /// When it was registered.
    pub registered_at: Instant,
    /// Whether it may call.
    pub state: ClientState,
}

/// What an authority says of its system, and can change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What people call it.
    pub name: Name,
    /// What it may ask for at all.
    pub scopes: Scopes,
    /// What it may look people up for.
    pub purposes: BTreeSet<Purpose>,
    /// What it proves itself with.
    pub keys: Keys,
    /// What its tokens are bound to.
    pub binding: Binding,
    /// How many requests it may send in a minute.
    pub quota: Quota,
    /// The address of its own interface, which tokens for acting on somebody's behalf may be meant for (RFC 8707).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<HttpsUri>,
}

/// Where a client's public keys are (RFC 7591, section 2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// Here.
    Jwks(KeySet),
    /// At an address of its own, where it can change them by itself.
    JwksUri(HttpsUri),
}

/// What a token is bound to, so that whoever steals it cannot use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// A key that the client proves to hold with each request (RFC 9449).
    Dpop,
    /// The certificate that the client connects with (RFC 8705, section 3).
    MutualTls,
    /// Nothing: whoever has the token can use it. Only where the authority says so.
    Bearer,
}

impl Binding {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Dpop, Self::MutualTls, Self::Bearer];

    /// The code, as registrations write it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dpop => "dpop",
            Self::MutualTls => "mutual_tls",
            Self::Bearer => "bearer",
        }
    }
}

/// How many requests a client may send in a minute: 1 to 6,000,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quota(u32);

/// A number of requests that no client is given.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a number of requests a minute from 1 to 6000000")]
pub struct NotAQuota;

impl Quota {
    /// What a client is given unless its authority says otherwise.
    pub const USUAL: Self = Self(6000);

    /// Requests in a minute.
    pub const fn per_minute(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Quota {
    type Error = NotAQuota;

    fn try_from(number: u32) -> Result<Self, NotAQuota> {
        if (1..=6_000_000).contains(&number) { Ok(Self(number)) } else { Err(NotAQuota) }
    }
}

impl From<Quota> for u32 {
    fn from(quota: Quota) -> Self {
        quota.0
    }
}

/// Whether a client may call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientState {
    /// It may.
    Active,
    /// It may not: it gets no token, and the tokens that it has count for nothing.
    Stopped {
        /// Since when.
        at: Instant,
    },
}

impl ClientState {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped { .. } => "stopped",
        }
    }
}

impl Client {
    /// Whether it may call.
    pub fn is_active(&self) -> bool {
        self.state == ClientState::Active
    }

    /// That it was registered; what [`Client::replay`] makes it from.
    pub fn registered(&self) -> Fact {
        Fact::ClientRegistered {
            client: self.client.clone(),
            authority: self.authority,
            registration: self.registration.clone(),
        }
    }

    /// Says something else of it from now on. Also of one that is stopped: its keys are replaced before it goes on.
    pub fn change(self, registration: Registration) -> (Self, Fact) {
        let fact = Fact::ClientChanged { registration: registration.clone() };
        (Self { revision: self.revision + 1, registration, ..self }, fact)
    }

    /// Takes everything from it, from now on.
    pub fn stop(self, now: Instant) -> Result<(Self, Fact), Reason> {
        match self.state {
            ClientState::Active => {
                let state = ClientState::Stopped { at: now };
                Ok((Self { revision: self.revision + 1, state, ..self }, Fact::ClientStopped {}))
            }
            ClientState::Stopped { .. } => Err(Reason::ClientStopped),
        }
    }

    /// Lets it go on.
    pub fn resume(self) -> Result<(Self, Fact), Reason> {
        match self.state {
            ClientState::Stopped { .. } => {
                let state = ClientState::Active;
                Ok((Self { revision: self.revision + 1, state, ..self }, Fact::ClientResumed {}))
            }
            ClientState::Active => Err(Reason::ClientActive),
        }
    }
}

impl Entity for Client {
    const KIND: Kind = Kind::Client;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        Vec::new()
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::ClientRegistered { client, authority, registration }) => Some(Self {
                id: RegistrationId::from_uuid(event.aggregate),
                revision: 1,
                client: client.clone(),
                authority: *authority,
                registration: registration.clone(),
                registered_at: event.recorded_at,
                state: ClientState::Active,
            }),
            (Some(client), Fact::ClientChanged { registration }) => {
                Some(client.change(registration.clone()).0)
            }
            (Some(client), Fact::ClientStopped {}) => client.stop(event.recorded_at).ok().map(|(c, _)| c),
            (Some(client), Fact::ClientResumed {}) => client.resume().ok().map(|(c, _)| c),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actor::ActorTrace, canonical, event::replay, id::EventId};

    fn client() -> Client {
        Client {
            id: RegistrationId::from_uuid(Uuid::from_u128(1)),
            revision: 1,
            client: "fagsystem".parse().expect("an id"),
            authority: "99100001".parse().expect("a CVR number"),
            registration: registration("Fagsystem"),
            registered_at: Instant::from_micros(0),
            state: ClientState::Active,
        }
    }

    fn registration(name: &str) -> Registration {
        Registration {
            name: name.parse().expect("a name"),
            scopes: "decide look_up".parse().expect("scopes"),
            purposes: [Purpose::AutomatedStep].into(),
            keys: Keys::JwksUri("https://fagsystem.example/jwks".parse().expect("an address")),
            binding: Binding::Dpop,
            quota: Quota::USUAL,
            resource: None,
        }
    }

    fn recorded(revision: u64, micros: i64, fact: Fact) -> Recorded {
        Recorded {
            schema: Recorded::SCHEMA,
            id: EventId::from_uuid(Uuid::from_u128(u128::from(revision))),
            aggregate_kind: Kind::Client,
            aggregate: Uuid::from_u128(1),
            revision,
            recorded_at: Instant::from_micros(micros),
            actor: ActorTrace::Operator,
            subjects: Vec::new(),
            fact,
        }
    }

    #[test]
    fn a_client_is_stopped_once_and_goes_on_once() {
        let later = Instant::from_micros(7);
        let (stopped, _) = client().stop(later).expect("it can be stopped");
        assert_eq!((stopped.state, stopped.revision), (ClientState::Stopped { at: later }, 2));
        assert_eq!(stopped.clone().stop(later).err(), Some(Reason::ClientStopped));
        let (again, _) = stopped.resume().expect("it can go on");
        assert_eq!((again.state, again.revision), (ClientState::Active, 3));
        assert_eq!(again.resume().err(), Some(Reason::ClientActive));
    }

    #[test]
    fn a_client_replays_from_its_events() {
        let first = client();
        let mut history = vec![recorded(1, 0, first.registered())];
        let (changed, fact) = first.change(registration("Andet fagsystem"));
        history.push(recorded(2, 5, fact));
        let (stopped, fact) = changed.stop(Instant::from_micros(7)).expect("stopped");
        history.push(recorded(3, 7, fact));
        assert_eq!(replay::<Client>(&history), Some(stopped.clone()));
        // What is said of a stopped one changes, and it stays stopped.
        let (changed, fact) = stopped.change(registration("Fagsystem"));
        history.push(recorded(4, 8, fact));
        assert_eq!(changed.state, ClientState::Stopped { at: Instant::from_micros(7) });
        let (resumed, fact) = changed.resume().expect("resumed");
        history.push(recorded(5, 9, fact));
        assert_eq!(replay::<Client>(&history), Some(resumed));
        history.push(recorded(6, 9, Fact::ClientResumed {}));
        assert_eq!(replay::<Client>(&history), None);
    }

    #[test]
    fn a_registration_is_written_and_read_alike() {
        let text = String::from_utf8(canonical(&registration("Fagsystem"))).expect("text");
        assert_eq!(
            text,
            r#"{"binding":"dpop","keys":{"jwks_uri":"https://fagsystem.example/jwks"},"name":"Fagsystem","purposes":["automated_step"],"quota":6000,"scopes":"decide look_up"}"#
        );
        assert_eq!(serde_json::from_str::<Registration>(&text).expect("it"), registration("Fagsystem"));
        for quota in ["0", "6000001", "-1", "1.5"] {
            assert!(serde_json::from_str::<Quota>(quota).is_err(), "{quota}");
        }
    }
}
