use super::{
    due::{BEFORE_AN_END, due, ends_due, nearest},
    words::written,
    *,
};
use proptest::prelude::*;

fn date(text: &str) -> LocalDate {
    text.parse().expect("a date")
}

#[test]
fn every_kind_has_its_words_and_no_word_is_left_over() {
    assert!(NoticeKind::ALL.iter().all(|kind| kind.has_words()));
    assert_eq!(written().len(), NoticeKind::ALL.len());
    assert!(NoticeKind::ALL.iter().all(|kind| NoticeKind::from_code(kind.code()) == Some(*kind)));
    for (kind, label, body) in written() {
        for text in [&label, &body] {
            assert!(text.da != text.en && !text.da.is_empty() && !text.en.is_empty(), "{kind}");
            let braces = |t: &str| t.matches('{').count();
            assert_eq!(braces(&text.da), braces(&text.en), "{kind}");
        }
    }
}

/// Läsbarhetsindex (Björnsson).
fn lix(text: &str) -> f64 {
    let sentences = text.chars().filter(|c| matches!(c, '.' | '?' | '!' | ':')).count().max(1);
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let long = words.iter().filter(|word| word.chars().count() > 6).count();
    let count = |n: usize| f64::from(u32::try_from(n).expect("few"));
    count(words.len()) / count(sentences) + 100.0 * count(long) / count(words.len())
}

#[test]
fn citizens_can_read_it() {
    let (mut all, mut hardest) = (String::new(), (0.0, String::new()));
    for (kind, _, body) in written() {
        let said = body.da.replace("{authority}", "din kommune").replace("{what}", "samtykke");
        if lix(&said) > hardest.0 {
            hardest = (lix(&said), kind);
        }
        all.push_str(&said);
    }
    assert!(lix(&all) <= 40.0 && hardest.0 <= 45.0, "LIX {:.0}, {hardest:?}", lix(&all));
}

#[test]
fn r02_what_is_said_of_no_answer_says_that_nothing_was_agreed() {
    for (kind, _, body) in written() {
        if kind.ends_with("request_expired") || kind == "mandate_request_unanswered" {
            assert!(body.da.contains("ikke aftalt noget") && body.en.contains("othing was agreed"), "{kind}");
        }
    }
}

/// What ends on the day after 31 March ends when 1 April begins.
#[test]
fn a_reminder_is_due_when_its_day_begins_in_denmark() {
    for (end, days, at) in [
        // Summer time began between.
        ("2026-04-01", 7, "2026-03-24T23:00:00.000000Z"),
        ("2026-04-01", 1, "2026-03-30T22:00:00.000000Z"),
        // It ended between.
        ("2026-11-01", 30, "2026-10-01T22:00:00.000000Z"),
        ("2026-11-01", 7, "2026-10-24T22:00:00.000000Z"),
        ("2026-11-01", 1, "2026-10-30T23:00:00.000000Z"),
        // The day on which the clock is changed itself.
        ("2026-03-30", 1, "2026-03-28T23:00:00.000000Z"),
        ("2026-10-26", 1, "2026-10-24T22:00:00.000000Z"),
        // A leap day between, and none.
        ("2028-03-15", 30, "2028-02-13T23:00:00.000000Z"),
        ("2027-03-15", 30, "2027-02-12T23:00:00.000000Z"),
        ("2028-03-01", 1, "2028-02-28T23:00:00.000000Z"),
    ] {
        assert_eq!(due(date(end).start(), days).to_string(), at, "{days} days before {end}");
    }
    assert_eq!(
        due(date("0001-01-05").start(), 30),
        date("0001-01-01").start(),
        "the calendar has a first day"
    );
}

#[test]
fn whoever_was_not_told_in_time_is_told_once_of_where_it_stands() {
    let (end, began) = (date("2026-06-01").start(), date("2026-01-01").start());
    let in_between =
        |from: &str, to: &str| nearest(end, began, &BEFORE_AN_END, date(from).start(), date(to).start());
    assert_eq!(in_between("2026-05-01", "2026-05-02"), Some(30));
    assert_eq!(in_between("2026-05-01", "2026-05-26"), Some(7));
    assert_eq!(in_between("2026-05-01", "2026-05-31"), Some(1));
    assert_eq!(in_between("2026-05-01", "2036-05-31"), Some(0));
    assert_eq!(in_between("2026-05-02", "2026-05-20"), None);
    let late = nearest(end, date("2026-05-20").start(), &BEFORE_AN_END, began, date("2026-05-21").start());
    assert_eq!(late, None, "what was due before it began was never to be sent");
}

proptest! {
    /// The range of ends that is looked up is exactly that of the ends whose notice became due.
    #[test]
    fn what_is_looked_up_is_what_is_due(
        end in 0_i64..4_000_000_000, from in 0_i64..4_000_000_000, length in 0_i64..90 * 86_400, days in 0_u16..40,
    ) {
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        let (end, from, to) = (at(end), at(from), at(from + length));
        let is_due = from < due(end, days) && due(end, days) <= to;
        let found = ends_due(from, to, days).is_some_and(|(first, past)| first <= end && end < past);
        prop_assert_eq!(is_due, found);
        // Near by, too: hardly any end of the ones above is due.
        let near = at(from.as_micros() / 1_000_000 + i64::from(days) * 86_400 + end.as_micros() / 1_000_000 % 200_000);
        let is_due = from < due(near, days) && due(near, days) <= to;
        let found = ends_due(from, to, days).is_some_and(|(first, past)| first <= near && near < past);
        prop_assert_eq!(is_due, found);
    }

    /// However a stretch of time is cut up, nothing is due twice, and nothing is lost but what a later one makes needless.
    #[test]
    fn a_stretch_of_time_has_the_same_end_however_it_is_cut(cut in 1_i64..80 * 86_400) {
        let (end, began) = (date("2026-04-15").start(), date("2026-01-01").start());
        let from = date("2026-02-01").start();
        let (middle, to) = (from.plus_seconds(cut), from.plus_seconds(80 * 86_400));
        let whole = nearest(end, began, &BEFORE_AN_END, from, to);
        let parts = [nearest(end, began, &BEFORE_AN_END, from, middle), nearest(end, began, &BEFORE_AN_END, middle, to)];
        prop_assert!(parts.contains(&whole));
        prop_assert!(parts[0].is_none() || parts[0] != parts[1]);
    }
}
