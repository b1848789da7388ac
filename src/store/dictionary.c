/* SPDX-License-Identifier: MIT */
#include "store/dictionary.h"

#include <stdint.h>

/* Shapes of real payloads: '#' is a random hex digit, '@' a random letter or digit, '%' a random
 * decimal one. How often a shape stands here is how often it occurs. */
static const char *const shapes[] = {
	"{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"rank\":50,\"output_bytes\":%%%,"
	"\"exit_code\":0}]}",
	"{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Bash\",\"rank\":50,"
	"\"output_bytes\":%%%%}]}",
	"{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Read\",\"rank\":50,"
	"\"output_bytes\":%%%%,\"file\":{\"kind\":\"read\",\"ext\":\"py\","
	"\"file\":\"################\"}}]}",
	"{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Edit\",\"rank\":50,"
	"\"output_bytes\":%%%,\"edit\":{\"op\":\"edit\",\"ext\":\"ts\","
	"\"file\":\"################\",\"old\":\"################\","
	"\"new\":\"################\",\"added\":%,\"removed\":%,\"exact\":true}}]}",
	"{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"rank\":80,"
	"\"error_class\":\"exit_code\",\"exit_code\":1,\"output_bytes\":%%%}]}",
	"{\"chars\":%%%,\"words\":%%,\"text_hash\":\"################\"}",
	"{\"chars\":%%%%,\"words\":%%%,\"text_hash\":\"################\"}",
	"{\"thinking_chars\":%%%}",
	"{\"kind\":\"prompt\",\"human\":true,\"chars\":%%%,\"words\":%%,"
	"\"text_hash\":\"################\"}",
	"{\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Bash\","
	"\"input_bytes\":%%%,\"input_hash\":\"################\",\"cmd_kind\":\"test\"}]}",
	"{\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Bash\","
	"\"input_bytes\":%%,\"input_hash\":\"################\",\"cmd_kind\":\"search\"}]}",
	"{\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Read\","
	"\"input_bytes\":%%,\"input_hash\":\"################\",\"file\":{\"kind\":\"read\","
	"\"ext\":\"c\",\"file\":\"################\"}}]}",
	"{\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Edit\","
	"\"input_bytes\":%%%,\"input_hash\":\"################\",\"edit\":{\"op\":\"edit\","
	"\"ext\":\"js\",\"file\":\"################\",\"old\":\"################\","
	"\"new\":\"################\",\"added\":%,\"removed\":%}}]}",
	"{\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Grep\","
	"\"input_bytes\":%%,\"input_hash\":\"################\","
	"\"file\":{\"kind\":\"search\",\"file\":\"################\"}}],"
	"\"permission_mode\":\"default\"}",
	"{\"start_source\":\"startup\"}",
	"{\"mode\":\"normal\"}",
	"{}",
};

bool bp_dictionary_sample(size_t i, struct bp_buf *out)
{
	enum { ROUNDS = 4 };
	static const char hex[] = "0123456789abcdef";
	static const char alnum[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = sizeof(shapes) / sizeof(shapes[0]);
	uint64_t random = 0x9E3779B97F4A7C15U * (i + 1);

	if (i >= ROUNDS * n) {
		return false;
	}
	for (const char *at = shapes[i % n]; *at; at++) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		uint32_t digit = (uint32_t)(random >> 33);
		switch (*at) {
		case '#':
			bp_buf_add_char(out, hex[digit % 16]);
			break;
		case '@':
			bp_buf_add_char(out, alnum[digit % 62]);
			break;
		case '%':
			bp_buf_add_char(out, hex[digit % 10]);
			break;
		default:
			bp_buf_add_char(out, *at);
			break;
		}
	}
	return true;
}
