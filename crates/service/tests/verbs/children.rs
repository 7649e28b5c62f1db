//! Children: their parents answer for them, together where the law says so, until they decide themselves.

use crate::{
    expect::{denied, rule, told},
    noticing::{tell, told_to},
};
use tillid_domain::{
    LocalDate, Reason,
    access::Act,
    actor::Role,
    consent::{ConsentStanding, ConsentState},
    event::EndCause,
    family::Holder,
    id::{PersonId, RequestId},
    joint::ExceptionGround,
    request::RequestStanding,
    source::Source,
};
use tillid_service::{
    Call, Error, NewCustody, NewException, NewPerson, NewPresentation, Overview, TypedConsent, VoiceState,
};
use tillid_testkit::{
    World,
    people::{OWN, acting, caseworker, citizen, employee, staff},
};

/// Clara is 14 until 3 April 2026. She lives with Dorte; Erik shares custody.
pub(crate) struct Family {
    pub(crate) clara: PersonId,
    pub(crate) dorte: PersonId,
    pub(crate) erik: PersonId,
}

async fn born(world: &World, name: &str, born: &str) -> PersonId {
    let born: LocalDate = born.parse().unwrap();
    let new = NewPerson { name: Some(name.parse().unwrap()), born: Some(born), ..NewPerson::default() };
    world.service.register_person(&new).await.unwrap()
}

pub(crate) async fn custody(world: &World, child: PersonId, holders: &[(PersonId, bool)]) {
    let holders = holders.iter().map(|&(person, lives_with)| Holder { person, lives_with }).collect();
    let new = NewCustody { child, holders, from: None, source: Source::Register {} };
    world.service.state_custody(&new).await.unwrap();
}

pub(crate) async fn family(world: &World) -> Family {
    let clara = born(world, "Clara", "2011-04-03").await;
    let (dorte, erik) = (born(world, "Dorte", "1982-06-01").await, born(world, "Erik", "1980-06-01").await);
    custody(world, clara, &[(dorte, true), (erik, false)]).await;
    Family { clara, dorte, erik }
}

pub(crate) async fn says(
    world: &World,
    call: &Call,
    request: RequestId,
    yes: bool,
) -> Result<Vec<TypedConsent>, Error> {
    let shown = world.try_show(call, NewPresentation::Request(request)).await?;
    let answers = world.all(yes, shown).await;
    Ok(world.service.answer_request(call, request, shown, &answers).await?.value)
}

async fn standing(world: &World, request: RequestId) -> RequestStanding {
    let mut tx = world.store.read().await.unwrap();
    tx.request(request).await.unwrap().unwrap().standing(world.now())
}

async fn consents(world: &World, person: PersonId) -> Vec<(ConsentStanding, ConsentState)> {
    let mut tx = world.store.read().await.unwrap();
    let all = tx.consents_of(person, None, None, 100).await.unwrap();
    all.into_iter().map(|c| (c.standing(world.now()), c.state)).collect()
}

async fn active(world: &World, person: PersonId) -> usize {
    consents(world, person).await.iter().filter(|(s, _)| *s == ConsentStanding::Active).count()
}

/// The request that is open to the child now.
async fn asked_anew(world: &World, child: PersonId) -> RequestId {
    let mut tx = world.store.read().await.unwrap();
    let all = tx.requests_to(child, None, None, 100).await.unwrap();
    let open: Vec<_> = all.iter().filter(|r| r.standing(world.now()) == RequestStanding::Open).collect();
    assert_eq!(open.len(), 1, "{open:?}");
    open[0].id
}

