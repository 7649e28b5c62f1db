//! The role that the service connects to PostgreSQL as: it should own nothing.

use crate::{config::Config, serve};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use tillid_service::ambient::Ambient;
use tillid_storage::{Standing, Store};

/// Brings the database to this version, as the owner of its tables, and grants a role what the service needs.
pub(crate) async fn migrate(
    mut config: Config,
    owner_url_file: Option<PathBuf>,
    grant_to: Option<&str>,
) -> Result<()> {
    if owner_url_file.is_some() {
        if config.database.sqlite.is_some() {
            bail!("the configured database is SQLite, which has no owner to connect as");
        }
        config.database.postgres_url_file = owner_url_file;
    }
    let store = serve::open(&config, &Ambient::system()).await?;
    store.migrate().await?;
    if let Some(role) = grant_to {
        store.grant_to(role).await.context("the role was not granted what the service needs")?;
    }
    store.close().await;
    Ok(())
}

/// Looks at the role before the service runs as it: refuses one that lacks something, warns of one that can do more than it needs.
pub(crate) async fn look(store: &Store) -> Result<Option<Standing>> {
    let standing = store.standing().await?;
    if let Some(Standing { role, is_owner, missing, excess }) = &standing {
        if !missing.is_empty() {
            bail!(
                "the database role {role:?} lacks rights: run `tillid migrate --grant-to` as the owner of the tables ({})",
                missing.join(", ")
            );
        }
        if *is_owner {
            tracing::warn!(
                role,
                "the database role owns the tables or is a superuser, so it can switch off what protects the journal: connect as \
                 another role, which the owner grants with `tillid migrate --grant-to`"
            );
        } else if !excess.is_empty() {
            let excess = excess.join(", ");
            tracing::warn!(
                role,
                excess,
                "the database role can do more than the service needs: run `tillid migrate --grant-to` as the owner of the tables"
            );
        }
    }
    Ok(standing)
}
