//! Machine clients.

use crate::make::{at, commit, event, id};
use tillid_domain::{
    actor::{Purpose, Scope},
    client::{Binding, Client, ClientState, KeySet, Keys, Quota, Registration, Scopes},
    id::RegistrationId,
};
use tillid_storage::{Store, StoreError};
use tillid_testkit::{Fresh, catalogue::cvr};

const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn client(name: &str, authority: &str) -> Client {
    Client {
        id: RegistrationId::from_uuid(id()),
        revision: 1,
        client: name.parse().unwrap(),
        authority: cvr(authority),
        registration: Registration {
            name: "Fagsystem Ø".parse().unwrap(),
            scopes: Scopes::new([Scope::LookUp, Scope::Decide]).unwrap(),
            purposes: [Purpose::AutomatedStep, Purpose::CaseProcessing].into(),
            keys: Keys::Jwks(KeySet::parse(KEYS).unwrap()),
            binding: Binding::MutualTls,
            quota: Quota::try_from(60_000).unwrap(),
            resource: Some("https://fagsystem.example/api".parse().unwrap()),
        },
        registered_at: at(1),
        state: ClientState::Active,
    }
}

async fn register(store: &Store, client: &Client) -> Result<(), StoreError> {
    commit(store, vec![event(client, at(1), client.registered())]).await.map(|_| ())
}

async fn must_read_back(store: &Store, client: &Client) {
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.client(client.id).await.unwrap().as_ref(), Some(client));
    assert_eq!(tx.client_named(&client.client).await.unwrap().as_ref(), Some(client));
    let rights = store.rights_of(std::slice::from_ref(&client.client)).await.unwrap();
    let rights = &rights[&client.client];
    assert_eq!(
        (rights.revision, rights.authority, rights.state),
        (client.revision, client.authority, client.state)
    );
    let said = &client.registration;
    assert_eq!((&rights.scopes, &rights.purposes, rights.quota), (&said.scopes, &said.purposes, said.quota));
}

pub(crate) async fn a_client_reads_back_in_each_state(fresh: &Fresh) {
    let store = &fresh.store;
    let first = client("fagsystem", "eksempel-kommune");
    register(store, &first).await.unwrap();
    must_read_back(store, &first).await;
    let uri = "https://fagsystem.example/jwks".parse().unwrap();
    let less = Registration {
        name: "Nyt navn".parse().unwrap(),
        scopes: Scopes::new([Scope::Ask]).unwrap(),
        purposes: [].into(),
        keys: Keys::JwksUri(uri),
        binding: Binding::Bearer,
        quota: Quota::USUAL,
        resource: None,
    };
    let (changed, fact) = first.change(less);
    commit(store, vec![event(&changed, at(2), fact)]).await.unwrap();
    must_read_back(store, &changed).await;
    let (stopped, fact) = changed.stop(at(3)).unwrap();
    commit(store, vec![event(&stopped, at(3), fact)]).await.unwrap();
    must_read_back(store, &stopped).await;
    let (resumed, fact) = stopped.resume().unwrap();
    commit(store, vec![event(&resumed, at(4), fact)]).await.unwrap();
    must_read_back(store, &resumed).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.client(RegistrationId::from_uuid(id())).await.unwrap(), None);
    assert!(store.rights_of(&["Fagsystem".parse().unwrap()]).await.unwrap().is_empty(), "case counts");
}

pub(crate) async fn a_clients_id_is_there_once(fresh: &Fresh) {
    register(&fresh.store, &client("fagsystem", "eksempel-kommune")).await.unwrap();
    let refused = register(&fresh.store, &client("fagsystem", "nabo-kommune")).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    register(&fresh.store, &client("FAGSYSTEM", "nabo-kommune")).await.unwrap();
}

pub(crate) async fn the_clients_of_an_authority_come_newest_first_page_by_page(fresh: &Fresh) {
    for name in ["a", "b", "c"] {
        register(&fresh.store, &client(name, "eksempel-kommune")).await.unwrap();
        register(&fresh.store, &client(&format!("{name}-2"), "nabo-kommune")).await.unwrap();
    }
    let mut tx = fresh.store.read().await.unwrap();
    let own = cvr("eksempel-kommune");
    let first = tx.clients_of(own, None, 2).await.unwrap();
    assert_eq!(first.iter().map(|c| c.client.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    let rest = tx.clients_of(own, Some(first[1].id), 2).await.unwrap();
    assert_eq!(rest.iter().map(|c| c.client.as_str()).collect::<Vec<_>>(), ["a"]);
}

pub(crate) async fn an_assertion_is_used_once_on_whichever_node(fresh: &Fresh) {
    let hash = |text: &str| tillid_domain::Digest::of(text.as_bytes());
    let use_it = async |store: &Store, text: &str, seconds| {
        let mut tx = store.upkeep().await.unwrap();
        let first = tx.use_assertion(hash(text), at(seconds)).await.unwrap();
        tx.finish().await.unwrap();
        first
    };
    let store = &fresh.store;
    assert!(use_it(store, "a", 100).await && !use_it(store, "a", 100).await && use_it(store, "b", 100).await);
    for round in 0..20 {
        let text = format!("at once {round}");
        let (one, two) = tokio::join!(use_it(store, &text, 100), use_it(store, &text, 100));
        assert!(one != two, "{text}");
    }
    let mut tx = store.upkeep().await.unwrap();
    tx.purge(at(99)).await.unwrap();
    tx.finish().await.unwrap();
    assert!(!use_it(store, "a", 100).await, "it is kept until it ends");
    let mut tx = store.upkeep().await.unwrap();
    tx.purge(at(100)).await.unwrap();
    tx.finish().await.unwrap();
    assert!(use_it(store, "a", 200).await);
}
