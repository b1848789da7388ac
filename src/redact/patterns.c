/* SPDX-License-Identifier: MIT */
#include "redact/patterns.h"

/* Not in the middle of a word. */
#define START "(?<![A-Za-z0-9])"
#define END "(?![A-Za-z0-9])"

/* "name" = "value": what may stand between, quotes escaped or not. */
#define ASSIGN "(?:\\\\*[\"'`])?\\s*(?::=|=>|[:=])\\s*"

/* A value in quotes up to its end, else up to the next blank; in one group either way. */
#define VALUE                                                                                      \
	"(?|\\\\*\"((?:[^\"\\\\\\n]|\\\\(?!\"))+)|\\\\*'((?:[^'\\\\\\n]|\\\\(?!'))+)|`([^`\\n]+)"  \
	"|([^\\s\"'`,;&]+))"

/* Values that say where the secret is, or of what type it is, and are none. */
#define NO_VALUE                                                                                   \
	"(?!\\$\\{?[A-Z_][A-Z0-9_]*\\}?(?:[\\s\"';,)]|$)|<[a-z _-]+>"                              \
	"|(?:string|str|bytes|bool|boolean|int|integer|number|any|null|none|nil|undefined|true"    \
	"|false|optional|required|object|self|this)\\b)"

#define SECRET_NAME                                                                                \
	"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key"   \
	"|private[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|auth[_-]?key"         \
	"|credentials?|[_-]pass)"

