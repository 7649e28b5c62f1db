//! `tillid witness` from outside: what it signs, what it refuses, what is left of it when it dies; and a log that is witnessed.

mod faults;
mod log;
mod process;
mod protocol;
mod quorum;
