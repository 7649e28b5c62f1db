//! From groups to the bytes that a service receives.

use super::model::{PrivilegeGroup, Profile};
use base64::{Engine, engine::general_purpose::STANDARD as B64};
use quick_xml::{
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
    writer::Writer,
};

const LIST: &str = "bpp:PrivilegeList";

/// The groups as XML. Only the root is in the profile's namespace, as the profile has it. Version 1.0.1 has no constraints: a group that has
/// some says less without them, and is left out.
///
/// Nothing is written where no group is left: the profile has no empty list, and an assertion has no such attribute then.
pub fn to_xml(groups: &[PrivilegeGroup], profile: Profile) -> Option<Vec<u8>> {
    let told: Vec<&PrivilegeGroup> =
        groups.iter().filter(|group| profile != Profile::V101 || group.constraints.is_empty()).collect();
    if told.is_empty() {
        return None;
    }
    let mut writer = Writer::new(Vec::new());
    let mut root = BytesStart::new(LIST);
    root.push_attribute(("xmlns:bpp", profile.namespace()));
    // Writing into memory does not fail.
    let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    let _ = writer.write_event(Event::Start(root));
    for group in told {
        write(&mut writer, group);
    }
    let _ = writer.write_event(Event::End(BytesEnd::new(LIST)));
    Some(writer.into_inner())
}

/// The groups as they stand in an assertion.
pub fn to_base64(groups: &[PrivilegeGroup], profile: Profile) -> Option<String> {
    to_xml(groups, profile).map(|xml| B64.encode(xml))
}

fn write(writer: &mut Writer<Vec<u8>>, group: &PrivilegeGroup) {
    let mut start = BytesStart::new("PrivilegeGroup");
    start.push_attribute(("Scope", group.scope.reveal().as_str()));
    let _ = writer.write_event(Event::Start(start));
    for privilege in &group.privileges {
        leaf(writer, BytesStart::new("Privilege"), "Privilege", privilege.as_str());
    }
    for constraint in &group.constraints {
        let mut start = BytesStart::new("Constraint");
        start.push_attribute(("Name", constraint.name.as_str()));
        leaf(writer, start, "Constraint", &constraint.value);
    }
    let _ = writer.write_event(Event::End(BytesEnd::new("PrivilegeGroup")));
}

fn leaf(writer: &mut Writer<Vec<u8>>, start: BytesStart<'_>, name: &'static str, text: &str) {
    let _ = writer.write_event(Event::Start(start));
    let _ = writer.write_event(Event::Text(BytesText::new(text)));
    let _ = writer.write_event(Event::End(BytesEnd::new(name)));
}
