//! Answering for a child, alone or together with others.

use crate::{
    Call, Done, Error, Service,
    consent::{
        answer::{Answer, must_answer_all},
        view::TypedConsent,
    },
    guard::is_own,
};
use tillid_domain::{
    Instant, Period, Reason,
    access::{Act, GIVE_CONSENTS},
    actor::Who,
    catalogue::{CatalogueEntry, ConsentType},
    collected::Collected,
    consent::{Consent, ConsentState},
    event::{ConsentAnswer, Event, Fact, Kind},
    family::{Deciders, Family, who_answers},
    id::{ConsentId, DeclarationId, PersonId, PresentationId},
    joint::{ChildVoice, ForChild, Said, valid_for_child},
    presentation::Presented,
    request::ConsentRequest,
    terms::Terms,
    text::Code,
};
use tillid_storage::{Tx, Write};

/// As whom the caller answers.
pub(crate) enum Speaker {
    /// As the person, or on their behalf by mandate.
    Person,
    /// As one of those who answer for a child.
    Voice(Voice),
}

/// One of those who answer for a child, and who the others are.
pub(crate) struct Voice {
    by: PersonId,
    deciders: Deciders,
    family: Family,
}

/// What one specific consent of a child came to.
struct Came<'a> {
    item: &'a Code,
    given: bool,
    declaration: DeclarationId,
    presentation: PresentationId,
    for_child: ForChild,
    valid: Period,
}

impl Service {
    /// As whom the caller answers for the person, or why they do not.
    pub(crate) async fn speaker<M>(
        &self,
        tx: &mut Tx<M>,
        call: &Call,
        of: &ConsentType,
        person: PersonId,
        now: Instant,
    ) -> Result<Speaker, Error> {
        let Who::Citizen { person: by, .. } = call.actor.who else {
            return Err(Error::Denied(Reason::CitizensOnly));
        };
        let own = is_own(&call.actor);
        let family = self.family(tx, person).await?;
        match who_answers(of, &family, now.local_date()) {
            Ok(Deciders::Alone) if own => Ok(Speaker::Person),
            Ok(Deciders::Alone) => {
                let mandated = tx.privileges(person, by, now).await?;
                let mandated = mandated.iter().any(|privilege| privilege.as_str() == GIVE_CONSENTS);
                if mandated { Ok(Speaker::Person) } else { Err(Error::Rule(Reason::OthersDecide)) }
            }
            Ok(deciders) if deciders.voices().contains(&by) => {
                Ok(Speaker::Voice(Voice { by, deciders, family }))
            }
            Err(reason) if !own => Err(Error::Rule(reason)),
            _ => Err(Error::Rule(if own { Reason::TooYoung } else { Reason::OthersDecide })),
        }
    }

    /// Records one voice in answer to a request, and what is decided by it.
    pub(crate) async fn answer_together(
        &self,
        mut tx: Tx<Write>,
        call: &Call,
        request: ConsentRequest,
        entry: &CatalogueEntry,
        voice: &Voice,
        presentation: PresentationId,
        answers: &[Answer],
        now: Instant,
    ) -> Result<Done<Vec<TypedConsent>>, Error> {
        let Voice { by, deciders, family } = voice;
        let (person, items) = (request.person, request.open_items());
        let presented = Presented::Consent {
            entry: request.entry.clone(),
            items: items.clone(),
            request: Some(request.id),
            case: request.case.clone(),
            terms: request.terms.clone(),
        };
        let used = request.voices.iter().any(|voice| voice.presentation == presentation);
        let declaration = DeclarationId::from_uuid(self.ambient.id());
        let said = answers.iter().map(|a| Said { item: a.item.clone(), given: a.given }).collect();
        // The state of the request comes before the text, as for whoever answers alone.
        let (voiced, fact) = request.voice(*by, declaration, presentation, said, deciders, now)?;
        self.must_have_seen(&mut tx, person, presentation, &presented, now).await?;
        self.must_be_shown_to(&mut tx, call, presentation).await?;
        if used {
            return Err(Error::Rule(Reason::PresentationUsed));
        }
        must_answer_all(&items, answers)?;
        let mut events = vec![self.event(call, now, &voiced, fact)];
        let mut consents = Vec::new();
        for item in answers.iter().filter(|answer| !answer.given).map(|answer| &answer.item) {
            let came = Came {
                item,
                given: false,
                declaration,
                presentation,
                for_child: ForChild {
                    voices: vec![ChildVoice { person: *by, presentation }],
                    until_age: false,
                },
                valid: valid_for_child(
                    entry.consent_type().ok_or(Error::NotFound)?,
                    &voiced.terms,
                    family,
                    now,
                )
                .0,
            };
            let (typed, event) = self.came_to(call, &voiced, entry, came, now)?;
            consents.push(typed);
            events.push(event);
        }
        let (given, decided) = self.decided_together(call, voiced, entry, family, deciders, now)?;
        consents.extend(given);
        events.extend(decided);
        self.finish(tx, call, Act::AnswerRequest, person, declaration, consents, events, now).await
    }

