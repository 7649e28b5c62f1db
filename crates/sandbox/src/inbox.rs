//! What the people of the demo world get by post: for programs at `/sandbox/inbox/{person}`, to look at under `/sandbox/post`.

use crate::{
    Sandbox,
    people::PEOPLE,
    provider::{Texts, language, page},
    routes::{citizen, told},
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::HeaderMap;
use serde::Serialize;
use tillid_domain::{
    Instant, Language,
    notice::{Both, PostalChannel},
};
use tillid_edge::{Json, Path, Problem};
use tillid_service::{Error, OutboxNotice, Posted};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Sandbox> {
    OpenApiRouter::new().routes(routes!(inbox))
}

/// The pages; they are in no contract.
pub(crate) fn pages() -> Router<Sandbox> {
    Router::new().route("/sandbox/post", get(everybody)).route("/sandbox/post/{person}", get(post_of))
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
struct BothView {
    /// Danish.
    da: String,
    /// English.
    en: String,
}

impl From<Both> for BothView {
    fn from(Both { da, en }: Both) -> Self {
        Self { da, en }
    }
}

/// Who sent a message.
#[derive(Serialize, ToSchema)]
struct SenderView {
    /// Its CVR number.
    cvr: String,
    /// What it is called.
    name: BothView,
}

/// A message that was delivered.
#[derive(Serialize, ToSchema)]
struct MessageView {
    /// Its id, however often it was delivered.
    message_uuid: uuid::Uuid,
    /// What it tells.
    kind: &'static str,
    /// `digital_post` or `letter`.
    channel: &'static str,
    /// In whose name.
    sender: SenderView,
    /// The subject.
    label: BothView,
    /// The paragraphs, with an empty line between them.
    body: BothView,
    /// Where more is to be read, after logging in.
    link: String,
    /// Always false: no time limit runs from the message.
    legal_notification: bool,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    created_at: Instant,
    /// When it was delivered.
    #[schema(value_type = String, format = "date-time")]
    delivered_at: Instant,
}

/// What somebody got by post.
#[derive(Serialize, ToSchema)]
struct InboxView {
    /// The messages, the newest first.
    items: Vec<MessageView>,
    /// There are no more pages.
    next: Option<String>,
}

/// What somebody of the demo world got by post: Digital Post or letters.
#[utoipa::path(get, path = "/sandbox/inbox/{person}", tag = "sandbox", security(()),
    params(("person" = String, Path, description = "Somebody of `/sandbox/people`")),
    responses((status = 200, body = InboxView), (status = 404)))]
async fn inbox(State(sandbox): State<Sandbox>, Path(person): Path<String>) -> Result<Response, Problem> {
    let base = &sandbox.service.settings().base_url;
    let view = |(notice, channel, delivered_at): Delivered| MessageView {
        message_uuid: notice.id.as_uuid(),
        kind: notice.kind.code(),
        channel: channel.code(),
        sender: SenderView { cvr: notice.sender.to_string(), name: notice.message.sender.into() },
        label: notice.message.label.into(),
        body: notice.message.body.into(),
        link: format!("{base}{}", notice.message.path),
        legal_notification: false,
        created_at: notice.made_at,
        delivered_at,
    };
    let items = delivered(&sandbox, &person).await?.into_iter().map(view).collect();
    Ok(Json(InboxView { items, next: None }).into_response())
}

type Delivered = (OutboxNotice, PostalChannel, Instant);

/// What was delivered to somebody of the demo world.
async fn delivered(sandbox: &Sandbox, key: &str) -> Result<Vec<Delivered>, Problem> {
    let person = citizen(sandbox, key).await?.ok_or_else(|| told(Error::NotFound))?;
    let notices = sandbox.service.notices_to(person).await.map_err(told)?;
    let arrived = |notice: OutboxNotice| match notice.posted {
        Posted::Delivered { channel, at } => Some((notice, channel, at)),
        Posted::Waiting | Posted::Dropped { .. } => None,
    };
    Ok(notices.into_iter().filter_map(arrived).collect())
}

/// The page of one person's post, or of whose there is.
#[derive(Template)]
#[template(path = "post.html")]
struct PostPage<'p> {
    t: &'p Texts,
    title: String,
    people: Vec<(&'static str, &'static str)>,
    messages: Option<Vec<MessageRow>>,
}

struct MessageRow {
    label: String,
    sender: String,
    channel: String,
    at: String,
    day: String,
    paragraphs: Vec<String>,
    link: String,
}

async fn everybody(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let t = sandbox.provider.texts(language(None, &headers));
    let people = PEOPLE.iter().map(|person| (person.key, person.name)).collect();
    page(&PostPage { t, title: t.post_title.clone(), people, messages: None }, None)
}

async fn post_of(
    State(sandbox): State<Sandbox>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let spoken = language(None, &headers);
    let t = sandbox.provider.texts(spoken);
    let messages = delivered(&sandbox, &key).await?.into_iter().map(|found| row(found, t, spoken)).collect();
    let name = PEOPLE.iter().find(|person| person.key == key).map_or("", |person| person.name);
    let title = format!("{} {name}", t.post_of);
    Ok(page(&PostPage { t, title, people: Vec::new(), messages: Some(messages) }, None))
}

fn row((notice, channel, at): Delivered, t: &Texts, language: Language) -> MessageRow {
    let message = notice.message;
    MessageRow {
        label: message.label.in_language(language).to_owned(),
        sender: message.sender.in_language(language).to_owned(),
        channel: match channel {
            PostalChannel::DigitalPost => t.post_digital.clone(),
            PostalChannel::Letter => t.post_letter.clone(),
        },
        at: at.to_string(),
        day: at.local_date().to_string(),
        paragraphs: message.body.in_language(language).split("\n\n").map(str::to_owned).collect(),
        link: message.path,
    }
}
