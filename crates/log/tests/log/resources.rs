//! Paths of tiles and bundles, against the specification and against tlog_tiles.

use proptest::prelude::*;
use tillid_log::{EntryTooLong, NotABundle, NotAResource, Resource, TileId, entry_bundle, read_entry_bundle};
use tlog_tiles::Tile;

fn tile(level: u8, index: u64, width: u16) -> Resource {
    Resource::Tile { id: TileId { level, index }, width }
}

#[test]
fn paths_read_and_are_written_as_the_specification_says() {
    for (path, resource) in [
        ("0/000", tile(0, 0, 256)),
        ("0/x001/x234/067", tile(0, 1_234_067, 256)),
        ("0/x001/x234/067.p/17", tile(0, 1_234_067, 17)),
        ("63/999.p/255", tile(63, 999, 255)),
        ("2/x001/000.p/1", tile(2, 1000, 1)),
        ("0/x018/x446/x744/x073/x709/x551/615", tile(0, u64::MAX, 256)),
        ("entries/000", Resource::Entries { index: 0, width: 256 }),
        ("entries/x273/000.p/112", Resource::Entries { index: 273_000, width: 112 }),
    ] {
        assert_eq!(path.parse(), Ok(resource), "{path}");
        assert_eq!(resource.to_string(), path);
    }
}

#[test]
fn a_path_that_is_written_in_any_other_way_is_refused() {
    for path in [
        "",
        "/",
        "0",
        "0/",
        "/000",
        "0/0",
        "0/00",
        "0/0000",
        "0/x000",
        "0/000/",
        "0//000",
        "0/000/000",
        "00/000",
        "01/000",
        "64/000",
        "256/000",
        "-1/000",
        "+1/000",
        "0/x000/001",
        "0/x001/x234",
        "0/001/067",
        "0/X001/067",
        "0/xx01/067",
        "0/x0a1/067",
        "0/+01",
        "0/ 01",
        "0/000.p",
        "0/000.p/",
        "0/000.p/0",
        "0/000.p/00",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/+1",
        "0/000.p/1/",
        "0/000.p/1.p/1",
        "0/000.P/1",
        "0/x001.p/1/067",
        "0/x018/x446/x744/x073/x709/x551/616",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
        "entries",
        "entries/",
        "Entries/000",
        "entries/x000/000",
        "data/000",
        "0/٠٠٠",
        "0/000\n",
        " 0/000",
        "0/000?",
        "0/..",
        "../0/000",
    ] {
        assert_eq!(path.parse::<Resource>(), Err(NotAResource), "{path:?}");
    }
}

#[test]
fn a_resource_is_there_once_the_tree_is_large_enough() {
    for (resource, first) in [
        (tile(0, 0, 1), 1),
        (tile(0, 0, 256), 256),
        (tile(0, 1, 1), 257),
        (tile(1, 0, 1), 256),
        (tile(1, 0, 256), 65_536),
        (tile(1, 1, 17), 65_536 + 17 * 256),
        (Resource::Entries { index: 2, width: 100 }, 612),
    ] {
        assert!(!resource.exists_at(first - 1), "{resource} at {first} - 1");
        assert!(resource.exists_at(first) && resource.exists_at(first + 1000), "{resource} at {first}");
    }
    assert!(!tile(8, 0, 1).exists_at(u64::MAX) && !tile(0, u64::MAX, 1).exists_at(u64::MAX));
}

/// The path that the other implementation has for a tile of height 8; it says `data` where C2SP says `entries`.
fn their_path(tile: &Tile) -> String {
    tile.path().strip_prefix("tile/8/").unwrap().replacen("data/", "entries/", 1)
}

proptest! {
    #[test]
    fn paths_are_those_of_another_implementation(
        level in 0_u8..64,
        index in any::<u64>(),
        shift in 0_u32..64,
        width in 1_u16..=256,
        entries in any::<bool>(),
    ) {
        let index = index >> shift;
        let level = if entries { 0 } else { level };
        let ours = if entries { Resource::Entries { index, width } } else { tile(level, index, width) };
        let theirs = Tile::new(8, level, index, u32::from(width), entries);
        prop_assert_eq!(ours.to_string(), their_path(&theirs));
        prop_assert_eq!(ours.to_string().parse(), Ok(ours));
    }

    #[test]
    fn what_one_implementation_reads_so_does_the_other(
        level in "([0-9]|[0-6][0-3])",
        path in "(x[0-9]{3}/){0,3}x?[0-9]{2,3}(\\.p/([1-9]|0?[1-9][0-9]|2[0-9]{2}))?",
        entries in any::<bool>(),
    ) {
        let level = if entries { "entries" } else { level.as_str() };
        let ours = format!("{level}/{path}").parse::<Resource>();
        let theirs = Tile::from_path(&format!("tile/8/{}/{path}", level.replace("entries", "data")));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}/{}", level, path);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.to_string(), their_path(&theirs));
        }
    }

    #[test]
    fn a_bundle_reads_back_and_any_shorter_one_does_not_read_the_same(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..=256),
        cut in any::<prop::sample::Index>(),
    ) {
        let bundle = entry_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(read_entry_bundle(&bundle).unwrap(), entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if !bundle.is_empty() {
            let short = &bundle[..cut.index(bundle.len())];
            prop_assert!(read_entry_bundle(short).map_or(true, |read| read.len() < entries.len()));
        }
    }
}

#[test]
fn a_bundle_has_the_bytes_of_the_specification_and_limits() {
    let entries: [&[u8]; 3] = [b"ab", b"", b"c"];
    let bundle = entry_bundle(entries.into_iter()).unwrap();
    assert_eq!(bundle, [0, 2, b'a', b'b', 0, 0, 0, 1, b'c']);
    assert_eq!(read_entry_bundle(&bundle[..8]), Err(NotABundle));
    assert_eq!(read_entry_bundle(&[0]), Err(NotABundle));
    let longest = vec![7; 65_535];
    let bundle = entry_bundle(std::iter::once(longest.as_slice())).unwrap();
    assert_eq!(read_entry_bundle(&bundle).unwrap(), [longest.as_slice()]);
    assert_eq!(entry_bundle(std::iter::once(vec![7; 65_536].as_slice())), Err(EntryTooLong));
    let many: Vec<&[u8]> = vec![b""; 257];
    assert_eq!(read_entry_bundle(&entry_bundle(many.into_iter()).unwrap()), Err(NotABundle));
}
