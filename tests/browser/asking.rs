//! Bo asks anna for a power of attorney, anna reads what it means and gives it, and bo acts for her.

use crate::{
    browser::{Browser, Scripts},
    every_page::Walk,
    story::{ANNA, BO, Capacity, Scene},
    support::Tillid,
    words::Language::{self, Danish, English},
};
use tillid_testkit::Engine;

const M14: &str = "Kommunen: ældre og hjælpemidler";
/// What of it is asked for, and what is not.
const GIVEN: &str = "Se din hjemmehjælp";
const NOT_GIVEN: &str = "Søge om hjælpemidler";
const CALLED: &str = "Mor Lind";

async fn the_story(engine: Engine, scripts: Scripts) {
    let scene = Scene { tillid: Tillid::demo(engine).await, scripts };
    let bo = scene.enter(BO, Capacity::Private).await;
    ask(&scene, &bo).await;

    let anna = scene.enter(ANNA, Capacity::Private).await;
    anna.open("/overview").await;
    anna.expect(&format!("{BO} beder om en fuldmagt")).await;
    anna.expect_not(CALLED).await;
    let before = anna.steps();
    anna.click("Læs og svar").await;
    assert_eq!(anna.heading().await, "Tjek fuldmagten, før du giver den");
    anna.expect(BO).await;
    anna.expect(GIVEN).await;
    anna.expect_not(NOT_GIVEN).await;
    anna.screenshot("anna-asked-for-mandate").await;
    anna.click("Giv fuldmagt").await;
    anna.expect("Fuldmagten er givet og gælder nu").await;
    let steps = anna.steps() - before;
    assert!(steps <= 3, "approving took {steps} steps");

    bo.open("/overview").await;
    bo.click_near(CALLED, "Se anmodningen").await;
    bo.expect("Svaret blev ja").await;
    bo.click("Handl for en anden").await;
    bo.choose("Hvem vil du handle for?", ANNA).await;
    bo.click("Handl for personen").await;
    assert_eq!(bo.heading().await, format!("Overblik for {ANNA}"));
    bo.click("Stop, og handl for dig selv").await;

    // The second time she says no, in one step.
    ask(&scene, &bo).await;
    anna.open("/overview").await;
    let before = anna.steps();
    anna.click("Sig nej").await;
    anna.expect("Du sagde nej. Ingen har fået lov til noget.").await;
    assert_eq!(anna.steps() - before, 1);
    bo.open("/overview").await;
    bo.click_near("Afslået", "Se anmodningen").await;
    bo.expect("Personen sagde nej. Du har ingen fuldmagt.").await;
}

/// Bo asks for M14, and sees that he has nothing yet.
async fn ask(scene: &Scene, bo: &Browser) {
    let number = scene.number("anna").await;
    bo.open("/overview").await;
    bo.click("Bed om en fuldmagt").await;
    assert!(bo.chosen().await.is_empty(), "nothing is chosen beforehand");
    bo.fill("Personens navn", CALLED).await;
    bo.fill("Personens CPR-nummer", &number).await;
    bo.press(M14).await;
    bo.tick(GIVEN).await;
    bo.screenshot("bo-asks-for-mandate").await;
    bo.click("Send anmodningen").await;
    bo.expect("Indtil da har du ingen fuldmagt.").await;
    bo.expect(CALLED).await;
    bo.expect_not(ANNA).await;
    assert!(!bo.path().await.contains(&number));
}

#[tokio::test]
async fn a_mandate_is_asked_for_and_given_on_sqlite() {
    the_story(Engine::Sqlite, Scripts::On).await;
}

#[tokio::test]
async fn a_mandate_is_asked_for_and_given_without_scripts() {
    the_story(Engine::Sqlite, Scripts::Off).await;
}

#[tokio::test]
async fn a_mandate_is_asked_for_and_given_on_postgresql() {
    the_story(Engine::Postgres, Scripts::On).await;
}

/// Bo, who asks anna for a power of attorney; and anna, who answers.
async fn asker(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(BO, Capacity::Private).await;
    walk.visit("/mandate-requests/new", "ask-for-mandate").await;
    walk.visit_unfilled("/mandate-requests/new", "asking.send", "ask-for-mandate-errors").await;
    let package = if walk.language == Danish {
        "Kommunen: ældre og hjælpemidler"
    } else {
        "The municipality: elder care and assistive devices"
    };
    let right = if walk.language == Danish { GIVEN } else { "See your home help" };
    let mut requests = Vec::new();
    for look in [true, false, false] {
        walk.browser.open("/mandate-requests/new").await;
        walk.browser.fill(&walk.page("mandate.name"), ANNA).await;
        let number = walk.number("anna").await;
        walk.browser.fill(&walk.page("mandate.number"), &number).await;
        walk.browser.press(package).await;
        if look {
            walk.look("ask-for-mandate-opened").await;
        }
        walk.browser.tick(right).await;
        walk.send("asking.send").await;
        requests.push(walk.browser.path().await);
        if look {
            walk.look("asked-for-mandate").await;
        }
    }
    walk.turn_into(ANNA, Capacity::Private).await;
    walk.visit("/overview", "overview-asked-for-mandate").await;
    walk.visit(&requests[0], "mandate-request").await;
    walk.click("asking.read").await;
    walk.look("mandate-request-summary").await;
    walk.click("mandate.give").await;
    walk.visit(&requests[0], "mandate-request-approved").await;
    walk.browser.open(&requests[1]).await;
    walk.click("asking.decline").await;
    walk.look("mandate-request-declined").await;
    walk.turn_into(BO, Capacity::Private).await;
    walk.visit("/overview", "overview-asker").await;
    walk.visit(&requests[1], "asked-declined").await;
    walk.end(11);
}

mod every_page_of_asking {
    use super::*;

    #[tokio::test]
    async fn for_an_asker_in_danish() {
        asker(Danish).await;
    }

    #[tokio::test]
    async fn for_an_asker_in_english() {
        asker(English).await;
    }
}
