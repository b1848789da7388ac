/* SPDX-License-Identifier: MIT */
/* test_cmds.c - the tables that help, manual and completion are made from are whole. */
#include "cli/cmds.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "support/run.h"

START_TEST(commands_stand_by_name_and_are_found)
{
	for (size_t i = 0; bp_commands[i]; i++) {
		const char *name = bp_commands[i]->name;
		ck_assert_ptr_eq(bp_command_find(name), bp_commands[i]);
		ck_assert_msg(!bp_commands[i + 1] || strcmp(name, bp_commands[i + 1]->name) < 0,
			      "\"%s\" does not stand before \"%s\"", name,
			      bp_commands[i + 1]->name);
	}
	ck_assert_ptr_null(bp_command_find("metric"));
	ck_assert_str_eq(bp_command_nearest("metric"), "metrics");
}
END_TEST

START_TEST(every_command_says_what_it_is_and_ends_in_an_example)
{
	for (size_t i = 0; bp_commands[i]; i++) {
		const struct bp_command *command = bp_commands[i];
		size_t n = strlen(command->name), help = strlen(command->help);
		char example[64];

		ck_assert_msg(*command->summary && strlen(command->summary) <= 64, "%s: %s",
			      command->name, command->summary);
		ck_assert_msg(islower((unsigned char)*command->summary) ||
				      isupper((unsigned char)command->summary[1]),
			      "%s: %s", command->name, command->summary);
		ck_assert_msg(strncmp(command->usage, command->name, n) == 0 &&
				      strchr(" ", command->usage[n]),
			      "%s: %s", command->name, command->usage);
		(void)snprintf(example, sizeof(example), " blueplane %s", command->name);
		const char *at = strstr(command->help, "\n\nexample: blueplane ");
		ck_assert_msg(at && strstr(at, example) && !strstr(at + 2, "\n\n"), "%s: %s",
			      command->name, command->help);
		ck_assert_msg(command->help[help - 1] == '\n', "%s", command->name);
	}
}
END_TEST

START_TEST(options_have_names_letters_and_help_of_their_own)
{
	for (size_t i = 0; bp_commands[i]; i++) {
		struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
		const char *command = bp_commands[i]->name;
		size_t own, n = bp_command_options(bp_commands[i], rows, &own);

		ck_assert_uint_ge(n, own);
		for (size_t k = 0; k < n; k++) {
			ck_assert_msg(strlen(rows[k].help) > 3, "%s --%s", command, rows[k].name);
			ck_assert_msg(!rows[k].choices || rows[k].value, "%s --%s", command,
				      rows[k].name);
			for (size_t j = k + 1; j < n; j++) {
				ck_assert_msg(strcmp(rows[k].name, rows[j].name) != 0, "%s --%s",
					      command, rows[k].name);
				ck_assert_msg(!rows[k].letter || rows[k].letter != rows[j].letter,
					      "%s -%c", command, rows[k].letter);
			}
		}
	}
}
END_TEST

START_TEST(an_option_of_its_own_hides_a_common_one)
{
	static const struct bp_option_row own_rows[] = {
		{.name = "json", .help = "ours"},
		{.name = "follow", .letter = 'f', .help = "ours"},
		{.name = "secret", .help = NULL},
		{.name = NULL},
	};
	struct bp_command command = {.name = "x", .options = own_rows};
	struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
	size_t own, n = bp_command_options(&command, rows, &own);

	ck_assert_uint_eq(own, 2);
	ck_assert_uint_eq(n, 6);
	ck_assert_str_eq(rows[0].help, "ours");
	ck_assert_str_eq(rows[3].name, "format");
	ck_assert_int_eq(rows[3].letter, 0);
	ck_assert(!bp_command_choice(&command, &rows[3], "chart"));
	ck_assert(bp_command_choice(&command, &rows[3], "csv"));
	command.words_only = command.charts = true;
	ck_assert(bp_command_choice(&command, &rows[3], "chart"));
	ck_assert(!bp_command_choice(&command, &rows[3], "csv"));
	command.no_output = true;
	n = bp_command_options(&command, rows, &own);
	ck_assert_uint_eq(n, 4); /* json follow help no-pager */
}
END_TEST

BP_TEST_MAIN(NULL, NULL, commands_stand_by_name_and_are_found,
	     every_command_says_what_it_is_and_ends_in_an_example,
	     options_have_names_letters_and_help_of_their_own,
	     an_option_of_its_own_hides_a_common_one)
