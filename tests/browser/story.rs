//! Who takes part in the stories, and what all of them do.

use crate::{
    browser::{Browser, Scripts, Size, WIDE},
    support::Tillid,
};

/// As whom somebody logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capacity {
    /// As a private person.
    Private,
    /// As an employee of an authority.
    Work,
}

pub(crate) const ANNA: &str = "Anna Lind";
pub(crate) const BO: &str = "Bo Lind";
pub(crate) const GITTE: &str = "Gitte Dam";
pub(crate) const HANS: &str = "Hans Vester";
pub(crate) const INGE: &str = "Inge Østergaard";
pub(crate) const LARS: &str = "Lars Høj";
pub(crate) const KARIN: &str = "Karin Kær";
pub(crate) const MONA: &str = "Mona Mark";
pub(crate) const NIELS: &str = "Niels Nord";

/// A demo, and the browsers of those who use it.
pub(crate) struct Scene {
    pub(crate) tillid: Tillid,
    pub(crate) scripts: Scripts,
}

impl Scene {
    /// Somebody at a browser of their own, logged in.
    pub(crate) async fn enter(&self, name: &str, capacity: Capacity) -> Browser {
        let browser = self.browser(WIDE).await;
        log_in(&browser, name, capacity).await;
        browser
    }

    /// A browser that has seen nothing.
    pub(crate) async fn browser(&self, size: Size) -> Browser {
        Browser::new(&self.tillid.base, size, self.scripts).await
    }

    /// Somebody's CPR number, as only they and the sandbox know it.
    pub(crate) async fn number(&self, key: &str) -> String {
        self.tillid.somebody(key).await["cpr"].as_str().expect("a number").to_owned()
    }
}

/// From the front page through the login service, to where people come then.
pub(crate) async fn log_in(browser: &Browser, name: &str, capacity: Capacity) {
    browser.open("/").await;
    browser.click("Log på med Test-MitID").await;
    at_the_provider(browser, name, capacity).await;
}

/// Says at the login service who one is.
pub(crate) async fn at_the_provider(browser: &Browser, name: &str, capacity: Capacity) {
    let part = if capacity == Capacity::Private { "Borgere" } else { "Medarbejdere" };
    browser.click_under(part, name).await;
}

/// Logs out here and at the login service.
pub(crate) async fn log_out(browser: &Browser) {
    browser.click("Log af").await;
    browser.arrive("Vil du også logge af Test-MitID?").await;
    browser.click("Log af").await;
    browser.arrive("Du er logget af").await;
}
