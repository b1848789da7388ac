/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/completion.h"

static const char *const SHELLS[] = {"bash", "zsh", "fish", NULL};

bool bp_completion_is_path(const struct bp_option_row *row)
{
	return row->value && (strcmp(row->value, "FILE") == 0 || strcmp(row->value, "PATH") == 0 ||
			      strcmp(row->value, "DIR") == 0);
}

bool bp_completion_choices(struct bp_buf *out, const struct bp_command *command,
			   const struct bp_option_row *row)
{
	bool any = false;

	for (const char *const *choice = row->choices; choice && *choice; choice++) {
		if (!command || bp_command_choice(command, row, *choice)) {
			bp_buf_printf(out, "%s%s", any ? " " : "", *choice);
			any = true;
		}
	}
	return any;
}

void bp_completion_quote(struct bp_buf *out, const char *text)
{
	bp_buf_add_char(out, '\'');
	for (; *text; text++) {
		/* Out of the quotes and in again: fish knows other ways too, but this one as well. */
		if (*text == '\'') {
			bp_buf_add_str(out, BP_STR("'\\''"));
		} else {
			bp_buf_add_char(out, *text);
		}
	}
	bp_buf_add_char(out, '\'');
}

static int run(struct bp_cli *cli)
{
	const char *shell = cli->options.args[0];
	struct bp_buf out;

	bp_buf_init(&out, BP_COMPLETION_BYTES_MAX);
	if (strcmp(shell, "bash") == 0) {
		bp_completion_bash(&out);
	} else if (strcmp(shell, "zsh") == 0) {
		bp_completion_zsh(&out);
	} else {
		bp_completion_fish(&out);
	}
	BP_ASSERT(bp_buf_ok(&out));
	(void)fwrite(out.ptr, 1, out.len, stdout);
	bp_buf_done(&out);
	return BP_EXIT_OK;
}

const struct bp_command bp_cmd_completion = {
	.name = "completion",
	.summary = "let the shell complete commands and options",
	.usage = "completion bash | zsh | fish",
	.help = "Print a script for your shell, made from the same tables as this help. Where "
		"blueplane was installed, it is in place already.\n\n"
		"bash: add \". <(blueplane completion bash)\" to ~/.bashrc.\n\n"
		"zsh: write it to _blueplane in a folder of $fpath.\n\n"
		"fish: write it to ~/.config/fish/completions/blueplane.fish.\n\n"
		"example: blueplane completion fish > ~/.config/fish/completions/blueplane.fish\n",
	.verbs = SHELLS,
	.args_min = 1,
	.args_max = 1,
	.no_output = true,
	.run = run,
};
