/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <unistd.h>

#include "hook/hook.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_salt(struct bp_str hex, unsigned char salt[BP_SALT_BYTES])
{
	if (hex.len != 2 * (size_t)BP_SALT_BYTES) {
		return false;
	}
	for (size_t i = 0; i < BP_SALT_BYTES; i++) {
		int high = hex_digit(hex.ptr[2 * i]);
		int low = hex_digit(hex.ptr[2 * i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		salt[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool read_bits(struct bp_str text, uint32_t *out)
{
	uint32_t value = 0;

	if (text.len == 0 || text.len > 9) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9') {
			return false;
		}
		value = value * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	*out = value;
	return true;
}

static bool read_flag(struct bp_str text, bool *out)
{
	*out = bp_str_is(text, "1");
	return *out || bp_str_is(text, "0");
}

/* False: the value cannot be read, and with it what the user wants. */
static bool take(struct bp_str key, struct bp_str value, struct bp_hook_conf *conf, bool *salted)
{
	unsigned char salt[BP_SALT_BYTES];

	if (bp_str_is(key, "enabled")) {
		/* Anything but a clear 0 is on. */
		conf->enabled = !bp_str_is(value, "0");
	} else if (bp_str_is(key, "socket")) {
		if (value.len < sizeof(conf->socket) && !memchr(value.ptr, '\0', value.len)) {
			memcpy(conf->socket, value.ptr, value.len);
			conf->socket[value.len] = '\0';
		}
	} else if (bp_str_is(key, "salt")) {
		*salted = read_salt(value, salt);
		if (*salted) {
			bp_hash_key_init(&conf->policy.key, salt);
		}
		return *salted;
	} else if (bp_str_is(key, "opt_out")) {
		return read_bits(value, &conf->policy.opt_out);
	} else if (bp_str_is(key, "project_names")) {
		return read_flag(value, &conf->policy.project_names);
	}
	return true;
}

void bp_hook_conf_parse(struct bp_str text, struct bp_hook_conf *out)
{
	bool salted = false;
	bool clear = true;

	*out = (struct bp_hook_conf){
		.enabled = true,
		.policy = {.level = BP_LEVEL_STRICT, .project_names = true},
	};
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end ? (size_t)(end - text.ptr) : text.len;
		const char *equals = memchr(text.ptr, '=', n);
		if (text.ptr[0] != '#' && equals) {
			size_t key_len = (size_t)(equals - text.ptr);
			clear = take(bp_str_make(text.ptr, key_len),
				     bp_str_make(equals + 1, n - key_len - 1), out, &salted) &&
				clear;
		}
		text.ptr += n + (end ? 1 : 0);
		text.len -= n + (end ? 1 : 0);
	}
	out->policy.envelope_only = !salted || !clear;
}

void bp_hook_conf_read(int home_fd, struct bp_hook_conf *out)
{
	static char text[BP_HOOK_CONF_BYTES_MAX];
	size_t len = 0;
	int fd = openat(home_fd, "run/hook.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0) {
		/* It was renamed into place whole: a short read is its end. */
		ssize_t n = read(fd, text, sizeof(text));
		len = n > 0 ? (size_t)n : 0;
		close(fd);
	}
	bp_hook_conf_parse(bp_str_make(text, len), out);
}
