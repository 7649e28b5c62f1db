//! Who answers a request for a child, in words.

use crate::page::{Here, Page};
use tillid_domain::{Instant, catalogue::ConsentType, request::ConsentRequest};
use tillid_edge::Problem;
use tillid_service::{VoiceSeen, VoiceState};

/// A line for each of those who answer; none where the person answers alone.
pub(crate) async fn lines(
    here: &Here,
    request: &ConsentRequest,
    of: &ConsentType,
    now: Instant,
) -> Result<Vec<String>, Problem> {
    let voices = here.told(here.service.voices(request, of, now).await)?;
    Ok(voices.iter().map(|voice| line(&here.page, voice)).collect())
}

pub(crate) fn line(page: &Page, voice: &VoiceSeen) -> String {
    let name =
        voice.name.as_ref().map_or_else(|| page.t("answer.voice_no_name").to_owned(), ToString::to_string);
    let text = match voice.state {
        VoiceState::Awaited => "answer.voice_awaited",
        VoiceState::OneIsEnough => "answer.voice_one_is_enough",
        VoiceState::Answered => "answer.voice_answered",
        VoiceState::NotNeeded => "answer.voice_not_needed",
    };
    page.fill(text, "name", name)
}
