//! From the calendar: what ends soon, and what has ended, by business time.
//!
//! What is due follows from the facts, and from up to when people have been told. A node that was down over midnight finds on its return
//! what it missed, and tells each once, of where it stands now.

use super::Happened;
use crate::{Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant,
    birthday::BirthdayRule,
    event::Kind,
    id::PersonId,
    notice::{Birthday, EVER_BEFORE, Matter, ends_due, nearest, of_end},
};
use tillid_storage::{Ending, NewNotice};

const KINDS: [Kind; 5] =
    [Kind::Consent, Kind::ConsentRequest, Kind::Mandate, Kind::MandateRequest, Kind::StatutoryPower];
/// How many things one transaction tells of.
const PAGE: u32 = 100;
/// How far back it is looked again: a change takes its time from the clock before it is there to be seen. Nobody is told twice.
const AGAIN: i64 = 60;
/// How long the cursor may stand while nothing is due.
const STANDS: i64 = 600;

impl Service {
    /// Tells of everything whose end, or whose day before it, has come; how many notices were new.
    pub async fn tell_of_ends(&self) -> Result<u64, Error> {
        let (told_until, now) = {
            let mut tx = self.store.read().await?;
            let now = self.now(&mut tx).await?;
            (tx.notice_cursor().await?.told_until, now)
        };
        let Some(told_until) = told_until else {
            // What was due before the first time is nobody's to tell any more.
            self.told_until(now).await?;
            return Ok(0);
        };
        if now <= told_until {
            return Ok(0);
        }
        let (mut told, mut seen) = (0, false);
        let span = (told_until.plus_seconds(-AGAIN), now);
        for kind in KINDS {
            for days_before in EVER_BEFORE {
                let (found, new) = self.tell_of(kind, days_before, span).await?;
                (told, seen) = (told + new, seen || found);
            }
        }
        for (rule, days_before) in BirthdayRule::all().iter().flat_map(|r| EVER_BEFORE.map(|days| (r, days)))
        {
            let (found, new) = self.tell_of_birthdays(rule, days_before, span).await?;
            (told, seen) = (told + new, seen || found);
        }
        if seen || now.seconds_since(told_until) >= STANDS {
            self.told_until(now).await?;
        }
        Ok(told)
    }

    async fn told_until(&self, moment: Instant) -> Result<(), Error> {
        let mut tx = self.store.upkeep().await?;
        tx.tell_until(moment).await?;
        Ok(tx.finish().await?)
    }

    /// Tells of one kind of things so many days before their ends; whether there were any, and how many notices were new.
    async fn tell_of(
        &self,
        kind: Kind,
        days_before: u16,
        (from, now): (Instant, Instant),
    ) -> Result<(bool, u64), Error> {
        let Some(ends) = ends_due(from, now, days_before) else { return Ok((false, 0)) };
        let (mut after, mut told): (Option<Ending>, u64) = (None, 0);
        loop {
            let page = {
                let mut tx = self.store.read().await?;
                tx.ending(kind, ends, after, PAGE).await?
            };
            let Some(last) = page.last() else { return Ok((after.is_some(), told)) };
            after = Some(*last);
            let (mut tx, mut new) = (self.store.read().await?, Vec::new());
            // Consents that were given together are told of together.
            let mut once = BTreeSet::new();
            for ending in page {
                // Read again: what was ended meanwhile is not told of.
                let Some(matter) = self.matter(&mut tx, kind, ending.id).await? else { continue };
                let (Some(end), began) = matter.span() else { continue };
                if nearest(end, began, matter.thresholds(), from, now) != Some(days_before) {
                    continue;
                }
                let mut notices = of_end(&matter, ending.began_with, days_before, now);
                notices.retain(|notice| {
                    once.insert((notice.concerns, notice.kind, notice.about, notice.moment))
                });
                new.extend(self.letters(&mut tx, &matter, notices, Happened { by: None, at: now }).await?);
            }
            drop(tx);
            told += self.put(&new).await?;
        }
    }

    /// Tells of that birthday so many days before it, where somebody is known to have custody.
    async fn tell_of_birthdays(
        &self,
        rule: &'static BirthdayRule,
        days_before: u16,
        (from, now): (Instant, Instant),
    ) -> Result<(bool, u64), Error> {
        let Some((first, past)) = ends_due(from, now, days_before) else { return Ok((false, 0)) };
        let (mut after, mut told): (Option<PersonId>, u64) = (None, 0);
        loop {
            let page = {
                let mut tx = self.store.read().await?;
                tx.children_born(rule.born_between(first, past), after, PAGE).await?
            };
            let Some((last, _)) = page.last() else { return Ok((after.is_some(), told)) };
            after = Some(*last);
            let (mut tx, mut new) = (self.store.read().await?, Vec::new());
            let Some(sender) = self.tells_of_powers(&mut tx).await? else { return Ok((false, told)) };
            for (child, known_since) in page {
                let Some(child) = tx.person(child).await? else { continue };
                let matter = Matter::Birthday(Birthday { child, rule }, sender);
                let (Some(at), began) = matter.span() else { continue };
                if nearest(at, began, matter.thresholds(), from, now) == Some(days_before) {
                    let notices = of_end(&matter, known_since, days_before, now);
                    new.extend(
                        self.letters(&mut tx, &matter, notices, Happened { by: None, at: now }).await?,
                    );
                }
            }
            drop(tx);
            told += self.put(&new).await?;
        }
    }

    /// Puts notices into the outbox; how many were new.
    async fn put(&self, new: &[NewNotice]) -> Result<u64, Error> {
        let mut tx = self.store.upkeep().await?;
        let put = tx.put_notices(new).await?;
        tx.finish().await?;
        Ok(put)
    }
}
