//! One power of attorney of the person who was looked up: where it stands, and what a registrar does with it on their word.

use super::must_be_registrar;
use crate::{
    casework::{Stop, Under, read as told, roles},
    fields,
    mandate::{ground_words, package, rights, withdrawn},
    page::{Here, Page, see},
    refused::{Notice, form, noted},
    uses::{Part, Uses, UsesPage},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    actor::Role,
    collected::{AnnulmentGround, Assistance},
    id::{AccessId, MandateId},
    mandate::{
        Confirmation, DisputeGround, Mandate, MandatePaper, MandateRoute, MandateStanding, MandateState,
        RevocationGround,
    },
    text::Prose,
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::{Error, FoundMandate, MandateService};

/// What staff do with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Confirm,
    Resume,
    Dispute,
    Revoke,
    Annul,
}

impl Deed {
    const ALL: [Self; 5] = [Self::Confirm, Self::Resume, Self::Dispute, Self::Revoke, Self::Annul];

    const fn path(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Resume => "resume",
            Self::Dispute => "dispute",
            Self::Revoke => "revoke",
            Self::Annul => "annul",
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Confirm => "mandates.confirm",
            Self::Resume => "mandates.resume",
            Self::Dispute => "mandates.dispute",
            Self::Revoke => "mandates.revoke",
            Self::Annul => "mandates.annul",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Confirm => "mandates.confirm_text",
            Self::Resume => "mandates.resume_text",
            Self::Dispute => "mandates.dispute_text",
            Self::Revoke => "mandates.revoke_text",
            Self::Annul => "mandates.annul_text",
        }
    }

    const fn can_be_quiet(self) -> bool {
        matches!(self, Self::Revoke)
    }

    const fn needs_note(self) -> bool {
        matches!(self, Self::Dispute | Self::Revoke | Self::Annul)
    }

    fn grounds(self) -> Vec<&'static str> {
        match self {
            Self::Dispute => DisputeGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Revoke => RevocationGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Annul => AnnulmentGround::ALL.iter().map(|ground| ground.code()).collect(),
            Self::Confirm | Self::Resume => Vec::new(),
        }
    }

    /// Whether what hangs together with it ends too.
    const fn ends_it(self) -> bool {
        matches!(self, Self::Revoke | Self::Annul)
    }

    /// Whether it can be done to a mandate that stands so.
    fn is_open(self, mandate: &Mandate, standing: MandateStanding) -> bool {
        let rests = matches!(standing, MandateStanding::Suspended | MandateStanding::Disputed);
        let usable = matches!(
            standing,
            MandateStanding::Active | MandateStanding::Together | MandateStanding::Planned
        );
        match self {
            Self::Confirm => {
                matches!(mandate.state, MandateState::Awaiting(a) if a.waits_for(Confirmation::SecondRegistrar))
            }
            Self::Resume => rests,
            Self::Dispute => usable || standing == MandateStanding::Suspended,
            Self::Revoke => standing.is_alive(),
            Self::Annul => !mandate.route.is_digital() && standing != MandateStanding::Annulled,
        }
    }
}

