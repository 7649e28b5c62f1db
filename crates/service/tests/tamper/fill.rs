//! One of everything, made by the verbs where there is one.

use tillid_domain::{
    CalendarPeriod, Language,
    access::{AccessRecord, Act, Outcome, Visibility},
    actor::{ActorTrace, Purpose, Role, Scope},
    catalogue::{Definition, Shelf},
    client::{Binding, KeySet, Keys, Quota, Registration, Scopes},
    collected::{AnnulmentGround, Assistance, Collected},
    erasure::ErasureGround,
    event::{Event, Fact, Kind},
    family::Holder,
    id::{AccessId, BatchId, EmployeeId, EventId, PersonId},
    joint::ExceptionGround,
    presentation::Means,
    source::Source,
    statutory::{Area, Form},
    task::TaskOutcome,
    terms::Proposal,
    text::Login,
};
use tillid_log::Note;
use tillid_service::{
    Call, NewCharge, NewClient, NewCustody, NewEmployee, NewErasure, NewException, NewLookup, NewMandate,
    NewMandateRequest, NewPerson, NewPresentation, NewRequest, NewStatutory, Other, PersonRef, Together,
    WitnessAnswer,
};
use tillid_storage::{Looks, Session};
use tillid_testkit::{
    World,
    catalogue::{consent_type, defined},
    log_witness,
    people::{OTHER, OWN, acting, administrator, at_work, caseworker, citizen, employee, keyed, staff},
};

