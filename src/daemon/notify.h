/* SPDX-License-Identifier: MIT */
/**
 * notify.h - tell a running service that the configuration changed.
 */
#ifndef BP_DAEMON_NOTIFY_H
#define BP_DAEMON_NOTIFY_H

#include <stdbool.h>

/** Send the job `reload` and wait for its answer. False: no service runs there (which is fine). */
bool bp_notify_reload(const char *home);

#endif