/// A form for one deed.
struct Offer {
    deed: Deed,
    grounds: Vec<(&'static str, String, bool)>,
    note: String,
    /// Whether its form was refused, so that its fields say what is wrong.
    refused: bool,
}

impl Offer {
    /// The id of a field: the one that was refused has its plain name, which errors point to.
    fn field(&self, name: &str) -> String {
        if self.refused { name.to_owned() } else { format!("{}-{name}", self.deed.path()) }
    }
}

/// What would end with the mandate.
struct Falling {
    to: String,
    until: String,
    rights: Vec<String>,
}

impl Falling {
    async fn new(here: &Here, found: FoundMandate) -> Result<Self, Problem> {
        let FoundMandate { mandate, representative_name, .. } = found;
        let nobody = || here.page.t("overview.someone").to_owned();
        Ok(Self {
            to: representative_name.map_or_else(nobody, |name| name.to_string()),
            until: here.page.last_day(mandate.valid.to),
            rights: rights(here, &mandate.packages, &mandate.privileges).await?,
        })
    }
}

#[derive(Template)]
#[template(path = "casework_mandate.html")]
struct MandatePage<'p> {
    page: &'p Page,
    found: String,
    address: String,
    title: String,
    state: &'static str,
    colour: &'static str,
    rows: Vec<(&'static str, String)>,
    rights: Vec<String>,
    /// The address of the scanned paper; to registrars.
    document: Option<String>,
    offers: Vec<Offer>,
    falling: Vec<Falling>,
    /// Its newest uses at the authority.
    uses: Uses,
    notice: Option<Notice>,
}

type Ids = Path<(AccessId, MandateId)>;

pub(in crate::casework) async fn page(here: Here, Path((lookup, id)): Ids) -> Result<Response, Stop> {
    shown(&here, lookup, id, None, &Fields::default(), None).await
}

/// All its uses at the authority.
pub(in crate::casework) async fn uses(
    here: Here,
    Path((lookup, id)): Ids,
    Query(part): Query<Part>,
) -> Result<Response, Stop> {
    let under = Under::new(&here, lookup);
    let uses = told(&here, Uses::after(&here, &under.call, id, part.after).await)?;
    let mandate = format!("/casework/lookups/{lookup}/mandates/{id}");
    Ok(here.page.answer(&UsesPage::new(&here.page, mandate, uses, part.after.is_none(), true)))
}

pub(in crate::casework) async fn change(
    mut here: Here,
    Path((lookup, id, deed)): Path<(AccessId, MandateId, String)>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    let deed = Deed::ALL.into_iter().find(|known| known.path() == deed);
    let deed = here.told(deed.ok_or(Error::NotFound))?;
    if deed != Deed::Dispute {
        must_be_registrar(&here)?;
    }
    let Some(service) = read(&mut here.page, deed, &fields) else {
        return shown(&here, lookup, id, Some(deed), &fields, None).await;
    };
    let call = Under::new(&here, lookup).change(&here, &format!("{}:{id}", deed.path()), &fields);
    match here.service.serve_mandate(&call, id, service).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}/mandates/{id}"))),
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => {
            Ok(crate::problem::again_here(&here, &error)?)
        }
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, lookup, id, Some(deed), &fields, notice).await
        }
    }
}

/// What is to be done, if all of it can be read; what cannot is noted.
fn read(page: &mut Page, deed: Deed, fields: &Fields) -> Option<MandateService> {
    fn chosen<T: Copy>(page: &mut Page, all: &[T], code: fn(T) -> &'static str, said: &str) -> Option<T> {
        let found = all.iter().copied().find(|ground| code(*ground) == said);
        if found.is_none() {
            page.wrong("ground", page.t("mandates.ground_missing"));
        }
        found
    }
    let said = fields.get("ground").unwrap_or_default();
    let note = |page: &mut Page| -> Option<Prose> {
        let note = fields::prose(fields.get("note").unwrap_or_default(), "mandates.note_missing");
        note.map_err(|flaw| page.wrong("note", page.t(flaw))).ok()
    };
    match deed {
        Deed::Confirm => Some(MandateService::Confirm),
        Deed::Resume => Some(MandateService::Resume),
        Deed::Dispute => {
            let ground = chosen(page, DisputeGround::ALL, DisputeGround::code, said);
            Some(MandateService::Dispute(ground?, note(page)?))
        }
        Deed::Revoke => {
            let ground = chosen(page, RevocationGround::ALL, RevocationGround::code, said);
            let assistance = Assistance::Oral { note: note(page)? };
            Some(MandateService::Revoke { ground: ground?, quiet: fields.get("quiet").is_some(), assistance })
        }
        Deed::Annul => {
            let ground = chosen(page, &AnnulmentGround::ALL, AnnulmentGround::code, said);
            Some(MandateService::Annul(ground?, note(page)?))
        }
    }
}

