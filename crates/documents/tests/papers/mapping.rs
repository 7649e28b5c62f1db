//! Between the format and the domain.

use serde_json::{Value, json};
use tillid_documents::viljestilkendegivelse::*;
use tillid_domain::{
    Instant, Language,
    actor::ActorTrace,
    catalogue::{ConsentType, Polarity},
    consent::Consent,
    event::{Event, Fact, Kind, Recorded, replay},
    id::{DeclarationId, EmployeeId, EventId, PersonId},
};
use uuid::Uuid;

const C02: &str = include_str!("../../../../catalogue/consent-types/C02.toml");
const CATALOGUE: &str = "https://tillid.example/v1/consent-types";
const TEMPLATE: &str = "https://tillid.example/v1/consent-types/C02/versions/3";
const NOW: &str = "2026-06-01T10:00:00Z";
const PERSON: u128 = 0xa;

pub(crate) fn consent_type() -> ConsentType {
    toml::from_str(&C02.replace("\"eksempel-kommune\"", "\"99100001\"")).expect("a consent type")
}

fn at(text: &str) -> Instant {
    text.parse().expect("a time")
}

/// The consent with this history: what happened, and when.
fn consent(n: u128, item: &str, polarity: &str, history: &[(&str, Value)]) -> Consent {
    let answer = json!({
        "person": Uuid::from_u128(PERSON), "declaration": Uuid::from_u128(1), "request": Uuid::from_u128(2),
        "presentation": Uuid::from_u128(3), "authority": "99100001",
        "entry": {"entry": Uuid::from_u128(4), "code": "C02", "number": 3}, "item": item, "polarity": polarity,
        "case": "27.36.04-2026-17", "channel": "digital",
        "valid": {"from": "2026-03-01T09:00:00Z", "to": "2027-03-01T23:00:00Z"},
    });
    let recorded = |(revision, (what, data)): (u64, &(&str, Value))| {
        let mut data = data.clone();
        let when = data.as_object_mut().and_then(|d| d.remove("when"));
        let when = when.map_or_else(|| at("2026-03-01T09:00:00Z"), |w| at(w.as_str().expect("a text")));
        if revision == 1 {
            let mut whole = answer.clone();
            whole.as_object_mut().expect("an object").extend(data.as_object().expect("an object").clone());
            data = whole;
        }
        let fact: Fact = serde_json::from_value(json!({"kind": what, "data": data})).expect("a fact");
        let event = Event {
            id: EventId::from_uuid(Uuid::from_u128(99)),
            kind: Kind::Consent,
            aggregate: Uuid::from_u128(n),
            revision,
            at: when,
            actor: ActorTrace::Service,
            subjects: Vec::new(),
            fact,
        };
        Recorded::new(event, Vec::new())
    };
    let history: Vec<Recorded> = (1..).zip(history).map(recorded).collect();
    replay(&history).expect("a consent")
}

fn valid(from: &str, to: &str) -> Value {
    json!({"valid": {"from": from, "to": to}})
}

/// A consent in each state, with the status that tells of it.
fn states(item: &str, polarity: &str) -> Vec<(Status, Consent)> {
    let given = || ("consent_given", json!({}));
    let later = "2026-04-01T08:00:00Z";
    let lapsed = |cause| {
        ("consent_lapsed", json!({"cause": cause, "effective_at": "2026-03-20T00:00:00Z", "when": later}))
    };
    let all: Vec<(Status, Vec<(&str, Value)>)> = vec![
        (Status::Valid, vec![given()]),
        (Status::Valid, vec![("consent_given", valid("2026-09-01T00:00:00Z", "2027-03-01T23:00:00Z"))]),
        (
            Status::Valid,
            vec![("consent_given", json!({"valid": {"from": "2026-03-01T09:00:00Z", "to": null}}))],
        ),
        (Status::Expired, vec![("consent_given", valid("2026-03-01T09:00:00Z", "2026-04-01T22:00:00Z"))]),
        (Status::Declined, vec![("consent_declined", json!({}))]),
        (Status::Withdrawn, vec![given(), ("consent_withdrawn", json!({"when": later}))]),
        (Status::Closed, vec![given(), lapsed("death")]),
        (Status::Closed, vec![given(), lapsed("representative_death")]),
    ];
    (10..).zip(all).map(|(n, (status, history))| (status, consent(n, item, polarity, &history))).collect()
}

