/* SPDX-License-Identifier: ISC */
/* What codecs lose of real music, as a Markdown table for doc/codecs.md:
 *
 *     codecs [-q N] FOLDER... [-q N] FOLDER...
 *
 * reads every MIDI file at and below each folder (N: ticks of a quarter that the headers of the
 * folders that follow are wrong about; 0: believe them again), encodes and decodes it with each
 * codec, and compares the notes. A row is a folder and a codec: files read; notes, without drums
 * where the codec does not say them; the share of them that the words say; gaps of over 16 bars of
 * 4/4 or 32 seconds, which codecs shorten; how far onsets and durations of the decoded notes are
 * off, in quarters of the score (in milliseconds, performance timing), mean and largest, "-" where
 * the codec does not say time; words (of rolls: sets of keys) for each note said.
 *
 * A decoded note is compared with the note of its pitch (of its pitch class, where chords are
 * classes; of its program, where that is said) whose onset is nearest, each note once, in the order
 * of the onsets. Long gaps are shortened before; else what follows one would be off by it. Codec
 * "event" shortens by bars, which depend on the metre: its pieces with such gaps are not compared,
 * nor are lengths of drums. Exits 1 where a folder holds no file that can be read. */
#include "base/file.h"
#include "base/mem.h"

#include <neume/codec.h>
#include <neume/midi.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct codec_row {
    const char *label;
    const char *name;
    uint32_t grid;
    neume_voicing voicing;
    bool by_class, says_time, says_programs, is_event;
    neume_timing timing;
} codec_row;

static const codec_row codec_rows[] = {
    {.label = "word", .name = "word", .grid = 12, .by_class = true},
    {.label = "word, pitches", .name = "word", .grid = 12, .voicing = NEUME_VOICING_PITCHES},
    {.label = "stream",
     .name = "stream",
     .grid = 24,
     .by_class = true,
     .says_time = true,
     .says_programs = true},
    {.label = "stream, pitches",
     .name = "stream",
     .grid = 24,
     .voicing = NEUME_VOICING_PITCHES,
     .says_time = true,
     .says_programs = true},
    {.label = "interval", .name = "interval", .grid = 4, .says_time = true},
    {.label = "frame", .name = "frame", .grid = 4, .says_time = true},
    {.label = "roll", .name = "roll", .grid = 4, .says_time = true},
    {.label = "event",
     .name = "event",
     .grid = 12,
     .says_time = true,
     .says_programs = true,
     .is_event = true},
    {.label = "event, performance (ms)",
     .name = "event",
     .grid = 12,
     .says_time = true,
     .says_programs = true,
     .is_event = true,
     .timing = NEUME_TIMING_PERFORMANCE},
};
enum { ROWS = sizeof codec_rows / sizeof *codec_rows };

/* How far numbers are off. */
typedef struct deviation {
    double sum, largest;
} deviation;

typedef struct trial {
    const codec_row *row;
    neume_codec *codec;
    size_t files, notes, said, words, compared, long_gaps;
    deviation onset, duration;
} trial;

static void deviate(deviation *of, double distance) {
    of->sum += fabs(distance);
    of->largest = fmax(of->largest, fabs(distance));
}

/* A note on the keys that are compared, in quarters. */
typedef struct heard_note {
    unsigned key;
    double onset, duration;
    bool is_taken;
} heard_note;

typedef struct heard {
    heard_note *notes;
    size_t count, long_gaps;
} heard;

static int compare_heard(const void *a, const void *b) {
    const heard_note *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->onset > right->onset) - (left->onset < right->onset);
}

/* Drums are a program of their own. */
static unsigned key_of(const codec_row *row, const neume_note *note) {
    const unsigned pitch = row->by_class ? note->pitch % 12u : (unsigned)note->pitch;
    if (note->is_drum)
        return 128 * 128 + pitch;
    return row->says_programs ? note->program * 128u + pitch : pitch;
}

