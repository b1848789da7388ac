/* SPDX-License-Identifier: MIT */
/*
 * One line below Claude Code's prompt. It runs some times a second in somebody's session: it reads
 * what is on standard input and in the database, takes no lock, asks nobody, and always has a line.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/home.h"
#include "cli/client_input.h"
#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/show.h"
#include "cli/text.h"
#include "query/blocks.h"
#include "query/budget.h"
#include "query/database.h"
#include "query/spend.h"

enum { INPUT_BYTES_MAX = 1024 * 1024, INPUT_MS = 100, DEADLINE_MS = 250, LINE_BYTES = 1024 };

struct answer {
	struct bp_client_input input;
	struct bp_query_config config;
	bool data; /* there is a database, and it answered */
	struct bp_spend spend;
	struct bp_budgets budgets;
	struct bp_blocks blocks; /* the active one, if any */
	struct bp_limits limits;
};

/* --- asking --- */

static enum bp_rc ask_moment(const struct bp_cli *cli, struct bp_sql *sql, const struct bp_tz *tz,
			     struct answer *answer)
{
	bool compat = answer->config.compat == BP_COMPAT_CCUSAGE;
	const char *session = *answer->input.session ? answer->input.session : NULL;
	struct bp_period block = {
		.from_us = cli->now_us - BP_BLOCK_US, .until_us = cli->now_us + 1, .tz = tz};
	enum bp_rc rc =
		bp_spend_collect(sql, session, tz, compat, cli->now_us, &answer->spend, NULL);

	if (rc == BP_OK) {
		rc = bp_blocks_collect(sql, &block, compat, cli->now_us, &answer->blocks, NULL);
	}
	if (rc == BP_OK && answer->config.budget_monthly_pusd > 0) {
		struct bp_projection month = {0};
		const struct bp_filter all = {0};
		rc = bp_projection_collect(sql, tz, &all, compat, cli->now_us, &month, NULL);
		answer->budgets = bp_budgets_of(&answer->config, &month);
	} else if (rc == BP_OK) {
		answer->budgets.daily = (struct bp_budget){answer->config.budget_daily_pusd,
							   answer->spend.today.cost_pusd};
	}
	return rc;
}

static void ask(const struct bp_cli *cli, struct answer *answer)
{
	struct bp_sql *sql = NULL;
	struct bp_tz *tz = NULL;
	char home[BP_HOME_PATH_BYTES];

	if (bp_cli_home(home, sizeof(home), NULL) != BP_OK) {
		return;
	}
	if (bp_cli_config(&answer->config, NULL) != BP_OK) {
		/* Wrong words in it are the defaults here: `costs` says what is wrong. */
	}
	if (answer->input.limits.n > 0 &&
	    bp_limits_sample_write(home, &answer->input.limits, NULL) != BP_OK) {
		/* The next one will be. */
	}
	if (bp_cli_zone(cli, &tz, NULL) == BP_OK && bp_cli_open(&sql, NULL) == BP_OK &&
	    bp_query_begin(sql, NULL) == BP_OK) {
		answer->data = ask_moment(cli, sql, tz, answer) == BP_OK;
		bp_query_end(sql);
	}
	/* Without a word of its own, what another session's status line was told. */
	if (answer->input.limits.n > 0) {
		answer->limits = answer->input.limits;
	} else if (bp_limits_read(NULL, home, cli->now_us, &answer->limits, NULL) != BP_OK) {
		answer->limits.n = 0;
	}
	bp_sql_close(sql);
	bp_tz_free(tz);
}

/* --- the line --- */

struct line {
	const struct bp_print *print;
	struct bp_buf text;
};

static void part(struct line *line, enum bp_paint paint, const char *text)
{
	const char *color = line->print->color ? bp_print_color(paint) : NULL;

	if (line->text.len > 0) {
		bp_buf_add_str(&line->text, BP_STR(" | "));
	}
	if (color) {
		bp_buf_add_str(&line->text, bp_str_from(color));
	}
	bp_print_clean(&line->text, bp_str_from(text), line->print->utf8);
	if (color) {
		bp_buf_add_str(&line->text, BP_STR("\033[0m"));
	}
}

