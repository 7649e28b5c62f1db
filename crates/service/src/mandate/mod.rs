//! Powers of attorney: asking, giving, ending, reading.

mod answer_request;
mod child;
pub(crate) mod give;
pub(crate) mod hold;
mod life;
mod pass_on;
pub(crate) mod privileges;
mod read;
mod read_request;
mod register;
mod renew;
pub(crate) mod request;
mod together;
mod uses;
mod whole;

pub use life::{MandateChange, MandateService};
pub(crate) use read::{is_own_of_staff, may_serve_mandate, other_sides};
pub use register::{MandateEntry, PrintedMandate};
pub use renew::Renewal;
pub use together::{Member, Other, Said, Together};
pub(crate) use uses::Systems;
pub use uses::{EmployeeUsing, MandateUse};
pub use whole::WholeMandate;
