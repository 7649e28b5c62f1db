//! Messages as they are handed over to be sent: to Digital Post in the shape of MeMo (a subset of its version 1.2), on paper as a letter
//! that can be printed.
//!
//! The names, their order and what may stand in them are those that senders of Danish municipalities use, whose code was made from the schema
//! of MeMo; the schema itself is not at hand here.

use base64::{Engine, engine::general_purpose::STANDARD as B64};
use serde_json::json;
use tillid_domain::{Cpr, Cvr, Instant, LocalDate, id::NoticeId, text::Name};
use uuid::{Builder, Uuid, Variant, Version};

/// The number that a message is sent to.
#[derive(Clone, Copy, Debug)]
pub enum Mailbox<'p> {
    /// A citizen's.
    Citizen(&'p Cpr),
    /// An organisation's.
    Organisation(Cvr),
}

impl Mailbox<'_> {
    /// The number, and its kind as MeMo names it.
    fn written(&self) -> (String, &'static str) {
        match self {
            Self::Citizen(number) => (number.reveal().to_string(), "CPR"),
            Self::Organisation(cvr) => (cvr.to_string(), "CVR"),
        }
    }
}

/// A message to one person.
#[derive(Clone, Debug)]
pub struct Post<'p> {
    /// The message's id: however often it is handed over, it is one message.
    pub id: NoticeId,
    /// In whose name it is sent.
    pub sender: Cvr,
    /// What the sender is called.
    pub sender_name: &'p str,
    /// Whom it is to. It stands in the document alone.
    pub recipient: Mailbox<'p>,
    /// What they are called, where it is known.
    pub recipient_name: Option<&'p Name>,
    /// The subject.
    pub label: &'p str,
    /// The paragraphs, with an empty line between them; in Danish.
    pub body: &'p str,
    /// Where the person reads more.
    pub link: &'p str,
    /// When it was made.
    pub at: Instant,
}

/// The message in the shape of MeMo.
pub fn memo(post: &Post<'_>) -> String {
    let text = |value: &str| escaped(value);
    let html = B64.encode(html(post, false));
    let (recipient, kind) = post.recipient.written();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <memo:Message xmlns:memo=\"https://DigitalPost.dk/MeMo-1\" memoVersion=\"1.2\">\n\
         <memo:MessageHeader>\n\
         <memo:messageType>DIGITALPOST</memo:messageType>\n\
         <memo:messageUUID>{id}</memo:messageUUID>\n\
         <memo:label>{label}</memo:label>\n\
         <memo:mandatory>false</memo:mandatory>\n\
         <memo:legalNotification>false</memo:legalNotification>\n\
         <memo:Sender><memo:senderID>{sender}</memo:senderID><memo:idType>CVR</memo:idType><memo:label>{sender_name}</memo:label></memo:Sender>\n\
         <memo:Recipient><memo:recipientID>{recipient}</memo:recipientID><memo:idType>{kind}</memo:idType></memo:Recipient>\n\
         </memo:MessageHeader>\n\
         <memo:MessageBody>\n\
         <memo:createdDateTime>{at}</memo:createdDateTime>\n\
         <memo:MainDocument>\n\
         <memo:label>{label}</memo:label>\n\
         <memo:File><memo:encodingFormat>text/html</memo:encodingFormat><memo:filename>besked.html</memo:filename>\
         <memo:language>da</memo:language><memo:content>{html}</memo:content></memo:File>\n\
         <memo:Action><memo:label>{action}</memo:label><memo:actionCode>INFORMATION</memo:actionCode>\
         <memo:EntryPoint><memo:url>{link}</memo:url></memo:EntryPoint></memo:Action>\n\
         </memo:MainDocument>\n\
         </memo:MessageBody>\n\
         </memo:Message>\n",
        id = message_id(post.id),
        label = text(post.label),
        sender = post.sender,
        sender_name = text(post.sender_name),
        at = whole_seconds(post.at),
        action = "Log på og læs mere",
        link = text(post.link),
    )
}

/// The message's id as MeMo takes one: of version 4. Ours differ in more than their version, so that these do too, and a message that is handed
/// over again has the same.
fn message_id(id: NoticeId) -> Uuid {
    let builder = Builder::from_bytes(id.as_uuid().into_bytes());
    builder.with_variant(Variant::RFC4122).with_version(Version::Random).into_uuid()
}

/// The moment without its fraction.
fn whole_seconds(at: Instant) -> String {
    let whole = at.to_string();
    whole.split('.').next().map_or(String::new(), |until_the_second| format!("{until_the_second}Z"))
}

/// The message as a letter: whom it is to, and a page to print. Whoever prints it puts the address into its window.
pub fn letter(post: &Post<'_>) -> String {
    let (recipient, kind) = post.recipient.written();
    let letter = json!({
        "message_uuid": post.id,
        "message_type": "LETTER",
        "label": post.label,
        "legal_notification": false,
        "sender": {"id": post.sender, "id_type": "CVR", "label": post.sender_name},
        "recipient": {"id": recipient, "id_type": kind, "name": post.recipient_name},
        "created": post.at,
        "document": {"encoding_format": "text/html", "language": "da", "content": html(post, true)},
    });
    format!("{letter:#}\n")
}

