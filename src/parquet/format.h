/* SPDX-License-Identifier: MIT */
/**
 * format.h - the numbers of the Parquet format that this folder uses.
 *
 * Place:  inside src/parquet.
 * Source: parquet.thrift of Apache Parquet format 2.10.
 */
#ifndef BP_PARQUET_FORMAT_H
#define BP_PARQUET_FORMAT_H

/* Numbers are little-endian in the file, and here they are copied as they are in memory. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "src/parquet copies numbers as they are in memory: add the swaps for this machine"
#endif

#define BP_PARQUET_MAGIC "PAR1"

/* Ours, before the footer: other readers pass over it. The footer's CRC-32 follows. */
#define BP_PARQUET_SEAL "BPcr"

enum {
	BP_PARQUET_MAGIC_BYTES = 4,
	BP_PARQUET_LENGTH_BYTES = 4,
	BP_PARQUET_SEAL_BYTES = 8,                     /* the seal and the CRC */
	BP_PARQUET_PAGE_BYTES = 1024 * 1024,           /* a page ends when it has so many */
	BP_PARQUET_GROUP_BYTES_MAX = 64 * 1024 * 1024, /* a group ends when it has so many */
	BP_PARQUET_PAGE_HEAD_BYTES_MAX = 64,           /* ours have 30 */
	BP_PARQUET_FOOTER_BYTES_MAX = 256 * 1024 * 1024,
	BP_PARQUET_HELD_BYTES_MAX = 512 * 1024 * 1024, /* inflated pages of all columns */
	BP_PARQUET_STAT_BYTES_MAX = 64                 /* longer texts have no minimum, maximum */
};

/** enum Type. */
enum bp_parquet_physical {
	BP_PARQUET_PHYSICAL_BOOLEAN = 0,
	BP_PARQUET_PHYSICAL_INT64 = 2,
	BP_PARQUET_PHYSICAL_DOUBLE = 5,
	BP_PARQUET_PHYSICAL_BYTE_ARRAY = 6
};

enum {
	BP_PARQUET_REQUIRED = 0, /* enum FieldRepetitionType */
	BP_PARQUET_OPTIONAL = 1,
	BP_PARQUET_CONVERTED_UTF8 = 0, /* enum ConvertedType: what was before logical types */
	BP_PARQUET_CONVERTED_TIMESTAMP_MICROS = 10,
	BP_PARQUET_ENCODING_PLAIN = 0, /* enum Encoding */
	BP_PARQUET_ENCODING_RLE = 3,
	BP_PARQUET_CODEC_ZSTD = 6, /* enum CompressionCodec */
	BP_PARQUET_DATA_PAGE = 0   /* enum PageType */
};

#endif
