//! What somebody who acts for a child by custody sees and may take back.

use crate::{Call, Error, Service, consent::view::TypedConsent, guard::is_own};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, Reason,
    access::SEE_CONSENTS,
    actor::Who,
    catalogue::ConsentType,
    family::{Deciders, Family, Holder, OF_AGE, YOUNG, who_answers},
    id::PersonId,
    joint::ForChild,
    notice::Matter,
    person::Person,
    request::ConsentRequest,
};
use tillid_storage::Tx;

/// Somebody who sees a child's consents because they have custody, and for no other reason.
pub(crate) struct Watcher {
    holder: PersonId,
    family: Family,
    now: Instant,
}

impl Watcher {
    /// of a young person they see only what they themselves decide or have decided.
    fn sees(&self, of: &ConsentType, spoke: bool) -> bool {
        let today = self.now.local_date();
        let decides = who_answers(of, &self.family, today).is_ok_and(|d| d.voices().contains(&self.holder));
        !self.family.is_young(today) || decides || spoke
    }

    /// Whether they see that request.
    pub(crate) fn sees_request(&self, request: &ConsentRequest, of: &ConsentType) -> bool {
        let spoke = request.voices.iter().any(|voice| voice.by == self.holder);
        !request.is_hidden_from(self.holder) && self.sees(of, spoke)
    }
}

fn spoke_for(for_child: Option<&ForChild>, holder: PersonId) -> bool {
    for_child.is_some_and(|by| by.persons().contains(&holder))
}

impl Service {
    /// Those who have custody of a child and see that of it, so that they can be told of it.
    pub(crate) async fn watching<M>(
        &self,
        tx: &mut Tx<M>,
        concerned: &Person,
        matter: &Matter,
        now: Instant,
    ) -> Result<BTreeSet<PersonId>, Error> {
        // Of a birthday, those are told who have custody up to it.
        let now = match matter {
            Matter::Birthday(birthday, _) => birthday.at().map_or(now, |at| now.min(at.plus_seconds(-1))),
            _ => now,
        };
        let may_be_a_child = concerned.age_on(now.local_date()).is_some_and(|age| age < i32::from(OF_AGE));
        if !may_be_a_child {
            return Ok(BTreeSet::new());
        }
        let family = self.family(tx, concerned.id).await?;
        let mut watching = BTreeSet::new();
        for Holder { person: holder, .. } in family.holders.clone() {
            let watcher = Watcher { holder, family: family.clone(), now };
            let sees = match matter {
                Matter::Consent(consent) => {
                    let typed = self.typed(tx, consent.clone(), now).await?;
                    self.shows_consent(tx, Some(&watcher), &typed).await?
                }
                Matter::Request(request, _) => {
                    let entry = self.known_entry(tx, request.entry.entry).await?;
                    entry.consent_type().is_some_and(|of| watcher.sees_request(request, of))
                }
                // It changes what they may do themselves.
                Matter::Birthday(..) => true,
                // they gave it, or may end it.
                Matter::Mandate(mandate, _) if mandate.for_child.is_some() => true,
                // Powers of a young person are their own; those of a child are nobody's yet.
                Matter::Mandate(..) | Matter::MandateRequest(..) | Matter::Statutory(..) => {
                    !watcher.family.is_young(now.local_date())
                }
            };
            if sees {
                watching.insert(holder);
            }
        }
        Ok(watching)
    }

    /// The caller, if they see what they see by custody alone.
    pub(crate) async fn watcher<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        now: Instant,
    ) -> Result<Option<Watcher>, Error> {
        let Some(family) = self.family_in_custody(tx, call, now).await? else { return Ok(None) };
        let Who::Citizen { person: holder, .. } = call.actor.who else { return Ok(None) };
        let mandated = tx.privileges(family.child, holder, now).await?;
        let by_mandate = mandated.iter().any(|privilege| privilege.as_str() == SEE_CONSENTS);
        Ok((!by_mandate).then_some(Watcher { holder, family, now }))
    }

    /// Whether a watcher sees that consent; everybody else does as far as their rights go.
    pub(crate) async fn shows_consent<M>(
        &self,
        tx: &mut Tx<M>,
        watcher: Option<&Watcher>,
        typed: &TypedConsent,
    ) -> Result<bool, Error> {
        let Some(watcher) = watcher else { return Ok(true) };
        let answer = &typed.consent.answer;
        if let Some(request) = answer.request
            && tx.request(request).await?.is_some_and(|request| request.is_hidden_from(watcher.holder))
        {
            return Ok(false);
        }
        Ok(watcher.sees(&typed.of, spoke_for(answer.for_child.as_ref(), watcher.holder)))
    }

    /// Refuses whoever has custody and is not shown that request.
    pub(crate) async fn must_be_shown<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        request: &ConsentRequest,
        of: &ConsentType,
        now: Instant,
    ) -> Result<(), Error> {
        let watcher = self.watcher(tx, call, now).await?;
        let shown = watcher.is_none_or(|watcher| watcher.sees_request(request, of));
        if shown { Ok(()) } else { Err(Error::NotFound) }
    }

    /// either of those who answer for a child may take a consent back, and a young person of 15 whatever concerns them.
    pub(crate) async fn may_take_back<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        typed: &TypedConsent,
        now: Instant,
    ) -> Result<(), Error> {
        let child = typed.consent.answer.person;
        let watcher = self.watcher(tx, call, now).await?;
        if !self.shows_consent(tx, watcher.as_ref(), typed).await? {
            return Err(Error::NotFound);
        }
        let (who, family) = match (watcher, is_own(&call.actor)) {
            (Some(watcher), _) => (watcher.holder, watcher.family),
            (None, true) => (child, self.family(tx, child).await?),
            (None, false) => return Ok(()),
        };
        let today = now.local_date();
        let old_enough = family.age_on(today).is_none_or(|age| age >= i32::from(YOUNG));
        if who == child && old_enough {
            return Ok(());
        }
        let count: BTreeSet<PersonId> = match who_answers(&typed.of, &family, today) {
            Ok(Deciders::Alone) => [child].into(),
            Ok(deciders) => deciders.voices(),
            Err(_) => BTreeSet::new(),
        };
        let gave = spoke_for(typed.consent.answer.for_child.as_ref(), who);
        match (count.contains(&who) || gave, who == child) {
            (true, _) => Ok(()),
            (false, true) => Err(Error::Rule(Reason::TooYoung)),
            (false, false) => Err(Error::Rule(Reason::OthersDecide)),
        }
    }
}
