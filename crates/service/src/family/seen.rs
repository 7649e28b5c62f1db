//! Who answers a request for a child, and how far they have come: whether somebody has answered, not how.

use crate::{Error, Service};
use tillid_domain::{
    Instant,
    catalogue::ConsentType,
    family::{Deciders, who_answers},
    id::PersonId,
    request::{ConsentRequest, RequestStanding},
    text::Name,
};

/// One of those who answer a request for a child.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoiceSeen {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: Option<Name>,
    /// Whether it is the child's own answer.
    pub is_child: bool,
    /// How far they have come.
    pub state: VoiceState,
}

/// How far one of those who answer has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VoiceState {
    /// Their answer is awaited.
    Awaited,
    /// Their answer or another's is awaited: one is enough.
    OneIsEnough,
    /// They have answered.
    Answered,
    /// It was found that their answer is not needed.
    NotNeeded,
}

impl VoiceState {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Awaited => "awaited",
            Self::OneIsEnough => "one_is_enough",
            Self::Answered => "answered",
            Self::NotNeeded => "not_needed",
        }
    }
}

impl Service {
    /// Those who answer a request that the caller has been shown; nobody where the person answers alone. Of a request that has ended, those who
    /// did answer.
    pub async fn voices(
        &self,
        request: &ConsentRequest,
        of: &ConsentType,
        now: Instant,
    ) -> Result<Vec<VoiceSeen>, Error> {
        let mut tx = self.store.read().await?;
        let spoke = |who| request.voices.iter().any(|voice| voice.by == who);
        let mut states: Vec<(PersonId, VoiceState)> = Vec::new();
        if request.standing(now) == RequestStanding::Open {
            let family = self.family(&mut tx, request.person).await?;
            let deciders = who_answers(of, &family, now.local_date()).unwrap_or(Deciders::Alone);
            let one = matches!(&deciders, Deciders::AnyOf(who) if who.len() > 1);
            let excepted = request.excepted();
            states.extend(deciders.voices().into_iter().map(|who| match who {
                who if spoke(who) => (who, VoiceState::Answered),
                who if excepted.contains(&who) => (who, VoiceState::NotNeeded),
                who if one => (who, VoiceState::OneIsEnough),
                who => (who, VoiceState::Awaited),
            }));
        } else {
            states.extend(request.voices.iter().map(|voice| (voice.by, VoiceState::Answered)));
        }
        let mut voices = Vec::with_capacity(states.len());
        for (person, state) in states {
            let (name, is_child) = (self.name_of(&mut tx, person).await?, person == request.person);
            voices.push(VoiceSeen { person, name, is_child, state });
        }
        Ok(voices)
    }
}
