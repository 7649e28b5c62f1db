//! What a person sees of themselves, what a representative sees of whom they act for, and who looked.

use crate::{
    Call, Error, Service,
    access::lookup::FoundMandate,
    catalogue::Page,
    consent::view::TypedConsent,
    family::custody_powers,
    guard::principal,
    mandate::request::{RequestReader, SeenMandateRequest},
};
use std::collections::BTreeMap;
use tillid_domain::{
    Instant, Reason,
    access::{AccessRecord, Act, Refusal, SEE_CONSENTS, Subject},
    actor::Who,
    catalogue::ConsentType,
    family::OF_AGE,
    id::{AccessId, PersonId},
    mandate::{Mandate, MandateStanding},
    mandate_request::MandateRequestStanding,
    person::Person,
    presentation::Presented,
    request::{ConsentRequest, RequestStanding},
    text::{Name, PrivilegeUri},
};
use tillid_storage::Tx;

/// How many of each kind an overview shows; the lists have the rest.
const FIRST: u32 = 50;

/// Somebody that a person may act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MayActFor {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: Option<Name>,
    /// With which privileges.
    pub privileges: Vec<PrivilegeUri>,
    /// The first moment when the first of the mandates no longer holds.
    pub until: Instant,
    /// Whether they may because they have custody.
    pub by_custody: bool,
}

/// A person's own overview.
#[derive(Clone, Debug)]
pub struct OwnOverview {
    /// The person.
    pub person: Person,
    /// Requests that can be answered.
    pub requests: Vec<(ConsentRequest, ConsentType)>,
    /// Consents, the newest first.
    pub consents: Vec<TypedConsent>,
    /// Mandates that they gave.
    pub given: Vec<FoundMandate>,
    /// Mandates that they hold.
    pub held: Vec<FoundMandate>,
    /// Requests for a mandate of theirs that can be answered.
    pub mandate_requests: Vec<SeenMandateRequest>,
    /// Requests for a mandate to them, the newest first.
    pub asked_mandates: Vec<SeenMandateRequest>,
    /// Whom they may act for now.
    pub may_act_for: Vec<MayActFor>,
    /// The latest looks at their data.
    pub latest_access: Vec<AccessRecord>,
}

/// What a representative sees of whom they act for.
#[derive(Clone, Debug)]
pub struct RepresentativeOverview {
    /// Whom they act for.
    pub person: Person,
    /// What they may do.
    pub privileges: Vec<PrivilegeUri>,
    /// The mandates between the two.
    pub mandates: Vec<FoundMandate>,
    /// Consents; `None` where the privileges do not cover seeing them.
    pub consents: Option<Vec<TypedConsent>>,
    /// Requests that can be answered; `None` likewise.
    pub requests: Option<Vec<(ConsentRequest, ConsentType)>>,
}

/// An overview, as the caller may see it.
#[derive(Clone, Debug)]
pub enum Overview {
    /// Of oneself.
    Own(Box<OwnOverview>),
    /// Of whom one acts for.
    Representative(Box<RepresentativeOverview>),
}

