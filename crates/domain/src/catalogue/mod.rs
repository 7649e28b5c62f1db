//! What can be consented to and what can be given in a power of attorney: consent types and mandate packages.
//! A published version never changes; what was given under it points at it for good.

mod entry;
mod flaws;
#[cfg(test)]
mod tests;

pub use entry::{CatalogueEntry, EntryState, EntryVersion, Withdrawal};
pub use flaws::Flaw;

use crate::{
    Cvr, Digest, Localized,
    actor::{Assurance, Sensitivity},
    instant::{CalendarPeriod, Instant},
    kle::Kle,
    statutory::Statutory,
    text::{Code, PrivilegeUri, Prose},
};
use serde::{Deserialize, Serialize};

/// Which law the consent lives under; decides what a withdrawal means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegalNature {
    /// A safeguard of administrative law; the processing has another basis.
    Procedural,
    /// The basis of the processing itself (GDPR article 6(1)(a) or 9(2)(a)).
    GdprBasis,
    /// Treatment (sundhedsloven section 15).
    HealthTreatment,
    /// Disclosure for treatment (sundhedsloven sections 41-42).
    #[serde(rename = "HEALTH_41")]
    Health41,
    /// Disclosure for other purposes; written, at most a year (sundhedsloven sections 43-44, R-27).
    #[serde(rename = "HEALTH_43")]
    Health43,
    /// Release from the duty of confidentiality.
    ConfidentialityWaiver,
}

/// Whether an answer of yes permits or forbids.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Samtykke.
    Consent,
    /// Frabedelse.
    OptOut,
}

impl Polarity {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::OptOut => "opt_out",
        }
    }
}

/// How a consent reached us.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The person answered here.
    Digital,
    /// On paper, entered by staff.
    Paper,
    /// Said to staff.
    Oral,
    /// Given elsewhere, and brought here with its source.
    Imported,
}

impl Channel {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Digital => "digital",
            Self::Paper => "paper",
            Self::Oral => "oral",
            Self::Imported => "imported",
        }
    }
}

/// What an authority does when a consent is withdrawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WithdrawalEffect {
    /// Obtains and discloses no more; what is in the case stays.
    Stop,
    /// Decides on what there is.
    Decide,
    /// Erases, unless it has another basis.
    Erase,
    /// Ends the treatment.
    StopTreatment,
    /// Assesses the measure anew.
    Reassess,
}

/// Whose answer counts for a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParentalRule {
    /// Either custody holder.
    OneHolder,
    /// All custody holders.
    BothHolders,
    /// The parent whom the child lives with.
    ResidentParent,
    /// The young person from the age of 15.
    #[serde(rename = "CHILD_SELF_15")]
    ChildSelf15,
    /// The child and the custody holders.
    ChildAndHolders,
}

/// Whether what is given belongs to one case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseBinding {
    /// Always to one case.
    Required,
    /// To a case or to none.
    Optional,
}

/// A law, and what it says in plain words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalReference {
    /// As lawyers cite it, in Danish.
    pub citation: Prose,
    /// In plain words.
    pub text: Localized,
}

/// A code with its name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The code.
    pub code: Code,
    /// The name.
    pub name: Localized,
}

/// A category of data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataCategory {
    /// The code.
    pub code: Code,
    /// The name.
    pub name: Localized,
    /// Whether it is of the special categories (GDPR article 9).
    pub special: bool,
}

/// One specific consent of a type; answered and withdrawn on its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The code within the type.
    pub code: Code,
    /// The sentence that the person says yes or no to.
    pub statement: Localized,
    /// Which data.
    pub data: Vec<DataCategory>,
    /// From whom; empty where nothing is obtained.
    pub sources: Vec<Named>,
    /// To whom.
    pub recipients: Vec<Named>,
}

/// How long a consent lasts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentDuration {
    /// Unless something else is said.
    pub default: CalendarPeriod,
    /// The longest that law allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_cap: Option<CalendarPeriod>,
    /// The longest that the authority allows itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_cap: Option<CalendarPeriod>,
    /// Whether it ends when the case is decided.
    pub ends_with_case: bool,
    /// Whether it is for one time: it ends when the authority says that it has used it (C8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// In plain words.
    pub text: Localized,
}

/// The recorded assessment that a consent asked by an authority can be voluntary.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voluntariness {
    /// The assessment.
    pub text: Localized,
}

/// One version of a consent type, with every text that a person must see before answering.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentType {
    /// The code, such as C02.
    pub code: Code,
    /// The controller.
    pub authority: Cvr,
    /// The field of work.
    pub kle: Kle,
    /// The law it lives under.
    pub legal_nature: LegalNature,
    /// Permits or forbids.
    pub polarity: Polarity,
    /// How sensitive it is.
    pub sensitivity: Sensitivity,
    /// Whether it belongs to a case.
    pub case_binding: CaseBinding,
    /// For a child.
    pub parental_rule: ParentalRule,
    /// The youngest, in years, who answers alone.
    pub min_age: u8,
    /// The ways it may be collected.
    pub channels: Vec<Channel>,
    /// What a withdrawal sets off.
    pub withdrawal_effects: Vec<WithdrawalEffect>,
    /// How soon after a withdrawal what rests on it is erased or taken down, where that is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_within: Option<CalendarPeriod>,
    /// Whether the case or service depends on it.
    pub conditional: bool,
    /// The record of processing that it belongs to.
    pub processing_record: Code,
    /// The title.
    pub title: Localized,
    /// What for.
    pub purpose: Localized,
    /// Why it is asked.
    pub why: Localized,
    /// What a no means.
    pub refusal: Localized,
    /// What a withdrawal means, to the person.
    pub withdrawal: Localized,
    /// What a withdrawal means, to the caseworker.
    pub withdrawal_for_staff: Localized,
    /// How to do it without a computer.
    pub alternative: Localized,
    /// How long.
    pub duration: ConsentDuration,
    /// The assessment of voluntariness, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voluntariness: Option<Voluntariness>,
    /// The law.
    pub legal_references: Vec<LegalReference>,
    /// The specific consents.
    pub items: Vec<Item>,
}

