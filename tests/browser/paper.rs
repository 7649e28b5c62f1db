//! The paper route by people who read what the pages say (M3, M4, P5): Bo asks, Inge prints what he asked for, Anna signs, Inge finds the
//! form by its code and registers it with the scanned paper, Niels reads the paper and confirms, Anna gets a letter, and the power holds.

use crate::{
    browser::{Browser, Scripts},
    every_page::Walk,
    papers::{poppler, says_that_it_is_accessible},
    story::{ANNA, BO, Capacity, INGE, NIELS, Scene},
    support::Tillid,
    words::Language::{self, Danish, English},
};
use serde_json::{Value, json};
use tillid_domain::Digest;
use tillid_testkit::Engine;

/// A package that could do great harm, what of it is asked for, and what is not.
const M17: &str = "Digital Post: læse eller læse og skrive";
const READ: &str = "Læse din post";
const WRITE: &str = "Skrive post for dig";
const READ_URI: &str = "urn:dk:digitalpost:fuldmagt:post:post:laes";
const WRITE_URI: &str = "urn:dk:digitalpost:fuldmagt:post:post:handle";
const CASE: &str = "27.36.04-2026-17";
/// What Anna handed in, as it was scanned.
const SCAN: &[u8] = b"%PDF-1.7\nsigned by Anna\n%%EOF\n";

async fn the_route(engine: Engine, scripts: Scripts) {
    let scene = Scene { tillid: Tillid::demo(engine).await, scripts };
    // Anna has no MitID, and what she is told comes on paper.
    let exempt = json!({"event": "post_exempt", "person": "anna"});
    scene.tillid.post("/sandbox/events").json(&exempt).send().await.expect(200);
    let bo = scene.enter(BO, Capacity::Private).await;
    ask(&scene, &bo).await;

    let inge = scene.browser(crate::browser::WIDE).await;
    log_in_at(&inge, INGE, "Eksempel Kommune").await;
    serve(&scene, &inge).await;
    let code = print(&inge).await;

    // Anna comes back with it, and somebody finds it by what stands on it.
    serve(&scene, &inge).await;
    let mandate = enter(&scene, &inge, &code).await;
    assert_eq!(may(&scene, READ_URI, Some(CASE)).await, "no_power", "a second one has to confirm");
    let told = letter(&scene, &inge, "mandate_given").await;
    assert!(told["body"]["da"].as_str().is_some_and(|body| body.contains("Borgerservice")), "{told}");
    inge.click("Bekræft som nummer to").await;
    assert_eq!(inge.code().await, "second_registrar_needed", "never the same one twice");

    let niels = scene.enter(NIELS, Capacity::Work).await;
    serve(&scene, &niels).await;
    confirm(&niels, &mandate).await;
    letter(&scene, &niels, "mandate_confirmed").await;

    // What could do great harm rests for three days first; then it is what Anna signed, and no more.
    assert_eq!(may(&scene, READ_URI, Some(CASE)).await, "power_not_started");
    scene.tillid.post("/sandbox/clock").json(&json!({"advance": "P3D"})).send().await.expect(200);
    assert_eq!(may(&scene, READ_URI, Some(CASE)).await, "yes");
    assert_eq!(may(&scene, WRITE_URI, Some(CASE)).await, "no_power", "that was not signed");
    assert_eq!(may(&scene, READ_URI, None).await, "power_does_not_cover", "nor any other case");

    // Anna comes to the counter again: it ends on her word.
    serve(&scene, &niels).await;
    revoke(&niels, &mandate).await;
    assert_eq!(may(&scene, READ_URI, Some(CASE)).await, "power_revoked");
}

/// Logs in as an employee of one of several authorities.
async fn log_in_at(browser: &Browser, name: &str, authority: &str) {
    browser.open("/").await;
    browser.click("Log på med Test-MitID").await;
    browser.click_near(&format!("Borgerservice, {authority}"), name).await;
}

