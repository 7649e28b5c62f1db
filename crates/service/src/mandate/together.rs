//! Several give or hold a power of attorney together (M6): who they are, what each of them signs, and what those who hold it agree on.

use crate::{
    Call, Done, Error, FoundMandate, Service,
    guard::principal,
    mandate::{
        give::{Planned, SHOWN, must_be_sure, packages_of},
        hold::Held,
        life::mandate_subject,
    },
    person::register::PersonRef,
};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, Reason,
    access::Act,
    actor::Who,
    id::{JointId, MandateId, PersonId, PresentationId},
    mandate::{
        Awaited, Bond, Companion, Company, Joint, Mandate, MandateState, Under, must_be_a_quorum, usable_from,
    },
    presentation::{Presentation, Presented},
    text::Name,
};
use tillid_storage::{Tx, Write};

/// With whom else something is to be given or held.
#[derive(Clone, Debug)]
pub struct Together {
    /// Whether the others give it too; otherwise they are to hold it too.
    pub give: bool,
    /// How many of all of them it takes.
    pub quorum: u8,
    /// The others.
    pub others: Vec<Other>,
}

/// One of the others.
#[derive(Clone, Debug)]
pub struct Other {
    /// Who.
    pub person: PersonRef,
    /// What they are called; refused when it is not the name of the person with that number.
    pub name: Option<Name>,
}

/// One of those who give or hold something together, as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    /// What whoever named them called them; of whoever began it, what the register says.
    pub name: Option<Name>,
    /// Whether they have signed, or agreed to act; `None` where nothing is to be signed.
    pub said: Option<Said>,
}

/// What one of them has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing yet.
    Nothing,
    /// They have signed.
    Yes,
    /// They object.
    No,
}

impl Service {
    /// Who they are, if those named can give or hold this together.
    pub(super) async fn planned_company(
        &self,
        call: &Call,
        grantor: PersonId,
        planned: &Planned,
        together: &Together,
    ) -> Result<Company, Error> {
        let at = |place: &str| format!("{SHOWN}/together/{place}");
        must_be_a_quorum(together.quorum, together.others.len() + 1)
            .map_err(|reason| Error::invalid(&at("quorum"), reason))?;
        // What only its representative's word makes whole would wait for two things at once.
        if together.give && packages_of(&planned.entries).any(|package| package.acceptance_required) {
            return Err(Error::invalid(&at("give"), Reason::NotTogether));
        }
        let mut named = BTreeSet::from([grantor, planned.representative]);
        let mut others = Vec::with_capacity(together.others.len());
        for (n, other) in together.others.iter().enumerate() {
            let at = at(&format!("others/{n}"));
            let person = self.resolve(call, &other.person).await?;
            let person = person.ok_or_else(|| Error::invalid(&at, Reason::PersonUnknown))?;
            if !named.insert(person) {
                return Err(Error::invalid(&at, Reason::NamedTwice));
            }
            self.must_be_called(person, other.name.as_ref(), &format!("{at}/name")).await?;
            others.push(Companion { person, name: other.name.clone() });
        }
        let bond = if together.give { Bond::Grantors } else { Bond::Holders };
        Ok(Company { bond, quorum: together.quorum, others })
    }

    /// That mandate, and those of the others that are tied to it.
    pub(super) async fn with_company(
        &self,
        tx: &mut Tx<Write>,
        first: Mandate,
        company: &Company,
    ) -> Result<Vec<Mandate>, Error> {
        let gives = company.bond == Bond::Grantors;
        if gives && first.state != MandateState::Given {
            return Err(Error::Rule(Reason::NotTogether));
        }
        let first = tied(first, company.bond, company.quorum);
        let mut all = vec![first.clone()];
        for other in &company.others {
            self.known_person(tx, other.person).await?.must_live()?;
            let id = MandateId::from_uuid(self.ambient.id());
            all.push(if gives {
                Mandate { id, grantor: other.person, state: awaits(Awaited::Signature), ..first.clone() }
            } else {
                Mandate { id, representative: other.person, ..first.clone() }
            });
        }
        Ok(all)
    }

