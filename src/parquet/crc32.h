/* SPDX-License-Identifier: MIT */
/**
 * crc32.h - the CRC-32 of gzip, which Parquet wants for its pages.
 *
 * Place: inside src/parquet (zlib is src/store's).
 */
#ifndef BP_PARQUET_CRC32_H
#define BP_PARQUET_CRC32_H

#include <stdint.h>

#include "base/str.h"

uint32_t bp_crc32(struct bp_str bytes);

#endif
