/* SPDX-License-Identifier: MIT */
#include "daemon/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/home.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/thread.h"
#include "base/unix_socket.h"
#include "daemon/job.h"
#include "daemon/service.h"

enum {
	CLIENTS_MAX = 64,
	JOBS_MAX = 64,
	REQUEST_BYTES_MAX = 1024 * 1024,
	REPLY_BYTES_MAX = 4 * 1024 * 1024
};

/** One connection. The control thread owns it; a job holds a reference while it runs. */
struct client {
	int fd;         /* -1: gone */
	bool busy;      /* a job of it is queued or runs */
	int references; /* under the mutex */
	struct bp_buf in;
	struct bp_buf out; /* under the mutex */
};

/** A request on its way to the job thread. */
struct work {
	struct bp_job_reply reply; /* first: progress() casts back */
	struct bp_control *control;
	struct client *client;
	cJSON *request;
};

struct bp_control {
	struct bp_service *service;
	int listener;
	int wake; /* eventfd: there is output, or the end has come */
	atomic_bool ending;
	pthread_mutex_t mutex;
	struct bp_queue *queue; /* struct work */
	struct client *clients[CLIENTS_MAX];
	size_t n_clients;
	struct bp_thread thread;
	struct bp_thread job_thread;
};

static void wake(struct bp_control *control)
{
	const uint64_t one = 1;

	(void)!write(control->wake, &one, sizeof(one)); /* full means: it is awake anyway */
}

/** Give one reference back; the last one frees. */
static void release(struct bp_control *control, struct client *client)
{
	(void)pthread_mutex_lock(&control->mutex);
	bool last = --client->references == 0;
	(void)pthread_mutex_unlock(&control->mutex);
	if (last) {
		if (client->fd >= 0) {
			(void)close(client->fd);
		}
		bp_buf_done(&client->in);
		bp_buf_done(&client->out);
		free(client);
	}
}

/** Queue one line for the client. Takes answer. */
static void send_json(struct bp_control *control, struct client *client, cJSON *answer)
{
	char *text = cJSON_PrintUnformatted(answer);

	(void)pthread_mutex_lock(&control->mutex);
	bp_buf_add_str(&client->out, bp_str_from(text));
	bp_buf_add_char(&client->out, '\n');
	(void)pthread_mutex_unlock(&control->mutex);
	cJSON_free(text);
	cJSON_Delete(answer);
	wake(control);
}

static void send_progress(struct bp_job_reply *reply, cJSON *progress)
{
	struct work *work = (struct work *)(void *)reply;
	cJSON *line = cJSON_CreateObject();

	cJSON_AddItemToObject(line, "progress", progress);
	send_json(work->control, work->client, line);
}

static bool client_gone(struct bp_job_reply *reply)
{
	struct work *work = (struct work *)(void *)reply;

	(void)pthread_mutex_lock(&work->control->mutex);
	bool gone = work->client->fd < 0;
	(void)pthread_mutex_unlock(&work->control->mutex);
	return gone;
}

static void run_work(struct work *work)
{
	struct bp_control *control = work->control;

	send_json(control, work->client,
		  bp_job_answer(control->service, work->request, &work->reply));
	(void)pthread_mutex_lock(&control->mutex);
	work->client->busy = false;
	(void)pthread_mutex_unlock(&control->mutex);
	wake(control); /* its next request may wait in the buffer */
	release(control, work->client);
	cJSON_Delete(work->request);
	free(work);
}

static void job_run(void *arg)
{
	struct bp_control *control = arg;
	void *item = NULL;

	while (bp_queue_pop(control->queue, -1, &item) == BP_OK) {
		run_work(item);
	}
}

