//! The system administrator's pages: the authority's systems, what each may, and the way to stop one at once.

use super::roles;
use crate::{
    page::{Here, Page, see},
    problem::again_here,
    refused::{Notice, form, noted},
    view::count,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    actor::{Role, Scope},
    client::{Binding, Client, ClientState, Keys},
    id::RegistrationId,
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::Error;

const ALL: u32 = 1000;

struct Row {
    address: String,
    name: String,
    client: String,
    state: &'static str,
    colour: &'static str,
    /// More of its state.
    told: Option<String>,
}

#[derive(Template)]
#[template(path = "casework_clients.html")]
struct Clients<'p> {
    page: &'p Page,
    rows: Vec<Row>,
}

/// What is told of one.
struct Told {
    row: Row,
    active: bool,
    scopes: Vec<&'static str>,
    purposes: Vec<&'static str>,
    keys: Vec<String>,
    keys_at: Option<String>,
    binding: &'static str,
    quota: String,
    resource: Option<String>,
    registered: String,
}

#[derive(Template)]
#[template(path = "casework_client.html")]
struct ClientPage<'p> {
    page: &'p Page,
    told: &'p Told,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "casework_client_stop.html")]
struct StopPage<'p> {
    page: &'p Page,
    told: &'p Told,
}

/// Whether managing systems is a thing of these roles; the verbs decide, this saves a way in vain.
pub(super) fn may_manage(roles: &[Role]) -> bool {
    roles.contains(&Role::SystemAdministrator)
}

pub(super) async fn list(here: Here) -> Result<Response, Problem> {
    roles(&here)?;
    let clients = here.told(here.service.list_clients(&here.visitor.read(), None, ALL).await)?.items;
    let rows = clients.iter().map(|client| Row::new(&here.page, client, here.has_alarm(client))).collect();
    Ok(here.page.answer(&Clients { page: &here.page, rows }))
}

pub(super) async fn page(here: Here, Path(id): Path<RegistrationId>) -> Result<Response, Problem> {
    shown(&here, id, None).await
}

pub(super) async fn before_stopping(here: Here, Path(id): Path<RegistrationId>) -> Result<Response, Problem> {
    let told = told(&here, id).await?;
    if !told.active {
        return Ok(see(&told.row.address));
    }
    Ok(here.page.answer(&StopPage { page: &here.page, told: &told }))
}

pub(super) async fn stop(
    mut here: Here,
    Path(id): Path<RegistrationId>,
    Form(_): Form,
) -> Result<Response, Problem> {
    roles(&here)?;
    // Without a key: it is as well stopped by whoever was first, and may be stopped again after it went on.
    let outcome = here.service.stop_client(&here.visitor.read(), id).await;
    moved(&mut here, id, outcome.map(|_| ())).await
}

pub(super) async fn resume(
    mut here: Here,
    Path(id): Path<RegistrationId>,
    Form(_): Form,
) -> Result<Response, Problem> {
    roles(&here)?;
    let outcome = here.service.resume_client(&here.visitor.read(), id).await;
    if let Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) = &outcome {
        here.page.path = address(id);
        return again_here(&here, error);
    }
    moved(&mut here, id, outcome.map(|_| ())).await
}

async fn moved(here: &mut Here, id: RegistrationId, outcome: Result<(), Error>) -> Result<Response, Problem> {
    match outcome {
        Ok(()) => Ok(see(&address(id))),
        Err(error) => {
            let notice = noted(here, &error, &[])?;
            shown(here, id, notice).await
        }
    }
}

async fn shown(here: &Here, id: RegistrationId, notice: Option<Notice>) -> Result<Response, Problem> {
    let told = told(here, id).await?;
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &ClientPage { page: &here.page, told: &told, notice }))
}

async fn told(here: &Here, id: RegistrationId) -> Result<Told, Problem> {
    roles(here)?;
    let client = here.told(here.service.read_client(&here.visitor.read(), id).await)?;
    Ok(Told::new(&here.page, &client, here.has_alarm(&client)))
}

fn address(id: RegistrationId) -> String {
    format!("/casework/clients/{id}")
}

