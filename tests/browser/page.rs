//! What a person does with a page: reads it, follows what it says, fills it in. Found by what it is called, never by how it is built.

use crate::browser::Browser;
use fantoccini::{Locator, elements::Element};
use serde_json::json;
use std::path::Path;

/// Anything that can be followed or pressed.
const FOLLOWED: &str = "self::a[@href] or self::button or self::summary or (self::input and @type='submit')";

/// Whatever a field is; hidden ones are none.
const FIELD: &str = "self::input[not(@type='hidden')] or self::textarea or self::select";

/// An entry of a list or a row of a table.
const PART: &str = "self::li or self::tr";

/// A text as an XPath literal, which knows no escapes.
pub(crate) fn quoted(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(", \"'\", "))
}

impl Browser {
    /// Goes to an address of the service, as one does with a bookmark. No step is counted.
    pub(crate) async fn open(&self, path: &str) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.client.goto(&url).await.unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// The path and query of the page.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// The one heading of the first level.
    pub(crate) async fn heading(&self) -> String {
        let headings = self.client.find_all(Locator::XPath("//h1")).await.expect("headings");
        assert_eq!(headings.len(), 1, "one h1\n{}", self.whole().await);
        headings[0].text().await.expect("its text").trim().to_owned()
    }

    /// Waits for the page with that heading, where pages follow each other by themselves.
    pub(crate) async fn arrive(&self, heading: &str) {
        let there = format!("//h1[{}]", says_exactly(heading));
        self.until(heading, async || (self.seen(&there).await.len() == 1).then_some(())).await;
    }

    /// What the page says, as it is seen.
    pub(crate) async fn text(&self) -> String {
        self.evaluate("return document.body.innerText", Vec::new()).await.as_str().expect("a text").to_owned()
    }

    /// Whether the page says this.
    pub(crate) async fn says(&self, words: &str) -> bool {
        self.text().await.contains(words)
    }

    /// The page must say this.
    pub(crate) async fn expect(&self, words: &str) {
        assert!(self.says(words).await, "it does not say {words:?}\n{}", self.whole().await);
    }

    /// The page must not say this.
    pub(crate) async fn expect_not(&self, words: &str) {
        assert!(!self.says(words).await, "it says {words:?}\n{}", self.whole().await);
    }

    /// The entry of a list, or row of a table, that says `near` must say this.
    pub(crate) async fn expect_near(&self, near: &str, words: &str) {
        let part = format!("{}[contains(normalize-space(), {})]", part(near), quoted(words));
        assert!(
            !self.seen(&part).await.is_empty(),
            "near {near:?} it does not say {words:?}\n{}",
            self.whole().await
        );
    }

    /// The stable code of a page that refuses; empty when it has none.
    pub(crate) async fn code(&self) -> String {
        let script = "return document.querySelector('code[data-code]')?.dataset.code ?? ''";
        self.evaluate(script, Vec::new()).await.as_str().expect("a code").to_owned()
    }

    /// Whether there is a link or button of that name to be seen.
    pub(crate) async fn offers(&self, name: &str) -> bool {
        !self.seen(&named("//*", name)).await.is_empty()
    }

    /// Follows the link or presses the button of that name, to the page that comes of it: one step.
    pub(crate) async fn click(&self, name: &str) {
        self.step(&named("//*", name)).await;
    }

    /// Sends the form whose button has that name: one step.
    pub(crate) async fn send(&self, name: &str) {
        self.step(&named("//form//*[self::button]", name)).await;
    }

    /// Follows the link or presses the button in the entry of a list that says `near`: one step.
    pub(crate) async fn click_near(&self, near: &str, name: &str) {
        self.step(&named(&format!("{}//*", part(near)), name)).await;
    }

    /// Follows the link or presses the button in the part of the page that has this heading: one step.
    pub(crate) async fn click_under(&self, heading: &str, name: &str) {
        self.step(&named(&format!("{}//*", under(heading)), name)).await;
    }