pub(crate) async fn everything(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    let gitte = world.person("Gitte", "6101710025").await;
    for code in ["C15", "C01", "M14", "M18"] {
        world.import(code).await;
    }
    gone(world, anna, bo).await;
    organisations(world).await;
    // A request in each state, a consent in each state.
    let given = world.consent(anna, "C15").await;
    tick(world);
    world.service.withdraw_consent(&citizen(anna), given[0].consent.id).await.unwrap();
    let refused = world.ask(anna, "C01").await;
    let shown = world.show(&citizen(anna), refused).await;
    let no = world.all(false, shown).await;
    world.service.answer_request(&citizen(anna), refused, shown, &no).await.unwrap();
    let cancelled = world.ask(anna, "C15").await;
    world.service.cancel_request(&caseworker(OWN), cancelled).await.unwrap();
    // Asked for and given within less than the type.
    let proposal = Proposal { once: Some(true), ..Proposal::default() };
    let narrow = NewRequest { proposal: proposal.clone(), ..World::question(anna, "C15") };
    world.service.ask_for_consent(&caseworker(OWN), &narrow).await.unwrap();
    let unasked = NewPresentation::Consent {
        consent_type: "C15".parse().unwrap(),
        items: Vec::new(),
        case: None,
        proposal,
    };
    let shown = world.try_show(&citizen(bo), unasked).await.unwrap();
    let yes = world.all(true, shown).await;
    world.service.give_consents(&citizen(bo), shown, &yes).await.unwrap();
    // A mandate in each state, with and without a case.
    world.give(anna, bo, &["M14"]).await;
    let mut in_a_case = world.mandate_to(bo, &["M18"]);
    in_a_case.case = Some("27.36.04-G01-12-26".parse().unwrap());
    let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(in_a_case)).await.unwrap();
    world.service.give_mandate(&citizen(anna), shown).await.unwrap();
    let revoked = world.give(anna, bo, &["M14"]).await;
    let renounced = world.give(anna, bo, &["M14"]).await;
    tick(world);
    world.service.revoke_mandate(&citizen(anna), revoked.id).await.unwrap();
    world.service.renounce_mandate(&citizen(bo), renounced.id).await.unwrap();
    passed_on(world, anna, bo).await;
    together(world, anna, bo).await;
    asked_for_mandates(world, anna, bo, gitte).await;
    collected(world, anna).await;
    world.service.register_post(bo, true, world.now().local_date()).await.unwrap();
    // A death, and what ends with it.
    world.give(gitte, bo, &["M14"]).await;
    world.give(bo, gitte, &["M14"]).await;
    world.one_consent(gitte, "C15").await;
    world.ask(gitte, "C15").await;
    tick(world);
    world.service.register_death(gitte, world.now().local_date()).await.unwrap();
    // Two who are one with others, of whom one was only asked about.
    let (jytte, once) =
        (world.person("Jytte", "6101710058").await, world.person("Jytta", "6101710066").await);
    world.one_consent(once, "C15").await;
    world.give(once, bo, &["M14"]).await;
    tick(world);
    world.service.register_merge(jytte, once).await.unwrap();
    let number = "6101710074".parse().unwrap();
    world.service.person_of_number(&number).await.unwrap();
    world.service.register_number(jytte, &number).await.unwrap();
    world.service.register_birthday(jytte, "1961-01-11".parse().unwrap()).await.unwrap();
    // A version that is retired, and a draft.
    let mut newer = consent_type("C15");
    newer.duration.default = CalendarPeriod::months(1);
    world.service.import_entry(Definition::ConsentType(Box::new(newer))).await.unwrap();
    let draft = keyed(administrator(OWN, 1), "1", "a");
    world.service.draft_entry(&draft, defined("C13")).await.unwrap();
    let (ole, code) = (administrator(OWN, 2), "C13".parse().unwrap());
    world.service.publish_entry(&ole, Shelf::ConsentType, &code, 1).await.unwrap();
    world.service.draft_entry(&administrator(OWN, 1), defined("C06")).await.unwrap();
    // One that a colleague looks at, and one that was given up.
    for code in ["C05", "C07"] {
        world.service.draft_entry(&administrator(OWN, 1), defined(code)).await.unwrap();
        let mut changed = consent_type(code);
        changed.min_age = 18;
        let changed = Definition::ConsentType(Box::new(changed));
        world.service.change_entry(&ole, 1, changed).await.unwrap();
    }
    let (c05, c07) = ("C05".parse().unwrap(), "C07".parse().unwrap());
    world.service.submit_entry(&ole, Shelf::ConsentType, &c05, 1).await.unwrap();
    world.service.discard_entry(&ole, Shelf::ConsentType, &c07, 1).await.unwrap();
    // Looks that found something, nothing, and were refused.
    for (authority, purpose) in
        [(OWN, Purpose::CaseProcessing), (OTHER, Purpose::ConsentFollowUp), (OWN, Purpose::Supervision)]
    {
        let case = purpose.needs_case().then(|| "27.36.04-G01-12-26".parse().unwrap());
        let new = NewLookup { person: PersonRef::Id(anna), purpose, case };
        let found = world.service.look_up(&caseworker(authority), &new).await;
        if let Ok(found) = found {
            let reader = tillid_testkit::people::under(caseworker(authority), found.record.id);
            world.service.list_consents(&reader, None, 10).await.unwrap();
        }
    }
    world.service.overview(&acting(bo, anna)).await.unwrap();
    family(world, anna, bo).await;
    let finn = world.person("Finn", "6507640016").await;
    by_law(world, finn, anna, bo).await;
    held(world, anna, bo).await;
    withdrawn(world).await;
    crate::external::everything(world).await;
    clients(world).await;
    operational(world).await;
}

/// A registration in each way, one of them annulled, one withdrawn by staff; evidence; a task that is open and one that is closed.
async fn collected(world: &World, anna: PersonId) {
    let prose = |text: &str| text.parse::<tillid_domain::text::Prose>().unwrap();
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let new = NewLookup { person: PersonRef::Id(anna), purpose: Purpose::CaseProcessing, case: case.clone() };
    let lookup = world.service.look_up(&caseworker(OWN), &new).await.unwrap().record.id;
    let hans = tillid_testkit::people::under(caseworker(OWN), lookup);
    let document = world.service.keep_document(&hans, b"%PDF-1.7 a form").await.unwrap().value.id;
    let at = world.now();
    let ways = [
        (Means::Told, Collected::Oral { said_at: at, note: prose("Ja"), why: prose("Telefon") }),
        (Means::Paper, Collected::Paper { signed_on: at.local_date(), document }),
        (
            Means::Elsewhere,
            Collected::Imported {
                source: "Arkiv".parse().unwrap(),
                reference: "1".parse().unwrap(),
                given_at: at,
                document: Some(document),
            },
        ),
    ];
    for (means, way) in ways {
        tick(world);
        let consent_type = "C01".parse().unwrap();
        let about = NewPresentation::Consent {
            consent_type,
            items: Vec::new(),
            case: case.clone(),
            proposal: tillid_domain::terms::Proposal::default(),
        };
        let shown = world.service.present_for(&hans, &about, means, Language::Da).await.unwrap().value;
        let shown = shown.presentation.id;
        let yes = world.all(true, shown).await;
        let signed_today = matches!(way, Collected::Paper { .. });
        let given = world.service.register_consents(&hans, shown, &yes, &way).await.unwrap().value;
        tick(world);
        if signed_today {
            let wrong = AnnulmentGround::RegisteredTwice;
            world.service.annul_consent(&hans, given[0].consent.id, wrong, &prose("Igen")).await.unwrap();
        } else {
            let word = Assistance::Oral { note: prose("Stop") };
            world.service.withdraw_consent_for(&hans, given[0].consent.id, &word).await.unwrap();
        }
    }
    let tasks = world.service.list_tasks(&caseworker(OWN), None, 10).await.unwrap().0.items;
    let (task, note) = (tasks[0].task.id, prose("Journalen"));
    world.service.close_task(&caseworker(OWN), task, TaskOutcome::OtherBasis, Some(&note)).await.unwrap();
}

