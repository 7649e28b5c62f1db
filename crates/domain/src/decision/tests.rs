use super::*;
use crate::{
    Audience, LocalDate, Period,
    actor::Sensitivity,
    basis::Basis,
    catalogue::{
        CaseBinding, Channel, DataCategory, EntryVersion, Item, Named, ParentalRule, Polarity,
        RepresentativeKind,
    },
    consent::ConsentState,
    event::EndCause,
    id::{ConsentId, EntryId},
    power::PowerEnd,
    terms::Terms,
    text::Localized,
};
use proptest::prelude::*;

const HOUR: i64 = 3_600_000_000;

fn person(n: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(n))
}

fn at(hour: i64) -> Instant {
    Instant::from_micros(hour * HOUR)
}

fn ours() -> Cvr {
    "99100001".parse().expect("a CVR number")
}

fn theirs() -> Cvr {
    "99173009".parse().expect("a CVR number")
}

fn uri(n: usize) -> PrivilegeUri {
    format!("urn:dk:eksempelkommune:fuldmagt:sag-{n}:laes").parse().expect("a privilege")
}

fn code(text: &str) -> Code {
    text.parse().expect("a code")
}

fn words() -> Localized {
    let text = |t: &str| t.parse().expect("a text");
    Localized { da: text("ord"), en: text("words") }
}

fn version(n: u128, name: &str) -> EntryVersion {
    EntryVersion { entry: EntryId::from_uuid(Uuid::from_u128(n)), code: code(name), number: 1 }
}

fn privilege(n: u128, authority: Cvr, beside: usize, sensitivity: Sensitivity) -> KnownPrivilege {
    KnownPrivilege {
        package: version(n, &format!("M{n}")),
        in_use: true,
        over_from: None,
        authority,
        sensitivity,
        beside,
        representatives: vec![RepresentativeKind::Person],
        grantor_min_age: 15,
        statutory: None,
        parental_rule: ParentalRule::OneHolder,
    }
}

fn system(authority: Cvr) -> Asker {
    Asker::System { authority, has_purpose: true }
}

fn acting(n: usize, case: Option<&str>) -> Acting {
    Acting {
        representative: person(2),
        privilege: uri(n),
        grantor: person(1),
        case: case.map(|c| c.parse().expect("a case")),
    }
}

fn power(from: i64, to: i64, ended: Option<PowerEnd>) -> PowerSeen {
    PowerSeen {
        case: None,
        basis: Basis::MandateDigital,
        source: Uuid::from_u128(u128::try_from(from).expect("a positive hour") + 1),
        version: if ended.is_none() { 1 } else { 2 },
        valid_from: at(from),
        valid_to: at(to),
        ended,
    }
}

fn facts(powers: Vec<PowerSeen>) -> ActingFacts {
    ActingFacts { powers, ..ActingFacts::default() }
}

fn book() -> Book {
    Book::of(
        vec![
            (uri(1), privilege(1, ours(), 5, Sensitivity::Ordinary)),
            (uri(1), privilege(2, ours(), 2, Sensitivity::Ordinary)),
            (uri(2), privilege(3, theirs(), 1, Sensitivity::Ordinary)),
            (uri(3), privilege(4, ours(), 1, Sensitivity::Special)),
        ],
        Vec::new(),
    )
}

fn reason(answer: &Answer) -> Option<Reason> {
    match answer.verdict {
        Verdict::No(reason) => Some(reason),
        Verdict::Yes { .. } => None,
    }
}

#[test]
fn powers_that_follow_each_other_are_one_time_of_yes() {
    let given = None;
    let known =
        facts(vec![power(0, 10, given), power(8, 20, given), power(20, 30, given), power(31, 40, given)]);
    let answer = decide_acting(&acting(1, None), &system(ours()), ValidAt::Now(at(9)), &known, &book());
    let Verdict::Yes { basis, valid_until } = answer.verdict else { panic!("it is a no") };
    assert_eq!(valid_until, Some(at(30)));
    assert_eq!(basis.len(), 2, "what holds at the moment, and no more");
}

