//! What a person is shown before they choose: one document, the same bytes each time it is made again (C3, R-43).

use crate::{
    Digest, Localized,
    catalogue::{ConsentType, EntryVersion, MandatePackage, Named, Risk},
    digest::canonical,
    event::{Entity, Fact, Kind, Recorded},
    id::{MandateId, MandateRequestId, PersonId, PresentationId, RequestId},
    instant::Instant,
    mandate::{COOLING_OFF, Company},
    reason::Reason,
    terms::Terms,
    text::{CaseRef, Code, Language, Name, PrivilegeUri},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long an answer may come after the text was shown, in seconds.
pub const ANSWER_WITHIN: i64 = 24 * 3600;
/// How long a printed form may be under way, in seconds.
pub const PAPER_ANSWER_WITHIN: i64 = 184 * 24 * 3600;

/// What a presentation is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Presented {
    /// Specific consents of one type.
    Consent {
        /// The type.
        entry: EntryVersion,
        /// The specific consents.
        items: Vec<Code>,
        /// The request, if one is being answered.
        request: Option<RequestId>,
        /// The case.
        case: Option<CaseRef>,
        /// Within what, where it is less than the type.
        #[serde(default, skip_serializing_if = "Terms::is_whole")]
        terms: Terms,
    },
    /// A power of attorney.
    Mandate {
        /// To whom.
        representative: PersonId,
        /// What the grantor calls them.
        representative_name: Option<Name>,
        /// Which packages.
        packages: Vec<EntryVersion>,
        /// Which of their privileges.
        privileges: Vec<PrivilegeUri>,
        /// For one case only.
        case: Option<CaseRef>,
        /// The first moment when it can no longer be used.
        until: Instant,
        /// The request, if one is being answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<MandateRequestId>,
        /// The mandate, if one is given for longer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renews: Option<MandateId>,
        /// The mandate of which it is a part, if one is passed on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under: Option<MandateId>,
        /// With whom else it is given or held, where several do together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        together: Option<Company>,
        /// The mandate that is signed, if one is that several give or hold together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signs: Option<MandateId>,
    },
}

/// How something was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// To the person, on their own screen.
    #[default]
    Screen,
    /// By staff: read aloud, or turned towards the person.
    Told,
    /// By staff, on paper.
    Paper,
    /// By somebody else, elsewhere; the document is what the authority says that it stood under.
    Elsewhere,
}

impl Means {
    /// Whether the person saw it on their own screen.
    pub const fn is_screen(&self) -> bool {
        matches!(self, Self::Screen)
    }

    /// How long an answer may come after it, in seconds.
    pub const fn answer_within(self) -> i64 {
        match self {
            Self::Screen | Self::Told | Self::Elsewhere => ANSWER_WITHIN,
            Self::Paper => PAPER_ANSWER_WITHIN,
        }
    }
}

/// That something was shown, and to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presentation {
    /// Its id.
    pub id: PresentationId,
    /// To whom.
    pub person: PersonId,
    /// In which language.
    pub language: Language,
    /// What it is about.
    pub presented: Presented,
    /// The fingerprint of the exact document.
    pub document: Digest,
    /// How.
    pub means: Means,
    /// When.
    pub shown_at: Instant,
}

impl PresentationId {
    /// What stands on the paper, to be read aloud or typed: eight letters and digits that are not taken for one another. It tells apart
    /// the papers of one person, and nothing else.
    pub fn code(self) -> String {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let id = self.as_uuid().as_u128();
        let digit = |at: u32| {
            let five = usize::try_from(id >> (5 * at) & 31).unwrap_or_default();
            DIGITS.get(five).copied().map_or('0', char::from)
        };
        let part = |from: u32| (from..from + 4).rev().map(digit).collect::<String>();
        format!("{}-{}", part(4), part(0))
    }
}

impl Presentation {
    /// Refuses an answer by someone else, to something else, or long after.
    pub fn must_fit(&self, person: PersonId, presented: &Presented, now: Instant) -> Result<(), Reason> {
        if self.person != person || self.presented != *presented {
            return Err(Reason::PresentationMismatch);
        }
        if now.seconds_since(self.shown_at) > self.means.answer_within() {
            return Err(Reason::PresentationTooOld);
        }
        Ok(())
    }
}

impl Entity for Presentation {
    const KIND: Kind = Kind::Presentation;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        1
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.person]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::PresentationShown { person, language, presented, document, means }) => Some(Self {
                id: PresentationId::from_uuid(event.aggregate),
                person: *person,
                language: *language,
                presented: presented.clone(),
                document: *document,
                means: *means,
                shown_at: event.recorded_at,
            }),
            _ => None,
        }
    }
}

/// What stands in a document about consents, besides the type itself.
pub struct ConsentSetting<'a> {
    /// The name of the authority.
    pub authority: &'a Name,
    /// How to reach its data-protection officer.
    pub dpo_contact: &'a Name,
    /// The version of the type.
    pub version: u32,
    /// The specific consents, in the order in which they are asked.
    pub items: &'a [Code],
    /// The case.
    pub case: Option<&'a CaseRef>,
    /// Within what.
    pub terms: &'a Terms,
}

fn named(list: &[Named], language: Language) -> Value {
    list.iter().map(|n| n.name.in_language(language)).collect()
}

