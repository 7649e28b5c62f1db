//! Writing down that somebody who has custody need not answer: who, why, and the case in which that is documented.

use super::{Stop, Under, found::may_ask, read, roles};
use crate::{
    fields::{self, Radio},
    page::{Here, Page, see},
    refused::{Notice, Places, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Reason,
    id::{AccessId, PersonId, RequestId},
    joint::ExceptionGround,
    text::CaseRef,
};
use tillid_edge::{Fields, Form, Path};
use tillid_service::{Error, NewException, VoiceSeen, VoiceState};

const PLACES: &Places = &[("/holder", "holder-0"), ("/ground", "ground-0"), ("/case", "case")];

/// Somebody whose answer is awaited.
struct Holder {
    id: PersonId,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "casework_except.html")]
struct ExceptPage<'p> {
    page: &'p Page,
    back: String,
    address: String,
    /// Names this form, so that sending it twice writes it down once.
    attempt: &'p str,
    holders: Vec<Holder>,
    grounds: Vec<Radio>,
    case: &'p str,
    notice: Option<Notice>,
}

/// What was filled in, as it was written.
struct Filled {
    attempt: String,
    holder: String,
    ground: String,
    case: String,
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self { attempt: text("attempt"), holder: text("holder"), ground: text("ground"), case: text("case") }
    }
}

/// Whether it is somebody whom the authority may do without: they have custody, and have not answered.
pub(super) fn is_awaited(voice: &VoiceSeen) -> bool {
    voice.state == VoiceState::Awaited && !voice.is_child
}

fn must_except(here: &Here) -> Result<(), Stop> {
    let may = may_ask(roles(here)?);
    Ok(here.told(may.then_some(()).ok_or(Error::Denied(Reason::RoleMissing)))?)
}

pub(super) async fn page(
    here: Here,
    Path((lookup, id)): Path<(AccessId, RequestId)>,
) -> Result<Response, Stop> {
    must_except(&here)?;
    let attempt = here.service.ambient().id().to_string();
    let filled = Filled { attempt, holder: String::new(), ground: String::new(), case: String::new() };
    shown(&here, lookup, id, &filled, None).await
}

pub(super) async fn sent(
    mut here: Here,
    Path((lookup, id)): Path<(AccessId, RequestId)>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_except(&here)?;
    let filled = Filled::sent(&fields);
    let Some(new) = written(&mut here.page, &filled) else {
        return shown(&here, lookup, id, &filled, None).await;
    };
    let Filled { attempt, holder, ground, case } = &filled;
    let under = Under::new(&here, lookup);
    let call = under.change(&here, &format!("except:{attempt}:{holder}:{ground}:{case}"), &fields);
    match here.service.except_holder(&call, id, &new).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}/requests/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown(&here, lookup, id, &filled, notice).await
        }
    }
}

/// What is to be written down, if all of it can be read; what cannot is noted.
fn written(page: &mut Page, filled: &Filled) -> Option<NewException> {
    let holder: Option<PersonId> = filled.holder.parse().ok();
    if holder.is_none() {
        page.wrong("holder-0", page.t("except.holder_missing"));
    }
    let ground = GROUNDS.into_iter().find(|ground| code(*ground) == filled.ground);
    if ground.is_none() {
        page.wrong("ground-0", page.t("except.ground_missing"));
    }
    let case: Option<CaseRef> = match fields::case(&filled.case) {
        Ok(Some(case)) => Some(case),
        Ok(None) => {
            page.wrong("case", page.t("except.case_missing"));
            None
        }
        Err(flaw) => {
            page.wrong("case", page.t(flaw));
            None
        }
    };
    Some(NewException { holder: holder?, ground: ground?, case: case? })
}

const GROUNDS: [ExceptionGround; 2] = [ExceptionGround::Impossible, ExceptionGround::Unsafe];

const fn code(ground: ExceptionGround) -> &'static str {
    match ground {
        ExceptionGround::Impossible => "impossible",
        ExceptionGround::Unsafe => "unsafe",
    }
}

async fn shown(
    here: &Here,
    lookup: AccessId,
    id: RequestId,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let under = Under::new(here, lookup);
    let (request, of, now) = read(here, here.service.read_request(&under.call, id).await)?;
    let voices = read(here, here.service.voices(&request, &of, now).await)?;
    let page = &here.page;
    let holder = |voice: &VoiceSeen| Holder {
        id: voice.person,
        name: voice
            .name
            .as_ref()
            .map_or_else(|| page.t("answer.voice_no_name").to_owned(), ToString::to_string),
        chosen: voice.person.to_string() == filled.holder,
    };
    let ground = |ground: ExceptionGround| {
        let (words, hint) = match ground {
            ExceptionGround::Impossible => ("except.impossible", "except.impossible_hint"),
            ExceptionGround::Unsafe => ("except.unsafe", "except.unsafe_hint"),
        };
        let (code, chosen) = (code(ground), code(ground) == filled.ground);
        Radio { code, words: page.t(words).to_owned(), hint: Some(page.t(hint)), chosen }
    };
    let back = format!("/casework/lookups/{lookup}/requests/{id}");
    let status = notice.as_ref().map(|notice| notice.status);
    let template = ExceptPage {
        page,
        address: format!("{back}/except"),
        back,
        attempt: &filled.attempt,
        holders: voices.iter().filter(|voice| is_awaited(voice)).map(holder).collect(),
        grounds: GROUNDS.map(ground).into(),
        case: &filled.case,
        notice,
    };
    Ok(form(page, status, &template))
}
