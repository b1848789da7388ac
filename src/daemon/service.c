/* SPDX-License-Identifier: MIT */
#include "daemon/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/archivist.h"
#include "daemon/hook_conf.h"
#include "daemon/limits.h"
#include "daemon/rescue.h"
#include "slowpath/forget.h"
#include "store/damage.h"
#include "stream/spool.h"

enum {
	REDIS_TIMEOUT_MS = 5000,
	DRAIN_MS = 10000,
	DRAIN_POLL_MS = 2,
	READ_CACHE_BYTES = 8 * 1024 * 1024,
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 10000
};

static enum bp_rc start_redis(struct bp_service *service, struct bp_err *err)
{
	const struct bp_daemon_config *config = &service->settings.daemon;
	const char *address = config->redis_url;

	if (address[0] == '\0') {
		const struct bp_server_options options = {
			.home = service->home,
			.binary = config->redis_binary,
			.max_memory_bytes = config->redis_max_memory,
			.fsync_always = config->durability == 1,
		};
		enum bp_rc rc = bp_server_start(&options, &service->redis, err);
		if (rc != BP_OK) {
			return rc;
		}
		address = bp_server_address(service->redis);
		service->redis_pid = bp_server_pid(service->redis);
	}
	int n = snprintf(service->redis_address, sizeof(service->redis_address), "%s", address);
	if (n < 0 || (size_t)n >= sizeof(service->redis_address)) {
		return bp_err_set(err, BP_ELIMIT, "the address of Redis is too long");
	}
	return BP_OK;
}

static enum bp_rc open_database(struct bp_service *service, struct bp_err *err)
{
	struct bp_sql *sql = NULL;
	enum bp_rc rc = BP_OK;

