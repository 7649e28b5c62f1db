//! Sessions: who is logged in, for how long, and that a secret that has been used up opens nothing.

use super::cookie::{self, Secret};
use crate::problem::Problem;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tillid_domain::{
    Audience, Cvr, Instant, Kle,
    actor::{Actor, Assurance, AtWork, Employee, Role, Sensitivity, Who},
    id::{EmployeeId, PersonId, SessionId},
    text::Login,
};
use tillid_service::{EmployeeSeen, Service, Session};

/// A session that has idled this many seconds, or lived that many, is over (a citizen's).
const CITIZEN: (i64, i64) = (30 * 60, 12 * 3600);
/// Likewise an employee's: they sit where others pass by.
const EMPLOYEE: (i64, i64) = (15 * 60, 8 * 3600);
/// A session is not written to for each request: it may idle out this many seconds early.
const GRAIN: i64 = 20;

/// Who is logged in, as the session keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LoggedIn {
    /// The key of the provider that told.
    pub(crate) provider: String,
    /// What the provider calls them.
    pub(crate) name: String,
    pub(crate) user: User,
    pub(crate) assurance: Assurance,
    /// In security time.
    pub(crate) authenticated_at: Instant,
    /// What they had filled in when a fresh login was asked of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) draft: Option<Draft>,
    /// The ID token, to log out with; never one with a CPR number in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

/// The kinds of people who log in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum User {
    Citizen {
        person: PersonId,
        acting_for: Option<ActingFor>,
    },
    /// At work for an organisation that people are represented by. Whether it lets them act is found anew each time.
    Professional {
        employee: PersonId,
        administers: bool,
        /// Whether they act as the employee whom a mandate names, and not as the organisation.
        in_own_name: bool,
        acting_for: Option<ActingFor>,
    },
    Employee {
        id: EmployeeId,
        person: Option<PersonId>,
        authority: Cvr,
        roles: Vec<Role>,
        kle: Vec<Kle>,
        sensitivity: Sensitivity,
    },
}

/// Somebody at work for an organisation, as they are known now and as they have chosen.
#[derive(Clone, Debug)]
pub struct Working {
    /// Who, and where.
    pub seen: EmployeeSeen,
    /// Whether the organisation has made them its administrator.
    pub administers: bool,
    /// Whether they act as the employee whom a mandate names.
    pub in_own_name: bool,
}

impl Working {
    fn acts_as(&self) -> PersonId {
        self.seen.acts_as(self.in_own_name)
    }

    fn at_work(&self) -> AtWork {
        self.seen.at_work(self.administers)
    }
}

/// For whom somebody acts, as they have chosen; whether they may is decided anew each time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ActingFor {
    pub(crate) person: PersonId,
    pub(crate) name: String,
    /// On what they acted when they chose: codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) basis: Vec<String>,
}

/// A form that waits for a fresh login. Never one with a CPR number in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl LoggedIn {
    /// Who they are at work, as known at this moment.
    pub(crate) async fn working(&self, service: &Service) -> Result<Option<Working>, Problem> {
        let User::Professional { employee, administers, in_own_name, .. } = &self.user else {
            return Ok(None);
        };
        let seen = service.employee_seen(*employee).await.map_err(|e| told(&e))?;
        Ok(Some(Working { seen, administers: *administers, in_own_name: *in_own_name }))
    }

    pub(crate) fn acting_for(&self) -> Option<&ActingFor> {
        match &self.user {
            User::Citizen { acting_for, .. } | User::Professional { acting_for, .. } => acting_for.as_ref(),
            User::Employee { .. } => None,
        }
    }

    pub(crate) fn acts_for(&mut self, whom: Option<ActingFor>) {
        match &mut self.user {
            User::Citizen { acting_for, .. } | User::Professional { acting_for, .. } => *acting_for = whom,
            User::Employee { .. } => {}
        }
    }

    /// Who acts. At work, as the organisation lets them now.
    pub(crate) fn actor(&self, working: Option<&Working>) -> Actor {
        let acting_for = self.acting_for().map(|a| a.person);
        let who = match &self.user {
            User::Citizen { person, .. } => Who::Citizen { person: *person, acting_for, at_work: None },
            User::Professional { employee, .. } => Who::Citizen {
                person: working.map_or(*employee, Working::acts_as),
                acting_for,
                at_work: working.map(Working::at_work),
            },
            User::Employee { id, person, authority, roles, kle, sensitivity } => Who::Employee(Employee {
                id: *id,
                person: *person,
                authority: *authority,
                roles: roles.clone(),
                kle: kle.clone(),
                sensitivity: *sensitivity,
            }),
        };
        Actor { who, assurance: self.assurance, authenticated_at: Some(self.authenticated_at) }
    }

    /// Whether a fresh login is by the same user; acting for somebody makes no other user of them.
    pub(crate) fn is_same_user(&self, other: &Self) -> bool {
        self.provider == other.provider
            && match (&self.user, &other.user) {
                (User::Citizen { person, .. }, User::Citizen { person: other, .. })
                | (User::Professional { employee: person, .. }, User::Professional { employee: other, .. }) => {
                    person == other
                }
                (
                    User::Employee { id, authority, .. },
                    User::Employee { id: other, authority: theirs, .. },
                ) => id == other && authority == theirs,
                _ => false,
            }
    }

    /// The same user after a fresh login: what they filled in, and for whom they acted and as whom, stays.
    pub(crate) fn go_on_as(&mut self, before: Self) {
        self.acts_for(before.acting_for().cloned());
        self.draft = before.draft;
        if let (User::Professional { in_own_name, .. }, User::Professional { in_own_name: own, .. }) =
            (&mut self.user, before.user)
        {
            *in_own_name = own;
        }
    }

    fn limits(&self) -> (i64, i64) {
        match self.user {
            User::Citizen { .. } => CITIZEN,
            User::Employee { .. } | User::Professional { .. } => EMPLOYEE,
        }
    }
}

