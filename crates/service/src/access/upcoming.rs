//! What is to come for a person, or for whom they act for as far as their powers reach (M10).

use crate::{
    Call, Error, Service,
    consent::view::TypedConsent,
    guard::principal,
    mandate::request::SeenMandateRequest,
    statutory::{StatutorySeen, StatutoryWhat},
};
use tillid_domain::{
    CalendarPeriod, Instant, Reason,
    access::{Act, SEE_CONSENTS},
    actor::Who,
    birthday::BirthdayRule,
    catalogue::ConsentType,
    id::{CustodyId, PersonId, StatutoryId},
    mandate::Mandate,
    person::Person,
    request::ConsentRequest,
    text::Code,
    upcoming::{Horizon, Upcoming},
};
use tillid_storage::Tx;

/// More of each kind than anybody has.
const ALL: u32 = 10_000;

/// What something that is to come happens to, as the caller may see it.
#[derive(Clone, Debug)]
pub enum ComingTo {
    /// A consent.
    Consent(Box<TypedConsent>),
    /// A request for consent, and what is asked for.
    Request(Box<(ConsentRequest, ConsentType)>),
    /// A mandate that the person gave or holds.
    Mandate(Box<Mandate>),
    /// A request for a mandate.
    MandateRequest(Box<SeenMandateRequest>),
    /// What somebody holds over the person by law or decision, or the person over somebody.
    Statutory(Box<StatutorySeen>),
    /// A birthday of the person, or of a child of whom they have custody.
    Birthday {
        /// Whose.
        person: Box<Person>,
        /// Which.
        rule: &'static BirthdayRule,
        /// The packages that those who have custody no longer have from then on.
        ends: Vec<Code>,
    },
}

/// Something that is to come.
#[derive(Clone, Debug)]
pub struct Coming {
    /// When, and what.
    pub upcoming: Upcoming,
    /// What it happens to.
    pub to: ComingTo,
}

impl Service {
    /// What is to come within that time if nobody does anything, the first first. What it says will happen is what then happens: it is
    /// computed by the same rules.
    pub async fn upcoming(
        &self,
        call: &Call,
        within: CalendarPeriod,
    ) -> Result<(Vec<Coming>, Instant), Error> {
        principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let (tx, view) = self.in_view(tx, call).await?;
        let person = view.person;
        let mut tx = self.must_see(tx, call, Act::SeeOverview, person, now).await?;
        let horizon = Horizon { now, until: now.local_date().plus(within).next().start() };
        let mut coming = self.ends_to_come(&mut tx, call, person, &horizon).await?;
        if matches!(call.actor.who, Who::Citizen { acting_for: None, .. }) {
            coming.extend(self.law_to_come(&mut tx, call, person, &horizon).await?);
        }
        drop(tx);
        self.watched(call, &view, Act::SeeOverview, None, true, now).await?;
        coming.sort_by_key(|coming| (coming.upcoming.at, coming.upcoming.what.about()));
        Ok((coming, now))
    }

    /// What ends or begins of what somebody gave or was asked for.
    async fn ends_to_come(
        &self,
        tx: &mut Tx<tillid_storage::Read>,
        call: &Call,
        person: PersonId,
        horizon: &Horizon,
    ) -> Result<Vec<Coming>, Error> {
        let now = horizon.now;
        let mut all = Vec::new();
        for mandate in self.mandates_in_view(tx, call, person, None, ALL, now).await?.items {
            let of = horizon.of_mandate(&mandate);
            all.extend(coming(of, || ComingTo::Mandate(Box::new(mandate.clone()))));
        }
        let own = matches!(call.actor.who, Who::Citizen { acting_for: None, .. });
        let powers = self.powers(tx, call, now).await?;
        if own || powers.iter().any(|power| power.as_str() == SEE_CONSENTS) {
            for typed in self.consents_in_view(tx, call, person, None, ALL, now).await?.items {
                let of = horizon.of_consent(&typed.consent);
                all.extend(coming(of, || ComingTo::Consent(Box::new(typed.clone()))));
            }
            for asked in self.requests_in_view(tx, call, person, None, ALL, now).await?.items {
                let of = horizon.of_request(&asked.0);
                all.extend(coming(of, || ComingTo::Request(Box::new(asked.clone()))));
            }
        }
        if own {
            for seen in self.mandate_requests_in_view(tx, call, person, None, ALL, now).await?.items {
                let of = horizon.of_mandate_request(&seen.request);
                all.extend(coming(of, || ComingTo::MandateRequest(Box::new(seen.clone()))));
            }
        }
        Ok(all)
    }

    /// What the law and decisions bring: to the person, and to those for whom they act because of it.
    async fn law_to_come(
        &self,
        tx: &mut Tx<tillid_storage::Read>,
        call: &Call,
        person: PersonId,
        horizon: &Horizon,
    ) -> Result<Vec<Coming>, Error> {
        let mut all = Vec::new();
        for seen in self.statutory_in_view(tx, call, person, horizon.now).await? {
            let of = match seen.what {
                StatutoryWhat::Custody => {
                    let custody = tx.custody(CustodyId::from_uuid(seen.id)).await?;
                    let child = self.known_person(tx, seen.person).await?;
                    custody.and_then(|custody| horizon.of_custody(&custody, &child)).into_iter().collect()
                }
                StatutoryWhat::Guardianship | StatutoryWhat::LastingPower => {
                    let power = tx.statutory(StatutoryId::from_uuid(seen.id)).await?;
                    power.map(|power| horizon.of_power(&power)).unwrap_or_default()
                }
            };
            all.extend(coming(of, || ComingTo::Statutory(Box::new(seen.clone()))));
        }
        let mut young = tx.children_of(person).await?;
        young.push(person);
        for young in young {
            let known = self.known_person(tx, young).await?;
            let told = tx.custody_of(young).await?.is_some();
            for (rule, upcoming) in horizon.of_birthdays(&known, told) {
                let (person, ends) = (Box::new(known.clone()), self.ended_by_birthday(tx, rule).await?);
                all.push(Coming { upcoming, to: ComingTo::Birthday { person, rule, ends } });
            }
        }
        Ok(all)
    }

    /// The packages in use whose privileges those who have custody lose on that birthday.
    async fn ended_by_birthday<M>(&self, tx: &mut Tx<M>, rule: &BirthdayRule) -> Result<Vec<Code>, Error> {
        let entries = tx.catalogue().await?;
        let in_use = entries.iter().filter(|entry| entry.is_published()).filter_map(|e| e.mandate_package());
        let ending = in_use.filter(|p| p.statutory.is_some_and(|s| s.custody_until == Some(rule.age)));
        Ok(ending.map(|package| package.code.clone()).collect())
    }
}

fn coming(of: impl IntoIterator<Item = Upcoming>, to: impl Fn() -> ComingTo) -> Vec<Coming> {
    of.into_iter().map(|upcoming| Coming { upcoming, to: to() }).collect()
}