    /// Presses what does not lead to another page, such as what unfolds a part of it. No step is counted.
    pub(crate) async fn press(&self, name: &str) {
        let element = self.only(&named("//*", name)).await;
        element.click().await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    /// Unfolds each part of the page that is folded.
    pub(crate) async fn unfold(&self) {
        let folded = self.seen("//main//summary").await;
        assert!(!folded.is_empty(), "nothing to unfold");
        for summary in folded {
            summary.click().await.expect("it unfolds");
        }
    }

    /// Writes into the field that this label names, instead of what stood there.
    pub(crate) async fn fill(&self, label: &str, value: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap_or_else(|e| panic!("{label}: {e}"));
        field.send_keys(value).await.unwrap_or_else(|e| panic!("{label}: {e}"));
    }

    /// Likewise in the part of the page that has this heading.
    pub(crate) async fn fill_under(&self, heading: &str, label: &str, value: &str) {
        let field = self.field_under(heading, label).await;
        field.send_keys(value).await.unwrap_or_else(|e| panic!("{label}: {e}"));
    }

    /// Chooses from the list that this label names, in the part of the page that has this heading.
    pub(crate) async fn pick_under(&self, heading: &str, label: &str, choice: &str) {
        let field = self.field_under(heading, label).await;
        field.select_by_label(choice).await.unwrap_or_else(|e| panic!("{label}: {e}"));
    }

    /// Chooses a file for the field that this label names.
    pub(crate) async fn attach(&self, label: &str, file: &Path) {
        let field = self.field(label).await;
        field.send_keys(file.to_str().expect("a path")).await.unwrap_or_else(|e| panic!("{label}: {e}"));
    }

    /// Writes today, as it is in Denmark whatever the clock of this machine is set to, into the three fields that these labels name.
    pub(crate) async fn write_today(&self, labels: [&str; 3]) {
        let script = "const there = new Intl.DateTimeFormat('en', {timeZone: 'Europe/Copenhagen'}).formatToParts(new Date());
            return ['day', 'month', 'year'].map(part => there.find(one => one.type === part).value)";
        let parts = self.evaluate(script, Vec::new()).await;
        for (part, label) in labels.into_iter().enumerate() {
            self.fill(label, parts[part].as_str().expect("a number")).await;
        }
    }

    /// What stands in the field that this label names.
    pub(crate) async fn value(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.expect("a value").unwrap_or_default()
    }

    /// Chooses, under the question that this legend asks, the answer of that label.
    pub(crate) async fn choose(&self, legend: &str, label: &str) {
        let answer = format!("//fieldset[legend[{}]]//label[{}]", begins_with(legend), says_exactly(label));
        self.press_label(&answer).await;
    }

    /// Ticks, or unticks, the box that this label names.
    pub(crate) async fn tick(&self, label: &str) {
        let label = format!("//label[{}]", begins_with(label));
        self.press_label(&label).await;
    }

    /// The questions of the page that are answered with one choice of several: their legends, in order.
    pub(crate) async fn questions(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('fieldset')].filter(f => f.querySelector('input[type=radio]'))
            .map(f => f.querySelector('legend').textContent.replace(/\\s+/g, ' ').trim())";
        texts(&self.evaluate(script, Vec::new()).await)
    }

