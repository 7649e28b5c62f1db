//! As much HTML as the forms and links of pages need.

use reqwest::Method;

/// A form, with the fields that a browser would send if nobody touched it.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) method: Method,
    pub(crate) fields: Vec<(String, String)>,
    /// Boxes and circles that are not ticked: name and value.
    pub(crate) choices: Vec<(String, String)>,
    /// Buttons with a name: name, value and text.
    pub(crate) buttons: Vec<(String, String, String)>,
    /// Names of fields that somebody is to write in.
    pub(crate) inputs: Vec<String>,
}

/// A tag: its name, its attributes, and where it ends in the text.
struct Tag<'t> {
    name: String,
    attributes: Vec<(String, String)>,
    rest: &'t str,
}

impl Tag<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

/// The first tag of the text.
fn next_tag(text: &str) -> Option<Tag<'_>> {
    let mut text = text;
    loop {
        let (_, after) = text.split_once('<')?;
        if let Some(comment) = after.strip_prefix("!--") {
            text = comment.split_once("-->")?.1;
            continue;
        }
        let end = after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len());
        let name = after[..end].trim_end_matches('/').to_ascii_lowercase();
        let (attributes, rest) = attributes(&after[end..]);
        return Some(Tag { name, attributes, rest });
    }
}

fn attributes(text: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            (value, rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                _ => {
                    after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len()))
                }
            };
        }
        if !name.is_empty() {
            found.push((name, decoded(value)));
        } else if rest.len() == text.len() {
            return (found, "");
        }
    }
}

/// A text without character references.
fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((name, rest)) = part.split_once(';').filter(|(name, _)| name.len() <= 8) else {
            whole.push('&');
            whole.push_str(part);
            continue;
        };
        let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        let known = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => name.strip_prefix('#').and_then(number).and_then(char::from_u32),
        };
        match known {
            Some(character) => whole.push(character),
            None => whole.extend(["&", name, ";"]),
        }
        whole.push_str(rest);
    }
    whole
}

/// What people read of a piece of HTML, on one line.
pub(crate) fn text_of(html: &str) -> String {
    let mut words = String::new();
    let mut rest = html;
    while let Some((before, _)) = rest.split_once('<') {
        words.push_str(before);
        words.push(' ');
        let Some(tag) = next_tag(rest) else { break };
        rest = tag.rest;
        if matches!(tag.name.as_str(), "script" | "style" | "svg") {
            let end = format!("</{}", tag.name);
            rest = rest.split_once(end.as_str()).map_or("", |(_, after)| after);
            rest = rest.split_once('>').map_or("", |(_, after)| after);
        }
    }
    words.push_str(rest);
    decoded(&words).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The addresses of the links.
pub(crate) fn links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(tag) = next_tag(rest) {
        if tag.name == "a"
            && let Some(href) = tag.get("href")
        {
            found.push(href.to_owned());
        }
        rest = tag.rest;
    }
    found
}

/// The forms.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(tag) = next_tag(rest) {
        rest = tag.rest;
        if tag.name == "form" {
            let (inside, after) = rest.split_once("</form").unwrap_or((rest, ""));
            found.push(form(&tag, inside));
            rest = after;
        }
    }
    found
}

fn form(tag: &Tag<'_>, inside: &str) -> Form {
    let post = tag.get("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
    let mut form = Form {
        action: tag.owned("action"),
        method: if post { Method::POST } else { Method::GET },
        fields: Vec::new(),
        choices: Vec::new(),
        buttons: Vec::new(),
        inputs: Vec::new(),
    };
    let mut rest = inside;
    while let Some(tag) = next_tag(rest) {
        rest = tag.rest;
        match tag.name.as_str() {
            "input" => input(&mut form, &tag),
            "button" => {
                let text = text_of(rest.split_once("</button").map_or(rest, |(text, _)| text));
                form.buttons.push((tag.owned("name"), tag.owned("value"), text));
            }
            "textarea" => {
                let text = rest.split_once("</textarea").map_or("", |(text, _)| text);
                form.inputs.push(tag.owned("name"));
                form.fields.push((tag.owned("name"), decoded(text)));
            }
            "select" => {
                let options = rest.split_once("</select").map_or(rest, |(options, _)| options);
                select(&mut form, &tag.owned("name"), options);
            }
            _ => {}
        }
    }
    form
}

fn input(form: &mut Form, tag: &Tag<'_>) {
    let Some(name) = tag.get("name").map(str::to_owned) else { return };
    match tag.get("type").unwrap_or("text") {
        "submit" | "image" => form.buttons.push((name, tag.owned("value"), tag.owned("value"))),
        "checkbox" | "radio" => {
            let pair = (name, tag.get("value").unwrap_or("on").to_owned());
            if tag.get("checked").is_some() { form.fields.push(pair) } else { form.choices.push(pair) }
        }
        "hidden" => form.fields.push((name, tag.owned("value"))),
        _ => {
            form.inputs.push(name.clone());
            form.fields.push((name, tag.owned("value")));
        }
    }
}

fn select(form: &mut Form, name: &str, options: &str) {
    let mut values: Vec<(String, bool)> = Vec::new();
    let mut rest = options;
    while let Some(tag) = next_tag(rest) {
        rest = tag.rest;
        if tag.name == "option" {
            values.push((tag.owned("value"), tag.get("selected").is_some()));
        }
    }
    let chosen = values.iter().find(|(_, selected)| *selected).or(values.first());
    if let Some((value, _)) = chosen {
        form.fields.push((name.to_owned(), value.clone()));
    }
    form.choices.extend(values.iter().map(|(value, _)| (name.to_owned(), value.clone())));
}

impl Form {
    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
