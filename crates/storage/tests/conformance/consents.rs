//! Requests and consents.

use crate::make::{at, commit, consent, entry, event, id, person, request, shown};
use tillid_domain::{
    actor::ActorTrace,
    consent::Consent,
    event::{EndCause, Fact},
    id::{ConsentId, DeclarationId, PersonId, PresentationId, RequestId},
    request::ConsentRequest,
    text::Code,
};
use tillid_storage::Store;
use tillid_testkit::{Fresh, catalogue::cvr};

const OWN: &str = "eksempel-kommune";
const OTHER: &str = "nabo-kommune";

fn declaration() -> DeclarationId {
    DeclarationId::from_uuid(id())
}

async fn read_request(store: &Store, id: RequestId) -> ConsentRequest {
    store.read().await.unwrap().request(id).await.unwrap().unwrap()
}

async fn read(store: &Store, id: ConsentId) -> Consent {
    store.read().await.unwrap().consent(id).await.unwrap().unwrap()
}

struct Setting {
    anna: PersonId,
    entry: tillid_domain::catalogue::CatalogueEntry,
    shown: PresentationId,
}

async fn setting(store: &Store) -> Setting {
    let anna = person(store).await;
    let entry = entry(store, "C15").await;
    let shown = shown(store, anna, &entry).await;
    Setting { anna, entry, shown }
}

pub(crate) async fn a_request_reads_back_in_each_state(fresh: &Fresh) {
    let Setting { anna, entry, shown } = setting(&fresh.store).await;
    for end in 0..4 {
        let (open, asked) = request(anna, &entry, OWN);
        commit(&fresh.store, vec![asked]).await.unwrap();
        assert_eq!(read_request(&fresh.store, open.id).await, open);
        let (ended, fact) = match end {
            0 => open.answer(declaration(), shown, at(9)),
            1 => open.cancel(at(9)),
            2 => open.lapse(EndCause::Death, at(7), at(9)),
            _ => continue,
        }
        .unwrap();
        commit(&fresh.store, vec![event(&ended, at(9), fact)]).await.unwrap();
        assert_eq!(read_request(&fresh.store, ended.id).await, ended);
    }
    let unknown = RequestId::from_uuid(id());
    assert!(fresh.store.read().await.unwrap().request(unknown).await.unwrap().is_none());
}

pub(crate) async fn a_consent_reads_back_in_each_state(fresh: &Fresh) {
    let Setting { anna, entry, shown } = setting(&fresh.store).await;
    for end in 0..4 {
        let (given, answered) = consent(anna, &entry, shown, declaration(), OWN, end < 3);
        commit(&fresh.store, vec![answered]).await.unwrap();
        assert_eq!(read(&fresh.store, given.id).await, given);
        let (ended, fact) = match end {
            0 => given.withdraw(None, at(9)),
            1 => given.lapse(EndCause::Death, at(7), at(9)),
            _ => continue,
        }
        .unwrap();
        commit(&fresh.store, vec![event(&ended, at(9), fact)]).await.unwrap();
        assert_eq!(read(&fresh.store, ended.id).await, ended);
    }
    let unknown = ConsentId::from_uuid(id());
    assert!(fresh.store.read().await.unwrap().consent(unknown).await.unwrap().is_none());
}

pub(crate) async fn lists_come_newest_first_page_by_page_and_for_one_authority(fresh: &Fresh) {
    let Setting { anna, entry, shown } = setting(&fresh.store).await;
    let bo = person(&fresh.store).await;
    let (mut requests, mut consents, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..23 {
        let authority = if n % 3 == 0 { OTHER } else { OWN };
        let (asked, asking) = request(anna, &entry, authority);
        let (given, answering) = consent(anna, &entry, shown, declaration(), authority, n % 2 == 0);
        requests.push(asked);
        consents.push(given);
        events.extend([asking, answering, request(bo, &entry, OWN).1]);
    }
    commit(&fresh.store, events).await.unwrap();
    requests.reverse();
    consents.reverse();
    let mut tx = fresh.store.read().await.unwrap();
    for authority in [None, Some(cvr(OWN)), Some(cvr(OTHER)), Some(cvr("region"))] {
        let (mut seen, mut below) = (Vec::new(), None);
        loop {
            let page = tx.requests_to(anna, authority, below, 5).await.unwrap();
            assert!(page.len() <= 5);
            let Some(last) = page.last() else { break };
            below = Some(last.id);
            seen.extend(page);
        }
        let expected: Vec<_> =
            requests.iter().filter(|r| authority.is_none_or(|a| a == r.authority)).cloned().collect();
        assert_eq!(seen, expected);
        let (mut seen, mut below) = (Vec::new(), None);
        loop {
            let page = tx.consents_of(anna, authority, below, 5).await.unwrap();
            let Some(last) = page.last() else { break };
            below = Some(last.id);
            seen.extend(page);
        }
        let expected: Vec<_> =
            consents.iter().filter(|c| authority.is_none_or(|a| a == c.answer.authority)).cloned().collect();
        assert_eq!(seen, expected);
    }
    assert_eq!(tx.requests_to(anna, None, None, 0).await.unwrap(), []);
    assert_eq!(tx.consents_of(bo, None, None, 100).await.unwrap(), []);
}

pub(crate) async fn the_consents_of_a_declaration_come_in_the_order_of_asking(fresh: &Fresh) {
    let Setting { anna, entry, shown } = setting(&fresh.store).await;
    let declared = declaration();
    let made: Vec<_> = (0..9).map(|n| consent(anna, &entry, shown, declared, OWN, n % 2 == 0)).collect();
    let other = consent(anna, &entry, shown, declaration(), OWN, true);
    let events = made.iter().rev().chain([&other]).map(|(_, e)| e.clone()).collect();
    commit(&fresh.store, events).await.unwrap();
    let found = fresh.store.read().await.unwrap().consents_of_declaration(declared).await.unwrap();
    assert_eq!(found, made.into_iter().map(|(c, _)| c).collect::<Vec<_>>());
}

pub(crate) async fn a_long_list_of_items_reads_back(fresh: &Fresh) {
    let Setting { anna, entry, .. } = setting(&fresh.store).await;
    let (mut asked, mut event) = request(anna, &entry, OWN);
    asked.items = (0..500).map(|n| format!("item-{n:035}").parse::<Code>().unwrap()).collect();
    asked.case = None;
    asked.asked_by =
        ActorTrace::System { client: "x".repeat(64).parse().unwrap(), authority: asked.authority };
    event.actor = asked.asked_by.clone();
    if let Fact::ConsentRequested { items, case, .. } = &mut event.fact {
        items.clone_from(&asked.items);
        *case = None;
    }
    commit(&fresh.store, vec![event]).await.unwrap();
    assert_eq!(read_request(&fresh.store, asked.id).await, asked);
}
