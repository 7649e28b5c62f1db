//! The blank form of a consent, for people who answer on paper.

use super::{Block, Sheet, words::word};
use tillid_domain::{Instant, Language, catalogue::ConsentType, text::Code};

/// One thing that is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormItem {
    /// The sentence to say yes or no to.
    pub statement: String,
    /// Which data.
    pub data: Vec<String>,
    /// Whether some of it is of a special category (GDPR article 9).
    pub special: bool,
    /// From whom.
    pub sources: Vec<String>,
    /// To whom.
    pub recipients: Vec<String>,
}

/// What a form says: everything that R-08 asks for, and no choice made beforehand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaperForm {
    /// In which language.
    pub language: Language,
    /// The title.
    pub title: String,
    /// The authority that asks.
    pub authority: String,
    /// How to reach its data-protection officer.
    pub dpo_contact: String,
    /// The case.
    pub case: Option<String>,
    /// What for.
    pub purpose: String,
    /// Why it is asked.
    pub why: String,
    /// The law.
    pub laws: Vec<String>,
    /// How long it holds.
    pub duration: String,
    /// What a no means.
    pub refusal: String,
    /// Whether a no has consequences.
    pub conditional: bool,
    /// What a withdrawal means.
    pub withdrawal: String,
    /// How else it can be done.
    pub alternative: String,
    /// Which text it is: the code and the version of the type.
    pub text: String,
    /// What is asked.
    pub items: Vec<FormItem>,
    /// A short code by which the request is found again when the form comes back.
    pub code: String,
    /// When this paper was made.
    pub made: Instant,
}

impl PaperForm {
    /// The form for these items of that version of a type, in that language.
    pub fn of(
        (of, version): (&ConsentType, u32),
        items: &[Code],
        authority: (&str, &str),
        case: Option<&str>,
        code: &str,
        language: Language,
        made: Instant,
    ) -> Self {
        let words = |text: &tillid_domain::Localized| text.in_language(language).to_owned();
        let item = |code: &Code| {
            of.item(code).map(|item| FormItem {
                statement: words(&item.statement),
                data: item.data.iter().map(|data| words(&data.name)).collect(),
                special: item.data.iter().any(|data| data.special),
                sources: item.sources.iter().map(|source| words(&source.name)).collect(),
                recipients: item.recipients.iter().map(|recipient| words(&recipient.name)).collect(),
            })
        };
        Self {
            language,
            title: words(&of.title),
            authority: authority.0.to_owned(),
            dpo_contact: authority.1.to_owned(),
            case: case.map(ToOwned::to_owned),
            purpose: words(&of.purpose),
            why: words(&of.why),
            laws: of
                .legal_references
                .iter()
                .map(|law| format!("{}: {}", law.citation, words(&law.text)))
                .collect(),
            duration: words(&of.duration.text),
            refusal: words(&of.refusal),
            conditional: of.conditional,
            withdrawal: words(&of.withdrawal),
            alternative: words(&of.alternative),
            text: format!("{}, version {version}", of.code),
            items: items.iter().filter_map(item).collect(),
            code: code.to_owned(),
            made,
        }
    }

    /// The document.
    pub fn sheet(&self) -> Sheet {
        let say = |key: &str| word(key, self.language);
        let mut about = vec![(say("authority"), self.authority.clone())];
        about.extend(self.case.iter().map(|case| (say("case"), case.clone())));
        about.push((say("text"), self.text.clone()));
        about.push((say("duration"), self.duration.clone()));
        about.push((say("dpo"), self.dpo_contact.clone()));
        about.push((say("complaint"), say("complaint_to")));
        let text = |heading: &str, text: &str| {
            [Block::Heading(heading.to_owned()), Block::Paragraph(text.to_owned())]
        };
        let mut blocks = vec![Block::Paragraph(say("form_lead")), Block::Rows(about)];
        blocks.extend(text(&say("purpose"), &self.purpose));
        blocks.extend(text(&say("why"), &self.why));
        blocks.extend([Block::Heading(say("law")), Block::List(self.laws.clone())]);
        blocks.extend(text(&say("refusal"), &self.refusal));
        blocks.push(Block::Paragraph(if self.conditional {
            say("conditional")
        } else {
            say("unconditional")
        }));
        blocks.extend(text(&say("withdrawal"), &self.withdrawal));
        blocks.extend(text(&say("other_ways"), &self.alternative));
        blocks.extend(text(&say("your_answer"), &say("tick")));
        for item in &self.items {
            blocks
                .push(Block::Question { text: item.statement.clone(), answers: vec![say("yes"), say("no")] });
            let lists = [("data", &item.data), ("sources", &item.sources), ("recipients", &item.recipients)];
            let label = |key: &str| match key {
                "data" => say("data"),
                "sources" => say("sources"),
                _ => say("recipients"),
            };
            let rows = lists.iter().filter(|(_, list)| !list.is_empty());
            blocks.push(Block::Rows(rows.map(|(key, list)| (label(key), list.join(", "))).collect()));
            if item.special {
                blocks.push(Block::Paragraph(say("special")));
            }
        }
        blocks.push(Block::Heading(say("signature")));
        blocks.push(Block::Lines(vec![say("sign_name"), say("sign_date"), say("sign_here")]));
        blocks.extend(text(&say("code"), &say("code_lead")));
        blocks.push(Block::Code(self.code.clone()));
        Sheet {
            title: self.title.clone(),
            language: self.language,
            author: self.authority.clone(),
            created: self.made,
            foot: format!("{} {}", say("code"), self.code),
            page_words: [say("page"), say("of")],
            blocks,
        }
    }
}
