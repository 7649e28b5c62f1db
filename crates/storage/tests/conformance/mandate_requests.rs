//! Requests for mandates.

use crate::make::{at, commit, entry, event, id, mandate, person, shown};
use tillid_domain::{
    actor::ActorTrace,
    catalogue::CatalogueEntry,
    event::{EndCause, Event, Fact},
    id::{MandateRequestId, PersonId},
    mandate_request::{MandateRequest, MandateRequestState},
};
use tillid_testkit::Fresh;

/// A request, and its event; one by an authority has a case and no name.
fn request(
    grantor: PersonId,
    representative: PersonId,
    entry: &CatalogueEntry,
    by_authority: bool,
) -> (MandateRequest, Event) {
    let request = MandateRequest {
        id: MandateRequestId::from_uuid(id()),
        revision: 1,
        grantor,
        representative,
        grantor_name: (!by_authority).then(|| "Søren Ægidius".parse().unwrap()),
        authority: by_authority.then(|| "99100001".parse().unwrap()),
        asked_by: ActorTrace::Operator,
        asked_at: at(3),
        packages: vec![entry.version()],
        privileges: ["urn:dk:a:laes", "urn:dk:a:handle"].map(|p| p.parse().unwrap()).to_vec(),
        case: by_authority.then(|| "27.36.04-Ø12".parse().unwrap()),
        valid_until: "2027-02-28".parse().unwrap(),
        deadline: at(1_000),
        state: MandateRequestState::Open,
    };
    let fact = Fact::MandateRequested {
        grantor,
        representative,
        grantor_name: request.grantor_name.clone(),
        authority: request.authority,
        packages: request.packages.clone(),
        privileges: request.privileges.clone(),
        case: request.case.clone(),
        valid_until: request.valid_until,
        deadline: request.deadline,
    };
    let event = event(&request, at(3), fact);
    (request, event)
}

pub(crate) async fn a_mandate_request_reads_back_in_each_state(fresh: &Fresh) {
    let store = &fresh.store;
    let (anna, bo, entry) = (person(store).await, person(store).await, entry(store, "M14").await);
    let read = async |id| store.read().await.unwrap().mandate_request(id).await.unwrap();
    for end in 0..5 {
        let (asked, asking) = request(anna, bo, &entry, end % 2 == 1);
        commit(store, vec![asking]).await.unwrap();
        assert_eq!(read(asked.id).await, Some(asked.clone()));
        let presentation = shown(store, anna, &entry).await;
        let (given, giving) = mandate(anna, bo, &entry, presentation, None);
        let (ended, fact) = match end {
            0 => {
                commit(store, vec![giving]).await.unwrap();
                asked.approve(given.id, presentation, at(50))
            }
            1 => asked.decline(at(50)),
            2 => asked.lapse(EndCause::Death, at(40), at(50)),
            3 => asked.lapse(EndCause::RepresentativeDeath, at(50), at(50)),
            _ => continue,
        }
        .unwrap();
        commit(store, vec![event(&ended, at(50), fact)]).await.unwrap();
        assert_eq!(read(ended.id).await, Some(ended));
    }
    assert_eq!(read(MandateRequestId::from_uuid(id())).await, None);
}

pub(crate) async fn mandate_requests_are_listed_for_both_sides_page_by_page(fresh: &Fresh) {
    let store = &fresh.store;
    let (anna, bo, entry) = (person(store).await, person(store).await, entry(store, "M14").await);
    let other = person(store).await;
    let mut made = Vec::new();
    for (grantor, representative) in [(anna, bo), (bo, anna), (anna, other), (other, bo)] {
        let (asked, asking) = request(grantor, representative, &entry, false);
        commit(store, vec![asking]).await.unwrap();
        made.push(asked);
    }
    made.sort_by_key(|asked| std::cmp::Reverse(asked.id));
    let mut tx = store.read().await.unwrap();
    for person in [anna, bo, other] {
        let expected: Vec<MandateRequest> =
            made.iter().filter(|r| r.grantor == person || r.representative == person).cloned().collect();
        assert_eq!(tx.mandate_requests_of(person, None, 10).await.unwrap(), expected);
        let first = tx.mandate_requests_of(person, None, 1).await.unwrap();
        let rest = tx.mandate_requests_of(person, Some(first[0].id), 10).await.unwrap();
        assert_eq!([first, rest].concat(), expected);
    }
}
