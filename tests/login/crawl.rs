//! Every answer to a browser carries what protects the page, on every page that can be reached.

use crate::{
    csrf::look_up,
    pages::{give_mandate, say_yes},
    provider::{Person, Tenant},
    scene::Scene,
    sessions::all_are_flagged,
    walker::{Page, Walker},
};
use reqwest::Url;
use std::collections::{BTreeSet, VecDeque};
use tillid_testkit::Engine;

/// Pages enough; a crawl that goes on is a crawl in a circle.
const MOST: usize = 300;

/// What is wrong with an answer.
fn flaws(page: &Page, personal: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |right: bool, what: &str| {
        if !right {
            found.push(what.to_owned());
        }
    };
    let policy = page.header("content-security-policy");
    let directive = |name: &str| {
        let mut all = policy.split(';').map(str::trim);
        all.find_map(|one| one.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_default().to_owned()
    };
    must(directive("default-src") == "'none'" || directive("default-src") == "'self'", "CSP default-src");
    must(directive("frame-ancestors") == "'none'", "CSP frame-ancestors");
    must(!policy.contains("unsafe-") && !policy.contains('*'), "CSP is open");
    must(page.header("x-content-type-options") == "nosniff", "nosniff");
    must(
        !page.header("referrer-policy").is_empty() && page.header("referrer-policy") != "unsafe-url",
        "Referrer-Policy",
    );
    must(!page.header("x-request-id").is_empty(), "X-Request-ID");
    for name in ["server", "x-powered-by", "via", "x-version"] {
        must(page.header(name).is_empty(), name);
    }
    let html = page.header("content-type").starts_with("text/html");
    if html {
        must(!directive("base-uri").is_empty(), "CSP base-uri");
        must(
            !directive("form-action").is_empty() && !directive("form-action").contains("http:"),
            "CSP form-action",
        );
        must(!inline(&page.body), "inline script, style or handler, which the policy forbids");
    }
    let public = ["/assets/", "/log/"].iter().any(|part| page.url.path().starts_with(part));
    if personal && !public {
        must(page.header("cache-control").contains("no-store"), "no-store");
    }
    found
}

/// Whether a page holds a script, a style or a handler of its own.
fn inline(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    let scripts = lower
        .split("<script")
        .skip(1)
        .any(|rest| !rest.split('>').next().unwrap_or_default().contains("src="));
    scripts
        || lower.contains("<style")
        || [" style=", " onclick=", " onload=", " onsubmit=", "javascript:"]
            .iter()
            .any(|word| lower.contains(word))
}

/// The addresses of what a page loads.
fn loads(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["src=\"", "<link rel=\"stylesheet\" href=\"", "<link rel=\"icon\" href=\""] {
        found.extend(body.split(name).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    found
}

/// Goes everywhere from those pages, and says where it has been.
async fn crawl(scene: &Scene, walker: &mut Walker, personal: bool, starts: &[&str]) -> BTreeSet<String> {
    let home: Url = scene.at("/").parse().expect("an address");
    let mut waiting: VecDeque<Url> =
        starts.iter().map(|start| home.join(start).expect("an address")).collect();
    let mut seen = BTreeSet::new();
    while let Some(mut url) = waiting.pop_front() {
        url.set_fragment(None);
        let away = url.origin() != home.origin();
        // Leaving for the provider, and what would end the session there.
        let leaves = url.path().starts_with("/login/") || url.path().starts_with("/logout/");
        if away || leaves || !seen.insert(url.to_string()) {
            continue;
        }
        assert!(seen.len() < MOST, "{seen:?}");
        let page = walker.get(url.as_str()).await;
        let flaws = flaws(&page, personal);
        assert!(flaws.is_empty(), "{} {}: {flaws:?}", page.status, url.path());
        assert!(page.status.as_u16() < 500, "{}", url.path());
        waiting.extend(page.leads_to());
        if page.header("content-type").starts_with("text/html") {
            assert!(page.status.is_redirection() || !page.text().is_empty());
            let all = page.links().into_iter().chain(loads(&page.body));
            waiting.extend(all.filter_map(|link| page.url.join(&link).ok()));
        }
    }
    seen
}

/// What is refused, and how: also those are answers.
async fn refusals(scene: &Scene, walker: &mut Walker) -> usize {
    let long = format!("/{}", "x".repeat(9000));
    let paths = [
        "/nowhere",
        "/requests/nothing",
        "/requests/0198aaaa-0000-7000-8000-00000000dead",
        "/login/mitid/callback",
        "/login/mitid/callback?state=x&code=y",
        "/login/nobody",
        "/mandates/new/NONE",
        "/assets/nothing.css",
        "/%ff",
        &long,
        "/login/mitid/backchannel-logout",
        "/logout",
        "/language/xx",
        "/resume",
        "/sandbox/people",
        "/v1/nowhere",
    ];
    for path in paths {
        let page = walker.get(&scene.at(path)).await;
        let shown: String = path.chars().take(60).collect();
        assert!(page.status.as_u16() < 500, "{shown}: {}", page.status);
        let flaws = flaws(&page, false);
        assert!(flaws.is_empty(), "{} {shown}: {flaws:?}", page.status);
    }
    paths.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_a_browser_carries_what_protects_the_page() {
    let scene = Scene::with_catalogue(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let answered = scene.ask(&Person::anna()).await;
    let summary = say_yes(&scene, &mut anna, &answered).await;
    anna.submit(&summary, &summary.form("/answer"), &[]).await.expect(200);
    give_mandate(&scene, &mut anna, "M14", &Person::bo()).await;
    let open = scene.ask(&Person::anna()).await;
    let mut hans = scene.logged_in("mitid", Person::hans()).await;
    let lookup = look_up(&scene, &mut hans).await;
    let mut lars = scene.logged_in("mitid", Person::lars()).await;
    let mut nobody = Walker::new();

    let request = format!("/requests/{open}");
    let citizen = ["/", "/overview", "/mandates/new", "/act-for", "/access-log", &request, "/about/privacy"];
    let employee = ["/", "/casework", &lookup, &format!("{lookup}/ask")];
    let anonymous =
        ["/", "/login", "/logged-out", "/overview", "/casework", "/about/privacy", "/about/accessibility"];
    let been = [
        crawl(&scene, &mut nobody, false, &anonymous).await,
        crawl(&scene, &mut anna, true, &citizen).await,
        crawl(&scene, &mut hans, true, &employee).await,
        crawl(&scene, &mut lars, true, &["/"]).await,
    ];
    for (pages, least) in been.iter().zip([12, 40, 12, 6]) {
        assert!(pages.len() >= least, "{} pages: {pages:?}", pages.len());
    }
    for (at, path) in [
        (1, "/consents/"),
        (1, "/mandates/"),
        (1, "/access-log"),
        (1, "/mandates/new/M14"),
        (0, "/transparency"),
        (1, "/receipts/"),
        (1, "/export/download"),
        (2, "/casework/lookups/"),
        (2, "/ask"),
        (3, "/casework/erasures"),
    ] {
        assert!(been[at].iter().any(|url| url.contains(path)), "{path} was not reached: {:?}", been[at]);
    }
    let mut refused = 0;
    for walker in [&mut nobody, &mut anna, &mut hans] {
        refused += refusals(&scene, walker).await;
        all_are_flagged(&scene, walker);
        let trail: Vec<String> = walker.trail.iter().map(ToString::to_string).collect();
        assert!(
            !trail
                .iter()
                .any(|url| ["6702451236", "7103701235", "6805791237"].iter().any(|n| url.contains(n)))
        );
    }
    scene.nothing_leaked(&["6702451236", "7103701235", "6805791237"]);
    println!("{:?} answers with their headers, and {refused} refusals", been.map(|pages| pages.len()));
}

#[test]
fn what_the_policy_forbids_is_found_on_a_page() {
    for body in
        ["<script>x</script>", "<p style=\"a\">", "<style>", "<a onclick=\"x\">", "<a href=\"javascript:x\">"]
    {
        assert!(inline(body), "{body}");
    }
    assert!(!inline("<script src=\"/x.js\" defer></script><p class=\"style\">"));
}
