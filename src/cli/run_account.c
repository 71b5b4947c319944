/* SPDX-License-Identifier: ISC */
/* What is made in a run's folder when the run has ended: curves, examples, the report. */
#include "cli/plot.h"
#include "cli/run_folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char LAST_EXAMPLE[] = "samples/example-3.mid";
_Static_assert(NM_EXAMPLES == 3, "the name of the last one");

static neume_status fail_memory(const nm_run_account *it, neume_error *error) {
    return nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", it->folder->path);
}

/* The baselines that a model may come near to. */
static size_t levels_of(neume_level *levels, const neume_train_result *result) {
    size_t count = 0;
    if (isfinite(result->unigram))
        levels[count++] = (neume_level){"unigram", result->unigram};
    if (isfinite(result->trigram))
        levels[count++] = (neume_level){"trigram", result->trigram};
    return count;
}

static neume_status draw_as(const nm_run_account *it, const nm_plot_log *log, const char *name,
                            neume_error *error) {
    neume_level levels[2];
    const nm_plot_settings settings = {.levels = levels,
                                       .level_count = levels_of(levels, it->result)};
    char *path = nm_run_folder_name(it->folder, name);
    if (!path)
        return fail_memory(it, error);
    const neume_status status =
        nm_plot_save(path, it->context, (nm_plot_logs){log, 1}, &settings, error);
    free(path);
    return status;
}

static bool can_draw(void) {
    nm_media media;
    neume_error nothing;
    const bool can = nm_media_open(&media, &nothing) == NEUME_OK;
    nm_media_close(&media);
    return can;
}

static neume_status draw_curves(const nm_run_account *it, const nm_plot_log *log,
                                neume_error *error) {
    const neume_status status = draw_as(it, log, "curves.svg", error);
    return status ? status : draw_as(it, log, "curves.png", error);
}

static neume_status save_example(const nm_run_account *it, nm_example *example, size_t index,
                                 const neume_song *song, neume_error *error) {
    snprintf(example->name, sizeof example->name, "samples/example-%zu.mid", index + 1);
    example->notes = song->note_count;
    example->seconds = song->seconds;
    example->seed = it->settings->train.seed;
    char *path = nm_run_folder_name(it->folder, example->name);
    if (!path)
        return fail_memory(it, error);
    neume_bytes bytes = {0};
    neume_status status = neume_midi_write(&bytes, it->context, song->score, error);
    if (!status)
        status = neume_file_save(path, it->context, bytes, error);
    neume_midi_bytes_free(it->context, bytes);
    free(path);
    return status;
}

static neume_status compose(const nm_run_account *it, nm_run_story *story, const neume_model *model,
                            neume_error *error) {
    neume_song songs[NM_EXAMPLES] = {{.score = NULL}};
    neume_generate_options options = neume_generate_options_default();
    options.seed = it->settings->train.seed;
    options.count = NM_EXAMPLES;
    options.length_steps = 0;
    options.seconds = NM_EXAMPLE_SECONDS;
    neume_status status = neume_generate(songs, it->context, model, &options, error);
    for (size_t i = 0; i < NM_EXAMPLES && !status; i++) {
        status = save_example(it, &story->examples[i], i, &songs[i], error);
        story->example_count += !status;
    }
    for (size_t i = 0; i < NM_EXAMPLES; i++)
        neume_song_clear(&songs[i]);
    return status;
}

/* A run that was stopped ends at once: it composes nothing. One that was stopped early has no model
 * yet. */
static neume_status look_at_model(const nm_run_account *it, nm_run_story *story,
                                  neume_error *error) {
    neume_model *model = NULL;
    story->why_no_examples = "there is no model yet";
    if (access(it->folder->model, F_OK) != 0)
        return NEUME_OK;
    neume_status status = neume_model_load(&model, it->context, it->folder->model, error);
    if (status)
        return status;
    story->parameters = neume_model_parameter_count(model);
    story->description = json_loads(neume_model_description(model), 0, NULL);
    story->why_no_examples = it->status ? "the run was not over" : NULL;
    status = it->status ? NEUME_OK : compose(it, story, model, error);
    neume_model_free(model);
    return status;
}

static neume_status save_report(const nm_run_account *it, const nm_run_story *story,
                                neume_error *error) {
    char *text = NULL, *path = nm_run_folder_name(it->folder, "report.md");
    size_t size = 0;
    neume_status status = NEUME_NO_MEMORY;
    FILE *stream = path ? open_memstream(&text, &size) : NULL;
    if (stream) {
        nm_run_report_print(stream, it, story);
        const bool is_whole = !ferror(stream);
        if (fclose(stream) == 0 && is_whole)
            status = neume_file_save(path, it->context, (neume_bytes){text, size}, error);
    }
    if (status == NEUME_NO_MEMORY)
        fail_memory(it, error);
    free(text);
    free(path);
    return status;
}

/* Whether a file of the folder is there and was not written before the run's last checkpoint. */
static bool is_since(const nm_run_folder *folder, const char *name, const struct timespec *last) {
    struct stat about;
    char *path = nm_run_folder_name(folder, name);
    const bool is_there = path && stat(path, &about) == 0;
    free(path);
    if (!is_there || about.st_mtim.tv_sec != last->tv_sec)
        return is_there && about.st_mtim.tv_sec > last->tv_sec;
    return about.st_mtim.tv_nsec >= last->tv_nsec;
}

bool nm_run_account_is_whole(const nm_run_folder *folder) {
    struct stat about;
    struct timespec last = {0};
    char *checkpoint = NULL;
    if (asprintf(&checkpoint, "%s.ckpt", folder->model) < 0)
        return false;
    if (stat(checkpoint, &about) == 0)
        last = about.st_mtim;
    free(checkpoint);
    return is_since(folder, LAST_EXAMPLE, &last) && is_since(folder, "report.md", &last) &&
           (!can_draw() || is_since(folder, "curves.png", &last));
}

/* What needs most of others, the pictures, comes last: what is told is on the disk by then. */
neume_status nm_run_account_write(const nm_run_account *it, neume_error *error) {
    nm_run_story story = {.example_count = 0};
    nm_plot_log log;
    neume_error nothing;
    const neume_status unread = nm_plot_log_read(&log, it->settings->train.log, &nothing);
    story.has_curves = !unread && can_draw();
    neume_status status = look_at_model(it, &story, error);
    if (!status)
        status = save_report(it, &story, error);
    if (!status && story.has_curves)
        status = draw_curves(it, &log, error);
    nm_plot_log_clear(&log);
    json_decref(story.description);
    return status;
}
