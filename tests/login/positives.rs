//! What a provider may do, and how it may speak: everybody who should come in does.

use crate::{
    provider::{
        Algorithm, CLIENT, ClientAuth, Dialect, Misbehaviour, Person, SigningKey, Tenant, key,
        person::{EKSEMPEL, ELSEWHERE, NABO},
    },
    scene::Scene,
};
use serde_json::json;
use tillid_testkit::Engine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_algorithm_and_every_way_to_prove_who_we_are_lets_people_in() {
    let mut tenants = Vec::new();
    for algorithm in Algorithm::ALL {
        for auth in [ClientAuth::Basic, ClientAuth::PrivateKeyJwt] {
            for offers_par in [false, true] {
                let name = format!("{algorithm:?}-{auth:?}-{offers_par}").to_lowercase();
                let tenant = Tenant { auth, offers_par, promises_iss: offers_par, ..Tenant::right() };
                tenants.push((name, tenant.signing(algorithm)));
            }
        }
    }
    let scene = Scene::new(Engine::Sqlite, tenants.clone()).await;
    for (name, tenant) in tenants {
        let (mut walker, page) = scene.walk(&name).await;
        assert!(scene.is_in(&mut walker).await, "{name}: {} {}", page.code(), page.text());
        let seen = scene.provider.seen(&name);
        assert_eq!(seen.complaints, [""; 0], "{name}");
        assert_eq!(seen.pushed, usize::from(tenant.offers_par), "{name}");
        // What was pushed is not in the address as well.
        let names: Vec<&str> = seen.address.keys().map(String::as_str).collect();
        assert_eq!(names == ["client_id", "request_uri"], tenant.offers_par, "{name}: {names:?}");
        assert_eq!((seen.metadata, seen.jwks, seen.tokens, seen.userinfo), (1, 1, 1, 1), "{name}");
        assert_eq!(seen.asked["client_id"], CLIENT);
        assert!(seen.asked["acr_values"].contains("ubstantial"), "{:?}", seen.asked);
    }
    scene.nothing_leaked(&["6702451236"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_key_may_be_of_each_kind() {
    for algorithm in [Algorithm::Rs256, Algorithm::EdDsa] {
        let scene = Scene::signing(Engine::Sqlite, [("mitid", Tenant::right())], algorithm).await;
        let mut walker = scene.logged_in("mitid", Person::anna()).await;
        assert!(scene.is_in(&mut walker).await, "{algorithm:?}");
        assert_eq!(scene.provider.seen("mitid").complaints, [""; 0]);
    }
}

/// kid-absent-single-jwks; and of the keys that nobody here can use, none is in the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_key_needs_no_name_and_strange_keys_are_passed_over() {
    let one = |algorithm| Tenant { keys: vec![key(algorithm)], names_key: false, ..Tenant::right() };
    let mut encryption = key(Algorithm::Ps256).named("enc").jwk();
    encryption["use"] = json!("enc");
    let strange = vec![
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "later", "pub": "AAAA"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "coin", "x": "AA", "y": "AA"}),
        json!({"kty": "RSA", "kid": "half"}),
        json!({"kid": "nothing"}),
        encryption,
    ];
    let several = Tenant { strange_keys: strange.clone(), ..Tenant::right() };
    let unnamed = Tenant { strange_keys: strange, ..one(Algorithm::Es256) };
    let scene = Scene::new(
        Engine::Sqlite,
        [
            ("kid-absent-single-jwks", one(Algorithm::Rs256)),
            ("kid-absent-single-ec", one(Algorithm::Es256)),
            ("strange-keys", several),
            ("strange-keys-and-no-kid", unnamed),
        ],
    )
    .await;
    for name in ["kid-absent-single-jwks", "kid-absent-single-ec", "strange-keys", "strange-keys-and-no-kid"]
    {
        let (mut walker, page) = scene.walk(name).await;
        assert!(scene.is_in(&mut walker).await, "{name}: {} {}", page.code(), page.text());
    }
}

