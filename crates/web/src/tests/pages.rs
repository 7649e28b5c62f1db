//! Every page can be written in both languages, and what in it refers to something finds it.

use crate::{
    answer::{DonePage, RequestPage},
    collected::How,
    consent::{ConsentPage, Proof, WithdrawPage},
    document::ConsentDocument,
    front::{AccessibilityPage, FrontPage, PrivacyPage},
    giving::{self, PickPage, TypePage},
    login::{LoggedOutPage, LoginPage, ResumePage, Way},
    overview::{AskRow, LookRow, MandateRow, Mandates, Matters, OverviewPage, RequestRow},
    page::{Page, User},
    problem::problem_page,
    question::{About, ChoosePage, Question, SummaryPage},
    statutory::PowerRow,
    view::{ConsentRow, Standing},
};
use askama::Template;
use http_body_util::BodyExt as _;
use std::collections::BTreeSet;
use tillid_domain::{
    Digest, Language, Reason,
    consent::ConsentStanding,
    id::{ConsentId, EventId, MandateId, MandateRequestId, PresentationId, RequestId, StatutoryId},
};
use tillid_edge::{Fields, LoginOption, Problem, Protocol, ReturnTo, Told};
use tillid_service::Error;
use uuid::Uuid;

pub(crate) fn page(language: Language) -> Page {
    let user = User {
        name: "Anna <Æbelø>".to_owned(),
        acting_for: Some("Bo".to_owned()),
        acts_on: "Værgemål".to_owned(),
        employee: false,
        at_work: false,
        administers: false,
        csrf: "secret-field".to_owned(),
        ends_at: "10.15".to_owned(),
        idle: 1800,
        at_most: 43200,
    };
    Page { user: Some(user), ..Page::at(language, "/overview?x=1&y=2") }
}

pub(crate) fn document() -> ConsentDocument {
    document_of("consent")
}

fn document_of(polarity: &str) -> ConsentDocument {
    let json = serde_json::json!({
        "schema": "tillid.presentation.consent/1",
        "language": "da",
        "type": { "code": "C01", "version": 1, "polarity": polarity },
        "authority": { "cvr": "99100001", "name": "Eksempel Kommune", "data_protection_officer": "dpo@example" },
        "case": "27.36-1",
        "title": "Indhentning",
        "purpose": "Formål",
        "why": "Hvorfor",
        "legal_references": [{ "citation": "§ 29", "text": "Loven" }],
        "duration": "Et år",
        "if_you_say_no": "Nej",
        "if_you_withdraw": "Tilbage",
        "other_ways": "Borgerservice",
        "conditional": true,
        "supervisory_authority": "Datatilsynet",
        "items": [item("sygehus", true), item("kommune", false)],
    });
    ConsentDocument::read(&serde_json::to_vec(&json).expect("json")).expect("a document")
}

fn item(code: &str, special: bool) -> serde_json::Value {
    serde_json::json!({
        "code": code,
        "statement": format!("Må vi spørge {code}?"),
        "data": ["Helbred", "Familie"],
        "special_categories": special,
        "sources": if special { vec!["Sygehuset"] } else { vec![] },
        "recipients": ["Kommunen"],
        "choices": ["yes", "no"],
        "chosen_beforehand": null,
    })
}

fn question(said: &[u8]) -> Question {
    question_about(About::Request(RequestId::from_uuid(Uuid::nil())), document(), said)
}

fn question_about(about: About, document: ConsentDocument, said: &[u8]) -> Question {
    let fields = Fields::parse(said).expect("fields");
    let shown = PresentationId::from_uuid(Uuid::nil());
    Question::new(about, "attempt".to_owned(), shown, document, &fields)
}

fn row(page: &Page, n: u128, standing: ConsentStanding) -> ConsentRow {
    ConsentRow {
        id: ConsentId::from_uuid(Uuid::from_u128(n)),
        title: "Indhentning".to_owned(),
        statement: "Må vi spørge?".to_owned(),
        authority: "Eksempel Kommune".to_owned(),
        standing: Standing::new(standing, page),
        opt_out: false,
        when: "Gælder".to_owned(),
    }
}

fn logins() -> Vec<LoginOption> {
    let name = |text: &str| tillid_domain::Localized {
        da: text.parse().expect("a text"),
        en: text.parse().expect("a text"),
    };
    ["mitid", "nemlogin"].map(|key| LoginOption { key: key.to_owned(), name: name(key) }).into()
}

