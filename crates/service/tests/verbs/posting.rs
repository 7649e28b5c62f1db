//! What is told is handed over, without saying more than an envelope may, and goes with what it tells of.

use crate::{
    erasing::officer,
    noticing::{job, tell, told_to},
    requesting::bo_asks,
};
use std::sync::Mutex;
use tillid_domain::{
    CalendarPeriod, actor::Sensitivity, erasure::ErasureGround, id::PersonId, notice::PostalChannel,
};
use tillid_service::{
    Addressed, Delivered, NewErasure, NewPresentation, NotHandedOver, PersonRef, Postal, Posted, SandboxPost,
};
use tillid_testkit::{
    World,
    catalogue::consent_type,
    people::{OWN, acting, caseworker, citizen},
};

/// A connector that fails as often as it is told to, and keeps what it was handed.
#[derive(Default)]
struct Connector {
    failures: Mutex<u32>,
    handed: Mutex<Vec<(String, PostalChannel, String)>>,
}

impl Postal for Connector {
    fn take<'a>(
        &'a self,
        message: &'a Addressed,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), NotHandedOver>> + Send + 'a>> {
        let number = message.number.as_ref().map(|number| number.reveal().to_owned()).unwrap_or_default();
        self.handed.lock().unwrap().push((message.notice.id.to_string(), message.channel, number));
        let mut failures = self.failures.lock().unwrap();
        let fails = *failures > 0;
        *failures = failures.saturating_sub(1);
        let outcome = if fails { Err(std::io::Error::other("the disk is full").into()) } else { Ok(()) };
        Box::pin(std::future::ready(outcome))
    }
}

async fn waits_for(world: &World, person: PersonId) -> Vec<Posted> {
    told_to(world, person).await.iter().map(|notice| notice.posted).collect()
}

pub(crate) async fn r21_a_message_is_tried_again_further_and_further_apart_with_the_same_id(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    world.ask(anna, "C15").await;
    tell(world).await;
    let connector = Connector { failures: Mutex::new(3), ..Connector::default() };
    let failed = Delivered { failed: 1, ..Delivered::default() };
    for wait in [30, 60, 120] {
        assert_eq!(world.service.deliver_notices(&connector).await.unwrap(), failed);
        world.ambient.set(world.now().plus_seconds(wait - 1));
        assert_eq!(
            world.service.deliver_notices(&connector).await.unwrap(),
            Delivered::default(),
            "too soon"
        );
        world.ambient.set(world.now().plus_seconds(1));
    }
    let numbers = world.service.notice_numbers().await.unwrap();
    assert_eq!((numbers.waiting, numbers.failing), (1, 1));
    let done = world.service.deliver_notices(&connector).await.unwrap();
    assert_eq!(done, Delivered { delivered: 1, ..Delivered::default() });
    assert_eq!(
        world.service.deliver_notices(&connector).await.unwrap(),
        Delivered::default(),
        "once is enough"
    );
    let handed = connector.handed.into_inner().unwrap();
    assert_eq!(handed.len(), 4);
    assert!(handed.iter().all(|(id, ..)| *id == handed[0].0), "the same message: {handed:?}");
    assert!(
        handed
            .iter()
            .all(|(_, channel, number)| *channel == PostalChannel::DigitalPost && number == "7405433008")
    );
    assert_eq!(world.service.notice_numbers().await.unwrap().waiting, 0);
}

pub(crate) async fn a_message_that_is_too_late_or_to_the_dead_is_not_sent(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    world.import("C15").await;
    world.ask(anna, "C15").await;
    world.ask(bo, "C15").await;
    tell(world).await;
    world.service.register_death(anna, world.now().local_date()).await.unwrap();
    let connector = Connector { failures: Mutex::new(1), ..Connector::default() };
    let done = world.service.deliver_notices(&connector).await.unwrap();
    assert_eq!(done, Delivered { failed: 1, dropped: 1, delivered: 0 });
    world.pass(CalendarPeriod::days(15));
    let done = world.service.deliver_notices(&connector).await.unwrap();
    assert_eq!(done, Delivered { dropped: 1, ..Delivered::default() });
    for person in [anna, bo] {
        assert!(matches!(waits_for(world, person).await[..], [Posted::Dropped { .. }]));
    }
}

pub(crate) async fn nodes_that_hand_over_at_once_hand_over_each_once(world: &World) {
    let anna = world.anna().await;
    world.import("C15").await;
    for _ in 0..10 {
        world.ask(anna, "C15").await;
    }
    tell(world).await;
    let connector = std::sync::Arc::new(Connector::default());
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (node, connector) = (world.service.clone(), connector.clone());
        nodes.spawn(async move { node.deliver_notices(&*connector).await });
    }
    while nodes.join_next().await.is_some() {}
    // What a node gave up because the database was busy is another's, later.
    world.ambient.set(world.now().plus_seconds(30));
    world.service.deliver_notices(&*connector).await.unwrap();
    let mut handed: Vec<String> =
        connector.handed.lock().unwrap().iter().map(|(id, ..)| id.clone()).collect();
    handed.sort_unstable();
    let all = handed.len();
    handed.dedup();
    assert_eq!((handed.len(), all), (10, 10));
}

