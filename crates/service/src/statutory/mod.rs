//! Who acts for whom by law or decision: custody, guardianship and lasting powers (R-33..R-36). What they give is derived at each
//! question from what is known of them and from the packages; nothing of it is stored.

mod by_law;
mod register;
mod seen;

pub(crate) use by_law::ByLaw;
pub use register::{NewCharge, NewStatutory};
pub(crate) use seen::sides;
pub use seen::{StatutoryHolder, StatutorySeen, StatutoryWhat};
