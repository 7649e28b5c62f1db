//! From the format to what the domain can take in.

use super::{
    export::CASE,
    loss::{Loss, Lost},
    model::{Actor, AdministratorRole, Basis, Declaration, Expression, Party, Role, Status, Type, Uri},
};
use tillid_domain::{
    Cpr, Cvr, Instant, Language,
    catalogue::{ConsentType, Item, Polarity},
    id::PersonId,
    text::{CaseRef, Code, Name},
};

/// Why a declaration cannot be taken in, whatever is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotDeclarable {
    /// Its id is no reference that we can keep.
    #[error("the ID of the declaration is longer than 140 characters or holds a CPR number")]
    Reference,
    /// It does not say whom it is about.
    #[error("no actor is the subject")]
    NoSubject,
    /// It is about several people.
    #[error("more than one actor is the subject")]
    SeveralSubjects,
    /// The subject has neither a CPR number nor an id of ours.
    #[error("the subject has neither a CPR number nor a person's id")]
    SubjectUnknown,
    /// Whoever gave it is not in it.
    #[error("whoever gave it is neither the subject nor a representative")]
    NoGiver,
    /// It does not say which authority answers for it.
    #[error("no administrator is forretningsansvarlig with a CVR number")]
    NoController,
    /// Nobody has answered it; silence is never consent.
    #[error("nobody has answered it yet")]
    NotAnswered,
}

/// Who gave it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GivenBy {
    /// The subject.
    Subject,
    /// Somebody else, by what the document says.
    Representative(Option<Basis>),
}

/// How the document tells who somebody is.
#[derive(Clone, PartialEq, Eq)]
pub struct Identified {
    /// By CPR number.
    pub cpr: Option<Cpr>,
    /// By our own id.
    pub id: Option<PersonId>,
}

impl std::fmt::Debug for Identified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identified").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where an expression stands, by the document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeclaredStanding {
    /// It was given, and nothing is said of an end.
    Given,
    /// The answer was no.
    Declined,
    /// It was withdrawn, then.
    Withdrawn(Option<Instant>),
    /// Its time has passed.
    Expired,
    /// The authority closed it, then.
    Closed(Option<Instant>),
}

/// One expression of will.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredExpression {
    /// What the document calls it.
    pub reference: Uri,
    /// Its title.
    pub title: String,
    /// The code of the item, where the document names a type of ours.
    pub item: Option<Code>,
    /// The code of that type.
    pub of: Option<Code>,
    /// Permits or forbids.
    pub polarity: Polarity,
    /// Where it stands.
    pub standing: DeclaredStanding,
    /// From when.
    pub from: Instant,
    /// Until when; of one that was withdrawn or closed, when that was.
    pub to: Option<Instant>,
}

/// A declaration in our terms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declared {
    /// What it is called where it comes from.
    pub reference: Name,
    /// Whom it is about.
    pub subject: Identified,
    /// Who gave it.
    pub given_by: GivenBy,
    /// The controllers.
    pub controllers: Vec<Cvr>,
    /// The type of ours that it was made from: code and version.
    pub made_from: Option<(Code, u32)>,
    /// When it was given.
    pub given_at: Instant,
    /// The case.
    pub case: Option<CaseRef>,
    /// The expressions that somebody has answered; never none.
    pub expressions: Vec<DeclaredExpression>,
}

/// Reads a declaration in our terms. `catalogue` is the address under which our own consent types are
/// (`https://tillid.example/v1/consent-types`): only templates from there name a type.
pub fn declared(of: &Declaration, catalogue: &str) -> Result<(Declared, Vec<Lost>), NotDeclarable> {
    let mut lost = Vec::new();
    let subject = subject(of)?;
    let given_by = giver(of, &subject.0)?;
    let made_from = of.template.as_ref().and_then(|uri| entry(uri, catalogue));
    if of.template.is_some() && made_from.is_none() {
        lost.push(Lost::at(Loss::Template, "Erklaeringsskabelon"));
    }
    let expressions: Vec<DeclaredExpression> =
        of.expressions.iter().filter_map(|each| expression(each, catalogue, &mut lost)).collect();
    if expressions.is_empty() || !answered(of.metadata.status) {
        return Err(NotDeclarable::NotAnswered);
    }
    let declared = Declared {
        reference: of.id.as_str().parse().map_err(|_| NotDeclarable::Reference)?,
        subject: subject.1,
        given_by,
        controllers: controllers(of, &mut lost)?,
        made_from,
        given_at: of.attestation.signed_at,
        case: case(of, &mut lost),
        expressions,
    };
    left_out(of, &declared, &mut lost);
    lost.sort();
    Ok((declared, lost))
}

