//! The demo world: invented people, a simulated broker that vouches for them, a simulated MitID where they log in, a clock to
//! turn. The service itself has no branch for it: it checks these tokens as it checks anyone's.

mod catalogue;
mod inbox;
mod people;
mod powers;
mod provider;
mod routes;
mod seed;
mod tokens;

pub use catalogue::{SeedError, authorities};
pub use provider::{Client, Provider, ProviderError};
pub use routes::{Sandbox, contract, router};
pub use seed::{SetUpError, register_systems, set_up, systems};
pub use tokens::{Broker, NotAKey};
