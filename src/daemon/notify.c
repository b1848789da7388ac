/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <poll.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/unix_socket.h"

enum { ANSWER_MS = 2000 };

bool bp_notify_reload(const char *home)
{
	static const char request[] = "{\"job\":\"reload\",\"args\":{}}\n";
	struct bp_err err = {0};
	char path[BP_HOME_PATH_BYTES];
	char reply[256];
	int fd = -1;

	if (bp_home_file(home, "run/control.sock", path, sizeof(path), &err) != BP_OK ||
	    bp_unix_connect(path, &fd, &err) != BP_OK) {
		return false;
	}
	if (bp_file_write_all(fd, request, sizeof(request) - 1, &err) == BP_OK) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		/* The answer is not read for its content: a service that is too busy to answer in
		 * time reads the file when it gets to it. */
		if (poll(&wait, 1, ANSWER_MS) > 0) {
			(void)!read(fd, reply, sizeof(reply));
		}
	}
	(void)close(fd);
	return true;
}