#[test]
fn what_has_an_end_on_record_is_over_also_for_a_clock_that_is_behind() {
    let ended = facts(vec![power(0, 10, Some(PowerEnd::Revoked))]);
    let decide = |when| decide_acting(&acting(1, None), &system(ours()), when, &ended, &book());
    assert_eq!(reason(&decide(ValidAt::Now(at(9)))), Some(Reason::PowerRevoked));
    assert!(
        decide(ValidAt::Moment(at(9))).is_yes(),
        "at nine it held, and whoever asks about nine is told so"
    );
    assert_eq!(reason(&decide(ValidAt::Moment(at(10)))), Some(Reason::PowerRevoked));
}

#[test]
fn a_case_is_covered_by_its_own_mandate_and_by_one_without_a_case() {
    let one = PowerSeen { case: Some("A-1".parse().expect("a case")), ..power(0, 10, None) };
    let decide = |asked: &Acting, known: PowerSeen| {
        decide_acting(asked, &system(ours()), ValidAt::Now(at(1)), &facts(vec![known]), &book())
    };
    assert!(decide(&acting(1, Some("A-1")), one.clone()).is_yes());
    assert_eq!(reason(&decide(&acting(1, Some("A-2")), one.clone())), Some(Reason::PowerDoesNotCover));
    assert_eq!(reason(&decide(&acting(1, None), one)), Some(Reason::PowerDoesNotCover));
    assert!(decide(&acting(1, Some("A-2")), power(0, 10, None)).is_yes());
}

#[test]
fn a_privilege_of_another_authority_is_answered_like_one_that_does_not_exist() {
    let held = facts(vec![power(0, 10, None)]);
    let ask = |n, known: &ActingFacts| {
        decide_acting(&acting(n, None), &system(ours()), ValidAt::Now(at(1)), known, &book())
    };
    assert_eq!(ask(2, &held), ask(9, &ActingFacts::default()));
    assert_eq!(ask(2, &held), Answer::no(Reason::PrivilegeNotHere));
}

#[test]
fn r12_what_is_sensitive_is_not_told_without_a_purpose() {
    let held = facts(vec![power(0, 10, None)]);
    let unsaid = Asker::System { authority: ours(), has_purpose: false };
    let ask =
        |known: &ActingFacts| decide_acting(&acting(3, None), &unsaid, ValidAt::Now(at(1)), known, &book());
    assert_eq!(ask(&held), Answer::no(Reason::PurposeMissing));
    assert_eq!(ask(&held), ask(&ActingFacts::default()));
    assert!(decide_acting(&acting(3, None), &system(ours()), ValidAt::Now(at(1)), &held, &book()).is_yes());
}

#[test]
fn nobody_is_told_that_they_may_act_for_themselves() {
    let asked = Acting { representative: person(1), ..acting(1, None) };
    let answer =
        decide_acting(&asked, &system(ours()), ValidAt::Now(at(1)), &ActingFacts::default(), &book());
    assert_eq!(answer, Answer::no(Reason::OwnAffairs));
}

/// A system cannot tell how a power ended: who sits before it may be the one who must not learn it.
#[test]
fn for_a_system_every_end_of_a_power_is_the_same_end() {
    let ends = [None, Some(PowerEnd::Revoked), Some(PowerEnd::Renounced), Some(PowerEnd::Death)];
    let told_to = |audience, state| {
        let known = facts(vec![power(0, 10, state)]);
        let answer = decide_acting(&acting(1, None), &system(ours()), ValidAt::Now(at(20)), &known, &book());
        (told(reason(&answer).expect("a no"), audience), answer.would_permit)
    };
    let first = told_to(Audience::System, ends[0]);
    assert!(ends.iter().all(|state| told_to(Audience::System, *state) == first));
    assert_eq!(first.0, Reason::PowerEnded);
    let to_people: std::collections::BTreeSet<_> =
        ends.iter().map(|state| told_to(Audience::Caseworker, *state).0).collect();
    assert_eq!(to_people.len(), ends.len(), "a caseworker is told how");
}

