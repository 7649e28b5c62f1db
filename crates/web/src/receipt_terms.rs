//! What was agreed to, as a receipt tells it: with whom, to what, for how long, and how to take it back.

use crate::{page::Page, view::authority};
use tillid_domain::{catalogue::Polarity, consent::ConsentStanding};
use tillid_service::{Service, TypedConsent};

/// What the consent of a receipt is to.
pub(crate) struct Terms {
    pub(crate) statement: String,
    pub(crate) answer: &'static str,
    /// What people want to know of it, in the order in which they read it.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// How it is taken back; nothing where there is nothing to take back.
    pub(crate) withdrawal: Option<Withdrawal>,
}

/// How a consent is taken back.
pub(crate) struct Withdrawal {
    /// Where.
    pub(crate) address: String,
    /// What it means.
    pub(crate) means: String,
    /// How without a computer.
    pub(crate) otherwise: String,
}

impl Terms {
    pub(crate) fn new(typed: &TypedConsent, service: &Service, page: &Page) -> Self {
        let (consent, of) = (&typed.consent, &typed.of);
        let answer = &consent.answer;
        let item = of.item(&answer.item);
        let name = authority(service, answer.authority, page.language);
        let mut facts = vec![
            ("receipt.controller", format!("{name}, CVR {}", answer.authority)),
            ("receipt.purpose", page.say(&of.purpose).to_owned()),
        ];
        if let Some(item) = item {
            let names = |list: Vec<&str>| list.join(", ");
            facts.push(("receipt.data", names(item.data.iter().map(|d| page.say(&d.name)).collect())));
            if !item.sources.is_empty() {
                let sources = item.sources.iter().map(|n| page.say(&n.name)).collect();
                facts.push(("receipt.sources", names(sources)));
            }
            facts.push((
                "receipt.recipients",
                names(item.recipients.iter().map(|n| page.say(&n.name)).collect()),
            ));
        }
        facts.push(("consent.answered_at", page.moment(consent.answered_at)));
        if let Some(to) = answer.valid.to.filter(|_| typed.standing != ConsentStanding::Declined) {
            facts.push(("receipt.last_day", page.last_day(to)));
        }
        facts.extend(answer.case.as_ref().map(|case| ("consent.case", case.to_string())));
        let holds = matches!(typed.standing, ConsentStanding::Active | ConsentStanding::Planned);
        let withdrawal = holds.then(|| Withdrawal {
            address: format!("{}/consents/{}", service.settings().base_url, consent.id),
            means: page.say(&of.withdrawal).to_owned(),
            otherwise: page.say(&of.alternative).to_owned(),
        });
        Self {
            statement: item.map_or("", |item| page.say(&item.statement)).to_owned(),
            answer: page.t(answered(typed)),
            facts,
            withdrawal,
        }
    }
}

fn answered(typed: &TypedConsent) -> &'static str {
    match (typed.standing, typed.consent.answer.polarity) {
        (ConsentStanding::Declined, _) => "form.no",
        (_, Polarity::Consent | Polarity::OptOut) => "form.yes",
    }
}
