//! Key files: read with care, made with the right mode.

use crate::{
    config::{Keys, Unsafe},
    providers::client_key,
};
use anyhow::{Context, Result};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
};
use tillid_documents::ReceiptKeys;
use tillid_edge::{ClientKey, Pairwise, TokenKeys};
use tillid_log::{Algorithm, KeyName, Signer};
use tillid_service::{LogKeys, ambient::Ambient};
use tillid_storage::Vault;
use zeroize::Zeroizing;

/// A secret file: its owner's alone, and not a file full of the same byte.
pub(crate) fn secret(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    let meta = fs::metadata(path).with_context(|| format!("the key file {shown} cannot be read"))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(Unsafe::KeyReadableByOthers).context(shown.to_string());
    }
    let bytes =
        Zeroizing::new(fs::read(path).with_context(|| format!("the key file {shown} cannot be read"))?);
    if bytes.iter().all(|b| Some(b) == bytes.first()) {
        return Err(Unsafe::KeyIsADefault).context(shown.to_string());
    }
    Ok(bytes)
}

/// The vault with the configured keys.
pub(crate) fn vault(keys: &Keys, ambient: &Ambient) -> Result<Vault> {
    let mut live = Vec::with_capacity(keys.person_numbers.len());
    for path in &keys.person_numbers {
        let id = path.file_stem().and_then(|name| name.to_str()).context("a key file has no name")?;
        live.push((id.to_owned(), secret(path)?));
    }
    let ambient = ambient.clone();
    Ok(Vault::new(&live, std::sync::Arc::new(move |bytes| ambient.fill(bytes)))?)
}

/// The keys of receipts.
pub(crate) fn receipts(keys: &Keys) -> Result<ReceiptKeys> {
    let retired = keys.retired_receipts.iter().map(fs::read).collect::<Result<_, _>>();
    let retired = retired.context("a retired receipt key cannot be read")?;
    ReceiptKeys::new(&secret(&keys.receipts)?, retired).context(keys.receipts.display().to_string())
}

/// The keys of our own tokens.
pub(crate) fn tokens(keys: &Keys) -> Result<TokenKeys> {
    let read = keys.tokens.iter().map(|path| client_key(path, None)).collect::<Result<Vec<_>>>()?;
    TokenKeys::new(read).context("keys.tokens")
}

/// What makes the names that persons have towards other systems, where there is such a key.
pub(crate) fn pairwise(keys: &Keys) -> Result<Option<Pairwise>> {
    let read = |path: &PathBuf| Pairwise::new(&secret(path)?).with_context(|| path.display().to_string());
    keys.pairwise.as_ref().map(read).transpose()
}

/// The keys that sign the log under a name, and whom the operator has asked to witness it.
pub(crate) fn log(keys: &Keys, origin: &KeyName, policy: Option<&Path>) -> Result<LogKeys> {
    let signers = keys.log.iter().map(|path| log_signer(origin, path)).collect::<Result<Vec<_>>>()?;
    let retired = keys.retired_log.iter().map(|path| text_of(path)).collect::<Result<Vec<_>>>()?;
    let policy = policy.map(text_of).transpose()?;
    Ok(LogKeys::new(origin.clone(), signers, retired, policy)?)
}

fn log_signer(name: &KeyName, path: &Path) -> Result<Signer> {
    let secret = secret(path)?;
    Signer::ed25519(name.clone(), Algorithm::Ed25519, &secret)
        .or_else(|_| Signer::ml_dsa_44(name.clone(), &secret))
        .with_context(|| format!("{} is no key to sign a log with", path.display()))
}

/// A key that cosigns the logs of others.
pub(crate) fn cosigner(name: &KeyName, path: &Path) -> Result<Signer> {
    let secret = secret(path)?;
    Signer::ed25519(name.clone(), Algorithm::Ed25519Cosignature, &secret)
        .or_else(|_| Signer::ml_dsa_44(name.clone(), &secret))
        .with_context(|| format!("{} is no key to cosign with", path.display()))
}

/// A value in a text file.
pub(crate) fn text_of<T>(path: &Path) -> Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    // A policy's last line may matter; a key's line ends with the file.
    text.parse().or_else(|_| text.trim_end().parse()).with_context(|| path.display().to_string())
}

/// What a new key of a log or of a witness is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogKeyUse {
    /// To sign the log of that name.
    Log,
    /// To cosign the logs of others, under that name.
    Witness,
}

/// Writes a new key of a log or witness in PKCS#8, Ed25519 or ML-DSA-44, and its verifier key (C2SP signed-note) beside it.
pub(crate) fn make_log_key(
    path: &Path,
    name: &KeyName,
    purpose: LogKeyUse,
    post_quantum: bool,
) -> Result<()> {
    let pkcs8 = if post_quantum {
        Zeroizing::new(PqdsaKeyPair::generate(&ML_DSA_44_SIGNING)?.to_pkcs8v1()?.as_ref().to_vec())
    } else {
        Zeroizing::new(Ed25519KeyPair::generate()?.to_pkcs8()?.as_ref().to_vec())
    };
    write_new(path, &pkcs8, 0o600)?;
    let signer = match purpose {
        LogKeyUse::Log => log_signer(name, path)?,
        LogKeyUse::Witness => cosigner(name, path)?,
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".vkey");
    write_new(Path::new(&beside), format!("{}\n", signer.verifier()).as_bytes(), 0o644)
}

