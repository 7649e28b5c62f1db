//! Every operation of the contract against everybody of the demo world and somebody without a login.
//!
//! A route without a row, or a row without a route, fails; a caller whom a row does not name must be refused.

mod aim;
mod scene;
mod serving;

use crate::door::face;
use crate::support::Answer;
use aim::{Aim, Which};
use scene::{CALLERS, Scene, group};
use std::collections::{BTreeMap, BTreeSet};
use tillid_testkit::Engine;

struct Row {
    method: &'static str,
    path: &'static str,
    aim: Aim,
    /// Who, and what they are told: `who who: status code; who: status`. Whoever is named again is named better.
    told: &'static str,
}

const fn get(path: &'static str, aim: Aim, told: &'static str) -> Row {
    Row { method: "GET", path, aim, told }
}

const fn put(path: &'static str, aim: Aim, told: &'static str) -> Row {
    Row { method: "PUT", path, aim, told }
}

const fn delete(path: &'static str, aim: Aim, told: &'static str) -> Row {
    Row { method: "DELETE", path, aim, told }
}

const fn post(path: &'static str, aim: Aim, told: &'static str) -> Row {
    Row { method: "POST", path, aim, told }
}

const NOBODY: &str = "none: 401 token_missing";
const OPEN: &str = "everyone: 200";
const LIST: &str = "anna bo strangers ours+ jens+ neighbours+: 200; bo>anna: 403 power_does_not_cover; bo>anna!: 403 power_revoked; blind: 403 lookup_missing";
const ONE: &str = "anna ours+: 200; bo strangers jens+ neighbours+: 404 not_found; bo>anna: 403 power_does_not_cover; bo>anna!: 403 power_revoked; blind: 403 lookup_missing";
const RECEIPT: &str = "bo strangers: 404 not_found; bo>anna bo>anna! staff machines: 403 only_in_person";
const CITIZENS: &str = "staff machines: 403 citizens_only; bo>anna!: 403 power_revoked";
const SHOWS: &str = "bo>anna!: 403 power_revoked; staff machines: 422 registration_missing; lars+: 403 role_missing; blind: 403 lookup_missing";
const ANSWERS: &str = "bo>anna!: 403 power_revoked; staff machines: 422 registration_missing";
const OF_SIDES: &str = "strangers: 404 not_found; bo>anna: 403 only_in_person; bo>anna!: 403 power_revoked; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing";
const SERVE: &str = "staff machines: 403 role_missing; blind: 403 lookup_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only";
const WORK: &str = "anna bo strangers bo>anna bo>anna!: 403 staff_only; staff: 403 role_missing; hans hans+ fagsystem fagsystem+: 200; jens jens+ mona mona+ naboby naboby+: 404 not_found";
/// A list is for a purpose, not under a look-up of somebody.
const GIVEN: &str = "anna bo strangers bo>anna bo>anna!: 403 staff_only; staff machines: 403 purpose_not_allowed; \
                     hans+ jens+ inge+ lars+ mona+ fagsystem+ naboby+: 400 invalid_query";
/// Who of an organisation may act, its administrator says, who is none of these.
const NO_ADMINISTRATOR: &str = "everyone: 403 role_missing; none: 401 token_missing";
const STAFF: &str = "anna bo strangers bo>anna bo>anna!: 403 staff_only";
const DRAFT: &str = "karin ole: 201; staff machines: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; karin ole: 201";
const MANAGE: &str =
    "staff machines: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; karin ole: 200";
const REGISTER: &str =
    "staff: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; karin ole machines: 200";
const THEIR_OWN: &str = "naboby naboby+: 404 not_found";
const VERSIONS: &str =
    "staff machines: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; karin ole: 200";
const STEP: &str = VERSIONS;
/// The one that is drafted is not in use.
const RETIRE: &str = "staff machines: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; karin ole: 409 entry_not_published";
/// The one that is asked about is in use.
const NOT_WITHDRAWN: &str = "staff machines: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; karin ole: 404 not_found";
const PUBLISH: &str = "staff machines: 403 role_missing; anna bo strangers bo>anna bo>anna!: 403 staff_only; ole: 200; karin: 409 second_person_needed";

const ASKS: &str = "everyone: 200; bo>anna bo>anna!: 403 only_in_person; none: 401 token_missing";
const SEARCHES: &str = "everyone: 200; staff: 403 purpose_not_allowed; bo>anna bo>anna!: 403 only_in_person; none: 401 token_missing";

