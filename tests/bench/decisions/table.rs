//! What came of it, beside what it must and should be.

use std::fmt;

/// Measurements of the same thing, one a round.
#[derive(Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(0.0, f64::max);
        write!(f, "{:9.0} a second ({least:.0} to {most:.0})", self.median())
    }
}

/// What a row must be, and should be.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtLeast { must: f64, goal: f64 },
    AtMost { must: f64, goal: f64 },
}

/// Prints the head of the table.
pub(crate) fn head() {
    println!("\n| in one run, medians | is | must | goal | |\n|---|---|---|---|---|");
}

/// Prints a row.
pub(crate) fn row(what: &str, is: f64, unit: &str, bar: Bar) {
    let (must, goal, (is_met, is_reached)) = match bar {
        Bar::AtLeast { must, goal } => (must, goal, (is >= must, is >= goal)),
        Bar::AtMost { must, goal } => (must, goal, (is <= must, is <= goal)),
    };
    let stands = match (is_met, is_reached) {
        (_, true) => "goal",
        (true, false) => "must",
        (false, false) => "below",
    };
    println!("| {what} | {is:.2}{unit} | {must}{unit} | {goal}{unit} | {stands} |");
}
