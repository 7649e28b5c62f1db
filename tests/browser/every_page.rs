//! Every page, as everybody who meets it, in both languages: no rule of axe-core is broken at 1280 and at 320 pixels, nothing has to be
//! scrolled sideways, and (in Danish, since both languages have the same elements) the keyboard alone is enough.

use crate::{
    browser::{Browser, Scripts, WIDE},
    story::{ANNA, BO, Capacity, GITTE, HANS, KARIN, LARS, Scene},
    support::Tillid,
    words::Language::{self, Danish, English},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

pub(crate) const CASE: &str = "27.36.04-2026-17";

/// Somebody who goes through pages, and what was found to be wrong with them.
pub(crate) struct Walk {
    scene: Scene,
    pub(crate) browser: Browser,
    pub(crate) language: Language,
    seen: Vec<String>,
    wrong: Vec<String>,
}

impl Walk {
    pub(crate) async fn new(language: Language) -> Self {
        let scene = Scene { tillid: Tillid::demo(Engine::Sqlite).await, scripts: Scripts::On };
        let browser = scene.browser(WIDE).await;
        let mut walk = Self { scene, browser, language, seen: Vec::new(), wrong: Vec::new() };
        walk.speak().await;
        walk
    }

    async fn speak(&mut self) {
        self.browser.open(&format!("/language/{}?return_to=/about/privacy", self.language.tag())).await;
    }

    pub(crate) fn page(&self, key: &str) -> String {
        self.language.page(key)
    }

    /// Presses what the pages call so in the walk's language.
    pub(crate) async fn click(&self, key: &str) {
        self.browser.click(&self.page(key)).await;
    }

    /// Sends the form whose button is called so.
    pub(crate) async fn send(&self, key: &str) {
        self.browser.send(&self.page(key)).await;
    }

    /// As somebody else, in a fresh browser.
    pub(crate) async fn turn_into(&mut self, name: &str, capacity: Capacity) {
        self.browser = self.scene.browser(WIDE).await;
        self.speak().await;
        self.browser.open("/login/test-mitid").await;
        let part = if capacity == Capacity::Private { "citizens" } else { "employees" };
        self.browser.click_under(&self.language.provider(part), name).await;
    }

    /// Opens a page and looks at it.
    pub(crate) async fn visit(&mut self, path: &str, name: &str) {
        self.browser.open(path).await;
        self.look(name).await;
    }

    /// Opens a page that refuses with that code, and looks at it.
    async fn visit_refused(&mut self, path: &str, code: &str) {
        self.browser.open(path).await;
        self.look_refused(code).await;
    }

    async fn look_refused(&mut self, code: &str) {
        assert_eq!(self.browser.code().await, code, "{}", self.browser.whole().await);
        self.look(&format!("refused-{code}")).await;
    }

    /// Opens a page, sends its form as it is, and looks at what it says of the fields.
    pub(crate) async fn visit_unfilled(&mut self, path: &str, button: &str, name: &str) {
        self.browser.open(path).await;
        self.send(button).await;
        assert!(self.browser.says(&self.page("form.errors")).await, "{name}\n{}", self.browser.whole().await);
        self.look(name).await;
    }

    /// Opens the newest receipt of something, when the log has it.
    async fn open_receipt(&self, of: &str) {
        let proof = self.page("receipt.proof");
        let opened = async || {
            self.browser.open(&format!("{of}/receipt")).await;
            self.browser.offers(&proof).await.then_some(())
        };
        self.browser.until("the log to have it", opened).await;
    }

    /// Looks at the page that is there, in both widths.
    pub(crate) async fn look(&mut self, name: &str) {
        let browser = &self.browser;
        assert!(!self.seen.iter().any(|seen| seen == name), "{name} twice");
        let tongue = browser.evaluate("return document.documentElement.lang", Vec::new()).await;
        assert_eq!(tongue, self.language.tag(), "{name}\n{}", browser.whole().await);
        browser.heading().await;
        // Both languages have the same elements in the same order: the keyboard walks through them in one.
        let found = match self.language {
            Danish => browser.faults().await,
            English => browser.faults_of_words().await,
        };
        self.wrong.extend(found.into_iter().map(|what| format!("{name} {what}")));
        browser.screenshot(&format!("{}-{name}", self.language.tag())).await;
        self.seen.push(name.to_owned());
    }

    pub(crate) fn end(self, pages: usize) {
        assert!(self.wrong.is_empty(), "{} faults:\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert_eq!(self.seen.len(), pages, "{:?}", self.seen);
    }

    /// Hans has asked anna; the request.
    async fn ask(&self) -> Value {
        let (hans, tillid) = (self.scene.tillid.token("hans").await, &self.scene.tillid);
        let asked =
            json!({"person": {"cpr": self.scene.number("anna").await}, "consent_type": "C02", "case": CASE});
        tillid.post("/v1/consent-requests").by(&hans).json(&asked).send().await.expect(201).json()
    }

    /// Anna has answered: yes to the first, no to the rest. The consents.
    async fn answer(&self, request: &Value) -> Value {
        let (anna, tillid) = (self.scene.tillid.token("anna").await, &self.scene.tillid);
        let about = json!({"about": {"request": request["id"]}});
        let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
        let document: Value = serde_json::from_str(shown["document"].as_str().expect("text")).expect("json");
        let items = document["items"].as_array().expect("items").iter().enumerate();
        let answers: Vec<Value> = items.map(|(n, i)| json!({"item": i["code"], "given": n == 0})).collect();
        let answer = json!({"presentation_id": shown["id"], "answers": answers});
        let path = format!("/v1/consent-requests/{}/answer", id(request));
        tillid.post(&path).by(&anna).json(&answer).send().await.expect(201).json()["consents"].clone()
    }

    /// Anna has given bo package M14. The mandate.
    async fn give(&self) -> Value {
        self.give_of("M14").await
    }

    async fn give_of(&self, package: &str) -> Value {
        let (anna, tillid) = (self.scene.tillid.token("anna").await, &self.scene.tillid);
        let until = json!("2028-06-01");
        let mandate = json!({"representative": {"cpr": self.scene.number("bo").await}, "representative_name": BO, "packages": [package], "valid_until": until});
        let about = json!({"about": {"mandate": mandate}});
        let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
        let given = json!({"presentation_id": shown["id"]});
        tillid.post("/v1/mandates").by(&anna).json(&given).send().await.expect(201).json()
    }

    /// A system of the municipality has let bo act for anna.
    async fn used(&self) {
        let tillid = &self.scene.tillid;
        let id = async |key: &str| tillid.somebody(key).await["person_id"].clone();
        let question = json!({"subject": {"type": "person", "id": id("bo").await},
            "action": {"name": "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle"},
            "resource": {"type": "person", "id": id("anna").await}, "context": {"purpose": "automated_step", "case": CASE}});
        let system = tillid.token("fagsystem").await;
        let said = tillid.post("/access/v1/evaluation").by(&system).json(&question).send().await.expect(200);
        assert_eq!(said.json()["decision"], true);
    }

    /// A caseworker looks that person up in the case.
    pub(crate) async fn look_up(&self, person: &str) {
        self.browser.open("/casework").await;
        let number = self.scene.number(person).await;
        self.browser.fill(&self.page("casework.number"), &number).await;
        let purpose = if self.language == Danish { "Sagsbehandling" } else { "Processing of a case" };
        self.browser.choose(&self.page("casework.purpose"), purpose).await;
        self.browser.fill(&self.page("casework.case"), CASE).await;
        self.send("casework.look_up").await;
    }

    /// Looks a person up at the counter.
    pub(crate) async fn look_up_to_help(&self, person: &str) {
        self.browser.open("/casework").await;
        self.browser.fill(&self.page("casework.number"), &self.number(person).await).await;
        let danish = self.language == Danish;
        let purpose = if danish { "Betjening i Borgerservice" } else { "Help at the citizen service centre" };
        self.browser.choose(&self.page("casework.purpose"), purpose).await;
        self.send("casework.look_up").await;
    }

    /// The CPR number of somebody of the sandbox.
    pub(crate) async fn number(&self, person: &str) -> String {
        self.scene.number(person).await
    }

    /// Sends the form around that button with another secret than the session's.
    async fn forge(&self, button: &str) {
        let script =
            "document.querySelectorAll('input[name=csrf]').forEach(field => field.value = 'guessed')";
        self.browser.evaluate(script, Vec::new()).await;
        self.click(button).await;
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

/// Nobody who is logged in.
async fn visitor(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.visit("/", "front").await;
    walk.visit("/login?return_to=/overview", "login").await;
    walk.visit("/logged-out", "logged-out").await;
    walk.visit("/logged-out?because=idle", "logged-out-idle").await;
    walk.visit("/about/privacy", "privacy").await;
    walk.visit("/about/accessibility", "accessibility").await;
    walk.visit("/transparency", "transparency").await;
    walk.visit_refused("/nowhere", "not_found").await;
    walk.visit_refused("/overview", "session_missing").await;
    walk.visit_refused("/login/test-mitid/callback?code=x&state=y", "login_unknown").await;
    walk.browser.open("/login/test-mitid").await;
    walk.look("provider-pick").await;
    let cancel = walk.language.provider("cancel");
    walk.browser.click(&cancel).await;
    walk.look_refused("login_cancelled").await;
    walk.browser.open("/login/test-mitid").await;
    walk.browser.choose(&walk.language.provider("level"), &walk.language.provider("level_low")).await;
    walk.browser.click_under(&walk.language.provider("citizens"), ANNA).await;
    walk.look_refused("login_too_weak").await;
    walk.turn_into(ANNA, Capacity::Private).await;
    walk.browser.open("/about/privacy").await;
    walk.click("layout.log_out").await;
    let leave = walk.language.provider("leave_title");
    walk.browser.arrive(&leave).await;
    walk.look("provider-leave").await;
    walk.visit("/sandbox/post", "sandbox-post").await;
    walk.visit("/sandbox/post/anna", "sandbox-post-anna").await;
    walk.end(16);
}

/// Anna, with much to see.
async fn citizen(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(ANNA, Capacity::Private).await;
    walk.visit("/overview", "overview-empty").await;
    walk.visit("/upcoming", "upcoming-empty").await;
    walk.visit("/access-log", "access-log-empty").await;
    walk.visit("/act-for", "act-for-nobody").await;
    let consents = walk.answer(&walk.ask().await).await;
    let (request, mandate) = (walk.ask().await, walk.give().await);
    walk.used().await;
    walk.visit("/overview", "overview").await;
    walk.visit("/upcoming?within=P10Y", "upcoming").await;
    walk.visit("/access-log", "access-log").await;
    walk.visit("/export", "export").await;

    walk.visit(&format!("/requests/{}", id(&request)), "request").await;
    walk.click("answer.open").await;
    walk.look("request-open").await;
    walk.click("form.go_on").await;
    walk.look("request-errors").await;
    let yes = walk.page("form.yes");
    for question in walk.browser.questions().await {
        walk.browser.choose(&question, &yes).await;
    }
    walk.click("form.go_on").await;
    walk.look("request-summary").await;
    walk.forge("answer.send").await;
    walk.look_refused("csrf").await;
    walk.browser.client.back().await.expect("back");

    let consent = format!("/consents/{}", id(&consents[0]));
    walk.visit(&consent, "consent").await;
    assert!(walk.browser.offers(&walk.page("consent.xml")).await);
    walk.browser.unfold().await;
    walk.look("consent-unfolded").await;
    walk.visit(&format!("{consent}/withdraw"), "consent-withdraw").await;
    walk.click("consent.withdraw_button").await;
    walk.look("consent-withdrawn").await;
    walk.visit(&format!("/consents/{}", id(&consents[1])), "consent-declined").await;
    walk.open_receipt(&consent).await;
    walk.look("receipt").await;
    assert!(walk.browser.offers(&walk.page("receipt.paper")).await);
    walk.browser.unfold().await;
    walk.look("receipt-unfolded").await;

    walk.visit("/mandates/new", "mandate-pick").await;
    walk.visit("/mandates/new/M14", "mandate-form").await;
    walk.visit_unfilled("/mandates/new/M14", "mandate.to_summary", "mandate-form-errors").await;
    let boxes = walk.browser.boxes().await;
    walk.browser.tick(&boxes[0]).await;
    walk.browser.fill(&walk.page("mandate.name"), BO).await;
    let number = walk.scene.number("bo").await;
    walk.browser.fill(&walk.page("mandate.number"), &number).await;
    walk.click("mandate.to_summary").await;
    walk.look("mandate-summary").await;
    let mandate = format!("/mandates/{}", id(&mandate));
    walk.visit(&mandate, "mandate").await;
    walk.click("uses.all").await;
    walk.look("mandate-uses").await;
    walk.visit(&format!("{mandate}/suspend"), "mandate-suspend").await;
    walk.click("mandate.suspend").await;
    walk.look("mandate-suspended").await;
    walk.visit(&format!("{mandate}/resume"), "mandate-resume").await;
    walk.click("mandate.resume").await;
    walk.look("mandate-resumed").await;
    walk.visit(&format!("{mandate}/renew"), "mandate-renew").await;
    walk.click("mandate.renew_next").await;
    walk.look("mandate-renew-summary").await;
    walk.click("mandate.renew").await;
    walk.look("mandate-renewed").await;
    walk.visit(&format!("{mandate}/dispute"), "mandate-dispute").await;
    walk.visit(&format!("{mandate}/revoke"), "mandate-revoke").await;
    walk.click("mandate.revoke").await;
    walk.look("mandate-revoked").await;
    walk.end(36);
}

impl Walk {
    /// Bo passes part of what he holds on; anna sees it, and what would end with what she gave him.
    async fn pass_on(&mut self) {
        let held = format!("/mandates/{}", id(&self.give_of("M13").await));
        self.visit(&format!("{held}/pass-on"), "pass-on").await;
        self.visit_unfilled(&format!("{held}/pass-on"), "mandate.to_summary", "pass-on-errors").await;
        let boxes = self.browser.boxes().await;
        self.browser.tick(&boxes[0]).await;
        self.browser.fill(&self.page("mandate.name"), GITTE).await;
        let number = self.scene.number("gitte").await;
        self.browser.fill(&self.page("mandate.number"), &number).await;
        self.click("mandate.to_summary").await;
        self.look("pass-on-summary").await;
        self.click("mandate.pass_on").await;
        self.look("passed-on").await;
        self.visit("/overview", "passed-on-overview").await;
        self.turn_into(ANNA, Capacity::Private).await;
        self.visit(&held, "mandate-passed-on").await;
        self.visit(&format!("{held}/revoke"), "mandate-revoke-all").await;
        assert!(self.browser.whole().await.contains(&self.page("mandate.falls_with_it")));
        self.click("mandate.revoke").await;
    }
}

/// Bo, who acts for anna.
async fn representative(language: Language) {
    let mut walk = Walk::new(language).await;
    let consents = walk.answer(&walk.ask().await).await;
    let mandate = format!("/mandates/{}", id(&walk.give().await));
    walk.turn_into(BO, Capacity::Private).await;
    walk.visit("/act-for", "act-for").await;
    walk.visit_unfilled("/act-for", "actfor.begin", "act-for-errors").await;
    walk.browser.choose(&walk.page("actfor.whom"), ANNA).await;
    walk.click("actfor.begin").await;
    walk.look("acting-overview").await;
    walk.visit("/act-for", "acting-act-for").await;
    walk.visit(&mandate, "acting-mandate").await;
    walk.visit("/about/privacy", "acting-privacy").await;
    walk.visit_refused("/access-log", "only_in_person").await;
    walk.visit_refused(&format!("/consents/{}", id(&consents[0])), "power_does_not_cover").await;
    walk.browser.open(&format!("{mandate}/receipt")).await;
    assert_eq!(walk.browser.code().await, "only_in_person");
    walk.browser.open("/export").await;
    assert_eq!(walk.browser.code().await, "only_in_person");
    walk.browser.open("/about/accessibility").await;
    walk.click("layout.stop_acting").await;
    walk.look("held-overview").await;
    walk.visit(&mandate, "held-mandate").await;
    walk.open_receipt(&mandate).await;
    walk.look("held-receipt").await;
    assert!(!walk.browser.offers(&walk.page("receipt.paper")).await, "there is none of a power of attorney");
    walk.visit(&format!("{mandate}/renounce"), "mandate-renounce").await;
    walk.click("mandate.renounce").await;
    walk.look("mandate-renounced").await;
    walk.pass_on().await;
    walk.end(20);
}

/// Hans, at work.
async fn caseworker(language: Language) {
    let mut walk = Walk::new(language).await;
    let (answered, waiting) = (walk.ask().await, walk.ask().await);
    let declaration = walk.answer(&answered).await[0]["declaration_id"].as_str().expect("an id").to_owned();
    let mandate = walk.give().await;
    walk.turn_into(HANS, Capacity::Work).await;
    walk.visit("/casework", "casework").await;
    walk.visit_unfilled("/casework", "casework.look_up", "casework-errors").await;
    walk.look_up("anna").await;
    walk.look("casework-found").await;
    let found = walk.browser.path().await;
    let lookup = found.split('?').next().expect("a path").to_owned();
    let person = found.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();

    walk.click("casework.ask").await;
    walk.look("casework-types").await;
    let title = if walk.language == Danish {
        "Indhentning af oplysninger i social sag"
    } else {
        "Obtaining information in a social case"
    };
    walk.browser.click(title).await;
    walk.look("casework-ask").await;
    walk.browser.fill(&walk.page("casework.case_needed"), "").await;
    walk.click("casework.send").await;
    walk.look("casework-ask-errors").await;

    for (request, name) in [(&answered, "casework-answered"), (&waiting, "casework-waiting")] {
        walk.visit(&format!("{lookup}/requests/{}?{person}", id(request)), name).await;
    }
    walk.click("casework.cancel").await;
    walk.look("casework-cancelled").await;
    let taking = format!("{lookup}/declarations");
    walk.visit(&taking, "casework-declaration").await;
    walk.visit_unfilled(&taking, "taking.take", "casework-declaration-errors").await;
    let told = format!("{taking}/{declaration}?left_out=attestation:1,ended:2");
    walk.visit(&told, "casework-declared").await;
    // Clara's parents answer together, and one of them cannot be reached.
    walk.look_up("clara").await;
    walk.click("casework.ask").await;
    walk.browser.click(title).await;
    let boxes = walk.browser.boxes().await;
    walk.browser.tick(&boxes[0]).await;
    walk.click("casework.send").await;
    walk.look("casework-voices").await;
    walk.click("except.offer").await;
    walk.look("casework-except").await;
    walk.send("except.write").await;
    walk.look("casework-except-errors").await;
    walk.browser.choose(&walk.page("except.holder"), "Erik Bak").await;
    walk.browser.choose(&walk.page("except.ground"), &walk.page("except.impossible")).await;
    walk.browser.fill(&walk.page("except.case"), CASE).await;
    walk.send("except.write").await;
    let not_needed = walk.page("answer.voice_not_needed").replace("{name}", "Erik Bak");
    assert!(walk.browser.says(&not_needed).await, "{}", walk.browser.whole().await);
    walk.look("casework-excepted").await;
    walk.look_up("karin").await;
    walk.look("casework-nothing").await;
    walk.visit_refused("/casework/lookups/01890000-0000-7000-8000-000000000000", "lookup_invalid").await;
    walk.visit_refused("/overview", "citizens_only").await;
    // Bo acts after Anna's death, which nobody knows of yet.
    walk.used().await;
    let death = json!({"event": "death", "person": "anna"});
    walk.scene.tillid.post("/sandbox/events").json(&death).send().await.expect(200);
    walk.visit(&format!("{lookup}/mandates/{}", id(&mandate)), "casework-mandate-used").await;
    walk.click("uses.all").await;
    walk.look("casework-mandate-uses").await;
    assert!(walk.browser.says(&walk.page("uses.after_end")).await, "{}", walk.browser.whole().await);
    walk.browser.open("/casework/tasks").await;
    walk.click("uses.late_see").await;
    walk.look("casework-late-uses").await;
    assert!(walk.browser.says(&walk.page("uses.because_death")).await, "{}", walk.browser.whole().await);
    walk.end(22);
}

/// Lars, who erases what is over.
async fn officer(language: Language) {
    let mut walk = Walk::new(language).await;
    let asked = walk.ask().await;
    walk.answer(&asked).await;
    walk.give().await;
    walk.turn_into(LARS, Capacity::Work).await;
    walk.visit("/casework", "officer").await;
    walk.click("casework.erase_to_plan").await;
    walk.look("erase").await;
    walk.visit_unfilled("/casework/erasures", "casework.erase_to_plan", "erase-errors").await;
    let number = walk.scene.number("anna").await;
    for (ground, name) in
        [("casework.erase_retention_over", "erase-nothing"), ("casework.erase_ordered", "erase-plan")]
    {
        walk.browser.open("/casework/erasures").await;
        walk.browser.fill(&walk.page("casework.number"), &number).await;
        walk.browser.choose(&walk.page("casework.erase_ground"), &walk.page(ground)).await;
        walk.browser.fill(&walk.page("casework.case"), CASE).await;
        walk.send("casework.erase_to_plan").await;
        walk.look(name).await;
    }
    walk.send("casework.erase_confirm").await;
    walk.look("erase-done").await;
    walk.end(6);
}

/// Karin, who looks at the catalogue, and gives a system access and stops it.
async fn administrator(language: Language) {
    let mut walk = Walk::new(language).await;
    walk.turn_into(KARIN, Capacity::Work).await;
    walk.visit("/casework", "administrator").await;
    walk.visit("/casework/catalogue", "catalogue").await;
    walk.visit("/casework/catalogue/consent-types/C15/1", "catalogue-version").await;
    walk.visit("/casework/catalogue/consent-types/C15/1/write", "catalogue-write").await;
    walk.visit("/casework/catalogue/mandate-packages/new", "catalogue-new").await;
    let package = "/casework/catalogue/mandate-packages/M16/1";
    walk.visit_unfilled(package, "withdraw.send", "withdraw-errors").await;
    walk.write_today().await;
    walk.browser.fill(&walk.page("withdraw.why"), "Skolen har fået sin egen løsning.").await;
    walk.send("withdraw.send").await;
    walk.look("withdrawn").await;
    walk.browser.open("/casework").await;
    walk.click("casework.clients").await;
    walk.look("clients").await;
    walk.click("casework.client_new").await;
    walk.look("client-new").await;
    walk.visit_unfilled("/casework/clients/new", "casework.client_register", "client-errors").await;
    walk.browser.open("/casework/clients/new").await;
    walk.browser.fill(&walk.page("casework.client_name"), "Sagssystem").await;
    walk.browser.choose(&walk.page("casework.client_may"), &walk.page("casework.client_decide")).await;
    let address = "https://sagssystem.example/jwks";
    walk.browser.fill(&walk.page("casework.client_jwks_uri"), address).await;
    walk.send("casework.client_register").await;
    walk.look("client").await;
    walk.click("casework.client_stop").await;
    walk.look("client-stop").await;
    walk.send("casework.client_stop_now").await;
    walk.look("client-stopped").await;
    walk.send("casework.client_resume").await;
    assert!(walk.browser.offers(&walk.page("casework.client_stop")).await);
    walk.end(13);
}

mod every_page_has_no_axe_violation_at_1280_and_320 {
    use super::*;

    #[tokio::test]
    async fn for_a_visitor_in_danish() {
        visitor(Danish).await;
    }

    #[tokio::test]
    async fn for_a_visitor_in_english() {
        visitor(English).await;
    }

    #[tokio::test]
    async fn for_a_citizen_in_danish() {
        citizen(Danish).await;
    }

    #[tokio::test]
    async fn for_a_citizen_in_english() {
        citizen(English).await;
    }

    #[tokio::test]
    async fn for_a_representative_in_danish() {
        representative(Danish).await;
    }

    #[tokio::test]
    async fn for_a_representative_in_english() {
        representative(English).await;
    }

    #[tokio::test]
    async fn for_a_caseworker_in_danish() {
        caseworker(Danish).await;
    }

    #[tokio::test]
    async fn for_a_caseworker_in_english() {
        caseworker(English).await;
    }

    #[tokio::test]
    async fn for_an_administrator_in_danish() {
        administrator(Danish).await;
    }

    #[tokio::test]
    async fn for_an_administrator_in_english() {
        administrator(English).await;
    }

    #[tokio::test]
    async fn for_an_officer_in_danish() {
        officer(Danish).await;
    }

    #[tokio::test]
    async fn for_an_officer_in_english() {
        officer(English).await;
    }
}
