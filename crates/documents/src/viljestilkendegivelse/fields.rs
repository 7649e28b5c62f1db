//! Taking an element apart: each part is taken once, by its name, in whatever order it stands; what is left is told.

use super::{
    loss::{Loss, Lost},
    model::{NotAValue, OneOrMore, Text, Uri, Word},
    read::NotADeclaration,
    tree::Element,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use tillid_domain::Instant;

/// An element, and where it stands.
pub(super) struct Part {
    pub(super) element: Element,
    path: String,
}

impl Part {
    pub(super) fn root(element: Element) -> Self {
        let path = format!("/{}", shown(&element.name));
        Self { element, path }
    }

    /// What is in it, to be taken apart.
    pub(super) fn open(self, lost: &mut Vec<Lost>) -> Fields<'_> {
        Fields { element: self.element, path: self.path, lost }
    }

    fn refused(&self, why: &'static str) -> NotADeclaration {
        NotADeclaration::NotAValue { at: self.path.clone(), why }
    }

    fn plain(self, lost: &mut Vec<Lost>) -> (String, Self) {
        let Self { mut element, path } = self;
        let text = std::mem::take(&mut element.text);
        Fields { element: element.clone(), path: path.clone(), lost }.finish();
        (text, Self { element, path })
    }

    /// Its text, if there is one.
    pub(super) fn maybe_text(self, lost: &mut Vec<Lost>) -> Result<Option<Text>, NotADeclaration> {
        let (text, part) = self.plain(lost);
        match Text::new(&text) {
            Ok(text) => Ok(Some(text)),
            Err(NotAValue::Empty) => Ok(None),
            Err(_) => Err(part.refused("a text without control characters")),
        }
    }

    /// Its text.
    pub(super) fn text(self, lost: &mut Vec<Lost>) -> Result<Text, NotADeclaration> {
        let path = self.path.clone();
        self.maybe_text(lost)?.ok_or(NotADeclaration::NotAValue { at: path, why: "a text that is not empty" })
    }

    /// Its URI, if there is one.
    pub(super) fn maybe_uri(self, lost: &mut Vec<Lost>) -> Result<Option<Uri>, NotADeclaration> {
        let (text, part) = self.plain(lost);
        match Uri::new(&text) {
            Ok(uri) => Ok(Some(uri)),
            Err(NotAValue::Empty) => Ok(None),
            Err(_) => Err(part.refused("a URI")),
        }
    }

    /// Its URI.
    pub(super) fn uri(self, lost: &mut Vec<Lost>) -> Result<Uri, NotADeclaration> {
        let path = self.path.clone();
        self.maybe_uri(lost)?.ok_or(NotADeclaration::NotAValue { at: path, why: "a URI" })
    }

    /// The value that its word means.
    pub(super) fn word<T: Word>(self, lost: &mut Vec<Lost>) -> Result<T, NotADeclaration> {
        let (text, part) = self.plain(lost);
        T::from_word(&text).ok_or_else(|| part.refused("one of the words that the schema lists"))
    }

    /// Its moment. One without an offset is taken as the time in Denmark, and told.
    pub(super) fn time(self, lost: &mut Vec<Lost>) -> Result<Instant, NotADeclaration> {
        let (text, part) = self.plain(lost);
        if let Ok(at) = text.parse() {
            return Ok(at);
        }
        let at = Instant::from_danish_time(&text).ok_or_else(|| part.refused("a date and a time"))?;
        lost.push(Lost::at(Loss::TimeWithoutOffset, part.path));
        Ok(at)
    }

    /// Yes or no.
    pub(super) fn boolean(self, lost: &mut Vec<Lost>) -> Result<bool, NotADeclaration> {
        let (text, part) = self.plain(lost);
        match text.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(part.refused("true or false")),
        }
    }

    /// Its bytes, if there are any.
    pub(super) fn bytes(self, lost: &mut Vec<Lost>) -> Result<Option<Vec<u8>>, NotADeclaration> {
        let (text, part) = self.plain(lost);
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(text).map_err(|_| part.refused("base64"))?;
        Ok(if bytes.is_empty() { None } else { Some(bytes) })
    }

    /// The element as it is, for data whose meaning is somebody else's. Its own name says nothing; mixed content does not go through.
    pub(super) fn opaque(self, lost: &mut Vec<Lost>) -> Option<Element> {
        let empty = self.element.text.is_empty()
            && self.element.children.is_empty()
            && self.element.attributes.is_empty();
        if empty {
            return None;
        }
        let mut element = Element { namespace: None, ..self.element };
        keep(&mut element, &self.path, lost);
        Some(element)
    }
}

