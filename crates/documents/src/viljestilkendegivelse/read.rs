//! From bytes to the model. Liberal where it does no harm (order, an unknown element, a namespace), and nothing is dropped in silence.

use super::{
    fields::Part,
    loss::{Loss, Lost},
    model::{
        AccessPolicy, Act, Actor, Administrator, Attestation, Body, CaseContext, Content, ContentFormat,
        Context, Declaration, Expression, Identifier, Metadata, OneOrMore, Party, Proof, Task,
    },
    tree::{Element, NotXml},
};

/// Why a document is no declaration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotADeclaration {
    /// It is not XML as it is read here.
    #[error(transparent)]
    NotXml(#[from] NotXml),
    /// Its root is another element.
    #[error("the root is not Viljestilkendegivelseserklaering")]
    OtherRoot,
    /// A part is missing.
    #[error("{name} is missing in {inside}")]
    Missing {
        /// The element.
        name: &'static str,
        /// In which one.
        inside: String,
    },
    /// A value is not what the format asks for there.
    #[error("{at} is not {why}")]
    NotAValue {
        /// Where.
        at: String,
        /// What is asked for.
        why: &'static str,
    },
}

/// A declaration that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// What it says.
    pub declaration: Declaration,
    /// What it held besides.
    pub lost: Vec<Lost>,
}

/// Reads a document.
pub fn read(bytes: &[u8]) -> Result<Read, NotADeclaration> {
    let root = Element::parse(bytes)?;
    if root.name != "Viljestilkendegivelseserklaering" {
        return Err(NotADeclaration::OtherRoot);
    }
    let mut lost = Vec::new();
    let declaration = declaration(Part::root(root), &mut lost)?;
    lost.sort();
    Ok(Read { declaration, lost })
}

type Result<T, E = NotADeclaration> = std::result::Result<T, E>;

fn declaration(part: Part, lost: &mut Vec<Lost>) -> Result<Declaration> {
    let mut fields = part.open(lost);
    let id = fields.one("ID")?.uri(fields.lost)?;
    let attestation = attestation(fields.one("Attestation")?, fields.lost)?;
    let header = fields.one("ErklaeringHeader")?;
    let body = body(fields.one("ErklaeringBody")?, fields.lost)?;
    let expressions = fields.some("Viljestilkendegivelse", expression)?;
    let mut within = header.open(fields.lost);
    let template = within.option("Erklaeringsskabelon", Part::maybe_uri)?.flatten();
    let access = within.some("Adgangspolitik", access_policy)?;
    let administrators = within.some("Administrator", administrator)?;
    let actors = within.some("Aktoer", actor)?;
    let contexts = within.list("Domaenekontekst", context)?;
    let mut about = within.one("Erklaeringsmetadata")?.open(within.lost);
    let replaces = about.texts("Erstatter")?;
    let metadata = metadata(&mut about)?;
    about.finish();
    within.finish();
    fields.finish();
    Ok(Declaration {
        id,
        attestation,
        template,
        access,
        administrators,
        actors,
        contexts,
        metadata,
        replaces,
        body,
        expressions,
    })
}

fn attestation(part: Part, lost: &mut Vec<Lost>) -> Result<Attestation> {
    let mut fields = part.open(lost);
    let format = fields.one("Format")?.word(fields.lost)?;
    let signed_at = fields.one("Underskriftstidspunkt")?.time(fields.lost)?;
    let giver = fields.one("ViljestilkendegiverID")?.uri(fields.lost)?;
    let mut proof = Proof::Nothing;
    // The schema takes one of them; an empty one says nothing, and one more is left and told.
    for name in ["DigitalSignatur", "Systembevis", "MedarbejderAttestator", "Rekvireringsmetode"] {
        if proof != Proof::Nothing {
            break;
        }
        let Some(part) = fields.maybe(name) else { continue };
        let lost = &mut *fields.lost;
        let found = match name {
            "DigitalSignatur" => part.maybe_text(lost)?.map(Proof::Signature),
            "Systembevis" => part.maybe_text(lost)?.map(Proof::System),
            "MedarbejderAttestator" => part.maybe_uri(lost)?.map(Proof::Employee),
            _ => Some(Proof::Method(part.word(lost)?)),
        };
        proof = found.unwrap_or(Proof::Nothing);
    }
    fields.finish();
    Ok(Attestation { format, signed_at, giver, proof })
}