	if (service->damaged[0]) {
		rc = bp_rescue_set_aside(service, service->damaged, err);
	}
	if (rc == BP_OK) {
		rc = bp_damage_watch(service->database, &service->damage, err);
	}
	if (rc == BP_OK) {
		rc = bp_service_sql(service, BP_SQL_WRITE, &sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_store_migrate(sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_rescue_begin(service, sql, err);
	}
	bp_sql_close(sql);
	return rc == BP_OK ? rc : bp_err_wrap(err, rc, "the database");
}

/** What may be kept, from the options and the salt. Above strict there is a redactor. */
static enum bp_rc make_policy(struct bp_service *service, struct bp_policy *policy,
			      struct bp_err *err)
{
	unsigned char salt[BP_SALT_BYTES];
	enum bp_rc rc = bp_home_salt(service->home, salt, err);

	if (rc != BP_OK) {
		return rc;
	}
	*policy = bp_settings_policy(&service->settings.daemon);
	bp_hash_key_init(&policy->key, salt);
	explicit_bzero(salt, sizeof(salt));
	if (policy->level > BP_LEVEL_STRICT) {
		rc = bp_redactor_new(&service->redactor, err);
		policy->redact = bp_redactor_text;
		policy->redact_arg = service->redactor;
	}
	return rc;
}

static enum bp_rc start_slowpath(struct bp_service *service, struct bp_err *err)
{
	const struct bp_slowpath_deps deps = {
		.redis_address = service->redis_address,
		.database_path = service->database,
		.lock = service->lock,
		.prices = service->settings.prices,
		.config = service->settings.slowpath,
	};
	return bp_slowpath_start(&deps, &service->slowpath, err);
}

static enum bp_rc start_fastpath(struct bp_service *service, struct bp_err *err)
{
	const struct bp_fastpath_deps deps = {
		.redis_address = service->redis_address,
		.database_path = service->database,
		.lock = service->lock,
		.checkpointer = service->checkpointer,
		.stop = &service->stop_fastpath,
		.config = service->settings.fastpath,
	};
	service->fastpath = bp_fastpath_new(&deps);
	return bp_thread_start(&service->fastpath_thread, "bp-fastpath", bp_fastpath_run,
			       service->fastpath, err);
}

static enum bp_rc start_capture(struct bp_service *service, struct bp_err *err)
{
	struct bp_capture_deps deps = {
		.home = service->home,
		.redis_address = service->redis_address,
		.database_path = service->database,
		.stop = &service->stop_capture,
		.config = service->settings.capture,
		.watch = service->watch,
	};
	enum bp_rc rc = make_policy(service, &deps.policy, err);

	if (rc != BP_OK) {
		return rc;
	}
	service->capture = bp_capture_new(&deps);
	return bp_thread_start(&service->capture_thread, "bp-capture", bp_capture_run,
			       service->capture, err);
}

enum bp_rc bp_service_open(struct bp_service *service, const char *home, bool watch,
			   struct bp_err *err)
{
	service->file_lock.fd = -1;
	service->stop.fd = service->stop_capture.fd = service->stop_fastpath.fd = -1;
	service->damage.fd = -1;
	service->watch = watch;
	service->started_us = bp_clock_mono_us();
	(void)pthread_mutex_init(&service->mutex, NULL);
	(void)pthread_mutex_init(&service->archive_mutex, NULL);
	(void)snprintf(service->home, sizeof(service->home), "%s", home);

	enum bp_rc rc = bp_home_file(home, "telemetry.db", service->database,
				     sizeof(service->database), err);
	if (rc == BP_OK) {
		rc = bp_home_file(home, "archive", service->archive, sizeof(service->archive), err);
	}
	if (rc == BP_OK) {
		rc = bp_stop_open(&service->stop, err);
	}
	if (rc == BP_OK) {
		rc = bp_stop_open(&service->damage, err);
	}
	if (rc == BP_OK) {
		rc = bp_stop_open(&service->stop_capture, err);
	}
	if (rc == BP_OK) {
		rc = bp_stop_open(&service->stop_fastpath, err);
	}
	if (rc == BP_OK) {
		rc = bp_lock_take(home, &service->file_lock, err);
	}
	if (rc == BP_OK) {
		rc = bp_hook_conf_write(home, &service->settings.daemon, err);
	}
	if (rc == BP_OK) {
		rc = start_redis(service, err);
	}
	if (rc == BP_OK) {
		rc = open_database(service, err);
	}
	if (rc == BP_OK) {
		service->lock = bp_writer_lock_new();
		rc = bp_checkpointer_start(service->database, &service->checkpointer, err);
	}
	if (rc == BP_OK) {
		rc = start_slowpath(service, err);
	}
	if (rc == BP_OK) {
		rc = start_fastpath(service, err);
	}
	if (rc == BP_OK) {
		rc = start_capture(service, err);
	}
	if (rc == BP_OK) {
		rc = bp_thread_start(&service->limits_thread, "bp-limits", bp_limits_run, service,
				     err);
	}
	if (rc == BP_OK) {
		rc = bp_thread_start(&service->rescue_thread, "bp-rescue", bp_rescue_run, service,
				     err);
	}
	if (rc == BP_OK && watch) {
		rc = bp_thread_start(&service->archivist_thread, "bp-archivist", bp_archivist_run,
				     service, err);
	}
	if (rc != BP_OK) {
		bp_service_close(service);
	}
	return rc;
}

/** Wait until the fast path has stored what is queued. What it does not manage in time stays in
 *  Redis, and is stored at the next start. */
static void drain(struct bp_service *service)
{
	struct bp_stop never = {.fd = -1};
	struct bp_redis *redis = NULL;
	struct bp_err err = {0};
	int64_t until = bp_clock_mono_us() + (int64_t)DRAIN_MS * 1000;
	int64_t depth = 0;

	enum bp_rc rc = bp_service_redis(service, REDIS_TIMEOUT_MS, &redis, &err);
	if (rc == BP_OK) {
		rc = bp_stop_open(&never, &err);
	}
	while (rc == BP_OK && bp_clock_mono_us() < until) {
		rc = bp_service_queue(redis, &depth, &err);
		if (rc == BP_OK && depth == 0) {
			break;
		}
		(void)bp_stop_wait(&never, DRAIN_POLL_MS);
	}
	if (rc != BP_OK) {
		bp_log_warn(
			"cannot drain the queue (%s); what is in it is stored at the next start",
			err.msg);
	} else if (depth > 0) {
		bp_log_warn("%lld events are still queued; they are stored at the next start",
			    (long long)depth);
	}
	bp_stop_close(&never);
	bp_redis_close(redis);
}

void bp_service_interrupt(struct bp_service *service)
{
	if (atomic_load(&service->rebuilding)) {
		bp_slowpath_interrupt(service->slowpath);
	}
}

static void close_stop(struct bp_stop *stop)
{
	if (stop->fd >= 0) {
		bp_stop_close(stop);
	}
}

void bp_service_close(struct bp_service *service)
{
	if (service->stop.fd >= 0) {
		bp_stop_request(&service->stop);
	}
	bp_thread_join(&service->archivist_thread);
	bp_thread_join(&service->rescue_thread);
	if (service->stop_capture.fd >= 0) {
		bp_stop_request(&service->stop_capture);
	}
	if (service->limits_thread.started) {
		bp_stop_request(&service->stop);
		bp_thread_join(&service->limits_thread);
	}
	bp_thread_join(&service->capture_thread);
	if (service->fastpath_thread.started) {
		/* A damaged database takes nothing. */
		if (service->damage.fd < 0 || !bp_stop_requested(&service->damage)) {
			drain(service);
		}
		bp_stop_request(&service->stop_fastpath);
	}
	bp_thread_join(&service->fastpath_thread);
	bp_slowpath_stop(service->slowpath);
	if (service->checkpointer) {
		bp_checkpointer_stop(service->checkpointer);
	}
	bp_capture_free(service->capture);
	bp_redactor_free(service->redactor);
	bp_fastpath_free(service->fastpath);
	if (service->lock) {
		bp_writer_lock_free(service->lock);
	}
	(void)(bp_damage_watch(NULL, NULL, NULL) == BP_OK); /* cannot fail */
	bp_server_stop(service->redis);
	bp_lock_give(service->home, &service->file_lock);
	close_stop(&service->stop_fastpath);
	close_stop(&service->stop_capture);
	close_stop(&service->damage);
	close_stop(&service->stop);
	bp_settings_done(&service->settings);
	(void)pthread_mutex_destroy(&service->archive_mutex);
	(void)pthread_mutex_destroy(&service->mutex);
}

static void set_redis_pid(struct bp_service *service, int64_t pid)
{
	(void)pthread_mutex_lock(&service->mutex);
	service->redis_restarts += pid ? 1 : 0;
	service->redis_pid = pid;
	(void)pthread_mutex_unlock(&service->mutex);
}

void bp_service_watch_redis(struct bp_service *service, int *out_retry_ms)
{
	struct bp_err err = {0};

	if (!service->redis) {
		*out_retry_ms = -1;
		return;
	}
	if (bp_server_ended(service->redis)) {
		bp_log_error("redis-server ended; starting it again");
		set_redis_pid(service, 0);
		*out_retry_ms = 0;
	}
	if (*out_retry_ms < 0) {
		return;
	}
	if (bp_server_restart(service->redis, &err) == BP_OK) {
		set_redis_pid(service, bp_server_pid(service->redis));
		bp_log_info("redis-server runs again, pid %ld",
			    (long)bp_server_pid(service->redis));
		*out_retry_ms = -1;
		return;
	}
	int pause = *out_retry_ms ? *out_retry_ms * 2 : RETRY_FIRST_MS;
	*out_retry_ms = pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS;
	bp_log_error("redis-server does not start (%s); trying again in %d ms", err.msg,
		     *out_retry_ms);
}

enum bp_rc bp_service_redis(struct bp_service *service, int timeout_ms, struct bp_redis **out,
			    struct bp_err *err)
{
	return bp_redis_open(service->redis_address, timeout_ms, out, err);
}

enum bp_rc bp_service_sql(struct bp_service *service, enum bp_sql_mode mode, struct bp_sql **out,
			  struct bp_err *err)
{
	return bp_sql_open(service->database, mode, READ_CACHE_BYTES, out, err);
}

void bp_service_take_archive(struct bp_service *service)
{
	(void)pthread_mutex_lock(&service->archive_mutex); /* cannot fail: ours, initialised */
}

void bp_service_give_archive(struct bp_service *service)
{
	(void)pthread_mutex_unlock(&service->archive_mutex);
}

void bp_service_rows_changed(struct bp_service *service)
{
	(void)pthread_mutex_lock(&service->mutex);
	service->rows = (struct bp_status_rows){0};
	service->rows_epoch++;
	(void)pthread_mutex_unlock(&service->mutex);
}

enum bp_rc bp_service_queue(struct bp_redis *redis, int64_t *out, struct bp_err *err)
{
	struct bp_stream_state state = {0};
	enum bp_rc rc = bp_stream_state(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, err);

	if (rc == BP_ENOTFOUND) {
		*out = 0; /* nothing was ever queued */
		return BP_OK;
	}
	if (rc == BP_OK) {
		*out = state.lag + state.pending;
	}
	return rc;
}