#[test]
fn nothing_can_be_asked_of_the_dead_nor_of_whom_is_too_young() {
    let ask = |known: &ActingFacts| {
        decide_acting(&acting(1, None), &system(ours()), ValidAt::Now(at(1)), known, &book()).would_permit
    };
    assert_eq!(ask(&ActingFacts::default()).len(), 1);
    assert!(ask(&ActingFacts { grantor_died: true, ..ActingFacts::default() }).is_empty());
    assert!(ask(&ActingFacts { representative_died: true, ..ActingFacts::default() }).is_empty());
    let born = LocalDate::new(1960, 1, 1);
    assert!(ask(&ActingFacts { grantor_born: born, ..ActingFacts::default() }).is_empty());
}

fn item(n: u128, data: &[&str], sources: &[&str], recipients: &[&str], polarity: Polarity) -> KnownItem {
    let named = |codes: &[&str]| codes.iter().map(|c| Named { code: code(c), name: words() }).collect();
    KnownItem {
        entry: version(100 + n, &format!("C{n}")),
        in_use: true,
        authority: ours(),
        kle: "27.36.04".parse().expect("a subject"),
        sensitivity: Sensitivity::Ordinary,
        polarity,
        case_binding: CaseBinding::Optional,
        min_age: 15,
        item: Item {
            code: code("A"),
            statement: words(),
            data: data
                .iter()
                .map(|c| DataCategory { code: code(c), name: words(), special: false })
                .collect(),
            sources: named(sources),
            recipients: named(recipients),
        },
    }
}

fn check(category: &str, source: Option<&str>, recipient: Option<&str>) -> ConsentCheck {
    ConsentCheck {
        authority: ours(),
        operation: Operation::Obtain,
        person: person(1),
        category: code(category),
        consent_type: None,
        source: source.map(code),
        recipient: recipient.map(code),
        case: None,
    }
}

fn consent(n: u128, from: i64, to: Option<i64>, state: ConsentState) -> ConsentSeen {
    ConsentSeen {
        terms: Terms::default(),
        id: ConsentId::from_uuid(Uuid::from_u128(n)),
        version: 1,
        entry: EntryId::from_uuid(Uuid::from_u128(100 + n)),
        item: code("A"),
        case: None,
        valid: Period { from: at(from), to: to.map(at) },
        state,
    }
}

fn given(consents: Vec<ConsentSeen>) -> ConsentFacts {
    ConsentFacts { consents, ..ConsentFacts::default() }
}

/// R-15: a question that leaves the consent on any one axis is a no.
#[test]
fn r15_a_consent_covers_what_it_names_on_every_axis() {
    let book =
        Book::of(Vec::new(), vec![item(1, &["income"], &["bank"], &["job-centre"], Polarity::Consent)]);
    let known = given(vec![consent(1, 0, Some(10), ConsentState::Given)]);
    let ask =
        |asked: &ConsentCheck| decide_consent(asked, &system(ours()), ValidAt::Now(at(1)), &known, &book);
    assert!(ask(&check("income", Some("bank"), Some("job-centre"))).is_yes());
    for outside in [
        check("health", Some("bank"), Some("job-centre")),
        check("income", Some("employer"), Some("job-centre")),
        check("income", Some("bank"), Some("press")),
        ConsentCheck { consent_type: Some(code("C9")), ..check("income", Some("bank"), None) },
    ] {
        assert_eq!(reason(&ask(&outside)), Some(Reason::ConsentDoesNotCover), "{outside:?}");
    }
    let elsewhere = ConsentCheck { authority: theirs(), ..check("income", None, None) };
    assert_eq!(ask(&elsewhere), Answer::no(Reason::OtherAuthority));
    let late =
        decide_consent(&check("income", None, None), &system(ours()), ValidAt::Now(at(10)), &known, &book);
    assert_eq!(reason(&late), Some(Reason::ConsentExpired));
}

