//! The page of a receipt is for whom its event concerns, in person; the page of the log is for everybody.

use crate::{
    pages::{give_mandate, id_of, say_yes},
    provider::{Person, Tenant},
    scene::Scene,
    walker::Walker,
};
use tillid_testkit::Engine;

async fn a_receipt_is_for_whom_it_concerns(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let request = scene.ask(&Person::anna()).await;
    let summary = say_yes(&scene, &mut anna, &request).await;
    let done = anna.submit(&summary, &summary.form("/answer"), &[]).await.expect(200);
    let own = anna.follow(&done, &done.link("/receipt")).await.expect(200);
    let path = own.url.path().to_owned();
    assert!(path.starts_with("/receipts/"), "{path}");
    let download = anna.open(&scene.at(&format!("{path}/download"))).await.expect(200);
    assert!(download.header("content-disposition").starts_with("attachment"), "it is kept, not shown");
    assert!(download.header("cache-control").contains("no-store") && download.body.contains("\"receipt\""));

    let event = path.trim_start_matches("/receipts/").to_owned();
    for (language, file) in [("da", "kvittering"), ("en", "receipt")] {
        let page = anna.open(&scene.at(&format!("/language/{language}?return_to={path}"))).await.expect(200);
        let paper = anna.follow(&page, &page.link("/pdf")).await.expect(200);
        assert_eq!(paper.header("content-type"), "application/pdf");
        assert_eq!(
            paper.header("content-disposition"),
            format!("attachment; filename=\"{file}-{event}.pdf\"")
        );
        assert!(paper.header("cache-control").contains("no-store") && paper.body.starts_with("%PDF-1."));
        assert!(paper.body.contains("<pdfuaid:part>1<"), "for everybody to read");
    }
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let consent = anna.follow(&overview, &overview.link("/consents/0")).await.expect(200);
    let xml = anna.follow(&consent, &consent.link("/viljestilkendegivelse")).await.expect(200);
    assert_eq!(xml.header("content-type"), "application/xml; charset=utf-8");
    assert!(xml.header("content-disposition").starts_with("attachment; filename=\"consent-"));
    assert!(xml.header("cache-control").contains("no-store"));
    assert!(
        xml.body.contains("<!-- Left out: name_withheld -->")
            && xml.body.contains("Viljestilkendegivelseserklaering>")
    );
    let declaration = xml.url.clone();

    let mandate = give_mandate(&scene, &mut anna, "M14", &Person::bo()).await;
    let shared = format!("/mandates/{}/receipt", id_of(&mandate));
    let of_both = anna.open(&scene.at(&shared)).await.expect(200);
    assert!(!of_both.body.contains("/pdf\""), "a receipt of no answer is no paper");
    anna.open(&format!("{}/pdf", of_both.url)).await.refuses(409, "not_on_paper");

    let mut nobody = Walker::new();
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let consent = format!("/requests/{request}/receipt");
    nobody.open(declaration.as_str()).await.refuses(401, "session_missing");
    bo.open(declaration.as_str()).await.refuses(404, "not_found");
    hans.open(declaration.as_str()).await.refuses(403, "lookup_missing");
    for part in ["", "/download", "/pdf", "/proof"] {
        let path = scene.at(&format!("{path}{part}"));
        nobody.open(&path).await.refuses(401, "session_missing");
        bo.open(&path).await.refuses(404, "not_found");
        hans.open(&path).await.refuses(403, "only_in_person");
    }
    bo.open(&scene.at(&consent)).await.refuses(404, "not_found");
    let same = bo.open(&scene.at(&shared)).await.expect(200);
    assert_eq!(same.url.path(), of_both.url.path(), "both sides of a power of attorney have its receipt");
    bo.open(&scene.at("/receipts/0198aaaa-0000-7000-8000-00000000dead")).await.refuses(404, "not_found");

    let page = bo.open(&scene.at("/act-for")).await.expect(200);
    let form = page.form("/act-for");
    let person = form.choices.iter().chain(&form.fields).find(|(name, _)| name == "person");
    let button = form.buttons.iter().find(|(name, ..)| name == "person").map(|(_, value, _)| value.clone());
    let person = person.map(|(_, value)| value.clone()).or(button).expect("somebody to act for");
    bo.submit(&page, &form, &[("person", &person)]).await.expect(200);
    for path in [path, of_both.url.path().to_owned()] {
        bo.open(&scene.at(&path)).await.refuses(403, "only_in_person");
    }
    for walker in [&mut nobody, &mut bo, &mut hans] {
        let log = walker.open(&scene.at("/transparency")).await.expect(200);
        assert!(log.link("/log/checkpoint").ends_with("/log/checkpoint"));
        for person in [Person::anna(), Person::bo()] {
            let number = person.cpr.expect("a number");
            assert!(!log.body.contains(&number), "nothing of anybody");
        }
    }
    nobody.open(&scene.at("/transparency?below=x")).await.refuses(400, "invalid_query");
}

async fn everything_is_taken_out_by_the_person_alone(engine: Engine) {
    let scene = Scene::with_catalogue(engine, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    give_mandate(&scene, &mut anna, "M14", &Person::bo()).await;
    let overview = anna.open(&scene.at("/overview")).await.expect(200);
    let page = anna.follow(&overview, &overview.link("/export")).await.expect(200);
    let file = anna.follow(&page, &page.link("/export/download")).await.expect(200);
    assert_eq!(file.header("content-type"), "application/zip");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"tillid.zip\"");
    assert!(file.header("cache-control").contains("no-store") && file.body.starts_with("PK"));

    let mut nobody = Walker::new();
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let choice = bo.open(&scene.at("/act-for")).await.expect(200);
    let form = choice.form("/act-for");
    let person = form.choices.iter().chain(&form.fields).find(|(name, _)| name == "person");
    let button = form.buttons.iter().find(|(name, ..)| name == "person").map(|(_, value, _)| value.clone());
    let person = person.map(|(_, value)| value.clone()).or(button).expect("somebody to act for");
    bo.submit(&choice, &form, &[("person", &person)]).await.expect(200);
    for path in ["/export", "/export/download"] {
        nobody.open(&scene.at(path)).await.refuses(401, "session_missing");
        hans.open(&scene.at(path)).await.refuses(403, "citizens_only");
        bo.open(&scene.at(path)).await.refuses(403, "only_in_person");
    }
    let log = anna.open(&scene.at("/access-log")).await.expect(200);
    assert!(
        log.body.contains("Wanted to take out everything"),
        "she is told that it was tried: {}",
        log.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_taken_out_by_the_person_alone_on_sqlite() {
    everything_is_taken_out_by_the_person_alone(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_taken_out_by_the_person_alone_on_postgres() {
    everything_is_taken_out_by_the_person_alone(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_for_whom_it_concerns_on_sqlite() {
    a_receipt_is_for_whom_it_concerns(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_for_whom_it_concerns_on_postgres() {
    a_receipt_is_for_whom_it_concerns(Engine::Postgres).await;
}
