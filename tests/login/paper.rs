//! A power of attorney on paper: printed at the counter, signed, entered, and confirmed by a colleague where one is not enough (M3, P5).

use crate::{
    pages::give_mandate,
    provider::{Person, Tenant},
    registering::{SCAN, look_up_to_serve, pairs, today},
    scene::Scene,
    walker::{Page, Walker},
};
use tillid_testkit::Engine;

/// What stands above that which ends together with a mandate.
const FALLS: &str = "This ends too";

/// Inge makes the form of the first thing in a package for Bo; its page.
async fn printed(scene: &Scene, inge: &mut Walker, lookup: &str, package: &str) -> Page {
    let found = inge.open(&scene.at(lookup)).await.expect(200);
    let new = inge.follow(&found, &found.link("/mandates/new")).await.expect(200);
    let page = inge.follow(&new, &new.link(&format!("/mandates/new?package={package}"))).await.expect(200);
    let form = page.form("/mandates/new");
    let rights: Vec<&str> = form.choices.iter().map(|(_, value)| value.as_str()).collect();
    let refused = inge.submit(&page, &form, &[("name", "Bo Prøve")]).await.expect(422);
    assert!(refused.body.contains("value=\"Bo Prøve\"") && refused.body.contains("href=\"#right-0\""));
    let values = [
        ("right", rights[0]),
        ("name", "Bo Prøve"),
        ("number", "7103701235"),
        ("until_day", "1"),
        ("until_month", "3"),
        ("until_year", &next_year()),
        ("case", ""),
        ("language", "da"),
    ];
    let sheet = inge.submit(&page, &form, &values).await.expect(200);
    assert!(sheet.url.path().starts_with(&format!("{lookup}/mandates/forms/")), "{}", sheet.text());
    sheet
}

fn next_year() -> String {
    let today = tillid_domain::Instant::from_micros(crate::provider::now() * 1_000_000).local_date();
    (today.year() + 1).to_string()
}

/// She enters it signed; the page of the mandate.
async fn entered(inge: &mut Walker, sheet: &Page, paper: &str) -> Page {
    let form = sheet.form("/mandates/forms/");
    let without = inge.submit(sheet, &form, &[("paper", paper)]).await.expect(422);
    assert!(without.body.contains("href=\"#scan\"") && without.body.contains("href=\"#at_day\""));
    let mut values = today("at");
    values.push(("paper".to_owned(), paper.to_owned()));
    let values = pairs(&values);
    inge.submit_with(sheet, &form, &values, ("scan", SCAN)).await.expect(200)
}

