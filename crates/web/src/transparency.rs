//! The public page of the log: what it is, what was signed last, by whom, and how to check it. Nothing on it is of a person.

use crate::{
    Web,
    page::{Anyone, Page},
    picture::{self, LogPicture},
    receipt::entries,
    view::count,
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use serde::Deserialize;
use tillid_domain::Audience;
use tillid_edge::{Problem, Query, refusal};
use tillid_service::{LogTrouble, LogView, OwnKey, Signatures, WitnessView, root_text};

/// So many signed trees are shown at a time.
const AT_A_TIME: u32 = 50;

pub(crate) fn router() -> Router<Web> {
    Router::new().route("/transparency", get(log))
}

#[derive(Deserialize)]
struct Part {
    below: Option<u64>,
}

#[derive(Template)]
#[template(path = "transparency.html")]
pub(crate) struct LogPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) alert: Option<Alert>,
    pub(crate) now: Option<Now>,
    pub(crate) waiting: String,
    pub(crate) witnesses: Vec<WitnessRow>,
    pub(crate) policy: Option<String>,
    pub(crate) keys: Vec<(String, bool)>,
    pub(crate) history: Vec<Row>,
    /// The size below which there is more to see.
    pub(crate) older: Option<u64>,
    pub(crate) first: bool,
    /// The address of the service, for whoever checks it from elsewhere.
    pub(crate) server: String,
}

/// What is wrong, if something is.
pub(crate) struct Alert {
    pub(crate) class: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    pub(crate) code: Option<&'static str>,
}

/// The tree that everybody is shown.
pub(crate) struct Now {
    pub(crate) picture: LogPicture,
    pub(crate) size: String,
    pub(crate) at: String,
    pub(crate) root: String,
    pub(crate) watched: &'static str,
    /// The checkpoint as it is served.
    pub(crate) text: String,
}

pub(crate) struct WitnessRow {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) signed: String,
    pub(crate) answered: String,
}

/// A tree that was signed.
pub(crate) struct Row {
    pub(crate) size: String,
    pub(crate) at: String,
    pub(crate) root: String,
    pub(crate) by: String,
}

async fn log(
    State(web): State<Web>,
    Anyone { page, .. }: Anyone,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let service = &web.gate.service;
    let view = service.log_view(part.below.unwrap_or(u64::MAX), AT_A_TIME + 1).await;
    let view = view.map_err(|error| refusal(&error, Audience::Citizen))?;
    let server = service.settings().base_url.clone();
    Ok(page.answer(&shown(&page, view, service.log_trouble(), part.below.is_none(), server)))
}

pub(crate) fn shown(
    page: &Page,
    view: LogView,
    trouble: Option<LogTrouble>,
    first: bool,
    server: String,
) -> LogPage<'_> {
    let alert = match (&view.signatures, trouble) {
        (Some(Err(_)), _) => Some(badly_signed(page)),
        (_, Some(trouble)) => Some(in_trouble(page, trouble)),
        _ => None,
    };
    let shown = usize::try_from(AT_A_TIME).unwrap_or(usize::MAX);
    let older = view.history.get(shown).and_then(|_| view.history.get(shown - 1)).map(|tree| tree.size);
    let history = view.history.iter().take(shown).map(|tree| Row {
        size: count(page, tree.size),
        at: page.moment(tree.at),
        root: root_text(tree.root),
        by: count(page, u64::try_from(tree.cosignatures.len()).unwrap_or_default()),
    });
    LogPage {
        page,
        alert,
        history: history.collect(),
        older,
        first,
        waiting: entries(page, view.waiting),
        witnesses: view.witnesses.iter().map(|witness| witness_row(page, witness)).collect(),
        policy: view.policy.clone(),
        keys: view.keys.iter().map(|OwnKey { key, signs }| (key.to_string(), *signs)).collect(),
        now: now(page, view),
        server,
    }
}

fn now(page: &Page, view: LogView) -> Option<Now> {
    let (Some((tree, note)), Some(Ok(signatures))) = (view.checkpoint, view.signatures) else { return None };
    Some(Now {
        picture: LogPicture::new(tree.size, picture::signed(page, &signatures, Some(tree.at))),
        size: entries(page, tree.size),
        at: page.moment(tree.at),
        root: root_text(tree.root),
        watched: watched(page, &signatures),
        text: note.to_string(),
    })
}

fn watched(page: &Page, signatures: &Signatures) -> &'static str {
    page.t(match (signatures.asked, signatures.quorum) {
        (0, _) => "transparency.watched_nobody",
        (_, true) if !signatures.witnesses.is_empty() => "transparency.watched_enough",
        _ => "transparency.watched_not",
    })
}

fn badly_signed(page: &Page) -> Alert {
    let (heading, text) = (page.t("receipt.flawed"), page.t("receipt.flaw_signature").to_owned());
    Alert { class: "error", heading, text, code: None }
}

