//! the texts are there in both languages, say enough, and can be read.

use super::{
    super::{ConsentType, MandatePackage},
    Flaw,
};
use crate::{
    readability::lix,
    reason::Reason,
    text::{Language, Localized},
};

/// Above this, most people find a text hard.
const HARDEST: f64 = 45.0;
/// A single sentence varies more than a text does, so that only the worst is refused by itself.
const HARDEST_SENTENCE: f64 = 65.0;
/// Fewer words than this do not say what a no, or a change of mind, means.
const MEANING: usize = 12;
/// Fewer words than this are no explanation.
const EXPLANATION: usize = 6;

/// What a text must hold up to.
#[derive(Clone, Copy)]
struct Measure {
    words: usize,
    hardest: Option<f64>,
}

const TOLD: Measure = Measure { words: EXPLANATION, hardest: Some(HARDEST) };
const CONSEQUENCE: Measure = Measure { words: MEANING, hardest: Some(HARDEST) };
const FOR_STAFF: Measure = Measure { words: MEANING, hardest: None };
const SENTENCE: Measure = Measure { words: 3, hardest: Some(HARDEST_SENTENCE) };

impl ConsentType {
    pub(super) fn unreadable(&self, flaws: &mut Vec<Flaw>) {
        let texts = [
            ("/purpose", &self.purpose, TOLD),
            ("/why", &self.why, TOLD),
            ("/refusal", &self.refusal, CONSEQUENCE),
            ("/withdrawal", &self.withdrawal, CONSEQUENCE),
            ("/withdrawal_for_staff", &self.withdrawal_for_staff, FOR_STAFF),
            ("/alternative", &self.alternative, TOLD),
            ("/duration/text", &self.duration.text, TOLD),
        ];
        for (at, text, measure) in texts {
            measured(text, at, measure, flaws);
        }
        if let Some(voluntariness) = &self.voluntariness {
            measured(&voluntariness.text, "/voluntariness/text", FOR_STAFF, flaws);
        }
        for (i, item) in self.items.iter().enumerate() {
            measured(&item.statement, &format!("/items/{i}/statement"), SENTENCE, flaws);
        }
    }
}

impl MandatePackage {
    pub(super) fn unreadable(&self, flaws: &mut Vec<Flaw>) {
        let texts = [
            ("/purpose", &self.purpose, TOLD),
            ("/implication", &self.implication, CONSEQUENCE),
            ("/does_not_cover", &self.does_not_cover, TOLD),
            ("/duration/text", &self.duration.text, Measure { words: 3, ..TOLD }),
        ];
        for (at, text, measure) in texts {
            measured(text, at, measure, flaws);
        }
    }
}

fn measured(text: &Localized, at: &str, measure: Measure, flaws: &mut Vec<Flaw>) {
    if text.da == text.en {
        flaws.push(Flaw::at(format!("{at}/en"), Reason::DraftNotTranslated));
        return;
    }
    for language in Language::ALL {
        let said = text.in_language(language);
        let words = said.split_whitespace().count();
        let reason = if words < measure.words {
            Reason::DraftSaysTooLittle
        } else if measure.hardest.is_some_and(|most| words >= EXPLANATION && lix([said]) > most) {
            Reason::DraftHardToRead
        } else {
            continue;
        };
        flaws.push(Flaw::at(format!("{at}/{}", language.tag()), reason));
    }
}
