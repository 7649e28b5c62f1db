use super::mapping::given;
use tillid_documents::viljestilkendegivelse::{MAX_DEPTH, NotADeclaration, NotXml, read};

fn refused(document: impl AsRef<[u8]>) -> NotADeclaration {
    read(document.as_ref()).expect_err("must not be read")
}

fn not_xml(document: impl AsRef<[u8]>) -> NotXml {
    match refused(document) {
        NotADeclaration::NotXml(why) => why,
        other => panic!("{other}"),
    }
}

fn xml() -> String {
    String::from_utf8(given().to_xml()).expect("UTF-8")
}

fn within(text: &str) -> String {
    xml().replacen("<Titel>", &format!("<Titel>{text}"), 1)
}

#[test]
fn documents_that_reach_out_or_grow_are_refused() {
    let head = "<?xml version=\"1.0\"?>";
    let external = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    assert_eq!(not_xml(xml().replacen("<V", &format!("{external}<V"), 1)), NotXml::Doctype);
    let laughs = format!(
        "{head}<!DOCTYPE lolz [<!ENTITY a \"ha\">{}]><lolz>&j;</lolz>",
        ('a'..='i').zip('b'..='j').fold(String::new(), |all, (before, c)| {
            format!("{all}<!ENTITY {c} \"{}\">", format!("&{before};").repeat(10))
        })
    );
    assert_eq!(not_xml(laughs), NotXml::Doctype);
    assert_eq!(not_xml(within("&passwd;")), NotXml::Entity);
    assert_eq!(not_xml(xml().replace("<Body", "<Body x='&passwd;'")), NotXml::Malformed);
}

#[test]
fn documents_of_unreasonable_size_are_refused() {
    let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    assert_eq!(not_xml(deep(MAX_DEPTH + 1)), NotXml::TooDeep);
    assert_eq!(refused(deep(MAX_DEPTH)), NotADeclaration::OtherRoot);
    assert_eq!(not_xml(deep(1_000_000)), NotXml::TooLarge);
    assert_eq!(not_xml(deep(500_000)), NotXml::TooDeep);
    assert_eq!(not_xml(within(&"x".repeat(10_000_000))), NotXml::TooLarge);
    assert_eq!(not_xml(format!("<a>{}</a>", "<b/>".repeat(20_001))), NotXml::TooMany);
    // Text alone may be long: a scanned form is.
    assert!(read(within(&"x".repeat(4_000_000)).as_bytes()).is_ok());
}

#[test]
fn characters_and_encodings_that_are_not_allowed_are_refused() {
    assert_eq!(not_xml(within("\0")), NotXml::Character);
    assert_eq!(not_xml(within("&#0;")), NotXml::Malformed);
    assert_eq!(not_xml(within("&#8;")), NotXml::Character);
    assert_eq!(not_xml(within("\u{1b}")), NotXml::Character);
    assert_eq!(not_xml(b"\xff\xfe<\0a\0>\0"), NotXml::NotUtf8);
    assert_eq!(not_xml(xml().replacen("UTF-8", "ISO-8859-1", 1)), NotXml::NotUtf8);
    assert_eq!(not_xml(xml().replacen("1.0", "1.1", 1)), NotXml::Malformed);
    assert!(matches!(refused(within("x\u{85}")), NotADeclaration::NotAValue { .. }));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for document in [
        "",
        "x",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "<a x='1' x='2'/>",
        "<a><b></a></b>",
        "<p:a/>",
        "</a>",
        "<a x=1/>",
    ] {
        assert_eq!(not_xml(document), NotXml::Malformed, "{document}");
    }
    assert_eq!(not_xml(format!("{}<a/>", xml())), NotXml::Malformed);
}

#[test]
fn what_is_missing_or_wrong_is_named_and_its_value_is_not_repeated() {
    let at = |document: String| refused(document).to_string();
    assert_eq!(refused("<Andet/>"), NotADeclaration::OtherRoot);
    assert_eq!(
        at("<Viljestilkendegivelseserklaering/>".to_owned()),
        "ID is missing in /Viljestilkendegivelseserklaering"
    );
    assert_eq!(
        at(xml().replace(">gaeldende<", ">010101-1234<")),
        "/Viljestilkendegivelseserklaering/Viljestilkendegivelse[1]/Header/Viljestilkendegivelsesmetadata/Status \
         is not one of the words that the schema lists"
    );
    let far = "<Viljestilkendegivelse xmlns='urn:another'>";
    assert_eq!(
        at(xml().replace("<Viljestilkendegivelse>", far)),
        "Viljestilkendegivelse is missing in /Viljestilkendegivelseserklaering"
    );
}
