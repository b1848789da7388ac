/* SPDX-License-Identifier: MIT */
/**
 * control.h - run/control.sock: clients ask, jobs answer.
 *
 * Why:     everything that changes something goes through the service (job.h has the protocol).
 * Contract: one request per connection at a time; a client that goes away does not end its job;
 *          a client that does not read is dropped at 4 MB, never waited for.
 * Threads: two of its own: "bp-control" polls the sockets and runs quick jobs, "bp-job" runs the
 *          long ones in order of arrival.
 */
#ifndef BP_DAEMON_CONTROL_H
#define BP_DAEMON_CONTROL_H

#include "base/err.h"

struct bp_control;
struct bp_service;

/** Listen and start both threads. Borrows service. Errors: BP_EIO. Owns: bp_control_stop(). */
BP_MUSTUSE enum bp_rc bp_control_start(struct bp_service *service, struct bp_control **out,
				       struct bp_err *err);

/** Wait for the running job (which sees service->stop), answer it, close and free. NULL is fine. */
void bp_control_stop(struct bp_control *control);

#endif
