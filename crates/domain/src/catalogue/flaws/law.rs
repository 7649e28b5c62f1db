//! What the law behind a consent asks of it, and what is no matter of consent at all.

use super::{
    super::{Channel, ConsentType, LegalNature, Polarity, WithdrawalEffect},
    Flaw,
    phrases::{LISTS, Phrases},
};
use crate::{
    reason::Reason,
    text::{Code, Language, Localized},
};

/// The paragraph of the GDPR that makes a yes the basis of the processing.
const BASIS_CONSENT: &str = "artikel 6, stk. 1, litra a";
/// The same for special categories.
const BASIS_EXPLICIT: &str = "artikel 9, stk. 2, litra a";
/// The bases of duties and public tasks: where they carry the processing, nobody is asked.
const BASES_WITHOUT_CONSENT: [&str; 2] = ["artikel 6, stk. 1, litra c", "artikel 6, stk. 1, litra e"];

impl ConsentType {
    pub(super) fn unlawful(&self, flaws: &mut Vec<Flaw>) {
        if self.legal_references.is_empty() {
            flaws.push(Flaw::at("/legal_references", Reason::DraftWithoutLaw));
        }
        self.unfounded(flaws);
        self.involuntary(flaws);
        self.needless(flaws);
        if !self.effects_fit() {
            flaws.push(Flaw::at("/withdrawal_effects", Reason::DraftEffectsUnfit));
        }
        if self.processing_record.as_str().chars().filter(char::is_ascii_alphanumeric).count() < 3 {
            flaws.push(Flaw::at("/processing_record", Reason::DraftWithoutRecord));
        }
        // sundhedsloven section 44 asks for writing.
        if self.legal_nature == LegalNature::Health43 && self.channels.contains(&Channel::Oral) {
            flaws.push(Flaw::at("/channels", Reason::DraftMustBeWritten));
        }
    }

    /// Whether a law is named so, as lawyers cite it.
    pub(super) fn cites(&self, law: &str) -> bool {
        self.legal_references.iter().any(|r| is_of(r.citation.as_str(), law))
    }

    fn is_basis(&self) -> bool {
        self.legal_nature == LegalNature::GdprBasis
            || self.legal_nature == LegalNature::ConfidentialityWaiver && self.cites(BASIS_CONSENT)
    }

    /// the nature says which law it lives under, and that law is named. R-17: a duty or a public task is no consent.
    fn unfounded(&self, flaws: &mut Vec<Flaw>) {
        let named = match self.legal_nature {
            LegalNature::GdprBasis => self.cites(BASIS_CONSENT) || self.cites(BASIS_EXPLICIT),
            LegalNature::HealthTreatment => self.cites("sundhedsloven § 15"),
            LegalNature::Health41 => self.cites("sundhedsloven § 41"),
            LegalNature::Health43 => self.cites("sundhedsloven § 43"),
            LegalNature::Procedural | LegalNature::ConfidentialityWaiver => true,
        };
        // special categories rest on an explicit yes.
        let special = self.items.iter().flat_map(|i| &i.data).any(|d| d.special);
        let explicit = self.legal_nature != LegalNature::GdprBasis || !special || self.cites(BASIS_EXPLICIT);
        if !self.legal_references.is_empty() && (!named || !explicit) {
            flaws.push(Flaw::at("/legal_references", Reason::DraftBasisNotNamed));
        }
        if self.polarity == Polarity::OptOut {
            let unfit = self.is_basis() || self.legal_nature == LegalNature::Health43;
            flaws.extend(unfit.then(|| Flaw::at("/polarity", Reason::DraftOptOutUnfit)));
            return;
        }
        let without_consent =
            |citation: &str| BASES_WITHOUT_CONSENT.iter().any(|basis| is_of(citation, basis));
        if self.legal_nature == LegalNature::GdprBasis {
            let at = self.legal_references.iter().position(|r| without_consent(r.citation.as_str()));
            flaws.extend(
                at.map(|i| Flaw::at(format!("/legal_references/{i}/citation"), Reason::DraftNoConsentNeeded)),
            );
        } else if !self.legal_references.is_empty()
            && self.legal_references.iter().all(|r| without_consent(r.citation.as_str()))
        {
            flaws.push(Flaw::at("/legal_references", Reason::DraftNoConsentNeeded));
        }
    }

