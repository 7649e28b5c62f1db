//! The people of the demo world. All of them are invented, and their CPR numbers are replacement numbers (day plus 60), which
//! belong to nobody.

use tillid_domain::{
    CalendarPeriod, Cpr, Cvr, LocalDate, Localized,
    actor::{Purpose, Sensitivity},
    client::Binding,
};
use tillid_service::catalogue::file::Authorities;

/// What somebody of the demo world does for an authority or an organisation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// Whose: the authority's key in the seed catalogue, or the organisation's here.
    pub(crate) employer: &'static str,
    /// The roles, as their identity provider calls them.
    pub(crate) roles: &'static [&'static str],
    /// The fields of work.
    pub(crate) kle: &'static [&'static str],
    /// The most sensitive data that they may see.
    pub(crate) sensitivity: Sensitivity,
}

/// Somebody of the demo world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Somebody {
    /// What they are called in the sandbox; also their login.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// How old they are on the first day; `turns` is counted from it.
    age: u16,
    /// In how many days after the first day their next birthday is.
    birthday_in: u16,
    pub(crate) about_da: &'static str,
    pub(crate) about_en: &'static str,
    /// One for each authority that they work for; who asks for no particular one gets the first.
    pub(crate) work: &'static [Job],
}

/// A system of an authority.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SomeSystem {
    pub(crate) key: &'static str,
    pub(crate) authority: &'static str,
    pub(crate) purposes: &'static [Purpose],
    /// What its tokens are bound to.
    pub(crate) binding: Binding,
    pub(crate) about_da: &'static str,
    pub(crate) about_en: &'static str,
}

const SOCIAL: &[&str] = &["27.*", "29.*", "32.*"];
const EVERYTHING: &[&str] = &["*"];

const fn citizen(
    key: &'static str,
    name: &'static str,
    age: u16,
    birthday_in: u16,
    about_da: &'static str,
    about_en: &'static str,
) -> Somebody {
    Somebody { key, name, age, birthday_in, about_da, about_en, work: &[] }
}

