/* SPDX-License-Identifier: MIT */
#include "query/cover.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* More dirty quarters than this (an import is running): one pass over the facts costs less. */
enum { DIRTY_MAX = 64, SPANS = 3 };

/* Sorted starts of what may not be read, per span. */
struct dirty {
	int64_t *starts;
	size_t n, cap;
};

struct search {
	const struct bp_rollups_question *question;
	const struct bp_tz *tz;    /* of stored days and months; NULL: there are none to be used */
	struct bp_tz *own_tz;      /* tz, when it was loaded for this */
	struct dirty dirty[SPANS]; /* by enum bp_rollup_span */
	struct bp_cover *cover;
};

static void add_piece(struct bp_cover *cover, struct bp_cover_piece piece, int64_t pending_us)
{
	struct bp_cover_piece *last = cover->n ? &cover->pieces[cover->n - 1] : NULL;

	if (piece.from_us >= piece.until_us) {
		return;
	}
	if (last && last->until_us == piece.from_us && last->stored == piece.stored &&
	    last->span == piece.span && (!piece.stored || piece.from_us != pending_us)) {
		last->until_us = piece.until_us;
		return;
	}
	if (cover->n == cover->cap) {
		cover->cap = cover->cap ? 2 * cover->cap : 16;
		cover->pieces = bp_realloc(cover->pieces, cover->cap, sizeof(cover->pieces[0]));
	}
	cover->pieces[cover->n++] = piece;
}

void bp_cover_done(struct bp_cover *cover)
{
	free(cover->pieces);
	*cover = (struct bp_cover){0};
}

/* Hours are stored with their day. */
static enum bp_rollup_span largest_of(const struct bp_rollups_question *question)
{
	return question->hours_of_calls ? BP_ROLLUP_DAY : question->largest;
}

/* --- what is dirty, and where there is something --- */

static void add_dirty(struct dirty *dirty, int64_t start_us)
{
	if (dirty->n == dirty->cap) {
		dirty->cap = dirty->cap ? 2 * dirty->cap : DIRTY_MAX;
		dirty->starts = bp_realloc(dirty->starts, dirty->cap, sizeof(dirty->starts[0]));
	}
	dirty->starts[dirty->n++] = start_us;
}

