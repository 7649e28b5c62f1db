//! To give needs a login of the last five minutes, and what was chosen waits for it.

use crate::{
    pages::{fill_in_mandate, give_mandate, id_of, say_yes},
    provider::{Person, Tenant},
    scene::{SESSION, Scene},
    sessions::log_out,
    walker::{Page, Walker},
};
use tillid_testkit::Engine;

/// A provider whose logins for other services are good enough here.
fn taking_any() -> Tenant {
    Tenant { single_sign_on: true, ..Tenant::right() }
}

/// Somebody who logged in at the provider that many seconds ago, and the browser they come with.
async fn logged_in_ago(scene: &Scene, seconds: i64) -> Walker {
    scene.provider.change("mitid", |tenant| tenant.login_age = seconds);
    scene.logged_in("mitid", Person::anna()).await
}

/// The last yes, refused because the login is too long ago; the page after the login that it asks for.
async fn refused_then_again(walker: &mut Walker, page: &Page, action: &str) -> Page {
    let before = walker.cookie(SESSION).expect("a session").to_owned();
    let refused = walker.submit(page, &page.form(action), &[]).await.refuses(403, "login_too_old");
    let again = walker.follow(&refused, &refused.link("/login/again")).await.expect(200);
    assert_ne!(walker.cookie(SESSION), Some(before.as_str()));
    again
}

async fn an_answer_waits_for_a_fresh_login(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", taking_any())]).await;
    let request = scene.ask(&Person::anna()).await;
    let mut walker = logged_in_ago(&scene, 360).await;
    let summary = say_yes(&scene, &mut walker, &request).await;
    let resumed = refused_then_again(&mut walker, &summary, "/answer").await;
    // The choice is there still, on the step before the last yes: nothing was answered by logging in.
    let page = walker.open(&scene.at(&format!("/requests/{request}"))).await.expect(200);
    assert_eq!(page.url.path(), format!("/requests/{request}"), "not answered yet");
    let summary = walker.submit(&resumed, &resumed.form("/summary"), &[]).await.expect(200);
    let form = summary.form("/answer");
    assert!(
        form.fields.iter().any(|(name, value)| name.starts_with("answer.") && value == "yes"),
        "{:?}",
        form.fields
    );
    let done = walker.submit(&summary, &form, &[]).await.expect(200);
    assert_eq!(done.url.path(), format!("/requests/{request}/answered"));
    // The negative control: with a login of four minutes ago, the same is done at once.
    let request = scene.ask(&Person::anna()).await;
    let mut walker = logged_in_ago(&scene, 240).await;
    let summary = say_yes(&scene, &mut walker, &request).await;
    let done = walker.submit(&summary, &summary.form("/answer"), &[]).await.expect(200);
    assert_eq!(done.url.path(), format!("/requests/{request}/answered"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_waits_for_a_fresh_login_on_sqlite() {
    an_answer_waits_for_a_fresh_login(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_waits_for_a_fresh_login_on_postgres() {
    an_answer_waits_for_a_fresh_login(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mandate_waits_for_a_fresh_login() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", taking_any())]).await;
    let mut walker = logged_in_ago(&scene, 360).await;
    let summary = fill_in_mandate(&scene, &mut walker, "M14", &Person::bo()).await;
    let again = refused_then_again(&mut walker, &summary, "/mandates/new/M14/").await;
    let given = walker.submit(&again, &again.form("/mandates/new/M14/"), &[]).await.expect(200);
    assert!(given.text().contains("Bo Prøve"), "{}", given.text());
    scene.nothing_leaked(&["6702451236", "7103701235"]);
}

/// A provider that does not ask anew, whatever it is told, opens nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_only_says_it_is_fresh_is_not_believed() {
    let stale = Tenant { ignores_freshness: true, ..taking_any() };
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", stale)]).await;
    let request = scene.ask(&Person::anna()).await;
    let mut walker = logged_in_ago(&scene, 360).await;
    let summary = say_yes(&scene, &mut walker, &request).await;
    let refused = walker.submit(&summary, &summary.form("/answer"), &[]).await.refuses(403, "login_too_old");
    walker.follow(&refused, &refused.link("/login/again")).await.refuses(403, "login_not_accepted");
    let page = walker.open(&scene.at(&format!("/requests/{request}"))).await.expect(200);
    assert_eq!(page.url.path(), format!("/requests/{request}"), "not answered");
}

/// The forms on the page that asks for a fresh login are those of the session that the browser has then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_that_asks_for_a_fresh_login_can_be_left() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", taking_any())]).await;
    let request = scene.ask(&Person::anna()).await;
    let mut walker = logged_in_ago(&scene, 360).await;
    let summary = say_yes(&scene, &mut walker, &request).await;
    let refused = walker.submit(&summary, &summary.form("/answer"), &[]).await.refuses(403, "login_too_old");
    if refused.forms().iter().any(|form| form.action == "/logout") {
        let left = walker.submit(&refused, &refused.form("/logout"), &[]).await;
        assert_eq!((left.status.as_u16(), left.code()), (200, ""), "{}", left.text());
    } else {
        log_out(&scene, &mut walker).await.expect(200);
    }
    assert!(!scene.is_in(&mut walker).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_act_for_somebody_gives_a_new_session_and_to_stop_another() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let given = give_mandate(&scene, &mut anna, "M14", &Person::bo()).await;
    assert!(!id_of(&given).is_empty());
    let mut secrets = vec![bo.cookie(SESSION).expect("a session").to_owned()];

    let page = bo.open(&scene.at("/act-for")).await.expect(200);
    let form = page.form("/act-for");
    let person = form.choices.iter().chain(&form.fields).find(|(name, _)| name == "person");
    let button = form.buttons.iter().find(|(name, ..)| name == "person").map(|(_, value, _)| value.clone());
    let person = person.map(|(_, value)| value.clone()).or(button).expect("somebody to act for");
    let acting = bo.submit(&page, &form, &[("person", &person)]).await.expect(200);
    assert!(acting.forms().iter().any(|form| form.action == "/act-for/stop"), "{}", acting.text());
    secrets.push(bo.cookie(SESSION).expect("a session").to_owned());
    // A fresh login goes on acting for the same person.
    let fresh = bo.open(&scene.at("/login/again?return_to=/overview")).await;
    assert_eq!(fresh.code(), "login_of_another", "the provider has anna at it");
    scene.provider.meets("mitid", Some(Person::bo()));
    let fresh = bo.open(&scene.at("/login/again?return_to=/overview")).await.expect(200);
    secrets.push(bo.cookie(SESSION).expect("a session").to_owned());
    let stopped = bo.submit(&fresh, &fresh.form("/act-for/stop"), &[]).await.expect(200);
    assert!(!stopped.forms().iter().any(|form| form.action.contains("/act-for/stop")));
    secrets.push(bo.cookie(SESSION).expect("a session").to_owned());

    let distinct: std::collections::BTreeSet<&String> = secrets.iter().collect();
    assert_eq!(distinct.len(), 4);
    for (at, secret) in secrets.iter().enumerate() {
        let mut walker = Walker::new();
        walker.plant(SESSION, secret);
        assert_eq!(scene.is_in(&mut walker).await, at == 3, "only the newest opens anything");
    }
}
