//! A browser of one's own: a chromedriver on a free port, a Chromium with a fresh profile, both gone when it is dropped.

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tempfile::TempDir;

/// How long anything may take that a person waits for.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A window, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u32, pub(crate) u32);

/// A desk.
pub(crate) const WIDE: Size = Size(1280, 900);
/// A small telephone, or a desk at 400 % (WCAG 1.4.10).
pub(crate) const NARROW: Size = Size(320, 800);

/// Whether the scripts of pages run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// A person's browser.
pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) base: String,
    driver: Driver,
    session: String,
    steps: AtomicUsize,
    shots: AtomicUsize,
    _profile: TempDir,
}

struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let mut said = Vec::new();
        // It takes a free port for IPv4 and the same for IPv6; when that one is taken, it ends.
        for _ in 0..10 {
            match Self::try_start() {
                Ok(driver) => return driver,
                Err(words) => said.push(words),
            }
        }
        panic!("chromedriver does not start: {said:#?}");
    }

    /// A driver that listens, or else what it said before it ended.
    fn try_start() -> Result<Self, String> {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            // Dates and numbers of form fields follow the browser's own language.
            .env("LANGUAGE", "da")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts; it is in the Debian package chromium-driver");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut said = String::new();
        for line in lines.by_ref().map_while(Result::ok) {
            let port = line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.'));
            if let Some(port) = port.and_then(|port| port.parse().ok()) {
                // Whatever else it says must not block it.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, port });
            }
            said.push_str(&line);
            said.push('\n');
        }
        drop(Self { child, port: 0 });
        Err(said)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// A fresh browser that has seen nothing, for addresses under `base`.
    pub(crate) async fn new(base: &str, size: Size, scripts: Scripts) -> Self {
        let driver = Driver::start();
        let profile = tempfile::tempdir().expect("a folder");
        let capabilities = json!({ "goog:loggingPrefs": { "browser": "ALL" }, "goog:chromeOptions": {
            "args": arguments(&profile),
            "prefs": {
                "intl.accept_languages": "da",
                "profile.managed_default_content_settings.javascript": if scripts == Scripts::On { 1 } else { 2 },
            },
        }});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().expect("an object").clone())
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("Chromium starts");
        let session = client.session_id().await.expect("a session").expect("its id");
        let browser = Self {
            client,
            base: base.to_owned(),
            driver,
            session,
            steps: AtomicUsize::new(0),
            shots: AtomicUsize::new(0),
            _profile: profile,
        };
        browser.resize(size).await;
        browser
    }

    /// Makes the window this large, whatever a window's least width is.
    pub(crate) async fn resize(&self, Size(width, height): Size) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// A command of the DevTools protocol, for what WebDriver has no words for.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.ask("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// What the browser has complained of since it was last asked: scripts that stopped, and what a page's policy forbade it.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.ask("se/log", json!({"type": "browser"})).await;
        let lines =
            log.as_array().expect("a log").iter().map(|line| line["message"].as_str().expect("a text"));
        let grave = ["Content Security Policy", "Permissions Policy", "Uncaught"];
        lines.filter(|line| grave.iter().any(|word| line.contains(word))).map(str::to_owned).collect()
    }

    /// A command that is the driver's own.
    async fn ask(&self, command: &str, body: Value) -> Value {
        let url = format!("http://127.0.0.1:{}/session/{}/{command}", self.driver.port, self.session);
        let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("json");
        assert!(answer["value"]["error"].is_null(), "{command}: {answer}");
        answer["value"].clone()
    }

    /// What a script of the harness gives back; it runs also where the scripts of pages do not.
    pub(crate) async fn evaluate(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|e| panic!("{e}: {script:.200}"))
    }

    /// How many steps the person has taken: pages that they had to act on to get further.
    pub(crate) fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    pub(crate) fn count_step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until there is an answer, and gives it; what is waited for is `whatever` the message says when it never comes.
    pub(crate) async fn until<T>(&self, whatever: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Some(answer) = look().await {
                    return answer;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let Ok(answer) = tokio::time::timeout(PATIENCE, waiting).await else {
            panic!("waited in vain for {whatever}\n{}", self.whole().await)
        };
        answer
    }

    /// Keeps a picture of the whole page in the folder that `TILLID_SCREENSHOTS` names; without one, does nothing.
    pub(crate) async fn screenshot(&self, name: &str) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let Some(folder) = std::env::var_os("TILLID_SCREENSHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).expect("the folder for pictures");
        let picture = self
            .devtools("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true}))
            .await;
        let picture = STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        let number = self.shots.fetch_add(1, Ordering::Relaxed);
        std::fs::write(folder.join(format!("{name}-{number:02}.png")), picture).expect("a picture");
    }

    /// The page as one can tell it in words, for the message of a test that fails.
    pub(crate) async fn whole(&self) -> String {
        let url = self.client.current_url().await.map_or_else(|e| e.to_string(), |url| url.to_string());
        let text =
            self.client.execute("return document.body ? document.body.innerText : ''", Vec::new()).await;
        format!("--- {url}\n{}\n---", text.ok().as_ref().and_then(Value::as_str).unwrap_or_default())
    }
}

fn arguments(profile: &TempDir) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--lang=da",
        // Chromium goes when its driver goes, also when that is killed.
        "--remote-debugging-pipe",
        "--disable-dev-shm-usage",
        "--no-first-run",
        // Nothing that a page needs is elsewhere.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--user-data-dir={}", profile.path().display()));
    if std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked, not killed: the profile's folder can go only when nothing writes to it any more.
        if let Ok(mut driver) = TcpStream::connect(("127.0.0.1", self.driver.port)) {
            let _ = driver.set_read_timeout(Some(PATIENCE));
            let _ = write!(
                driver,
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                self.session
            );
            let _ = driver.read(&mut [0; 64]);
        }
    }
}
