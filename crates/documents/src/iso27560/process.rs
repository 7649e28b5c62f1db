//! What a consent is to: purpose, data, sources, recipients, the law that it rests on, how to withdraw it, and which rights there are.

use super::{Case, parties, words};
use serde_json::{Value, json};
use tillid_domain::catalogue::{DataCategory, LegalNature, Named};

pub(super) fn process(case: &Case<'_>) -> Value {
    let (of, item) = (case.facts.of, case.item);
    json!({
        "@type": "dpv:Process",
        "dct:title": case.say(&of.title),
        "dpv:hasPurpose": [purpose(case)],
        "dpv:hasNecessity": if of.conditional { "dpv:Required" } else { "dpv:Optional" },
        "dpv:hasPersonalData": item.data.iter().map(|data| personal_data(case, data)).collect::<Vec<_>>(),
        "dpv:hasDataSource": named(case, "dpv:DataSource", &item.sources),
        "dpv:hasRecipient": named(case, "dpv:Recipient", &item.recipients),
        "dpv:hasProcessing": [if item.sources.is_empty() { "dpv:Share" } else { "dpv:Collect" }],
        "dpv:hasStorageCondition": [{
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": { "@type": "dpv:UntilEventDuration", "rdf:value": case.say(&of.withdrawal) },
        }],
        "dpv:hasDataController": [parties::controller_name(case)],
        "dpv:hasDataSubject": case.facts.subject,
        "dpv:hasLegalBasis": legal_basis(case),
        "dpv:hasApplicableLaw": ["eu-gdpr:GDPR"],
        "dpv:hasJurisdiction": ["loc:DK"],
        "dpv:hasConsentControl": [control(case)],
        "dpv:hasRight": rights(case),
        "tillid:legal_nature": of.legal_nature,
        "tillid:case": case.answer.case,
        "tillid:duration": case.answer.terms.duration(of, case.language()),
    })
}

fn purpose(case: &Case<'_>) -> Value {
    let of = case.facts.of;
    json!({
        "@type": "dpv:Purpose",
        "dct:identifier": format!("{}/{}", of.code, case.item.code),
        "dct:title": case.say(&case.item.statement),
        "dct:description": case.say(&of.purpose),
        "tillid:kle": of.kle,
        "tillid:processing_record": of.processing_record,
    })
}

fn personal_data(case: &Case<'_>, data: &DataCategory) -> Value {
    let kind = if data.special { "dpv:SpecialCategoryPersonalData" } else { "dpv:PersonalData" };
    json!({ "@type": kind, "dct:identifier": data.code, "dct:title": case.say(&data.name) })
}

fn named(case: &Case<'_>, kind: &str, list: &[Named]) -> Vec<Value> {
    let one = |n: &Named| json!({ "@type": kind, "dct:identifier": n.code, "dct:title": case.say(&n.name) });
    list.iter().map(one).collect()
}

/// What makes the processing lawful. Only where the consent is the basis itself is it said to be so: elsewhere it is a safeguard,
/// and the law of the type says what the processing rests on.
fn legal_basis(case: &Case<'_>) -> Vec<Value> {
    let of = case.facts.of;
    let mut basis: Vec<Value> = Vec::new();
    match of.legal_nature {
        LegalNature::GdprBasis => {
            basis.push(json!("eu-gdpr:A6-1-a"));
            if case.item.data.iter().any(|data| data.special) {
                basis.push(json!("eu-gdpr:A9-2-a"));
            }
        }
        LegalNature::Procedural
        | LegalNature::HealthTreatment
        | LegalNature::Health41
        | LegalNature::Health43
        | LegalNature::ConfidentialityWaiver => {}
    }
    let laws = of.legal_references.iter().map(|law| {
        json!({ "@type": "dpv:LegalBasis", "dct:title": law.citation, "dct:description": case.say(&law.text) })
    });
    basis.extend(laws);
    basis
}

fn control(case: &Case<'_>) -> Value {
    let of = case.facts.of;
    json!({
        "@type": "dpv:WithdrawConsent",
        "dpv:isExercisedAt": case.page(&format!("/consents/{}", case.id)),
        "dct:title": words::right("withdraw", case.language()),
        "dct:description": case.say(&of.alternative),
        "tillid:meaning": case.say(&of.withdrawal),
        "tillid:effects": of.withdrawal_effects,
    })
}

/// The rights of the person. Article 7(3) of the GDPR is about consents that are a basis under it; the others can be withdrawn too.
fn rights(case: &Case<'_>) -> Vec<Value> {
    let withdraw = match case.facts.of.legal_nature {
        LegalNature::GdprBasis => vec!["dpv:DataSubjectRight", "eu-gdpr:A7-3"],
        LegalNature::Procedural
        | LegalNature::HealthTreatment
        | LegalNature::Health41
        | LegalNature::Health43
        | LegalNature::ConfidentialityWaiver => vec!["dpv:DataSubjectRight"],
    };
    let dpo = parties::dpo_address(case);
    let right = |kinds: Vec<&str>, word: &str, at: String| {
        json!({
            "@type": kinds,
            "dct:title": words::right(word, case.language()),
            "dpv:isExercisedAt": at,
        })
    };
    let gdpr = |article: &'static str| vec!["dpv:DataSubjectRight", article];
    let mut complaint =
        right(gdpr("eu-gdpr:A77"), "complain", "https://www.datatilsynet.dk/borger/klage".to_owned());
    if let Some(members) = complaint.as_object_mut() {
        members.insert("tillid:authority".to_owned(), json!("Datatilsynet"));
    }
    vec![
        right(withdraw, "withdraw", case.page(&format!("/consents/{}", case.id))),
        right(gdpr("eu-gdpr:A15"), "access", case.page("/export")),
        right(gdpr("eu-gdpr:A16"), "rectify", dpo.clone()),
        right(gdpr("eu-gdpr:A17"), "erase", dpo.clone()),
        right(gdpr("eu-gdpr:A18"), "restrict", dpo),
        complaint,
    ]
}
