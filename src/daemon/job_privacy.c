/* SPDX-License-Identifier: MIT */
/* The jobs `privacy_show` (what is kept) and `privacy_audit` (is more than that kept). */
#include <stdlib.h>

#include "base/mem.h"
#include "daemon/audit.h"
#include "daemon/job.h"
#include "daemon/service.h"

/* --- show --- */

/** Why it is not kept, or NULL when it is. */
static const char *reason(const struct bp_policy *policy, enum bp_kept what)
{
	const struct bp_kept_rule *rule = &bp_kept_rules[what];

	if (bp_kept(policy, what)) {
		return NULL;
	}
	return policy->level < rule->level              ? "level"
	       : (policy->opt_out & rule->opt_out) != 0 ? "opt_out"
							: "setting";
}

static cJSON *opt_outs(uint32_t bits)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; bp_opt_out_names[i]; i++) {
		if (bits & (UINT32_C(1) << i)) {
			cJSON_AddItemToArray(list, cJSON_CreateString(bp_opt_out_names[i]));
		}
	}
	return list;
}

static cJSON *rule_json(const struct bp_policy *policy, enum bp_kept what)
{
	const struct bp_kept_rule *rule = &bp_kept_rules[what];
	const char *why = reason(policy, what);
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", rule->name);
	cJSON_AddStringToObject(json, "what", rule->what);
	cJSON_AddStringToObject(json, "level", bp_level_name(rule->level));
	cJSON_AddBoolToObject(json, "kept", why == NULL);
	cJSON_AddItemToObject(json, "not_kept_for",
			      why ? cJSON_CreateString(why) : cJSON_CreateNull());
	cJSON_AddItemToObject(json, "setting",
			      rule->setting ? cJSON_CreateString(rule->setting)
					    : cJSON_CreateNull());
	cJSON_AddItemToObject(json, "opt_out", opt_outs(rule->opt_out));
	return json;
}

static void add_source(cJSON *platforms, const char *platform, const char *source,
		       const struct bp_policy *policy)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "platform", platform);
	cJSON_AddStringToObject(json, "source", source);
	cJSON_AddStringToObject(json, "level", bp_level_name(policy->level));
	cJSON *kept = cJSON_AddArrayToObject(json, "kept");
	for (int i = 0; i < BP_KEPT_N; i++) {
		cJSON_AddItemToArray(kept, rule_json(policy, (enum bp_kept)i));
	}
	cJSON_AddItemToArray(platforms, json);
}

static enum bp_rc show(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
		       cJSON **out_result, struct bp_err *err)
{
	struct bp_policy policy = bp_settings_policy(&service->settings.daemon);

	(void)args;
	(void)reply;
	(void)err;
	*out_result = cJSON_CreateObject();
	cJSON_AddNumberToObject(*out_result, "schema_version", 1);
	cJSON_AddStringToObject(*out_result, "level",
				bp_level_name((enum bp_level)service->settings.daemon.level));
	cJSON_AddItemToObject(*out_result, "opt_out", opt_outs(policy.opt_out));
	cJSON *platforms = cJSON_AddArrayToObject(*out_result, "platforms");
	add_source(platforms, "claude_code", "transcripts", &policy);
	policy.level = BP_LEVEL_STRICT; /* a hook always is */
	add_source(platforms, "claude_code", "hooks", &policy);
	return BP_OK;
}

const struct bp_job bp_job_privacy_show = {.name = "privacy_show", .quick = true, .run = show};

/* --- audit --- */

static cJSON *result_of(const struct bp_audit *audit)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "schema_version", 1);
	cJSON_AddBoolToObject(json, "clean", audit->n_findings == 0);
	cJSON_AddStringToObject(json, "level", bp_level_name(audit->policies[0].level));
	cJSON_AddNumberToObject(json, "rows", (double)audit->rows);
	cJSON_AddNumberToObject(json, "archived_rows", (double)audit->archived_rows);
	cJSON_AddNumberToObject(json, "fact_texts", (double)audit->facts);
	cJSON_AddNumberToObject(json, "queue_entries", (double)audit->entries);
	cJSON_AddNumberToObject(json, "files", (double)audit->files);
	cJSON *findings = cJSON_AddArrayToObject(json, "findings");
	for (size_t i = 0; i < audit->n_findings; i++) {
		const struct bp_finding *finding = &audit->findings[i];
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "place", finding->place);
		cJSON_AddStringToObject(one, "kind", finding->kind);
		cJSON_AddNumberToObject(one, "count", (double)finding->count);
		cJSON_AddItemToObject(one, "first",
				      *finding->first ? cJSON_CreateString(finding->first)
						      : cJSON_CreateNull());
		cJSON_AddItemToArray(findings, one);
	}
	return json;
}

static enum bp_rc audit(struct bp_service *service, const cJSON *args, struct bp_job_reply *reply,
			cJSON **out_result, struct bp_err *err)
{
	struct bp_audit *audit = bp_calloc(1, sizeof(*audit));
	enum bp_rc rc = bp_audit_init(audit, service, reply, err);

	(void)args;
	if (rc == BP_OK) {
		rc = bp_audit_rows(audit, err);
	}
	if (rc == BP_OK) {
		rc = bp_audit_archive(audit, err);
	}
	if (rc == BP_OK) {
		rc = bp_audit_facts(audit, err);
	}
	if (rc == BP_OK) {
		rc = bp_audit_redis(audit, err);
	}
	if (rc == BP_OK) {
		bp_audit_files(audit);
		*out_result = result_of(audit);
	}
	bp_audit_done(audit);
	free(audit);
	return rc;
}

const struct bp_job bp_job_privacy_audit = {.name = "privacy_audit", .run = audit};
