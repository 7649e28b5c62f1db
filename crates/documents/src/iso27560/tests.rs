use super::*;
use serde_json::Value;
use std::collections::BTreeSet;
use tillid_domain::catalogue::LegalNature;
use tillid_domain::{
    Period, Salt,
    actor::ActorTrace,
    catalogue::{EntryVersion, Polarity},
    collected::{AnnulmentGround, Collected},
    event::{EndCause, Event, Kind},
    id::{DeclarationId, EmployeeId, EntryId, EventId, PersonId},
    text::Prose,
};
use uuid::Uuid;

const ISSUER: &str = "https://tillid.example";
const ANNA: PersonId = PersonId::from_uuid(Uuid::from_u128(0xa));
const BO: PersonId = PersonId::from_uuid(Uuid::from_u128(0xb));

/// A type of the catalogue that people review.
fn of_type(code: &str) -> ConsentType {
    let path = format!("{}/../../catalogue/consent-types/{code}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut table: toml::Table = std::fs::read_to_string(path).expect("a type").parse().expect("a table");
    table.insert("authority".to_owned(), "99100001".into());
    let json = serde_json::to_value(table).expect("json");
    serde_json::from_value(json).expect("a consent type")
}

fn answer(of: &ConsentType, collected: Collected, to: Option<Instant>) -> ConsentAnswer {
    let entry = EntryId::from_uuid(Uuid::from_u128(5));
    ConsentAnswer {
        person: ANNA,
        declaration: DeclarationId::from_uuid(Uuid::from_u128(6)),
        request: None,
        presentation: PresentationId::from_uuid(Uuid::from_u128(7)),
        authority: of.authority,
        entry: EntryVersion { entry, code: of.code.clone(), number: 3 },
        item: of.items[0].code.clone(),
        polarity: of.polarity,
        case: None,
        collected,
        valid: Period { from: Instant::from_micros(1_000_000), to },
        for_child: None,
        terms: tillid_domain::terms::Terms::default(),
    }
}

fn step(revision: u64, actor: ActorTrace, fact: Fact) -> Step {
    let agent = match &actor {
        ActorTrace::Representative { .. } => {
            let name = Pseudonym::new(&Salt::from_bytes([8; 32]), "99100001".parse().expect("a number"));
            Some(Agent { name, mandate: Some(MandateId::from_uuid(Uuid::from_u128(0x77))) })
        }
        _ => None,
    };
    let event = Event {
        id: EventId::from_uuid(Uuid::from_u128(100 + u128::from(revision))),
        kind: Kind::Consent,
        aggregate: Uuid::from_u128(2),
        revision,
        at: Instant::from_micros(i64::try_from(revision).expect("small") * 1_000_000),
        actor,
        subjects: vec![ANNA],
        fact,
    };
    Step { recorded: Recorded::new(event, Vec::new()), representative: agent }
}

fn receipt(of: &ConsentType, language: Language, history: &[Step]) -> Value {
    let facts = ConsentFacts {
        issuer: ISSUER,
        history,
        of,
        controller: Controller {
            cvr: of.authority,
            name: "Eksempel Kommune",
            dpo_contact: "dpo@eksempel.example",
        },
        subject: Pseudonym::new(&Salt::from_bytes([3; 32]), of.authority),
        notice: Notice {
            id: PresentationId::from_uuid(Uuid::from_u128(7)),
            language,
            shown_at: Instant::from_micros(1),
            document: Digest::of(b"the document"),
        },
    };
    Value::Object(consent_members(&facts).expect("a receipt"))
}

fn by_anna() -> ActorTrace {
    ActorTrace::Citizen { person: ANNA, at_work: None }
}

/// The receipt of a consent of this type that was given and then withdrawn.
fn withdrawn(code: &str, language: Language) -> Value {
    let of = of_type(code);
    let given = Fact::ConsentGiven(answer(&of, Collected::Digital, Some(Instant::from_micros(9_000_000))));
    let history = [step(1, by_anna(), given), step(2, by_anna(), Fact::ConsentWithdrawn { assisted: None })];
    receipt(&of, language, &history)
}

/// A member at a place, as a JSON pointer names it.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer} of {value:#}"))
}

const RECORD: &str = "/dpv:hasRecordOfActivity/0";
const PROCESS: &str = "/dpv:hasRecordOfActivity/0/dpv:hasProcess/0";