/// The name of a user at their provider, and of their session there.
#[derive(Clone, Debug)]
pub(crate) struct AtProvider {
    pub(crate) issuer: Login,
    pub(crate) login: Login,
    pub(crate) sid: Option<Login>,
}

/// Begins, finds, keeps and ends sessions.
pub(crate) struct Sessions<'s>(pub(crate) &'s Service);

impl Sessions<'_> {
    /// A new session; the cookie to set.
    pub(crate) async fn begin(&self, who: &LoggedIn, at: AtProvider) -> Result<HeaderValue, Problem> {
        let (session, cookie) = self.make(who, at, self.0.security_now());
        self.0.begin_session(&session).await.map_err(|e| told(&e))?;
        Ok(cookie)
    }

    /// The same session with a new secret, and no longer life; the cookie to set. `None` when it has ended.
    pub(crate) async fn renew(
        &self,
        old: &Session,
        who: &LoggedIn,
        at: AtProvider,
    ) -> Result<Option<HeaderValue>, Problem> {
        let (session, cookie) = self.make(who, at, old.created_at);
        Ok(self.0.renew_session(old, &session).await.map_err(|e| told(&e))?.then_some(cookie))
    }

    /// The same session, with its secret, of whom something else is known; `false` when it has ended.
    pub(crate) async fn note(&self, session: &Session, who: &LoggedIn) -> Result<bool, Problem> {
        let principal = serde_json::to_string(who).unwrap_or_default();
        let noted = Session { principal, ..session.clone() };
        self.0.renew_session(session, &noted).await.map_err(|e| told(&e))
    }

    fn make(&self, who: &LoggedIn, at: AtProvider, created_at: Instant) -> (Session, HeaderValue) {
        let (idle, life) = who.limits();
        let secret = Secret::new(self.0.ambient());
        let AtProvider { issuer, login, sid } = at;
        let session = Session {
            id: SessionId::from_uuid(self.0.ambient().id()),
            secret_hash: secret.hash(),
            issuer,
            login,
            sid,
            // It has a JSON form: strings, numbers and lists.
            principal: serde_json::to_string(who).unwrap_or_default(),
            created_at,
            idle_until: self.0.security_now().plus_seconds(idle),
            ends_at: created_at.plus_seconds(life),
        };
        // Without an age: it ends with the browser, too.
        (session, secret.set(cookie::SESSION, None))
    }

    /// The session of a request, kept from idling out by it.
    pub(crate) async fn of(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(Secret, Session, LoggedIn)>, Problem> {
        let Some(secret) = Secret::of(headers, cookie::SESSION) else { return Ok(None) };
        let Some(mut session) = self.0.session(secret.hash()).await.map_err(|e| told(&e))? else {
            return Ok(None);
        };
        // A session that an older version wrote in another form is over.
        let Ok(who) = serde_json::from_str::<LoggedIn>(&session.principal) else { return Ok(None) };
        let idle_until = self.0.security_now().plus_seconds(who.limits().0);
        if idle_until.seconds_since(session.idle_until) >= GRAIN {
            self.0.keep_session(session.id, idle_until).await.map_err(|e| told(&e))?;
            session.idle_until = idle_until;
        }
        Ok(Some((secret, session, who)))
    }
}

