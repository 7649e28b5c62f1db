//! The Basic Privilege Profile: valid by its own schemas, read back as it was, read as others write it, and refused where it is hostile.

use proptest::prelude::*;
use std::process::Command;
use tillid_documents::{
    bpp::*,
    viljestilkendegivelse::{MAX_ELEMENTS, NotXml},
};
use tillid_domain::id::PersonId;
use uuid::Uuid;

const CASE: &str = "urn:tillid:constraint:case";

fn scope() -> impl Strategy<Value = Scope> {
    let text = prop_oneof![
        Just("urn:dk:gov:saml:cprNumberIdentifier:6702451236".to_owned()),
        Just("urn:dk:gov:saml:cvrNumberIdentifier:99100001".to_owned()),
        Just("urn:dk:gov:saml:seNumberIdentifier:99100001".to_owned()),
        Just("urn:dk:gov:saml:productionUnitIdentifier:1003385109".to_owned()),
        any::<u128>().prop_map(|n| Scope::Person(PersonId::from_uuid(Uuid::from_u128(n))).reveal()),
    ];
    text.prop_map(|text| text.parse().expect("a scope"))
}

fn uri() -> impl Strategy<Value = Privilege> {
    "(urn|https?):[a-zæøå0-9:/?#&=.%;,+*'()!-]{1,60}".prop_map(|uri| uri.parse().expect("a URI"))
}

fn constraint() -> impl Strategy<Value = Constraint> {
    // White space around a value is no part of it.
    (uri(), "[!-~æøå<>&\"']{1,10}( [!-~æøå]{1,10})?").prop_map(|(name, value)| Constraint { name, value })
}

fn group() -> impl Strategy<Value = PrivilegeGroup> {
    let parts = (scope(), prop::collection::vec(uri(), 1..5), prop::collection::vec(constraint(), 0..3));
    parts.prop_map(|(scope, privileges, constraints)| PrivilegeGroup { scope, privileges, constraints })
}

