//! Somebody asks a person for a power of attorney: whoever would act themselves, or an authority's staff or system.

use crate::{
    Call, Done, Error, Service,
    consent::ask::last_day,
    guard::{at_work, is_staff, principal},
    mandate::{
        child::must_not_be_for_children,
        give::{chosen_privileges, packages_of, within_maximum},
    },
    person::register::PersonRef,
};
use tillid_domain::{
    Instant, LocalDate, Reason,
    access::{Act, Outcome, Subject},
    actor::Who,
    catalogue::{CatalogueEntry, MandatePackage},
    event::{EndCause, Fact},
    id::{MandateRequestId, PersonId},
    mandate_request::{MandateRequest, MandateRequestStanding, MandateRequestState},
    text::{CaseRef, Code, Name, PrivilegeUri},
};
use tillid_storage::{Looks, Tx};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewMandateRequest {
    /// Who is asked to give it.
    pub grantor: PersonRef,
    /// What the caller calls them. It is shown to nobody else, and not held against what a register says: that would tell whose number
    /// it is.
    pub grantor_name: Option<Name>,
    /// Who would act; a citizen asks for themselves alone, and need not say so.
    pub representative: Option<PersonRef>,
    /// Which packages, in the versions that are in use.
    pub packages: Vec<Code>,
    /// Which of their privileges; all when empty.
    pub privileges: Vec<PrivilegeUri>,
    /// For one case only.
    pub case: Option<CaseRef>,
    /// The last day on which the mandate could be used; what the packages propose when not given.
    pub valid_until: Option<LocalDate>,
    /// The last day on which it can be answered; thirty days when not given, and never after the last day of the mandate.
    pub deadline: Option<LocalDate>,
}

/// As who somebody sees a request for a mandate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestReader {
    /// Who is asked.
    Grantor,
    /// Who would act.
    Representative,
    /// The authority that has just asked.
    Asker,
    /// An authority under a look-up.
    Looker,
}

/// A request for a mandate, as far as whoever sees it may know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenMandateRequest {
    /// The request.
    pub request: MandateRequest,
    /// Where it stands at the moment of the answer.
    pub standing: MandateRequestStanding,
    /// As who it is seen.
    pub reader: RequestReader,
    /// What a register calls the representative, for the grantor: nobody answers without knowing whom.
    pub representative_name: Option<Name>,
}

impl SeenMandateRequest {
    pub(crate) fn new(
        request: MandateRequest,
        reader: RequestReader,
        representative_name: Option<Name>,
        now: Instant,
    ) -> Self {
        let request = match reader {
            RequestReader::Grantor | RequestReader::Looker => request,
            RequestReader::Representative | RequestReader::Asker => request.as_asked(),
        };
        Self { standing: request.standing(now), request, reader, representative_name }
    }

    /// Who is asked. Whoever asked by a number alone is not told before the mandate is given: an id tells since when somebody has
    /// been known.
    pub fn grantor(&self) -> Option<PersonId> {
        let known = match self.reader {
            RequestReader::Grantor | RequestReader::Looker => true,
            RequestReader::Representative => self.standing == MandateRequestStanding::Approved,
            RequestReader::Asker => false,
        };
        known.then_some(self.request.grantor)
    }

    /// Who would act; not told to an authority that has just asked by a number.
    pub fn representative(&self) -> Option<PersonId> {
        (self.reader != RequestReader::Asker).then_some(self.request.representative)
    }

    /// What whoever asked calls the grantor, for the representative.
    pub fn grantor_name(&self) -> Option<&Name> {
        self.request.grantor_name.as_ref().filter(|_| self.reader == RequestReader::Representative)
    }
}

/// What the right to see or answer a request for a mandate depends on.
pub(crate) fn request_subject(request: &MandateRequest) -> Subject<'static> {
    Subject {
        person: Some(request.grantor),
        representative: Some(request.representative),
        ..Subject::default()
    }
}

/// What is asked for, once everything has been found that does not depend on the persons.
struct Wanted {
    entries: Vec<CatalogueEntry>,
    privileges: Vec<PrivilegeUri>,
    valid_until: LocalDate,
    deadline: Instant,
}

