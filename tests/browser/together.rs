//! Every page about what several hold together: as it is given, as one of them proposes something, and as another says no and then
//! signs; as in [`every_page`](crate::every_page).

use crate::{
    every_page::Walk,
    story::{ANNA, BO, Capacity, GITTE},
    words::Language::{self, Danish, English},
};

/// The first mandate of the overview that is there.
async fn first_mandate(walk: &Walk) -> String {
    walk.browser.open("/overview").await;
    let script = "return document.querySelector('main h3 ~ p a[href^=\"/mandates/\"]').getAttribute('href')";
    walk.browser.evaluate(script, Vec::new()).await.as_str().expect("an address").to_owned()
}

async fn together(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(ANNA, Capacity::Private).await;
    walk.browser.open("/mandates/new/M14").await;
    walk.browser.unfold().await;
    walk.look("give-together").await;
    let boxes = walk.browser.boxes().await;
    walk.browser.tick(&boxes[0]).await;
    for (name, label, number, person) in [
        ("mandate.name", BO, "mandate.number", "bo"),
        ("joint.other_name", GITTE, "joint.other_number", "gitte"),
    ] {
        let written = |key: &str| walk.page(key).replace("{number}", "1");
        walk.browser.fill(&written(name), label).await;
        walk.browser.fill(&written(number), &walk.number(person).await).await;
    }
    walk.browser.choose(&walk.page("joint.side"), &walk.page("joint.holders")).await;
    walk.click("mandate.to_summary").await;
    assert!(walk.browser.says(GITTE).await, "{}", walk.browser.whole().await);
    walk.look("give-together-summary").await;
    walk.click("mandate.give").await;
    walk.look("given-together").await;

    walk.turn_into(BO, Capacity::Private).await;
    let held = first_mandate(&walk).await;
    walk.visit(&held, "held-together").await;
    assert!(walk.browser.says(&walk.page("joint.nobody_alone")).await);
    walk.visit_unfilled(&format!("{held}/pass-on"), "mandate.to_summary", "propose-errors").await;
    walk.browser.tick(&boxes[0]).await;
    walk.look("propose").await;
    walk.click("mandate.to_summary").await;
    walk.look("propose-summary").await;
    walk.click("joint.propose").await;
    walk.look("proposed").await;

    walk.turn_into(GITTE, Capacity::Private).await;
    let asked = first_mandate(&walk).await;
    walk.visit(&asked, "to-sign").await;
    walk.visit(&format!("{asked}/object"), "object").await;
    walk.click("joint.object").await;
    walk.look("objected").await;
    walk.click("joint.sign_read").await;
    walk.look("sign").await;
    walk.click("joint.sign").await;
    assert!(walk.browser.says(&walk.page("joint.signed")).await, "{}", walk.browser.whole().await);
    walk.look("signed").await;
    walk.end(13);
}

mod every_page_of_several {
    use super::*;

    #[tokio::test]
    async fn in_danish() {
        together(Danish).await;
    }

    #[tokio::test]
    async fn in_english() {
        together(English).await;
    }
}
