//! People with a browser: sessions, forms, and what every page needs to know of whom it is for.

pub(crate) mod cookie;
mod forms;
mod return_to;
mod session;
mod visitor;

pub use cookie::language_cookie;
pub use forms::{Fields, Files, Form, Upload, guarded};
pub use return_to::ReturnTo;
pub(crate) use return_to::encode;
pub use session::Working;
pub(crate) use session::{AtProvider, LoggedIn, Sessions, User};
pub use visitor::Visitor;