fn exporting<'a>(of: &'a ConsentType, consents: &'a [Consent]) -> Exporting<'a> {
    Exporting {
        declaration: DeclarationId::from_uuid(Uuid::from_u128(1)),
        consents,
        of,
        template: TEMPLATE,
        language: Language::Da,
        shown: Some(b"{\"schema\":1}"),
        giver: Giver::Subject,
        together: &[],
        evidence: Evidence::Digital { receipt: "https://tillid.example/v1/receipts/1" },
        subject: SubjectName::default(),
        now: at(NOW),
    }
}

/// A declaration of two consents, both given here.
pub(crate) fn given() -> Declaration {
    let of = consent_type();
    let consents = [
        consent(10, "laege", "consent", &[("consent_given", json!({}))]),
        consent(11, "skole", "consent", &[("consent_given", json!({}))]),
    ];
    let declaration = export(&exporting(&of, &consents)).expect("exports").declaration;
    assert_eq!(reread(&declaration), declaration);
    declaration
}

pub(crate) fn reread(of: &Declaration) -> Declaration {
    read(&of.to_xml()).expect("reads").declaration
}

/// Each state, channel, polarity, representative and way to name the person, in both languages.
pub(crate) fn everything() -> Vec<Declaration> {
    let of = consent_type();
    let name = "Anna Øster & Søn".parse().expect("a name");
    let cpr = "610139-4321".parse().expect("a number");
    let registrar = Some(EmployeeId::from_uuid(Uuid::from_u128(7)));
    let id = PersonId::from_uuid(Uuid::from_u128(0xb));
    let evidences = [
        Evidence::Digital { receipt: "https://tillid.example/v1/receipts/1" },
        Evidence::Paper { registrar, pdf: Some(b"%PDF-1.7") },
        Evidence::Paper { registrar, pdf: None },
        Evidence::Oral { registrar },
        Evidence::Oral { registrar: None },
        Evidence::Imported { source: &name, reference: &name },
    ];
    let givers = std::iter::once(Giver::Subject)
        .chain(Basis::ALL.iter().map(|basis| Giver::Representative { id, basis: Some(*basis) }))
        .chain([Giver::Representative { id, basis: None }]);
    let subjects = [
        SubjectName::default(),
        SubjectName { name: Some(&name), cpr: None },
        SubjectName { name: None, cpr: Some(&cpr) },
    ];
    let mut all = Vec::new();
    for polarity in ["consent", "opt_out"] {
        let states = states("laege", polarity).into_iter().map(|(_, consent)| consent);
        for consent in states.chain([annulled("laege", polarity)]) {
            for giver in givers.clone() {
                for evidence in evidences {
                    let (language, subject) = (Language::ALL[all.len() % 2], subjects[all.len() % 3]);
                    let shown = (all.len() % 2 == 0).then_some(&b"{}"[..]);
                    let consents = std::slice::from_ref(&consent);
                    let what =
                        Exporting { language, subject, shown, giver, evidence, ..exporting(&of, consents) };
                    all.push(export(&what).expect("exports").declaration);
                }
            }
        }
    }
    all
}

#[test]
fn each_state_has_its_word_and_its_times() {
    let of = consent_type();
    for (status, consent) in states("laege", "consent") {
        let consents = [consent.clone()];
        let out = export(&exporting(&of, &consents)).expect("exports").declaration;
        assert_eq!(out.metadata.status, status, "{consent:?}");
        let of = out.expressions.iter().next().expect("one");
        assert_eq!(of.metadata.status, status, "{consent:?}");
        let to = of.metadata.to.map(|to| to.to_string());
        let expected = match status {
            Status::Withdrawn => Some("2026-04-01T08:00:00.000000Z"),
            Status::Closed => Some("2026-03-20T00:00:00.000000Z"),
            Status::Expired => Some("2026-04-01T22:00:00.000000Z"),
            Status::Valid => consent.answer.valid.to.map(|_| "2027-03-01T23:00:00.000000Z"),
            _ => None,
        };
        assert_eq!(to.as_deref(), expected, "{consent:?}");
    }
}

