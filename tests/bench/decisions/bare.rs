//! What there is to be measured against: routes that do one thing and nothing else, each a process of its own like the service.

use crate::generate::ALWAYS;
use axum::{Json, Router, extract::State, routing::post};
use serde::{Deserialize, Serialize};
use sqlx::{
    PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use tillid_storage::Address;
use tokio::{net::TcpListener, runtime::Runtime};
use uuid::Uuid;

/// The argument that makes this program such a process.
const BARE: &str = "--bare";
/// As many as the service has at most.
const CONNECTIONS: u32 = 16;
/// As many as the service reads a file with.
const READERS: u32 = 4;
const SQL: &str = "SELECT source_id, valid_from, valid_to FROM power WHERE grantor_id = $1 AND representative_id = $2 \
    AND privilege = $3 AND known_to IS NULL";

/// A process with one such route.
pub(crate) struct Bare {
    child: Child,
    pub(crate) address: String,
}

impl Bare {
    /// One that reads the question and answers yes.
    pub(crate) fn parsing() -> Self {
        Self::start(&["parse"])
    }

    /// One that looks the power up, through a pool.
    pub(crate) fn looking_up(address: &Address) -> Self {
        match address {
            Address::Postgres(url) => Self::start(&["postgres", url]),
            Address::Sqlite(file) => Self::start(&["sqlite", file.to_str().unwrap()]),
        }
    }

    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let mut child = command.arg(BARE).args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs as such a process, if that is what this program was started for; then it does not return.
pub(crate) fn is_asked_for() -> bool {
    let mut words = env::args().skip(1);
    if words.next().as_deref() != Some(BARE) {
        return false;
    }
    let (kind, address) = (words.next().unwrap(), words.next().unwrap_or_default());
    Runtime::new().unwrap().block_on(serve(&kind, &address));
    true
}

async fn serve(kind: &str, address: &str) {
    let router = match kind {
        "parse" => Router::new().route(PATH, post(parse)),
        "postgres" => {
            let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
            Router::new().route(PATH, post(on_server)).with_state(pool.connect(address).await.unwrap())
        }
        _ => {
            let options = SqliteConnectOptions::new().filename(Path::new(address)).read_only(true);
            let pool = SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false);
            Router::new().route(PATH, post(in_file)).with_state(pool.connect_with(options).await.unwrap())
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}

const PATH: &str = "/access/v1/evaluation";

#[derive(Deserialize)]
struct Question {
    subject: Entity,
    action: Action,
    resource: Entity,
    context: Context,
}

#[derive(Deserialize)]
struct Entity {
    id: Uuid,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Action {
    name: String,
}

#[derive(Deserialize)]
struct Properties {
    case: String,
}

#[derive(Deserialize)]
struct Context {
    purpose: String,
}

#[derive(Serialize)]
struct Decision {
    decision: bool,
}

/// Every field is looked at, so that none of the reading is left out.
async fn parse(Json(question): Json<Question>) -> Json<Decision> {
    let Question { subject, action, resource, context } = question;
    let case = resource.properties.is_some_and(|properties| !properties.case.is_empty());
    let decision = case && !context.purpose.is_empty() && subject.id != resource.id && action.name == ALWAYS;
    Json(Decision { decision })
}

async fn on_server(State(pool): State<PgPool>, Json(question): Json<Question>) -> Json<Decision> {
    let found: Vec<(Uuid, i64, i64)> = sqlx::query_as(SQL)
        .bind(question.resource.id)
        .bind(question.subject.id)
        .bind(question.action.name)
        .fetch_all(&pool)
        .await
        .unwrap();
    Json(Decision { decision: !found.is_empty() })
}

async fn in_file(State(pool): State<SqlitePool>, Json(question): Json<Question>) -> Json<Decision> {
    let found: Vec<(Uuid, i64, i64)> = sqlx::query_as(SQL)
        .bind(question.resource.id)
        .bind(question.subject.id)
        .bind(question.action.name)
        .fetch_all(&pool)
        .await
        .unwrap();
    Json(Decision { decision: !found.is_empty() })
}
