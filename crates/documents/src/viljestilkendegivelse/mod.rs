//! Viljestilkendegivelse: the Danish state's XML format for consents and opt-outs (its schema of 14 October 2022).
//!
//! [`read`] and [`Declaration::to_xml`] go between bytes and a model of the format; [`export`] and [`declared`] go between that model and
//! what the domain knows. No step drops anything silently: what does not go through is a [`Loss`]. `docs/viljestilkendegivelse.md` has the table.

mod export;
mod fields;
mod import;
mod loss;
mod model;
mod read;
mod tree;
mod write;

pub use export::{Evidence, Exported, Exporting, Giver, SubjectName, WithoutConsents, export};
pub use import::{
    Declared, DeclaredExpression, DeclaredStanding, GivenBy, Identified, NotDeclarable, declared,
};
pub use loss::{Loss, Lost};
pub use model::{
    AccessPolicy, Act, Actor, Administrator, AdministratorRole, Attestation, AttestationFormat, Basis, Body,
    CaseContext, Content, ContentFormat, Context, Declaration, Expression, Identifier, Metadata, Method,
    NotAValue, OneOrMore, Party, Proof, Right, Role, Status, Task, Text, Type, Uri,
};
pub use read::{NotADeclaration, Read, read};
pub use tree::{Element, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, NotXml};
