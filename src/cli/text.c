/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct bp_text bp_text_count(int64_t n)
{
	struct bp_text out;
	char digits[24];
	size_t to = 0;
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0) {
			out.text[to++] = ' ';
		}
		out.text[to++] = digits[i];
	}
	out.text[to] = '\0';
	return out;
}

struct bp_text bp_text_of(int64_t n, const char *noun)
{
	struct bp_text out;

	(void)snprintf(out.text, sizeof(out.text), "%s %s%s", bp_text_count(n).text, noun,
		       n == 1 ? "" : "s");
	return out;
}

struct bp_text bp_text_bytes(int64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	struct bp_text out;
	double value = (double)bytes / 1024.0;
	size_t unit = 0;

	if (bytes < 1024) {
		(void)snprintf(out.text, sizeof(out.text), "%lld B", (long long)bytes);
		return out;
	}
	while (value >= 1024.0 && unit < 3) {
		value /= 1024.0;
		unit++;
	}
	(void)snprintf(out.text, sizeof(out.text), "%.1f %s", value, units[unit]);
	return out;
}

struct bp_text bp_text_span(double seconds)
{
	struct bp_text out;
	long long s = seconds > 0 ? llround(seconds) : 0;

	if (s < 60) {
		(void)snprintf(out.text, sizeof(out.text), "%lld s", s);
	} else if (s < 3600) {
		(void)snprintf(out.text, sizeof(out.text), "%lld:%02lld min", s / 60, s % 60);
	} else if (s < 48LL * 3600) {
		(void)snprintf(out.text, sizeof(out.text), "%lld:%02lld h", s / 3600, s / 60 % 60);
	} else {
		(void)snprintf(out.text, sizeof(out.text), "%.1f days", (double)s / 86400);
	}
	return out;
}
