//! What storage promises, on both engines from one list.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may stop")]

mod access;
mod catalogue;
mod clients;
mod consent_list;
mod consents;
mod external;
mod idempotency;
mod journal;
mod make;
mod mandate_requests;
mod mandates;
mod numbers;
mod persons;
mod roles;
mod schema;
mod sessions;

macro_rules! conformance {
    ($($module:ident: $($name:ident),+ $(,)?;)+) => {
        tillid_testkit::on_both_engines! { tillid_testkit::Fresh::new; $($module: $($name),+;)+ }
    };
}

conformance! {
    journal:
        an_event_reads_back_as_it_was_committed_and_its_commitment_opens,
        an_event_is_never_changed_or_deleted,
        a_body_goes_only_when_its_whole_thing_is_erased,
        a_person_who_was_not_locked_is_not_decided_about,
        the_versions_of_a_person_have_no_gap,
        a_transaction_that_is_dropped_leaves_nothing,
        a_commit_that_fails_half_way_leaves_nothing,
        a_caller_who_goes_away_at_any_moment_leaves_nothing,
        the_same_revision_of_a_thing_is_recorded_once,
        an_effect_never_stands_before_its_cause,
        what_was_known_at_a_moment_is_what_had_been_recorded_by_then,
        a_reader_sees_one_snapshot,
        a_hundred_events_are_one_commit,
        a_fact_that_storage_cannot_write_is_refused,
        two_who_lock_each_others_persons_both_come_through,
        the_database_knows_the_time;
    persons:
        a_person_reads_back_as_the_register_told,
        a_death_reads_back,
        a_login_belongs_to_one_person,
        names_in_every_script_read_back_and_nul_never_gets_in,
        times_at_the_limits_read_back;
    numbers:
        a_number_is_found_under_every_live_key,
        a_number_belongs_to_one_person_whichever_key_is_active,
        a_number_opens_only_under_its_own_key,
        numbers_move_to_the_active_key_and_are_found_throughout,
        a_key_that_went_too_early_is_told_and_nothing_moves,
        keys_that_do_not_fit_are_told_before_anybody_is_looked_for;
    catalogue:
        a_draft_reads_back_after_each_step_before_its_use,
        an_entry_reads_back_in_each_state,
        versions_come_newest_first,
        published_codes_come_in_the_order_of_their_bytes_page_by_page,
        a_code_has_one_version_of_each_number,
        a_code_has_one_version_in_use,
        a_presentation_reads_back_byte_for_byte,
        a_document_that_was_not_committed_to_is_refused;
    clients:
        a_client_reads_back_in_each_state,
        a_clients_id_is_there_once,
        the_clients_of_an_authority_come_newest_first_page_by_page,
        an_assertion_is_used_once_on_whichever_node;
    consent_list:
        a_list_holds_what_the_domain_says_in_either_direction;
    consents:
        a_request_reads_back_in_each_state,
        a_consent_reads_back_in_each_state,
        lists_come_newest_first_page_by_page_and_for_one_authority,
        the_consents_of_a_declaration_come_in_the_order_of_asking,
        a_long_list_of_items_reads_back;
    mandates:
        a_mandate_reads_back_in_each_state,
        a_power_is_only_closed,
        the_powers_are_what_the_history_says,
        a_privilege_holds_from_its_start_to_its_end_and_not_in_a_case,
        mandates_are_listed_for_both_sides,
        everything_below_a_mandate_is_found_at_every_level,
        the_newest_mandate_between_two_is_found;
    mandate_requests:
        a_mandate_request_reads_back_in_each_state,
        mandate_requests_are_listed_for_both_sides_page_by_page;
    access:
        a_record_reads_back_with_all_that_was_said,
        the_log_comes_newest_first_page_by_page,
        a_held_record_is_not_seen_before_its_time,
        a_batch_of_looks_is_one_event_that_commits_to_each;
    external:
        external_things_read_back_in_each_state,
        a_name_means_one_thing_at_a_time,
        the_facts_of_many_pairs_come_at_once_and_in_their_order,
        candidates_come_in_the_order_of_their_bytes_after_one,
        records_of_questions_are_kept_together_and_read_back;
    idempotency:
        a_key_is_new_once_and_then_tells_what_came_of_it,
        a_key_with_another_request_is_refused,
        a_key_is_its_callers_own,
        a_key_whose_change_was_given_up_is_new_again,
        twenty_equal_requests_at_once_have_one_effect,
        a_key_is_kept_for_a_day;
    sessions:
        a_session_is_found_by_its_secret_until_it_ends,
        a_secret_opens_one_session,
        a_session_is_renewed_once_and_ends_whoever_renews_it,
        a_login_that_began_is_taken_once_and_in_time,
        a_token_is_used_once,
        a_provider_ends_one_session_or_all_of_a_user,
        ended_sessions_are_purged,
        the_business_clock_is_turned_forward_only;
    schema:
        the_migrations_run_twice_change_nothing,
        the_engine_refuses_what_the_other_would_refuse;
}