impl Service {
    /// What there is about the caller, or about whom they act for as far as their powers reach.
    pub async fn overview(&self, call: &Call) -> Result<(Overview, Instant), Error> {
        principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeOverview, person, now).await?;
        let mut mandates = Vec::new();
        for mandate in self.mandates_in_view(&mut tx, call, person, None, FIRST, now).await?.items {
            let representative_name = self.called(&mut tx, &mandate).await?;
            mandates.push(FoundMandate { standing: mandate.standing(now), mandate, representative_name });
        }
        let privileges = self.powers(&mut tx, call, now).await?;
        let own = matches!(call.actor.who, Who::Citizen { acting_for: None, .. });
        let sees_consents = own || privileges.iter().any(|p| p.as_str() == SEE_CONSENTS);
        let (mut consents, mut requests) = (Vec::new(), Vec::new());
        if sees_consents {
            consents = self.consents_in_view(&mut tx, call, person, None, FIRST, now).await?.items;
            requests = self.requests_in_view(&mut tx, call, person, None, FIRST, now).await?.items;
            requests.retain(|(request, _)| request.standing(now) == RequestStanding::Open);
        }
        let known = self.known_person(&mut tx, person).await?;
        let overview = if own {
            let (given, held): (Vec<_>, Vec<_>) =
                mandates.into_iter().partition(|m| m.mandate.grantor == person);
            let mut may_act_for = self.may_act_for(&mut tx, &held).await?;
            for child in self.children_in_custody(&mut tx, person, now).await? {
                match may_act_for.iter_mut().find(|found| found.person == child.person) {
                    Some(found) => found.by_custody = true,
                    None => may_act_for.push(child),
                }
            }
            let asked = self.mandate_requests_in_view(&mut tx, call, person, None, FIRST, now).await?;
            let (mut mandate_requests, asked_mandates): (Vec<_>, Vec<_>) =
                asked.items.into_iter().partition(|seen| seen.reader == RequestReader::Grantor);
            mandate_requests.retain(|seen| seen.standing == MandateRequestStanding::Open);
            let latest_access = tx.access_log(person, now, None, 5).await?;
            Overview::Own(Box::new(OwnOverview {
                person: known,
                requests,
                consents,
                given,
                held,
                mandate_requests,
                asked_mandates,
                may_act_for,
                latest_access,
            }))
        } else {
            Overview::Representative(Box::new(RepresentativeOverview {
                person: known,
                privileges,
                mandates,
                consents: sees_consents.then_some(consents),
                requests: sees_consents.then_some(requests),
            }))
        };
        drop(tx);
        self.watched(call, &view, Act::SeeOverview, None, true, now).await?;
        Ok((overview, now))
    }

    /// What the grantor called the representative when they gave the mandate; a register's word would tell names by number.
    async fn called<M>(&self, tx: &mut Tx<M>, mandate: &Mandate) -> Result<Option<Name>, Error> {
        let presented = tx.presentation(mandate.presentation).await?.map(|(shown, _)| shown.presented);
        Ok(match presented {
            Some(Presented::Mandate { representative_name, .. }) => representative_name,
            _ => None,
        })
    }

    async fn may_act_for<M>(&self, tx: &mut Tx<M>, held: &[FoundMandate]) -> Result<Vec<MayActFor>, Error> {
        let mut by_grantor: BTreeMap<PersonId, MayActFor> = BTreeMap::new();
        for found in held.iter().filter(|m| m.standing == MandateStanding::Active && m.mandate.case.is_none())
        {
            let grantor = found.mandate.grantor;
            let name = self.name_of(tx, grantor).await?;
            let until = found.mandate.valid.to;
            let entry = by_grantor.entry(grantor).or_insert(MayActFor {
                person: grantor,
                name,
                privileges: Vec::new(),
                until,
                by_custody: false,
            });
            entry.until = entry.until.min(until);
            for privilege in &found.mandate.privileges {
                if !entry.privileges.contains(privilege) {
                    entry.privileges.push(privilege.clone());
                }
            }
        }
        Ok(by_grantor.into_values().collect())
    }

    /// The minors of whom somebody has custody.
    async fn children_in_custody<M>(
        &self,
        tx: &mut Tx<M>,
        holder: PersonId,
        now: Instant,
    ) -> Result<Vec<MayActFor>, Error> {
        let mut children = Vec::new();
        for child in tx.children_of(holder).await? {
            let family = self.family(tx, child).await?;
            let alive = self.known_person(tx, child).await?.must_live().is_ok();
            let Some(born) = family.born.filter(|_| alive && family.is_minor(now.local_date())) else {
                continue;
            };
            children.push(MayActFor {
                person: child,
                name: self.name_of(tx, child).await?,
                privileges: custody_powers(),
                until: born.birthday(OF_AGE).start(),
                by_custody: true,
            });
        }
        Ok(children)
    }

    /// Who looked at the caller's data, when, and why; the newest first.
    pub async fn access_log(
        &self,
        call: &Call,
        below: Option<AccessId>,
        limit: u32,
    ) -> Result<Page<AccessRecord, AccessId>, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), ..Subject::default() };
        let decision: Result<(), Refusal> = self.may(&mut tx, call, Act::SeeAccessLog, &subject, now).await?;
        if let Err(refusal) = decision {
            drop(tx);
            return Err(self.refused(call, person, Act::SeeAccessLog, refusal, now).await);
        }
        let records = tx.access_log(person, now, below, limit + 1).await?;
        Ok(Page::cut(records, limit, |record| record.id))
    }
}
