//! The way in itself: what an attacker can plant, replay, mix up or bend, and what changes at each step.

use crate::{
    provider::{Dialect, Misbehaviour, Person, Tenant},
    scene::{LOGIN, SESSION, Scene},
    served::Installation,
    walker::Walker,
};
use reqwest::Url;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tillid_testkit::Engine;

/// A secret as the service makes them, that it has never made.
const PLANTED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// The address with one parameter as another address has it.
fn with_parameter_of(url: &Url, name: &str, other: &Url) -> Url {
    let value = other.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let value = value.expect("the parameter");
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, old)| (key.to_string(), if key == name { value.clone() } else { old.into_owned() }))
        .collect();
    let mut bent = url.clone();
    bent.query_pairs_mut().clear().extend_pairs(pairs);
    bent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_session_is_never_the_one_that_a_login_gives() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut attacker = scene.logged_in("mitid", Person::bo()).await;
    for planted in [PLANTED.to_owned(), attacker.cookie(SESSION).expect("a session").to_owned()] {
        scene.provider.meets("mitid", Some(Person::anna()));
        let mut victim = Walker::new();
        victim.plant(SESSION, &planted);
        victim.plant(LOGIN, PLANTED);
        victim.open(&scene.at("/login/mitid?return_to=/overview")).await.expect(200);
        let own = victim.cookie(SESSION).expect("a session").to_owned();
        assert_ne!(own, planted);
        let mut again = Walker::new();
        again.plant(SESSION, &planted);
        assert!(!scene.is_in(&mut again).await, "the planted session is nobody's now");
        assert!(scene.is_in(&mut victim).await);
    }
    assert!(!scene.is_in(&mut attacker).await, "whose browser it was, whose login it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_comes_back_once_and_to_the_browser_that_began_it() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right()), ("other", Tenant::right())]).await;
    let refused = async |walker: &mut Walker, url: &Url, code: &str, cause: &str, why: &str| {
        let before = scene.log_length();
        let page = walker.get(url.as_str()).await;
        assert!(matches!(page.status.as_u16(), 400 | 403), "{why}: {} {}", page.status, page.text());
        assert_eq!(page.code(), code, "{why}");
        assert_eq!(scene.causes_since(before), [cause], "{why}");
        assert!(walker.cookie(SESSION).is_none(), "{why}");
        assert!(!scene.is_in(walker).await, "{why}");
    };
    let (unknown, not_accepted) = ("login_unknown", "login_not_accepted");
    let (not_begun, no_such) = (
        "callback: this browser has not begun a login",
        "callback: the state is not one that began here, or was used or is too old",
    );

    // Login CSRF: the attacker's login, finished in the victim's browser; with no login begun there, and with one.
    let (mut attacker, back) = scene.about_to_return("mitid").await;
    refused(&mut Walker::new(), &back, unknown, not_begun, "no cookie").await;
    let (mut victim, own) = scene.about_to_return("mitid").await;
    refused(&mut victim, &back, unknown, no_such, "the cookie of another login").await;
    // Nor has the victim's browser taken the login from whoever began it.
    attacker.get(back.as_str()).await.expect(303);
    assert!(scene.is_in(&mut attacker).await);

    // The attacker's code in the victim's own login, and the other way round.
    let (mut attacker, theirs) = scene.about_to_return("mitid").await;
    let mixed = with_parameter_of(&own, "code", &theirs);
    refused(&mut victim, &mixed, not_accepted, "token endpoint: status 400", "a code of another login").await;
    assert_eq!(scene.provider.seen("mitid").complaints, ["code_verifier"], "PKCE was what stopped it");
    let mixed = with_parameter_of(&theirs, "state", &own);
    refused(&mut attacker, &mixed, unknown, no_such, "a state that was used").await;

    // Mix-up: one provider's answer to a login at the other, at the address of either.
    for (at, code, cause) in [
        ("other", unknown, "callback: the login began at another provider"),
        ("mitid", not_accepted, "callback: iss is another issuer's"),
    ] {
        let (mut walker, here) = scene.about_to_return("mitid").await;
        let mut second = walker.clone();
        let way = scene.at("/login/other");
        let page = second.open_until(&way, |next| next.path().ends_with("/callback")).await;
        let there = page.leads_to().expect("an address");
        let mut mixed = with_parameter_of(&there, "state", &here);
        mixed.set_path(&format!("/login/{at}/callback"));
        refused(&mut walker, &mixed, code, cause, "another provider's answer").await;
    }
    assert_eq!(scene.provider.seen("other").tokens, 0);

    // Replays: the whole address, and the code with a new state.
    let (mut walker, back) = scene.about_to_return("mitid").await;
    let mut second = walker.clone();
    walker.open(back.as_str()).await.expect(200);
    assert!(scene.is_in(&mut walker).await);
    refused(&mut second, &back, unknown, no_such, "a state replayed").await;
    let (mut third, anew) = scene.about_to_return("mitid").await;
    let mixed = with_parameter_of(&anew, "code", &back);
    refused(&mut third, &mixed, not_accepted, "token endpoint: status 400", "a code replayed").await;

    // Whoever was in stays in when a strange answer comes by.
    let page = walker.get(back.as_str()).await;
    assert_eq!((page.status.as_u16(), page.code()), (400, unknown));
    assert!(scene.is_in(&mut walker).await);
    scene.nothing_leaked(&["6702451236"]);
}

