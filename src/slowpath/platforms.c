/* SPDX-License-Identifier: MIT */
#include "slowpath/platform.h"

static const struct bp_platform *const platforms[] = {
	&bp_platform_claude,
};

const struct bp_platform *bp_platform_find(struct bp_str name)
{
	for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
		if (bp_str_is(name, platforms[i]->name)) {
			return platforms[i];
		}
	}
	return NULL;
}
