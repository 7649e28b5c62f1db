//! One flaw at a time, in a type that has none otherwise.

use super::{
    super::{
        CaseBinding, Channel, ConsentType, Definition, LegalNature, MandatePackage, ParentalRule, Polarity,
        WithdrawalEffect as Effect,
    },
    Flaw,
};
use crate::{CalendarPeriod, Localized, Reason, actor::Sensitivity};
use serde::de::DeserializeOwned;
use std::{fs, path::Path};
use toml::{Table, Value};

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let mut table: Table = toml::from_str(&fs::read_to_string(path).expect("a file")).expect("a table");
    table.insert("authority".to_owned(), Value::String("99100001".to_owned()));
    Value::Table(table).try_into().expect("a definition")
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue").join(name)
}

fn seed(code: &str) -> ConsentType {
    read(&folder("consent-types").join(format!("{code}.toml")))
}

fn package(code: &str) -> MandatePackage {
    read(&folder("mandate-packages").join(format!("{code}.toml")))
}

fn both(da: &str, en: &str) -> Localized {
    Localized { da: da.parse().expect("a text"), en: en.parse().expect("a text") }
}

#[test]
fn every_definition_of_the_seed_can_be_published() {
    let (mut found, mut flawed) = (0, Vec::new());
    for (name, consent_types) in [("consent-types", true), ("mandate-packages", false)] {
        for file in fs::read_dir(folder(name)).expect("a folder") {
            let path = file.expect("a file").path();
            let definition = if consent_types {
                Definition::ConsentType(read(&path))
            } else {
                Definition::MandatePackage(read(&path))
            };
            flawed.extend(definition.flaws().into_iter().map(|f| (definition.code().clone(), f)));
            found += 1;
        }
    }
    assert_eq!((found, flawed), (38, Vec::new()));
}

type Spoil = fn(&mut ConsentType);