pub(crate) fn told(error: &tillid_service::Error) -> Problem {
    crate::refusal(error, Audience::Citizen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;
    use tillid_testkit::{Engine, World};
    use uuid::Uuid;

    fn citizen() -> LoggedIn {
        LoggedIn {
            provider: "mitid".to_owned(),
            name: "Anna".to_owned(),
            user: User::Citizen { person: PersonId::from_uuid(Uuid::nil()), acting_for: None },
            assurance: Assurance::Substantial,
            authenticated_at: Instant::from_micros(0),
            draft: None,
            hint: None,
        }
    }

    fn employee() -> LoggedIn {
        let user = User::Employee {
            id: EmployeeId::from_uuid(Uuid::nil()),
            person: None,
            authority: "99100001".parse().expect("a CVR number"),
            roles: vec![Role::Caseworker],
            kle: Vec::new(),
            sensitivity: Sensitivity::Ordinary,
        };
        LoggedIn { user, ..citizen() }
    }

    fn at() -> AtProvider {
        let login = |text: &str| text.parse().expect("a login");
        AtProvider { issuer: login("https://broker.example"), login: login("anna"), sid: None }
    }

    /// The headers of a browser that was told to keep this cookie.
    fn browser(set: &HeaderValue) -> HeaderMap {
        let pair = set.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(pair).expect("a value"))])
    }

    struct Scene {
        world: World,
        start: Instant,
    }

    impl Scene {
        async fn on(engine: Engine) -> Self {
            let world = World::new(engine).await;
            Self { start: world.ambient.now(), world }
        }

        async fn is_in(&self, seconds: i64, browser: &HeaderMap) -> bool {
            self.world.ambient.set(self.start.plus_seconds(seconds));
            Sessions(&self.world.service).of(browser).await.expect("an answer").is_some()
        }

        async fn begin(&self, who: &LoggedIn) -> HeaderMap {
            browser(&Sessions(&self.world.service).begin(who, at()).await.expect("a session"))
        }
    }

    async fn whoever_idles_is_logged_out(engine: Engine) {
        for (who, idle) in [(citizen(), 30 * 60), (employee(), 15 * 60)] {
            let scene = Scene::on(engine).await;
            let browser = scene.begin(&who).await;
            assert!(scene.is_in(idle - 1, &browser).await);
            assert!(scene.is_in(2 * idle - 2, &browser).await, "what is done keeps the session");
            assert!(!scene.is_in(3 * idle - 2, &browser).await);
            assert!(!scene.is_in(0, &HeaderMap::new()).await);
        }
    }

    async fn nobody_stays_logged_in_for_ever(engine: Engine) {
        for (who, life) in [(citizen(), 12 * 3600), (employee(), 8 * 3600)] {
            let scene = Scene::on(engine).await;
            let mut cookie = scene.begin(&who).await;
            for seconds in (0..life).step_by(600) {
                assert!(scene.is_in(seconds, &cookie).await, "{seconds}");
                // A fresh login makes a new secret, and no longer life.
                if seconds == 3600 {
                    let sessions = Sessions(&scene.world.service);
                    let (_, old, who) = sessions.of(&cookie).await.expect("an answer").expect("a session");
                    let set = sessions.renew(&old, &who, at()).await.expect("an answer");
                    let before = std::mem::replace(&mut cookie, browser(&set.expect("a session")));
                    assert!(!scene.is_in(seconds, &before).await, "the old secret opens nothing");
                }
            }
            assert!(scene.is_in(life - 1, &cookie).await);
            assert!(!scene.is_in(life, &cookie).await);
        }
    }

    #[tokio::test]
    async fn whoever_idles_is_logged_out_on_both_engines() {
        whoever_idles_is_logged_out(Engine::Sqlite).await;
        whoever_idles_is_logged_out(Engine::Postgres).await;
    }

    #[tokio::test]
    async fn nobody_stays_logged_in_for_ever_on_both_engines() {
        nobody_stays_logged_in_for_ever(Engine::Sqlite).await;
        nobody_stays_logged_in_for_ever(Engine::Postgres).await;
    }

    #[test]
    fn a_fresh_login_is_the_same_users_or_somebody_elses() {
        let of = |n| User::Citizen { person: PersonId::from_uuid(Uuid::from_u128(n)), acting_for: None };
        let anna = LoggedIn { user: of(1), ..citizen() };
        assert!(anna.is_same_user(&LoggedIn { authenticated_at: Instant::from_micros(9), ..anna.clone() }));
        assert!(!anna.is_same_user(&LoggedIn { user: of(2), ..citizen() }));
        assert!(!anna.is_same_user(&LoggedIn { provider: "another".to_owned(), ..anna.clone() }));
        assert!(!anna.is_same_user(&employee()));
    }
}
