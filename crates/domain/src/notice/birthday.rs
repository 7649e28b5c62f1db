//! A birthday on which the law changes who decides, as people are told of it.

use super::NoticeKind;
use crate::{birthday::BirthdayRule, instant::Instant, person::Person};

/// Somebody's birthday on which that rule comes to them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Birthday {
    /// Whose.
    pub child: Person,
    /// Which rule.
    pub rule: &'static BirthdayRule,
}

impl Birthday {
    /// When it is; `None` where nobody knows when they were born.
    pub fn at(&self) -> Option<Instant> {
        self.child.born.map(|born| self.rule.comes(born))
    }

    /// What people are told of it.
    pub(super) const fn kind(&self) -> Option<NoticeKind> {
        match self.rule.age {
            10 => Some(NoticeKind::ChildTurnsTen),
            15 => Some(NoticeKind::ChildTurnsFifteen),
            18 => Some(NoticeKind::ChildTurnsEighteen),
            _ => None,
        }
    }
}
