//! What a person answered elsewhere is taken in on a page, from a file in the state's format: what came of it is told, and so is what did not.

use crate::{
    csrf::look_up,
    provider::{Person, Tenant},
    registering::note_a_yes,
    scene::Scene,
    walker::Page,
};
use tillid_testkit::Engine;

/// Other declarations of the same words.
const ELSEWHERE: &str = "0198bbbb-0000-4000-8000-00000000e15e";
const ALSO_ELSEWHERE: &str = "0198bbbb-0000-4000-8000-00000000e15f";
const NOBODY: &str = "0198bbbb-0000-4000-8000-00000000dead";

/// The text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{after} in {text}")).0
}

/// Without its templates: it says what was answered in sentences alone.
fn without_templates(xml: &str) -> String {
    let mut xml = xml.to_owned();
    for name in ["Erklaeringsskabelon", "Viljestilkendegivelsesskabelon"] {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        while let Some(at) = xml.find(&open) {
            let end = at + xml[at..].find(&close).expect("its end") + close.len();
            xml.replace_range(at..end, "");
        }
    }
    xml
}

fn must_keep(page: &Page, source: &str) {
    let form = page.form("/declarations");
    assert!(form.get("kept").is_some(), "the file is not lost: {}", page.text());
    assert_eq!(form.get("source"), Some(source), "nor is where it comes from");
}

async fn a_file_is_taken_in_and_told_of(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", Tenant::right())]).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let lookup = look_up(&scene, &mut hans).await;
    let done = note_a_yes(&scene, &mut hans, &lookup).await;
    let noted = hans.follow(&done, &done.link("/consents/")).await.expect(200);
    let link = noted.link("/viljestilkendegivelse");
    let own = between(&link, "/declarations/", "/").to_owned();
    let xml = hans.follow(&noted, &link).await.expect(200).body;
    let person = between(&xml, "<Aktoer><ID>urn:uuid:", "<").to_owned();

    let found = hans.open(&scene.at(&lookup)).await.expect(200);
    let types = hans.follow(&found, &found.link("/register")).await.expect(200);
    let page = hans.follow(&types, &types.link("/declarations")).await.expect(200);
    let form = page.form("/declarations");
    let empty = hans.submit(&page, &form, &[]).await.expect(422);
    assert!(empty.body.contains("href=\"#xml\"") && empty.body.contains("href=\"#source\""));

    let from = [("source", "ESDH")];
    let elsewhere = xml.replace(&own, ELSEWHERE);
    for (wrong, said) in [
        ("<html>no declaration</html>".to_owned(), "no declaration that we can read"),
        (
            format!("<!DOCTYPE x>{}", elsewhere.split_once("?>").expect("a start").1),
            "no declaration that we can",
        ),
        (elsewhere.replace(&person, NOBODY), "not about the citizen you looked up"),
        (elsewhere.replace("gaeldende", "tilbagekaldt").replace("afvist", "lukket"), "nothing to take in"),
    ] {
        let refused = hans.submit_with(&page, &form, &from, ("xml", wrong.as_bytes())).await.expect(422);
        assert!(refused.text().contains(said), "{said}: {}", refused.text());
        must_keep(&refused, "ESDH");
    }
    let unreadable = elsewhere.replace("<Status>gaeldende</Status>", "<Status>perhaps</Status>");
    let refused = hans.submit_with(&page, &form, &from, ("xml", unreadable.as_bytes())).await.expect(422);
    assert!(refused.text().contains("The place in the file:") && refused.text().contains("Status"));
    assert!(!refused.text().contains("perhaps"), "what stands there is not said again");
    let again = hans.submit_with(&page, &form, &from, ("xml", xml.as_bytes())).await.expect(409);
    assert!(again.text().contains("taken in before"), "{}", again.text());

    let taken = hans.submit_with(&page, &form, &from, ("xml", elsewhere.as_bytes())).await.expect(200);
    assert!(taken.url.path().starts_with(&format!("{lookup}/declarations/")), "{}", taken.url);
    for said in ["This was taken in", "The consent applies", "Signatures and proofs", "in one place"] {
        assert!(taken.text().contains(said), "{said}: {}", taken.text());
    }
    let reloaded = hans.open(taken.url.as_str()).await.expect(200);
    assert_eq!(reloaded.text(), taken.text());
    let twice = hans.submit_with(&page, &form, &from, ("xml", elsewhere.as_bytes())).await.expect(200);
    assert_eq!(twice.text(), taken.text(), "the same form sent twice");

    // Without a template of ours the type is asked for, and the file need not be chosen again.
    let unnamed = without_templates(&xml.replace(&own, ALSO_ELSEWHERE));
    let page = hans.open(&scene.at(&format!("{lookup}/declarations"))).await.expect(200);
    let form = page.form("/declarations");
    let asked = hans.submit_with(&page, &form, &from, ("xml", unnamed.as_bytes())).await.expect(422);
    assert!(asked.body.contains("href=\"#consent_type\""), "{}", asked.text());
    must_keep(&asked, "ESDH");
    let kept = asked.form("/declarations");
    let taken = hans.submit(&asked, &kept, &[("consent_type", "C02")]).await.expect(200);
    assert!(taken.text().contains("The answers have been taken in"), "{}", taken.text());

    // Anna sees where it comes from; and none of it is for anybody else.
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let consent = anna.follow(&overview, &overview.link("/consents/0")).await.expect(200);
    assert!(consent.text().contains("ESDH"), "{}", consent.text());
    anna.open(taken.url.as_str()).await.refuses(403, "staff_only");
    anna.open(&scene.at(&format!("{lookup}/declarations"))).await.refuses(403, "staff_only");
    let mut lars = scene.logged_in("mitid", Person::lars()).await;
    lars.open(&scene.at(&format!("{lookup}/declarations"))).await.refuses(403, "role_missing");
    let unknown = scene.at(&format!("{lookup}/declarations/{NOBODY}"));
    hans.open(&unknown).await.refuses(404, "not_found");
    scene.nothing_leaked(&["6702451236", "perhaps"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_taken_in_and_told_of_on_sqlite() {
    a_file_is_taken_in_and_told_of(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_taken_in_and_told_of_on_postgres() {
    a_file_is_taken_in_and_told_of(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_too_large_is_told_so() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let lookup = look_up(&scene, &mut hans).await;
    let page = hans.open(&scene.at(&format!("{lookup}/declarations"))).await.expect(200);
    let form = page.form("/declarations");
    let large = vec![b' '; 5 * 1024 * 1024 + 1];
    let refused = hans.submit_with(&page, &form, &[("source", "ESDH")], ("xml", &large)).await.expect(422);
    assert!(refused.body.contains("href=\"#xml\"") && refused.form("/declarations").get("kept").is_none());
}
