use super::*;
use ::zip::ZipArchive;
use serde_json::json;
use std::io::{Cursor, Read};
use tillid_domain::Instant;

fn entry(heading: &str, key: &'static str, value: &str) -> Entry {
    Entry { json: json!({}), heading: heading.to_owned(), facts: vec![(key, value.to_owned())] }
}

#[test]
fn an_archive_is_taken_in_parts_and_reads_back_whole() {
    let mut archive = Archive::default();
    let mut whole = Vec::new();
    archive.file("a.txt", b"first").expect("a file");
    whole.extend(archive.take());
    archive.begin("b.txt").expect("a file");
    for _ in 0..1000 {
        archive.write(b"second ").expect("more");
        whole.extend(archive.take());
    }
    whole.extend(archive.finish().expect("the rest"));
    let mut read = ZipArchive::new(Cursor::new(whole)).expect("a ZIP");
    assert_eq!(read.len(), 2);
    let mut text = String::new();
    read.by_name("b.txt").expect("a file").read_to_string(&mut text).expect("text");
    assert_eq!(text, "second ".repeat(1000));
}

#[test]
fn the_page_says_what_there_is_and_nothing_in_it_becomes_markup() {
    for language in Language::ALL {
        let evil = "<script>alert(1)</script>";
        let head = head(language, evil, Instant::from_micros(0), "https://tillid.example").expect("a page");
        let entries = [entry(evil, "document", "documents/1.json"), entry("two", "state", evil)];
        let first = rows(language, Chapter::Consents, &entries, true, false).expect("rows");
        let last = rows(language, Chapter::Consents, &[], false, true).expect("rows");
        let none = rows(language, Chapter::Mandates, &[], true, true).expect("rows");
        let page = [&head, &first, &last, &none, foot()].concat();
        assert!(!page.contains("<script") && page.contains("&#60;script"), "{page}");
        assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
        assert_eq!(page.matches(page_word("nothing", language)).count(), 1);
        assert!(page.contains("<a href=\"documents/1.json\">"));
        assert!(!page.contains("src=") && !page.contains("@import"), "it fetches nothing");
        for chapter in Chapter::ALL {
            assert!(page.contains(&format!("href=\"#{}\"", chapter.file())));
            assert!(!page_word(chapter.file(), language).is_empty());
        }
        let told = notes(language);
        assert!(
            told.as_object()
                .expect("files")
                .values()
                .all(|text| text.as_str().is_some_and(|text| !text.is_empty())),
            "{told}"
        );
    }
}
