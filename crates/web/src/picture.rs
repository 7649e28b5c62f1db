//! The tree of the log as a picture: where everything stands. A template draws it with presentation attributes alone.

use crate::{page::Page, view::count};
use tillid_domain::Instant;
use tillid_service::{PathStep, Side, Signatures};

/// In units of the picture, which become pixels or more.
pub(crate) const WIDTH: i32 = 300;
const MIDDLE: i32 = WIDTH / 2;
const SEAL: i32 = 48;
const GAP: i32 = 8;
/// Where the nodes of the two sides stand.
const LEFT: i32 = 110;
const RIGHT: i32 = WIDTH - LEFT;
/// From one row of the tree to the next: as wide as there is room, and never so close that words meet.
const ROWS: (i32, i32, i32) = (26, 44, 400);
/// So many letters of a name have room beside the mark.
const NAME: usize = 29;

/// Somebody's signature above the tree; one that is missing is drawn as a gap.
pub(crate) struct Seal {
    pub(crate) y: i32,
    pub(crate) name: String,
    pub(crate) when: String,
    pub(crate) given: bool,
}

/// A signature above the tree, before it has its place.
pub(crate) struct Signed {
    name: String,
    when: String,
    given: bool,
}

pub(crate) struct Line {
    pub(crate) x1: i32,
    pub(crate) y1: i32,
    pub(crate) x2: i32,
    pub(crate) y2: i32,
    pub(crate) own: bool,
}

/// What stands beside the path: one entry, or a part of the tree with more.
pub(crate) struct Beside {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) one: bool,
    pub(crate) label: Label,
}

pub(crate) struct Label {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) anchor: &'static str,
    pub(crate) text: String,
}

pub(crate) struct Dot {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// From a receipt up to the signatures.
pub(crate) struct PathPicture {
    pub(crate) height: i32,
    pub(crate) seals: Vec<Seal>,
    pub(crate) lines: Vec<Line>,
    pub(crate) besides: Vec<Beside>,
    /// The nodes of the path; the first one is the root.
    pub(crate) dots: Vec<Dot>,
    pub(crate) covers: String,
    pub(crate) leaf: Dot,
    pub(crate) entry: Label,
    /// The upper edge of the receipt.
    pub(crate) receipt: i32,
}

/// How high the receipt is drawn.
const RECEIPT: i32 = 104;

impl PathPicture {
    /// Where everything stands for an entry with these steps to the root.
    pub(crate) fn new(page: &Page, index: u64, size: u64, steps: &[PathStep], signed: Vec<Signed>) -> Self {
        let (seals, above) = stacked(signed);
        let root = Dot { x: MIDDLE, y: above + 28 };
        let (least, most, room) = ROWS;
        let row = (room / i32::try_from(steps.len().max(1)).unwrap_or(room)).clamp(least, most);
        let mut picture = Self {
            height: 0,
            seals,
            lines: vec![Line { x1: MIDDLE, y1: above - GAP, x2: MIDDLE, y2: root.y, own: true }],
            besides: Vec::new(),
            dots: vec![Dot { ..root }],
            covers: covers(page, size),
            leaf: Dot { ..root },
            entry: Label {
                x: 0,
                y: 0,
                anchor: "start",
                text: page.fill("receipt.entry", "number", count(page, index)),
            },
            receipt: 0,
        };
        for step in steps.iter().rev() {
            picture.descend(page, *step, row);
        }
        let leaf = &picture.leaf;
        let (shift, anchor) = if leaf.x == RIGHT { (-16, "end") } else { (16, "start") };
        (picture.entry.x, picture.entry.y, picture.entry.anchor) = (leaf.x + shift, leaf.y + 38, anchor);
        picture.receipt = leaf.y + 60;
        picture.lines.push(Line { x1: leaf.x, y1: leaf.y, x2: leaf.x, y2: picture.receipt, own: true });
        picture.height = picture.receipt + RECEIPT;
        // What is in colour lies above what is grey.
        picture.lines.sort_by_key(|line| line.own);
        picture
    }

