//! Mandates, and the powers that follow from them.

use crate::make::{at, commit, entry, event, id, mandate, person, shown};
use tillid_domain::{
    Instant,
    catalogue::CatalogueEntry,
    event::{EndCause, Event, Fact, MandatePeriod},
    id::{MandateId, PersonId},
    mandate::{Mandate, RenunciationGround, RevocationGround, Under},
    power::powers_of,
};
use tillid_storage::Store;
use tillid_testkit::Fresh;

struct Setting {
    anna: PersonId,
    bo: PersonId,
    entry: CatalogueEntry,
}

async fn setting(store: &Store) -> Setting {
    let (anna, bo) = (person(store).await, person(store).await);
    let entry = entry(store, "M14").await;
    Setting { anna, bo, entry }
}

/// A mandate that was shown to its grantor before, and its event.
async fn from_to(
    store: &Store,
    grantor: PersonId,
    representative: PersonId,
    entry: &CatalogueEntry,
    case: Option<&str>,
) -> (Mandate, Event) {
    let presentation = shown(store, grantor, entry).await;
    mandate(grantor, representative, entry, presentation, case)
}

async fn read(store: &Store, id: MandateId) -> Mandate {
    store.read().await.unwrap().mandate(id).await.unwrap().unwrap()
}

pub(crate) async fn a_mandate_reads_back_in_each_state(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    for end in 0..5 {
        let case = (end == 1).then_some("27.36.04-Ø12");
        let (given, giving) = from_to(store, anna, bo, &entry, case).await;
        commit(&fresh.store, vec![giving]).await.unwrap();
        assert_eq!(read(&fresh.store, given.id).await, given);
        let (ended, fact) = match end {
            0 => given.revoke(RevocationGround::NotStated, false, None, at(50)),
            1 => given.renounce(RenunciationGround::NotStated, at(50)),
            2 => given.lapse(EndCause::Death, at(40), at(50)),
            3 => given.lapse(EndCause::RepresentativeDeath, at(50), at(50)),
            _ => continue,
        }
        .unwrap();
        commit(&fresh.store, vec![event(&ended, at(50), fact)]).await.unwrap();
        assert_eq!(read(&fresh.store, ended.id).await, ended);
    }
    let unknown = MandateId::from_uuid(id());
    assert!(fresh.store.read().await.unwrap().mandate(unknown).await.unwrap().is_none());
}

pub(crate) async fn a_power_is_only_closed(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    let (given, giving) = from_to(store, anna, bo, &entry, None).await;
    commit(&fresh.store, vec![giving]).await.unwrap();
    let mut administrator = fresh.database.administrator().await;
    let refused = [
        "UPDATE power SET valid_to = valid_to + 1",
        "UPDATE power SET valid_from = valid_from - 1, known_to = 9",
        "UPDATE power SET privilege = 'urn:dk:a:b', known_to = 9",
        "UPDATE power SET case_ref = 'x', known_to = 9",
        "UPDATE power SET known_from = known_from - 1, known_to = 9",
        "UPDATE power SET representative_id = grantor_id, known_to = 9",
        "UPDATE power SET known_to = NULL",
        "UPDATE power SET ended = 'revoked', known_to = 9",
        "UPDATE power SET source_revision = 9, known_to = 9",
    ];
    for sql in refused {
        let error = administrator.execute(sql).await.expect_err(sql).to_string();
        assert!(error.contains("only closed"), "{sql}: {error}");
    }
    let (ended, fact) = given.revoke(RevocationGround::NotStated, false, None, at(50)).unwrap();
    commit(&fresh.store, vec![event(&ended, at(50), fact)]).await.unwrap();
    let closed = "UPDATE power SET known_to = known_to + 1 WHERE known_to IS NOT NULL";
    assert!(administrator.execute(closed).await.is_err(), "what is closed is closed");
    let opened = "UPDATE power SET known_to = NULL WHERE known_to IS NOT NULL";
    assert!(administrator.execute(opened).await.is_err());
}

pub(crate) async fn the_powers_are_what_the_history_says(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    // Ended before it began, at its very start, within it, and never; the start is ten seconds in.
    for end in [Some(6), Some(10), Some(50), None] {
        let (given, giving) = from_to(store, anna, bo, &entry, None).await;
        let id = given.id.as_uuid();
        let mut history = commit(&fresh.store, vec![giving]).await.unwrap();
        let found = fresh.store.read().await.unwrap().powers_of(id).await.unwrap();
        assert_eq!(found, powers_of(&history));
        assert_eq!(found.len(), 2);
        let Some(end) = end else { continue };
        let (ended, fact) = given.revoke(RevocationGround::NotStated, false, None, at(end)).unwrap();
        history.extend(commit(&fresh.store, vec![event(&ended, at(end), fact)]).await.unwrap());
        let found = fresh.store.read().await.unwrap().powers_of(id).await.unwrap();
        assert_eq!(found, powers_of(&history), "ended at {end}");
        assert_eq!(found.len(), if end > 10 { 4 } else { 2 });
    }
    // Given and ended in one commit, as a seed or a correction would.
    let (given, giving) = from_to(store, anna, bo, &entry, None).await;
    let id = given.id.as_uuid();
    let (ended, fact) = given.revoke(RevocationGround::NotStated, false, None, at(60)).unwrap();
    let history = commit(&fresh.store, vec![giving, event(&ended, at(60), fact)]).await.unwrap();
    assert_eq!(fresh.store.read().await.unwrap().powers_of(id).await.unwrap(), powers_of(&history));
}

