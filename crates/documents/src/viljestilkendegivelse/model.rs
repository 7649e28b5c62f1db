//! The format as Rust values: what cannot be said in it cannot be built here. Names of types are English, the Danish term stands beside.

use super::tree::Element;
use tillid_domain::Instant;

/// Why a text is no value of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAValue {
    /// There is nothing in it.
    #[error("must not be empty")]
    Empty,
    /// It holds control characters other than tab and new line.
    #[error("must not hold control characters")]
    Control,
    /// It is no URI.
    #[error("not a URI")]
    Uri,
}

/// A text: not empty, no white space around it, no control characters but tab and new line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Text(String);

impl Text {
    /// The text, if it is one. Ends of lines become new lines.
    pub fn new(text: &str) -> Result<Self, NotAValue> {
        let text = text.trim().replace("\r\n", "\n").replace('\r', "\n");
        if text.is_empty() {
            return Err(NotAValue::Empty);
        }
        let hidden =
            |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
        if text.chars().any(hidden) { Err(NotAValue::Control) } else { Ok(Self(text)) }
    }

    /// A text of the program's own.
    pub(super) fn known(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A URI or a reference to one: visible ASCII without what RFC 3986 never allows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Uri(String);

impl Uri {
    /// The URI, if it may be one.
    pub fn new(text: &str) -> Result<Self, NotAValue> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAValue::Empty);
        }
        let allowed = |b: u8| b.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&b);
        if text.bytes().all(allowed) { Ok(Self(text.to_owned())) } else { Err(NotAValue::Uri) }
    }

    /// A URI that the program has put together itself.
    pub(super) fn known(uri: String) -> Self {
        Self(uri)
    }

    /// `urn:uuid:` and the id.
    pub fn uuid(id: impl std::fmt::Display) -> Self {
        Self(format!("urn:uuid:{id}"))
    }

    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A list with something in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OneOrMore<T>(Vec<T>);

impl<T> OneOrMore<T> {
    /// A list of one.
    pub fn one(first: T) -> Self {
        Self(vec![first])
    }

    /// The list, unless there is nothing in it.
    pub fn new(list: Vec<T>) -> Option<Self> {
        if list.is_empty() { None } else { Some(Self(list)) }
    }

    /// The list with one more.
    #[must_use]
    pub fn and(mut self, more: T) -> Self {
        self.0.push(more);
        self
    }

    /// What is in it.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a OneOrMore<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Values that the format writes as one of a list of words.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(Self, &'static str)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(value, _)| *value)
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }

        impl Word for $name {
            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$variant, $word),)+];
        }
    )+};
}

words! {
    /// What a group may do (Tilladelse).
    Right {
        /// Read.
        Read = "laes",
        /// Withdraw.
        Withdraw = "tilbagekald",
        /// Create.
        Create = "opret",
        /// Change.
        Update = "opdater",
        /// Change the attestation.
        UpdateAttestation = "opdater_attestation",
        /// Change the body.
        UpdateBody = "opdater_body",
        /// Change the header.
        UpdateHeader = "opdater_header",
        /// Change the signature.
        UpdateSignature = "opdater_signatur",
        /// Delete.
        Delete = "slet",
    }
    /// How it was attested (Attestationsformat).
    AttestationFormat {
        /// Signed digitally, by the person or by an employee who attests it.
        DigitalSignature = "digital_signatur",
        /// Signed with a pen.
        AnalogSignature = "analog_signatur",
        /// A system vouches that it was given.
        SystemProof = "systembevis",
    }
    /// By what right somebody speaks for the person (Bemyndigelsestype).
    Basis {
        /// Custody.
        CustodyHolder = "foraeldremyndighedsindehaver",
        /// Guardianship.
        Guardian = "vaerge",
        /// A power of attorney.
        PowerOfAttorney = "fuldmagtshaver",
    }
    /// What form the declaration's content has (Dokumentformat).
    ContentFormat {
        /// Data for machines.
        Structured = "struktureret_data",
        /// A PDF.
        Pdf = "pdf",
        /// Plain text.
        Text = "tekst",
    }
    /// Where it stands (Dokumentstatus).
    Status {
        /// Made, not yet sent to anybody.
        Created = "oprettet",
        /// Not yet answered.
        AwaitingSignature = "afventer signering",
        /// Given.
        Valid = "gaeldende",
        /// Declined.
        Declined = "afvist",
        /// Withdrawn.
        Withdrawn = "tilbagekaldt",
        /// Its time has passed.
        Expired = "udloebet",
        /// Closed by the authority: no longer needed.
        Closed = "lukket",
    }
    /// How a consent was obtained by word of mouth (Rekvireringsmetode).
    Method {
        /// On the telephone.
        Telephone = "telefonisk_dialog",
        /// Face to face.
        InPerson = "personlig_dialog",
        /// A professional's assessment.
        Assessment = "faglig_vurdering",
        /// Without words.
        NonVerbal = "non-verbal_tilkendegivelse",
    }
    /// What an administering authority answers for (Administratorrolle).
    AdministratorRole {
        /// That it is lawful.
        Controller = "forretningsansvarlig",
        /// Who may use it.
        RightsGranter = "rettighedstildeler",
    }
    /// What an actor is in it (Aktoerrolle).
    Role {
        /// Whom it is about.
        Subject = "viljestilkendegivelsessubjekt",
        /// Who asked. The schema spells it like this.
        Requester = "viljetilkendegivelsesrekvirent",
        /// Who speaks for the subject.
        Representative = "stedfortraedende_viljestilkendegiver",
    }
    /// Whether it permits or forbids (Viljestilkendegivelsestype).
    Type {
        /// Frabedelse.
        OptOut = "frabedelse",
        /// Samtykke.
        Consent = "samtykke",
    }
}

