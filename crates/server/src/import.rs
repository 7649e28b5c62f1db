//! `tillid import` and `tillid openapi`: files in, files out.

use crate::{config::Config, serve};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tillid_service::{
    Authority, Error,
    catalogue::file::{Authorities, parse_definition},
};

/// Brings every definition in the folder into use that is not in use already.
pub(crate) async fn import(config: &Config, folder: &Path) -> Result<()> {
    let authority = |a: &crate::config::AuthorityConfig| {
        (a.key.clone(), Authority { cvr: a.cvr, name: a.name.clone(), dpo_contact: a.dpo_contact.clone() })
    };
    let authorities = Authorities::new(config.authorities.iter().map(authority));
    let service = serve::service(config).await?;
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let mut out = io::stdout().lock();
    for file in files {
        let shown = file.display();
        let definition =
            parse_definition(&fs::read_to_string(&file)?, &authorities).with_context(|| shown.to_string())?;
        let code = definition.code().clone();
        match service.import_entry(definition).await {
            Ok(true) => writeln!(out, "{code}: in use")?,
            Ok(false) => writeln!(out, "{code}: unchanged")?,
            Err(Error::Invalid(flaws)) => {
                let flaws: Vec<String> =
                    flaws.iter().map(|f| format!("{} {}", f.pointer, f.reason.code())).collect();
                bail!("{shown}: {}", flaws.join(", "));
            }
            Err(other) => return Err(other).with_context(|| shown.to_string()),
        }
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "toml")
            && path.file_name().is_some_and(|n| n != "authorities.toml")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Writes the contract, or checks that it is written.
pub(crate) fn contract(folder: &Path, check: bool) -> Result<ExitCode> {
    let mut differs = false;
    for (name, document) in
        [("tillid.json", tillid_api::contract()), ("sandbox.json", tillid_sandbox::contract())]
    {
        let text = document.to_pretty_json()? + "\n";
        let file = folder.join(name);
        if check {
            if fs::read_to_string(&file).ok().as_deref() != Some(text.as_str()) {
                differs = true;
                writeln!(
                    io::stdout(),
                    "{} is not what the program serves; run `tillid openapi`",
                    file.display()
                )?;
            }
        } else {
            fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
        }
    }
    Ok(if differs { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