async fn on_paper(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", Tenant::right())]).await;
    let mut inge = scene.logged_in("mitid", Person::inge()).await;
    let mut niels = scene.logged_in("mitid", Person::niels()).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let lookup = look_up_to_serve(&scene, &mut inge).await;

    // An ordinary one holds at once.
    let sheet = printed(&scene, &mut inge, &lookup, "M14").await;
    let paper = inge.follow(&sheet, &sheet.link("/form")).await.expect(200);
    assert!(paper.header("content-type") == "application/pdf" && paper.body.starts_with("%PDF-1."));
    let hans_lookup = crate::csrf::look_up(&scene, &mut hans).await;
    hans.open(&scene.at(&format!("{hans_lookup}/mandates/new"))).await.refuses(403, "role_missing");
    anna.open(sheet.url.as_str()).await.refuses(403, "staff_only");
    let new = inge.open(&scene.at(&format!("{lookup}/mandates/new"))).await.expect(200);
    let waiting = new.link("/mandates/forms/");
    let entry = entered(&mut inge, &sheet, "form").await;
    assert!(entry.text().contains("Applies Given On a form"), "{}", entry.text());
    let new = inge.open(&scene.at(&format!("{lookup}/mandates/new"))).await.expect(200);
    assert!(!new.links().contains(&waiting), "it waits no more");
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let own = anna.follow(&overview, &overview.link("/mandates/0")).await.expect(200);
    assert!(own.text().contains("Registered from a signed paper"), "{}", own.text());
    let scan = anna.follow(&own, &own.link("/documents/")).await.expect(200);
    assert!(scan.body.contains("signed"), "she has what she signed");
    let held = bo.open(&scene.at("/act-for")).await.expect(200);
    assert!(held.text().contains("elder care"), "{}", held.text());
    let theirs = bo.open(own.url.as_str()).await.expect(200);
    assert!(theirs.links().iter().all(|link| !link.contains("/documents/")));
    bo.open(scan.url.as_str()).await.expect(404);

    // What was entered wrongly never counted.
    let annul = entry.form("/annul");
    inge.submit(&entry, &annul, &[]).await.expect(422);
    let annulled =
        inge.submit(&entry, &annul, &[("ground", "wrong_content"), ("note", "Forkert bilag")]).await;
    assert!(annulled.expect(200).text().contains("Annulled"));
    let held = bo.open(&scene.at("/act-for")).await.expect(200);
    assert!(!held.text().contains("elder care"), "{}", held.text());

    // What could do great harm takes a second registrar, and never the first again.
    let sheet = printed(&scene, &mut inge, &lookup, "M02").await;
    let entry = entered(&mut inge, &sheet, "form").await;
    let again = inge.submit(&entry, &entry.form("/confirm"), &[]).await;
    assert!(again.body.contains("second_registrar_needed"), "{}", again.text());
    let second = look_up_to_serve(&scene, &mut niels).await;
    let found = niels.open(&scene.at(&second)).await.expect(200);
    let id = entry.url.path().rsplit('/').next().expect("an id");
    let seen = niels.follow(&found, &found.link(id)).await.expect(200);
    let scan = niels.follow(&seen, &seen.link("/documents/")).await.expect(200);
    assert!(scan.body.contains("signed"), "nobody confirms what they have not read");
    let confirmed = niels.submit(&seen, &seen.form("/confirm"), &[]).await.expect(200);
    assert!(confirmed.forms().iter().all(|form| !form.action.ends_with("/confirm")), "{}", confirmed.text());
    let word = [("ground", "pressured"), ("note", "Anna ringede"), ("quiet", "yes")];
    niels.submit(&confirmed, &confirmed.form("/revoke"), &word).await.expect(200);
    scene.nothing_leaked(&["6702451236", "7103701235"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m03_a_mandate_on_paper_goes_from_the_form_to_an_active_power_on_sqlite() {
    on_paper(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m03_a_mandate_on_paper_goes_from_the_form_to_an_active_power_on_postgres() {
    on_paper(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r37_staff_are_told_before_what_ends_with_a_mandate() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut inge = scene.logged_in("mitid", Person::inge()).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let given = give_mandate(&scene, &mut anna, "M13", &Person::bo()).await;
    let lookup = look_up_to_serve(&scene, &mut inge).await;
    let mandate = format!("{lookup}{}", given.url.path());
    let alone = inge.open(&scene.at(&mandate)).await.expect(200);
    assert!(!alone.text().contains(FALLS), "nothing but the mandate ends: {}", alone.text());

    let part = bo.open(&scene.at(&format!("{}/pass-on", given.url.path()))).await.expect(200);
    let form = part.form("/pass-on");
    let right = form.choices[0].1.clone();
    let values = [("right", right.as_str()), ("name", "Hans Prøve"), ("number", "6805791237")];
    let summary = bo.submit(&part, &form, &values).await.expect(200);
    let lower = bo.submit(&summary, &summary.form("/pass-on/"), &[]).await.expect(200);

    let seen = inge.open(&scene.at(&mandate)).await.expect(200);
    assert_eq!(seen.text().matches(FALLS).count(), 1, "{}", seen.text());
    // What a slip of the pen leaves is told again.
    let again = inge.submit(&seen, &seen.form("/revoke"), &[]).await.expect(422);
    assert_eq!(again.text().matches(FALLS).count(), 1, "{}", again.text());
    let word = [("ground", "no_longer_needed"), ("note", "Anna kom i dag")];
    let ended = inge.submit(&again, &again.form("/revoke"), &word).await.expect(200);
    assert!(!ended.text().contains(FALLS), "{}", ended.text());
    let over = bo.open(lower.url.as_str()).await.expect(200);
    assert!(over.forms().iter().all(|form| !form.action.ends_with("/revoke")), "{}", over.text());
}
