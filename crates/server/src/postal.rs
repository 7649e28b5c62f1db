//! Post by way of a folder: each message is a file, which the municipality's connector to Digital Post or its printer takes from there.

use crate::whole_file;
use std::{io, path::PathBuf};
use tillid_documents::{Mailbox, Post, letter, memo};
use tillid_domain::notice::PostalChannel;
use tillid_service::{Addressed, NotHandedOver, Postal};

/// A folder that messages are written into. A file has its whole content from the moment that it has its name:
/// `{message}.memo.xml` for Digital Post, `{message}.letter.json` for paper. A message that is handed over again has the same name.
pub(crate) struct PostFolder {
    folder: PathBuf,
}

impl PostFolder {
    /// The folder, which must be there.
    pub(crate) fn new(folder: PathBuf) -> io::Result<Self> {
        if folder.is_dir() { Ok(Self { folder }) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }
}

impl Postal for PostFolder {
    fn take<'a>(
        &'a self,
        message: &'a Addressed,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), NotHandedOver>> + Send + 'a>> {
        Box::pin(async move {
            let (name, bytes) = written(message)?;
            let file = self.folder.join(name);
            let wrote =
                tokio::task::spawn_blocking(move || whole_file::write_for_our_group(&file, bytes.as_bytes()))
                    .await;
            Ok(wrote.map_err(io::Error::other)??)
        })
    }
}

/// The file's name and content.
fn written(message: &Addressed) -> Result<(String, String), NotHandedOver> {
    let notice = &message.notice;
    let words = &notice.message;
    let citizen = message.number.as_ref().map(Mailbox::Citizen);
    let recipient = citizen.or(message.cvr.map(Mailbox::Organisation));
    let post = Post {
        id: notice.id,
        sender: notice.sender,
        sender_name: words.sender.in_language(Addressed::LANGUAGE),
        recipient: recipient.ok_or(NotHandedOver::NoNumber)?,
        recipient_name: message.name.as_ref(),
        label: words.label.in_language(Addressed::LANGUAGE),
        body: words.body.in_language(Addressed::LANGUAGE),
        link: &message.link,
        at: notice.made_at,
    };
    Ok(match message.channel {
        PostalChannel::DigitalPost => (format!("{}.memo.xml", notice.id), memo(&post)),
        PostalChannel::Letter => (format!("{}.letter.json", notice.id), letter(&post)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillid_domain::{
        Cpr, Instant,
        id::{NoticeId, PersonId},
        notice::{Both, Message, NoticeKind},
    };
    use tillid_service::{OutboxNotice, Posted};
    use uuid::Uuid;

    fn message(channel: PostalChannel, number: Option<Cpr>) -> Addressed {
        let at: Instant = "2026-03-02T09:00:00Z".parse().expect("a time");
        let words = Message {
            sender: Both::same("Eksempel Kommune"),
            label: Both::same("Du har et nyt spørgsmål"),
            body: Both::same("Et afsnit."),
            path: "/requests/1".to_owned(),
        };
        let notice = OutboxNotice {
            id: NoticeId::from_uuid(Uuid::from_u128(7)),
            to: PersonId::from_uuid(Uuid::from_u128(8)),
            kind: NoticeKind::ConsentAsked,
            sender: "99100001".parse().expect("a CVR number"),
            message: words,
            made_at: at,
            queued_at: at,
            next_at: at,
            attempts: 0,
            posted: Posted::Waiting,
        };
        let link = "https://tillid.example/requests/1".to_owned();
        Addressed { notice, channel, number, cvr: None, name: None, link, at }
    }

    #[tokio::test]
    async fn a_message_is_one_whole_file_however_often_it_is_handed_over() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = PostFolder::new(home.path().to_owned()).expect("it is there");
        let number: Option<Cpr> = Some("7405433008".parse().expect("a number"));
        for _ in 0..2 {
            folder.take(&message(PostalChannel::DigitalPost, number.clone())).await.expect("taken");
            folder.take(&message(PostalChannel::Letter, number.clone())).await.expect("taken");
        }
        let mut names: Vec<String> = std::fs::read_dir(home.path())
            .expect("the folder")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let id = Uuid::from_u128(7);
        assert_eq!(names, [format!("{id}.letter.json"), format!("{id}.memo.xml")]);
        for name in names {
            let file = home.path().join(name);
            let text = std::fs::read_to_string(&file).expect("its text");
            assert!(text.contains("7405433008") && text.contains("Du har et nyt spørgsmål"), "{text}");
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).expect("its mode").permissions().mode();
            assert_eq!(mode & 0o777, 0o640, "others may not read it: {mode:o}");
        }
        let nobody = folder.take(&message(PostalChannel::Letter, None)).await;
        assert!(matches!(nobody, Err(NotHandedOver::NoNumber)));
        let gone = PostFolder { folder: home.path().join("gone") };
        let refused = gone.take(&message(PostalChannel::Letter, number)).await;
        assert!(refused.is_err_and(|error| !error.to_string().contains("7405433008")));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_the_start() {
        assert!(PostFolder::new(PathBuf::from("/nowhere/at/all")).is_err());
    }
}
