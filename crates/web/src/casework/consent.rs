//! A consent under a look-up: how it was collected and proven, and what staff can do about it: withdraw it on the person's word, take back
//! a registration that was wrong, and say that what was for one time has been.

use super::{
    Stop, Under,
    evidence::{FILE, brought},
    found::{Consent, consent, may_ask},
    read as told, roles,
    tasks::may_work,
};
use crate::{
    collected::{How, why},
    consent::effects,
    fields::{self, Radio},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    catalogue::Channel,
    collected::{AnnulmentGround, Assistance},
    consent::{ConsentStanding, ConsentState},
    id::{AccessId, ConsentId},
    text::Prose,
};
use tillid_edge::{Fields, Form, Path, Upload};
use tillid_service::TypedConsent;

/// Where the flaws that the verbs find are shown.
const PLACES: &Places = &[("/registration/document_id", FILE)];

#[derive(Template)]
#[template(path = "casework_consent.html")]
struct ConsentPage<'p> {
    page: &'p Page,
    found: String,
    consent: Consent,
    how: How,
    /// The address of what was answered together with it, in the state's format.
    state_format: String,
    /// How it ended through staff.
    ended: Option<String>,
    can_withdraw: bool,
    can_annul: bool,
    can_use_up: bool,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "casework_consent_withdraw.html")]
struct WithdrawPage<'p> {
    page: &'p Page,
    consent: Consent,
    means: String,
    effects: Vec<&'static str>,
    /// Whether the authority then has something to do.
    is_task: bool,
    ways: Vec<Radio>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "casework_consent_annul.html")]
struct AnnulPage<'p> {
    page: &'p Page,
    consent: Consent,
    grounds: Vec<Radio>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    way: String,
    ground: String,
    note: String,
    /// The id of a letter that an earlier sending of the form brought.
    document: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self { way: text("way"), ground: text("ground"), note: text("note"), document: text("document") }
    }
}

type Ids = Path<(AccessId, ConsentId)>;

pub(super) async fn page(here: Here, Path((lookup, id)): Ids) -> Result<Response, Stop> {
    shown(&here, lookup, id, None).await
}

async fn shown(
    here: &Here,
    lookup: AccessId,
    id: ConsentId,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let roles = roles(here)?;
    let typed = found(here, lookup, id).await?;
    let page = &here.page;
    let status = notice.as_ref().map(|notice| notice.status);
    let row = consent(here, lookup, &typed);
    let registered = typed.consent.answer.collected.channel() != Channel::Digital;
    let annulled = typed.standing == ConsentStanding::Annulled;
    let active = typed.standing == ConsentStanding::Active;
    let documents = format!("/casework/lookups/{lookup}/documents");
    let template = ConsentPage {
        page,
        found: format!("/casework/lookups/{lookup}"),
        how: How::new(page, &typed.consent, Some(&documents)),
        state_format: format!(
            "/casework/lookups/{lookup}/declarations/{}/viljestilkendegivelse",
            typed.consent.answer.declaration
        ),
        ended: ended(page, &typed),
        can_withdraw: may_ask(roles) && row.row.standing.holds,
        can_annul: may_ask(roles) && registered && !annulled,
        can_use_up: may_work(roles) && typed.of.duration.once && active,
        consent: row,
        notice,
    };
    Ok(form(page, status, &template))
}

async fn found(here: &Here, lookup: AccessId, id: ConsentId) -> Result<TypedConsent, Stop> {
    let under = Under::new(here, lookup);
    told(here, here.service.read_consent(&under.call, id).await)
}

/// What staff did to it, in words for staff.
fn ended(page: &Page, typed: &TypedConsent) -> Option<String> {
    match typed.consent.state {
        ConsentState::Withdrawn { channel: Channel::Digital, .. } => None,
        ConsentState::Withdrawn { channel: Channel::Paper, .. } => {
            Some(page.t("registering.withdrawn_by_letter").to_owned())
        }
        ConsentState::Withdrawn { .. } => Some(page.t("registering.withdrawn_by_word").to_owned()),
        ConsentState::Annulled { ground, .. } => {
            Some(page.fill("consent.annulled_because", "why", why(page, ground)))
        }
        _ => None,
    }
}

pub(super) async fn before_withdrawing(here: Here, Path((lookup, id)): Ids) -> Result<Response, Stop> {
    withdrawing(&here, lookup, id, &Filled::default(), None).await
}