/// Bo asks for one thing, in one case.
async fn ask(scene: &Scene, bo: &Browser) {
    bo.open("/mandate-requests/new").await;
    bo.fill("Personens navn", ANNA).await;
    bo.fill("Personens CPR-nummer", &scene.number("anna").await).await;
    bo.press(M17).await;
    bo.tick(READ).await;
    assert_eq!(bo.chosen().await.len(), 1, "{:?}", bo.chosen().await);
    bo.fill("Kun én sag", CASE).await;
    bo.screenshot("bo-asks-on-paper").await;
    bo.click("Send anmodningen").await;
    for words in [M17, READ, CASE] {
        bo.expect(words).await;
    }
    bo.expect_not(WRITE).await;
}

/// Somebody at the counter has Anna before them.
async fn serve(scene: &Scene, registrar: &Browser) {
    registrar.open("/casework").await;
    registrar.fill("Borgerens CPR-nummer", &scene.number("anna").await).await;
    registrar.choose("Formål", "Betjening i Borgerservice").await;
    registrar.click("Slå op").await;
}

/// Inge makes the form of what Bo asked for, and reads it: the code on it.
async fn print(inge: &Browser) -> String {
    inge.click("Fuldmagt på papir").await;
    inge.expect("Nogen har bedt borgeren om fuldmagt").await;
    inge.click("Lav formular").await;
    inge.screenshot("inge-form").await;
    for words in [BO, READ, CASE] {
        inge.expect(words).await;
    }
    inge.expect_not(WRITE).await;
    let code = inge.evaluate("return document.querySelector('main code').textContent", Vec::new()).await;
    let code = code.as_str().expect("a code").to_owned();
    let pdf = download(inge, "Hent formularen som PDF").await;
    assert!(says_that_it_is_accessible(&pdf));
    if let Some(paper) = poppler(&pdf) {
        assert!(paper.info.contains("Tagged:          yes"), "{}", paper.info);
        for words in [BO, READ, CASE, &code] {
            assert!(paper.text.contains(words), "{words}: {}", paper.text);
        }
        assert!(!paper.text.contains(WRITE), "{}", paper.text);
    }
    code
}

/// Inge registers what was signed, with its scan: the path of the mandate below a look-up.
async fn enter(scene: &Scene, inge: &Browser, code: &str) -> String {
    inge.click("Fuldmagt på papir").await;
    inge.click_near(code, M17).await;
    inge.choose("Hvad har borgeren skrevet under på?", "Formularen herfra").await;
    inge.write_today(["Dag", "Måned", "År"]).await;
    let file = scene.tillid.folder().join("signed.pdf");
    std::fs::write(&file, SCAN).expect("a scan");
    inge.attach("Det underskrevne papir", &file).await;
    inge.click("Registrer fuldmagten").await;
    inge.screenshot("inge-registered").await;
    inge.expect("På formular, registreret af en medarbejder").await;
    let path = inge.path().await;
    path.rsplit('/').next().expect("an id").to_owned()
}

/// Niels reads the paper, byte for byte what was handed in, and confirms.
async fn confirm(niels: &Browser, mandate: &str) {
    open_mandate(niels, mandate).await;
    for words in [READ, CASE] {
        niels.expect(words).await;
    }
    niels.expect_not(WRITE).await;
    let paper = download(niels, "Hent dokumentet").await;
    assert_eq!(Digest::of(&paper), Digest::of(SCAN));
    niels.screenshot("niels-confirms").await;
    niels.click("Bekræft som nummer to").await;
    let done = async || (!niels.offers("Bekræft som nummer to").await).then_some(());
    niels.until("a page that asks for it no more", done).await;
}

async fn revoke(niels: &Browser, mandate: &str) {
    open_mandate(niels, mandate).await;
    let part = "Træk tilbage for borgeren";
    niels.pick_under(part, "Grund", "Der er ikke brug for den mere").await;
    niels.fill_under(part, "Hvad ved du, eller hvad sagde borgeren?", "Anna vil ikke mere").await;
    niels.click_under(part, part).await;
    niels.expect("Trukket tilbage").await;
}

/// Opens a mandate from the page of the look-up.
async fn open_mandate(registrar: &Browser, mandate: &str) {
    let found = registrar.path().await;
    let lookup = found.split('?').next().expect("a path");
    registrar.open(&format!("{lookup}/mandates/{mandate}")).await;
}

