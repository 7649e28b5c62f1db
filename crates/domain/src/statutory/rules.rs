//! What of the catalogues such powers carry: data of the packages.

use super::{Area, Relation};
use crate::{Instant, LocalDate, Reason, basis::Basis, catalogue::ParentalRule, family::OF_AGE};
use serde::{Deserialize, Serialize};

/// What a package says of those who act by law or decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statutory {
    /// To which area it belongs: where a ward's capacity is removed in it, the ward gives it to nobody.
    pub area: Area,
    /// Whether guardians and holders of lasting powers have its privileges in that area.
    #[serde(default)]
    pub guardian: bool,
    /// The age, in years, at which those who have custody no longer have its privileges; `None` where they never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody_until: Option<u8>,
    /// Whether it is for children alone: those who have custody give it for the child, and nobody for themselves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub for_children: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Statutory {
    /// Whether the ages are such as the law knows: custody ends at 18.
    pub fn age_fits(&self) -> bool {
        self.custody_until.is_none_or(|age| (1..=OF_AGE).contains(&age))
    }
}

/// What is asked of a relation: a privilege of one version of a package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Carrying {
    /// What the package says of such powers, if it says anything.
    pub statutory: Option<Statutory>,
    /// Whose act counts for a child.
    pub parental_rule: ParentalRule,
}

impl Carrying {
    /// The first moment when the relation no longer carries the privilege, `None` where no end is known; or why it carries it not at
    /// that moment.
    pub fn carried_by(
        &self,
        relation: &Relation,
        born: Option<LocalDate>,
        at: Instant,
    ) -> Result<Option<Instant>, Reason> {
        let says = self.statutory.ok_or(Reason::PowerDoesNotCover)?;
        if relation.basis.is_custody() {
            let age = says.custody_until.ok_or(Reason::PowerDoesNotCover)?;
            // A person whose age nobody knows is nobody's child.
            let of_age = born.ok_or(Reason::NoPower)?.birthday(age.min(OF_AGE)).start();
            let to = relation.to.map_or(of_age, |to| to.min(of_age));
            must_hold(relation, at)?;
            if at >= of_age {
                return Err(Reason::PowerEndedByAge);
            }
            self.must_act_alone(relation)?;
            return Ok(Some(to));
        }
        if !says.guardian || !relation.areas.contains(&says.area) {
            return Err(Reason::PowerDoesNotCover);
        }
        must_hold(relation, at)?;
        // R-33, section 7: both act, and here one does.
        if relation.basis == Basis::CoGuardianS7 { Err(Reason::PowerNeedsWard) } else { Ok(relation.to) }
    }

    /// who shares custody acts alone, but for what all must agree on and what is for whom the child lives with.
    fn must_act_alone(self, relation: &Relation) -> Result<(), Reason> {
        let joint = relation.basis == Basis::CustodyJoint;
        match self.parental_rule {
            ParentalRule::BothHolders if joint => Err(Reason::PowerNeedsOthers),
            ParentalRule::ChildAndHolders => Err(Reason::PowerNeedsOthers),
            ParentalRule::ResidentParent if !relation.lives_with => Err(Reason::PowerDoesNotCover),
            _ => Ok(()),
        }
    }
}

fn must_hold(relation: &Relation, at: Instant) -> Result<(), Reason> {
    if at < relation.from {
        return Err(Reason::PowerNotStarted);
    }
    if relation.to.is_some_and(|to| to <= at) { Err(Reason::PowerEnded) } else { Ok(()) }
}