pub(crate) async fn r35_both_parents_answer_each_to_what_they_were_shown(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    let (as_dorte, as_erik) = (acting(dorte, clara), acting(erik, clara));
    assert_eq!(told(says(world, &citizen(clara), request, true).await), rule(Reason::TooYoung));
    let to_dorte = world.show(&as_dorte, request).await;
    let answers = world.all(true, to_dorte).await;
    let not_shown = world.service.answer_request(&as_erik, request, to_dorte, &answers).await;
    assert_eq!(told(not_shown), "invalid /presentation_id presentation_mismatch");
    let first = world.service.answer_request(&as_dorte, request, to_dorte, &answers).await.unwrap();
    assert!(first.value.is_empty() && active(world, clara).await == 0, "one yes is no consent");
    let again = world.service.answer_request(&as_dorte, request, to_dorte, &answers).await;
    assert_eq!(told(again), rule(Reason::PresentationUsed));
    assert!(says(world, &as_dorte, request, true).await.unwrap().is_empty(), "nobody's voice counts twice");
    let (seen, of, now) = world.service.read_request(&as_erik, request).await.unwrap();
    let voices = world.service.voices(&seen, &of, now).await.unwrap();
    let state = |who| voices.iter().find(|v| v.person == who).map(|v| v.state);
    assert_eq!((state(dorte), state(erik)), (Some(VoiceState::Answered), Some(VoiceState::Awaited)));
    let given = says(world, &as_erik, request, true).await.unwrap();
    assert_eq!((given.len(), active(world, clara).await), (answers.len(), answers.len()));
    let birthday: LocalDate = "2026-04-03".parse().unwrap();
    for typed in &given {
        let answer = &typed.consent.answer;
        assert_eq!(answer.valid.to, Some(birthday.start()), "not a moment longer than the parents decide");
        assert_eq!(answer.for_child.as_ref().unwrap().persons(), [dorte, erik].into());
    }
    assert_eq!(standing(world, request).await, RequestStanding::Answered);
    let taken_back = world.service.withdraw_consent(&citizen(clara), given[0].consent.id).await;
    assert_eq!(told(taken_back), rule(Reason::TooYoung));
    world.service.withdraw_consent(&as_erik, given[0].consent.id).await.unwrap();
    assert_eq!(active(world, clara).await, answers.len() - 1, "either takes it back");
    assert_eq!(
        told(world.service.overview(&acting(clara, dorte)).await.map(|_| ())),
        denied(Reason::NoPower)
    );
}

pub(crate) async fn r35_one_no_declines_at_once_and_the_rest_waits(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    let as_dorte = acting(dorte, clara);
    let shown = world.show(&as_dorte, request).await;
    let mut answers = world.all(true, shown).await;
    answers[0].given = false;
    let declined = world.service.answer_request(&as_dorte, request, shown, &answers).await.unwrap().value;
    assert_eq!(declined.len(), 1);
    assert_eq!(declined[0].standing, ConsentStanding::Declined);
    assert_eq!(standing(world, request).await, RequestStanding::Open);
    let to_erik = world.show(&acting(erik, clara), request).await;
    let left = world.all(true, to_erik).await;
    assert_eq!(left.len(), answers.len() - 1, "what was declined is not asked again");
    says(world, &acting(erik, clara), request, false).await.unwrap();
    assert_eq!(standing(world, request).await, RequestStanding::Answered);
    assert_eq!(active(world, clara).await, 0);
}

