//! PDFs, as poppler reads them: their text, their structure, and what they say of themselves.

use crate::checker::{accessible, without};
use std::{path::Path, process::Command};
use tillid_documents::pdf::*;
use tillid_domain::{Instant, Language};

fn at(text: &str) -> Instant {
    text.parse().expect("a time")
}

fn receipt(language: Language) -> PaperReceipt {
    PaperReceipt {
        language,
        title: "Indhentning af oplysninger i social sag".to_owned(),
        purpose: "Oplysningerne skal vise, hvilken hjælp du har brug for.".to_owned(),
        person: Some("Åse Ærø Ødegård 中".to_owned()),
        authority: "Eksempel Kommune".to_owned(),
        case: Some("27.36.04-2026-17".to_owned()),
        items: vec![
            ReceiptItem {
                statement: "Kommunen må spørge min læge.".to_owned(), answer: ReceiptAnswer::Yes
            },
            ReceiptItem { statement: "Kommunen må spørge min bank.".to_owned(), answer: ReceiptAnswer::No },
            ReceiptItem {
                statement: "Kommunen må spørge min skole.".to_owned(),
                answer: ReceiptAnswer::Withdrawn(at("2026-04-01T22:30:00Z")),
            },
            ReceiptItem {
                statement: "Kommunen må spørge min arbejdsgiver.".to_owned(),
                answer: ReceiptAnswer::Annulled(at("2026-04-02T10:00:00Z")),
            },
        ],
        answered: at("2026-03-01T09:15:00Z"),
        from: at("2026-03-01T09:15:00Z"),
        to: Some(at("2027-02-28T23:00:00Z")),
        withdrawal: "Du kan altid trække dit ja tilbage.".to_owned(),
        // Many of its groups begin with a letter, as words do: a checker may take such a number for prose.
        receipt: "01a20cfe-bd86-7002-bb12-cfa9456566ba".to_owned(),
        position: Some(4711),
        address: "https://tillid.example/receipts/01a20cfe-bd86-7002-bb12-cfa9456566ba".to_owned(),
        made: at("2026-06-01T10:00:00Z"),
    }
}

fn form(language: Language) -> PaperForm {
    let of = super::mapping::consent_type();
    let items: Vec<_> = of.items.iter().map(|item| item.code.clone()).collect();
    let authority = ("Eksempel Kommune", "databeskyttelse@eksempelkommune.example");
    PaperForm::of(
        (&of, 3),
        &items,
        authority,
        Some("27.36.04-2026-17"),
        "K7M4-PX2A",
        language,
        at("2026-06-01T10:00:00Z"),
    )
}

/// What one of poppler's programs says of the document; `None`, and a word about it, when they are not installed.
fn poppler(program: &str, arguments: &[&str], pdf: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, pdf).expect("written");
    let Ok(run) = Command::new(program).args(arguments).arg(&path).args(output(program)).output() else {
        println!(
            "SKIPPED: {program} is missing (Debian: poppler-utils), so the PDF is not read by another program"
        );
        return None;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let complaints = String::from_utf8_lossy(&run.stderr);
    // Poppler takes the `Suspects false` of ISO 32000 table 321 for an error, up to version 22.
    let known = |line: &&str| *line != "Syntax Error: Suspects object is wrong type (boolean)";
    assert_eq!(complaints.lines().filter(known).collect::<Vec<_>>(), Vec::<&str>::new());
    // The titles in the structure come in an older encoding.
    Some(String::from_utf8_lossy(&run.stdout).into_owned())
}

fn output(program: &str) -> &'static [&'static str] {
    if program == "pdftotext" { &["-"] } else { &[] }
}

