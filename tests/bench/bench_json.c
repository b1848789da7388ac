/* SPDX-License-Identifier: MIT */
/*
 * bench_json - what reading and writing an event costs, as ratios to primitives of the same run.
 *
 * Rows are made from a seed, about 1 KB each, all different, so that neither branches nor caches
 * learn one of them. Each figure is the median of interleaved runs; bar 15 of docs/performance.md.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "event/event.h"
#include "event/hash.h"
#include "event/json.h"
#include "event/json_scan.h"
#include "support/json_random.h"

enum { N_ROWS = 1000, ROW_BYTES = 2048, RUNS = 9, SWEEPS = 20, FIELDS = 32 };

static char row_bytes[N_ROWS][ROW_BYTES];
static struct bp_str rows[N_ROWS];
static char wire_bytes[N_ROWS][ROW_BYTES];
static struct bp_str wires[N_ROWS];

/** Somebody uses the results, or the compiler would drop the work. */
static volatile uint64_t sink;

static double now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void put_hex(struct json_random *random, char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = "0123456789abcdef"[json_random_below(random, 16)];
	}
	out[n] = '\0';
}

/** A transcript line of an assistant: text or a tool call, usage, the envelope. */
static void make_row(struct json_random *random, size_t i)
{
	char uuid[37], parent[37], session[37], request[25], message[25], text[400];
	size_t n_text = 60 + (size_t)json_random_below(random, 300);

	put_hex(random, uuid, 36);
	put_hex(random, parent, 36);
	put_hex(random, session, 36);
	put_hex(random, request, 24);
	put_hex(random, message, 24);
	for (size_t k = 0; k < n_text; k++) {
		text[k] = "abcdefghij klmnop(){};."[json_random_below(random, 23)];
	}
	for (size_t k = 40; k + 2 < n_text; k += 40 + (size_t)json_random_below(random, 40)) {
		memcpy(text + k, json_random_below(random, 3) ? "\\n" : "\\\"", 2);
	}
	text[n_text] = '\0';
	int n = snprintf(
		row_bytes[i], ROW_BYTES,
		"{\"parentUuid\":\"%s\",\"isSidechain\":%s,\"userType\":\"external\","
		"\"cwd\":\"/home/dev/work/"
		"project%llu\",\"sessionId\":\"%s\",\"version\":\"2.1.%llu\","
		"\"gitBranch\":\"main\",\"message\":{\"model\":\"claude-opus-4-5\",\"id\":\"msg_%"
		"s\","
		"\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"%s\","
		"\"%s\":\"%s\"}],\"stop_reason\":%s,\"stop_sequence\":null,\"usage\":{"
		"\"input_tokens\":%llu,\"cache_creation_input_tokens\":%llu,"
		"\"cache_read_input_tokens\":%llu,\"cache_creation\":{"
		"\"ephemeral_5m_input_tokens\":%llu,\"ephemeral_1h_input_tokens\":0},"
		"\"output_tokens\":%llu,\"service_tier\":\"standard\"}},\"requestId\":\"req_%s\","
		"\"type\":\"assistant\",\"uuid\":\"%s\",\"timestamp\":\"2025-11-09T12:34:56.%"
		"03lluZ\"}",
		parent, json_random_below(random, 5) ? "false" : "true",
		(unsigned long long)json_random_below(random, 20), session,
		(unsigned long long)json_random_below(random, 400), message,
		json_random_below(random, 2) ? "text" : "thinking",
		json_random_below(random, 2) ? "text" : "thinking", text,
		json_random_below(random, 2) ? "\"end_turn\"" : "null",
		(unsigned long long)json_random_below(random, 90),
		(unsigned long long)json_random_below(random, 90000),
		(unsigned long long)json_random_below(random, 200000),
		(unsigned long long)json_random_below(random, 90000),
		(unsigned long long)json_random_below(random, 3000), request, uuid,
		(unsigned long long)json_random_below(random, 1000));
	rows[i] = bp_str_make(row_bytes[i], (size_t)n);
}

#define K(text)                                                                                    \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
#define N_KEYS(keys) (sizeof(keys) / sizeof((keys)[0]))

