//! Every page on which staff register an answer, act on a citizen's word and do what comes of it, and those on which a citizen gives a
//! consent unasked: as in [`every_page`](crate::every_page).

use crate::{
    every_page::{CASE, Walk},
    story::{ANNA, Capacity, HANS},
    words::Language::{self, Danish, English},
};

impl Walk {
    /// A caseworker has the text of a type shown in that way, from the page of a look-up on.
    async fn show(&self, lookup: &str, means: &str) {
        self.browser.open(&format!("{lookup}/register?type=C02")).await;
        self.browser.choose(&self.page("registering.means"), &self.page(means)).await;
        let boxes = self.browser.boxes().await;
        self.browser.tick(&boxes[0]).await;
        self.send("registering.make").await;
    }

    /// Writes today into the three fields of a day.
    pub(crate) async fn write_today(&self) {
        let labels = ["form.day", "form.month", "form.year"].map(|label| self.page(label));
        self.browser.write_today(labels.each_ref().map(String::as_str)).await;
    }

    /// The address of the first link in the page that fits the selector.
    async fn first_link(&self, selector: &str) -> String {
        let script = format!("return document.querySelector('main a[href{selector}]').getAttribute('href')");
        self.browser.evaluate(&script, Vec::new()).await.as_str().expect("an address").to_owned()
    }
}

/// Hans, who registers what anna said, takes it back for her, and does what comes of it.
async fn registrar(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(HANS, Capacity::Work).await;
    walk.look_up("anna").await;
    let found = walk.browser.path().await;
    let lookup = found.split('?').next().expect("a path").to_owned();
    walk.visit(&format!("{lookup}/register"), "register-types").await;
    let form = format!("{lookup}/register?type=C02");
    walk.visit(&form, "register").await;
    walk.visit_unfilled(&form, "registering.make", "register-errors").await;
    for (means, name) in
        [("registering.paper", "register-paper"), ("registering.elsewhere", "register-elsewhere")]
    {
        walk.show(&lookup, means).await;
        walk.look(name).await;
        let printable = walk.browser.offers(&walk.page("registering.form")).await;
        assert_eq!(printable, means == "registering.paper", "{means}");
    }
    walk.visit(&lookup, "found-with-paper").await;
    walk.show(&lookup, "registering.told").await;
    walk.look("register-told").await;
    walk.send("registering.register").await;
    walk.look("register-told-errors").await;
    for question in walk.browser.questions().await {
        walk.browser.choose(&question, &walk.page("form.yes")).await;
    }
    walk.write_today().await;
    walk.browser.fill(&walk.page("registering.clock"), "0.00").await;
    walk.browser.fill(&walk.page("registering.note"), "Ja").await;
    walk.browser.fill(&walk.page("registering.why"), "Ja").await;
    walk.send("registering.register").await;
    walk.look("registered").await;

    let consent = walk.first_link("*=\"/consents/\"").await;
    walk.visit(&consent, "staff-consent").await;
    assert!(walk.browser.offers(&walk.page("consent.xml")).await);
    walk.visit(&format!("{consent}/annul"), "staff-annul").await;
    walk.visit_unfilled(&format!("{consent}/annul"), "registering.annul_now", "staff-annul-errors").await;
    walk.visit(&format!("{consent}/withdraw"), "staff-withdraw").await;
    let withdraw = format!("{consent}/withdraw");
    walk.visit_unfilled(&withdraw, "registering.withdraw_now", "staff-withdraw-errors").await;
    walk.browser.choose(&walk.page("registering.way"), &walk.page("registering.by_word")).await;
    walk.browser.fill(&walk.page("registering.word_note"), "Nej").await;
    walk.send("registering.withdraw_now").await;
    walk.look("staff-withdrawn").await;

    walk.visit("/casework/consents", "given").await;
    walk.visit_unfilled("/casework/consents", "given.show", "given-unfilled").await;
    walk.visit("/casework/consents?purpose=consent_follow_up", "given-list").await;
    walk.visit("/casework/tasks", "tasks").await;
    let task = walk.first_link("^=\"/casework/tasks/\"").await;
    walk.visit(&task, "task").await;
    walk.visit_unfilled(&task, "tasks.close", "task-errors").await;
    walk.browser.choose(&walk.page("tasks.outcome"), &walk.page("tasks.done")).await;
    walk.send("tasks.close").await;
    walk.look("task-closed").await;
    walk.visit("/casework/cases/close", "case").await;
    walk.visit_unfilled("/casework/cases/close", "form.go_on", "case-errors").await;
    walk.browser.fill(&walk.page("casework.case"), CASE).await;
    walk.send("form.go_on").await;
    walk.look("case-confirm").await;
    walk.send("tasks.case_close").await;
    walk.look("case-closed").await;

    walk.turn_into(ANNA, Capacity::Private).await;
    let own = consent.split_once("/consents/").expect("an id").1;
    walk.visit(&format!("/consents/{own}"), "consent-registered").await;
    walk.visit("/consents/new", "giving").await;
    walk.visit("/consents/new/C13", "giving-type").await;
    walk.click("answer.open").await;
    walk.look("giving-question").await;
    for question in walk.browser.questions().await {
        walk.browser.choose(&question, &walk.page("form.yes")).await;
    }
    walk.click("form.go_on").await;
    walk.look("giving-summary").await;
    walk.click("answer.send").await;
    walk.look("giving-done").await;
    walk.end(32);
}

mod every_page_has_no_axe_violation_at_1280_and_320 {
    use super::*;

    #[tokio::test]
    async fn for_a_registrar_in_danish() {
        registrar(Danish).await;
    }

    #[tokio::test]
    async fn for_a_registrar_in_english() {
        registrar(English).await;
    }
}
