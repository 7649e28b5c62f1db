//! Gathers what browsers fetch from us, compressed, with the content's own hash as its version.
//!
//! Of the design system (Det Fælles Designsystem, npm package `dkfds`) only its neutral theme goes along, with the fonts and icons
//! that the theme uses. `npm ci` fetches it when it is missing; `TILLID_ASSETS_DIR` names its `dist` folder for builds offline.

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Files by the path that they are served under.
type Files = BTreeMap<String, Vec<u8>>;

const STYLE: &str = "css/dkfds.min.css";
const ICONS: &str = "img/all-svg-icons.svg";
const LICENSE: &str = "LICENSE.md";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=package-lock.json");
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-env-changed=TILLID_ASSETS_DIR");
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={}", error.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let mut files = design_system(&distribution()?)?;
    for entry in fs::read_dir("assets")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name that is no text")?;
        files.insert(name.to_owned(), fs::read(&path)?);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    write(&files, &out)
}

/// The `dist` folder of the design system.
fn distribution() -> Outcome<PathBuf> {
    if let Some(folder) = env::var_os("TILLID_ASSETS_DIR") {
        let folder = PathBuf::from(folder);
        if folder.join(STYLE).is_file() {
            return Ok(folder);
        }
        let shown = folder.display();
        return Err(format!(
            "TILLID_ASSETS_DIR is {shown}, which has no {STYLE}: it must be the `dist` folder of the npm package dkfds"
        )
        .into());
    }
    let wanted = version("package-lock.json", "/packages/node_modules~1dkfds/version")?;
    let installed = version("node_modules/dkfds/package.json", "/version");
    if installed.ok().as_ref() != Some(&wanted) {
        install(&wanted)?;
    }
    Ok(PathBuf::from("node_modules/dkfds/dist"))
}

/// The version that a file of npm's names.
fn version(path: &str, pointer: &str) -> Outcome<String> {
    let read: Value = serde_json::from_slice(&fs::read(path).map_err(|error| format!("{path}: {error}"))?)?;
    let version = read.pointer(pointer).and_then(Value::as_str);
    Ok(version.ok_or_else(|| format!("{path} names no version of dkfds"))?.to_owned())
}

fn install(version: &str) -> Outcome<()> {
    let otherwise =
        format!("or set TILLID_ASSETS_DIR to the `dist` folder of the npm package dkfds {version}");
    let ran = Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).output();
    let ran = ran.map_err(|error| {
        format!("npm is needed to fetch the design system ({error}): install Node.js with npm, {otherwise}")
    })?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    Err(format!("`npm ci` in crates/web could not fetch the design system; {otherwise}. npm said: {said}")
        .into())
}

fn design_system(dist: &Path) -> Outcome<Files> {
    let missing = |name: &str, error| format!("the design system has no {name}: {error}");
    let read = |name: &str| fs::read(dist.join(name)).map_err(|error| missing(name, error));
    let style = only_woff2(&String::from_utf8(read(STYLE)?)?);
    let mut files = Files::new();
    for used in referenced(&style) {
        files.insert(used.clone(), read(&used)?);
    }
    files.insert(ICONS.to_owned(), read(ICONS)?);
    files.insert(LICENSE.to_owned(), read(LICENSE)?);
    files.insert(STYLE.to_owned(), style.into_bytes());
    Ok(files)
}

/// The style with the one font format that every browser of today reads, so that none asks for another first.
fn only_woff2(style: &str) -> String {
    let mut whole = String::with_capacity(style.len());
    for (at, face) in style.split("@font-face{").enumerate() {
        let Some((face, rest)) = (at > 0).then(|| face.split_once('}')).flatten() else {
            whole.push_str(face);
            continue;
        };
        let (head, sources) = face.split_once("src:").unwrap_or((face, ""));
        let woff2: Vec<&str> = sources.split(',').filter(|s| s.contains("woff2")).collect();
        let _ = write!(whole, "@font-face{{{head}src:{}}}{rest}", woff2.join(","));
    }
    whole
}

/// The paths that the style refers to, from the root of the design system.
fn referenced(style: &str) -> Vec<String> {
    let mut paths: Vec<String> =
        style.split("url(../").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn write(files: &Files, out: &Path) -> Outcome<()> {
    let folder = out.join("assets");
    fs::create_dir_all(&folder)?;
    let mut table = format!(
        "/// The version of all of them together.\npub(super) const VERSION: &str = \"{:016x}\";\n",
        hash(files)
    );
    table.push_str("pub(super) static FILES: &[File] = &[\n");
    for (at, (name, bytes)) in files.iter().enumerate() {
        let packed = packed(bytes)?;
        let gzip = packed.len() + 64 < bytes.len();
        let kept = folder.join(at.to_string());
        fs::write(&kept, if gzip { &packed } else { bytes })?;
        let kept = kept.to_str().ok_or("OUT_DIR is no text")?;
        writeln!(table, "    File {{ name: {name:?}, gzip: {gzip}, bytes: include_bytes!({kept:?}) }},")?;
    }
    table.push_str("];\n");
    Ok(fs::write(out.join("assets.rs"), table)?)
}

fn packed(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// FNV-1a over names and contents: it tells versions apart, and guards against nobody.
fn hash(files: &Files) -> u64 {
    let bytes = files.iter().flat_map(|(name, bytes)| name.bytes().chain([0]).chain(bytes.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
