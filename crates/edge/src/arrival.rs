//! What is noted of a request when it arrives, for those further in who no longer see it.

use crate::{
    limits::Allowance,
    oauth::certificate::{CLIENT_CERT, CLIENT_CERT_CHAIN, Certificate},
    problem::Protocol,
};
use axum::extract::{ConnectInfo, Request};
use http::{Uri, request::Parts};
use std::net::{IpAddr, SocketAddr};

/// The address as it was asked for; routers within routers cut it short.
#[derive(Clone)]
pub(crate) struct Arrived(Uri);

impl Arrived {
    /// The whole path of a request.
    pub(crate) fn path_of(parts: &Parts) -> &str {
        parts.extensions.get::<Self>().map_or(&parts.uri, |arrived| &arrived.0).path()
    }
}

/// Notes the address, and believes a certificate from the given proxies; whoever else tells of one is refused. Answers with what the
/// client will be told of its allowance.
pub(crate) fn arrived(request: &mut Request, proxies: &[IpAddr]) -> Result<Allowance, Protocol> {
    if let Some(certificate) = certificate(request, proxies)? {
        request.extensions_mut().insert(certificate);
    }
    let arrived = Arrived(request.uri().clone());
    let allowance = Allowance::default();
    request.extensions_mut().insert(arrived);
    request.extensions_mut().insert(allowance.clone());
    Ok(allowance)
}

fn certificate(request: &Request, proxies: &[IpAddr]) -> Result<Option<Certificate>, Protocol> {
    let headers = request.headers();
    if !headers.contains_key(CLIENT_CERT) && !headers.contains_key(CLIENT_CERT_CHAIN) {
        return Ok(None);
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let ours = peer.is_some_and(|ConnectInfo(peer)| proxies.contains(&peer.ip().to_canonical()));
    if ours { Certificate::told(headers) } else { Err(Protocol::ClientCertificate) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, layers, oauth::certificate::tests as certificates};
    use axum::{Extension, Router, body::Body, routing::get};
    use http::StatusCode;
    use http_body_util::BodyExt as _;
    use std::sync::Arc;
    use tillid_domain::Digest;
    use tower::ServiceExt as _;

    const PROXY: &str = "10.0.0.7";

    /// Answers with the hash of the certificate that is believed.
    fn app() -> Router {
        let told = async |certificate: Option<Extension<Certificate>>| {
            certificate.map_or("none".to_owned(), |Extension(certificate)| certificate.hash.to_string())
        };
        let settings = Settings {
            client_cert_from: Arc::new([PROXY.parse().unwrap()]),
            ..Settings::new(|| "id".to_owned())
        };
        layers(Router::new().route("/", get(told)), settings)
    }

    async fn ask(peer: Option<&str>, headers: &[(&str, &str)]) -> (StatusCode, String) {
        let mut request = Request::get("/").body(Body::empty()).unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
        }
        let response = app().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn s22_a_certificate_is_believed_from_our_proxy_alone() {
        let der = certificates::der("260101000000Z", "261231235959Z", "a");
        let header = certificates::header(&der);
        let told = [("client-cert", header.as_str())];
        for proxy in [PROXY, "::ffff:10.0.0.7"] {
            let answer = ask(Some(proxy), &told).await;
            assert_eq!(answer, (StatusCode::OK, Digest::of(&der).to_string()), "{proxy}");
        }
        for peer in [Some("10.0.0.8"), Some("127.0.0.1"), Some("::1"), None] {
            for headers in [told, [("client-cert-chain", header.as_str())]] {
                let (status, body) = ask(peer, &headers).await;
                assert_eq!(status, StatusCode::BAD_REQUEST, "{peer:?}");
                assert!(body.contains(r#""code":"client_certificate""#), "{body}");
            }
        }
        assert_eq!(ask(Some("10.0.0.8"), &[]).await, (StatusCode::OK, "none".to_owned()));
        assert_eq!(ask(Some(PROXY), &[]).await, (StatusCode::OK, "none".to_owned()));
        // A header that a client has sent too does not hide among the proxy's.
        assert_eq!(ask(Some(PROXY), &[told[0], told[0]]).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(ask(Some(PROXY), &[("client-cert", ":AAAA:")]).await.0, StatusCode::BAD_REQUEST);
    }
}
