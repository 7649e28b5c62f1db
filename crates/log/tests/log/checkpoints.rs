//! Checkpoints, against the specification and against tlog_tiles.

use crate::make::checkpoint;
use proptest::prelude::*;
use tillid_log::{Checkpoint, Hash, NotACheckpoint, Origin};

/// The example of tlog-checkpoint.
const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn the_example_of_the_specification_reads_and_is_written_the_same() {
    let read = Checkpoint::from_text(EXAMPLE).unwrap();
    assert_eq!((read.origin.as_ref(), read.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(read.text(), EXAMPLE);
    assert_eq!(Checkpoint::from_text(&format!("{EXAMPLE}an extension\n")), Ok(read.clone()));
    let spaced = EXAMPLE.replace("example.com/behind-the-sofa", "behind the sofa + more");
    assert_eq!(Checkpoint::from_text(&spaced).unwrap().text(), spaced);
    assert_eq!(checkpoint(300), Checkpoint::from_text(&checkpoint(300).text()).unwrap());
}

#[test]
fn a_text_that_is_not_written_as_it_should_be_is_refused() {
    let size = |size: &str| EXAMPLE.replace("20852163", size);
    for (text, error) in [
        (String::new(), NotACheckpoint::Lines),
        ("\n".to_owned(), NotACheckpoint::Lines),
        ("origin\n0\n".to_owned(), NotACheckpoint::Lines),
        (EXAMPLE.trim_end().to_owned(), NotACheckpoint::Lines),
        (format!("{EXAMPLE}\n"), NotACheckpoint::Lines),
        (format!("{EXAMPLE}\nafter an empty line\n"), NotACheckpoint::Lines),
        (format!("{EXAMPLE}a\ttab\n"), NotACheckpoint::Lines),
        (format!("\n{EXAMPLE}"), NotACheckpoint::Origin("".parse::<Origin>().unwrap_err())),
        (EXAMPLE.replace("behind", "be\u{1}hind"), NotACheckpoint::Origin("".parse::<Origin>().unwrap_err())),
        (size(""), NotACheckpoint::Size),
        (size("020852163"), NotACheckpoint::Size),
        (size("00"), NotACheckpoint::Size),
        (size("+1"), NotACheckpoint::Size),
        (size("-1"), NotACheckpoint::Size),
        (size(" 1"), NotACheckpoint::Size),
        (size("1 "), NotACheckpoint::Size),
        (size("0x10"), NotACheckpoint::Size),
        (size("١"), NotACheckpoint::Size),
        (size("18446744073709551616"), NotACheckpoint::Size),
        (EXAMPLE.replace("q2I=", "q2I"), NotACheckpoint::Root),
        (EXAMPLE.replace("q2I=", "q2J="), NotACheckpoint::Root),
        (EXAMPLE.replace("CsUY", ""), NotACheckpoint::Root),
        (size("0"), NotACheckpoint::NotEmpty),
    ] {
        assert_eq!(Checkpoint::from_text(&text), Err(error), "{text:?}");
    }
    assert_eq!(Checkpoint::from_text(&size("18446744073709551615")).unwrap().size, u64::MAX);
    let empty = format!("origin\n0\n{}\n", Hash::of_nothing());
    assert_eq!(Checkpoint::from_text(&empty).unwrap().text(), empty);
}

proptest! {
    #[test]
    fn another_implementation_reads_what_we_write(
        origin in "[a-z]{1,12}\\.example/[a-z0-9æøå-]{1,20}",
        size in 1_u64..,
        root in any::<[u8; 32]>(),
    ) {
        let ours = Checkpoint { origin: origin.parse().unwrap(), size, root: Hash::from_bytes(root) };
        let theirs = tlog_tiles::Checkpoint::from_bytes(ours.text().as_bytes());
        // It holds sizes of 63 bits and no more.
        if let Ok(theirs) = theirs {
            prop_assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (origin.as_str(), size, root));
            prop_assert_eq!(theirs.to_bytes(), ours.text().into_bytes());
        } else {
            prop_assert!(i64::try_from(size).is_err());
        }
        prop_assert_eq!(Checkpoint::from_text(&ours.text()), Ok(ours));
    }

    #[test]
    fn what_one_implementation_reads_as_a_checkpoint_so_does_the_other(
        at in any::<prop::sample::Index>(),
        with in prop_oneof![Just('\n'), Just('='), Just('A'), Just('0'), Just('x')],
        insert in any::<bool>(),
    ) {
        let mut characters: Vec<char> = EXAMPLE.chars().collect();
        let at = at.index(characters.len());
        if insert { characters.insert(at, with) } else { characters[at] = with }
        let text: String = characters.into_iter().collect();
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes());
        prop_assert_eq!(Checkpoint::from_text(&text).is_ok(), theirs.is_ok(), "{:?}", text);
    }
}