static void add_session(struct line *line, const struct answer *answer)
{
	const struct bp_cost *cost = &answer->spend.session;
	char ours[BP_SHOW_BYTES], client[BP_SHOW_BYTES], text[2 * BP_SHOW_BYTES + 40];
	struct bp_budget budget = {answer->config.budget_session_pusd, bp_spend_pusd(cost)};
	enum bp_budget_state state = bp_budget_state(&budget);
	bool known = answer->data && answer->spend.session_known && !bp_cost_unknown(cost);

	bp_show_usd(ours, bp_spend_pusd(cost), false);
	bp_show_usd(client, answer->input.cost_pusd, false);
	if (known && answer->input.has_cost && strcmp(ours, client) != 0) {
		(void)snprintf(text, sizeof(text), "%s session (client: %s)", ours, client);
	} else if (known) {
		(void)snprintf(text, sizeof(text), "%s session", ours);
	} else if (answer->input.has_cost) {
		(void)snprintf(text, sizeof(text), "%s session (client)", client);
	} else {
		return;
	}
	part(line,
	     state == BP_BUDGET_OVER   ? BP_PAINT_BAD
	     : state == BP_BUDGET_NEAR ? BP_PAINT_WARN
				       : BP_PAINT_NONE,
	     text);
}

static void add_budget(struct line *line, const struct bp_budget *budget, const char *name)
{
	enum bp_budget_state state = bp_budget_state(budget);
	char text[64];

	if (state >= BP_BUDGET_NEAR) {
		(void)snprintf(text, sizeof(text), "%s budget %.0f %%", name,
			       100 * (double)budget->spent_pusd / (double)budget->limit_pusd);
		part(line, state == BP_BUDGET_OVER ? BP_PAINT_BAD : BP_PAINT_WARN, text);
	}
}

static void add_block(struct line *line, const struct bp_cli *cli, const struct answer *answer)
{
	const struct bp_block *block = bp_blocks_active(&answer->blocks);
	char usd[BP_SHOW_BYTES], rate[BP_SHOW_BYTES], text[4 * BP_SHOW_BYTES];
	/* Where official limits are known, the block is only a clock. */
	const char *label = answer->limits.n > 0 ? "" : ", estimate";
	struct bp_burn burn;

	if (!block) {
		return;
	}
	bp_show_usd(usd, block->cost.cost_pusd, false);
	struct bp_text left = bp_text_span((double)(block->until_us - cli->now_us) / 1e6);
	if (bp_block_burn(block, cli->now_us, &burn)) {
		bp_show_usd(rate, (int64_t)(burn.usd_per_h * 1e12), false);
		(void)snprintf(text, sizeof(text), "block %s, %s/h, %s left%s", usd, rate,
			       left.text, label);
	} else {
		(void)snprintf(text, sizeof(text), "block %s, %s left%s", usd, left.text, label);
	}
	part(line, BP_PAINT_NONE, text);
}

static void add_limits(struct line *line, const struct answer *answer)
{
	char text[LINE_BYTES / 2] = "";
	double most = 0;
	size_t len = 0;

	for (size_t i = 0; i < answer->limits.n && len < sizeof(text) - 64; i++) {
		const struct bp_limit *limit = &answer->limits.items[i];
		const char *name = strcmp(limit->window, "five_hour") == 0   ? "5h"
				   : strcmp(limit->window, "seven_day") == 0 ? "7d"
									     : limit->window;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %.0f %%",
					len ? line->print->utf8 ? " \xC2\xB7 " : ", " : "", name,
					limit->used_percent);
		most = limit->used_percent > most ? limit->used_percent : most;
	}
	if (len > 0) {
		(void)snprintf(text + len, sizeof(text) - len, " official");
		part(line,
		     most >= 100  ? BP_PAINT_BAD
		     : most >= 80 ? BP_PAINT_WARN
				  : BP_PAINT_NONE,
		     text);
	}
}