const fn answered(status: Status) -> bool {
    !matches!(status, Status::Created | Status::AwaitingSignature)
}

/// What is always, or by its content, not taken over.
fn left_out(of: &Declaration, declared: &Declared, lost: &mut Vec<Lost>) {
    lost.push(Lost::at(Loss::Attestation, "Attestation"));
    lost.push(Lost::at(Loss::AccessPolicy, "Adgangspolitik"));
    lost.push(Lost::at(Loss::Wording, "ErklaeringBody"));
    if declared.given_by != GivenBy::Subject {
        lost.push(Lost::at(Loss::Representative, "Aktoer"));
    }
    let known = |actor: &Actor| {
        actor.roles.iter().any(|r| matches!(r, Role::Subject | Role::Requester))
            || actor.id == of.attestation.giver
    };
    if !of.actors.iter().all(known) {
        lost.push(Lost::at(Loss::OtherActor, "Aktoer"));
    }
    if !of.metadata.keywords.is_empty() {
        lost.push(Lost::at(Loss::Keywords, "Erklaeringsmetadata/Noegleord"));
    }
    if of.metadata.replaced_by.is_some() || !of.replaces.is_empty() {
        lost.push(Lost::at(Loss::Replacement, "Erklaeringsmetadata"));
    }
}

fn subject(of: &Declaration) -> Result<(Uri, Identified), NotDeclarable> {
    let mut found = of.actors.iter().filter(|a| a.roles.iter().any(|r| *r == Role::Subject));
    let (uri, party) = match (found.next(), found.next()) {
        (Some(actor), None) => (&actor.id, actor.party.as_ref()),
        (Some(_), Some(_)) => return Err(NotDeclarable::SeveralSubjects),
        // The subject need not be an actor of its own: whoever speaks for them names them.
        (None, _) => {
            let giver = of.actors.iter().find(|a| a.id == of.attestation.giver);
            (giver.and_then(|a| a.for_actor.as_ref()).ok_or(NotDeclarable::NoSubject)?, None)
        }
    };
    let named = match party {
        Some(Party::Person { identifiers, .. }) => Some(identifiers),
        _ => None,
    };
    let mut cpr = named.into_iter().flatten().filter(|i| i.scheme.as_str().eq_ignore_ascii_case("CPR"));
    let identified = Identified {
        cpr: cpr.find_map(|i| i.value.as_str().parse().ok()),
        id: uri.as_str().strip_prefix("urn:uuid:").and_then(|id| id.parse().ok()),
    };
    if identified.cpr.is_none() && identified.id.is_none() {
        return Err(NotDeclarable::SubjectUnknown);
    }
    Ok((uri.clone(), identified))
}

fn giver(of: &Declaration, subject: &Uri) -> Result<GivenBy, NotDeclarable> {
    if of.attestation.giver == *subject {
        return Ok(GivenBy::Subject);
    }
    let giver = of.actors.iter().find(|a| a.id == of.attestation.giver).ok_or(NotDeclarable::NoGiver)?;
    let speaks = giver.roles.iter().any(|r| *r == Role::Representative)
        && giver.for_actor.as_ref().is_none_or(|whom| whom == subject);
    if speaks { Ok(GivenBy::Representative(giver.basis)) } else { Err(NotDeclarable::NoGiver) }
}

fn controllers(of: &Declaration, lost: &mut Vec<Lost>) -> Result<Vec<Cvr>, NotDeclarable> {
    let mut found = Vec::new();
    for administrator in &of.administrators {
        if administrator.role != AdministratorRole::Controller {
            lost.push(Lost::at(Loss::OtherAdministrator, "Administrator"));
            continue;
        }
        let names = administrator.organisations.iter().flatten();
        let numbers = names.filter(|i| i.scheme.as_str().eq_ignore_ascii_case("CVR"));
        found.extend(numbers.filter_map(|i| i.value.as_str().parse::<Cvr>().ok()));
    }
    if found.is_empty() { Err(NotDeclarable::NoController) } else { Ok(found) }
}

