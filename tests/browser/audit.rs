//! What a machine can say about whether everybody can use a page: axe-core, and whether it fits a small window.

use crate::browser::{Browser, NARROW, WIDE};
use serde_json::Value;
use std::fmt;

const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/node_modules/axe-core/axe.min.js");

/// The rules of WCAG 2.2 AA, which the law asks for, and those that axe-core adds of its own.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] };
    axe.run(document, options).then(
        results => done(results.violations.map(v => ({ rule: v.id, help: v.help, nodes: v.nodes.map(n => n.html) }))),
        error => done(String(error)));";

/// A rule that a page breaks, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: String,
    help: String,
    nodes: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.rule, self.help, self.nodes.join("\n    "))
    }
}

impl Browser {
    /// Everything that is wrong with the page, at a desk and on a small telephone; the window is wide afterwards.
    pub(crate) async fn faults(&self) -> Vec<String> {
        self.faults_with(true).await
    }

    /// Likewise without a walk by the keyboard, of a page whose elements are those of another that was walked through.
    pub(crate) async fn faults_of_words(&self) -> Vec<String> {
        self.faults_with(false).await
    }

    async fn faults_with(&self, keyboard: bool) -> Vec<String> {
        let mut faults = self.complaints().await;
        for size in [NARROW, WIDE] {
            self.resize(size).await;
            let mut found: Vec<String> = self.axe().await.iter().map(ToString::to_string).collect();
            found
                .extend(self.horizontal_overflow().await.into_iter().map(|what| format!("too wide: {what}")));
            if keyboard {
                found.extend(self.keyboard_walk().await.into_iter().map(|what| format!("keyboard: {what}")));
            }
            faults.extend(found.into_iter().map(|what| format!("at {}: {what}", size.0)));
        }
        faults
    }

    /// The rules that the page breaks. The scripts of pages must be on: axe-core waits for timers.
    pub(crate) async fn axe(&self) -> Vec<Violation> {
        if self.evaluate("return typeof axe", Vec::new()).await == "undefined" {
            let axe = std::fs::read_to_string(AXE)
                .unwrap_or_else(|e| panic!("{AXE}: {e}; run `npm ci --ignore-scripts` in tests/"));
            // Evaluated by the driver, not put into the page: a page's Content-Security-Policy stays what it is.
            self.evaluate(&axe, Vec::new()).await;
        }
        let found = self.client.execute_async(RUN, Vec::new()).await.expect("axe-core runs");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let found = found.as_array().unwrap_or_else(|| panic!("axe-core: {found}"));
        found
            .iter()
            .map(|v| Violation {
                rule: text(&v["rule"]),
                help: text(&v["help"]),
                nodes: v["nodes"].as_array().expect("nodes").iter().map(text).collect(),
            })
            .collect()
    }

    /// What reaches beyond the right edge of the window when the page can be scrolled sideways; nothing when it cannot.
    pub(crate) async fn horizontal_overflow(&self) -> Vec<String> {
        let script = "
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return [];
            return ['scrollWidth ' + root.scrollWidth + ' > clientWidth ' + root.clientWidth].concat(
                [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > root.clientWidth + 0.5)
                    .map(e => e.outerHTML.slice(0, 120)).slice(0, 5));";
        let found = self.evaluate(script, Vec::new()).await;
        found
            .as_array()
            .expect("a list")
            .iter()
            .map(|text| text.as_str().expect("a text").to_owned())
            .collect()
    }
}