pub(crate) async fn r36_at_fifteen_the_young_person_is_asked_and_no_yes_is_left_over(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    for parent in [dorte, erik] {
        says(world, &acting(parent, clara), request, true).await.unwrap();
    }
    let waiting = world.ask(clara, "C15").await;
    says(world, &acting(dorte, clara), waiting, true).await.unwrap();
    world.ambient.set("2026-04-02T21:59:59.999999Z".parse().unwrap());
    assert_ne!(active(world, clara).await, 0);
    assert_eq!(world.service.record_birthdays().await.unwrap(), 0);
    let birthday = "2026-04-02T22:00:00Z".parse().unwrap();
    world.ambient.set(birthday);
    assert_eq!(active(world, clara).await, 0, "also while nobody has recorded it");
    assert_eq!(standing(world, waiting).await, RequestStanding::ExpiredUnanswered);
    // Nothing was running for three days.
    world.pass("P3D".parse().unwrap());
    let count = consents(world, clara).await.len();
    assert_eq!(world.service.record_birthdays().await.unwrap(), count);
    for (_, state) in consents(world, clara).await {
        let ConsentState::Lapsed { effective_at, cause, .. } = state else { panic!("{state:?}") };
        assert_eq!((effective_at, cause), (birthday, EndCause::Age));
    }
    assert_eq!(world.service.record_birthdays().await.unwrap(), 0, "it is done once");
    let request = asked_anew(world, clara).await;
    // what the young person is asked is theirs.
    assert_eq!(told(world.service.read_request(&acting(dorte, clara), request).await), "not found");
    assert_eq!(told(says(world, &acting(dorte, clara), request, true).await), "not found");
    let seen = world.service.list_consents(&acting(dorte, clara), None, 100).await.unwrap().items;
    assert_eq!(seen.len(), count, "what they gave themselves they still see");
    says(world, &citizen(clara), request, true).await.unwrap();
    assert_eq!(active(world, clara).await, count);
    let seen = world.service.list_consents(&acting(dorte, clara), None, 100).await.unwrap().items;
    assert_eq!(seen.len(), count);
    world.ambient.set("2029-04-02T22:00:00Z".parse().unwrap());
    assert_eq!(told(world.may_act(dorte, clara).await), denied(Reason::NoPower), "of age");
}

pub(crate) async fn r35_a_change_of_custody_lets_lapse_what_it_no_longer_carries(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    let gitte = born(world, "Gitte", "1985-01-01").await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    for parent in [dorte, erik] {
        says(world, &acting(parent, clara), request, true).await.unwrap();
    }
    let waiting = world.ask(clara, "C15").await;
    says(world, &acting(dorte, clara), waiting, true).await.unwrap();
    let before = active(world, clara).await;
    custody(world, clara, &[(dorte, true)]).await;
    assert_eq!(standing(world, waiting).await, RequestStanding::Answered, "nobody else is awaited");
    assert_eq!(active(world, clara).await, 2 * before, "she who has custody said yes to both");
    assert_eq!(told(world.may_act(erik, clara).await), denied(Reason::NoPower));
    custody(world, clara, &[(dorte, true), (gitte, false)]).await;
    assert_eq!(active(world, clara).await, 0, "Gitte has not been asked");
    for (_, state) in consents(world, clara).await {
        assert!(matches!(state, ConsentState::Lapsed { cause: EndCause::CustodyChanged, .. }), "{state:?}");
    }
    let request = asked_anew(world, clara).await;
    says(world, &acting(gitte, clara), request, true).await.unwrap();
    says(world, &acting(dorte, clara), request, true).await.unwrap();
    assert_eq!(active(world, clara).await, before);
    let refused = world
        .service
        .state_custody(&NewCustody {
            child: clara,
            holders: vec![Holder { person: clara, lives_with: true }],
            from: None,
            source: Source::Register {},
        })
        .await;
    assert_eq!(told(refused), rule(Reason::CustodyImpossible));
}

pub(crate) async fn r35_each_rule_asks_those_whom_it_names(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    for code in ["C14", "C11", "C10"] {
        world.import(code).await;
    }
    // ONE_HOLDER: either, also the one with whom she does not live.
    let request = world.ask(clara, "C14").await;
    assert!(!says(world, &acting(erik, clara), request, true).await.unwrap().is_empty());
    // RESIDENT_PARENT: the one with whom she lives.
    let request = world.ask(clara, "C11").await;
    assert_eq!(told(says(world, &acting(erik, clara), request, true).await), rule(Reason::OthersDecide));
    assert!(!says(world, &acting(dorte, clara), request, true).await.unwrap().is_empty());
    // CHILD_AND_HOLDERS, sensitive: both, and from 15 she too.
    let request = world.ask(clara, "C10").await;
    says(world, &acting(erik, clara), request, true).await.unwrap();
    assert!(!says(world, &acting(dorte, clara), request, true).await.unwrap().is_empty());
    world.ambient.set("2026-04-02T22:00:00Z".parse().unwrap());
    assert_ne!(world.service.record_birthdays().await.unwrap(), 0);
    let request = asked_anew(world, clara).await;
    for call in [citizen(clara), acting(dorte, clara)] {
        assert!(says(world, &call, request, true).await.unwrap().is_empty());
    }
    let given = says(world, &acting(erik, clara), request, true).await.unwrap();
    let by = given[0].consent.answer.for_child.as_ref().unwrap().persons();
    assert_eq!(by, [clara, dorte, erik].into());
    world.service.withdraw_consent(&citizen(clara), given[0].consent.id).await.unwrap();
}

