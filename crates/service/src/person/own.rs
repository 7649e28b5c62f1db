//! Every id under which something of a person is: their own, and those of who is one with them (M10).

use crate::{Error, Service};
use tillid_domain::{
    consent::Consent, document::Document, id::PersonId, mandate::Mandate, mandate_request::MandateRequest,
    request::ConsentRequest,
};
use tillid_storage::Tx;

/// A person, as whom everything of theirs is shown: whoever names an id from before means them.
pub(crate) struct Own {
    person: PersonId,
    all: Vec<PersonId>,
}

impl Own {
    /// Whether that is one of their ids.
    pub(crate) fn is(&self, id: PersonId) -> bool {
        self.all.contains(&id)
    }

    fn seen(&self, id: PersonId) -> PersonId {
        if self.is(id) { self.person } else { id }
    }

    pub(crate) fn consent(&self, mut consent: Consent) -> Consent {
        consent.answer.person = self.seen(consent.answer.person);
        consent
    }

    pub(crate) fn document(&self, mut document: Document) -> Document {
        document.person = self.seen(document.person);
        document
    }

    pub(crate) fn request(&self, mut request: ConsentRequest) -> ConsentRequest {
        request.person = self.seen(request.person);
        request
    }

    pub(crate) fn mandate(&self, mut mandate: Mandate) -> Mandate {
        mandate.grantor = self.seen(mandate.grantor);
        mandate.representative = self.seen(mandate.representative);
        if let Some(under) = &mut mandate.under {
            under.by = self.seen(under.by);
        }
        mandate
    }

    pub(crate) fn mandate_request(&self, mut request: MandateRequest) -> MandateRequest {
        request.grantor = self.seen(request.grantor);
        request.representative = self.seen(request.representative);
        request
    }
}

impl Service {
    /// The ids of a person.
    pub(crate) async fn own<M>(&self, tx: &mut Tx<M>, person: PersonId) -> Result<Own, Error> {
        Ok(Own { person, all: tx.all_who_are(person).await? })
    }
}
