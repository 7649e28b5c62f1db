//! Whose answer counts for a child: a function of the rule of the type, the child's age and who has custody.

use super::{Holder, OF_AGE, YOUNG};
use crate::{
    catalogue::ConsentType, catalogue::ParentalRule, id::PersonId, instant::LocalDate, reason::Reason,
};
use std::collections::BTreeSet;

/// What is known of a child's family on a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Family {
    /// The child.
    pub child: PersonId,
    /// When they were born. Of whom that is not known nobody is a child.
    pub born: Option<LocalDate>,
    /// Those who have custody and live.
    pub holders: BTreeSet<Holder>,
}

/// Whose answer counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deciders {
    /// The person alone.
    Alone,
    /// Any one of them; never empty.
    AnyOf(BTreeSet<PersonId>),
    /// All of them; never empty. The child is one of them where their own voice is needed too.
    AllOf(BTreeSet<PersonId>),
}

impl Deciders {
    /// Those whose voices count; nobody where the person answers alone.
    pub fn voices(&self) -> BTreeSet<PersonId> {
        match self {
            Self::Alone => BTreeSet::new(),
            Self::AnyOf(who) | Self::AllOf(who) => who.clone(),
        }
    }

    /// Whether what these said yes to together is decided. Without anybody's voice, nothing is.
    pub fn are_met_by(&self, said_yes: &BTreeSet<PersonId>, excepted: &BTreeSet<PersonId>) -> bool {
        match self {
            Self::Alone => false,
            Self::AnyOf(who) => !who.is_disjoint(said_yes),
            Self::AllOf(who) => {
                !who.is_disjoint(said_yes)
                    && who.iter().all(|one| said_yes.contains(one) || excepted.contains(one))
            }
        }
    }
}

impl Family {
    /// Years completed on that day; `None` where nobody knows.
    pub fn age_on(&self, day: LocalDate) -> Option<i32> {
        self.born.map(|born| day.years_since(born))
    }

    /// Whether custody gives anybody a say on that day: until the child is 18.
    pub fn is_minor(&self, day: LocalDate) -> bool {
        self.age_on(day).is_some_and(|age| age < i32::from(OF_AGE))
    }

    /// Whether digital access for parents has ended: from 15 they see only what they themselves decide or have decided.
    pub fn is_young(&self, day: LocalDate) -> bool {
        self.age_on(day).is_some_and(|age| age >= i32::from(YOUNG))
    }
}

/// Whose answer counts on that day for a consent of that type.
///
/// `CHILD_SELF_15` below 15 asks all who have custody: what it is used for, health and sensitive data, is no everyday matter, and in
/// what is none those who share custody must agree (forældreansvarsloven section 3). `CHILD_AND_HOLDERS` asks the child too from the
/// type's own age on.
pub fn who_answers(of: &ConsentType, family: &Family, day: LocalDate) -> Result<Deciders, Reason> {
    let Some(age) = family.age_on(day).filter(|age| *age < i32::from(OF_AGE)) else {
        return Ok(Deciders::Alone);
    };
    let all: BTreeSet<PersonId> = family.holders.iter().map(|h| h.person).collect();
    let (alone_from, who) = match of.parental_rule {
        ParentalRule::OneHolder => (of.min_age, Deciders::AnyOf(all)),
        ParentalRule::BothHolders => (of.min_age, Deciders::AllOf(all)),
        ParentalRule::ResidentParent => {
            let resident = family.holders.iter().filter(|h| h.lives_with).map(|h| h.person);
            (of.min_age, Deciders::AnyOf(resident.collect()))
        }
        ParentalRule::ChildSelf15 => (YOUNG, Deciders::AllOf(all)),
        ParentalRule::ChildAndHolders if age < i32::from(of.min_age) => (OF_AGE, Deciders::AllOf(all)),
        ParentalRule::ChildAndHolders => (OF_AGE, with_child(all, family.child)),
    };
    match who {
        _ if age >= i32::from(alone_from) => Ok(Deciders::Alone),
        Deciders::AnyOf(who) | Deciders::AllOf(who) if who.is_empty() => Err(Reason::CustodyUnknown),
        who => Ok(who),
    }
}

/// The child's voice beside those of whoever has custody; where nobody is known to have it, theirs alone is not enough.
fn with_child(holders: BTreeSet<PersonId>, child: PersonId) -> Deciders {
    if holders.is_empty() {
        return Deciders::AllOf(holders);
    }
    Deciders::AllOf(holders.into_iter().chain([child]).collect())
}

/// The first day after `day` on which somebody else answers because of the child's age, if there is one.
pub fn changes_after(of: &ConsentType, family: &Family, day: LocalDate) -> Option<LocalDate> {
    let born = family.born?;
    let ages: &[u8] = match of.parental_rule {
        ParentalRule::ChildSelf15 => &[YOUNG],
        ParentalRule::ChildAndHolders => &[of.min_age, OF_AGE],
        ParentalRule::OneHolder | ParentalRule::BothHolders | ParentalRule::ResidentParent => &[of.min_age],
    };
    let birthdays = ages.iter().map(|age| born.birthday((*age).min(OF_AGE)));
    birthdays.filter(|birthday| *birthday > day).min()
}
