/* SPDX-License-Identifier: MIT */
/*
 * projection_command.c - what kind of work a shell command is, from its first 2 KiB.
 *
 * Only the kind leaves: program names, arguments and everything else are forgotten.
 */
#include "event/projection_parts.h"

enum { COMMAND_HEAD = 2048, WORDS_MAX = 3 };

/* In order of weight: of several commands in one line the weightiest names it. */
enum kind { TEST, BUILD, PACKAGE, VCS, NETWORK, RUN, SEARCH, READ, OTHER };

static const char *const KIND_NAMES[] = {
	[TEST] = "test",     [BUILD] = "build",     [PACKAGE] = "package",
	[VCS] = "vcs",       [NETWORK] = "network", [RUN] = "run",
	[SEARCH] = "search", [READ] = "read",       [OTHER] = "other",
};

/* Blank-separated programs; with a second word where that decides. The first row that fits. */
static const struct {
	enum kind kind;
	const char *programs;
	const char *second; /* blank-separated, NULL: any */
} RULES[] = {
	{TEST,
	 "pytest py.test jest vitest mocha ctest rspec phpunit tox nox bats playwright "
	 "cypress ava tap karma nosetests valgrind",
	 NULL},
	{TEST,
	 "npm pnpm yarn bun cargo go make gmake ninja mvn gradle gradlew dotnet mix swift "
	 "flutter deno rake sbt zig bazel just task",
	 "test tests check testing tst t"},
	{TEST, "python python3 uv poetry pipenv npx bunx",
	 "pytest unittest jest vitest mocha "
	 "playwright tox nose cypress"},
	{PACKAGE, "npm pnpm yarn bun",
	 "install i ci add remove uninstall update upgrade audit "
	 "outdated link publish pack init create"},
	{PACKAGE, "cargo", "add install remove update fetch publish search"},
	{PACKAGE, "go", "get mod install work"},
	{PACKAGE, "python python3", "pip venv ensurepip"},
	{PACKAGE,
	 "pip pip3 pipx pipenv poetry uv conda mamba apt apt-get aptitude dpkg dnf yum rpm "
	 "apk pacman brew port gem bundle composer nix nix-env snap flatpak cpan luarocks "
	 "opam nuget",
	 NULL},
	{BUILD, "npm pnpm yarn bun", "build compile bundle lint typecheck tsc format"},
	{BUILD, "cargo go dotnet swift flutter zig mix docker podman",
	 "build check clippy vet "
	 "compile fmt publish"},
	{BUILD, "python python3 npx bunx",
	 "build tsc webpack vite esbuild rollup eslint prettier "
	 "mypy ruff black"},
	{BUILD,
	 "make gmake cmake ninja meson bazel gradle gradlew mvn ant sbt scons gcc g++ cc c++ "
	 "clang clang++ ld javac rustc tsc webpack vite esbuild rollup parcel swc babel "
	 "xcodebuild msbuild eslint prettier mypy ruff black flake8 pylint clang-format "
	 "clang-tidy cppcheck golangci-lint gofmt rustfmt shellcheck turbo nx autoreconf "
	 "configure",
	 NULL},
	{VCS, "git gh glab hg svn jj fossil git-lfs tig", NULL},
	{NETWORK,
	 "curl wget ssh scp sftp rsync ping nc ncat netcat dig nslookup host telnet "
	 "traceroute http https ftp",
	 NULL},
	{RUN, "npm pnpm yarn bun npx bunx cargo go dotnet swift flutter mix rake just task", NULL},
	{RUN,
	 "python python2 python3 node nodejs deno ruby perl php java bash sh zsh fish dash lua "
	 "Rscript julia elixir docker docker-compose podman ts-node tsx",
	 NULL},
	{SEARCH, "grep egrep fgrep rg ag ack find fd fdfind locate which whereis ugrep", NULL},
	{READ,
	 "cat head tail less more ls tree wc stat file pwd du df awk sed jq yq cut sort uniq "
	 "diff cmp xxd od hexdump strings readlink realpath basename dirname bat nl",
	 NULL},
};

/* Words that stand before the program and are not it. */
static const char PREFIXES[] = "sudo time env nohup command exec xargs then do else ! ( { if while";

static bool in_list(const char *list, struct bp_str word)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		if (n == word.len && memcmp(list, word.ptr, n) == 0) {
			return true;
		}
		list += n;
		list += *list == ' ' ? 1 : 0;
	}
	return false;
}

/* "run test:unit" counts as "test": the script's name up to its first mark. */
static struct bp_str stem(struct bp_str word)
{
	size_t n = 0;

	while (n < word.len && word.ptr[n] != ':' && word.ptr[n] != '-' && word.ptr[n] != '.' &&
	       word.ptr[n] != '_') {
		n++;
	}
	return n > 0 ? bp_str_make(word.ptr, n) : word;
}

