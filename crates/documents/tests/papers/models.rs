//! Any declaration that the format can hold.

use proptest::{collection::vec, option, prelude::*, sample::select};
use tillid_documents::viljestilkendegivelse::*;
use tillid_domain::Instant;

pub(crate) fn text() -> impl Strategy<Value = Text> {
    "[ -~æøåÆØÅé€😀\\n\\t]{1,40}".prop_filter_map("not empty", |text| Text::new(&text).ok())
}

fn uri() -> impl Strategy<Value = Uri> {
    prop_oneof![
        any::<u128>().prop_map(|n| Uri::uuid(uuid::Uuid::from_u128(n))),
        "https://[a-z]{1,9}\\.example/[a-z0-9/?&=%#']{0,9}"
            .prop_filter_map("a percent sign needs its digits", |u| (!u.contains('%')
                && u.matches('#').count() < 2)
                .then(|| Uri::new(&u).expect("a URI"))),
    ]
}

fn time() -> impl Strategy<Value = Instant> {
    (0..4_102_444_800_000_000_i64).prop_map(Instant::from_micros)
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    select(all)
}

fn some<T: std::fmt::Debug>(each: impl Strategy<Value = T>) -> impl Strategy<Value = OneOrMore<T>> {
    vec(each, 1..3).prop_map(|list| OneOrMore::new(list).expect("not empty"))
}

fn identifier() -> impl Strategy<Value = Identifier> {
    (text(), text(), option::of(text())).prop_map(|(value, scheme, context)| Identifier {
        value,
        scheme,
        context,
    })
}

fn access() -> impl Strategy<Value = AccessPolicy> {
    (text(), some(one_of(Right::ALL))).prop_map(|(group, rights)| AccessPolicy { group, rights })
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![
        some(identifier()).prop_map(Party::Organisation),
        (option::of(text()), vec(some(identifier()), 0..2), identifier())
            .prop_map(|(name, of, identifier)| Party::Member { name, of, identifier }),
        (text(), some(identifier())).prop_map(|(name, identifiers)| Party::Person { name, identifiers }),
    ]
}

fn actor() -> impl Strategy<Value = Actor> {
    let basis = option::of(one_of(Basis::ALL));
    (uri(), any::<bool>(), some(one_of(Role::ALL)), option::of(party()), option::of(uri()), basis).prop_map(
        |(id, must_sign, roles, party, for_actor, basis)| Actor {
            id,
            must_sign,
            roles,
            party,
            for_actor,
            basis,
        },
    )
}

fn attestation() -> impl Strategy<Value = Attestation> {
    let proof = prop_oneof![
        Just(Proof::Nothing),
        text().prop_map(Proof::System),
        text().prop_map(Proof::Signature),
        uri().prop_map(Proof::Employee),
        one_of(Method::ALL).prop_map(Proof::Method),
    ];
    (one_of(AttestationFormat::ALL), time(), uri(), proof)
        .prop_map(|(format, signed_at, giver, proof)| Attestation { format, signed_at, giver, proof })
}

fn context() -> impl Strategy<Value = Context> {
    let act = (text(), option::of(text()), identifier()).prop_map(|(term, notation, identifier)| Act {
        term,
        notation,
        identifier,
    });
    let task = (text(), option::of(text()), option::of(text()))
        .prop_map(|(term, identifier, notation)| Task { term, identifier, notation });
    let case =
        (text(), some(identifier())).prop_map(|(title, identifiers)| CaseContext { title, identifiers });
    (vec(text(), 0..2), option::of(act), vec(task, 0..2), option::of(case))
        .prop_map(|(local, act, tasks, case)| Context { local, act, tasks, case })
}

fn metadata() -> impl Strategy<Value = Metadata> {
    (one_of(Status::ALL), text(), time(), option::of(time()), option::of(uri()), vec(text(), 0..2)).prop_map(
        |(status, title, from, to, replaced_by, keywords)| Metadata {
            status,
            title,
            from,
            to,
            replaced_by,
            keywords,
        },
    )
}

/// Data of somebody else's: attributes, text, elements of other namespaces.
fn data(name: &'static str) -> impl Strategy<Value = Element> {
    let leaf = (option::of(text()), select(vec!["a", "b", "Status"]), select(vec!["urn:x:1", "urn:y&z:2"]))
        .prop_map(|(said, name, namespace)| {
            let element = Element::new(name).within(namespace).with_attribute("code", "<\"&'>");
            match said {
                Some(said) => element.with_text(said.as_str()),
                None => element,
            }
        });
    (vec(leaf, 1..3), any::<bool>()).prop_map(move |(leaves, inside)| {
        let with = |element: Element| leaves.iter().cloned().fold(element, Element::with);
        if inside { Element::new(name).with(with(Element::new("c"))) } else { with(Element::new(name)) }
    })
}

fn body() -> impl Strategy<Value = Body> {
    let bytes = || vec(any::<u8>(), 1..40);
    let content = prop_oneof![
        one_of(ContentFormat::ALL).prop_map(Content::Absent),
        text().prop_map(Content::Text),
        bytes().prop_map(Content::Pdf),
        (option::of(data("StruktureretData")), uri())
            .prop_map(|(data, stylesheet)| Content::Structured { data, stylesheet }),
    ];
    (option::of(uri()), content, option::of(bytes())).prop_map(|(id, content, shown)| Body {
        id,
        content,
        shown,
    })
}

fn expression() -> impl Strategy<Value = Expression> {
    let data = option::of(data("Maskinlaesbartindhold"));
    (uri(), option::of(uri()), vec(access(), 0..2), metadata(), one_of(Type::ALL), data).prop_map(
        |(id, template, access, metadata, kind, data)| Expression {
            id,
            template,
            access,
            metadata,
            kind,
            data,
        },
    )
}

pub(crate) fn declaration() -> impl Strategy<Value = Declaration> {
    let administrator = (one_of(AdministratorRole::ALL), some(some(identifier())))
        .prop_map(|(role, organisations)| Administrator { role, organisations });
    let header =
        (option::of(uri()), some(access()), some(administrator), some(actor()), vec(context(), 0..2));
    let about = (metadata(), vec(text(), 0..2));
    (uri(), attestation(), header, about, body(), some(expression())).prop_map(
        |(id, attestation, header, (metadata, replaces), body, expressions)| {
            let (template, access, administrators, actors, contexts) = header;
            Declaration {
                id,
                attestation,
                template,
                access,
                administrators,
                actors,
                contexts,
                metadata,
                replaces,
                body,
                expressions,
            }
        },
    )
}
