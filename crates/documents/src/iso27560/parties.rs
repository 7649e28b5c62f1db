//! Who is in a receipt: the person and whoever acted for them under names that nobody else can tell, the controller under its own.

use super::Case;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tillid_domain::{Cvr, Digest, Salt};

/// What a person is called in the receipts of one controller: not their CPR number, not their id here, and not what they are called
/// in those of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(transparent)]
pub struct Pseudonym(String);

impl Pseudonym {
    /// The name of the person whose registration in the journal has this salt: HMAC-SHA-256 under it. The salt is random and each
    /// person's own, stays when keys change, and goes when the person is erased.
    pub fn new(registration: &Salt, controller: Cvr) -> Self {
        let text = format!("tillid receipt pseudonym\n{controller}");
        let name = Digest::commit(registration, text.as_bytes());
        Self(format!("urn:dk:tillid:ppid:{}", B64.encode(name.as_bytes())))
    }
}

pub(super) fn controller_name(case: &Case<'_>) -> String {
    authority_name(case.facts.controller.cvr)
}

/// What an authority is called, as OIOSAML writes CVR numbers.
pub(super) fn authority_name(cvr: Cvr) -> String {
    format!("urn:dk:gov:saml:cvrNumberIdentifier:{cvr}")
}

pub(super) fn data_subject(case: &Case<'_>) -> Value {
    json!({ "@id": case.facts.subject, "@type": "dpv:DataSubject" })
}

/// Where the data-protection officer is reached, as an address.
pub(super) fn dpo_address(case: &Case<'_>) -> String {
    match case.facts.controller.dpo_contact {
        at if at.contains('@') => format!("mailto:{at}"),
        url if url.starts_with("https://") => url.to_owned(),
        number => format!("tel:{}", number.replace(char::is_whitespace, "-")),
    }
}

/// Everybody who is named in the record.
pub(super) fn entities(case: &Case<'_>) -> Vec<Value> {
    let steps = case.facts.history.iter().filter_map(|step| step.representative.as_ref());
    let agents: BTreeMap<_, _> = steps.map(|agent| (&agent.name, agent)).collect();
    let mut entities = vec![controller(case), data_subject(case)];
    entities.extend(agents.keys().map(|name| json!({ "@id": name, "@type": "dpv:Representative" })));
    entities
}

fn controller(case: &Case<'_>) -> Value {
    let controller = &case.facts.controller;
    let contact = controller.dpo_contact;
    let kind = match contact {
        at if at.contains('@') => "schema:email",
        url if url.starts_with("https://") => "schema:url",
        _ => "schema:telephone",
    };
    json!({
        "@id": controller_name(case),
        "@type": ["dpv:Organisation", "dpv:DataController"],
        "dpv:hasName": controller.name,
        "dpv:hasIdentifier": [{
            "@type": "schema:PropertyValue",
            "schema:name": "CVR",
            "schema:value": controller.cvr,
        }],
        "schema:contactPoint": [
            {
                "@type": "schema:ContactPoint",
                "schema:contactType": "data protection officer",
                kind: contact,
            },
            // Where the authority is, the register of CVR numbers tells.
            { "@type": "schema:PostalAddress", "schema:addressCountry": "DK" },
        ],
    })
}