/// Writes a new key for CPR numbers, or for the names of persons towards other systems: 64 random bytes.
pub(crate) fn make_number_key(path: &Path, ambient: &Ambient) -> Result<()> {
    let mut bytes = Zeroizing::new(vec![0; 64]);
    ambient.fill(&mut bytes);
    write_new(path, &bytes, 0o600)
}

/// Writes a new Ed25519 key in PKCS#8, and its public half beside it.
pub(crate) fn make_signing_key(path: &Path) -> Result<()> {
    let pair = Ed25519KeyPair::generate().context("no key could be made")?;
    let private = pair.to_pkcs8().context("no key could be made")?;
    write_new(path, private.as_ref(), 0o600)?;
    // Beside it, under its whole name: keys of different years never overwrite one another's public half.
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    write_new(Path::new(&public), pair.public_key().as_ref(), 0o644)
}

/// Writes a new P-256 key in PKCS#8 (PEM), and its public half (RFC 7517) beside it: to register at an identity provider, or to sign our
/// own tokens with.
pub(crate) fn make_login_key(path: &Path) -> Result<()> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("no key could be made")?;
    let private = pair.to_pkcs8v1().context("no key could be made")?;
    write_pem(path, private.as_ref())
}

/// Likewise an Ed25519 key, which whoever follows the README can sign with from a shell.
fn make_system_key(path: &Path) -> Result<()> {
    let pair = Ed25519KeyPair::generate().context("no key could be made")?;
    write_pem(path, pair.to_pkcs8v1().context("no key could be made")?.as_ref())
}

fn write_pem(path: &Path, private: &[u8]) -> Result<()> {
    let body = Zeroizing::new(STANDARD.encode(private));
    let mut pem = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
    for line in body.as_bytes().chunks(64) {
        pem.extend([std::str::from_utf8(line)?, "\n"]);
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    let public = serde_json::to_vec_pretty(&ClientKey::from_pem(&pem, None)?.public_jwk())?;
    write_new(path, pem.as_bytes(), 0o600)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".jwk.json");
    write_new(Path::new(&beside), &public, 0o644)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let shown = path.display();
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file =
        file.with_context(|| format!("{shown} cannot be made; an existing key is never overwritten"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("{shown} cannot be written"))
}

/// Where a demo keeps its keys: those of the service, and the one of the simulated broker.
pub(crate) fn of_demo(dir: &Path) -> (Keys, PathBuf) {
    let dir = dir.join("keys");
    let keys = Keys {
        person_numbers: vec![dir.join("numbers-1.key")],
        receipts: dir.join("receipts.key"),
        retired_receipts: Vec::new(),
        log: vec![dir.join("log.key")],
        retired_log: Vec::new(),
        tokens: vec![dir.join("tokens.pem")],
        pairwise: Some(dir.join("pairwise.key")),
    };
    (keys, dir.join("sandbox.key"))
}

/// The key that a demo logs people in with, at the simulated provider.
pub(crate) fn login_of_demo(dir: &Path) -> PathBuf {
    dir.join("keys").join("login.pem")
}

/// The key that a system of the demo world proves itself with.
pub(crate) fn system_of_demo(dir: &Path, system: &str) -> PathBuf {
    dir.join("keys").join(format!("{system}.pem"))
}

/// Makes the keys of a demo that are not there yet.
pub(crate) fn make_for_demo(dir: &Path, ambient: &Ambient) -> Result<()> {
    let (keys, broker) = of_demo(dir);
    let folder = dir.join("keys");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for key in keys.person_numbers.iter().chain(&keys.pairwise).filter(|path| !path.exists()) {
        make_number_key(key, ambient)?;
    }
    for key in keys.log.iter().chain([&keys.receipts, &broker]).filter(|path| !path.exists()) {
        make_signing_key(key)?;
    }
    for key in keys.tokens.iter().chain([&login_of_demo(dir)]).filter(|path| !path.exists()) {
        make_login_key(key)?;
    }
    for key in tillid_sandbox::systems().map(|system| system_of_demo(dir, system)) {
        if !key.exists() {
            make_system_key(&key)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_its_owners_alone_and_never_overwritten() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("receipts.2027");
        make_signing_key(&path).expect("a key");
        assert_eq!(fs::metadata(&path).expect("it").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(dir.path().join("receipts.2027.pub")).expect("its public half").len(), 32);
        assert!(make_signing_key(&path).is_err());
        assert!(secret(&path).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
        let refused = secret(&path).expect_err("others can read it");
        assert_eq!(refused.downcast_ref(), Some(&Unsafe::KeyReadableByOthers));
    }

    #[test]
    fn a_key_of_one_repeated_byte_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("key");
        write_new(&path, &[0; 64], 0o600).expect("a file");
        assert_eq!(secret(&path).expect_err("a default").downcast_ref(), Some(&Unsafe::KeyIsADefault));
    }
}
