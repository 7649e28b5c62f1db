//! What happened. Facts change by events alone, and the journal keeps every one of them for good.

mod code;
mod kind;
mod recorded;
mod trace;

pub use crate::instant::MandatePeriod;
pub use kind::{EndCause, Kind};
pub use recorded::{Entity, Event, Recorded, SubjectVersion, replay};
pub use trace::{Trace, tombstone};

use crate::{
    Cvr, Digest,
    catalogue::{Definition, EntryVersion, Polarity},
    client::Registration,
    collected::{AnnulmentGround, Assistance, Collected},
    document::MediaType,
    erasure::ErasureGround,
    external::{EntityName, EntityRef, Keys, Objects, PrivilegeRef, PrivilegeTerms, Properties},
    family::Holder,
    id::{AccessId, DeclarationId, EmployeeId, MandateId, NumberId, PersonId, PresentationId, RequestId},
    instant::{Instant, LocalDate, Period},
    joint::{ExceptionGround, ForChild, Said},
    mandate::{
        Awaited, ByHolders, Confirmation, DisputeGround, Joint, MandateRoute, RenunciationGround,
        RevocationGround, SuspensionGround, Under, Withdrawn,
    },
    presentation::{Means, Presented},
    source::Source,
    statutory::{Charge, Dormant},
    task::{TaskOutcome, TaskWork},
    terms::Terms,
    text::{CaseRef, ClientId, Code, Language, Login, Name, PrivilegeUri, Prose},
};
use serde::{Deserialize, Serialize};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum Fact {
    /// A person became known.
    PersonRegistered {
        /// Their name, where a register told it.
        name: Option<Name>,
        /// Their day of birth.
        born: Option<LocalDate>,
        /// Their CPR number, without saying which.
        number: Option<NumberId>,
    },
    /// An organisation that people can be represented by became known.
    OrganisationRegistered {
        /// Its number.
        cvr: Cvr,
        /// Its name.
        name: Name,
    },
    /// Somebody who works for such an organisation became known.
    EmployeeRegistered {
        /// For which.
        organisation: PersonId,
        /// Its number.
        cvr: Cvr,
        /// Who, at the identity provider.
        employee: EmployeeId,
        /// Their name.
        name: Option<Name>,
    },
    /// The organisation lets them act for those whom it represents.
    EmployeeAdmitted {},
    /// It does no longer.
    EmployeeStopped {},
    /// A person was given another CPR number; those before still lead to them.
    NumberChanged {
        /// Which, without saying it.
        number: NumberId,
    },
    /// A register told that this person and another are one: what is asked of this one is from then on asked of the other (M10).
    PersonMerged {
        /// Who goes on.
        into: PersonId,
        /// A number of theirs that is the other's alone from then on, where the register told of it as the other's new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<NumberId>,
    },
    /// A register told that they were born on another day than was known (M10).
    BirthdayCorrected {
        /// On which.
        born: LocalDate,
    },
    /// A login was found to be theirs.
    LoginBound {
        /// The identity provider.
        issuer: Login,
        /// Their name there.
        login: Login,
    },
    /// A person died.
    PersonDied {
        /// When.
        on: LocalDate,
    },
    /// A register told that a person is exempt from Digital Post, or no longer is.
    PostChanged {
        /// Whether they are.
        exempt: bool,
        /// Since when it is so.
        since: LocalDate,
    },
    /// It became known who has custody of a child.
    CustodyStated {
        /// Of whom.
        child: PersonId,
        /// Who has it.
        holders: Vec<Holder>,
        /// Who had it until then and has it no longer.
        former: Vec<PersonId>,
        /// The first day on which it is so.
        from: LocalDate,
        /// Where it is known from.
        source: Source,
    },
    /// A lasting power was found in its register; it gives nothing yet.
    LastingPowerRegistered {
        /// Whose.
        person: PersonId,
        /// What it would give.
        dormant: Dormant,
        /// Where it is known from.
        source: Source,
    },
    /// It became known what somebody holds over a person by law or decision, in place of what was known of that time.
    ChargeStated {
        /// Over whom.
        person: PersonId,
        /// What, and who holds it.
        charge: Charge,
        /// Who held it on that day, as far as was known, and does no longer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        former: Vec<PersonId>,
        /// The first day on which it is so.
        from: LocalDate,
        /// The last one, where one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<LocalDate>,
        /// Where it is known from.
        source: Source,
    },
    /// It became known that it is over.
    ChargeEnded {
        /// The first day on which it is.
        from: LocalDate,
        /// Where it is known from.
        source: Source,
    },
    /// A version was written.
    EntryDrafted {
        /// Its number within the code.
        number: u32,
        /// What it says.
        definition: Definition,
    },
    /// The draft was written anew.
    EntryChanged {
        /// What it says now.
        definition: Definition,
    },
    /// A colleague was asked to look at it.
    EntrySubmitted {},
    /// It was given back to be written on.
    EntryReturned {
        /// Why.
        comment: Prose,
    },
    /// It was given up before it came into use.
    EntryDiscarded {},
    /// It was taken into use.
    EntryPublished {},
    /// It went out of use, for a newer version or for none.
    EntryRetired {},
    /// It is withdrawn: what was given under it ends too.
    EntryWithdrawn {
        /// The first moment when nothing that was given under it can be used.
        from: Instant,
        /// Why.
        why: Prose,
    },
    /// Something was shown to a person before a choice.
    PresentationShown {
        /// To whom.
        person: PersonId,
        /// In which language.
        language: Language,
        /// What it is about.
        presented: Presented,
        /// The fingerprint of the exact document.
        document: Digest,
        /// How.
        #[serde(default, skip_serializing_if = "Means::is_screen")]
        means: Means,
    },
    /// An authority asked for a consent.
    ConsentRequested {
        /// Whom.
        person: PersonId,
        /// On whose behalf.
        authority: Cvr,
        /// For which type.
        entry: EntryVersion,
        /// For which specific consents of it.
        items: Vec<Code>,
        /// For which case.
        case: Option<CaseRef>,
        /// The first moment when it can no longer be answered.
        deadline: Instant,
        /// Within what, where it is less than the type.
        #[serde(default, skip_serializing_if = "Terms::is_whole")]
        terms: Terms,
    },
    /// The person answered.
    RequestAnswered {
        /// With which declaration.
        declaration: DeclarationId,
        /// To what had been shown.
        presentation: PresentationId,
    },
    /// One of those who answer together for a child gave their answer.
    RequestVoiced {
        /// Who.
        by: PersonId,
        /// With which declaration.
        declaration: DeclarationId,
        /// To what had been shown to them.
        presentation: PresentationId,
        /// What they said, to each specific consent that was not declined yet.
        answers: Vec<Said>,
    },
    /// The answer of one of them is not needed.
    HolderExcepted {
        /// Whose.
        holder: PersonId,
        /// Why.
        ground: ExceptionGround,
        /// The case in which it is documented.
        case: CaseRef,
    },
    /// The authority took it back.
    RequestCancelled {},
    /// It lapsed.
    RequestLapsed {
        /// Why.
        cause: EndCause,
        /// Since when it was so, however late it became known.
        effective_at: Instant,
    },
    /// A specific consent was given.
    ConsentGiven(ConsentAnswer),
    /// A specific consent was declined.
    ConsentDeclined(ConsentAnswer),
    /// It was withdrawn; no reason is asked for.
    ConsentWithdrawn {
        /// The person's word, where staff did it for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assisted: Option<Assistance>,
    },
    /// Staff had registered it wrongly: it never counted.
    ConsentAnnulled {
        /// What was wrong.
        ground: AnnulmentGround,
        /// In their words.
        note: Prose,
    },
    /// It lapsed.
    ConsentLapsed {
        /// Why.
        cause: EndCause,
        /// Since when it was so, however late it became known.
        effective_at: Instant,
    },
    /// A power of attorney was given.
    MandateGiven {
        /// By whom.
        grantor: PersonId,
        /// To whom.
        representative: PersonId,
        /// Which packages.
        packages: Vec<EntryVersion>,
        /// Which of their privileges.
        privileges: Vec<PrivilegeUri>,
        /// For one case only.
        case: Option<CaseRef>,
        /// When it holds.
        valid: MandatePeriod,
        /// What had been shown.
        presentation: PresentationId,
        /// How it was given.
        #[serde(default, skip_serializing_if = "MandateRoute::is_digital")]
        route: MandateRoute,
        /// On what it rests, where a representative passed it on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under: Option<Under>,
        /// What ties it to others, where several give or hold it together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        joint: Option<Joint>,
        /// Who gave it, where those who have custody did for a child.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_child: Option<ByHolders>,
        /// What must be said to it before it can be used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        awaits: Option<Awaited>,
    },
    /// The grantor gave it for longer.
    MandateRenewed {
        /// Until when it was given before.
        from: Instant,
        /// The first moment when it can no longer be used.
        to: Instant,
        /// What had been shown.
        presentation: PresentationId,
    },
    /// A package of it is withdrawn, and it gives less from then on, or nothing.
    MandatePackageWithdrawn(Withdrawn),
    /// One of those who sign together did (M6).
    MandateSigned {
        /// To what had been shown to them.
        presentation: PresentationId,
    },
    /// One more of those who have custody of the child for whom it was given signed it.
    MandateAgreed {
        /// Who.
        by: PersonId,
        /// To what had been shown.
        presentation: PresentationId,
        /// The first moment when it can be used; `None` as long as it waits for more of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Instant>,
    },
    /// One of those who were to sign together objected.
    MandateObjected {},
    /// Something that the mandate waited for was said.
    MandateConfirmed {
        /// What.
        confirmation: Confirmation,
        /// The first moment when it can be used; `None` as long as it waits for more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Instant>,
    },
    /// The grantor lets it rest.
    MandateSuspended {
        /// Why.
        ground: SuspensionGround,
    },
    /// It is disputed, and rests until that is settled.
    MandateDisputed {
        /// Why.
        ground: DisputeGround,
        /// In the words of whoever noted it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Prose>,
    },
    /// What it rests on can not be used, and so it rests.
    MandateRested {},
    /// It can be used again.
    MandateResumed {},
    /// The grantor revoked it.
    MandateRevoked {
        /// Why.
        #[serde(default, skip_serializing_if = "is_default")]
        ground: RevocationGround,
        /// Whether the representative is not to learn it (M12).
        #[serde(default, skip_serializing_if = "is_default")]
        quiet: bool,
        /// The grantor's word, where staff did it for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assisted: Option<Assistance>,
    },
    /// The representative gave it up.
    MandateRenounced {
        /// Why.
        #[serde(default, skip_serializing_if = "is_default")]
        ground: RenunciationGround,
    },
    /// Staff had entered it wrongly: it never counted.
    MandateAnnulled {
        /// What was wrong.
        ground: AnnulmentGround,
        /// In their words.
        note: Prose,
    },
    /// It ended.
    MandateEnded {
        /// Why.
        cause: EndCause,
        /// Since when it was so, however late it became known.
        effective_at: Instant,
    },
    /// Somebody asked a person for a power of attorney.
    MandateRequested {
        /// Whom.
        grantor: PersonId,
        /// Who would act.
        representative: PersonId,
        /// What whoever asked calls the grantor.
        grantor_name: Option<Name>,
        /// The authority whose staff or system asked; `None` when the representative did.
        authority: Option<Cvr>,
        /// For which packages.
        packages: Vec<EntryVersion>,
        /// For which of their privileges.
        privileges: Vec<PrivilegeUri>,
        /// For one case only.
        case: Option<CaseRef>,
        /// The last day on which the mandate could be used.
        valid_until: LocalDate,
        /// The first moment when it can no longer be answered.
        deadline: Instant,
    },
    /// The grantor gave the mandate that was asked for.
    MandateRequestApproved {
        /// Which one.
        mandate: MandateId,
        /// To what had been shown.
        presentation: PresentationId,
    },
    /// The grantor said no to it.
    MandateRequestDeclined {},
    /// The request for a mandate lapsed.
    MandateRequestLapsed {
        /// Why.
        cause: EndCause,
        /// Since when it was so, however late it became known.
        effective_at: Instant,
    },
    /// A machine client was registered.
    ClientRegistered {
        /// What it calls itself.
        client: ClientId,
        /// Whose it is.
        authority: Cvr,
        /// What the authority says of it.
        registration: Registration,
    },
    /// Something else is said of it.
    ClientChanged {
        /// What, from now on.
        registration: Registration,
    },
    /// Everything was taken from it.
    ClientStopped {},
    /// It may go on.
    ClientResumed {},
    /// An authority registered something of its own.
    EntityRegistered {
        /// Whose it is.
        authority: Cvr,
        /// What it is called.
        name: EntityName,
        /// What is known of it.
        properties: Properties,
        /// What a caller of the authority may state otherwise.
        caller_stated: Keys,
    },
    /// Something else is known of it.
    EntityChanged {
        /// What, from now on.
        properties: Properties,
        /// What a caller may state otherwise, from now on.
        caller_stated: Keys,
    },
    /// It is no longer registered.
    EntityRemoved {},
    /// An authority registered what can be done to such things.
    PrivilegeRegistered {
        /// Whose it is.
        authority: Cvr,
        /// What it is called.
        code: Code,
        /// What, and when.
        terms: PrivilegeTerms,
    },
    /// It says something else.
    PrivilegeChanged {
        /// What, from now on.
        terms: PrivilegeTerms,
    },
    /// It is no longer registered.
    PrivilegeRemoved {},
    /// An authority gave privileges to something of its own.
    ExternalGranted {
        /// The authority.
        authority: Cvr,
        /// To whom.
        subject: EntityRef,
        /// Which.
        privileges: Vec<PrivilegeRef>,
        /// With which objects.
        objects: Objects,
        /// When it holds.
        valid: Period,
    },
    /// It took them back.
    ExternalGrantRevoked {},
    /// Evidence was handed over.
    DocumentKept {
        /// Whom it is about.
        person: PersonId,
        /// Who keeps it.
        authority: Cvr,
        /// What it is.
        media_type: MediaType,
        /// How many bytes it has.
        size: u64,
        /// The fingerprint of the bytes.
        digest: Digest,
    },
    /// An authority has something to do.
    TaskOpened(TaskWork),
    /// Somebody closed it.
    TaskClosed {
        /// What came of it.
        outcome: TaskOutcome,
        /// In their words.
        note: Option<Prose>,
    },
    /// People's data was looked at, or something was asked of external things.
    AccessRecorded {
        /// One commitment for each look.
        records: Vec<AccessCommitment>,
        /// One for each question about external things.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        external: Vec<AccessCommitment>,
    },
    /// Records of this batch were erased; their commitments stay (T4).
    AccessErased {
        /// Which.
        records: Vec<AccessId>,
    },
    /// Everything of this was erased; the commitments stay (T4). Names nobody and concerns nobody: it stays when they are gone.
    Erased {
        /// On what ground.
        ground: ErasureGround,
        /// What the journal keeps of it, so that nobody changes that either: see [`tombstone`].
        tombstone: Digest,
    },
}

/// The answer to one specific consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConsentAnswer {
    /// Whose data it is about.
    pub person: PersonId,
    /// The declaration that it was answered in.
    pub declaration: DeclarationId,
    /// The request that it answers.
    pub request: Option<RequestId>,
    /// What had been shown.
    pub presentation: PresentationId,
    /// The controller.
    pub authority: Cvr,
    /// The type, and its version.
    pub entry: EntryVersion,
    /// The specific consent of it.
    pub item: Code,
    /// Permits or forbids.
    pub polarity: Polarity,
    /// The case.
    pub case: Option<CaseRef>,
    /// How it reached us.
    #[serde(flatten)]
    pub collected: Collected,
    /// When it holds, if given.
    pub valid: Period,
    /// Who answered, where others than the person did or had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_child: Option<ForChild>,
    /// Within what, where it is less than the type.
    #[serde(default, skip_serializing_if = "Terms::is_whole")]
    pub terms: Terms,
}

/// That a look was recorded, without saying whose or at whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessCommitment {
    /// The record.
    pub id: AccessId,
    /// HMAC-SHA-256 over its canonical bytes, under its own salt.
    pub commitment: Digest,
}

#[cfg(test)]
mod tests;
