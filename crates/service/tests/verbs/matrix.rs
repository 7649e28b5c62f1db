//! Every nature of consent, by every channel, to every ending: it counts while it stands, and never afterwards.

use crate::{
    collecting::{CASE, SCAN, imported, looked_up, prose, said, told_to},
    deciding::{ask, data},
};
use std::collections::BTreeSet;
use tillid_domain::{
    actor::Purpose,
    catalogue::{Channel, ConsentType, Definition, Polarity},
    collected::{AnnulmentGround, Assistance, Collected},
    consent::ConsentStanding,
    decision::Verdict,
    id::PersonId,
    presentation::Means,
};
use tillid_service::{NewPerson, TypedConsent};
use tillid_testkit::{
    World,
    catalogue::{consent_type, cvr},
    people::{OWN, caseworker, citizen, machine},
};

/// A type of each nature, and one of negative polarity.
const TYPES: [&str; 7] = ["C01", "C15", "C08", "C07", "C06", "C16", "X03"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    TakenBack,
    TakenBackOnTheirWord,
    Expired,
    CaseClosed,
    Annulled,
    Death,
}

impl Ending {
    const ALL: [Self; 6] = [
        Self::TakenBack,
        Self::TakenBackOnTheirWord,
        Self::Expired,
        Self::CaseClosed,
        Self::Annulled,
        Self::Death,
    ];

    /// What staff registered wrongly never counted; what the person answered here was not registered by staff.
    fn may_follow(self, of: &ConsentType, channel: Channel) -> bool {
        match self {
            Self::Annulled => channel != Channel::Digital,
            Self::CaseClosed => of.duration.ends_with_case,
            Self::TakenBack | Self::TakenBackOnTheirWord | Self::Expired | Self::Death => true,
        }
    }

    const fn standing(self) -> ConsentStanding {
        match self {
            Self::TakenBack | Self::TakenBackOnTheirWord => ConsentStanding::Withdrawn,
            Self::Expired => ConsentStanding::Expired,
            Self::CaseClosed | Self::Death => ConsentStanding::Lapsed,
            Self::Annulled => ConsentStanding::Annulled,
        }
    }
}

async fn given(world: &World, of: &ConsentType, person: PersonId, channel: Channel) -> Vec<TypedConsent> {
    let code = of.code.as_str();
    let means = match channel {
        Channel::Digital => return world.consent(person, code).await,
        Channel::Oral => Means::Told,
        Channel::Paper => Means::Paper,
        Channel::Imported => Means::Elsewhere,
    };
    let hans = looked_up(world, caseworker(OWN), person, Purpose::CaseProcessing).await;
    let shown = told_to(world, &hans, code, means).await;
    let collected = match channel {
        Channel::Paper => {
            let document = world.service.keep_document(&hans, SCAN).await.unwrap().value.id;
            Collected::Paper { signed_on: world.now().local_date(), document }
        }
        Channel::Imported => imported(world.now()),
        Channel::Oral | Channel::Digital => said(world),
    };
    let yes = world.all(true, shown).await;
    world.service.register_consents(&hans, shown, &yes, &collected).await.unwrap().value
}

async fn end(world: &World, person: PersonId, given: &[TypedConsent], ending: Ending) {
    let hans = looked_up(world, caseworker(OWN), person, Purpose::CaseProcessing).await;
    match ending {
        Ending::Expired => return world.ambient.set(given[0].consent.answer.valid.to.unwrap()),
        Ending::Death => {
            return world.service.register_death(person, world.now().local_date()).await.unwrap();
        }
        Ending::CaseClosed => {
            let ended = world.service.close_case(&hans, &CASE.parse().unwrap()).await.unwrap();
            assert!(ended.value.consents >= given.len());
            return;
        }
        Ending::TakenBack | Ending::TakenBackOnTheirWord | Ending::Annulled => {}
    }
    for one in given {
        let id = one.consent.id;
        let done = match ending {
            Ending::TakenBack => world.service.withdraw_consent(&citizen(person), id).await,
            Ending::Annulled => {
                let ground = AnnulmentGround::WrongPerson;
                world.service.annul_consent(&hans, id, ground, &prose("En anden borger")).await
            }
            _ => {
                let word = Assistance::Oral { note: prose("Bad om det i telefonen") };
                world.service.withdraw_consent_for(&hans, id, &word).await
            }
        };
        done.unwrap();
    }
}

async fn cell(world: &World, of: &ConsentType, channel: Channel, ending: Ending) -> PersonId {
    let what = format!("{} {channel:?} {ending:?}", of.code);
    let new = NewPerson { born: Some("1960-01-01".parse().unwrap()), ..NewPerson::default() };
    let person = world.service.register_person(&new).await.unwrap();
    let given = given(world, of, person, channel).await;
    assert!(given.iter().all(|one| one.standing == ConsentStanding::Active), "{what}");
    assert!(given.iter().all(|one| one.consent.answer.collected.channel() == channel), "{what}");
    let holds = async || {
        let asked = ask(world, &machine(OWN), data(person, of.authority, of.code.as_str())).await;
        matches!(asked.answer.verdict, Verdict::Yes { .. })
    };
    let permits = of.polarity == Polarity::Consent;
    assert_eq!(holds().await, permits, "{what}: while it stands");
    end(world, person, &given, ending).await;
    let mut tx = world.store.read().await.unwrap();
    for one in &given {
        let now = tx.consent(one.consent.id).await.unwrap().unwrap();
        assert_eq!(now.standing(world.now()), ending.standing(), "{what}");
    }
    drop(tx);
    assert!(!holds().await, "{what}: afterwards");
    person
}

/// About whom there are tasks.
async fn tasks(world: &World) -> BTreeSet<PersonId> {
    let (mut about, mut above) = (BTreeSet::new(), None);
    loop {
        let (page, _) = world.service.list_tasks(&caseworker(OWN), above, 200).await.unwrap();
        about.extend(page.items.iter().map(|task| task.task.work.person));
        above = page.next;
        if above.is_none() {
            return about;
        }
    }
}

pub(crate) async fn r07_r22_every_nature_by_every_channel_to_every_ending(world: &World) {
    let (mut natures, mut became_tasks, mut cells) = (Vec::new(), BTreeSet::new(), 0);
    for code in TYPES {
        let of = ConsentType { authority: cvr(OWN), ..consent_type(code) };
        world.service.import_entry(Definition::ConsentType(Box::new(of.clone()))).await.unwrap();
        if !natures.contains(&of.legal_nature) {
            natures.push(of.legal_nature);
        }
        let elsewhere = (!of.channels.contains(&Channel::Imported)).then_some(Channel::Imported);
        for channel in of.channels.iter().copied().chain(elsewhere) {
            for ending in Ending::ALL.into_iter().filter(|ending| ending.may_follow(&of, channel)) {
                let person = cell(world, &of, channel, ending).await;
                // Also what never counted may have been acted on.
                let undone = [Ending::TakenBack, Ending::TakenBackOnTheirWord, Ending::Annulled];
                if undone.contains(&ending) && of.polarity == Polarity::Consent {
                    became_tasks.insert(person);
                }
                cells += 1;
            }
        }
    }
    assert_eq!(natures.len(), 6, "every nature");
    assert!(cells > 120, "{cells}");
    assert_eq!(tasks(world).await, became_tasks);
}