fn identifier(part: Part, lost: &mut Vec<Lost>) -> Result<Identifier> {
    let mut fields = part.open(lost);
    let value = fields.one("Vaerdi")?.text(fields.lost)?;
    let scheme = fields.one("Klassifikation")?.text(fields.lost)?;
    let context = fields.option("Kontekst", Part::maybe_text)?.flatten();
    fields.finish();
    Ok(Identifier { value, scheme, context })
}

fn organisation(part: Part, lost: &mut Vec<Lost>) -> Result<OneOrMore<Identifier>> {
    let mut fields = part.open(lost);
    let identifiers = fields.some("Identifikator", identifier)?;
    fields.finish();
    Ok(identifiers)
}

fn access_policy(part: Part, lost: &mut Vec<Lost>) -> Result<AccessPolicy> {
    let mut fields = part.open(lost);
    let group = fields.one("Gruppe")?.text(fields.lost)?;
    let rights = fields.some("Tilladelse", Part::word)?;
    fields.finish();
    Ok(AccessPolicy { group, rights })
}

fn administrator(part: Part, lost: &mut Vec<Lost>) -> Result<Administrator> {
    let mut fields = part.open(lost);
    let role = fields.one("Administratorrolle")?.word(fields.lost)?;
    let organisations = fields.some("Organisation", organisation)?;
    fields.finish();
    Ok(Administrator { role, organisations })
}

fn actor(part: Part, lost: &mut Vec<Lost>) -> Result<Actor> {
    let mut fields = part.open(lost);
    let id = fields.one("ID")?.uri(fields.lost)?;
    let must_sign = fields.one("PaakraevetSignatur")?.boolean(fields.lost)?;
    let roles = fields.some("Aktoerrolle", Part::word)?;
    let mut party = fields.option("Person", person)?;
    if party.is_none() {
        party = fields.option("Organisation", organisation)?.map(Party::Organisation);
    }
    if party.is_none() {
        party = fields.option("Organisationsmedlem", member)?;
    }
    let for_actor = fields.option("AttestererPaaVegneAf", Part::maybe_uri)?.flatten();
    let basis = fields.option("Bemyndigelsestype", Part::word)?;
    fields.finish();
    Ok(Actor { id, must_sign, roles, party, for_actor, basis })
}

fn person(part: Part, lost: &mut Vec<Lost>) -> Result<Party> {
    let mut fields = part.open(lost);
    let name = fields.one("Navn")?.text(fields.lost)?;
    let identifiers = fields.some("Identifikator", identifier)?;
    fields.finish();
    Ok(Party::Person { name, identifiers })
}

fn member(part: Part, lost: &mut Vec<Lost>) -> Result<Party> {
    let mut fields = part.open(lost);
    let name = fields.option("Navn", Part::maybe_text)?.flatten();
    let of = fields.list("MedlemAf", organisation)?;
    let identifier = identifier(fields.one("Identifikator")?, fields.lost)?;
    fields.finish();
    Ok(Party::Member { name, of, identifier })
}

fn context(part: Part, lost: &mut Vec<Lost>) -> Result<Context> {
    let mut fields = part.open(lost);
    let local = fields.texts("LokalKontekst")?;
    let act = fields.option("Forvaltningshandling", act)?;
    let tasks = fields.list("Forvaltningsopgave", task)?;
    let case = fields.option("Sagskontekst", case)?;
    fields.finish();
    Ok(Context { local, act, tasks, case })
}

fn act(part: Part, lost: &mut Vec<Lost>) -> Result<Act> {
    let mut fields = part.open(lost);
    let term = fields.one("ForetrukkenTerm")?.text(fields.lost)?;
    let notation = fields.option("Notation", Part::maybe_text)?.flatten();
    let identifier = identifier(fields.one("Identifikator")?, fields.lost)?;
    fields.finish();
    Ok(Act { term, notation, identifier })
}

