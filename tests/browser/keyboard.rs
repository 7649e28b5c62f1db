//! A walk through a page with the Tab key alone.

use crate::browser::Browser;
use fantoccini::{
    actions::{InputSource, KeyAction, KeyActions},
    key::Key,
};
use serde_json::Value;

/// Lists what Tab must reach, in the order of the document, with how it looks while it is not in focus. Of a group of radio buttons
/// Tab reaches the chosen one, or else the first.
const PREPARE: &str = "
    const candidates = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [contenteditable]';
    const shown = e => e.checkVisibility({ visibilityProperty: true });
    const group = e => [...document.querySelectorAll('input[type=radio]')].filter(r => r.name === e.name && r.form === e.form);
    const reached = e => e.tabIndex >= 0 && !e.matches(':disabled') && shown(e) && !e.closest('[inert]')
        && (e.type !== 'radio' || e.checked || (!group(e).some(r => r.checked) && group(e)[0] === e));
    const parts = e => [[e, null], [e, '::before'], [e, '::after']].concat(
        [...(e.labels ?? [])].flatMap(l => [[l, null], [l, '::before'], [l, '::after']]));
    const ring = e => parts(e).map(([part, pseudo]) => {
        const style = getComputedStyle(part, pseudo);
        const outline = style.outlineStyle === 'none' || parseFloat(style.outlineWidth) === 0 ? 'none'
            : [style.outlineStyle, style.outlineWidth, style.outlineColor].join(' ');
        return outline + ' / ' + style.boxShadow;
    }).join(' | ');
    const root = document.querySelector(arguments[0]);
    document.activeElement?.blur();
    const stops = [...root.querySelectorAll(candidates)].filter(reached);
    window.tillidWalk = { stops, ring, quiet: stops.map(ring) };
    root.tabIndex = -1;
    root.focus();
    root.removeAttribute('tabindex');
    return stops.map(e => e.outerHTML.slice(0, 120));";

/// Where the focus is: which stop, whether that shows, and whether it is within the window.
const LOOK: &str = "
    const { stops, ring, quiet } = window.tillidWalk;
    const e = document.activeElement;
    const stop = stops.indexOf(e);
    if (stop < 0) return { stop, html: e?.outerHTML.slice(0, 120) ?? '' };
    const boxes = [e, ...(e.labels ?? [])].map(part => part.getBoundingClientRect());
    const within = boxes.some(b => b.width > 0 && b.bottom > 0 && b.top < innerHeight && b.right > 0 && b.left < innerWidth);
    return { stop, html: e.outerHTML.slice(0, 120), visible: ring(e) !== quiet[stop], within };";

impl Browser {
    /// What is wrong with the page for somebody who has no mouse; nothing when Tab reaches everything in order, is never caught, and
    /// it shows where it is.
    pub(crate) async fn keyboard_walk(&self) -> Vec<String> {
        self.keyboard_walk_in("body").await
    }

    /// Likewise in a part of it that keeps the focus to itself, such as a dialog.
    pub(crate) async fn keyboard_walk_in(&self, part: &str) -> Vec<String> {
        let stops = self.evaluate(PREPARE, vec![Value::from(part)]).await;
        let stops = stops.as_array().expect("stops").clone();
        let mut wrong = Vec::new();
        for (n, expected) in stops.iter().enumerate() {
            self.tab().await;
            let at = self.evaluate(LOOK, Vec::new()).await;
            if at["stop"] != n {
                wrong.push(format!("stop {n}: expected {expected}, the focus is on {}", at["html"]));
                return wrong;
            }
            if at["visible"] != true {
                wrong.push(format!("stop {n}: the focus cannot be seen on {expected}"));
            }
            if at["within"] != true {
                wrong.push(format!("stop {n}: the focus is outside the window on {expected}"));
            }
        }
        wrong
    }

    async fn tab(&self) {
        let value = char::from(Key::Tab);
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.expect("a key is pressed");
    }
}