    /// What one of those who hold something together proposes to the others, and what each of them is to sign.
    pub(super) async fn proposed(
        &self,
        tx: &mut Tx<Write>,
        first: Mandate,
        quorum: u8,
        holders: &[Mandate],
        now: Instant,
    ) -> Result<Vec<Mandate>, Error> {
        // What could do great harm has rested since it was given.
        let first = Mandate { state: MandateState::Given, ..first };
        let first =
            Mandate { valid: tillid_domain::event::MandatePeriod { from: now, ..first.valid }, ..first };
        let first = tied(first, Bond::Signers, quorum);
        let mut all = vec![first.clone()];
        for above in holders.iter().filter(|holder| holder.representative != first.representative) {
            above.can_be_passed_on(now)?;
            self.known_person(tx, above.representative).await?.must_live()?;
            let level = first.under.map_or(1, |under| under.level);
            all.push(Mandate {
                id: MandateId::from_uuid(self.ambient.id()),
                representative: above.representative,
                under: Some(Under { mandate: above.id, by: above.representative, level }),
                state: awaits(Awaited::Signature),
                ..first.clone()
            });
        }
        Ok(all)
    }

    /// What signing a mandate would mean, to be shown to whoever is to sign it.
    pub(crate) async fn planned_signature<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        id: MandateId,
        now: Instant,
    ) -> Result<Planned, Error> {
        let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        self.may(tx, call, Act::SignMandate, &mandate_subject(&mandate), now).await??;
        if mandate.for_child.is_some() {
            self.must_wait_for_holder(tx, call, &mandate, now).await?;
            return self.planned_as_given(tx, mandate, None).await;
        }
        let me = principal(&call.actor);
        let Some(joint) = mandate.joint.filter(|_| mandate.signer() == me) else {
            return Err(Error::Rule(Reason::MandateNotAwaiting));
        };
        let mandate = if me == Some(mandate.grantor) { mandate } else { mandate.as_held() };
        mandate.must_stand(now)?;
        if mandate.is_signed() {
            return Err(Error::Rule(Reason::MandateNotAwaiting));
        }
        let members = self.members(tx, &mandate).await?;
        let others = members.into_iter().filter(|member| Some(member.person) != me);
        let others = others.map(|Member { person, name, .. }| Companion { person, name }).collect();
        let company = Company { bond: joint.bond, quorum: joint.quorum, others };
        self.planned_as_given(tx, mandate, Some(company)).await
    }

    /// A mandate that is to be signed, as it was given.
    async fn planned_as_given<M>(
        &self,
        tx: &mut Tx<M>,
        mandate: Mandate,
        together: Option<Company>,
    ) -> Result<Planned, Error> {
        let mut entries = Vec::with_capacity(mandate.packages.len());
        for version in &mandate.packages {
            entries.push(self.known_entry(tx, version.entry).await?);
        }
        Ok(Planned {
            representative: mandate.representative,
            representative_name: self.called(tx, &mandate).await?,
            entries,
            privileges: mandate.privileges,
            case: mandate.case,
            until: mandate.valid.to,
            request: None,
            renews: None,
            under: mandate.under.map(|under| under.mandate),
            together,
            signs: Some(mandate.id),
        })
    }

    /// Signs the mandate that was shown in this presentation. Once enough have, it can be used by those who have.
    pub async fn sign_mandate(
        &self,
        call: &Call,
        id: MandateId,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let outcome = self.sign(call, id, presentation).await;
        self.accounted(call, principal(&call.actor), Act::SignMandate, outcome).await
    }

    async fn sign(
        &self,
        call: &Call,
        id: MandateId,
        presentation: PresentationId,
    ) -> Result<Done<Mandate>, Error> {
        let Who::Citizen { person: me, .. } = call.actor.who else {
            return Err(Error::Denied(Reason::CitizensOnly));
        };
        self.must_represent(call, Act::SignMandate).await?;
        let mut held = self.hold_mandate(call, id).await?;
        let (mandate, now) = (held.mandate.clone(), held.now);
        self.may(&mut held.tx, call, Act::SignMandate, &mandate_subject(&mandate), now).await??;
        if mandate.for_child.is_some() {
            self.must_have_custody(&mut held.tx, call, &mandate, now).await?;
        } else if mandate.signer() != Some(me) {
            return Err(Error::Rule(Reason::MandateNotAwaiting));
        }
        self.must_be_fresh(call, Act::SignMandate)?;
        let is_held = me != mandate.grantor && mandate.for_child.is_none();
        let seen = |mandate: Mandate| if is_held { mandate.as_held() } else { mandate };
        if held.before.is_some() {
            return Ok(Done { value: seen(mandate), replayed: true });
        }
        if mandate.for_child.is_some() {
            call.must_expect(mandate.revision)?;
            return self.agree(call, held, presentation).await;
        }
        seen(mandate.clone()).must_stand(now)?;
        call.must_expect(mandate.revision)?;
        mandate.must_be_carried(held.above())?;
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let (shown, _) = held.tx.presentation(presentation).await?.ok_or_else(mismatch)?;
        must_be_of(&shown, id, me, now)?;
        if held.tx.mandate_rests_on(presentation).await? {
            return Err(Error::Rule(Reason::PresentationUsed));
        }
        let (grantor, representative) = (mandate.grantor, mandate.representative);
        let entries =
            self.must_be_able(&mut held.tx, grantor, representative, &mandate.packages, false, now).await?;
        must_be_sure(call, &entries)?;
        let (next, fact) = mandate.sign(presentation, now)?;
        self.changed(call, held, next, fact).await
    }

    /// When what is complete now can be used: what several give rests first where it could do great harm (P4).
    pub(super) async fn complete_from(&self, held: &mut Held) -> Result<Instant, Error> {
        if !held.mandate.joint.is_some_and(|joint| joint.bond == Bond::Grantors) {
            return Ok(held.now);
        }
        let mut entries = Vec::with_capacity(held.mandate.packages.len());
        for version in &held.mandate.packages {
            entries.push(self.known_entry(&mut held.tx, version.entry).await?);
        }
        Ok(usable_from(packages_of(&entries), held.now))
    }

    /// All who give or hold it together, whoever began it first; nobody, where it is one person's.
    pub(crate) async fn members<M>(&self, tx: &mut Tx<M>, mandate: &Mandate) -> Result<Vec<Member>, Error> {
        let Some(joint) = mandate.joint else { return Ok(Vec::new()) };
        let all = tx.mandates_joined(joint.id).await?;
        let first = all.iter().find(|member| member.id.as_uuid() == joint.id.as_uuid());
        let shown = match first {
            Some(first) => tx.presentation(first.presentation).await?.map(|(shown, _)| shown.presented),
            None => None,
        };
        let (named, representative_name) = match shown {
            Some(Presented::Mandate { together, representative_name, .. }) => {
                (together.map(|company| company.others).unwrap_or_default(), representative_name)
            }
            _ => (Vec::new(), None),
        };
        let mut members = Vec::with_capacity(all.len());
        for member in &all {
            let began = member.id.as_uuid() == joint.id.as_uuid();
            let person = if joint.bond == Bond::Grantors { member.grantor } else { member.representative };
            let name = match (began, joint.bond) {
                (true, Bond::Holders) => representative_name.clone(),
                (true, _) => self.name_of(tx, person).await?,
                (false, _) => named.iter().find(|other| other.person == person).and_then(|o| o.name.clone()),
            };
            members.push((!began, Member { person, name, said: said(member) }));
        }
        members.sort_by_key(|(later, member)| (*later, member.person));
        Ok(members.into_iter().map(|(_, member)| member).collect())
    }

    /// The others of a mandate, as those may know them who see it; nothing of what is over.
    pub(crate) async fn found_with_members<M>(
        &self,
        tx: &mut Tx<M>,
        found: FoundMandate,
    ) -> Result<FoundMandate, Error> {
        if !found.standing.is_alive() {
            return Ok(found);
        }
        let members = self.members(tx, &found.mandate).await?;
        Ok(FoundMandate { members, ..found })
    }
}

