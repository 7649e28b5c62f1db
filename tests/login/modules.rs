//! The OpenID Foundation's tests of relying parties (`oidf-rp-modules.json` of the conformance data), each with the place where it
//! is held here, or with the reason why it is not about us.

use crate::negatives;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

enum Held {
    /// A row of the negatives, of the same name.
    Negative,
    /// A row of the logout tokens.
    Logout(&'static str),
    /// A test.
    Test(&'static str),
    /// Not ours, because.
    Not(&'static str),
}
use Held::{Logout, Negative, Not, Test};

const LETS_IN: &str = "every_algorithm_and_every_way_to_prove_who_we_are_lets_people_in";
const ONLY_KEY: &str = "the_only_key_needs_no_name_and_strange_keys_are_passed_over";
const ROTATES: &str = "a_new_key_costs_one_look_and_a_flood_of_unknown_ones_no_more";
const DIALECTS: &str = "each_dialect_says_who_somebody_is";
const ENDS: &str = "ends_exactly";
const LEADS_ON: &str = "ends_at_once";

const CODE_FLOW: &str = "code flow alone: the front channel brings no token";
const REGISTERED: &str = "providers are configured, and we are registered with them by hand";
const NO_REFRESH: &str = "no refresh token is asked for: a session of ours is no login of theirs";
const BACK_CHANNEL: &str = "logouts come by the back channel";
const PUSHED: &str = "requests are pushed (RFC 9126), or in the address";
const PLAIN_USERINFO: &str = "userinfo is asked with the token in a header, and answers with JSON";

const MODULES: &[(&str, Held)] = &[
    ("", Test(LETS_IN)),
    ("-3rd-party-init-login", Not("a login begins here, in the browser that gets it")),
    ("-aggregated-claims", Not(PLAIN_USERINFO)),
    ("-client-secret-basic", Test(LETS_IN)),
    ("-discovery-issuer-mismatch", Negative),
    ("-discovery-jwks-uri-keys", Test(LETS_IN)),
    ("-discovery-openid-config", Test(LETS_IN)),
    ("-discovery-webfinger-acct", Not(REGISTERED)),
    ("-discovery-webfinger-url", Not(REGISTERED)),
    ("-distributed-claims", Not(PLAIN_USERINFO)),
    ("-dynamic-registration", Not(REGISTERED)),
    ("-form-post-error", Not(CODE_FLOW)),
    ("-idtoken-sig-none", Negative),
    ("-idtoken-sig-rs256", Test(LETS_IN)),
    ("-invalid-athash", Negative),
    ("-invalid-aud", Negative),
    ("-invalid-chash", Not(CODE_FLOW)),
    ("-invalid-iss", Negative),
    ("-invalid-sig-es256", Negative),
    ("-invalid-sig-hs256", Negative),
    ("-invalid-sig-rs256", Negative),
    ("-kid-absent-multiple-jwks", Negative),
    ("-kid-absent-single-jwks", Test(ONLY_KEY)),
    ("-missing-athash", Not(CODE_FLOW)),
    ("-missing-aud", Negative),
    ("-missing-chash", Not(CODE_FLOW)),
    ("-missing-iat", Negative),
    ("-missing-sub", Negative),
    ("-mtls-endpoint-aliases", Not("we prove who we are with a secret or a signature")),
    ("-nonce-invalid", Negative),
    ("-nonce-unless-code-flow", Test(LETS_IN)),
    ("-refresh-token", Not(NO_REFRESH)),
    ("-refresh-token-invalid-issuer", Not(NO_REFRESH)),
    ("-refresh-token-invalid-sub", Not(NO_REFRESH)),
    ("-request-uri-signed-none", Not(PUSHED)),
    ("-request-uri-signed-rs256", Not(PUSHED)),
    ("-rp-backchannel-rpinitlogout", Test(ENDS)),
    ("-rp-backchannel-rpinitlogout-alg-none", Logout("alg-none")),
    ("-rp-backchannel-rpinitlogout-no-event", Logout("no-event")),
    ("-rp-backchannel-rpinitlogout-with-nonce", Logout("with-nonce")),
    ("-rp-backchannel-rpinitlogout-wrong-alg", Logout("wrong-alg")),
    ("-rp-backchannel-rpinitlogout-wrong-aud", Logout("wrong-aud")),
    ("-rp-backchannel-rpinitlogout-wrong-event", Logout("wrong-event")),
    ("-rp-backchannel-rpinitlogout-wrong-iss", Logout("wrong-iss")),
    ("-rp-frontchannel-opinitlogout", Not(BACK_CHANNEL)),
    ("-rp-frontchannel-rpinitlogout", Not(BACK_CHANNEL)),
    ("-rp-init-logout", Test(LEADS_ON)),
    ("-rp-init-logout-no-state", Not("the page after a logout says the same to everybody")),
    ("-rp-init-logout-other-state", Not("the page after a logout says the same to everybody")),
    ("-scope-userinfo-claims", Test(DIALECTS)),
    ("-session-management", Not(BACK_CHANNEL)),
    ("-signing-key-rotation", Test(ROTATES)),
    ("-signing-key-rotation-just-before-signing", Test(ROTATES)),
    ("-userinfo-bearer-body", Not(PLAIN_USERINFO)),
    ("-userinfo-bearer-header", Test(LETS_IN)),
    ("-userinfo-invalid-sub", Negative),
    ("-userinfo-signed", Not(PLAIN_USERINFO)),
];

#[test]
fn every_test_of_the_foundation_is_held_here_or_is_not_about_us() {
    let negatives = negatives::names();
    let (logout, tests) = (
        include_str!("logout.rs"),
        [include_str!("logout.rs"), include_str!("positives.rs"), include_str!("sessions.rs")],
    );
    let mut count = BTreeMap::new();
    for (name, held) in MODULES {
        let (kind, there) = match held {
            Negative => {
                ("negatives", negatives.iter().any(|row| Some(row.as_str()) == name.strip_prefix('-')))
            }
            Logout(row) => ("logout tokens", logout.contains(&format!("\"{row}\","))),
            Test(test) => ("tests", tests.iter().any(|file| file.contains(&format!("async fn {test}(")))),
            Not(reason) => ("not ours", !reason.is_empty()),
        };
        assert!(there, "{name} is not where it is said to be");
        *count.entry(kind).or_insert(0) += 1;
    }
    println!("{count:?}");

    #[expect(
        clippy::disallowed_methods,
        reason = "what others wrote is not in the tree; this says where it is"
    )]
    let Ok(data) = std::env::var("CONFORMANCE_DATA") else {
        println!("SKIPPED: without CONFORMANCE_DATA there is no list to hold this against");
        return;
    };
    let text = fs::read_to_string(Path::new(&data).join("oidc/oidf-rp-modules.json")).expect("the list");
    let list: Value = serde_json::from_str(&text).expect("json");
    let ids = list.as_array().expect("a list").iter().map(|module| module["id"].as_str().expect("an id"));
    let mut theirs: Vec<&str> = ids.map(|id| id.trim_start_matches("oidcc-client-test")).collect();
    theirs.sort_unstable();
    let mut ours: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}
