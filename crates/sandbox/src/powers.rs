//! What a register tells of guardianships and lasting powers, as the sandbox lets it happen.

use tillid_domain::{
    Reason,
    id::{PersonId, StatutoryId},
    source::Source,
    statutory::{StatutoryPower, StatutoryStanding},
};
use tillid_service::{Error, NewCharge, NewStatutory, Service};

const SOURCE: Source = Source::Register {};

/// Somebody gets a guardian; where they have one already, something else holds of it from that day on; where nobody is named, it is over.
pub(crate) async fn guardianship(service: &Service, person: PersonId, new: NewCharge) -> Result<(), Error> {
    let known = find(service, person, |power| power.dormant.is_none()).await?;
    match known {
        Some(id) if new.holders.is_empty() => service.tell_end(id, new.from, &SOURCE).await,
        Some(id) => service.tell_change(id, &new, &SOURCE).await,
        None => service.tell_statutory(person, &NewStatutory::Guardianship(new), &SOURCE).await.map(drop),
    }
}

/// Somebody's lasting power is registered, or put in force, or over where nobody is named.
pub(crate) async fn lasting(
    service: &Service,
    person: PersonId,
    new: NewCharge,
    in_force: bool,
) -> Result<(), Error> {
    if !in_force && new.from.is_some() && !new.holders.is_empty() {
        // It has no days before it is in force.
        return Err(Error::invalid("/from", Reason::StatutoryImpossible));
    }
    // What is refused when it is to be in force must not be left dormant.
    service.must_be_of_our_time(&new).await?;
    let known = find(service, person, |power| power.dormant.is_some()).await?;
    if let Some(id) = known.filter(|_| new.holders.is_empty()) {
        return service.tell_end(id, new.from, &SOURCE).await;
    }
    let id = match known.filter(|_| in_force) {
        Some(id) => id,
        None => {
            let NewCharge { holders: attorneys, areas, .. } = new.clone();
            let dormant = NewStatutory::LastingPower { attorneys, areas };
            service.tell_statutory(person, &dormant, &SOURCE).await?
        }
    };
    if in_force { service.tell_change(id, &new, &SOURCE).await } else { Ok(()) }
}

/// The one that a register would go on from: what holds or will, else what is dormant.
async fn find(
    service: &Service,
    person: PersonId,
    is_it: impl Fn(&StatutoryPower) -> bool,
) -> Result<Option<StatutoryId>, Error> {
    let mut open = service.open_statutory(person).await?;
    open.retain(|power| is_it(power));
    let today = service.business_now().await?.local_date();
    let dormant = |power: &&StatutoryPower| power.standing(today) == StatutoryStanding::Dormant;
    let in_force = open.iter().find(|power| !dormant(power));
    Ok(in_force.or(open.iter().find(dormant)).map(|power| power.id))
}
