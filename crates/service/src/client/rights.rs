//! What clients may, looked at for each request and never kept: requests that arrive while a look is at the database share the next one,
//! which begins after all of them have arrived. So nothing that was taken from a client counts any more, and many requests cost one look.

use crate::Error;
use std::{
    collections::BTreeMap,
    mem::take,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tillid_domain::text::ClientId;
use tillid_storage::{ClientRights, Store};
use tokio::sync::oneshot;

type Reply = oneshot::Sender<Result<Option<ClientRights>, Error>>;

/// Looks at what clients may.
#[derive(Clone)]
pub(crate) struct Rights(Arc<Shared>);

struct Shared {
    store: Store,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    asked: Vec<(ClientId, Reply)>,
    /// Whether somebody is looking, and will look again for those who have come meanwhile.
    is_looking: bool,
}

impl Rights {
    pub(crate) fn new(store: Store) -> Self {
        Self(Arc::new(Shared { store, waiting: Mutex::default() }))
    }

    /// What the client may at a moment after this call.
    pub(crate) async fn of(&self, client: &ClientId) -> Result<Option<ClientRights>, Error> {
        let (reply, answer) = oneshot::channel();
        let begins = {
            let mut waiting = self.0.waiting();
            waiting.asked.push((client.clone(), reply));
            !std::mem::replace(&mut waiting.is_looking, true)
        };
        if begins {
            tokio::spawn(look(self.0.clone()));
        }
        answer.await.map_err(|gone| Error::Busy(Box::new(gone)))?
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for those who wait, until nobody does.
async fn look(shared: Arc<Shared>) {
    loop {
        let asked = {
            let mut waiting = shared.waiting();
            if waiting.asked.is_empty() {
                waiting.is_looking = false;
                return;
            }
            take(&mut waiting.asked)
        };
        let mut clients: Vec<ClientId> = asked.iter().map(|(client, _)| client.clone()).collect();
        clients.sort_unstable();
        clients.dedup();
        match shared.store.rights_of(&clients).await {
            Ok(found) => answer(asked, &found),
            Err(error) => {
                let told = error.to_string();
                for (_, reply) in asked {
                    let _ = reply.send(Err(Error::Busy(Box::from(told.clone()))));
                }
            }
        }
    }
}

fn answer(asked: Vec<(ClientId, Reply)>, found: &BTreeMap<ClientId, ClientRights>) {
    for (client, reply) in asked {
        let _ = reply.send(Ok(found.get(&client).cloned()));
    }
}
