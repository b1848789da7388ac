/* SPDX-License-Identifier: MIT */
/*
 * The jobs `dlq_list`, `dlq_replay` and `dlq_drop`: entries that could not become rows. args.id
 * names one; without it all are meant.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/dead_letters.h"
#include "daemon/job.h"
#include "daemon/quiet.h"
#include "daemon/service.h"
#include "event/json.h"

enum { QUICK_MS = 500, LONG_MS = 30000 };

static bool is_wanted(const struct bp_entry *letter, const char *id)
{
	return !id || strcmp(letter->id, id) == 0;
}

static enum bp_rc check_id(const struct bp_dead_letters *letters, const char *id,
			   struct bp_err *err)
{
	for (size_t i = 0; i < letters->n; i++) {
		if (is_wanted(&letters->items[i], id)) {
			return BP_OK;
		}
	}
	return id ? bp_err_set(err, BP_ENOTFOUND,
			       "no dead letter \"%.40s\": see `blueplane dlq list`", id)
		  : BP_OK;
}

/** A field as text, for what is known to be short and no payload. */
static void add_field(cJSON *to, const char *name, struct bp_str value)
{
	char text[256];
	size_t n = value.len < sizeof(text) - 1 ? value.len : sizeof(text) - 1;

	if (!value.ptr) {
		return;
	}
	memcpy(text, value.ptr, n);
	text[n] = '\0';
	cJSON_AddStringToObject(to, name, text);
}

static cJSON *describe(const struct bp_entry *letter)
{
	static const struct {
		const char *field, *name;
	} shown[] = {
		{"reason", "reason"},       {"detail", "detail"},
		{"failed_at", "failed_at"}, {"deliveries", "deliveries"},
		{"p", "platform"},          {"t", "event_type"},
		{"id", "event_id"},         {"ck", "source"},
		{"off", "offset"},          {"len", "length"},
		{"stream_id", "stream_id"},
	};
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "id", letter->id);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		add_field(item, shown[i].name, bp_entry_get(letter, shown[i].field));
	}
	/* The event itself stays where it is: a letter that is no event could hold anything. */
	struct bp_str event = bp_entry_get(letter, "e");
	if (event.ptr) {
		cJSON_AddNumberToObject(item, "event_bytes", (double)event.len);
	}
	return item;
}

static enum bp_rc run_list(struct bp_service *service, const cJSON *args,
			   struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	const char *id = bp_job_text(args, "id");
	struct bp_dead_letters letters = {0};
	struct bp_redis *redis = NULL;
	enum bp_rc rc = bp_service_redis(service, QUICK_MS, &redis, err);

	(void)reply;
	if (rc == BP_OK) {
		rc = bp_dead_letters_read(redis, &letters, err);
	}
	if (rc == BP_OK) {
		rc = check_id(&letters, id, err);
	}
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "schema_version", 1);
		cJSON *list = cJSON_AddArrayToObject(*out_result, "dead_letters");
		for (size_t i = 0; i < letters.n; i++) {
			if (is_wanted(&letters.items[i], id)) {
				cJSON_AddItemToArray(list, describe(&letters.items[i]));
			}
		}
		cJSON_AddNumberToObject(*out_result, "total", (double)letters.n);
	}
	bp_dead_letters_done(&letters);
	bp_redis_close(redis);
	return rc;
}

const struct bp_job bp_job_dlq_list = {.name = "dlq_list", .quick = true, .run = run_list};

static enum bp_rc run_drop(struct bp_service *service, const cJSON *args,
			   struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	const char *id = bp_job_text(args, "id");
	struct bp_dead_letters letters = {0};
	struct bp_redis *redis = NULL;
	size_t dropped = 0;
	enum bp_rc rc = bp_service_redis(service, LONG_MS, &redis, err);

	(void)reply;
	if (rc == BP_OK) {
		rc = bp_dead_letters_read(redis, &letters, err);
	}
	if (rc == BP_OK) {
		rc = check_id(&letters, id, err);
	}
	for (size_t i = 0; rc == BP_OK && i < letters.n; i++) {
		if (is_wanted(&letters.items[i], id)) {
			bp_dead_letters_delete(redis, &letters.items[i]);
			dropped++;
		}
	}
	if (rc == BP_OK) {
		rc = bp_redis_flush(redis, NULL, err);
	}
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "schema_version", 1);
		cJSON_AddNumberToObject(*out_result, "dropped", (double)dropped);
	}
	bp_dead_letters_done(&letters);
	bp_redis_close(redis);
	return rc;
}

const struct bp_job bp_job_dlq_drop = {.name = "dlq_drop", .run = run_drop};

/** Add an event again, under a new stream id, without what its letter says. False: the letter has nothing
 *  of it. */
static bool add_again(struct bp_redis *redis, const struct bp_entry *letter)
{
	static const char *const names[] = {"id", "p", "t", "e"};
	struct bp_field fields[4];
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		struct bp_str value = bp_entry_get(letter, names[i]);
		if (value.ptr) {
			fields[n++] =
				(struct bp_field){.name = bp_str_from(names[i]), .value = value};
		}
	}
	if (n == 0) {
		return false;
	}
	bp_redis_xadd(redis, BP_STREAM_EVENTS, NULL, fields, n);
	return true;
}

/** True when a wanted letter speaks of the same file. */
static bool file_is_wanted(const struct bp_dead_letters *letters, const char *id, struct bp_str key)
{
	for (size_t i = 0; i < letters->n; i++) {
		if (is_wanted(&letters->items[i], id) &&
		    bp_str_eq(bp_entry_get(&letters->items[i], "ck"), key)) {
			return true;
		}
	}
	return false;
}

