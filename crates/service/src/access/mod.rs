//! Looking people up, and what people see of themselves and of who looked.

mod consent_receipt;
pub(crate) mod export;
pub(crate) mod lookup;
pub(crate) mod overview;
pub(crate) mod paper;
pub(crate) mod receipts;
pub(crate) mod upcoming;
