//! Answering together for a child: each voice by itself, and what follows when enough have spoken.
//!
//! A no ends its specific consent at once. A yes waits until everybody whose answer is needed has said yes. Whose answer is needed is asked
//! anew each time, of who has custody at that moment; a voice of somebody who has it no longer is on record and carries nothing.

use crate::{
    catalogue::ConsentType,
    consent::{Consent, ConsentState},
    event::{EndCause, Fact},
    family::{Deciders, Family, changes_after},
    id::{DeclarationId, PersonId, PresentationId},
    instant::{Instant, Period},
    reason::Reason,
    request::ConsentRequest,
    terms::Terms,
    text::{CaseRef, Code},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What somebody said to one specific consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Said {
    /// Which.
    pub item: Code,
    /// Yes.
    pub given: bool,
}

/// The answer of one of those who answer together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Voice {
    /// Whose.
    pub by: PersonId,
    /// With which declaration.
    pub declaration: DeclarationId,
    /// To what had been shown to them.
    pub presentation: PresentationId,
    /// What they said.
    pub answers: Vec<Said>,
    /// When.
    pub at: Instant,
}

/// Why the answer of somebody who has custody is not needed. A closed list: the law knows no other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionGround {
    /// They cannot be reached, whatever was tried.
    Impossible,
    /// To ask them would put the child or the other parent in danger.
    Unsafe,
}

/// That the answer of somebody who has custody is not needed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exception {
    /// Whose.
    pub holder: PersonId,
    /// Why.
    pub ground: ExceptionGround,
    /// The case in which it is documented.
    pub case: CaseRef,
    /// Since when.
    pub at: Instant,
}

/// One of those who answered for a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChildVoice {
    /// Who.
    pub person: PersonId,
    /// What had been shown to them.
    pub presentation: PresentationId,
}

/// Who answered, where others than the person did or had to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ForChild {
    /// Who.
    pub voices: Vec<ChildVoice>,
    /// Whether it ends where it ends because somebody else decides from that birthday on.
    pub until_age: bool,
}

impl ForChild {
    /// Those who answered.
    pub fn persons(&self) -> BTreeSet<PersonId> {
        self.voices.iter().map(|voice| voice.person).collect()
    }
}

/// When a consent holds that others give for a child now, and whether it ends by a birthday: never later than the day from which somebody else decides,
/// so that no yes is left over, whether or not anybody records that day.
pub fn valid_for_child(of: &ConsentType, terms: &Terms, family: &Family, now: Instant) -> (Period, bool) {
    let end = terms.ends(of, now);
    let birthday = changes_after(of, family, now.local_date()).map(crate::LocalDate::start);
    match birthday.filter(|birthday| *birthday <= end) {
        Some(birthday) => (Period { from: now, to: Some(birthday) }, true),
        None => (Period { from: now, to: Some(end) }, false),
    }
}

impl ConsentRequest {
    /// The specific consents that nobody has declined, in the order in which they were asked.
    pub fn open_items(&self) -> Vec<Code> {
        let declined = |item: &Code| {
            self.voices.iter().flat_map(|voice| &voice.answers).any(|said| said.item == *item && !said.given)
        };
        self.items.iter().filter(|item| !declined(item)).cloned().collect()
    }

    /// Those whose answers are not needed.
    pub fn excepted(&self) -> BTreeSet<PersonId> {
        self.exceptions.iter().map(|exception| exception.holder).collect()
    }

    /// Whether the request, and what came of it, must not be seen by that person: to ask them was found unsafe.
    pub fn is_hidden_from(&self, person: PersonId) -> bool {
        self.exceptions.iter().any(|e| e.holder == person && e.ground == ExceptionGround::Unsafe)
    }

    /// Those whose answers are still awaited.
    pub fn awaits(&self, deciders: &Deciders) -> BTreeSet<PersonId> {
        let excepted = self.excepted();
        let spoke = |who: &PersonId| self.voices.iter().any(|voice| voice.by == *who);
        deciders.voices().into_iter().filter(|who| !spoke(who) && !excepted.contains(who)).collect()
    }

    /// Takes the answer of one of those whose voices count. Until all is decided, they may answer anew; what they declined stays declined.
    pub fn voice(
        self,
        by: PersonId,
        declaration: DeclarationId,
        presentation: PresentationId,
        answers: Vec<Said>,
        deciders: &Deciders,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        if !deciders.voices().contains(&by) {
            return Err(if by == self.person { Reason::TooYoung } else { Reason::OthersDecide });
        }
        if self.excepted().contains(&by) {
            return Err(Reason::OthersDecide);
        }
        let fact = Fact::RequestVoiced { by, declaration, presentation, answers: answers.clone() };
        Ok((self.with_voice(Voice { by, declaration, presentation, answers, at: now }), fact))
    }

