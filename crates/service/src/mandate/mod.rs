//! Powers of attorney: giving, ending, reading.

mod end;
pub(crate) mod give;
mod read;

pub(crate) use read::other_sides;