fn overview(page: &Page) -> Vec<String> {
    let mandate = |n| MandateRow {
        id: MandateId::from_uuid(Uuid::from_u128(n)),
        packages: "Ældre".to_owned(),
        other: "Bo".to_owned(),
        standing: "Gælder",
        colour: "badge-success",
        until: "1. maj 2027".to_owned(),
        last_used: (n == 1).then(|| "Brugt <sidst>".to_owned()),
        revocable: n == 1,
    };
    let request = RequestRow {
        id: RequestId::from_uuid(Uuid::nil()),
        title: "Indhentning".to_owned(),
        authority: "Eksempel Kommune".to_owned(),
        deadline: "1. maj 2027".to_owned(),
    };
    let ask = |n, standing| AskRow {
        id: MandateRequestId::from_uuid(Uuid::from_u128(n)),
        heading: "Bo beder om en fuldmagt".to_owned(),
        packages: "Ældre".to_owned(),
        standing,
        deadline: "1. maj 2027".to_owned(),
    };
    let look =
        LookRow { at: "nu".to_owned(), who: "Nogen".to_owned(), what: "Så".to_owned(), refused: true };
    let full = OverviewPage {
        page,
        of_other: None,
        matters: Some(Matters {
            requests: vec![request],
            holding: vec![row(page, 1, ConsentStanding::Active), row(page, 2, ConsentStanding::Planned)],
            opt_outs: vec![ConsentRow { opt_out: true, ..row(page, 8, ConsentStanding::Active) }],
            former: vec![row(page, 3, ConsentStanding::Declined), row(page, 4, ConsentStanding::Withdrawn)],
        }),
        mandates: vec![
            Mandates { heading: "Givet".to_owned(), none: "", rows: vec![mandate(5)] },
            Mandates { heading: "Fået".to_owned(), none: "Ingen", rows: vec![] },
        ],
        to_answer: vec![ask(6, None)],
        asked: vec![ask(7, Some(("Venter", "badge-info")))],
        statutory: vec![PowerRow {
            id: StatutoryId::from_uuid(Uuid::nil()),
            words: page.t("statutory.guardian_s5"),
            whom: page.t("statutory.for_you").to_owned(),
            holders: page.fill("statutory.holder", "names", "Gitte"),
            areas: Some("økonomi".to_owned()),
            days: "1. maj 2027".to_owned(),
            standing: page.t("statutory.in_force"),
            colour: "badge-success",
            can_change: true,
        }],
        looks: Some(vec![look]),
        gives_for_child: false,
    };
    let bare = OverviewPage {
        page,
        of_other: Some("Bo".to_owned()),
        matters: None,
        mandates: vec![],
        to_answer: vec![],
        asked: vec![],
        statutory: vec![],
        looks: None,
        gives_for_child: false,
    };
    vec![full.render().expect("a page"), bare.render().expect("a page")]
}

fn consent(page: &Page) -> Vec<String> {
    let proof = Proof {
        document: document(),
        shown: "nu".to_owned(),
        sha256: Digest::of(b""),
        event: EventId::from_uuid(Uuid::nil()),
    };
    let how = |document: bool| How {
        answered: "nu".to_owned(),
        registered: document.then(|| "nu".to_owned()),
        notes: vec![("Det blev sagt", "Ja".to_owned())],
        document: document.then(|| "/documents/1".to_owned()),
    };
    let consent = |standing, opt_out, proof: Option<Proof>| ConsentPage {
        page,
        row: ConsentRow { opt_out, ..row(page, 1, standing) },
        how: how(proof.is_some()),
        by_staff: proof.is_some().then(|| "En medarbejder gjorde det".to_owned()),
        case: Some("27.36-1".to_owned()),
        withdrawal: "Tilbage",
        state_format: "/declarations/5/viljestilkendegivelse".to_owned(),
        proof,
    };
    let withdraw = |opt_out| WithdrawPage {
        page,
        row: ConsentRow { opt_out, ..row(page, 1, ConsentStanding::Active) },
        means: "Tilbage",
        effects: vec!["Stop"],
    };
    vec![
        consent(ConsentStanding::Active, false, Some(proof)).render().expect("a page"),
        consent(ConsentStanding::Withdrawn, false, None).render().expect("a page"),
        consent(ConsentStanding::Active, true, None).render().expect("a page"),
        consent(ConsentStanding::Withdrawn, true, None).render().expect("a page"),
        withdraw(false).render().expect("a page"),
        withdraw(true).render().expect("a page"),
    ]
}

