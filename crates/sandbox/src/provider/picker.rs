//! The page on which one says who one is.

use super::{
    authorize::{Asked, log_in},
    identity::Identity,
    pages::{Card, Level, Picker, Trouble, language, page},
    wire::{BROWSER, Form, cookie, is_from_elsewhere},
};
use crate::{Sandbox, people::Employer};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use tillid_domain::{Language, actor::Assurance};

/// The page; somebody whom the client has hinted at stands first.
pub(crate) fn page_of(
    sandbox: &Sandbox,
    asked: &Asked,
    pick: &str,
    hinted: Option<Identity>,
    language: Language,
) -> Response {
    let t = sandbox.provider.texts(language);
    let card = |identity: Identity| card(sandbox, identity, language);
    let chosen = asked.assurance.unwrap_or(Assurance::Substantial);
    let levels = [
        ("low", &t.level_low, Assurance::Low),
        ("substantial", &t.level_substantial, Assurance::Substantial),
        ("high", &t.level_high, Assurance::High),
    ];
    let levels = levels.map(|(value, label, level)| Level { value, label, checked: level == chosen });
    let picker = Picker {
        t,
        pick,
        client: &asked.client.client.id,
        levels,
        hinted: hinted.map(card).into_iter().collect(),
        citizens: Identity::citizens().map(card).collect(),
        employees: Identity::employees().map(card).collect(),
    };
    page(&picker, Some(&asked.redirect_uri))
}

fn card(sandbox: &Sandbox, identity: Identity, language: Language) -> Card {
    let authorities = sandbox.broker.authorities();
    let somebody = identity.somebody;
    let about = match language {
        Language::Da => somebody.about_da,
        Language::En => somebody.about_en,
    };
    let employer = identity.job().and_then(|job| Employer::of(job.employer, authorities));
    let about = match employer {
        Some(employer) => format!("{about}, {}", employer.name.in_language(language)),
        None => about.to_owned(),
    };
    Card { value: identity.name(authorities), name: somebody.name, about }
}

/// The choice. It counts once, and only from the browser that was shown the page.
pub(crate) async fn picked(State(sandbox): State<Sandbox>, headers: HeaderMap, Form(sent): Form) -> Response {
    let provider = &sandbox.provider;
    let now = sandbox.service.security_now();
    let texts = provider.texts(language(None, &headers));
    if is_from_elsewhere(&headers) {
        return texts.trouble(Trouble::Elsewhere);
    }
    let (Some(sent), Some(browser)) = (sent, cookie(&headers, BROWSER)) else {
        return texts.trouble(Trouble::Stale);
    };
    let mut memory = provider.memory();
    let name = sent.get("pick").unwrap_or_default();
    let Some(waiting) = memory.picks.get(now, name).filter(|waiting| waiting.browser == browser) else {
        return texts.trouble(Trouble::Stale);
    };
    let texts = provider.texts(waiting.value.language(&headers));
    let is_cancelled = sent.get("cancel").is_some();
    let identity = sent.get("identity").and_then(|name| Identity::named(name, sandbox.broker.authorities()));
    if identity.is_none() && !is_cancelled {
        return texts.trouble(Trouble::Unreadable);
    }
    let Some(waiting) = memory.picks.take(now, name) else { return texts.trouble(Trouble::Stale) };
    match identity {
        Some(identity) if !is_cancelled => {
            let level = sent.get("level").and_then(|level| level.parse().ok());
            let level = level.unwrap_or(Assurance::Substantial);
            log_in(&sandbox, &mut memory, &headers, &waiting.value, (identity, level), now)
        }
        _ => waiting.value.cancelled(provider),
    }
}
