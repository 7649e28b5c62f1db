//! Machine clients, and the assertions that they have used.

use crate::{
    StoreError,
    column::{RowRef, code_of, instant, json},
    engine::{Pools, Sql, Store, Tx, Write, on, run},
    journal::signed,
};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{
    Cvr,
    actor::Purpose,
    client::{Client, ClientState, Quota, Registration, Scopes},
    event::{Fact, Recorded},
    id::RegistrationId,
    text::ClientId,
};
use uuid::Uuid;

/// What a client may at this moment, as far as each of its requests depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientRights {
    /// How many changes its registration has had.
    pub revision: u64,
    /// Whose it is.
    pub authority: Cvr,
    /// Whether it may call.
    pub state: ClientState,
    /// What it may ask for.
    pub scopes: Scopes,
    /// What it may look people up for.
    pub purposes: BTreeSet<Purpose>,
    /// How many requests it may send in a minute.
    pub quota: Quota,
}

#[derive(FromRow)]
struct ClientRow {
    id: Uuid,
    revision: i64,
    client_id: String,
    authority: String,
    name: String,
    scopes: String,
    purposes: String,
    keys: String,
    binding: String,
    quota: i64,
    resource: Option<String>,
    registered_at: i64,
    state: String,
    stopped_at: Option<i64>,
}

impl TryFrom<ClientRow> for Client {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "client", id: row.id };
        Ok(Self {
            id: RegistrationId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            client: at.text(&row.client_id)?,
            authority: at.text(&row.authority)?,
            registration: Registration {
                name: at.text(&row.name)?,
                scopes: scopes(at, &row.scopes)?,
                purposes: at.json(&row.purposes)?,
                keys: at.json(&row.keys)?,
                binding: at.code(&row.binding)?,
                quota: quota(at, row.quota)?,
                resource: at.text_opt(row.resource.as_deref())?,
            },
            registered_at: instant(row.registered_at),
            state: state(at, &row.state, row.stopped_at)?,
        })
    }
}

#[derive(FromRow)]
struct RightsRow {
    id: Uuid,
    revision: i64,
    quota: i64,
    authority: String,
    scopes: String,
    purposes: String,
    state: String,
    stopped_at: Option<i64>,
}

impl TryFrom<RightsRow> for ClientRights {
    type Error = StoreError;

    fn try_from(row: RightsRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "client", id: row.id };
        Ok(Self {
            revision: at.number(row.revision)?,
            quota: quota(at, row.quota)?,
            authority: at.text(&row.authority)?,
            state: state(at, &row.state, row.stopped_at)?,
            scopes: scopes(at, &row.scopes)?,
            purposes: at.json(&row.purposes)?,
        })
    }
}

/// Another spelling of the same scopes was not written by us.
fn scopes(at: RowRef, text: &str) -> Result<Scopes, StoreError> {
    let scopes: Scopes = at.text(text)?;
    if scopes.to_string() == text { Ok(scopes) } else { Err(at.corrupt()) }
}

fn quota(at: RowRef, number: i64) -> Result<Quota, StoreError> {
    let number: u32 = at.number(number)?;
    Quota::try_from(number).map_err(|_| at.corrupt())
}

fn state(at: RowRef, state: &str, stopped_at: Option<i64>) -> Result<ClientState, StoreError> {
    match (state, stopped_at.map(instant)) {
        ("active", None) => Ok(ClientState::Active),
        ("stopped", Some(at)) => Ok(ClientState::Stopped { at }),
        _ => Err(at.corrupt()),
    }
}

macro_rules! client_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, client_id, authority, name, scopes, purposes, keys, binding, quota, resource, registered_at, state, \
             stopped_at FROM client ",
            $rest
        )
    };
}

macro_rules! rights_columns {
    ($rest:literal) => {
        concat!(
            "SELECT client_id, id, revision, quota, authority, scopes, purposes, state, stopped_at FROM client ",
            $rest
        )
    };
}

