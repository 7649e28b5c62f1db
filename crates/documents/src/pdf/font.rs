//! The two fonts, and how wide words are in them.

use super::NotDrawn;
use krilla::text::Font;
use std::borrow::Cow;
use ttf_parser::Face;

static REGULAR: &[u8] = include_bytes!("../../fonts/OpenSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/OpenSans-Bold.ttf");

/// How letters look.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) size: f32,
}

/// The fonts as the writer takes them.
pub(super) struct Fonts {
    regular: Font,
    bold: Font,
}

impl Fonts {
    pub(super) fn load() -> Result<Self, NotDrawn> {
        let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or(NotDrawn::Font);
        Ok(Self { regular: font(REGULAR)?, bold: font(BOLD)? })
    }

    pub(super) fn of(&self, style: Style) -> Font {
        if style.bold { self.bold.clone() } else { self.regular.clone() }
    }
}

/// The fonts as they are measured.
pub(super) struct Measures {
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Measures {
    pub(super) fn load() -> Result<Self, NotDrawn> {
        let face = |bytes| Face::parse(bytes, 0).map_err(|_| NotDrawn::Font);
        Ok(Self { regular: face(REGULAR)?, bold: face(BOLD)? })
    }

    fn face(&self, style: Style) -> &Face<'static> {
        if style.bold { &self.bold } else { &self.regular }
    }

    /// How wide the text is, in points. Pairs that stand closer together are not counted: a line is never wider than this.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        let face = self.face(style);
        let units: u32 =
            text.chars().filter_map(|c| face.glyph_hor_advance(face.glyph_index(c)?)).map(u32::from).sum();
        #[expect(clippy::cast_precision_loss, reason = "a line is far shorter than 2^24 units")]
        let units = units as f32;
        units * style.size / f32::from(face.units_per_em())
    }

    /// The text with a question mark for each letter that the fonts do not have.
    pub(super) fn drawable<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let has = |c: char| self.regular.glyph_index(c).is_some() && self.bold.glyph_index(c).is_some();
        if text.chars().all(has) {
            return Cow::Borrowed(text);
        }
        text.chars().map(|c| if has(c) { c } else { '?' }).collect::<String>().into()
    }

    /// The text in lines that are no wider than `width`; a word that is wider than a line is cut. A line that a space was broken at ends with
    /// it, so that words stay apart when they are read.
    pub(super) fn lines(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let space = self.width(" ", style);
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let (mut line, mut used) = (String::new(), 0.0);
            for word in paragraph.split_whitespace() {
                let wide = self.width(word, style);
                if !line.is_empty() && used + space + wide <= width {
                    line = line + " " + word;
                    used += space + wide;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line) + " ");
                }
                (line, used) = self.cut(word, style, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// The last part of a word and its width; the parts before it are lines of their own.
    fn cut(&self, word: &str, style: Style, width: f32, lines: &mut Vec<String>) -> (String, f32) {
        let (mut part, mut used) = (String::new(), 0.0);
        for c in word.chars() {
            let wide = self.width(c.encode_utf8(&mut [0; 4]), style);
            if used + wide > width && !part.is_empty() {
                lines.push(std::mem::take(&mut part));
                used = 0.0;
            }
            part.push(c);
            used += wide;
        }
        (part, used)
    }
}
