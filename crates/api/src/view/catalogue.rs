//! Views of the catalogues.

use super::AuthorityView;
use serde::Serialize;
use tillid_domain::{
    Digest, Instant,
    catalogue::{CatalogueEntry, ConsentType, Definition, EntryState, MandatePackage, Withdrawal},
    id::EntryId,
};
use tillid_service::{Directory, catalogue::Withdrawing};
use utoipa::ToSchema;

/// One version of a consent type or mandate package.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// The id of this version.
    #[schema(value_type = uuid::Uuid)]
    id: EntryId,
    /// Its code.
    #[schema(example = "C02")]
    code: String,
    /// Its number within the code, from 1.
    version: u32,
    /// `draft`, `in_review`, `discarded`, `published` or `retired`.
    state: &'static str,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// When it was taken into use.
    #[schema(value_type = Option<String>, format = "date-time")]
    published_at: Option<Instant>,
    /// When it went out of use.
    #[schema(value_type = Option<String>, format = "date-time")]
    retired_at: Option<Instant>,
    /// Its withdrawal, which ends what was given under it too; of packages.
    withdrawal: Option<WithdrawalView>,
    /// The authority that answers for it.
    authority: AuthorityView,
    /// SHA-256 over the canonical form (RFC 8785) of its kind and definition.
    #[schema(value_type = String)]
    sha256: Digest,
    /// The whole text of the version.
    #[schema(value_type = Object)]
    definition: DefinitionView,
}

/// That an authority takes a package away from those who have given it.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawalView {
    /// When it was first said.
    #[schema(value_type = String, format = "date-time")]
    withdrawn_at: Instant,
    /// The first moment when nothing that was given under this version can be used.
    #[schema(value_type = String, format = "date-time")]
    from: Instant,
    /// Why.
    reason: String,
}

impl WithdrawalView {
    fn new(of: &Withdrawal) -> Self {
        Self { withdrawn_at: of.at, from: of.from, reason: of.why.to_string() }
    }
}

/// How far the withdrawal of a package is.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawingView {
    /// The withdrawal.
    #[serde(flatten)]
    withdrawal: Option<WithdrawalView>,
    /// How many mandates ended, give less or will do so on that day; both sides of each are told.
    mandates: u64,
    /// Whether these are all.
    done: bool,
}

impl WithdrawingView {
    pub(crate) fn new(of: &Withdrawing) -> Self {
        let withdrawal = of.entry.withdrawal().map(WithdrawalView::new);
        Self { withdrawal, mandates: of.concerned, done: of.done }
    }
}

/// A definition without the word of which kind it is; the path says that.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum DefinitionView {
    /// A consent type.
    ConsentType(Box<ConsentType>),
    /// A mandate package.
    MandatePackage(Box<MandatePackage>),
}

impl EntryView {
    pub(crate) fn new(entry: CatalogueEntry, directory: &Directory) -> Self {
        let withdrawal = entry.withdrawal().map(WithdrawalView::new);
        let (state, published_at, retired_at) = match entry.state {
            EntryState::Draft => ("draft", None, None),
            EntryState::InReview { .. } => ("in_review", None, None),
            EntryState::Discarded { .. } => ("discarded", None, None),
            EntryState::Published { at } => ("published", Some(at), None),
            EntryState::Retired { published_at, at, .. } => ("retired", Some(published_at), Some(at)),
        };
        Self {
            id: entry.id,
            code: entry.definition.code().to_string(),
            version: entry.number,
            state,
            revision: entry.revision,
            published_at,
            retired_at,
            withdrawal,
            authority: AuthorityView::new(entry.definition.authority(), directory),
            sha256: entry.definition.digest(),
            definition: match entry.definition {
                Definition::ConsentType(t) => DefinitionView::ConsentType(t),
                Definition::MandatePackage(p) => DefinitionView::MandatePackage(p),
            },
        }
    }
}
