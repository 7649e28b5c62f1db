//! Browser sessions, and the sandbox's clock.

use crate::make::{at, id, login};
use tillid_domain::{Digest, id::SessionId};
use tillid_storage::{Session, Store, StoreError};
use tillid_testkit::Fresh;

fn session(secret: &str, user: &str, sid: Option<&str>) -> Session {
    Session {
        id: SessionId::from_uuid(id()),
        secret_hash: Digest::of(secret.as_bytes()),
        issuer: login("https://login.example"),
        login: login(user),
        sid: sid.map(login),
        principal: "{\"name\":\"Åse 🦉\"}".to_owned(),
        created_at: at(0),
        idle_until: at(100),
        ends_at: at(1_000),
    }
}

async fn begin(store: &Store, session: &Session) -> Result<(), StoreError> {
    let mut tx = store.upkeep().await?;
    tx.begin_session(session).await?;
    tx.finish().await
}

async fn found(store: &Store, secret: &str, seconds: i64) -> Option<Session> {
    let hash = Digest::of(secret.as_bytes());
    store.read().await.unwrap().session(hash, at(seconds)).await.unwrap()
}

pub(crate) async fn a_session_is_found_by_its_secret_until_it_ends(fresh: &Fresh) {
    let one = session("s", "anna", Some("p1"));
    begin(&fresh.store, &one).await.unwrap();
    assert_eq!(found(&fresh.store, "s", 99).await, Some(one.clone()));
    assert_eq!(found(&fresh.store, "s", 100).await, None, "it idled out");
    assert_eq!(found(&fresh.store, "t", 1).await, None);
    let mut tx = fresh.store.upkeep().await.unwrap();
    tx.keep_session(one.id, at(5_000)).await.unwrap();
    tx.finish().await.unwrap();
    assert!(found(&fresh.store, "s", 999).await.is_some());
    assert_eq!(found(&fresh.store, "s", 1_000).await, None, "however busy");
    let mut tx = fresh.store.upkeep().await.unwrap();
    tx.end_session(one.id).await.unwrap();
    tx.finish().await.unwrap();
    assert_eq!(found(&fresh.store, "s", 1).await, None);
}

pub(crate) async fn a_secret_opens_one_session(fresh: &Fresh) {
    begin(&fresh.store, &session("s", "anna", None)).await.unwrap();
    let refused = begin(&fresh.store, &session("s", "bo", None)).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
}

pub(crate) async fn a_provider_ends_one_session_or_all_of_a_user(fresh: &Fresh) {
    for (secret, user, sid) in [
        ("a1", "anna", Some("p1")),
        ("a2", "anna", Some("p2")),
        ("a3", "anna", None),
        ("b", "bo", Some("p1")),
    ] {
        begin(&fresh.store, &session(secret, user, sid)).await.unwrap();
    }
    let end = async |issuer: &str, user: &str, sid: Option<&str>| {
        let mut tx = fresh.store.upkeep().await.unwrap();
        let sid = sid.map(login);
        let ended = tx.end_sessions_of(&login(issuer), &login(user), sid.as_ref()).await.unwrap();
        tx.finish().await.unwrap();
        ended
    };
    assert_eq!(end("https://other.example", "anna", None).await, 0);
    assert_eq!(end("https://login.example", "anna", Some("p1")).await, 1);
    assert!(found(&fresh.store, "a1", 1).await.is_none() && found(&fresh.store, "a2", 1).await.is_some());
    assert_eq!(end("https://login.example", "anna", None).await, 2);
    assert!(found(&fresh.store, "b", 1).await.is_some());
}

pub(crate) async fn ended_sessions_are_purged(fresh: &Fresh) {
    begin(&fresh.store, &session("s", "anna", None)).await.unwrap();
    let mut administrator = fresh.database.administrator().await;
    for (seconds, left) in [(99, 1), (100, 0)] {
        let mut tx = fresh.store.upkeep().await.unwrap();
        tx.purge(at(seconds)).await.unwrap();
        tx.finish().await.unwrap();
        assert_eq!(administrator.count("SELECT COUNT(*) FROM session").await, left);
    }
}

pub(crate) async fn the_business_clock_is_turned_forward_only(fresh: &Fresh) {
    let offset = async || fresh.store.read().await.unwrap().business_offset().await.unwrap();
    assert_eq!(offset().await, 0);
    for (to, is) in [(50, 50), (20, 50), (50, 50), (i64::MAX, i64::MAX), (-1, i64::MAX)] {
        let mut tx = fresh.store.upkeep().await.unwrap();
        tx.turn_business_clock(to).await.unwrap();
        tx.finish().await.unwrap();
        assert_eq!(offset().await, is);
    }
}
