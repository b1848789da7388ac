/* SPDX-License-Identifier: MIT */
/* blueplaned: options, wiring, signals, order of start and stop. No logic. */
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/control.h"
#include "daemon/once.h"
#include "daemon/sandbox.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "event/hash.h"
#include "event/json.h"
#include "stream/server.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, CHANGES_MAX = 64 };

struct command_line {
	const char *home;
	const char *once;
	bool config;
	char *changes[CHANGES_MAX];
	size_t n_changes;
};

static void print_help(void)
{
	(void)printf(
		"usage: blueplaned [--home DIR] [--set NAME=VALUE]... [--foreground]\n"
		"       blueplaned [--home DIR] --once '{\"job\":NAME,\"args\":{...}}'\n"
		"       blueplaned [--home DIR] --config list|get|set|reset|validate [...]\n\n"
		"The background service of blueplane. `blueplane start` starts it; it stays in "
		"the\n"
		"foreground and writes its log to stderr. SIGTERM and SIGINT stop it cleanly.\n");
}

/** Exit code, or -1 to go on. */
static int parse(int argc, char **argv, struct command_line *line)
{
	static const struct option rows[] = {
		{"home", required_argument, NULL, 'H'}, {"set", required_argument, NULL, 's'},
		{"once", required_argument, NULL, 'o'}, {"config", no_argument, NULL, 'c'},
		{"foreground", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},    {NULL, 0, NULL, 0},
	};
	for (;;) {
		/* "+": what follows --config is its own. */
		int c = getopt_long(argc, argv, "+h", rows,
				    NULL); /* NOLINT(concurrency-mt-unsafe) */

		if (c == -1) {
			break;
		}
		if (c == 'H') {
			line->home = optarg;
		} else if (c == 'o') {
			line->once = optarg;
		} else if (c == 'c') {
			line->config = true;
			break;
		} else if (c == 's' && line->n_changes < CHANGES_MAX) {
			line->changes[line->n_changes++] = optarg;
		} else if (c == 'h') {
			print_help();
			return EXIT_DONE;
		} else if (c == 'V') {
			(void)printf("blueplaned %s\n", BP_VERSION);
			return EXIT_DONE;
		} else if (c != 'f') {
			(void)fprintf(stderr, "blueplaned: see blueplaned --help\n");
			return EXIT_USAGE;
		}
	}
	if (!line->config && optind < argc) {
		(void)fprintf(stderr, "blueplaned: unexpected \"%s\"; see blueplaned --help\n",
			      argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/** Signals come by descriptor, to the main thread only. Every thread inherits the mask. */
static int open_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set,
			  NULL); /* NOLINT(concurrency-mt-unsafe): one thread yet */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/** Take all waiting signals. SIGCHLD and SIGHUP only wake us up. True when one ends us. */
static bool take_signals(struct bp_service *service, int fd)
{
	struct signalfd_siginfo info;
	bool ends = false;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
			bp_log_info("stopping (%s)",
				    info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
			bp_stop_request(&service->stop);
			ends = true;
		}
	}
	return ends;
}

/** Until somebody asks to stop: a signal, the job `stop`, or the end of the one job. Also until the
 *  database is found damaged: true then, when nobody asked for the end. */
static bool wait_for_stop(struct bp_service *service, int signals)
{
	int retry_ms = -1;
	bool asked = false;

	while (!bp_stop_requested(&service->stop)) {
		struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
				       {.fd = service->stop.fd, .events = POLLIN},
				       {.fd = service->damage.fd, .events = POLLIN}};

		(void)poll(fds, 3, retry_ms);
		asked = take_signals(service, signals) || asked;
		if (bp_stop_requested(&service->damage)) {
			bp_stop_request(&service->stop);
		}
		if (!bp_stop_requested(&service->stop)) {
			bp_service_watch_redis(service, &retry_ms);
		}
	}
	return bp_stop_requested(&service->damage) && !asked && !service->stop_asked;
}

/* The port of a redis.url on TCP, "host:port" or "redis://host:port"; 0: a socket. */
static int redis_port(const char *url)
{
	const char *colon = strrchr(url, ':');
	intmax_t port = url[0] != '/' && colon ? strtoimax(colon + 1, NULL, 10) : 0;

	return port > 0 && port <= UINT16_MAX ? (int)port : 0;
}

/** From here on the kernel keeps us to the home. */
static void enter_sandbox(const struct bp_settings *settings, const char *home)
{
	char socket[BP_HOME_PATH_BYTES];
	char redis[BP_HOME_PATH_BYTES];
	const char *folders[] = {home, NULL, NULL};
	const char *programs[] = {NULL, NULL};
	struct bp_sandbox sandbox = {.folders = folders,
				     .programs = programs,
				     .connect_port = redis_port(settings->daemon.redis_url)};
	struct bp_err err = {0};

	if (!settings->daemon.sandbox) {
		return;
	}
	if (bp_server_socket_path(home, socket, sizeof(socket), NULL) == BP_OK) {
		/* Outside of a home whose path is long: it must be there to be allowed. */
		folders[1] = dirname(socket);
		(void)(bp_file_make_dirs(folders[1], 0700, NULL) == BP_OK);
	}
	if (bp_server_find(settings->daemon.redis_binary, redis, sizeof(redis))) {
		programs[0] = redis; /* when there is none the start says so */
	}
	if (bp_sandbox_enter(&sandbox, &err) != BP_OK) {
		bp_log_warn("%s: nothing but our own code keeps us to the home", err.msg);
	}
}

