/* SPDX-License-Identifier: MIT */
#include "daemon/job.h"

#include <string.h>

#include "support/run.h"

static struct bp_err err;

static void setup(void)
{
	memset(&err, 0, sizeof(err));
}

static enum bp_rc parse(const char *text, const struct bp_job **job, const cJSON **args,
			cJSON **root)
{
	*root = cJSON_Parse(text);
	return bp_job_parse(*root, job, args, &err);
}

START_TEST(a_request_names_a_job_and_may_have_arguments)
{
	const struct bp_job *job = NULL;
	const cJSON *args = NULL;
	cJSON *root = NULL;

	ck_assert_ok(parse("{\"job\":\"ping\"}", &job, &args, &root), err);
	ck_assert_str_eq(job->name, "ping");
	ck_assert(job->quick);
	ck_assert_ptr_null(args);
	cJSON_Delete(root);
	ck_assert_ok(parse("{\"job\":\"import\",\"args\":{\"paths\":[\"/a\"],\"yes\":true}}", &job,
			   &args, &root),
		     err);
	ck_assert_str_eq(job->name, "import");
	ck_assert(!job->quick);
	ck_assert(bp_job_flag(args, "yes"));
	ck_assert(!bp_job_flag(args, "no"));
	ck_assert_ptr_null(bp_job_text(args, "paths"));
	cJSON_Delete(root);
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
	static const char *const bad[] = {"",  "[]",          "{}",
					  "7", "{\"job\":1}", "{\"job\":\"ping\",\"args\":[]}"};
	const struct bp_job *job = NULL;
	const cJSON *args = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *root = NULL;
		ck_assert_msg(parse(bad[i], &job, &args, &root) == BP_EINVAL, "%s", bad[i]);
		cJSON_Delete(root);
	}
	cJSON *root = NULL;
	ck_assert_rc(parse("{\"job\":\"fly\"}", &job, &args, &root), BP_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, "fly"));
	cJSON_Delete(root);
}
END_TEST

START_TEST(an_error_says_code_and_message)
{
	const struct bp_err stopped = {.rc = BP_ESTOPPED, .msg = "the service stops"};
	cJSON *answer = bp_job_error(&stopped);
	char *text = cJSON_PrintUnformatted(answer);

	ck_assert_str_eq(text,
			 "{\"error\":{\"code\":\"stopped\",\"message\":\"the service stops\"}}");
	cJSON_free(text);
	cJSON_Delete(answer);
}
END_TEST

BP_TEST_MAIN(setup, NULL, a_request_names_a_job_and_may_have_arguments,
	     what_is_no_request_is_refused, an_error_says_code_and_message)
