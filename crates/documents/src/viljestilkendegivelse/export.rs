//! From the consents of one declaration to the format.

use super::{
    loss::{Loss, Lost},
    model::{
        AccessPolicy, Actor, Administrator, AdministratorRole, Attestation, AttestationFormat, Basis, Body,
        CaseContext, Content, Context, Declaration, Expression, Identifier, Metadata, OneOrMore, Party,
        Proof, Right, Role, Status, Task, Text, Type, Uri,
    },
    tree::Element,
};
use tillid_domain::{
    Cpr, Cvr, Instant, Language, Localized,
    catalogue::{ConsentType, Item, Named, Polarity},
    consent::{Consent, ConsentStanding, ConsentState},
    id::{DeclarationId, EmployeeId, PersonId},
    text::Name,
};

/// The namespace of the data about a consent that we put beside the format's own.
const DATA: &str = "urn:tillid:viljestilkendegivelse:1";

/// Who answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Giver {
    /// The person whom it is about.
    Subject,
    /// Somebody who spoke for them.
    Representative {
        /// Who.
        id: PersonId,
        /// By what right, where that is on record.
        basis: Option<Basis>,
    },
}

/// What stands for the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence<'a> {
    /// It was given here: the receipt, by its address.
    Digital {
        /// The address.
        receipt: &'a str,
    },
    /// It was signed on paper.
    Paper {
        /// The employee who registered it.
        registrar: Option<EmployeeId>,
        /// The paper, if it is a PDF and may go out.
        pdf: Option<&'a [u8]>,
    },
    /// It was said.
    Oral {
        /// The employee who noted it.
        registrar: Option<EmployeeId>,
    },
    /// It was given elsewhere.
    Imported {
        /// The system that it comes from.
        source: &'a Name,
        /// What it is called there.
        reference: &'a Name,
    },
}

/// How the person is told apart from others, besides our own id for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubjectName<'a> {
    /// Their name.
    pub name: Option<&'a Name>,
    /// Their CPR number: only for a recipient who may have it for this purpose.
    pub cpr: Option<&'a Cpr>,
}

/// What goes out.
#[derive(Clone, Copy, Debug)]
pub struct Exporting<'a> {
    /// The declaration.
    pub declaration: DeclarationId,
    /// Its consents: all of one person, one type and one answer.
    pub consents: &'a [Consent],
    /// The type, as it was when they were given.
    pub of: &'a ConsentType,
    /// The address of that version of it.
    pub template: &'a str,
    /// The language in which it was shown.
    pub language: Language,
    /// The document that was shown.
    pub shown: Option<&'a [u8]>,
    /// Who answered, or whose answer was the last of those that were needed.
    pub giver: Giver,
    /// Who has custody and answered together with them.
    pub together: &'a [PersonId],
    /// What stands for the answer.
    pub evidence: Evidence<'a>,
    /// How the person is named.
    pub subject: SubjectName<'a>,
    /// As of when.
    pub now: Instant,
}

/// A declaration in the format, and what the format has no place for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// The declaration.
    pub declaration: Declaration,
    /// What is not in it.
    pub lost: Vec<Lost>,
}

/// There is nothing to export: a declaration without consents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a declaration without consents")]
pub struct WithoutConsents;

/// Writes the consents of one declaration in the format.
pub fn export(of: &Exporting<'_>) -> Result<Exported, WithoutConsents> {
    let first = of.consents.first().ok_or(WithoutConsents)?;
    let mut lost = Vec::new();
    let expressions: Vec<Expression> = of.consents.iter().map(|c| expression(of, c, &mut lost)).collect();
    let metadata = Metadata {
        status: together(expressions.iter().map(|e| e.metadata.status)),
        title: say(&of.of.title, of.language),
        from: expressions.iter().map(|e| e.metadata.from).min().unwrap_or(first.answered_at),
        to: expressions.iter().map(|e| e.metadata.to).max_by_key(|to| to.unwrap_or(Instant::MAX)).flatten(),
        replaced_by: None,
        keywords: Vec::new(),
    };
    let declaration = Declaration {
        id: Uri::uuid(of.declaration),
        attestation: attestation(of, first, &mut lost),
        template: Uri::new(of.template).ok(),
        access: access(first.answer.authority, &metadata),
        administrators: OneOrMore::one(Administrator {
            role: AdministratorRole::Controller,
            organisations: OneOrMore::one(organisation(first.answer.authority)),
        }),
        actors: actors(of, first, &mut lost),
        contexts: context(of.of, first).into_iter().collect(),
        metadata,
        replaces: Vec::new(),
        body: Body { id: None, content: content(of), shown: of.shown.map(<[u8]>::to_vec) },
        expressions: OneOrMore::new(expressions).ok_or(WithoutConsents)?,
    };
    lost.sort();
    Ok(Exported { declaration, lost })
}

