use super::*;

fn of() -> ConsentType {
    let text = include_str!("../../../../catalogue/consent-types/C06.toml");
    toml::from_str(&text.replace("eksempel-kommune", "99100001")).expect("a type")
}

/// C06 with a second source and recipient in its first specific consent, asked for at noon.
fn broad() -> (ConsentType, Vec<Code>, Instant) {
    let mut of = of();
    of.items.truncate(1);
    let another = |code: &str| Named { code: self::code(code), name: of_title(&of) };
    let (source, recipient) = (another("archive"), another("insurer"));
    let item = of.items.first_mut().expect("an item");
    item.sources.push(source);
    item.recipients.push(recipient);
    let items = of.items.iter().map(|item| item.code.clone()).collect();
    (of, items, at("2026-03-02T11:00:00Z"))
}

fn of_title(of: &ConsentType) -> crate::Localized {
    of.title.clone()
}

fn code(text: &str) -> Code {
    text.parse().expect("a code")
}

fn at(text: &str) -> Instant {
    text.parse().expect("a time")
}

fn day(text: &str) -> LocalDate {
    text.parse().expect("a day")
}

fn period(text: &str) -> CalendarPeriod {
    text.parse().expect("a period")
}

fn flaw(proposal: &Proposal) -> Result<Terms, (String, Reason)> {
    let (of, items, now) = broad();
    proposal.within(&of, &items, now)
}

#[test]
fn what_is_left_out_is_what_the_type_says() {
    let (of, items, now) = broad();
    let terms = Proposal::default().within(&of, &items, now).expect("terms");
    assert!(terms.is_whole());
    assert_eq!(terms.ends(&of, now), of.ends(now));
    assert_eq!(terms.of(&of), of);
    assert_eq!(serde_json::to_string(&terms).expect("json"), "{}");
    assert_eq!(terms.duration(&of, Language::Da), of.duration.text.da.as_str());
}

#[test]
fn r15_r27_what_is_wider_than_the_type_or_the_law_is_refused_where_it_stands() {
    let until = |text: &str| Proposal { valid_until: Some(day(text)), ..Proposal::default() };
    let lasting = |text: &str| Proposal { valid_for: Some(period(text)), ..Proposal::default() };
    let sources =
        |codes: &[&str]| Proposal { sources: codes.iter().map(|c| code(c)).collect(), ..Proposal::default() };
    for (proposal, pointer, reason) in [
        (until("2026-03-01"), "/valid_until", Reason::EndDatePast),
        (until("2027-03-02"), "/valid_until", Reason::LegalCap),
        (lasting("P13M"), "/valid_for", Reason::LegalCap),
        (lasting("P366D"), "/valid_for", Reason::LegalCap),
        (Proposal { valid_until: Some(day("2026-06-01")), ..lasting("P1M") }, "/valid_for", Reason::EndTwice),
        (sources(&["archive", "elsewhere"]), "/sources/1", Reason::WiderThanType),
        (
            Proposal { recipients: vec![code("elsewhere")], ..Proposal::default() },
            "/recipients/0",
            Reason::WiderThanType,
        ),
    ] {
        assert_eq!(flaw(&proposal), Err((pointer.to_owned(), reason)), "{proposal:?}");
    }
    for proposal in
        [until("2026-03-02"), until("2027-03-01"), lasting("P1Y"), lasting("P365D"), sources(&["archive"])]
    {
        assert!(flaw(&proposal).is_ok(), "{proposal:?}");
    }
}

#[test]
fn where_the_law_sets_no_limit_the_authoritys_own_text_does() {
    let (mut of, items, now) = broad();
    of.duration.legal_cap = None;
    of.duration.default = period("P6M");
    let propose = |text: &str| {
        Proposal { valid_for: Some(period(text)), ..Proposal::default() }.within(&of, &items, now)
    };
    assert_eq!(propose("P7M"), Err(("/valid_for".to_owned(), Reason::WiderThanType)));
    assert!(propose("P6M").is_ok_and(|terms| terms.is_whole()), "the type's own is nothing narrower");
    assert!(propose("P5M").is_ok_and(|terms| !terms.is_whole()));
}

#[test]
fn one_time_is_narrower_and_again_and_again_is_wider() {
    let (mut of, items, now) = broad();
    let once = |once| Proposal { once: Some(once), ..Proposal::default() };
    let terms = once(true).within(&of, &items, now).expect("terms");
    assert!(terms.is_once() && terms.of(&of).duration.once);
    assert!(once(false).within(&of, &items, now).is_ok_and(|terms| terms.is_whole()));
    of.duration.once = true;
    assert_eq!(once(false).within(&of, &items, now), Err(("/once".to_owned(), Reason::WiderThanType)));
    assert!(once(true).within(&of, &items, now).is_ok_and(|terms| terms.is_whole()));
}