static struct bp_str base_name(struct bp_str word)
{
	size_t start = word.len;

	while (start > 0 && word.ptr[start - 1] != '/') {
		start--;
	}
	return bp_str_make(word.ptr + start, word.len - start);
}

static bool is_assignment(struct bp_str word)
{
	const char *equals = memchr(word.ptr, '=', word.len);

	return equals && equals != word.ptr && word.ptr[0] != '-' && word.ptr[0] != '.' &&
	       word.ptr[0] != '/';
}

static enum kind kind_of_words(const struct bp_str *words, size_t n)
{
	if (n == 0) {
		return OTHER;
	}
	struct bp_str program = base_name(words[0]);
	struct bp_str second = n > 1 ? words[1] : (struct bp_str){"", 0};
	if (n > 2 && (bp_str_is(second, "run") || bp_str_is(second, "exec"))) {
		second = words[2];
	}
	for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
		if (in_list(RULES[i].programs, program) &&
		    (!RULES[i].second || in_list(RULES[i].second, stem(second)))) {
			return RULES[i].kind;
		}
	}
	/* A program of the project itself. */
	return words[0].ptr[0] == '.' || words[0].ptr[0] == '/' ? RUN : OTHER;
}

/* The program of one simple command, between two of ; & | and line ends, and what follows it but
   options; not what is set for it or run before it. */
static size_t words_of_segment(struct bp_str text, struct bp_str words[WORDS_MAX])
{
	size_t n = 0;
	size_t i = 0;
	bool skip_next = false;

	while (i < text.len && n < WORDS_MAX) {
		while (i < text.len &&
		       (text.ptr[i] == ' ' || text.ptr[i] == '\t' || text.ptr[i] == '\r' ||
			text.ptr[i] == '"' || text.ptr[i] == '\'' || text.ptr[i] == '(')) {
			i++;
		}
		size_t start = i;
		while (i < text.len && text.ptr[i] != ' ' && text.ptr[i] != '\t' &&
		       text.ptr[i] != '\r' && text.ptr[i] != '"' && text.ptr[i] != '\'') {
			i++;
		}
		struct bp_str word = bp_str_make(text.ptr + start, i - start);
		if (word.len == 0 || word.ptr[0] == '-') {
			continue;
		}
		if (n == 0 && skip_next) {
			skip_next = false; /* the time of `timeout 60 make` */
			continue;
		}
		if (n == 0 && bp_str_is(word, "timeout")) {
			skip_next = true;
			continue;
		}
		if (n == 0 && (is_assignment(word) || in_list(PREFIXES, word))) {
			continue;
		}
		words[n++] = word;
	}
	return n;
}

static enum kind kind_of_segment(struct bp_str text)
{
	struct bp_str words[WORDS_MAX];
	size_t n = words_of_segment(text, words);

	return kind_of_words(words, n);
}

/* Where the simple command that begins at i ends: quotes hide separators. */
static size_t segment_end(struct bp_str text, size_t i)
{
	char quote = '\0';

	for (; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\\' && quote != '\'') {
			i++;
		} else if (quote) {
			if (c == quote) {
				quote = '\0';
			}
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == ';' || c == '&' || c == '|' || c == '\n') {
			break;
		}
	}
	return i < text.len ? i : text.len;
}

const char *bp_command_kind(struct bp_json command)
{
	char space[COMMAND_HEAD];
	struct bp_str text = bp_str_make(space, bp_projection_head(command, space, sizeof(space)));
	enum kind best = OTHER;

	for (size_t i = 0; i < text.len;) {
		size_t end = segment_end(text, i);
		struct bp_str segment = bp_str_make(text.ptr + i, end - i);
		enum kind kind = kind_of_segment(segment);
		best = kind < best ? kind : best;
		if (memmem(segment.ptr, segment.len, "<<", 2)) {
			break; /* what follows is a document, not commands */
		}
		i = end + 1;
	}
	return KIND_NAMES[best];
}

struct bp_str bp_command_program(struct bp_json command, char *space, size_t cap)
{
	char head[COMMAND_HEAD];
	struct bp_str words[WORDS_MAX];
	struct bp_str text = bp_str_make(head, bp_projection_head(command, head, sizeof(head)));

	text.len = segment_end(text, 0);
	if (words_of_segment(text, words) == 0) {
		return (struct bp_str){NULL, 0};
	}
	struct bp_str program = base_name(words[0]);
	if (program.len == 0 || program.len > cap) {
		return (struct bp_str){NULL, 0};
	}
	memcpy(space, program.ptr, program.len);
	return bp_str_make(space, program.len);
}
