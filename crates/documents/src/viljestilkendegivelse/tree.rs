//! XML as a tree of bounded size: elements, text and attributes, and nothing that could reach outside the document.

use quick_xml::{
    XmlVersion,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
    name::ResolveResult,
    reader::NsReader,
    writer::Writer,
};

/// The largest document that is read.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// How many elements may stand inside each other.
pub const MAX_DEPTH: usize = 32;
/// How many elements a document may have.
pub const MAX_ELEMENTS: usize = 20_000;

/// Why a document is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotXml {
    /// It is larger than [`MAX_BYTES`].
    #[error("the document is larger than 5 MB")]
    TooLarge,
    /// It is not UTF-8, or says that it is something else.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// It holds a character that XML 1.0 does not have, such as NUL.
    #[error("the document holds a character that XML does not allow")]
    Character,
    /// It has a document type declaration: nobody needs one here, and it is how documents reach out or grow without bound.
    #[error("the document has a document type declaration")]
    Doctype,
    /// It refers to an entity other than the five that XML has itself.
    #[error("the document refers to an entity of its own")]
    Entity,
    /// Elements stand too deep inside each other.
    #[error("elements stand more than 32 deep inside each other")]
    TooDeep,
    /// It has too many elements.
    #[error("the document has more than 20000 elements")]
    TooMany,
    /// It is not well-formed XML 1.0.
    #[error("the document is not well-formed XML")]
    Malformed,
}

/// An element: its name, its attributes, its text without the white space around it, and the elements in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// An element with nothing in it.
    pub fn new(name: &'static str) -> Self {
        Self::named(None, name.to_owned())
    }

    fn named(namespace: Option<String>, name: String) -> Self {
        Self { namespace, name, attributes: Vec::new(), text: String::new(), children: Vec::new() }
    }

    /// This element in that namespace.
    #[must_use]
    pub fn within(self, namespace: &'static str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// This element with one more attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// This element with one more element in it.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// This element with that text in place of its own.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Its name, without a namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Its attributes, by their names as they are written.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The elements in it.
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// The bytes of a document with this element as its root.
    pub fn to_document(&self) -> Vec<u8> {
        self.to_document_saying(None)
    }

    /// Likewise, with a comment before it; two hyphens in a row end no comment early.
    pub(super) fn to_document_saying(&self, comment: Option<&str>) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        // Writing into memory does not fail.
        let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        if let Some(comment) = comment.map(|comment| comment.replace("--", "- -")) {
            let _ = writer.write_event(Event::Comment(BytesText::from_escaped(comment)));
        }
        self.write(&mut writer, None);
        let mut bytes = writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, around: Option<&str>) {
        let mut start = BytesStart::new(self.name.as_str());
        if self.namespace.as_deref() != around {
            start.push_attribute(("xmlns", self.namespace.as_deref().unwrap_or_default()));
        }
        for (name, value) in &self.attributes {
            start.push_attribute((name.as_str(), value.as_str()));
        }
        if self.text.is_empty() && self.children.is_empty() {
            let _ = writer.write_event(Event::Empty(start));
            return;
        }
        let _ = writer.write_event(Event::Start(start));
        if !self.text.is_empty() {
            let _ = writer.write_event(Event::Text(BytesText::new(&self.text)));
        }
        for child in &self.children {
            child.write(writer, self.namespace.as_deref());
        }
        let _ = writer.write_event(Event::End(BytesEnd::new(self.name.as_str())));
    }

    /// The root of a document.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NotXml> {
        if bytes.len() > MAX_BYTES {
            return Err(NotXml::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NotXml::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !text.chars().all(is_xml) {
            return Err(NotXml::Character);
        }
        Building::default().document(text)
    }
}

/// The characters of XML 1.0 (its production 2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[derive(Default)]
struct Building {
    /// From the root to the element that is being read.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Building {
    fn document(mut self, text: &str) -> Result<Element, NotXml> {
        let mut reader = NsReader::from_str(text);
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|_| NotXml::Malformed)?;
            match event {
                Event::Start(start) => self.start(&namespace, &start)?,
                Event::Empty(start) => {
                    self.start(&namespace, &start)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|_| NotXml::Malformed)?;
                    let character = match (character, &*reference) {
                        (Some(character), _) => character,
                        (None, "lt") => '<',
                        (None, "gt") => '>',
                        (None, "amp") => '&',
                        (None, "quot") => '"',
                        (None, "apos") => '\'',
                        (None, _) => return Err(NotXml::Entity),
                    };
                    if !is_xml(character) {
                        return Err(NotXml::Character);
                    }
                    self.text(character.encode_utf8(&mut [0; 4]))?;
                }
                Event::Decl(declaration) => utf8_xml_10(&declaration)?,
                Event::DocType(_) => return Err(NotXml::Doctype),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if self.open.is_empty() => return self.root.ok_or(NotXml::Malformed),
                Event::Eof => return Err(NotXml::Malformed),
            }
        }
    }

    fn start(&mut self, namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<(), NotXml> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(NotXml::TooMany);
        }
        if self.open.len() == MAX_DEPTH {
            return Err(NotXml::TooDeep);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(NotXml::Malformed);
        }
        let namespace = match namespace {
            // The resolver gives the attribute's value as it is written.
            ResolveResult::Bound(namespace) => {
                let name = quick_xml::escape::unescape(namespace.as_ref());
                Some(name.map_err(|_| NotXml::Malformed)?.into_owned())
            }
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return Err(NotXml::Malformed),
        };
        let mut element = Element::named(namespace, start.local_name().as_ref().to_owned());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| NotXml::Malformed)?;
            let name: &str = attribute.key.as_ref();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| NotXml::Malformed)?;
            if !value.chars().all(is_xml) {
                return Err(NotXml::Character);
            }
            element.attributes.push((name.to_owned(), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<(), NotXml> {
        let mut element = self.open.pop().ok_or(NotXml::Malformed)?;
        let text = element.text.trim();
        if text.len() < element.text.len() {
            element.text = String::from(text);
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), NotXml> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(NotXml::Malformed),
        }
        Ok(())
    }
}

fn utf8_xml_10(declaration: &BytesDecl<'_>) -> Result<(), NotXml> {
    if declaration.xml_version().map_err(|_| NotXml::Malformed)? == XmlVersion::Explicit1_1 {
        return Err(NotXml::Malformed);
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if ["utf-8", "us-ascii"].iter().any(|n| name.eq_ignore_ascii_case(n)) => Ok(()),
        Some(_) => Err(NotXml::NotUtf8),
    }
}
