//! A new authority begins without a developer: the operator names it in the configuration, its catalogue administrators write what it
//! asks for on a page, a colleague takes that into use, and a citizen is asked.

use crate::{
    csrf::look_up,
    provider::{Person, Tenant},
    scene::{CASE, Scene},
    walker::{Page, Walker},
};
use tillid_testkit::Engine;

/// An authority that no file of the seed catalogue knows.
const NEW: &str = "99500018";
const CONFIGURED: &str = "[[authorities]]\nkey = \"ny-kommune\"\ncvr = \"99500018\"\n\
     name = { da = \"Ny Kommune\", en = \"New Municipality\" }\ndpo_contact = \"dpo@nykommune.example\"\n";
const BLANK: &str = "/casework/catalogue/consent-types/new";

fn administrator(number: u8) -> Person {
    Person {
        sub: format!("22222222-bbbb-4bbb-8bbb-0000000000{number}"),
        name: format!("Karin {number}"),
        cpr: None,
        roles: vec!["katalog".to_owned()],
        ..Person::hans()
    }
    .employed_by(NEW)
}

/// Presses one of the buttons that put something into the form or take it away.
async fn step(walker: &mut Walker, page: &Page, step: &str) -> Page {
    let form = page.form("/casework/catalogue");
    assert!(form.buttons.iter().any(|(name, value, _)| name == "step" && value == step), "{step}");
    walker.submit(page, &form, &[("step", step)]).await.expect(200)
}

fn value(page: &Page, name: &str) -> String {
    let form = page.form("/casework/catalogue");
    form.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).expect("a field")
}

async fn a_new_authority_writes_what_it_asks_for(engine: Engine) {
    let scene = Scene::configured(engine, ("mitid", Tenant::right()), CONFIGURED).await;
    let mut karin = scene.logged_in("mitid", administrator(61)).await;
    let mut colleague = scene.logged_in("mitid", administrator(62)).await;
    let mut hans = scene.logged_in("mitid", Person::hans().employed_by(NEW)).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    for (walker, code) in [(&mut hans, "role_missing"), (&mut anna, "staff_only")] {
        walker.open(&scene.at(BLANK)).await.refuses(403, code);
    }

    // It begins with what another authority has in use, and the code is its own.
    let list = karin.open(&scene.at("/casework/catalogue")).await.expect(200);
    let blank = karin.follow(&list, &list.link(BLANK)).await.expect(200);
    let page = karin.follow(&blank, &blank.link("?from=C15")).await.expect(200);
    let form = page.form("/casework/catalogue");
    let taken =
        karin.submit(&page, &form, &[("code", "C15"), ("/title/da", "Besked fra byen")]).await.expect(422);
    assert!(taken.body.contains("href=\"#code\""), "{}", taken.text());
    assert_eq!(value(&taken, "/title/da"), "Besked fra byen", "nothing that was written is lost");

    // One thing more to say yes to, which is left empty at first.
    let count: usize = value(&taken, "/items/count").parse().expect("a number");
    let more = step(&mut karin, &taken, "add /items").await;
    assert_eq!(
        (value(&more, "/items/count"), value(&more, "/title/da")),
        ((count + 1).to_string(), "Besked fra byen".to_owned())
    );
    let form = more.form("/casework/catalogue");
    let unread = karin.submit(&more, &form, &[("code", "N01")]).await.expect(422);
    assert!(unread.body.contains(&format!("href=\"#/items/{count}/code\"")), "{}", unread.text());
    assert!(unread.text().contains("Code for systems has"), "{}", unread.text());
    let less = step(&mut karin, &unread, &format!("remove /items/{count}")).await;
    let form = less.form("/casework/catalogue");
    let written = [("code", "N01"), ("/title/da", "Besked fra byen"), ("/title/en", "News of the town")];
    let draft = karin.submit(&less, &form, &written).await.expect(200);
    assert!(draft.url.path().ends_with("/consent-types/N01/1"), "{}", draft.url.path());
    let again = karin.submit(&less, &form, &written).await.expect(422);
    assert!(again.body.contains("href=\"#code\""), "what is there is not written once more");

    // A draft goes on being written, but not over what was written meanwhile.
    let one = format!("{}/write", draft.url);
    let (first, second) = (karin.open(&one).await.expect(200), colleague.open(&one).await.expect(200));
    let form = first.form("/write");
    let saved = karin.submit(&first, &form, &[("/title/en", "News of our town")]).await.expect(200);
    assert!(saved.text().contains("News of our town"), "{}", saved.text());
    let late = colleague.submit(&second, &second.form("/write"), &[("/title/en", "Town news")]).await;
    assert_eq!((late.status.as_u16(), value(&late, "/title/en")), (412, "Town news".to_owned()));

    let sent = karin.submit(&saved, &saved.form("/submit"), &[]).await.expect(200);
    assert!(sent.forms().iter().all(|form| !form.action.ends_with("/publish")), "not by its author");
    let seen = colleague.open(draft.url.as_str()).await.expect(200);
    colleague.submit(&seen, &seen.form("/publish"), &[]).await.expect(200);

    let lookup = look_up(&scene, &mut hans).await;
    let ask = hans.open(&scene.at(&format!("{lookup}/ask?type=N01"))).await.expect(200);
    let form = ask.form("/ask");
    let item = form.choices.iter().find(|(name, _)| name == "item").expect("an item").1.clone();
    hans.submit(&ask, &form, &[("item", &item), ("case", CASE)]).await.expect(200);
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    assert!(overview.text().contains("News of our town") && overview.text().contains("New Municipality"));
    let request = anna.submit(&overview, &overview.form("/requests/"), &[]).await.expect(200);
    assert!(request.text().contains("dpo@nykommune.example"), "{}", request.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_authority_writes_what_it_asks_for_on_sqlite() {
    a_new_authority_writes_what_it_asks_for(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_authority_writes_what_it_asks_for_on_postgres() {
    a_new_authority_writes_what_it_asks_for(Engine::Postgres).await;
}
