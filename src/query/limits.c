/* SPDX-License-Identifier: MIT */
#include "query/limits.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "query/period.h"

enum { SAMPLE_BYTES_MAX = 16 * 1024, SAMPLE_MODE = 0600 };

static const char SAMPLE[] = "run/limits.json";

static int compare(const struct bp_limit *limit, const char *platform, const char *window)
{
	int order = strcmp(limit->platform, platform);
	return order ? order : strcmp(limit->window, window);
}

const struct bp_limit *bp_limits_find(const struct bp_limits *limits, const char *platform,
				      const char *window)
{
	for (size_t i = 0; i < limits->n; i++) {
		if (compare(&limits->items[i], platform, window) == 0) {
			return &limits->items[i];
		}
	}
	return NULL;
}

void bp_limits_put(struct bp_limits *limits, const struct bp_limit *limit)
{
	size_t i = 0;

	while (i < limits->n && compare(&limits->items[i], limit->platform, limit->window) < 0) {
		i++;
	}
	if (i < limits->n && compare(&limits->items[i], limit->platform, limit->window) == 0) {
		limits->items[i] = *limit;
	} else if (limits->n < BP_LIMITS_MAX) {
		memmove(&limits->items[i + 1], &limits->items[i],
			(limits->n - i) * sizeof(limits->items[0]));
		limits->items[i] = *limit;
		limits->n++;
	}
}

/* --- the sample --- */

static bool take_name(char out[BP_LIMIT_NAME_BYTES], const cJSON *json)
{
	if (!cJSON_IsString(json) || strlen(json->valuestring) >= BP_LIMIT_NAME_BYTES) {
		return false;
	}
	(void)snprintf(out, BP_LIMIT_NAME_BYTES, "%s", json->valuestring);
	return true;
}

/* cJSON's numbers are doubles: whole microseconds until the year 2255. */
static bool take_time(int64_t *out, const cJSON *json)
{
	if (!cJSON_IsNumber(json) || !(fabs(json->valuedouble) < 9e15)) {
		return false;
	}
	*out = (int64_t)json->valuedouble;
	return true;
}

static bool take_limit(const cJSON *json, struct bp_limit *out)
{
	const cJSON *used = cJSON_GetObjectItemCaseSensitive(json, "used_percent");

	*out = (struct bp_limit){.resets_us = BP_SQL_NULL};
	if (!take_name(out->platform, cJSON_GetObjectItemCaseSensitive(json, "platform")) ||
	    !take_name(out->window, cJSON_GetObjectItemCaseSensitive(json, "window")) ||
	    !take_time(&out->ts_us, cJSON_GetObjectItemCaseSensitive(json, "ts_us")) ||
	    !cJSON_IsNumber(used)) {
		return false;
	}
	(void)take_time(&out->resets_us, cJSON_GetObjectItemCaseSensitive(json, "resets_us"));
	out->used_percent = used->valuedouble;
	return true;
}

enum bp_rc bp_limits_sample_read(const char *home, struct bp_limits *out, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_limits limits = {0};
	struct bp_limit limit;
	struct bp_buf text;
	cJSON *list = NULL;
	const cJSON *item = NULL;

	bp_buf_init(&text, SAMPLE_BYTES_MAX);
	enum bp_rc rc = bp_home_file(home, SAMPLE, path, sizeof(path), err);
	if (rc == BP_OK) {
		rc = bp_file_read(path, &text, err);
	}
	if (rc == BP_OK) {
		list = text.len ? cJSON_ParseWithLength(text.ptr, text.len) : NULL;
		cJSON_ArrayForEach (item, list) {
			if (take_limit(item, &limit)) {
				bp_limits_put(&limits, &limit);
			}
		}
		rc = limits.n > 0 ? BP_OK
				  : bp_err_set(err, BP_ECORRUPT, "\"%.120s\" has no limits", path);
	} else if (rc != BP_ENOTFOUND) {
		rc = bp_err_wrap(err, BP_ECORRUPT, "the sample of limits");
	}
	if (rc == BP_OK) {
		*out = limits;
	}
	cJSON_Delete(list);
	bp_buf_done(&text);
	return rc;
}

static bool same(const struct bp_limits *a, const struct bp_limits *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct bp_limit *y = &b->items[i];
		const struct bp_limit *x = bp_limits_find(a, y->platform, y->window);
		if (!x || x->used_percent != y->used_percent || x->resets_us != y->resets_us) {
			return false;
		}
	}
	return true;
}

static enum bp_rc replace(const char *path, const char *text, struct bp_err *err)
{
	char *temporary = bp_asprintf("%s.%ld", path, (long)getpid());
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, SAMPLE_MODE);
	bool fine = fd >= 0;

	if (fd >= 0) {
		fine = bp_file_write_all(fd, text, strlen(text), NULL) == BP_OK;
		fine = close(fd) == 0 && fine;
		fine = fine && rename(temporary, path) == 0;
		if (!fine) {
			(void)unlink(temporary);
		}
	}
	free(temporary);
	return fine ? BP_OK : bp_err_set(err, BP_EIO, "cannot write \"%.120s\"", path);
}