/// The text in one line, so that it does not matter where lines break.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_receipt_says_what_it_is_and_reads_as_it_was_written() {
    let pdf = receipt(Language::Da).sheet().to_pdf().expect("drawn");
    let Some(info) = poppler("pdfinfo", &[], &pdf) else { return };
    for line in [
        "Title:           Kvittering: Indhentning af oplysninger i social sag",
        "Author:          Eksempel Kommune",
        "Tagged:          yes",
        "JavaScript:      no",
        "Encrypted:       no",
    ] {
        assert!(info.contains(line), "{line}\n{info}");
    }
    assert!(info.contains("595.276 x 841.89 pts (A4)"), "{info}");
    let text = flat(&poppler("pdftotext", &["-raw"], &pdf).expect("poppler is there"));
    for part in [
        // A letter that the fonts do not have is drawn as a question mark and read as it is.
        "Åse Ærø Ødegård 中",
        "Kommunen må spørge min læge.",
        "Ja, trukket tilbage 2. april",
        "aldrig gjaldt. Rettet 2. april 2026, kl. 12:00",
        "Nej",
        "1. marts 2026, kl. 10:15",
        "Nummer i loggen 4711",
        "Side 1 af 1",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_was_registered_wrongly_holds_at_no_time() {
    let mut receipt = receipt(Language::Da);
    receipt.items.retain(|item| matches!(item.answer, ReceiptAnswer::Annulled(_)));
    let blocks = receipt.sheet().blocks;
    let said = format!("{blocks:?}");
    assert!(!said.contains("Gælder fra") && !said.contains(&receipt.withdrawal), "{said}");
}

#[test]
fn the_structure_tells_headings_paragraphs_tables_and_lists_in_reading_order() {
    let pdf = receipt(Language::En).sheet().to_pdf().expect("drawn");
    let Some(structure) = poppler("pdfinfo", &["-struct-text"], &pdf) else { return };
    let order = [
        "H1",
        "\"Receipt: Indhentning",
        "P",
        "Table",
        "TR",
        "TH",
        "Authority",
        "TD",
        "Eksempel Kommune",
        "H2",
        "What you answered",
        "Table",
        "H2",
        "If you take back",
        "P",
    ];
    let mut rest = structure.as_str();
    for part in order {
        let found =
            rest.find(part).unwrap_or_else(|| panic!("{part} is not where it should be\n{structure}"));
        rest = &rest[found + part.len()..];
    }
    assert!(!structure.contains("Page 1 of 1"), "the foot of the page is no content");
}

#[test]
fn a_form_asks_everything_that_the_screen_asks_and_has_no_tick_in_it() {
    for language in Language::ALL {
        let form = form(language);
        let pdf = form.sheet().to_pdf().expect("drawn");
        let Some(text) = poppler("pdftotext", &[], &pdf) else { return };
        let info = poppler("pdfinfo", &[], &pdf).expect("poppler is there");
        let pages = info.lines().find_map(|line| line.strip_prefix("Pages:")?.trim().parse::<u8>().ok());
        let pages = pages.expect("how many pages");
        // What stands at the foot of a page stands between its last line and the next page's first.
        let foot = |text: String, n| {
            text.replace(&format!("Kode K7M4-PX2A Side {n} af {pages} "), "")
                .replace(&format!("Code K7M4-PX2A Page {n} of {pages} "), "")
        };
        let text = (1..=pages).fold(flat(&text), foot);
        for item in &form.items {
            assert!(text.contains(&item.statement), "{}\n{text}", item.statement);
        }
        for part in [
            &form.purpose,
            &form.why,
            &form.refusal,
            &form.withdrawal,
            &form.duration,
            &form.dpo_contact,
            &form.alternative,
            &form.text,
            &form.code,
        ] {
            assert!(text.contains(&flat(part)), "{part}\n{text}");
        }
        let structure = poppler("pdfinfo", &["-struct"], &pdf).expect("poppler is there");
        assert!(structure.matches("LBody").count() >= 2 * form.items.len(), "{structure}");
        assert!(info.contains("Form:            none") && pages > 1, "{info}");
    }
}

#[test]
fn the_same_content_is_the_same_bytes() {
    let one = form(Language::Da).sheet().to_pdf().expect("drawn");
    assert_eq!(one, form(Language::Da).sheet().to_pdf().expect("drawn"));
    let says = |what: &str| String::from_utf8_lossy(&one).contains(what);
    assert!(says("<pdfuaid:part>1<") && says("<pdfaid:part>2<") && says("<pdfaid:conformance>A<"));
    assert!(says("/Lang (da)") || says("/Lang(da)"));
}

#[test]
fn long_words_long_lists_and_odd_letters_are_drawn() {
    let sheet = Sheet {
        title: "x".repeat(300),
        language: Language::En,
        author: "A".to_owned(),
        created: at("2026-06-01T10:00:00Z"),
        foot: "y".repeat(300),
        page_words: ["Page".to_owned(), "of".to_owned()],
        blocks: vec![
            Block::Paragraph("z".repeat(9000)),
            Block::List((0..200).map(|n| format!("Point {n} 😀")).collect()),
            Block::Rows((0..200).map(|n| ("w".repeat(60), n.to_string().repeat(90))).collect()),
            Block::Rows(Vec::new()),
            Block::List(vec![String::new()]),
            Block::Paragraph(String::new()),
            Block::Question { text: "q ".repeat(3000), answers: vec!["Yes".to_owned(), String::new()] },
            Block::Heading(String::new()),
        ],
    };
    let pdf = sheet.to_pdf().expect("drawn");
    let Some(text) = poppler("pdftotext", &["-raw"], &pdf) else { return };
    assert_eq!(text.matches('z').count(), 9000);
    assert!(text.contains("Point 199"));
}

/// papers are for those who hear them read, too.
#[test]
fn r41_a_checker_of_other_people_finds_nothing_wrong_with_a_paper() {
    for language in Language::ALL {
        for sheet in [receipt(language).sheet(), form(language).sheet()] {
            let Some(checked) = accessible(&sheet.to_pdf().expect("drawn")) else { return };
            assert_eq!(checked, Ok(()), "{}", sheet.title);
        }
    }
    let pdf = receipt(Language::Da).sheet().to_pdf().expect("drawn");
    for word in ["/MarkInfo", "/StructTreeRoot"] {
        let found = accessible(&without(&pdf, word)).expect("the checker is there");
        assert!(found.is_err(), "the negative control: without {word}");
    }
}

/// Writes the documents where somebody can look at them.
#[test]
#[ignore = "for looking at: set TILLID_PAPERS to a folder"]
#[expect(clippy::disallowed_methods, reason = "where to write is not configuration of the program")]
fn papers_to_look_at() {
    let folder = std::env::var("TILLID_PAPERS").expect("TILLID_PAPERS");
    let write = |name: &str, sheet: &Sheet| {
        std::fs::write(Path::new(&folder).join(name), sheet.to_pdf().expect("drawn")).expect("written");
    };
    write("receipt.pdf", &receipt(Language::Da).sheet());
    write("form.pdf", &form(Language::Da).sheet());
}
