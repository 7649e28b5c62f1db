//! No other site can do anything for somebody: each unsafe address of the pages is refused what does not come from a page of ours
//! and of this session.

use crate::{
    pages::{ask_for_mandate, fill_in_mandate, give_mandate, id_of, open_mandate_request, say_yes},
    provider::{Person, Tenant},
    scene::{SESSION, Scene},
    tables,
    walker::{Raw, Walker},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use tillid_testkit::Engine;

/// Who sends the forms of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Citizen,
    Employee,
    Officer,
}

impl Who {
    /// The page that they start from.
    const fn front(self) -> &'static str {
        match self {
            Self::Citizen => "/overview",
            Self::Employee | Self::Officer => "/casework",
        }
    }
}

/// Every unsafe address of the pages, and who uses it.
const UNSAFE: &[(&str, Who)] = &[
    ("/session/keep", Who::Citizen),
    ("/requests/{id}", Who::Citizen),
    ("/requests/{id}/summary", Who::Citizen),
    ("/requests/{id}/answer", Who::Citizen),
    ("/consents/{id}/withdraw", Who::Citizen),
    ("/consents/new/{code}", Who::Citizen),
    ("/consents/new/{code}/summary", Who::Citizen),
    ("/consents/new/{code}/answer", Who::Citizen),
    ("/mandates/new/{code}", Who::Citizen),
    ("/mandates/new/{code}/{presentation}", Who::Citizen),
    ("/mandates/{id}/revoke", Who::Citizen),
    ("/mandates/{id}/renounce", Who::Citizen),
    ("/mandates/{id}/accept", Who::Citizen),
    ("/mandates/{id}/suspend", Who::Citizen),
    ("/mandates/{id}/resume", Who::Citizen),
    ("/mandates/{id}/dispute", Who::Citizen),
    ("/mandates/{id}/object", Who::Citizen),
    ("/mandates/{id}/sign", Who::Citizen),
    ("/mandates/{id}/sign/{presentation}", Who::Citizen),
    ("/mandates/{id}/pass-on", Who::Citizen),
    ("/mandates/{id}/pass-on/{presentation}", Who::Citizen),
    ("/mandates/{id}/renew", Who::Citizen),
    ("/mandates/{id}/renew/{presentation}", Who::Citizen),
    ("/mandate-requests/new", Who::Citizen),
    ("/mandate-requests/{id}", Who::Citizen),
    ("/mandate-requests/{id}/{presentation}", Who::Citizen),
    ("/mandate-requests/{id}/decline", Who::Citizen),
    ("/act-for", Who::Citizen),
    ("/act-for/stop", Who::Citizen),
    ("/act-as", Who::Citizen),
    ("/employees/{id}/admit", Who::Citizen),
    ("/employees/{id}/stop", Who::Citizen),
    ("/casework/cases/close", Who::Employee),
    ("/casework/cases/close/confirm", Who::Employee),
    ("/casework/catalogue/{shelf}/new", Who::Employee),
    ("/casework/catalogue/{shelf}/{code}/{number}/write", Who::Employee),
    ("/casework/catalogue/{shelf}/{code}/{number}/{step}", Who::Employee),
    ("/casework/clients", Who::Employee),
    ("/casework/clients/{client}/stop", Who::Employee),
    ("/casework/clients/{client}/resume", Who::Employee),
    ("/casework/erasures", Who::Officer),
    ("/casework/erasures/confirm", Who::Officer),
    ("/casework/lookups", Who::Employee),
    ("/casework/lookups/{lookup}/ask", Who::Employee),
    ("/casework/lookups/{lookup}/consents/{consent}/annul", Who::Employee),
    ("/casework/lookups/{lookup}/consents/{consent}/use", Who::Employee),
    ("/casework/lookups/{lookup}/consents/{consent}/withdraw", Who::Employee),
    ("/casework/lookups/{lookup}/mandates/new", Who::Employee),
    ("/casework/lookups/{lookup}/mandates/requests/{request}", Who::Employee),
    ("/casework/lookups/{lookup}/mandates/forms/{presentation}", Who::Employee),
    ("/casework/lookups/{lookup}/mandates/{mandate}/{deed}", Who::Employee),
    ("/casework/lookups/{lookup}/declarations", Who::Employee),
    ("/casework/lookups/{lookup}/presentations/{presentation}", Who::Employee),
    ("/casework/lookups/{lookup}/powers", Who::Employee),
    ("/casework/lookups/{lookup}/powers/{power}", Who::Employee),
    ("/casework/lookups/{lookup}/register", Who::Employee),
    ("/casework/lookups/{lookup}/requests/{request}/cancel", Who::Employee),
    ("/casework/lookups/{lookup}/requests/{request}/except", Who::Employee),
    ("/casework/tasks/{task}/close", Who::Employee),
    // Last: it ends the session.
    ("/logout", Who::Citizen),
];

