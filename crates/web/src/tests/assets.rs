//! What pages and styles load is there, and is served as what it is.

use super::templates;
use crate::assets::{address, router};
use axum::{body::Body, http::Request};
use http::{Response, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

async fn get(path: &str, encoding: Option<&str>) -> Response<Body> {
    let mut request = Request::get(path);
    if let Some(encoding) = encoding {
        request = request.header(header::ACCEPT_ENCODING, encoding);
    }
    let request = request.body(Body::empty()).expect("a request");
    router::<()>().oneshot(request).await.expect("an answer")
}

#[tokio::test]
async fn every_file_that_a_template_names_is_there() {
    let mut named = 0;
    for (path, text) in templates() {
        for asset in text.split("page.asset(\"").skip(1) {
            let name = asset.split('"').next().expect("a name");
            let response = get(&address(name), Some("gzip, br")).await;
            assert_eq!(response.status(), StatusCode::OK, "{path} names {name}");
            let caching = response.headers()[header::CACHE_CONTROL].to_str().expect("text");
            assert!(caching.contains("immutable"));
            named += 1;
        }
    }
    assert!(named >= 5);
}

#[tokio::test]
async fn files_are_served_as_what_they_are() {
    for (name, content_type) in [
        ("css/dkfds.min.css", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("img/all-svg-icons.svg", "image/svg+xml"),
        ("fonts/IBMPlexSans/complete/woff2/IBMPlexSans-Regular.woff2", "font/woff2"),
        ("LICENSE.md", "text/markdown; charset=utf-8"),
    ] {
        let response = get(&address(name), None).await;
        assert_eq!(response.status(), StatusCode::OK, "{name}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
    }
}

#[tokio::test]
async fn another_version_and_other_paths_are_not_there() {
    let css = address("css/dkfds.min.css");
    for path in
        ["/assets/0000000000000000/css/dkfds.min.css", &css.replace("css/", "../css/"), &address("css")]
    {
        assert_eq!(get(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn who_refuses_gzip_is_told_that_there_is_nothing_else() {
    let css = address("css/dkfds.min.css");
    for encoding in ["identity", "gzip;q=0", "br", ""] {
        assert_eq!(get(&css, Some(encoding)).await.status(), StatusCode::NOT_ACCEPTABLE, "{encoding}");
    }
    for encoding in ["gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*"] {
        assert_eq!(get(&css, Some(encoding)).await.status(), StatusCode::OK, "{encoding}");
    }
}

#[tokio::test]
async fn the_style_asks_for_no_font_but_woff2() {
    let response = get(&address("css/dkfds.min.css"), Some("gzip")).await;
    let packed = response.into_body().collect().await.expect("a body").to_bytes();
    let mut style = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut style).expect("a style");
    assert!(style.contains("format(\"woff2\")"));
    for other in [".eot", ".ttf", ".woff)", ".woff\""] {
        assert!(!style.contains(other), "{other}");
    }
    for used in style.split("url(../").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
        assert_eq!(get(&address(used), Some("gzip")).await.status(), StatusCode::OK, "{used}");
    }
}