    /// What is decided by what has been said to a request, now that these answer for the child: nothing while somebody is awaited.
    pub(crate) fn decided_together(
        &self,
        call: &Call,
        request: ConsentRequest,
        entry: &CatalogueEntry,
        family: &Family,
        deciders: &Deciders,
        now: Instant,
    ) -> Result<(Vec<TypedConsent>, Vec<Event>), Error> {
        let Some(items) = request.decided(deciders) else { return Ok((Vec::new(), Vec::new())) };
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let (valid, until_age) = valid_for_child(of, &request.terms, family, now);
        let voices = request.carried_by(deciders);
        let (answered, fact) = request.conclude(now)?;
        let Fact::RequestAnswered { declaration, presentation } = fact else {
            return Err(Error::NotFound);
        };
        let (mut consents, mut events) = (Vec::new(), vec![self.event(call, now, &answered, fact)]);
        for item in &items {
            let for_child = ForChild { voices: voices.clone(), until_age };
            let came = Came { item, given: true, declaration, presentation, for_child, valid };
            let (typed, event) = self.came_to(call, &answered, entry, came, now)?;
            consents.push(typed);
            events.push(event);
        }
        Ok((consents, events))
    }

    fn came_to(
        &self,
        call: &Call,
        request: &ConsentRequest,
        entry: &CatalogueEntry,
        came: Came<'_>,
        now: Instant,
    ) -> Result<(TypedConsent, Event), Error> {
        let of = entry.consent_type().ok_or(Error::NotFound)?;
        let Came { item, given, declaration, presentation, for_child, valid } = came;
        let answer = ConsentAnswer {
            person: request.person,
            declaration,
            request: Some(request.id),
            presentation,
            authority: of.authority,
            entry: entry.version(),
            item: item.clone(),
            polarity: of.polarity,
            case: request.case.clone(),
            collected: Collected::Digital,
            valid,
            for_child: Some(for_child),
            terms: request.terms.clone(),
        };
        let (state, fact) = if given {
            (ConsentState::Given, Fact::ConsentGiven(answer.clone()))
        } else {
            (ConsentState::Declined, Fact::ConsentDeclined(answer.clone()))
        };
        let id = ConsentId::from_uuid(self.ambient.id());
        let consent = Consent { id, revision: 1, answer, answered_at: now, recorded_at: now, state };
        let event = self.event(call, now, &consent, fact);
        Ok((TypedConsent::new(consent, of, now), event))
    }

    /// Each voice is an answer to what was shown to them, not to what was shown to another of those who answer for the child.
    async fn must_be_shown_to(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        presentation: PresentationId,
    ) -> Result<(), Error> {
        let mismatch = || Error::invalid("/presentation_id", Reason::PresentationMismatch);
        let shown =
            tx.newest_event(Kind::Presentation, presentation.as_uuid()).await?.ok_or_else(mismatch)?;
        let shown = tx.event(shown).await?.ok_or_else(mismatch)?;
        if shown.recorded.actor == call.trace() { Ok(()) } else { Err(mismatch()) }
    }
}

impl Voice {
    /// What an unasked consent for the child is, where this voice is enough by itself.
    pub(crate) fn alone(
        &self,
        of: &ConsentType,
        terms: &Terms,
        presentation: PresentationId,
        now: Instant,
    ) -> Result<(ForChild, Period), Reason> {
        let voices = vec![ChildVoice { person: self.by, presentation }];
        if !self.deciders.are_met_by(&[self.by].into(), &std::collections::BTreeSet::new()) {
            return Err(Reason::AnsweredTogether);
        }
        let (valid, until_age) = valid_for_child(of, terms, &self.family, now);
        Ok((ForChild { voices, until_age }, valid))
    }
}