/// Unsafe, and not a page's: whoever sends it proves themselves with a token that the provider signed, and has no cookie.
const NO_PAGES: &[&str] = &["/login/{provider}/backchannel-logout"];

/// Of no system, and for none of the people here: refusing comes first.
const NOTHING: &str = "0198aaaa-0000-7000-8000-00000000dead";
const CLIENT: &str = "/casework/clients/0198aaaa-0000-7000-8000-00000000dead";

/// The unsafe addresses that the sources of pages and of the edge name in their routers.
fn in_the_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["../web/src", "../edge/src"] {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    found
}

fn read(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            read(&path, found);
        } else {
            found.extend(unsafe_routes(&fs::read_to_string(&path).expect("a source")));
        }
    }
}

/// The addresses of `.route("...", ...)` that take anything but GET.
fn unsafe_routes(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in source.split(".route(").skip(1) {
        let mut depth = 1;
        let length = part.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0
        });
        let inside = &part[..length.map_or(part.len(), |(at, _)| at)];
        let Some((_, path)) = inside.split_once('"') else { continue };
        let Some((path, handlers)) = path.split_once('"') else { continue };
        let words = ["post", "put", "patch", "delete", "any", "on"];
        let calls: Vec<&str> = handlers.split(|c: char| !c.is_ascii_alphanumeric() && c != '(').collect();
        if calls.iter().any(|call| words.iter().any(|word| call.starts_with(&format!("{word}(")))) {
            found.push(path.to_owned());
        }
    }
    found
}

#[test]
fn every_unsafe_address_has_a_row() {
    let rows: BTreeSet<String> =
        UNSAFE.iter().map(|(path, _)| *path).chain(NO_PAGES.iter().copied()).map(str::to_owned).collect();
    assert_eq!(rows, in_the_sources());
    let planted = r#"Router::new().route("/a", get(x)).route("/b/{id}", get(page::x).post(page::y)).route("/c", delete(z))"#;
    assert_eq!(unsafe_routes(planted), ["/b/{id}", "/c"], "the negative control");
}

/// What it is, the token it knows, and what the browser tells of where it comes from.
type Attack<'a> = (&'a str, Option<&'a str>, Vec<(&'a str, &'a str)>);

