//! A person takes out everything that is held about them: one archive, made part by part.

use crate::{
    Call, Error, Service, guard::principal, mandate::request::SeenMandateRequest, statutory::StatutorySeen,
};
use serde_json::Value;
use tillid_documents::archive::{self, Archive, Chapter, Entry, Names, NotWritten};
use tillid_domain::{
    Cvr, Instant, Language, Localized, Reason,
    access::{Act, Subject},
    basis::Basis,
    catalogue::EntryVersion,
    event::Fact,
    id::{AccessId, ConsentId, DocumentId, MandateId, MandateRequestId, PersonId, PresentationId, RequestId},
};
use tillid_storage::{Opened, Read, Tx};

/// How many things are read at a time.
const PART: u32 = 100;

impl Names for crate::Directory {
    fn authority(&self, cvr: Cvr) -> Option<&Localized> {
        self.get(cvr).map(|authority| &authority.name)
    }
}

impl From<NotWritten> for Error {
    fn from(error: NotWritten) -> Self {
        Self::Broken(Box::new(error))
    }
}

/// How many bytes wait at most, besides one file, before they are sent.
const ENOUGH: usize = 256 * 1024;

/// An archive that is being made. What is recorded while it is made may be in it or not.
pub struct Export {
    service: Service,
    call: Call,
    person: PersonId,
    now: Instant,
    language: Language,
    archive: Archive,
    next: Option<Step>,
}

/// What comes next in the archive.
enum Step {
    /// The files about the person and about the archive itself.
    Begin,
    /// One list as JSON, and then the others.
    Lists(Chapter, Cursor),
    /// A receipt of each event after so many of them, and the documents that were shown: of each id of theirs in turn.
    Receipts(usize, u64),
    /// The page that people read.
    Page(Chapter, Cursor),
}

/// Where a list goes on.
#[derive(Clone, Copy)]
enum Cursor {
    First,
    Consent(ConsentId),
    Request(RequestId),
    Mandate(MandateId),
    MandateRequest(MandateRequestId),
    Look(AccessId),
}

impl Service {
    /// Begins the archive of everything that is held about the caller, for nobody but themselves.
    pub async fn export(&self, call: &Call, language: Language) -> Result<Export, Error> {
        let person = principal(&call.actor).ok_or(Error::Denied(Reason::CitizensOnly))?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let subject = Subject { person: Some(person), ..Subject::default() };
        let decision = self.may(&mut tx, call, Act::Export, &subject, now).await?;
        drop(tx);
        if let Err(refusal) = decision {
            return Err(self.refused(call, person, Act::Export, refusal, now).await);
        }
        let (service, call) = (self.clone(), call.clone());
        let archive = Archive::default();
        Ok(Export { service, call, person, now, language, archive, next: Some(Step::Begin) })
    }
}