/// The seed that is spoilt, how, and the one flaw that it then has.
const LAW: &[(&str, Spoil, &str, Reason)] = &[
    ("C15", |t| t.voluntariness = None, "/voluntariness", Reason::DraftWithoutVoluntariness),
    ("C16", |t| t.voluntariness = None, "/voluntariness", Reason::DraftWithoutVoluntariness),
    ("C15", |t| t.conditional = true, "/conditional", Reason::DraftConditional),
    ("C16", |t| t.conditional = true, "/conditional", Reason::DraftConditional),
    ("X03", |t| t.conditional = true, "/conditional", Reason::DraftConditional),
    ("C01", |t| t.legal_references.clear(), "/legal_references", Reason::DraftWithoutLaw),
    ("C14", |t| drop(t.legal_references.remove(1)), "/legal_references", Reason::DraftBasisNotNamed),
    ("C15", |t| drop(t.legal_references.remove(0)), "/legal_references", Reason::DraftBasisNotNamed),
    ("C06", |t| drop(t.legal_references.remove(0)), "/legal_references", Reason::DraftBasisNotNamed),
    ("C07", |t| drop(t.legal_references.remove(0)), "/legal_references", Reason::DraftBasisNotNamed),
    ("C08", |t| drop(t.legal_references.remove(0)), "/legal_references", Reason::DraftBasisNotNamed),
    (
        "C15",
        |t| cite(t, 1, "artikel 6, stk. 1, litra e"),
        "/legal_references/1/citation",
        Reason::DraftNoConsentNeeded,
    ),
    (
        "C15",
        |t| cite(t, 2, "art. 6, stk. 1, litra c"),
        "/legal_references/2/citation",
        Reason::DraftNoConsentNeeded,
    ),
    ("C12", |t| drop(t.legal_references.drain(..2)), "/legal_references", Reason::DraftNoConsentNeeded),
    ("C02", |t| source(t, "a-kasse", "bank"), "/items/4/sources/0", Reason::DraftAsksNeedlessly),
    ("C02", |t| source_named(t, "Skattestyrelsen"), "/items/4/sources/0", Reason::DraftAsksNeedlessly),
    (
        "C01",
        |t| t.items[0].data[0].code = "income".parse().expect("a code"),
        "/items/0/sources/0",
        Reason::DraftAsksNeedlessly,
    ),
    (
        "C01",
        |t| t.items[0].data[0].name = both("Feriedage", "Days off"),
        "/items/0/sources/0",
        Reason::DraftAsksNeedlessly,
    ),
    (
        "C05",
        |t| t.items[0].recipients[0].name = both("CPR-registeret", "CPR"),
        "/items/0/recipients/0",
        Reason::DraftNoConsentNeeded,
    ),
    ("C13", |t| t.withdrawal_effects = vec![Effect::Stop], "/withdrawal_effects", Reason::DraftEffectsUnfit),
    ("C01", |t| t.withdrawal_effects.push(Effect::Erase), "/withdrawal_effects", Reason::DraftEffectsUnfit),
    ("C01", |t| t.withdrawal_effects.clear(), "/withdrawal_effects", Reason::DraftEffectsUnfit),
    (
        "C01",
        |t| t.withdrawal_effects = vec![Effect::Decide],
        "/withdrawal_effects",
        Reason::DraftEffectsUnfit,
    ),
    (
        "C06",
        |t| t.withdrawal_effects = vec![Effect::Decide],
        "/withdrawal_effects",
        Reason::DraftEffectsUnfit,
    ),
    (
        "C07",
        |t| t.withdrawal_effects.push(Effect::StopTreatment),
        "/withdrawal_effects",
        Reason::DraftEffectsUnfit,
    ),
    ("C08", |t| t.withdrawal_effects = vec![Effect::Stop], "/withdrawal_effects", Reason::DraftEffectsUnfit),
    ("C16", |t| t.withdrawal_effects.clear(), "/withdrawal_effects", Reason::DraftEffectsUnfit),
    ("X03", |t| t.withdrawal_effects.push(Effect::Erase), "/withdrawal_effects", Reason::DraftEffectsUnfit),
    (
        "C06",
        |t| {
            t.polarity = Polarity::OptOut;
            t.withdrawal_effects.clear();
        },
        "/polarity",
        Reason::DraftOptOutUnfit,
    ),
    (
        "C15",
        |t| {
            t.polarity = Polarity::OptOut;
            t.withdrawal_effects.clear();
        },
        "/polarity",
        Reason::DraftOptOutUnfit,
    ),
    (
        "C01",
        |t| t.processing_record = "-".parse().expect("a code"),
        "/processing_record",
        Reason::DraftWithoutRecord,
    ),
    ("C06", |t| t.channels.push(Channel::Oral), "/channels", Reason::DraftMustBeWritten),
    ("C06", |t| t.channels = vec![Channel::Paper], "/channels", Reason::DraftWithoutDigitalChannel),
    ("C06", |t| t.sensitivity = Sensitivity::Confidential, "/sensitivity", Reason::DraftSensitivityTooLow),
];

const TIME: &[(&str, Spoil, &str, Reason)] = &[
    ("C06", |t| t.duration.legal_cap = None, "/duration/legal_cap", Reason::DraftLastsTooLong),
    (
        "C06",
        |t| t.duration.legal_cap = Some(CalendarPeriod::days(367)),
        "/duration/legal_cap",
        Reason::DraftLastsTooLong,
    ),
    (
        "C06",
        |t| t.duration.default = CalendarPeriod::months(13),
        "/duration/default",
        Reason::DraftLastsTooLong,
    ),
    (
        "C06",
        |t| t.duration.policy_cap = Some(CalendarPeriod::months(13)),
        "/duration/policy_cap",
        Reason::DraftLastsTooLong,
    ),
    (
        "C05",
        |t| t.duration.default = CalendarPeriod::months(7),
        "/duration/default",
        Reason::DraftLastsTooLong,
    ),
    ("C15", |t| t.duration.ends_with_case = true, "/duration/ends_with_case", Reason::DraftWithoutCase),
    ("C05", |t| t.case_binding = CaseBinding::Optional, "/duration/ends_with_case", Reason::DraftWithoutCase),
    ("C13", |t| t.min_age = 14, "/min_age", Reason::DraftAgeUnfit),
    ("C13", |t| t.min_age = 19, "/min_age", Reason::DraftAgeUnfit),
    ("C08", |t| t.min_age = 18, "/min_age", Reason::DraftAgeUnfit),
    (
        "C08",
        |t| t.parental_rule = ParentalRule::BothHolders,
        "/parental_rule",
        Reason::DraftParentalRuleUnfit,
    ),
];