impl Service {
    /// Asks a person for a power of attorney. They see the request at once; nothing follows from it until they approve it. The answer
    /// is the same whether the number is anybody's who is known, and tells nothing of them.
    pub async fn ask_for_mandate(
        &self,
        call: &Call,
        new: &NewMandateRequest,
    ) -> Result<Done<SeenMandateRequest>, Error> {
        let mut outcome = self.ask_grantor(call, new).await;
        let mut concerned: Vec<PersonId> = principal(&call.actor).into_iter().collect();
        if is_staff(&call.actor) {
            // Whoever is not known yet has no log, and a question that is refused makes nobody known.
            for person in [Some(&new.grantor), new.representative.as_ref()].into_iter().flatten() {
                concerned.extend(self.find(person).await?);
            }
        }
        for person in concerned {
            outcome = self.accounted(call, Some(person), Act::AskForMandate, outcome).await;
        }
        outcome
    }

    async fn ask_grantor(
        &self,
        call: &Call,
        new: &NewMandateRequest,
    ) -> Result<Done<SeenMandateRequest>, Error> {
        self.must_represent(call, Act::AskForMandate).await?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let myself = match call.actor.who {
            Who::Citizen { person, .. } => Some(person),
            _ => None,
        };
        let entries = self.packages_in_use(&mut tx, &new.packages, "").await?;
        must_not_be_for_children(&entries)
            .map_err(|(at, reason)| Error::invalid(&format!("/{at}"), reason))?;
        // What is known without the persons comes first: nobody is made known by a question that is not allowed.
        self.may_ask(&mut tx, call, &entries, None, myself, now).await?;
        drop(tx);
        let wanted = wanted(entries, new, now)?;
        let representative = self.who_would_act(call, myself, new.representative.as_ref()).await?;
        let mut tx = self.store.read().await?;
        self.must_be_for(&mut tx, representative, &wanted.entries, "").await?;
        drop(tx);
        let Some(grantor) = self.resolve(call, &new.grantor).await? else {
            return Err(Error::invalid("/grantor", Reason::PersonUnknown));
        };
        // nobody gives a mandate to themselves.
        if grantor == representative {
            return Err(Error::invalid("/grantor", Reason::SelfMandate));
        }
        self.ask_them(call, new, wanted, grantor, representative).await
    }

