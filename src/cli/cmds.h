/* SPDX-License-Identifier: MIT */
/**
 * cmds.h - the commands, one cmd_<name>.c each. Adding one: its file, a line here and in cmds.c.
 */
#ifndef BP_CLI_CMDS_H
#define BP_CLI_CMDS_H

#include "cli/cmd.h"

extern const struct bp_command bp_cmd_analyze;
extern const struct bp_command bp_cmd_archive;
extern const struct bp_command bp_cmd_completion;
extern const struct bp_command bp_cmd_config;
extern const struct bp_command bp_cmd_costs;
extern const struct bp_command bp_cmd_db;
extern const struct bp_command bp_cmd_dlq;
extern const struct bp_command bp_cmd_doctor;
extern const struct bp_command bp_cmd_export;
extern const struct bp_command bp_cmd_guard;
extern const struct bp_command bp_cmd_help;
extern const struct bp_command bp_cmd_import;
extern const struct bp_command bp_cmd_insights;
extern const struct bp_command bp_cmd_install;
extern const struct bp_command bp_cmd_logs;
extern const struct bp_command bp_cmd_metrics;
extern const struct bp_command bp_cmd_privacy;
extern const struct bp_command bp_cmd_purge;
extern const struct bp_command bp_cmd_rebuild;
extern const struct bp_command bp_cmd_restart;
extern const struct bp_command bp_cmd_search;
extern const struct bp_command bp_cmd_sessions;
extern const struct bp_command bp_cmd_start;
extern const struct bp_command bp_cmd_statusline;
extern const struct bp_command bp_cmd_stats;
extern const struct bp_command bp_cmd_status;
extern const struct bp_command bp_cmd_stop;
extern const struct bp_command bp_cmd_team;
extern const struct bp_command bp_cmd_top;
extern const struct bp_command bp_cmd_uninstall;
extern const struct bp_command bp_cmd_up;
extern const struct bp_command bp_cmd_version;
extern const struct bp_command bp_cmd_watch;

#endif