impl Row {
    fn new(page: &Page, client: &Client, alarm: bool) -> Self {
        let (state, colour, told) = match client.state {
            ClientState::Active if alarm => {
                let told = page.t("casework.client_alarm_means").to_owned();
                ("casework.client_alarm", "badge-warning", Some(told))
            }
            ClientState::Active => ("casework.client_active", "badge-success", None),
            ClientState::Stopped { at } => {
                let told = page.fill("casework.client_stopped_at", "moment", page.moment(at));
                ("casework.client_stopped", "badge-error", Some(told))
            }
        };
        Self {
            address: address(client.id),
            name: client.registration.name.to_string(),
            client: client.client.to_string(),
            state: page.t(state),
            colour,
            told,
        }
    }
}

impl Told {
    fn new(page: &Page, client: &Client, alarm: bool) -> Self {
        let r = &client.registration;
        let (keys, keys_at) = match &r.keys {
            Keys::Jwks(set) => {
                (set.keys().iter().map(|key| format!("{} ({})", key.id, key.algorithm())).collect(), None)
            }
            Keys::JwksUri(uri) => (Vec::new(), Some(uri.to_string())),
        };
        Self {
            row: Row::new(page, client, alarm),
            active: client.is_active(),
            scopes: r.scopes.iter().map(|scope| page.t(scope_words(scope))).collect(),
            purposes: r.purposes.iter().map(|purpose| purpose.words().map_or("", |w| page.say(w))).collect(),
            keys,
            keys_at,
            binding: page.t(binding_words(r.binding)),
            quota: count(page, u64::from(r.quota.per_minute())),
            resource: r.resource.as_ref().map(ToString::to_string),
            registered: page.moment(client.registered_at),
        }
    }
}

/// What a scope lets a system do, as the key of a text.
pub(super) const fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Decide => "casework.client_decide",
        Scope::Search => "casework.client_search",
        Scope::LookUp => "casework.client_look_up",
        Scope::Ask => "casework.client_ask",
        Scope::Register => "casework.client_register_external",
        Scope::Represent => "casework.client_represent",
        Scope::Collect => "casework.client_collect",
        Scope::List => "casework.client_list",
    }
}

/// What tokens are bound to, as the key of a text.
pub(super) const fn binding_words(binding: Binding) -> &'static str {
    match binding {
        Binding::Dpop => "casework.client_dpop",
        Binding::MutualTls => "casework.client_mutual_tls",
        Binding::Bearer => "casework.client_bearer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{
        Instant, Language,
        actor::Purpose,
        client::{Quota, Registration, Scopes},
    };
    use uuid::Uuid;

    fn client(state: ClientState, keys: Keys) -> Client {
        Client {
            id: RegistrationId::from_uuid(Uuid::from_u128(1)),
            revision: 1,
            client: "fagsystem".parse().expect("an id"),
            authority: "99100001".parse().expect("a CVR number"),
            registration: Registration {
                name: "Fagsystem <b>".parse().expect("a name"),
                scopes: Scopes::new(Scope::ALL).expect("scopes"),
                purposes: [Purpose::AutomatedStep].into(),
                keys,
                binding: Binding::Bearer,
                quota: Quota::USUAL,
                resource: Some("https://fagsystem.example/api".parse().expect("an address")),
            },
            registered_at: Instant::from_micros(1_800_000_000_000_000),
            state,
        }
    }

    #[test]
    fn every_page_of_a_system_can_be_written_in_both_languages() {
        let stopped = ClientState::Stopped { at: Instant::from_micros(1_800_000_000_000_000) };
        let here = || {
            let key = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
            Keys::Jwks(tillid_domain::client::KeySet::parse(key).expect("keys"))
        };
        let there = || Keys::JwksUri("https://fagsystem.example/jwks".parse().expect("an address"));
        for language in Language::ALL {
            let page = page(language);
            for (state, keys) in [(ClientState::Active, here()), (stopped, there())] {
                let client = client(state, keys);
                let told = Told::new(&page, &client, state == ClientState::Active);
                let html = ClientPage { page: &page, told: &told, notice: None }.render().expect("a page");
                must_hold_together(&html);
                assert!(
                    html.contains("Fagsystem &#60;b&#62;") || html.contains("Fagsystem &lt;b&gt;"),
                    "{html}"
                );
                let offered = html.contains("/casework/clients/00000000-0000-0000-0000-000000000001/stop");
                assert_eq!(offered, state == ClientState::Active);
                must_hold_together(&StopPage { page: &page, told: &told }.render().expect("a page"));
                let rows = vec![Row::new(&page, &client, true)];
                must_hold_together(&Clients { page: &page, rows }.render().expect("a page"));
            }
            must_hold_together(&Clients { page: &page, rows: Vec::new() }.render().expect("a page"));
        }
    }
}
