//! What people answer orally and on paper is registered for them on the pages, and they see it, with what proves it, and undo it.

use crate::{
    csrf::look_up,
    html::Form,
    provider::{Person, Tenant, now},
    scene::{CASE, Scene},
    walker::{Page, Walker},
};
use tillid_domain::Instant;
use tillid_testkit::Engine;

pub(crate) const SCAN: &[u8] = b"%PDF-1.7\n\x00\xff\r\n--not the boundary\r\nsigned\r\n";

pub(crate) fn pairs(values: &[(String, String)]) -> Vec<(&str, &str)> {
    values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Every choice of a form of that name and value.
pub(crate) fn every(form: &Form, name: &str, value: &str) -> Vec<(String, String)> {
    let fits = |(n, v): &&(String, String)| n.starts_with(name) && v == value;
    form.choices.iter().filter(fits).cloned().collect()
}

/// Today, in the three fields of a day.
pub(crate) fn today(field: &str) -> Vec<(String, String)> {
    let day = Instant::from_micros(now() * 1_000_000).local_date();
    let part = |name: &str, number: String| (format!("{field}_{name}"), number);
    vec![
        part("day", day.day().to_string()),
        part("month", day.month().to_string()),
        part("year", day.year().to_string()),
    ]
}

/// An employee has the text about that type made; its page.
async fn show(scene: &Scene, walker: &mut Walker, lookup: &str, code: &str, means: &str) -> Page {
    let found = walker.open(&scene.at(lookup)).await.expect(200);
    let types = walker.follow(&found, &found.link("/register")).await.expect(200);
    let page = walker.follow(&types, &types.link(&format!("?type={code}"))).await.expect(200);
    let form = page.form("/register");
    assert!(form.choices.iter().any(|(name, _)| name == "means"), "nothing is chosen beforehand");
    walker.submit(&page, &form, &[("means", means)]).await.expect(422);
    let item = form.choices.iter().find(|(name, _)| name == "item").expect("an item").1.clone();
    let values = [("means", means), ("item", item.as_str()), ("case", CASE)];
    let shown = walker.submit(&page, &form, &values).await.expect(200);
    assert!(shown.url.path().starts_with(&format!("{lookup}/presentations/")), "{}", shown.url.path());
    shown
}

/// Hans has noted that Anna said yes to something of C02; the page that says so.
pub(crate) async fn note_a_yes(scene: &Scene, hans: &mut Walker, lookup: &str) -> Page {
    let shown = show(scene, hans, lookup, "C02", "told").await;
    let form = shown.form("/presentations/");
    let refused = hans.submit(&shown, &form, &[("note", "Hun sagde ja")]).await.expect(422);
    assert!(refused.body.contains(">Hun sagde ja</textarea>"), "what was filled in stays");
    let mut values = every(&form, "answer.", "yes");
    values.extend(today("at"));
    values.extend(
        [("clock", "0.00"), ("note", "Hun sagde ja"), ("why", "Hun ringede")]
            .map(|(n, v)| (n.to_owned(), v.to_owned())),
    );
    hans.submit(&shown, &form, &pairs(&values)).await.expect(200)
}

async fn an_oral_yes_is_seen_withdrawn_and_becomes_a_task(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", Tenant::right())]).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let lookup = look_up(&scene, &mut hans).await;
    let done = note_a_yes(&scene, &mut hans, &lookup).await;
    let again = hans.open(done.url.as_str()).await.expect(200);
    assert!(again.forms().iter().all(|form| !form.action.contains("/presentations/")), "it is answered");

    let found = hans.open(&scene.at(&lookup)).await.expect(200);
    let noted = hans.follow(&found, &found.link("/consents/")).await.expect(200);
    let xml = hans.follow(&noted, &noted.link("/viljestilkendegivelse")).await.expect(200);
    assert!(xml.body.contains("<!-- Left out: how_it_was_said, name_withheld -->"), "{}", xml.body);
    anna.open(xml.url.as_str()).await.refuses(403, "staff_only");

    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let consent = anna.follow(&overview, &overview.link("/consents/0")).await.expect(200);
    for said in ["Hun sagde ja", "Hun ringede", "said to a member of staff"] {
        assert!(consent.text().contains(said), "{said}: {}", consent.text());
    }
    let before = anna.follow(&consent, &consent.link("/withdraw")).await.expect(200);
    anna.submit(&before, &before.form("/withdraw"), &[]).await.expect(200);

    let front = hans.open(&scene.at("/casework")).await.expect(200);
    let tasks = hans.follow(&front, &front.link("/casework/tasks")).await.expect(200);
    assert!(tasks.text().contains(CASE), "{}", tasks.text());
    let task = hans.follow(&tasks, &tasks.link("/casework/tasks/")).await.expect(200);
    assert!(task.text().contains("Stop asking the places the withdrawal covers"), "{}", task.text());
    let form = task.form("/close");
    hans.submit(&task, &form, &[]).await.expect(422);
    let refused = hans.submit(&task, &form, &[("outcome", "other_basis")]).await.expect(422);
    assert!(refused.body.contains("value=\"other_basis\"") && refused.body.contains("href=\"#note\""));
    let closed = hans.submit(&task, &form, &[("outcome", "done"), ("note", "Stoppet")]).await.expect(200);
    assert!(closed.text().contains("Stoppet"));
    let none = hans.open(&scene.at("/casework/tasks")).await.expect(200);
    assert!(!none.text().contains(CASE));
    anna.open(&scene.at("/casework/tasks")).await.refuses(403, "staff_only");
    scene.nothing_leaked(&["6702451236"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oral_yes_is_seen_withdrawn_and_becomes_a_task_on_sqlite() {
    an_oral_yes_is_seen_withdrawn_and_becomes_a_task(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oral_yes_is_seen_withdrawn_and_becomes_a_task_on_postgres() {
    an_oral_yes_is_seen_withdrawn_and_becomes_a_task(Engine::Postgres).await;
}

/// A registrar looks Anna up.
pub(crate) async fn look_up_to_serve(scene: &Scene, inge: &mut Walker) -> String {
    let page = inge.open(&scene.at("/casework")).await.expect(200);
    let values = [("number", "6702451236"), ("purpose", "citizen_service")];
    let found = inge.submit(&page, &page.form("/casework/lookups"), &values).await.expect(200);
    found.url.path().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_form_that_comes_back_is_found_and_its_scan_is_the_citizens_to_have() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut inge = scene.logged_in("mitid", Person::inge()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let printed = look_up(&scene, &mut hans).await;
    let made = show(&scene, &mut hans, &printed, "C02", "paper").await;
    let paper = hans.follow(&made, &made.link("/form")).await.expect(200);
    assert!(paper.header("content-type") == "application/pdf" && paper.body.starts_with("%PDF-1."));
    assert!(paper.header("cache-control").contains("no-store"));
    let name = paper.header("content-disposition");
    let code = name.strip_prefix("attachment; filename=\"form-").and_then(|rest| rest.strip_suffix(".pdf\""));
    let code = code.unwrap_or_else(|| panic!("{name}")).to_owned();
    anna.open(paper.url.as_str()).await.refuses(403, "staff_only");

    // It comes back to somebody else.
    let lookup = look_up_to_serve(&scene, &mut inge).await;
    let found = inge.open(&scene.at(&lookup)).await.expect(200);
    assert!(found.text().contains(&code), "it is found by what stands on it: {}", found.text());
    let sheet = inge.follow(&found, &found.link("/presentations/")).await.expect(200);
    let form = sheet.form("/presentations/");
    let mut values = every(&form, "answer.", "yes");
    values.extend(today("at"));
    let values = pairs(&values);
    let without = inge.submit(&sheet, &form, &values).await.expect(422);
    assert!(without.body.contains("href=\"#scan\"") && without.body.contains(" checked"));
    let html =
        inge.submit_with(&sheet, &form, &values, ("scan", b"<html>not a scan</html>")).await.expect(422);
    assert!(html.body.contains("href=\"#scan\"") && html.body.contains(" checked"));
    let mut large = SCAN.to_vec();
    large.resize(10 * 1024 * 1024 + 1, 0);
    inge.submit_with(&sheet, &form, &values, ("scan", &large)).await.expect(422);
    for token in [Some("guessed"), None] {
        let mut forged = form.clone();
        forged.fields.retain(|(name, _)| name != "csrf");
        forged.fields.extend(token.map(|token| ("csrf".to_owned(), token.to_owned())));
        inge.submit_with(&sheet, &forged, &values, ("scan", SCAN)).await.refuses(403, "csrf");
    }
    // What is wrong elsewhere does not lose the scan.
    let early: Vec<(&str, &str)> =
        values.iter().map(|(name, value)| (*name, if *name == "at_year" { "2020" } else { value })).collect();
    let kept = inge.submit_with(&sheet, &form, &early, ("scan", SCAN)).await.expect(422);
    let form = kept.form("/presentations/");
    assert!(form.get("document").is_some() && kept.body.contains("href=\"#at_day\""), "{}", kept.text());
    let done = inge.submit(&kept, &form, &values).await.expect(200);
    let consent = inge.follow(&done, &done.link("/consents/")).await.expect(200);
    let same = inge.follow(&consent, &consent.link("/documents/")).await.expect(200);
    assert!(same.body.contains("signed") && same.header("content-disposition").starts_with("attachment"));
    let found = inge.open(&scene.at(&lookup)).await.expect(200);
    assert!(found.links().iter().all(|link| !link.contains("/presentations/")), "it waits no more");

    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let own = anna.follow(&overview, &overview.link("/consents/0")).await.expect(200);
    let link = own.link("/documents/");
    let scan = anna.follow(&own, &link).await.expect(200);
    assert_eq!(scan.body, String::from_utf8_lossy(SCAN), "byte for byte");
    assert_eq!(scan.header("content-type"), "application/pdf");
    assert_eq!(scan.header("cache-control"), "no-store");
    assert!(scan.header("content-disposition").starts_with("attachment"));
    bo.open(&scene.at(&link)).await.refuses(404, "not_found");
    Walker::new().open(&scene.at(&link)).await.refuses(401, "session_missing");

    // Inge withdraws it on a letter, and Anna is told that she did.
    let before = inge.follow(&consent, &consent.link("/withdraw")).await.expect(200);
    assert!(before.text().contains("You get a task"), "{}", before.text());
    let form = before.form("/withdraw");
    inge.submit(&before, &form, &[("way", "paper")]).await.expect(422);
    inge.submit_with(&before, &form, &[("way", "paper")], ("scan", SCAN)).await.expect(200);
    let own = anna.open(own.url.as_str()).await.expect(200);
    assert!(own.text().contains("did it for you because you wrote so"), "{}", own.text());
    scene.nothing_leaked(&["6702451236"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_registration_is_annulled_and_the_citizen_is_told_why() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let lookup = look_up(&scene, &mut hans).await;
    let done = note_a_yes(&scene, &mut hans, &lookup).await;
    let consent = hans.follow(&done, &done.link("/consents/")).await.expect(200);
    let page = hans.follow(&consent, &consent.link("/annul")).await.expect(200);
    let form = page.form("/annul");
    let refused = hans.submit(&page, &form, &[("note", "Forkert borger")]).await.expect(422);
    assert!(refused.body.contains("Forkert borger") && !refused.body.contains(" checked"));
    let values = [("ground", "never_answered"), ("note", "Tastefejl")];
    let gone = hans.submit(&page, &form, &values).await.expect(200);
    assert!(gone.links().iter().all(|link| !link.ends_with("/annul") && !link.ends_with("/withdraw")));
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let own = anna.follow(&overview, &overview.link("/consents/0")).await.expect(200);
    assert!(own.text().contains("There was no answer at all."), "{}", own.text());
    // What Hans may not do for himself is refused before he sees anything.
    let front = hans.open(&scene.at("/casework")).await.expect(200);
    let own = [("number", "6805791237"), ("purpose", "case_processing"), ("case", CASE)];
    hans.submit(&front, &front.form("/casework/lookups"), &own).await.refuses(403, "own_case");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_is_decided_ends_what_was_given_for_it() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut lars = scene.logged_in("mitid", Person::lars()).await;
    let lookup = look_up(&scene, &mut hans).await;
    note_a_yes(&scene, &mut hans, &lookup).await;
    lars.open(&scene.at("/casework/cases/close")).await.refuses(403, "role_missing");
    let front = hans.open(&scene.at("/casework")).await.expect(200);
    let page = hans.follow(&front, &front.link("/casework/cases/close")).await.expect(200);
    hans.submit(&page, &page.form("/casework/cases/close"), &[]).await.expect(422);
    let confirm =
        hans.submit(&page, &page.form("/casework/cases/close"), &[("case", CASE)]).await.expect(200);
    let form = confirm.form("/casework/cases/close/confirm");
    let closed = hans.submit(&confirm, &form, &[]).await.expect(200);
    assert!(closed.text().contains("Consents that ended 1"), "{}", closed.text());
    let again = hans.submit(&confirm, &form, &[]).await.expect(200);
    assert!(again.text().contains("It had been done before."), "{}", again.text());
    let found = hans.open(&scene.at(&lookup)).await.expect(200);
    assert!(found.text().contains("The consent has lapsed."), "{}", found.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_is_given_that_nobody_asked_for_and_taken_back() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let pick = anna.follow(&overview, &overview.link("/consents/new")).await.expect(200);
    assert!(pick.links().iter().all(|link| !link.ends_with("/C02")), "that is asked in a case");
    let page = anna.follow(&pick, &pick.link("/consents/new/C13")).await.expect(200);
    let planted = anna.open(&format!("{}?attempt=x.y", page.url)).await.expect(200);
    assert!(planted.forms().iter().all(|form| !form.action.ends_with("/summary")), "a link shows nothing");
    let question = anna.submit(&page, &page.form("/consents/new/C13"), &[]).await.expect(200);
    let form = question.form("/summary");
    anna.submit(&question, &form, &[]).await.expect(422);
    let yes = every(&form, "answer.", "yes");
    let summary = anna.submit(&question, &form, &pairs(&yes)).await.expect(200);
    let done = anna.submit(&summary, &summary.form("/answer"), &[]).await.expect(200);
    assert!(done.url.path().ends_with("/consents/new/C13/answered"), "{}", done.url.path());
    let before = anna.follow(&done, &done.link("/withdraw")).await.expect(200);
    let gone = anna.submit(&before, &before.form("/withdraw"), &[]).await.expect(200);
    assert!(gone.text().contains("The consent has been withdrawn."), "{}", gone.text());
}

/// C12: a no thanks is given in words of its own, stands apart, and can be taken back like everything else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c12_saying_no_thanks_stands_apart_and_can_be_taken_back() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let pick = anna.open(&scene.at("/consents/new")).await.expect(200);
    let (consents, opt_outs) = pick.body.split_once("id=\"opt-outs\"").expect("a heading of its own");
    assert!(!consents.contains("/consents/new/X03") && opt_outs.contains("/consents/new/X03"));
    let page = anna.follow(&pick, &pick.link("/consents/new/X03")).await.expect(200);
    let question = anna.submit(&page, &page.form("/consents/new/X03"), &[]).await.expect(200);
    assert!(question.text().contains("You say no thanks at"), "{}", question.text());
    let form = question.form("/summary");
    let yes = every(&form, "answer.", "yes");
    let summary = anna.submit(&question, &form, &pairs(&yes)).await.expect(200);
    anna.submit(&summary, &summary.form("/answer"), &[]).await.expect(200);
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let (before, after) = overview.body.split_once("id=\"opt-outs\"").expect("a heading of its own");
    assert!(!before.contains("href=\"/consents/0") && after.contains("href=\"/consents/0"));
    let own = anna.follow(&overview, &overview.link("/consents/0")).await.expect(200);
    let before = anna.follow(&own, &own.link("/withdraw")).await.expect(200);
    assert!(before.text().contains("The authority may ask you again"), "{}", before.text());
    let gone = anna.submit(&before, &before.form("/withdraw"), &[]).await.expect(200);
    assert!(gone.text().contains("Your no thanks has been withdrawn."), "{}", gone.text());
}
