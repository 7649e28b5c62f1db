//! A version as its page tells of it.

use super::{
    compare::{Change, changes},
    flaws, state_words,
};
use crate::{
    document::ConsentDocument,
    page::{Here, Page},
};
use tillid_domain::{
    actor::ActorTrace,
    catalogue::{CatalogueEntry, ConsentType, Definition, EntryState, MandatePackage, Shelf},
    event::{Fact, Recorded},
    presentation::{ConsentSetting, consent_document},
    terms::Terms,
    text::{Code, Name},
};
use tillid_edge::Problem;
use tillid_service::Error;

/// Something that happened to a version.
pub(super) struct Happened {
    pub(super) what: &'static str,
    pub(super) who: &'static str,
    pub(super) when: String,
    pub(super) comment: Option<String>,
}

/// A package as whoever gives it sees it.
pub(super) struct PackageWords {
    pub(super) purpose: String,
    pub(super) implication: String,
    pub(super) does_not_cover: String,
    pub(super) duration: String,
    pub(super) privileges: Vec<(String, String)>,
}

/// What is told of a version.
#[expect(clippy::struct_excessive_bools, reason = "each is a question that the page asks")]
pub(super) struct Told {
    pub(super) address: String,
    pub(super) shelf: &'static str,
    pub(super) title: String,
    pub(super) code: String,
    pub(super) number: u32,
    pub(super) revision: u64,
    pub(super) state: &'static str,
    pub(super) colour: &'static str,
    pub(super) draft: bool,
    pub(super) in_review: bool,
    pub(super) published: bool,
    /// Whether it is a package that can be withdrawn.
    pub(super) withdrawable: bool,
    /// Whether whoever looks wrote it last, so that somebody else publishes it.
    pub(super) own: bool,
    pub(super) flaws: Vec<(String, &'static str)>,
    /// The number of the version in use, if this is another, and what differs from it.
    pub(super) against: Option<(u32, Vec<Change>)>,
    pub(super) document: Option<ConsentDocument>,
    pub(super) package: Option<PackageWords>,
    pub(super) history: Vec<Happened>,
}

pub(super) fn addressed(entry: &CatalogueEntry) -> String {
    let definition = &entry.definition;
    format!("/casework/catalogue/{}/{}/{}", shelf_name(definition.shelf()), definition.code(), entry.number)
}

/// What a shelf is called in an address.
pub(super) const fn shelf_name(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::ConsentType => "consent-types",
        Shelf::MandatePackage => "mandate-packages",
    }
}

pub(super) fn title<'d>(page: &Page, definition: &'d Definition) -> &'d str {
    match definition {
        Definition::ConsentType(of) => page.say(&of.title),
        Definition::MandatePackage(of) => page.say(&of.title),
    }
}

impl Told {
    pub(super) fn new(
        here: &Here,
        entry: &CatalogueEntry,
        in_use: Option<&CatalogueEntry>,
        history: &[Recorded],
    ) -> Result<Self, Problem> {
        let page = &here.page;
        let me = here.visitor.actor().trace();
        let (state, colour) = state_words(&entry.state);
        let open = entry.state.is_open();
        let against = in_use
            .filter(|other| other.id != entry.id)
            .map(|other| (other.number, changes(&other.definition, &entry.definition)));
        let (document, package) = match &entry.definition {
            Definition::ConsentType(of) => (Some(document(here, of, entry.number)?), None),
            Definition::MandatePackage(of) => (None, Some(package(page, of))),
        };
        Ok(Self {
            address: addressed(entry),
            shelf: shelf_name(entry.definition.shelf()),
            title: title(page, &entry.definition).to_owned(),
            code: entry.definition.code().to_string(),
            number: entry.number,
            revision: entry.revision,
            state: page.t(state),
            colour,
            draft: entry.state == EntryState::Draft,
            in_review: matches!(entry.state, EntryState::InReview { .. }),
            published: entry.is_published(),
            withdrawable: withdrawable(entry.definition.shelf(), &entry.state),
            own: entry.edited_by == me,
            flaws: if open { flaws(page, &entry.definition) } else { Vec::new() },
            against,
            document,
            package,
            history: history.iter().rev().filter_map(|event| happened(page, &me, event)).collect(),
        })
    }
}

/// Whether what was given under it can be ended: a package is withdrawn once, here.
const fn withdrawable(shelf: Shelf, state: &EntryState) -> bool {
    matches!(shelf, Shelf::MandatePackage)
        && matches!(state, EntryState::Published { .. } | EntryState::Retired { withdrawal: None, .. })
}

/// Exactly what a citizen will see, by the renderer of presentations.
fn document(here: &Here, of: &ConsentType, version: u32) -> Result<ConsentDocument, Problem> {
    let authority = here.told(here.service.directory().get(of.authority).ok_or(Error::NotFound))?;
    let name = authority.name.in_language(here.page.language).parse::<Name>();
    let name = here.told(name.map_err(|_| Error::NotFound))?;
    let items: Vec<Code> = of.items.iter().map(|item| item.code.clone()).collect();
    let terms = Terms::default();
    let setting = ConsentSetting {
        authority: &name,
        dpo_contact: &authority.dpo_contact,
        version,
        items: &items,
        case: None,
        terms: &terms,
    };
    ConsentDocument::read(&consent_document(of, &setting, here.page.language))
}

