//! The bytes that journals hold.

use super::*;

/// Journals are for decades: these bytes were written by the first version and must read, and be written again, as they are.
const SCHEMA_1: [&str; 4] = [
    r#"{"actor":{"person":"00000000-0000-0000-0000-000000000001","type":"citizen"},"aggregate":"00000000-0000-0000-0000-000000000002","aggregate_kind":"consent","data":{},"id":"00000000-0000-0000-0000-000000000003","kind":"consent_withdrawn","recorded_at":"2026-11-22T10:15:30.000000Z","revision":2,"schema":1,"subjects":["00000000-0000-0000-0000-000000000001"]}"#,
    r#"{"actor":{"type":"operator"},"aggregate":"00000000-0000-0000-0000-000000000002","aggregate_kind":"mandate","data":{"cause":"death","effective_at":"2026-11-20T23:00:00.000000Z"},"id":"00000000-0000-0000-0000-000000000003","kind":"mandate_ended","recorded_at":"2026-11-22T10:15:30.000000Z","revision":2,"schema":1,"subjects":["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000004"]}"#,
    r#"{"actor":{"authority":"99100001","id":"00000000-0000-0000-0000-000000000005","type":"employee"},"aggregate":"00000000-0000-0000-0000-000000000002","aggregate_kind":"consent_request","data":{"authority":"99100001","case":"27.36.04-2026-17","deadline":"2026-12-22T23:00:00.000000Z","entry":{"code":"C02","entry":"00000000-0000-0000-0000-000000000006","number":1},"items":["laege"],"person":"00000000-0000-0000-0000-000000000001"},"id":"00000000-0000-0000-0000-000000000003","kind":"consent_requested","recorded_at":"2026-11-22T10:15:30.000000Z","revision":1,"schema":1,"subjects":["00000000-0000-0000-0000-000000000001"]}"#,
    r#"{"actor":{"person":"00000000-0000-0000-0000-000000000001","type":"citizen"},"aggregate":"00000000-0000-0000-0000-000000000002","aggregate_kind":"presentation","data":{"document":"0000000000000000000000000000000000000000000000000000000000000000","language":"da","person":"00000000-0000-0000-0000-000000000001","presented":{"about":"mandate","case":null,"packages":[{"code":"M14","entry":"00000000-0000-0000-0000-000000000006","number":1}],"privileges":["urn:dk:a:laes"],"representative":"00000000-0000-0000-0000-000000000004","representative_name":"Bo","until":"2027-12-22T23:00:00.000000Z"}},"id":"00000000-0000-0000-0000-000000000003","kind":"presentation_shown","recorded_at":"2026-11-22T10:15:30.000000Z","revision":1,"schema":1,"subjects":["00000000-0000-0000-0000-000000000001"]}"#,
];

#[test]
fn events_of_schema_1_read_as_they_were_written() {
    for bytes in SCHEMA_1 {
        let read = Recorded::from_bytes(bytes.as_bytes());
        assert!(read.is_some_and(|r| r.schema == 1), "{bytes}");
    }
}

#[test]
fn bytes_in_any_other_form_are_no_record() {
    let [bytes, ..] = SCHEMA_1;
    for other in
        [bytes.replace(":2,", ": 2,"), bytes.replace("\"schema\":1", "\"schema\":1,\"x\":1"), String::new()]
    {
        assert_eq!(Recorded::from_bytes(other.as_bytes()), None, "{other}");
    }
}
