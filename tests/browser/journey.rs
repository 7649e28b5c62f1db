//! The whole way, by people who read what the pages say: asked, answered, looked up, acted for, revoked, withdrawn, and seen by whom it concerns.

use crate::{
    browser::{Browser, Scripts},
    story::{ANNA, BO, Capacity, HANS, MONA, Scene, log_in, log_out},
    support::Tillid,
};
use tillid_testkit::Engine;

const CASE: &str = "27.36.04-2026-17";
const MONAS_CASE: &str = "N-2026-1";
const C02: &str = "Indhentning af oplysninger i social sag";
const M14: &str = "Kommunen: ældre og hjælpemidler";
/// The first two of what C02 asks.
const DOCTOR: &str = "fra min journal hos min læge";
const HOSPITAL: &str = "det sygehus, der har behandlet mig";
/// What of M14 is given, and what is not.
const GIVEN: &str = "Se din hjemmehjælp";
const NOT_GIVEN: &str = "Søge om hjælpemidler";

async fn the_journey(engine: Engine, scripts: Scripts) {
    let scene = Scene { tillid: Tillid::demo(engine).await, scripts };
    let number = scene.number("anna").await;

    let hans = scene.enter(HANS, Capacity::Work).await;
    look_up(&hans, &number, CASE).await;
    hans.expect("Der er ikke noget at se om borgeren hos jer.").await;
    ask(&hans).await;
    log_out(&hans).await;

    let anna = scene.enter(ANNA, Capacity::Private).await;
    let giving = answer(&anna).await;

    log_in(&hans, HANS, Capacity::Work).await;
    look_up(&hans, &number, CASE).await;
    hans.screenshot("hans-found").await;
    hans.expect_near(DOCTOR, "Samtykket gælder.").await;
    hans.expect_near(HOSPITAL, "Borgeren har svaret nej.").await;

    let mona = scene.enter(MONA, Capacity::Work).await;
    look_up(&mona, &number, MONAS_CASE).await;
    mona.expect("Der er ikke noget at se om borgeren hos jer.").await;
    mona.expect_not(C02).await;
    mona.expect_not(ANNA).await;

    let steps = give_mandate(&scene, &anna).await;
    assert!(steps <= 5, "giving a power of attorney took {steps} steps");
    let bo = scene.enter(BO, Capacity::Private).await;
    act_for_anna(&bo, &anna).await;
    let steps = revoke(&anna).await;
    assert!(steps <= 2, "revoking took {steps} steps");
    stop_acting(&bo).await;

    let withdrawing = withdraw(&anna).await;
    assert!(withdrawing <= giving, "withdrawing took {withdrawing} steps, giving took {giving}");

    look_up(&hans, &number, CASE).await;
    hans.screenshot("hans-withdrawn").await;
    hans.expect_near(DOCTOR, "Borgeren har trukket samtykket tilbage.").await;
    hans.expect_near(DOCTOR, "Stop med at spørge de steder, som tilbagekaldelsen gælder").await;

    who_has_looked(&anna).await;
    log_out(&anna).await;
    anna.open("/overview").await;
    assert_eq!(anna.code().await, "session_missing");
}

/// Looks anna up, and has then before them what was found.
async fn look_up(caseworker: &Browser, number: &str, case: &str) {
    caseworker.open("/casework").await;
    assert!(caseworker.chosen().await.is_empty(), "no purpose is chosen beforehand");
    caseworker.fill("Borgerens CPR-nummer", number).await;
    caseworker.choose("Formål", "Sagsbehandling").await;
    caseworker.fill("Sagens nummer", case).await;
    caseworker.click("Slå op").await;
    let path = caseworker.path().await;
    assert!(path.starts_with("/casework/lookups/") && !path.contains(number), "{path}");
    caseworker.expect_not(number).await;
}

