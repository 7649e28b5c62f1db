//! What the names in a receipt mean (JSON-LD 1.1). It is served so that people can read it; nothing needs to fetch it.

use serde_json::{Map, Value, json};

/// Where the context of receipts stands below the address of the service.
pub const CONTEXT_PATH: &str = "/contexts/receipt-v1.jsonld";

/// The vocabularies that receipts use.
const VOCABULARIES: [(&str, &str); 7] = [
    ("dct", "http://purl.org/dc/terms/"),
    ("dpv", "https://w3id.org/dpv#"),
    ("eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"),
    ("loc", "https://w3id.org/dpv/loc#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("schema", "https://schema.org/"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Members whose values are names of things, not texts.
const NAMES: [&str; 17] = [
    "dct:conformsTo",
    "dct:publisher",
    "dct:replaces",
    "dpv:hasApplicableLaw",
    "dpv:hasDataController",
    "dpv:hasDataSubject",
    "dpv:hasEntity",
    "dpv:hasJurisdiction",
    "dpv:hasJustification",
    "dpv:hasLegalBasis",
    "dpv:hasNecessity",
    "dpv:hasProcessing",
    "dpv:hasRecordOfActivity",
    "dpv:isExercisedAt",
    "dpv:isImplementedBy",
    "dpv:isIndicatedBy",
    "schema:recipient",
];

/// Members of a receipt's payload that are of our own making: exact values, kept as they are.
const OWN: [&str; 3] = ["event", "commitment", "schema_version"];

/// Moments.
const MOMENTS: [&str; 3] = ["dct:created", "dct:date", "dpv:isIndicatedAtTime"];

/// The context of the receipts of the service at that address.
pub fn context(issuer: &str) -> Value {
    let own = format!("{issuer}{CONTEXT_PATH}#");
    let mut terms = Map::new();
    terms.insert("@version".to_owned(), json!(1.1));
    terms.insert("tillid".to_owned(), json!(own));
    for (prefix, iri) in VOCABULARIES {
        terms.insert(prefix.to_owned(), json!(iri));
    }
    for name in NAMES {
        terms.insert(name.to_owned(), json!({ "@id": name, "@type": "@id" }));
    }
    for moment in MOMENTS {
        terms.insert(moment.to_owned(), json!({ "@id": moment, "@type": "xsd:dateTime" }));
    }
    for member in OWN {
        terms.insert(member.to_owned(), json!({ "@id": format!("tillid:{member}"), "@type": "@json" }));
    }
    terms.insert("iss".to_owned(), json!({ "@id": "tillid:iss", "@type": "@id" }));
    terms.insert("receipt_id".to_owned(), json!("tillid:receipt_id"));
    terms.insert("created".to_owned(), json!("tillid:created"));
    terms.insert("MandateReceipt".to_owned(), json!("tillid:MandateReceipt"));
    // States are in the order in which they came.
    terms.insert(
        "dpv:hasConsentStatus".to_owned(),
        json!({ "@id": "dpv:hasConsentStatus", "@type": "@id", "@container": "@list" }),
    );
    json!({ "@context": terms })
}
