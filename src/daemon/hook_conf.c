/* SPDX-License-Identifier: MIT */
#include "daemon/hook_conf.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/home.h"
#include "event/hash.h"
#include "stream/server.h"

enum { CONF_BYTES_MAX = 8192 };

/** The socket a hook may write to; "" when there is none (it spools then). */
static enum bp_rc find_socket(const char *home, const struct bp_daemon_config *config, char *out,
			      size_t cap, struct bp_err *err)
{
	if (config->redis_url[0] == '\0') {
		return bp_server_socket_path(home, out, cap, err);
	}
	const char *path = config->redis_url[0] == '/' ? config->redis_url : "";
	(void)snprintf(out, cap, "%s", path);
	return BP_OK;
}

enum bp_rc bp_hook_conf_write(const char *home, const struct bp_daemon_config *config,
			      struct bp_err *err)
{
	unsigned char salt[BP_SALT_BYTES];
	char path[BP_HOME_PATH_BYTES];
	char socket[BP_HOME_PATH_BYTES];
	struct bp_buf text;
	enum bp_rc rc = bp_home_salt(home, salt, err);

	if (rc == BP_OK) {
		rc = find_socket(home, config, socket, sizeof(socket), err);
	}
	if (rc == BP_OK) {
		rc = bp_home_file(home, "run/hook.conf", path, sizeof(path), err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	bp_buf_init(&text, CONF_BYTES_MAX);
	bp_buf_printf(&text, "# Written by blueplaned; change it with `blueplane config set`.\n");
	bp_buf_printf(&text, "enabled=%d\n", config->hooks_enabled ? 1 : 0);
	bp_buf_printf(&text, "opt_out=%u\n", (unsigned)config->opt_out);
	bp_buf_printf(&text, "project_names=%d\n", config->project_names ? 1 : 0);
	bp_buf_printf(&text, "durability=%s\n", config->durability == 1 ? "always" : "everysec");
	if (socket[0]) {
		bp_buf_printf(&text, "socket=%s\n", socket);
	}
	bp_buf_printf(&text, "salt=");
	for (size_t i = 0; i < sizeof(salt); i++) {
		bp_buf_printf(&text, "%02x", salt[i]);
	}
	bp_buf_add_char(&text, '\n');
	rc = bp_buf_ok(&text) ? bp_file_replace(path, bp_buf_str(&text), 0600, err)
			      : bp_err_set(err, BP_EIO, "run/hook.conf would be too large");
	explicit_bzero(salt, sizeof(salt));
	bp_buf_done(&text);
	return rc;
}