    fn descend(&mut self, page: &Page, step: PathStep, row: i32) {
        let y = self.leaf.y + row;
        let (own, other, shift, anchor) = match step.from {
            Side::Left => (LEFT, RIGHT, 16, "start"),
            Side::Right => (RIGHT, LEFT, -16, "end"),
        };
        for (x, is_own) in [(own, true), (other, false)] {
            self.lines.push(Line { x1: self.leaf.x, y1: self.leaf.y, x2: x, y2: y, own: is_own });
        }
        let label = Label { x: other + shift, y: y + 5, anchor, text: beside(page, step.beside) };
        self.besides.push(Beside { x: other, y, one: step.beside == 1, label });
        self.dots.push(Dot { x: own, y });
        self.leaf = Dot { x: own, y };
    }
}

/// The whole log in one picture: a row of entries, the tree over them, and the signatures.
pub(crate) struct LogPicture {
    pub(crate) height: i32,
    pub(crate) seals: Vec<Seal>,
    pub(crate) lines: Vec<Line>,
    pub(crate) dots: Vec<Dot>,
    pub(crate) root: Dot,
    /// The middles of the entries, and how far down they stand.
    pub(crate) entries: Vec<i32>,
    pub(crate) base: i32,
    /// Whether there are more than are drawn.
    pub(crate) more: bool,
    pub(crate) top: i32,
}

impl LogPicture {
    pub(crate) fn new(size: u64, signed: Vec<Signed>) -> Self {
        const ROW: i32 = 44;
        const STEP: i32 = 36;
        let (seals, above) = stacked(signed);
        let (top, base) = (above + 28, above + 28 + 3 * ROW);
        let at = |level: i32, n: i32| STEP / 2 + 6 + (STEP << level) * n + ((STEP << level) - STEP) / 2;
        let (mut lines, mut dots) = (Vec::new(), Vec::new());
        for level in 0..3 {
            let y = base - level * ROW;
            for n in 0..(8 >> level) {
                lines.push(Line {
                    x1: at(level, n),
                    y1: y,
                    x2: at(level + 1, n / 2),
                    y2: y - ROW,
                    own: false,
                });
                if level > 0 {
                    dots.push(Dot { x: at(level, n), y });
                }
            }
        }
        lines.push(Line { x1: MIDDLE, y1: above - GAP, x2: MIDDLE, y2: top, own: true });
        let entries = (0..8).map(|n| at(0, n)).collect();
        let root = Dot { x: at(3, 0), y: top };
        Self { height: base + 52, seals, lines, dots, root, entries, base, more: size > 8, top }
    }
}

/// The seals from the top down, and where the lowest ends.
fn stacked(signed: Vec<Signed>) -> (Vec<Seal>, i32) {
    let seal = |(Signed { name, when, given }, y)| Seal { y, name, when, given };
    let places = (0..).map(|n| n * (SEAL + GAP) + 2);
    let seals: Vec<Seal> = signed.into_iter().zip(places).map(seal).collect();
    let above = seals.last().map_or(GAP, |seal| seal.y + SEAL + GAP);
    (seals, above)
}

/// The signatures under a tree, the witnesses' above the log's own, or a gap where no witness has signed.
pub(crate) fn signed(page: &Page, signatures: &Signatures, at: Option<Instant>) -> Vec<Signed> {
    let mut signed: Vec<Signed> = signatures
        .witnesses
        .iter()
        .map(|w| Signed { name: short(&w.name), when: when(page, w.at), given: true })
        .collect();
    if signed.is_empty() {
        signed.push(Signed {
            name: page.t("receipt.unwitnessed").to_owned(),
            when: String::new(),
            given: false,
        });
    }
    signed.push(Signed { name: page.t("receipt.we_signed").to_owned(), when: when(page, at), given: true });
    signed
}

fn when(page: &Page, at: Option<Instant>) -> String {
    at.map(|at| page.moment(at)).unwrap_or_default()
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

fn covers(page: &Page, size: u64) -> String {
    if size == 1 {
        page.t("receipt.covers_one").to_owned()
    } else {
        page.fill("receipt.covers", "number", count(page, size))
    }
}

/// How many entries stand beside a step; the largest numbers without the word, which has no room then.
fn beside(page: &Page, entries: u64) -> String {
    match entries {
        1 => page.t("receipt.one_other").to_owned(),
        2..100_000 => page.fill("receipt.others", "number", count(page, entries)),
        _ => count(page, entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::page;
    use tillid_domain::Language;
    use tillid_service::Witnessed;

    fn steps(sides: &[Side]) -> Vec<PathStep> {
        sides.iter().zip(0..).map(|(from, n)| PathStep { from: *from, beside: 1 << n }).collect()
    }

    fn signatures(witnesses: usize) -> Signatures {
        let name = |n| format!("a-witness-with-quite-a-long-name-{n}");
        let witnesses =
            (0..witnesses).map(|n| Witnessed { name: name(n), at: Some(Instant::from_micros(1)) });
        Signatures { log_keys: Vec::new(), witnesses: witnesses.collect(), asked: 2, quorum: true }
    }

    #[test]
    fn the_path_goes_down_on_the_sides_that_the_proof_says() {
        let page = page(Language::Da);
        let signed = signed(&page, &signatures(0), None);
        let picture = PathPicture::new(&page, 5, 6, &steps(&[Side::Right, Side::Left, Side::Right]), signed);
        let sides: Vec<i32> = picture.dots.iter().skip(1).map(|dot| dot.x).collect();
        assert_eq!(sides, [RIGHT, LEFT, RIGHT], "from the root down");
        let beside: Vec<(i32, bool)> = picture.besides.iter().map(|b| (b.x, b.one)).collect();
        assert_eq!(beside, [(LEFT, false), (RIGHT, false), (LEFT, true)]);
        assert_eq!((picture.leaf.x, picture.entry.anchor), (RIGHT, "end"));
        assert!(picture.seals[0].y < picture.seals[1].y && !picture.seals[0].given && picture.seals[1].given);
    }

    #[test]
    fn the_deepest_tree_fits_and_no_row_meets_the_next() {
        let page = page(Language::En);
        for depth in [0, 1, 7, 30, 63] {
            let signed = signed(&page, &signatures(3), None);
            let picture = PathPicture::new(&page, 0, 1 << depth, &steps(&vec![Side::Left; depth]), signed);
            assert!(picture.lines.iter().all(|l| [l.x1, l.x2].iter().all(|x| (0..=WIDTH).contains(x))));
            assert!(picture.dots.windows(2).all(|pair| pair[1].y - pair[0].y >= 26));
            assert_eq!(picture.dots.len(), depth + 1);
            assert!(picture.height > picture.receipt && picture.receipt > picture.leaf.y);
            assert!(picture.seals.iter().all(|seal| seal.name.chars().count() <= NAME));
        }
    }

    #[test]
    fn every_node_of_the_whole_tree_stands_over_the_middle_of_its_two() {
        let picture = LogPicture::new(9, signed(&page(Language::Da), &signatures(1), None));
        assert_eq!(picture.entries.len(), 8);
        assert_eq!(picture.root.x, MIDDLE);
        assert!(picture.entries.windows(2).all(|pair| pair[1] - pair[0] == 36) && picture.more);
    }
}
