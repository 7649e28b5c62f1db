//! Erasure: what of a person goes because it need not or must not be kept any longer.

mod erase;
mod preview;

use crate::{Call, Error, Service, person::register::PersonRef};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};
use tillid_domain::{
    Cvr, Instant, LocalDate, Reason,
    access::{Act, Subject, may},
    actor::{ActorTrace, Who},
    erasure::{Belongings, Decision, ErasureGround, Kept, Looked, Plan, Thing, plan},
    event::{Entity, Kind},
    family::{Custody, OF_AGE},
    id::PersonId,
    joint::ForChild,
    mandate::Mandate,
    presentation::{Presentation, Presented},
    text::CaseRef,
};
use tillid_storage::{LookTrace, Tx};
use uuid::Uuid;

/// More than anyone has; an erasure decides about all of it in one transaction.
const ALL: u32 = 100_000;

/// What is to be erased, and why.
#[derive(Clone, Debug)]
pub struct NewErasure {
    /// Whose.
    pub person: PersonRef,
    /// On what ground.
    pub ground: ErasureGround,
    /// In which case it was decided. Stands in the person's log for as long as they stay; a tombstone has none, because a case
    /// leads to whom it is about.
    pub case: Option<CaseRef>,
}

/// How much of each kind goes or went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Erased {
    /// Requests for consent.
    pub requests: usize,
    /// Consents, also those that were declined.
    pub consents: usize,
    /// Powers of attorney.
    pub mandates: usize,
    /// Requests for powers of attorney.
    pub mandate_requests: usize,
    /// What was shown.
    pub presentations: usize,
    /// Documents that were handed over.
    pub documents: usize,
    /// Tasks that consents taken back made.
    pub tasks: usize,
    /// Statements of who has custody.
    pub custody_statements: usize,
    /// Guardianships and lasting powers.
    pub statutory_powers: usize,
    /// Records of looks.
    pub looks: usize,
}

/// What goes and what stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Erasure {
    /// What goes or went.
    pub erased: Erased,
    /// What stays, and why.
    pub kept: Vec<Kept>,
    /// Whether the person goes or went too: nothing of them stays.
    pub person: bool,
}

/// Everything of a person, and what becomes of it.
struct Considered {
    plan: Plan,
    looks: Vec<LookTrace>,
    /// Whom each thing concerns besides the person.
    others: BTreeSet<(Uuid, PersonId)>,
    /// Every id under which something of the person is, their own first.
    own: Vec<PersonId>,
}

impl Considered {
    fn erasure(&self) -> Erasure {
        let count = |kind| self.plan.erased.iter().filter(|(k, _)| *k == kind).count();
        let erased = Erased {
            requests: count(Kind::ConsentRequest),
            consents: count(Kind::Consent),
            mandates: count(Kind::Mandate),
            mandate_requests: count(Kind::MandateRequest),
            presentations: count(Kind::Presentation),
            documents: count(Kind::Document),
            tasks: count(Kind::Task),
            custody_statements: count(Kind::Custody),
            statutory_powers: count(Kind::StatutoryPower),
            looks: if self.plan.person { self.looks.len() } else { 0 },
        };
        Erasure { erased, kept: self.plan.kept.clone(), person: self.plan.person }
    }
}

/// The authority on whose behalf the actor erases; whoever may erase nobody's data is told so before anybody is looked for.
fn may_erase(call: &Call, new: &NewErasure) -> Result<Cvr, Error> {
    may(&call.actor, Act::Erase, &Subject::default())?;
    let Who::Employee(employee) = &call.actor.who else { return Err(Error::NotFound) };
    if new.ground.needs_case() && new.case.is_none() {
        return Err(Error::invalid("/case", Reason::CaseMissing));
    }
    Ok(employee.authority)
}

impl Service {
    /// The person that is meant: who goes on, with everything of those who are one with them. Nobody is made known by the wish to erase them.
    async fn meant<M>(&self, tx: &mut Tx<M>, new: &NewErasure) -> Result<PersonId, Error> {
        let found = match &new.person {
            PersonRef::Id(id) => {
                tx.person(*id).await?.filter(|p| p.party.is_citizen()).map(|person| person.goes_on_as())
            }
            PersonRef::Number(number) => tx.person_by_number(number).await?,
            PersonRef::Organisation(_) | PersonRef::Employee(_) => None,
        };
        found.ok_or_else(|| Error::invalid("/person", Reason::NobodyKnown))
    }

