//! Who calls, and how: what stands between the network and a handler.
//!
//! - [`serve`](serve()) owns the accept loop: every connection, request head, request body and answer has a deadline.
//! - [`layers`](layers()) wraps a router in what every answer shares: request id, log line, metrics, security headers, limits, and
//!   problems in the caller's language.
//! - [`Verifier`] turns a bearer token into a [`Principal`], or refuses it with one answer whatever the cause.
//! - [`Json`], [`Path`], [`Query`], [`IdempotencyKey`], [`IfMatch`], [`LookupId`] and [`Cursor`] read a request; what they cannot
//!   read is a [`Problem`].
//! - [`Caller`] is who calls as the verbs know them, and tells them why not.
//!
//! - [`RelyingParty`] logs people in at identity providers, [`Visitor`] is whoever has a session, and [`guarded`] keeps forms to our
//!   own pages.
//!
//! Nothing here decides what a caller may do: that is further in.

mod archive;
mod arrival;
mod bearer;
mod browser;
mod caller;
mod cursor;
mod headers;
mod jose;
mod json;
mod layers;
mod limits;
mod oauth;
mod oidc;
mod problem;
mod proved;
mod serve;
mod stream;
mod strict;
mod token;

pub use archive::archive;
pub use bearer::{Issuer, SpeaksFor, Verifier, VerifierError, bearer_token};
pub use browser::{Fields, Files, Form, ReturnTo, Upload, Visitor, Working, guarded, language_cookie};
pub use jose::TokenRefusal;

pub use caller::{Caller, Gate, refusal};
pub use cursor::Cursor;
pub use headers::{IdempotencyKey, IfMatch, LookupId, RequestId, etag};
pub use json::{Bare, Json, Path, Query, Sent, SentBytes, from_json};
pub use layers::{ActorKind, Settings, layers};
pub use limits::{AllowanceSettings, Allowances};
pub use oauth::{
    AuthorizationServer, Cnf, Lifetime, NotALifetime, NotAPairwiseKey, NotTokenKeys, OAuthError,
    PROOF_ALGORITHMS, Pairwise, Proofs, TokenAnswer, TokenKeys, TokenRequest,
};
pub use oidc::{
    ClaimNames, ClientAuth, ClientKey, Dialect, Door, LoginOption, NotAClientKey, Provider, RelyingParty,
    login_router,
};
pub use problem::{FieldError, Flaw, Problem, Protocol, RenderPage, Told, Words, language, render_problems};
pub use serve::{Limits, serve};
pub use token::{Principal, PrincipalKind};