fn in_trouble(page: &Page, trouble: LogTrouble) -> Alert {
    let (class, text) = if trouble.is_for_good() {
        ("error", "transparency.halted_text")
    } else {
        ("warning", "transparency.trouble_text")
    };
    let heading = page.t("transparency.trouble");
    Alert { class, heading, text: page.t(text).to_owned(), code: Some(trouble.code()) }
}

fn witness_row(page: &Page, witness: &WitnessView) -> WitnessRow {
    let signed = witness.signed.map_or_else(
        || page.t("transparency.witness_never").to_owned(),
        |(size, at)| {
            page.fill_two("transparency.witness_signed", "number", entries(page, size), "at", page.moment(at))
        },
    );
    let answered = witness.answered.as_ref().map_or_else(
        || page.t("transparency.never_asked").to_owned(),
        |(code, at)| {
            page.fill_two("transparency.answered", "at", page.moment(*at), "answer", answer(page, code))
        },
    );
    WitnessRow { name: witness.name.clone(), key: witness.key.to_string(), signed, answered }
}

fn answer(page: &Page, code: &str) -> &'static str {
    page.t(match code {
        "signed" => "transparency.answer_signed",
        "not_its_signature" => "transparency.answer_foreign",
        "conflict" => "transparency.answer_conflict",
        "silent" => "transparency.answer_silent",
        _ => "transparency.answer_refused",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{Instant, Language};
    use tillid_service::Witnessed;

    fn now(page: &Page, witnesses: &[&str]) -> Now {
        let at = Some(Instant::from_micros(1));
        let witnesses: Vec<_> = witnesses.iter().map(|w| Witnessed { name: (*w).to_owned(), at }).collect();
        let signatures = Signatures { log_keys: vec![], quorum: witnesses.len() == 2, witnesses, asked: 2 };
        Now {
            picture: LogPicture::new(1234, picture::signed(page, &signatures, at)),
            size: entries(page, 1234),
            at: "nu".to_owned(),
            root: "cm9vdA==".to_owned(),
            watched: watched(page, &signatures),
            text: "tillid.example\n1234\ncm9vdA==\n\n\u{2014} tillid.example AAAA\n".to_owned(),
        }
    }

    fn html(page: &Page, now: Option<Now>, alert: Option<Alert>) -> String {
        let row =
            || Row { size: "1".to_owned(), at: "nu".to_owned(), root: "cg==".to_owned(), by: "0".to_owned() };
        let witness = WitnessRow {
            name: "norden".to_owned(),
            key: "norden.example+01020304+BA".to_owned(),
            signed: page.t("transparency.witness_never").to_owned(),
            answered: page.fill_two(
                "transparency.answered",
                "at",
                "nu",
                "answer",
                answer(page, "status_403"),
            ),
        };
        let log = LogPage {
            page,
            alert,
            now,
            waiting: entries(page, 1),
            witnesses: vec![witness],
            policy: Some("quorum none\n".to_owned()),
            keys: vec![("tillid.example+01020304+AQ".to_owned(), true), ("old".to_owned(), false)],
            history: vec![row(), row()],
            older: Some(7),
            first: false,
            server: "https://tillid.example".to_owned(),
        };
        let html = log.render().expect("a page");
        must_hold_together(&html);
        html
    }

    #[test]
    fn the_log_is_told_as_it_is_and_word_for_word() {
        for language in Language::ALL {
            let page = page(language);
            let few = html(&page, Some(now(&page, &["norden"])), None);
            assert!(few.contains(page.t("transparency.watched_not")) && !few.contains("alert-"));
            assert!(few.contains("tillid.example\n1234\ncm9vdA==\n\n\u{2014} tillid.example AAAA\n"));
            assert!(few.contains("?below=7") && few.contains(page.t("transparency.key_retired")));
            assert!(few.contains(page.t("transparency.answer_refused")));
            let both = html(&page, Some(now(&page, &["norden", "vesten"])), None);
            assert!(both.contains(page.t("transparency.watched_enough")) && both.contains("vesten"));
            let nothing = html(&page, None, None);
            assert!(nothing.contains(page.t("transparency.nothing")) && !nothing.contains("<svg role"));
        }
    }

    #[test]
    fn a_log_that_stopped_says_so() {
        let page = page(Language::Da);
        let halted = html(&page, None, Some(in_trouble(&page, LogTrouble::Contradicted)));
        assert!(halted.contains("alert-error") && halted.contains("log_contradicted"));
        let behind = html(&page, None, Some(in_trouble(&page, LogTrouble::Behind)));
        assert!(behind.contains("alert-warning") && behind.contains(page.t("transparency.trouble_text")));
        assert!(html(&page, None, Some(badly_signed(&page))).contains(page.t("receipt.flaw_signature")));
    }
}
