//! What people do on the pages, as the tests of several things need it.

use crate::{
    html::Form,
    provider::Person,
    scene::Scene,
    walker::{Page, Walker},
};

/// The first value of each of a form's choices but for what `pick` says; a browser with nobody at it has chosen nothing.
fn chosen(form: &Form, pick: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    form.choices.iter().filter(|(_, value)| pick(value)).cloned().collect()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A citizen opens a request and says yes to all of it: the summary, on which the last yes is.
pub(crate) async fn say_yes(scene: &Scene, walker: &mut Walker, request: &str) -> Page {
    let page = walker.open(&scene.at(&format!("/requests/{request}"))).await.expect(200);
    let page = walker.submit(&page, &page.form(&format!("/requests/{request}")), &[]).await.expect(200);
    let form = page.form("/summary");
    assert!(!form.choices.is_empty() && form.fields.iter().all(|(name, _)| !name.starts_with("answer.")));
    let yes = chosen(&form, |value| value == "yes");
    walker.submit(&page, &form, &borrowed(&yes)).await.expect(200)
}

/// Somebody is about to give somebody a power of attorney: the summary.
pub(crate) async fn fill_in_mandate(scene: &Scene, walker: &mut Walker, package: &str, to: &Person) -> Page {
    let page = walker.open(&scene.at(&format!("/mandates/new/{package}"))).await.expect(200);
    let form = page.form(&format!("/mandates/new/{package}"));
    let rights = form.choices.iter().filter(|(name, _)| name == "right");
    let mut values: Vec<_> = rights.cloned().collect();
    values.push(("name".to_owned(), to.name.clone()));
    values.push(("number".to_owned(), to.cpr.clone().expect("a number")));
    walker.submit(&page, &form, &borrowed(&values)).await.expect(200)
}

/// Somebody gives somebody a power of attorney; its page.
pub(crate) async fn give_mandate(scene: &Scene, walker: &mut Walker, package: &str, to: &Person) -> Page {
    let page = fill_in_mandate(scene, walker, package, to).await;
    let form = page.form(&format!("/mandates/new/{package}/"));
    let given = walker.submit(&page, &form, &[]).await.expect(200);
    assert!(given.url.path().starts_with("/mandates/"), "{}: {}", given.url.path(), given.text());
    given
}

/// Somebody asks somebody for a power of attorney; the page of the request.
pub(crate) async fn ask_for_mandate(scene: &Scene, walker: &mut Walker, package: &str, of: &Person) -> Page {
    let page = walker.open(&scene.at("/mandate-requests/new")).await.expect(200);
    let form = page.form("/mandate-requests/new");
    let mut values = chosen(&form, |value| value.starts_with(&format!("{package} ")));
    assert!(!values.is_empty(), "{package}: {:?}", form.choices);
    values.push(("name".to_owned(), of.name.clone()));
    values.push(("number".to_owned(), of.cpr.clone().expect("a number")));
    let asked = walker.submit(&page, &form, &borrowed(&values)).await.expect(200);
    assert!(asked.url.path().starts_with("/mandate-requests/"), "{}: {}", asked.url.path(), asked.text());
    asked
}

/// Somebody is about to approve such a request: the summary.
pub(crate) async fn open_mandate_request(scene: &Scene, walker: &mut Walker, request: &str) -> Page {
    let page = walker.open(&scene.at(&format!("/mandate-requests/{request}"))).await.expect(200);
    walker.submit(&page, &page.form(&format!("/mandate-requests/{request}")), &[]).await.expect(200)
}

/// The id at the end of a page's path.
pub(crate) fn id_of(page: &Page) -> String {
    page.url.path().rsplit('/').next().unwrap_or_default().to_owned()
}
