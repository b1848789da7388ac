/* SPDX-License-Identifier: MIT */
/* A config file that anybody wrote: it is read, or refused with a message; never more. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/config_private.h"
#include "unit/base/sample_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_config_document *document = NULL;
	struct bp_config_pendings pendings = {0};

	sample_setup();
	if (bp_config_document_parse(bp_str_make((const char *)data, size), "fuzz", &document,
				     &err) == BP_OK) {
		struct bp_config_place place = bp_config_document_find(document, "one.wait");

		BP_ASSERT(place.value_end <= size && place.insert_at <= size);
		if (bp_config_document_collect(config, document, &pendings, &err) != BP_OK) {
			BP_ASSERT(err.msg[0] != '\0');
		}
	}
	bp_config_pendings_done(&pendings);
	bp_config_document_free(document);
	sample_teardown();
	return 0;
}