/** Start what one line asks for. */
static void take_request(struct bp_control *control, struct client *client, struct bp_str line)
{
	cJSON *request = cJSON_ParseWithLength(line.ptr, line.len);
	const struct bp_job *job = NULL;
	const cJSON *args = NULL;
	struct bp_err err = {0};

	enum bp_rc rc = bp_job_parse(request, &job, &args, &err);
	if (rc == BP_OK && !job->quick && bp_queue_depth(control->queue) >= JOBS_MAX) {
		rc = bp_err_set(&err, BP_EBUSY, "too many jobs wait: try again later");
	}
	if (rc != BP_OK) {
		cJSON_Delete(request);
		send_json(control, client, bp_job_error(&err));
		return;
	}
	struct work *work = bp_calloc(1, sizeof(*work));
	work->reply = (struct bp_job_reply){.progress = send_progress, .gone = client_gone};
	work->control = control;
	work->client = client;
	work->request = request;
	(void)pthread_mutex_lock(&control->mutex);
	client->references++;
	client->busy = true;
	(void)pthread_mutex_unlock(&control->mutex);
	if (job->quick || bp_queue_push(control->queue, work) != BP_OK) {
		run_work(work); /* a closed queue: the service ends, and the job says so */
	}
}

static bool is_busy(struct bp_control *control, const struct client *client)
{
	(void)pthread_mutex_lock(&control->mutex);
	bool busy = client->busy;
	(void)pthread_mutex_unlock(&control->mutex);
	return busy;
}

/** Start the requests that wait in the buffer, one at a time. */
static void take_lines(struct bp_control *control, struct client *client)
{
	while (client->in.len > 0 && !is_busy(control, client)) {
		struct bp_str rest = bp_buf_str(&client->in);
		struct bp_str line;

		if (!bp_line_next(&rest, &line)) {
			return;
		}
		char *copy = bp_strdup(line);
		size_t n = line.len;
		bp_buf_consume(&client->in, client->in.len - rest.len);
		if (n > 0) {
			take_request(control, client, bp_str_make(copy, n));
		}
		free(copy);
	}
}

/** Read what is there. False: the client is gone. */
static bool receive(struct client *client)
{
	for (;;) {
		char *to = bp_buf_reserve(&client->in, 4096);
		if (!to) {
			return false; /* a request over a megabyte is none of ours */
		}
		ssize_t n = read(client->fd, to, 4096);
		if (n > 0) {
			client->in.len += (size_t)n;
		} else if (n == 0) {
			return false;
		} else if (errno != EINTR) {
			return errno == EAGAIN;
		}
	}
}

/** Send what waits. False: the client is gone, or reads too slowly. */
static bool transmit(struct bp_control *control, struct client *client)
{
	bool alive = true;

	(void)pthread_mutex_lock(&control->mutex);
	alive = bp_buf_ok(&client->out);
	while (alive && client->out.len > 0) {
		ssize_t n = send(client->fd, client->out.ptr, client->out.len, MSG_NOSIGNAL);
		if (n > 0) {
			bp_buf_consume(&client->out, (size_t)n);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			alive = n < 0 && errno == EAGAIN;
			break;
		}
	}
	(void)pthread_mutex_unlock(&control->mutex);
	return alive;
}

static void accept_client(struct bp_control *control)
{
	int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		return;
	}
	if (control->n_clients == CLIENTS_MAX) {
		(void)close(fd);
		return;
	}
	struct client *client = bp_calloc(1, sizeof(*client));
	client->fd = fd;
	client->references = 1;
	bp_buf_init(&client->in, REQUEST_BYTES_MAX);
	bp_buf_init(&client->out, REPLY_BYTES_MAX);
	control->clients[control->n_clients++] = client;
}

/** What is there to do for one client. False: let go of it. */
static bool serve(struct bp_control *control, struct client *client, short revents)
{
	bool alive = true;

	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
		alive = receive(client);
	}
	take_lines(control, client);
	return transmit(control, client) && alive;
}