const fn awaits(awaited: Awaited) -> MandateState {
    MandateState::Awaiting(awaited)
}

/// The first of several, which whoever gives or proposes it has signed.
fn tied(first: Mandate, bond: Bond, quorum: u8) -> Mandate {
    let joint = Joint { id: JointId::from_uuid(first.id.as_uuid()), bond, quorum };
    let state = if bond == Bond::Holders { first.state } else { awaits(Awaited::Others) };
    Mandate { joint: Some(joint), state, ..first }
}

fn said(member: &Mandate) -> Option<Said> {
    member.signer()?;
    Some(match member.state {
        MandateState::Awaiting(Awaited::Signature) => Said::Nothing,
        MandateState::Awaiting(Awaited::Agreement) => Said::No,
        _ => Said::Yes,
    })
}

/// Refuses what was shown to somebody else, or about something else.
fn must_be_of(shown: &Presentation, id: MandateId, me: PersonId, now: Instant) -> Result<(), Error> {
    let of = matches!(&shown.presented, Presented::Mandate { signs: Some(of), .. } if *of == id);
    if !of {
        return Err(Error::invalid("/presentation_id", Reason::PresentationMismatch));
    }
    shown.must_fit(me, &shown.presented, now).map_err(|reason| Error::invalid("/presentation_id", reason))
}
