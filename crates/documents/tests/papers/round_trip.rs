use super::models::declaration;
use proptest::prelude::*;
use tillid_documents::viljestilkendegivelse::{Loss, read};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_reads_back_as_it_was(of in declaration()) {
        let xml = of.to_xml();
        let back = read(&xml).map_err(|e| TestCaseError::fail(format!("{e}\n{}", String::from_utf8_lossy(&xml))))?;
        prop_assert_eq!(back.lost, Vec::new());
        prop_assert_eq!(back.declaration, of);
    }

    #[test]
    fn no_bytes_make_the_reader_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_document_that_was_cut_or_changed_is_refused_or_read(of in declaration(), at: prop::sample::Index, byte in any::<u8>()) {
        let mut xml = of.to_xml();
        let at = at.index(xml.len());
        let _ = read(&xml[..at]);
        xml[at] = byte;
        let _ = read(&xml);
    }
}

const EXAMPLE: &str = "/viljestilkendegivelse/example-min.xml";

#[test]
fn the_published_example_reads_without_a_loss() {
    let Some(folder) = super::conformance_data("the published example is not read") else { return };
    let bytes = std::fs::read(format!("{folder}{EXAMPLE}")).expect("the example");
    let read = read(&bytes).expect("reads");
    assert_eq!(read.lost, []);
    assert_eq!(read.declaration.expressions.iter().count(), 1);
    assert_eq!(super::mapping::reread(&read.declaration), read.declaration);
}

fn with(change: impl Fn(String) -> String) -> Vec<(Loss, String)> {
    let xml = change(String::from_utf8(super::mapping::given().to_xml()).expect("UTF-8"));
    let read = read(xml.as_bytes()).expect("reads");
    assert_eq!(read.declaration, super::mapping::given(), "nothing else changes");
    read.lost.into_iter().map(|l| (l.what, l.at)).collect()
}

#[test]
fn what_the_format_does_not_have_is_told_and_the_rest_is_read() {
    let header = "/Viljestilkendegivelseserklaering/ErklaeringHeader";
    assert_eq!(with(|xml| xml), []);
    assert_eq!(
        with(|xml| xml.replace("<Adgangspolitik>", "<Noget>x</Noget><Adgangspolitik>")),
        vec![(Loss::UnknownElement, format!("{header}/Noget")); 2]
    );
    assert_eq!(
        with(|xml| xml.replace("<ErklaeringHeader>", "<ErklaeringHeader sprog='da'>og <!-- intet -->")),
        [
            (Loss::UnknownAttribute, format!("{header}/@sprog")),
            (Loss::TextBetweenElements, header.to_owned())
        ]
    );
    let twice = "</Status><Status>lukket</Status>";
    let lost = with(|xml| xml.replacen("</Status>", twice, 1));
    assert_eq!(lost, [(Loss::UnknownElement, format!("{header}/Erklaeringsmetadata/Status"))]);
}

#[test]
fn order_a_namespace_and_a_schema_location_do_no_harm() {
    assert_eq!(
        with(|xml| {
            xml.replace(
            "<Viljestilkendegivelseserklaering>",
            "<Viljestilkendegivelseserklaering xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='x.xsd'>"
        )
        }),
        []
    );
    assert_eq!(
        with(|xml| {
            let start = xml.find("<Attestation>").expect("there");
            let end = xml.find("</Attestation>").expect("there") + "</Attestation>".len();
            let attestation = xml[start..end].to_owned();
            let without = format!("{}{}", &xml[..start], &xml[end..]);
            without.replace(
                "</Viljestilkendegivelseserklaering>",
                &format!("{attestation}</Viljestilkendegivelseserklaering>"),
            )
        }),
        []
    );
}

#[test]
fn a_time_without_an_offset_is_danish_time_and_told() {
    let xml = String::from_utf8(super::mapping::given().to_xml()).expect("UTF-8");
    let start = xml.find("<Underskriftstidspunkt>").expect("there") + "<Underskriftstidspunkt>".len();
    let end = xml.find("</Underskriftstidspunkt>").expect("there");
    let xml = format!("{}2026-07-01T12:00:00{}", &xml[..start], &xml[end..]);
    let read = read(xml.as_bytes()).expect("reads");
    assert_eq!(read.declaration.attestation.signed_at.to_string(), "2026-07-01T10:00:00.000000Z");
    assert_eq!(read.lost[0].what, Loss::TimeWithoutOffset);
}
