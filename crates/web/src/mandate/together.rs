//! Several give or hold a power of attorney together (M6): who they are, and the last yes of each of them.

use super::{
    form::noted_at,
    has_custody, must_be_a_giver,
    show::{Told, told},
    summary::{Document, Ready, ShownPackage, Yes, ready, said},
};
use crate::{
    fields::{self, Radio},
    page::{Here, Page, see},
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    id::{MandateId, PresentationId},
    mandate::{Bond, Company, Joint},
    presentation::Presented,
    text::Name,
};
use tillid_edge::{Fields, Form, Path, Problem};
use tillid_service::{Member, NewPresentation, Other, PersonRef, Said, Together};

/// How many others can be written here.
const OTHERS: usize = 2;

/// Who else, as it was written.
#[derive(Default)]
pub(super) struct Filled {
    side: String,
    all: bool,
    others: [Slot; OTHERS],
}

/// One of the others, as they were written.
#[derive(Default)]
struct Slot {
    name: String,
    number: String,
}

/// The fields for one of the others.
pub(super) struct SlotFields {
    pub(super) name: (String, String, String),
    pub(super) number: (String, String, String),
}

impl Filled {
    pub(super) fn sent(fields: &Fields) -> Self {
        let text = |name: &str, n: usize| fields.get(&format!("{name}_{n}")).unwrap_or_default().to_owned();
        Self {
            side: fields.get("side").unwrap_or_default().to_owned(),
            all: fields.get("quorum") == Some("all"),
            others: std::array::from_fn(|n| Slot {
                name: text("other_name", n),
                number: text("other_number", n),
            }),
        }
    }

    /// What was shown already, to be changed; the numbers are kept nowhere.
    pub(super) fn shown(company: Option<&Company>) -> Self {
        let Some(company) = company else { return Self::default() };
        let name = |n: usize| company.others.get(n).and_then(|other| other.name.as_ref());
        Self {
            side: if company.bond == Bond::Grantors { "grantors" } else { "holders" }.to_owned(),
            all: usize::from(company.quorum) > company.others.len(),
            others: std::array::from_fn(|n| Slot {
                name: name(n).map(ToString::to_string).unwrap_or_default(),
                number: String::new(),
            }),
        }
    }

    /// Whether anything was chosen.
    pub(super) fn is_open(&self) -> bool {
        !self.side.is_empty()
    }

    /// The fields for each of the others: their ids, labels and contents.
    pub(super) fn slots(&self, page: &Page) -> Vec<SlotFields> {
        let field = |id: &str, n: usize, label, content: &String| {
            (format!("{id}_{n}"), page.fill(label, "number", n + 1), content.clone())
        };
        let slot = |(n, slot): (usize, &Slot)| SlotFields {
            name: field("other_name", n, "joint.other_name", &slot.name),
            number: field("other_number", n, "joint.other_number", &slot.number),
        };
        self.others.iter().enumerate().map(slot).collect()
    }

    /// Nothing is chosen beforehand, and nothing chosen is nobody else.
    pub(super) fn sides(&self, page: &Page) -> Vec<Radio> {
        let side = |code: &'static str, words, hint: Option<&'static str>| Radio {
            code,
            words: page.t(words).to_owned(),
            hint: hint.map(|hint| page.t(hint)),
            chosen: self.is_open() && self.side == code,
        };
        vec![
            side("", "joint.alone", None),
            side("holders", "joint.holders", Some("joint.holders_hint")),
            side("grantors", "joint.grantors", Some("joint.grantors_hint")),
        ]
    }

    /// Two, where nobody says otherwise.
    pub(super) fn quorums(&self, page: &Page) -> Vec<Radio> {
        let quorum = |code, words, all| Radio {
            code,
            words: page.t(words).to_owned(),
            hint: None,
            chosen: self.is_open() && self.all == all,
        };
        vec![quorum("two", "joint.quorum_two", false), quorum("all", "joint.quorum_all", true)]
    }
}

/// That something cannot be read; where and why is noted.
pub(super) struct Flawed;

/// Who else, if anybody, and all of it can be read.
pub(super) fn read(page: &mut Page, filled: &Filled) -> Result<Option<Together>, Flawed> {
    if !filled.is_open() {
        return Ok(None);
    }
    let mut others = Vec::new();
    let mut flawed = false;
    for (n, slot) in filled.others.iter().enumerate() {
        if slot.name.is_empty() && slot.number.is_empty() {
            continue;
        }
        let name: Result<Name, _> = fields::written(&slot.name, "mandate.name_form");
        let name = noted_at(page, &format!("other_name_{n}"), name);
        let number = noted_at(page, &format!("other_number_{n}"), fields::cpr(&slot.number));
        match (name, number) {
            (Some(name), Some(number)) => {
                others.push(Other { person: PersonRef::Number(number), name: Some(name) });
            }
            _ => flawed = true,
        }
    }
    if others.is_empty() && !flawed {
        page.wrong("other_name_0", page.t("joint.missing"));
        flawed = true;
    }
    let all = u8::try_from(others.len() + 1).unwrap_or(u8::MAX);
    let quorum = if filled.all { all } else { 2 };
    if flawed {
        return Err(Flawed);
    }
    Ok(Some(Together { give: filled.side == "grantors", quorum, others }))
}

/// With whom else, as the document of a presentation tells it.
#[derive(Deserialize)]
pub(crate) struct ShownCompany {
    bond: Bond,
    quorum: u8,
    others: Vec<Option<Name>>,
}