pub(crate) async fn r35_an_exception_stands_in_the_childs_log_and_is_hidden_from_whom_it_is_unsafe_to_ask(
    world: &World,
) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    says(world, &acting(dorte, clara), request, true).await.unwrap();
    let new = |holder| NewException {
        holder,
        ground: ExceptionGround::Unsafe,
        case: "27.36.04-G01-12-26".parse().unwrap(),
    };
    let except = async |call: &Call, holder| world.service.except_holder(call, request, &new(holder)).await;
    for call in [citizen(clara), acting(dorte, clara)] {
        assert_eq!(told(except(&call, erik).await), denied(Reason::StaffOnly));
    }
    let dorte_at_work = employee(OWN, &[Role::Caseworker], 100);
    let dorte_at_work = staff(tillid_domain::actor::Employee { person: Some(dorte), ..dorte_at_work });
    assert_eq!(told(except(&dorte_at_work, erik).await), denied(Reason::OwnCase));
    for nobody in [dorte, clara] {
        assert_eq!(told(except(&caseworker(OWN), nobody).await), rule(Reason::NoVoiceToExcept));
    }
    assert!(world.service.read_request(&acting(erik, clara), request).await.is_ok());
    let done = except(&caseworker(OWN), erik).await.unwrap().value;
    assert_eq!(done.standing(world.now()), RequestStanding::Answered, "Dorte's yes was all that was needed");
    let given = active(world, clara).await;
    assert_ne!(given, 0);
    let erik_sees = acting(erik, clara);
    assert_eq!(told(world.service.read_request(&erik_sees, request).await), "not found");
    assert!(world.service.list_consents(&erik_sees, None, 100).await.unwrap().items.is_empty());
    let seen = world.service.list_consents(&acting(dorte, clara), None, 100).await.unwrap().items;
    assert_eq!(seen.len(), given);
    assert_eq!(told(world.service.withdraw_consent(&erik_sees, seen[0].consent.id).await), "not found");
    let (Overview::Representative(overview), _) = world.service.overview(&erik_sees).await.unwrap() else {
        panic!("Erik acts for her");
    };
    assert!(overview.consents.unwrap().is_empty() && overview.requests.unwrap().is_empty());
    let log = world.service.access_log(&citizen(clara), None, 100).await.unwrap().items;
    assert!(log.iter().any(|record| record.act == Act::ExceptHolder));
    let his = world.service.access_log(&citizen(erik), None, 100).await.unwrap().items;
    assert!(!his.iter().any(|record| record.act == Act::ExceptHolder));
}