/// A text of ours: never empty, so that nothing stands in for it in practice.
fn text(text: &str) -> Text {
    Text::new(text).unwrap_or_else(|_| Text::known("-"))
}

fn say(words: &Localized, language: Language) -> Text {
    text(words.in_language(language))
}

fn identifier(value: &impl ToString, scheme: &'static str) -> Identifier {
    Identifier { value: text(&value.to_string()), scheme: Text::known(scheme), context: None }
}

fn organisation(cvr: Cvr) -> OneOrMore<Identifier> {
    OneOrMore::one(identifier(&cvr, "CVR"))
}

fn expression(of: &Exporting<'_>, consent: &Consent, lost: &mut Vec<Lost>) -> Expression {
    let id = Uri::uuid(consent.id);
    let (status, from, to) = standing(consent, of.now, &id, lost);
    let item = of.of.item(&consent.answer.item);
    let title = item.map_or(&of.of.title, |item| &item.statement);
    Expression {
        template: Uri::new(&format!("{}#{}", of.template, consent.answer.item)).ok(),
        access: Vec::new(),
        metadata: Metadata {
            status,
            title: say(title, of.language),
            from,
            to,
            replaced_by: None,
            keywords: Vec::new(),
        },
        kind: match consent.answer.polarity {
            Polarity::Consent => Type::Consent,
            Polarity::OptOut => Type::OptOut,
        },
        data: item.map(|item| data(item, of.language)),
        id,
    }
}

/// What the format has no elements for: which data, from whom, to whom.
fn data(item: &Item, language: Language) -> Element {
    let element = |name, code: &str, words: &Localized| {
        let element = Element::new(name).within(DATA).with_attribute("code", code);
        element.with_text(words.in_language(language))
    };
    let named = |name, list: &[Named]| -> Vec<Element> {
        list.iter().map(|n| element(name, n.code.as_str(), &n.name)).collect()
    };
    let categories = item.data.iter().map(|d| {
        let special = if d.special { "true" } else { "false" };
        element("category", d.code.as_str(), &d.name).with_attribute("special", special)
    });
    categories
        .chain(named("source", &item.sources))
        .chain(named("recipient", &item.recipients))
        .fold(Element::new("Maskinlaesbartindhold"), Element::with)
}

/// Its status, and from when until when: the end of its time, or when it was withdrawn or closed.
fn standing(
    consent: &Consent,
    now: Instant,
    id: &Uri,
    lost: &mut Vec<Lost>,
) -> (Status, Instant, Option<Instant>) {
    let valid = consent.answer.valid;
    match consent.state {
        ConsentState::Given if consent.standing(now) == ConsentStanding::Expired => {
            (Status::Expired, valid.from, valid.to)
        }
        ConsentState::Given => (Status::Valid, valid.from, valid.to),
        ConsentState::Declined => (Status::Declined, consent.answered_at, None),
        ConsentState::Withdrawn { at, .. } => (Status::Withdrawn, valid.from, Some(at)),
        // It never counted: there is no time in which it held.
        ConsentState::Annulled { .. } => {
            lost.push(Lost::at(Loss::Invalidated, id.as_str()));
            (Status::Closed, valid.from, Some(valid.from))
        }
        ConsentState::Lapsed { effective_at, .. } => {
            lost.push(Lost::at(Loss::LapseCause, id.as_str()));
            (Status::Closed, valid.from, Some(effective_at))
        }
    }
}

/// Where the declaration stands as a whole: it holds while any of it does.
fn together(statuses: impl Iterator<Item = Status>) -> Status {
    let order = [Status::Valid, Status::Withdrawn, Status::Expired, Status::Closed];
    let found: Vec<Status> = statuses.collect();
    order.into_iter().find(|s| found.contains(s)).unwrap_or(Status::Declined)
}

fn attestation(of: &Exporting<'_>, first: &Consent, lost: &mut Vec<Lost>) -> Attestation {
    use AttestationFormat::{AnalogSignature, SystemProof};
    let employee =
        |registrar: Option<EmployeeId>| registrar.map_or(Proof::Nothing, |id| Proof::Employee(Uri::uuid(id)));
    let (format, proof) = match of.evidence {
        Evidence::Digital { receipt } => (SystemProof, Proof::System(text(receipt))),
        Evidence::Paper { registrar, pdf } => {
            if pdf.is_none() {
                lost.push(Lost::at(Loss::PaperNotEnclosed, "DokumentFil"));
            }
            (AnalogSignature, employee(registrar))
        }
        Evidence::Oral { registrar } => {
            lost.push(Lost::at(Loss::HowItWasSaid, "Rekvireringsmetode"));
            (SystemProof, employee(registrar))
        }
        Evidence::Imported { source, reference } => {
            lost.push(Lost::at(Loss::OriginalAttestation, "Attestation"));
            (SystemProof, Proof::System(text(&format!("{source}: {reference}"))))
        }
    };
    Attestation { format, signed_at: first.answered_at, giver: giver(of, first), proof }
}