fn answering(page: &Page) -> Vec<String> {
    let request = |closed| RequestPage {
        page,
        id: RequestId::from_uuid(Uuid::nil()),
        title: "Indhentning",
        authority: "Eksempel Kommune".to_owned(),
        asked: "nu".to_owned(),
        deadline: "1. maj 2027".to_owned(),
        closed,
        voices: vec!["Dorte Holm har svaret.".to_owned()],
    };
    let consents = vec![row(page, 1, ConsentStanding::Active), row(page, 2, ConsentStanding::Declined)];
    let asked = question(b"answer.sygehus=yes&answer.kommune=no");
    let done = DonePage {
        page,
        title: "Indhentning",
        authority: "Eksempel Kommune".to_owned(),
        at: "nu".to_owned(),
        consents,
        receipt: Some("/requests/1/receipt".to_owned()),
    };
    vec![
        request(None).render().expect("a page"),
        request(Some("Lukket")).render().expect("a page"),
        ChoosePage { page, asked: &question(b"") }.render().expect("a page"),
        SummaryPage { page, asked: &asked }.render().expect("a page"),
        done.render().expect("a page"),
    ]
}

fn giving(page: &Page) -> Vec<String> {
    let choice = |code: &str| giving::Choice {
        code: code.to_owned(),
        title: "Breve i hånden".to_owned(),
        purpose: "Formål".to_owned(),
        authority: "Eksempel Kommune".to_owned(),
    };
    let about = || About::Unasked("X03".parse().expect("a code"));
    let asked = question_about(about(), document_of("opt_out"), b"answer.sygehus=yes&answer.kommune=no");
    let none = PickPage { page, consents: Vec::new(), opt_outs: Vec::new() };
    vec![
        PickPage { page, consents: vec![choice("C13")], opt_outs: vec![choice("X03")] }
            .render()
            .expect("a page"),
        none.render().expect("a page"),
        TypePage { page, of: choice("C13"), opt_out: false }.render().expect("a page"),
        TypePage { page, of: choice("X03"), opt_out: true }.render().expect("a page"),
        ChoosePage { page, asked: &question_about(about(), document(), b"") }.render().expect("a page"),
        ChoosePage { page, asked: &question_about(about(), document_of("opt_out"), b"") }
            .render()
            .expect("a page"),
        SummaryPage { page, asked: &asked }.render().expect("a page"),
    ]
}

fn others(page: &Page) -> Vec<String> {
    let ways = || Way::all(&logins(), page, &ReturnTo::new("/overview"));
    let onward = |onward, idle| LoggedOutPage { page, onward, idle };
    let fields = [("answer.a".to_owned(), "yes \"<".to_owned())];
    vec![
        FrontPage { page, ways: ways() }.render().expect("a page"),
        LoginPage { page, ways: ways() }.render().expect("a page"),
        onward(Some(("/logout/mitid".to_owned(), "MitID".to_owned())), false).render().expect("a page"),
        onward(None, true).render().expect("a page"),
        ResumePage { page, action: "/requests/1/summary", fields: &fields }.render().expect("a page"),
        PrivacyPage { page }.render().expect("a page"),
        AccessibilityPage { page }.render().expect("a page"),
    ]
}

fn attribute<'h>(html: &'h str, name: &'h str) -> impl Iterator<Item = &'h str> {
    let opening = format!(" {name}=\"");
    let values: Vec<&str> =
        html.split(&opening[..]).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    values.into_iter()
}

/// One heading of the first rank, ids that stand once, and no reference to an id that is not there.
pub(crate) fn must_hold_together(html: &str) {
    assert_eq!(html.matches("<h1>").count(), 1, "{html}");
    let ids: Vec<&str> = attribute(html, "id").collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), known.len(), "an id stands twice: {html}");
    for name in ["for", "aria-labelledby", "aria-describedby"] {
        for id in attribute(html, name).flat_map(str::split_whitespace) {
            assert!(known.contains(id), "{name} refers to {id}: {html}");
        }
    }
    for address in attribute(html, "href").filter_map(|address| address.strip_prefix('#')) {
        assert!(known.contains(address), "#{address} leads nowhere: {html}");
    }
    for (opened, closed) in
        [("<section", "</section>"), ("<div", "</div>"), ("<ul", "</ul>"), ("<dl", "</dl>")]
    {
        assert_eq!(html.matches(opened).count(), html.matches(closed).count(), "{opened}: {html}");
    }
    assert!(!html.contains("{{") && !html.contains("<Æ"), "{html}");
}