fn states(receipt: &Value) -> Vec<String> {
    let list = at(receipt, &format!("{RECORD}/dpv:hasConsentStatus")).as_array().expect("a list");
    list.iter().map(|status| status["@type"][0].as_str().expect("a state").to_owned()).collect()
}

/// Every member's name, and every text.
fn walk(value: &Value, names: &mut BTreeSet<String>, texts: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            walk(value, names, texts);
        }),
        Value::Array(list) => list.iter().for_each(|value| walk(value, names, texts)),
        Value::String(text) => {
            texts.insert(text.clone());
        }
        _ => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "the folder of what other projects test against")]
fn conformance(name: &str) -> Option<String> {
    let Ok(data) = std::env::var("CONFORMANCE_DATA") else {
        println!("SKIPPED: without CONFORMANCE_DATA there is no {name} to hold this against");
        return None;
    };
    Some(std::fs::read_to_string(format!("{data}/receipts/{name}")).expect("a file"))
}

#[test]
fn every_mandatory_field_of_the_standard_is_there() {
    let Some(fields) = conformance("iso27560-fields.json") else { return };
    let fields: Vec<Value> = serde_json::from_str(&fields).expect("json");
    let receipt = withdrawn("C15", Language::Da);
    let record = at(&receipt, RECORD);
    let (mut names, mut texts) = (BTreeSet::new(), BTreeSet::new());
    walk(record, &mut names, &mut texts);
    let mut checked = 0;
    for field in &fields {
        let text = |member: &str| field[member].as_str().expect("a text").to_owned();
        if !text("cardinality").starts_with('1') {
            continue;
        }
        checked += 1;
        let (property, section) = (text("property"), text("section"));
        let has = |name: &str| {
            if section.starts_with('9') { receipt.get(name).is_some() } else { names.contains(name) }
        };
        assert!(property.split(" , ").any(has), "{section}: {} ({property})", text("field"));
        // What shares a property with another field is told apart by its class.
        let class = text("concept");
        if property == "schema:contactPoint" {
            assert!(texts.contains(&class), "{section}: {} ({class})", text("field"));
        }
    }
    assert_eq!(checked, 27, "the mandatory fields of the guide");
}

#[test]
fn every_term_is_one_of_the_guides_or_was_chosen_on_purpose() {
    let (Some(fields), Some(examples), Some(schema)) = (
        conformance("iso27560-fields.json"),
        conformance("iso27560-examples.json"),
        conformance("dpv-27560.ttl"),
    ) else {
        return;
    };
    let (mut names, mut texts) = (BTreeSet::new(), BTreeSet::new());
    for code in ["C02", "C15", "C16"] {
        walk(&withdrawn(code, Language::En), &mut names, &mut texts);
    }
    for iri in texts.iter().filter_map(|text| text.strip_prefix("https://w3id.org/dpv/schema/dpv-27560#")) {
        assert!(schema.contains(&format!("dpv-27560:{iri} a skos:Concept")), "{iri}");
    }
    let known = fields + &examples;
    let is_known = |term: &str| {
        known.split(|c: char| !(c.is_alphanumeric() || "-:".contains(c))).any(|word| word == term)
    };
    let vocabulary = ["dpv:", "eu-gdpr:", "dct:", "schema:", "rdf:"];
    let terms = names.union(&texts).filter(|term| vocabulary.iter().any(|prefix| term.starts_with(prefix)));
    let others: Vec<&str> = terms.filter(|term| !is_known(term)).map(String::as_str).collect();
    // These are in the vocabulary itself, and the guide has no example of them.
    let chosen = [
        "dct:replaces",
        "dct:valid",
        "eu-gdpr:A15",
        "eu-gdpr:A16",
        "eu-gdpr:A17",
        "eu-gdpr:A18",
        "eu-gdpr:A77",
        "schema:addressCountry",
        "schema:name",
        "schema:value",
    ];
    assert_eq!(others, chosen);
}

#[test]
fn r07_only_a_consent_that_is_the_basis_is_called_one() {
    let all: Vec<_> = (1..=16).map(|n| of_type(&format!("C{n:02}"))).collect();
    let natures: BTreeSet<String> = all.iter().map(|of| format!("{:?}", of.legal_nature)).collect();
    assert!(natures.len() >= 5, "{natures:?}");
    for of in all {
        let receipt = withdrawn(of.code.as_str(), Language::Da);
        let basis = at(&receipt, &format!("{PROCESS}/dpv:hasLegalBasis")).as_array().expect("a list").clone();
        let says = |term: &str| basis.iter().any(|one| one == term);
        let is_basis = of.legal_nature == LegalNature::GdprBasis;
        assert_eq!(says("eu-gdpr:A6-1-a"), is_basis, "{}", of.code);
        let special = of.items[0].data.iter().any(|data| data.special);
        assert_eq!(says("eu-gdpr:A9-2-a"), is_basis && special, "{}", of.code);
        assert!(basis.iter().any(|one| one["dct:title"].is_string()), "{}: the law is cited", of.code);
        let rights = at(&receipt, &format!("{PROCESS}/dpv:hasRight")).to_string();
        assert_eq!(rights.contains("eu-gdpr:A7-3"), is_basis, "{}", of.code);
    }
}