/// The page that is read or printed; on paper with room for the address, and with where to go written out.
fn html(post: &Post<'_>, on_paper: bool) -> String {
    let paragraphs = post
        .body
        .split("\n\n")
        .fold(String::new(), |text, paragraph| text + "<p>" + &escaped(paragraph) + "</p>\n");
    let (label, sender, link) = (escaped(post.label), escaped(post.sender_name), escaped(post.link));
    let address = if on_paper { "<div style=\"height:45mm\" id=\"adresse\"></div>\n" } else { "" };
    let more = if on_paper {
        format!("<p>Du kan læse mere på {link}</p>\n")
    } else {
        format!("<p><a href=\"{link}\">Log på og læs mere</a></p>\n")
    };
    format!(
        "<!doctype html>\n<html lang=\"da\">\n<head><meta charset=\"utf-8\"><title>{label}</title></head>\n<body>\n\
         {address}<p>{sender}, {}</p>\n<h1>{label}</h1>\n{paragraphs}{more}</body>\n</html>\n",
        written(post.at.local_date())
    )
}

/// A day in figures, as Danish letters have it.
fn written(day: LocalDate) -> String {
    format!("{:02}.{:02}.{:04}", day.day(), day.month(), day.year())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post<'p>(cpr: &'p Cpr, name: &'p Name) -> Post<'p> {
        Post {
            id: NoticeId::from_uuid(uuid::Uuid::from_u128(7)),
            sender: "99100001".parse().expect("a CVR number"),
            sender_name: "Børn & <Unge>",
            recipient: Mailbox::Citizen(cpr),
            recipient_name: Some(name),
            label: "Du har et nyt \"spørgsmål\"",
            body: "Første afsnit.\n\nAndet afsnit.",
            link: "https://tillid.example/requests/1?a=1&b=2",
            at: "2026-03-29T22:30:00Z".parse().expect("a time"),
        }
    }

    #[test]
    fn a_message_has_its_id_its_sender_and_no_markup_of_others() {
        let (cpr, name) = ("7405433008".parse().expect("a number"), "Anna Lind".parse().expect("a name"));
        let memo = memo(&post(&cpr, &name));
        for part in [
            "<memo:messageUUID>00000000-0000-4000-8000-000000000007</memo:messageUUID>",
            "<memo:legalNotification>false</memo:legalNotification>",
            "<memo:senderID>99100001</memo:senderID><memo:idType>CVR</memo:idType><memo:label>Børn &amp; &lt;Unge&gt;</memo:label>",
            "<memo:recipientID>7405433008</memo:recipientID><memo:idType>CPR</memo:idType>",
            "<memo:url>https://tillid.example/requests/1?a=1&amp;b=2</memo:url>",
            "<memo:createdDateTime>2026-03-29T22:30:00Z</memo:createdDateTime>",
        ] {
            assert!(memo.contains(part), "{part}\n{memo}");
        }
        let content = memo.split("<memo:content>").nth(1).and_then(|rest| rest.split('<').next());
        let html = String::from_utf8(B64.decode(content.expect("content")).expect("base64")).expect("text");
        assert!(html.contains("<p>Første afsnit.</p>\n<p>Andet afsnit.</p>"), "{html}");
        assert!(html.contains("30.03.2026"), "the day in Denmark: {html}");
        assert!(!html.contains("7405433008") && !html.contains("Anna"), "nobody's name or number: {html}");
    }

    /// The elements that we write, where they stand in the schema's sequences.
    const ORDER: [&str; 29] = [
        "Message",
        "MessageHeader",
        "messageType",
        "messageUUID",
        "label",
        "mandatory",
        "legalNotification",
        "Sender",
        "senderID",
        "idType",
        "label",
        "Recipient",
        "recipientID",
        "idType",
        "MessageBody",
        "createdDateTime",
        "MainDocument",
        "label",
        "File",
        "encodingFormat",
        "filename",
        "language",
        "content",
        "Action",
        "label",
        "actionCode",
        "EntryPoint",
        "url",
        "",
    ];

    #[test]
    fn a_message_has_what_others_read_in_their_order_and_no_more_than_fits() {
        let (cpr, name) = ("7405433008".parse().expect("a number"), "Anna Lind".parse().expect("a name"));
        let id = NoticeId::from_uuid(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000));
        let memo = memo(&Post { id, ..post(&cpr, &name) });
        let opened: Vec<&str> = memo
            .split("<memo:")
            .skip(1)
            .filter_map(|part| part.split([' ', '>']).next())
            .chain([""])
            .collect();
        assert_eq!(opened, ORDER);
        let inside = |name: &str| {
            let (_, rest) = memo.split_once(&format!("<memo:{name}>")).expect("the element");
            rest.split('<').next().expect("its text").to_owned()
        };
        // Digital Post takes a UUID of version 4 alone, and a time in UTC.
        assert_eq!(inside("messageUUID"), "0192aaaa-bbbb-4ccc-8ddd-eeeeffff0000");
        assert!(inside("createdDateTime").ends_with('Z') && !inside("createdDateTime").contains('.'));
        assert_eq!(inside("language").len(), 2);
        for (name, most) in [("label", 256), ("filename", 256), ("actionCode", 256), ("url", 256)] {
            assert!(inside(name).chars().count() <= most, "{name}");
        }
    }

    #[test]
    fn a_letter_says_whom_it_is_to_and_leaves_room_for_the_address() {
        let (cpr, name) = ("7405433008".parse().expect("a number"), "Anna Lind".parse().expect("a name"));
        let letter: serde_json::Value = serde_json::from_str(&letter(&post(&cpr, &name))).expect("json");
        assert_eq!(letter["recipient"], json!({"id": "7405433008", "id_type": "CPR", "name": "Anna Lind"}));
        let page = letter["document"]["content"].as_str().expect("a page");
        assert!(
            page.contains("id=\"adresse\"") && page.contains("læse mere på https://tillid.example"),
            "{page}"
        );
        assert!(!page.contains("7405433008"), "{page}");
    }
}
