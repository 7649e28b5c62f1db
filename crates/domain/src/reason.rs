//! Why not: the closed list of reasons, each with its sentences.

use crate::text::Localized;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// Who reads a reason; each is told what they need and may know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// A citizen.
    Citizen,
    /// An employee.
    Caseworker,
    /// A system.
    System,
}

/// What is said of a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentences {
    /// A few words.
    pub title: Localized,
    /// To a citizen, with what they can do about it.
    pub citizen: Localized,
    /// To an employee.
    pub caseworker: Localized,
    /// To those who operate a system.
    pub system: Localized,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// A reason for a no. The codes are part of the public contract.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

reasons! {
    /// Nothing entitles them to act for this person.
    NoPower = "no_power",
    /// The power was revoked by the grantor.
    PowerRevoked = "power_revoked",
    /// The power was revoked by the grantor, and the representative is not to learn it (M12).
    PowerRevokedQuietly = "power_revoked_quietly",
    /// The grantor lets the power rest.
    PowerSuspended = "power_suspended",
    /// The power is disputed.
    PowerDisputed = "power_disputed",
    /// Something must be said to the power before it can be used.
    PowerAwaited = "power_awaited",
    /// The representative gave the power up.
    PowerRenounced = "power_renounced",
    /// The power's end date has passed.
    PowerExpired = "power_expired",
    /// The power starts later.
    PowerNotStarted = "power_not_started",
    /// The power ended with a death.
    PowerEndedByDeath = "power_ended_by_death",
    /// The authority has withdrawn the package that gave the power (M8).
    PackageWithdrawn = "package_withdrawn",
    /// What the power rests on ended.
    PowerAboveEnded = "power_above_ended",
    /// The young person has reached the age at which it ends.
    PowerEndedByAge = "power_ended_by_age",
    /// The guardian and the ward act together (R-33, section 7).
    PowerNeedsWard = "power_needs_ward",
    /// All who answer for the child act together.
    PowerNeedsOthers = "power_needs_others",
    /// The organisation has a power, and acts by its employees alone: whoever asks must say by which.
    PowerNeedsEmployee = "power_needs_employee",
    /// The organisation has a power, and does not let this employee use it.
    EmployeeNotAdmitted = "employee_not_admitted",
    /// The organisation lets this employee act already.
    EmployeeAlreadyAdmitted = "employee_already_admitted",
    /// Nobody here represents people for an organisation with that number.
    OrganisationUnknown = "organisation_unknown",
    /// Whoever is logged in for an organisation does this as themselves.
    NotAtWork = "not_at_work",
    /// The package is not for representatives of that kind.
    RepresentativeKindWrong = "representative_kind_wrong",
    /// Several hold the power together, and none of them can use it alone (M6).
    PowerHeldTogether = "power_held_together",
    /// The grantor's legal capacity is removed in this area.
    CapacityRemoved = "capacity_removed",
    /// The power is over; how it ended is not told.
    PowerEnded = "power_ended",
    /// The power is there, and its condition does not hold.
    ConditionNotMet = "condition_not_met",
    /// It is not registered by the authority.
    NotRegistered = "not_registered",
    /// It was removed from what the authority has registered.
    Removed = "removed",
    /// Things of that type mean something here already, and are not registered.
    TypeReserved = "type_reserved",
    /// The id holds a CPR number; people are not registered so.
    IdHoldsPersonNumber = "id_holds_person_number",
    /// The power does not cover this.
    PowerDoesNotCover = "power_does_not_cover",
    /// Nobody needs a power for their own affairs.
    OwnAffairs = "own_affairs",
    /// Nobody can do this for another.
    OnlyInPerson = "only_in_person",
    /// A representative does not give consent to sensitive data unless the power says so.
    SensitiveByRepresentative = "sensitive_by_representative",
    /// Staff do not act where they are a party.
    OwnCase = "own_case",
    /// The role does not allow it.
    RoleMissing = "role_missing",
    /// The role has no such purpose.
    PurposeNotAllowed = "purpose_not_allowed",
    /// It is not said for what it is asked.
    PurposeMissing = "purpose_missing",
    /// The purpose asks for a case.
    CaseMissing = "case_missing",
    /// The system is not registered for this.
    ScopeMissing = "scope_missing",
    /// It belongs to another authority.
    OtherAuthority = "other_authority",
    /// Another system has that client id.
    ClientIdTaken = "client_id_taken",
    /// The system has been stopped.
    ClientStopped = "client_stopped",
    /// The system is not stopped.
    ClientActive = "client_active",
    /// It lies outside the field of work or above the sensitivity that the role allows.
    OutsideFieldOfWork = "outside_field_of_work",
    /// Staff and systems read a person's data only under a look-up.
    LookupMissing = "lookup_missing",
    /// There is no such look-up of this user about this person, or it has expired.
    LookupInvalid = "lookup_invalid",
    /// This is for citizens.
    CitizensOnly = "citizens_only",
    /// This is for staff and systems.
    StaffOnly = "staff_only",
    /// A stronger login is needed.
    AssuranceTooLow = "assurance_too_low",
    /// The login is too long ago for this.
    LoginTooOld = "login_too_old",
    /// The login is of nobody known here.
    PersonUnknown = "person_unknown",
    /// The request has been answered.
    RequestAnswered = "request_answered",
    /// The request has been cancelled.
    RequestCancelled = "request_cancelled",
    /// The request's deadline has passed.
    RequestExpired = "request_expired",
    /// The request lapsed.
    RequestLapsed = "request_lapsed",
    /// There is no consent.
    NoConsent = "no_consent",
    /// There is a consent, but it does not cover this.
    ConsentDoesNotCover = "consent_does_not_cover",
    /// The consent starts later.
    ConsentNotStarted = "consent_not_started",
    /// The consent is over; how it ended is not told.
    ConsentEnded = "consent_ended",
    /// The person has opted out, and that wins over every consent.
    OptedOut = "opted_out",
    /// There is no such decision of this caller.
    DecisionUnknown = "decision_unknown",
    /// It is no privilege that this caller can ask about.
    PrivilegeNotHere = "privilege_not_here",
    /// Nobody here answers questions of this kind.
    QuestionUnknown = "question_unknown",
    /// The consent has been withdrawn.
    ConsentWithdrawn = "consent_withdrawn",
    /// The answer was no; there is nothing to withdraw.
    ConsentDeclined = "consent_declined",
    /// The consent has expired.
    ConsentExpired = "consent_expired",
    /// The consent lapsed.
    ConsentLapsed = "consent_lapsed",
    /// The consent was registered wrongly, and never counted.
    ConsentAnnulled = "consent_annulled",
    /// The person answered here themselves; that is withdrawn, not annulled.
    NotRegisteredByStaff = "not_registered_by_staff",
    /// It is said to have been answered later than now.
    AnsweredInFuture = "answered_in_future",
    /// It was answered so long ago that it can no longer be registered.
    AnsweredTooLongAgo = "answered_too_long_ago",
    /// It would be over already.
    ConsentWouldBeOver = "consent_would_be_over",
    /// It is said to have been signed before the text was printed.
    AnsweredBeforeShown = "answered_before_shown",
    /// It is more than the type allows.
    WiderThanType = "wider_than_type",
    /// It lasts longer than the law allows.
    LegalCap = "legal_cap",
    /// A last day and a period are both said.
    EndTwice = "end_twice",
    /// It could still be answered when what is asked for is over.
    DeadlineAfterEnd = "deadline_after_end",
    /// Nothing is left of one of the specific consents.
    NothingLeft = "nothing_left",
    /// It does not end with one use.
    NotForOneTime = "not_for_one_time",
    /// There is no paper of it.
    NotOnPaper = "not_on_paper",
    /// More people are concerned by the case than can be by one.
    CaseTooLarge = "case_too_large",
    /// This type is not collected in that way.
    ChannelNotOffered = "channel_not_offered",
    /// Staff say how the person told them.
    RegistrationMissing = "registration_missing",
    /// It is registered with another authority's document, or one about somebody else.
    DocumentUnknown = "document_unknown",
    /// The document is larger than allowed.
    DocumentTooLarge = "document_too_large",
    /// The document is of no type that is kept here.
    DocumentTypeUnknown = "document_type_unknown",
    /// The document is no declaration in the state's format.
    DeclarationUnreadable = "declaration_unreadable",
    /// The value is no list of privileges in the Basic Privilege Profile.
    PrivilegesUnreadable = "privileges_unreadable",
    /// It does not say clearly whom it is about, who gave it, to whom, or what was answered.
    DeclarationUnclear = "declaration_unclear",
    /// It is about somebody else.
    DeclarationOtherPerson = "declaration_other_person",
    /// Another authority answers for it.
    DeclarationOtherAuthority = "declaration_other_authority",
    /// Somebody gave it for the person.
    DeclarationByRepresentative = "declaration_by_representative",
    /// Nothing in it holds any more.
    DeclarationEnded = "declaration_ended",
    /// It was taken in before.
    DeclarationTakenBefore = "declaration_taken_before",
    /// The task is closed.
    TaskClosed = "task_closed",
    /// What stays on another basis is told with that basis.
    TaskBasisMissing = "task_basis_missing",
    /// The mandate has been revoked.
    MandateRevoked = "mandate_revoked",
    /// The mandate has been renounced.
    MandateRenounced = "mandate_renounced",
    /// The mandate has expired.
    MandateExpired = "mandate_expired",
    /// The mandate has ended, for instance by a death.
    MandateEnded = "mandate_ended",
    /// The mandate had been entered wrongly.
    MandateAnnulled = "mandate_annulled",
    /// The mandate waits for somebody's word.
    MandateAwaiting = "mandate_awaiting",
    /// The mandate does not wait for that.
    MandateNotAwaiting = "mandate_not_awaiting",
    /// The mandate rests already.
    MandateResting = "mandate_resting",
    /// The new end date is not later than the one there is.
    EndDateNotLater = "end_date_not_later",
    /// The mandate does not rest.
    MandateNotResting = "mandate_not_resting",
    /// The mandate that it rests on can not be used.
    MandateAboveRests = "mandate_above_rests",
    /// One of those who give or hold it together stops it (M6).
    MandateOthersStop = "mandate_others_stop",
    /// Among so many, so many cannot decide together (M6).
    QuorumImpossible = "quorum_impossible",
    /// Somebody is named twice among those who do something together (M6).
    NamedTwice = "named_twice",
    /// What several do together is not done that way (M6).
    NotTogether = "not_together",
    /// A representative does not pass that on.
    NotToBePassedOn = "not_to_be_passed_on",
    /// It would go back to whoever gave it.
    PassedBack = "passed_back",
    /// It would be more than the representative holds.
    WiderThanHeld = "wider_than_held",
    /// It would end later than what the representative holds.
    LaterThanHeld = "later_than_held",
    /// What a representative passed on is not given for longer.
    MandatePassedOn = "mandate_passed_on",
    /// Only whoever it is for ends a mandate quietly (M12).
    QuietByGrantorOnly = "quiet_by_grantor_only",
    /// The mandate is disputed; staff settle that.
    MandateInDispute = "mandate_in_dispute",
    /// The grantor gave it themselves: nobody entered it.
    MandateNotEntered = "mandate_not_entered",
    /// Whoever entered it does not confirm it too, nor does a party.
    SecondRegistrarNeeded = "second_registrar_needed",
    /// The person has died.
    PersonDead = "person_dead",
    /// The death is already registered.
    DeathKnown = "death_known",
    /// Nobody gives a mandate to themselves.
    SelfMandate = "self_mandate",
    /// The name is not that of the person with this number.
    RepresentativeMismatch = "representative_mismatch",
    /// The person is too young to do this alone.
    TooYoung = "too_young",
    /// Somebody else answers this for the child, or the young person alone.
    OthersDecide = "others_decide",
    /// It is not known who has custody, or with whom the child lives.
    CustodyUnknown = "custody_unknown",
    /// Nobody has custody of themselves, or has it twice.
    CustodyImpossible = "custody_impossible",
    /// What is known of custody holds from a later day.
    CustodyKnownLater = "custody_known_later",
    /// Nobody is their own guardian, there must be one, for some area, and no more is put in force than was registered.
    StatutoryImpossible = "statutory_impossible",
    /// It is over by that day already.
    StatutoryOver = "statutory_over",
    /// Another lasting power of the same person is in force at that time.
    LastingPowerInForce = "lasting_power_in_force",
    /// More than one must answer for the child, so it must be asked for.
    AnsweredTogether = "answered_together",
    /// Their answer is not awaited, or is the last one left, so there is nothing to make an exception from.
    NoVoiceToExcept = "no_voice_to_except",
    /// This version of the consent type or package is not in use.
    EntryNotPublished = "entry_not_published",
    /// The end date is not in the future.
    EndDatePast = "end_date_past",
    /// The end date is later than allowed.
    EndDateTooLate = "end_date_too_late",
    /// What was shown is not what is answered.
    PresentationMismatch = "presentation_mismatch",
    /// It was shown too long ago.
    PresentationTooOld = "presentation_too_old",
    /// What was shown has been answered already.
    PresentationUsed = "presentation_used",
    /// Each specific consent needs its own answer.
    ItemsUnanswered = "items_unanswered",
    /// There is no such specific consent in it.
    ItemUnknown = "item_unknown",
    /// The package has no such privilege.
    PrivilegeUnknown = "privilege_unknown",
    /// The package is not for this kind of representative, or needs a step that cannot be taken here.
    PackageNotAvailable = "package_not_available",
    /// The package is about a child: only those who have custody give it, and for the child.
    PackageForChildren = "package_for_children",
    /// The package is nothing that those who have custody give for a child.
    PackageNotForChildren = "package_not_for_children",
    /// Whoever asks has asked so many already who have not answered.
    TooManyOpenRequests = "too_many_open_requests",
    /// A second person publishes what the first has drafted.
    SecondPersonNeeded = "second_person_needed",
    /// Only a draft can be published.
    NotADraft = "not_a_draft",
    /// It is being looked at; who wants to change it takes it back first.
    DraftInReview = "draft_in_review",
    /// Nobody has asked for it to be looked at.
    NotInReview = "not_in_review",
    /// A draft stays a version of its own code.
    DraftOfAnotherCode = "draft_of_another_code",
    /// A newer version has come into use since it was drafted.
    DraftOvertaken = "draft_overtaken",
    /// The draft has flaws.
    DraftFlawed = "draft_flawed",
    /// The draft does not name data and recipients.
    DraftTooVague = "draft_too_vague",
    /// It obtains or discloses, and does not say from whom.
    DraftWithoutSource = "draft_without_source",
    /// Words that cover everything name nothing.
    DraftTooBroad = "draft_too_broad",
    /// A code stands twice.
    DraftRepeatsCode = "draft_repeats_code",
    /// No law is named.
    DraftWithoutLaw = "draft_without_law",
    /// The law that its nature calls for is not named.
    DraftBasisNotNamed = "draft_basis_not_named",
    /// The law does not ask for consent here.
    DraftNoConsentNeeded = "draft_no_consent_needed",
    /// The authority has this without consent, so that asking would mislead.
    DraftAsksNeedlessly = "draft_asks_needlessly",
    /// Something depends on a consent that must be voluntary.
    DraftConditional = "draft_conditional",
    /// An opt-out is no basis of a processing.
    DraftOptOutUnfit = "draft_opt_out_unfit",
    /// A withdrawal sets off something else than its law says.
    DraftEffectsUnfit = "draft_effects_unfit",
    /// No record of processing is named.
    DraftWithoutRecord = "draft_without_record",
    /// It ends with a case and need not have one.
    DraftWithoutCase = "draft_without_case",
    /// The age does not fit the law.
    DraftAgeUnfit = "draft_age_unfit",
    /// A package for children says until which age, and waits for nobody but those who have custody.
    DraftChildrenUnfit = "draft_children_unfit",
    /// Whose answer counts for a child does not fit the law.
    DraftParentalRuleUnfit = "draft_parental_rule_unfit",
    /// The two languages have the same words.
    DraftNotTranslated = "draft_not_translated",
    /// A text is too short to say what it must.
    DraftSaysTooLittle = "draft_says_too_little",
    /// A text is hard to read.
    DraftHardToRead = "draft_hard_to_read",
    /// The assessment of voluntariness is missing.
    DraftWithoutVoluntariness = "draft_without_voluntariness",
    /// It has data of the special categories and is not said to be that sensitive.
    DraftSensitivityTooLow = "draft_sensitivity_too_low",
    /// It has a privilege that belongs to another authority.
    DraftPrivilegeOfAnother = "draft_privilege_of_another",
    /// It cannot be given here.
    DraftWithoutDigitalChannel = "draft_without_digital_channel",
    /// The law asks for writing.
    DraftMustBeWritten = "draft_must_be_written",
    /// It lasts longer than allowed.
    DraftLastsTooLong = "draft_lasts_too_long",
    /// The number belongs to someone already.
    NumberTaken = "number_taken",
    /// They are one with another person, as whom they go on.
    PersonMerged = "person_merged",
    /// These two cannot be one person.
    MergeImpossible = "merge_impossible",
    /// The login belongs to someone already.
    LoginTaken = "login_taken",
    /// The clock is only turned forward.
    ClockBackwards = "clock_backwards",
    /// It is in force, and so is not erased.
    StillInForce = "still_in_force",
    /// It ended less than five years ago.
    RetentionRuns = "retention_runs",
    /// Another authority has something that stays.
    KeptByAnother = "kept_by_another",
    /// Something that stays rests on it.
    StaysWithAnother = "stays_with_another",
    /// The person is named in something that stays.
    NamedInWhatStays = "named_in_what_stays",
    /// There is nothing that may be erased.
    NothingToErase = "nothing_to_erase",
    /// Nobody is known here by that number or id.
    NobodyKnown = "nobody_known",
    /// Someone changed it meanwhile.
    RevisionChanged = "revision_changed",
    /// The idempotency key was used for another request.
    KeyReused = "key_reused",
}

static SENTENCES: LazyLock<BTreeMap<String, Sentences>> =
    LazyLock::new(|| toml::from_str(include_str!("../data/reasons.toml")).unwrap_or_default());

impl Reason {
    /// A few words.
    pub fn title(self) -> Option<&'static Localized> {
        SENTENCES.get(self.code()).map(|s| &s.title)
    }

    /// The sentence for that reader.
    pub fn sentence(self, audience: Audience) -> Option<&'static Localized> {
        SENTENCES.get(self.code()).map(|s| match audience {
            Audience::Citizen => &s.citizen,
            Audience::Caseworker => &s.caseworker,
            Audience::System => &s.system,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_sentences_and_no_sentence_is_left_over() {
        let read: BTreeMap<String, Sentences> =
            toml::from_str(include_str!("../data/reasons.toml")).expect("the data file");
        let written: Vec<&str> = read.keys().map(String::as_str).collect();
        let mut listed: Vec<&str> = Reason::ALL.iter().map(|r| r.code()).collect();
        listed.sort_unstable();
        assert_eq!(listed, written);
        for (code, s) in &read {
            for text in [&s.title, &s.citizen, &s.caseworker, &s.system] {
                assert_ne!(text.da, text.en, "{code}");
            }
        }
    }
}