pub(crate) async fn r40_a_childs_post_goes_to_those_who_have_custody_but_not_where_it_is_unsafe(
    world: &World,
) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let posted = async || {
        tell(world).await;
        let mut posted = Vec::new();
        for person in [clara, dorte, erik] {
            let all = told_to(world, person).await;
            posted.push(all.iter().map(|notice| notice.kind.code()).collect::<Vec<_>>());
        }
        posted
    };
    let request = world.ask(clara, "C15").await;
    assert_eq!(posted().await, [vec![], vec!["consent_asked"], vec!["consent_asked"]]);
    let body = &told_to(world, dorte).await[0].message.body;
    assert!(body.da.contains("forældremyndigheden") && body.en.contains("custody"), "{body:?}");
    let new = NewException {
        holder: erik,
        ground: ExceptionGround::Unsafe,
        case: "27.36.04-G01-12-26".parse().unwrap(),
    };
    world.service.except_holder(&caseworker(OWN), request, &new).await.unwrap();
    says(world, &acting(dorte, clara), request, true).await.unwrap();
    assert_eq!(posted().await[2], ["consent_asked"], "nothing more of what he must not see");
    assert_eq!(posted().await[1], ["consent_asked"], "and nothing to her of what she did herself");
    // From 15 the post is Clara's own, and of what has ended Dorte's too, who gave it.
    world.ambient.set("2026-04-02T22:00:00Z".parse().unwrap());
    assert_ne!(world.service.record_birthdays().await.unwrap(), 0);
    let all = posted().await;
    assert!(all[0].contains(&"consent_ended") && all[0].contains(&"consent_asked"), "{all:?}");
    assert_eq!(all[1..], [vec!["consent_asked", "consent_ended"], vec!["consent_asked"]]);
    let body = &told_to(world, clara).await[0].message.body;
    assert!(!body.da.contains("forældremyndigheden"), "{body:?}");
}

pub(crate) async fn r35_who_has_died_is_not_waited_for(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    for code in ["C15", "C14"] {
        world.import(code).await;
    }
    let request = world.ask(clara, "C15").await;
    says(world, &acting(dorte, clara), request, true).await.unwrap();
    let by_erik = world.ask(clara, "C14").await;
    let eriks = says(world, &acting(erik, clara), by_erik, true).await.unwrap();
    world.service.register_death(erik, world.now().local_date()).await.unwrap();
    assert_eq!(standing(world, request).await, RequestStanding::Answered);
    let mut tx = world.store.read().await.unwrap();
    let lapsed = tx.consent(eriks[0].consent.id).await.unwrap().unwrap();
    assert!(matches!(lapsed.state, ConsentState::Lapsed { cause: EndCause::CustodyChanged, .. }));
}

pub(crate) async fn r35_what_several_must_say_is_not_given_unasked(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    for code in ["C15", "C14"] {
        world.import(code).await;
    }
    let unasked = async |call: &Call, code: &str| {
        let new = NewPresentation::Consent {
            consent_type: code.parse().unwrap(),
            items: Vec::new(),
            case: None,
            proposal: tillid_domain::terms::Proposal::default(),
        };
        let shown = world.try_show(call, new).await.unwrap();
        let answers = world.all(true, shown).await;
        world.service.give_consents(call, shown, &answers).await
    };
    assert_eq!(told(unasked(&acting(dorte, clara), "C15").await), rule(Reason::AnsweredTogether));
    custody(world, clara, &[(dorte, true)]).await;
    let given = unasked(&acting(dorte, clara), "C15").await.unwrap().value;
    assert_eq!(given[0].consent.answer.for_child.as_ref().unwrap().persons(), [dorte].into());
    assert_eq!(told(world.may_act(erik, clara).await), denied(Reason::NoPower));
}

pub(crate) async fn r42_who_answered_for_a_child_is_known_for_as_long_as_that_is_kept(world: &World) {
    let Family { clara, dorte, erik } = family(world).await;
    world.import("C15").await;
    let request = world.ask(clara, "C15").await;
    for parent in [dorte, erik] {
        says(world, &acting(parent, clara), request, true).await.unwrap();
    }
    let mut tx = world.store.read().await.unwrap();
    assert_eq!(tx.children_of(erik).await.unwrap(), [clara]);
    drop(tx);
    custody(world, clara, &[(dorte, true)]).await;
    let mut tx = world.store.read().await.unwrap();
    assert!(tx.children_of(erik).await.unwrap().is_empty());
    assert_eq!(tx.custodies_about(erik).await.unwrap().len(), 2, "both statements name him");
}