/* Where a tick is: in quarters, or in milliseconds. */
static double time_of(const codec_row *row, const neume_score *score, uint64_t ticks) {
    return row->timing == NEUME_TIMING_PERFORMANCE
               ? 1000 * neume_score_seconds_at(score, ticks)
               : (double)ticks / neume_score_ticks_per_quarter(score);
}

/* All notes, with drums if they are said, gaps between onsets being GAP at most, by key and onset.
 */
static bool hear(heard *out, neume_context *context, const neume_score *score,
                 const codec_row *row) {
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    const double longest = row->timing == NEUME_TIMING_PERFORMANCE ? 32000 : 64;
    double last = 0, shortened = 0;
    *out = (heard){.notes = nm_alloc(context, count, sizeof *out->notes)};
    for (size_t i = 0; out->notes && i < count; i++) {
        const double onset = time_of(row, score, notes[i].start_ticks);
        const double end = time_of(row, score, notes[i].start_ticks + notes[i].duration_ticks);
        if (notes[i].is_drum && !row->is_event)
            continue;
        if (onset - last > longest) {
            shortened += onset - last - longest;
            out->long_gaps++;
        }
        last = onset;
        out->notes[out->count++] = (heard_note){.key = key_of(row, &notes[i]),
                                                .onset = onset - shortened,
                                                .duration = notes[i].is_drum ? 0 : end - onset};
    }
    if (out->notes)
        qsort(out->notes, out->count, sizeof *out->notes, compare_heard);
    return out->notes != NULL;
}

static bool is_before(const heard_note *a, const heard_note *b) {
    return a->key < b->key || (a->key == b->key && a->onset < b->onset);
}

static double distance(const heard_note *a, const heard_note *b) {
    return fabs(a->onset - b->onset);
}

/* The nearest note of its key that is not taken; the first that is not before it is number `from`.
 * Of two as near the earlier one: codecs round half-way up, and the other may be of the next cell.
 */
static heard_note *nearest(const heard *in, size_t from, const heard_note *to) {
    heard_note *best = NULL;
    for (size_t i = from; i < in->count && in->notes[i].key == to->key && !best; i++)
        if (!in->notes[i].is_taken)
            best = &in->notes[i];
    for (size_t i = from; i > 0 && in->notes[i - 1].key == to->key; i--) {
        heard_note *note = &in->notes[i - 1];
        if (best && distance(note, to) > distance(best, to) + 1e-9)
            break;
        if (!note->is_taken)
            return note;
    }
    return best;
}

static void compare(trial *t, const heard *score, const heard *decoded) {
    size_t from = 0;
    for (size_t i = 0; i < decoded->count; i++) {
        const heard_note *note = &decoded->notes[i];
        while (from < score->count && is_before(&score->notes[from], note))
            from++;
        heard_note *found = nearest(score, from, note);
        if (!found)
            continue;
        found->is_taken = true;
        deviate(&t->onset, note->onset - found->onset);
        deviate(&t->duration, note->duration - found->duration);
        t->compared++;
    }
}

static bool has_long_gaps(const neume_sequence *sequence) {
    bool has = false;
    for (unsigned i = 0; i < sequence->omission_count; i++)
        has = has || strcmp(sequence->omissions[i].what, "long-gaps") == 0;
    return has;
}

static bool try_score(trial *t, neume_context *context, const neume_score *score) {
    neume_sequence sequence = {0};
    neume_score *decoded = NULL;
    heard before = {0}, after = {0};
    const bool is_done = !neume_codec_encode(&sequence, t->codec, score, NULL) &&
                         !neume_codec_decode(&decoded, t->codec, &sequence) &&
                         hear(&before, context, score, t->row) &&
                         hear(&after, context, decoded, t->row);
    if (is_done) {
        if (!t->row->is_event || !has_long_gaps(&sequence))
            compare(t, &before, &after);
        t->files++;
        t->notes += before.count;
        t->said += sequence.note_count;
        t->long_gaps += before.long_gaps;
        t->words += sequence.step_count * neume_codec_stream_count(t->codec);
    }
    nm_free(context, before.notes);
    nm_free(context, after.notes);
    neume_score_free(decoded);
    neume_sequence_clear(context, &sequence);
    return is_done;
}