static void drop_client(struct bp_control *control, size_t i)
{
	struct client *client = control->clients[i];

	/* Its job may still run and hold it: what it says then goes nowhere. */
	(void)pthread_mutex_lock(&control->mutex);
	(void)close(client->fd);
	client->fd = -1;
	(void)pthread_mutex_unlock(&control->mutex);
	control->clients[i] = control->clients[--control->n_clients];
	release(control, client);
}

static bool has_output(struct bp_control *control, const struct client *client)
{
	(void)pthread_mutex_lock(&control->mutex);
	bool waits = client->out.len > 0;
	(void)pthread_mutex_unlock(&control->mutex);
	return waits;
}

static void control_run(void *arg)
{
	struct bp_control *control = arg;
	struct pollfd fds[CLIENTS_MAX + 2];
	uint64_t count = 0;

	while (!atomic_load(&control->ending)) {
		nfds_t n = 0;
		fds[n++] = (struct pollfd){.fd = control->wake, .events = POLLIN};
		fds[n++] = (struct pollfd){.fd = control->listener, .events = POLLIN};
		for (size_t i = 0; i < control->n_clients; i++) {
			short events = has_output(control, control->clients[i]) ? POLLIN | POLLOUT
										: POLLIN;
			fds[n++] = (struct pollfd){.fd = control->clients[i]->fd, .events = events};
		}
		if (poll(fds, n, -1) < 0 && errno != EINTR) {
			bp_log_error("the control socket: poll: %s", strerrordesc_np(errno));
			return;
		}
		if (fds[0].revents) {
			(void)!read(control->wake, &count, sizeof(count));
		}
		/* Backwards, as dropping one moves the last into its place. */
		for (size_t i = control->n_clients; i-- > 0;) {
			if (!serve(control, control->clients[i], fds[i + 2].revents)) {
				drop_client(control, i);
			}
		}
		if (fds[1].revents) {
			accept_client(control);
		}
	}
	/* The last words: the answer to `stop` among them. */
	for (size_t i = 0; i < control->n_clients; i++) {
		(void)transmit(control, control->clients[i]);
	}
}

enum bp_rc bp_control_start(struct bp_service *service, struct bp_control **out, struct bp_err *err)
{
	struct bp_control *control = bp_calloc(1, sizeof(*control));
	char path[BP_HOME_PATH_BYTES];

	control->service = service;
	control->listener = -1;
	(void)pthread_mutex_init(&control->mutex, NULL);
	control->queue = bp_queue_new(JOBS_MAX + 1);
	control->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	enum bp_rc rc = control->wake < 0 ? bp_err_set(err, BP_EIO, "no file descriptor left")
					  : bp_home_file(service->home, "run/control.sock", path,
							 sizeof(path), err);
	if (rc == BP_OK) {
		rc = bp_unix_listen(path, &control->listener, err);
	}
	if (rc == BP_OK) {
		rc = bp_thread_start(&control->job_thread, "bp-job", job_run, control, err);
	}
	if (rc == BP_OK) {
		rc = bp_thread_start(&control->thread, "bp-control", control_run, control, err);
	}
	if (rc != BP_OK) {
		bp_control_stop(control);
		return rc;
	}
	*out = control;
	return BP_OK;
}

void bp_control_stop(struct bp_control *control)
{
	char path[BP_HOME_PATH_BYTES];

	if (!control) {
		return;
	}
	bp_queue_close(control->queue);
	bp_thread_join(&control->job_thread);
	atomic_store(&control->ending, true);
	if (control->wake >= 0) {
		wake(control);
	}
	bp_thread_join(&control->thread);
	while (control->n_clients > 0) {
		drop_client(control, control->n_clients - 1);
	}
	if (control->listener >= 0) {
		(void)close(control->listener);
		if (bp_home_file(control->service->home, "run/control.sock", path, sizeof(path),
				 NULL) == BP_OK) {
			(void)unlink(path);
		}
	}
	if (control->wake >= 0) {
		(void)close(control->wake);
	}
	bp_queue_free(control->queue);
	(void)pthread_mutex_destroy(&control->mutex);
	free(control);
}