pub(crate) async fn r40_whoever_is_exempt_or_a_child_gets_letters(world: &World) {
    let (anna, bo) = (world.anna().await, world.bo().await);
    // Born on 2 March 2012: a child until the second day of this test.
    let born = "2011-03-03".parse().unwrap();
    let clara = world
        .service
        .register_person(&tillid_service::NewPerson { born: Some(born), ..Default::default() })
        .await
        .unwrap();
    world.import("C15").await;
    let today = world.now().local_date();
    assert!(world.service.register_post(anna, true, today.next()).await.is_err(), "not ahead");
    world.service.register_post(anna, true, today).await.unwrap();
    world.service.register_post(anna, true, today).await.unwrap();
    let channel = async |person| {
        let mut tx = world.store.read().await.unwrap();
        PostalChannel::to(&tx.person(person).await.unwrap().unwrap(), world.now().local_date())
    };
    assert_eq!(channel(anna).await, PostalChannel::Letter);
    assert_eq!(channel(bo).await, PostalChannel::DigitalPost);
    assert_eq!(channel(clara).await, PostalChannel::Letter, "14 years old");
    world.ask(anna, "C15").await;
    tell(world).await;
    world.service.deliver_notices(&SandboxPost).await.unwrap();
    let posted = waits_for(world, anna).await;
    assert!(matches!(posted[..], [Posted::Delivered { channel: PostalChannel::Letter, .. }]), "{posted:?}");
    world.pass(CalendarPeriod::days(1));
    assert_eq!(channel(clara).await, PostalChannel::DigitalPost, "15 years old");
    world.service.register_post(anna, false, world.now().local_date()).await.unwrap();
    assert_eq!(channel(anna).await, PostalChannel::DigitalPost);
    let mut tx = world.store.read().await.unwrap();
    let revision = tx.person(anna).await.unwrap().unwrap().revision;
    assert_eq!(revision, 4, "what was known already is no event");
}

pub(crate) async fn no_message_says_what_it_is_about(world: &World) {
    let (anna, bo) = (world.person("Karoline", "7405433008").await, world.bo().await);
    let codes: Vec<String> = (1..=16).map(|n| format!("C{n:02}")).collect();
    let mut secrets = vec!["Karoline".to_owned(), "7405433008".to_owned(), "27.36.04-G01-12-26".to_owned()];
    let mut special = 0;
    for code in &codes {
        let of = consent_type(code);
        special += u32::from(of.sensitivity == Sensitivity::Special);
        secrets.extend([of.title.da.to_string(), of.title.en.to_string(), of.purpose.da.to_string()]);
        for item in &of.items {
            let named = item.data.iter().map(|d| &d.name).chain(item.recipients.iter().map(|r| &r.name));
            secrets.extend(named.flat_map(|name| [name.da.to_string(), name.en.to_string()]));
            secrets.extend([item.statement.da.to_string(), item.code.to_string()]);
        }
        world.import(code).await;
    }
    assert!(special >= 3, "the catalogue has special categories: {special}");
    for code in ["M14", "M18"] {
        world.import(code).await;
    }
    tell(world).await;
    world.give(anna, bo, &["M14", "M18"]).await;
    bo_asks(world, anna, bo).await;
    let mut answers = 0;
    for code in &codes {
        let asked = world.service.ask_for_consent(&caseworker(OWN), &World::question(anna, code)).await;
        // What another authority's staff ask is told in the same words.
        let Ok(asked) = asked else { continue };
        // Where a representative may not, she answers herself.
        for call in [acting(bo, anna), citizen(anna)] {
            let request = asked.value.id;
            if let Ok(shown) = world.try_show(&call, NewPresentation::Request(request)).await {
                let yes = world.all(true, shown).await;
                let answered = world.service.answer_request(&call, request, shown, &yes).await;
                answers += u32::from(answered.is_ok());
                break;
            }
        }
    }
    assert!(answers >= 8, "{answers}");
    tell(world).await;
    for months in [1, 3, 3, 5, 12, 24, 60] {
        world.pass(CalendarPeriod::months(months));
        job(&world.service).await;
    }
    let (hers, his) = (told_to(world, anna).await, told_to(world, bo).await);
    assert!(hers.len() >= 10 && his.len() >= 2, "{} and {}", hers.len(), his.len());
    // The sender's own name may hold a word of a type's.
    for notice in hers.iter().chain(&his) {
        for text in [&notice.message.label, &notice.message.body] {
            let all = [&text.da, &text.en].map(|t| t.replace("Eksempel", "")).join("\n");
            for secret in secrets.iter().filter(|secret| secret.chars().count() > 4) {
                assert!(!all.contains(secret.as_str()), "{}: {secret:?} in {all}", notice.kind.code());
            }
        }
    }
    let mut administrator = world.database.administrator().await;
    let rows = administrator.column("SELECT sender || kind || message FROM notice").await;
    assert!(
        !rows.is_empty() && !rows.iter().any(|row| row.contains("7405433008") || row.contains("Karoline"))
    );
}

pub(crate) async fn r42_notices_go_with_what_they_tell_of(world: &World) {
    let bo = world.bo().await;
    let finn = world.person("Finn", "6101710025").await;
    world.import("C15").await;
    world.import("M14").await;
    tell(world).await;
    world.consent(finn, "C15").await;
    world.give(bo, finn, &["M14"]).await;
    bo_asks(world, finn, bo).await;
    tell(world).await;
    world.pass(CalendarPeriod::months(108));
    tell(world).await;
    let (his, bos) = (told_to(world, finn).await.len(), told_to(world, bo).await.len());
    assert!(his >= 4 && bos >= 3, "{his} and {bos}");
    let erasure =
        NewErasure { person: PersonRef::Id(finn), ground: ErasureGround::RetentionOver, case: None };
    let done = world.service.erase(&officer(OWN), &erasure).await.unwrap().value;
    assert!(done.person, "{done:?}");
    let mut administrator = world.database.administrator().await;
    let left = administrator.count("SELECT COUNT(*) FROM notice").await;
    assert_eq!(left, 0, "also what Bo was told of the two of them");
    tell(world).await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM notice").await, 0, "and none is made anew");
}
