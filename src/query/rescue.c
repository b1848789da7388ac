/* SPDX-License-Identifier: MIT */
#include "query/rescue.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "event/timestamp.h"

static const char STATE[] = "run/rescue.json";

enum { STATE_BYTES_MAX = 65536 };

static void take_text(const cJSON *root, const char *name, char *out, size_t cap)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);

	(void)snprintf(out, cap, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static int64_t take_number(const cJSON *root, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

static bool take_flag(const cJSON *root, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, name)) != 0;
}

enum bp_rc bp_rescue_read(const char *home, struct bp_rescue *out, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_buf text;
	cJSON *root = NULL;
	enum bp_rc rc = bp_home_file(home, STATE, path, sizeof(path), err);

	bp_buf_init(&text, STATE_BYTES_MAX);
	if (rc == BP_OK) {
		rc = bp_file_read(path, &text, err);
	}
	if (rc == BP_OK) {
		root = text.len ? cJSON_ParseWithLength(text.ptr, text.len) : NULL;
		*out = (struct bp_rescue){
			.set_aside_us = take_number(root, "set_aside_us"),
			.done = take_flag(root, "done"),
			.opened = take_flag(root, "opened"),
			.purges_lost = take_flag(root, "purges_lost"),
			.rows = take_number(root, "rows"),
			.unreadable = take_number(root, "unreadable"),
			.archive_files = take_number(root, "archive_files"),
		};
		take_text(root, "file", out->file, sizeof(out->file));
		take_text(root, "reason", out->reason, sizeof(out->reason));
		/* A name, not a path: it is ours, and nothing outside of the home. */
		if (out->file[0] == '\0' || strchr(out->file, '/')) {
			rc = bp_err_set(err, BP_ECORRUPT, "\"%.120s\" names no file", path);
		}
	}
	cJSON_Delete(root);
	bp_buf_done(&text);
	return rc;
}

enum bp_rc bp_rescue_write(const char *home, const struct bp_rescue *rescue, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	cJSON *root = cJSON_CreateObject();
	enum bp_rc rc = bp_home_file(home, STATE, path, sizeof(path), err);

	cJSON_AddStringToObject(root, "file", rescue->file);
	cJSON_AddStringToObject(root, "reason", rescue->reason);
	cJSON_AddNumberToObject(root, "set_aside_us", (double)rescue->set_aside_us);
	cJSON_AddBoolToObject(root, "done", rescue->done);
	cJSON_AddBoolToObject(root, "opened", rescue->opened);
	cJSON_AddBoolToObject(root, "purges_lost", rescue->purges_lost);
	cJSON_AddNumberToObject(root, "rows", (double)rescue->rows);
	cJSON_AddNumberToObject(root, "unreadable", (double)rescue->unreadable);
	cJSON_AddNumberToObject(root, "archive_files", (double)rescue->archive_files);
	char *text = cJSON_PrintUnformatted(root);
	if (rc == BP_OK) {
		rc = bp_file_replace(path, bp_str_from(text), 0600, err);
	}
	cJSON_free(text);
	cJSON_Delete(root);
	return rc;
}

cJSON *bp_rescue_json(const char *home)
{
	struct bp_rescue rescue;
	char path[BP_HOME_PATH_BYTES];
	char when[BP_TIMESTAMP_BYTES];

	if (bp_rescue_read(home, &rescue, NULL) != BP_OK ||
	    bp_home_file(home, rescue.file, path, sizeof(path), NULL) != BP_OK ||
	    access(path, F_OK) != 0) {
		return cJSON_CreateNull();
	}
	cJSON *root = cJSON_CreateObject();
	(void)bp_timestamp_format(rescue.set_aside_us, when);
	cJSON_AddStringToObject(root, "path", path);
	cJSON_AddStringToObject(root, "at", when);
	cJSON_AddStringToObject(root, "reason", rescue.reason);
	cJSON_AddBoolToObject(root, "done", rescue.done);
	cJSON_AddBoolToObject(root, "readable", rescue.opened);
	cJSON_AddNumberToObject(root, "rows", (double)rescue.rows);
	cJSON_AddNumberToObject(root, "unreadable", (double)rescue.unreadable);
	cJSON_AddNumberToObject(root, "archive_files", (double)rescue.archive_files);
	cJSON_AddBoolToObject(root, "purges_lost", rescue.purges_lost);
	return root;
}
