/* SPDX-License-Identifier: MIT */
#include "parquet/crc32.h"

#include <pthread.h>

enum { SLICES = 8 };

/* table[k][b]: what byte b does when k more bytes follow: eight bytes at a time. */
static uint32_t table[SLICES][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	const uint32_t polynomial = 0xEDB88320U;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++) {
			value = value >> 1 ^ (value & 1 ? polynomial : 0);
		}
		table[0][i] = value;
	}
	for (int k = 1; k < SLICES; k++) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t before = table[k - 1][i];

			table[k][i] = before >> 8 ^ table[0][before & 0xFF];
		}
	}
}

uint32_t bp_crc32(struct bp_str bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.ptr;
	size_t n = bytes.len;
	uint32_t crc = UINT32_MAX;

	(void)pthread_once(&once, make_table);
	for (; n >= SLICES; n -= SLICES, at += SLICES) {
		crc = table[7][(crc ^ at[0]) & 0xFF] ^ table[6][(crc >> 8 ^ at[1]) & 0xFF] ^
		      table[5][(crc >> 16 ^ at[2]) & 0xFF] ^ table[4][crc >> 24 ^ at[3]] ^
		      table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
	}
	for (; n > 0; n--, at++) {
		crc = crc >> 8 ^ table[0][(crc ^ *at) & 0xFF];
	}
	return ~crc;
}