const struct bp_redact_pattern bp_redact_patterns[] = {
	{"private_key", "PRIVATE KEY",
	 "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]++|-(?!----END ))*+"
	 "(?:-----END [^-]{0,60}-----)?"},
	{"private_key", "Private-Lines",
	 "Private-Lines: ?\\d+\\s+((?:[A-Za-z0-9+/=]{16,}+(?:\\s|\\\\n)*+)+)"},
	{"aws_key", NULL, START "(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}" END},
	{"google_key", "AIza", START "AIza[0-9A-Za-z_-]{35}"},
	{"google_token", "ya29.", START "ya29\\.[0-9A-Za-z_.-]{20,}"},
	{"google_token", "1//", START "1//[0-9A-Za-z_-]{30,}"},
	{"google_secret", "GOCSPX-", START "GOCSPX-[A-Za-z0-9_-]{20,}"},
	{"azure_key", "Key=", "(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{30,}={0,2})"},
	{"azure_signature", "sig=", "[?&;]sig=([A-Za-z0-9%+/=_-]{20,})"},
	{"azure_secret", "Q~", START "[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,40}"},
	{"anthropic_key", "sk-ant-", START "sk-ant-[A-Za-z0-9_-]{16,}"},
	{"openai_key", "sk-", START "sk-(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{20,}"},
	{"github_token", "gh", START "gh[pousr]_[A-Za-z0-9]{30,255}"},
	{"github_token", "github_pat_", START "github_pat_[A-Za-z0-9_]{20,255}"},
	{"gitlab_token", "gl",
	 START "gl(?:pat|ptt|dt|rt|soat|cbt|imt|ft|agent|oas)-[A-Za-z0-9_.-]{16,}"},
	{"slack_token", "xox", START "xox[abeoprs]-[A-Za-z0-9-]{10,}"},
	{"slack_token", "xapp-", START "xapp-[A-Za-z0-9-]{20,}"},
	{"slack_hook", "hooks.slack.com",
	 "hooks\\.slack\\.com/(?:services|workflows|triggers)/"
	 "([A-Za-z0-9/_-]{16,})"},
	{"stripe_key", NULL, START "[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"},
	{"stripe_key", "whsec_", START "whsec_[A-Za-z0-9+/=]{20,}"},
	{"npm_token", "npm_", START "npm_[A-Za-z0-9]{30,}"},
	{"pypi_token", "pypi-", START "pypi-[A-Za-z0-9_-]{40,}"},
	{"huggingface_token", "hf_", START "hf_[A-Za-z0-9]{30,}"},
	{"sendgrid_key", "SG.", START "SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}"},
	{"twilio_key", "SK", START "SK[0-9a-f]{32}" END},
	{"digitalocean_token", "_v1_", START "do[opr]_v1_[a-f0-9]{60,}"},
	{"shopify_token", "shp", START "shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}"},
	{"databricks_token", "dapi", START "dapi[a-f0-9]{32}"},
	{"docker_token", "dckr_pat_", START "dckr_pat_[A-Za-z0-9_-]{20,}"},
	{"vault_token", "hv", START "hv[sbr]\\.[A-Za-z0-9_-]{20,}"},
	{"age_key", "AGE-SECRET-KEY-", "AGE-SECRET-KEY-1[0-9A-Z]{40,}"},
	{"jwt", "eyJ", START "eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*)?"},
	{"authorization", NULL,
	 "(?i)\\bauthorization" ASSIGN
	 "[\"'\\\\]*(?:(?:basic|bearer|token|digest|apikey)\\s+)?([^\\s\"'`,;\\\\]{6,})"},
	{"bearer", NULL,
	 "(?i)\\b(?:bearer|basic)\\s+(?=[A-Za-z._~+/=-]*[0-9])([A-Za-z0-9._~+/=-]{12,})"},
	{"cookie", NULL, "(?i)\\b(?:set-)?cookie:\\s*([^\\r\\n\"']{8,})"},
	{"url_password", "://", "[A-Za-z][A-Za-z0-9+.-]*+://[^\\s/@:\"'<>[]*+:([^\\s/\"'<>]+)@"},
	{"url_token", "://", "://([A-Za-z0-9_.~-]{16,})@"},
	{"password", NULL, "(?i)" SECRET_NAME ASSIGN NO_VALUE VALUE},
	{"password", "--", "(?i)--[a-z-]{0,40}?" SECRET_NAME "(?:\\s+|=)(?!-)" VALUE},
	{"password", "-u",
	 "(?i)\\bcurl\\b[^\\n]{0,400}?\\s(?:-u|--user)[ =]?[\"']?[^\\s:\"']+:([^\\s\"']+)"},
	{"password", "-p",
	 "(?i)\\b(?:mysql|mysqldump|mysqladmin|mariadb|sshpass)\\b[^\\n|;&]{0,200}?\\s-p ?"
	 "([^\\s\"'-][^\\s\"']*)"},
	{"high_entropy", NULL,
	 "(?i)(?:key|secret|token|auth|credential|signature|passw(?:or)?d|salt|seed)"
	 "[A-Za-z0-9_.-]{0,20}(?:\\\\*[\"'`])?(?:\\s+is)?[\\s:=>]{1,4}\\\\*[\"'`]?"
	 "(?-i)(?|([A-Fa-f0-9]{32,})" END
	 "|(?=[A-Za-z+/_-]*[0-9])(?=[a-z0-9+/_-]*[A-Z])(?=[A-Z0-9+/_-]*[a-z])"
	 "([A-Za-z0-9+/_-]{32,}={0,2}))"},
	{"email", "@",
	 "(?<![\\w.%+-])(?!git@)[\\w.%+-]++@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,24}"
	 "(?![A-Za-z0-9])"},
};

const size_t bp_redact_patterns_n = sizeof(bp_redact_patterns) / sizeof(bp_redact_patterns[0]);

const struct bp_redact_pattern bp_redact_path_pattern = {
	"path",
	NULL,
	"(?|[\"'`]((?:~|[A-Za-z]:)?[\\\\/][^\"'`\\n]+)"
	"|((?:[A-Za-z]:\\\\|\\\\\\\\|~?/|\\.{1,2}/|[\\w.@+-]+[/\\\\])[^\\s\"'`<>|:;,()\\]]+))",
};

const char bp_redact_secret_name[] = "(?i)(?:" SECRET_NAME "|authorization|cookie)$";
