//! What does not go through between the format and the domain, said out loud.

use serde::Serialize;

/// What kind of thing was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// An element that the format does not have there, or one more than it may have.
    UnknownElement,
    /// An attribute; the format has none.
    UnknownAttribute,
    /// Text between elements.
    TextBetweenElements,
    /// The stated format of the content is not that of the content that is there.
    ContentFormat,
    /// A time without an offset, taken as the time in Denmark.
    TimeWithoutOffset,

    /// Out: the person's name stays here.
    NameWithheld,
    /// Out: the format has no word for a consent that was registered by mistake.
    Invalidated,
    /// Out: the format does not tell why a consent lapsed.
    LapseCause,
    /// Out: the format asks for the signed paper itself, and it stays here.
    PaperNotEnclosed,
    /// Out: the format takes the employee or the way it was said, not both.
    HowItWasSaid,
    /// Out: by what right somebody spoke for the person is not on record any more.
    Basis,
    /// Out: the attestation of the system that it came from is not repeated.
    OriginalAttestation,

    /// In: what was signed or proved is not checked, and stays with whoever sent it.
    Attestation,
    /// In: who may see it is decided here by law and role, not by the document.
    AccessPolicy,
    /// In: an administrator who is not the controller.
    OtherAdministrator,
    /// In: an actor besides the person, whoever spoke for them and the authority.
    OtherActor,
    /// In: who spoke for the person, and by what right.
    Representative,
    /// In: templates other than a consent type of ours.
    Template,
    /// In: context, tasks and cases beyond one case.
    Context,
    /// In: keywords.
    Keywords,
    /// In: what it replaces or was replaced by.
    Replacement,
    /// In: the wording; the type's own stands for it.
    Wording,
    /// In: machine-readable content of other systems.
    MachineReadable,
    /// In: an expression that no longer holds; nothing rests on it.
    Ended,
    /// In: an expression that is neither given, declined nor ended: nobody has answered.
    NotAnswered,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::UnknownElement,
        Self::UnknownAttribute,
        Self::TextBetweenElements,
        Self::ContentFormat,
        Self::TimeWithoutOffset,
        Self::NameWithheld,
        Self::Invalidated,
        Self::LapseCause,
        Self::PaperNotEnclosed,
        Self::HowItWasSaid,
        Self::Basis,
        Self::OriginalAttestation,
        Self::Attestation,
        Self::AccessPolicy,
        Self::OtherAdministrator,
        Self::OtherActor,
        Self::Representative,
        Self::Template,
        Self::Context,
        Self::Keywords,
        Self::Replacement,
        Self::Wording,
        Self::MachineReadable,
        Self::Ended,
        Self::NotAnswered,
    ];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownElement => "unknown_element",
            Self::UnknownAttribute => "unknown_attribute",
            Self::TextBetweenElements => "text_between_elements",
            Self::ContentFormat => "content_format",
            Self::TimeWithoutOffset => "time_without_offset",
            Self::NameWithheld => "name_withheld",
            Self::Invalidated => "invalidated",
            Self::LapseCause => "lapse_cause",
            Self::PaperNotEnclosed => "paper_not_enclosed",
            Self::HowItWasSaid => "how_it_was_said",
            Self::Basis => "basis",
            Self::OriginalAttestation => "original_attestation",
            Self::Attestation => "attestation",
            Self::AccessPolicy => "access_policy",
            Self::OtherAdministrator => "other_administrator",
            Self::OtherActor => "other_actor",
            Self::Representative => "representative",
            Self::Template => "template",
            Self::Context => "context",
            Self::Keywords => "keywords",
            Self::Replacement => "replacement",
            Self::Wording => "wording",
            Self::MachineReadable => "machine_readable",
            Self::Ended => "ended",
            Self::NotAnswered => "not_answered",
        }
    }
}

/// What was lost, and where: a path of element names for what was read, of the format's terms for what was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Lost {
    /// What.
    pub what: Loss,
    /// Where.
    pub at: String,
}

impl Lost {
    /// That loss there.
    pub fn at(what: Loss, at: impl Into<String>) -> Self {
        Self { what, at: at.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_is_in_the_list_and_in_the_table_that_people_read() {
        let table = include_str!("../../../../docs/viljestilkendegivelse.md");
        let (_, table) = table.split_once("## What does not go through").expect("the table");
        let told: Vec<&str> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once(" |"))
            .flat_map(|(codes, _)| codes.split(", ").map(|code| code.trim_matches('`')))
            .collect();
        let mut codes = Loss::ALL.map(Loss::code).to_vec();
        codes.sort_unstable();
        let mut sorted = told.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, codes);
        for what in Loss::ALL {
            assert_eq!(serde_json::to_value(what).expect("json"), what.code());
        }
    }
}
