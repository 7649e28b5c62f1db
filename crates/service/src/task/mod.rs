//! What an authority has to do because a consent is gone: seeing it, and saying what came of it.

mod late;

pub use late::LateUse;

use crate::{Call, Done, Error, Service, catalogue::Page, consent::view::type_subject};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, Reason,
    access::{Act, Outcome, Subject},
    catalogue::ConsentType,
    id::{PersonId, TaskId},
    task::{Task, TaskOutcome},
    text::{Name, Prose},
};
use tillid_storage::Tx;

/// A task with the version of the type that the consent was given under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypedTask {
    /// The task.
    pub task: Task,
    /// The type.
    pub of: ConsentType,
    /// Whose consent it was, where the name is known: nothing can be done about a consent of nobody.
    pub name: Option<Name>,
}

impl TypedTask {
    fn subject(&self) -> Subject<'_> {
        Subject { person: Some(self.task.work.person), ..type_subject(&self.of) }
    }
}

impl Service {
    /// The open tasks of the caller's authority that they may see, the oldest first. It stands in the log of each person concerned.
    pub async fn list_tasks(
        &self,
        call: &Call,
        above: Option<TaskId>,
        limit: u32,
    ) -> Result<(Page<TypedTask, TaskId>, Instant), Error> {
        let authority = crate::consent::confined_to(&call.actor).ok_or(Error::Denied(Reason::StaffOnly))?;
        let subject = Subject { authority: Some(authority), ..Subject::default() };
        tillid_domain::access::may(&call.actor, Act::SeeTask, &subject)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (mut items, mut from) = (Vec::new(), above);
        let page = loop {
            let batch = tx.open_tasks(authority, from, crate::consent::BATCH).await?;
            let last = batch.len() < crate::consent::BATCH as usize;
            for task in batch {
                from = Some(task.id);
                items.extend(self.task_in_view(&mut tx, call, task, now).await?);
            }
            if last || items.len() > limit as usize {
                break Page::cut(items, limit, |typed: &TypedTask| typed.task.id);
            }
        };
        drop(tx);
        let seen: BTreeSet<PersonId> = page.items.iter().map(|typed| typed.task.work.person).collect();
        let look = |person| self.look(call, person, Act::SeeTask, Outcome::Found, now);
        self.record(seen.into_iter().map(look).collect(), now).await?;
        Ok((page, now))
    }

    async fn task_in_view<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        task: Task,
        now: Instant,
    ) -> Result<Option<TypedTask>, Error> {
        let typed = self.typed_task(tx, task).await?;
        let visible = self.may(tx, call, Act::SeeTask, &typed.subject(), now).await?.is_ok();
        Ok(visible.then_some(typed))
    }

    async fn typed_task<M>(&self, tx: &mut Tx<M>, task: Task) -> Result<TypedTask, Error> {
        let entry = self.known_entry(tx, task.work.entry.entry).await?;
        let of = entry.consent_type().cloned().ok_or(Error::NotFound)?;
        let name = self.name_of(tx, task.work.person).await?;
        Ok(TypedTask { task, of, name })
    }

    /// One task, open or closed.
    pub async fn read_task(&self, call: &Call, id: TaskId) -> Result<(TypedTask, Instant), Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let early = Subject { authority: crate::consent::confined_to(&call.actor), ..Subject::default() };
        self.may(&mut tx, call, Act::SeeTask, &early, now).await??;
        let task = tx.task(id).await?.ok_or(Error::NotFound)?;
        let typed = self.typed_task(&mut tx, task).await?;
        let person = typed.task.work.person;
        let decision = self.may(&mut tx, call, Act::SeeTask, &typed.subject(), now).await?;
        drop(tx);
        if let Err(refusal) = decision {
            return Err(self.refused(call, person, Act::SeeTask, refusal, now).await);
        }
        let mut record = self.look(call, person, Act::SeeTask, Outcome::Found, now);
        record.target = Some(id.as_uuid());
        self.record(vec![record], now).await?;
        Ok((typed, now))
    }

    /// Says what came of a task.
    pub async fn close_task(
        &self,
        call: &Call,
        id: TaskId,
        outcome: TaskOutcome,
        note: Option<&Prose>,
    ) -> Result<Done<TypedTask>, Error> {
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let early = Subject { authority: crate::consent::confined_to(&call.actor), ..Subject::default() };
        self.may(&mut tx, call, Act::CloseTask, &early, now).await??;
        let person = tx.task(id).await?.ok_or(Error::NotFound)?.work.person;
        drop(tx);
        let done = self.closed_task(call, id, person, outcome, note).await;
        self.accounted(call, Some(person), Act::CloseTask, done).await
    }

    async fn closed_task(
        &self,
        call: &Call,
        id: TaskId,
        person: PersonId,
        outcome: TaskOutcome,
        note: Option<&Prose>,
    ) -> Result<Done<TypedTask>, Error> {
        let mut tx = self.store.write().await?;
        let before = self.claim(&mut tx, call).await?;
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let task = tx.task(id).await?.ok_or(Error::NotFound)?;
        let typed = self.typed_task(&mut tx, task).await?;
        self.may(&mut tx, call, Act::CloseTask, &typed.subject(), now).await??;
        if before.is_some() {
            return Ok(Done { value: typed, replayed: true });
        }
        call.must_expect(typed.task.revision)?;
        let flawed = |reason| match reason {
            Reason::TaskBasisMissing => Error::invalid("/note", reason),
            other => Error::Rule(other),
        };
        let (closed, fact) = typed.task.close(outcome, note.cloned(), now).map_err(flawed)?;
        let event = self.event(call, now, &closed, fact);
        self.settle(&mut tx, call, 200, id.as_uuid(), closed.revision).await?;
        let mut record = self.look(call, person, Act::CloseTask, Outcome::Found, now);
        record.target = Some(id.as_uuid());
        record.case.clone_from(&closed.work.case);
        let looks = self.looks(vec![record], now);
        tx.commit(vec![event], Some(looks)).await?;
        Ok(Done { value: TypedTask { task: closed, ..typed }, replayed: false })
    }
}
