//! Why a login did not come about: for our log, and what the person is told of it.

use crate::{
    jose::TokenRefusal,
    problem::{Problem, Protocol},
};
use tillid_domain::{Audience, Reason};
use tillid_service::Error;

/// Why a login, or a message about one, was refused. Holds nothing of tokens or people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginRefusal {
    #[error("the provider cannot be reached")]
    Away(#[source] reqwest::Error),
    #[error("the provider did not answer a moment ago")]
    AwayLately,
    #[error("too many logins begin at this moment")]
    TooMany,
    #[error("the provider's answer is too large")]
    TooLarge,
    #[error("discovery: status {0}")]
    DiscoveryStatus(u16),
    #[error("discovery: not a metadata document")]
    DiscoveryMalformed,
    #[error("discovery: the issuer is not the one that is configured")]
    DiscoveryIssuer,
    #[error("discovery: the address of {0} is missing or not safe")]
    DiscoveryEndpoint(&'static str),
    #[error("discovery: PKCE with S256 is not offered")]
    DiscoveryPkce,
    #[error("discovery: no pushed authorization requests, which are required here")]
    DiscoveryPar,
    #[error("keys: status {0}, or not a key set")]
    Keys(u16),
    #[error("pushed authorization request: status {0}, or without request_uri")]
    Par(u16),
    #[error("our own assertion could not be signed")]
    Assertion,
    #[error("callback: the state is not one that began here, or was used or is too old")]
    StateUnknown,
    #[error("callback: this browser has not begun a login")]
    OtherBrowser,
    #[error("callback: the login began at another provider")]
    OtherProvider,
    #[error("callback: a parameter is missing or there twice")]
    CallbackMalformed,
    #[error("callback: iss is missing, which this provider promised")]
    ResponseIssuerMissing,
    #[error("callback: iss is another issuer's")]
    ResponseIssuer,
    #[error("callback: the user turned back")]
    Cancelled,
    #[error("callback: the provider refused: {0}")]
    ByProvider(&'static str),
    #[error("token endpoint: status {0}")]
    TokenStatus(u16),
    #[error("token endpoint: not a token response")]
    TokenMalformed,
    #[error("token endpoint: the token type is not Bearer")]
    TokenType,
    #[error("id token: {0}")]
    IdToken(#[from] TokenRefusal),
    #[error("id token: the nonce is not ours")]
    Nonce,
    #[error("id token: azp is not us")]
    AuthorizedParty,
    #[error("id token: issued too long ago")]
    IssuedLongAgo,
    #[error("id token: at_hash does not fit the access token")]
    AccessTokenHash,
    #[error("id token: the user logged in too long ago")]
    AuthenticatedLongAgo,
    #[error("userinfo: status {0}, or not a JSON object")]
    Userinfo(u16),
    #[error("userinfo: sub is another user's")]
    UserinfoSubject,
    #[error("level: no claim tells it")]
    LevelMissing,
    #[error("level: not a level that is known")]
    LevelUnknown,
    #[error("level: too low")]
    LevelTooLow,
    #[error("identity: claim {0} missing or invalid")]
    Identity(&'static str),
    #[error("identity: the provider does not speak for this user")]
    NotTheirs,
    #[error("identity: no authority of ours")]
    AuthorityUnknown,
    #[error("identity: the number is that of another person than the login")]
    OtherPerson,
    #[error("identity: nobody known here, and no number")]
    PersonUnknown,
    #[error("step-up: by somebody else")]
    OtherUser,
    #[error("logout token: {0}")]
    LogoutToken(&'static str),
    #[error("our own records: {0}")]
    Ours(#[from] Error),
}

impl LoginRefusal {
    /// What the person is told. Of what does not hold in a provider's answer there is one answer, so that nobody learns how close
    /// they came.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::TooMany => Protocol::Unavailable.into(),
            Self::Away(_)
            | Self::AwayLately
            | Self::TooLarge
            | Self::DiscoveryStatus(_)
            | Self::DiscoveryMalformed
            | Self::DiscoveryIssuer
            | Self::DiscoveryEndpoint(_)
            | Self::DiscoveryPkce
            | Self::DiscoveryPar
            | Self::Keys(_)
            | Self::Par(_)
            | Self::Assertion => Protocol::ProviderUnavailable.into(),
            Self::StateUnknown | Self::OtherBrowser | Self::OtherProvider | Self::CallbackMalformed => {
                Protocol::LoginUnknown.into()
            }
            Self::Cancelled => Protocol::LoginCancelled.into(),
            Self::ByProvider(_) => Protocol::LoginRefused.into(),
            Self::LevelTooLow => Protocol::LoginTooWeak.into(),
            Self::NotTheirs | Self::AuthorityUnknown => {
                crate::refusal(&Error::Denied(Reason::OtherAuthority), Audience::Caseworker)
            }
            Self::PersonUnknown => Protocol::LoginWithoutNumber.into(),
            Self::OtherUser => Protocol::LoginOfAnother.into(),
            Self::LogoutToken(_) => Protocol::LogoutInvalid.into(),
            Self::Ours(error) => crate::refusal(error, Audience::Citizen),
            Self::ResponseIssuerMissing
            | Self::ResponseIssuer
            | Self::TokenStatus(_)
            | Self::TokenMalformed
            | Self::TokenType
            | Self::IdToken(_)
            | Self::Nonce
            | Self::AuthorizedParty
            | Self::IssuedLongAgo
            | Self::AccessTokenHash
            | Self::AuthenticatedLongAgo
            | Self::Userinfo(_)
            | Self::UserinfoSubject
            | Self::LevelMissing
            | Self::LevelUnknown
            | Self::OtherPerson
            | Self::Identity(_) => Protocol::LoginNotAccepted.into(),
        }
    }
}