static bool open_trial(trial *t, neume_context *context, const codec_row *row) {
    neume_codec_options options = neume_codec_options_default();
    options.name = row->name;
    options.grid = row->grid;
    options.voicing = row->voicing;
    options.timing = row->timing;
    *t = (trial){.row = row};
    neume_error error = {0};
    if (neume_codec_new(&t->codec, context, &options, &error))
        fprintf(stderr, "%s: %s\n", row->label, error.line);
    return t->codec != NULL;
}

static void print_deviation(const trial *t, const deviation *of) {
    if (t->row->says_time && t->compared)
        printf(" %.4f | %.3f |", of->sum / (double)t->compared, of->largest);
    else
        printf(" - | - |");
}

static void print_row(const trial *t, const char *folder) {
    printf("| %s | %s | %zu | %zu |", folder, t->row->label, t->files, t->notes);
    if (t->notes)
        printf(" %.2f %% |", 100 * (double)t->said / (double)t->notes);
    else
        printf(" - |");
    printf(" %zu |", t->long_gaps);
    print_deviation(t, &t->onset);
    print_deviation(t, &t->duration);
    if (t->said)
        printf(" %.2f |\n", (double)t->words / (double)t->said);
    else
        printf(" - |\n");
}

static bool try_files(trial trials[ROWS], neume_context *context, const nm_file_list *list,
                      uint32_t ticks_per_quarter) {
    neume_midi_read_options options = neume_midi_read_options_default();
    options.ticks_per_quarter = ticks_per_quarter;
    bool is_done = true;
    for (size_t i = 0; i < list->count && is_done; i++) {
        neume_score *score;
        if (neume_midi_load(&score, context, list->entries[i].path, &options, NULL))
            continue;
        for (size_t row = 0; row < ROWS && is_done; row++)
            is_done = try_score(&trials[row], context, score);
        neume_score_free(score);
    }
    return is_done;
}

static bool try_folder(neume_context *context, const char *folder, uint32_t ticks_per_quarter) {
    trial trials[ROWS];
    nm_file_list list = {.context = context};
    bool is_done = true;
    for (size_t row = 0; row < ROWS; row++)
        is_done = open_trial(&trials[row], context, &codec_rows[row]) && is_done;
    is_done = is_done && nm_file_list_add(&list, folder) == NEUME_OK &&
              try_files(trials, context, &list, ticks_per_quarter);
    const char *slash = strrchr(folder, '/');
    for (size_t row = 0; row < ROWS; row++) {
        if (is_done)
            print_row(&trials[row], slash && slash[1] ? slash + 1 : folder);
        neume_codec_free(trials[row].codec);
    }
    nm_file_list_clear(&list);
    if (is_done && trials[0].files == 0)
        fprintf(stderr, "%s: no file that can be read\n", folder);
    return is_done && trials[0].files > 0;
}

int main(int argc, char **argv) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_context *context = NULL;
    uint32_t ticks_per_quarter = 0;
    bool is_done = !neume_context_new(&context, &options, NULL);
    puts("| folder | codec | files | notes | said | long gaps | onset, mean | max | duration, mean "
         "| max | "
         "words a note |");
    puts("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (int i = 1; i < argc && is_done; i++) {
        if (strcmp(argv[i], "-q") == 0 && i + 1 < argc)
            ticks_per_quarter = (uint32_t)strtoul(argv[++i], NULL, 10);
        else
            is_done = try_folder(context, argv[i], ticks_per_quarter);
    }
    neume_context_free(context);
    return !is_done;
}