/**
 * Forget where the files of the wanted letters stand: they are read again from their start. Lines
 * that are stored count as duplicates then, and one that still cannot be read is a letter again.
 */
static enum bp_rc rewind_files(struct bp_service *service, const struct bp_dead_letters *letters,
			       const char *id, size_t *out_files, struct bp_err *err)
{
	static const char FORGET[] = "DELETE FROM capture_checkpoint WHERE key = ?1";
	struct bp_statement *statement = NULL;
	struct bp_sql *sql = NULL;
	enum bp_rc rc = bp_service_sql(service, BP_SQL_WRITE, &sql, err);

	*out_files = 0;
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, FORGET, &statement, err);
	}
	bp_writer_lock_take(service->lock, BP_WRITER_SLOW);
	for (size_t i = 0; rc == BP_OK && i < letters->n; i++) {
		struct bp_str key = bp_entry_get(&letters->items[i], "ck");
		if (key.ptr && is_wanted(&letters->items[i], id)) {
			bp_bind_text(statement, 1, key);
			rc = bp_statement_run(statement, err);
			*out_files += rc == BP_OK ? (size_t)bp_sql_changes(sql) : 0;
		}
	}
	bp_writer_lock_give(service->lock);
	bp_statement_free(statement);
	bp_sql_close(sql);
	return rc;
}

/**
 * Entries that were stored stay in the stream until a WAL checkpoint covers them, and are read again
 * when the fast path goes on: with the files' checkpoints gone they would count as new. So they are
 * covered and trimmed now. What hooks added meanwhile was not delivered and stays.
 */
static enum bp_rc drop_delivered(struct bp_service *service, struct bp_redis *redis,
				 struct bp_err *err)
{
	struct bp_stream_state state;
	struct bp_sql *sql = NULL;
	char next[BP_STREAM_ID_BYTES + 24];
	enum bp_rc rc = bp_service_sql(service, BP_SQL_WRITE, &sql, err);

	if (rc == BP_OK) {
		rc = bp_sql_exec(sql, "PRAGMA wal_checkpoint(FULL)", err);
	}
	bp_sql_close(sql);
	if (rc == BP_OK) {
		rc = bp_stream_state(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, err);
	}
	if (rc != BP_OK) {
		return rc == BP_ENOTFOUND ? BP_OK : rc; /* no stream: nothing was delivered */
	}
	/* MINID keeps the entry it names: the next id goes into the command. */
	const char *dash = strchr(state.last_delivered, '-');
	if (!dash) {
		return BP_OK;
	}
	struct bp_json sequence;
	int64_t number = 0;
	if (!bp_json_open(bp_str_from(dash + 1), &sequence) || !bp_json_int(sequence, &number)) {
		return bp_err_set(err, BP_ECORRUPT, "Redis gave \"%.40s\" for an entry's id",
				  state.last_delivered);
	}
	(void)snprintf(next, sizeof(next), "%.*s-%" PRId64, (int)(dash - state.last_delivered),
		       state.last_delivered, number + 1);
	return bp_stream_trim(redis, BP_STREAM_EVENTS, next, err);
}

static enum bp_rc run_replay(struct bp_service *service, const cJSON *args,
			     struct bp_job_reply *reply, cJSON **out_result, struct bp_err *err)
{
	const char *id = bp_job_text(args, "id");
	struct bp_dead_letters letters = {0};
	struct bp_redis *redis = NULL;
	size_t events = 0;
	size_t files = 0;
	bool quiet = false;
	enum bp_rc rc = bp_service_redis(service, LONG_MS, &redis, err);

	(void)reply;
	if (rc == BP_OK) {
		rc = bp_quiet_begin(service, redis, err);
		quiet = rc == BP_OK;
	}
	if (rc == BP_OK) {
		rc = bp_dead_letters_read(redis, &letters, err);
	}
	if (rc == BP_OK) {
		rc = check_id(&letters, id, err);
	}
	if (rc == BP_OK) {
		rc = drop_delivered(service, redis, err);
	}
	if (rc == BP_OK) {
		rc = rewind_files(service, &letters, id, &files, err);
	}
	for (size_t i = 0; rc == BP_OK && i < letters.n; i++) {
		const struct bp_entry *letter = &letters.items[i];
		struct bp_str key = bp_entry_get(letter, "ck");

		if (key.ptr ? file_is_wanted(&letters, id, key) : is_wanted(letter, id)) {
			if (!key.ptr) {
				if (!add_again(redis, letter)) {
					continue; /* nothing of it was kept: it stays a letter */
				}
				events++;
			}
			bp_dead_letters_delete(redis, letter);
		}
	}
	if (rc == BP_OK) {
		rc = bp_redis_flush(redis, NULL, err);
	}
	if (quiet) {
		bp_quiet_end(service);
	}
	if (rc == BP_OK) {
		*out_result = cJSON_CreateObject();
		cJSON_AddNumberToObject(*out_result, "schema_version", 1);
		cJSON_AddNumberToObject(*out_result, "events", (double)events);
		cJSON_AddNumberToObject(*out_result, "files", (double)files);
	}
	bp_dead_letters_done(&letters);
	bp_redis_close(redis);
	return rc;
}

const struct bp_job bp_job_dlq_replay = {.name = "dlq_replay", .run = run_replay};
