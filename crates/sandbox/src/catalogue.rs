//! The seed catalogue, built in: the files of `catalogue/`.

use tillid_domain::catalogue::Definition;
use tillid_service::catalogue::file::{Authorities, FileError, parse_definition};

const AUTHORITIES: &str = include_str!("../../../catalogue/authorities.toml");

macro_rules! files {
    ($($path:literal,)+) => {
        [$(($path, include_str!(concat!("../../../catalogue/", $path, ".toml"))),)+]
    };
}

const FILES: [(&str, &str); 38] = files![
    "consent-types/C01",
    "consent-types/C02",
    "consent-types/C03",
    "consent-types/C04",
    "consent-types/C05",
    "consent-types/C06",
    "consent-types/C07",
    "consent-types/C08",
    "consent-types/C09",
    "consent-types/C10",
    "consent-types/C11",
    "consent-types/C12",
    "consent-types/C13",
    "consent-types/C14",
    "consent-types/C15",
    "consent-types/C16",
    "consent-types/X01",
    "consent-types/X03",
    "consent-types/X04",
    "mandate-packages/M01",
    "mandate-packages/M02",
    "mandate-packages/M03",
    "mandate-packages/M04",
    "mandate-packages/M05",
    "mandate-packages/M06",
    "mandate-packages/M07",
    "mandate-packages/M08",
    "mandate-packages/M09",
    "mandate-packages/M10",
    "mandate-packages/M11",
    "mandate-packages/M12",
    "mandate-packages/M13",
    "mandate-packages/M14",
    "mandate-packages/M15",
    "mandate-packages/M16",
    "mandate-packages/M17",
    "mandate-packages/M18",
    "mandate-packages/M19",
];

/// A file of the seed catalogue that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {cause}")]
pub struct SeedError {
    file: &'static str,
    cause: FileError,
}

/// The authorities of the seed catalogue.
pub fn authorities() -> Result<Authorities, SeedError> {
    Authorities::parse(AUTHORITIES).map_err(|cause| SeedError { file: "authorities", cause })
}

/// The consent types and mandate packages of the seed catalogue.
pub(crate) fn definitions(authorities: &Authorities) -> Result<Vec<Definition>, SeedError> {
    FILES
        .iter()
        .map(|(file, text)| parse_definition(text, authorities).map_err(|cause| SeedError { file, cause }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tillid_domain::{
        access::{GIVE_CONSENTS, SEE_CONSENTS, SEE_MANDATES, WITHDRAW_CONSENTS},
        catalogue::Shelf,
    };

    #[test]
    fn the_whole_seed_catalogue_can_be_published() {
        let authorities = authorities().expect("the authorities");
        let definitions = definitions(&authorities).expect("the definitions");
        let count = |shelf| definitions.iter().filter(|d| d.shelf() == shelf).count();
        assert_eq!((count(Shelf::ConsentType), count(Shelf::MandatePackage)), (19, 19));
        let codes: BTreeSet<&str> = definitions.iter().map(|d| d.code().as_str()).collect();
        assert_eq!(codes.len(), 38);
        for definition in &definitions {
            assert_eq!(definition.flaws(), Vec::new(), "{}", definition.code());
        }
    }

    #[test]
    fn the_privileges_that_this_service_itself_asks_for_are_in_it() {
        let authorities = authorities().expect("the authorities");
        let definitions = definitions(&authorities).expect("the definitions");
        let uris: BTreeSet<&str> = definitions
            .iter()
            .filter_map(|d| match d {
                Definition::MandatePackage(p) => Some(p),
                Definition::ConsentType(_) => None,
            })
            .flat_map(|p| p.privileges.iter().map(|privilege| privilege.uri.as_str()))
            .collect();
        for uri in [SEE_CONSENTS, WITHDRAW_CONSENTS, GIVE_CONSENTS, SEE_MANDATES] {
            assert!(uris.contains(uri), "{uri}");
        }
    }
}