/// Leaves an element of somebody else's as we can write it again, and tells what that is not.
fn keep(element: &mut Element, path: &str, lost: &mut Vec<Lost>) {
    if !element.text.is_empty() && !element.children.is_empty() {
        lost.push(Lost::at(Loss::TextBetweenElements, path));
        element.text.clear();
    }
    let before = element.attributes.len();
    element.attributes.retain(|(name, _)| !name.contains(':'));
    if element.attributes.len() < before {
        lost.push(Lost::at(Loss::UnknownAttribute, path));
    }
    for child in &mut element.children {
        let path = format!("{path}/{}", shown(&child.name));
        keep(child, &path, lost);
    }
}

/// A name as it may stand in a message: short.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

/// What is in an element, while it is taken apart.
pub(super) struct Fields<'a> {
    element: Element,
    path: String,
    pub(super) lost: &'a mut Vec<Lost>,
}

impl Fields<'_> {
    /// The first part of that name. A namespace of its own makes it another element; the root's is harmless.
    pub(super) fn maybe(&mut self, name: &str) -> Option<Part> {
        let namespace = &self.element.namespace;
        let at = self.element.children.iter().position(|c| c.name == name && c.namespace == *namespace)?;
        let element = self.element.children.remove(at);
        Some(Part { element, path: format!("{}/{name}", self.path) })
    }

    /// The first part of that name, which must be there.
    pub(super) fn one(&mut self, name: &'static str) -> Result<Part, NotADeclaration> {
        self.maybe(name).ok_or_else(|| NotADeclaration::Missing { name, inside: self.path.clone() })
    }

    /// Every part of that name.
    pub(super) fn all(&mut self, name: &str) -> Vec<Part> {
        let (found, rest) = std::mem::take(&mut self.element.children)
            .into_iter()
            .partition(|c| c.name == name && c.namespace == self.element.namespace);
        self.element.children = rest;
        let found: Vec<Element> = found;
        let place = |(n, element)| Part { element, path: format!("{}/{name}[{}]", self.path, n + 1) };
        found.into_iter().enumerate().map(place).collect()
    }

    /// Every part of that name, read by `each`; at least one.
    pub(super) fn some<T>(
        &mut self,
        name: &'static str,
        each: impl Fn(Part, &mut Vec<Lost>) -> Result<T, NotADeclaration>,
    ) -> Result<OneOrMore<T>, NotADeclaration> {
        let list = self.list(name, each)?;
        OneOrMore::new(list).ok_or_else(|| NotADeclaration::Missing { name, inside: self.path.clone() })
    }

    /// Every part of that name, read by `each`.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        each: impl Fn(Part, &mut Vec<Lost>) -> Result<T, NotADeclaration>,
    ) -> Result<Vec<T>, NotADeclaration> {
        self.all(name).into_iter().map(|part| each(part, self.lost)).collect()
    }

    /// The texts of every part of that name; empty ones say nothing.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<Text>, NotADeclaration> {
        Ok(self.list(name, Part::maybe_text)?.into_iter().flatten().collect())
    }

    /// The first part of that name, read by `each`, if it is there.
    pub(super) fn option<T>(
        &mut self,
        name: &str,
        each: impl Fn(Part, &mut Vec<Lost>) -> Result<T, NotADeclaration>,
    ) -> Result<Option<T>, NotADeclaration> {
        self.maybe(name).map(|part| each(part, self.lost)).transpose()
    }

    /// Tells of everything that was not taken.
    pub(super) fn finish(self) {
        let Self { element, path, lost } = self;
        if !element.text.is_empty() {
            lost.push(Lost::at(Loss::TextBetweenElements, path.as_str()));
        }
        // Where to find a schema says nothing of the declaration.
        for (name, _) in element.attributes.iter().filter(|(name, _)| !name.starts_with("xsi:")) {
            lost.push(Lost::at(Loss::UnknownAttribute, format!("{path}/@{}", shown(name))));
        }
        for child in &element.children {
            lost.push(Lost::at(Loss::UnknownElement, format!("{path}/{}", shown(&child.name))));
        }
    }
}