/// R-15: what was given within less than its type covers no more than that, though the type says it.
#[test]
fn r15_a_consent_within_narrower_terms_covers_no_more_than_they_say() {
    let book = Book::of(
        Vec::new(),
        vec![item(1, &["income"], &["bank", "employer"], &["job-centre", "press"], Polarity::Consent)],
    );
    let terms: Terms =
        serde_json::from_str(r#"{"sources":["bank"],"recipients":["job-centre"]}"#).expect("terms");
    let whole = consent(1, 0, Some(10), ConsentState::Given);
    let narrow = ConsentSeen { terms, ..whole.clone() };
    let ask = |asked: &ConsentCheck, seen: &ConsentSeen| {
        decide_consent(asked, &system(ours()), ValidAt::Now(at(1)), &given(vec![seen.clone()]), &book)
    };
    for (source, recipient, is_within) in [
        (Some("bank"), Some("job-centre"), true),
        (Some("bank"), None, true),
        (None, None, true),
        (Some("employer"), Some("job-centre"), false),
        (Some("bank"), Some("press"), false),
        (None, Some("press"), false),
    ] {
        let asked = check("income", source, recipient);
        assert!(ask(&asked, &whole).is_yes(), "{asked:?}");
        let answer = ask(&asked, &narrow);
        let expected = if is_within { None } else { Some(Reason::ConsentDoesNotCover) };
        assert_eq!(reason(&answer), expected, "{asked:?}");
    }
}

#[test]
fn an_opt_out_wins_over_every_consent_and_ends_a_yes_when_it_begins() {
    let book = Book::of(
        Vec::new(),
        vec![
            item(1, &["income"], &["bank"], &[], Polarity::Consent),
            item(2, &["income"], &["bank"], &[], Polarity::OptOut),
        ],
    );
    let yes = consent(1, 0, Some(100), ConsentState::Given);
    let ask = |known: ConsentFacts| {
        decide_consent(&check("income", None, None), &system(ours()), ValidAt::Now(at(5)), &known, &book)
    };
    assert_eq!(
        ask(given(vec![yes.clone(), consent(2, 0, None, ConsentState::Given)])),
        Answer::no(Reason::OptedOut)
    );
    assert!(
        ask(given(vec![
            yes.clone(),
            consent(2, 0, None, ConsentState::Withdrawn { at: at(4), channel: Channel::Digital })
        ]))
        .is_yes()
    );
    assert!(ask(given(vec![yes.clone(), consent(2, 0, None, ConsentState::Declined)])).is_yes());
    let later = ask(given(vec![yes, consent(2, 50, None, ConsentState::Given)]));
    assert!(matches!(later.verdict, Verdict::Yes { valid_until: Some(until), .. } if until == at(50)));
}

/// A system learns nothing of whether somebody once said no, nor of how a consent ended.
#[test]
fn for_a_system_a_no_and_no_answer_are_the_same() {
    let book = Book::of(Vec::new(), vec![item(1, &["income"], &["bank"], &[], Polarity::Consent)]);
    let ask = |known: ConsentFacts| {
        let answer = decide_consent(
            &check("income", None, None),
            &system(ours()),
            ValidAt::Now(at(20)),
            &known,
            &book,
        );
        (told(reason(&answer).expect("a no"), Audience::System), answer.would_permit)
    };
    assert_eq!(
        ask(given(vec![consent(1, 0, Some(10), ConsentState::Declined)])),
        ask(ConsentFacts::default())
    );
    let lapsed = ConsentState::Lapsed { at: at(9), effective_at: at(9), cause: EndCause::Death };
    let over = ask(given(vec![consent(1, 0, Some(10), ConsentState::Given)]));
    assert_eq!(over.0, Reason::ConsentEnded);
    for state in [ConsentState::Withdrawn { at: at(3), channel: Channel::Digital }, lapsed] {
        assert_eq!(ask(given(vec![consent(1, 0, Some(10), state)])), over);
    }
}

fn some_privileges() -> impl Strategy<Value = Vec<(PrivilegeUri, KnownPrivilege)>> {
    let one = (0..4_usize, 1..9_u128, 1..6_usize, any::<bool>(), any::<bool>()).prop_map(
        |(name, package, beside, in_use, mine)| {
            let authority = if mine { ours() } else { theirs() };
            let known = privilege(package, authority, beside, Sensitivity::Ordinary);
            (uri(name), KnownPrivilege { in_use, ..known })
        },
    );
    proptest::collection::vec(one, 0..12)
}

const CODES: [&str; 3] = ["a", "b", "c"];

fn some_codes() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(CODES.to_vec(), 0..=3)
}