/* False when there are more than DIRTY_MAX dirty quarters in [from, until). */
static enum bp_rc read_dirty(struct bp_sql *sql, struct search *search,
			     const struct bp_stretch *whole, bool *out_few, struct bp_err *err)
{
	/* A span of days or months may hold the bounds: there are few of them. */
	static const char DIRTY[] =
		"SELECT 0, bucket_us FROM (SELECT bucket_us FROM dirty_bucket WHERE bucket_us > ?1 "
		"- 900000000 AND bucket_us < ?2 ORDER BY bucket_us LIMIT 65) UNION ALL SELECT "
		"span, start_us FROM dirty_span";
	struct bp_statement *row = NULL;
	enum bp_rc rc = bp_statement_new(sql, DIRTY, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(row, 1, whole->from_us);
	bp_bind_int(row, 2, whole->until_us);
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		int64_t span = bp_column_int(row, 0);
		if (span >= 0 && span < SPANS) {
			add_dirty(&search->dirty[span], bp_column_int(row, 1));
		}
	}
	bp_statement_free(row);
	*out_few = search->dirty[BP_ROLLUP_QUARTER].n <= DIRTY_MAX;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* Something dirty of that span begins in the stretch. */
static bool is_dirty(const struct dirty *dirty, const struct bp_stretch *stretch)
{
	size_t low = 0, high = dirty->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (dirty->starts[middle] < stretch->from_us) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < dirty->n && dirty->starts[low] < stretch->until_us;
}

/* Every fact lies in a quarter that has rollups or is dirty: there is nothing outside. */
static enum bp_rc read_bounds(struct bp_sql *sql, struct bp_stretch *out, struct bp_err *err)
{
	static const char BOUNDS[] =
		"SELECT (SELECT min(start_us) FROM rollups WHERE span = 0), (SELECT max(start_us) "
		"FROM rollups WHERE span = 0), (SELECT min(start_us) FROM session_rollups WHERE "
		"span = 0), (SELECT max(start_us) FROM session_rollups WHERE span = 0), (SELECT "
		"min(bucket_us) FROM dirty_bucket), (SELECT max(bucket_us) FROM dirty_bucket)";
	struct bp_statement *row = NULL;
	int64_t first = INT64_MAX, last = INT64_MIN;
	enum bp_rc rc = bp_statement_new(sql, BOUNDS, &row, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(row, err);
	}
	for (int i = 0; i < 6 && rc == BP_OK; i += 2) {
		int64_t from = bp_column_int(row, i), until = bp_column_int(row, i + 1);
		if (from != BP_SQL_NULL) {
			first = from < first ? from : first;
			last = until > last ? until : last;
		}
	}
	bp_statement_free(row);
	if (rc == BP_OK) {
		*out = (struct bp_stretch){first, last == INT64_MIN ? first : last + BP_BUCKET_US};
	}
	return rc;
}

/* --- covering --- */

static void cover_quarters(struct search *search, const struct bp_stretch *part)
{
	int64_t pending_us = search->question->pending_before_us;

	for (int64_t at = part->from_us; at < part->until_us;) {
		struct bp_stretch quarter = bp_rollup_span_of(NULL, BP_ROLLUP_QUARTER, at);
		int64_t until =
			quarter.until_us < part->until_us ? quarter.until_us : part->until_us;
		bool whole = at == quarter.from_us && until == quarter.until_us;
		bool splits = pending_us > quarter.from_us && pending_us < quarter.until_us;
		bool stored =
			whole && !splits && !is_dirty(&search->dirty[BP_ROLLUP_QUARTER], &quarter);
		add_piece(
			search->cover,
			(struct bp_cover_piece){.from_us = at, .until_us = until, .stored = stored},
			pending_us);
		at = until;
	}
}

/* The zone's hours are those of UTC: nowhere do clocks change twice a day. */
static bool has_hours_of_utc(const struct bp_tz *tz, const struct bp_stretch *day)
{
	return bp_tz_civil(tz, day->from_us).offset_s % 3600 == 0 &&
	       bp_tz_civil(tz, day->until_us - 1).offset_s % 3600 == 0;
}

static bool may_use(const struct search *search, enum bp_rollup_span span,
		    const struct bp_stretch *all, const struct bp_stretch *part)
{
	int64_t pending_us = search->question->pending_before_us;

	if (search->question->hours_of_calls &&
	    !has_hours_of_utc(search->question->period->tz, all)) {
		return false;
	}

	if (all->from_us < part->from_us || all->until_us > part->until_us ||
	    (pending_us > all->from_us && pending_us < all->until_us)) {
		return false;
	}
	for (int i = 0; i <= (int)span; i++) {
		if (is_dirty(&search->dirty[i], all)) {
			return false;
		}
	}
	return true;
}

/* The part with spans of that size or smaller ones. */
static void cover_part(struct search *search, enum bp_rollup_span span,
		       const struct bp_stretch *part)
{
	if (span == BP_ROLLUP_QUARTER) {
		cover_quarters(search, part);
		return;
	}
	for (int64_t at = part->from_us; at < part->until_us;) {
		struct bp_stretch all = bp_rollup_span_of(search->tz, span, at);
		if (may_use(search, span, &all, part)) {
			add_piece(search->cover,
				  (struct bp_cover_piece){.from_us = all.from_us,
							  .until_us = all.until_us,
							  .stored = true,
							  .span = span},
				  search->question->pending_before_us);
		} else {
			struct bp_stretch less = {
				at, all.until_us < part->until_us ? all.until_us : part->until_us};
			cover_part(search, (enum bp_rollup_span)(span - 1), &less);
		}
		at = all.until_us;
	}
}

/* Leave out what lies before and behind all facts, but not a part of the first or last span. */
static void cut_off(const struct search *search, const struct bp_stretch *bounds,
		    struct bp_stretch *whole)
{
	struct bp_stretch wide = *bounds;

	if (bounds->from_us >= bounds->until_us) {
		*whole = (struct bp_stretch){0};
		return;
	}
	if (search->tz) {
		enum bp_rollup_span span = largest_of(search->question);
		wide.from_us = bp_rollup_span_of(search->tz, span, bounds->from_us).from_us;
		wide.until_us = bp_rollup_span_of(search->tz, span, bounds->until_us - 1).until_us;
	}
	whole->from_us = wide.from_us > whole->from_us ? wide.from_us : whole->from_us;
	whole->until_us = wide.until_us < whole->until_us ? wide.until_us : whole->until_us;
}

/* The zone of stored days and months; none can be used for days of another zone. */
static void choose_zone(struct search *search, const struct bp_rollup_zone *zone)
{
	const struct bp_tz *asked = search->question->period->tz;

	if (largest_of(search->question) == BP_ROLLUP_QUARTER || zone->name[0] == '\0') {
		return;
	}
	if (asked && strcmp(bp_tz_name(asked), zone->name) == 0) {
		search->tz = asked;
	} else if (search->question->largest != BP_ROLLUP_DAY && !search->question->habits &&
		   bp_tz_load(zone->name, &search->own_tz, NULL) == BP_OK) {
		search->tz = search->own_tz; /* any months, or hours of days, will do */
	}
}

enum bp_rc bp_cover_find(struct bp_sql *sql, const struct bp_rollups_question *question,
			 struct bp_cover *out, struct bp_err *err)
{
	struct search search = {.question = question, .cover = out};
	struct bp_stretch whole = {question->period->from_us, question->period->until_us};
	struct bp_stretch bounds = {0};
	struct bp_rollup_zone zone;
	bool few = true;
	enum bp_rc rc = bp_rollup_zone_read(sql, &zone, err);

	/* Rollups are not kept apart by session, and those of another format cannot be read. */
	if (rc == BP_OK && (question->filter->one_session || zone.format != BP_BUCKET_FORMAT)) {
		add_piece(out, (struct bp_cover_piece){whole.from_us, whole.until_us, false, 0},
			  INT64_MIN);
		return BP_OK;
	}
	if (rc == BP_OK) {
		rc = read_bounds(sql, &bounds, err);
	}
	if (rc == BP_OK) {
		choose_zone(&search, &zone);
		cut_off(&search, &bounds, &whole);
		rc = read_dirty(sql, &search, &whole, &few, err);
	}
	if (rc == BP_OK && !few) {
		add_piece(out, (struct bp_cover_piece){whole.from_us, whole.until_us, false, 0},
			  INT64_MIN);
	} else if (rc == BP_OK) {
		cover_part(&search, search.tz ? largest_of(question) : BP_ROLLUP_QUARTER, &whole);
	}
	for (size_t i = 0; i < SPANS; i++) {
		free(search.dirty[i].starts);
	}
	bp_tz_free(search.own_tz);
	return rc;
}
