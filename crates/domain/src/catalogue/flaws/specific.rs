//! a consent is specific. It names the data, who gives them and who gets them.

use super::{
    super::{ConsentType, Item, LegalNature},
    Flaw,
    phrases::LISTS,
    repeated,
};
use crate::{reason::Reason, text::Localized};

impl ConsentType {
    pub(super) fn vague(&self, flaws: &mut Vec<Flaw>) {
        if self.items.is_empty() {
            flaws.push(Flaw::at("/items", Reason::DraftTooVague));
        }
        if let Some(i) = repeated(self.items.iter().map(|i| i.code.as_str())) {
            flaws.push(Flaw::at(format!("/items/{i}/code"), Reason::DraftRepeatsCode));
        }
        let obtains = self.obtains();
        for (i, item) in self.items.iter().enumerate() {
            let at = format!("/items/{i}");
            if item.data.is_empty() {
                flaws.push(Flaw::at(format!("{at}/data"), Reason::DraftTooVague));
            }
            if item.recipients.is_empty() {
                flaws.push(Flaw::at(format!("{at}/recipients"), Reason::DraftTooVague));
            }
            if obtains && item.sources.is_empty() {
                flaws.push(Flaw::at(format!("{at}/sources"), Reason::DraftWithoutSource));
            }
            item.broad(&at, flaws);
        }
        broad(&self.title, "/title", flaws);
        if let Some(language) = LISTS.blanket_purposes.stand_in_either(&self.purpose) {
            flaws.push(Flaw::at(format!("/purpose/{}", language.tag()), Reason::DraftTooBroad));
        }
    }

    /// Whether every yes to it moves data from somebody: the nature says so, or the law that it names.
    fn obtains(&self) -> bool {
        let nature = matches!(
            self.legal_nature,
            LegalNature::Health41 | LegalNature::Health43 | LegalNature::ConfidentialityWaiver
        );
        let laws = ["retssikkerhedsloven § 11 a", "forvaltningsloven § 28", "forvaltningsloven § 29"];
        nature || laws.iter().any(|law| self.cites(law))
    }
}

impl Item {
    fn broad(&self, at: &str, flaws: &mut Vec<Flaw>) {
        broad(&self.statement, &format!("{at}/statement"), flaws);
        for (j, data) in self.data.iter().enumerate() {
            broad(&data.name, &format!("{at}/data/{j}/name"), flaws);
        }
        for (of, named) in [("sources", &self.sources), ("recipients", &self.recipients)] {
            for (j, one) in named.iter().enumerate() {
                broad(&one.name, &format!("{at}/{of}/{j}/name"), flaws);
            }
        }
    }
}

fn broad(text: &Localized, at: &str, flaws: &mut Vec<Flaw>) {
    if let Some(language) = LISTS.blanket.stand_in_either(text) {
        flaws.push(Flaw::at(format!("{at}/{}", language.tag()), Reason::DraftTooBroad));
    }
}
