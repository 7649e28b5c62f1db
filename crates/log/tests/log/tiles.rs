//! Tiles and the edge, against their definition.

use crate::make::{grown, leaf, leaves};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::LazyLock};
use tillid_log::{Edge, Hash, MissingTile, NotAnEdge, TileId, Tiles, verify_consistency, verify_inclusion};

/// `MTH(D[n])` as RFC 6962, section 2.1, defines it.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_nothing(),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            Hash::of_children(&mth(&leaves[..half]), &mth(&leaves[half..]))
        }
    }
}

/// All tiles of a tree by the formula of tlog-tiles: hash i of tile n on level l is
/// `MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])`.
fn by_definition(leaves: &[Hash]) -> BTreeMap<TileId, Vec<Hash>> {
    let mut tiles = BTreeMap::new();
    for level in 0..8 {
        let span = 256_usize.pow(u32::from(level));
        if span > leaves.len() {
            break;
        }
        let hashes: Vec<Hash> = leaves.chunks_exact(span).map(mth).collect();
        for (index, tile) in hashes.chunks(256).enumerate() {
            tiles.insert(TileId { level, index: u64::try_from(index).unwrap() }, tile.to_vec());
        }
    }
    tiles
}

fn assert_as_defined(edge: &Edge, full: &BTreeMap<TileId, Vec<Hash>>, leaves: &[Hash]) {
    let size = edge.size();
    let mut ours = full.clone();
    for level in 0..9 {
        if !edge.partial(level).is_empty() {
            ours.insert(TileId { level, index: size >> (8 * (level + 1)) }, edge.partial(level).to_vec());
        }
    }
    let defined = by_definition(leaves);
    assert!(ours == defined, "the tiles of a tree of {size}");
    for (id, hashes) in &defined {
        assert_eq!(id.width_at(size).map(usize::from), Some(hashes.len()), "{id:?} at {size}");
    }
    assert_eq!(edge.root(), mth(leaves), "the root at {size}");
    assert_eq!(Edge::from_bytes(size, &edge.to_bytes()).as_ref(), Ok(edge), "{size} as bytes");
}

#[test]
fn the_edge_and_the_full_tiles_are_as_defined_at_every_size() {
    let leaves = leaves(66_200);
    let (mut edge, mut full) = (Edge::default(), BTreeMap::new());
    for (before, hash) in leaves.iter().enumerate() {
        for (id, hashes) in edge.push(*hash) {
            assert_eq!(hashes.len(), 256);
            assert!(full.insert(id, hashes).is_none(), "{id:?} became full twice");
        }
        let size = before + 1;
        let looked_at = [65_279, 65_280, 65_281, 65_535, 65_536, 65_537, 65_791, 65_792, 65_793, 66_200];
        if size <= 600 || looked_at.contains(&size) {
            assert_as_defined(&edge, &full, &leaves[..size]);
        }
    }
}

#[test]
fn the_example_of_the_specification_has_the_widths_it_names() {
    let width = |level, index| TileId { level, index }.width_at(70_000);
    assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (Some(256), Some(112), None));
    assert_eq!((width(1, 0), width(1, 1), width(1, 2)), (Some(256), Some(17), None));
    assert_eq!((width(2, 0), width(2, 1), width(3, 0)), (Some(1), None, None));
    assert_eq!(TileId { level: 1, index: 0 }.width_at(256), Some(1));
    assert_eq!(TileId { level: 1, index: 0 }.width_at(255), None);
    assert_eq!(TileId { level: 0, index: 0 }.width_at(0), None);
    assert_eq!(TileId { level: 7, index: 0 }.width_at(u64::MAX), Some(255));
    assert_eq!(TileId { level: 63, index: u64::MAX }.width_at(u64::MAX), None);
}

#[test]
fn an_edge_of_another_length_or_an_impossible_size_is_refused() {
    let (edge, _) = grown(70_000);
    let bytes = edge.to_bytes();
    assert_eq!(bytes.len(), (112 + 17 + 1) * 32);
    assert_eq!(Edge::from_bytes(70_000, &bytes[1..]), Err(NotAnEdge::WrongLength));
    assert_eq!(Edge::from_bytes(70_000, &bytes[32..]), Err(NotAnEdge::WrongLength));
    assert_eq!(Edge::from_bytes(70_001, &bytes), Err(NotAnEdge::WrongLength));
    assert_eq!(Edge::from_bytes(0, &bytes), Err(NotAnEdge::WrongLength));
    assert_eq!(Edge::from_bytes(69_999, &bytes), Err(NotAnEdge::WrongLength));
    assert_eq!(Edge::from_bytes(1 << 63, &[]), Err(NotAnEdge::TooLarge));
    assert_eq!(Edge::from_bytes(0, &[]), Ok(Edge::default()));
}

