//! The end of a session, as a person meets it: announced, put off, and told of.

use crate::{
    browser::{Browser, Scripts, WIDE},
    story::{ANNA, BO, Capacity, Scene, at_the_provider},
    support::Tillid,
};
use serde_json::json;
use tillid_testkit::Engine;

const WARNING: &str = "Du bliver snart logget af";

/// A clock for the scripts of pages that the test can put forward; it runs on as ever.
const CLOCK: &str = "
    const now = Date.now.bind(Date);
    window.tillidAhead = 0;
    Date.now = () => now() + window.tillidAhead;";

/// Puts the clock of the page to this long before the end that the page knows of when nothing is done.
async fn before_the_end(browser: &Browser, seconds: i64) {
    let script = "window.tillidAhead += (Number(document.getElementById('session').dataset.idle) - arguments[0]) * 1000";
    browser.evaluate(script, vec![json!(seconds)]).await;
}

async fn is_warned(browser: &Browser) -> bool {
    browser.evaluate("return document.querySelector('dialog').open", Vec::new()).await == true
}

#[tokio::test]
async fn the_end_of_a_session_is_announced_and_can_be_put_off() {
    let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::On };
    let browser = scene.enter(ANNA, Capacity::Private).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": CLOCK})).await;
    browser.open("/overview").await;
    assert!(!is_warned(&browser).await);

    before_the_end(&browser, 90).await;
    browser.until(WARNING, async || browser.says(WARNING).await.then_some(())).await;
    browser.expect("Du bliver logget af om 90 sekunder.").await;
    let violations = browser.axe().await;
    assert!(violations.is_empty(), "{violations:#?}");
    assert_eq!(browser.keyboard_walk_in("dialog").await, Vec::<String>::new());
    browser.screenshot("session-warning").await;

    browser.press("Bliv på siden").await;
    browser.until("the warning to go", async || (!is_warned(&browser).await).then_some(())).await;
    before_the_end(&browser, 130).await;
    assert!(!is_warned(&browser).await, "the end has moved");

    before_the_end(&browser, 0).await;
    browser.arrive("Du er logget af").await;
    browser.expect("Du blev logget af, fordi der ikke skete noget i et stykke tid.").await;
}

#[tokio::test]
async fn the_end_of_a_session_is_told_without_scripts() {
    let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::Off };
    let browser = scene.enter(ANNA, Capacity::Private).await;
    for path in ["/overview", "/mandates/new", "/access-log"] {
        browser.open(path).await;
        let text = browser.text().await;
        let (_, rest) =
            text.split_once("Du bliver logget af kl. ").unwrap_or_else(|| panic!("{path}\n{text}"));
        let (clock, rest) = rest.split_at(5);
        assert!(
            clock.chars().all(|c| c.is_ascii_digit() || c == '.')
                && rest.starts_with(", hvis du ikke gør noget."),
            "{path}: {clock}{rest}"
        );
        assert!(!is_warned(&browser).await);
    }
}

/// What an old login must not give waits, as it was chosen, for a fresh one.
#[tokio::test]
async fn what_was_chosen_survives_a_login_that_is_too_old() {
    let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::On };
    let hans = scene.tillid.token("hans").await;
    let asked = json!({"person": {"cpr": scene.number("anna").await}, "consent_type": "C02", "case": "S-1"});
    scene.tillid.post("/v1/consent-requests").by(&hans).json(&asked).send().await.expect(201);
    let anna = scene.enter(ANNA, Capacity::Private).await;
    anna.open("/overview").await;
    anna.click("Læs og svar").await;
    let questions = anna.questions().await;
    for (n, question) in questions.iter().enumerate() {
        anna.choose(question, if n == 1 { "Ja" } else { "Nej" }).await;
    }
    anna.click("Næste").await;

    let old =
        "UPDATE session SET principal = json_set(principal, '$.authenticated_at', '2026-01-01T00:00:00Z')";
    assert_eq!(scene.tillid.administrator().await.execute(old).await.expect("aged"), 1);
    anna.click("Send svarene").await;
    assert_eq!(anna.code().await, "login_too_old");
    assert_eq!(anna.faults().await, Vec::<String>::new());
    anna.click("Log på igen").await;
    at_the_provider(&anna, ANNA, Capacity::Private).await;
    anna.arrive("Fortsæt, hvor du slap").await;
    assert_eq!(anna.faults().await, Vec::<String>::new());
    anna.click("Se det, og gå videre").await;
    assert_eq!(anna.heading().await, "Tjek svarene");
    anna.expect_near("det sygehus, der har behandlet mig", "Dit svar: Ja").await;
    anna.expect_near("hos min læge", "Dit svar: Nej").await;
    anna.click("Send svarene").await;
    assert_eq!(anna.heading().await, "Tak for svaret");
}

/// A login that proves too little opens nothing, and says so.
#[tokio::test]
async fn a_weak_login_is_refused() {
    let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::On };
    let browser = scene.browser(WIDE).await;
    browser.open("/").await;
    browser.click("Log på med Test-MitID").await;
    browser.choose("Sikringsniveau", "Lav").await;
    at_the_provider(&browser, ANNA, Capacity::Private).await;
    assert_eq!(browser.code().await, "login_too_weak");
    browser.open("/overview").await;
    assert_eq!(browser.code().await, "session_missing");
}

/// What needs a stronger login leads to one, and back to what was about to be done.
#[tokio::test]
async fn what_needs_a_stronger_login_leads_to_one() {
    let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::On };
    let anna = scene.enter(ANNA, Capacity::Private).await;
    anna.open("/mandates/new/M02").await;
    anna.expect("Du skal logge på med det højeste sikringsniveau for at give den.").await;
    let boxes = anna.boxes().await;
    anna.tick(&boxes[0]).await;
    anna.fill("Personens navn", BO).await;
    anna.fill("Personens CPR-nummer", &scene.number("bo").await).await;
    anna.click("Gå videre").await;
    anna.click("Giv fuldmagt").await;
    assert_eq!(anna.code().await, "assurance_too_low");
    assert_eq!(anna.faults().await, Vec::<String>::new());
    anna.click("Log på igen").await;
    // The level that is asked for is chosen already.
    at_the_provider(&anna, ANNA, Capacity::Private).await;
    assert_eq!(anna.heading().await, "Tjek fuldmagten, før du giver den");
    anna.expect(BO).await;
    anna.click("Giv fuldmagt").await;
    // What could do great harm rests first.
    anna.expect("Fuldmagten gælder ikke endnu").await;
}