    pub(crate) fn with_voice(mut self, mut voice: Voice) -> Self {
        let (mine, others): (Vec<_>, Vec<_>) = self.voices.into_iter().partition(|v| v.by == voice.by);
        let declined = mine.into_iter().flat_map(|v| v.answers).filter(|said| !said.given);
        voice.answers = declined.chain(voice.answers).collect();
        self.voices = others;
        self.voices.push(voice);
        self.revision += 1;
        self
    }

    /// Lets it be decided without the answer of somebody who has custody. Somebody's answer is always left to wait for, and a child's own is
    /// never passed over.
    pub fn except(
        self,
        holder: PersonId,
        ground: ExceptionGround,
        case: CaseRef,
        deciders: &Deciders,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        self.must_be_open(now)?;
        let Deciders::AllOf(needed) = deciders else { return Err(Reason::NoVoiceToExcept) };
        let excepted = self.excepted();
        let left = needed.iter().any(|one| *one != holder && !excepted.contains(one));
        let awaited = self.awaits(deciders).contains(&holder);
        if holder == self.person || !awaited || !left {
            return Err(Reason::NoVoiceToExcept);
        }
        let fact = Fact::HolderExcepted { holder, ground, case: case.clone() };
        Ok((self.with_exception(Exception { holder, ground, case, at: now }), fact))
    }

    pub(crate) fn with_exception(mut self, exception: Exception) -> Self {
        self.exceptions.push(exception);
        self.revision += 1;
        self
    }

    /// What is decided by what has been said, by whose answers count now: the specific consents that are thereby given, nothing of them where
    /// all were declined; `None` while somebody is awaited.
    pub fn decided(&self, deciders: &Deciders) -> Option<Vec<Code>> {
        let open = self.open_items();
        let yes: BTreeSet<PersonId> = self.voices.iter().map(|voice| voice.by).collect();
        let excepted = self.excepted();
        // Where the person answers alone by now, what others said carries nothing.
        let met = deciders.are_met_by(&yes, &excepted);
        (met || (open.is_empty() && !self.voices.is_empty())).then_some(open)
    }

    /// Those whose yes carries what is decided.
    pub fn carried_by(&self, deciders: &Deciders) -> Vec<ChildVoice> {
        let count = deciders.voices();
        let counting = self.voices.iter().filter(|voice| count.contains(&voice.by));
        counting.map(|voice| ChildVoice { person: voice.by, presentation: voice.presentation }).collect()
    }

    /// Ends it with the last voice, once all is decided.
    pub fn conclude(self, now: Instant) -> Result<(Self, Fact), Reason> {
        let last = self.voices.iter().max_by_key(|voice| (voice.at, voice.declaration));
        let (declaration, presentation) =
            last.map(|voice| (voice.declaration, voice.presentation)).ok_or(Reason::ItemsUnanswered)?;
        self.answer(declaration, presentation, now)
    }
}

impl Consent {
    /// Whether those who gave it for the child are, as custody is now, those whose answers it needs. What a person gave alone is never
    /// asked about.
    pub fn is_carried(&self, deciders: Result<&Deciders, Reason>, excepted: &BTreeSet<PersonId>) -> bool {
        match (&self.answer.for_child, deciders) {
            (None, _) => true,
            (Some(by), Ok(deciders)) => deciders.are_met_by(&by.persons(), excepted),
            (Some(_), Err(_)) => false,
        }
    }

    /// Whether it ends where it ends because somebody else decides from that birthday on.
    pub fn ends_by_age(&self) -> bool {
        self.answer.for_child.as_ref().is_some_and(|by| by.until_age)
    }

    /// Records that it ended by a birthday from which somebody else decides; `None` where it did not.
    pub fn end_by_age(self, now: Instant) -> Option<(Self, Fact)> {
        let ends_by_age = self.ends_by_age();
        let effective_at = self.answer.valid.to.filter(|to| ends_by_age && *to <= now)?;
        if self.state != ConsentState::Given {
            return None;
        }
        let state = ConsentState::Lapsed { at: now, effective_at, cause: EndCause::Age };
        let fact = Fact::ConsentLapsed { cause: EndCause::Age, effective_at };
        Some((Self { revision: self.revision + 1, state, ..self }, fact))
    }
}

#[cfg(test)]
mod model;
