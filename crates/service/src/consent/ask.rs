//! An authority asks a person for a consent.

use crate::{
    Call, Done, Error, Service, consent::view::type_subject, guard::is_staff, person::register::PersonRef,
};
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate, Reason,
    access::{Act, Outcome, Subject},
    catalogue::{CaseBinding, CatalogueEntry, ConsentType, Shelf},
    event::Fact,
    id::{PersonId, RequestId},
    request::{ConsentRequest, RequestState},
    terms::{Proposal, Terms},
    text::{CaseRef, Code},
};

/// What an authority asks for.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Whom.
    pub person: PersonRef,
    /// For which type, in the version that is in use.
    pub consent_type: Code,
    /// For which specific consents of it; all when empty.
    pub items: Vec<Code>,
    /// For which case.
    pub case: Option<CaseRef>,
    /// The last day on which it can be answered; thirty days when not given.
    pub deadline: Option<LocalDate>,
    /// Within what.
    pub proposal: Proposal,
}

const USUAL_DEADLINE: CalendarPeriod = CalendarPeriod::days(30);
const LATEST_DEADLINE: CalendarPeriod = CalendarPeriod::months(6);

/// The specific consents that are meant, in the order of the type: those named, or all.
pub(crate) fn chosen_items(of: &ConsentType, named: &[Code]) -> Result<Vec<Code>, Error> {
    if let Some(at) = named.iter().position(|code| of.item(code).is_none()) {
        return Err(Error::invalid(&format!("/items/{at}"), Reason::ItemUnknown));
    }
    let wanted = |code: &Code| named.is_empty() || named.contains(code);
    Ok(of.items.iter().map(|item| item.code.clone()).filter(wanted).collect())
}

/// the terms, within what the type allows.
pub(crate) fn within(
    proposal: &Proposal,
    of: &ConsentType,
    items: &[Code],
    now: Instant,
) -> Result<Terms, Error> {
    proposal.within(of, items, now).map_err(|(at, reason)| Error::invalid(&at, reason))
}

/// what belongs to a case names it.
pub(crate) fn must_name_case(of: &ConsentType, case: Option<&CaseRef>) -> Result<(), Error> {
    if of.case_binding == CaseBinding::Required && case.is_none() {
        return Err(Error::invalid("/case", Reason::CaseMissing));
    }
    Ok(())
}

impl Service {
    /// Asks a person for a consent on behalf of the caller's authority. The person sees the request at once; nothing follows
    /// from it until they answer.
    pub async fn ask_for_consent(
        &self,
        call: &Call,
        new: &NewRequest,
    ) -> Result<Done<ConsentRequest>, Error> {
        let outcome = self.ask_somebody(call, new).await;
        // Whoever is not known yet has no log, and a question that is refused makes nobody known.
        let person = if is_staff(&call.actor) { self.find(&new.person).await? } else { None };
        self.accounted(call, person, Act::AskForConsent, outcome).await
    }

    async fn ask_somebody(&self, call: &Call, new: &NewRequest) -> Result<Done<ConsentRequest>, Error> {
        let mut tx = self.store.read().await?;
        let entry = self.in_use(&mut tx, Shelf::ConsentType, &new.consent_type).await?;
        let now = self.now(&mut tx).await?;
        let entry = entry.ok_or_else(|| Error::invalid("/consent_type", Reason::EntryNotPublished))?;
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        // What is known without the person comes first: nobody is made known by a question that is not allowed.
        let decision = self.may(&mut tx, call, Act::AskForConsent, &type_subject(of), now).await?;
        drop(tx);
        decision?;
        must_name_case(of, new.case.as_ref())?;
        let items = chosen_items(of, &new.items)?;
        let terms = within(&new.proposal, of, &items, now)?;
        let deadline = last_day_within(&terms, new.deadline, now)?.next().start();
        let Some(person) = self.resolve(call, &new.person).await? else {
            return Err(Error::invalid("/person", Reason::PersonUnknown));
        };
        self.ask(call, new, &entry, person, items, terms, deadline).await
    }

    async fn ask(
        &self,
        call: &Call,
        new: &NewRequest,
        entry: &CatalogueEntry,
        person: PersonId,
        items: Vec<Code>,
        terms: Terms,
        deadline: Instant,
    ) -> Result<Done<ConsentRequest>, Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let mut tx = self.store.write().await?;
        if let Some(id) = self.claim(&mut tx, call).await? {
            let value = tx.request(RequestId::from_uuid(id)).await?.ok_or(Error::NotFound)?;
            return Ok(Done { value, replayed: true });
        }
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), ..type_subject(of) };
        self.may(&mut tx, call, Act::AskForConsent, &subject, now).await??;
        self.known_person(&mut tx, person).await?.must_live()?;
        let request = ConsentRequest {
            id: RequestId::from_uuid(self.ambient.id()),
            revision: 1,
            person,
            authority: of.authority,
            asked_by: call.actor.trace(),
            asked_at: now,
            entry: entry.version(),
            items,
            case: new.case.clone(),
            terms,
            deadline,
            state: RequestState::Open,
            voices: Vec::new(),
            exceptions: Vec::new(),
        };
        let fact = Fact::ConsentRequested {
            person,
            authority: request.authority,
            entry: request.entry.clone(),
            items: request.items.clone(),
            case: request.case.clone(),
            deadline,
            terms: request.terms.clone(),
        };
        let event = self.event(call, now, &request, fact);
        let mut record = self.look(call, person, Act::AskForConsent, Outcome::Found, now);
        record.target = Some(request.id.as_uuid());
        record.case.clone_from(&request.case);
        self.settle(&mut tx, call, 201, request.id.as_uuid(), 1).await?;
        let looks = self.looks(vec![record], now);
        tx.commit(vec![event], Some(looks)).await?;
        Ok(Done { value: request, replayed: false })
    }
}

/// The last day on which a request can be answered: the one that is asked for, if it is not past and not too late.
pub(crate) fn last_day(asked: Option<LocalDate>, now: Instant) -> Result<LocalDate, Error> {
    let today = now.local_date();
    let day = asked.unwrap_or_else(|| today.plus(USUAL_DEADLINE));
    if day < today {
        return Err(Error::invalid("/deadline", Reason::EndDatePast));
    }
    if day > today.plus(LATEST_DEADLINE) {
        return Err(Error::invalid("/deadline", Reason::EndDateTooLate));
    }
    Ok(day)
}

/// The same of a request within these terms: when what is asked for is over, there is nothing left to answer.
pub(crate) fn last_day_within(
    terms: &Terms,
    asked: Option<LocalDate>,
    now: Instant,
) -> Result<LocalDate, Error> {
    let day = last_day(asked, now)?;
    match terms.last_day() {
        Some(over) if day > over && asked.is_some() => {
            Err(Error::invalid("/deadline", Reason::DeadlineAfterEnd))
        }
        Some(over) => Ok(day.min(over)),
        None => Ok(day),
    }
}
