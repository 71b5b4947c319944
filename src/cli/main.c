/* SPDX-License-Identifier: ISC */
/* neume: finds the command, takes the command line apart, runs it, and ends with the documented
 * exit code. */
#include "cli/cli.h"
#include "mpi/ranks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that the command opens must not take the place of a closed standard stream: text for it
 * would end up in the file. Opened the wrong way round, so that using it is still an error. */
static void guard_streams(void) {
    for (int stream = 0; stream <= 2; stream++)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream ? O_RDONLY : O_WRONLY) != stream)
            exit(1);
}

/* Jansson's memory. Where there is none it loses letters of what it reads, and goes on; so the
 * command ends instead, as by a kill: nothing is half written then. */
static void *allocate_json(size_t size) {
    void *block = malloc(size);
    if (!block && size) {
        nm_report_line(NULL, "out of memory");
        _exit(nm_report_exit_code(NEUME_NO_MEMORY));
    }
    return block;
}

static neume_status check_operands(const nm_command *command, const nm_arguments *arguments,
                                   neume_error *error) {
    if (arguments->operand_count < command->least_operands)
        return nm_report_fail(error, NEUME_BAD_USAGE, "missing %s; usage: neume %s %s",
                              command->missing, command->name, command->synopsis);
    if (arguments->operand_count > command->most_operands)
        return nm_report_fail(error, NEUME_BAD_USAGE, "unexpected '%s'; usage: neume %s %s",
                              arguments->operands[command->most_operands], command->name,
                              command->synopsis);
    return NEUME_OK;
}

static neume_status run_with(const nm_command *command, const nm_arguments *arguments,
                             neume_error *error) {
    if (nm_opt_given(arguments, "help"))
        return nm_help_print_command(stdout, command, arguments, error);
    void *settings = NULL;
    neume_status status = nm_command_settings(&settings, command, arguments, error);
    if (!status)
        status = nm_opt_apply(arguments, settings, error);
    if (!status)
        status = check_operands(command, arguments, error);
    if (!status)
        status = command->run(settings, arguments, error);
    free(settings);
    return status;
}

static neume_status run_command(const nm_command *command, int argc, char **argv,
                                neume_error *error) {
    nm_arguments arguments;
    neume_status status = nm_opt_scan(&arguments, command->options, argc, argv, error);
    if (!status)
        status = run_with(command, &arguments, error);
    nm_arguments_clear(&arguments);
    return status;
}

static neume_status fail_unknown(const char *name, neume_error *error) {
    const char *best = NULL;
    unsigned best_distance = 64;
    for (size_t i = 0; nm_commands[i]; i++) {
        const unsigned distance = nm_opt_distance(name, nm_commands[i]->name);
        if (distance < best_distance) {
            best_distance = distance;
            best = nm_commands[i]->name;
        }
    }
    if (best && nm_opt_is_near(name, best_distance))
        return nm_report_fail(error, NEUME_BAD_USAGE, "unknown command '%s'; did you mean '%s'?",
                              name, best);
    return nm_report_fail(error, NEUME_BAD_USAGE, "unknown %s '%s'; see neume --help",
                          *name == '-' ? "option" : "command", name);
}

static neume_status print_help(const char *name, neume_error *error) {
    const nm_command *command = name ? nm_command_find(name) : NULL;
    if (name && !command)
        return fail_unknown(name, error);
    if (command)
        return nm_help_print_command(stdout, command, NULL, error);
    nm_help_print(stdout);
    return NEUME_OK;
}

static neume_status run(int argc, char **argv, const nm_command **command, neume_error *error) {
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name)
        return nm_report_fail(error, NEUME_BAD_USAGE, "missing command; see neume --help");
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("neume " NEUME_VERSION);
        return NEUME_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help(NULL, error);
    if (strcmp(name, "help") == 0)
        return print_help(argc > 2 ? argv[2] : NULL, error);
    *command = nm_command_find(name);
    return *command ? run_command(*command, argc - 2, argv + 2, error) : fail_unknown(name, error);
}

int main(int argc, char **argv) {
    guard_streams();
    json_set_alloc_funcs(allocate_json, free);
    neume_error error = {0};
    const nm_command *command = NULL;
    neume_status status = run(argc, argv, &command, &error);
    const bool is_told_by_another =
        command == &nm_command_train && nm_mpi_is_other_rank(); /* by rank 0 */
    if (status && is_told_by_another)
        nm_mpi_leave_last();
    else if (status)
        nm_report_line(command ? command->name : NULL,
                       error.line[0] ? error.line : neume_status_name(status));
    const neume_status end = nm_report_finish(&error);
    if (end && status != end)
        nm_report_line(command ? command->name : NULL, error.line);
    return nm_report_exit_code(status ? status : end);
}
