//! The certificate that a client connected with, as a proxy tells of it (RFC 9440).
//!
//! A proxy ends TLS. It is the proxy that makes the client prove that it has the certificate's key, and that asks the authorities of its
//! configuration whether the certificate is good: issuer, use and revocation. What is done here is to believe nobody else's word, to
//! refuse a certificate outside its own time, and to bind tokens to the certificate's hash (RFC 8705, section 3).

use crate::problem::Protocol;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use tillid_domain::{Digest, Instant};

/// The header that a proxy tells the certificate in.
pub(crate) const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
/// The header that a proxy tells the rest of the chain in; nothing here depends on it.
pub(crate) const CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// The certificate of the connection that a request came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Certificate {
    /// SHA-256 of its DER bytes: `x5t#S256`.
    pub(crate) hash: Digest,
    /// The first moment when it holds.
    from: Instant,
    /// The last second in which it does.
    to: Instant,
}

impl Certificate {
    /// The certificate that the headers tell of; whoever asks knows that a proxy of ours wrote them.
    pub(crate) fn told(headers: &HeaderMap) -> Result<Option<Self>, Protocol> {
        let mut lines = headers.get_all(CLIENT_CERT).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        let text = line.to_str().ok().filter(|_| lines.next().is_none());
        let told = text.and_then(|text| Self::read(text.trim()));
        told.map(Some).ok_or(Protocol::ClientCertificate)
    }

    /// A Byte Sequence (RFC 8941, section 3.3.5): base64 between colons.
    fn read(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text.strip_prefix(':')?.strip_suffix(':')?).ok()?;
        let (from, to) = validity(&der)?;
        Some(Self { hash: Digest::of(&der), from, to })
    }

    /// Whether it holds at that moment.
    pub(crate) fn holds_at(&self, now: Instant) -> bool {
        self.from <= now && now < self.to.plus_seconds(1)
    }
}

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, constructed: the version.
const VERSION: u8 = 0xa0;

/// The times of an X.509 certificate (RFC 5280, section 4.1); `None` for what is none.
fn validity(der: &[u8]) -> Option<(Instant, Instant)> {
    let (SEQUENCE, certificate, []) = element(der)? else { return None };
    let (SEQUENCE, rest, _) = element(certificate)? else { return None };
    let rest = match element(rest)? {
        (VERSION, _, rest) => rest,
        _ => rest,
    };
    // The serial number, the algorithm and the issuer come before the validity.
    let mut rest = rest;
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (SEQUENCE, times, _) = element(rest)? else { return None };
    let (kind, from, times) = element(times)?;
    let (other_kind, to, []) = element(times)? else { return None };
    Some((time(kind, from)?, time(other_kind, to)?))
}

/// The first element: its tag, its contents and what follows it. DER alone: lengths are as short as can be.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
            let shortest = length >= 0x80 && digits.first() != Some(&0);
            (shortest.then_some(length)?, rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// `YYMMDDHHMMSSZ` of 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280, section 4.1.2.5).
fn time(kind: u8, contents: &[u8]) -> Option<Instant> {
    let text = std::str::from_utf8(contents).ok()?.strip_suffix('Z')?;
    let (year, rest) = match kind {
        UTC_TIME if text.len() == 12 => {
            let (year, rest) = text.split_at_checked(2)?;
            (format!("{}{year}", if year >= "50" { "19" } else { "20" }), rest)
        }
        GENERALIZED_TIME if text.len() == 14 => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2);
    format!("{year}-{}-{}T{}:{}:{}Z", two(0)?, two(2)?, two(4)?, two(6)?, two(8)?).parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
        let head = match contents.len() {
            0..=0x7f => vec![tag, length[1]],
            0x80..=0xff => vec![tag, 0x81, length[1]],
            _ => vec![tag, 0x82, length[0], length[1]],
        };
        [head, contents.to_vec()].concat()
    }

    /// What of a certificate is looked at, between two times; `name` tells two of them apart.
    pub(crate) fn der(from: &str, to: &str, name: &str) -> Vec<u8> {
        let kind = |text: &str| if text.len() == 13 { UTC_TIME } else { GENERALIZED_TIME };
        let times = [tlv(kind(from), from.as_bytes()), tlv(kind(to), to.as_bytes())].concat();
        let algorithm = tlv(SEQUENCE, &tlv(0x06, &[0x2b, 0x65, 0x70]));
        let tbs = [
            tlv(VERSION, &tlv(0x02, &[2])),
            tlv(0x02, &[1]),
            algorithm.clone(),
            tlv(SEQUENCE, &tlv(0x0c, name.as_bytes())),
            tlv(SEQUENCE, &times),
            tlv(SEQUENCE, &[]),
            tlv(SEQUENCE, &[0; 200]),
        ];
        tlv(SEQUENCE, &[tlv(SEQUENCE, &tbs.concat()), algorithm, tlv(0x03, &[0; 65])].concat())
    }

    pub(crate) fn header(der: &[u8]) -> String {
        format!(":{}:", STANDARD.encode(der))
    }

    fn told(lines: &[&str]) -> Result<Option<Certificate>, Protocol> {
        Certificate::told(
            &lines.iter().map(|line| (CLIENT_CERT, HeaderValue::from_str(line).unwrap())).collect(),
        )
    }

    #[test]
    fn s22_a_certificate_is_known_by_its_hash_and_holds_in_its_time() {
        for (from, to) in [("260101000000Z", "261231235959Z"), ("20260101000000Z", "20261231235959Z")] {
            let der = der(from, to, "a");
            let certificate = told(&[&header(&der)]).unwrap().unwrap();
            assert_eq!(certificate.hash, Digest::of(&der));
            for (at, holds) in [
                ("2025-12-31T23:59:59Z", false),
                ("2026-01-01T00:00:00Z", true),
                ("2026-12-31T23:59:59.9Z", true),
                ("2027-01-01T00:00:00Z", false),
            ] {
                assert_eq!(certificate.holds_at(at.parse().unwrap()), holds, "{at}");
            }
        }
        assert_eq!(told(&[]), Ok(None));
    }

    #[test]
    fn s22_what_is_no_certificate_is_refused() {
        let good = header(&der("260101000000Z", "261231235959Z", "a"));
        let whole = der("260101000000Z", "261231235959Z", "a");
        let more = header(&[whole.as_slice(), b"x"].concat());
        let less = header(&whole[..whole.len() - 1]);
        let dates = header(&der("261301000000Z", "261231235959Z", "a"));
        for lines in [
            vec![""],
            vec!["::"],
            vec![":AAAA:"],
            vec![&good[1..]],
            vec![good.trim_end_matches(':')],
            vec!["-----BEGIN CERTIFICATE-----"],
            vec![&good, &good],
            vec![&more],
            vec![&less],
            vec![&dates],
        ] {
            assert_eq!(told(&lines), Err(Protocol::ClientCertificate), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>, at in 0_usize..400, with: u8) {
            let _ = validity(&bytes);
            let mut der = der("260101000000Z", "261231235959Z", "a");
            if let Some(byte) = der.get_mut(at) {
                *byte = with;
            }
            let _ = validity(&der);
        }
    }
}