enum bp_rc bp_limits_sample_write(const char *home, const struct bp_limits *limits,
				  struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_limits all = {0};

	/* What another client's status line said of other windows stays. */
	if (bp_limits_sample_read(home, &all, NULL) == BP_OK && same(&all, limits)) {
		return BP_OK;
	}
	enum bp_rc rc = bp_home_file(home, SAMPLE, path, sizeof(path), err);
	if (rc != BP_OK) {
		return rc;
	}
	for (size_t i = 0; i < limits->n; i++) {
		bp_limits_put(&all, &limits->items[i]);
	}
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < all.n; i++) {
		const struct bp_limit *limit = &all.items[i];
		cJSON *json = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(json, "platform", limit->platform);
		(void)cJSON_AddStringToObject(json, "window", limit->window);
		(void)cJSON_AddNumberToObject(json, "ts_us", (double)limit->ts_us);
		(void)cJSON_AddNumberToObject(json, "used_percent", limit->used_percent);
		if (limit->resets_us != BP_SQL_NULL) {
			(void)cJSON_AddNumberToObject(json, "resets_us", (double)limit->resets_us);
		}
		(void)cJSON_AddItemToArray(list, json);
	}
	char *text = cJSON_PrintUnformatted(list);
	rc = replace(path, text, err);
	free(text);
	cJSON_Delete(list);
	return rc;
}

/* --- the newest word --- */

static void put_newer(struct bp_limits *limits, const struct bp_limit *limit, int64_t now_us)
{
	const struct bp_limit *have = bp_limits_find(limits, limit->platform, limit->window);
	bool over = limit->resets_us != BP_SQL_NULL && limit->resets_us <= now_us;

	if (!over && (!have || have->ts_us < limit->ts_us)) {
		bp_limits_put(limits, limit);
	}
}

static void take_row(struct bp_statement *row, struct bp_limit *limit)
{
	*limit = (struct bp_limit){.ts_us = bp_column_int(row, 2),
				   .used_percent = bp_column_real(row, 3),
				   .resets_us = bp_column_int(row, 4)};
	(void)snprintf(limit->platform, sizeof(limit->platform), "%.*s",
		       BP_STR_ARG(bp_column_text(row, 0)));
	(void)snprintf(limit->window, sizeof(limit->window), "%.*s",
		       BP_STR_ARG(bp_column_text(row, 1)));
}

/* From window to window, the newest row of each: the table may have years of rows. */
static enum bp_rc read_table(struct bp_sql *sql, int64_t now_us, struct bp_limits *out,
			     struct bp_err *err)
{
	static const char NEXT[] =
		"SELECT b.platform, b.window, b.ts_us, b.used_percent, b.resets_us FROM (SELECT "
		"platform, window FROM limit_status WHERE (platform, window) > (?1, ?2) ORDER BY "
		"platform, window LIMIT 1) AS a JOIN limit_status AS b ON b.platform = a.platform "
		"AND b.window = a.window ORDER BY b.ts_us DESC LIMIT 1";
	struct bp_statement *statement = NULL;
	struct bp_limit limit = {0};
	enum bp_rc rc = bp_statement_new(sql, NEXT, &statement, err);

	while (rc == BP_OK) {
		struct bp_limit before = limit;
		bp_bind_text(statement, 1, bp_str_from(before.platform));
		bp_bind_text(statement, 2, bp_str_from(before.window));
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			take_row(statement, &limit);
			put_newer(out, &limit, now_us);
			bp_statement_reset(statement);
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_limits_read(struct bp_sql *sql, const char *home, int64_t now_us,
			  struct bp_limits *out, struct bp_err *err)
{
	struct bp_limits sample = {0};
	enum bp_rc rc = BP_OK;

	*out = (struct bp_limits){0};
	if (sql) {
		rc = read_table(sql, now_us, out, err);
	}
	if (rc == BP_OK && home && bp_limits_sample_read(home, &sample, NULL) == BP_OK) {
		for (size_t i = 0; i < sample.n; i++) {
			put_newer(out, &sample.items[i], now_us);
		}
	}
	return rc;
}

struct cJSON *bp_limits_json(const struct bp_limits *limits)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < limits->n; i++) {
		const struct bp_limit *limit = &limits->items[i];
		cJSON *json = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(json, "platform", limit->platform);
		(void)cJSON_AddStringToObject(json, "window", limit->window);
		(void)cJSON_AddNumberToObject(json, "used_percent", limit->used_percent);
		(void)cJSON_AddItemToObject(json, "resets_at", bp_time_json(limit->resets_us));
		(void)cJSON_AddItemToObject(json, "as_of", bp_time_json(limit->ts_us));
		(void)cJSON_AddStringToObject(json, "source", "official");
		(void)cJSON_AddItemToArray(list, json);
	}
	return list;
}