impl ShownCompany {
    /// What it means, in a sentence.
    pub(crate) fn means(&self, page: &Page) -> String {
        page.fill(means(self.bond), "quorum", self.quorum)
    }

    /// Whether each of them signs.
    pub(crate) fn is_signed(&self) -> bool {
        self.bond != Bond::Holders
    }

    /// The others, by their names.
    pub(crate) fn names(&self, page: &Page) -> String {
        let name = |name: &Option<Name>| {
            name.as_ref().map_or_else(|| page.t("overview.someone").to_owned(), ToString::to_string)
        };
        self.others.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

const fn means(bond: Bond) -> &'static str {
    match bond {
        Bond::Grantors => "joint.shown_grantors",
        Bond::Holders => "joint.shown_holders",
        Bond::Signers => "joint.shown_signers",
    }
}

/// Those who give or hold it together, as the page of the mandate tells of them.
pub(super) struct Circle {
    pub(super) means: String,
    /// Each with what they have said.
    pub(super) members: Vec<(String, Option<&'static str>)>,
}

impl Circle {
    pub(super) fn new(here: &Here, joint: Joint, members: &[Member]) -> Self {
        let page = &here.page;
        let line = |member: &Member| {
            let name = if here.visitor.person() == Some(member.person) {
                page.t("joint.you").to_owned()
            } else {
                member
                    .name
                    .as_ref()
                    .map_or_else(|| page.t("overview.someone").to_owned(), ToString::to_string)
            };
            let said = member.said.map(|said| match said {
                Said::Nothing => page.t("joint.awaited"),
                Said::Yes => page.t("joint.signed"),
                Said::No => page.t("joint.objects"),
            });
            (name, said)
        };
        let means = page.fill(means(joint.bond), "quorum", joint.quorum);
        Self { means, members: members.iter().map(line).collect() }
    }
}

#[derive(Template)]
#[template(path = "mandate_sign.html")]
struct Summary<'p> {
    page: &'p Page,
    address: String,
    id: PresentationId,
    document: Document,
    packages: Vec<(String, ShownPackage)>,
    until: String,
    /// The last part of the address where one says no: what was given for a child is ended by that.
    refusal: &'static str,
    notice: Option<Notice>,
}

pub(super) async fn back(Path(id): Path<MandateId>) -> Response {
    see(&format!("/mandates/{id}"))
}

/// Shows what signing would give: the summary, on which the last yes is.
pub(super) async fn open(mut here: Here, Path(id): Path<MandateId>) -> Result<Response, Problem> {
    must_be_a_giver(&here)?;
    let about = NewPresentation::Signature(id);
    match here.service.present(&here.visitor.read(), &about, here.page.language).await {
        Ok(done) => Ok(see(&format!("/mandates/{id}/sign/{}", done.value.presentation.id))),
        Err(error) => {
            let told: Told = told(&here, id).await?;
            let notice = noted(&mut here, &error, &[])?;
            super::show::answer(&here, &told, notice).await
        }
    }
}

pub(super) async fn page(
    here: Here,
    Path((id, presentation)): Path<(MandateId, PresentationId)>,
) -> Result<Response, Problem> {
    must_be_a_giver(&here)?;
    shown(&here, id, presentation, None).await
}

pub(super) async fn sign(
    mut here: Here,
    Path((id, presentation)): Path<(MandateId, PresentationId)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_a_giver(&here)?;
    let call = here.visitor.change(&presentation.to_string(), &fields);
    let done = here.service.sign_mandate(&call, id, presentation).await;
    match said(&mut here, done)? {
        Yes::Next(next) => Ok(next),
        Yes::Again(notice) => shown(&here, id, presentation, notice).await,
    }
}

async fn shown(
    here: &Here,
    id: MandateId,
    presentation: PresentationId,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let fits = |shown: &Presented| matches!(shown, Presented::Mandate { signs: Some(of), .. } if *of == id);
    let Ready { document, packages, until } = ready(here, presentation, fits).await?;
    let (page, address) = (&here.page, format!("/mandates/{id}"));
    let status = notice.as_ref().map(|notice| notice.status);
    let refusal = if has_custody(here) { "revoke" } else { "object" };
    let id = presentation;
    Ok(form(page, status, &Summary { page, address, id, document, packages, until, refusal, notice }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::page;
    use tillid_domain::Language;

    fn filled(text: &str) -> Filled {
        Filled::sent(&Fields::parse(text.as_bytes()).expect("fields"))
    }

    #[test]
    fn nobody_else_is_meant_until_somebody_is_chosen() {
        let mut page = page(Language::Da);
        assert!(matches!(read(&mut page, &filled("other_name_0=Bo")), Ok(None)));
        assert!(page.errors.is_empty());
    }

    #[test]
    fn who_is_written_is_meant_and_what_is_missing_is_told_at_its_field() {
        let mut page = page(Language::Da);
        let two = "side=holders&quorum=all&other_name_1=Bo+Lind&other_number_1=670245-1236";
        let together = read(&mut page, &filled(two)).ok().flatten().expect("somebody");
        assert_eq!((together.give, together.quorum, together.others.len()), (false, 2, 1));
        for (text, field) in
            [("side=grantors", "other_name_0"), ("side=grantors&other_name_0=Bo", "other_number_0")]
        {
            let mut page = crate::tests::page(Language::Da);
            assert!(read(&mut page, &filled(text)).is_err());
            assert_eq!(page.errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), [field]);
        }
    }
}