/// A name in somebody's classification (Identifikator).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identifier {
    /// The name.
    pub value: Text,
    /// Whose: CPR, CVR, KLE or another.
    pub scheme: Text,
    /// What else must be known to use it.
    pub context: Option<Text>,
}

/// What a group may do with it (Adgangspolitik).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessPolicy {
    /// The group.
    pub group: Text,
    /// What it may.
    pub rights: OneOrMore<Right>,
}

/// What stands beside the attestation's format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// What the system says for it (Systembevis).
    System(Text),
    /// The signature (DigitalSignatur).
    Signature(Text),
    /// The employee who attests it (MedarbejderAttestator).
    Employee(Uri),
    /// How it was obtained (Rekvireringsmetode).
    Method(Method),
}

/// That somebody has given it, and what stands for that (Attestation).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attestation {
    /// How it was attested.
    pub format: AttestationFormat,
    /// When.
    pub signed_at: Instant,
    /// The actor who gave it.
    pub giver: Uri,
    /// What stands for it.
    pub proof: Proof,
}

/// Who administers it (Administrator).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Administrator {
    /// What they answer for.
    pub role: AdministratorRole,
    /// The organisations, each by its identifiers.
    pub organisations: OneOrMore<OneOrMore<Identifier>>,
}

/// Who an actor is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Party {
    /// An organisation.
    Organisation(OneOrMore<Identifier>),
    /// A member of organisations.
    Member {
        /// Their name.
        name: Option<Text>,
        /// The organisations.
        of: Vec<OneOrMore<Identifier>>,
        /// Who they are.
        identifier: Identifier,
    },
    /// A person.
    Person {
        /// Their name.
        name: Text,
        /// Who they are.
        identifiers: OneOrMore<Identifier>,
    },
}

/// Somebody in it (Aktoer).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// What the document calls them.
    pub id: Uri,
    /// Whether they must sign digitally.
    pub must_sign: bool,
    /// What they are in it.
    pub roles: OneOrMore<Role>,
    /// Who they are; without it, the id alone tells.
    pub party: Option<Party>,
    /// The actor for whom they speak (AttestererPaaVegneAf).
    pub for_actor: Option<Uri>,
    /// By what right.
    pub basis: Option<Basis>,
}

/// An administrative act (Forvaltningshandling).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// Its name.
    pub term: Text,
    /// Its notation.
    pub notation: Option<Text>,
    /// Its identifier.
    pub identifier: Identifier,
}

/// An administrative task (Forvaltningsopgave).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// Its name.
    pub term: Text,
    /// Its identifier.
    pub identifier: Option<Text>,
    /// Its notation.
    pub notation: Option<Text>,
}

/// A case (Sagskontekst).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseContext {
    /// Its title.
    pub title: Text,
    /// Its identifiers.
    pub identifiers: OneOrMore<Identifier>,
}

/// What it is part of (Domaenekontekst).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// For the local systems.
    pub local: Vec<Text>,
    /// The act.
    pub act: Option<Act>,
    /// The tasks.
    pub tasks: Vec<Task>,
    /// The case.
    pub case: Option<CaseContext>,
}

/// What both the declaration and each expression say of themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// Where it stands.
    pub status: Status,
    /// Its title.
    pub title: Text,
    /// From when.
    pub from: Instant,
    /// Until when: its end, or when it was withdrawn or closed.
    pub to: Option<Instant>,
    /// What took its place.
    pub replaced_by: Option<Uri>,
    /// Keywords.
    pub keywords: Vec<Text>,
}

/// The content of a declaration (Erklaeringsobjekt).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Said to be of that form, and not there.
    Absent(ContentFormat),
    /// Plain text.
    Text(Text),
    /// A PDF.
    Pdf(Vec<u8>),
    /// Data for machines, and how to show it.
    Structured {
        /// The data.
        data: Option<Element>,
        /// The style sheet.
        stylesheet: Uri,
    },
}

/// What a declaration says (ErklaeringBody).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// What it is called.
    pub id: Option<Uri>,
    /// The content.
    pub content: Content,
    /// What was shown to the person (BrugervendtPraesentation).
    pub shown: Option<Vec<u8>>,
}

/// One consent or opt-out of a declaration (Viljestilkendegivelse).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expression {
    /// Its id.
    pub id: Uri,
    /// The template it was made from.
    pub template: Option<Uri>,
    /// Who may do what with it.
    pub access: Vec<AccessPolicy>,
    /// What it says of itself.
    pub metadata: Metadata,
    /// Whether it permits or forbids.
    pub kind: Type,
    /// Data for machines.
    pub data: Option<Element>,
}

/// A declaration: one giver, one answer, one or more expressions of will (Viljestilkendegivelseserklaering).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// Its id.
    pub id: Uri,
    /// That it was given.
    pub attestation: Attestation,
    /// The template it was made from.
    pub template: Option<Uri>,
    /// Who may do what with it.
    pub access: OneOrMore<AccessPolicy>,
    /// Who administers it.
    pub administrators: OneOrMore<Administrator>,
    /// Who is in it.
    pub actors: OneOrMore<Actor>,
    /// What it is part of.
    pub contexts: Vec<Context>,
    /// What it says of itself.
    pub metadata: Metadata,
    /// What it took the place of.
    pub replaces: Vec<Text>,
    /// What it says.
    pub body: Body,
    /// The expressions of will.
    pub expressions: OneOrMore<Expression>,
}