/// However many come back with the same state or code at once, one of them is in.
async fn comes_back_once(engine: Engine) {
    let scene = Arc::new(Scene::new(engine, [("mitid", Tenant::right())]).await);
    let (walker, back) = scene.about_to_return("mitid").await;
    let mut walks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut walker, back) = (walker.clone(), back.clone());
        walks.spawn(async move { walker.get(back.as_str()).await.status.as_u16() });
    }
    let mut outcomes = walks.join_all().await;
    outcomes.sort_unstable();
    assert_eq!(outcomes, [303, 400, 400, 400, 400, 400, 400, 400]);

    let mut walker = scene.logged_in("mitid", Person::anna()).await;
    let token = scene.provider.signs_with("mitid").sign("logout+jwt", &scene.provider.logout_claims("mitid"));
    let mut tellings = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (scene, token) = (scene.clone(), token.clone());
        tellings.spawn(async move { scene.tell_of_logout("mitid", &token).await.status.as_u16() });
    }
    let mut outcomes = tellings.join_all().await;
    outcomes.sort_unstable();
    assert_eq!(outcomes, [200, 400, 400, 400, 400, 400, 400, 400]);
    assert!(!scene.is_in(&mut walker).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_and_a_logout_token_hold_once_however_many_come_at_once_on_sqlite() {
    comes_back_once(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_and_a_logout_token_hold_once_however_many_come_at_once_on_postgres() {
    comes_back_once(Engine::Postgres).await;
}

/// Forty addresses of somewhere else, in the ways that browsers take them.
const ELSEWHERE: [&str; 40] = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/%2f..",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/\\\\evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "hTTp://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "https:///evil.example",
    "evil.example",
    "www.evil.example/overview",
    "@evil.example",
    ".evil.example",
    ":80@evil.example",
    ";//evil.example",
    "?//evil.example",
    "#//evil.example",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nlocation: https://evil.example",
    "\u{0}//evil.example",
    "/\u{b}/evil.example",
    "/\u{2f}/evil.example",
    "/／evil.example",
    "〱evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//google.com%2f@evil.example",
    "http://127.0.0.1@evil.example/",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_sent_elsewhere_after_a_login() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let home: Url = scene.at("/").parse().expect("an address");
    for text in ELSEWHERE {
        let query = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut walker = Walker::new();
        for path in [format!("/login/mitid?return_to={query}"), format!("/login/again?return_to={query}")] {
            let page = walker.open_until(&scene.at(&path), |next| next.path().ends_with("/callback")).await;
            let callback = page.leads_to().unwrap_or_else(|| panic!("{text:?}: {}", page.text()));
            let came = walker.get(callback.as_str()).await.expect(303);
            let to = came.leads_to().expect("an address");
            assert_eq!(to.origin(), home.origin(), "{text:?} leads to {to}");
            let location = came.location();
            assert!(location.starts_with('/') && !location.starts_with("//"), "{text:?}: {location}");
            assert!(!location.contains("evil"), "{text:?}: {location}");
        }
        // Other addresses that take one.
        for path in [format!("/language/en?return_to={query}"), format!("/login?return_to={query}")] {
            let page = walker.get(&scene.at(&path)).await;
            let location = page.location();
            let local = location.is_empty() || location.starts_with('/') && !location.starts_with("//");
            assert!(local && !location.contains("evil"), "{text:?}: {location}");
            let out = |link: &String| {
                page.url.join(link).is_ok_and(|to| to.origin() != home.origin() || to.path().contains("evil"))
            };
            assert!(!page.links().iter().any(out), "{text:?}: {:?}", page.links());
        }
    }
    // The negative control: a page of ours is kept.
    let mut walker = Walker::new();
    let url = scene.at("/login/mitid?return_to=%2Faccess-log%3Fx%3D1");
    let page = walker.open_until(&url, |next| next.path() == "/access-log").await;
    assert_eq!(page.location(), "/access-log?x=1");
    println!("{} addresses of elsewhere, none of them followed", ELSEWHERE.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_up_is_by_the_same_user_and_gives_a_new_session() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let anna = Person::anna();
    let mut walker = scene.logged_in("mitid", anna.clone()).await;
    let first = walker.cookie(SESSION).expect("a session").to_owned();
    let again = scene.at("/login/again?return_to=/overview");
    let in_with = async |secret: &str| {
        let mut walker = Walker::new();
        walker.plant(SESSION, secret);
        scene.is_in(&mut walker).await
    };

    walker.open(&again).await.expect(200);
    let asked = scene.provider.seen("mitid").asked;
    assert_eq!(asked["prompt"], "login");
    assert!(asked["max_age"].parse::<u32>().expect("seconds") <= 300);
    let second = walker.cookie(SESSION).expect("a session").to_owned();
    assert_ne!(first, second);
    assert!(!in_with(&first).await && in_with(&second).await);

    // Higher, when that is asked for.
    walker.open(&format!("{again}&level=high")).await.expect(200);
    assert!(scene.provider.seen("mitid").asked["acr_values"].ends_with("High"));
    let third = walker.cookie(SESSION).expect("a session").to_owned();

    // Refused, and the session is as it was: by somebody else; not as high; too long ago; turned back from.
    let low = Person { reach: "Substantial", ..anna.clone() };
    let refusals = [
        (Some(Person::bo()), false, "", "login_of_another", "step-up: by somebody else"),
        (Some(low), false, "&level=high", "login_too_weak", "level: too low"),
        (Some(anna.clone()), true, "", "login_not_accepted", "id token: the user logged in too long ago"),
        (None, false, "", "login_cancelled", "callback: the user turned back"),
    ];
    for (person, ignores, level, code, cause) in refusals {
        scene.provider.change("mitid", |tenant| {
            tenant.person = person;
            tenant.sid = None;
            tenant.ignores_freshness = ignores;
            tenant.login_age = if ignores { 600 } else { 0 };
        });
        let before = scene.log_length();
        walker.open(&format!("{again}{level}")).await.refuses(403, code);
        assert_eq!(scene.causes_since(before), [cause]);
        assert_eq!(walker.cookie(SESSION), Some(third.as_str()));
        assert!(scene.is_in(&mut walker).await);
    }
    // Nobody steps up who is not in.
    Walker::new().open(&again).await.refuses(401, "session_missing");
}

/// A step-up whose session ends while the user is at the provider is nobody's: not even the same user's, and no other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_up_whose_session_has_ended_begins_none() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    for person in [Person::bo(), Person::anna()] {
        let mut walker = scene.logged_in("mitid", Person::anna()).await;
        let token =
            scene.provider.signs_with("mitid").sign("logout+jwt", &scene.provider.logout_claims("mitid"));
        scene.provider.meets("mitid", Some(person));
        let again = scene.at("/login/again?return_to=/overview");
        let page = walker.open_until(&again, |next| next.path().ends_with("/callback")).await;
        let back = page.leads_to().expect("an address");
        scene.tell_of_logout("mitid", &token).await.expect(200);
        walker.get(back.as_str()).await.refuses(401, "session_missing");
        assert!(!scene.is_in(&mut walker).await);
    }
}

/// A provider that does not answer keeps nobody from the others, and each of those who wait for it no longer than one wait; nor
/// does it keep anybody in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_away_keeps_nobody_waiting_for_others() {
    /// One wait for a provider, and some time for a busy machine.
    const ONE_WAIT: Duration = Duration::from_secs(12);
    let slow = Tenant::wrong(Misbehaviour::MetadataSlow);
    let tenants = [("slow", slow), ("mitid", Tenant::right())];
    let scene = Arc::new(Scene::new(Engine::Sqlite, tenants).await);
    let began = Instant::now();
    let mut walks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let scene = scene.clone();
        walks.spawn(async move {
            let (mut walker, page) = scene.walk("slow").await;
            assert_eq!(page.code(), "provider_unavailable", "{}", page.text());
            assert!(!scene.is_in(&mut walker).await);
            began.elapsed()
        });
    }
    let mut walker = scene.logged_in("mitid", Person::anna()).await;
    assert!(scene.is_in(&mut walker).await);
    let other = began.elapsed();
    let waits = walks.join_all().await;
    assert!(waits.iter().all(|wait| *wait > other), "the other login was done long before");
    assert!(waits.iter().all(|wait| *wait < ONE_WAIT), "one after another: {waits:?}");
}

