//! People as each kind of broker describes them. All are invented; the CPR numbers are replacement numbers.

use super::keys::object;
use serde_json::{Map, Value, json};

/// How a provider speaks; named as in the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    NemLogIn,
    Signaturgruppen,
    Criipto,
    Municipal,
}

impl Dialect {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NemLogIn => "nemlogin",
            Self::Signaturgruppen => "signaturgruppen",
            Self::Criipto => "criipto",
            Self::Municipal => "municipal",
        }
    }

    /// The level as this broker spells it.
    pub(crate) fn level(self, plain: &str) -> String {
        match self {
            Self::Criipto => format!("urn:grn:authn:dk:mitid:{}", plain.to_lowercase()),
            _ => format!("https://data.gov.dk/concept/core/nsis/loa/{plain}"),
        }
    }
}

/// Somebody who can log in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) cpr: Option<String>,
    /// The authority, for an employee.
    pub(crate) cvr: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) kle: Vec<String>,
    /// `Low`, `Substantial` or `High`: what they can reach.
    pub(crate) reach: &'static str,
}

/// The authority of the tests.
pub(crate) const EKSEMPEL: &str = "99100001";
/// Of no authority that is served here.
pub(crate) const ELSEWHERE: &str = "99999918";
/// The neighbour.
pub(crate) const NABO: &str = "99173009";

impl Person {
    pub(crate) fn citizen(sub: &str, name: &str, cpr: &str) -> Self {
        Self {
            sub: sub.to_owned(),
            name: name.to_owned(),
            cpr: Some(cpr.to_owned()),
            cvr: None,
            roles: Vec::new(),
            kle: Vec::new(),
            reach: "High",
        }
    }

    pub(crate) fn anna() -> Self {
        Self::citizen("11111111-aaaa-4aaa-8aaa-000000000011", "Anna Prøve", "6702451236")
    }

    pub(crate) fn bo() -> Self {
        Self::citizen("11111111-aaaa-4aaa-8aaa-000000000012", "Bo Prøve", "7103701235")
    }

    /// A caseworker of Eksempel Kommune.
    pub(crate) fn hans() -> Self {
        Self {
            cvr: Some(EKSEMPEL.to_owned()),
            roles: vec!["sagsbehandler".to_owned()],
            kle: vec!["*".to_owned()],
            reach: "Substantial",
            ..Self::citizen("22222222-bbbb-4bbb-8bbb-000000000021", "Hans Prøve", "6805791237")
        }
    }

    /// A trusted registrar of Eksempel Kommune.
    pub(crate) fn inge() -> Self {
        Self {
            roles: vec!["betroetmedarbejder".to_owned()],
            ..Self {
                sub: "22222222-bbbb-4bbb-8bbb-000000000023".to_owned(),
                name: "Inge Prøve".to_owned(),
                cpr: None,
                ..Self::hans()
            }
        }
    }

    /// Another trusted registrar of Eksempel Kommune.
    pub(crate) fn niels() -> Self {
        Self {
            sub: "22222222-bbbb-4bbb-8bbb-000000000024".to_owned(),
            name: "Niels Prøve".to_owned(),
            ..Self::inge()
        }
    }

    /// The data-protection officer of Eksempel Kommune.
    pub(crate) fn lars() -> Self {
        Self {
            cvr: Some(EKSEMPEL.to_owned()),
            roles: vec!["dpo".to_owned()],
            reach: "Substantial",
            ..Self::citizen("22222222-bbbb-4bbb-8bbb-000000000022", "Lars Prøve", "6910571239")
        }
    }

    pub(crate) fn employed_by(self, cvr: &str) -> Self {
        Self { cvr: Some(cvr.to_owned()), ..self }
    }

    /// What is said of them: first what is the person's, then what is the login's alone.
    pub(crate) fn claims(
        &self,
        dialect: Dialect,
        asked_high: bool,
    ) -> (Map<String, Value>, Map<String, Value>) {
        let plain = match (asked_high, self.reach) {
            (true, "High") => "High",
            (_, "Low") => "Low",
            _ => "Substantial",
        };
        let level = dialect.level(plain);
        let (whom, login) = match dialect {
            Dialect::Signaturgruppen => self.signaturgruppen(&level),
            Dialect::NemLogIn => self.nemlogin(&level),
            Dialect::Criipto => self.criipto(&level),
            Dialect::Municipal => self.municipal(&level),
        };
        (known(object(whom)), known(object(login)))
    }

    fn signaturgruppen(&self, level: &str) -> (Value, Value) {
        let whom = if self.cvr.is_some() {
            json!({
                "nemlogin.name": self.name, "nemlogin.cvr": self.cvr, "nemlogin.org_name": "Eksempel Kommune",
                "nemlogin.persistent_professional_id": format!("urn:professional:{}", self.sub),
                "nemlogin.cpr": self.cpr, "roles": self.roles, "kle": self.kle, "sensitivity": "special",
            })
        } else {
            json!({
                "mitid.uuid": format!("mitid-{}", self.sub),
                "mitid.identity_name": self.name, "mitid.has_cpr": "true", "dk.cpr": self.cpr,
            })
        };
        let idp = if self.cvr.is_some() { "mitid_erhverv" } else { "mitid" };
        (
            whom,
            json!({"identity_type": self.kind(), "idp": idp, "acr": level, "loa": level, "amr": ["code_app"]}),
        )
    }

    fn nemlogin(&self, level: &str) -> (Value, Value) {
        const EID: &str = "https://data.gov.dk/model/core/eid";
        let mut whom = object(json!({}));
        let mut say = |name: &str, value: Value| whom.insert(format!("{EID}/{name}"), value);
        say("fullName", json!(self.name));
        say("cprNumber", json!(self.cpr));
        if self.cvr.is_some() {
            say("professional/cvr", json!(self.cvr));
            say("professional/orgName", json!("Eksempel Kommune"));
            say("professional/uuid/persistent", json!(self.sub));
            whom.insert("roles".to_owned(), json!(self.roles));
            whom.insert("kle".to_owned(), json!(self.kle));
            whom.insert("sensitivity".to_owned(), json!("special"));
        }
        let login = json!({"https://data.gov.dk/concept/core/nsis/loa": level, "acr": level});
        (Value::Object(whom), login)
    }

    fn criipto(&self, level: &str) -> (Value, Value) {
        let whom = json!({
            "name": self.name, "cprNumberIdentifier": self.cpr, "uuid": self.sub, "identityscheme": "dkmitid",
            "cvrNumberIdentifier": self.cvr, "roles": self.roles, "kle": self.kle, "sensitivity": "special",
        });
        (whom, json!({"acr": level}))
    }

    fn municipal(&self, level: &str) -> (Value, Value) {
        let whom = json!({
            "name": self.name, "cpr": self.cpr, "cvr": self.cvr, "roles": self.roles.join(" "),
            "kle": self.kle.join(" "), "sensitivity": "special",
        });
        (whom, json!({"acr": level, "loa": level}))
    }

    fn kind(&self) -> &'static str {
        if self.cvr.is_some() { "professional" } else { "private" }
    }
}

/// Without what is not known.
fn known(claims: Map<String, Value>) -> Map<String, Value> {
    claims
        .into_iter()
        .filter(|(_, value)| !value.is_null() && *value != json!([]) && *value != json!(""))
        .collect()
}
