//! A small browser: it keeps cookies as browsers do, follows redirects, and fills in and sends the forms of pages.

use super::html::{Form, forms, links, text_of};
use reqwest::{Client, Method, StatusCode, Url, header, header::HeaderMap};
use std::time::Duration;

/// A browser with its own cookies.
#[derive(Clone)]
pub(crate) struct Walker {
    client: Client,
    pub(crate) cookies: Vec<Cookie>,
    /// Every address it has been at.
    pub(crate) trail: Vec<Url>,
    /// Every `Set-Cookie` that it was sent, with the address.
    pub(crate) offered: Vec<(Url, String)>,
}

/// A cookie of one host. Browsers keep one jar for all ports of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cookie {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// What a browser shows, or would.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A request that no form of a page makes.
#[derive(Clone, Default)]
pub(crate) struct Raw<'r> {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) headers: Vec<(&'r str, &'r str)>,
    /// The field of a file, and its bytes. With one, the form is sent as `multipart/form-data`.
    pub(crate) file: Option<(&'r str, &'r [u8])>,
}

const MOST_REDIRECTS: usize = 20;

impl Walker {
    pub(crate) fn new() -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build();
        Self {
            client: client.expect("a client"),
            cookies: Vec::new(),
            trail: Vec::new(),
            offered: Vec::new(),
        }
    }

    /// The value of the cookie of that name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// Puts a cookie there, as somebody with the browser in their hands could.
    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        self.cookies.retain(|cookie| cookie.name != name);
        self.cookies.push(Cookie {
            host: "127.0.0.1".to_owned(),
            path: "/".to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    /// One answer to an address that somebody typed.
    pub(crate) async fn get(&mut self, url: &str) -> Page {
        self.once(Method::GET, parsed(url), "none", &Raw::default()).await
    }

    /// Types an address, and goes wherever it leads.
    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let first = self.get(url).await;
        self.led_on(first, "none").await
    }

    /// Types an address, and goes wherever it leads until that is such a page; the redirect to it is the answer.
    pub(crate) async fn open_until(&mut self, url: &str, stop: impl Fn(&Url) -> bool) -> Page {
        let mut page = self.get(url).await;
        for _ in 0..MOST_REDIRECTS {
            match page.leads_to() {
                Some(next) if !stop(&next) => {
                    page = self.once(Method::GET, next, "none", &Raw::default()).await;
                }
                _ => return page,
            }
        }
        panic!("redirected without end, at {}", page.url.path());
    }

    /// Follows a link of a page.
    pub(crate) async fn follow(&mut self, from: &Page, href: &str) -> Page {
        let url = from.url.join(href).expect("an address");
        let site = site(&from.url, &url);
        let first = self.once(Method::GET, url, site, &Raw::default()).await;
        self.led_on(first, site).await
    }

    /// Sends a form of a page as it stands, but for these fields, and goes wherever that leads.
    pub(crate) async fn submit(&mut self, from: &Page, form: &Form, values: &[(&str, &str)]) -> Page {
        let first = self.submit_once(from, form, values).await;
        self.led_on(first, "same-origin").await
    }

    /// Sends a form of a page with a file chosen in that field, and goes wherever that leads.
    pub(crate) async fn submit_with(
        &mut self,
        from: &Page,
        form: &Form,
        values: &[(&str, &str)],
        file: (&str, &[u8]),
    ) -> Page {
        let first = self.sent(from, form, values, Some(file)).await;
        self.led_on(first, "same-origin").await
    }

    /// Sends a form of a page as it stands, but for these fields; the first answer.
    pub(crate) async fn submit_once(&mut self, from: &Page, form: &Form, values: &[(&str, &str)]) -> Page {
        self.sent(from, form, values, None).await
    }

    async fn sent(
        &mut self,
        from: &Page,
        form: &Form,
        values: &[(&str, &str)],
        file: Option<(&str, &[u8])>,
    ) -> Page {
        let mut fields: Vec<(String, String)> = form.fields.clone();
        fields.retain(|(name, _)| !values.iter().any(|(other, _)| other == name));
        fields.retain(|(name, _)| file.is_none_or(|(other, _)| other != name));
        fields.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut url = match form.action.as_str() {
            "" => from.url.clone(),
            action => from.url.join(action).expect("an address"),
        };
        url.set_fragment(None);
        let site = site(&from.url, &url);
        if form.method == Method::GET {
            url.query_pairs_mut().clear().extend_pairs(&fields);
            return self.once(Method::GET, url, site, &Raw::default()).await;
        }
        let origin = from.url.origin().ascii_serialization();
        let raw = Raw { fields, headers: vec![("origin", &origin)], file };
        self.once(Method::POST, url, site, &raw).await
    }

    /// A POST with exactly these fields and headers.
    pub(crate) async fn post(&mut self, url: &str, raw: &Raw<'_>) -> Page {
        self.once(Method::POST, parsed(url), "", raw).await
    }

    async fn led_on(&mut self, mut page: Page, first_site: &'static str) -> Page {
        let mut way = first_site;
        for _ in 0..MOST_REDIRECTS {
            let Some(next) = page.leads_to() else { return page };
            way = worse(way, site(&page.url, &next));
            page = self.once(Method::GET, next, way, &Raw::default()).await;
        }
        panic!("redirected without end, at {}", page.url.path());
    }

    async fn once(&mut self, method: Method, url: Url, site: &str, raw: &Raw<'_>) -> Page {
        self.trail.push(url.clone());
        let mut request = self
            .client
            .request(method.clone(), url.clone())
            .header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
            .header("accept-language", "en");
        if !site.is_empty() {
            request = request
                .header("sec-fetch-site", site)
                .header("sec-fetch-mode", "navigate")
                .header("sec-fetch-dest", "document");
        }
        for (name, value) in &raw.headers {
            request = request.header(*name, *value);
        }
        let cookies = self.cookies_for(&url);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        if let Some(file) = raw.file {
            let kind = format!("multipart/form-data; boundary={BOUNDARY}");
            request = request.header(header::CONTENT_TYPE, kind).body(multipart(&raw.fields, file));
        } else if method != Method::GET {
            let mut body = form_urlencoded::Serializer::new(String::new());
            body.extend_pairs(&raw.fields);
            request =
                request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.finish());
        }
        let answer = request.send().await.unwrap_or_else(|e| panic!("{method} {}: {e:?}", url.path()));
        let (status, headers) = (answer.status(), answer.headers().clone());
        for line in headers.get_all(header::SET_COOKIE) {
            self.take(&url, line.to_str().expect("text"));
        }
        let body = answer.bytes().await.expect("a body");
        Page { url, status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    fn cookies_for(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let below = |path: &str| {
            url.path() == path
                || url
                    .path()
                    .strip_prefix(path)
                    .is_some_and(|rest| path.ends_with('/') || rest.starts_with('/'))
        };
        let fitting = self.cookies.iter().filter(|cookie| cookie.host == host && below(&cookie.path));
        let pairs: Vec<String> = fitting.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        pairs.join("; ")
    }

    /// RFC 6265bis, section 5.7: prefixes bind, and so does the path. This machine counts as secure.
    fn take(&mut self, url: &Url, line: &str) {
        self.offered.push((url.clone(), line.to_owned()));
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let attributes: Vec<(String, String)> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(key, value)| (key.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let attribute = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let secure = attribute("secure").is_some();
        let host_only = attribute("domain").is_none();
        if name.starts_with("__Host-") && !(secure && host_only && attribute("path") == Some("/"))
            || name.starts_with("__Secure-") && !secure
        {
            return;
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let default = url
            .path()
            .rsplit_once('/')
            .map_or("/", |(before, _)| if before.is_empty() { "/" } else { before });
        let path = attribute("path").filter(|path| path.starts_with('/')).unwrap_or(default).to_owned();
        self.cookies.retain(|c| !(c.host == host && c.name == name && c.path == path));
        let past = attribute("expires").is_some_and(|when| when.contains(" 1970 "));
        if attribute("max-age").is_none_or(|age| age != "0") && !past {
            self.cookies.push(Cookie { host, path, name: name.to_owned(), value: value.to_owned() });
        }
    }
}

impl Page {
    /// Where it leads without anybody doing anything: by `Location`.
    pub(crate) fn leads_to(&self) -> Option<Url> {
        if !self.status.is_redirection() {
            return None;
        }
        let location = self.headers.get(header::LOCATION)?.to_str().expect("text");
        Some(self.url.join(location).expect("an address"))
    }

    /// `Location` as it stands.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|line| line.to_str().ok()).unwrap_or_default()
    }

    /// The stable code of a refusal; empty when there is none.
    pub(crate) fn code(&self) -> &str {
        let after = self.body.split_once("data-code=\"").map(|(_, rest)| rest);
        after.and_then(|rest| rest.split_once('"')).map_or("", |(code, _)| code)
    }

    /// The page, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{} {}: {}", self.url.path(), self.code(), self.text());
        self
    }

    /// The refusal, which must have this status and code.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        let path = self.url.path();
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{path}: {}", self.text());
        self
    }

    /// What people read of it.
    pub(crate) fn text(&self) -> String {
        text_of(&self.body)
    }

    pub(crate) fn forms(&self) -> Vec<Form> {
        forms(&self.body)
    }

    /// The form that is sent to such an address.
    #[track_caller]
    pub(crate) fn form(&self, action: &str) -> Form {
        let forms = self.forms();
        let found = forms.iter().find(|form| form.action.contains(action));
        found.unwrap_or_else(|| panic!("{}: no form {action} in {}", self.url.path(), self.text())).clone()
    }

    /// The addresses that it links to.
    pub(crate) fn links(&self) -> Vec<String> {
        links(&self.body)
    }

    /// The link to such an address.
    #[track_caller]
    pub(crate) fn link(&self, href: &str) -> String {
        let links = self.links();
        let found = links.iter().find(|link| link.contains(href));
        found.unwrap_or_else(|| panic!("{}: no link {href} in {links:?}", self.url.path())).clone()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|line| line.to_str().ok()).unwrap_or_default()
    }
}