    /// Each package must be one that the caller may ask for.
    async fn may_ask<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        entries: &[CatalogueEntry],
        grantor: Option<PersonId>,
        representative: Option<PersonId>,
        now: Instant,
    ) -> Result<(), Error> {
        for package in packages_of(entries) {
            let subject = Subject { person: grantor, representative, ..package_subject(package) };
            self.may(tx, call, Act::AskForMandate, &subject, now).await??;
        }
        Ok(())
    }

    /// A citizen asks for themselves; staff and systems say for whom. Nobody is made known by a citizen who names somebody else.
    async fn who_would_act(
        &self,
        call: &Call,
        myself: Option<PersonId>,
        named: Option<&PersonRef>,
    ) -> Result<PersonId, Error> {
        let unknown = || Error::invalid("/representative", Reason::PersonUnknown);
        match (myself, named) {
            (Some(me), None) => Ok(me),
            (Some(me), Some(named)) if self.find_party(named).await? == Some(me) => Ok(me),
            (Some(_), Some(_)) => Err(Error::Denied(Reason::OnlyInPerson)),
            (None, Some(named)) => self.resolve_party(call, named).await?.ok_or_else(unknown),
            (None, None) => Err(unknown()),
        }
    }

    async fn ask_them(
        &self,
        call: &Call,
        new: &NewMandateRequest,
        wanted: Wanted,
        grantor: PersonId,
        representative: PersonId,
    ) -> Result<Done<SeenMandateRequest>, Error> {
        let reader = if is_staff(&call.actor) { RequestReader::Asker } else { RequestReader::Representative };
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let now = self.now(&mut tx).await?;
            let found = tx.mandate_request(MandateRequestId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            let value = SeenMandateRequest::new(found, reader, None, now);
            return Ok(Done { value, replayed: true });
        }
        let mut concerned = vec![grantor, representative];
        concerned.extend(at_work(call));
        tx.lock(&concerned).await?;
        let now = self.now(&mut tx).await?;
        self.may_ask(&mut tx, call, &wanted.entries, Some(grantor), Some(representative), now).await?;
        self.known_person(&mut tx, representative).await?.must_live()?;
        self.must_be_for(&mut tx, representative, &wanted.entries, "").await?;
        // Nobody is bothered without end by somebody who wants to act for them, and nobody finds out who answers by asking everybody.
        let is_own = !is_staff(&call.actor);
        if is_own && tx.open_mandate_requests_by(representative, now).await? >= MandateRequest::MOST_OPEN {
            return Err(Reason::TooManyOpenRequests.into());
        }
        let request = self.request_for(call, new, wanted, grantor, representative, now);
        let fact = Fact::MandateRequested {
            grantor,
            representative,
            grantor_name: request.grantor_name.clone(),
            authority: request.authority,
            packages: request.packages.clone(),
            privileges: request.privileges.clone(),
            case: request.case.clone(),
            valid_until: request.valid_until,
            deadline: request.deadline,
        };
        let mut events = vec![self.event(call, now, &request, fact)];
        // Nobody waits for an answer of the dead; but that somebody is dead is told to nobody for asking.
        let asked = request.clone();
        if self.known_person(&mut tx, grantor).await?.must_live().is_err() {
            let (lapsed, fact) = request.lapse(EndCause::Death, now, now)?;
            events.push(self.event(call, now, &lapsed, fact));
        }
        self.settle(&mut tx, call, 201, asked.id.as_uuid(), 1).await?;
        let looks = self.asking_looks(call, &asked, now);
        tx.commit(events, looks).await?;
        Ok(Done { value: SeenMandateRequest::new(asked, reader, None, now), replayed: false })
    }

    fn request_for(
        &self,
        call: &Call,
        new: &NewMandateRequest,
        wanted: Wanted,
        grantor: PersonId,
        representative: PersonId,
        now: Instant,
    ) -> MandateRequest {
        MandateRequest {
            id: MandateRequestId::from_uuid(self.ambient.id()),
            revision: 1,
            grantor,
            representative,
            grantor_name: new.grantor_name.clone(),
            authority: crate::consent::confined_to(&call.actor),
            asked_by: call.actor.trace(),
            asked_at: now,
            packages: wanted.entries.iter().map(CatalogueEntry::version).collect(),
            privileges: wanted.privileges,
            case: new.case.clone(),
            valid_until: wanted.valid_until,
            deadline: wanted.deadline,
            state: MandateRequestState::Open,
        }
    }

    /// That an authority asked stands in the logs of both sides.
    fn asking_looks(&self, call: &Call, asked: &MandateRequest, now: Instant) -> Option<Looks> {
        if !is_staff(&call.actor) {
            return None;
        }
        let records = [asked.grantor, asked.representative].map(|person| {
            let mut record = self.look(call, person, Act::AskForMandate, Outcome::Found, now);
            record.target = Some(asked.id.as_uuid());
            record.case.clone_from(&asked.case);
            record
        });
        Some(self.looks(records.into(), now))
    }
}

fn package_subject(package: &MandatePackage) -> Subject<'_> {
    Subject {
        authority: Some(package.authority),
        sensitivity: Some(package.sensitivity),
        ..Subject::default()
    }
}

fn wanted(entries: Vec<CatalogueEntry>, new: &NewMandateRequest, now: Instant) -> Result<Wanted, Error> {
    let privileges = chosen_privileges(&entries, &new.privileges, "")?;
    let today = now.local_date();
    let proposed = packages_of(&entries).map(|package| today.plus(package.duration.default)).min();
    let valid_until = new.valid_until.or(proposed).unwrap_or(today);
    within_maximum(&entries, valid_until, now, "")?;
    let deadline = last_day(new.deadline, now)?.min(valid_until).next().start();
    Ok(Wanted { entries, privileges, valid_until, deadline })
}