pub(crate) async fn a_privilege_holds_from_its_start_to_its_end_and_not_in_a_case(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    let (_, giving) = from_to(store, anna, bo, &entry, None).await;
    let (_, in_a_case) = from_to(store, bo, anna, &entry, Some("S1")).await;
    let (mut forever, mut giving_forever) = from_to(store, anna, anna, &entry, None).await;
    forever.valid = MandatePeriod { from: Instant::MIN, to: Instant::MAX };
    if let Fact::MandateGiven { valid, .. } = &mut giving_forever.fact {
        *valid = forever.valid;
    }
    giving_forever.subjects = vec![anna];
    commit(&fresh.store, vec![giving, in_a_case, giving_forever]).await.unwrap();
    let mut tx = fresh.store.read().await.unwrap();
    let both = ["urn:dk:a:handle", "urn:dk:a:laes"].map(|p| p.parse().unwrap()).to_vec();
    let just = |m: Instant| Instant::from_micros(m.as_micros() - 1);
    for (moment, held) in [(just(at(10)), false), (at(10), true), (just(at(1_000)), true), (at(1_000), false)]
    {
        let found = tx.privileges(anna, bo, moment).await.unwrap();
        assert_eq!(found, if held { both.clone() } else { Vec::new() }, "at {moment}");
    }
    assert_eq!(tx.privileges(bo, anna, at(500)).await.unwrap(), [], "a power for one case is no general one");
    assert_eq!(tx.privileges(anna, anna, Instant::MIN).await.unwrap(), both);
    assert_eq!(tx.privileges(anna, anna, Instant::MAX).await.unwrap(), [], "an end is not inside");
}

pub(crate) async fn mandates_are_listed_for_both_sides(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    let (mut made, mut events) = (Vec::new(), Vec::new());
    for n in 0..11 {
        let (from, to) = if n % 2 == 0 { (anna, bo) } else { (bo, anna) };
        let (given, giving) = from_to(store, from, to, &entry, None).await;
        made.insert(0, given);
        events.push(giving);
    }
    commit(&fresh.store, events).await.unwrap();
    let other = person(&fresh.store).await;
    let mut tx = fresh.store.read().await.unwrap();
    for side in [anna, bo] {
        let (mut seen, mut below) = (Vec::new(), None);
        loop {
            let page = tx.mandates_of(side, below, 4).await.unwrap();
            let Some(last) = page.last() else { break };
            below = Some(last.id);
            seen.extend(page);
        }
        assert_eq!(seen, made);
    }
    assert_eq!(tx.mandates_of(other, None, 4).await.unwrap(), []);
}

pub(crate) async fn everything_below_a_mandate_is_found_at_every_level(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    let (top, giving) = from_to(store, anna, bo, &entry, None).await;
    commit(store, vec![giving]).await.unwrap();
    // Two below it, and one below the second of these; and something of the same two that has nothing to do with it.
    let mut below: Vec<Mandate> = Vec::new();
    for level in [1, 1, 2] {
        let above = if level == 1 { &top } else { &below[1] };
        let to = person(store).await;
        let presentation = shown(store, above.representative, &entry).await;
        let (mandate, mut giving) = mandate(anna, to, &entry, presentation, None);
        let on = Under { mandate: above.id, by: above.representative, level };
        if let Fact::MandateGiven { under, .. } = &mut giving.fact {
            *under = Some(on);
        }
        giving.subjects.push(above.representative);
        let passed_on = Mandate { under: Some(on), ..mandate };
        commit(store, vec![giving]).await.unwrap();
        assert_eq!(read(store, passed_on.id).await, passed_on);
        below.push(passed_on);
    }
    commit(store, vec![from_to(store, anna, bo, &entry, None).await.1]).await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.mandates_below(top.id).await.unwrap(), below);
    assert_eq!(tx.mandates_below(below[1].id).await.unwrap(), below[2..]);
    assert_eq!(tx.mandates_below(below[0].id).await.unwrap(), []);
    let by_bo = tx.mandates_of(bo, None, 9).await.unwrap();
    assert!(below[..2].iter().all(|mandate| by_bo.contains(mandate)), "whoever passed something on finds it");
}

pub(crate) async fn the_newest_mandate_between_two_is_found(fresh: &Fresh) {
    let Setting { anna, bo, entry } = setting(&fresh.store).await;
    let store = &fresh.store;
    let (_, first) = from_to(store, anna, bo, &entry, None).await;
    let (second, then) = from_to(store, anna, bo, &entry, None).await;
    commit(&fresh.store, vec![first, then]).await.unwrap();
    let mut tx = fresh.store.read().await.unwrap();
    assert_eq!(tx.newest_mandate(anna, bo).await.unwrap(), Some(second));
    assert_eq!(tx.newest_mandate(bo, anna).await.unwrap(), None);
}
