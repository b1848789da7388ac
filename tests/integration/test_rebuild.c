/* SPDX-License-Identifier: MIT */
/* test_rebuild.c - a rebuild says how far it is, and changes no number. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"

enum { REPLY_BYTES = 65536 };

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/** What the service says of a job, line by line, up to its result. */
static void ask_service(const char *request, char *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.90s",
		       bp_test_home_file(&home, "run/control.sock"));
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	do {
		ssize_t n = read(fd, out + len, REPLY_BYTES - 1 - len);
		ck_assert_msg(n > 0, "no more after: %s", out);
		len += (size_t)n;
		out[len] = '\0';
	} while (!strstr(out, "{\"result\":"));
	(void)close(fd);
}

static char *all_numbers(void)
{
	cJSON *json = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	char *text = cJSON_PrintUnformatted(json);

	cJSON_Delete(json);
	return text;
}

/* Seen to fail: with the job's progress left out. */
START_TEST(it_says_how_far_it_is_and_changes_no_number)
{
	static char reply[REPLY_BYTES];

	bp_test_service_start(&home);
	cJSON_Delete(bp_test_cli_json(&home, "import", BP_TEST_SOURCE_DIR "/examples/claude-code",
				      NULL));
	char *before = all_numbers();
	ask_service("{\"job\":\"rebuild\",\"args\":{}}\n", reply);
	*strchr(reply, '\n') = '\0';
	cJSON *first = cJSON_Parse(reply);
	ck_assert_msg(first != NULL, "%s", reply);
	ck_assert_int_gt((int)strlen(bp_test_json_text(first, "progress.step")), 5);
	double total = bp_test_json_number(first, "progress.total");
	double done = bp_test_json_number(first, "progress.done");
	ck_assert_msg(done >= 0 && done <= total && total > 0, "%s", reply);
	cJSON_Delete(first);
	char *after = all_numbers();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

BP_TEST_MAIN(setup, teardown, it_says_how_far_it_is_and_changes_no_number)
