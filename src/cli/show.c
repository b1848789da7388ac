/* SPDX-License-Identifier: MIT */
#include "cli/show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "cli/text.h"
#include "query/span.h"
#include "store/sqlite.h"

enum { LABEL_COLUMNS = 13 };

/* "%.*f" with what stands before and behind it, of what is not negative. By ourselves where the last
 * digit is beyond doubt: tables have thousands of numbers, and printf() computes all their digits. */
static void show_fixed(char out[BP_SHOW_BYTES], const char *before, double value, int digits,
		       const char *behind)
{
	static const double units[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
	double scaled = value * units[digits];
	double below = floor(scaled);

	/* The product is off by less than 1e-6; closer to the middle, the value's own digits decide. */
	if (signbit(value) || !(scaled < 1e9) || fabs(scaled - below - 0.5) < 1e-6) {
		(void)snprintf(out, BP_SHOW_BYTES, "%s%.*f%s", before, digits, value, behind);
		return;
	}
	char text[BP_SHOW_BYTES];
	uint64_t rest = (uint64_t)(below + (scaled - below > 0.5 ? 1 : 0));
	size_t at = sizeof(text);
	for (int i = 0; rest > 0 || i <= digits; i++) {
		if (i == digits && digits > 0) {
			text[--at] = '.';
		}
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
	}
	size_t n = strlen(before), m = sizeof(text) - at, k = strlen(behind);
	BP_ASSERT(n + m + k < BP_SHOW_BYTES);
	memcpy(out, before, n);
	memcpy(out + n, text + at, m);
	memcpy(out + n + m, behind, k + 1);
}

void bp_show_count(char out[BP_SHOW_BYTES], double value, bool exact)
{
	static const char *const units[] = {"k", "M", "G", "T"};
	double size = fabs(value);
	size_t unit = 0;

	if (exact || size < 10000) {
		show_fixed(out, "", value, 0, "");
		return;
	}
	for (size /= 1000; size >= 999.95 && unit < 3; size /= 1000) {
		unit++;
	}
	show_fixed(out, value < 0 ? "-" : "", size, size < 99.95 ? 1 : 0, units[unit]);
}

void bp_show_usd(char out[BP_SHOW_BYTES], int64_t pusd, bool exact)
{
	double usd = fabs((double)pusd / (double)BP_USD);
	const char *sign = pusd < 0 ? "-$" : "$";
	int digits = 2;

	if (exact) {
		bp_money_text(out, pusd);
		return;
	}
	/* What is less than a cent is still something. */
	for (double less = usd; digits < 6 && less > 0 && less < 0.00995; less *= 10) {
		digits += digits == 2 ? 2 : 1;
	}
	show_fixed(out, sign, usd, digits, "");
}

void bp_show_cost(char out[BP_SHOW_BYTES], double usd, bool exact)
{
	if (isnan(usd)) {
		(void)snprintf(out, BP_SHOW_BYTES, "%s", exact ? "" : "no price");
	} else {
		bp_show_usd(out, llround(usd * (double)BP_USD), exact);
	}
}

/* Below a minute fractions tell; above, it is a duration as any other. */
static void show_ms(char out[BP_SHOW_BYTES], double ms)
{
	if (ms < 9.95) {
		show_fixed(out, "", ms, 1, " ms");
	} else if (ms < 999.5) {
		show_fixed(out, "", ms, 0, " ms");
	} else if (ms < 59950) {
		show_fixed(out, "", ms / 1000, 1, " s");
	} else {
		(void)snprintf(out, BP_SHOW_BYTES, "%s", bp_text_span(ms / 1000).text);
	}
}

void bp_show_metric(char out[BP_SHOW_BYTES], const struct bp_metric *metric, double value,
		    bool exact)
{
	if (isnan(value)) {
		(void)snprintf(out, BP_SHOW_BYTES, "%s", exact ? "" : "-");
		return;
	}
	if (exact) {
		(void)snprintf(out, BP_SHOW_BYTES, "%.15g", value);
		return;
	}
	switch (metric->unit) {
	case BP_UNIT_COUNT:
		bp_show_count(out, value, false);
		break;
	case BP_UNIT_RATE:
		show_fixed(out, "", value * 100, 1, " %");
		break;
	case BP_UNIT_SCORE:
	case BP_UNIT_NUMBER:
		show_fixed(out, "", value, value < 10000 ? 1 : 0, "");
		break;
	case BP_UNIT_MS:
		show_ms(out, value);
		break;
	case BP_UNIT_SECONDS:
		(void)snprintf(out, BP_SHOW_BYTES, "%s", bp_text_span(value).text);
		break;
	case BP_UNIT_USD:
		bp_show_cost(out, value, false);
		break;
	}
}

void bp_show_trend(char out[BP_SHOW_BYTES], struct bp_trend trend, bool arrow)
{
	static const char *const arrows[] = {"\xE2\x86\x92 ", "\xE2\x86\x91 ", "\xE2\x86\x93 "};
	const char *before = arrow ? arrows[trend.direction] : "";

	if (isnan(trend.change)) {
		(void)snprintf(out, BP_SHOW_BYTES, "%s", trend.direction == BP_FLAT ? "-" : "new");
	} else if (fabs(trend.change) < 0.0005) {
		(void)snprintf(out, BP_SHOW_BYTES, "%s0.0 %%", before);
	} else if (fabs(trend.change) >= 10) {
		(void)snprintf(out, BP_SHOW_BYTES, "%s%+.0f %%", before, trend.change * 100);
	} else {
		(void)snprintf(out, BP_SHOW_BYTES, "%s%+.1f %%", before, trend.change * 100);
	}
}

enum bp_paint bp_show_paint(const struct bp_metric *metric, struct bp_trend trend)
{
	if (trend.direction == BP_FLAT || metric->better == 0) {
		return BP_PAINT_NONE;
	}
	return (trend.direction == BP_UP) == (metric->better > 0) ? BP_PAINT_GOOD : BP_PAINT_BAD;
}

void bp_show_time(char out[BP_SHOW_BYTES], const struct bp_tz *tz, int64_t ts_us)
{
	if (ts_us == BP_SQL_NULL) {
		(void)snprintf(out, BP_SHOW_BYTES, "-");
		return;
	}
	char *time = out + bp_span_text(tz, ts_us, out);
	time[0] = ' ';
	time[6] = '\0';
}

static void show_budget(const struct bp_print *print, const char *name,
			const struct bp_budget *budget)
{
	char spent[BP_SHOW_BYTES], limit[BP_SHOW_BYTES];
	enum bp_budget_state state = bp_budget_state(budget);

	if (state < BP_BUDGET_NEAR) {
		return;
	}
	bp_show_usd(spent, budget->spent_pusd, false);
	bp_show_usd(limit, budget->limit_pusd, false);
	bp_print_field(print, state == BP_BUDGET_OVER ? BP_PAINT_BAD : BP_PAINT_WARN, LABEL_COLUMNS,
		       "budget", "%s: %s of %s is spent (%.0f %%)", name, spent, limit,
		       100 * (double)budget->spent_pusd / (double)budget->limit_pusd);
}

void bp_show_budgets(const struct bp_print *print, const struct bp_budgets *budgets)
{
	show_budget(print, "today", &budgets->daily);
	show_budget(print, "this month", &budgets->monthly);
}