async fn withdrawing(
    here: &Here,
    lookup: AccessId,
    id: ConsentId,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    super::collect::must_register(here)?;
    let typed = found(here, lookup, id).await?;
    let row = consent(here, lookup, &typed);
    if !row.row.standing.holds {
        return Ok(see(&row.address));
    }
    let status = notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &WithdrawPage::new(&here.page, row, &typed, filled, notice)))
}

impl<'p> WithdrawPage<'p> {
    fn new(
        page: &'p Page,
        consent: Consent,
        typed: &TypedConsent,
        filled: &'p Filled,
        notice: Option<Notice>,
    ) -> Self {
        let way = |code: &'static str, words| Radio {
            code,
            words: page.t(words).to_owned(),
            hint: None,
            chosen: filled.way == code,
        };
        let is_task = !consent.row.opt_out && !typed.of.withdrawal_effects.is_empty();
        Self {
            page,
            means: page.say(&typed.of.withdrawal).to_owned(),
            effects: effects(page, typed),
            is_task,
            ways: vec![way("oral", "registering.by_word"), way("paper", "registering.by_letter")],
            consent,
            filled,
            notice,
        }
    }
}

pub(super) async fn withdraw(
    mut here: Here,
    Path((lookup, id)): Ids,
    Upload(fields, files): Upload,
) -> Result<Response, Stop> {
    super::collect::must_register(&here)?;
    let under = Under::new(&here, lookup);
    // Whoever may not see it brings no letter about it.
    told(&here, here.service.read_consent(&under.call, id).await)?;
    let mut filled = Filled::sent(&fields);
    let assistance = match filled.way.as_str() {
        "oral" => {
            note(&mut here.page, &filled, "registering.note_missing").map(|note| Assistance::Oral { note })
        }
        "paper" => {
            let document = brought(&mut here, &under, &files, &filled.document).await?;
            filled.document = document.map(|id| id.to_string()).unwrap_or_default();
            if document.is_none() && here.page.error(FILE).is_none() {
                here.page.wrong(FILE, here.page.t("registering.letter_missing"));
            }
            document.map(|document| Assistance::Paper { document })
        }
        _ => {
            here.page.wrong("way-0", here.page.t("registering.way_missing"));
            None
        }
    };
    let Some(assistance) = assistance else { return withdrawing(&here, lookup, id, &filled, None).await };
    let call = under.change(&here, &format!("withdraw:{id}"), &fields);
    match here.service.withdraw_consent_for(&call, id, &assistance).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}/consents/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            // One that is gone meanwhile has no such form any more.
            if notice.is_some() {
                return shown(&here, lookup, id, notice).await;
            }
            withdrawing(&here, lookup, id, &filled, None).await
        }
    }
}

fn note(page: &mut Page, filled: &Filled, missing: &'static str) -> Option<Prose> {
    fields::prose(&filled.note, missing).map_err(|flaw| page.wrong("note", page.t(flaw))).ok()
}

pub(super) async fn before_annulling(here: Here, Path((lookup, id)): Ids) -> Result<Response, Stop> {
    annulling(&here, lookup, id, &Filled::default()).await
}

async fn annulling(here: &Here, lookup: AccessId, id: ConsentId, filled: &Filled) -> Result<Response, Stop> {
    super::collect::must_register(here)?;
    let typed = found(here, lookup, id).await?;
    let row = consent(here, lookup, &typed);
    if typed.consent.answer.collected.channel() == Channel::Digital
        || typed.standing == ConsentStanding::Annulled
    {
        return Ok(see(&row.address));
    }
    Ok(here.page.answer(&AnnulPage::new(&here.page, row, filled, None)))
}

impl<'p> AnnulPage<'p> {
    fn new(page: &'p Page, consent: Consent, filled: &'p Filled, notice: Option<Notice>) -> Self {
        let ground = |ground: AnnulmentGround| Radio {
            code: ground.code(),
            words: why(page, ground).to_owned(),
            hint: None,
            chosen: filled.ground == ground.code(),
        };
        Self {
            page,
            consent,
            grounds: AnnulmentGround::ALL.into_iter().map(ground).collect(),
            filled,
            notice,
        }
    }
}

