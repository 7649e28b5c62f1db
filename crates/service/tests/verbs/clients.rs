//! An authority registers its systems, changes what they may, and stops them.

use crate::expect::{denied, invalid, rule, told};
use tillid_domain::{
    Reason,
    actor::{Actor, Purpose, Role, Scope},
    client::{Binding, Client, ClientState, Keys, Quota, Registration, Scopes},
    text::ClientId,
};
use tillid_service::{Call, NewClient};
use tillid_testkit::{
    World,
    catalogue::cvr,
    people::{OTHER, OWN, caseworker, citizen, employee, expecting, keyed, machine, staff, unsure},
};

/// Somebody who manages the systems of that authority.
pub(crate) fn manager(authority: &str) -> Call {
    staff(employee(authority, &[Role::SystemAdministrator], 400))
}

fn registration(name: &str) -> Registration {
    Registration {
        name: name.parse().unwrap(),
        scopes: Scopes::new([Scope::Decide, Scope::LookUp]).unwrap(),
        purposes: [Purpose::AutomatedStep].into(),
        keys: Keys::JwksUri("https://fagsystem.example/jwks".parse().unwrap()),
        binding: Binding::Dpop,
        quota: Quota::USUAL,
        resource: None,
    }
}

fn new(client: Option<&str>) -> NewClient {
    NewClient { client: client.map(|id| id.parse().unwrap()), registration: registration("Fagsystem") }
}

pub(crate) async fn registered(world: &World, client: &str) -> Client {
    world.service.register_client(&manager(OWN), &new(Some(client))).await.unwrap().value
}

pub(crate) async fn a_client_is_registered_once_whoever_sends_it_again(world: &World) {
    let call = keyed(manager(OWN), "1", "a");
    let first = world.service.register_client(&call, &new(Some("fagsystem"))).await.unwrap();
    let again = world.service.register_client(&call, &new(Some("fagsystem"))).await.unwrap();
    assert_eq!((first.replayed, again.replayed, &again.value), (false, true, &first.value));
    assert_eq!((first.value.revision, first.value.authority), (1, cvr(OWN)));
    // Its id is its own in the whole installation.
    for authority in [OWN, OTHER] {
        let taken = world.service.register_client(&manager(authority), &new(Some("fagsystem"))).await;
        assert_eq!(told(taken), invalid("/client_id", Reason::ClientIdTaken));
    }
    let chosen = world.service.register_client(&manager(OTHER), &new(None)).await.unwrap().value;
    assert_eq!(chosen.client.to_string(), chosen.id.to_string());
    let imported = world.service.import_client(cvr(OWN), &new(Some("naboby"))).await.unwrap();
    assert!(imported && !world.service.import_client(cvr(OWN), &new(Some("naboby"))).await.unwrap());
    let own = world.service.list_clients(&manager(OWN), None, 1).await.unwrap();
    assert_eq!(own.items[0].client.as_str(), "naboby");
    let rest = world.service.list_clients(&manager(OWN), own.next, 10).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![first.value], None));
}

pub(crate) async fn two_who_register_one_id_at_once_have_one_winner(world: &World) {
    let (own, other, id) = (manager(OWN), manager(OTHER), new(Some("fagsystem")));
    let both =
        tokio::join!(world.service.register_client(&own, &id), world.service.register_client(&other, &id));
    let won = [both.0, both.1].into_iter().filter_map(Result::ok).count();
    assert_eq!(won, 1);
}

pub(crate) async fn a_client_that_is_stopped_may_nothing_until_it_goes_on(world: &World) {
    let client = registered(world, "fagsystem").await;
    let name: ClientId = "fagsystem".parse().unwrap();
    let state = async || world.service.client_rights(&name).await.unwrap().unwrap().state;
    let stopped = world.service.stop_client(&manager(OWN), client.id).await.unwrap().value;
    let at = world.now();
    assert_eq!((stopped.state, state().await), (ClientState::Stopped { at }, ClientState::Stopped { at }));
    assert_eq!(told(world.service.stop_client(&manager(OWN), client.id).await), rule(Reason::ClientStopped));
    // What is said of it changes, and it stays stopped.
    let less = Registration { scopes: Scopes::new([Scope::Decide]).unwrap(), ..registration("Nyt navn") };
    let changed = world.service.change_client(&manager(OWN), client.id, &less).await.unwrap().value;
    assert_eq!((changed.state, &changed.registration), (ClientState::Stopped { at }, &less));
    let going = keyed(manager(OWN), "1", "resume");
    for replayed in [false, true] {
        let resumed = world.service.resume_client(&going, client.id).await.unwrap();
        assert_eq!((resumed.value.state, resumed.replayed), (ClientState::Active, replayed));
    }
    let rights = world.service.client_rights(&name).await.unwrap().unwrap();
    assert_eq!((rights.state, rights.scopes, rights.revision), (ClientState::Active, less.scopes, 4));
    assert_eq!(told(world.service.resume_client(&manager(OWN), client.id).await), rule(Reason::ClientActive));
    assert!(world.service.client_rights(&"nobody".parse().unwrap()).await.unwrap().is_none());
}

