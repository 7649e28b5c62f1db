//! Persons and their logins.

use crate::make::{at, commit, event, id, login, person, registration};
use tillid_domain::{
    Instant, LocalDate,
    event::Fact,
    id::PersonId,
    person::{Life, Person},
    text::{CaseRef, Code, Name, NotAText, Prose},
};
use tillid_storage::{Store, StoreError};
use tillid_testkit::Fresh;

async fn read(store: &Store, id: PersonId) -> Person {
    store.read().await.unwrap().person(id).await.unwrap().unwrap()
}

async fn bind(store: &Store, of: PersonId, name: &str) -> Result<(), StoreError> {
    let (next, fact) = read(store, of).await.bind(login("https://login.example"), login(name));
    commit(store, vec![event(&next, at(10), fact)]).await.map(|_| ())
}

pub(crate) async fn a_person_reads_back_as_the_register_told(fresh: &Fresh) {
    let mut told = registration(Some("Åse Ærø Østergård"), None, at(7));
    let born: LocalDate = "1943-05-14".parse().unwrap();
    let name: Name = "Åse Ærø Østergård".parse().unwrap();
    told.fact = Fact::PersonRegistered { name: Some(name.clone()), born: Some(born), number: None };
    let id = PersonId::from_uuid(told.aggregate);
    commit(&fresh.store, vec![told]).await.unwrap();
    let found = read(&fresh.store, id).await;
    assert_eq!((found.name, found.born, found.life), (Some(name), Some(born), Life::Alive));
    assert_eq!((found.revision, found.registered_at), (1, at(7)));
    assert!(
        fresh.store.read().await.unwrap().person(PersonId::from_uuid(self::id())).await.unwrap().is_none()
    );
}

pub(crate) async fn a_death_reads_back(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let on: LocalDate = "2026-02-28".parse().unwrap();
    let (dead, fact) = read(&fresh.store, anna).await.die(on, at(20)).unwrap();
    commit(&fresh.store, vec![event(&dead, at(20), fact)]).await.unwrap();
    assert_eq!(read(&fresh.store, anna).await, dead);
    assert_eq!(dead.life, Life::Died { on, known_at: at(20) });
}

pub(crate) async fn a_login_belongs_to_one_person(fresh: &Fresh) {
    let (anna, bo) = (person(&fresh.store).await, person(&fresh.store).await);
    bind(&fresh.store, anna, "anna").await.unwrap();
    bind(&fresh.store, anna, "Anna").await.unwrap();
    let refused = bind(&fresh.store, bo, "anna").await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    let mut tx = fresh.store.read().await.unwrap();
    let issuer = login("https://login.example");
    assert_eq!(tx.person_by_login(&issuer, &login("anna")).await.unwrap(), Some(anna));
    assert_eq!(tx.person_by_login(&issuer, &login("Anna")).await.unwrap(), Some(anna));
    assert_eq!(tx.person_by_login(&issuer, &login("ANNA")).await.unwrap(), None, "letters are as written");
    assert_eq!(tx.person_by_login(&login("other"), &login("anna")).await.unwrap(), None);
    assert_eq!(tx.person(anna).await.unwrap().unwrap().logins.len(), 2);
}

pub(crate) async fn names_in_every_script_read_back_and_nul_never_gets_in(fresh: &Fresh) {
    let long = "\u{1F469}\u{1F3FD}\u{1F52C}".repeat(46);
    for text in [
        "Æ",
        "Zoë",
        "Zoe\u{308}",
        "李小龙",
        "\u{627}\u{644}\u{633}",
        "O'Brien \"x\" \\ %_;--",
        "\u{10FFFD}",
        &long,
    ] {
        let event = registration(Some(text), None, at(0));
        let id = PersonId::from_uuid(event.aggregate);
        commit(&fresh.store, vec![event]).await.unwrap();
        assert_eq!(read(&fresh.store, id).await.name.unwrap().as_str(), text);
    }
    for text in ["\0", "a\0b", "a\0"] {
        assert_eq!(text.parse::<Name>(), Err(NotAText::Control));
        assert_eq!(text.parse::<Prose>(), Err(NotAText::Control));
        assert!(text.parse::<CaseRef>().is_err() && text.parse::<Code>().is_err());
        assert!(serde_json::from_value::<Name>(serde_json::Value::String(text.to_owned())).is_err());
    }
}

pub(crate) async fn times_at_the_limits_read_back(fresh: &Fresh) {
    for moment in [Instant::MIN, Instant::from_micros(-1), Instant::from_micros(0), Instant::MAX] {
        let event = registration(None, None, moment);
        let id = PersonId::from_uuid(event.aggregate);
        commit(&fresh.store, vec![event]).await.unwrap();
        assert_eq!(read(&fresh.store, id).await.registered_at, moment);
        let mut tx = fresh.store.read().await.unwrap();
        assert_eq!(tx.version_at(id, moment).await.unwrap(), 1);
        assert_eq!(tx.version_at(id, Instant::MAX).await.unwrap(), 1);
    }
    for day in ["0001-01-01", "9999-12-31"] {
        let mut event = registration(None, None, at(0));
        let day: LocalDate = day.parse().unwrap();
        event.fact = Fact::PersonRegistered { name: None, born: Some(day), number: None };
        let id = PersonId::from_uuid(event.aggregate);
        commit(&fresh.store, vec![event]).await.unwrap();
        assert_eq!(read(&fresh.store, id).await.born, Some(day));
    }
}
