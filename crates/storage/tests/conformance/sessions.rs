//! Browser sessions, and the sandbox's clock.

use crate::make::{at, id, login};
use tillid_domain::{Digest, id::SessionId};
use tillid_storage::{Session, Store, StoreError, Whose};
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
    let end = async |issuer: &str, whose: Whose| {
        let mut tx = fresh.store.upkeep().await.unwrap();
        let ended = tx.end_sessions_of(&login(issuer), &whose).await.unwrap();
        tx.finish().await.unwrap();
        ended
    };
    let (ours, anna) = ("https://login.example", || login("anna"));
    assert_eq!(end("https://other.example", Whose::User(anna())).await, 0);
    assert_eq!(end(ours, Whose::SessionOf { login: login("bo"), sid: login("p2") }).await, 0);
    assert_eq!(end(ours, Whose::SessionOf { login: anna(), sid: login("p1") }).await, 1);
    assert!(found(&fresh.store, "a1", 1).await.is_none() && found(&fresh.store, "a2", 1).await.is_some());
    assert_eq!(end(ours, Whose::User(anna())).await, 2);
    assert!(found(&fresh.store, "b", 1).await.is_some());
    assert_eq!(end(ours, Whose::Session(login("p1"))).await, 1);
    assert!(found(&fresh.store, "b", 1).await.is_none());
}

pub(crate) async fn a_session_is_renewed_once_and_ends_whoever_renews_it(fresh: &Fresh) {
    let old = session("old", "anna", None);
    begin(&fresh.store, &old).await.unwrap();
    for (secret, expected) in [("new", true), ("late", false)] {
        let mut tx = fresh.store.upkeep().await.unwrap();
        let renewed = tx.renew_session(&old, &session(secret, "anna", Some("p1"))).await.unwrap();
        tx.finish().await.unwrap();
        assert_eq!(renewed, expected, "{secret}");
    }
    for (secret, there) in [("old", false), ("new", true), ("late", false)] {
        assert_eq!(found(&fresh.store, secret, 1).await.is_some(), there, "{secret}");
    }
    let renewed = found(&fresh.store, "new", 1).await.unwrap();
    assert_eq!((renewed.id, renewed.ends_at, renewed.sid), (old.id, old.ends_at, Some(login("p1"))));
    // Whoever had read it before it was renewed still ends it.
    let mut tx = fresh.store.upkeep().await.unwrap();
    tx.end_session(old.id).await.unwrap();
    tx.finish().await.unwrap();
    assert!(found(&fresh.store, "new", 1).await.is_none());
}

pub(crate) async fn a_login_that_began_is_taken_once_and_in_time(fresh: &Fresh) {
    let state = |text: &str| Digest::of(text.as_bytes());
    let mut tx = fresh.store.upkeep().await.unwrap();
    for text in ["s", "late"] {
        tx.begin_login(state(text), text, at(100)).await.unwrap();
    }
    tx.finish().await.unwrap();
    let take = async |text: &str, seconds| {
        let mut tx = fresh.store.upkeep().await.unwrap();
        let taken = tx.take_login(state(text), at(seconds)).await.unwrap();
        tx.finish().await.unwrap();
        taken
    };
    assert_eq!(take("other", 1).await, None);
    assert_eq!(take("s", 99).await.as_deref(), Some("s"));
    assert_eq!(take("s", 99).await, None);
    assert_eq!(take("late", 100).await, None);
    let mut tx = fresh.store.upkeep().await.unwrap();
    tx.purge(at(100)).await.unwrap();
    tx.finish().await.unwrap();
    let mut administrator = fresh.database.administrator().await;
    assert_eq!(administrator.count("SELECT COUNT(*) FROM login_attempt").await, 0);
}

pub(crate) async fn a_token_is_used_once(fresh: &Fresh) {
    let issuer = login("https://login.example");
    let mut tx = fresh.store.upkeep().await.unwrap();
    assert!(tx.use_token(&issuer, "a", at(100)).await.unwrap());
    assert!(!tx.use_token(&issuer, "a", at(100)).await.unwrap());
    assert!(tx.use_token(&login("https://other.example"), "a", at(100)).await.unwrap());
    tx.purge(at(100)).await.unwrap();
    assert!(tx.use_token(&issuer, "a", at(200)).await.unwrap());
    tx.finish().await.unwrap();
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