const SPECIFIC: &[(&str, Spoil, &str, Reason)] = &[
    ("C15", |t| t.items.clear(), "/items", Reason::DraftTooVague),
    ("C15", |t| t.items[1].data.clear(), "/items/1/data", Reason::DraftTooVague),
    ("C15", |t| t.items[2].recipients.clear(), "/items/2/recipients", Reason::DraftTooVague),
    ("C15", |t| t.items[1].code = t.items[0].code.clone(), "/items/1/code", Reason::DraftRepeatsCode),
    ("C02", |t| t.items[1].sources.clear(), "/items/1/sources", Reason::DraftWithoutSource),
    ("C05", |t| t.items[0].sources.clear(), "/items/0/sources", Reason::DraftWithoutSource),
    ("C06", |t| t.items[0].sources.clear(), "/items/0/sources", Reason::DraftWithoutSource),
    ("C16", |t| t.items[0].sources.clear(), "/items/0/sources", Reason::DraftWithoutSource),
    (
        "C02",
        |t| {
            t.items[0].statement = both(
                "Kommunen må hente alle oplysninger om mig hos min læge.",
                "The municipality may ask my doctor about my illness.",
            );
        },
        "/items/0/statement/da",
        Reason::DraftTooBroad,
    ),
    (
        "C02",
        |t| t.items[0].data[0].name = both("Helbred m.v.", "Health"),
        "/items/0/data/0/name/da",
        Reason::DraftTooBroad,
    ),
    (
        "C02",
        |t| t.items[0].sources[0].name = both("Din læge", "Any authority"),
        "/items/0/sources/0/name/en",
        Reason::DraftTooBroad,
    ),
    (
        "C05",
        |t| t.items[0].recipients[0].name = both("Relevante myndigheder", "The region"),
        "/items/0/recipients/0/name/da",
        Reason::DraftTooBroad,
    ),
    ("C02", |t| t.title = both("Alt om dig", "You"), "/title/da", Reason::DraftTooBroad),
    (
        "C02",
        |t| {
            t.purpose =
                both("Kommunen må bruge det til alle formål.", "The municipality may use it in your case.");
        },
        "/purpose/da",
        Reason::DraftTooBroad,
    ),
];

const WORDS: &[(&str, Spoil, &str, Reason)] = &[
    ("C01", |t| t.refusal = both("Du kan sige nej.", &long()), "/refusal/da", Reason::DraftSaysTooLittle),
    (
        "C01",
        |t| t.withdrawal = both(&long(), "You can change your mind."),
        "/withdrawal/en",
        Reason::DraftSaysTooLittle,
    ),
    (
        "C01",
        |t| t.withdrawal_for_staff = both("Stop.", &long()),
        "/withdrawal_for_staff/da",
        Reason::DraftSaysTooLittle,
    ),
    ("C01", |t| t.alternative = both("Ring til os.", &long()), "/alternative/da", Reason::DraftSaysTooLittle),
    ("C01", |t| t.why = both("Fordi.", &long()), "/why/da", Reason::DraftSaysTooLittle),
    (
        "C15",
        |t| {
            if let Some(v) = &mut t.voluntariness {
                v.text = both("Det er frivilligt.", &long());
            }
        },
        "/voluntariness/text/da",
        Reason::DraftSaysTooLittle,
    ),
    ("C01", |t| t.why.en = t.why.da.clone(), "/why/en", Reason::DraftNotTranslated),
    (
        "C01",
        |t| t.items[0].statement.en = t.items[0].statement.da.clone(),
        "/items/0/statement/en",
        Reason::DraftNotTranslated,
    ),
    (
        "C01",
        |t| {
            let hard = "Sagsoplysningsforpligtelsen nødvendiggør tilvejebringelse af helbredsoplysninger vedrørende arbejdsevnevurderingen.";
            t.why = both(hard, &long());
        },
        "/why/da",
        Reason::DraftHardToRead,
    ),
];

