//! From a layout to bytes. The writer checks both standards and refuses what does not hold them.

use super::{
    NotDrawn,
    font::Fonts,
    layout::{Child, Group, Layout, Mark, PAGE, Tag},
    sheet::Sheet,
};
use krilla::{
    Document, SerializeSettings,
    action::LinkAction,
    annotation::{Annotation, LinkAnnotation, Target},
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{Path, PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata, TextDirection as Reading},
    outline::{Outline, OutlineNode},
    page::{Page, PageSettings},
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope,
        Tag as Written, TagGroup, TagKind, TagTree,
    },
    text::TextDirection,
};
use std::num::NonZeroU16;

/// The bytes of the document.
pub(super) fn pdf(sheet: &Sheet, layout: &Layout) -> Result<Vec<u8>, NotDrawn> {
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .with_archival_validator(Archival::A2_A)
        .finish()
        .map_err(|e| NotDrawn::NotValid(format!("{e:?}")))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        enable_tagging: true,
        ..SerializeSettings::default()
    });
    let fonts = Fonts::load()?;
    let mut leaves: Vec<Option<Identifier>> = vec![None; layout.leaves];
    for marks in &layout.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark, &fonts, sheet.language.tag(), &mut leaves);
        }
        surface.finish();
        for mark in marks {
            lead(&mut page, mark, &mut leaves);
        }
        page.finish();
    }
    document.set_metadata(metadata(sheet));
    document.set_outline(outline(layout));
    let mut tree = TagTree::new().with_lang(Some(sheet.language.tag().to_owned()));
    for group in &layout.structure {
        tree.push(written(group, &leaves));
    }
    document.set_tag_tree(tree);
    document.finish().map_err(|e| NotDrawn::NotValid(format!("{e:?}")))
}

fn metadata(sheet: &Sheet) -> Metadata {
    let at = sheet.created.to_string();
    let number = |from: usize, to: usize| at.get(from..to).and_then(|part| part.parse::<u8>().ok());
    let year = at.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default();
    let created = DateTime::new(year)
        .month(number(5, 7).unwrap_or(1))
        .day(number(8, 10).unwrap_or(1))
        .hour(number(11, 13).unwrap_or_default())
        .minute(number(14, 16).unwrap_or_default())
        .second(number(17, 19).unwrap_or_default())
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(sheet.title.clone())
        .language(sheet.language.tag().to_owned())
        .authors(vec![sheet.author.clone()])
        .creator("Tillid".to_owned())
        .text_direction(Reading::LeftToRight)
        .creation_date(created)
}

fn outline(layout: &Layout) -> Outline {
    let mut outline = Outline::new();
    for mark in &layout.bookmarks {
        let place = XyzDestination::new(mark.page, Point::from_xy(0.0, mark.y));
        outline.push_child(OutlineNode::new(mark.text.clone(), place));
    }
    outline
}

fn draw(
    surface: &mut Surface<'_>,
    mark: &Mark,
    fonts: &Fonts,
    language: &str,
    leaves: &mut [Option<Identifier>],
) {
    let ornament = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
    let black: Fill = Fill { paint: rgb::Color::black().into(), ..Fill::default() };
    match mark {
        Mark::Text { x, y, style, text, said, leaf } => {
            surface.set_stroke(None);
            surface.set_fill(Some(black));
            let span = SpanTag::empty().with_lang(Some(language)).with_actual_text(said.as_deref());
            let tag =
                leaf.map_or_else(|| ornament(ArtifactType::PaginationOther), |_| ContentTag::Span(span));
            let identifier = surface.start_tagged(tag);
            let at = Point::from_xy(*x, *y);
            surface.draw_text(at, fonts.of(*style), style.size, text, false, TextDirection::LeftToRight);
            surface.end_tagged();
            if let Some(place) = leaf.and_then(|leaf| leaves.get_mut(leaf)) {
                *place = Some(identifier);
            }
        }
        Mark::Link { .. } => {}
        Mark::Box { x, y, side } => {
            let rect = Rect::from_xywh(*x, *y, *side, *side);
            line(surface, rect.and_then(|rect| path(|p| p.push_rect(rect))), &ornament(ArtifactType::Layout));
        }
        Mark::Rule { x, y, width } => {
            let rule = path(|p| {
                p.move_to(*x, *y);
                p.line_to(x + width, *y);
            });
            line(surface, rule, &ornament(ArtifactType::Layout));
        }
    }
}

/// Makes a line of the page lead to its address. What is read of it is the address.
fn lead(page: &mut Page<'_>, mark: &Mark, leaves: &mut [Option<Identifier>]) {
    let Mark::Link { x, y, width, height, address, leaf } = mark else { return };
    let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) else { return };
    let link = LinkAnnotation::new(rect, Target::Action(LinkAction::new(address.clone()).into()));
    let identifier = page.add_tagged_annotation(Annotation::new_link(link, Some(address.clone())));
    if let Some(place) = leaves.get_mut(*leaf) {
        *place = Some(identifier);
    }
}

fn path(build: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut builder = PathBuilder::new();
    build(&mut builder);
    builder.finish()
}

fn line(surface: &mut Surface<'_>, path: Option<Path>, tag: &ContentTag<'static>) {
    let Some(path) = path else { return };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: rgb::Color::black().into(), width: 0.8, ..Stroke::default() }));
    surface.start_tagged(*tag);
    surface.draw_path(&path);
    surface.end_tagged();
}

fn written(group: &Group, leaves: &[Option<Identifier>]) -> Node {
    let level = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
    let tag: TagKind = match group.tag {
        Tag::Title => Written::Hn(level(1), group.title.clone()).into(),
        Tag::Heading => Written::Hn(level(2), group.title.clone()).into(),
        Tag::Paragraph => Written::P.into(),
        Tag::List => Written::L(ListNumbering::None).into(),
        Tag::Item => Written::LI.into(),
        Tag::ItemBody => Written::LBody.into(),
        Tag::Table => Written::Table.into(),
        Tag::Row => Written::TR.into(),
        Tag::RowHeader => Written::TH(TableHeaderScope::Row).into(),
        Tag::Cell => Written::TD.into(),
        Tag::Link => Written::Link.into(),
    };
    let children = group.children.iter().filter_map(|child| match child {
        Child::Group(group) => Some(written(group, leaves)),
        Child::Leaf(leaf) => leaves.get(*leaf).copied().flatten().map(Node::Leaf),
    });
    Node::Group(TagGroup::with_children(tag, children.collect()))
}
