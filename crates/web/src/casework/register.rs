//! The form that registers a system: what it is called, what it may, and what it proves itself with.

use super::{
    clients::{binding_words, scope_words},
    roles,
};
use crate::{
    fields,
    page::{Here, Page, see},
    problem::{again, again_here},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeSet;
use tillid_domain::{
    Reason,
    access::{Act, is_fresh},
    actor::{Purpose, Scope},
    client::{Binding, KeySet, Keys, NotAKeySet, Quota, Registration, Scopes},
    text::ClientId,
};
use tillid_edge::{Fields, Form, Problem};
use tillid_service::{Error, NewClient};

/// Where the flaws that the verb finds are shown.
const PLACES: &Places = &[("/client_id", "client_id")];

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    /// Names this attempt, so that a form that is sent twice registers once.
    attempt: String,
    name: String,
    client: String,
    scopes: BTreeSet<String>,
    purposes: BTreeSet<String>,
    jwks: String,
    jwks_uri: String,
    binding: String,
    quota: String,
    resource: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self {
            attempt: text("attempt"),
            name: text("name"),
            client: text("client_id"),
            scopes: fields.all("scope").map(str::to_owned).collect(),
            purposes: fields.all("purpose").map(str::to_owned).collect(),
            jwks: text("jwks"),
            jwks_uri: text("jwks_uri"),
            binding: text("binding"),
            quota: text("quota"),
            resource: text("resource"),
        }
    }
}

struct Choice {
    field: String,
    code: &'static str,
    words: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_client_new.html")]
struct NewPage<'p> {
    page: &'p Page,
    filled: &'p Filled,
    scopes: Vec<Choice>,
    purposes: Vec<Choice>,
    bindings: Vec<Choice>,
    notice: Option<Notice>,
}

/// Whoever logged in too long ago is told so before they fill anything in.
pub(super) async fn page(here: Here) -> Result<Response, Problem> {
    must_manage(&here)?;
    match is_fresh(here.visitor.actor(), Act::ManageClients, here.service.security_now()) {
        Ok(()) => {
            let attempt = here.service.ambient().id().to_string();
            let binding = Binding::Dpop.code().to_owned();
            let filled = Filled { attempt, binding, ..Filled::default() };
            Ok(shown(&here, &filled, None))
        }
        Err(refusal) => again_here(&here, &refusal.into()),
    }
}

pub(super) async fn sent(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    must_manage(&here)?;
    let filled = Filled::sent(&fields);
    let Some(new) = read(&mut here.page, &filled) else {
        return Ok(shown(&here, &filled, None));
    };
    let call = here.visitor.change(&format!("client:{}", filled.attempt), &fields);
    match here.service.register_client(&call, &new).await {
        Ok(done) => Ok(see(&format!("/casework/clients/{}", done.value.id))),
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => {
            again(&here, &error, "/casework/clients", &fields).await
        }
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            Ok(shown(&here, &filled, notice))
        }
    }
}

fn must_manage(here: &Here) -> Result<(), Problem> {
    let may = super::clients::may_manage(roles(here)?);
    here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))
}

/// What is to be registered, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, filled: &Filled) -> Option<NewClient> {
    let name = fields::written(&filled.name, "casework.client_name_form");
    let name = name.map_err(|flaw| page.wrong("name", page.t(flaw)));
    let client: Result<Option<ClientId>, ()> = match filled.client.as_str() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| page.wrong("client_id", page.t("casework.client_id_form")))
        }
    };
    let scopes = Scopes::new(Scope::ALL.into_iter().filter(|scope| filled.scopes.contains(scope.code())));
    if scopes.is_none() {
        page.wrong("scope-0", page.t("casework.client_scope_missing"));
    }
    let purposes = Purpose::ALL.into_iter().filter(|p| filled.purposes.contains(p.code())).collect();
    let keys = keys(&filled.jwks, &filled.jwks_uri);
    let keys = keys.map_err(|(field, flaw)| page.wrong(field, page.t(flaw)));
    let binding = Binding::ALL.into_iter().find(|binding| binding.code() == filled.binding);
    if binding.is_none() {
        page.wrong("binding-0", page.t("casework.client_binding_missing"));
    }
    let quota = match filled.quota.as_str() {
        "" => Some(Quota::USUAL),
        text => text.parse::<u32>().ok().and_then(|number| Quota::try_from(number).ok()),
    };
    if quota.is_none() {
        page.wrong("quota", page.t("casework.client_quota_form"));
    }
    let resource = match filled.resource.as_str() {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| page.wrong("resource", page.t("casework.client_uri_form")))
        }
    };
    let registration = Registration {
        name: name.ok()?,
        scopes: scopes?,
        purposes,
        keys: keys.ok()?,
        binding: binding?,
        quota: quota?,
        resource: resource.ok()?,
    };
    Some(NewClient { client: client.ok()?, registration })
}

