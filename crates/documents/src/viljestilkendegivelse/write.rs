//! From the model to bytes, in the order that the schema asks for.

use super::{
    loss::Lost,
    model::{
        AccessPolicy, Act, Actor, Administrator, Attestation, Body, CaseContext, Content, ContentFormat,
        Context, Declaration, Expression, Identifier, Metadata, OneOrMore, Party, Proof, Task, Text, Type,
        Uri, Word,
    },
    tree::Element,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::collections::BTreeSet;
use tillid_domain::Instant;

impl Declaration {
    /// The document, as the schema asks for it.
    pub fn to_xml(&self) -> Vec<u8> {
        self.to_element().to_document()
    }

    /// Likewise, with a comment that names what is not in it by its codes, so that whoever gets the file alone is told too.
    pub fn to_xml_telling(&self, lost: &[Lost]) -> Vec<u8> {
        let codes: BTreeSet<&str> = lost.iter().map(|lost| lost.what.code()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let told = format!(" Left out: {} ", codes.join(", "));
        self.to_element().to_document_saying((!codes.is_empty()).then_some(told.as_str()))
    }

    fn to_element(&self) -> Element {
        let header = Element::new("ErklaeringHeader")
            .opt("Erklaeringsskabelon", self.template.as_ref().map(Uri::as_str))
            .each(&self.access, access_policy)
            .each(&self.administrators, administrator)
            .each(&self.actors, actor)
            .each(&self.contexts, context)
            .with(self.about());
        Element::new("Viljestilkendegivelseserklaering")
            .leaf("ID", self.id.as_str())
            .with(attestation(&self.attestation))
            .with(header)
            .with(body(&self.body))
            .each(&self.expressions, expression)
    }

    fn about(&self) -> Element {
        let Metadata { status, title, from, to, replaced_by, keywords } = &self.metadata;
        Element::new("Erklaeringsmetadata")
            .leaf("Status", status.word())
            .leaf("Titel", title.as_str())
            .time("GaeldendeFra", Some(*from))
            .time("GaeldendeTil", *to)
            .texts("Erstatter", &self.replaces)
            .opt("ErstattetAf", replaced_by.as_ref().map(Uri::as_str))
            .texts("Noegleord", keywords)
    }
}

impl Content {
    pub(super) fn format(&self) -> ContentFormat {
        match self {
            Self::Absent(format) => *format,
            Self::Text(_) => ContentFormat::Text,
            Self::Pdf(_) => ContentFormat::Pdf,
            Self::Structured { .. } => ContentFormat::Structured,
        }
    }
}

impl Element {
    fn leaf(self, name: &'static str, text: &str) -> Self {
        self.with(Self::new(name).with_text(text))
    }

    fn opt(self, name: &'static str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.leaf(name, text),
            None => self,
        }
    }

    fn time(self, name: &'static str, at: Option<Instant>) -> Self {
        self.opt(name, at.map(|at| at.to_string()).as_deref())
    }

    fn texts(self, name: &'static str, texts: &[Text]) -> Self {
        texts.iter().fold(self, |element, text| element.leaf(name, text.as_str()))
    }

    fn each<'a, T: 'a>(self, list: impl IntoIterator<Item = &'a T>, write: impl Fn(&T) -> Self) -> Self {
        list.into_iter().fold(self, |element, each| element.with(write(each)))
    }
}

fn attestation(of: &Attestation) -> Element {
    let element = Element::new("Attestation")
        .leaf("Format", of.format.word())
        .time("Underskriftstidspunkt", Some(of.signed_at))
        .leaf("ViljestilkendegiverID", of.giver.as_str());
    match &of.proof {
        Proof::Nothing => element,
        Proof::System(text) => element.leaf("Systembevis", text.as_str()),
        Proof::Signature(text) => element.leaf("DigitalSignatur", text.as_str()),
        Proof::Employee(id) => element.leaf("MedarbejderAttestator", id.as_str()),
        Proof::Method(method) => element.leaf("Rekvireringsmetode", method.word()),
    }
}

fn identifier(of: &Identifier) -> Element {
    Element::new("Identifikator")
        .leaf("Vaerdi", of.value.as_str())
        .leaf("Klassifikation", of.scheme.as_str())
        .opt("Kontekst", of.context.as_ref().map(Text::as_str))
}

fn organisation(name: &'static str, of: &OneOrMore<Identifier>) -> Element {
    Element::new(name).each(of, identifier)
}

fn access_policy(of: &AccessPolicy) -> Element {
    of.rights
        .iter()
        .fold(Element::new("Adgangspolitik").leaf("Gruppe", of.group.as_str()), |element, right| {
            element.leaf("Tilladelse", right.word())
        })
}

fn administrator(of: &Administrator) -> Element {
    Element::new("Administrator")
        .leaf("Administratorrolle", of.role.word())
        .each(&of.organisations, |each| organisation("Organisation", each))
}

fn actor(of: &Actor) -> Element {
    let mut element = Element::new("Aktoer")
        .leaf("ID", of.id.as_str())
        .leaf("PaakraevetSignatur", if of.must_sign { "true" } else { "false" });
    for role in &of.roles {
        element = element.leaf("Aktoerrolle", role.word());
    }
    if let Some(party) = &of.party {
        element = element.with(match party {
            Party::Organisation(identifiers) => organisation("Organisation", identifiers),
            Party::Member { name, of, identifier: id } => Element::new("Organisationsmedlem")
                .opt("Navn", name.as_ref().map(Text::as_str))
                .each(of, |each| organisation("MedlemAf", each))
                .with(identifier(id)),
            Party::Person { name, identifiers } => {
                Element::new("Person").leaf("Navn", name.as_str()).each(identifiers, identifier)
            }
        });
    }
    element
        .opt("AttestererPaaVegneAf", of.for_actor.as_ref().map(Uri::as_str))
        .opt("Bemyndigelsestype", of.basis.map(Word::word))
}

fn context(of: &Context) -> Element {
    let mut element = Element::new("Domaenekontekst").texts("LokalKontekst", &of.local);
    if let Some(Act { term, notation, identifier: id }) = &of.act {
        element = element.with(
            Element::new("Forvaltningshandling")
                .leaf("ForetrukkenTerm", term.as_str())
                .opt("Notation", notation.as_ref().map(Text::as_str))
                .with(identifier(id)),
        );
    }
    element = element.each(&of.tasks, |Task { term, identifier, notation }| {
        Element::new("Forvaltningsopgave")
            .leaf("ForetrukkenTerm", term.as_str())
            .opt("Identifikator", identifier.as_ref().map(Text::as_str))
            .opt("Notation", notation.as_ref().map(Text::as_str))
    });
    match &of.case {
        None => element,
        Some(CaseContext { title, identifiers }) => element
            .with(Element::new("Sagskontekst").leaf("Titel", title.as_str()).each(identifiers, identifier)),
    }
}

fn body(of: &Body) -> Element {
    let object = Element::new("Erklaeringsobjekt").leaf("Format", of.content.format().word());
    let object = match &of.content {
        Content::Absent(_) => object,
        Content::Text(text) => object.leaf("Tekst", text.as_str()),
        Content::Pdf(bytes) => object.leaf("DokumentFil", &STANDARD.encode(bytes)),
        Content::Structured { data, stylesheet } => object.with(
            opaque(Element::new("Maskinlaesbartindhold"), "StruktureretData", data.as_ref())
                .leaf("Stylesheet", stylesheet.as_str()),
        ),
    };
    Element::new("ErklaeringBody")
        .opt("ID", of.id.as_ref().map(Uri::as_str))
        .with(object)
        .opt("BrugervendtPraesentation", of.shown.as_ref().map(|bytes| STANDARD.encode(bytes)).as_deref())
}

/// The element with somebody else's data in it, under the name that the format gives it.
fn opaque(element: Element, name: &'static str, data: Option<&Element>) -> Element {
    match data {
        None => element,
        Some(data) => element.with(Element { name: name.to_owned(), namespace: None, ..data.clone() }),
    }
}

fn expression(of: &Expression) -> Element {
    let Metadata { status, title, from, to, replaced_by, keywords } = &of.metadata;
    let kind: Type = of.kind;
    let about = Element::new("Viljestilkendegivelsesmetadata")
        .leaf("Status", status.word())
        .leaf("Titel", title.as_str())
        .opt("ErstattetAf", replaced_by.as_ref().map(Uri::as_str))
        .time("GaeldendeFra", Some(*from))
        .time("GaeldendeTil", *to)
        .texts("Noegleord", keywords)
        .leaf("Viljestilkendegivelsestype", kind.word());
    let header = Element::new("Header")
        .opt("Viljestilkendegivelsesskabelon", of.template.as_ref().map(Uri::as_str))
        .each(&of.access, access_policy)
        .with(about);
    Element::new("Viljestilkendegivelse").leaf("ID", of.id.as_str()).with(header).with(opaque(
        Element::new("Body"),
        "Maskinlaesbartindhold",
        of.data.as_ref(),
    ))
}
