/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "event/event.h"
#include "support/run.h"

static const struct bp_str parts[] = {{"claude_code", 11}, {"s", 1}, {"u", 1}};

static const char *made(int64_t own_ts_us, const struct bp_str *of, size_t n)
{
	static char hex[BP_EVENT_ID_HEX_BYTES + 1];
	uint8_t id[BP_EVENT_ID_BYTES];

	bp_event_id_make(own_ts_us, of, n, id);
	bp_event_id_hex(id, hex);
	return hex;
}

START_TEST(an_id_is_the_own_time_and_a_hash_of_the_identity)
{
	/* The digits behind the time: Python's hashlib over length (8 bytes) and part. */
	ck_assert_str_eq(made(INT64_C(1762691696789012), parts, 3),
			 "019a689cc89577e9100742dea086e53b");
	ck_assert_str_eq(made(BP_ABSENT, parts, 3), "00000000000077e9100742dea086e53b");
}
END_TEST

START_TEST(wild_times_are_clamped)
{
	ck_assert(strncmp(made(0, parts, 3), "014aa2cab000", 12) == 0);
	ck_assert(strncmp(made(-5, parts, 3), "014aa2cab000", 12) == 0);
	ck_assert(strncmp(made(INT64_MAX, parts, 3), "800000000000", 12) == 0);
}
END_TEST

START_TEST(moving_a_byte_between_parts_gives_another_id)
{
	const struct bp_str other[] = {{"claude_cod", 10}, {"es", 2}, {"u", 1}};
	char first[BP_EVENT_ID_HEX_BYTES + 1];

	memcpy(first, made(0, parts, 3), sizeof(first));
	ck_assert_str_ne(first, made(0, other, 3));
	ck_assert_str_ne(first, made(0, parts, 2));
}
END_TEST

START_TEST(ids_sort_by_time)
{
	uint8_t early[BP_EVENT_ID_BYTES], late[BP_EVENT_ID_BYTES];

	bp_event_id_make(INT64_C(1762691696789000), parts, 3, early);
	bp_event_id_make(INT64_C(1762691696790000), parts, 2, late);
	ck_assert_int_lt(memcmp(early, late, sizeof(early)), 0);
}
END_TEST

START_TEST(hex_is_read_back_and_nothing_else_is)
{
	uint8_t id[BP_EVENT_ID_BYTES], back[BP_EVENT_ID_BYTES];
	char hex[BP_EVENT_ID_HEX_BYTES + 1];

	for (size_t i = 0; i < sizeof(id); i++) {
		id[i] = (uint8_t)(i * 17 + 3);
	}
	bp_event_id_hex(id, hex);
	ck_assert(bp_event_id_parse(bp_str_from(hex), back));
	ck_assert_mem_eq(id, back, sizeof(id));
	ck_assert(bp_event_id_parse(BP_STR("0123456789ABCDEFabcdef0123456789"), back));
	memcpy(back, id, sizeof(back));
	ck_assert(!bp_event_id_parse(BP_STR("0123456789abcdefabcdef012345678"), back));
	ck_assert(!bp_event_id_parse(BP_STR("0123456789abcdefabcdef01234567890"), back));
	ck_assert(!bp_event_id_parse(BP_STR("0123456789abcdefabcdef012345678g"), back));
	ck_assert(!bp_event_id_parse(BP_STR("0123456789abcdefabcdef01234567 8"), back));
	ck_assert(!bp_event_id_parse((struct bp_str){NULL, 0}, back));
	ck_assert_mem_eq(id, back, sizeof(id));
}
END_TEST

START_TEST(a_random_id_is_a_uuid_of_version_7)
{
	uint8_t id[BP_EVENT_ID_BYTES];
	const uint8_t zeros[10] = {0},
		      ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	char hex[BP_EVENT_ID_HEX_BYTES + 1];

	bp_event_id_v7(INT64_C(1762691696789012), zeros, id);
	bp_event_id_hex(id, hex);
	ck_assert_str_eq(hex, "019a689cc89570008000000000000000");
	bp_event_id_v7(INT64_C(1762691696789012), ones, id);
	bp_event_id_hex(id, hex);
	ck_assert_str_eq(hex, "019a689cc8957fffbfffffffffffffff");
	bp_event_id_v7(-1, zeros, id);
	ck_assert_int_eq(id[0] | id[5], 0);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, an_id_is_the_own_time_and_a_hash_of_the_identity, wild_times_are_clamped,
	     moving_a_byte_between_parts_gives_another_id, ids_sort_by_time,
	     hex_is_read_back_and_nothing_else_is, a_random_id_is_a_uuid_of_version_7)
