//! Machine clients from outside: registered by their authority, proving themselves with a key, and stopped.

mod assertions;
mod kill_switch;
mod registering;
pub(crate) mod system;
mod tokens;