async fn shown(
    here: &Here,
    lookup: AccessId,
    id: MandateId,
    wrong: Option<Deed>,
    fields: &Fields,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let is_registrar = roles(here)?.contains(&Role::Registrar);
    let under = Under::new(here, lookup);
    let (mandate, below, now) = if is_registrar {
        // whoever ends it sees before what ends with it.
        let whole = told(here, here.service.mandate_with_falling(&under.call, id).await)?;
        (whole.0.found.mandate, whole.0.below, whole.1)
    } else {
        let (mandate, now) = told(here, here.service.read_mandate(&under.call, id).await)?;
        (mandate, Vec::new(), now)
    };
    let mut falling = Vec::with_capacity(below.len());
    for found in below {
        falling.push(Falling::new(here, found).await?);
    }
    let page = &here.page;
    let mut titles = Vec::new();
    for version in &mandate.packages {
        let entry = package(here, version).await?;
        titles.extend(entry.mandate_package().map(|package| page.say(&package.title).to_owned()));
    }
    let standing = mandate.standing(now);
    let (state, colour) = super::super::found::power_state(standing);
    let offer = |deed: Deed| {
        let said = (wrong == Some(deed)).then(|| fields.get("ground").unwrap_or_default());
        let words = |code| (code, words_of(page, deed, code).to_owned(), said == Some(code));
        let note = said.and(fields.get("note")).unwrap_or_default().to_owned();
        let grounds = deed.grounds().into_iter().map(words).collect();
        Offer { deed, grounds, note, refused: wrong == Some(deed) }
    };
    let allowed = |deed: &Deed| is_registrar || *deed == Deed::Dispute;
    let open = Deed::ALL.into_iter().filter(|deed| deed.is_open(&mandate, standing)).filter(allowed);
    let found = format!("/casework/lookups/{lookup}");
    let document = mandate.route.document().filter(|_| is_registrar);
    let template = MandatePage {
        page,
        address: format!("{found}/mandates/{id}"),
        document: document.map(|document| format!("{found}/documents/{document}")),
        found,
        title: titles.join(", "),
        state: page.t(state),
        colour,
        rows: rows(page, &mandate),
        rights: rights(here, &mandate.packages, &mandate.privileges).await?,
        uses: told(here, Uses::first(here, &under.call, id).await)?,
        offers: open.map(offer).collect(),
        falling,
        notice,
    };
    let status = template.notice.as_ref().map(|notice| notice.status);
    Ok(form(page, status, &template))
}

fn words_of(page: &Page, deed: Deed, code: &'static str) -> &'static str {
    let annulment = match code {
        "wrong_person" => "mandates.wrong_person",
        "wrong_content" => "mandates.wrong_content",
        "never_answered" => "mandates.never_signed",
        _ => "mandates.registered_twice",
    };
    page.t(if deed == Deed::Annul { annulment } else { ground_words(code) })
}

fn rows(page: &Page, mandate: &Mandate) -> Vec<(&'static str, String)> {
    let basis = match mandate.route {
        MandateRoute::Paper { paper: MandatePaper::Form, .. } => "mandates.by_form",
        MandateRoute::Paper { paper: MandatePaper::General, .. } => "mandates.by_general",
        MandateRoute::Digital => "mandates.by_login",
    };
    let case = mandate.case.as_ref().map(|case| format!("{} {case}", page.t("mandate.only_case")));
    let case = case.unwrap_or_else(|| page.t("mandate.all_cases").to_owned());
    let mut rows = vec![
        (page.t("mandate.fact_how"), page.t(basis).to_owned()),
        (page.t("mandate.fact_from"), page.moment(mandate.valid.from)),
        (page.t("mandate.fact_until"), page.last_day(mandate.valid.to)),
        (page.t("mandate.fact_case"), case),
    ];
    for package in &mandate.packages {
        let told = withdrawn(page, mandate, package.entry);
        rows.extend(told.map(|told| (page.t("withdraw.fact"), format!("{}: {told}", package.code))));
    }
    let rests = match mandate.state {
        MandateState::Suspended { at, ground } => Some((at, ground.code())),
        MandateState::Disputed { at, ground } => Some((at, ground.code())),
        MandateState::Revoked { at, ground, .. } => Some((at, ground.code())),
        MandateState::Renounced { at, ground } => Some((at, ground.code())),
        _ => None,
    };
    if let Some((at, ground)) = rests {
        rows.push((page.t("mandates.since"), page.moment(at)));
        rows.push((page.t("mandates.why"), page.t(ground_words(ground)).to_owned()));
    }
    if let MandateState::Revoked { quiet: true, .. } = mandate.state {
        rows.push((page.t("mandates.quiet"), page.t("mandates.quiet_text").to_owned()));
    }
    rows
}