/// The document about consents: everything that R-08 asks for, no choice made beforehand, in that language.
pub fn consent_document(of: &ConsentType, setting: &ConsentSetting<'_>, language: Language) -> Vec<u8> {
    let say = |text: &Localized| text.in_language(language).to_owned();
    let within = setting.terms.of(of);
    let items: Vec<Value> = setting
        .items
        .iter()
        .filter_map(|code| within.item(code))
        .map(|item| {
            json!({
                "code": item.code,
                "statement": say(&item.statement),
                "data": item.data.iter().map(|d| d.name.in_language(language)).collect::<Vec<_>>(),
                "special_categories": item.data.iter().any(|d| d.special),
                "sources": named(&item.sources, language),
                "recipients": named(&item.recipients, language),
                "choices": ["yes", "no"],
                "chosen_beforehand": null,
            })
        })
        .collect();
    let mut document = json!({
        "schema": "tillid.presentation.consent/1",
        "language": language,
        "type": { "code": of.code, "version": setting.version, "polarity": of.polarity },
        "authority": { "cvr": of.authority, "name": setting.authority, "data_protection_officer": setting.dpo_contact },
        "case": setting.case,
        "title": say(&of.title),
        "purpose": say(&of.purpose),
        "why": say(&of.why),
        "legal_references": of.legal_references.iter().map(|l| json!({"citation": l.citation, "text": say(&l.text)})).collect::<Vec<_>>(),
        "duration": setting.terms.duration(of, language),
        "if_you_say_no": say(&of.refusal),
        "if_you_withdraw": say(&of.withdrawal),
        "other_ways": say(&of.alternative),
        "conditional": of.conditional,
        "supervisory_authority": "Datatilsynet",
        "items": items,
    });
    // A document about all of a type has the same bytes as ever.
    if let (false, Some(members)) = (setting.terms.is_whole(), document.as_object_mut()) {
        members.insert("terms".to_owned(), json!(setting.terms));
    }
    canonical(&document)
}

/// What stands in a document about a power of attorney.
pub struct MandateSetting<'a> {
    /// What the grantor calls the representative. Never a name that only a register told: a number alone buys no name.
    pub representative: Option<&'a Name>,
    /// The packages with their versions.
    pub packages: &'a [(&'a MandatePackage, u32)],
    /// The privileges chosen.
    pub privileges: &'a [PrivilegeUri],
    /// The case.
    pub case: Option<&'a CaseRef>,
    /// The first moment when it can no longer be used.
    pub until: Instant,
    /// Whether a representative passes it on.
    pub passed_on: bool,
    /// With whom else it is given or held.
    pub together: Option<&'a Company>,
}

/// The document about a power of attorney: what may be done, what not, by whom, until when.
pub fn mandate_document(setting: &MandateSetting<'_>, language: Language) -> Vec<u8> {
    let say = |text: &Localized| text.in_language(language).to_owned();
    let packages: Vec<Value> = setting
        .packages
        .iter()
        .map(|(p, version)| {
            let chosen = p.privileges.iter().filter(|privilege| setting.privileges.contains(&privilege.uri));
            json!({
                "code": p.code,
                "version": version,
                "authority": p.authority,
                "title": say(&p.title),
                "purpose": say(&p.purpose),
                "implication": say(&p.implication),
                "does_not_cover": say(&p.does_not_cover),
                "privileges": chosen.map(|privilege| json!({
                    "uri": privilege.uri,
                    "action": privilege.action,
                    "name": say(&privilege.name),
                    "covers": say(&privilege.covers),
                    "does_not_cover": say(&privilege.does_not_cover),
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut document = json!({
        "schema": "tillid.presentation.mandate/1",
        "language": language,
        "representative": setting.representative,
        "packages": packages,
        "case": setting.case,
        "until": setting.until,
    });
    // Said only where it is so: what was shown before keeps its bytes.
    let rests = setting.packages.iter().any(|(package, _)| package.risk == Risk::High);
    let is_accepted = setting.packages.iter().any(|(package, _)| package.acceptance_required);
    if let Some(members) = document.as_object_mut() {
        members.extend(rests.then(|| ("usable_after_hours".to_owned(), json!(COOLING_OFF / 3600))));
        members.extend(setting.passed_on.then(|| ("passed_on".to_owned(), json!(true))));
        members.extend(setting.together.map(|company| ("together".to_owned(), together(company))));
        members.extend(is_accepted.then(|| ("acceptance_required".to_owned(), json!(true))));
    }
    canonical(&document)
}

/// Who else, by the names that whoever wrote them gave them, and how many of them it takes.
fn together(company: &Company) -> Value {
    let names: Vec<_> = company.others.iter().map(|other| &other.name).collect();
    json!({ "bond": company.bond, "quorum": company.quorum, "others": names })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_on_a_paper_is_short_and_differs_with_the_last_forty_bits() {
        let code = |id: u128| PresentationId::from_uuid(Uuid::from_u128(id)).code();
        assert_eq!(code(0), "0000-0000");
        assert_eq!(code((1 << 40) - 1), "ZZZZ-ZZZZ");
        assert_eq!(code(0x0198_aaaa_0000_7000_8000_0000_0000_0421), "0000-0111");
        assert_eq!(code(1 << 20), "0001-0000");
        assert!(!(0..32).any(|n| code(n).contains(['I', 'L', 'O', 'U'])));
    }
}
