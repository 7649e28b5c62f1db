//! What all pages share: language, who is logged in, what is wrong with a form, and how a page becomes an answer.

use crate::{
    actfor::words_of,
    assets,
    texts::{filled, text},
    when,
};
use askama::Template;
use axum::{
    body::Body,
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use std::{fmt::Display, sync::Arc};
use tillid_domain::{Instant, Language, Localized, basis::Basis, client::Client};
use tillid_edge::{Allowances, Gate, Problem, Protocol, ReturnTo, Visitor};
use tillid_service::{Error, Service};

/// Everything that a page may load comes from here, and nothing of it is written in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every template needs: it goes along as `page`.
pub(crate) struct Page {
    pub(crate) language: Language,
    /// The address of the page with its query, to come back to.
    pub(crate) path: String,
    pub(crate) user: Option<User>,
    /// What is wrong with what was filled in, in the order of the fields.
    pub(crate) errors: Vec<FieldError>,
}

/// Whoever is logged in, as every page shows it.
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) acting_for: Option<String>,
    /// On what they do, where it is more than a power of attorney.
    pub(crate) acts_on: String,
    pub(crate) employee: bool,
    /// Whether they are here for an organisation that people are represented by.
    pub(crate) at_work: bool,
    /// Whether they say which of its employees may act.
    pub(crate) administers: bool,
    /// What every form holds in the field `csrf`.
    pub(crate) csrf: String,
    /// When they are logged out if they do nothing more.
    pub(crate) ends_at: String,
    /// The seconds until then.
    pub(crate) idle: i64,
    /// The seconds until they are logged out whatever they do.
    pub(crate) at_most: i64,
}

/// What is wrong with a field.
pub(crate) struct FieldError {
    /// The `id` of the field, or of the first one of a group.
    pub(crate) field: String,
    /// What is wrong, as a sentence.
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn new(parts: &Parts) -> Self {
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        Self::at(tillid_edge::language(&parts.headers), path)
    }

    /// A page for nobody who is known.
    pub(crate) fn at(language: Language, path: &str) -> Self {
        Self { language, path: path.to_owned(), user: None, errors: Vec::new() }
    }

    fn with(mut self, visitor: &Visitor, now: Instant) -> Self {
        self.user = Some(User {
            name: visitor.name().to_owned(),
            acting_for: visitor.acting_for().map(|(_, name)| name.to_owned()),
            acts_on: self.basis(visitor.acts_on()),
            employee: visitor.employee().is_some(),
            at_work: visitor.working().is_some(),
            administers: visitor.working().is_some_and(|working| working.administers),
            csrf: visitor.csrf(),
            ends_at: when::clock(visitor.ends_at(), self.language),
            idle: visitor.ends_at().seconds_since(now),
            at_most: visitor.ends_at_the_latest().seconds_since(now),
        });
        self
    }

    /// What acting on these is called.
    fn basis(&self, codes: &[String]) -> String {
        let known = codes.iter().filter_map(|code| Basis::of_code(code));
        let words = known.map(|basis| self.t(words_of(basis).unwrap_or("layout.by_mandate")));
        let mut words: Vec<&str> = words.collect();
        // Powers of attorney stand first; whether one came on paper is told on its own page.
        words.dedup();
        words.join(", ")
    }

    /// The text with that key.
    pub(crate) fn t(&self, key: &'static str) -> &'static str {
        text(key, self.language)
    }

    /// The text with that key, with a value put in for the name in braces.
    pub(crate) fn fill(&self, key: &'static str, name: &str, value: impl Display) -> String {
        filled(key, self.language, &[(name, &value.to_string())])
    }

    /// Likewise with two values.
    pub(crate) fn fill_two(
        &self,
        key: &'static str,
        name: &str,
        value: impl Display,
        other: &str,
        another: impl Display,
    ) -> String {
        filled(key, self.language, &[(name, &value.to_string()), (other, &another.to_string())])
    }

    /// A text of the domain in the page's language.
    pub(crate) fn say<'t>(&self, text: &'t Localized) -> &'t str {
        text.in_language(self.language)
    }

    pub(crate) fn moment(&self, at: Instant) -> String {
        when::moment(at, self.language)
    }

    pub(crate) fn last_day(&self, end: Instant) -> String {
        when::last_day(end, self.language)
    }

    /// The address of a file of ours, such as `app.css`.
    #[expect(clippy::unused_self, reason = "templates know the page alone")]
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The page's address as the value of a query.
    pub(crate) fn return_to(&self) -> String {
        ReturnTo::new(&self.path).encoded()
    }

    /// Notes that something is wrong with a field.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), text: text.into() });
    }

    /// What is wrong with that field.
    pub(crate) fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.text.as_str())
    }

    /// The page as an answer: 200, or 422 when something is wrong with what was filled in.
    pub(crate) fn answer(&self, template: &impl Template) -> Response {
        let status = if self.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        self.answer_as(status, template)
    }

    /// The page as an answer with that status.
    pub(crate) fn answer_as(&self, status: StatusCode, template: &impl Template) -> Response {
        let html = match template.render() {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page could not be written");
                return Protocol::Internal.into_response();
            }
        };
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language.tag()));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

/// What the handler of a page for people who are logged in starts from; without a session the answer is 401.
pub(crate) struct Here {
    pub(crate) service: Service,
    pub(crate) allowances: Arc<Allowances>,
    pub(crate) visitor: Visitor,
    pub(crate) page: Page,
}

impl Here {
    /// Whether a system has raised an alarm, as far as this node knows.
    pub(crate) fn has_alarm(&self, client: &Client) -> bool {
        self.allowances.has_alarm(&client.client, client.revision, self.service.security_now())
    }

    /// A verb's outcome, or what the visitor is told of its refusal.
    pub(crate) fn told<T>(&self, outcome: Result<T, Error>) -> Result<T, Problem> {
        outcome.map_err(|error| self.visitor.problem(&error))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Here
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = <Visitor as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let Gate { service, allowances, .. } = Gate::from_ref(state);
        let page = Page::new(parts).with(&visitor, service.security_now());
        Ok(Self { service, allowances, visitor, page })
    }
}

/// What the handler of a page for everybody starts from.
pub(crate) struct Anyone {
    pub(crate) visitor: Option<Visitor>,
    pub(crate) page: Page,
}

impl<S: Send + Sync> FromRequestParts<S> for Anyone
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = <Visitor as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        let page = Page::new(parts);
        let page = match &visitor {
            Some(visitor) => page.with(visitor, Gate::from_ref(state).service.security_now()),
            None => page,
        };
        Ok(Self { visitor, page })
    }
}

/// Goes on with a page of ours, after something was done.
pub(crate) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}
