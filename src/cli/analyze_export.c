/* SPDX-License-Identifier: MIT */
#include "cli/analyze_export.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/export_file.h"

enum bp_rc bp_analyze_export_format(const char *path, enum bp_format *out, struct bp_err *err)
{
	struct bp_str text = bp_str_from(path);

	if (bp_str_ends(text, BP_STR(".json"))) {
		*out = BP_FORMAT_JSON;
		return BP_OK;
	}
	if (bp_str_ends(text, BP_STR(".md")) || bp_str_ends(text, BP_STR(".markdown"))) {
		*out = BP_FORMAT_MARKDOWN;
		return BP_OK;
	}
	return bp_err_set(err, BP_EINVAL,
			  "--export: \"%.120s\" ends neither in .json nor in .md, so its format "
			  "is not known",
			  path);
}

enum bp_rc bp_analyze_export_json(const char *path, bool overwrite, struct cJSON *json,
				  struct bp_err *err)
{
	struct bp_export_file file;
	char *text = cJSON_PrintUnformatted(json);
	enum bp_rc rc = bp_export_file_open(path, overwrite, &file, err);

	cJSON_Delete(json);
	if (rc != BP_OK) {
		free(text);
		return rc;
	}
	rc = bp_export_file_write(&file, text, strlen(text), err);
	if (rc == BP_OK) {
		rc = bp_export_file_write(&file, "\n", 1, err);
	}
	if (rc == BP_OK) {
		rc = bp_export_file_finish(&file, err);
	}
	bp_export_file_close(&file);
	free(text);
	return rc;
}

/* Tables print to stdout: for a while the file is that. */
static enum bp_rc print_into(int fd, const struct bp_cli *cli,
			     void (*print)(const struct bp_cli *cli, const void *arg),
			     const void *arg, struct bp_err *err)
{
	(void)fflush(stdout);
	int screen = dup(STDOUT_FILENO);
	if (screen < 0 || dup2(fd, STDOUT_FILENO) < 0) {
		enum bp_rc rc = bp_err_set(err, BP_EIO, "cannot write to a file: %s",
					   strerrordesc_np(errno));
		if (screen >= 0) {
			(void)close(screen);
		}
		return rc;
	}
	print(cli, arg);
	bool written = fflush(stdout) == 0 && !ferror(stdout);
	int code = errno;
	(void)dup2(screen, STDOUT_FILENO);
	(void)close(screen);
	return written ? BP_OK
		       : bp_err_set(err, BP_EIO, "cannot write the file: %s",
				    strerrordesc_np(code));
}

enum bp_rc bp_analyze_export_markdown(const char *path, bool overwrite, const struct bp_cli *cli,
				      void (*print)(const struct bp_cli *cli, const void *arg),
				      const void *arg, struct bp_err *err)
{
	struct bp_cli markdown = *cli;
	struct bp_export_file file;
	enum bp_rc rc = bp_export_file_open(path, overwrite, &file, err);

	if (rc != BP_OK) {
		return rc;
	}
	markdown.print = (struct bp_print){.format = BP_FORMAT_MARKDOWN, .utf8 = cli->print.utf8};
	rc = print_into(file.fd, &markdown, print, arg, err);
	if (rc == BP_OK) {
		rc = bp_export_file_finish(&file, err);
	}
	bp_export_file_close(&file);
	return rc;
}
