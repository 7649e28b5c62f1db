//! Notices: made from the log and the calendar, kept in the outbox, handed over to be sent.
//!
//! Nothing of this is in the path of a change: a database that is slow to make notices slows nobody who gives or withdraws. Every node
//! does it, and doing it twice does no harm: the cursor over the log is locked while it moves, and the outbox takes each notice once.

mod deliver;
mod derive;
mod end;
mod post;

pub use deliver::Delivered;
pub use post::{Addressed, NotHandedOver, Postal, SandboxPost};

use crate::{Error, Service};
use tillid_domain::{
    Cvr, Instant,
    access::SEE_CONSENTS,
    catalogue::{CatalogueEntry, Definition, Polarity},
    event::Kind,
    id::{ConsentId, EntryId, MandateId, MandateRequestId, NoticeId, PersonId, RequestId, StatutoryId},
    notice::{Both, Matter, Notice, NoticeKind, ReadAs, message, recipients},
    person::Person,
};
use tillid_storage::{NewNotice, NoticeNumbers, OutboxNotice, Tx};
use uuid::Uuid;

/// Who did what is told, if a citizen did, and when it was.
#[derive(Clone, Copy)]
struct Happened {
    by: Option<PersonId>,
    at: Instant,
}

impl Service {
    /// What an event or an end is about, as it is now; `None` when it is nothing that people are told of, or gone.
    async fn matter<M>(&self, tx: &mut Tx<M>, kind: Kind, id: Uuid) -> Result<Option<Matter>, Error> {
        Ok(match kind {
            Kind::Consent => tx.consent(ConsentId::from_uuid(id)).await?.map(Matter::Consent),
            Kind::ConsentRequest => match tx.request(RequestId::from_uuid(id)).await? {
                Some(request) => {
                    let entry = self.known_entry(tx, request.entry.entry).await?;
                    let polarity = match &entry.definition {
                        Definition::ConsentType(of) => of.polarity,
                        Definition::MandatePackage(_) => Polarity::Consent,
                    };
                    Some(Matter::Request(request, polarity))
                }
                None => None,
            },
            Kind::Mandate => match tx.mandate(MandateId::from_uuid(id)).await? {
                Some(mandate) => {
                    let sender = self.first_authority(tx, mandate.packages.first().map(|p| p.entry)).await?;
                    sender.map(|sender| Matter::Mandate(mandate, sender))
                }
                None => None,
            },
            Kind::MandateRequest => match tx.mandate_request(MandateRequestId::from_uuid(id)).await? {
                Some(request) => {
                    let package = request.packages.first().map(|p| p.entry);
                    let sender = match request.authority {
                        Some(authority) => Some(authority),
                        None => self.first_authority(tx, package).await?,
                    };
                    sender.map(|sender| Matter::MandateRequest(request, sender))
                }
                None => None,
            },
            Kind::StatutoryPower => match tx.statutory(StatutoryId::from_uuid(id)).await? {
                Some(power) => self.tells_of_powers(tx).await?.map(|sender| Matter::Statutory(power, sender)),
                None => None,
            },
            _ => None,
        })
    }

    /// The authority that runs this service: its own privileges are those about consents.
    async fn tells_of_powers<M>(&self, tx: &mut Tx<M>) -> Result<Option<Cvr>, Error> {
        let own = |entry: &CatalogueEntry| {
            let package = entry.mandate_package().filter(|_| entry.is_published())?;
            package.privileges.iter().any(|p| p.uri.as_str() == SEE_CONSENTS).then_some(package.authority)
        };
        Ok(tx.catalogue().await?.iter().find_map(own))
    }

    async fn first_authority<M>(
        &self,
        tx: &mut Tx<M>,
        package: Option<EntryId>,
    ) -> Result<Option<Cvr>, Error> {
        Ok(match package {
            Some(package) => tx.entry_authority(package).await?,
            None => None,
        })
    }

    /// The notices about that matter as they go into the outbox, to all who get them except who did it. A child's age is that of when
    /// it happened, however late that is told.
    async fn letters<M>(
        &self,
        tx: &mut Tx<M>,
        matter: &Matter,
        notices: Vec<Notice>,
        happened: Happened,
    ) -> Result<Vec<NewNotice>, Error> {
        let mut letters = Vec::new();
        for notice in notices {
            // Whoever is one with another is told as who goes on (M10).
            let concerns = tx.goes_on_as(notice.concerns).await?;
            let Some(concerned) = tx.person(concerns).await? else { continue };
            letters.extend(self.letters_to(tx, matter, &notice, &concerned, happened).await?);
        }
        Ok(letters)
    }

    /// One of them, which concerns that person.
    async fn letters_to<M>(
        &self,
        tx: &mut Tx<M>,
        matter: &Matter,
        notice: &Notice,
        concerned: &Person,
        Happened { by, at }: Happened,
    ) -> Result<Vec<NewNotice>, Error> {
        let now = self.now(tx).await?;
        let watching = self.watching(tx, concerned, matter, at).await?;
        let mut recipients = recipients(concerned, &watching, at.local_date());
        recipients.retain(|(to, _)| *to == concerned.id || by != Some(*to));
        // what those who have custody sign, the young person is not asked to.
        recipients
            .retain(|(_, read_as)| !asks_holders(matter, notice.kind) || *read_as != ReadAs::Themselves);
        let addressed = recipients.into_iter().map(|(to, read_as)| NewNotice {
            id: NoticeId::from_uuid(self.ambient.id()),
            to,
            message: message(notice, read_as, self.sender_name(notice.sender)),
            notice: notice.clone(),
            made_at: now,
            queued_at: self.ambient.now(),
        });
        Ok(addressed.collect())
    }

    /// What the authority is called; its number, where nobody says.
    fn sender_name(&self, sender: Cvr) -> Both {
        let known = self.directory.get(sender).map(|authority| Both::of(&authority.name));
        known.unwrap_or_else(|| Both::same(&format!("CVR {sender}")))
    }

    /// The newest notices to a person: what the sandbox's inbox and tests look at.
    pub async fn notices_to(&self, person: PersonId) -> Result<Vec<OutboxNotice>, Error> {
        /// Many more than anybody reads.
        const MANY: u32 = 1000;
        let mut tx = self.store.read().await?;
        Ok(tx.notices_to(person, MANY).await?)
    }

    /// The outbox in numbers.
    pub async fn notice_numbers(&self) -> Result<NoticeNumbers, Error> {
        let mut tx = self.store.read().await?;
        Ok(tx.notice_numbers().await?)
    }
}

/// Whether a notice asks those who have custody to sign something for the child.
fn asks_holders(matter: &Matter, kind: NoticeKind) -> bool {
    kind == NoticeKind::MandateToSign
        && matches!(matter, Matter::Mandate(mandate, _) if mandate.for_child.is_some())
}
