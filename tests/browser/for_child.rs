//! Every page about a power of attorney for a child: as one parent gives it, as the other signs it, and as the foster carer holds it; as in
//! [`every_page`](crate::every_page).

use crate::{
    every_page::Walk,
    story::{Capacity, GITTE},
    words::Language::{self, Danish, English},
};

const CLARA: &str = "Clara Holm";
const DORTE: &str = "Dorte Holm";
const ERIK: &str = "Erik Bak";

/// Turns into that parent, who acts for the child.
async fn parent(walk: &mut Walk, name: &str) {
    walk.turn_into(name, Capacity::Private).await;
    walk.browser.open("/act-for").await;
    walk.browser.choose(&walk.page("actfor.whom"), CLARA).await;
    walk.click("actfor.begin").await;
}

/// What the child gave to somebody, as its parents see it in the overview.
async fn given(walk: &Walk) -> String {
    walk.browser.open("/overview").await;
    let script = "return document.querySelector('main a[href^=\"/mandates/\"][href$=\"/revoke\"]').getAttribute('href')";
    let revoke = walk.browser.evaluate(script, Vec::new()).await.as_str().expect("an address").to_owned();
    revoke.strip_suffix("/revoke").expect("a mandate").to_owned()
}

async fn for_child(language: Language) {
    let mut walk = Walk::new(language).await;
    parent(&mut walk, DORTE).await;
    walk.look("child-overview").await;
    walk.click("layout.to_new_mandate").await;
    // What is for children alone, and nothing else.
    let script =
        "return [...document.querySelectorAll('.tillid-choices a')].map(a => a.getAttribute('href'))";
    let offered = walk.browser.evaluate(script, Vec::new()).await;
    assert_eq!(offered, serde_json::json!(["/mandates/new/M16"]));
    walk.look("child-pick").await;
    walk.visit("/mandates/new/M16", "child-form").await;
    assert!(walk.browser.chosen().await.is_empty(), "nothing is chosen beforehand");
    assert!(!walk.browser.says(&walk.page("joint.ask")).await);
    for name in walk.browser.boxes().await {
        walk.browser.tick(&name).await;
    }
    walk.browser.fill(&walk.page("mandate.name"), GITTE).await;
    walk.browser.fill(&walk.page("mandate.number"), &walk.number("gitte").await).await;
    walk.click("mandate.to_summary").await;
    assert!(walk.browser.says(&walk.page("child.others_sign")).await, "{}", walk.browser.whole().await);
    walk.look("child-summary").await;
    walk.click("mandate.give").await;
    assert!(walk.browser.says(&walk.page("child.awaits_holders")).await, "{}", walk.browser.whole().await);
    walk.look("child-given").await;

    parent(&mut walk, ERIK).await;
    let asked = given(&walk).await;
    walk.visit(&asked, "child-to-sign").await;
    assert!(walk.browser.says(&walk.page("child.awaits_you")).await, "{}", walk.browser.whole().await);
    walk.click("joint.sign_read").await;
    walk.look("child-sign").await;
    walk.click("joint.sign").await;
    assert!(walk.browser.says(&walk.page("mandate.is_given")).await, "{}", walk.browser.whole().await);
    walk.look("child-signed").await;

    walk.turn_into(GITTE, Capacity::Private).await;
    walk.visit(&asked, "child-held").await;
    assert!(walk.browser.says(&walk.page("mandate.is_held")).await, "{}", walk.browser.whole().await);

    parent(&mut walk, ERIK).await;
    walk.visit(&format!("{asked}/revoke"), "child-revoke").await;
    walk.click("mandate.revoke").await;
    assert!(walk.browser.says(&walk.page("mandate.is_revoked")).await, "{}", walk.browser.whole().await);
    walk.end(10);
}

mod every_page_for_a_child {
    use super::*;

    #[tokio::test]
    async fn in_danish() {
        for_child(Danish).await;
    }

    #[tokio::test]
    async fn in_english() {
        for_child(English).await;
    }
}