const BOUNDARY: &str = "----WalkerBoundary7MA4YWxkTrZu0gW";

/// A form with a file, as browsers write it.
fn multipart(fields: &[(String, String)], (name, bytes): (&str, &[u8])) -> Vec<u8> {
    let mut body = Vec::new();
    let head = |more: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {more}\r\n\r\n");
    for (name, value) in fields {
        body.extend(head(&format!("name=\"{name}\"")).bytes().chain(value.bytes()).chain(*b"\r\n"));
    }
    let file = format!("name=\"{name}\"; filename=\"scan.pdf\"\r\nContent-Type: application/pdf");
    body.extend(head(&file).bytes().chain(bytes.iter().copied()).chain(*b"\r\n"));
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

fn parsed(url: &str) -> Url {
    url.parse().unwrap_or_else(|_| panic!("not an address: {url}"))
}

/// `Sec-Fetch-Site` of a way from one page to another.
fn site(from: &Url, to: &Url) -> &'static str {
    if from.origin() == to.origin() {
        "same-origin"
    } else if from.host_str() == to.host_str() && from.scheme() == to.scheme() {
        "same-site"
    } else {
        "cross-site"
    }
}

/// A way is as far as the farthest step of it; what somebody typed stays that.
fn worse(one: &'static str, other: &'static str) -> &'static str {
    let order = ["same-origin", "same-site", "cross-site"];
    let place = |site: &str| order.iter().position(|known| *known == site);
    match (place(one), place(other)) {
        (None, _) => one,
        (Some(one), Some(other)) => order[one.max(other)],
        _ => other,
    }
}