/// The keys, pasted or at an address; or the field that is wrong, and how.
fn keys(jwks: &str, uri: &str) -> Result<Keys, (&'static str, &'static str)> {
    match (jwks, uri) {
        ("", "") => Err(("jwks", "casework.client_keys_missing")),
        ("", uri) => uri.parse().map(Keys::JwksUri).map_err(|_| ("jwks_uri", "casework.client_uri_form")),
        (jwks, "") => KeySet::parse(jwks).map(Keys::Jwks).map_err(|flaw| ("jwks", key_flaw(flaw))),
        (_, _) => Err(("jwks_uri", "casework.client_keys_both")),
    }
}

const fn key_flaw(flaw: NotAKeySet) -> &'static str {
    match flaw {
        NotAKeySet::Malformed => "casework.client_keys_malformed",
        NotAKeySet::Count => "casework.client_keys_count",
        NotAKeySet::Secret => "casework.client_keys_secret",
        NotAKeySet::Unusable => "casework.client_keys_unusable",
        NotAKeySet::SameId => "casework.client_keys_same",
    }
}

fn shown(here: &Here, filled: &Filled, notice: Option<Notice>) -> Response {
    let status = notice.as_ref().map(|notice| notice.status);
    form(&here.page, status, &NewPage::new(&here.page, filled, notice))
}

impl<'p> NewPage<'p> {
    fn new(page: &'p Page, filled: &'p Filled, notice: Option<Notice>) -> Self {
        let scope = |(at, scope): (usize, Scope)| Choice {
            field: format!("scope-{at}"),
            code: scope.code(),
            words: page.t(scope_words(scope)),
            chosen: filled.scopes.contains(scope.code()),
        };
        let purpose = |(at, purpose): (usize, Purpose)| Choice {
            field: format!("purpose-{at}"),
            code: purpose.code(),
            words: purpose.words().map_or("", |words| page.say(words)),
            chosen: filled.purposes.contains(purpose.code()),
        };
        let binding = |(at, binding): (usize, Binding)| Choice {
            field: format!("binding-{at}"),
            code: binding.code(),
            words: page.t(binding_words(binding)),
            chosen: filled.binding == binding.code(),
        };
        Self {
            page,
            filled,
            scopes: Scope::ALL.into_iter().enumerate().map(scope).collect(),
            purposes: Purpose::ALL.into_iter().enumerate().map(purpose).collect(),
            bindings: Binding::ALL.into_iter().enumerate().map(binding).collect(),
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;

    const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn good() -> Filled {
        Filled {
            name: "Fagsystem".to_owned(),
            scopes: ["decide".to_owned()].into(),
            jwks: JWKS.to_owned(),
            binding: "dpop".to_owned(),
            ..Filled::default()
        }
    }

    fn flaws(filled: &Filled) -> Vec<String> {
        let mut page = Page::at(Language::Da, "/casework/clients/new");
        let read = read(&mut page, filled);
        assert_eq!(read.is_none(), !page.errors.is_empty());
        page.errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_cannot_be_registered_is_told_beside_its_field() {
        assert_eq!(flaws(&good()), [""; 0]);
        assert_eq!(flaws(&Filled::default()), ["name", "scope-0", "jwks", "binding-0"]);
        let with = |change: fn(&mut Filled)| {
            let mut filled = good();
            change(&mut filled);
            flaws(&filled)
        };
        assert_eq!(with(|f| f.name = "670245-1236".into()), ["name"]);
        assert_eq!(with(|f| f.client = "a b".into()), ["client_id"]);
        assert_eq!(with(|f| f.scopes = ["admin".to_owned()].into()), ["scope-0"]);
        assert_eq!(with(|f| f.jwks = "{}".into()), ["jwks"]);
        assert_eq!(with(|f| f.jwks_uri = "https://a.example/jwks".into()), ["jwks_uri"]);
        assert_eq!(
            with(|f| (f.jwks, f.jwks_uri) = (String::new(), "https://127.0.0.1/".into())),
            ["jwks_uri"]
        );
        assert_eq!(with(|f| f.quota = "0".into()), ["quota"]);
        assert_eq!(with(|f| f.resource = "http://a.example".into()), ["resource"]);
    }

    #[test]
    fn the_form_is_a_page_in_both_languages_also_when_something_is_wrong() {
        for language in Language::ALL {
            let mut page = page(language);
            let filled = Filled::default();
            must_hold_together(&NewPage::new(&page, &filled, None).render().expect("a page"));
            assert!(read(&mut page, &filled).is_none());
            must_hold_together(&NewPage::new(&page, &filled, None).render().expect("a page"));
        }
    }
}