/// Where an attack is sent to, with what is really there.
struct Targets(BTreeMap<&'static str, String>);

impl Targets {
    fn at(&self, path: &str) -> String {
        self.0.get(path).cloned().unwrap_or_else(|| path.to_owned())
    }
}

/// A request to answer, a consent, a mandate, one about to be given, a look-up and a request under it.
async fn targets(scene: &Scene, anna: &mut Walker, bo: &mut Walker, hans: &mut Walker) -> Targets {
    let answered = scene.ask(&Person::anna()).await;
    let summary = say_yes(scene, anna, &answered).await;
    let done = anna.submit(&summary, &summary.form("/answer"), &[]).await.expect(200);
    let consent = done.link("/consents/");
    let request = scene.ask(&Person::anna()).await;
    let mandate = id_of(&give_mandate(scene, anna, "M14", &Person::bo()).await);
    let planned = fill_in_mandate(scene, anna, "M14", &Person::bo()).await;
    let asked = id_of(&ask_for_mandate(scene, bo, "M14", &Person::anna()).await);
    let opened = open_mandate_request(scene, anna, &asked).await;
    let lookup = look_up(scene, hans).await;
    let pending = scene.ask(&Person::anna()).await;
    let staff = format!("{lookup}{consent}");
    Targets(BTreeMap::from([
        ("/employees/{id}/admit", format!("/employees/{NOTHING}/admit")),
        ("/employees/{id}/stop", format!("/employees/{NOTHING}/stop")),
        ("/consents/new/{code}", "/consents/new/C13".to_owned()),
        ("/consents/new/{code}/summary", "/consents/new/C13/summary".to_owned()),
        ("/consents/new/{code}/answer", "/consents/new/C13/answer".to_owned()),
        ("/casework/lookups/{lookup}/consents/{consent}/annul", format!("{staff}/annul")),
        ("/casework/lookups/{lookup}/consents/{consent}/use", format!("{staff}/use")),
        ("/casework/lookups/{lookup}/consents/{consent}/withdraw", format!("{staff}/withdraw")),
        (
            "/casework/lookups/{lookup}/presentations/{presentation}",
            format!("{lookup}/presentations/{NOTHING}"),
        ),
        ("/casework/lookups/{lookup}/powers", format!("{lookup}/powers")),
        ("/casework/lookups/{lookup}/powers/{power}", format!("{lookup}/powers/{NOTHING}")),
        ("/casework/lookups/{lookup}/declarations", format!("{lookup}/declarations")),
        ("/casework/lookups/{lookup}/register", format!("{lookup}/register")),
        ("/casework/lookups/{lookup}/mandates/new", format!("{lookup}/mandates/new")),
        (
            "/casework/lookups/{lookup}/mandates/requests/{request}",
            format!("{lookup}/mandates/requests/{NOTHING}"),
        ),
        (
            "/casework/lookups/{lookup}/mandates/forms/{presentation}",
            format!("{lookup}/mandates/forms/{NOTHING}"),
        ),
        (
            "/casework/lookups/{lookup}/mandates/{mandate}/{deed}",
            format!("{lookup}/mandates/{mandate}/dispute"),
        ),
        ("/casework/tasks/{task}/close", format!("/casework/tasks/{NOTHING}/close")),
        ("/requests/{id}", format!("/requests/{request}")),
        ("/requests/{id}/summary", format!("/requests/{request}/summary")),
        ("/requests/{id}/answer", format!("/requests/{request}/answer")),
        ("/consents/{id}/withdraw", format!("{consent}/withdraw")),
        ("/mandates/new/{code}", "/mandates/new/M14".to_owned()),
        ("/mandates/new/{code}/{presentation}", planned.url.path().to_owned()),
        ("/mandates/{id}/revoke", format!("/mandates/{mandate}/revoke")),
        ("/mandates/{id}/renounce", format!("/mandates/{mandate}/renounce")),
        ("/mandates/{id}/accept", format!("/mandates/{mandate}/accept")),
        ("/mandates/{id}/suspend", format!("/mandates/{mandate}/suspend")),
        ("/mandates/{id}/resume", format!("/mandates/{mandate}/resume")),
        ("/mandates/{id}/dispute", format!("/mandates/{mandate}/dispute")),
        ("/mandates/{id}/object", format!("/mandates/{mandate}/object")),
        ("/mandates/{id}/sign", format!("/mandates/{mandate}/sign")),
        ("/mandates/{id}/sign/{presentation}", format!("/mandates/{mandate}/sign/{NOTHING}")),
        ("/mandates/{id}/pass-on", format!("/mandates/{mandate}/pass-on")),
        ("/mandates/{id}/pass-on/{presentation}", format!("/mandates/{mandate}/pass-on/{NOTHING}")),
        ("/mandates/{id}/renew", format!("/mandates/{mandate}/renew")),
        ("/mandates/{id}/renew/{presentation}", format!("/mandates/{mandate}/renew/{NOTHING}")),
        ("/casework/catalogue/{shelf}/new", "/casework/catalogue/consent-types/new".to_owned()),
        (
            "/casework/catalogue/{shelf}/{code}/{number}/write",
            "/casework/catalogue/consent-types/C15/1/write".to_owned(),
        ),
        (
            "/casework/catalogue/{shelf}/{code}/{number}/{step}",
            "/casework/catalogue/consent-types/C15/1/retire".to_owned(),
        ),
        ("/casework/clients/{client}/stop", format!("{CLIENT}/stop")),
        ("/casework/clients/{client}/resume", format!("{CLIENT}/resume")),
        ("/mandate-requests/{id}", format!("/mandate-requests/{asked}")),
        ("/mandate-requests/{id}/{presentation}", opened.url.path().to_owned()),
        ("/mandate-requests/{id}/decline", format!("/mandate-requests/{asked}/decline")),
        ("/casework/lookups/{lookup}/ask", format!("{lookup}/ask")),
        (
            "/casework/lookups/{lookup}/requests/{request}/cancel",
            format!("{lookup}/requests/{pending}/cancel"),
        ),
        (
            "/casework/lookups/{lookup}/requests/{request}/except",
            format!("{lookup}/requests/{pending}/except"),
        ),
    ]))
}

/// A caseworker looks Anna up; the path of what was found.
pub(crate) async fn look_up(scene: &Scene, hans: &mut Walker) -> String {
    let page = hans.open(&scene.at("/casework")).await.expect(200);
    let form = page.form("/casework/lookups");
    let purpose = form.choices.iter().find(|(name, value)| name == "purpose" && value == "case_processing");
    let purpose =
        purpose.map_or_else(|| form.get("purpose").unwrap_or_default().to_owned(), |(_, v)| v.clone());
    let number = form.inputs.iter().find(|name| matches!(name.as_str(), "cpr" | "number")).expect("a number");
    let values = [(number.as_str(), "6702451236"), ("purpose", &purpose), ("case", crate::scene::CASE)];
    let found = hans.submit(&page, &form, &values).await.expect(200);
    assert!(found.url.path().starts_with("/casework/lookups/"), "{}: {}", found.url.path(), found.text());
    found.url.path().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_site_can_send_a_form_for_somebody() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let mut lars = scene.logged_in("mitid", Person::lars()).await;
    let mut bo = scene.logged_in("mitid", Person::bo()).await;
    let targets = targets(&scene, &mut anna, &mut bo, &mut hans).await;
    let csrf = async |walker: &mut Walker, path: &str| {
        let page = walker.open(&scene.at(path)).await.expect(200);
        page.form("/logout").get("csrf").expect("a token").to_owned()
    };
    let own = [
        (Who::Citizen, csrf(&mut anna, "/overview").await),
        (Who::Employee, csrf(&mut hans, "/casework").await),
        (Who::Officer, csrf(&mut lars, "/casework").await),
    ];
    let others = csrf(&mut bo, "/overview").await;
    let our_origin = scene.served.base.clone();

    let mut administrator = scene.served.administrator().await;
    let before = tables::dump(&mut administrator).await;
    let mut refused = 0;
    for (path, who) in UNSAFE {
        let walker = match who {
            Who::Citizen => &mut anna,
            Who::Employee => &mut hans,
            Who::Officer => &mut lars,
        };
        let right = own.iter().find(|(other, _)| other == who).expect("a token").1.as_str();
        let wrong = format!("{}{}", &right[1..], "A");
        let same = [("sec-fetch-site", "same-origin"), ("origin", our_origin.as_str())];
        let attacks: [Attack<'_>; 8] = [
            ("no token", None, same.to_vec()),
            ("empty token", Some(""), same.to_vec()),
            ("wrong token", Some(&wrong), same.to_vec()),
            ("another session's token", Some(&others), same.to_vec()),
            ("foreign Origin", Some(right), vec![("origin", "https://evil.example")]),
            ("Origin: null", Some(right), vec![("origin", "null")]),
            ("Sec-Fetch-Site: cross-site", Some(right), vec![("sec-fetch-site", "cross-site")]),
            ("Sec-Fetch-Site: same-site", Some(right), vec![("sec-fetch-site", "same-site")]),
        ];
        for (attack, token, headers) in attacks {
            let mut fields = vec![("answer.x".to_owned(), "yes".to_owned())];
            fields.extend(token.map(|token| ("csrf".to_owned(), token.to_owned())));
            let url = scene.at(&targets.at(path));
            let page = walker.post(&url, &Raw { fields, headers, file: None }).await;
            assert_eq!(
                (page.status.as_u16(), page.code()),
                (403, "csrf"),
                "{path}: {attack}: {}",
                page.text()
            );
            refused += 1;
        }
        // Without a session there is nothing that could be used.
        let nobody = Raw { headers: same.to_vec(), ..Raw::default() };
        let page = Walker::new().post(&scene.at(&targets.at(path)), &nobody).await;
        assert_eq!((page.status.as_u16(), page.code()), (401, "session_missing"), "{path}");
    }
    let after = tables::dump(&mut administrator).await;
    // What waited for the log gets there meanwhile, and notices of it are handed over.
    let waits = |table: &&String| {
        let name = table.as_str();
        name == "pending" || name.starts_with("log_") || name.starts_with("notice")
    };
    for table in before.keys().filter(|table| !waits(table)) {
        assert_eq!(before[table], after[table], "{table} changed");
    }

    // The negative control: with the right token each of them is let through.
    for (path, who) in UNSAFE {
        let walker = match who {
            Who::Citizen => &mut anna,
            Who::Employee => &mut hans,
            Who::Officer => &mut lars,
        };
        let right = csrf(walker, who.front()).await;
        let fields = vec![("csrf".to_owned(), right)];
        let headers = vec![("sec-fetch-site", "same-origin"), ("origin", our_origin.as_str())];
        let page = walker.post(&scene.at(&targets.at(path)), &Raw { fields, headers, file: None }).await;
        assert_ne!(page.code(), "csrf", "{path}");
        assert_ne!(page.status.as_u16(), 401, "{path}");
    }
    assert!(anna.cookie(SESSION).is_none(), "logged out at last");
    let done = tables::dump(&mut administrator).await;
    assert!(done["event"].len() > after["event"].len(), "and what they ask for is done");
    println!("{refused} forms of other sites refused, at {} addresses", UNSAFE.len());
}