/// A text that is long enough and easy.
fn long() -> String {
    "You can say no to it. We then do not ask. Your case goes on, and we use what is there.".to_owned()
}

fn cite(t: &mut ConsentType, at: usize, paragraph: &str) {
    t.legal_references[at].citation =
        format!("databeskyttelsesforordningen {paragraph}").parse().expect("a citation");
}

/// Asks the bank's question where another item asks.
fn source(t: &mut ConsentType, from: &str, of: &str) {
    let there = t.items.iter().find(|i| i.code.as_str() == from).expect("an item").sources.clone();
    let item = t.items.iter_mut().find(|i| i.code.as_str() == of).expect("an item");
    item.sources = there;
    item.data[0].name = both("Indkomst", "Pay");
}

fn source_named(t: &mut ConsentType, name: &str) {
    source(t, "bank", "bank");
    t.items[4].sources[0].name = both(name, "SKAT");
}

fn told(flaws: Vec<Flaw>) -> Vec<(String, Reason)> {
    flaws.into_iter().map(|f| (f.pointer, f.reason)).collect()
}

fn each(table: &[(&str, Spoil, &str, Reason)]) {
    for (n, (code, spoil, pointer, reason)) in table.iter().enumerate() {
        let mut spoilt = seed(code);
        spoil(&mut spoilt);
        assert_eq!(told(spoilt.flaws()), [((*pointer).to_owned(), *reason)], "row {n}: {code}");
    }
}

#[test]
fn r05_r06_r07_r11_r17_r18_r27_what_the_law_forbids_is_refused() {
    each(LAW);
}

#[test]
fn r13_r21_r24_r27_r35_what_does_not_fit_in_time_or_age_is_refused() {
    each(TIME);
}

#[test]
fn r15_what_is_not_specific_is_refused() {
    each(SPECIFIC);
}

#[test]
fn r08_r18_r41_what_says_too_little_or_cannot_be_read_is_refused() {
    each(WORDS);
}

#[test]
fn a_package_has_privileges_receivers_an_age_and_an_end() {
    type Spoil = fn(&mut MandatePackage);
    let table: [(Spoil, &str, Reason); 6] = [
        (|p| p.privileges.clear(), "/privileges", Reason::DraftTooVague),
        (|p| p.representative_kinds.clear(), "/representative_kinds", Reason::DraftTooVague),
        (|p| p.privileges[1] = p.privileges[0].clone(), "/privileges/1/uri", Reason::DraftRepeatsCode),
        (
            |p| p.duration.default = CalendarPeriod::months(1200),
            "/duration/default",
            Reason::DraftLastsTooLong,
        ),
        (|p| p.grantor_min_age = 14, "/grantor_min_age", Reason::DraftAgeUnfit),
        (|p| p.implication = both("Alt.", &long()), "/implication/da", Reason::DraftSaysTooLittle),
    ];
    for (spoil, pointer, reason) in table {
        let mut spoilt = package("M14");
        spoil(&mut spoilt);
        assert_eq!(told(spoilt.flaws()), [(pointer.to_owned(), reason)]);
    }
}

#[test]
fn the_bank_and_the_unemployment_fund_may_be_asked_for_what_is_not_theirs_to_give_without_consent() {
    let c02 = seed("C02");
    assert_eq!(c02.legal_nature, LegalNature::Procedural);
    let codes: Vec<&str> = c02.items.iter().map(|i| i.code.as_str()).collect();
    assert!(codes.contains(&"bank") && codes.contains(&"a-kasse"));
    assert!(
        c02.flaws().is_empty(),
        "section 11 a(2) is about authorities and funds, and about money and holidays"
    );
}