impl Export {
    /// The next bytes of the archive; `None` when there are no more.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        while let Some(step) = self.next.take() {
            // Each part is read in a transaction of its own: whoever fetches slowly holds nothing.
            let mut tx = self.service.store.read().await?;
            self.next = match step {
                Step::Begin => self.begin(&mut tx).await?,
                Step::Lists(chapter, from) => self.list(&mut tx, chapter, from).await?,
                Step::Receipts(of, after) => self.receipts(&mut tx, of, after).await?,
                Step::Page(chapter, from) => self.page(&mut tx, chapter, from).await?,
            };
            let bytes = match self.next {
                Some(_) => self.archive.take(),
                None => std::mem::take(&mut self.archive).finish()?,
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    async fn begin(&mut self, tx: &mut Tx<Read>) -> Result<Option<Step>, Error> {
        let person = self.service.known_person(tx, self.person).await?;
        let about = serde_json::json!({
            "format": "tillid-export/1",
            "issuer": self.service.settings.base_url,
            "made_at": self.now,
            "person_id": self.person,
            "files": archive::notes(self.language),
        });
        self.archive.file("about.json", &pretty(&about))?;
        self.archive.file("person.json", &pretty(&archive::person(&person)))?;
        let mut tasks = Vec::new();
        for one in tx.all_who_are(self.person).await? {
            tasks.extend(tx.tasks_about(one).await?);
        }
        let tasks = tasks.iter().map(|task| archive::task(task, &*self.service.directory)).collect();
        self.archive.file("tasks.json", &pretty(&tasks))?;
        let statutory = self.service.statutory_in_view(tx, &self.call, self.person, self.now).await?;
        self.archive.file("statutory.json", &pretty(&statutory.iter().map(by_law).collect()))?;
        self.archive.file("keys.json", &pretty(&self.service.published_keys()))?;
        self.lists(Chapter::Consents)
    }

    /// Begins the file of a list.
    fn lists(&mut self, chapter: Chapter) -> Result<Option<Step>, Error> {
        self.archive.begin(&format!("{}.json", chapter.file()))?;
        Ok(Some(Step::Lists(chapter, Cursor::First)))
    }

    async fn list(
        &mut self,
        tx: &mut Tx<Read>,
        chapter: Chapter,
        from: Cursor,
    ) -> Result<Option<Step>, Error> {
        let (entries, next) = self.entries(tx, chapter, from).await?;
        let first = matches!(from, Cursor::First);
        for (n, entry) in entries.iter().enumerate() {
            self.archive.write(if first && n == 0 { b"[\n" } else { b",\n" })?;
            self.archive.write(&pretty(&entry.json))?;
        }
        if let Some(cursor) = next {
            return Ok(Some(Step::Lists(chapter, cursor)));
        }
        self.archive.write(if first && entries.is_empty() { b"[]\n" } else { b"\n]\n" })?;
        match after(chapter) {
            Some(chapter) => self.lists(chapter),
            None => Ok(Some(Step::Receipts(0, 0))),
        }
    }

    async fn receipts(&mut self, tx: &mut Tx<Read>, of: usize, after: u64) -> Result<Option<Step>, Error> {
        let own = tx.all_who_are(self.person).await?;
        let Some(one) = own.get(of).copied() else { return self.begin_page(tx).await.map(Some) };
        let concerning = tx.concerning(one, after, PART).await?;
        let Some(last) = concerning.last().map(|(version, _)| *version) else {
            return Ok(Some(Step::Receipts(of + 1, 0)));
        };
        for (version, opened) in &concerning {
            // What concerns them under two ids is there once.
            let mut subjects = opened.recorded.subjects.iter();
            let before = own.get(..of).unwrap_or_default();
            let again = subjects.any(|subject| before.contains(&subject.person));
            if again || !self.service.is_told(tx, &opened.recorded, self.person).await? {
                continue;
            }
            self.receipt(tx, *version, opened).await?;
            if self.archive.waiting() > ENOUGH {
                return Ok(Some(Step::Receipts(of, *version)));
            }
        }
        Ok(Some(Step::Receipts(of, last)))
    }

    async fn receipt(&mut self, tx: &mut Tx<Read>, version: u64, opened: &Opened) -> Result<(), Error> {
        let receipt = self.service.receipt_of(tx, opened).await?;
        let event = opened.recorded.id;
        let name = format!("receipts/{version:06}-{}-{event}", opened.recorded.fact.code());
        self.archive.file(&format!("{name}.jws"), receipt.receipt.as_bytes())?;
        if let Some(proof) = &receipt.proof {
            self.archive.file(&format!("{name}.tlog-proof"), proof.as_bytes())?;
        }
        // As the service hands it out, for whoever checks it with our own command.
        let whole = serde_json::to_vec(&receipt).map_err(|error| Error::Broken(Box::new(error)))?;
        self.archive.file(&format!("{name}.json"), &whole)?;
        let own = tx.all_who_are(self.person).await?;
        match &opened.recorded.fact {
            Fact::PresentationShown { person, .. } if own.contains(person) => {
                let id = PresentationId::from_uuid(opened.recorded.aggregate);
                let shown = self.service.shown(tx, id).await?;
                self.archive.file(&format!("documents/{id}.json"), &shown.document)?;
            }
            Fact::DocumentKept { person, .. } if own.contains(person) => {
                let id = DocumentId::from_uuid(opened.recorded.aggregate);
                if let Some((document, bytes)) = tx.document_bytes(id).await? {
                    let name = format!("evidence/{id}.{}", document.media_type.extension());
                    self.archive.file(&name, &bytes)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn begin_page(&mut self, tx: &mut Tx<Read>) -> Result<Step, Error> {
        let person = self.service.known_person(tx, self.person).await?;
        let name = person.name.map(|name| name.to_string()).unwrap_or_default();
        let issuer = &self.service.settings.base_url;
        let head = written(archive::head(self.language, &name, self.now, issuer))?;
        self.archive.file("index.html", head.as_bytes())?;
        Ok(Step::Page(Chapter::Consents, Cursor::First))
    }

    async fn page(
        &mut self,
        tx: &mut Tx<Read>,
        chapter: Chapter,
        from: Cursor,
    ) -> Result<Option<Step>, Error> {
        let (entries, next) = self.entries(tx, chapter, from).await?;
        let first = matches!(from, Cursor::First);
        let rows = written(archive::rows(self.language, chapter, &entries, first, next.is_none()))?;
        self.archive.write(rows.as_bytes())?;
        if let Some(cursor) = next {
            return Ok(Some(Step::Page(chapter, cursor)));
        }
        if let Some(chapter) = after(chapter) {
            return Ok(Some(Step::Page(chapter, Cursor::First)));
        }
        self.archive.write(archive::foot().as_bytes())?;
        Ok(None)
    }

    /// A part of a list, and where it goes on.
    async fn entries(
        &self,
        tx: &mut Tx<Read>,
        chapter: Chapter,
        from: Cursor,
    ) -> Result<(Vec<Entry>, Option<Cursor>), Error> {
        let (service, language) = (&self.service, self.language);
        let names: &dyn Names = &*service.directory;
        match chapter {
            Chapter::Consents => {
                let below = if let Cursor::Consent(id) = from { Some(id) } else { None };
                let page =
                    service.consents_in_view(tx, &self.call, self.person, below, PART, self.now).await?;
                let entry = |c: &crate::TypedConsent| {
                    archive::consent(&c.consent, &c.of, c.standing, names, language)
                };
                Ok((page.items.iter().map(entry).collect(), page.next.map(Cursor::Consent)))
            }
            Chapter::Requests => {
                let below = if let Cursor::Request(id) = from { Some(id) } else { None };
                let page =
                    service.requests_in_view(tx, &self.call, self.person, below, PART, self.now).await?;
                let entries = page
                    .items
                    .iter()
                    .map(|(r, of)| archive::request(r, of, r.standing(self.now), names, language));
                Ok((entries.collect(), page.next.map(Cursor::Request)))
            }
            Chapter::Mandates => {
                let below = if let Cursor::Mandate(id) = from { Some(id) } else { None };
                self.mandates(tx, below).await
            }
            Chapter::MandateRequests => {
                let below = if let Cursor::MandateRequest(id) = from { Some(id) } else { None };
                let page = service
                    .mandate_requests_in_view(tx, &self.call, self.person, below, PART, self.now)
                    .await?;
                let mut entries = Vec::with_capacity(page.items.len());
                for seen in &page.items {
                    entries.push(self.mandate_request(tx, seen).await?);
                }
                Ok((entries, page.next.map(Cursor::MandateRequest)))
            }
            Chapter::AccessLog => {
                let below = if let Cursor::Look(id) = from { Some(id) } else { None };
                let looks = tx.access_log(self.person, self.now, below, PART).await?;
                let next = looks.last().filter(|_| looks.len() == PART as usize).map(|look| look.id);
                let entries = looks.iter().map(|look| archive::look(look, names, language));
                Ok((entries.collect(), next.map(Cursor::Look)))
            }
        }
    }

    async fn mandates(
        &self,
        tx: &mut Tx<Read>,
        below: Option<MandateId>,
    ) -> Result<(Vec<Entry>, Option<Cursor>), Error> {
        let page = self.service.mandates_in_view(tx, &self.call, self.person, below, PART, self.now).await?;
        let mut entries = Vec::with_capacity(page.items.len());
        for mandate in &page.items {
            let titles = self.titles(tx, &mandate.packages).await?;
            let name = self.service.called(tx, mandate).await?;
            let standing = mandate.standing(self.now);
            let (person, language) = (self.person, self.language);
            entries.push(archive::mandate(mandate, standing, person, &titles, name.as_ref(), language));
        }
        Ok((entries, page.next.map(Cursor::Mandate)))
    }

    async fn mandate_request(&self, tx: &mut Tx<Read>, seen: &SeenMandateRequest) -> Result<Entry, Error> {
        let titles = self.titles(tx, &seen.request.packages).await?;
        let names: &dyn Names = &*self.service.directory;
        let grantor = seen.grantor();
        Ok(archive::mandate_request(&seen.request, seen.standing, grantor, &titles, names, self.language))
    }

    /// What packages are called, in the versions that something was given under.
    async fn titles(&self, tx: &mut Tx<Read>, packages: &[EntryVersion]) -> Result<Vec<String>, Error> {
        let mut titles = Vec::with_capacity(packages.len());
        for version in packages {
            let entry = self.service.known_entry(tx, version.entry).await?;
            let title = entry.mandate_package().map(|p| p.title.in_language(self.language).to_owned());
            titles.push(title.unwrap_or_else(|| version.code.to_string()));
        }
        Ok(titles)
    }
}

/// Custody, a guardianship or a lasting power.
fn by_law(seen: &StatutorySeen) -> Value {
    let holders = seen.holders.iter();
    let holders = holders.map(|holder| serde_json::json!({ "id": holder.person, "name": holder.name }));
    serde_json::json!({
        "id": seen.id,
        "what": seen.what.code(),
        "state": seen.standing.code(),
        "basis": seen.basis.map(Basis::code),
        "person": { "id": seen.person, "name": seen.person_name },
        "holders": holders.collect::<Vec<_>>(),
        "areas": seen.areas,
        "from": seen.from,
        "until": seen.until,
        "source": seen.source,
        "known_at": seen.known_at,
    })
}

/// The chapter that follows.
fn after(chapter: Chapter) -> Option<Chapter> {
    let at = Chapter::ALL.iter().position(|one| *one == chapter)?;
    Chapter::ALL.get(at + 1).copied()
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}").into_bytes()
}

fn written<E: std::error::Error + Send + Sync + 'static>(page: Result<String, E>) -> Result<String, Error> {
    page.map_err(|error| Error::Broken(Box::new(error)))
}