/// A login that tells the number of somebody else who is known is nobody's; one that tells a number that nobody had is that of
/// somebody whose number has changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_does_not_become_another_persons() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let (anna, bo) = (Person::anna(), Person::bo());
    scene.logged_in("mitid", anna.clone()).await;
    scene.logged_in("mitid", bo.clone()).await;
    let before = scene.log_length();
    scene.provider.meets("mitid", Some(Person { cpr: bo.cpr, ..anna.clone() }));
    let (mut walker, page) = scene.walk("mitid").await;
    assert!(!scene.is_in(&mut walker).await, "{}", page.text());
    page.refuses(403, "login_not_accepted");
    let other = "identity: the number is that of another person than the login";
    assert_eq!(scene.causes_since(before), [other]);
    for cpr in [Some("6103021231".to_owned()), None] {
        let mut walker = scene.logged_in("mitid", Person { cpr, ..anna.clone() }).await;
        assert!(scene.is_in(&mut walker).await);
    }
}

/// Each login that begins costs a row and a request to the provider, for whoever asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_logins_than_people_could_begin_are_not_begun() {
    let scene =
        Scene::new(Engine::Sqlite, [("mitid", Tenant { offers_par: false, ..Tenant::right() })]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let (mut returning, back) = scene.about_to_return("mitid").await;
    let (mut flood, mut begun) = (Walker::new(), 0);
    let refused = loop {
        let page = flood.get(&scene.at("/login/mitid")).await;
        if page.status.as_u16() != 303 {
            break page;
        }
        begun += 1;
        assert!(begun < 3000, "as many as anybody wants");
    };
    refused.refuses(503, "unavailable");
    println!("{begun} logins begun before no more are");
    // Who has begun or is in is not kept waiting.
    returning.get(back.as_str()).await.expect(303);
    assert!(scene.is_in(&mut returning).await && scene.is_in(&mut anna).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_lets_in_too_much_is_refused_by_name() {
    let installation = Installation::new(Engine::Sqlite).await;
    let secret = installation.path("secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").expect("a secret");
    let right = format!(
        "[[providers]]\nkey = \"mitid\"\nname = {{ da = \"MitID\", en = \"MitID\" }}\nissuer = \"https://op.example\"\n\
         client_id = \"tillid\"\nclient_secret_file = \"{}\"\ndialect = \"{}\"\nleast_assurance = \"substantial\"\neveryone = true\n",
        secret.display(),
        Dialect::Signaturgruppen.name(),
    );
    // The secret is readable by others: the last thing that is wrong.
    let cases = [
        ("issuer = \"https://op.example\"\n", "", "missing field `issuer`"),
        ("client_id = \"tillid\"\n", "", "missing field `client_id`"),
        ("least_assurance = \"substantial\"\n", "", "missing field `least_assurance`"),
        ("\"substantial\"", "\"some\"", "least_assurance"),
        ("signaturgruppen", "klingon", "dialect"),
        ("https://op", "http://op", "issuer_not_https"),
        ("client_id = \"tillid\"", "client_id = \"\"", "provider_client"),
        ("client_secret_file = ", "client_key = \"/x\"\nclient_secret_file = ", "provider_client"),
        ("key = \"mitid\"", "key = \"again\"", "provider_key"),
        ("key = \"mitid\"", "key = \"../mitid\"", "provider_key"),
        ("everyone = true", "everyone = false", "issuer_vouches_for_nobody_or_all"),
        (
            "everyone = true",
            "everyone = true\nauthorities = [\"99100001\"]",
            "issuer_vouches_for_nobody_or_all",
        ),
        ("everyone = true", "everyone = true\nsurprise = 1", "unknown field `surprise`"),
        ("", "", "key_readable_by_others"),
    ];
    for (from, to, reason) in cases {
        assert!(right.contains(from), "{from}");
        installation.configure(&right.replacen(from, to, 1));
        let words = installation.refusal().await;
        assert!(words.contains(reason), "{reason}: {words}");
    }
    installation.configure(&right.repeat(2));
    assert!(installation.refusal().await.contains("provider_key"));
}