/// A child whose parents have answered together, are waited for, and one of whom has custody no longer.
async fn family(world: &World, mother: PersonId, father: PersonId) {
    let year = world.service.business_now().await.unwrap().local_date().year();
    let child = NewPerson { born: format!("{}-01-01", year - 6).parse().ok(), ..NewPerson::default() };
    let child = world.service.register_person(&child).await.unwrap();
    let both =
        vec![Holder { person: mother, lives_with: true }, Holder { person: father, lives_with: false }];
    for holders in [both.clone(), vec![Holder { person: mother, lives_with: true }], both] {
        let new = NewCustody { child, holders, from: None, source: Source::Register {} };
        world.service.state_custody(&new).await.unwrap();
        tick(world);
    }
    for_child(world, child, [mother, father]).await;
    for voices in [&[mother, father][..], &[mother]] {
        let request = world.ask(child, "C01").await;
        for voice in voices {
            let call = acting(*voice, child);
            let shown = world.show(&call, request).await;
            let yes = world.all(true, shown).await;
            world.service.answer_request(&call, request, shown, &yes).await.unwrap();
        }
    }
    let excepted = world.ask(child, "C01").await;
    let new = NewException {
        holder: father,
        ground: ExceptionGround::Impossible,
        case: "27.36.04-G01-12-26".parse().unwrap(),
    };
    world.service.except_holder(&caseworker(OWN), excepted, &new).await.unwrap();
}

/// What both parents signed for the child, and what waits for one of them.
async fn for_child(world: &World, child: PersonId, [mother, father]: [PersonId; 2]) {
    world.import("M16").await;
    let foster = world.person("Karl", "6801152346").await;
    for signs in [true, false] {
        let call = acting(mother, child);
        let new = NewPresentation::Mandate(world.mandate_to(foster, &["M16"]));
        let shown = world.try_show(&call, new).await.unwrap();
        let given = world.service.give_mandate(&call, shown).await.unwrap().value;
        tick(world);
        if signs {
            let call = acting(father, child);
            let shown = world.try_show(&call, NewPresentation::Signature(given.id)).await.unwrap();
            world.service.sign_mandate(&call, given.id, shown).await.unwrap();
        }
    }
}

/// A guardianship that changed and ended, and a lasting power, dormant and then in force.
async fn by_law(world: &World, ward: PersonId, guardian: PersonId, other: PersonId) {
    let charge = |form, holder: PersonId, until: Option<&str>| NewCharge {
        form,
        areas: Area::ALL.into(),
        holders: vec![PersonRef::Id(holder)],
        from: None,
        until: until.map(|day| day.parse().unwrap()),
    };
    let source = Source::Decision { case: "27.36.04-G01-12-26".parse().unwrap(), document: None };
    let new = NewStatutory::Guardianship(charge(Form::Guardianship, guardian, None));
    let id = world.service.tell_statutory(ward, &new, &source).await.unwrap();
    tick(world);
    let changed = charge(Form::CoGuardianship, other, Some("2099-01-01"));
    world.service.tell_change(id, &changed, &Source::Register {}).await.unwrap();
    tick(world);
    let attorneys = vec![PersonRef::Id(guardian), PersonRef::Id(other)];
    let lasting = NewStatutory::LastingPower { attorneys, areas: Area::ALL.into() };
    let id = world.service.tell_statutory(ward, &lasting, &source).await.unwrap();
    tick(world);
    world.service.tell_change(id, &charge(Form::LastingPower, guardian, None), &source).await.unwrap();
    tick(world);
    world.service.tell_end(id, None, &source).await.unwrap();
}

