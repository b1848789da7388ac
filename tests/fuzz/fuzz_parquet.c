/* SPDX-License-Identifier: MIT */
/* An archive file that somebody else wrote. The checksums would keep a fuzzer out of everything
 * behind them, so its bytes go in behind them as well: as a footer, and as an inflated page. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "parquet/footer.h"
#include "parquet/page.h"
#include "parquet/parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(struct bp_str bytes)
{
	struct bp_parquet_reader *reader = NULL;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char *path = bp_asprintf("/proc/self/fd/%d", fd);
	size_t n = 0;

	if (fd >= 0 && bp_file_write_all(fd, bytes.ptr, bytes.len, NULL) == BP_OK &&
	    bp_parquet_reader_open(path, &reader, NULL) == BP_OK) {
		(void)bp_parquet_reader_columns(reader, &n);
		struct bp_parquet_value *values = bp_calloc(n, sizeof(*values));
		while (bp_parquet_reader_next(reader, values, NULL) == BP_OK) {
		}
		free(values);
		bp_parquet_reader_free(reader);
	}
	(void)close(fd);
	free(path);
}

static void read_footer(struct bp_str bytes)
{
	struct bp_arena arena = {0};
	struct bp_parquet_footer footer;

	if (bp_parquet_read_footer(bytes, &arena, &footer, NULL) == BP_OK &&
	    footer.n_columns == 0) {
		abort();
	}
	bp_arena_done(&arena);
}

/* The first two bytes choose the column and the rows. */
static void read_page(struct bp_str bytes)
{
	struct bp_parquet_column column = {.name = "x"};
	struct bp_parquet_page_head head;
	struct bp_parquet_value value;
	struct bp_page page = {0};
	size_t used = 0;

	if (bytes.len < 2) {
		return;
	}
	(void)bp_parquet_read_page_head(bytes, &head, &used);
	column.type = (enum bp_parquet_type)((unsigned char)bytes.ptr[0] % 6);
	column.optional = (bytes.ptr[0] & 0x40) != 0;
	size_t n = 1 + (size_t)(unsigned char)bytes.ptr[1];
	if (bp_page_open(&page, &column, n, bp_str_make(bytes.ptr + 2, bytes.len - 2))) {
		while (page.i < page.n && bp_page_next(&page, &value)) {
			if (!value.null && value.text.len > bytes.len) {
				abort();
			}
		}
	}
	bp_page_done(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_str bytes = bp_str_make((const char *)data, size);

	read_file(bytes);
	read_footer(bytes);
	read_page(bytes);
	return 0;
}