#[test]
fn an_edge_that_was_read_grows_like_the_one_that_was_written() {
    for size in [0, 1, 255, 256, 511, 65_535] {
        let (mut edge, _) = grown(size);
        let mut read = Edge::from_bytes(size, &edge.to_bytes()).unwrap();
        for index in size..size + 300 {
            assert_eq!(edge.push(leaf(index)), read.push(leaf(index)));
        }
        assert_eq!(edge, read);
    }
    let mut huge = Edge::from_bytes(i64::MAX.unsigned_abs(), &vec![0; (127 + 7 * 255) * 32]).unwrap();
    assert_eq!(huge.push(leaf(0)).len(), 7);
    assert_eq!(huge.size(), 1 << 63);
}

/// The tiles of `all` that are asked for and no others, each as wide as the tree of that size has it.
fn only(all: &Tiles, asked: impl IntoIterator<Item = TileId>, size: u64) -> Tiles {
    let mut some = Tiles::new();
    for id in asked {
        let width = usize::from(id.width_at(size).expect("a tile that the tree has"));
        some.insert(id, all.get(id).expect("a tile")[..width].to_vec());
    }
    some
}

const GROWN: u64 = 67_000;

/// A tree that is larger than those that are looked at: what is full by now was partial then.
static ALL: LazyLock<Tiles> = LazyLock::new(|| grown(GROWN).1);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_tiles_that_are_asked_for_suffice_and_each_is_needed(
        size in prop_oneof![1_u64..700, 65_000_u64..GROWN],
        at in any::<prop::sample::Index>(),
    ) {
        let all: &Tiles = &ALL;
        let index = u64::try_from(at.index(usize::try_from(size).unwrap())).unwrap();
        let (old, root) = (index + 1, all.root(size).unwrap());
        let inclusion = |tiles: &Tiles| tiles.inclusion(index, size);
        let consistency = |tiles: &Tiles| tiles.consistency(old, size);
        prop_assert_eq!(only(all, Tiles::for_root(size), size).root(size), Ok(root));
        let path = inclusion(&only(all, Tiles::for_inclusion(index, size), size)).unwrap();
        prop_assert_eq!(verify_inclusion(index, size, leaf(index), &path, root), Ok(()));
        let path = consistency(&only(all, Tiles::for_consistency(old, size), size)).unwrap();
        prop_assert_eq!(verify_consistency(old, size, &path, all.root(old).unwrap(), root), Ok(()));
        for missing in Tiles::for_inclusion(index, size) {
            let asked = Tiles::for_inclusion(index, size).into_iter().filter(|id| *id != missing);
            prop_assert_eq!(inclusion(&only(all, asked, size)), Err(MissingTile::Tile(missing)));
        }
        for missing in Tiles::for_consistency(old, size) {
            let asked = Tiles::for_consistency(old, size).into_iter().filter(|id| *id != missing);
            prop_assert_eq!(consistency(&only(all, asked, size)), Err(MissingTile::Tile(missing)));
        }
    }

    #[test]
    fn no_size_makes_the_lists_of_tiles_panic(a in any::<u64>(), b in any::<u64>(), shift in 0_u32..64) {
        for (a, b) in [(a, b), (a >> shift, b), (a, b >> shift), (b, u64::MAX), (u64::MAX, u64::MAX)] {
            for id in Tiles::for_root(a) {
                prop_assert!(id.width_at(a).is_some());
            }
            for id in Tiles::for_inclusion(a, b).into_iter().chain(Tiles::for_consistency(a, b)) {
                prop_assert!(id.width_at(b).is_some());
            }
            let _ = (Tiles::new().root(a), Tiles::new().inclusion(a, b), Tiles::new().consistency(a, b));
        }
    }
}

#[test]
fn what_no_tree_has_is_out_of_range() {
    let (_, tiles) = grown(300);
    assert_eq!(tiles.inclusion(300, 300), Err(MissingTile::OutOfRange));
    assert_eq!(tiles.consistency(301, 300), Err(MissingTile::OutOfRange));
    assert_eq!(tiles.consistency(0, 300), Ok(Vec::new()));
    assert_eq!(tiles.consistency(300, 300), Ok(Vec::new()));
    assert_eq!(tiles.root(0), Ok(Hash::of_nothing()));
    assert_eq!(tiles.root(301), Err(MissingTile::Tile(TileId { level: 0, index: 1 })));
}