/// Two packages that their authority withdraws, from different days on.
async fn withdrawn(world: &World) {
    for (code, days) in [("M13", 10), ("M14", 20)] {
        tick(world);
        let from = world.now().local_date().plus(CalendarPeriod::days(days));
        let why = format!("{code} er erstattet.").parse().unwrap();
        let ole = administrator(OWN, 2);
        world.service.withdraw_entry(&ole, &code.parse().unwrap(), 1, from, why).await.unwrap();
    }
}

/// A request for a mandate in each state, by a citizen and by an authority; the open one of Gitte's lapses with her.
async fn asked_for_mandates(world: &World, anna: PersonId, bo: PersonId, gitte: PersonId) {
    let wish = |grantor, name: Option<&str>| NewMandateRequest {
        grantor: PersonRef::Id(grantor),
        grantor_name: name.map(|name| name.parse().unwrap()),
        representative: None,
        packages: vec!["M14".parse().unwrap()],
        privileges: Vec::new(),
        case: None,
        valid_until: None,
        deadline: None,
    };
    let ask =
        async |call: Call, new| world.service.ask_for_mandate(&call, &new).await.unwrap().value.request.id;
    ask(citizen(bo), wish(anna, Some("Mor"))).await;
    ask(citizen(anna), wish(bo, None)).await;
    let case = Some("27.36.04-G01-12-26".parse().unwrap());
    let for_bo = NewMandateRequest { representative: Some(PersonRef::Id(bo)), case, ..wish(anna, None) };
    ask(caseworker(OWN), for_bo).await;
    for _ in 0..2 {
        let approved = ask(citizen(bo), wish(anna, Some("Anna"))).await;
        let shown = world.try_show(&citizen(anna), NewPresentation::MandateRequest(approved)).await.unwrap();
        world.service.approve_mandate_request(&citizen(anna), approved, shown).await.unwrap();
    }
    let declined = ask(citizen(bo), wish(anna, None)).await;
    tick(world);
    world.service.decline_mandate_request(&citizen(anna), declined).await.unwrap();
    ask(citizen(bo), wish(gitte, None)).await;
    ask(citizen(gitte), wish(bo, None)).await;
}

/// Part of a mandate that was passed on, by each of two.
async fn passed_on(world: &World, anna: PersonId, bo: PersonId) {
    world.import("M13").await;
    let dorte = world.person("Dorte", "6304115007").await;
    for (grantor, holder) in [(anna, bo), (bo, anna)] {
        let held = world.give(grantor, holder, &["M13"]).await;
        let part = NewMandate { under: Some(held.id), ..world.mandate_to(dorte, &["M13"]) };
        let shown = world.try_show(&citizen(holder), NewPresentation::Mandate(part)).await.unwrap();
        world.service.give_mandate(&citizen(holder), shown).await.unwrap();
    }
}

/// What two of three gave, and what three are to hold, with what one of them proposes.
async fn together(world: &World, anna: PersonId, bo: PersonId) {
    let (karoline, niels) =
        (world.person("Karoline", "6505670016").await, world.person("Niels", "6202701238").await);
    let with = |give, quorum, others: [PersonId; 2]| {
        let others = others.map(|id| Other { person: PersonRef::Id(id), name: None }).to_vec();
        let together = Some(Together { give, quorum, others });
        NewMandate { together, ..world.mandate_to(bo, &["M14"]) }
    };
    let give = async |new| {
        let shown = world.try_show(&citizen(anna), NewPresentation::Mandate(new)).await.unwrap();
        world.service.give_mandate(&citizen(anna), shown).await.unwrap().value
    };
    let given = give(with(true, 2, [karoline, niels])).await;
    let held = give(with(false, 3, [karoline, niels])).await;
    tick(world);
    let tied = world.store.read().await.unwrap().mandates_joined(given.joint.unwrap().id).await.unwrap();
    let theirs = tied.iter().find(|mandate| mandate.grantor == karoline).unwrap().id;
    let shown = world.try_show(&citizen(karoline), NewPresentation::Signature(theirs)).await.unwrap();
    world.service.sign_mandate(&citizen(karoline), theirs, shown).await.unwrap();
    let act = NewMandate { under: Some(held.id), ..world.mandate_to(bo, &["M14"]) };
    let shown = world.try_show(&citizen(bo), NewPresentation::Mandate(act)).await.unwrap();
    world.service.give_mandate(&citizen(bo), shown).await.unwrap();
}

