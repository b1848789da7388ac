/* SPDX-License-Identifier: MIT */
#include "daemon/archiving.h"

#include <stdlib.h>

enum bp_rc bp_archiving_open(struct bp_service *service, struct bp_archiving *out,
			     struct bp_err *err)
{
	struct bp_archiving archiving = {.service = service};
	struct bp_archive *archive = &archiving.archive;
	enum bp_rc rc = bp_service_sql(service, BP_SQL_WRITE, &archive->sql, err);

	archive->codec = bp_codec_new();
	archive->lock = service->lock;
	archive->folder = service->archive;
	archive->stop = &service->stop;
	if (rc == BP_OK) {
		rc = bp_codec_load(archive->codec, archive->sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_archive_recover(archive, err);
	}
	if (rc != BP_OK) {
		bp_archiving_close(&archiving);
		return rc;
	}
	*out = archiving;
	return BP_OK;
}

void bp_archiving_close(struct bp_archiving *archiving)
{
	bp_codec_free(archiving->archive.codec);
	bp_sql_close(archiving->archive.sql);
}

enum bp_rc bp_archiving_run(struct bp_archiving *archiving, int64_t before_us, bool keep,
			    int64_t *out_rows, struct bp_err *err)
{
	const struct bp_archive *archive = &archiving->archive;
	struct bp_archive_part *parts = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_archive_plan(archive->sql, before_us, &parts, &n, err);

	*out_rows = 0;
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		int64_t rows = 0;

		rc = bp_archive_move(archive, &parts[i], keep, &rows, err);
		*out_rows += rows;
	}
	free(parts);
	if (*out_rows > 0) {
		bp_service_rows_changed(archiving->service);
		if (rc == BP_OK) {
			rc = bp_archive_vacuum(archive, err);
		}
	}
	return rc;
}

static const char USED[] = "SELECT (page_count - freelist_count) * page_size FROM"
			   " pragma_page_count(), pragma_freelist_count(), pragma_page_size()";

enum bp_rc bp_archiving_database_bytes(struct bp_sql *sql, int64_t *out, struct bp_err *err)
{
	struct bp_statement *ask = NULL;
	enum bp_rc rc = bp_statement_new(sql, USED, &ask, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(ask, err);
	}
	if (rc == BP_OK) {
		*out = bp_column_int(ask, 0);
	}
	bp_statement_free(ask);
	return rc;
}
