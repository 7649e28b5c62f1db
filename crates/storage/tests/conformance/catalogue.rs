//! Definitions and what was shown of them.

use crate::make::{at, commit, draft, entry, event, id, person, presentation};
use tillid_domain::{
    Digest,
    actor::ActorTrace,
    catalogue::{CatalogueEntry, Definition, Shelf},
    event::{Event, Fact},
    id::{EntryId, PresentationId},
};
use tillid_storage::{Store, StoreError};
use tillid_testkit::Fresh;

async fn read(store: &Store, id: EntryId) -> CatalogueEntry {
    store.read().await.unwrap().entry(id).await.unwrap().unwrap()
}

fn publish(entry: CatalogueEntry, seconds: i64) -> (CatalogueEntry, Event) {
    let (entry, fact) = entry.publish(&ActorTrace::Operator, at(seconds)).unwrap();
    let event = event(&entry, at(seconds), fact);
    (entry, event)
}

fn coded(code: &str, number: u32) -> (CatalogueEntry, Event) {
    let (mut entry, mut event) = draft("C15", number);
    if let Definition::ConsentType(of) = &mut entry.definition {
        of.code = code.parse().unwrap();
    }
    event.fact = Fact::EntryDrafted { number, definition: entry.definition.clone() };
    (entry, event)
}

pub(crate) async fn an_entry_reads_back_in_each_state(fresh: &Fresh) {
    for code in ["C15", "M14"] {
        let (entry, drafted) = draft(code, 1);
        commit(&fresh.store, vec![drafted]).await.unwrap();
        assert_eq!(read(&fresh.store, entry.id).await, entry);
        let (entry, published) = publish(entry, 10);
        commit(&fresh.store, vec![published]).await.unwrap();
        assert_eq!(read(&fresh.store, entry.id).await, entry);
        let (entry, fact) = entry.retire(at(20)).unwrap();
        commit(&fresh.store, vec![event(&entry, at(20), fact)]).await.unwrap();
        assert_eq!(read(&fresh.store, entry.id).await, entry);
    }
    assert!(fresh.store.read().await.unwrap().entry(EntryId::from_uuid(id())).await.unwrap().is_none());
}

pub(crate) async fn a_draft_reads_back_after_each_step_before_its_use(fresh: &Fresh) {
    let (entry, drafted) = draft("C15", 1);
    commit(&fresh.store, vec![drafted]).await.unwrap();
    let mut written = entry.definition.clone();
    if let Definition::ConsentType(of) = &mut written {
        of.min_age = 16;
    }
    let service = ActorTrace::Service;
    let (entry, fact) = entry.change(written, &service).unwrap();
    let by_service = Event { actor: service, ..event(&entry, at(5), fact) };
    commit(&fresh.store, vec![by_service]).await.unwrap();
    assert_eq!(read(&fresh.store, entry.id).await, entry);
    let (entry, fact) = entry.submit(at(10)).unwrap();
    commit(&fresh.store, vec![event(&entry, at(10), fact)]).await.unwrap();
    assert_eq!(read(&fresh.store, entry.id).await, entry);
    let (entry, fact) = entry.return_for("Skriv kortere.".parse().unwrap()).unwrap();
    commit(&fresh.store, vec![event(&entry, at(15), fact)]).await.unwrap();
    assert_eq!(read(&fresh.store, entry.id).await, entry);
    let (entry, fact) = entry.submit(at(20)).unwrap();
    commit(&fresh.store, vec![event(&entry, at(20), fact)]).await.unwrap();
    let (entry, fact) = entry.discard(at(25)).unwrap();
    commit(&fresh.store, vec![event(&entry, at(25), fact)]).await.unwrap();
    assert_eq!(read(&fresh.store, entry.id).await, entry);
    let mut tx = fresh.store.read().await.unwrap();
    let told: Vec<_> = tx.entry_history(entry.id).await.unwrap().iter().map(|e| e.fact.code()).collect();
    let steps = ["drafted", "changed", "submitted", "returned", "submitted", "discarded"];
    assert_eq!(told, steps.map(|step| format!("entry_{step}")));
    assert!(tx.catalogue().await.unwrap().is_empty(), "nothing of it was ever in use");
    let of_authority = tx.entries_by(Shelf::ConsentType, entry.definition.authority()).await.unwrap();
    assert_eq!(of_authority, [entry]);
}

