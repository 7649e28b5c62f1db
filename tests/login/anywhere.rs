//! The same login against three providers: the sandbox's, one that nobody here wrote, and the tests' own. The service has no
//! branch for any of them.

use crate::{
    foreign::Foreign,
    html::Form,
    provider::{Person, Tenant, now},
    scene::{SESSION, Scene},
    served::{Installation, Served, until},
    support::Tillid,
    walker::{Page, Walker},
};
use serde_json::Value;
use tillid_testkit::{Administrator, Engine};

/// A service, and the provider that people log in at.
enum Place {
    Sandbox(Box<Tillid>),
    Foreign(Box<(Served, Foreign)>),
    Own(Box<Scene>),
}

/// Who is at the browser.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Anna,
    Bo,
    /// Somebody who turns back.
    Nobody,
}

impl Who {
    fn person(self) -> Option<Person> {
        match self {
            Self::Anna => Some(Person::anna()),
            Self::Bo => Some(Person::bo()),
            Self::Nobody => None,
        }
    }
}

impl Place {
    fn base(&self) -> &str {
        match self {
            Self::Sandbox(tillid) => &tillid.base,
            Self::Foreign(both) => &both.0.base,
            Self::Own(scene) => &scene.served.base,
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    async fn administrator(&self) -> Administrator {
        match self {
            Self::Sandbox(tillid) => tillid.administrator().await,
            Self::Foreign(both) => both.0.administrator().await,
            Self::Own(scene) => scene.served.administrator().await,
        }
    }

    fn log(&self) -> String {
        match self {
            Self::Sandbox(tillid) => tillid.log(),
            Self::Foreign(both) => both.0.log(),
            Self::Own(scene) => scene.served.log(),
        }
    }

    /// Goes to an address that leads to the provider; there, that person says who they are, or turns back.
    async fn as_person(&self, walker: &mut Walker, url: &str, who: Who) -> Page {
        if let Self::Own(scene) = self {
            scene.provider.meets("mitid", who.person());
        }
        let page = walker.open(url).await;
        match self {
            Self::Own(_) => page,
            Self::Sandbox(_) => {
                let form = page.clone().expect(200).form("pick");
                let value = match who {
                    Who::Anna => ("identity", "anna"),
                    Who::Bo => ("identity", "bo"),
                    Who::Nobody => ("cancel", "yes"),
                };
                walker.submit(&page, &form, &[value]).await
            }
            Self::Foreign(_) => {
                let page = page.expect(200);
                let href = match who.person() {
                    Some(person) => page.link(&person.sub),
                    None => page.link(&Person::anna().sub).replace(&Person::anna().sub, "cancel"),
                };
                let page = walker.follow(&page, &href).await;
                // Where somebody else was logged in, a page sends itself on that logs them out first.
                match page.forms().first() {
                    Some(form) if page.body.contains(".submit()") => walker.submit(&page, form, &[]).await,
                    _ => page,
                }
            }
        }
    }

    /// The address that begins a login, as the page of the ways to log in has it.
    async fn way_in(&self, walker: &mut Walker) -> String {
        let page = walker.open(&self.at("/login?return_to=/overview")).await.expect(200);
        self.at(&page.link("/login/"))
    }

    async fn logged_in(&self, who: Who) -> Walker {
        let mut walker = Walker::new();
        let way = self.way_in(&mut walker).await;
        let page = self.as_person(&mut walker, &way, who).await.expect(200);
        assert_eq!(page.url.path(), "/overview", "{}", page.text());
        walker
    }

    async fn is_in(&self, walker: &mut Walker) -> bool {
        let page = walker.get(&self.at("/overview")).await;
        assert!(matches!(page.status.as_u16(), 200 | 401), "{} {}", page.status, page.text());
        page.status.as_u16() == 200
    }

    /// When whoever logged in last did so at the provider.
    async fn authenticated_at(&self) -> String {
        let mut administrator = self.administrator().await;
        let rows = administrator.column("SELECT principal FROM session").await;
        let times = rows.iter().map(|row| {
            let principal: Value = serde_json::from_str(row).expect("json");
            principal["authenticated_at"].as_str().expect("a time").to_owned()
        });
        times.max().expect("a session")
    }

    /// Leaves the provider too: says so where it asks.
    async fn leave(&self, walker: &mut Walker, page: Page) -> Page {
        let answered = |form: &Form| form.action == "leave" || form.action.contains("/session/end");
        let form = page.forms().into_iter().find(answered);
        match form {
            None => page,
            Some(form) => {
                let yes = if form.action == "leave" { ("answer", "yes") } else { ("logout", "yes") };
                walker.submit(&page, &form, &[yes]).await
            }
        }
    }
}

/// Logs in, and only as who one says one is.
async fn logs_in(place: &Place) -> Walker {
    let mut nobody = Walker::new();
    assert!(!place.is_in(&mut nobody).await);
    let way = place.way_in(&mut nobody).await;
    place.as_person(&mut nobody, &way, Who::Nobody).await.refuses(403, "login_cancelled");
    assert!(!place.is_in(&mut nobody).await);
    let mut walker = place.logged_in(Who::Anna).await;
    assert!(place.is_in(&mut walker).await);
    walker
}

/// A fresh login is newer than the one before, and by the same person.
async fn steps_up(place: &Place, walker: &mut Walker) {
    let (first, secret) =
        (place.authenticated_at().await, walker.cookie(SESSION).expect("a session").to_owned());
    // Providers tell the time in seconds.
    let second = now();
    until("another second", async || now() > second).await;
    let again = place.at("/login/again?return_to=/overview");
    place.as_person(walker, &again, Who::Anna).await.expect(200);
    assert_ne!(walker.cookie(SESSION), Some(secret.as_str()));
    assert!(place.authenticated_at().await > first, "not newer than {first}");
    let secret = walker.cookie(SESSION).expect("a session").to_owned();
    place.as_person(walker, &again, Who::Nobody).await.refuses(403, "login_cancelled");
    assert!(place.is_in(walker).await);
    // A provider where somebody else logs in may say first that the one before has left.
    let refused = place.as_person(walker, &again, Who::Bo).await;
    assert!(matches!(refused.code(), "login_of_another" | "session_missing"), "{}", refused.text());
    assert_eq!(walker.cookie(SESSION), Some(secret.as_str()));
}

/// Logging out here leads on to logging out there, and back.
async fn logs_out(place: &Place) {
    let mut walker = place.logged_in(Who::Bo).await;
    let page = walker.open(&place.at("/overview")).await.expect(200);
    let out = walker.submit(&page, &page.form("/logout"), &[]).await.expect(200);
    assert!(!place.is_in(&mut walker).await);
    let there = walker.follow(&out, &out.link("/logout/")).await.expect(200);
    let back = place.leave(&mut walker, there).await.expect(200);
    assert_eq!((back.url.path(), back.url.query()), ("/logged-out", None), "{}", back.text());
}

/// Logging out there ends the session here, without the browser.
async fn is_logged_out(place: &Place) {
    let mut walker = place.logged_in(Who::Bo).await;
    let mut other = place.logged_in(Who::Anna).await;
    if let Place::Own(scene) = place {
        scene.provider.meets("mitid", Some(Person::bo()));
        scene.provider.change("mitid", |tenant| tenant.tells_of_logout = true);
        walker = place.logged_in(Who::Bo).await;
    }
    let way = place.way_in(&mut Walker::new()).await;
    let key = way.split("/login/").nth(1).and_then(|rest| rest.split('?').next()).expect("a key").to_owned();
    let there = walker.open(&place.at(&format!("/logout/{key}"))).await.expect(200);
    place.leave(&mut walker, there).await;
    until("the provider's logout ends the session", async || !place.is_in(&mut walker).await).await;
    assert!(place.is_in(&mut other).await, "somebody else's session went with it");
}

async fn the_same_login(place: &Place) {
    let mut walker = logs_in(place).await;
    steps_up(place, &mut walker).await;
    logs_out(place).await;
    is_logged_out(place).await;
    let refused = place.log().matches("a login was refused").count();
    assert!((2..=3).contains(&refused), "two turned back, and one was another person: {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_login_against_the_sandbox_and_a_foreign_provider_the_sandbox() {
    the_same_login(&Place::Sandbox(Box::new(Tillid::demo(Engine::Sqlite).await))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_login_against_the_sandbox_and_a_foreign_provider_our_own() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right())]).await;
    the_same_login(&Place::Own(Box::new(scene))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_login_against_the_sandbox_and_a_foreign_provider_the_foreign_one() {
    let installation = Installation::new(Engine::Sqlite).await;
    let Some(foreign) = Foreign::start(&installation).await else { return };
    installation.configure(&foreign.configuration);
    let served = installation.start().await;
    the_same_login(&Place::Foreign(Box::new((served, foreign)))).await;
}