/// The case: ours by its classification, or the only one that there is.
fn case(of: &Declaration, lost: &mut Vec<Lost>) -> Option<CaseRef> {
    let cases: Vec<_> = of.contexts.iter().filter_map(|c| c.case.as_ref()).collect();
    let identifiers: Vec<_> = cases.iter().flat_map(|case| case.identifiers.iter()).collect();
    let ours = identifiers.iter().find(|i| i.scheme.as_str() == CASE);
    let chosen = match (ours, identifiers.as_slice()) {
        (Some(identifier), _) => Some(*identifier),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let case = chosen.and_then(|identifier| identifier.value.as_str().parse().ok());
    let more = of.contexts.iter().any(|c| c.act.is_some() || !c.local.is_empty() || !c.tasks.is_empty());
    if more || identifiers.len() != usize::from(case.is_some()) {
        lost.push(Lost::at(Loss::Context, "Domaenekontekst"));
    }
    case
}

fn expression(of: &Expression, catalogue: &str, lost: &mut Vec<Lost>) -> Option<DeclaredExpression> {
    let at = of.id.as_str();
    let standing = match of.metadata.status {
        Status::Created | Status::AwaitingSignature => {
            lost.push(Lost::at(Loss::NotAnswered, at));
            return None;
        }
        Status::Valid => DeclaredStanding::Given,
        Status::Declined => DeclaredStanding::Declined,
        Status::Withdrawn => DeclaredStanding::Withdrawn(of.metadata.to),
        Status::Expired => DeclaredStanding::Expired,
        Status::Closed => DeclaredStanding::Closed(of.metadata.to),
    };
    let named = of.template.as_ref().and_then(|uri| {
        let (entry_uri, item) = uri.as_str().split_once('#')?;
        let (code, _) = entry(&Uri::new(entry_uri).ok()?, catalogue)?;
        Some((code, item.parse().ok()?))
    });
    let (kind, item) = named.unzip();
    if of.template.is_some() && item.is_none() {
        lost.push(Lost::at(Loss::Template, at));
    }
    if of.data.is_some() && item.is_none() {
        lost.push(Lost::at(Loss::MachineReadable, at));
    }
    if !of.metadata.keywords.is_empty() {
        lost.push(Lost::at(Loss::Keywords, at));
    }
    if of.metadata.replaced_by.is_some() {
        lost.push(Lost::at(Loss::Replacement, at));
    }
    Some(DeclaredExpression {
        reference: of.id.clone(),
        title: of.metadata.title.as_str().to_owned(),
        item,
        of: kind,
        polarity: match of.kind {
            Type::Consent => Polarity::Consent,
            Type::OptOut => Polarity::OptOut,
        },
        standing,
        from: of.metadata.from,
        to: of.metadata.to,
    })
}

/// The code and version that an address under our catalogue names.
fn entry(uri: &Uri, catalogue: &str) -> Option<(Code, u32)> {
    let rest = uri.as_str().strip_prefix(catalogue)?.strip_prefix('/')?;
    let (code, number) = rest.split_once("/versions/")?;
    Some((code.parse().ok()?, number.parse().ok()?))
}

impl DeclaredExpression {
    /// The item of that type which this is: by its code, by its sentence, or because neither has another. None of it is one that the
    /// document says to be of another type.
    pub fn item_of<'a>(&self, of: &'a ConsentType, alone: bool) -> Option<&'a Item> {
        if self.of.as_ref().is_some_and(|code| *code != of.code) {
            return None;
        }
        if let Some(code) = &self.item {
            return of.item(code);
        }
        let said = |item: &&Item| {
            Language::ALL.iter().any(|language| item.statement.in_language(*language) == self.title)
        };
        match of.items.as_slice() {
            [only] if alone => Some(only),
            items => items.iter().find(said),
        }
    }
}