/// Those who work for two organisations, and may act since different moments.
async fn organisations(world: &World) {
    for (n, cvr) in [(701_u128, "99482001"), (702, "99999918")] {
        let new = NewEmployee {
            cvr: cvr.parse().unwrap(),
            organisation: None,
            employee: EmployeeId::from_uuid(uuid::Uuid::from_u128(n)),
            name: Some("Pia Rask".parse().unwrap()),
        };
        let pia = world.service.employee_at_work(&new).await.unwrap().employee;
        let call = at_work(&world.service, pia, false, true).await;
        world.service.admit_employee(&call, pia).await.unwrap();
        tick(world);
    }
}

/// Somebody who was erased with everything of theirs, and of Anna, what was over.
async fn gone(world: &World, anna: PersonId, bo: PersonId) {
    let finn = world.person("Finn", "6101710033").await;
    for person in [anna, finn] {
        for consent in world.consent(person, "C15").await {
            world.service.withdraw_consent(&citizen(person), consent.consent.id).await.unwrap();
        }
    }
    world.give(finn, bo, &["M14"]).await;
    world.give(bo, finn, &["M14"]).await;
    let new = NewMandateRequest {
        grantor: PersonRef::Id(bo),
        grantor_name: Some("Bo".parse().unwrap()),
        representative: None,
        packages: vec!["M14".parse().unwrap()],
        privileges: Vec::new(),
        case: None,
        valid_until: None,
        deadline: None,
    };
    world.service.ask_for_mandate(&citizen(finn), &new).await.unwrap();
    world.service.overview(&acting(bo, finn)).await.unwrap();
    world.pass(CalendarPeriod::months(84));
    let officer = staff(employee(OWN, &[Role::DataProtectionOfficer], 300));
    for (person, goes) in [(finn, true), (anna, false)] {
        if !goes {
            world.ask(person, "C15").await;
        }
        let new =
            NewErasure { person: PersonRef::Id(person), ground: ErasureGround::RetentionOver, case: None };
        assert_eq!(world.service.erase(&officer, &new).await.unwrap().value.person, goes);
    }
}

/// A log with a complete tile, several signed trees, and one that the witness signed too.
pub(crate) async fn a_witnessed_log(world: &World) {
    world.service.sequence_all().await.unwrap();
    many_logins(world, bo_of(world).await, 256).await;
    tick(world);
    world.service.sequence_all().await.unwrap();
    cosigned(world).await;
}

/// As many events, in one commit.
pub(crate) async fn many_logins(world: &World, person: PersonId, count: u64) {
    let mut tx = world.store.write().await.unwrap();
    tx.lock(&[person]).await.unwrap();
    let before = tx.person(person).await.unwrap().unwrap().revision;
    let event = |n: u64| Event {
        id: EventId::from_uuid(world.ambient.id()),
        kind: Kind::Person,
        aggregate: person.as_uuid(),
        revision: before + n,
        at: world.now(),
        actor: ActorTrace::Service,
        subjects: vec![person],
        fact: Fact::LoginBound {
            issuer: login("https://other.example"),
            login: login(&format!("login-{n}")),
        },
    };
    tx.commit((1..=count).map(event).collect(), None).await.unwrap();
}

/// The witness signs the newest tree.
pub(crate) async fn cosigned(world: &World) -> Note {
    let line = world.service.log_policy().unwrap().witnesses()[0].clone();
    let task = world.service.witness_task(&line).await.unwrap().unwrap();
    let seconds = u64::try_from(world.now().as_micros() / 1_000_000).unwrap();
    let signature = log_witness().cosign_note(&task.request.checkpoint, seconds).unwrap();
    let answer = WitnessAnswer::Signed(signature.to_string());
    world.service.witness_answered(&line, &task, &answer).await.unwrap();
    world.service.log_checkpoint().await.unwrap()
}