fn groups() -> impl Strategy<Value = Vec<PrivilegeGroup>> {
    prop::collection::vec(group(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_written_reads_back_as_it_was(of in groups()) {
        for profile in [Profile::V12, Profile::V101] {
            let told: Vec<PrivilegeGroup> =
                of.iter().filter(|g| profile == Profile::V12 || g.constraints.is_empty()).cloned().collect();
            let (xml, base64) = (to_xml(&of, profile), to_base64(&of, profile));
            prop_assert_eq!(xml.is_none(), told.is_empty(), "there is no empty list");
            prop_assert_eq!(xml.is_none(), base64.is_none());
            for value in xml.into_iter().chain(base64.map(String::into_bytes)) {
                prop_assert_eq!(read(&value), Ok(told.clone()));
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..300), of in groups(), at: prop::sample::Index) {
        let _ = read(&bytes);
        let mut xml = to_xml(&of, Profile::V12).expect("groups");
        let at = at.index(xml.len());
        let _ = read(&xml[..at]);
        xml[at] = bytes.first().copied().unwrap_or_default();
        let _ = read(&xml);
    }
}

/// Whether libxml2 finds it valid; `None`, and a word about it, where the schema or the program is missing.
fn valid(xml: &[u8], schema: &str) -> Option<bool> {
    let data = super::conformance_data("nothing is validated against the profile's schemas")?;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.xml");
    std::fs::write(&path, xml).expect("written");
    let run = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(format!("{data}/oio-bpp/{schema}"))
        .arg(path)
        .output();
    let Ok(run) = run else {
        println!("SKIPPED: xmllint is missing (Debian: libxml2-utils), so nothing is validated");
        return None;
    };
    Some(run.status.success())
}

const V12: &str = "BasicPrivilegeProfileSchema_v12.xsd";
const V101: &str = "BasicPrivilegeProfileSchema_v101.xsd";

fn example() -> Vec<PrivilegeGroup> {
    let group = |scope: &str, constraints| PrivilegeGroup {
        scope: scope.parse().expect("a scope"),
        privileges: ["urn:dk:eksempelkommune:fuldmagt:aeldre:kontakt", "https://eksempel.dk/a?b=1&c=2"]
            .map(|uri| uri.parse().expect("a URI"))
            .into(),
        constraints,
    };
    let case = Constraint { name: CASE.parse().expect("a URI"), value: "27.36 <Ø> & \"1\"".to_owned() };
    vec![
        group("urn:dk:gov:saml:cprNumberIdentifier:6702451236", Vec::new()),
        group("urn:uuid:00000000-0000-0000-0000-000000000063", vec![case]),
    ]
}

#[test]
fn each_version_is_valid_by_its_schema_and_by_that_alone() {
    let (new, old) = (to_xml(&example(), Profile::V12), to_xml(&example(), Profile::V101));
    let (new, old) = (new.expect("groups"), old.expect("a group without constraints"));
    let Some(valid_new) = valid(&new, V12) else { return };
    assert!(valid_new, "{}", String::from_utf8_lossy(&new));
    assert_eq!(valid(&old, V101), Some(true), "{}", String::from_utf8_lossy(&old));
    assert_eq!((valid(&new, V101), valid(&old, V12)), (Some(false), Some(false)), "the negative control");
}

#[test]
fn the_published_examples_are_read_or_refused_as_they_should() {
    let Some(data) = super::conformance_data("the published examples are not read") else { return };
    let file = |name: &str| std::fs::read_to_string(format!("{data}/oio-bpp/examples/{name}")).expect("it");
    let mandate = read(file("oio-bpp-1.2-mandate-example.xml").as_bytes()).expect("reads");
    assert_eq!((mandate.len(), mandate[0].privileges.len()), (1, 2));
    let staff = read(file("oio-bpp-1.2-caseworker-example.xml").as_bytes());
    // Numbers that are only there to be looked at are none.
    assert!(matches!(staff, Ok(_) | Err(NotPrivileges::Scope(NotAScope::Number))), "{staff:?}");
    let numbered = |name: &str| {
        let text = file(name).replace("12345678", "99100001").replace("27384223", "99100001");
        read(text.as_bytes())
    };
    assert_eq!(read(file("good.xml").as_bytes()), Err(NotPrivileges::Scope(NotAScope::Number)));
    assert_eq!(numbered("good.xml").expect("reads")[0].constraints.len(), 2);
    assert_eq!(numbered("bad1.xml"), Err(NotPrivileges::Missing), "a constraint without a name");
    assert_eq!(numbered("bad2.xml"), Err(NotPrivileges::Missing), "a group without a privilege");
    // What some emitters do: the groups stand in the namespace too.
    assert!(numbered("bad3.xml").is_ok());
}

const SCOPE: &str = "urn:dk:gov:saml:cprNumberIdentifier:6702451236";

fn list(inside: &str) -> String {
    format!("<PrivilegeList>{inside}</PrivilegeList>")
}

fn group_of(scope: &str, inside: &str) -> String {
    list(&format!("<PrivilegeGroup Scope=\"{scope}\">{inside}</PrivilegeGroup>"))
}

const ONE: &str = "<Privilege>urn:a:b</Privilege>";

#[test]
fn what_others_write_is_read() {
    let plain = read(group_of(SCOPE, ONE).as_bytes()).expect("without a namespace");
    let long = format!(
        "<PrivilegeList xmlns=\"http://digst.dk/oiosaml/basic_privilege_profile\"><PrivilegeGroup Scope=\"{SCOPE}\">{ONE}</PrivilegeGroup></PrivilegeList>"
    );
    let typed = format!(
        "\u{feff}<?xml version=\"1.0\"?>\n<x:PrivilegeList xmlns:x=\"http://itst.dk/oiosaml/basic_privilege_profile\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"a b\"><!-- c -->\n <PrivilegeGroup Scope=\" {} \">\n  \
         <Privilege> urn:a:b\n</Privilege></PrivilegeGroup></x:PrivilegeList>",
        SCOPE.to_uppercase()
    );
    for text in [long, typed] {
        assert_eq!(read(text.as_bytes()).as_ref(), Ok(&plain), "{text}");
    }
    let before = "<Constraint Name=\"urn:k\">25.*</Constraint>";
    let first = read(group_of(SCOPE, &format!("{before}{ONE}")).as_bytes());
    assert!(first.is_ok());
    assert_eq!(first, read(group_of(SCOPE, &format!("{ONE}{before}")).as_bytes()), "in any order");
    let base64 = to_base64(&plain, Profile::V12).expect("a group");
    let parts: Vec<_> = base64.as_bytes().chunks(40).map(String::from_utf8_lossy).collect();
    let folded = parts.join("\r\n");
    for value in [base64.trim_end_matches('=').to_owned(), folded] {
        assert_eq!(read(value.as_bytes()).as_ref(), Ok(&plain), "{value}");
    }
}

#[test]
fn what_is_hostile_or_cannot_be_understood_is_refused() {
    use NotPrivileges::{Missing, NotAUri, NotBase64, Scope as OfScope, TooLarge, TooMany, Unknown};
    let cpr = |number: &str| group_of(&format!("urn:dk:gov:saml:cprNumberIdentifier:{number}"), ONE);
    let cvr = |number: &str| group_of(&format!("urn:dk:gov:saml:cvrNumberIdentifier:{number}"), ONE);
    let good = group_of(SCOPE, ONE);
    let laughs = format!(
        "<!DOCTYPE x [<!ENTITY l \"{}\">]>{}",
        "a".repeat(1000),
        group_of(SCOPE, "<Privilege>urn:&l;</Privilege>")
    );
    let wrong = NotAScope::Number;
    for (text, why) in [
        (format!("<!DOCTYPE x>{good}"), NotXml::Doctype.into()),
        (laughs, NotXml::Doctype.into()),
        (group_of(SCOPE, "<Privilege>urn:&x;</Privilege>"), NotXml::Entity.into()),
        (group_of(SCOPE, &format!("{}{}", "<a>".repeat(40), "</a>".repeat(40))), NotXml::TooDeep.into()),
        (list(&"<a/>".repeat(MAX_ELEMENTS + 1)), NotXml::TooMany.into()),
        (list(&good.repeat(2)), Unknown),
        (" ".repeat(MAX_BYTES + 1), TooLarge),
        ("no base64 &".to_owned(), NotBase64),
        (String::new(), NotXml::Malformed.into()),
        (list(""), Missing),
        (group_of(SCOPE, ""), Missing),
        (group_of(SCOPE, &ONE.repeat(MAX_PRIVILEGES + 1)), TooMany),
        (
            list(&format!("<PrivilegeGroup Scope=\"{SCOPE}\">{ONE}</PrivilegeGroup>").repeat(MAX_GROUPS + 1)),
            TooMany,
        ),
        (list(&format!("<PrivilegeGroup>{ONE}</PrivilegeGroup>")), Missing),
        (list(&format!("<PrivilegeGroup Scope=\"{SCOPE}\" Until=\"2020\">{ONE}</PrivilegeGroup>")), Unknown),
        (group_of(SCOPE, &format!("{ONE}<Except>urn:a:b</Except>")), Unknown),
        (group_of(SCOPE, &format!("{ONE}but not on Sundays")), Unknown),
        (group_of(SCOPE, "<Privilege Not=\"true\">urn:a:b</Privilege>"), Unknown),
        (group_of(SCOPE, "<Privilege>two words:a</Privilege>"), NotAUri),
        (group_of("", ONE), OfScope(NotAScope::Kind)),
        (group_of("urn:dk:gov:saml:dogNumberIdentifier:1", ONE), OfScope(NotAScope::Kind)),
        (cpr("3102651234"), OfScope(wrong)),
        (cpr("670245123"), OfScope(wrong)),
        (cpr("670245123\u{664}"), OfScope(wrong)),
        (cvr("99100002"), OfScope(wrong)),
        (group_of("urn:dk:gov:saml:seNumberIdentifier:12345678", ONE), OfScope(wrong)),
        (group_of("urn:dk:gov:saml:productionUnitIdentifier:0003385109", ONE), OfScope(wrong)),
        (group_of("urn:uuid:nobody", ONE), OfScope(wrong)),
    ] {
        let said = read(text.as_bytes());
        assert_eq!(said, Err(why), "{text:.200}");
        assert!(!format!("{said:?}").contains("3102651234"), "an error says nothing of what stands there");
    }
    assert!(read(good.as_bytes()).is_ok(), "the negative control");
    assert!(
        !format!("{:?}", read(good.as_bytes())).contains("6702451236"),
        "nor does what is read, in a log"
    );
}