/// signing-key-rotation, signing-key-rotation-just-before-signing: one look at the keys; and one in a minute for whatever names
/// keys that nobody has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_costs_one_look_and_a_flood_of_unknown_ones_no_more() {
    let names = ["rotates", "flood"];
    let scene = Scene::new(Engine::Sqlite, names.map(|name| (name, Tenant::right()))).await;
    for name in names {
        scene.logged_in(name, Person::anna()).await;
        assert_eq!(scene.provider.seen(name).jwks, 1);
    }
    scene.provider.change("rotates", |tenant| tenant.keys = vec![SigningKey::new(Algorithm::Es256, "new")]);
    for _ in 0..3 {
        let mut walker = scene.logged_in("rotates", Person::bo()).await;
        assert!(scene.is_in(&mut walker).await);
    }
    assert_eq!(scene.provider.seen("rotates").jwks, 2, "one look for the new key");

    scene.provider.change("flood", |tenant| tenant.misbehaviour = Misbehaviour::UnknownKid);
    let mut walks = tokio::task::JoinSet::new();
    let scene = std::sync::Arc::new(scene);
    for n in 0..40 {
        let scene = scene.clone();
        walks.spawn(async move {
            let (mut walker, page) = scene.walk("flood").await;
            assert_eq!(page.code(), "login_not_accepted");
            assert!(!scene.is_in(&mut walker).await);
            let key = scene.provider.signs_with("flood").named(&format!("nobody-{n}"));
            let token = key.sign("logout+jwt", &scene.provider.logout_claims("flood"));
            assert_eq!(scene.tell_of_logout("flood", &token).await.status.as_u16(), 400);
        });
    }
    while let Some(walk) = walks.join_next().await {
        walk.expect("a walk");
    }
    let looks = scene.provider.seen("flood").jwks;
    assert_eq!(looks, 2, "one look more for 80 tokens that name keys of nobody");
    scene.provider.change("flood", |tenant| tenant.misbehaviour = Misbehaviour::None);
    let mut walker = scene.logged_in("flood", Person::anna()).await;
    assert!(scene.is_in(&mut walker).await, "the keys that are known still hold");
}

/// One login of each dialect, as a citizen and as an employee where it has them; with what is the person's in the ID token, and at
/// userinfo alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_dialect_says_who_somebody_is() {
    let mut tenants = Vec::new();
    for dialect in [Dialect::NemLogIn, Dialect::Signaturgruppen, Dialect::Criipto, Dialect::Municipal] {
        for tells_at_userinfo in [false, true] {
            let name = format!("{}-{tells_at_userinfo}", dialect.name());
            let everyone = dialect != Dialect::Municipal;
            let offers_userinfo = tells_at_userinfo;
            let tenant = Tenant { dialect, everyone, offers_userinfo, tells_at_userinfo, ..Tenant::right() };
            tenants.push((name, tenant));
        }
    }
    let scene = Scene::new(Engine::Sqlite, tenants.clone()).await;
    for (name, tenant) in tenants {
        let people =
            if tenant.everyone { vec![Person::anna(), Person::hans()] } else { vec![Person::hans()] };
        for person in people {
            let mut walker = scene.logged_in(&name, person.clone()).await;
            let front = walker.open(&scene.at("/")).await.expect(200);
            assert!(front.text().contains(&person.name), "{name}: {}", front.text());
            let work = walker.open(&scene.at("/casework")).await.status.as_u16();
            assert_eq!(work == 200, person.cvr.is_some(), "{name} {}: /casework {work}", person.name);
            assert_eq!(scene.provider.seen(&name).complaints, [""; 0], "{name}");
        }
        assert_eq!(scene.provider.seen(&name).userinfo > 0, tenant.tells_at_userinfo, "{name}");
    }
    scene.nothing_leaked(&["6702451236", "6805791237"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_municipality_vouches_for_its_own_employees_alone() {
    let municipal = Tenant { dialect: Dialect::Municipal, everyone: false, ..Tenant::right() };
    let scene = Scene::new(Engine::Sqlite, [("kommune", municipal)]).await;
    for (cvr, is_in) in [(EKSEMPEL, true), (NABO, false)] {
        scene.provider.meets("kommune", Some(Person::hans().employed_by(cvr)));
        let (mut walker, page) = scene.walk("kommune").await;
        assert_eq!(scene.is_in(&mut walker).await, is_in, "{cvr}: {}", page.text());
        if !is_in {
            page.refuses(403, "other_authority");
        }
    }
}

/// M5: at a provider that vouches for everybody, whoever works for an organisation that is no authority here comes in for it, and to no casework
/// whatever the roles say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_works_for_an_organisation_comes_in_for_that_and_not_as_staff() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    let mut walker = scene.logged_in("mitid", Person::hans().employed_by(ELSEWHERE)).await;
    let front = walker.open(&scene.at("/")).await.expect(200);
    assert!(front.text().contains(ELSEWHERE), "{}", front.text());
    walker.open(&scene.at("/casework")).await.refuses(403, "staff_only");
    walker.open(&scene.at("/employees")).await.refuses(403, "role_missing");
    walker.open(&scene.at("/mandates/new")).await.refuses(403, "not_at_work");
    walker.open(&scene.at("/export")).await.refuses(403, "not_at_work");
}