use Aim::*;

const ROWS: &[Row] = &[
    get("/health/live", Plain, OPEN),
    get("/health/ready", Plain, OPEN),
    get("/log/keys", Plain, OPEN),
    get("/contexts/receipt-v1.jsonld", Plain, OPEN),
    get("/log/checkpoint", Plain, OPEN),
    get("/log/tile/{path}", Tile, OPEN),
    get("/log/proof/{event_id}", LoggedReceipt, OPEN),
    get("/sandbox/people", Plain, OPEN),
    get("/sandbox/clock", Plain, OPEN),
    post("/sandbox/clock", Clock, "everyone: 409 clock_backwards"),
    post("/sandbox/events", Death, "everyone: 422 invalid_value"),
    get("/sandbox/inbox/{person}", Inbox, OPEN),
    post("/sandbox/tokens", Token, OPEN),
    get("/.well-known/oauth-authorization-server", Plain, OPEN),
    get("/oauth2/jwks", Plain, OPEN),
    post("/oauth2/token", Plain, "everyone: 400"),
    get("/.well-known/authzen-configuration", Plain, OPEN),
    post("/access/v1/evaluation", Evaluate, ASKS),
    post("/access/v1/evaluations", EvaluateAll, ASKS),
    post("/access/v1/search/subject", Search("subject"), SEARCHES),
    post("/access/v1/search/resource", Search("resource"), SEARCHES),
    post("/access/v1/search/action", Search("action"), SEARCHES),
    get("/v1/employees", Plain, NO_ADMINISTRATOR),
    post("/v1/employees/{id}/admit", Employee, NO_ADMINISTRATOR),
    post("/v1/employees/{id}/stop", Employee, NO_ADMINISTRATOR),
    get("/v1/clients", Plain, MANAGE),
    post("/v1/clients", NewClient, "MANAGE; karin ole: 201"),
    get("/v1/clients/{id}", Client, MANAGE),
    put("/v1/clients/{id}", ChangedClient, MANAGE),
    post("/v1/clients/{id}/stop", Client, MANAGE),
    post("/v1/clients/{id}/resume", StoppedClient, MANAGE),
    get("/v1/external/entities", Plain, REGISTER),
    get("/v1/external/entities/{type}/{id}", Entity, "REGISTER; THEIR_OWN"),
    put("/v1/external/entities/{type}/{id}", PutEntity, "REGISTER; karin ole machines: 201"),
    delete("/v1/external/entities/{type}/{id}", RemoveEntity, "REGISTER; THEIR_OWN"),
    get("/v1/external/privileges", Plain, REGISTER),
    get("/v1/external/privileges/{code}", Privilege, "REGISTER; THEIR_OWN"),
    put("/v1/external/privileges/{code}", PutPrivilege, "REGISTER; karin ole machines: 201"),
    delete("/v1/external/privileges/{code}", RemovePrivilege, "REGISTER; THEIR_OWN"),
    get("/v1/external/grants", Plain, REGISTER),
    post(
        "/v1/external/grants",
        GiveGrant,
        "REGISTER; karin ole machines: 201; naboby naboby+: 422 not_registered",
    ),
    get("/v1/external/grants/{id}", Grant, "REGISTER; THEIR_OWN"),
    post("/v1/external/grants/{id}/revoke", RevokeGrant, "REGISTER; THEIR_OWN"),
    get("/v1/consent-types", Plain, OPEN),
    get("/v1/consent-types/{code}", Type, OPEN),
    get("/v1/consent-types/{code}/versions/{number}", TypeVersion, OPEN),
    get("/v1/mandate-packages", Plain, OPEN),
    get("/v1/mandate-packages/{code}", Package, OPEN),
    get("/v1/mandate-packages/{code}/versions/{number}", PackageVersion, OPEN),
    post("/v1/consent-types", DraftType, DRAFT),
    post("/v1/mandate-packages", DraftPackage, DRAFT),
    post("/v1/consent-types/{code}/versions/{number}/publish", PublishType, PUBLISH),
    post("/v1/mandate-packages/{code}/versions/{number}/publish", PublishPackage, PUBLISH),
    get("/v1/consent-types/{code}/versions", Type, VERSIONS),
    put("/v1/consent-types/{code}/versions/{number}", ChangeType, STEP),
    post("/v1/consent-types/{code}/versions/{number}/submit", PublishType, STEP),
    post("/v1/consent-types/{code}/versions/{number}/return", ReturnType, STEP),
    post("/v1/consent-types/{code}/versions/{number}/discard", PublishType, STEP),
    post("/v1/consent-types/{code}/versions/{number}/retire", PublishType, RETIRE),
    get("/v1/mandate-packages/{code}/versions", Package, VERSIONS),
    put("/v1/mandate-packages/{code}/versions/{number}", ChangePackage, STEP),
    post("/v1/mandate-packages/{code}/versions/{number}/submit", PublishPackage, STEP),
    post("/v1/mandate-packages/{code}/versions/{number}/return", ReturnPackage, STEP),
    post("/v1/mandate-packages/{code}/versions/{number}/discard", PublishPackage, STEP),
    post("/v1/mandate-packages/{code}/versions/{number}/retire", PublishPackage, RETIRE),
    post("/v1/mandate-packages/{code}/versions/{number}/withdraw", WithdrawPackage, RETIRE),
    get("/v1/mandate-packages/{code}/versions/{number}/withdrawal", PackageVersion, NOT_WITHDRAWN),
    get("/v1/overview", Plain, "anna bo strangers bo>anna: 200; CITIZENS"),
    get("/v1/upcoming", Plain, "anna bo strangers bo>anna: 200; CITIZENS"),
    get("/v1/access-log", Plain, "anna bo strangers: 200; bo>anna: 403 only_in_person; CITIZENS"),
    get("/v1/export", Plain, "anna bo strangers: 200; bo>anna: 403 only_in_person; CITIZENS"),
    get("/v1/consents", Plain, LIST),
    get("/v1/consents", Given("consent_follow_up"), "GIVEN; hans jens mona: 200"),
    get("/v1/consents", Given("case_processing"), "GIVEN; hans jens mona: 200"),
    get("/v1/consents", Given("automated_step"), "GIVEN; fagsystem naboby: 200"),
    get("/v1/consents", Given("supervision"), "GIVEN; lars: 200"),
    get("/v1/consents", Given("citizen_service"), GIVEN),
    get("/v1/consent-requests", Plain, LIST),
    get("/v1/mandates", Plain, "LIST; bo>anna: 200"),
    get("/v1/consents/{id}", Consent, ONE),
    get("/v1/consent-requests/{id}", Request, ONE),
    get("/v1/mandates/{id}", Mandate, "ONE; bo bo>anna jens+: 200"),
    get("/v1/mandates/{id}", OtherMandate, "ONE; dorte jens+: 200; bo>anna: 404 not_found"),
    get("/v1/mandates/{id}/revocation-preview", Mandate, "ONE; bo bo>anna jens+: 200"),
    get(
        "/v1/mandates/{id}/revocation-preview",
        OtherMandate,
        "ONE; dorte jens+: 200; bo>anna: 404 not_found",
    ),
    get("/v1/mandates/{id}/uses", Mandate, "ONE; bo bo>anna jens+: 200"),
    get("/v1/mandates/{id}/uses", OtherMandate, "ONE; dorte jens+: 200; bo>anna: 404 not_found"),
    get("/v1/mandates/{id}/privileges", Mandate, "ONE; bo bo>anna jens+: 200"),
    get("/v1/mandates/{id}/privileges", OtherMandate, "ONE; dorte jens+: 200; bo>anna: 404 not_found"),
    post(
        "/v1/mandates/{id}/privileges",
        MandateByNumber,
        "STAFF; blind: 403 lookup_missing; ours+ jens+: 200; neighbours+: 404 not_found",
    ),
    get(
        "/v1/powers/privileges",
        Plain,
        "anna bo strangers ours+ jens+ neighbours+: 200; bo>anna bo>anna!: 403 only_in_person; blind: 403 lookup_missing",
    ),
    post(
        "/v1/powers/privileges",
        HeldByNumber,
        "STAFF; blind: 403 lookup_missing; ours+ jens+ neighbours+: 200",
    ),
    post("/v1/privileges/check", Claims, ASKS),
    get("/v1/presentations/{id}", Presentation, "RECEIPT; anna: 200"),
    get("/v1/receipts/{event_id}", Receipt, "RECEIPT; anna: 200"),
    get("/v1/receipts/{event_id}/pdf", Receipt, "RECEIPT; anna: 200"),
    get("/v1/presentations/{id}/form", PrintedForm, "SERVE; ours+: 200; jens+ neighbours+: 404 not_found"),
    get("/v1/declarations/{id}/viljestilkendegivelse", Declaration, ONE),
    post(
        "/v1/declarations/viljestilkendegivelse",
        TakeIn,
        "SERVE; hans+ inge+ fagsystem+: 201; jens+: 403 outside_field_of_work; mona+ naboby+: 403 other_authority",
    ),
    get("/v1/consents/{id}/receipt", Consent, "RECEIPT; anna: 303"),
    get("/v1/mandates/{id}/receipt", Mandate, "RECEIPT; anna bo: 303"),
    get("/v1/mandates/{id}/receipt", OtherMandate, "RECEIPT; anna dorte: 303"),
    post(
        "/v1/presentations",
        ShowRequest,
        "SHOWS; anna: 201; bo strangers: 404 not_found; bo>anna: 403 power_does_not_cover",
    ),
    post(
        "/v1/presentations",
        ShowConsent,
        "SHOWS; anna bo strangers: 201; bo>anna: 403 power_does_not_cover",
    ),
    post(
        "/v1/presentations",
        ShowMandate,
        "SHOWS; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 422 registration_missing; anna bo strangers: 201; finn: 422 self_mandate; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/consent-requests/{id}/answer",
        Answer,
        "ANSWERS; anna: 201; bo strangers: 404 not_found; bo>anna: 403 power_does_not_cover",
    ),
    post(
        "/v1/consents",
        GiveConsents,
        "ANSWERS; anna: 201; bo strangers: 422 presentation_mismatch; bo>anna: 403 power_does_not_cover",
    ),
    get("/v1/mandate-requests", Plain, "LIST; bo>anna: 403 only_in_person"),
    get("/v1/mandate-requests/{id}", MandateRequest, "ONE; bo jens+: 200; bo>anna: 403 only_in_person"),
    post(
        "/v1/mandate-requests",
        AskMandate,
        "CITIZENS; bo strangers: 201; anna: 422 self_mandate; bo>anna: 403 only_in_person; staff: 403 role_missing; \
         hans hans+ jens jens+ inge inge+ niels fagsystem fagsystem+: 422 person_unknown; mona mona+ naboby naboby+: 403 other_authority",
    ),
    post(
        "/v1/mandate-requests",
        AskMandateFor,
        "CITIZENS; bo: 201; anna strangers bo>anna: 403 only_in_person; staff: 403 role_missing; \
         hans hans+ jens jens+ inge inge+ niels fagsystem fagsystem+: 201; mona mona+ naboby naboby+: 403 other_authority",
    ),
    post(
        "/v1/presentations",
        ShowMandateRequest,
        "SHOWS; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 422 registration_missing; anna: 201; bo strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/mandate-requests/{id}/approve",
        Approve,
        "CITIZENS; anna: 201; bo strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/mandate-requests/{id}/decline",
        Decline,
        "CITIZENS; anna: 200; bo strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/consents/{id}/withdraw",
        Withdraw,
        "ANSWERS; anna: 200; bo strangers: 404 not_found; bo>anna: 403 power_does_not_cover",
    ),
    post(
        "/v1/mandates",
        GiveMandate,
        "CITIZENS; anna: 201; bo strangers: 422 presentation_mismatch; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/mandates/{id}/revoke",
        Revoke,
        "CITIZENS; anna: 200; bo bo>anna: 403 only_in_person; strangers: 404 not_found",
    ),
    post(
        "/v1/mandates/{id}/renounce",
        Renounce,
        "CITIZENS; bo: 200; anna bo>anna: 403 only_in_person; strangers: 404 not_found",
    ),
    post(
        "/v1/mandates/{id}/revoke",
        RevokeFor,
        "anna bo strangers bo>anna bo>anna!: 422 staff_only; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 200",
    ),
    post(
        "/v1/mandates/{id}/confirm",
        Life("confirm"),
        "OF_SIDES; bo: 409 mandate_not_awaiting; anna: 403 only_in_person; inge+: 409 mandate_not_awaiting",
    ),
    post(
        "/v1/mandates/{id}/suspend",
        Life("suspend"),
        "CITIZENS; anna: 200; bo bo>anna: 403 only_in_person; strangers: 404 not_found",
    ),
    post(
        "/v1/mandates/{id}/resume",
        Life("resume"),
        "OF_SIDES; anna: 409 mandate_not_resting; bo: 403 only_in_person; inge+: 409 mandate_not_resting",
    ),
    post(
        "/v1/mandates/{id}/renew",
        Life("renew"),
        "CITIZENS; anna: 422 presentation_mismatch; bo strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/mandates/{id}/sign",
        Life("sign"),
        "CITIZENS; anna bo: 409 mandate_not_awaiting; strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/mandates/{id}/object",
        Life("object"),
        "CITIZENS; anna bo: 409 mandate_not_awaiting; strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/mandates/{id}/dispute",
        Life("dispute"),
        "OF_SIDES; anna bo: 200; hans+ inge+ jens+: 200; mona+: 404 not_found",
    ),
    post(
        "/v1/mandates/{id}/annul",
        AnnulMandate,
        "SERVE; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 409 mandate_not_entered",
    ),
    post(
        "/v1/mandates",
        EnterMandate,
        "anna bo strangers bo>anna bo>anna!: 422 staff_only; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 422 presentation_mismatch",
    ),
    post(
        "/v1/presentations",
        ShowPart,
        "SHOWS; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 422 registration_missing; \
         bo: 422 not_to_be_passed_on; anna bo>anna: 403 only_in_person; strangers: 404 not_found",
    ),
    post(
        "/v1/presentations",
        ShowRenewal,
        "SHOWS; staff: 403 role_missing; machines: 403 citizens_only; blind: 403 lookup_missing; inge+: 422 registration_missing; \
         anna: 422 end_date_past; bo strangers: 404 not_found; bo>anna: 403 only_in_person",
    ),
    post(
        "/v1/consent-requests",
        Ask,
        "STAFF; hans hans+ inge inge+ niels fagsystem fagsystem+: 201; jens jens+: 403 outside_field_of_work; karin ole lars lars+: 403 role_missing; mona mona+ naboby naboby+: 403 other_authority",
    ),
    post(
        "/v1/consent-requests/{id}/cancel",
        Cancel,
        "STAFF; hans hans+ inge inge+ niels fagsystem fagsystem+: 200; jens jens+ mona mona+ naboby naboby+: 404 not_found; karin ole lars lars+: 403 role_missing",
    ),
    post(
        "/v1/consent-requests/{id}/except",
        Except,
        "STAFF; hans hans+ inge inge+ niels: 409 no_voice_to_except; jens jens+ mona mona+: 404 not_found; machines karin ole lars lars+: 403 role_missing",
    ),
    post(
        "/v1/lookups",
        LookUp("case_processing"),
        "STAFF; staff machines: 403 purpose_not_allowed; hans hans+ jens jens+ mona mona+: 201",
    ),
    post(
        "/v1/lookups",
        LookUp("consent_follow_up"),
        "STAFF; staff machines: 403 purpose_not_allowed; hans hans+ jens jens+ mona mona+: 201",
    ),
    post(
        "/v1/lookups",
        LookUp("citizen_service"),
        "STAFF; staff machines: 403 purpose_not_allowed; inge inge+ niels: 201",
    ),
    post(
        "/v1/lookups",
        LookUp("supervision"),
        "STAFF; staff machines: 403 purpose_not_allowed; lars lars+: 201",
    ),
    post(
        "/v1/lookups",
        LookUp("automated_step"),
        "STAFF; staff machines: 403 purpose_not_allowed; machines: 201",
    ),
    post(
        "/v1/presentations",
        Tell,
        "SERVE; hans+ inge+ fagsystem+: 201; jens+: 403 outside_field_of_work; mona+ naboby+: 403 other_authority",
    ),
    post(
        "/v1/consents",
        Register,
        "SERVE; hans+ inge+ fagsystem+: 201; jens+ mona+ naboby+: 422 presentation_mismatch",
    ),
    post(
        "/v1/consent-requests/{id}/answer",
        RegisterAnswer,
        "SERVE; hans+ inge+ fagsystem+: 201; jens+ mona+ naboby+: 422 presentation_mismatch",
    ),
    post(
        "/v1/consents/{id}/withdraw",
        WithdrawFor,
        "SERVE; machines: 403 citizens_only; blind: 403 lookup_missing; anna: 200; bo strangers: 404 not_found; \
         bo>anna: 403 power_does_not_cover; bo>anna!: 403 power_revoked; hans+ inge+: 200; jens+ mona+: 404 not_found",
    ),
    post(
        "/v1/consents/{id}/annul",
        Annul,
        "SERVE; hans+ inge+ fagsystem+: 200; jens+ mona+ naboby+: 404 not_found",
    ),
    post(
        "/v1/consents/{id}/use",
        UseUp,
        "SERVE; hans+ fagsystem+: 409 not_for_one_time; jens+ mona+ naboby+: 404 not_found",
    ),
    post("/v1/documents", Keep, "SERVE; hans+ inge+ jens+ mona+ fagsystem+ naboby+: 201"),
    get("/v1/documents/{id}", Document, "ONE; jens+: 200; bo>anna: 403 only_in_person"),
    get("/v1/tasks", Plain, "WORK; jens jens+ mona mona+ naboby naboby+: 200"),
    get("/v1/tasks/{id}", Task, WORK),
    post("/v1/tasks/{id}/close", CloseTask, WORK),
    get("/v1/late-uses", Plain, "WORK; jens jens+ mona mona+ naboby naboby+: 200"),
    post("/v1/cases/{id}/close", CloseCase, "WORK; jens jens+ mona mona+ naboby naboby+: 200"),
    get("/v1/statutory-powers", Plain, "LIST; bo>anna: 403 only_in_person"),
    get("/v1/statutory-powers/{id}", Power, "ONE; gitte jens+ neighbours+: 200; bo>anna: 403 only_in_person"),
    post("/v1/statutory-powers", NewPower, "SERVE; inge+: 201"),
    post("/v1/statutory-powers/{id}/change", ChangePower, "SERVE; inge+: 200"),
    post("/v1/statutory-powers/{id}/end", EndPower, "SERVE; inge+: 200"),
    post("/v1/erasures", Erase, "STAFF; staff machines: 403 role_missing; lars lars+: 422 nobody_known"),
];

