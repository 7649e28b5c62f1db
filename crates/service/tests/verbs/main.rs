//! The verbs, on both engines; after each test the whole database is held against the journal and the invariants.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may stop")]

mod answering;
mod asking;
mod at_once;
mod at_work;
mod by_law;
mod children;
mod clients;
mod collecting;
mod deciding;
mod dying;
mod editing;
mod ending;
mod erasing;
mod exchanging;
mod expect;
mod external;
mod for_child;
mod giving;
mod joining;
mod journey;
mod known;
mod listing;
mod living;
mod looking;
mod matrix;
mod merging;
mod narrowing;
mod noticing;
mod passing_on;
mod posting;
mod printing;
mod profile;
mod proving;
mod registering;
mod renumbering;
mod repeating;
mod requesting;
mod requesting_often;
mod sequencing;
mod taking_out;
mod ten_years;
mod time;
mod trusting;
mod unseen;
mod using;
mod withdrawing;
mod working;

tillid_testkit::on_both_engines! {
    tillid_testkit::World::new;
    sequencing:
        a_sequencer_that_dies_at_any_step_leaves_a_log_that_goes_on,
        a_database_that_refuses_a_table_of_the_log_keeps_the_queue,
        a_sequencer_that_lost_its_lease_does_nothing_more,
        sequencers_and_writers_at_once_give_every_event_one_place,
        an_effect_never_stands_in_the_log_before_its_cause,
        a_database_that_was_rolled_back_is_not_signed,
        a_head_that_was_changed_by_hand_is_not_extended,
        keys_of_the_log_take_over_from_one_another,
        the_origin_is_fixed_at_the_first_start,
        a_node_starts_while_another_extends_the_log,
        what_is_served_is_what_was_signed_and_nothing_beyond;
    ten_years:
        ten_years_of_a_family_go_as_they_were_foretold;
    by_law:
        r33_a_guardian_acts_in_the_area_of_the_decision_until_it_ends,
        r33_without_capacity_the_ward_gives_nothing_in_that_area_and_the_guardian_ends_what_was_given,
        r33_a_co_guardian_never_acts_alone,
        r34_a_lasting_power_gives_nothing_before_it_is_put_in_force,
        r35_r28_custody_acts_alone_but_for_what_all_must_agree_on_and_until_the_age_of_the_package,
        d4_what_became_known_later_changes_no_earlier_answer,
        r38_a_registrar_registers_it_from_a_decision_and_never_as_a_party,
        r35_custody_is_registered_from_a_decision;
    for_child:
        r35_what_one_parent_does_alone_one_gives_alone,
        r35_what_both_parents_must_agree_on_both_sign,
        r35_nobody_gives_for_a_child_what_they_do_not_have,
        r35_a_mandate_for_a_child_stands_and_falls_with_custody,
        r36_at_eighteen_nothing_that_was_given_for_a_child_is_left;
    living:
        m11_what_rests_gives_nothing_until_it_goes_on,
        m12_a_quiet_revocation_is_an_expiry_to_the_representative,
        m12_a_doubt_is_settled_by_a_registrar_alone,
        m01_what_asks_for_acceptance_waits_for_it,
        p04_what_could_do_great_harm_rests_for_three_days_first,
        m11_a_mandate_is_given_for_longer_as_it_is,
        m03_a_registrar_enters_what_was_signed_on_paper,
        m03_what_somebody_asks_for_is_printed_and_signed_as_it_was_asked,
        m03_whoever_acts_is_told_on_what,
        p05_great_harm_and_general_powers_take_four_eyes;
    joining:
        m06_what_several_give_holds_for_those_who_signed_once_enough_have,
        m06_an_objection_stops_it_until_they_agree,
        m06_what_several_hold_nobody_uses_before_they_agree,
        m06_who_and_how_many_is_checked_before_anything_is_shown,
        m06_r32_a_death_ends_it_for_all_and_each_is_told_once,
        m06_r42_what_was_done_together_is_erased_together;
    renumbering:
        m10_a_person_with_another_number_is_the_same_person,
        m10_r36_a_corrected_birthday_counts_at_once;
    profile:
        i03_what_the_law_gives_leaves_like_what_a_mandate_gives;
    merging:
        m10_who_was_only_asked_about_is_the_person_whose_number_it_becomes,
        m10_what_was_given_as_or_to_the_one_ends_and_each_side_is_told,
        m10_ids_numbers_and_logins_of_the_one_lead_to_the_other,
        r40_nothing_of_the_log_is_lost_when_two_are_one,
        m10_what_forbids_goes_on_to_forbid,
        m10_what_was_said_of_the_human_is_said_of_who_goes_on,
        m10_a_chain_leads_to_its_end_and_what_cannot_be_is_refused,
        r42_who_is_one_is_erased_as_one;
    at_work:
        r37_an_organisation_acts_by_the_employees_whom_it_lets,
        m05_a_named_employee_holds_it_until_the_organisation_stops_them,
        m05_only_what_is_for_such_a_representative_is_given,
        m05_an_organisation_asks_for_a_mandate_and_gives_it_up;
    trusting:
        m12_a_trusted_person_sees_what_was_given_and_changes_nothing;
    passing_on:
        r37_only_less_than_is_held_is_passed_on_and_only_where_the_package_allows_it,
        r37_what_was_passed_on_rests_with_what_it_rests_on_and_goes_on_with_it,
        r37_a_revocation_shows_before_exactly_what_it_ends,
        r37_those_whom_it_concerns_end_a_part_and_nobody_else,
        m12_a_quiet_revocation_does_not_show_in_what_was_passed_on,
        r32_r37_what_was_passed_on_ends_with_the_death_of_any_of_the_three,
        r37_the_person_whom_it_is_for_is_told_when_it_is_passed_on;
    matrix:
        r07_r22_every_nature_by_every_channel_to_every_ending;
    using:
        r32_what_was_done_after_a_death_is_listed_with_both_times,
        a_list_of_late_uses_is_for_those_who_do_the_work_and_comes_in_parts,
        what_was_done_on_a_wrong_registration_is_listed_too,
        r37_what_was_done_with_a_part_ends_with_what_it_rested_on,
        m12_a_quiet_revocation_does_not_show_in_the_uses,
        what_a_representative_does_here_is_a_use_of_what_gives_it,
        what_is_exchanged_is_a_use_at_the_systems_authority,
        uses_come_in_pages_the_newest_first,
        r35_who_has_custody_acts_for_the_child;
    printing:
        c5_a_receipt_on_paper_is_for_the_person_alone,
        r44_a_form_is_printed_under_a_lookup_and_the_person_is_told;
    exchanging:
        a_declaration_goes_out_to_whoever_may_see_it_and_names_nobody,
        r22_what_was_given_elsewhere_comes_in_with_its_source_and_once,
        a_consent_that_comes_in_never_lasts_longer_than_it_says_itself,
        r02_what_nobody_answered_or_another_gave_does_not_come_in,
        what_comes_in_is_of_a_text_that_was_in_use_and_of_no_other_type,
        r22_whoever_spoke_for_the_person_is_told_with_the_right_that_they_had,
        r35_those_who_answer_for_a_child_go_out_and_whom_it_is_hidden_from_sees_none_of_it;
    deciding:
        d2_a_yes_names_its_basis_and_a_no_its_reason,
        a_stranger_is_answered_as_if_there_were_nothing,
        every_answer_stands_in_the_log_of_whom_it_concerns,
        r12_what_is_not_said_or_not_allowed_is_a_no_with_a_code,
        d3_giving_what_would_permit_makes_the_no_a_yes,
        d7_a_batch_of_a_thousand_is_answered_in_its_order,
        a_question_is_recorded_at_business_time,
        d6_an_answer_that_cannot_be_recorded_is_not_given,
        d1_a_search_finds_what_a_decision_says_yes_to,
        d4_every_answer_ever_given_is_given_again,
        d2_protected_facts_change_nothing_that_a_system_is_told;
    clients:
        a_client_is_registered_once_whoever_sends_it_again,
        two_who_register_one_id_at_once_have_one_winner,
        a_client_that_is_stopped_may_nothing_until_it_goes_on,
        a_change_is_to_the_version_that_was_seen,
        only_an_authoritys_system_administrator_manages_its_clients,
        what_gives_a_client_something_asks_for_a_fresh_login_and_what_takes_it_never_does,
        an_assertion_is_used_once;
    collecting:
        r22_an_oral_consent_is_registered_seen_and_withdrawn,
        a_registered_answer_closes_the_request_and_serves_once,
        r22_a_paper_consent_has_its_document,
        what_is_handed_over_is_a_pdf_or_a_picture_and_not_too_large,
        r27_what_the_law_wants_in_writing_is_not_registered_orally,
        r22_what_is_registered_has_happened_and_not_long_ago,
        r38_nobody_registers_what_is_not_theirs_to_register,
        r04_staff_withdraw_on_the_persons_word,
        a_wrong_registration_never_counted,
        c12_an_opt_out_is_a_no_that_wins_however_it_was_given,
        a_printed_form_is_found_again_until_it_is_answered_or_too_old;
    listing:
        r12_a_list_is_a_look_at_each_person_on_it,
        a_list_is_for_those_whose_work_it_is,
        a_list_is_filtered_by_where_things_stand,
        a_list_is_gone_through_in_both_directions;
    narrowing:
        c7_c8_what_was_asked_for_is_what_is_given_and_no_more,
        r15_r27_more_than_the_type_or_the_law_allows_is_not_asked_for,
        what_is_asked_for_until_a_day_is_answered_by_then_or_never,
        c8_what_is_registered_on_paper_or_for_one_time_has_its_terms;
    working:
        r07_a_withdrawal_becomes_a_task_for_the_authority,
        a_task_is_seen_by_those_whose_work_it_is,
        an_annulment_becomes_a_task_too_and_tasks_come_in_pages,
        r21_what_was_given_for_a_case_ends_with_it,
        c8_what_was_for_one_time_ends_with_its_use,
        r42_evidence_and_tasks_go_with_what_they_belong_to;
    journey:
        a_person_is_asked_answers_is_looked_up_and_takes_it_back,
        a_representative_acts_for_somebody_until_the_mandate_is_revoked,
        every_type_and_package_of_the_seed_catalogue_comes_into_use_once,
        receipts_verify_under_the_published_keys_and_under_no_other,
        what_was_shown_can_be_read_again_byte_for_byte;
    asking:
        r02_a_request_that_nobody_answers_never_becomes_a_consent,
        r15_an_authority_asks_only_for_items_of_the_type,
        r21_what_belongs_to_a_case_names_it,
        an_authority_asks_only_under_its_own_types,
        staff_ask_only_within_their_field_and_role,
        r38_staff_never_ask_in_their_own_case,
        a_deadline_is_neither_past_nor_far_away,
        asking_a_number_that_nobody_knew_makes_the_person_known_once,
        a_cancelled_request_is_not_answered,
        another_authority_cannot_cancel_what_it_cannot_know;
    unseen:
        r45_whatever_is_tried_for_somebody_stands_in_their_log,
        a_look_up_of_somebody_elses_stands_in_the_persons_log,
        a_cursor_tells_nothing_of_what_its_reader_may_not_see,
        staff_see_of_a_mandate_what_is_their_authoritys,
        a_login_is_bound_to_whom_its_number_belongs_to_and_to_nobody_else,
        a_mandate_for_one_case_gives_nothing_outside_it_and_says_so;
    answering:
        r02_each_item_is_answered_and_nothing_is_taken_for_granted,
        r03_each_item_is_consented_to_and_withdrawn_on_its_own,
        r04_withdrawing_needs_no_reason_and_nothing_but_a_login,
        r08_an_answer_is_to_what_was_shown,
        r35_a_child_under_fifteen_does_not_answer_alone,
        an_answered_request_is_not_answered_again,
        a_request_of_another_is_not_there,
        a_no_is_no_consent_and_cannot_be_withdrawn,
        a_text_that_was_shown_serves_for_one_declaration,
        consents_are_given_unasked_under_the_version_in_use,
        a_weak_login_is_asked_for_a_stronger_one,
        staff_never_answer_for_anybody;
    children:
        r35_both_parents_answer_each_to_what_they_were_shown,
        r35_one_no_declines_at_once_and_the_rest_waits,
        r36_at_fifteen_the_young_person_is_asked_and_no_yes_is_left_over,
        r35_a_change_of_custody_lets_lapse_what_it_no_longer_carries,
        r35_each_rule_asks_those_whom_it_names,
        r35_an_exception_stands_in_the_childs_log_and_is_hidden_from_whom_it_is_unsafe_to_ask,
        r40_a_childs_post_goes_to_those_who_have_custody_but_not_where_it_is_unsafe,
        r35_who_has_died_is_not_waited_for,
        r35_what_several_must_say_is_not_given_unasked,
        r42_who_answered_for_a_child_is_known_for_as_long_as_that_is_kept;
    giving:
        r38_nobody_gives_a_mandate_to_themselves,
        a_mandate_is_of_packages_and_privileges_in_use,
        a_package_for_employees_is_not_given_to_a_person,
        a_mandate_ends_and_not_too_late,
        a_grantor_is_old_enough,
        r32_a_mandate_is_neither_given_by_nor_to_the_dead,
        a_mandate_is_given_by_whom_it_was_shown_to_and_soon,
        a_package_that_went_out_of_use_meanwhile_is_not_given,
        a_weak_login_gives_no_mandate,
        a_representative_passes_nothing_on,
        chosen_privileges_and_no_others_are_given,
        a_text_that_was_shown_serves_for_one_mandate,
        a_name_that_is_not_theirs_is_refused;
    withdrawing:
        m10_a_withdrawal_says_its_day_is_announced_and_then_exactly_that_happens,
        m08_a_withdrawal_of_today_ends_what_was_given_at_once,
        m08_a_mandate_of_several_packages_keeps_what_the_others_give,
        m08_what_is_left_of_a_mandate_is_told_and_exchanged_as_it_is,
        m08_what_two_packages_give_goes_with_the_last_of_them,
        m10_each_withdrawal_is_told_by_its_own_authority,
        m12_a_quiet_revocation_is_no_withdrawal_to_the_representative,
        r37_what_was_passed_on_is_withdrawn_with_what_it_rests_on,
        m10_what_the_law_gives_by_a_package_ends_with_it,
        m08_what_waits_or_begins_later_ends_too,
        m08_a_withdrawal_is_the_authoritys_and_never_gets_later,
        m08_all_mandates_are_gone_through_and_no_late_one_is_missed;
    ending:
        a_revoked_mandate_gives_nothing_from_then_on,
        a_renounced_mandate_gives_nothing_from_then_on,
        the_representative_cannot_revoke_nor_the_grantor_renounce,
        a_stranger_sees_no_mandate_to_end,
        an_ended_mandate_does_not_end_again,
        an_older_mandate_goes_on_when_another_is_revoked;
    dying:
        r32_death_ends_mandates_consents_and_requests,
        r32_a_representatives_death_ends_the_mandate_and_nothing_of_the_grantors,
        a_death_is_registered_once_and_not_ahead,
        the_dead_do_nothing,
        r32_a_death_that_becomes_known_late_ends_things_when_it_was;
    erasing:
        r42_what_is_over_is_erased_and_nothing_of_the_person_remains,
        r42_nothing_goes_before_its_time,
        r42_an_authority_erases_nothing_of_anothers_and_learns_nothing_of_it,
        r42_who_acted_for_somebody_is_known_for_as_long_as_that_is_kept,
        only_a_data_protection_officer_erases,
        an_erasure_sent_again_tells_what_it_did,
        looks_and_erasures_at_once_leave_nothing_behind;
    editing:
        a_draft_is_published_by_somebody_else,
        r05_r08_r15_r27_a_flawed_draft_is_not_published,
        a_newer_version_takes_the_place_and_what_was_given_lives_on,
        a_draft_is_changed_returned_and_published_by_who_did_not_write_it_last,
        a_flawed_draft_is_not_submitted,
        a_draft_that_is_given_up_never_comes_into_use,
        r43_what_is_retired_is_asked_no_more_and_what_was_given_keeps_its_words,
        drafts_are_seen_by_the_administrators_of_their_authority_alone,
        only_a_draft_is_published,
        an_authority_edits_its_own_definitions_only,
        an_import_of_the_same_changes_nothing,
        a_privilege_belongs_to_the_authority_that_published_it_first;
    external:
        the_certification_fixture_decides_as_it_must,
        the_certification_fixture_is_found_as_it_must,
        a_search_is_all_that_is_decided_yes,
        an_answer_is_given_again_from_its_record_whatever_was_changed_since,
        an_answer_without_its_record_is_not_given;
    registering:
        a_grant_holds_from_its_start_to_its_end_and_until_it_is_revoked,
        what_is_removed_gives_nothing_and_does_not_come_back_by_its_name,
        what_is_put_again_changes_nothing_and_a_key_is_one_change,
        a_grant_names_what_is_registered_and_people_are_not,
        an_authority_registers_its_own_things_only,
        what_many_put_and_revoke_at_once_has_one_outcome;
    looking:
        r12_a_look_up_without_a_purpose_of_the_role_is_refused_and_stands_in_the_log,
        r12_a_purpose_that_needs_a_case_is_refused_without,
        r38_staff_do_not_look_themselves_up,
        another_authority_finds_nothing_but_its_look_stands_in_the_log,
        reading_takes_a_look_up_of_ones_own_that_has_not_expired,
        a_look_up_is_read_again_by_whoever_made_it_with_one_record_for_each_side,
        a_system_looks_up_for_its_own_purposes,
        r45_every_use_of_a_power_stands_in_the_log,
        a_citizen_looks_nobody_up,
        lists_come_in_pages,
        a_representative_without_the_privilege_sees_no_consents;
    taking_out:
        r09_everything_in_a_persons_lists_is_in_the_archive,
        r09_nothing_of_anybody_else_and_no_number_is_in_the_archive,
        r09_nobody_takes_out_for_another,
        a_large_account_comes_in_parts_and_whole,
        c5_a_receipt_names_the_mandate_that_a_representative_answered_under;
    proving:
        a_receipt_tells_of_each_step_up_to_the_witnesses,
        a_request_has_a_receipt_too,
        what_was_changed_by_hand_proves_nothing;
    known:
        every_list_can_be_answered_again_as_it_was,
        where_something_stood_is_asked_of_a_moment_and_of_what_was_known;
    requesting_often:
        nobody_asks_without_end;
    requesting:
        whoever_is_asked_approves_what_they_were_shown_and_that_gives_it,
        r02_silence_and_a_no_give_nobody_anything,
        asking_tells_nothing_of_whose_number_it_is,
        a_citizen_asks_for_themselves_alone,
        an_authority_asks_for_its_own_packages_and_both_sides_see_it,
        what_is_asked_for_could_be_given,
        a_request_is_approved_by_whom_it_is_to_after_it_was_shown,
        what_giving_asks_for_approving_asks_for_too,
        r32_a_request_lapses_with_the_death_of_either,
        staff_see_of_a_request_what_is_their_authoritys,
        two_answers_to_one_mandate_request_have_one_winner,
        r42_a_request_goes_when_it_is_over_and_with_it_what_it_says,
        mandate_requests_come_in_pages_the_newest_first;
    noticing:
        r22_what_happens_to_somebody_is_told_to_them_and_what_they_do_is_not,
        r22_what_staff_registered_or_took_back_is_confirmed_to_the_person,
        r32_the_dead_are_told_nothing_and_whoever_asked_them_learns_nothing,
        r32_a_question_of_the_dead_is_told_to_have_lapsed,
        a_question_is_recalled_at_local_midnight_and_its_end_is_told,
        whoever_was_down_over_midnight_tells_once_of_where_it_stands,
        days_before_an_end_are_counted_over_29_february_and_summer_time,
        what_ends_before_its_day_is_not_recalled,
        consents_of_one_answer_are_recalled_in_one_message,
        r02_whatever_the_clock_does_no_answer_is_no_consent,
        however_many_nodes_tell_everybody_is_told_once,
        what_was_there_before_there_were_notices_is_not_told;
    posting:
        r21_a_message_is_tried_again_further_and_further_apart_with_the_same_id,
        a_message_that_is_too_late_or_to_the_dead_is_not_sent,
        nodes_that_hand_over_at_once_hand_over_each_once,
        r40_whoever_is_exempt_or_a_child_gets_letters,
        no_message_says_what_it_is_about,
        r42_notices_go_with_what_they_tell_of;
    repeating:
        the_same_key_and_request_changes_nothing_more,
        the_same_key_with_another_request_is_refused,
        a_refused_change_leaves_its_key_free,
        a_key_of_another_caller_is_another_key,
        a_change_is_refused_when_the_thing_has_another_revision,
        withdrawing_and_revoking_need_no_revision;
    time:
        r27_a_consent_expires_by_itself_and_the_rule_is_the_calendars,
        a_mandate_expires_by_itself_after_its_last_day,
        a_text_that_was_shown_long_ago_is_shown_again,
        what_has_expired_is_not_withdrawn_or_revoked,
        r04_giving_asks_for_a_fresh_login_and_taking_back_never_does,
        a_clock_that_cannot_be_turned_is_not_there;
    at_once:
        a_death_and_a_new_mandate_have_one_order,
        two_answers_to_one_request_have_one_winner,
        two_revocations_of_one_mandate_have_one_winner,
        a_withdrawal_and_a_death_have_one_order,
        fifty_verbs_about_one_person_leave_no_gap,
        one_number_makes_one_person_however_many_ask,
        twenty_equal_requests_have_one_effect,
        two_versions_never_come_into_use_together,
        many_refusals_at_once_are_all_told,
        an_answer_that_waited_is_judged_by_the_time_it_is_its_turn,
        no_question_after_a_revocation_gets_a_yes;
}