    /// a consent that the processing rests on is voluntary, and no condition for anything.
    fn involuntary(&self, flaws: &mut Vec<Flaw>) {
        if self.polarity == Polarity::Consent && self.is_basis() && self.voluntariness.is_none() {
            flaws.push(Flaw::at("/voluntariness", Reason::DraftWithoutVoluntariness));
        }
        if self.conditional && (self.is_basis() || self.polarity == Polarity::OptOut) {
            flaws.push(Flaw::at("/conditional", Reason::DraftConditional));
        }
    }

    /// what authorities may know of each other about money and holidays is not asked for, nor what fills a register.
    fn needless(&self, flaws: &mut Vec<Flaw>) {
        if self.polarity == Polarity::OptOut {
            return;
        }
        for (i, item) in self.items.iter().enumerate() {
            let economic = item.data.iter().any(|d| tell(&LISTS.economic, &d.code, &d.name))
                || LISTS.economic.stand_in_either(&item.statement).is_some();
            let from = item.sources.iter().position(|s| tell(&LISTS.economic_sources, &s.code, &s.name));
            if let Some(j) = from
                && economic
                && self.legal_nature == LegalNature::Procedural
            {
                flaws.push(Flaw::at(format!("/items/{i}/sources/{j}"), Reason::DraftAsksNeedlessly));
            }
            for (of, named) in [("sources", &item.sources), ("recipients", &item.recipients)] {
                let register = named.iter().position(|n| tell(&LISTS.registers, &n.code, &n.name));
                flaws.extend(
                    register.map(|j| Flaw::at(format!("/items/{i}/{of}/{j}"), Reason::DraftNoConsentNeeded)),
                );
            }
        }
    }

    /// what a withdrawal sets off is what the law behind the consent says.
    fn effects_fit(&self) -> bool {
        use WithdrawalEffect::{Erase, Reassess, Stop, StopTreatment};
        let has = |effect| self.withdrawal_effects.contains(&effect);
        if self.polarity == Polarity::OptOut {
            // Whoever takes a no back sets nothing off but what was so before.
            return self.withdrawal_effects.iter().all(|effect| *effect == Reassess);
        }
        match self.legal_nature {
            LegalNature::GdprBasis => has(Erase) && !has(StopTreatment),
            LegalNature::Procedural => (has(Stop) || has(Reassess)) && !has(Erase) && !has(StopTreatment),
            LegalNature::HealthTreatment => has(StopTreatment) && !has(Erase),
            LegalNature::Health41 | LegalNature::Health43 => has(Stop) && !has(Erase) && !has(StopTreatment),
            LegalNature::ConfidentialityWaiver => has(Stop) && !has(StopTreatment),
        }
    }
}

fn tell(phrases: &Phrases, code: &Code, name: &Localized) -> bool {
    phrases.stand_in_either(name).is_some()
        || phrases.stand_in(&code.as_str().replace(['-', '_'], " "), Language::En)
}

/// Whether a citation is of that law, or of a part of it.
fn is_of(citation: &str, law: &str) -> bool {
    let one_way = |text: &str| {
        let text =
            text.to_lowercase().replace("art. ", "artikel ").replace("litra ", "").replace('\u{a0}', " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ").replace("§§", "§")
    };
    let (citation, law) = (one_way(citation), one_way(law));
    citation.match_indices(&law).any(|(at, _)| {
        // "§ 4" is not "§ 43", nor is "litra a" "litra ab".
        let after = citation.get(at + law.len()..).and_then(|rest| rest.chars().next());
        after.is_none_or(|c| !c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_law_is_known_by_its_citation_however_it_is_spaced() {
        assert!(is_of("Databeskyttelsesforordningen, art. 6, stk. 1, litra a", super::BASIS_CONSENT));
        assert!(
            is_of("sundhedsloven §§ 43-44", "sundhedsloven § 43")
                && is_of("retssikkerhedsloven § 11 a, stk. 1", "retssikkerhedsloven § 11 a")
        );
        assert!(
            !is_of("sundhedsloven § 430", "sundhedsloven § 43")
                && !is_of("retssikkerhedsloven § 11 b", "retssikkerhedsloven § 11 a")
        );
    }
}