const fn job(employer: &'static str, roles: &'static [&'static str], kle: &'static [&'static str]) -> Job {
    Job { employer, roles, kle, sensitivity: Sensitivity::Special }
}

const fn employee(who: Somebody, work: &'static [Job]) -> Somebody {
    Somebody { work, ..who }
}

const EKSEMPEL: &str = "eksempel-kommune";
const NABO: &str = "nabo-kommune";
const RASK: &str = "rask-advokater";

/// An organisation that people are represented by, and no authority.
pub(crate) struct Organisation {
    pub(crate) key: &'static str,
    cvr: &'static str,
    name: &'static str,
}

/// The organisations.
pub(crate) static ORGANISATIONS: [Organisation; 1] =
    [Organisation { key: RASK, cvr: "99482001", name: "Rask Advokater" }];

/// Whose work somebody does.
pub(crate) struct Employer {
    pub(crate) cvr: Cvr,
    pub(crate) name: Localized,
}

impl Employer {
    /// The authority or organisation with that key.
    pub(crate) fn of(key: &str, authorities: &Authorities) -> Option<Self> {
        if let Some(authority) = authorities.get(key) {
            return Some(Self { cvr: authority.cvr, name: authority.name.clone() });
        }
        let organisation = ORGANISATIONS.iter().find(|organisation| organisation.key == key)?;
        let name = organisation.name.parse().ok()?;
        Some(Self {
            cvr: organisation.cvr.parse().ok()?,
            name: Localized { da: name, en: organisation.name.parse().ok()? },
        })
    }
}

/// Everybody.
pub(crate) static PEOPLE: [Somebody; 17] = [
    citizen("anna", "Anna Lind", 82, 200, "bedstemor", "grandmother"),
    citizen("bo", "Bo Lind", 55, 120, "Annas søn", "Anna's son"),
    citizen("clara", "Clara Holm", 14, 40, "fylder snart 15 år", "soon turns 15"),
    citizen("dorte", "Dorte Holm", 43, 90, "Claras mor", "Clara's mother"),
    citizen("erik", "Erik Bak", 45, 310, "Claras far", "Clara's father"),
    citizen("finn", "Finn Dam", 61, 250, "bor på et bosted", "lives in supported housing"),
    citizen("gitte", "Gitte Dam", 58, 160, "Finns søster", "Finn's sister"),
    employee(
        citizen("hans", "Hans Vester", 47, 30, "sagsbehandler, social", "caseworker, social services"),
        &[job(EKSEMPEL, &["sagsbehandler"], SOCIAL)],
    ),
    employee(
        citizen(
            "inge",
            "Inge Østergaard",
            52,
            220,
            "betroet medarbejder, Borgerservice",
            "trusted registrar",
        ),
        &[job(EKSEMPEL, &["betroetmedarbejder"], EVERYTHING), job(NABO, &["betroetmedarbejder"], EVERYTHING)],
    ),
    employee(
        citizen("niels", "Niels Nord", 39, 75, "betroet medarbejder, Borgerservice", "trusted registrar"),
        &[job(EKSEMPEL, &["betroetmedarbejder"], EVERYTHING)],
    ),
    employee(
        citizen("jens", "Jens Sønder", 34, 140, "sagsbehandler, beskæftigelse", "caseworker, employment"),
        &[job(EKSEMPEL, &["sagsbehandler"], &["15.*"])],
    ),
    employee(
        citizen(
            "karin",
            "Karin Kær",
            50,
            280,
            "administrerer samtykketyper og fuldmagtspakker",
            "catalogue administrator",
        ),
        &[job(EKSEMPEL, &["skabelonadministrator", "systemadministrator"], EVERYTHING)],
    ),
    employee(
        citizen(
            "ole",
            "Ole Eng",
            44,
            330,
            "administrerer samtykketyper og fuldmagtspakker",
            "catalogue administrator",
        ),
        &[job(EKSEMPEL, &["skabelonadministrator", "systemadministrator"], EVERYTHING)],
    ),
    employee(
        citizen("lars", "Lars Høj", 57, 10, "databeskyttelsesrådgiver", "data-protection officer"),
        &[job(EKSEMPEL, &["dpo"], EVERYTHING)],
    ),
    employee(
        citizen(
            "mona",
            "Mona Mark",
            41,
            190,
            "sagsbehandler i nabokommunen",
            "caseworker of the neighbouring municipality",
        ),
        &[job(NABO, &["sagsbehandler"], SOCIAL)],
    ),
    employee(
        citizen(
            "pia",
            "Pia Rask",
            49,
            60,
            "advokat, bestemmer hvem der må handle for advokathusets klienter",
            "lawyer, decides who may act for the firm's clients",
        ),
        &[job(RASK, &["organisationsadministrator"], &[])],
    ),
    employee(citizen("rune", "Rune Holt", 31, 260, "advokat", "lawyer"), &[job(RASK, &[], &[])]),
];

/// The systems.
pub(crate) static SYSTEMS: [SomeSystem; 2] = [
    SomeSystem {
        key: "fagsystem",
        authority: EKSEMPEL,
        purposes: &[Purpose::AutomatedStep],
        binding: Binding::Bearer,
        about_da: "fagsystem i Eksempel Kommune",
        about_en: "line-of-business system of Eksempel Kommune",
    },
    SomeSystem {
        key: "naboby",
        authority: NABO,
        purposes: &[Purpose::AutomatedStep],
        binding: Binding::Dpop,
        about_da: "fagsystem i nabokommunen",
        about_en: "line-of-business system of the neighbouring municipality",
    },
];

impl Somebody {
    /// The day they were born, counted from the first day of the demo.
    pub(crate) fn born(&self, first_day: LocalDate) -> LocalDate {
        let birthday = first_day.plus(CalendarPeriod::days(self.birthday_in));
        let year = birthday.year() - i32::from(self.age) - 1;
        // Nobody here is born on 29 February.
        LocalDate::new(year, birthday.month(), birthday.day().min(28)).unwrap_or(first_day)
    }

    /// Their replacement number, counted from the first day of the demo.
    pub(crate) fn number(&self, first_day: LocalDate) -> Option<Cpr> {
        let born = self.born(first_day);
        let serial = PEOPLE.iter().position(|p| p.key == self.key)? + 11;
        let century = if born.year() >= 2000 { 4 } else { 1 };
        let (day, month, year) = (born.day() + 60, born.month(), born.year().rem_euclid(100));
        format!("{day:02}{month:02}{year:02}{century}{serial:03}").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_replacement_number_of_their_own_on_any_first_day() {
        for day in ["2026-11-22", "2028-02-29", "2027-12-31", "2035-07-01"] {
            let first_day: LocalDate = day.parse().expect("a day");
            let mut numbers = std::collections::BTreeSet::new();
            for somebody in &PEOPLE {
                let number = somebody.number(first_day).expect(somebody.key);
                assert!(number.is_replacement(), "{}", somebody.key);
                assert_eq!(number.born(), Some(somebody.born(first_day)), "{}", somebody.key);
                assert_eq!(
                    first_day.years_since(somebody.born(first_day)),
                    i32::from(somebody.age),
                    "{}",
                    somebody.key
                );
                assert!(numbers.insert(number.reveal().to_owned()));
            }
        }
    }

    #[test]
    fn clara_turns_fifteen_within_sixty_days() {
        let first_day: LocalDate = "2026-11-22".parse().expect("a day");
        let clara = PEOPLE.iter().find(|p| p.key == "clara").expect("clara");
        let later = first_day.plus(CalendarPeriod::days(60));
        assert_eq!(later.years_since(clara.born(first_day)), 15);
    }
}
