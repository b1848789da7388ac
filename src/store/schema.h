/* SPDX-License-Identifier: MIT */
/**
 * schema.h - the files of schema/, embedded (cmake/bp_embed_sql.cmake writes schema_gen.c).
 *
 * Place: inside src/store.
 */
#ifndef BP_STORE_SCHEMA_H
#define BP_STORE_SCHEMA_H

/** One numbered migration. */
struct bp_schema_migration {
	int version;      /* 1, 2, ...; 0 ends the list */
	const char *name; /* what it is about */
	const char *sql;  /* NUL-terminated */
};

/** In order, ended by version 0. */
extern const struct bp_schema_migration bp_schema_migrations[];

#endif
