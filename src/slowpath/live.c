/* SPDX-License-Identifier: MIT */
#include "slowpath/live.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "query/rules.h"
#include "stream/stream.h"

enum {
	NOTICE_US = 50000,
	SAMPLE_US = 1000000,
	IDLE_SAMPLE_US = 10000000, /* nothing changes: the series need no point a second */
	KEEP_MS = 3600 * 1000,
	RECONNECT_US = 1000000,
	TIMEOUT_MS = 500
};

/* One row: the values of the categories below, in their order. NULL: not known. */
static const char SELECT_LIVE[] =
	"SELECT (SELECT count(*) FROM conversations AS c WHERE " BP_RULE_SESSION
	" AND c.last_event_us > ?1 - 1800000000),"
	" (SELECT count(*) FROM session_event AS s JOIN conversations AS c"
	" ON c.id = s.conversation_id WHERE c.last_event_us > ?1 - 60000000"
	" AND s.event_key > ?2) / 60.0,"
	" (SELECT avg(x.latency_us) / 1000.0 FROM tool_calls AS x WHERE x.ts_us > ?1 - 300000000"
	" AND " BP_RULE_EXECUTED "),"
	" (SELECT avg(e.accepted) FROM tool_calls AS x JOIN code_changes AS e ON e.id = x.id"
	" WHERE x.ts_us > ?1 - 3600000000),"
	" (SELECT avg(x.outcome IN ('error', 'interrupted')) FROM tool_calls AS x"
	" WHERE x.ts_us > ?1 - 3600000000 AND " BP_RULE_EXECUTED "),"
	" (SELECT sum(m.input + m.output + m.cache_write_5m + m.cache_write_1h + m.cache_read)"
	" FROM model_calls AS m WHERE m.ts_us > ?1 - 300000000 AND " BP_RULE_MODEL_CALL ") / 5.0,"
	" (SELECT avg(x.outcome = 'ok') FROM tool_calls AS x WHERE x.ts_us > ?1 - 3600000000 "
	"AND " BP_RULE_EXECUTED ")";

static const struct {
	const char *category, *name;
} values[] = {
	{"realtime", "active_sessions"}, {"realtime", "events_per_second"},
	{"realtime", "current_latency"}, {"session", "acceptance_rate"},
	{"session", "error_rate"},       {"session", "tokens_per_minute"},
	{"tools", "tool_success_rate"},
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

struct bp_live {
	char *address;
	struct bp_redis *redis;
	int64_t next_connect_us, next_sample_us, next_notice_us;
	unsigned commits, sampled_commits;
	bool sampled;
};

struct bp_live *bp_live_new(const char *redis_address)
{
	struct bp_live *live = bp_calloc(1, sizeof(*live));

	live->address = bp_strdup(bp_str_from(redis_address));
	return live;
}

void bp_live_free(struct bp_live *live)
{
	if (live) {
		bp_redis_close(live->redis);
		free(live->address);
		free(live);
	}
}

static bool connected(struct bp_live *live, int64_t now_us)
{
	if (live->redis == NULL && now_us >= live->next_connect_us) {
		live->next_connect_us = now_us + RECONNECT_US;
		if (bp_redis_open(live->address, TIMEOUT_MS, &live->redis, NULL) != BP_OK) {
			live->redis = NULL;
		}
	}
	return live->redis != NULL;
}

static void flush(struct bp_live *live)
{
	if (bp_redis_flush(live->redis, NULL, NULL) == BP_EIO) {
		bp_redis_close(live->redis);
		live->redis = NULL;
	}
}

static void command(struct bp_live *live, const char *const *words, size_t n)
{
	struct bp_str views[6];

	BP_ASSERT(n <= sizeof(views) / sizeof(views[0]));
	for (size_t i = 0; i < n; i++) {
		views[i] = bp_str_from(words[i]);
	}
	bp_redis_command(live->redis, views, n);
}

static void put_value(struct bp_live *live, size_t i, double value, int64_t ms)
{
	char hash[64];
	char series[96];
	char text[32];
	char member[64];
	char score[24];
	char oldest[24];

	(void)snprintf(hash, sizeof(hash), "metric:latest:%s", values[i].category);
	(void)snprintf(series, sizeof(series), "metric:%s:%s", values[i].category, values[i].name);
	(void)snprintf(text, sizeof(text), "%.6g", value);
	(void)snprintf(member, sizeof(member), "%" PRId64 ":%s", ms, text);
	(void)snprintf(score, sizeof(score), "%" PRId64, ms);
	(void)snprintf(oldest, sizeof(oldest), "%" PRId64, ms - KEEP_MS);
	command(live, (const char *[]){"HSET", hash, values[i].name, text}, 4);
	command(live, (const char *[]){"ZADD", series, score, member}, 4);
	command(live, (const char *[]){"ZREMRANGEBYSCORE", series, "-inf", oldest}, 4);
}

static enum bp_rc sample(struct bp_live *live, struct bp_sql *sql, struct bp_err *err)
{
	struct bp_statement *select = NULL;
	int64_t now_us = bp_clock_wall_us();
	int64_t minute_ago_ms = now_us / 1000 - 60000;
	unsigned char key[16] = {0};

	for (size_t i = 0; i < 6; i++) {
		key[i] = (unsigned char)(minute_ago_ms >> (8 * (5 - i)));
	}
	enum bp_rc rc = bp_statement_new(sql, SELECT_LIVE, &select, err);
	if (rc == BP_OK) {
		bp_bind_int(select, 1, now_us);
		bp_bind_blob(select, 2, key, sizeof(key));
		rc = bp_statement_step(select, err);
	}
	for (size_t i = 0; i < VALUES && rc == BP_OK; i++) {
		if (!bp_column_is_null(select, (int)i)) {
			put_value(live, i, bp_column_real(select, (int)i), now_us / 1000);
		}
	}
	if (rc == BP_OK) {
		char active[24];
		(void)snprintf(active, sizeof(active), "%" PRId64, bp_column_int(select, 0));
		command(live, (const char *[]){"PUBLISH", "sessions:active", active}, 3);
	}
	bp_statement_free(select);
	flush(live);
	return rc;
}

enum bp_rc bp_live_tick(struct bp_live *live, struct bp_sql *sql, unsigned commits,
			struct bp_err *err)
{
	int64_t now_us = bp_clock_mono_us();

	if (!connected(live, now_us)) {
		return BP_OK;
	}
	if (commits != live->commits && now_us >= live->next_notice_us) {
		char text[16];
		live->commits = commits;
		live->next_notice_us = now_us + NOTICE_US;
		(void)snprintf(text, sizeof(text), "%u", commits);
		command(live, (const char *[]){"PUBLISH", "metrics:updates", text}, 3);
		flush(live);
	}
	bool quiet = live->sampled && commits == live->sampled_commits;
	if (live->redis != NULL &&
	    now_us >= live->next_sample_us + (quiet ? IDLE_SAMPLE_US - SAMPLE_US : 0)) {
		live->next_sample_us = now_us + SAMPLE_US;
		live->sampled = true;
		live->sampled_commits = commits;
		return sample(live, sql, err);
	}
	return BP_OK;
}