/** 32 fields of a line, those of the usage and of the content blocks too. */
static uint64_t extract(struct bp_str row)
{
	/* In the order in which Claude Code writes them; then what other lines have. */
	static const struct bp_str line_keys[] = {
		K("parentUuid"),    K("isSidechain"), K("userType"),  K("cwd"),
		K("sessionId"),     K("version"),     K("gitBranch"), K("message"),
		K("requestId"),     K("type"),        K("uuid"),      K("timestamp"),
		K("isMeta"),        K("agentId"),     K("promptId"),  K("isApiErrorMessage"),
		K("toolUseResult"), K("subtype"),     K("level")};
	enum { IS_SIDECHAIN = 1, MESSAGE = 7 };
	static const struct bp_str message_keys[] = {K("model"),   K("id"),          K("role"),
						     K("content"), K("stop_reason"), K("usage")};
	static const struct bp_str usage_keys[] = {K("input_tokens"),
						   K("cache_creation_input_tokens"),
						   K("cache_read_input_tokens"),
						   K("cache_creation"),
						   K("output_tokens"),
						   K("service_tier")};
	static const struct bp_str cache_keys[] = {K("ephemeral_5m_input_tokens"),
						   K("ephemeral_1h_input_tokens")};
	static const struct bp_str block_keys[] = {K("type"), K("id"), K("name")};
	struct bp_json root, line[N_KEYS(line_keys)], message[N_KEYS(message_keys)],
		usage[N_KEYS(usage_keys)], cache[N_KEYS(cache_keys)], block[N_KEYS(block_keys)],
		element;
	uint64_t sum = 0;
	int64_t n = 0;

	if (!bp_json_open(row, &root)) {
		return 0;
	}
	bp_json_pick(root, line_keys, line, N_KEYS(line_keys));
	bp_json_pick(line[MESSAGE], message_keys, message, N_KEYS(message_keys));
	bp_json_pick(message[5], usage_keys, usage, N_KEYS(usage_keys));
	bp_json_pick(usage[3], cache_keys, cache, N_KEYS(cache_keys));
	struct bp_json_iter iter = bp_json_each(message[3]);
	while (bp_json_next_element(&iter, &element)) {
		bp_json_pick(element, block_keys, block, N_KEYS(block_keys));
		sum += block[0].len;
	}
	for (size_t i = 0; i < N_KEYS(line_keys); i++) {
		sum += line[i].type == BP_JSON_STRING ? line[i].len : 0;
	}
	for (size_t i = 0; i < N_KEYS(message_keys); i++) {
		sum += message[i].type == BP_JSON_STRING ? message[i].len : 0;
	}
	for (size_t i = 0; i < N_KEYS(usage_keys); i++) {
		sum += bp_json_int(usage[i], &n) ? (uint64_t)n : 0;
	}
	for (size_t i = 0; i < 2; i++) {
		sum += bp_json_int(cache[i], &n) ? (uint64_t)n : 0;
	}
	return sum + bp_json_true(line[IS_SIDECHAIN]);
}

static uint64_t cjson_text(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) ? strlen(item->valuestring) + 2 : 0;
}

static uint64_t cjson_number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
}

/** The same fields, out of cJSON's tree. */
static uint64_t extract_cjson(struct bp_str row)
{
	static const char *const texts[] = {
		"type",    "uuid",    "parentUuid", "sessionId",         "timestamp",
		"cwd",     "version", "gitBranch",  "requestId",         "userType",
		"isMeta",  "agentId", "promptId",   "isApiErrorMessage", "toolUseResult",
		"subtype", "level"};
	cJSON *root = cJSON_ParseWithLength(row.ptr, row.len);
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(root, "message");
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(message, "usage");
	const cJSON *cache = cJSON_GetObjectItemCaseSensitive(usage, "cache_creation");
	const cJSON *block;
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sum += cjson_text(root, texts[i]);
	}
	sum += cjson_text(message, "id") + cjson_text(message, "model");
	sum += cjson_text(message, "role") + cjson_text(message, "stop_reason");
	sum += cjson_number(usage, "input_tokens") + cjson_number(usage, "output_tokens");
	sum += cjson_number(usage, "cache_read_input_tokens");
	sum += cjson_number(usage, "cache_creation_input_tokens");
	sum += cjson_number(cache, "ephemeral_5m_input_tokens");
	sum += cjson_number(cache, "ephemeral_1h_input_tokens");
	cJSON_ArrayForEach (block, cJSON_GetObjectItemCaseSensitive(message, "content")) {
		sum += cjson_text(block, "type");
	}
	sum += (uint64_t)cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "isSidechain"));
	cJSON_Delete(root);
	return sum;
}

