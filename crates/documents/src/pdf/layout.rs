//! Where everything stands: lines from top to bottom, page after page, and the structure that they belong to.

use super::{
    NotDrawn,
    font::{Measures, Style},
    sheet::{Block, Sheet},
};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.276, 841.89);
const MARGIN: f32 = 62.0;
const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
const BOTTOM: f32 = PAGE.1 - 72.0;
/// Where the foot of the page stands.
const FOOT: f32 = PAGE.1 - 40.0;
const LEADING: f32 = 1.45;

const TITLE: Style = Style { bold: true, size: 20.0 };
const HEADING: Style = Style { bold: true, size: 13.5 };
const BODY: Style = Style { bold: false, size: 10.5 };
const LABEL: Style = Style { bold: true, size: 10.5 };
const SMALL: Style = Style { bold: false, size: 8.5 };
const CODE: Style = Style { bold: true, size: 22.0 };

/// Something drawn on a page.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Mark {
    /// A line of text. `leaf` is its place in the structure; without one it is no content.
    Text { x: f32, y: f32, style: Style, text: String, said: Option<String>, leaf: Option<usize> },
    /// Where a line leads that is an address; `leaf` is its place in the structure.
    Link { x: f32, y: f32, width: f32, height: f32, address: String, leaf: usize },
    /// An empty box to tick.
    Box { x: f32, y: f32, side: f32 },
    /// A line to write on.
    Rule { x: f32, y: f32, width: f32 },
}

/// What a part of the structure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    Title,
    Heading,
    Paragraph,
    List,
    Item,
    ItemBody,
    Table,
    Row,
    RowHeader,
    Cell,
    Link,
}

/// A part of the structure: what it is, and what is in it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Group {
    pub(super) tag: Tag,
    pub(super) title: Option<String>,
    pub(super) children: Vec<Child>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Child {
    Group(Group),
    /// A mark with this number as its leaf.
    Leaf(usize),
}

/// A heading, for the bookmarks.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Bookmark {
    pub(super) text: String,
    pub(super) page: usize,
    pub(super) y: f32,
}

/// A document laid out.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) structure: Vec<Group>,
    pub(super) bookmarks: Vec<Bookmark>,
    pub(super) leaves: usize,
}

/// Lays a document out.
pub(super) fn lay_out(sheet: &Sheet) -> Result<Layout, NotDrawn> {
    let mut flow = Flow { measures: Measures::load()?, layout: Layout::default(), y: f32::MAX };
    flow.heading(Tag::Title, &sheet.title, TITLE, 0.0);
    for block in &sheet.blocks {
        flow.block(block);
    }
    flow.feet(sheet);
    Ok(flow.layout)
}

struct Flow {
    measures: Measures,
    layout: Layout,
    /// The top of what comes next.
    y: f32,
}

impl Flow {
    fn block(&mut self, block: &Block) {
        match block {
            // Nothing to read, and a heading without a text is none.
            Block::Heading(text) if text.trim().is_empty() => {}
            Block::Heading(text) => self.heading(Tag::Heading, text, HEADING, 14.0),
            Block::Paragraph(text) => self.paragraph(text, BODY),
            Block::Code(text) => self.paragraph(text, CODE),
            Block::List(points) => self.list(points),
            Block::Rows(rows) => self.rows(rows),
            Block::Question { text, answers } => self.question(text, answers),
            Block::Lines(lines) => {
                for below in lines {
                    self.line_to_write_on(below);
                }
            }
        }
    }

