//! Sessions: what their cookie is, that they end when they are ended, and that none ends another.

use crate::{
    provider::{Person, Tenant},
    scene::{LOGIN, SESSION, Scene},
    walker::{Page, Walker},
};
use std::collections::BTreeMap;
use tillid_testkit::Engine;

/// What a line of `Set-Cookie` says beside the value, in lower case.
fn flags(line: &str) -> BTreeMap<String, String> {
    line.split(';')
        .skip(1)
        .map(|part| part.trim().split_once('=').unwrap_or((part.trim(), "")))
        .map(|(key, value)| (key.to_ascii_lowercase(), value.to_ascii_lowercase()))
        .collect()
}

/// Every cookie that the browser was offered by the service is one that only this host can set and no script can read.
pub(crate) fn all_are_flagged(scene: &Scene, walker: &Walker) -> usize {
    let ours = walker.offered.iter().filter(|(url, _)| url.as_str().starts_with(&scene.served.base));
    let mut count = 0;
    for (url, line) in ours {
        let flags = flags(line);
        assert!(flags.contains_key("httponly"), "{}: {line}", url.path());
        assert_eq!(flags.get("samesite").map(String::as_str), Some("lax"), "{line}");
        assert_eq!(flags.get("path").map(String::as_str), Some("/"), "{line}");
        assert!(!flags.contains_key("domain"), "{line}");
        // What somebody's language is, is no secret.
        if !line.starts_with("tillid-language=") {
            assert!(line.starts_with("__Host-") && flags.contains_key("secure"), "{line}");
        }
        count += 1;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_is_sent_to_this_host_alone_and_to_no_script() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let (mut lengths, mut kept) = (Vec::new(), Vec::new());
    for person in [Person::anna(), Person::hans()] {
        let walker = scene.logged_in("mitid", person).await;
        assert!(all_are_flagged(&scene, &walker) >= 2);
        let offered = |name: &str| {
            let start = format!("{name}=");
            let lines = walker.offered.iter().map(|(_, line)| line);
            lines.filter(|line| line.starts_with(&start)).cloned().collect::<Vec<_>>()
        };
        let session = offered(SESSION);
        assert_eq!(session.len(), 1);
        assert!(!flags(&session[0]).contains_key("max-age"), "it ends with the browser: {}", session[0]);
        assert!(!flags(&session[0]).contains_key("expires"));
        lengths.push(walker.cookie(SESSION).expect("a session").len());
        let login = offered(LOGIN);
        assert!(
            login.iter().all(|line| flags(line)["max-age"].parse().is_ok_and(|age: u32| age <= 600)),
            "{login:?}"
        );
        kept.push(walker);
    }
    assert_eq!(lengths, [43, 43], "256 bits");
    scene.nothing_kept(&kept.iter().collect::<Vec<_>>(), &["6702451236", "6805791237"]).await;
}

/// Logs out as a person does; where that leads.
pub(crate) async fn log_out(scene: &Scene, walker: &mut Walker) -> Page {
    let page = walker.open(&scene.at("/")).await.expect(200);
    let form = page.form("/logout");
    walker.submit(&page, &form, &[]).await
}

async fn ends_at_once(engine: Engine) {
    let scene = Scene::new(
        engine,
        [
            ("mitid", Tenant::right()),
            ("silent", Tenant { offers_end_session: false, ..Tenant::right() }),
            ("userinfo", Tenant { tells_at_userinfo: true, ..Tenant::right() }),
        ],
    )
    .await;
    let mut first = scene.logged_in("mitid", Person::anna()).await;
    let mut second = scene.logged_in("mitid", Person::anna()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let mut thief = Walker::new();
    thief.plant(SESSION, first.cookie(SESSION).expect("a session"));
    assert!(
        scene.is_in(&mut thief).await,
        "the negative control: a stolen cookie opens a session that has not ended"
    );

    let page = log_out(&scene, &mut first).await;
    assert!(!scene.is_in(&mut thief).await, "a stolen cookie opens nothing once its owner has logged out");
    assert!(first.cookie(SESSION).is_none() && !scene.is_in(&mut first).await);
    for walker in [&mut second, &mut bo] {
        assert!(scene.is_in(walker).await, "another session went with it");
    }

    // The page leads on to the provider, which sends the browser back.
    assert_eq!(page.url.path(), "/logged-out", "{}", page.text());
    let on = page.link("/logout/mitid");
    let refresh = page.body.contains("http-equiv=\"refresh\"") || !page.header("refresh").is_empty();
    assert!(refresh, "nobody has to click: {}", page.body);
    let back = first.follow(&page, &on).await.expect(200);
    assert_eq!((back.url.path(), back.url.query()), ("/logged-out", None));
    let asked = scene.provider.seen("mitid").end_session;
    assert_eq!(asked["post_logout_redirect_uri"], scene.at("/logged-out"));
    assert_eq!(asked["client_id"], "tillid");
    assert!(!asked.contains_key("id_token_hint"), "an ID token with a CPR number is no part of an address");

    // One without is: the provider need not ask.
    let mut walker = scene.logged_in("userinfo", Person::anna()).await;
    let page = log_out(&scene, &mut walker).await.expect(200);
    walker.follow(&page, &page.link("/logout/userinfo")).await.expect(200);
    let seen = scene.provider.seen("userinfo");
    assert_eq!(seen.end_session.get("id_token_hint"), Some(&seen.id_token));
    all_are_flagged(&scene, &walker);
    assert!(!walker.cookies.iter().any(|cookie| cookie.value == seen.id_token), "and it is kept no longer");

    // And where the provider has no such address, that is all.
    let mut walker = scene.logged_in("silent", Person::anna()).await;
    let page = log_out(&scene, &mut walker).await.expect(200);
    assert_eq!((page.url.path(), page.url.query()), ("/logged-out", None));
    assert!(!scene.is_in(&mut walker).await);
    scene.nothing_leaked(&["6702451236", "7103701235"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_logged_out_of_opens_nothing_on_sqlite() {
    ends_at_once(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_logged_out_of_opens_nothing_on_postgres() {
    ends_at_once(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_another_process_began_ends_at_the_provider_too() {
    let mut scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    scene.served = scene.served.again().await;
    assert!(scene.is_in(&mut anna).await, "a session is in the database, not in a process");
    let page = log_out(&scene, &mut anna).await;
    anna.follow(&page, &page.link("/logout/mitid")).await.expect(200);
    assert_eq!(scene.provider.seen("mitid").end_session["client_id"], "tillid");
    assert!(!scene.is_in(&mut anna).await);
}