#[test]
fn a_declaration_holds_while_any_of_it_does_and_may_be_withdrawn_while_it_holds() {
    let of = consent_type();
    let states = states("laege", "consent");
    let pick = |wanted: &[Status]| -> Vec<Consent> {
        wanted.iter().map(|w| states.iter().find(|(s, _)| s == w).expect("one").1.clone()).collect()
    };
    let as_whole = |wanted: &[Status]| {
        let consents = pick(wanted);
        let out = export(&exporting(&of, &consents)).expect("exports").declaration;
        let rights: Vec<Right> = out.access.iter().flat_map(|a| a.rights.iter().copied()).collect();
        (out.metadata.status, rights.contains(&Right::Withdraw))
    };
    assert_eq!(as_whole(&[Status::Declined, Status::Valid, Status::Withdrawn]), (Status::Valid, true));
    assert_eq!(as_whole(&[Status::Declined, Status::Withdrawn]), (Status::Withdrawn, false));
    assert_eq!(as_whole(&[Status::Declined, Status::Declined]), (Status::Declined, false));
    assert_eq!(as_whole(&[Status::Closed, Status::Expired]), (Status::Expired, false));
    assert_eq!(export(&exporting(&of, &[])), Err(WithoutConsents));
}

#[test]
fn no_number_and_no_name_goes_out_unless_somebody_asked_for_them() {
    let of = consent_type();
    let consents = [consent(10, "laege", "consent", &[("consent_given", json!({}))])];
    let xml = |subject| {
        let out = export(&Exporting { subject, ..exporting(&of, &consents) }).expect("exports");
        (String::from_utf8(out.declaration.to_xml()).expect("UTF-8"), out.lost)
    };
    let (silent, lost) = xml(SubjectName::default());
    assert!(!silent.contains("CPR") && !silent.contains("<Person>") && !silent.contains("Navn"));
    assert_eq!(lost, [Lost::at(Loss::NameWithheld, "Navn")]);
    let (name, cpr) = ("Anna".parse().expect("a name"), "610139-4321".parse().expect("a number"));
    let (named, lost) = xml(SubjectName { name: Some(&name), cpr: None });
    assert!(named.contains("<Navn>Anna</Navn>") && !named.contains("CPR"));
    assert_eq!(lost, []);
    let (numbered, _) = xml(SubjectName { name: Some(&name), cpr: Some(&cpr) });
    assert!(numbered.contains("<Vaerdi>6101394321</Vaerdi><Klassifikation>CPR</Klassifikation>"));
}

#[test]
fn what_was_exported_comes_in_again_as_it_was_said() {
    let of = consent_type();
    for (status, consent) in states("laege", "opt_out") {
        let consents = [consent.clone()];
        let out = export(&exporting(&of, &consents)).expect("exports").declaration;
        let (back, lost) = declared(&reread(&out), CATALOGUE).expect("comes in");
        assert_eq!(back.reference.as_str(), out.id.as_str());
        assert_eq!(back.subject.id, Some(consent.answer.person));
        assert_eq!(back.controllers, [consent.answer.authority]);
        assert_eq!(back.made_from, Some((of.code.clone(), 3)));
        assert_eq!(back.given_at, consent.answered_at);
        assert_eq!(back.case, consent.answer.case);
        let [expression] = back.expressions.as_slice() else { panic!("one") };
        assert_eq!(expression.item, Some(consent.answer.item.clone()));
        assert_eq!(expression.item_of(&of, false).map(|item| &item.code), Some(&consent.answer.item));
        assert_eq!(expression.polarity, Polarity::OptOut);
        let to = out.metadata.to;
        let standing = match status {
            Status::Valid => DeclaredStanding::Given,
            Status::Declined => DeclaredStanding::Declined,
            Status::Withdrawn => DeclaredStanding::Withdrawn(to),
            Status::Expired => DeclaredStanding::Expired,
            _ => DeclaredStanding::Closed(to),
        };
        assert_eq!(expression.standing, standing);
        let what: Vec<Loss> = lost.into_iter().map(|l| l.what).collect();
        assert_eq!(what, [Loss::Attestation, Loss::AccessPolicy, Loss::Context, Loss::Wording]);
    }
}

