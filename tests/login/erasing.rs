//! The data-protection officer's pages erase somebody, and whoever is erased is logged in no longer.

use crate::{
    provider::{Person, Tenant},
    scene::{SESSION, Scene},
    walker::{Page, Walker},
};
use tillid_testkit::Engine;

const ANNA: &str = "6702451236";
const ORDERED: &str = "00.07.10-K12-1-26";

/// What an officer fills in, and the page that comes of it.
async fn fill_in(scene: &Scene, lars: &mut Walker, number: &str, ground: &str, case: &str) -> Page {
    let front = lars.open(&scene.at("/casework")).await.expect(200);
    let page = lars.follow(&front, &front.link("/casework/erasures")).await.expect(200);
    let values = [("number", number), ("ground", ground), ("case", case)];
    lars.submit(&page, &page.form("/casework/erasures"), &values).await
}

async fn whoever_is_erased_is_logged_in_no_longer(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let mut elsewhere = scene.logged_in("mitid", Person::anna()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut lars = scene.logged_in("mitid", Person::lars()).await;
    hans.open(&scene.at("/casework/erasures")).await.refuses(403, "role_missing");
    anna.open(&scene.at("/casework/erasures")).await.refuses(403, "staff_only");
    let front = hans.open(&scene.at("/casework")).await.expect(200);
    assert!(front.links().iter().all(|link| !link.contains("erasures")), "it is no matter of a caseworker");

    fill_in(&scene, &mut lars, ANNA, "ordered", "").await.expect(422);
    fill_in(&scene, &mut lars, "6702451", "ordered", ORDERED).await.expect(422);
    fill_in(&scene, &mut lars, "6101710025", "ordered", ORDERED).await.expect(422);
    let plan = fill_in(&scene, &mut lars, ANNA, "ordered", ORDERED).await.expect(200);
    assert!(plan.body.contains(ANNA) && plan.body.contains(ORDERED));
    assert!(scene.is_in(&mut anna).await && scene.is_in(&mut elsewhere).await, "so far it was looked at");
    let confirm = plan.form("/casework/erasures/confirm");
    let done = lars.submit(&plan, &confirm, &[]).await.expect(200);
    assert!(!done.body.contains(ANNA) && !done.body.contains("/casework/erasures/confirm"));
    let again = lars.submit(&plan, &confirm, &[]).await.expect(200);
    assert_eq!(again.text(), done.text(), "sent again, it tells what was done");
    let back = lars.open(&scene.at("/casework/erasures/confirm")).await.expect(200);
    assert_eq!(back.url.path(), "/casework/erasures", "there is nothing to come back to");

    for walker in [&mut anna, &mut elsewhere] {
        assert!(walker.cookie(SESSION).is_some(), "the cookie is still in the browser");
        walker.get(&scene.at("/overview")).await.refuses(401, "session_missing");
    }
    for walker in [&mut bo, &mut hans, &mut lars] {
        assert!(scene.is_in(walker).await, "nobody else is logged out");
    }
    // Whoever logs in again is somebody of whom nothing is known.
    let mut anew = scene.logged_in("mitid", Person::anna()).await;
    anew.open(&scene.at("/overview")).await.expect(200);
    scene.nothing_kept(&[&bo, &lars], &[ANNA]).await;
    scene.nothing_leaked(&[ANNA]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_erased_is_logged_in_no_longer_on_sqlite() {
    whoever_is_erased_is_logged_in_no_longer(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_erased_is_logged_in_no_longer_on_postgres() {
    whoever_is_erased_is_logged_in_no_longer(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_needs_a_fresh_login_before_anything_is_filled_in() {
    let any = Tenant { single_sign_on: true, ..Tenant::right() };
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", any)]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let mut fresh = scene.logged_in("mitid", Person::lars()).await;
    let plan = fill_in(&scene, &mut fresh, ANNA, "ordered", ORDERED).await.expect(200);
    let confirm = plan.form("/casework/erasures/confirm");

    scene.provider.change("mitid", |tenant| tenant.login_age = 360);
    let mut stale = scene.logged_in("mitid", Person::lars()).await;
    let refused = stale.open(&scene.at("/casework/erasures")).await.refuses(403, "login_too_old");
    // With the form of an earlier page, in the session of the stale login.
    let own = refused.form("/logout").get("csrf").expect("a token").to_owned();
    let sent = stale.submit(&plan, &confirm, &[("csrf", &own)]).await.refuses(403, "login_too_old");
    assert!(!sent.body.contains(ANNA));
    assert!(scene.is_in(&mut anna).await, "nothing was erased");
    let again = stale.follow(&sent, &sent.link("/login/again")).await.expect(200);
    assert_eq!(again.url.path(), "/casework/erasures");
    scene.nothing_kept(&[&anna, &stale], &[ANNA]).await;
}
