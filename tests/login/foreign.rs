//! An OpenID Provider that nobody here wrote: `oidc-provider` from npm, as the conformance data sets it up.

use crate::{
    provider::{Algorithm, Dialect, Person, SigningKey},
    served::{Installation, until},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// It runs.
pub(crate) struct Foreign {
    child: Child,
    /// How the service's configuration names it.
    pub(crate) configuration: String,
}

impl Foreign {
    /// Starts it for that installation; says why when it cannot.
    pub(crate) async fn start(installation: &Installation) -> Option<Self> {
        let Some(data) = data() else {
            println!(
                "SKIPPED: CONFORMANCE_DATA names no folder with oidc/op.mjs, so there is no foreign provider to log in at"
            );
            return None;
        };
        if Command::new("node").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("SKIPPED: there is no node, so there is no foreign provider to log in at");
            return None;
        }
        let folder = installed(&data);
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let issuer = format!("http://127.0.0.1:{port}");
        let key = SigningKey::new(Algorithm::Rs256, "rp-1");
        let file = installation.path("foreign.pem");
        let pem = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        pem.expect("a file").write_all(key.pem().as_bytes()).expect("written");
        let write = |name: &str, value: &Value| {
            let path = installation.path(name);
            fs::write(&path, value.to_string()).expect("written");
            path
        };
        let child = Command::new("node")
            .args(["op.mjs", &port.to_string()])
            .current_dir(&folder)
            .env("ISSUER", &issuer)
            .env("REQUIRE_PAR", "1")
            .env("PERSONS", write("persons.json", &persons()))
            .env("CLIENTS", write("clients.json", &clients(&installation.base, &key)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(installation.path("foreign.log")).expect("a log"))
            .spawn()
            .expect("node");
        let configuration = format!(
            "[[providers]]\nkey = \"foreign\"\nname = {{ da = \"Test-MitID\", en = \"Test MitID\" }}\nissuer = \"{issuer}\"\n\
             client_id = \"tillid\"\nclient_key = \"{}\"\nclient_key_id = \"rp-1\"\ndialect = \"signaturgruppen\"\n\
             least_assurance = \"substantial\"\neveryone = true\nrequire_par = true\n",
            file.display()
        );
        let mut this = Self { child, configuration };
        this.until_it_answers(&issuer, installation).await;
        Some(this)
    }

    async fn until_it_answers(&mut self, issuer: &str, installation: &Installation) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("{issuer}/.well-known/openid-configuration");
        until("the foreign provider answers", async || {
            let ended = self.child.try_wait().expect("its state");
            let words = || fs::read_to_string(installation.path("foreign.log")).unwrap_or_default();
            assert!(ended.is_none(), "{}", words());
            client.get(&url).send().await.is_ok()
        })
        .await;
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of the provider in the conformance data.
fn data() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what others wrote is not in the tree; this says where it is"
    )]
    let folder = std::env::var("CONFORMANCE_DATA").ok()?;
    let folder = Path::new(&folder).join("oidc");
    folder.join("op.mjs").is_file().then_some(folder)
}

/// A copy of it with what it needs from npm, kept from one run to the next.
fn installed(data: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc");
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["op.mjs", "package.json"] {
        let bytes = fs::read(data.join(name)).expect("a file");
        if fs::read(folder.join(name)).ok().as_ref() != Some(&bytes) {
            fs::write(folder.join(name), bytes).expect("a copy");
        }
    }
    if !folder.join("node_modules/oidc-provider").is_dir() {
        let output = Command::new("npm")
            .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .expect("npm");
        assert!(output.status.success(), "npm: {}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}

/// Those who can log in there.
fn persons() -> Value {
    let person = |person: Person| {
        let (whom, login) = person.claims(Dialect::Signaturgruppen, false);
        let mut claims = whom;
        claims.extend(login);
        let acr = claims["acr"].clone();
        claims.insert("name".to_owned(), json!(person.name));
        json!({"sub": person.sub, "acr": acr, "claims": claims})
    };
    json!([person(Person::anna()), person(Person::bo()), person(Person::hans())])
}

/// The service, as a client there.
fn clients(base: &str, key: &SigningKey) -> Value {
    let mut public = key.jwk();
    public["alg"] = json!("PS256");
    json!([{
        "client_id": "tillid", "application_type": "web",
        "redirect_uris": [format!("{base}/login/foreign/callback")],
        "post_logout_redirect_uris": [format!("{base}/logged-out")],
        "backchannel_logout_uri": format!("{base}/login/foreign/backchannel-logout"),
        "backchannel_logout_session_required": true,
        "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "PS256",
        "id_token_signed_response_alg": "ES256", "grant_types": ["authorization_code"], "response_types": ["code"],
        "scope": "openid mitid ssn nemlogin profile", "jwks": {"keys": [public]},
    }])
}