/// Two events of one thing that the log does not have yet.
pub(crate) async fn something_that_waits(world: &World) {
    let request = world.ask(bo_of(world).await, "C15").await;
    tick(world);
    world.service.cancel_request(&caseworker(OWN), request).await.unwrap();
}

async fn bo_of(world: &World) -> PersonId {
    let mut tx = world.store.read().await.unwrap();
    tx.person_by_login(&login("https://login.example"), &login("bo")).await.unwrap().unwrap()
}

fn login(text: &str) -> Login {
    text.parse().unwrap()
}

/// So that an end is not in the same moment as its beginning.
pub(crate) fn tick(world: &World) {
    world.ambient.set(world.now().plus_seconds(60));
}

/// Records that the persons do not see yet; no verb holds one back so far.
async fn held(world: &World, anna: tillid_domain::id::PersonId, bo: tillid_domain::id::PersonId) {
    let id = || world.ambient.id();
    let record = |person, seconds| AccessRecord {
        id: AccessId::from_uuid(id()),
        at: world.now(),
        person,
        actor: ActorTrace::Service,
        act: Act::LookUp,
        target: None,
        purpose: Some(Purpose::Supervision),
        case: None,
        lookup: None,
        outcome: Outcome::Found,
        permits_until: None,
        visibility: Visibility::Held {
            reason: format!("Efterforskning {seconds}").parse().unwrap(),
            approved_by: EmployeeId::from_uuid(id()),
            until: world.now().plus_seconds(seconds),
        },
        decision: None,
    };
    let looks = Looks {
        batch: BatchId::from_uuid(id()),
        event: EventId::from_uuid(id()),
        at: world.now(),
        records: vec![record(anna, 100), record(bo, 200)],
        external: Vec::new(),
    };
    world.store.write().await.unwrap().commit(Vec::new(), Some(looks)).await.unwrap();
}

/// A client in each state, one of them after a change, with keys here and elsewhere.
async fn clients(world: &World) {
    let manager = staff(employee(OWN, &[Role::SystemAdministrator], 400));
    let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let here = Registration {
        name: "Fagsystem".parse().unwrap(),
        scopes: Scopes::new(Scope::ALL).unwrap(),
        purposes: [Purpose::AutomatedStep].into(),
        keys: Keys::Jwks(KeySet::parse(keys).unwrap()),
        binding: Binding::Dpop,
        quota: Quota::USUAL,
        resource: Some("https://fagsystem.example".parse().unwrap()),
    };
    let there = Registration {
        keys: Keys::JwksUri("https://fagsystem.example/jwks".parse().unwrap()),
        resource: None,
        ..here.clone()
    };
    for (name, stops, resumes) in [("one", false, false), ("two", true, false), ("three", true, true)] {
        let new = NewClient { client: Some(name.parse().unwrap()), registration: here.clone() };
        let client = world.service.register_client(&manager, &new).await.unwrap().value;
        tick(world);
        if stops {
            world.service.change_client(&manager, client.id, &there).await.unwrap();
            world.service.stop_client(&manager, client.id).await.unwrap();
        }
        if resumes {
            world.service.resume_client(&manager, client.id).await.unwrap();
        }
    }
}

async fn operational(world: &World) {
    let mut tx = world.store.upkeep().await.unwrap();
    tx.begin_session(&Session {
        id: tillid_domain::id::SessionId::from_uuid(world.ambient.id()),
        secret_hash: tillid_domain::Digest::of(b"secret"),
        issuer: login("https://login.example"),
        login: login("anna"),
        sid: None,
        principal: "{}".to_owned(),
        created_at: world.now(),
        idle_until: world.now().plus_seconds(60),
        ends_at: world.now().plus_seconds(60),
    })
    .await
    .unwrap();
    tx.begin_login(tillid_domain::Digest::of(b"state"), "{}", world.now().plus_seconds(60)).await.unwrap();
    tx.use_token(&login("https://login.example"), "jti", world.now().plus_seconds(60)).await.unwrap();
    tx.use_assertion(tillid_domain::Digest::of(b"jti"), world.now().plus_seconds(60)).await.unwrap();
    tx.turn_business_clock(1).await.unwrap();
    tx.finish().await.unwrap();
}
