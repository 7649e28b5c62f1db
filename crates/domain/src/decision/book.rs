//! What the catalogues say, arranged for questions.

use crate::{
    Cvr, Instant, Kle,
    actor::Sensitivity,
    catalogue::{
        CaseBinding, CatalogueEntry, ConsentType, Definition, EntryState, EntryVersion, Item, ParentalRule,
        Polarity, RepresentativeKind,
    },
    id::EntryId,
    statutory::{Carrying, Statutory},
    text::{Code, PrivilegeUri},
};
use std::collections::BTreeMap;

/// The catalogues at one moment.
#[derive(Clone, Default, Debug)]
pub struct Book {
    privileges: BTreeMap<PrivilegeUri, Vec<KnownPrivilege>>,
    items: BTreeMap<(EntryId, Code), KnownItem>,
}

/// A privilege, in one version of one package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownPrivilege {
    /// The package.
    pub package: EntryVersion,
    /// Whether it can be given.
    pub in_use: bool,
    /// The first moment when it gives nobody anything by law, where it was in use until it was withdrawn.
    pub over_from: Option<Instant>,
    /// Whose it is.
    pub authority: Cvr,
    /// How sensitive.
    pub sensitivity: Sensitivity,
    /// Of how many privileges the package is made.
    pub beside: usize,
    /// Who may be given the package.
    pub representatives: Vec<RepresentativeKind>,
    /// The youngest, in years, who may give it.
    pub grantor_min_age: u8,
    /// What those who act by law or decision have of the package.
    pub statutory: Option<Statutory>,
    /// Whose act counts for a child.
    pub parental_rule: ParentalRule,
}

impl KnownPrivilege {
    /// Whether it gives somebody something by law at that moment: what is not in use gives nobody anything, and what is withdrawn does so
    /// until then.
    pub fn is_in_force(&self, moment: Instant) -> bool {
        self.in_use || self.over_from.is_some_and(|from| moment < from)
    }

    /// Until when it gives what would be there so long.
    pub(super) fn until(&self, to: Option<Instant>) -> Option<Instant> {
        [to, self.over_from].into_iter().flatten().min()
    }

    /// What is asked of those who would use it by law or decision.
    pub const fn carrying(&self) -> Carrying {
        Carrying { statutory: self.statutory, parental_rule: self.parental_rule }
    }
}

/// A specific consent, in one version of one type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownItem {
    /// The type.
    pub entry: EntryVersion,
    /// Whether it can be given.
    pub in_use: bool,
    /// The controller.
    pub authority: Cvr,
    /// The field of work.
    pub kle: Kle,
    /// How sensitive.
    pub sensitivity: Sensitivity,
    /// Permits or forbids.
    pub polarity: Polarity,
    /// Whether it must be for one case.
    pub case_binding: CaseBinding,
    /// The youngest, in years, who answers alone.
    pub min_age: u8,
    /// Its scope.
    pub item: Item,
}

impl Book {
    /// What the entries said at that moment; drafts say nothing. What was in use once stays known: things given under it live on.
    pub fn at<'a>(entries: impl IntoIterator<Item = &'a CatalogueEntry>, moment: Instant) -> Self {
        let mut book = Self::default();
        for entry in entries {
            if let Some(in_use) = was_in_use(&entry.state, moment) {
                book.add(entry, in_use);
            }
        }
        book
    }

    /// A book of these, for tests.
    #[cfg(test)]
    pub(super) fn of(privileges: Vec<(PrivilegeUri, KnownPrivilege)>, items: Vec<KnownItem>) -> Self {
        let mut book = Self::default();
        for (uri, known) in privileges {
            book.privileges.entry(uri).or_default().push(known);
        }
        for item in items {
            book.items.insert((item.entry.entry, item.item.code.clone()), item);
        }
        book
    }

    fn add(&mut self, entry: &CatalogueEntry, in_use: bool) {
        match &entry.definition {
            Definition::MandatePackage(package) => {
                for privilege in &package.privileges {
                    self.privileges.entry(privilege.uri.clone()).or_default().push(KnownPrivilege {
                        package: entry.version(),
                        in_use,
                        over_from: if in_use { None } else { entry.in_force_until() },
                        authority: package.authority,
                        sensitivity: package.sensitivity,
                        beside: package.privileges.len(),
                        representatives: package.representative_kinds.clone(),
                        grantor_min_age: package.grantor_min_age,
                        statutory: package.statutory,
                        parental_rule: package.rule_of(privilege),
                    });
                }
            }
            Definition::ConsentType(of) => {
                for item in &of.items {
                    let key = (entry.id, item.code.clone());
                    self.items.insert(key, KnownItem::new(entry, of, item, in_use));
                }
            }
        }
    }

    /// What is known of a privilege: each version of each package that has it.
    pub fn privilege(&self, uri: &PrivilegeUri) -> &[KnownPrivilege] {
        self.privileges.get(uri).map_or(&[], Vec::as_slice)
    }

    /// Every privilege that is known, with what is known of it.
    pub fn privileges(&self) -> impl Iterator<Item = (&PrivilegeUri, &[KnownPrivilege])> {
        self.privileges.iter().map(|(uri, known)| (uri, known.as_slice()))
    }

    /// A specific consent of one version of a type.
    pub fn item(&self, entry: EntryId, item: &Code) -> Option<&KnownItem> {
        self.items.get(&(entry, item.clone()))
    }

    /// Every specific consent of every version that is known.
    pub fn items(&self) -> impl Iterator<Item = &KnownItem> {
        self.items.values()
    }
}

impl KnownItem {
    fn new(entry: &CatalogueEntry, of: &ConsentType, item: &Item, in_use: bool) -> Self {
        Self {
            entry: entry.version(),
            in_use,
            authority: of.authority,
            kle: of.kle.clone(),
            sensitivity: of.sensitivity,
            polarity: of.polarity,
            case_binding: of.case_binding,
            min_age: of.min_age,
            item: item.clone(),
        }
    }
}

/// Whether it could be given at that moment; `None` where it was not even known then.
fn was_in_use(state: &EntryState, moment: Instant) -> Option<bool> {
    match state {
        EntryState::Draft | EntryState::InReview { .. } | EntryState::Discarded { .. } => None,
        EntryState::Published { at } => (*at <= moment).then_some(true),
        EntryState::Retired { published_at, at, .. } => (*published_at <= moment).then_some(moment < *at),
    }
}
