//! The receipt of an answer, for people who keep paper.

use super::{
    Block, Sheet,
    words::{moment, word},
};
use tillid_domain::{Instant, Language};

/// What a person said to one thing, and what has become of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReceiptAnswer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Yes, and withdrawn since.
    Withdrawn(Instant),
    /// Yes, and it has ended since in another way.
    Ended(Instant),
    /// It had been registered wrongly, and never counted.
    Annulled(Instant),
}

/// One thing that was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceiptItem {
    /// The sentence.
    pub statement: String,
    /// What was answered.
    pub answer: ReceiptAnswer,
}

/// What a receipt says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaperReceipt {
    /// In which language.
    pub language: Language,
    /// The title of what was asked.
    pub title: String,
    /// What for.
    pub purpose: String,
    /// Whose data it is about; without it the paper names nobody.
    pub person: Option<String>,
    /// The authority.
    pub authority: String,
    /// The case.
    pub case: Option<String>,
    /// What was answered.
    pub items: Vec<ReceiptItem>,
    /// When.
    pub answered: Instant,
    /// From when it holds.
    pub from: Instant,
    /// The first moment when it does not hold any more, if there is an end.
    pub to: Option<Instant>,
    /// What a withdrawal means.
    pub withdrawal: String,
    /// The id of the receipt.
    pub receipt: String,
    /// Its place in the log, when it has one.
    pub position: Option<u64>,
    /// The address where it can be checked and withdrawn.
    pub address: String,
    /// When this paper was made.
    pub made: Instant,
}

impl PaperReceipt {
    /// The document.
    pub fn sheet(&self) -> Sheet {
        let say = |key: &str| word(key, self.language);
        let at = |at: Instant| moment(at, self.language);
        let mut about = vec![(say("authority"), self.authority.clone())];
        about.extend(self.person.iter().map(|person| (say("person"), person.clone())));
        about.extend(self.case.iter().map(|case| (say("case"), case.clone())));
        about.push((say("purpose"), self.purpose.clone()));
        about.push((say("answered"), at(self.answered)));
        let counted =
            |item: &ReceiptItem| !matches!(item.answer, ReceiptAnswer::No | ReceiptAnswer::Annulled(_));
        if self.items.iter().any(counted) {
            about.push((say("from"), at(self.from)));
            about.push((say("to"), self.to.map_or_else(|| say("no_end"), at)));
        }
        let answers = self.items.iter().map(|item| (self.answer(item.answer), item.statement.clone()));
        let mut blocks = vec![
            Block::Paragraph(say("receipt_lead")),
            Block::Rows(about),
            Block::Heading(say("answers")),
            Block::Rows(answers.collect()),
        ];
        if self.items.iter().any(|item| item.answer == ReceiptAnswer::Yes) {
            blocks.push(Block::Heading(say("withdrawal")));
            blocks.push(Block::Paragraph(self.withdrawal.clone()));
        }
        let mut proof = vec![(say("receipt"), self.receipt.clone())];
        proof.push((say("position"), self.position.map_or_else(|| say("no_position"), |n| n.to_string())));
        proof.push((say("address"), self.address.clone()));
        proof.push((say("made"), at(self.made)));
        blocks.extend([
            Block::Heading(say("proof")),
            Block::Paragraph(say("proof_lead")),
            Block::Rows(proof),
        ]);
        Sheet {
            title: format!("{}: {}", say("receipt_title"), self.title),
            language: self.language,
            author: self.authority.clone(),
            created: self.made,
            // In capitals, as the codes of the forms are: the letters of some numbers otherwise look like prose that nobody gets read.
            foot: format!("{} {}", say("receipt"), self.receipt.to_uppercase()),
            page_words: [say("page"), say("of")],
            blocks,
        }
    }

    fn answer(&self, answer: ReceiptAnswer) -> String {
        let say = |key: &str| word(key, self.language);
        match answer {
            ReceiptAnswer::Yes => say("yes"),
            ReceiptAnswer::No => say("no"),
            ReceiptAnswer::Withdrawn(at) => {
                format!("{} {}", say("yes_withdrawn"), moment(at, self.language))
            }
            ReceiptAnswer::Ended(at) => format!("{} {}", say("yes_ended"), moment(at, self.language)),
            ReceiptAnswer::Annulled(at) => format!("{} {}", say("annulled"), moment(at, self.language)),
        }
    }
}