/// Whom a row names, and what they are to be told.
fn cells(told: &'static str) -> BTreeMap<&'static str, (u16, &'static str)> {
    let mut cells = BTreeMap::new();
    for clause in std::iter::once(NOBODY).chain(told.split("; ")) {
        match clause {
            "CITIZENS" => cells.extend(self::cells(CITIZENS)),
            "GIVEN" => cells.extend(self::cells(GIVEN)),
            "STAFF" => cells.extend(self::cells(STAFF)),
            "SHOWS" => cells.extend(self::cells(SHOWS)),
            "OF_SIDES" => cells.extend(self::cells(OF_SIDES)),
            "ANSWERS" => cells.extend(self::cells(ANSWERS)),
            "SERVE" => cells.extend(self::cells(SERVE)),
            "WORK" => cells.extend(self::cells(WORK)),
            "MANAGE" => cells.extend(self::cells(MANAGE)),
            "REGISTER" => cells.extend(self::cells(REGISTER)),
            "THEIR_OWN" => cells.extend(self::cells(THEIR_OWN)),
            "LIST" => cells.extend(self::cells(LIST)),
            "ONE" => cells.extend(self::cells(ONE)),
            "RECEIPT" => cells.extend(self::cells(RECEIPT)),
            _ => {
                let (who, what) = clause.split_once(": ").expect("who: what");
                let (status, code) = what.split_once(' ').unwrap_or((what, ""));
                let status = status.parse().expect("a status");
                cells.extend(who.split(' ').flat_map(group).map(|caller| (caller, (status, code))));
            }
        }
    }
    assert!(cells.keys().all(|caller| CALLERS.contains(caller)), "{told}");
    cells
}

/// The code of a refusal; where one field is to blame, that field's.
fn code(answer: &Answer) -> String {
    if answer.status.is_success() {
        return String::new();
    }
    let body = answer.json();
    // AuthZEN's own form: a message, which begins with the code.
    if let Some((code, _)) = body.as_str().and_then(|message| message.split_once(": ")) {
        return code.to_owned();
    }
    let field = body["errors"][0]["code"].as_str().filter(|_| body["code"] == "unprocessable");
    field.map_or_else(|| answer.code(), str::to_owned)
}

/// Who knows of the thing that they are refused, since they are a party to it, or since it is open to everyone.
fn knows(row: &Row, caller: &str) -> bool {
    matches!(
        (row.aim, caller),
        (UseUp, "hans+" | "fagsystem+")
            | (Revoke, "bo")
            | (Renounce | ShowRenewal, "anna")
            | (ShowPart, "anna" | "bo")
            | (AnnulMandate, "inge+")
            | (Life(_), "anna" | "bo" | "inge+")
            | (Except, "hans" | "hans+" | "inge" | "inge+" | "niels")
            | (PublishType | PublishPackage, _)
    )
}

/// Who may see Anna's consents and requests: herself, and those of her municipality who look her up for work of theirs.
fn sees_secrets(row: &Row, caller: &str) -> bool {
    let looking =
        matches!(row.aim, LookUp(_)) && ["hans", "inge", "niels", "lars", "fagsystem"].contains(&caller);
    let listing = matches!(row.aim, Given(_)) && ["hans", "lars", "fagsystem"].contains(&caller);
    looking || listing || ["anna", "hans+", "inge+", "lars+", "fagsystem+"].contains(&caller)
}

async fn cell(scene: &Scene, row: &Row, caller: &str, flaws: &mut Vec<String>) {
    let wanted = cells(row.told).get(caller).copied();
    let works = wanted.is_some_and(|(status, _)| status < 400);
    let which = if works { Which::New } else { Which::Shared };
    let answer = scene.send(caller, row.method, row.path, row.aim, which).await;
    let (status, code) = (answer.status.as_u16(), code(&answer));
    let (method, path, aim) = (row.method, row.path, row.aim);
    let right = match wanted {
        Some(wanted) => wanted == (status, code.as_str()),
        None => [401, 403, 404].contains(&status),
    };
    if !right {
        flaws.push(format!("{caller}: {method} {path} ({aim:?}) is {status} {code}, not {wanted:?}"));
    }
    let text = String::from_utf8_lossy(&answer.body);
    if !sees_secrets(row, caller)
        && let Some(secret) = scene.secrets().into_iter().find(|secret| text.contains(secret))
    {
        flaws.push(format!("{caller}: {method} {path} ({aim:?}) shows {secret}"));
    }
    if status >= 400 && !knows(row, caller) {
        let unknown = scene.send(caller, method, path, aim, Which::Unknown).await;
        if face(&unknown) != face(&answer) {
            let told = crate::who_may_not::code(&unknown);
            flaws.push(format!("{caller}: {method} {path} ({aim:?}) is {status} {code}, and for what does not exist {} {told}", unknown.status));
        }
    }
}

async fn matrix(engine: Engine) {
    let scene = Scene::set(engine).await;
    let rows: BTreeSet<(String, String)> =
        ROWS.iter().map(|r| (r.method.to_owned(), r.path.to_owned())).collect();
    assert_eq!(rows, scene.door.operations(), "every route has its row, and every row its route");
    let before = scene.look_of_things().await;
    let (mut count, mut flaws) = (0, Vec::new());
    // Row by row, so that no system asks for more at once than its allowance; and last whoever could act for anna, and cannot any more.
    // What is put in the place of a package comes after all that is given by it.
    let publishes = |row: &&Row| matches!(row.aim, PublishType | PublishPackage);
    let (publishing, others): (Vec<_>, Vec<_>) = ROWS.iter().partition(publishes);
    let rows: Vec<&Row> = others.into_iter().chain(publishing).collect();
    let (now, then): (Vec<_>, Vec<_>) = CALLERS.into_iter().partition(|caller| *caller != "bo>anna!");
    for (callers, is_last) in [(now, false), (then, true)] {
        if is_last {
            let after = scene.look_of_things().await;
            let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
            flaws.extend(changed.map(|(before, after)| format!("refused, and yet {before} is {after}")));
            scene.revoke_bo().await;
        }
        for row in &rows {
            for caller in &callers {
                cell(&scene, row, caller, &mut flaws).await;
                count += 1;
            }
        }
    }
    println!("{count} cells: {} rows, {} callers", ROWS.len(), CALLERS.len());
    assert!(flaws.is_empty(), "{} of {count} cells:\n{}", flaws.len(), flaws.join("\n"));
    assert!(count >= 700);
    scene.door.events();
}

#[tokio::test]
async fn nobody_does_on_sqlite_what_the_table_does_not_let_them() {
    matrix(Engine::Sqlite).await;
}

#[tokio::test]
async fn nobody_does_on_postgresql_what_the_table_does_not_let_them() {
    matrix(Engine::Postgres).await;
}
