//! What is asked: requests made once, whose persons are written anew for each question.

use crate::{
    generate::{ALWAYS, Filling, SOMETIMES, person},
    http::post,
};
use std::io::Write as _;

const CASE: &str = "27.36.04-2026-17";
/// One question in so many is answered no.
const NO: u64 = 32;
/// The digits of an id that differ.
const DIGITS: usize = 12;

/// Numbers that look like chance and are the same in each run (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A request for so many decisions, and where its persons stand.
#[derive(Clone)]
struct Template {
    bytes: Vec<u8>,
    /// Grantor and representative of each question.
    places: Vec<(usize, usize)>,
}

impl Template {
    fn new(bytes: Vec<u8>) -> Self {
        let places = |mark: &str| -> Vec<usize> {
            let end = format!("{mark}-0000-8000-8000-");
            let found = bytes.windows(end.len()).enumerate().filter(|(_, text)| *text == end.as_bytes());
            found.map(|(at, _)| at + end.len()).collect()
        };
        let places = places(GRANTOR).into_iter().zip(places(REPRESENTATIVE)).collect();
        let mut template = Self { bytes, places };
        for at in 0..template.places.len() {
            let (grantor, representative) = template.places[at];
            for place in [grantor, representative] {
                template.bytes[place - 24..place].copy_from_slice(&person(0).as_bytes()[..24]);
            }
        }
        template
    }

    fn name(&mut self, question: usize, (grantor, representative): (u64, u64)) {
        let (first, second) = self.places[question];
        for (place, number) in [(first, grantor), (second, representative)] {
            write!(&mut self.bytes[place..place + DIGITS], "{number:012x}").unwrap();
        }
    }
}

/// What stands in a template for the beginning of an id: as long as an id's, and in none.
const GRANTOR: &str = "gggggggg";
const REPRESENTATIVE: &str = "rrrrrrrr";

fn asked(privilege: &str) -> String {
    format!(
        "{{\"subject\":{{\"type\":\"person\",\"id\":\"{REPRESENTATIVE}-0000-8000-8000-000000000000\"}},\
         \"action\":{{\"name\":\"{privilege}\"}},\"resource\":{{\"type\":\"person\",\
         \"id\":\"{GRANTOR}-0000-8000-8000-000000000000\",\"properties\":{{\"case\":\"{CASE}\"}}}},\
         \"context\":{{\"purpose\":\"automated_step\"}}}}"
    )
}

/// A caller's requests, with the tokens of all clients in turn.
#[derive(Clone)]
pub(crate) struct Questions {
    filling: Filling,
    chance: Chance,
    /// Of each client: the request that is answered yes, and the one that a mandate of an even number answers no.
    templates: Vec<[Template; 2]>,
    next: usize,
}

impl Questions {
    /// One decision a request.
    pub(crate) fn single(filling: Filling, tokens: &[String], seed: u64) -> Self {
        let template =
            |token: &str, privilege| Template::new(post("/access/v1/evaluation", token, &asked(privilege)));
        let templates = tokens.iter().map(|token| [template(token, ALWAYS), template(token, SOMETIMES)]);
        Self { filling, chance: Chance(seed), templates: templates.collect(), next: 0 }
    }

    /// So many decisions a request, all of them yes.
    pub(crate) fn batch(filling: Filling, tokens: &[String], seed: u64, size: usize) -> Self {
        let items = vec![asked(ALWAYS); size].join(",");
        let body = format!("{{\"evaluations\":[{items}]}}");
        let templates = tokens.iter().map(|token| {
            let template = Template::new(post("/access/v1/evaluations", token, &body));
            [template.clone(), template]
        });
        Self { filling, chance: Chance(seed), templates: templates.collect(), next: 0 }
    }

    /// The next request, and whether its answers are yes.
    pub(crate) fn next(&mut self) -> (&[u8], bool) {
        let is_yes = self.templates[0][0].places.len() > 1 || self.chance.below(NO) != 0;
        self.next = (self.next + 1) % self.templates.len();
        let template = &mut self.templates[self.next][usize::from(!is_yes)];
        for question in 0..template.places.len() {
            let mandate = self.chance.below(self.filling.mandates);
            let mandate = if is_yes { mandate } else { mandate & !1 };
            template.name(question, self.filling.parties(mandate));
        }
        (&template.bytes, is_yes)
    }
}