static uint64_t memchr_pass(struct bp_str row)
{
	const char *p = row.ptr, *end = row.ptr + row.len;
	uint64_t n = 0;

	for (; (p = memchr(p, '"', (size_t)(end - p))) != NULL; p++) {
		n++;
	}
	return n;
}

static uint64_t open_only(struct bp_str row)
{
	struct bp_json root = {0};

	return bp_json_open(row, &root) ? root.len : 0;
}

static uint64_t decode(struct bp_str wire)
{
	static char space[16384];
	struct bp_event event;
	const char *reason;

	return bp_event_decode(wire, space, sizeof(space), &event, &reason)
		       ? event.session_id.len + (uint64_t)event.ts_us
		       : 0;
}

static uint64_t encode(struct bp_str wire)
{
	static char space[16384], text[ROW_BYTES];
	static struct bp_event event;
	struct bp_out out = bp_out_make(text, sizeof(text));
	const char *reason;

	/* One event, decoded once: only the writing is of interest. */
	if (!event.payload.ptr) {
		(void)bp_event_decode(wire, space, sizeof(space), &event, &reason);
	}
	bp_event_encode(&event, &out);
	return out.len;
}

static uint64_t hash(struct bp_str row)
{
	static struct bp_hash_key key;

	if (key.inner.total_bytes == 0) {
		bp_hash_key_init(&key, (const unsigned char *)"0123456789abcdef0123456789abcdef");
	}
	return (uint64_t)bp_hash_text(&key, row).text[0];
}