    /// The labels of the boxes that can be ticked, in order.
    pub(crate) async fn boxes(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('input[type=checkbox]')].map(i => i.labels[0].textContent.trim())";
        texts(&self.evaluate(script, Vec::new()).await)
    }

    /// The rows of the page's tables, without their headings, each as one text.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim()).join(' | '))";
        texts(&self.evaluate(script, Vec::new()).await)
    }

    /// The labels of what is chosen in the page at this moment.
    pub(crate) async fn chosen(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('input:checked')].map(i => i.labels[0]?.innerText.trim() ?? i.name)";
        texts(&self.evaluate(script, Vec::new()).await)
    }

    /// The field that this label names.
    async fn field(&self, label: &str) -> Element {
        let label = format!("//label[{}]", begins_with(label));
        let of = format!("//*[{FIELD}][@id = {label}/@for] | {label}//*[{FIELD}]");
        self.only(&of).await
    }

    async fn field_under(&self, heading: &str, label: &str) -> Element {
        let label = format!("{}//label[{}]", under(heading), begins_with(label));
        self.only(&format!("//*[{FIELD}][@id = {label}/@for]")).await
    }

    /// Presses the label, or the mark that it belongs to where that lies before it.
    async fn press_label(&self, xpath: &str) {
        if self.only(xpath).await.click().await.is_err() {
            let mark = self.only(&format!("//input[@id = {xpath}/@for]")).await;
            mark.click().await.unwrap_or_else(|e| panic!("{xpath}: {e}"));
        }
    }

    async fn step(&self, xpath: &str) {
        let element = self.only(xpath).await;
        let page = self.client.find(Locator::Css("html")).await.expect("a page");
        element.click().await.unwrap_or_else(|e| panic!("{xpath}: {e}"));
        // Any other error says nothing of the page: the driver gives some of its own while one page gives way to the next.
        let left =
            async || page.tag_name().await.is_err_and(|e| e.is_stale_element_reference()).then_some(());
        self.until("another page", left).await;
        self.until("all of that page", async || self.has_arrived().await.then_some(())).await;
        self.count_step();
    }

    async fn has_arrived(&self) -> bool {
        let state = self.client.execute("return document.readyState", Vec::new()).await;
        state.is_ok_and(|state| state == "complete")
    }

    /// The one thing of that kind which can be seen; it is waited for. Links of one name that lead to one place are one.
    async fn only(&self, xpath: &str) -> Element {
        self.until(&format!("one of {xpath}"), async || {
            let mut seen = self.seen(xpath).await;
            (seen.len() == 1).then(|| seen.remove(0))
        })
        .await
    }

    /// What this XPath names and can be seen; nothing while a page is being left.
    async fn seen(&self, xpath: &str) -> Vec<Element> {
        let script = "
            const found = document.evaluate(arguments[0], document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
            const seen = [...Array(found.snapshotLength).keys()].map(n => found.snapshotItem(n)).filter(e => {
                const box = e.getBoundingClientRect();
                return e.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0;
            });
            return seen.filter((e, n) => !e.href || seen.findIndex(other => other.href === e.href) === n);";
        let found = self.client.execute(script, vec![json!(xpath)]).await.unwrap_or_default();
        let ids =
            found.as_array().into_iter().flatten().filter_map(|e| e.as_object()?.values().next()?.as_str());
        ids.map(|id| Element::from_element_id(self.client.clone(), id.to_owned().into())).collect()
    }
}

/// What can be followed and has this name: alone, or with words that only readers of the screen speak.
fn named(among: &str, name: &str) -> String {
    let says = says_exactly(name);
    let part = format!("text()[{says}] or .//*[{says}]");
    format!("{among}[{FOLLOWED}][{says} or {part} or @value = {}]", quoted(name))
}

/// The innermost entry of a list, or row of a table, that says this.
fn part(near: &str) -> String {
    let says = format!("contains(normalize-space(), {})", quoted(near));
    format!("//*[{PART}][{says}][not(.//*[{PART}][{says}])]")
}

/// The part of the page that has this heading.
fn under(heading: &str) -> String {
    format!("//section[(.//h2 | .//h3)[{}]]", says_exactly(heading))
}

fn says_exactly(text: &str) -> String {
    format!("normalize-space() = {}", quoted(text))
}

/// A label may go on after its name: that it is optional, for example.
fn begins_with(text: &str) -> String {
    format!("starts-with(normalize-space(), {})", quoted(text))
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    let items = value.as_array().expect("a list").iter();
    items.map(|text| text.as_str().expect("a text").to_owned()).collect()
}
