//! What people print, from outside: the receipt of an answer, and the form on which somebody answers.

use crate::{
    checker::accessible,
    door::{CASE, Door, UNKNOWN, id},
    papers::{poppler, says_that_it_is_accessible},
    second_verifier::logged,
    support::Answer,
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

/// The event of the newest receipt of something.
async fn newest(door: &Door, token: &str, of: &str) -> String {
    let there = door.get(&format!("/v1/{of}/receipt")).by(token).send().await.expect(303);
    let path = there.headers["location"].to_str().expect("a path").to_owned();
    path.rsplit('/').next().expect("an id").to_owned()
}

async fn printed(door: &Door, token: &str, event: &str, language: &str) -> Answer {
    let knock = door.get(&format!("/v1/receipts/{event}/pdf")).by(token);
    knock.header("accept-language", language).send().await
}

fn must_be_a_file(answer: &Answer, name: &str) {
    let told = |header: &str| answer.headers[header].to_str().expect("text").to_owned();
    assert_eq!(told("content-type"), "application/pdf");
    assert_eq!(told("content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(told("cache-control"), "no-store");
    assert!(says_that_it_is_accessible(&answer.body));
    if let Some(checked) = accessible(&answer.body) {
        assert_eq!(checked, Ok(()), "{name}");
    }
}

async fn the_receipt_of_an_answer_is_a_paper_for_the_person_alone(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, hans) = (door.token("anna").await, door.token("hans").await);
    let cpr = door.cpr("anna").await;
    let request = door.asked(&hans, &cpr, "C02").await;
    let consents = door.answered(&anna, &request).await;
    let consent = format!("consents/{}", consents[0]);
    let event = newest(&door, &anna, &consent).await;
    logged(&door, &event).await;
    let seen = door.get(&format!("/v1/{consent}")).by(&anna).send().await.expect(200).json();

    let danish = printed(&door, &anna, &event, "da").await.expect(200);
    must_be_a_file(&danish, &format!("receipt-{event}.pdf"));
    let english = printed(&door, &anna, &event, "en").await.expect(200);
    if let (Some(danish), Some(english)) = (poppler(&danish.body), poppler(&english.body)) {
        assert!(danish.info.contains("Tagged:          yes"), "{}", danish.info);
        for (paper, language, words) in [
            (&danish, "da", ["Kvittering:", "Eksempel Kommune", "Gælder fra", "Nummer i loggen"]),
            (&english, "en", ["Receipt:", "Eksempel Kommune", "Valid from", "Number in the log"]),
        ] {
            let statement = seen["item"]["statement"][language].as_str().expect("a sentence");
            let whole = [statement, &event, CASE, "Anna"];
            for word in whole.iter().chain(&words) {
                assert!(paper.text.contains(*word), "{word}: {}", paper.text);
            }
            assert!(!paper.text.contains(&cpr) && !paper.text.contains(&cpr.replace('-', "")));
        }
        assert!(danish.text.contains("Ja "), "{}", danish.text);
    }
    // It tells what was so at its event; what came later has a receipt of its own.
    door.post(&format!("/v1/{consent}/withdraw")).by(&anna).send().await.expect(200);
    let later = newest(&door, &anna, &consent).await;
    let (before, after) = (
        printed(&door, &anna, &event, "da").await.expect(200),
        printed(&door, &anna, &later, "da").await.expect(200),
    );
    if let (Some(before), Some(after)) = (poppler(&before.body), poppler(&after.body)) {
        assert!(!before.text.contains("trukket tilbage"), "{}", before.text);
        assert!(after.text.contains("Ja, trukket tilbage"), "{}", after.text);
    }

    let (bo, acting) = (door.token("bo").await, door.tillid.token_for("bo", "anna").await);
    assert_eq!(printed(&door, &bo, &event, "da").await.expect(404).code(), "not_found");
    assert_eq!(printed(&door, &acting, &event, "da").await.expect(403).code(), "only_in_person");
    assert_eq!(printed(&door, &hans, &event, "da").await.expect(403).code(), "only_in_person");
    assert_eq!(printed(&door, &anna, UNKNOWN, "da").await.expect(404).code(), "not_found");
    let mandate = door.mandated(&anna, &door.cpr("bo").await, "M14").await;
    let of_mandate = newest(&door, &anna, &format!("mandates/{mandate}")).await;
    assert_eq!(printed(&door, &anna, &of_mandate, "da").await.expect(409).code(), "not_on_paper");
}

/// Somebody of an authority shows Anna what C02 asks, for two months, by some means, under that look-up.
async fn made(door: &Door, token: &str, lookup: &str, means: &str) -> Value {
    let about = json!({
        "about": {"consent": {"consent_type": "C02", "case": CASE, "valid_for": "P2M"}},
        "means": means,
    });
    let knock = door.post("/v1/presentations").by(token).header("lookup-id", lookup);
    knock.json(&about).send().await.expect(201).json()
}

async fn a_form_carries_the_text_that_was_made_and_the_code_to_find_it_by(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, inge, mona) = (door.token("anna").await, door.token("inge").await, door.token("mona").await);
    let cpr = door.cpr("anna").await;
    let lookup = door.looked_up(&inge, &cpr, "citizen_service").await;
    let shown = made(&door, &inge, &lookup, "paper").await;
    let (form, code) = (format!("/v1/presentations/{}/form", id(&shown["id"])), id(&shown["form_code"]));
    let print =
        async |token: &str, lookup: &str| door.get(&form).by(token).header("lookup-id", lookup).send().await;
    let pdf = print(&inge, &lookup).await.expect(200);
    must_be_a_file(&pdf, &format!("form-{code}.pdf"));
    assert_eq!(print(&inge, &lookup).await.expect(200).body, pdf.body, "printed again it is the same paper");
    let text: Value = serde_json::from_str(shown["document"].as_str().expect("text")).expect("json");
    if let Some(paper) = poppler(&pdf.body) {
        assert!(paper.info.contains("Tagged:          yes"), "{}", paper.info);
        let version = format!("C02, version {}", text["type"]["version"]);
        for word in
            [code.as_str(), &version, CASE, "Dit navn med blokbogstaver", "Underskrift", "Eksempel Kommune"]
        {
            assert!(paper.text.contains(word), "{word}: {}", paper.text);
        }
        // It is the text that was made, and not the type's own.
        let lasts = text["duration"].as_str().expect("words");
        assert!(lasts.contains("kun i 2 måneder") && paper.text.contains(lasts), "{lasts}: {}", paper.text);
        for item in text["items"].as_array().expect("items") {
            let statement = item["statement"].as_str().expect("a sentence");
            assert!(paper.text.contains(statement), "{statement}: {}", paper.text);
        }
        assert!(
            !paper.text.contains(&cpr.replace('-', "")) && !paper.text.contains("Anna"),
            "it names nobody"
        );
    }
    let log = door.get("/v1/access-log").by(&anna).send().await.expect(200).json();
    assert_eq!(
        (&log["items"][0]["act"]["code"], &log["items"][0]["target"]),
        (&json!("see_consent"), &shown["id"]),
        "she is told that it was printed"
    );

    let theirs = door.looked_up(&mona, &cpr, "case_processing").await;
    assert_eq!(print(&mona, &theirs).await.expect(404).code(), "not_found");
    assert_eq!(print(&inge, UNKNOWN).await.expect(403).code(), "lookup_invalid");
    assert_eq!(door.get(&form).by(&anna).send().await.expect(403).code(), "staff_only");
    let told = made(&door, &inge, &lookup, "told").await;
    assert_eq!(told["form_code"], Value::Null);
    let told = format!("/v1/presentations/{}/form", id(&told["id"]));
    let refused = door.get(&told).by(&inge).header("lookup-id", &lookup).send().await.expect(409);
    assert_eq!(refused.code(), "not_on_paper");
}

crate::bad_input::on_both!(
    the_receipt_of_an_answer_is_a_paper_for_the_person_alone,
    a_form_carries_the_text_that_was_made_and_the_code_to_find_it_by,
);