fn some_items() -> impl Strategy<Value = Vec<KnownItem>> {
    let one = (some_codes(), some_codes(), some_codes(), any::<bool>(), any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..8).prop_map(|items| {
        let made = items.into_iter().zip(1..);
        made.map(|((data, sources, recipients, in_use, bound, forbids), n)| {
            let polarity = if forbids { Polarity::OptOut } else { Polarity::Consent };
            let case_binding = if bound { CaseBinding::Required } else { CaseBinding::Optional };
            KnownItem { in_use, case_binding, ..item(n, &data, &sources, &recipients, polarity) }
        })
        .collect()
    })
}

proptest! {
    /// Giving exactly what is named makes the no a yes; and where nothing is named, no single thing that can be given would.
    #[test]
    fn what_would_permit_acting_is_enough_and_the_least_there_is(
        privileges in some_privileges(), name in 0..4_usize, case in proptest::option::of(Just("A-1")),
    ) {
        let book = Book::of(privileges.clone(), Vec::new());
        let asked = acting(name, case);
        let now = ValidAt::Now(at(5));
        let answer = decide_acting(&asked, &system(ours()), now, &ActingFacts::default(), &book);
        prop_assert!(!answer.is_yes());
        let gives = |uri: &PrivilegeUri, case: &Option<CaseRef>| {
            let power = PowerSeen { case: case.clone(), ..power(0, 10, None) };
            let powers = if *uri == asked.privilege { vec![power] } else { Vec::new() };
            decide_acting(&asked, &system(ours()), now, &facts(powers), &book).is_yes()
        };
        let possible = privileges.iter().filter(|(_, known)| known.in_use && known.authority == ours());
        let least = possible.filter(|(uri, _)| gives(uri, &asked.case)).map(|(_, known)| known.beside).min();
        match answer.would_permit.as_slice() {
            [] => prop_assert_eq!(least, None),
            [Missing::MandateRequest { packages, privileges: asked_for, case, .. }] => {
                let [package] = packages.as_slice() else { panic!("one package") };
                let [uri] = asked_for.as_slice() else { panic!("one privilege") };
                prop_assert!(gives(uri, case));
                let named = privileges
                    .iter()
                    .any(|(of, known)| of == uri && known.package.code == *package && Some(known.beside) == least);
                prop_assert!(named, "another package gives less beside it");
            }
            other => panic!("more than one thing: {other:?}"),
        }
    }

    #[test]
    fn what_would_permit_a_use_of_data_is_enough_and_the_least_there_is(
        items in some_items(), category in 0..3_usize, source in proptest::option::of(0..3_usize),
        recipient in proptest::option::of(0..3_usize), case in any::<bool>(),
        operation in prop_oneof![Just(Operation::Obtain), Just(Operation::Disclose), Just(Operation::Use)],
    ) {
        let book = Book::of(Vec::new(), items.clone());
        let case: Option<CaseRef> = case.then(|| "A-1".parse().expect("a case"));
        let asked = ConsentCheck {
            operation,
            case: case.clone(),
            ..check(CODES[category], source.map(|n| CODES[n]), recipient.map(|n| CODES[n]))
        };
        let now = ValidAt::Now(at(5));
        let answer = decide_consent(&asked, &system(ours()), now, &ConsentFacts::default(), &book);
        prop_assert!(!answer.is_yes());
        let gives = |known: &KnownItem| {
            let seen = ConsentSeen {
                entry: known.entry.entry,
                case: case.clone(),
                ..consent(1, 0, Some(10), ConsentState::Given)
            };
            decide_consent(&asked, &system(ours()), now, &given(vec![seen]), &book).is_yes()
        };
        let possible: Vec<&KnownItem> = items
            .iter()
            .filter(|k| k.in_use && (case.is_some() || k.case_binding == CaseBinding::Optional) && gives(k))
            .collect();
        let least = possible.iter().map(|k| k.item.data.len()).min();
        match answer.would_permit.as_slice() {
            [] => prop_assert_eq!(least, None),
            [Missing::ConsentRequest { consent_type, items: asked_for, case: of, .. }] => {
                prop_assert_eq!(of, &case);
                let named = possible.iter().find(|k| k.entry.code == *consent_type);
                let named = named.expect("one that can be given and is enough");
                prop_assert_eq!(asked_for, &vec![named.item.code.clone()]);
                prop_assert_eq!(Some(named.item.data.len()), least);
            }
            other => panic!("more than one thing: {other:?}"),
        }
    }
}