#[test]
fn r15_no_other_source_and_recipient_is_within_the_terms() {
    let (of, items, now) = broad();
    let first = of.items.first().expect("an item").clone();
    let kept = Proposal {
        sources: vec![code("archive")],
        recipients: first.recipients.iter().map(|one| one.code.clone()).take(1).collect(),
        ..Proposal::default()
    };
    let asked = &items[..1];
    let terms = kept.within(&of, asked, now).expect("terms");
    let of = terms.of(&of);
    let item = of.items.first().expect("an item");
    assert_eq!(item.sources.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["archive"]);
    assert_eq!(item.recipients.len(), 1);
    let (archive, hospital) = (code("archive"), code("hospital"));
    let recipient = &item.recipients.first().expect("one").code;
    for (source, to, admitted) in [
        (None, None, true),
        (Some(&archive), None, true),
        (Some(&archive), Some(recipient), true),
        (Some(&hospital), None, false),
        (Some(&archive), Some(&code("insurer")), false),
        (None, Some(&code("insurer")), false),
    ] {
        assert_eq!(terms.admit(source, to), admitted, "{source:?} {to:?}");
    }
}

#[test]
fn a_specific_consent_of_which_nothing_is_left_is_not_asked_for() {
    let (mut of, mut items, now) = broad();
    let mut other = of.items.first().expect("an item").clone();
    other.code = code("other");
    other.sources = vec![Named { code: code("bank"), name: of.title.clone() }];
    of.items.push(other);
    items.push(code("other"));
    let proposal = Proposal { sources: vec![code("archive")], ..Proposal::default() };
    assert_eq!(proposal.within(&of, &items, now), Err(("/sources".to_owned(), Reason::NothingLeft)));
    let both = Proposal { sources: vec![code("bank"), code("archive")], ..Proposal::default() };
    assert!(both.within(&of, &items, now).is_ok());
    let mut all: Vec<Code> =
        of.items.iter().flat_map(|item| &item.sources).map(|one| one.code.clone()).collect();
    all.reverse();
    let all = Proposal { sources: all, ..Proposal::default() };
    assert!(all.within(&of, &items, now).is_ok_and(|terms| terms.is_whole()), "all of them narrow nothing");
}

/// R-27 and C8: whatever was proposed, the end is a local midnight and never later than the type's.
#[test]
fn r27_an_end_that_was_proposed_is_a_midnight_in_denmark_and_never_later_than_the_types() {
    let (of, items, _) = broad();
    for (given, proposal, end) in [
        // The clock is put forward, and back, between.
        ("2026-03-02T11:00:00Z", "P1M", "2026-04-01T22:00:00.000000Z"),
        ("2026-10-02T11:00:00Z", "P1M", "2026-11-01T23:00:00.000000Z"),
        // The answer is given on the day on which the clock is changed.
        ("2026-03-29T00:30:00Z", "P1D", "2026-03-29T22:00:00.000000Z"),
        ("2026-10-25T00:30:00Z", "P1D", "2026-10-25T23:00:00.000000Z"),
        // The month has no such day.
        ("2028-01-31T11:00:00Z", "P1M", "2028-02-28T23:00:00.000000Z"),
        // It is tomorrow already in Denmark.
        ("2026-06-30T22:30:00Z", "P1D", "2026-07-01T22:00:00.000000Z"),
    ] {
        let proposal = Proposal { valid_for: Some(period(proposal)), ..Proposal::default() };
        let terms = proposal.within(&of, &items, at(given)).expect("terms");
        assert_eq!(terms.ends(&of, at(given)).to_string(), end, "{given}");
    }
    let until = Proposal { valid_until: Some(day("2026-10-25")), ..Proposal::default() };
    let terms = until.within(&of, &items, at("2026-03-02T11:00:00Z")).expect("terms");
    assert_eq!(terms.ends(&of, at("2026-03-02T11:00:00Z")).to_string(), "2026-10-25T23:00:00.000000Z");
    // Whoever answers at another time, or says that it was answered earlier, gets no more than the type.
    for given in ["2020-01-01T00:00:00Z", "2025-03-01T11:00:00Z", "2026-03-02T11:00:00Z"] {
        assert!(terms.ends(&of, at(given)) <= of.ends(at(given)), "{given}");
    }
}

#[test]
fn the_words_say_what_is_less() {
    let (of, items, now) = broad();
    let until = Proposal { valid_until: Some(day("2026-12-31")), once: Some(true), ..Proposal::default() };
    let terms = until.within(&of, &items, now).expect("terms");
    let words = terms.duration(&of, Language::Da);
    assert!(words.contains("31. december 2026") && words.ends_with("én gang."), "{words}");
    assert!(terms.duration(&of, Language::En).contains("31 December 2026"));
    let read: Terms = serde_json::from_str(&serde_json::to_string(&terms).expect("json")).expect("terms");
    assert_eq!(read, terms);
}