static void print_words(const struct bp_cli *cli, const struct answer *answer)
{
	struct line line = {.print = &cli->print};
	char usd[BP_SHOW_BYTES], text[BP_SHOW_BYTES + 16];

	bp_buf_init(&line.text, 4 * LINE_BYTES);
	if (*answer->input.model) {
		part(&line, BP_PAINT_NONE, answer->input.model);
	}
	add_session(&line, answer);
	if (answer->data) {
		bp_show_usd(usd, bp_spend_pusd(&answer->spend.today), false);
		(void)snprintf(text, sizeof(text), "%s%s today", usd,
			       answer->spend.today.unpriced_calls > 0 ? "+" : "");
		part(&line, BP_PAINT_NONE, text);
		add_budget(&line, &answer->budgets.daily, "day");
		add_budget(&line, &answer->budgets.monthly, "month");
		add_block(&line, cli, answer);
	}
	add_limits(&line, answer);
	if (!answer->data) {
		part(&line, BP_PAINT_DIM, "blueplane: no data yet");
	}
	(void)printf("%s\n", line.text.ptr ? line.text.ptr : "blueplane");
	bp_buf_done(&line.text);
}

static cJSON *usd_or_null(bool known, int64_t pusd)
{
	return known ? bp_usd_json(pusd) : cJSON_CreateNull();
}

static void print_object(const struct bp_cli *cli, const struct answer *answer)
{
	const struct bp_spend *spend = &answer->spend;
	const struct bp_block *block = bp_blocks_active(&answer->blocks);
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddItemToObject(json, "session",
				    *answer->input.session
					    ? cJSON_CreateString(answer->input.session)
					    : cJSON_CreateNull());
	(void)cJSON_AddItemToObject(json, "session_usd",
				    usd_or_null(answer->data && spend->session_known &&
							!bp_cost_unknown(&spend->session),
						bp_spend_pusd(&spend->session)));
	(void)cJSON_AddItemToObject(json, "client_usd",
				    usd_or_null(answer->input.has_cost, answer->input.cost_pusd));
	(void)cJSON_AddItemToObject(json, "today_usd",
				    usd_or_null(answer->data, bp_spend_pusd(&spend->today)));
	(void)cJSON_AddItemToObject(
		json, "block", block ? bp_block_json(block, cli->now_us, 0) : cJSON_CreateNull());
	(void)cJSON_AddItemToObject(json, "limits", bp_limits_json(&answer->limits));
	(void)cJSON_AddItemToObject(json, "budget", bp_budgets_json(&answer->budgets));
	if (bp_print_json(json, NULL) != BP_OK) {
		/* Nobody to tell. */
	}
}

static int run(struct bp_cli *cli)
{
	struct answer answer = {0};
	struct bp_buf text;

	bp_client_deadline(DEADLINE_MS, "blueplane: busy\n");
	bp_buf_init(&text, INPUT_BYTES_MAX);
	bp_client_input_read(&text, INPUT_MS);
	bp_client_input_parse(bp_buf_str(&text), cli->now_us, &answer.input);
	bp_buf_done(&text);
	ask(cli, &answer);
	bp_client_deadline_met();
	if (cli->print.format == BP_FORMAT_JSON) {
		print_object(cli, &answer);
	} else {
		print_words(cli, &answer);
	}
	bp_blocks_done(&answer.blocks);
	return BP_EXIT_OK;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "timezone",
	 .value = "ZONE",
	 .help = "today of this zone, as Europe/Berlin; else the system's"},
	{.name = NULL},
};

const struct bp_command bp_cmd_statusline = {
	.name = "statusline",
	.summary = "one line for Claude Code's status line: costs, block, limits",
	.usage = "statusline < STATUS-LINE-INPUT",
	.help = "Print one line: model, what the session cost (the client's own figure where it "
		"differs), today's cost, the\n5-hour block, and the plan's limits as Claude Code "
		"was told them (official). It reads what Claude Code writes\nto a status line "
		"command, keeps the limits for \"blueplane costs\", and works with the service "
		"down.\n\"blueplane install claude-code --statusline\" sets it up.\n\n"
		"example: blueplane statusline < input.json\n",
	.options = OPTIONS,
	.words_only = true,
	.run = run,
};