#[test]
fn each_state_is_called_by_its_name_and_an_opt_out_never_permits() {
    let of = of_type("C15");
    let yes = || Fact::ConsentGiven(answer(&of, Collected::Digital, None));
    let effective_at = Instant::from_micros(1_500_000);
    let lapsed = || Fact::ConsentLapsed { cause: EndCause::Death, effective_at };
    let said = |history: &[Step]| states(&receipt(&of, Language::Da, history));
    assert_eq!(said(&[step(1, by_anna(), yes())]), ["dpv:ConsentGiven"]);
    let no = Fact::ConsentDeclined(answer(&of, Collected::Digital, None));
    assert_eq!(said(&[step(1, by_anna(), no)]), ["dpv:ConsentRefused"]);
    let both = [step(1, by_anna(), yes()), step(2, by_anna(), Fact::ConsentWithdrawn { assisted: None })];
    assert_eq!(said(&both), ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]);
    let gone = [step(1, by_anna(), yes()), step(2, ActorTrace::Service, lapsed())];
    assert_eq!(said(&gone), ["dpv:ConsentGiven", "dpv:ConsentExpired"]);
    let ground = AnnulmentGround::WrongPerson;
    let note: Prose = "Det var en anden".parse().expect("prose");
    let wrong = Fact::ConsentAnnulled { ground, note };
    let (source, reference) = ("Arkiv".parse().expect("a name"), "4711".parse().expect("a name"));
    let given_at = Instant::from_micros(700_000);
    let imported = Collected::Imported { source, reference, given_at, document: None };
    let registered = step(1, ActorTrace::Service, Fact::ConsentGiven(answer(&of, imported, None)));
    let annulled = [registered, step(2, ActorTrace::Service, wrong)];
    assert_eq!(said(&annulled), ["dpv:ConsentGiven", "dpv:ConsentInvalidated"]);
    let receipt_of_it = receipt(&of, Language::Da, &gone);
    let since = at(&receipt_of_it, &format!("{RECORD}/dpv:hasConsentStatus/1/dpv:isIndicatedAtTime"));
    assert_eq!(*since, serde_json::json!(effective_at), "when it was so, not when it became known");

    let mut of = of;
    of.polarity = Polarity::OptOut;
    for last in [Fact::ConsentWithdrawn { assisted: None }, lapsed()] {
        let given = Fact::ConsentGiven(answer(&of, Collected::Digital, None));
        let receipt = receipt(&of, Language::Da, &[step(1, by_anna(), given), step(2, by_anna(), last)]);
        assert_eq!(states(&receipt), ["dpv:ConsentRefused", "dpv:ConsentUnknown"]);
        assert!(!receipt.to_string().contains("dpv:ConsentGiven"));
    }
}

#[test]
fn whoever_said_it_is_told_apart_from_whoever_wrote_it_down() {
    let of = of_type("C15");
    let status = |actor: ActorTrace, collected| {
        let given = Fact::ConsentGiven(answer(&of, collected, None));
        let receipt = receipt(&of, Language::En, &[step(1, actor, given)]);
        at(&receipt, &format!("{RECORD}/dpv:hasConsentStatus/0")).clone()
    };
    let own = status(by_anna(), Collected::Digital);
    assert_eq!(own["dpv:isIndicatedBy"][0], "dpv:DataSubject");
    assert!(own.get("dpv:isImplementedBy").is_none());

    let id = EmployeeId::from_uuid(Uuid::from_u128(9));
    let said_at = Instant::from_micros(500_000);
    let prose = |text: &str| text.parse().expect("prose");
    let oral = Collected::Oral { said_at, note: prose("Ja tak"), why: prose("I telefonen") };
    let staff = status(ActorTrace::Employee { id, authority: of.authority }, oral);
    assert_eq!(staff["dpv:isIndicatedBy"][0], "dpv:DataSubject");
    assert_eq!(staff["dpv:isImplementedBy"], "urn:dk:gov:saml:cvrNumberIdentifier:99100001");
    assert_eq!(staff["dpv:hasIndicationMethod"], "Orally");
    assert_eq!(staff["dpv:isIndicatedAtTime"], serde_json::json!(said_at), "when it was said");
    assert!(!staff.to_string().contains(&id.to_string()), "never which employee");

    let bo = ActorTrace::Representative { person: BO, acting_for: ANNA, client: None, at_work: None };
    let by_bo = status(bo, Collected::Digital);
    let by = &by_bo["dpv:isIndicatedBy"][0];
    assert_eq!(by["@type"], "dpv:Representative");
    assert_eq!(by["dpv:hasJustification"], format!("urn:uuid:{}", Uuid::from_u128(0x77)));
    assert!(!by_bo.to_string().contains(&BO.to_string()), "never under their id");
}

