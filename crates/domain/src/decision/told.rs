//! What is told of a no, in three tiers.

use crate::{Audience, Reason};

/// What an audience is told of a reason.
///
/// - A *system* learns what it needs to go on: that there is nothing, that it has not begun, that it is over, or that it does not
///   cover the question. Whether somebody revoked, gave up, died or let time pass, and whether they ever said no, is not its
///   business: whoever sits before it may be the one who must not learn it.
/// - A *caseworker* and the *persons concerned* learn how it ended.
pub const fn told(reason: Reason, audience: Audience) -> Reason {
    match (audience, reason) {
        (
            Audience::System,
            Reason::PowerRevoked
            | Reason::PowerRevokedQuietly
            | Reason::PowerRenounced
            | Reason::PowerSuspended
            | Reason::PowerDisputed
            | Reason::PowerExpired
            | Reason::PowerEndedByDeath
            | Reason::PowerAboveEnded
            | Reason::PackageWithdrawn
            | Reason::PowerEndedByAge
            | Reason::CapacityRemoved,
        ) => Reason::PowerEnded,
        // M12: whoever held it may be the one who asks, and is not to learn it.
        (Audience::Citizen, Reason::PowerRevokedQuietly) => Reason::PowerExpired,
        (Audience::System, Reason::ConsentWithdrawn | Reason::ConsentExpired | Reason::ConsentLapsed) => {
            Reason::ConsentEnded
        }
        (Audience::System, Reason::ConsentDeclined | Reason::ConsentAnnulled) => Reason::NoConsent,
        (_, reason) => reason,
    }
}