/** A wire event of about 1 KB with every column filled. */
static void make_wire(struct json_random *random, size_t i)
{
	char hex[8][33], payload[400];
	struct bp_event event;
	struct bp_out out = bp_out_make(wire_bytes[i], ROW_BYTES);

	for (size_t k = 0; k < 8; k++) {
		put_hex(random, hex[k], 32);
	}
	bp_event_init(&event);
	(void)bp_event_id_parse(bp_str_from(hex[0]), event.id);
	event.ts_us =
		INT64_C(1762691696789000) + (int64_t)json_random_below(random, 1000000) * 1000;
	event.platform = BP_STR("claude_code");
	event.session_id = bp_str_from(hex[1]);
	event.event_type = BP_STR("assistant_response");
	event.hook_type = BP_STR("assistant");
	event.source = BP_STR("transcript");
	event.project_hash = bp_str_make(hex[2], 16);
	event.project_name = BP_STR("blueplane");
	event.git_branch_hash = bp_str_make(hex[2] + 16, 16);
	event.app_version = BP_STR("2.1.328");
	event.model = BP_STR("claude-opus-4-5");
	event.uuid = bp_str_from(hex[3]);
	event.parent_uuid = bp_str_from(hex[4]);
	event.request_id = bp_str_from(hex[5]);
	event.message_id = bp_str_from(hex[6]);
	event.stop_reason = BP_STR("tool_use");
	event.service_tier = BP_STR("standard");
	event.tool_name = BP_STR("Edit");
	event.input_tokens = (int64_t)json_random_below(random, 100);
	event.output_tokens = (int64_t)json_random_below(random, 5000);
	event.cache_read_tokens = (int64_t)json_random_below(random, 200000);
	event.cache_write_tokens = (int64_t)json_random_below(random, 50000);
	event.cache_write_5m_tokens = (int64_t)json_random_below(random, 50000);
	event.cache_write_1h_tokens = 0;
	event.tool_calls_count = 1;
	int n = snprintf(
		payload, sizeof(payload),
		"{\"chars\":%llu,\"words\":12,\"text_hash\":\"%.16s\",\"tools\":[{\"id\":"
		"\"toolu_%.24s\",\"tool\":\"Edit\",\"input_bytes\":%llu,\"edit\":{\"op\":"
		"\"edit\",\"ext\":\"c\",\"file\":\"%.16s\",\"old\":\"%.16s\",\"new\":\"%.16s\","
		"\"added\":3,\"removed\":1}}]}",
		(unsigned long long)json_random_below(random, 900), hex[7], hex[6],
		(unsigned long long)json_random_below(random, 9000), hex[5], hex[4], hex[3]);
	event.payload = bp_str_make(payload, (size_t)n);
	bp_event_encode(&event, &out);
	wires[i] = bp_out_str(&out);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static const struct work {
	const char *what;
	uint64_t (*run)(struct bp_str);
	const struct bp_str *rows;
} works[] = {
	{"memchr('\"') over the line", memchr_pass, rows},
	{"open (check the structure)", open_only, rows},
	{"open and extract 36 fields", extract, rows},
	{"the same with cJSON", extract_cjson, rows},
	{"memchr('\"') over the wire form", memchr_pass, wires},
	{"decode an event", decode, wires},
	{"encode an event", encode, wires},
	{"keyed hash of the line", hash, rows},
};

enum { W_MEMCHR, W_OPEN, W_EXTRACT, W_CJSON, W_MEMCHR_WIRE, W_DECODE, N_WORKS = 8 };

/** Microseconds per row of each work: medians of interleaved runs. */
static void measure(double us[N_WORKS])
{
	static double runs[N_WORKS][RUNS];

	for (size_t run = 0; run < RUNS; run++) {
		for (size_t w = 0; w < N_WORKS; w++) {
			uint64_t sum = 0;
			double start = now_us();
			for (size_t sweep = 0; sweep < SWEEPS; sweep++) {
				for (size_t i = 0; i < N_ROWS; i++) {
					sum += works[w].run(works[w].rows[i]);
				}
			}
			runs[w][run] = (now_us() - start) / (SWEEPS * N_ROWS);
			sink += sum;
		}
	}
	for (size_t w = 0; w < N_WORKS; w++) {
		qsort(runs[w], RUNS, sizeof(double), by_value);
		us[w] = runs[w][RUNS / 2];
	}
}

/** A bar is one for the kernel of the service; the other is printed for orientation. */
static void print_bar(bool gates, const char *what, double value, double bar, bool at_most)
{
	if (!gates) {
		printf("  %s: %.2f\n", what, value);
	} else if (at_most) {
		(void)bench_at_most("15", what, value, bar, "x");
	} else {
		(void)bench_at_least("15", what, value, bar, "x");
	}
}

static void report(const char *kernel, bool gates)
{
	double us[N_WORKS];
	size_t row_total = 0, wire_total = 0;

	measure(us);
	for (size_t i = 0; i < N_ROWS; i++) {
		row_total += rows[i].len;
		wire_total += wires[i].len;
	}
	printf("%s: lines of %zu bytes, wire events of %zu bytes\n", kernel, row_total / N_ROWS,
	       wire_total / N_ROWS);
	for (size_t w = 0; w < N_WORKS; w++) {
		size_t total = works[w].rows == rows ? row_total : wire_total;
		printf("  %-34s %7.3f us %7.0f MB/s\n", works[w].what, us[w],
		       (double)total / N_ROWS / us[w]);
	}
	print_bar(gates, "extraction / one memchr pass", us[W_EXTRACT] / us[W_MEMCHR], 2.0, true);
	print_bar(gates, "event decode / one memchr pass", us[W_DECODE] / us[W_MEMCHR_WIRE], 2.0,
		  true);
	print_bar(gates, "cJSON / extraction", us[W_CJSON] / us[W_EXTRACT], 5.0, false);
}

int main(void)
{
	static char unused[1];
	struct json_random random = json_random_make(7, unused, sizeof(unused));

	for (size_t i = 0; i < N_ROWS; i++) {
		make_row(&random, i);
		make_wire(&random, i);
		if (extract(rows[i]) == 0 || extract(rows[i]) != extract_cjson(rows[i]) ||
		    decode(wires[i]) == 0) {
			(void)fprintf(stderr, "row %zu: cJSON reads other values\n", i);
			return EXIT_FAILURE;
		}
	}
	const struct bp_json_kernel *baseline = bp_json_kernel;
	bool wide = bp_json_use_avx2();
	if (wide) {
		bp_json_kernel = baseline;
		report("baseline (the hook)", false);
		(void)bp_json_use_avx2();
	}
	bool ni = bp_sha256_use_ni();
	printf("%s SHA instructions\n", ni ? "with" : "without");
	report(wide ? "AVX2 (the service)" : "baseline (the service, no AVX2 here)", true);
	return EXIT_SUCCESS;
}
