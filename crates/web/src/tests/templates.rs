//! What the content security policy and the CSRF check ask of every template.

use super::templates;

#[test]
fn no_template_holds_a_script_or_a_style() {
    for (path, text) in templates() {
        for bad in ["style=", "<style", "javascript:", "http://", "https://"] {
            assert!(!text.contains(bad), "{path} has {bad}");
        }
        for (at, _) in text.match_indices("<script") {
            let element = text[at..].split('>').next().expect("an element");
            assert!(element.contains(" src="), "{path}: {element}");
            assert!(text[at..].starts_with(&format!("{element}></script>")), "{path} has an inline script");
        }
        // An attribute such as onclick.
        for word in text.split_whitespace() {
            let handler = word.starts_with("on") && word.contains("=\"");
            assert!(!handler, "{path} has {word}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_csrf_field_and_no_other_form_does() {
    let mut posts = 0;
    for (path, text) in templates() {
        for form in text.split("<form").skip(1) {
            let (form, _) =
                form.split_once("</form>").unwrap_or_else(|| panic!("{path}: a form without end"));
            let post = form.contains("method=\"post\"");
            assert_eq!(post, form.contains("parts::csrf(page)"), "{path}: {form}");
            posts += usize::from(post);
        }
    }
    assert!(posts > 5);
}

#[test]
fn templates_hold_no_words_of_their_own() {
    for (path, text) in templates() {
        let mut rest = text.as_str();
        let mut words = String::new();
        while let Some(at) = rest.find(['<', '{']) {
            words.push_str(&rest[..at]);
            let end = match &rest[at..] {
                r if r.starts_with("{{") => r.find("}}").map(|end| end + 2),
                r if r.starts_with("{%") => r.find("%}").map(|end| end + 2),
                // A name for programs is the same to everybody.
                r if r.starts_with("<code") => r.find("</code>").map(|end| end + 7),
                r => element_end(r),
            };
            rest = &rest[at + end.unwrap_or_else(|| panic!("{path}: something without end"))..];
        }
        let prose: String = words.chars().filter(|c| c.is_alphabetic()).collect();
        assert!(prose.is_empty(), "{path}: {prose}");
    }
}

/// The end of an element's tag; what is filled in may hold anything.
fn element_end(text: &str) -> Option<usize> {
    let mut inside = false;
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        match (&bytes[at..], inside) {
            ([b'{', b'{' | b'%', ..], false) => inside = true,
            ([b'}' | b'%', b'}', ..], true) => inside = false,
            ([b'>', ..], false) => return Some(at + 1),
            _ => {}
        }
    }
    None
}