impl<Mode> Tx<Mode> {
    /// A client by the id of its registration.
    pub async fn client(&mut self, id: RegistrationId) -> Result<Option<Client>, StoreError> {
        const SQL: &str = client_columns!("WHERE id = $1");
        let row: Option<ClientRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// A client by what it calls itself.
    pub async fn client_named(&mut self, client: &ClientId) -> Result<Option<Client>, StoreError> {
        const SQL: &str = client_columns!("WHERE client_id = $1");
        let row: Option<ClientRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(client.as_str()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The clients of an authority, the newest first, below an id.
    pub async fn clients_of(
        &mut self,
        authority: Cvr,
        below: Option<RegistrationId>,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        const SQL: &str = client_columns!("WHERE authority = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        let rows: Vec<ClientRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(below.map_or(Uuid::max(), RegistrationId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

#[derive(FromRow)]
struct NamedRights {
    client_id: String,
    #[sqlx(flatten)]
    rights: RightsRow,
}

impl Store {
    /// What clients may at this moment: those of them that there are.
    pub async fn rights_of(
        &self,
        clients: &[ClientId],
    ) -> Result<BTreeMap<ClientId, ClientRights>, StoreError> {
        const SQL: Sql = Sql {
            postgres: rights_columns!("WHERE client_id = ANY($1)"),
            sqlite: rights_columns!("WHERE client_id IN (SELECT value FROM json_each($1))"),
        };
        let names: Vec<&str> = clients.iter().map(ClientId::as_str).collect();
        let rows: Vec<NamedRights> = match &self.pools {
            Pools::Postgres(pool) => sqlx::query_as(SQL.postgres).bind(names).fetch_all(pool).await?,
            Pools::Sqlite { read, .. } => {
                sqlx::query_as(SQL.sqlite).bind(json(&names)).fetch_all(read).await?
            }
        };
        let mut found = BTreeMap::new();
        for NamedRights { client_id, rights } in rows {
            let at = RowRef { table: "client", id: rights.id };
            found.insert(at.text(&client_id)?, rights.try_into()?);
        }
        Ok(found)
    }
}

impl Tx<Write> {
    pub(crate) async fn insert_client(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let Fact::ClientRegistered { client, authority, registration: r } = &event.fact else {
            return Ok(());
        };
        run!(self, sqlx::query(
            "INSERT INTO client (id, revision, client_id, authority, name, scopes, purposes, keys, binding, quota, resource, \
             registered_at, state) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'active')"
        )
        .bind(event.aggregate)
        .bind(client.as_str())
        .bind(authority.to_string())
        .bind(r.name.as_str())
        .bind(r.scopes.to_string())
        .bind(json(&r.purposes))
        .bind(json(&r.keys))
        .bind(code_of(&r.binding))
        .bind(i64::from(r.quota.per_minute()))
        .bind(r.resource.as_ref().map(|uri| uri.as_str().to_owned()))
        .bind(event.recorded_at.as_micros()))?;
        Ok(())
    }

    pub(crate) async fn change_client(
        &mut self,
        event: &Recorded,
        r: &Registration,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE client SET revision = $2, name = $3, scopes = $4, purposes = $5, keys = $6, binding = $7, quota = $8, resource = $9 \
             WHERE id = $1"
        )
        .bind(event.aggregate)
        .bind(signed(event.revision))
        .bind(r.name.as_str())
        .bind(r.scopes.to_string())
        .bind(json(&r.purposes))
        .bind(json(&r.keys))
        .bind(code_of(&r.binding))
        .bind(i64::from(r.quota.per_minute()))
        .bind(r.resource.as_ref().map(|uri| uri.as_str().to_owned())))?;
        Ok(())
    }

    pub(crate) async fn set_client_state(
        &mut self,
        event: &Recorded,
        state: ClientState,
    ) -> Result<(), StoreError> {
        let stopped_at = match state {
            ClientState::Active => None,
            ClientState::Stopped { at } => Some(at.as_micros()),
        };
        run!(
            self,
            sqlx::query("UPDATE client SET revision = $2, state = $3, stopped_at = $4 WHERE id = $1")
                .bind(event.aggregate)
                .bind(signed(event.revision))
                .bind(state.code())
                .bind(stopped_at)
        )?;
        Ok(())
    }
}