static int fail(const struct bp_err *err)
{
	(void)fprintf(stderr, "blueplaned: %s\n", err->msg);
	return EXIT_FAILED;
}

/** Load the options; bp_service_close() takes them along. */
static enum bp_rc load(struct bp_service *service, const char *home,
		       const struct command_line *line, struct bp_err *err)
{
	return bp_settings_load(&service->settings, home, line->changes, line->n_changes, err);
}

/** The database is damaged, and everything is closed: what the next opening starts from. */
static enum bp_rc begin_again(struct bp_service *service, const char *home,
			      const struct command_line *line, const char *why, struct bp_err *err)
{
	memset(service, 0, sizeof(*service));
	(void)snprintf(service->damaged, sizeof(service->damaged), "%s", why);
	return load(service, home, line, err);
}

static enum bp_rc open_service(struct bp_service *service, const char *home,
			       const struct command_line *line, struct bp_err *err)
{
	enum bp_rc rc = bp_service_open(service, home, line->once == NULL, err);

	/* Other files can be damaged too, as the salt: the database is not to blame for them. */
	if (rc == BP_ECORRUPT && !service->damaged[0] && bp_stop_requested(&service->damage)) {
		const struct bp_err why = *err;

		*err = (struct bp_err){0};
		rc = begin_again(service, home, line, why.msg, err);
		if (rc == BP_OK) {
			rc = bp_service_open(service, home, line->once == NULL, err);
		}
	}
	return rc;
}

/** Serve until the end, or (true in *out_damaged) until the database is found damaged. */
static int serve(struct bp_service *service, const char *home, int signals,
		 const struct command_line *line, bool *out_damaged)
{
	struct bp_control *control = NULL;
	struct bp_err err = {0};

	if (open_service(service, home, line, &err) != BP_OK) {
		return fail(&err);
	}
	if (bp_control_start(service, &control, &err) != BP_OK) {
		bp_service_close(service);
		return fail(&err);
	}
	bp_log_info("blueplaned %s serves \"%s\" (ready in %lld ms)", BP_VERSION, home,
		    (long long)(bp_clock_mono_us() - service->started_us) / 1000);
	*out_damaged = wait_for_stop(service, signals);
	bp_service_interrupt(service);
	bp_control_stop(control);
	bp_service_close(service);
	bp_log_info("stopped");
	return EXIT_DONE;
}

/** The same for one job. */
static int run_once(struct bp_service *service, const char *home, int signals,
		    const struct command_line *line, bool *out_damaged)
{
	struct bp_once *once = NULL;
	struct bp_err err = {0};

	if (open_service(service, home, line, &err) != BP_OK) {
		return fail(&err);
	}
	enum bp_rc rc = bp_once_start(service, line->once, &once, &err);
	if (rc == BP_OK) {
		*out_damaged = wait_for_stop(service, signals);
	}
	bp_service_interrupt(service);
	bool done = bp_once_finish(once);
	bp_service_close(service);
	if (rc != BP_OK) {
		return fail(&err);
	}
	return done ? EXIT_DONE : EXIT_FAILED;
}

static int run(struct bp_service *service, const char *home, int signals,
	       const struct command_line *line)
{
	struct bp_err err = {0};

	for (;;) {
		bool damaged = false;
		int code = line->once ? run_once(service, home, signals, line, &damaged)
				      : serve(service, home, signals, line, &damaged);

		if (!damaged) {
			return code;
		}
		if (begin_again(service, home, line, "found while the service worked", &err) !=
		    BP_OK) {
			return fail(&err);
		}
	}
}

int main(int argc, char **argv)
{
	static struct bp_service service;
	struct command_line line = {0};
	struct bp_err err = {0};
	char home[BP_HOME_PATH_BYTES];
	char temporary[BP_HOME_PATH_BYTES];

	(void)umask(077);
	int code = parse(argc, argv, &line);
	if (code >= 0) {
		return code;
	}
	if (line.home) {
		/* Before any thread, so that every way to ask for the home gives this one. */
		(void)setenv("BLUEPLANE_HOME", line.home, 1); /* NOLINT(concurrency-mt-unsafe) */
	}
	if (bp_home_path(home, sizeof(home), &err) != BP_OK) {
		return fail(&err);
	}
	if (line.config) {
		return bp_settings_command(home, argc - optind, argv + optind);
	}
	if (load(&service, home, &line, &err) != BP_OK) {
		(void)fail(&err);
		return EXIT_USAGE;
	}
	bp_log_set_level((enum bp_log_level)service.settings.daemon.log_level);
	if (bp_home_make(home, &err) != BP_OK) {
		bp_settings_done(&service.settings);
		return fail(&err);
	}
	if (bp_home_file(home, "run", temporary, sizeof(temporary), &err) == BP_OK) {
		/* SQLite's temporary files hold what the database holds: they stay in the home. */
		(void)setenv("SQLITE_TMPDIR", temporary, 1); /* NOLINT(concurrency-mt-unsafe) */
	}
	enter_sandbox(&service.settings, home);
	(void)bp_sha256_use_ni();
	(void)bp_json_use_avx2();
	int signals = open_signals();
	if (signals < 0) {
		bp_settings_done(&service.settings);
		(void)bp_err_set(&err, BP_EIO, "no file descriptor left");
		return fail(&err);
	}
	return run(&service, home, signals, &line);
}