/// Asks for all that C02 can be asked about.
async fn ask(hans: &Browser) {
    hans.click("Bed om samtykke").await;
    hans.click(C02).await;
    hans.screenshot("hans-ask").await;
    assert!(hans.chosen().await.is_empty(), "nothing is chosen beforehand");
    for statement in hans.boxes().await {
        hans.tick(&statement).await;
    }
    hans.fill("Sagens nummer", CASE).await;
    hans.click("Send anmodning").await;
    hans.expect("Anmodningen er sendt.").await;
    hans.expect("Indtil da har du intet samtykke.").await;
}

/// Says yes to the doctor and no to everybody else. The steps from the overview to the receipt.
async fn answer(anna: &Browser) -> usize {
    anna.open("/overview").await;
    let before = anna.steps();
    anna.click("Læs og svar").await;
    assert_eq!(anna.heading().await, C02);
    assert!(anna.chosen().await.is_empty(), "nothing is chosen beforehand");
    anna.screenshot("anna-asked").await;
    let questions = anna.questions().await;
    assert_eq!(questions.len(), 6);
    for question in &questions {
        anna.choose(question, if question.contains(DOCTOR) { "Ja" } else { "Nej" }).await;
    }
    anna.click("Næste").await;
    assert_eq!(anna.heading().await, "Tjek svarene");
    anna.expect_near(DOCTOR, "Dit svar: Ja").await;
    anna.expect_near(HOSPITAL, "Dit svar: Nej").await;
    anna.screenshot("anna-summary").await;
    anna.click("Send svarene").await;
    assert_eq!(anna.heading().await, "Tak for svaret");
    let steps = anna.steps() - before;
    anna.expect("Eksempel Kommune har fået svaret").await;
    anna.click_near(DOCTOR, "Se svaret").await;
    assert!(anna.offers("Se kvitteringen").await);
    steps
}

/// Gives bo a part of M14. The steps from the overview until it is given.
async fn give_mandate(scene: &Scene, anna: &Browser) -> usize {
    anna.open("/overview").await;
    let before = anna.steps();
    anna.click("Giv en fuldmagt").await;
    anna.click(M14).await;
    assert!(anna.chosen().await.is_empty(), "nothing is chosen beforehand");
    anna.tick(GIVEN).await;
    anna.fill("Personens navn", BO).await;
    anna.fill("Personens CPR-nummer", &scene.number("bo").await).await;
    let year: i32 = anna.value("År").await.parse().expect("the suggested year");
    for (part, value) in [("Dag", "30"), ("Måned", "6"), ("År", &(year - 1).to_string())] {
        anna.fill(part, value).await;
    }
    anna.click("Gå videre").await;
    assert_eq!(anna.heading().await, "Tjek fuldmagten, før du giver den");
    anna.expect(BO).await;
    anna.expect(&format!("30. juni {}", year - 1)).await;
    anna.expect(GIVEN).await;
    anna.expect_not(NOT_GIVEN).await;
    anna.screenshot("anna-mandate-summary").await;
    anna.click("Giv fuldmagt").await;
    anna.expect("Fuldmagten er givet og gælder nu").await;
    anna.steps() - before
}

/// Bo acts for anna: he sees what he was given, and no more.
async fn act_for_anna(bo: &Browser, anna: &Browser) {
    bo.open("/overview").await;
    bo.click("Handl for en anden").await;
    bo.choose("Hvem vil du handle for?", ANNA).await;
    bo.click("Handl for personen").await;
    assert_eq!(bo.heading().await, format!("Overblik for {ANNA}"));
    bo.expect("Din fuldmagt siger ikke, at du må se samtykker.").await;
    bo.expect_not(C02).await;
    bo.screenshot("bo-acts").await;
    bo.click("Se fuldmagten").await;
    bo.expect(GIVEN).await;
    bo.expect_not(NOT_GIVEN).await;
    let mandate = bo.path().await;
    for path in ["/overview", "/act-for", "/about/privacy", "/about/accessibility", &mandate] {
        bo.open(path).await;
        assert!(bo.says(&format!("Du handler for {ANNA}")).await, "{path}\n{}", bo.whole().await);
    }
    anna.open("/overview").await;
    anna.click_near(DOCTOR, "Se svaret").await;
    for (path, code) in
        [(anna.path().await.as_str(), "power_does_not_cover"), ("/access-log", "only_in_person")]
    {
        bo.open(path).await;
        assert_eq!(bo.code().await, code, "{path}\n{}", bo.whole().await);
        bo.expect_not(DOCTOR).await;
    }
    bo.open("/overview").await;
}

