//! Powers of attorney: asking, giving, ending, reading.

mod answer_request;
mod end;
pub(crate) mod give;
pub(crate) mod privileges;
mod read;
mod read_request;
pub(crate) mod request;

pub(crate) use read::other_sides;
