//! The form of a power of attorney, for people who sign on paper (M3).

use super::{
    Block, Sheet,
    words::{day, word},
};
use serde::Deserialize;
use tillid_domain::{Instant, Language, text::Name};

/// What is given, as it was shown (`tillid.presentation.mandate/1`).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct MandateForm {
    language: Language,
    representative: Option<Name>,
    packages: Vec<FormPackage>,
    case: Option<String>,
    until: Instant,
    usable_after_hours: Option<u32>,
    #[serde(default)]
    acceptance_required: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
struct FormPackage {
    code: String,
    version: u32,
    authority: String,
    title: String,
    implication: String,
    does_not_cover: String,
    privileges: Vec<FormRight>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
struct FormRight {
    name: String,
    covers: String,
    does_not_cover: String,
}

/// What a form says beside what is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormFrame {
    /// Who takes the form back.
    pub authority: String,
    /// A short code by which it is found again.
    pub code: String,
    /// When it was made.
    pub made: Instant,
}

impl MandateForm {
    /// The form of the document that was made for paper; `None` where it is none of a mandate.
    pub fn read(document: &[u8]) -> Option<Self> {
        serde_json::from_slice(document).ok()
    }

    /// The authorities whose packages are in it, by their CVR numbers, to be named.
    pub fn authorities(&mut self) -> impl Iterator<Item = &mut String> {
        self.packages.iter_mut().map(|package| &mut package.authority)
    }

    /// The document.
    pub fn sheet(&self, frame: &FormFrame) -> Sheet {
        let say = |key: &str| word(key, self.language);
        let title = say("mandate");
        let to = self.representative.as_ref().map_or_else(|| say("to_blank"), ToString::to_string);
        let last = Instant::from_micros(self.until.as_micros().saturating_sub(1)).local_date();
        let mut about = vec![(say("to_whom"), to)];
        about.push((say("to_day"), day(last, self.language)));
        about.extend(self.case.iter().map(|case| (say("case"), case.clone())));
        let texts =
            self.packages.iter().map(|package| format!("{}, version {}", package.code, package.version));
        about.push((say("text"), texts.collect::<Vec<_>>().join("; ")));
        let mut blocks = vec![Block::Paragraph(say("mandate_lead")), Block::Rows(about)];
        for package in &self.packages {
            blocks.push(Block::Heading(format!("{} – {}", package.title, package.authority)));
            blocks.push(Block::Paragraph(package.implication.clone()));
            let right =
                |right: &FormRight| format!("{}: {} {}", right.name, right.covers, right.does_not_cover);
            blocks.push(Block::List(package.privileges.iter().map(right).collect()));
            blocks.push(Block::Paragraph(package.does_not_cover.clone()));
        }
        if self.usable_after_hours.is_some() {
            blocks.push(Block::Paragraph(say("rests_first")));
        }
        if self.acceptance_required {
            blocks.push(Block::Paragraph(say("accepted_first")));
        }
        blocks.extend([Block::Heading(say("mandate_end")), Block::Paragraph(say("mandate_end_how"))]);
        blocks.push(Block::Heading(say("signature")));
        blocks.push(Block::Paragraph(say("mandate_sign")));
        blocks.push(Block::Lines(vec![say("sign_name"), say("sign_date"), say("sign_here")]));
        blocks.extend([Block::Heading(say("code")), Block::Paragraph(say("code_lead"))]);
        blocks.push(Block::Code(frame.code.clone()));
        Sheet {
            title,
            language: self.language,
            author: frame.authority.clone(),
            created: frame.made,
            foot: format!("{} {}", say("code"), frame.code),
            page_words: [say("page"), say("of")],
            blocks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_says_what_is_given_and_is_drawn_as_promised() {
        for language in ["da", "en"] {
            let document = json!({
                "schema": "tillid.presentation.mandate/1", "language": language, "representative": "Bo Lind",
                "packages": [{"code": "M02", "version": 3, "authority": "99100001", "title": "Adressebeskyttelse",
                    "purpose": "-", "implication": "Bo kan søge.", "does_not_cover": "Ikke pas.",
                    "privileges": [{"uri": "urn:dk:a:b", "action": "act", "name": "Søge", "covers": "At søge.",
                        "does_not_cover": "Ikke andet."}]}],
                "case": null, "until": "2027-02-01T23:00:00Z", "usable_after_hours": 72,
            });
            let mut form = MandateForm::read(document.to_string().as_bytes()).expect("a form");
            form.authorities().for_each(|name| *name = "CPR".to_owned());
            let made = "2026-03-02T09:00:00Z".parse().expect("a time");
            let frame =
                FormFrame { authority: "Eksempel Kommune".to_owned(), code: "0000-0111".to_owned(), made };
            let sheet = form.sheet(&frame);
            let said = format!("{:?}", sheet.blocks);
            for text in ["Bo Lind", "Bo kan søge.", "Ikke pas.", "At søge.", "0000-0111", "CPR"] {
                assert!(said.contains(text), "{text}");
            }
            assert!(said.contains(&word("rests_first", form.language)));
            assert!(!said.contains(&word("accepted_first", form.language)));
            assert!(sheet.to_pdf().expect("PDF/UA-1 and PDF/A-2a").starts_with(b"%PDF"));
        }
        assert_eq!(MandateForm::read(b"{}"), None);
    }
}
