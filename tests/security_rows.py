"""The security checklist row by row: what enforces it, and the tests that prove it. `docs/security.md` is printed from here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "security.md"
ACCESS, HOSTILE, RACES = "proof/test_access.py", "proof/test_hostile.py", "proof/test_races.py"
MANY = "proof/test_many_servers.py"
KILL, SECURITY, AGREES = "proof/test_kill.py", "proof/test_security.py", "proof/test_schemathesis.py"
OUTBOUND, OUTSIDE, ADDRESSES = (
    "unit/deliver/test_outbound.py",
    "unit/serve/test_outside.py",
    "unit/serve/test_addresses.py",
)
PREFERENCES, REACH = "unit/serve/test_preferences.py", "proof/test_reach.py"
CHANNELS = "unit/deliver/channels/test_http_channels.py"
MATRIX = f"{ACCESS}::test_every_actor_may_do_what_the_page_says_and_no_more"
SURVIVES = f"{HOSTILE}::test_hostile_requests_are_refused_change_nothing_and_poison_nothing"
AGREE = f"{AGREES}::test_the_document_and_the_backend_agree"


@dataclass(frozen=True)
class Row:
    """One requirement: its id, in one line, the module that enforces it, and the tests that prove it."""

    id: str
    requirement: str
    enforced_by: str
    tests: tuple[str, ...]


ROWS = (
    Row("C1", "Every operation has a policy; without credentials it is closed", "serve/runtime.py",
        (MATRIX, f"{SECURITY}::test_credentials_that_are_malformed_unknown_or_expired_open_nothing")),
    Row("C2", "Nobody reads, changes or deletes another's row", "derive/access.py", (MATRIX,)),
    Row("C3", "Nobody calls an operation of another role", "serve/runtime.py", (MATRIX,)),
    Row("C4", "Nobody reads a field beyond its policy", "derive/views.py",
        (f"{ACCESS}::test_every_actor_reads_the_fields_the_page_says_and_no_others",)),
    Row("C5", "Fields that may not be sent are refused, never stored", "serve/change/fields.py",
        (f"{ACCESS}::test_only_the_fields_the_page_names_can_be_sent",)),
    Row("C6", "Nothing can be attached to a row that one may not see", "serve/change/references.py",
        (f"{ACCESS}::test_a_row_of_another_tenant_cannot_be_referred_to",)),
    Row("C7", "Filters, sorts and pages obey the policies", "derive/statements.py",
        (f"{ACCESS}::test_hidden_fields_are_no_oracle",)),
    Row("C8", "A foreign row and a missing one look the same, and take the same statements to find out", "serve/change/unit.py",
        (f"{ACCESS}::test_a_foreign_row_and_a_missing_one_look_the_same",
         f"{ACCESS}::test_a_foreign_row_and_a_missing_one_cost_the_same_work")),
    Row("C9", "Tenants see nothing of each other on any list", "derive/access.py",
        (f"{ACCESS}::test_tenants_see_their_own_rows_and_nothing_of_each_other",
         f"{ACCESS}::test_every_query_inside_a_query_reads_one_table")),
    Row("C11", "Steps cannot be skipped or repeated", "serve/change/act.py",
        (f"{RACES}::test_the_last_credit_is_spent_once", "unit/cli/test_command_line.py::test_the_demo_walks_and_ends")),
    Row("C12", "Other methods and other spellings of a path obey the same policy", "serve/router.py",
        (f"{ACCESS}::test_a_path_is_right_exactly_or_not_there", SURVIVES)),
    Row("D1", "Ids cannot be guessed or counted (they tell when a row was made)", "primitives/ids.py",
        (f"{SECURITY}::test_ids_show_neither_how_many_there_are_nor_what_comes_next",)),
    Row("D2", "Errors reveal nothing of their cause: each that a test meets is searched for code, paths, SQL and versions",
        "serve/application.py",
        (f"{SECURITY}::test_an_unexpected_error_is_in_the_log_with_the_id_the_caller_got", SURVIVES,
         "unit/house/test_conforming.py::test_an_error_that_tells_its_cause_is_noticed")),
    Row("D3", "Errors are RFC 9457 problems with one stable type each", "serve/answer.py", (SURVIVES,)),
    Row("D4", "Answers match the published schema", "derive/openapi/document.py", (AGREE,)),
    Row("D5", "Answers carry the headers that keep a client safe", "serve/answer.py",
        (f"{SECURITY}::test_every_kind_of_answer_has_the_headers_that_keep_a_client_safe",)),
    Row("D6", "No other origin reads answers", "serve/application.py",
        (f"{SECURITY}::test_only_a_named_origin_may_read_answers",)),
    Row("D7", "What is deleted is gone", "derive/statements.py",
        (f"{SECURITY}::test_what_is_deleted_is_gone_from_every_way_to_it",)),
    Row("D8", "Nothing answers that is not documented", "serve/router.py",
        (f"{SECURITY}::test_nothing_answers_that_is_not_documented",)),
    Row("E1", "No secret is in the log, and of what is personal only a masked form", "serve/events.py",
        (f"{SECURITY}::test_no_line_of_the_log_holds_what_is_secret_or_personal",)),
    Row("E2", "The log says who, what, when and where, and a machine can read it", "serve/events.py",
        (f"{SECURITY}::test_every_line_of_the_log_says_what_when_where_and_who",)),
    Row("E4", "Nobody writes lines into the log", "serve/events.py",
        (f"{SECURITY}::test_every_line_of_the_log_says_what_when_where_and_who",)),
    Row("E5", "Unexpected errors are logged with the id the caller got", "serve/application.py",
        (f"{SECURITY}::test_an_unexpected_error_is_in_the_log_with_the_id_the_caller_got",)),
    Row("F1", "No input gives a 5xx", "serve/request.py", (SURVIVES, AGREE)),
    Row("F2", "What is invalid is refused, what is valid is taken", "derive/codecs.py", (AGREE,)),
    Row("F3", "A refused request changes nothing", "serve/change/unit.py",
        (SURVIVES, f"{HOSTILE}::test_a_backend_that_stores_what_it_refuses_is_found_out")),
    Row("F4", "No stored value breaks a later read", "derive/codecs.py", (SURVIVES,)),
    Row("F5", "Body, depth, headers and address are bounded", "serve/request.py",
        (f"{SECURITY}::test_what_is_too_large_too_deep_or_of_another_kind_is_refused_for_what_it_is",)),
    Row("F6", "Pages are bounded", "serve/query.py", ("unit/serve/test_lists.py::test_a_fault_of_an_address_is_named",)),
    Row("F8", "Nothing is injected into SQL, headers or letters", "derive/statements.py",
        (SURVIVES, "unit/deliver/test_letter.py::test_no_words_at_all_can_add_a_header")),
    Row("F9", "Slow clients hold up nobody else", "serve/application.py",
        (f"{SECURITY}::test_clients_that_never_finish_hold_up_nobody_else",)),
    Row("F10", "Repeated names, wrong types and other media types are refused", "serve/request.py",
        (f"{SECURITY}::test_what_is_too_large_too_deep_or_of_another_kind_is_refused_for_what_it_is",
         "unit/serve/test_lists.py::test_a_broken_query_is_malformed")),
    Row("G1", "Check and act are one step", "serve/change/load.py",
        (f"{RACES}::test_the_last_seat_goes_to_one_person", f"{RACES}::test_one_listing_goes_to_one_of_many_buyers",
         f"{RACES}::test_without_its_locks_the_race_for_the_last_seat_is_lost")),
    Row("G2", "No update is lost to one who read an older row (when `If-Match` is sent; it is not demanded)",
        "serve/change/update.py", (f"{SECURITY}::test_of_two_writers_the_one_who_read_an_older_row_is_told",)),
    Row("G3", "A request with a key is done once", "serve/idempotency.py",
        (f"{SECURITY}::test_a_key_belongs_to_one_request_of_one_actor_for_a_day",
         f"{RACES}::test_a_request_sent_twenty_times_with_one_key_is_done_once",
         f"{MANY}::test_a_key_sent_to_two_servers_at_once_is_done_once")),
    Row("G4", "What is unique is made once without any key", "derive/tables.py",
        (f"{RACES}::test_a_place_that_is_unique_is_taken_once_without_any_key",)),
    Row("G5", "kill -9 loses nothing that was acknowledged and leaves nothing half done", "store/sqlite_writer.py",
        (f"{KILL}::test_no_acknowledged_write_is_lost_and_none_is_half_done",)),
    Row("G6", "A busy database is 503 with `Retry-After`, and recovers", "store/sqlite_writer.py",
        (f"{SECURITY}::test_a_database_that_is_locked_is_said_to_be_so_and_recovers",)),
    Row("H1", "Nothing is sent into a private network, however its address is spelt and whatever its name resolves to later",
        "primitives/guard.py",
        ("unit/primitives/test_guard.py::", f"{OUTBOUND}::test_a_name_that_leads_here_is_refused_before_anything_is_connected",
         f"{OUTBOUND}::test_a_resolver_is_asked_once_so_it_cannot_change_its_answer",
         f"{ADDRESSES}::test_no_spelling_of_an_inner_address_can_be_set")),
    Row("H2", "Redirects are not followed, and an address that redirects is refused when it is set", "deliver/outbound.py",
        (f"{OUTBOUND}::test_a_redirect_is_an_answer_and_is_not_followed",
         f"{ADDRESSES}::test_in_production_an_address_is_looked_at_when_it_is_set")),
    Row("H3", "A receiver that hangs, drips, resets or floods costs one slot for the total time-out, and no request waits for it",
        "deliver/outbound.py",
        (f"{OUTBOUND}::test_what_does_not_answer_costs_the_total_time_and_no_more",
         f"{OUTBOUND}::test_of_gigabytes_sixteen_kibibytes_are_read", f"{CHANNELS}::test_a_channel_over_http_keeps_every_promise",
         "unit/deliver/test_engines.py::test_a_destination_that_fails_is_left_alone_and_holds_up_no_other")),
    Row("H4", "Certificates are verified; networks of one's own are opened by name, and for declared systems alone",
        "serve/doors.py",
        (f"{OUTBOUND}::test_a_certificate_that_nobody_vouches_for_is_refused",
         f"{OUTBOUND}::test_a_certificate_for_another_name_is_refused",
         "unit/deliver/channels/test_mail_channel.py::test_a_server_whose_certificate_is_not_right_gets_nothing",
         f"{ADDRESSES}::test_only_networks_can_be_opened_and_only_for_systems")),
    Row("H5", "What comes in is signed, fresh, and counts once", "serve/incoming.py",
        (f"{OUTSIDE}::test_a_payment_with_anything_changed_is_refused",
         f"{OUTSIDE}::test_a_payment_signed_long_ago_or_ahead_or_by_another_is_refused",
         f"{OUTSIDE}::test_a_payment_counts_once_in_whatever_order")),
    Row("I1", "A message goes out if and only if its change committed", "serve/change/outbox.py",
        ("unit/deliver/test_delivery.py::test_a_change_that_is_refused_sends_nothing",
         "proof/test_delivery_kill.py::test_killed_again_and_again_it_loses_nothing")),
    Row("I2", "It is tried again with growing waits under one id; what cannot be delivered is kept and can be seen",
        "deliver/step.py",
        ("unit/deliver/test_delivery.py::test_a_letter_that_could_not_be_sent_is_tried_again_under_the_same_id",
         "unit/deliver/test_engines.py::test_what_fails_is_tried_again_and_then_is_dead",
         "proof/test_delivery_kill.py::test_a_crash_at_this_place_loses_nothing")),
    Row("I3", "Only those who may read the row now are told, and only the fields they may read", "deliver/compose.py",
        (f"{REACH}::test_no_channel_tells_what_its_reader_may_not_read",
         "unit/deliver/test_delivery.py::test_whoever_may_no_longer_read_the_row_is_not_told_of_it",
         f"{OUTSIDE}::test_a_webhook_tells_its_receiver_what_they_may_read")),
    Row("I4", "No value adds a header, a recipient, markup or code to a message", "derive/rendering.py",
        ("unit/deliver/test_letter.py::test_no_words_at_all_can_add_a_header",
         "unit/derive/test_rendering.py::test_no_value_adds_markup_to_the_html",
         f"{CHANNELS}::test_what_a_room_reads_mentions_nobody_and_links_nowhere")),
    Row("I5", "Nobody gets more e-mails in an hour than was declared; what is more comes as one digest", "deliver/compose.py",
        (f"{PREFERENCES}::test_nobody_gets_more_letters_in_an_hour_than_was_declared",)),
    Row("J1", "Money is never a float, and dividing it loses nothing", "primitives/money.py",
        ("unit/primitives/test_money.py::",)),
    Row("J2", "Prices and totals come from the server", "serve/change/fill.py",
        (f"{ACCESS}::test_only_the_fields_the_page_names_can_be_sent",)),
    Row("J3", "Amounts that are negative, too large or of another currency are refused", "derive/amounts.py",
        (f"{SECURITY}::test_an_amount_outside_what_was_declared_is_refused",
         f"{SECURITY}::test_every_field_of_money_that_can_be_sent_is_tried")),
    Row("J5", "A payment that comes in is signed, of the right amount and currency for its order, and counts once in any order",
        "serve/incoming.py",
        (f"{OUTSIDE}::test_a_payment_of_another_amount_or_currency_does_nothing",
         f"{OUTSIDE}::test_a_payment_sent_twenty_times_at_once_counts_once",
         f"{OUTSIDE}::test_a_payment_counts_once_in_whatever_order")),
    Row("K1", "Unsafe settings stop the start in production", "serve/settings.py",
        ("unit/serve/test_settings.py::test_production_refuses_what_development_may_have",)),
    Row("K2", "No secret is in the source, its history, an error or, in production, an argument", "cli/serve.py",
        ("unit/store/test_open_store.py::", f"{SECURITY}::test_no_secret_is_in_the_tree_or_in_its_history",
         "unit/cli/test_command_line.py::test_production_takes_no_password_as_an_argument")),
    Row("K4", "Health, readiness, and a stop that loses no request", "cli/serve.py",
        (f"{KILL}::test_a_graceful_stop_answers_every_request_under_way",
         f"{MANY}::test_a_new_version_takes_over_under_traffic_without_a_failed_request")),
)  # fmt: skip


def page() -> str:
    """Print the table as the page of the documentation."""
    lines = [
        "# Security, row by row", "",
        "Ids are those of the project's checklist (OWASP ASVS 5.0, API Security Top 10 2023 and others). Printed by",
        "`python tests/security_rows.py` from the table that the tests check.", "",
        "| row | what holds | enforced by | proved by |", "|---|---|---|---|",
    ]  # fmt: skip
    for row in ROWS:
        tests = "<br>".join(f"`{test.removesuffix('::')}`" for test in row.tests)
        lines.append(f"| {row.id} | {row.requirement} | `{row.enforced_by}` | {tests} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