fn giver(of: &Exporting<'_>, first: &Consent) -> Uri {
    match of.giver {
        Giver::Subject => Uri::uuid(first.answer.person),
        Giver::Representative { id, .. } => Uri::uuid(id),
    }
}

fn access(authority: Cvr, metadata: &Metadata) -> OneOrMore<AccessPolicy> {
    let standing = metadata.status == Status::Valid;
    let rights = if standing { vec![Right::Read, Right::Withdraw] } else { vec![Right::Read] };
    let giver = AccessPolicy {
        group: Text::known("viljestilkendegiver"),
        rights: OneOrMore::new(rights).unwrap_or_else(|| OneOrMore::one(Right::Read)),
    };
    let controller =
        AccessPolicy { group: text(&format!("cvr:{authority}")), rights: OneOrMore::one(Right::Read) };
    OneOrMore::one(giver).and(controller)
}

fn actors(of: &Exporting<'_>, first: &Consent, lost: &mut Vec<Lost>) -> OneOrMore<Actor> {
    let digital = matches!(of.evidence, Evidence::Digital { .. });
    let subject_id = Uri::uuid(first.answer.person);
    if of.subject.name.is_none() {
        lost.push(Lost::at(Loss::NameWithheld, "Navn"));
    }
    let subject = Actor {
        id: subject_id.clone(),
        must_sign: digital && of.giver == Giver::Subject,
        roles: OneOrMore::one(Role::Subject),
        party: person(of.subject, first.answer.person),
        for_actor: None,
        basis: None,
    };
    let mut actors = OneOrMore::one(subject);
    let spoke = |id: PersonId, basis| Actor {
        id: Uri::uuid(id),
        must_sign: digital,
        roles: OneOrMore::one(Role::Representative),
        party: None,
        for_actor: Some(subject_id.clone()),
        basis,
    };
    if let Giver::Representative { id, basis } = of.giver {
        actors = actors.and(spoke(id, basis));
        if basis.is_none() {
            lost.push(Lost::at(Loss::Basis, "Bemyndigelsestype"));
        }
    }
    for holder in of.together {
        actors = actors.and(spoke(*holder, Some(Basis::CustodyHolder)));
    }
    if first.answer.request.is_some() {
        actors = actors.and(Actor {
            id: Uri::known(format!("urn:cvr:{}", first.answer.authority)),
            must_sign: false,
            roles: OneOrMore::one(Role::Requester),
            party: Some(Party::Organisation(organisation(first.answer.authority))),
            for_actor: None,
            basis: None,
        });
    }
    actors
}

/// The person by name, where the name goes out; the format takes no identifier without one.
fn person(named: SubjectName<'_>, id: PersonId) -> Option<Party> {
    if named.name.is_none() && named.cpr.is_none() {
        return None;
    }
    let own = identifier(&id, "UUID");
    let identifiers = match named.cpr {
        // The one place where the number goes out: the caller has said that this recipient may have it.
        Some(cpr) => OneOrMore::one(identifier(&cpr.reveal(), "CPR")).and(own),
        None => OneOrMore::one(own),
    };
    Some(Party::Person {
        name: named.name.map_or_else(|| Text::known("-"), |n| text(n.as_str())),
        identifiers,
    })
}

fn context(of: &ConsentType, first: &Consent) -> Option<Context> {
    let kle = of.kle.to_string();
    let tasks = if kle == "*" {
        Vec::new()
    } else {
        vec![Task { term: text(&format!("KLE {kle}")), identifier: Some(text(&kle)), notation: None }]
    };
    let case = first.answer.case.as_ref().map(|case| CaseContext {
        title: text(case.as_str()),
        identifiers: OneOrMore::one(Identifier {
            context: Some(text(&format!("cvr:{}", first.answer.authority))),
            ..identifier(case, CASE)
        }),
    });
    let found = Context { local: Vec::new(), act: None, tasks, case };
    if found == Context::default() { None } else { Some(found) }
}

/// How a case of an authority is classified here.
pub(super) const CASE: &str = "Sag";

/// The signed paper where it goes along, or else what the person was asked, in their language.
fn content(of: &Exporting<'_>) -> Content {
    if let Evidence::Paper { pdf: Some(pdf), .. } = of.evidence {
        return Content::Pdf(pdf.to_vec());
    }
    let asked = of.consents.iter().filter_map(|c| of.of.item(&c.answer.item)).map(|item| &item.statement);
    let lines: Vec<&str> = [&of.of.title, &of.of.purpose]
        .into_iter()
        .chain(asked)
        .chain([&of.of.refusal, &of.of.withdrawal])
        .map(|words| words.in_language(of.language))
        .collect();
    Content::Text(text(&lines.join("\n\n")))
}