fn task(part: Part, lost: &mut Vec<Lost>) -> Result<Task> {
    let mut fields = part.open(lost);
    let term = fields.one("ForetrukkenTerm")?.text(fields.lost)?;
    let identifier = fields.option("Identifikator", Part::maybe_text)?.flatten();
    let notation = fields.option("Notation", Part::maybe_text)?.flatten();
    fields.finish();
    Ok(Task { term, identifier, notation })
}

fn case(part: Part, lost: &mut Vec<Lost>) -> Result<CaseContext> {
    let mut fields = part.open(lost);
    let title = fields.one("Titel")?.text(fields.lost)?;
    let identifiers = fields.some("Identifikator", identifier)?;
    fields.finish();
    Ok(CaseContext { title, identifiers })
}

fn metadata(fields: &mut super::fields::Fields<'_>) -> Result<Metadata> {
    Ok(Metadata {
        status: fields.one("Status")?.word(fields.lost)?,
        title: fields.one("Titel")?.text(fields.lost)?,
        from: fields.one("GaeldendeFra")?.time(fields.lost)?,
        to: fields.option("GaeldendeTil", Part::time)?,
        replaced_by: fields.option("ErstattetAf", Part::maybe_uri)?.flatten(),
        keywords: fields.texts("Noegleord")?,
    })
}

fn body(part: Part, lost: &mut Vec<Lost>) -> Result<Body> {
    let mut fields = part.open(lost);
    let id = fields.option("ID", Part::maybe_uri)?.flatten();
    let content = content(fields.one("Erklaeringsobjekt")?, fields.lost)?;
    let shown = fields.option("BrugervendtPraesentation", Part::bytes)?.flatten();
    fields.finish();
    Ok(Body { id, content, shown })
}

fn content(part: Part, lost: &mut Vec<Lost>) -> Result<Content> {
    let mut fields = part.open(lost);
    let formats = fields.all("Format");
    let mut stated = Vec::new();
    for part in formats {
        stated.push(part.word::<ContentFormat>(fields.lost)?);
    }
    let mut found = fields.option("Tekst", Part::maybe_text)?.flatten().map(Content::Text);
    if found.is_none() {
        found = fields.option("DokumentFil", Part::bytes)?.flatten().map(Content::Pdf);
    }
    if found.is_none() {
        found = fields.option("Maskinlaesbartindhold", structured)?;
    }
    let content = match (found, stated.first()) {
        (Some(content), _) => content,
        (None, Some(format)) => Content::Absent(*format),
        (None, None) => {
            fields.one("Format")?;
            Content::Absent(ContentFormat::Text)
        }
    };
    if stated != [content.format()] {
        fields.lost.push(Lost::at(Loss::ContentFormat, "Erklaeringsobjekt/Format"));
    }
    fields.finish();
    Ok(content)
}

fn structured(part: Part, lost: &mut Vec<Lost>) -> Result<Content> {
    let mut fields = part.open(lost);
    let data = fields.maybe("StruktureretData").and_then(|part| part.opaque(fields.lost));
    let stylesheet = fields.one("Stylesheet")?.uri(fields.lost)?;
    fields.finish();
    Ok(Content::Structured { data, stylesheet })
}

fn expression(part: Part, lost: &mut Vec<Lost>) -> Result<Expression> {
    let mut fields = part.open(lost);
    let id = fields.one("ID")?.uri(fields.lost)?;
    let mut header = fields.one("Header")?.open(fields.lost);
    let template = header.option("Viljestilkendegivelsesskabelon", Part::maybe_uri)?.flatten();
    let access = header.list("Adgangspolitik", access_policy)?;
    let mut about = header.one("Viljestilkendegivelsesmetadata")?.open(header.lost);
    let kind = about.one("Viljestilkendegivelsestype")?.word(about.lost)?;
    let metadata = metadata(&mut about)?;
    about.finish();
    header.finish();
    let mut data = None;
    // The schema wants an empty body; without one nothing is missing.
    if let Some(body) = fields.maybe("Body") {
        let mut body = body.open(fields.lost);
        data = body.maybe("Maskinlaesbartindhold").and_then(|part| part.opaque(body.lost));
        body.finish();
    }
    fields.finish();
    Ok(Expression { id, template, access, metadata, kind, data })
}
