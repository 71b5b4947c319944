/* SPDX-License-Identifier: ISC */
/* libsmf on the work of ../parse.c, as far as it goes: events in order, no notes paired. Usage:
 * libsmf NAME FILE... ; NAME is that of the files. A file that libsmf refuses is left out of both
 * time and bytes, and named. */
#include "rounds.h"

#include <smf.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct file {
    char *data;
    size_t size;
} file;

typedef struct files {
    file *files;
    size_t count;
} files;

static file file_read(const char *path) {
    file it = {0};
    FILE *stream = fopen(path, "rb");
    if (stream && !fseek(stream, 0, SEEK_END)) {
        it.size = (size_t)ftell(stream);
        rewind(stream);
        it.data = malloc(it.size + 1);
    }
    if (!it.data || fread(it.data, 1, it.size, stream) != it.size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    fclose(stream);
    return it;
}

static bool parse(const file *it) {
    smf_t *smf = smf_load_from_memory(it->data, (int)it->size);
    if (smf)
        smf_delete(smf);
    return smf;
}

static void parse_all(void *data) {
    const files *all = data;
    for (size_t i = 0; i < all->count; i++)
        parse(&all->files[i]);
}

/* Files that libsmf accepts, and their bytes. */
static size_t load_all(files *all, char **paths, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        file it = file_read(paths[i]);
        if (!parse(&it)) {
            fprintf(stderr, "%s: refused by libsmf\n", paths[i]);
            free(it.data);
            continue;
        }
        bytes += it.size;
        all->files[all->count++] = it;
    }
    return bytes;
}

static void ignore(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
    (void)domain, (void)level, (void)message, (void)data;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: libsmf NAME FILE...\n");
        return 2;
    }
    g_log_set_default_handler(ignore, NULL); /* a line for each oddity would cost libsmf time */
    const size_t count = (size_t)argc - 2;
    files all = {.files = calloc(count, sizeof *all.files)};
    const size_t bytes = all.files ? load_all(&all, argv + 2, count) : 0;
    if (bytes)
        bench_serve(&(bench_rounds){.what = "parse",
                                    .peer = "libsmf",
                                    .shape = argv[1],
                                    .unit = "MB/s",
                                    .threads = 1,
                                    .units = (double)bytes / 1e6,
                                    .body = parse_all,
                                    .data = &all});
    for (size_t i = 0; i < all.count; i++)
        free(all.files[i].data);
    free(all.files);
    return !bytes;
}
