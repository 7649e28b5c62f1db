//! Every page of those who work for an organisation that people are represented by: before it lets them act, as its administrator does so, and as
//! they act for whoever gave it a power of attorney; as in [`every_page`](crate::every_page).

use crate::{
    every_page::Walk,
    story::{ANNA, Capacity},
    words::Language::{self, Danish, English},
};

const PIA: &str = "Pia Rask";
const RUNE: &str = "Rune Holt";
const FIRM: &str = "Rask Advokater";
const CVR: &str = "99482001";

async fn at_work(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(RUNE, Capacity::Work).await;
    walk.look("work-not-admitted").await;
    assert!(walk.browser.says(&walk.page("work.not_admitted")).await, "{}", walk.browser.whole().await);
    walk.visit("/act-for", "work-act-for-nobody").await;

    walk.turn_into(ANNA, Capacity::Private).await;
    walk.browser.open("/mandates/new/M13").await;
    walk.look("give-organisation").await;
    let boxes = walk.browser.boxes().await;
    walk.browser.tick(&boxes[0]).await;
    walk.browser.fill(&walk.page("mandate.name"), FIRM).await;
    walk.browser.fill(&walk.page("work.number"), CVR).await;
    walk.click("mandate.to_summary").await;
    assert!(walk.browser.says(FIRM).await, "{}", walk.browser.whole().await);
    walk.look("give-organisation-summary").await;
    walk.click("mandate.give").await;
    walk.look("given-organisation").await;

    walk.turn_into(PIA, Capacity::Work).await;
    walk.browser.open("/employees").await;
    walk.look("employees").await;
    let button = format!("{}: {RUNE}", walk.page("work.admit"));
    walk.browser.send(&button).await;
    assert!(walk.browser.says(&walk.page("work.badge_may")).await, "{}", walk.browser.whole().await);
    walk.look("employees-admitted").await;

    walk.turn_into(RUNE, Capacity::Work).await;
    walk.look("work").await;
    assert!(walk.browser.says(ANNA).await, "{}", walk.browser.whole().await);
    let script = "return document.querySelector('main a[href^=\"/mandates/\"]').getAttribute('href')";
    let held = walk.browser.evaluate(script, Vec::new()).await.as_str().expect("an address").to_owned();
    walk.visit(&held, "work-held").await;
    walk.browser.open("/work").await;
    walk.click("work.as_own_name").await;
    walk.look("work-own-name").await;
    walk.browser.open("/act-for").await;
    walk.browser.choose(&walk.page("actfor.whom"), ANNA).await;
    walk.look("work-act-for").await;
    walk.click("actfor.begin").await;
    // For whom, and on what, is always said.
    assert!(walk.browser.says(&walk.page("layout.acting_for")).await, "{}", walk.browser.whole().await);
    walk.look("work-acting").await;

    walk.turn_into(PIA, Capacity::Work).await;
    walk.browser.open("/employees").await;
    walk.browser.click(&format!("{}: {RUNE}", walk.page("work.stop"))).await;
    walk.look("employee-stop").await;
    walk.send("work.stop_now").await;
    assert!(!walk.browser.says(&walk.page("work.badge_may")).await || walk.language == English);
    walk.look("employees-stopped").await;
    walk.end(14);
}

mod every_page_at_work {
    use super::*;

    #[tokio::test]
    async fn in_danish() {
        at_work(Danish).await;
    }

    #[tokio::test]
    async fn in_english() {
        at_work(English).await;
    }
}