/// What the link of that name leads to, as bytes.
async fn download(browser: &Browser, name: &str) -> Vec<u8> {
    assert!(browser.offers(name).await, "{}", browser.whole().await);
    let script = "return [...document.querySelectorAll('main a[href]')].find(a => a.textContent.trim() === arguments[0]).href";
    let address = browser.evaluate(script, vec![json!(name)]).await;
    let cookies = browser.client.get_all_cookies().await.expect("cookies");
    let cookies: Vec<String> = cookies.iter().map(|c| format!("{}={}", c.name(), c.value())).collect();
    let got = reqwest::Client::new().get(address.as_str().expect("an address"));
    let got = got.header("cookie", cookies.join("; ")).send().await.expect("an answer");
    assert_eq!(got.status(), 200);
    got.bytes().await.expect("bytes").to_vec()
}

/// What Bo is told when he asks whether he may act for Anna: `yes`, or the reason why not.
async fn may(scene: &Scene, privilege: &str, case: Option<&str>) -> String {
    let tillid = &scene.tillid;
    let id = async |key: &str| tillid.somebody(key).await["person_id"].clone();
    let mut question = json!({"subject": {"type": "person", "id": id("bo").await}, "action": {"name": privilege},
        "resource": {"type": "person", "id": id("anna").await}});
    if let Some(case) = case {
        question["resource"]["properties"] = json!({ "case": case });
    }
    let bo = tillid.token("bo").await;
    let said = tillid.post("/access/v1/evaluation").by(&bo).json(&question).send().await.expect(200).json();
    let reason = said["context"]["reason"]["code"].as_str();
    if said["decision"] == true { "yes".to_owned() } else { reason.expect("a reason").to_owned() }
}

/// What Anna has been sent of that kind, as a letter.
async fn letter(scene: &Scene, browser: &Browser, kind: &str) -> Value {
    let sent = browser.until(kind, async || {
        let inbox = scene.tillid.get("/sandbox/inbox/anna").send().await.expect(200).json();
        let items = inbox["items"].as_array().expect("messages");
        items.iter().find(|message| message["kind"] == kind).cloned()
    });
    let sent = sent.await;
    assert_eq!(sent["channel"], "letter", "{sent}");
    sent
}

#[tokio::test]
async fn m03_a_paper_becomes_a_power_on_sqlite() {
    the_route(Engine::Sqlite, Scripts::On).await;
}

#[tokio::test]
async fn m03_a_paper_becomes_a_power_without_scripts() {
    the_route(Engine::Sqlite, Scripts::Off).await;
}

#[tokio::test]
async fn m03_a_paper_becomes_a_power_on_postgresql() {
    the_route(Engine::Postgres, Scripts::On).await;
}

/// Niels, who makes a form from nothing and enters it.
async fn counter(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(NIELS, Capacity::Work).await;
    walk.look_up_to_help("anna").await;
    let found = walk.browser.path().await;
    let lookup = found.split('?').next().expect("a path").to_owned();
    walk.visit(&format!("{lookup}/mandates/new"), "paper-new").await;
    let form = format!("{lookup}/mandates/new?package=M14");
    walk.visit(&form, "paper-make").await;
    assert!(walk.browser.chosen().await.is_empty(), "nothing is chosen beforehand");
    walk.visit_unfilled(&form, "mandates.make", "paper-make-errors").await;
    let boxes = walk.browser.boxes().await;
    walk.browser.tick(&boxes[0]).await;
    walk.browser.fill(&walk.page("mandates.representative_name"), BO).await;
    walk.browser.fill(&walk.page("mandates.representative_number"), &walk.number("bo").await).await;
    walk.write_today().await;
    walk.browser.fill(&walk.page("mandate.case"), CASE).await;
    walk.send("mandates.make").await;
    walk.look("paper-form").await;
    let sheet = walk.browser.path().await;
    walk.visit_unfilled(&sheet, "mandates.enter", "paper-form-errors").await;
    walk.visit(&format!("{lookup}/mandates/new"), "paper-waiting").await;
    walk.end(6);
}

mod every_page_of_paper {
    use super::*;

    #[tokio::test]
    async fn in_danish() {
        counter(Danish).await;
    }

    #[tokio::test]
    async fn in_english() {
        counter(English).await;
    }
}