    /// A new page, unless so much still fits on this one.
    fn room(&mut self, height: f32) {
        if self.layout.pages.is_empty() || self.y + height > BOTTOM {
            self.layout.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.layout.pages.last_mut() {
            page.push(mark);
        }
    }

    fn leaf(&mut self) -> usize {
        self.layout.leaves += 1;
        self.layout.leaves - 1
    }

    /// One line of text whose top is at the current height; says its place in the structure. Does not go down.
    fn text(&mut self, x: f32, style: Style, text: &str) -> Child {
        let leaf = self.leaf();
        let drawn = self.measures.drawable(text).into_owned();
        let said = (drawn != text).then(|| text.to_owned());
        let y = self.y + style.size;
        self.mark(Mark::Text { x, y, style, text: drawn, said, leaf: Some(leaf) });
        Child::Leaf(leaf)
    }

    /// What makes a line lead to an address.
    fn link(&mut self, x: f32, line: &str, address: &str) -> Child {
        let (leaf, width) = (self.leaf(), self.measures.width(line, BODY));
        let (y, height) = (self.y, BODY.size * LEADING);
        self.mark(Mark::Link { x, y, width, height, address: address.to_owned(), leaf });
        Child::Leaf(leaf)
    }

    /// Lines of text below each other.
    fn lines(&mut self, x: f32, width: f32, style: Style, text: &str) -> Vec<Child> {
        let mut leaves = Vec::new();
        for line in self.measures.lines(text, style, width) {
            self.room(style.size * LEADING);
            if !line.is_empty() {
                leaves.push(self.text(x, style, &line));
            }
            self.y += style.size * LEADING;
        }
        leaves
    }

    fn push(&mut self, tag: Tag, children: Vec<Child>) {
        self.layout.structure.push(Group { tag, title: None, children });
    }

    fn heading(&mut self, tag: Tag, text: &str, style: Style, above: f32) {
        // A heading never stands alone at the foot of a page.
        self.room(above + style.size * LEADING * 3.0);
        if self.y > MARGIN {
            self.y += above;
        }
        let page = self.layout.pages.len().saturating_sub(1);
        self.layout.bookmarks.push(Bookmark { text: text.to_owned(), page, y: self.y });
        let children = self.lines(MARGIN, WIDTH, style, text);
        self.layout.structure.push(Group { tag, title: Some(text.to_owned()), children });
        self.y += style.size * 0.35;
    }

    fn paragraph(&mut self, text: &str, style: Style) {
        let children = self.lines(MARGIN, WIDTH, style, text);
        self.push(Tag::Paragraph, children);
        self.y += 6.0;
    }

    fn list(&mut self, points: &[String]) {
        let mut items = Vec::new();
        for point in points {
            self.room(BODY.size * LEADING);
            let (x, y) = (MARGIN + 4.0, self.y + BODY.size);
            self.mark(Mark::Text { x, y, style: BODY, text: "•".to_owned(), said: None, leaf: None });
            let children = self.lines(MARGIN + 16.0, WIDTH - 16.0, BODY, point);
            items.push(item(children));
            self.y += 2.0;
        }
        self.push(Tag::List, items);
        self.y += 6.0;
    }

    fn rows(&mut self, rows: &[(String, String)]) {
        let left = WIDTH * 0.34;
        let mut table = Vec::new();
        for (name, value) in rows {
            let names = self.measures.lines(name, LABEL, left - 10.0);
            let values = self.measures.lines(value, BODY, WIDTH - left);
            let (mut header, mut cell) = (Vec::new(), Vec::new());
            let address = leads_to(value);
            for n in 0..names.len().max(values.len()) {
                self.room(BODY.size * LEADING);
                let columns = [
                    (&mut header, names.get(n), MARGIN, LABEL),
                    (&mut cell, values.get(n), MARGIN + left, BODY),
                ];
                for (leaves, line, x, style) in columns {
                    if let Some(line) = line.filter(|line| !line.is_empty()) {
                        leaves.push(self.text(x, style, line));
                    }
                }
                if let (Some(address), Some(line)) = (&address, values.get(n)) {
                    cell.push(self.link(MARGIN + left, line, address));
                }
                self.y += BODY.size * LEADING;
            }
            let group = |tag, children| Child::Group(Group { tag, title: None, children });
            let cell = if address.is_some() { vec![group(Tag::Link, cell)] } else { cell };
            table.push(group(Tag::Row, vec![group(Tag::RowHeader, header), group(Tag::Cell, cell)]));
            self.y += 3.0;
        }
        self.push(Tag::Table, table);
        self.y += 6.0;
    }

    /// The boxes stay with their question.
    fn question(&mut self, text: &str, answers: &[String]) {
        let lines = self.measures.lines(text, BODY, WIDTH).len();
        #[expect(clippy::cast_precision_loss, reason = "a question has few lines")]
        self.room(BODY.size * LEADING * (lines.min(30) as f32 + 1.5));
        let children = self.lines(MARGIN, WIDTH, BODY, text);
        self.push(Tag::Paragraph, children);
        self.y += 2.0;
        let mut x = MARGIN + 4.0;
        let mut items = Vec::new();
        for answer in answers {
            self.mark(Mark::Box { x, y: self.y, side: 12.0 });
            items.push(item(vec![self.text(x + 18.0, BODY, answer)]));
            x += 18.0 + self.measures.width(answer, BODY) + 34.0;
        }
        self.push(Tag::List, items);
        self.y += BODY.size * LEADING + 10.0;
    }

    fn line_to_write_on(&mut self, below: &str) {
        self.room(44.0);
        self.y += 26.0;
        self.mark(Mark::Rule { x: MARGIN, y: self.y, width: WIDTH * 0.75 });
        self.y += 3.0;
        self.paragraph(below, SMALL);
    }

    /// The foot of each page: whose it is, and which page of how many. No content, so that nobody has to hear it on each page.
    fn feet(&mut self, sheet: &Sheet) {
        let all = self.layout.pages.len();
        let [page, of] = &sheet.page_words;
        for (n, marks) in self.layout.pages.iter_mut().enumerate() {
            let number = format!("{page} {} {of} {all}", n + 1);
            let right = PAGE.0 - MARGIN - self.measures.width(&number, SMALL);
            for (x, text) in [(MARGIN, sheet.foot.as_str()), (right, number.as_str())] {
                let room = right - MARGIN - 20.0;
                let lines = self.measures.lines(text, SMALL, room.max(60.0));
                let Some(line) = lines.first().filter(|line| !line.is_empty()) else { continue };
                let text = self.measures.drawable(line).into_owned();
                marks.push(Mark::Text { x, y: FOOT, style: SMALL, text, said: None, leaf: None });
            }
        }
    }
}

/// The address that a text is, if it is one: of a page, or of somebody's mail.
fn leads_to(text: &str) -> Option<String> {
    let one = !text.contains(char::is_whitespace);
    let page = text.starts_with("https://") || text.starts_with("http://");
    let mail = text.split_once('@').is_some_and(|(who, at)| !who.is_empty() && at.contains('.'));
    match (one, page, mail) {
        (true, true, _) => Some(text.to_owned()),
        (true, false, true) => Some(format!("mailto:{text}")),
        _ => None,
    }
}

fn item(children: Vec<Child>) -> Child {
    let body = Child::Group(Group { tag: Tag::ItemBody, title: None, children });
    Child::Group(Group { tag: Tag::Item, title: None, children: vec![body] })
}
