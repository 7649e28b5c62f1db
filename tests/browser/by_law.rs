//! Every page about acting by law: as the guardian sees it, as the ward does, and as a registrar writes it down; as in
//! [`every_page`](crate::every_page).

use crate::{
    every_page::{CASE, Walk},
    story::{Capacity, NIELS},
    words::Language::{self, Danish, English},
};

const FINN: &str = "Finn Dam";
const GITTE: &str = "Gitte Dam";

async fn guardian(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(GITTE, Capacity::Private).await;
    walk.visit("/overview", "guardian-overview").await;
    assert!(walk.browser.says(&walk.page("statutory.guardian_s5")).await, "{}", walk.browser.whole().await);
    walk.visit("/act-for", "guardian-act-for").await;
    walk.browser.choose(&walk.page("actfor.whom"), FINN).await;
    walk.click("actfor.begin").await;
    // It always says on what she acts.
    assert!(walk.browser.says(&walk.page("statutory.guardian_s5")).await, "{}", walk.browser.whole().await);
    walk.look("guardian-acting").await;
    walk.turn_into(FINN, Capacity::Private).await;
    walk.visit("/overview", "ward-overview").await;
    walk.end(4);
}

async fn registrar(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(NIELS, Capacity::Work).await;
    walk.look_up_to_help("finn").await;
    walk.look("powers-found").await;
    let found = walk.browser.path().await;
    let lookup = found.split('?').next().expect("a path").to_owned();
    walk.click("statutory.register").await;
    walk.look("powers-register").await;
    walk.send("statutory.write").await;
    walk.look("powers-register-errors").await;
    walk.browser.choose(&walk.page("statutory.what"), &walk.page("statutory.what_lasting_power")).await;
    walk.browser.tick(&walk.page("statutory.personal")).await;
    let number = walk.number("anna").await;
    walk.browser.fill(&walk.page("statutory.first"), &number).await;
    walk.browser.fill(&walk.page("statutory.case"), CASE).await;
    walk.send("statutory.write").await;
    assert!(walk.browser.says(&walk.page("statutory.dormant")).await, "{}", walk.browser.whole().await);
    walk.look("powers-registered").await;
    let script =
        "return [...document.querySelectorAll('main a[href*=\"/powers/\"]')].pop().getAttribute('href')";
    let dormant = walk.browser.evaluate(script, Vec::new()).await.as_str().expect("an address").to_owned();
    walk.visit(&dormant, "power").await;
    walk.send("statutory.write").await;
    walk.look("power-errors").await;
    walk.browser.choose(&walk.page("statutory.step"), &walk.page("statutory.step_in_force")).await;
    walk.browser.fill(&walk.page("statutory.case"), CASE).await;
    walk.send("statutory.write").await;
    walk.visit(&lookup, "powers-in-force").await;
    assert!(walk.browser.says(&walk.page("statutory.lasting_poa")).await, "{}", walk.browser.whole().await);
    walk.end(7);
}

mod every_page_by_law {
    use super::*;

    #[tokio::test]
    async fn for_a_guardian_in_danish() {
        guardian(Danish).await;
    }

    #[tokio::test]
    async fn for_a_guardian_in_english() {
        guardian(English).await;
    }

    #[tokio::test]
    async fn for_whoever_registers_it_in_danish() {
        registrar(Danish).await;
    }

    #[tokio::test]
    async fn for_whoever_registers_it_in_english() {
        registrar(English).await;
    }
}