#[test]
fn every_page_holds_together_in_both_languages() {
    for language in Language::ALL {
        let page = page(language);
        let pages =
            [overview(&page), consent(&page), answering(&page), giving(&page), others(&page)].concat();
        for html in pages {
            must_hold_together(&html);
            assert!(html.starts_with("<!doctype html>"), "{html}");
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
            assert!(html.contains("action=\"/act-for/stop\"") && html.contains("action=\"/logout\""));
            assert!(html.contains("Anna &#60;Æbelø&#62;") || html.contains("Anna &lt;Æbelø&gt;"), "{html}");
        }
    }
}

#[test]
fn nothing_is_chosen_beforehand_and_everything_is_told_before() {
    let page = page(Language::Da);
    let html = ChoosePage { page: &page, asked: &question(b"") }.render().expect("a page");
    assert!(!html.contains("checked"));
    assert_eq!(html.matches("type=\"radio\"").count(), 4);
    let (told, asked) = html.split_once("<form method=\"post\" action=\"/requests/").expect("a form");
    for text in
        ["Formål", "Hvorfor", "Et år", "Tilbage", "Borgerservice", "§ 29", "dpo@example", "Datatilsynet"]
    {
        assert!(told.contains(text), "{text}");
    }
    assert!(asked.contains("Sygehuset") && asked.contains("Helbred, Familie"));
}

/// C12: what is forbidden is told in words of its own, and stands apart.
#[test]
fn c12_saying_no_thanks_is_told_apart_from_consenting() {
    let page = page(Language::Da);
    let about = About::Unasked("X03".parse().expect("a code"));
    let asked = question_about(about, document_of("opt_out"), b"");
    let html = ChoosePage { page: &page, asked: &asked }.render().expect("a page");
    assert!(html.contains("Du siger nej tak hos Eksempel Kommune") && !html.contains("checked"));
    assert!(html.contains("action=\"/consents/new/X03/summary\"") && !html.contains("beder om samtykke"));
    let overview = overview(&page).remove(0);
    let (before, after) = overview.split_once("id=\"opt-outs\"").expect("a heading");
    let card = format!("/consents/{}", Uuid::from_u128(8));
    assert!(!before.contains(&card) && after.contains(&card));
    let taken_back = &consent(&page)[3];
    assert!(taken_back.contains("Myndigheden må spørge eller bruge det igen"), "{taken_back}");
}

#[test]
fn what_is_missing_is_told_at_the_field_and_in_the_summary_and_nothing_is_lost() {
    let mut page = page(Language::Da);
    let asked = question(b"answer.sygehus=yes&answer.kommune=maybe");
    page.errors = asked.unanswered(&page);
    assert_eq!(page.errors.len(), 1);
    let html = ChoosePage { page: &page, asked: &asked }.render().expect("a page");
    must_hold_together(&html);
    assert!(html.contains("<title>Fejl: "));
    assert_eq!(html.matches("Svar ja eller nej på spørgsmål 2").count(), 2);
    assert!(html.contains("href=\"#answer-kommune-yes\""));
    assert_eq!(html.matches(" checked").count(), 1);
    assert!(html.contains("id=\"answer-sygehus-yes\" name=\"answer.sygehus\" value=\"yes\" checked"));
}

#[tokio::test]
async fn every_problem_is_a_page_with_its_code_and_a_way_on() {
    let render = problem_page();
    let refused = |reason| tillid_edge::refusal(&Error::Denied(reason), tillid_domain::Audience::Citizen);
    let protocol = Protocol::ALL.iter().map(|p| Problem::from(*p));
    let reasons = Reason::ALL.iter().map(|reason| refused(*reason));
    for problem in protocol.chain(reasons) {
        for language in Language::ALL {
            let told = Told { problem: &problem, language, path: "/consents/1?x=%2F" };
            let response = render(&told);
            assert_eq!(response.status(), problem.status());
            let policy = response.headers()["content-security-policy"].to_str().expect("text");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'"));
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            let html = std::str::from_utf8(&body).expect("a text");
            must_hold_together(html);
            assert!(html.contains(&format!("data-code=\"{}\"", problem.code())), "{html}");
        }
    }
}

#[tokio::test]
async fn who_is_not_logged_in_comes_back_after_it() {
    let problem = Problem::from(Protocol::SessionMissing);
    let told = Told { problem: &problem, language: Language::Da, path: "/consents/1?x=2" };
    let body = problem_page()(&told).into_body().collect().await.expect("a body").to_bytes();
    let html = std::str::from_utf8(&body).expect("a text");
    assert!(html.contains("Du er ikke logget på"));
    assert!(html.contains("href=\"/login?return_to=%2Fconsents%2F1%3Fx%3D2\""), "{html}");
}