#[test]
fn a_representative_is_told_with_their_basis() {
    let of = consent_type();
    let consents = [consent(10, "laege", "consent", &[("consent_given", json!({}))])];
    for basis in Basis::ALL.iter().copied() {
        let id = PersonId::from_uuid(Uuid::from_u128(0xb));
        let giver = Giver::Representative { id, basis: Some(basis) };
        let out = export(&Exporting { giver, ..exporting(&of, &consents) }).expect("exports").declaration;
        let (back, lost) = declared(&reread(&out), CATALOGUE).expect("comes in");
        assert_eq!(back.given_by, GivenBy::Representative(Some(basis)));
        assert_eq!(back.subject.id, Some(PersonId::from_uuid(Uuid::from_u128(PERSON))));
        assert!(lost.iter().any(|l| l.what == Loss::Representative));
        let giver = Giver::Representative { id, basis: None };
        let out = export(&Exporting { giver, ..exporting(&of, &consents) }).expect("exports");
        assert!(out.lost.contains(&Lost::at(Loss::Basis, "Bemyndigelsestype")), "no basis is made up");
        let (back, _) = declared(&reread(&out.declaration), CATALOGUE).expect("comes in");
        assert_eq!(back.given_by, GivenBy::Representative(None));
    }
}

#[test]
fn each_of_those_who_answer_for_a_child_is_an_actor() {
    let (of, holders) = (consent_type(), [0xc, 0xd].map(|n| PersonId::from_uuid(Uuid::from_u128(n))));
    let consents = [consent(10, "laege", "consent", &[("consent_given", json!({}))])];
    let spoke = Giver::Representative { id: holders[0], basis: Some(Basis::CustodyHolder) };
    for (giver, together) in [(spoke, &holders[1..]), (Giver::Subject, &holders[..])] {
        let out = export(&Exporting { giver, together, ..exporting(&of, &consents) }).expect("exports");
        let told: Vec<_> =
            out.declaration.actors.iter().filter_map(|a| Some((a.id.clone(), a.basis?))).collect();
        assert_eq!(told, holders.map(|holder| (Uri::uuid(holder), Basis::CustodyHolder)));
        let by = declared(&reread(&out.declaration), CATALOGUE).expect("comes in").0.given_by;
        assert_eq!(by == GivenBy::Subject, giver == Giver::Subject);
    }
}

/// A consent that had been registered for the wrong person.
fn annulled(item: &str, polarity: &str) -> Consent {
    let wrong = json!({"ground": "wrong_person", "note": "En anden", "when": "2026-04-01T08:00:00Z"});
    let said = json!({"channel": "oral", "said_at": "2026-03-01T09:00:00Z", "note": "Ja", "why": "Telefon"});
    consent(30, item, polarity, &[("consent_given", said), ("consent_annulled", wrong)])
}

#[test]
fn what_was_registered_by_mistake_goes_out_as_closed_and_held_at_no_time() {
    let (of, consents) = (consent_type(), [annulled("laege", "consent")]);
    let out = export(&exporting(&of, &consents)).expect("exports");
    let [expression] = out.declaration.expressions.iter().as_slice() else { panic!("one") };
    assert_eq!(
        (out.declaration.metadata.status, expression.metadata.status),
        (Status::Closed, Status::Closed)
    );
    assert_eq!(expression.metadata.to, Some(expression.metadata.from));
    assert!(out.lost.iter().any(|l| l.what == Loss::Invalidated));
    let (back, _) = declared(&reread(&out.declaration), CATALOGUE).expect("comes in");
    assert!(matches!(back.expressions[0].standing, DeclaredStanding::Closed(_)));
}

#[test]
fn a_file_names_what_is_not_in_it_and_reads_as_if_it_did_not() {
    let consents = [annulled("laege", "consent")];
    let out = export(&exporting(&consent_type(), &consents)).expect("exports");
    let xml = String::from_utf8(out.declaration.to_xml_telling(&out.lost)).expect("UTF-8");
    assert!(xml.contains("<!-- Left out: invalidated, name_withheld -->"), "{xml}");
    let back = read(xml.as_bytes()).expect("reads");
    assert_eq!((back.declaration, back.lost), (out.declaration.clone(), Vec::new()));
    assert_eq!(out.declaration.to_xml_telling(&[]), out.declaration.to_xml());
}