pub(super) async fn annul(
    mut here: Here,
    Path((lookup, id)): Ids,
    Form(fields): Form,
) -> Result<Response, Stop> {
    super::collect::must_register(&here)?;
    let under = Under::new(&here, lookup);
    let filled = Filled::sent(&fields);
    let ground = AnnulmentGround::ALL.into_iter().find(|ground| ground.code() == filled.ground);
    if ground.is_none() {
        here.page.wrong("ground-0", here.page.t("registering.ground_missing"));
    }
    let note = note(&mut here.page, &filled, "registering.annul_note_missing");
    let (Some(ground), Some(note)) = (ground, note) else {
        return annulling(&here, lookup, id, &filled).await;
    };
    let call = under.change(&here, &format!("annul:{id}"), &fields);
    match here.service.annul_consent(&call, id, ground, &note).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}/consents/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown(&here, lookup, id, notice).await
        }
    }
}

pub(super) async fn use_up(
    mut here: Here,
    Path((lookup, id)): Ids,
    Form(fields): Form,
) -> Result<Response, Stop> {
    roles(&here)?;
    let call = Under::new(&here, lookup).change(&here, &format!("use:{id}"), &fields);
    match here.service.use_up_consent(&call, id).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}/consents/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown(&here, lookup, id, notice).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        casework::found::tests::found_consent,
        tests::{must_hold_together, page},
    };
    use tillid_domain::Language;

    fn how(document: bool) -> How {
        How {
            answered: "nu".to_owned(),
            registered: Some("nu".to_owned()),
            notes: vec![("Sagt", "Ja <b>".to_owned())],
            document: document.then(|| "/casework/lookups/1/documents/2".to_owned()),
        }
    }

    #[test]
    fn what_staff_can_do_about_a_consent_is_offered_and_nothing_else() {
        for language in Language::ALL {
            let page = page(language);
            for can in [true, false] {
                let template = ConsentPage {
                    page: &page,
                    found: "/casework/lookups/1".to_owned(),
                    consent: found_consent(&page, ConsentStanding::Active),
                    how: how(can),
                    state_format: "/casework/lookups/1/declarations/2/viljestilkendegivelse".to_owned(),
                    ended: can.then(|| "Slut".to_owned()),
                    can_withdraw: can,
                    can_annul: can,
                    can_use_up: can,
                    notice: None,
                };
                let html = template.render().expect("a page");
                must_hold_together(&html);
                for part in ["/withdraw\"", "/annul\"", "/use\"", "/documents/2\""] {
                    assert_eq!(html.contains(part), can, "{part}");
                }
                assert!(html.contains("/viljestilkendegivelse\" download"), "whoever sees it takes it out");
                assert!(!html.contains("Ja <b>"));
            }
        }
    }

    #[test]
    fn the_forms_say_what_they_do_and_keep_what_was_filled_in() {
        for language in Language::ALL {
            let flawed = |fields: &[&str]| {
                let mut page = page(language);
                for field in fields {
                    page.wrong(*field, "Vælg");
                }
                page
            };
            let page = flawed(&["way-0", FILE]);
            let filled = Filled {
                way: "oral".to_owned(),
                ground: "never_answered".to_owned(),
                note: "Hun ringede <b>".to_owned(),
                document: "0198".to_owned(),
            };
            let way = Radio { code: "oral", words: "Sagt".to_owned(), hint: None, chosen: true };
            let withdraw = WithdrawPage {
                page: &page,
                consent: found_consent(&page, ConsentStanding::Active),
                means: "Det stopper".to_owned(),
                effects: vec!["Stop"],
                is_task: true,
                ways: vec![way],
                filled: &filled,
                notice: None,
            };
            let html = withdraw.render().expect("a page");
            must_hold_together(&html);
            let (before, form) = html.split_once("enctype=\"multipart/form-data\"").expect("a form");
            assert!(before.contains("Det stopper") && before.contains(page.t("registering.becomes_task")));
            assert!(form.contains("value=\"oral\" checked") && form.contains("value=\"0198\""));
            assert!(form.contains("Hun ringede &") && !form.contains("<b>"));

            let page = flawed(&["ground-0"]);
            let row = found_consent(&page, ConsentStanding::Active);
            let html = AnnulPage::new(&page, row, &filled, None).render().expect("a page");
            must_hold_together(&html);
            assert_eq!(html.matches("name=\"ground\"").count(), AnnulmentGround::ALL.len());
            assert_eq!(html.matches(" checked").count(), 1);
            let (row, empty) = (found_consent(&page, ConsentStanding::Active), Filled::default());
            let html = AnnulPage::new(&page, row, &empty, None).render().expect("a page");
            assert!(!html.contains(" checked"), "nothing is chosen beforehand");
        }
    }
}