#[test]
fn a_person_has_another_name_with_each_controller_and_none_that_tells_who_they_are() {
    let salt = Salt::from_bytes([3; 32]);
    let (one, other) = ("99100001".parse().expect("a number"), "99173009".parse().expect("a number"));
    assert_eq!(Pseudonym::new(&salt, one), Pseudonym::new(&salt, one));
    assert_ne!(Pseudonym::new(&salt, one), Pseudonym::new(&salt, other));
    assert_ne!(Pseudonym::new(&salt, one), Pseudonym::new(&Salt::from_bytes([4; 32]), one));
    let receipt = withdrawn("C15", Language::Da).to_string();
    assert!(!receipt.contains(&ANNA.to_string()), "{receipt}");
}

#[test]
fn it_is_in_the_language_that_the_person_read_and_replaces_the_one_before() {
    let of = of_type("C15");
    for language in Language::ALL {
        let receipt = withdrawn("C15", language);
        assert_eq!(receipt["dct:language"], language.tag());
        let title = at(&receipt, &format!("{PROCESS}/dct:title"));
        assert_eq!(title, of.title.in_language(language));
        assert_eq!(receipt["dct:replaces"], format!("{ISSUER}/v1/receipts/{}", Uuid::from_u128(101)));
        let (mut names, mut texts) = (BTreeSet::new(), BTreeSet::new());
        walk(&receipt, &mut names, &mut texts);
        assert!(!texts.contains(""), "a word is missing");
    }
}

#[test]
fn a_history_that_does_not_begin_with_an_answer_has_no_receipt_of_this_kind() {
    let of = of_type("C15");
    let other = of_type("C02");
    let yes = || Fact::ConsentGiven(answer(&of, Collected::Digital, None));
    fn facts<'f>(of: &'f ConsentType, history: &'f [Step]) -> ConsentFacts<'f> {
        ConsentFacts {
            issuer: ISSUER,
            history,
            of,
            controller: Controller {
                cvr: "99100001".parse().expect("a number"),
                name: "x",
                dpo_contact: "y",
            },
            subject: Pseudonym::new(&Salt::from_bytes([3; 32]), "99100001".parse().expect("a number")),
            notice: Notice {
                id: PresentationId::from_uuid(Uuid::nil()),
                language: Language::Da,
                shown_at: Instant::from_micros(1),
                document: Digest::of(b""),
            },
        }
    }
    assert!(consent_members(&facts(&of, &[])).is_none());
    assert!(
        consent_members(&facts(&of, &[step(1, by_anna(), Fact::ConsentWithdrawn { assisted: None })]))
            .is_none()
    );
    let twice = [step(1, by_anna(), yes()), step(2, by_anna(), yes())];
    assert!(consent_members(&facts(&of, &twice)).is_none());
    assert!(consent_members(&facts(&other, &[step(1, by_anna(), yes())])).is_none(), "another type");
}

#[test]
fn the_context_knows_every_prefix_and_every_member_of_a_receipt() {
    let context = context(ISSUER);
    let terms = context["@context"].as_object().expect("terms");
    let (mut names, mut texts) = (BTreeSet::new(), BTreeSet::new());
    walk(&withdrawn("C02", Language::Da), &mut names, &mut texts);
    names
        .extend(["event", "commitment", "schema_version", "iss", "receipt_id", "created"].map(str::to_owned));
    for name in names.iter().filter(|name| !name.starts_with('@')) {
        let prefix = name.split_once(':').map_or(name.as_str(), |(prefix, _)| prefix);
        assert!(terms.contains_key(prefix), "{name}");
    }
}