pub(crate) async fn versions_come_newest_first(fresh: &Fresh) {
    for number in [2, 1, 10, 3] {
        let (_, drafted) = draft("C15", number);
        commit(&fresh.store, vec![drafted]).await.unwrap();
    }
    let mut tx = fresh.store.read().await.unwrap();
    let versions = tx.entries_of(Shelf::ConsentType, &"C15".parse().unwrap()).await.unwrap();
    assert_eq!(versions.iter().map(|v| v.number).collect::<Vec<_>>(), [10, 3, 2, 1]);
    let other = tx.entries_of(Shelf::MandatePackage, &"C15".parse().unwrap()).await.unwrap();
    assert_eq!(other, [], "the shelves are apart");
    assert_eq!(tx.entries_of(Shelf::ConsentType, &"c15".parse().unwrap()).await.unwrap(), []);
}

pub(crate) async fn published_codes_come_in_the_order_of_their_bytes_page_by_page(fresh: &Fresh) {
    for code in ["b", "A", "a", "C", "B-1", "B_1", "B1", "10", "9"] {
        let (entry, drafted) = coded(code, 1);
        let (_, published) = publish(entry, 5);
        commit(&fresh.store, vec![drafted, published]).await.unwrap();
    }
    let (_, unpublished) = coded("A0", 1);
    commit(&fresh.store, vec![unpublished]).await.unwrap();
    let mut tx = fresh.store.read().await.unwrap();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = tx.published(Shelf::ConsentType, &after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.definition.code().to_string();
        seen.extend(page.iter().map(|e| e.definition.code().to_string()));
    }
    assert_eq!(seen, ["10", "9", "A", "B-1", "B1", "B_1", "C", "a", "b"]);
    assert!(tx.published(Shelf::MandatePackage, "", 10).await.unwrap().is_empty());
}

pub(crate) async fn a_code_has_one_version_of_each_number(fresh: &Fresh) {
    commit(&fresh.store, vec![draft("C15", 1).1]).await.unwrap();
    let refused = commit(&fresh.store, vec![draft("C15", 1).1]).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    commit(&fresh.store, vec![draft("C15", 2).1]).await.unwrap();
}

pub(crate) async fn a_code_has_one_version_in_use(fresh: &Fresh) {
    let first = entry(&fresh.store, "C15").await;
    let (second, drafted) = draft("C15", 2);
    let (second, published) = publish(second, 10);
    let refused = commit(&fresh.store, vec![drafted.clone(), published.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");
    let (first, fact) = first.retire(at(10)).unwrap();
    commit(&fresh.store, vec![drafted, event(&first, at(10), fact), published]).await.unwrap();
    assert_eq!(read(&fresh.store, second.id).await, second);
    assert_eq!(read(&fresh.store, first.id).await, first);
}

pub(crate) async fn a_presentation_reads_back_byte_for_byte(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let entry = entry(&fresh.store, "C15").await;
    let every_byte: Vec<u8> = (0..=255).collect();
    for document in [&every_byte[..], &vec![b'x'; 300_000]] {
        let (presentation, event) = presentation(anna, &entry, document);
        let mut tx = fresh.store.write().await.unwrap();
        tx.lock(&[anna]).await.unwrap();
        tx.present(&event, document).await.unwrap();
        tx.commit(vec![event], None).await.unwrap();
        let found = fresh.store.read().await.unwrap().presentation(presentation.id).await.unwrap();
        assert_eq!(found, Some((presentation, document.to_vec())));
    }
    let unknown = PresentationId::from_uuid(id());
    assert!(fresh.store.read().await.unwrap().presentation(unknown).await.unwrap().is_none());
}

pub(crate) async fn a_document_that_was_not_committed_to_is_refused(fresh: &Fresh) {
    let anna = person(&fresh.store).await;
    let entry = entry(&fresh.store, "C15").await;
    let (_, event) = presentation(anna, &entry, b"one");
    let mut tx = fresh.store.write().await.unwrap();
    tx.lock(&[anna]).await.unwrap();
    let refused = tx.present(&event, b"other").await;
    assert!(matches!(refused, Err(StoreError::Corrupt { table: "presentation", .. })), "{refused:?}");
    assert_ne!(Digest::of(b"one"), Digest::of(b"other"));
    let registered = crate::make::registration(None, None, at(0));
    assert!(tx.present(&registered, b"one").await.is_err(), "an event of something else shows nothing");
}
