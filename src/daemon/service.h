/* SPDX-License-Identifier: MIT */
/**
 * service.h - the stages, wired: what runs, in which order it starts and stops.
 *
 * Order:   lock, private Redis, database, checkpointer, slow path, fast path, capture, retention; back again
 *          at the end, the fast path once the queue is empty (or Redis is gone).
 * Threads: opened, watched and closed by the main thread. Jobs read it; what changes under them
 *          (the Redis child, the options) is behind a mutex.
 */
#ifndef BP_DAEMON_SERVICE_H
#define BP_DAEMON_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/home.h"
#include "base/stop.h"
#include "base/thread.h"
#include "capture/capture.h"
#include "capture/redactor.h"
#include "daemon/lock.h"
#include "daemon/settings.h"
#include "fastpath/fastpath.h"
#include "query/status.h"
#include "slowpath/slowpath.h"
#include "store/store.h"
#include "stream/server.h"
#include "stream/stream.h"

struct bp_service {
	char home[BP_HOME_PATH_BYTES];
	char database[BP_HOME_PATH_BYTES];
	char archive[BP_HOME_PATH_BYTES];
	char redis_address[BP_HOME_PATH_BYTES]; /* never changes while the service lives */
	struct bp_settings settings;
	int64_t started_us;             /* monotonic */
	bool watch;                     /* false: --once */
	char damaged[BP_ERR_MSG_BYTES]; /* set before it is opened: why the database must be set
					   aside first; "": it need not */

	struct bp_lock file_lock;
	struct bp_stop stop;    /* ask the whole service to end: any thread */
	atomic_bool stop_asked; /* by the job `stop`: it ends for good */
	struct bp_stop damage;  /* the database is damaged: close, set it aside, open again */
	struct bp_stop stop_capture;
	struct bp_stop stop_fastpath;
	struct bp_server *redis; /* NULL with redis.url */
	pthread_mutex_t mutex;   /* guards the four below */
	int64_t redis_pid;       /* of the private server; 0: it is down */
	int64_t redis_restarts;
	struct bp_status_rows rows; /* counted for `status`; zero: count anew */
	int64_t rows_epoch;         /* grows when rows were deleted */
	struct bp_writer_lock *lock;
	struct bp_checkpointer *checkpointer;
	struct bp_slowpath *slowpath;
	atomic_bool rebuilding; /* a job waits in bp_slowpath_rebuild(), _reprice() */
	struct bp_fastpath *fastpath;
	struct bp_capture *capture;
	struct bp_redactor *redactor; /* the capture thread's; NULL at strict */
	struct bp_thread fastpath_thread;
	struct bp_thread capture_thread;
	struct bp_thread limits_thread;
	pthread_mutex_t archive_mutex;     /* held by who moves, restores, purges, rebuilds */
	struct bp_thread archivist_thread; /* not with --once */
	struct bp_thread rescue_thread;
	atomic_bool rescuing; /* rows of a database that was set aside are still to come */
};

/**
 * Start everything but the control socket. service is zero but for `damaged` and its settings, which
 * the caller loaded (their config points into the struct, so it must not move); home must have been
 * made. With `damaged` the database is set aside first (rescue.h).
 * Errors: BP_EBUSY another service; BP_ENOTFOUND no redis-server; BP_EVERSION the database is
 *         newer than this program; BP_ECORRUPT with `damage` requested: the database is damaged, open anew
 *         with `damaged`; BP_EIO.
 *         Nothing runs then, and nothing is left.
 */
BP_MUSTUSE enum bp_rc bp_service_open(struct bp_service *service, const char *home, bool watch,
				      struct bp_err *err);

/** Make jobs that wait for the slow path return, so that stopping does not wait for a rebuild. Any
 *  thread, once the service has been asked to stop. */
void bp_service_interrupt(struct bp_service *service);

/** Stop everything in order, draining the queue (10 s at most), and free the settings. */
void bp_service_close(struct bp_service *service);

/** Start the private Redis again if it ended; the main thread calls this whenever a child ended
 *  or *out_retry_ms passed (-1: nothing to do). Logs what happens. */
void bp_service_watch_redis(struct bp_service *service, int *out_retry_ms);

/** A connection of the caller's own to the service's Redis. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_service_redis(struct bp_service *service, int timeout_ms,
				       struct bp_redis **out, struct bp_err *err);

/** A read connection of the caller's own to the database. Errors: as bp_sql_open. */
BP_MUSTUSE enum bp_rc bp_service_sql(struct bp_service *service, enum bp_sql_mode mode,
				     struct bp_sql **out, struct bp_err *err);

/** One at a time: retention on its thread, and jobs that need rows and files to hold still. */
void bp_service_take_archive(struct bp_service *service);
void bp_service_give_archive(struct bp_service *service);

/** Rows were deleted: `status` counts them anew. */
void bp_service_rows_changed(struct bp_service *service);

/** Entries in the queue that are not stored yet. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_service_queue(struct bp_redis *redis, int64_t *out, struct bp_err *err);

#endif
