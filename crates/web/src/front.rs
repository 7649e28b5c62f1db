//! The front page, and the pages that tell of the service itself.

use crate::{
    Web,
    login::Way,
    page::{Anyone, Page, see},
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use tillid_edge::ReturnTo;

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/", get(front))
        .route("/about/privacy", get(privacy))
        .route("/about/accessibility", get(accessibility))
}

#[derive(Template)]
#[template(path = "front.html")]
pub(crate) struct FrontPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) ways: Vec<Way>,
}

#[derive(Template)]
#[template(path = "about_privacy.html")]
pub(crate) struct PrivacyPage<'p> {
    pub(crate) page: &'p Page,
}

#[derive(Template)]
#[template(path = "about_accessibility.html")]
pub(crate) struct AccessibilityPage<'p> {
    pub(crate) page: &'p Page,
}

async fn front(State(web): State<Web>, Anyone { visitor, page }: Anyone) -> Response {
    match visitor {
        Some(visitor) if visitor.employee().is_some() => see("/casework"),
        Some(_) => see("/overview"),
        None => {
            let ways = Way::all(&web.logins, &page, &ReturnTo::default());
            page.answer(&FrontPage { page: &page, ways })
        }
    }
}

async fn privacy(Anyone { page, .. }: Anyone) -> Response {
    page.answer(&PrivacyPage { page: &page })
}

async fn accessibility(Anyone { page, .. }: Anyone) -> Response {
    page.answer(&AccessibilityPage { page: &page })
}