fn package(page: &Page, of: &MandatePackage) -> PackageWords {
    let privilege = |p: &tillid_domain::catalogue::Privilege| {
        (page.say(&p.name).to_owned(), page.say(&p.covers).to_owned())
    };
    PackageWords {
        purpose: page.say(&of.purpose).to_owned(),
        implication: page.say(&of.implication).to_owned(),
        does_not_cover: page.say(&of.does_not_cover).to_owned(),
        duration: page.say(&of.duration.text).to_owned(),
        privileges: of.privileges.iter().map(privilege).collect(),
    }
}

fn happened(page: &Page, me: &ActorTrace, event: &Recorded) -> Option<Happened> {
    let what = match &event.fact {
        Fact::EntryDrafted { .. } => "casework.cat_was_drafted",
        Fact::EntryChanged { .. } => "casework.cat_was_changed",
        Fact::EntrySubmitted {} => "casework.cat_was_submitted",
        Fact::EntryReturned { .. } => "casework.cat_was_returned",
        Fact::EntryDiscarded {} => "casework.cat_was_discarded",
        Fact::EntryPublished {} => "casework.cat_was_published",
        Fact::EntryRetired {} => "casework.cat_was_retired",
        Fact::EntryWithdrawn { .. } => "withdraw.was",
        _ => return None,
    };
    let who = match &event.actor {
        actor if actor == me => "casework.cat_by_you",
        ActorTrace::Operator => "casework.cat_by_operator",
        _ => "casework.cat_by_colleague",
    };
    let comment = match &event.fact {
        Fact::EntryReturned { comment } => Some(comment.to_string()),
        Fact::EntryWithdrawn { why, .. } => Some(why.to_string()),
        _ => None,
    };
    Some(Happened { what: page.t(what), who: page.t(who), when: page.moment(event.recorded_at), comment })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{EntryPage, Wrote},
        *,
    };
    use crate::tests::{consent_type, must_hold_together, package as seeded, page};
    use askama::Template as _;
    use tillid_domain::Language;

    fn told(document: Option<ConsentDocument>, package: Option<PackageWords>, state: &EntryState) -> Told {
        let (words, colour) = state_words(state);
        Told {
            address: "/casework/catalogue/consent-types/C15/2".to_owned(),
            shelf: "consent-types",
            title: "SMS <b>".to_owned(),
            code: "C15".to_owned(),
            number: 2,
            revision: 3,
            state: words,
            colour,
            draft: *state == EntryState::Draft,
            in_review: matches!(state, EntryState::InReview { .. }),
            published: matches!(state, EntryState::Published { .. }),
            withdrawable: package.is_some() && withdrawable(Shelf::MandatePackage, state),
            own: false,
            flaws: Vec::new(),
            against: Some((
                1,
                vec![Change { pointer: "/min_age".to_owned(), before: Some("15".to_owned()), after: None }],
            )),
            document,
            package,
            history: vec![Happened {
                what: "what",
                who: "who",
                when: "when".to_owned(),
                comment: Some("<i>".to_owned()),
            }],
        }
    }

    fn previewed(language: Language) -> ConsentDocument {
        let of = consent_type("C15");
        let name = "Eksempel Kommune".parse().expect("a name");
        let items: Vec<Code> = of.items.iter().map(|item| item.code.clone()).collect();
        let setting = ConsentSetting {
            authority: &name,
            dpo_contact: &name,
            version: 2,
            items: &items,
            case: None,
            terms: &Terms::default(),
        };
        ConsentDocument::read(&consent_document(&of, &setting, language)).expect("a document")
    }

    #[test]
    fn a_version_shows_what_the_citizen_sees_and_the_steps_that_its_state_has() {
        use EntryState::{Discarded, Draft, InReview, Published, Retired};
        let at = tillid_domain::Instant::from_micros(1_800_000_000_000_000);
        for language in Language::ALL {
            let page = page(language);
            let words = package(&page, &seeded("M14"));
            let retired = Retired { published_at: at, at, withdrawal: None };
            let html = |told: &Told| {
                let html = EntryPage {
                    page: &page,
                    told,
                    wrote: &Wrote::default(),
                    withdrawing: None,
                    notice: None,
                }
                .render()
                .expect("a page");
                must_hold_together(&html);
                html
            };
            let html_of_package = html(&told(None, Some(words), &retired));
            assert!(html_of_package.contains("/C15/2/withdraw\""), "{html_of_package}");
            for (state, steps) in [
                (Draft, &["submit", "publish", "discard"][..]),
                (InReview { at }, &["publish", "return", "discard"]),
                (Published { at }, &["retire"]),
                (retired, &[]),
                (Discarded { at }, &[]),
            ] {
                let document = previewed(language);
                let statement = document.items[0].statement.clone();
                let mut version = told(Some(document), None, &state);
                let page = html(&version);
                assert!(page.contains(&statement) && !page.contains("<i>"), "{page}");
                for step in ["submit", "return", "publish", "discard", "retire", "withdraw"] {
                    let offered = page.contains(&format!("/C15/2/{step}\""));
                    assert_eq!(offered, steps.contains(&step), "{step}");
                }
                version.own = true;
                assert!(!html(&version).contains("/C15/2/publish\""), "somebody else takes it into use");
            }
        }
    }
}
