//! From what a service receives to groups: by local names in any order, raw or in base64. What cannot be understood is refused, never passed
//! over: what is passed over might have narrowed what somebody may do.

use super::model::{Constraint, MAX_GROUPS, MAX_PRIVILEGES, NotAScope, Privilege, PrivilegeGroup};
use crate::viljestilkendegivelse::{Element, NotXml};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The largest value that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

const B64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a value is no list of privileges. Says nothing of what stands in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotPrivileges {
    /// It is larger than [`MAX_BYTES`].
    #[error("the value is larger than 256 KB")]
    TooLarge,
    /// It is neither XML nor XML in base64.
    #[error("the value is neither XML nor base64")]
    NotBase64,
    /// It is no XML that is read.
    #[error(transparent)]
    NotXml(#[from] NotXml),
    /// Something stands in it that the profile does not have there.
    #[error("something stands there that the profile does not have")]
    Unknown,
    /// Something is missing that the profile asks for.
    #[error("something is missing that the profile asks for")]
    Missing,
    /// There is more of something than is read.
    #[error("there are too many groups, privileges or constraints")]
    TooMany,
    /// A privilege or the name of a constraint is no URI.
    #[error("a privilege or a constraint's name is no URI")]
    NotAUri,
    /// For whom a group is cannot be read.
    #[error(transparent)]
    Scope(#[from] NotAScope),
}

/// The groups of a value as a service receives it: XML, or that in base64.
pub fn read(value: &[u8]) -> Result<Vec<PrivilegeGroup>, NotPrivileges> {
    if value.len() > MAX_BYTES {
        return Err(NotPrivileges::TooLarge);
    }
    let xml = if is_xml(value) { value.to_vec() } else { decoded(value)? };
    let root = Element::parse(&xml)?;
    if root.name() != "PrivilegeList" || !root.text().is_empty() {
        return Err(NotPrivileges::Unknown);
    }
    must_fit(root.children().len(), MAX_GROUPS)?;
    root.children().iter().map(group).collect()
}

fn is_xml(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"\xef\xbb\xbf").unwrap_or(value);
    value.trim_ascii_start().first() == Some(&b'<')
}

fn decoded(value: &[u8]) -> Result<Vec<u8>, NotPrivileges> {
    let letters: Vec<u8> = value.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    B64.decode(letters).map_err(|_| NotPrivileges::NotBase64)
}

fn must_fit(number: usize, most: usize) -> Result<(), NotPrivileges> {
    match number {
        0 => Err(NotPrivileges::Missing),
        number if number > most => Err(NotPrivileges::TooMany),
        _ => Ok(()),
    }
}

fn group(element: &Element) -> Result<PrivilegeGroup, NotPrivileges> {
    if element.name() != "PrivilegeGroup" || !element.text().is_empty() {
        return Err(NotPrivileges::Unknown);
    }
    let scope = only_attribute(element, "Scope")?.trim().parse()?;
    let (mut privileges, mut constraints) = (Vec::new(), Vec::new());
    for child in element.children() {
        match child.name() {
            _ if !child.children().is_empty() => return Err(NotPrivileges::Unknown),
            "Privilege" if own_attributes(child).next().is_none() => privileges.push(uri(child.text())?),
            "Constraint" => constraints.push(Constraint {
                name: uri(only_attribute(child, "Name")?)?,
                value: child.text().to_owned(),
            }),
            _ => return Err(NotPrivileges::Unknown),
        }
    }
    must_fit(privileges.len(), MAX_PRIVILEGES)?;
    must_fit(constraints.len().max(1), MAX_PRIVILEGES)?;
    Ok(PrivilegeGroup { scope, privileges, constraints })
}

/// The value of the one attribute that an element has; those of other namespaces tell programs how to read it, not what it says.
fn only_attribute<'e>(element: &'e Element, name: &str) -> Result<&'e str, NotPrivileges> {
    let mut own = own_attributes(element);
    match (own.next(), own.next()) {
        (Some((found, value)), None) if found == name => Ok(value),
        (None, _) => Err(NotPrivileges::Missing),
        _ => Err(NotPrivileges::Unknown),
    }
}

fn own_attributes(element: &Element) -> impl Iterator<Item = (&str, &str)> {
    element.attributes().filter(|(name, _)| !name.contains(':'))
}

fn uri(text: &str) -> Result<Privilege, NotPrivileges> {
    text.trim().parse().map_err(|_| NotPrivileges::NotAUri)
}