/// What a representative may do with a privilege.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivilegeAction {
    /// See.
    Read,
    /// Act.
    Act,
    /// Talk and write to the authority.
    Contact,
}

/// One privilege of a package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privilege {
    /// Its name for systems.
    pub uri: PrivilegeUri,
    /// What may be done.
    pub action: PrivilegeAction,
    /// Its name for people.
    pub name: Localized,
    /// What it covers.
    pub covers: Localized,
    /// What it does not.
    pub does_not_cover: Localized,
    /// Whose act counts for a child, where it is another rule than the package's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parental_rule: Option<ParentalRule>,
}

/// Who may be a representative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepresentativeKind {
    /// A private person.
    Person,
    /// A named employee.
    Employee,
    /// An organisation.
    Organisation,
}

/// How much harm an abuse could do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Ordinary.
    Ordinary,
    /// More than ordinary.
    Elevated,
    /// High.
    High,
}

/// How long a mandate lasts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MandateDuration {
    /// What is proposed.
    pub default: CalendarPeriod,
    /// The longest.
    pub maximum: CalendarPeriod,
    /// In plain words.
    pub text: Localized,
}

/// One version of a mandate package (fuldmagtspakke): privileges that an authority has defined together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MandatePackage {
    /// The code, such as M14.
    pub code: Code,
    /// Whose package.
    pub authority: Cvr,
    /// The system whose privileges they are.
    pub system: Code,
    /// How sensitive it is.
    pub sensitivity: Sensitivity,
    /// How much harm an abuse could do.
    pub risk: Risk,
    /// The youngest, in years, who may give it.
    pub grantor_min_age: u8,
    /// Who may receive it.
    pub representative_kinds: Vec<RepresentativeKind>,
    /// How sure it must be who gives it.
    pub required_loa: Assurance,
    /// Whether the representative must accept it.
    pub acceptance_required: bool,
    /// Whether the representative may pass it on.
    pub sub_delegation: bool,
    /// For a child.
    pub parental_rule: ParentalRule,
    /// Whether Digital Fuldmagt has a package of that name.
    pub known_from_digital_fuldmagt: bool,
    /// The title.
    pub title: Localized,
    /// What for.
    pub purpose: Localized,
    /// What the representative may then do.
    pub implication: Localized,
    /// What they may not.
    pub does_not_cover: Localized,
    /// How long.
    pub duration: MandateDuration,
    /// What those who act by law or decision have of it, and to which area it belongs; nothing where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statutory: Option<Statutory>,
    /// The privileges.
    pub privileges: Vec<Privilege>,
}

/// What a catalogue entry defines.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "defines", content = "definition", rename_all = "snake_case")]
pub enum Definition {
    /// A consent type.
    ConsentType(Box<ConsentType>),
    /// A mandate package.
    MandatePackage(Box<MandatePackage>),
}

/// Which of the two catalogues.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    /// Consent types.
    ConsentType,
    /// Mandate packages.
    MandatePackage,
}

impl Shelf {
    /// The code, for storage.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConsentType => "consent_type",
            Self::MandatePackage => "mandate_package",
        }
    }
}

impl ConsentType {
    /// The item with this code.
    pub fn item(&self, code: &Code) -> Option<&Item> {
        self.items.iter().find(|item| item.code == *code)
    }

    /// The first moment after a consent that is given at `given`: the default, under every cap, at midnight in Denmark.
    pub fn ends(&self, given: Instant) -> Instant {
        let day = given.local_date();
        let d = &self.duration;
        [Some(d.default), d.legal_cap, d.policy_cap]
            .into_iter()
            .flatten()
            .map(|p| day.plus(p))
            .min()
            .unwrap_or(day)
            .start()
    }
}

impl MandatePackage {
    /// Whether it is for children alone: those who have custody give it for the child.
    pub fn is_for_children(&self) -> bool {
        self.statutory.is_some_and(|says| says.for_children)
    }

    /// Whose act counts for a child in that privilege.
    pub fn rule_of(&self, privilege: &Privilege) -> ParentalRule {
        privilege.parental_rule.unwrap_or(self.parental_rule)
    }
}

impl Definition {
    /// The catalogue it belongs to.
    pub const fn shelf(&self) -> Shelf {
        match self {
            Self::ConsentType(_) => Shelf::ConsentType,
            Self::MandatePackage(_) => Shelf::MandatePackage,
        }
    }

    /// Its code.
    pub const fn code(&self) -> &Code {
        match self {
            Self::ConsentType(t) => &t.code,
            Self::MandatePackage(p) => &p.code,
        }
    }

    /// The authority that answers for it.
    pub const fn authority(&self) -> Cvr {
        match self {
            Self::ConsentType(t) => t.authority,
            Self::MandatePackage(p) => p.authority,
        }
    }

    /// What must be mended before it is published.
    pub fn flaws(&self) -> Vec<Flaw> {
        match self {
            Self::ConsentType(t) => t.flaws(),
            Self::MandatePackage(p) => p.flaws(),
        }
    }

    /// The fingerprint of every word of it.
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }
}