    async fn consider<M>(
        &self,
        tx: &mut Tx<M>,
        person: PersonId,
        authority: Cvr,
        ground: ErasureGround,
        now: Instant,
    ) -> Result<Considered, Error> {
        let (mut things, mut others) = (Vec::new(), BTreeSet::new());
        let own = tx.all_who_are(person).await?;
        let is_other = |party: &PersonId| !own.contains(party);
        let consents = tx.consents_of(person, None, None, ALL).await?;
        things.extend(consents.iter().map(|consent| Thing::of_consent(consent, now)));
        let requests = tx.requests_to(person, None, None, ALL).await?;
        things.extend(requests.iter().map(|request| Thing::of_request(request, now)));
        for mandate in self.mandates_around(tx, person).await? {
            let parties = mandate.parties().filter(is_other);
            others.extend(parties.map(|other| (mandate.id(), other)));
            things.push(Thing::of_mandate(&mandate, now));
        }
        for request in tx.mandate_requests_of(person, None, ALL).await? {
            let parties = [request.grantor, request.representative];
            others.extend(parties.into_iter().filter(is_other).map(|other| (request.id(), other)));
            things.push(Thing::of_mandate_request(&request, now));
        }
        let (mut shown, mut custodies, mut powers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut looks, mut named) = (BTreeMap::new(), false);
        for one in &own {
            shown.extend(tx.presentations_about(*one).await?.into_iter().map(|shown| (shown.id(), shown)));
            things.extend(tx.documents_about(*one).await?.iter().map(Thing::of_document));
            things.extend(tx.tasks_about(*one).await?.iter().map(Thing::of_task));
            custodies
                .extend(tx.custodies_about(*one).await?.into_iter().map(|custody| (custody.id(), custody)));
            powers.extend(tx.statutory_about(*one).await?.into_iter().map(|power| (power.id(), power)));
            looks.extend(tx.looks_about(*one).await?.into_iter().map(|look| (look.id, look)));
        }
        for shown in shown.into_values() {
            if is_other(&shown.person) {
                others.insert((shown.id(), shown.person));
            }
            let authority = self.shown_for(tx, &shown).await?;
            things.push(Thing::of_presentation(&shown, authority, now));
        }
        for custody in custodies.into_values() {
            let (child, over) = (custody.child, self.custody_over(tx, &custody).await?);
            let parties = custody.subjects().into_iter().filter(is_other);
            others.extend(parties.map(|other| (custody.id(), other)));
            things.push(Thing::of_custody(&custody, over, now));
            for one in own.iter().filter(|_| is_other(&child)) {
                named = named || self.answers_for(tx, child, *one).await?;
            }
        }
        for power in powers.into_values() {
            let represented = self.known_person(tx, power.person).await?;
            let died = represented.life.died_on().map(LocalDate::start);
            // Who would hold a lasting power that is dormant is named in it too.
            let attorneys = power.dormant.iter().flat_map(|dormant| dormant.attorneys.iter().copied());
            let parties = power.subjects().into_iter().chain(attorneys).filter(is_other);
            others.extend(parties.map(|other| (power.id(), other)));
            things.push(Thing::of_statutory(&power, died, now));
        }
        let looks: Vec<LookTrace> = looks.into_values().collect();
        let elsewhere: BTreeSet<PersonId> = looks.iter().map(|l| l.person).filter(is_other).collect();
        for one in &own {
            named = named || tx.acted_for(*one, &elsewhere).await?;
        }
        let belongings = Belongings {
            things,
            acted_for_others: named,
            looks: looks.iter().map(|look| looked(look, &own)).collect(),
        };
        let plan = plan(person.as_uuid(), &belongings, &Decision { authority, ground, now });
        Ok(Considered { plan, looks, others, own })
    }

    /// The mandates of a person with those that others gave or hold together with them: they rest on the same, and ended together. The newest
    /// first, so that what was passed on goes before what it rests on.
    async fn mandates_around<M>(&self, tx: &mut Tx<M>, person: PersonId) -> Result<Vec<Mandate>, Error> {
        let mut all = BTreeMap::new();
        for mandate in tx.mandates_of(person, None, ALL).await? {
            if mandate.joint.is_some() {
                let around = self.around(tx, &mandate).await?;
                all.extend(around.others.into_iter().map(|other| (Reverse(other.id), other)));
            }
            all.insert(Reverse(mandate.id), mandate);
        }
        Ok(all.into_values().collect())
    }

    /// From when on a statement of custody says nothing any more: the child is of age or has died, or another took its place.
    async fn custody_over<M>(&self, tx: &mut Tx<M>, custody: &Custody) -> Result<Option<Instant>, Error> {
        let child = self.known_person(tx, custody.child).await?;
        let of_age = child.born.map(|born| born.birthday(OF_AGE).start());
        let died = child.life.died_on().map(LocalDate::start);
        let newest = tx.custody_of(custody.child).await?.filter(|newest| newest.id != custody.id);
        Ok([of_age, died, newest.map(|newest| newest.known_at)].into_iter().flatten().min())
    }

    /// Whether what a child's requests, consents and mandates say names that person as one whose answer counted or was not needed.
    async fn answers_for<M>(&self, tx: &mut Tx<M>, child: PersonId, person: PersonId) -> Result<bool, Error> {
        let requests = tx.requests_to(child, None, None, ALL).await?;
        let asked = requests.iter().any(|request| {
            request.excepted().contains(&person) || request.voices.iter().any(|voice| voice.by == person)
        });
        let consents = tx.consents_of(child, None, None, ALL).await?;
        let gave = |by: &ForChild| by.persons().contains(&person);
        let consented = consents.iter().any(|consent| consent.answer.for_child.as_ref().is_some_and(gave));
        let mandates = tx.mandates_of(child, None, ALL).await?;
        Ok(asked || consented || mandates.iter().any(|mandate| mandate.has_signed(person)))
    }

    /// Whose evidence it is that something was shown.
    async fn shown_for<M>(&self, tx: &mut Tx<M>, shown: &Presentation) -> Result<Option<Cvr>, Error> {
        match &shown.presented {
            Presented::Consent { entry, .. } => {
                Ok(Some(self.known_entry(tx, entry.entry).await?.definition.authority()))
            }
            Presented::Mandate { .. } => Ok(None),
        }
    }
}

fn looked(look: &LookTrace, own: &[PersonId]) -> Looked {
    let authority = match &look.actor {
        ActorTrace::Employee { authority, .. } | ActorTrace::System { authority, .. } => Some(*authority),
        _ => None,
    };
    Looked {
        at: look.at,
        authority,
        to_erase: look.act == Act::Erase.code(),
        in_anothers_log: !own.contains(&look.person),
    }
}
