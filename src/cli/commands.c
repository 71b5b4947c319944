/* SPDX-License-Identifier: ISC */
/* The table of commands. */
#include "cli/cli.h"

const nm_command *const nm_commands[] = {
    &nm_command_train,  &nm_command_generate, &nm_command_evaluate, &nm_command_info,
    &nm_command_tokens, &nm_command_plot,     &nm_command_bench,    NULL};
