//! The list of an authority's consents, held against what the domain says is on it.

use crate::make::{at, commit, consent, entry, event, id, person, shown};
use tillid_domain::{
    CalendarPeriod, Instant, LocalDate,
    catalogue::{Channel, Polarity},
    collected::Collected,
    consent::{Consent, ConsentStanding, ConsentState},
    event::{EndCause, Fact},
    id::{DeclarationId, DocumentId},
    listing::ConsentFilter,
};
use tillid_storage::ConsentPart;
use tillid_testkit::{Fresh, catalogue::cvr};

const OWN: &str = "eksempel-kommune";
const OTHER: &str = "nabo-kommune";
const CONSENTS: usize = 90;

fn day(days: u16) -> LocalDate {
    at(0).local_date().plus(CalendarPeriod::days(days + 1))
}

/// Consents of every kind, of which some have the same end.
async fn many(fresh: &Fresh) -> Vec<Consent> {
    let store = &fresh.store;
    let (anna, types) = (person(store).await, [entry(store, "C15").await, entry(store, "C02").await]);
    let (mut all, mut events) = (Vec::new(), Vec::new());
    for n in 0..CONSENTS {
        let of = &types[usize::from(n % 3 == 0)];
        let text = shown(store, anna, of).await;
        let authority = if n % 7 == 0 { OTHER } else { OWN };
        let (one, _) = consent(anna, of, text, DeclarationId::from_uuid(id()), authority, n % 11 != 0);
        let mut answer = one.answer.clone();
        if n % 5 == 0 {
            answer.polarity = Polarity::OptOut;
        }
        answer.case = (n % 4 != 0).then(|| format!("sag-{}", n % 3).parse().unwrap());
        if n % 6 == 0 {
            answer.collected =
                Collected::Paper { signed_on: at(0).local_date(), document: DocumentId::from_uuid(id()) };
        }
        answer.valid.from = if n % 13 == 0 { day(30).start() } else { answer.valid.from };
        answer.valid.to = (n % 9 != 0).then(|| day(u16::try_from(n % 12).unwrap() * 7).start());
        let given = one.state == ConsentState::Given;
        let fact =
            if given { Fact::ConsentGiven(answer.clone()) } else { Fact::ConsentDeclined(answer.clone()) };
        let one = Consent { answered_at: answer.collected.answered_at(at(4)), answer, ..one };
        events.push(event(&one, at(4), fact));
        let ended = match n % 8 {
            _ if !given => None,
            1 => one.clone().withdraw(None, at(9)).ok(),
            2 => one.clone().lapse(EndCause::Death, at(7), at(9)).ok(),
            _ => None,
        };
        match ended {
            Some((ended, fact)) => {
                events.push(event(&ended, at(9), fact));
                all.push(ended);
            }
            None => all.push(one),
        }
    }
    commit(store, events).await.unwrap();
    all
}

/// One filter for each thing that can be asked, and pairs of them.
fn filters() -> Vec<ConsentFilter> {
    let none = ConsentFilter::default;
    let mut singles = vec![
        none(),
        ConsentFilter { consent_type: Some("C02".parse().unwrap()), ..none() },
        ConsentFilter { polarity: Some(Polarity::OptOut), ..none() },
        ConsentFilter { case: Some("sag-1".parse().unwrap()), ..none() },
        ConsentFilter { case: Some("sag-9".parse().unwrap()), ..none() },
        ConsentFilter { channel: Some(Channel::Paper), ..none() },
        ConsentFilter { ends_from: Some(day(20)), ..none() },
        ConsentFilter { ends_to: Some(day(41)), ..none() },
        ConsentFilter { ends_from: Some(day(6)), ends_to: Some(day(55)), ..none() },
        ConsentFilter { ends_from: Some(day(55)), ends_to: Some(day(6)), ..none() },
    ];
    singles.extend(ConsentStanding::ALL.map(|standing| ConsentFilter { standing: Some(standing), ..none() }));
    let both = |a: &ConsentFilter, b: &ConsentFilter| ConsentFilter {
        consent_type: a.consent_type.clone().or(b.consent_type.clone()),
        standing: a.standing.or(b.standing),
        polarity: a.polarity.or(b.polarity),
        case: a.case.clone().or(b.case.clone()),
        channel: a.channel.or(b.channel),
        ends_from: a.ends_from.or(b.ends_from),
        ends_to: a.ends_to.or(b.ends_to),
    };
    let pairs: Vec<_> = singles.iter().flat_map(|a| singles.iter().map(move |b| both(a, b))).collect();
    pairs
}

fn expected(all: &[Consent], filter: &ConsentFilter, now: Instant) -> Vec<Consent> {
    let theirs = |c: &&Consent| c.answer.authority == cvr(OWN) && filter.has(c, now);
    let mut listed: Vec<Consent> = all.iter().filter(theirs).cloned().collect();
    if filter.is_by_end() {
        listed.sort_by_key(|c| (c.answer.valid.to, c.id));
    } else {
        listed.sort_by_key(|c| std::cmp::Reverse(c.id));
    }
    listed
}

pub(crate) async fn a_list_holds_what_the_domain_says_in_either_direction(fresh: &Fresh) {
    let all = many(fresh).await;
    let mut tx = fresh.store.read().await.unwrap();
    let mut longest = 0;
    for now in [at(20), day(40).start()] {
        for filter in filters() {
            let expected = expected(&all, &filter, now);
            longest = longest.max(expected.len());
            for (back, limit) in [(false, 4), (true, 7), (false, 200)] {
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let part = ConsentPart { authority: cvr(OWN), filter: &filter, now, after, back, limit };
                    let part = tx.consents_towards(&part).await.unwrap();
                    assert!(part.len() <= limit as usize);
                    let Some(last) = part.last() else { break };
                    after = Some(filter.place(last));
                    seen.extend(part);
                }
                if back {
                    seen.reverse();
                }
                assert_eq!(seen, expected, "{filter:?} back {back}");
            }
        }
    }
    assert!(longest > 60);
}