/// The steps from the overview until it is revoked.
async fn revoke(anna: &Browser) -> usize {
    anna.open("/overview").await;
    let before = anna.steps();
    anna.click_near(BO, "Træk fuldmagten tilbage").await;
    anna.screenshot("anna-revokes").await;
    anna.click("Træk fuldmagten tilbage").await;
    anna.expect("Fuldmagten er trukket tilbage").await;
    anna.steps() - before
}

/// The next thing that bo does is refused, with the reason; and he finds back to what is his own.
async fn stop_acting(bo: &Browser) {
    bo.click("Overblik").await;
    bo.screenshot("bo-refused").await;
    assert_eq!(bo.code().await, "power_revoked");
    bo.expect("Den, der gav fuldmagten, har tilbagekaldt den.").await;
    bo.click("Stop, og handl for dig selv").await;
    assert_eq!(bo.heading().await, "Dit overblik");
}

/// Takes back the yes. The steps from the overview until it is withdrawn.
async fn withdraw(anna: &Browser) -> usize {
    anna.open("/overview").await;
    let before = anna.steps();
    anna.click_near(DOCTOR, "Træk tilbage").await;
    anna.expect("Det, der er hentet før, er stadig lovligt").await;
    anna.screenshot("anna-withdraws").await;
    anna.click("Træk samtykket tilbage").await;
    anna.expect("Samtykket er trukket tilbage. Fra da af må det ikke bruges mere.").await;
    anna.steps() - before
}

/// Hans's looks stand in anna's log with their purpose, and mona's too, although she found nothing.
async fn who_has_looked(anna: &Browser) {
    anna.open("/overview").await;
    anna.click("Hvem har kigget?").await;
    anna.screenshot("anna-log").await;
    let mut rows = anna.rows().await;
    while anna.offers("Vis ældre").await {
        anna.click("Vis ældre").await;
        rows.extend(anna.rows().await);
    }
    let stands =
        |words: &[&str]| rows.iter().filter(|row| words.iter().all(|word| row.contains(word))).count();
    let looked = ["En ansat i Eksempel Kommune", "Slog dig op", "Sagsbehandling", CASE];
    assert!(stands(&looked) >= 3, "{rows:#?}");
    assert!(stands(&["En ansat i Eksempel Kommune", "Bad om dit samtykke"]) == 1, "{rows:#?}");
    assert!(
        stands(&["En ansat i Nabo", "Slog dig op", "Sagsbehandling", MONAS_CASE, "Fandt intet"]) >= 1,
        "{rows:#?}"
    );
    assert_eq!(stands(&[BO, "Så samtykker", "For at handle for dig", "Fik nej"]), 1, "{rows:#?}");
    assert!(stands(&[HANS]) + stands(&[MONA]) == 0, "no employee is named: {rows:#?}");
}

#[tokio::test]
async fn the_journey_works_on_sqlite() {
    the_journey(Engine::Sqlite, Scripts::On).await;
}

#[tokio::test]
async fn the_journey_works_without_scripts() {
    the_journey(Engine::Sqlite, Scripts::Off).await;
}

#[tokio::test]
async fn the_journey_works_on_postgresql() {
    the_journey(Engine::Postgres, Scripts::On).await;
}

#[tokio::test]
async fn r04_withdrawing_takes_no_more_steps_than_giving() {
    let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::On };
    let hans = scene.enter(HANS, Capacity::Work).await;
    look_up(&hans, &scene.number("anna").await, CASE).await;
    ask(&hans).await;
    let anna = scene.enter(ANNA, Capacity::Private).await;
    let (giving, withdrawing) = (answer(&anna).await, withdraw(&anna).await);
    assert!(0 < withdrawing && withdrawing <= giving, "withdrawing: {withdrawing}, giving: {giving}");
}
