//! The fields of a version as its form has them: a table for each shelf, in the order in which they are written.

use tillid_domain::catalogue::Shelf;

/// A field of the form. Its name is that in JSON; what it is called for people is a text.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
}

/// How a field is written.
pub(super) enum Kind {
    /// On one line.
    Line,
    /// On one line that may be left empty.
    MaybeLine,
    /// As sentences in both languages.
    Both,
    /// A whole number.
    Number,
    /// Likewise, which may be left empty.
    MaybeNumber,
    /// Yes or no.
    Flag,
    /// One of these.
    One(&'static [Choice]),
    /// One of these, or what is called nothing.
    MaybeOne(&'static [Choice]),
    /// Any of these.
    Several(&'static [Choice]),
    /// Fields that belong together.
    Group(&'static [Field]),
    /// Such a group, which is not there while nothing in it is written.
    MaybeGroup(&'static [Field]),
    /// Any number of such groups.
    List(&'static [Field]),
}

/// Something that can be chosen, and what it is called.
pub(super) struct Choice {
    pub(super) code: &'static str,
    pub(super) words: &'static str,
}

const fn field(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind }
}

const fn choice(code: &'static str, words: &'static str) -> Choice {
    Choice { code, words }
}

/// The fields of a version on that shelf. Its code and its authority are not written: they stay what they are.
pub(super) const fn fields(shelf: Shelf) -> &'static [Field] {
    match shelf {
        Shelf::ConsentType => CONSENT_TYPE,
        Shelf::MandatePackage => MANDATE_PACKAGE,
    }
}

const SENSITIVITY: &[Choice] = &[
    choice("ordinary", "catalogue.ordinary"),
    choice("confidential", "catalogue.confidential"),
    choice("special", "catalogue.special_data"),
];

const PARENTAL_RULE: Kind = Kind::One(&[
    choice("ONE_HOLDER", "catalogue.one_holder"),
    choice("BOTH_HOLDERS", "catalogue.both_holders"),
    choice("RESIDENT_PARENT", "catalogue.resident_parent"),
    choice("CHILD_SELF_15", "catalogue.child_self_15"),
    choice("CHILD_AND_HOLDERS", "catalogue.child_and_holders"),
]);

/// Of one privilege, where it is another than the package's.
const OWN_PARENTAL_RULE: Kind = Kind::MaybeOne(&[
    choice("", "catalogue.as_the_package"),
    choice("ONE_HOLDER", "catalogue.one_holder"),
    choice("BOTH_HOLDERS", "catalogue.both_holders"),
    choice("RESIDENT_PARENT", "catalogue.resident_parent"),
    choice("CHILD_SELF_15", "catalogue.child_self_15"),
    choice("CHILD_AND_HOLDERS", "catalogue.child_and_holders"),
]);

const NAMED: &[Field] =
    &[field("code", "catalogue.short_code", Kind::Line), field("name", "catalogue.name", Kind::Both)];

const ITEM: &[Field] = &[
    field("code", "catalogue.short_code", Kind::Line),
    field("statement", "catalogue.statement", Kind::Both),
    field(
        "data",
        "catalogue.data",
        Kind::List(&[
            field("code", "catalogue.short_code", Kind::Line),
            field("name", "catalogue.name", Kind::Both),
            field("special", "catalogue.special", Kind::Flag),
        ]),
    ),
    field("sources", "catalogue.sources", Kind::List(NAMED)),
    field("recipients", "catalogue.recipients", Kind::List(NAMED)),
];

const CONSENT_TYPE: &[Field] = &[
    field("title", "catalogue.title", Kind::Both),
    field("purpose", "catalogue.purpose", Kind::Both),
    field("why", "catalogue.why", Kind::Both),
    field("refusal", "catalogue.refusal", Kind::Both),
    field("withdrawal", "catalogue.withdrawal", Kind::Both),
    field("withdrawal_for_staff", "catalogue.withdrawal_for_staff", Kind::Both),
    field("alternative", "catalogue.alternative", Kind::Both),
    field("items", "catalogue.items", Kind::List(ITEM)),
    field(
        "duration",
        "catalogue.duration",
        Kind::Group(&[
            field("default", "catalogue.default_period", Kind::Line),
            field("legal_cap", "catalogue.legal_cap", Kind::MaybeLine),
            field("policy_cap", "catalogue.policy_cap", Kind::MaybeLine),
            field("ends_with_case", "catalogue.ends_with_case", Kind::Flag),
            field("once", "catalogue.once", Kind::Flag),
            field("text", "catalogue.duration_text", Kind::Both),
        ]),
    ),
    field("kle", "catalogue.kle", Kind::Line),
    field(
        "legal_nature",
        "catalogue.legal_nature",
        Kind::One(&[
            choice("PROCEDURAL", "catalogue.procedural"),
            choice("GDPR_BASIS", "catalogue.gdpr_basis"),
            choice("HEALTH_TREATMENT", "catalogue.health_treatment"),
            choice("HEALTH_41", "catalogue.health_41"),
            choice("HEALTH_43", "catalogue.health_43"),
            choice("CONFIDENTIALITY_WAIVER", "catalogue.confidentiality_waiver"),
        ]),
    ),
    field(
        "polarity",
        "catalogue.polarity",
        Kind::One(&[choice("consent", "catalogue.consent"), choice("opt_out", "catalogue.opt_out")]),
    ),
    field("sensitivity", "catalogue.sensitivity", Kind::One(SENSITIVITY)),
    field(
        "case_binding",
        "catalogue.case_binding",
        Kind::One(&[choice("required", "catalogue.required"), choice("optional", "catalogue.optional")]),
    ),
    field("parental_rule", "catalogue.parental_rule", PARENTAL_RULE),
    field("min_age", "catalogue.min_age", Kind::Number),
    field(
        "channels",
        "catalogue.channels",
        Kind::Several(&[
            choice("digital", "catalogue.digital"),
            choice("paper", "catalogue.paper"),
            choice("oral", "catalogue.oral"),
            choice("imported", "catalogue.imported"),
        ]),
    ),
    field(
        "withdrawal_effects",
        "catalogue.withdrawal_effects",
        Kind::Several(&[
            choice("STOP", "catalogue.stop"),
            choice("DECIDE", "catalogue.decide"),
            choice("ERASE", "catalogue.erase"),
            choice("STOP_TREATMENT", "catalogue.stop_treatment"),
            choice("REASSESS", "catalogue.reassess"),
        ]),
    ),
    field("erased_within", "catalogue.erased_within", Kind::MaybeLine),
    field("conditional", "catalogue.conditional", Kind::Flag),
    field(
        "voluntariness",
        "catalogue.voluntariness",
        Kind::MaybeGroup(&[field("text", "catalogue.voluntariness_text", Kind::Both)]),
    ),
    field("processing_record", "catalogue.processing_record", Kind::Line),
    field(
        "legal_references",
        "catalogue.legal_references",
        Kind::List(&[
            field("citation", "catalogue.citation", Kind::Line),
            field("text", "catalogue.reference_text", Kind::Both),
        ]),
    ),
];

const MANDATE_PACKAGE: &[Field] = &[
    field("title", "catalogue.title", Kind::Both),
    field("purpose", "catalogue.purpose", Kind::Both),
    field("implication", "catalogue.implication", Kind::Both),
    field("does_not_cover", "catalogue.does_not_cover", Kind::Both),
    field(
        "privileges",
        "catalogue.privileges",
        Kind::List(&[
            field("uri", "catalogue.uri", Kind::Line),
            field(
                "action",
                "catalogue.action",
                Kind::One(&[
                    choice("read", "catalogue.read"),
                    choice("act", "catalogue.act"),
                    choice("contact", "catalogue.contact"),
                ]),
            ),
            field("name", "catalogue.name", Kind::Both),
            field("covers", "catalogue.covers", Kind::Both),
            field("does_not_cover", "catalogue.privilege_does_not_cover", Kind::Both),
            field("parental_rule", "catalogue.parental_rule", OWN_PARENTAL_RULE),
        ]),
    ),
    field(
        "statutory",
        "catalogue.statutory",
        Kind::MaybeGroup(&[
            field(
                "area",
                "catalogue.area",
                Kind::One(&[
                    choice("economic", "statutory.economic"),
                    choice("personal", "statutory.personal"),
                ]),
            ),
            field("guardian", "catalogue.guardian", Kind::Flag),
            field("custody_until", "catalogue.custody_until", Kind::MaybeNumber),
            field("for_children", "catalogue.for_children", Kind::Flag),
        ]),
    ),
    field(
        "duration",
        "catalogue.duration",
        Kind::Group(&[
            field("default", "catalogue.default_period", Kind::Line),
            field("maximum", "catalogue.maximum", Kind::Line),
            field("text", "catalogue.duration_text", Kind::Both),
        ]),
    ),
    field("system", "catalogue.system", Kind::Line),
    field("sensitivity", "catalogue.sensitivity", Kind::One(SENSITIVITY)),
    field(
        "risk",
        "catalogue.risk",
        Kind::One(&[
            choice("ordinary", "catalogue.risk_ordinary"),
            choice("elevated", "catalogue.risk_elevated"),
            choice("high", "catalogue.risk_high"),
        ]),
    ),
    field(
        "required_loa",
        "catalogue.required_loa",
        Kind::One(&[
            choice("low", "catalogue.loa_low"),
            choice("substantial", "catalogue.loa_substantial"),
            choice("high", "catalogue.loa_high"),
        ]),
    ),
    field("grantor_min_age", "catalogue.grantor_min_age", Kind::Number),
    field(
        "representative_kinds",
        "catalogue.representative_kinds",
        Kind::Several(&[
            choice("person", "catalogue.person"),
            choice("employee", "catalogue.employee"),
            choice("organisation", "catalogue.organisation"),
        ]),
    ),
    field("parental_rule", "catalogue.parental_rule", PARENTAL_RULE),
    field("acceptance_required", "catalogue.acceptance_required", Kind::Flag),
    field("sub_delegation", "catalogue.sub_delegation", Kind::Flag),
    field("known_from_digital_fuldmagt", "catalogue.known_from_digital_fuldmagt", Kind::Flag),
];