#[test]
fn an_item_is_none_of_a_type_that_the_document_does_not_name() {
    let (back, _) = declared(&given(), CATALOGUE).expect("comes in");
    let of = consent_type();
    let other = ConsentType { code: "C15".parse().expect("a code"), ..of.clone() };
    assert!(back.expressions[0].item_of(&of, false).is_some());
    assert!(back.expressions[0].item_of(&other, false).is_none(), "the same code there is another thing");
}

#[test]
fn unanswered_never_becomes_consent() {
    for status in [Status::Created, Status::AwaitingSignature] {
        let mut of = given();
        of.metadata.status = status;
        assert_eq!(declared(&of, CATALOGUE), Err(NotDeclarable::NotAnswered));
        let mut of = given();
        let mut expressions: Vec<Expression> = of.expressions.iter().cloned().collect();
        expressions[0].metadata.status = status;
        of.expressions = OneOrMore::new(expressions.clone()).expect("some");
        let (back, lost) = declared(&of, CATALOGUE).expect("the other one was answered");
        assert_eq!(back.expressions.len(), 1);
        assert!(lost.iter().any(|l| l.what == Loss::NotAnswered));
        expressions[1].metadata.status = status;
        of.expressions = OneOrMore::new(expressions).expect("some");
        assert_eq!(declared(&of, CATALOGUE), Err(NotDeclarable::NotAnswered));
    }
}

fn changed(change: impl Fn(&mut Declaration)) -> Result<(Declared, Vec<Lost>), NotDeclarable> {
    let mut of = given();
    change(&mut of);
    declared(&of, CATALOGUE)
}

#[test]
fn whom_it_is_about_and_who_gave_it_must_be_clear() {
    let actor = |n: u128, role: Role| Actor {
        id: Uri::uuid(Uuid::from_u128(n)),
        must_sign: false,
        roles: OneOrMore::one(role),
        party: None,
        for_actor: None,
        basis: None,
    };
    let only = |of: &mut Declaration, actor: Actor| of.actors = OneOrMore::one(actor);
    let two = changed(|of| of.actors = of.actors.clone().and(actor(5, Role::Subject)));
    assert_eq!(two, Err(NotDeclarable::SeveralSubjects));
    assert_eq!(changed(|of| only(of, actor(5, Role::Requester))), Err(NotDeclarable::NoSubject));
    assert_eq!(changed(|of| only(of, actor(5, Role::Subject))), Err(NotDeclarable::NoGiver));
    let foreign = |of: &mut Declaration| {
        let id = Uri::new("https://x.example/person/5").expect("a URI");
        of.attestation.giver = id.clone();
        only(of, Actor { id, ..actor(5, Role::Subject) });
    };
    assert_eq!(changed(foreign), Err(NotDeclarable::SubjectUnknown));
    let long = Uri::new(&format!("https://x.example/{}", "x".repeat(140))).expect("a URI");
    assert_eq!(changed(|of| of.id = long.clone()), Err(NotDeclarable::Reference));
    let number = Uri::new("https://x.example/6101394321").expect("a URI");
    assert_eq!(changed(|of| of.id = number.clone()), Err(NotDeclarable::Reference));
}

#[test]
fn the_person_is_found_by_number_where_the_document_has_one_and_nothing_prints_it() {
    let of = consent_type();
    let consents = [consent(10, "laege", "consent", &[("consent_given", json!({}))])];
    let cpr = "610139-4321".parse().expect("a number");
    let subject = SubjectName { name: None, cpr: Some(&cpr) };
    let out = export(&Exporting { subject, ..exporting(&of, &consents) }).expect("exports").declaration;
    let (back, _) = declared(&out, CATALOGUE).expect("comes in");
    assert!(back.subject.cpr == Some(cpr));
    assert!(!format!("{back:?}").contains("6101394321"));
}

#[test]
fn templates_of_others_name_no_type_of_ours() {
    let (back, lost) = declared(&given(), "https://another.example/v1/consent-types").expect("comes in");
    assert_eq!(back.made_from, None);
    assert!(back.expressions.iter().all(|e| e.item.is_none()));
    assert!(
        lost.iter().any(|l| l.what == Loss::Template) && lost.iter().any(|l| l.what == Loss::MachineReadable)
    );
    let of = consent_type();
    let by_sentence = back.expressions[0].item_of(&of, false).map(|i| i.code.as_str());
    assert_eq!(by_sentence, Some("laege"), "the exact sentence is enough");
}