pub(crate) async fn a_change_is_to_the_version_that_was_seen(world: &World) {
    let client = registered(world, "fagsystem").await;
    let change =
        async |call: Call| world.service.change_client(&call, client.id, &registration("Nyt navn")).await;
    assert_eq!(told(change(expecting(manager(OWN), 2)).await), "revision changed");
    assert_eq!(change(expecting(manager(OWN), 1)).await.unwrap().value.revision, 2);
}

pub(crate) async fn only_an_authoritys_system_administrator_manages_its_clients(world: &World) {
    let client = registered(world, "fagsystem").await;
    let anna = world.anna().await;
    let everyone = [
        (caseworker(OWN), denied(Reason::RoleMissing)),
        (staff(employee(OWN, &[Role::CatalogueAdministrator], 1)), denied(Reason::RoleMissing)),
        (machine(OWN), denied(Reason::RoleMissing)),
        (citizen(anna), denied(Reason::StaffOnly)),
        (unsure(manager(OWN)), "step up".to_owned()),
    ];
    for (call, refusal) in everyone {
        assert_eq!(told(world.service.list_clients(&call, None, 10).await), refusal);
        assert_eq!(told(world.service.read_client(&call, client.id).await), refusal);
        assert_eq!(told(world.service.register_client(&call, &new(None)).await), refusal);
        assert_eq!(told(world.service.change_client(&call, client.id, &registration("x")).await), refusal);
        assert_eq!(told(world.service.stop_client(&call, client.id).await), refusal);
        assert_eq!(told(world.service.resume_client(&call, client.id).await), refusal);
    }
    // Another authority's administrator cannot tell it from one that there is not.
    let neighbour = manager(OTHER);
    assert_eq!(told(world.service.read_client(&neighbour, client.id).await), "not found");
    assert_eq!(told(world.service.stop_client(&neighbour, client.id).await), "not found");
    assert_eq!(
        told(world.service.change_client(&neighbour, client.id, &registration("x")).await),
        "not found"
    );
    assert_eq!(world.service.read_client(&manager(OWN), client.id).await.unwrap(), client);
}

pub(crate) async fn what_gives_a_client_something_asks_for_a_fresh_login_and_what_takes_it_never_does(
    world: &World,
) {
    let client = registered(world, "fagsystem").await;
    let login = Some(world.now());
    world.ambient.set(world.now().plus_seconds(301));
    let call = manager(OWN);
    let stale = Call { actor: Actor { authenticated_at: login, ..call.actor.clone() }, ..call };
    assert_eq!(told(world.service.register_client(&stale, &new(None)).await), "log in again");
    assert_eq!(
        told(world.service.change_client(&stale, client.id, &registration("x")).await),
        "log in again"
    );
    world.service.stop_client(&stale, client.id).await.unwrap();
    assert_eq!(told(world.service.resume_client(&stale, client.id).await), "log in again");
}

pub(crate) async fn an_assertion_is_used_once(world: &World) {
    let (one, two): (ClientId, ClientId) = ("one".parse().unwrap(), "two".parse().unwrap());
    let until = world.now().plus_seconds(60);
    assert!(world.service.use_assertion(&one, "a", until).await.unwrap());
    assert!(!world.service.use_assertion(&one, "a", until).await.unwrap());
    assert!(world.service.use_assertion(&two, "a", until).await.unwrap(), "another client's is another one");
    let at_once = tokio::join!(
        world.service.use_assertion(&one, "b", until),
        world.service.use_assertion(&one, "b", until)
    );
    assert!(at_once.0.unwrap() != at_once.1.unwrap());
    world.service.purge().await.unwrap();
    assert!(!world.service.use_assertion(&one, "a", until).await.unwrap(), "it is kept until it ends");
    world.ambient.set(until);
    world.service.purge().await.unwrap();
    assert!(world.service.use_assertion(&one, "a", until.plus_seconds(60)).await.unwrap());
}
