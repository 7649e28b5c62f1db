//! Asking for less than a type allows: the part of a form that both asking and registering have.

use crate::{fields::WrittenDate, page::Page};
use tillid_domain::{
    catalogue::{ConsentType, Item, Named},
    terms::Proposal,
    text::Code,
};
use tillid_edge::Fields;

/// What was filled in, as it was written.
#[derive(Default)]
pub(super) struct Narrowed {
    pub(super) valid_until: WrittenDate,
    pub(super) once: bool,
    sources: Vec<String>,
    recipients: Vec<String>,
}

impl Narrowed {
    pub(super) fn sent(fields: &Fields) -> Self {
        let all = |name: &str| fields.all(name).map(str::to_owned).collect();
        Self {
            valid_until: WrittenDate::sent(fields, "valid_until"),
            once: fields.get("once") == Some("yes"),
            sources: all("source"),
            recipients: all("recipient"),
        }
    }

    /// What distinguishes this part of a form from another.
    pub(super) fn key(&self) -> String {
        let Self { valid_until, once, sources, recipients } = self;
        format!("{valid_until:?}:{once}:{}:{}", sources.join(","), recipients.join(","))
    }

    /// What is proposed, if all of it can be read; what cannot is noted.
    pub(super) fn read(&self, page: &mut Page) -> Option<Proposal> {
        let day = if self.valid_until.is_empty() { Ok(None) } else { self.valid_until.date().map(Some) };
        let day = day.map_err(|(part, flaw)| page.wrong(format!("valid_until_{part}"), page.t(flaw)));
        let codes =
            |texts: &[String]| -> Vec<Code> { texts.iter().filter_map(|text| text.parse().ok()).collect() };
        Some(Proposal {
            valid_until: day.ok()?,
            valid_for: None,
            once: self.once.then_some(true),
            sources: codes(&self.sources),
            recipients: codes(&self.recipients),
        })
    }
}

pub(super) struct Choice {
    pub(super) code: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// Sources or recipients to choose from.
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) legend: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// What can be narrowed, as the page shows it.
pub(super) struct Narrow<'p> {
    /// How long the type lasts, in its own words.
    pub(super) lasts: &'p str,
    pub(super) may_be_once: bool,
    pub(super) lists: Vec<List>,
    pub(super) filled: &'p Narrowed,
}

impl<'p> Narrow<'p> {
    pub(super) fn new(page: &Page, of: &'p ConsentType, filled: &'p Narrowed) -> Self {
        let list = |name, legend, chosen: &[String], named: fn(&Item) -> &Vec<Named>| {
            let mut choices: Vec<Choice> = Vec::new();
            for one in of.items.iter().flat_map(named) {
                let code = one.code.to_string();
                if choices.iter().all(|choice| choice.code != code) {
                    let chosen = chosen.contains(&code);
                    choices.push(Choice { code, words: page.say(&one.name).to_owned(), chosen });
                }
            }
            // Where each specific consent has one, choosing among these is choosing among the consents.
            let is_choice = of.items.iter().any(|item| named(item).len() > 1);
            is_choice.then(|| List { name, legend: page.t(legend), choices })
        };
        let lists = [
            list("source", "casework.sources", &filled.sources, |item| &item.sources),
            list("recipient", "casework.recipients", &filled.recipients, |item| &item.recipients),
        ];
        Self {
            lasts: of.duration.text.in_language(page.language),
            may_be_once: !of.duration.once,
            lists: lists.into_iter().flatten().collect(),
            filled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{consent_type, page};
    use tillid_domain::Language;

    fn narrowed(text: &str) -> Narrowed {
        Narrowed::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    #[test]
    fn what_is_left_out_is_what_the_type_says() {
        let mut page = page(Language::Da);
        assert_eq!(narrowed("").read(&mut page), Some(Proposal::default()));
        let filled =
            narrowed("valid_until_day=31&valid_until_month=12&valid_until_year=2027&once=yes&source=bank");
        let proposal = filled.read(&mut page).expect("a proposal");
        assert_eq!(proposal.valid_until.map(|day| day.to_string()).as_deref(), Some("2027-12-31"));
        assert_eq!((proposal.once, proposal.sources.len()), (Some(true), 1));
        assert_eq!(
            narrowed("valid_until_day=31&valid_until_month=2&valid_until_year=2027").read(&mut page),
            None
        );
        assert_eq!(page.errors.pop().map(|error| error.field).as_deref(), Some("valid_until_day"));
        assert_ne!(narrowed("source=bank").key(), narrowed("source=laege").key());
    }

    #[test]
    fn only_what_there_is_a_choice_of_is_offered() {
        let (page, mut of) = (page(Language::En), consent_type("C02"));
        let filled = narrowed("source=bank");
        assert!(Narrow::new(&page, &of, &filled).lists.is_empty());
        let bank =
            of.items.iter().find_map(|item| item.sources.iter().find(|one| one.code.as_str() == "bank"));
        let bank = bank.expect("a bank").clone();
        of.items.first_mut().expect("an item").sources.push(bank);
        let lists = Narrow::new(&page, &of, &filled).lists;
        let [list] = lists.as_slice() else { panic!("{}", lists.len()) };
        assert_eq!((list.name, list.choices.iter().filter(|choice| choice.chosen).count()), ("source", 1));
    }
}
