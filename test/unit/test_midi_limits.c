/* SPDX-License-Identifier: ISC */
/* Options, limits and memory of reading MIDI, on files made here. */
#include "test.h"

#include "base/bytes.h"

#include <neume/midi.h>

#include <string.h>

static neume_status read_bytes(neume_score **score, neume_context *context, const nm_buffer *file,
                               const neume_midi_read_options *options, neume_error *error) {
    return neume_midi_read(score, context, (neume_bytes){file->data, file->size}, options, error);
}

static void write_header(nm_buffer *file, unsigned format, unsigned tracks) {
    nm_write_text(file, "MThd");
    nm_write_u32_be(file, 6);
    nm_write_u16_be(file, (uint16_t)format);
    nm_write_u16_be(file, (uint16_t)tracks);
    nm_write_u16_be(file, 480);
}

static void write_track(nm_buffer *file, const char *events, size_t size) {
    nm_write_text(file, "MTrk");
    nm_write_u32_be(file, (uint32_t)size);
    nm_write_bytes(file, events, size);
}

static void pairing_last_forgets_the_earlier_onset(void **state) {
    neume_context *context = *state;
    static const char events[] = "\x00\x90\x3C\x40\x10\x3C\x50\x10\x3C\x00\x10\x3C\x00"
                                 "\x00\x3C\x60\x10\x3C\x00\x00\xFF\x2F";
    neume_midi_read_options options = neume_midi_read_options_default();
    options.pairing = NEUME_PAIRING_LAST;
    options.strict = true;
    nm_buffer file = nm_buffer_on(context);
    write_header(&file, 1, 1);
    write_track(&file, events, sizeof events);
    neume_score *score = NULL;
    assert_int_equal(read_bytes(&score, context, &file, &options, NULL), NEUME_OK);
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_int_equal(count, 2);
    assert_int_equal(neume_score_note_ons(score), 3);
    assert_int_equal(notes[0].start_ticks, 16);
    assert_int_equal(notes[0].duration_ticks, 16);
    assert_int_equal(notes[0].velocity, 0x50);
    assert_int_equal(notes[1].start_ticks, 48);
    assert_int_equal(notes[1].duration_ticks, 16);
    const neume_omission *omissions = neume_score_omissions(score, &count);
    assert_int_equal(count, 1);
    assert_string_equal(omissions[0].what, "forgotten-onset");
    neume_score_free(score);
    nm_buffer_clear(&file);
}

static void the_option_ticks_per_quarter_is_believed(void **state) {
    neume_context *context = *state;
    static const char events[] = "\x00\x90\x3C\x40\x60\x3C\x00\x00\xFF\x2F";
    neume_midi_read_options options = neume_midi_read_options_default();
    options.ticks_per_quarter = 240;
    nm_buffer file = nm_buffer_on(context);
    write_header(&file, 0, 1);
    file.data[12] = 0xE7; /* SMPTE, which the option overrules */
    write_track(&file, events, sizeof events);
    neume_score *score = NULL;
    assert_int_equal(read_bytes(&score, context, &file, &options, NULL), NEUME_OK);
    assert_int_equal(neume_score_ticks_per_quarter(score), 240);
    assert_int_equal(neume_score_end_ticks(score), 0x60);
    neume_score_free(score);
    nm_buffer_clear(&file);
}

static void a_header_may_follow_within_4_kib(void **state) {
    neume_context *context = *state;
    for (size_t junk = 4092; junk <= 4093; junk++) {
        nm_buffer file = nm_buffer_on(context);
        for (size_t i = 0; i < junk; i++)
            nm_write_u8(&file, 0x55);
        write_header(&file, 0, 1);
        write_track(&file, "\x00\xFF\x2F", 4);
        neume_score *score = NULL;
        const neume_status status = read_bytes(&score, context, &file, NULL, NULL);
        assert_int_equal(status, junk == 4092 ? NEUME_OK : NEUME_BAD_INPUT);
        const neume_bytes bytes = {file.data, file.size};
        assert_int_equal(neume_midi_is_midi(bytes), junk == 4092);
        neume_score_free(score);
        nm_buffer_clear(&file);
    }
}

static void limits_hold_before_anything_is_allocated(void **state) {
    neume_context *context = *state;
    nm_buffer file = nm_buffer_on(context);
    write_header(&file, 1, 5);
    for (unsigned i = 0; i < 5; i++)
        write_track(&file, "\x00\x90\x3C\x40\x60\x3C\x00\x00\xFF\x2F", 11);
    neume_score *score = NULL;
    neume_error error = {0};
    neume_midi_read_options options = neume_midi_read_options_default();
    options.max_chunks = 4;
    assert_int_equal(read_bytes(&score, context, &file, &options, &error), NEUME_BAD_INPUT);
    assert_int_equal(error.offset, 14 + 4 * 19);
    assert_non_null(strstr(error.line, "more than 4 chunks"));
    options.max_chunks = 5;
    options.max_events = 14;
    assert_int_equal(read_bytes(&score, context, &file, &options, &error), NEUME_BAD_INPUT);
    assert_non_null(strstr(error.line, "more than 14 events"));
    options.max_events = 15;
    assert_int_equal(read_bytes(&score, context, &file, &options, &error), NEUME_OK);
    neume_score_free(score);
    options.max_file_bytes = file.size - 1;
    assert_int_equal(read_bytes(&score, context, &file, &options, &error), NEUME_BAD_INPUT);
    assert_null(score);
    nm_buffer_clear(&file);
}

/* An allocator that knows how much is out, and how much was at most; a block that moves counts
 * twice while it does. */
typedef struct account {
    size_t out, most;
} account;

static void *counted_reallocate(void *data, void *block, size_t size) {
    account *sum = data;
    size_t *old = block ? (size_t *)block - 2 : NULL;
    const size_t old_size = old ? *old : 0;
    if (size && sum->out + size > sum->most)
        sum->most = sum->out + size;
    sum->out += size - old_size;
    if (size == 0) {
        free(old);
        return NULL;
    }
    size_t *grown = realloc(old, size + 2 * sizeof *grown);
    assert_non_null(grown);
    *grown = size;
    return grown + 2;
}

/* The most memory that reading `file` took. */
static size_t memory_of_reading(const nm_buffer *file) {
    account sum = {0};
    neume_context_options options = neume_context_options_default();
    options.allocator = (neume_allocator){counted_reallocate, &sum};
    options.thread_count = 1;
    neume_context *context = NULL;
    assert_int_equal(neume_context_new(&context, &options, NULL), NEUME_OK);
    const size_t before = sum.out;
    neume_score *score = NULL;
    sum.most = sum.out;
    (void)read_bytes(&score, context, file, NULL, NULL);
    neume_score_free(score);
    assert_int_equal(sum.out, before);
    neume_context_free(context);
    return sum.most - before;
}

/* Bombs: what takes the fewest bytes of a file for the most memory. */
static void memory_is_bounded_by_the_size_of_the_file(void **state) {
    static const struct {
        const char *first, *again;
        size_t first_size, again_size;
    } bombs[] = {
        {"\x00\x90\x3C\x40", "\x01\x3C\x40", 4, 3},         /* notes on one key, all stuck */
        {"\x00\x90\x3C\x40", "\x00\x3D\x40", 4, 3},         /* all at one tick */
        {"\x00\xB0\x40\x40", "\x01\x40\x00", 4, 3},         /* controls */
        {"\x00\xE0\x40\x40", "\x01\x40\x00", 4, 3},         /* pitch bends */
        {"\x00\xC0\x05", "\x01\x06", 3, 2},                 /* programs */
        {"\x00\xFF\x01\x00", "\x00\xFF\x01\x00", 4, 4},     /* empty texts */
        {"\x00\xFF\x01\x00", "\x00\xFF\x01\x01\x41", 4, 5}, /* texts of one byte */
        {"\x00\x90\x3C\x40", "\x00\xF8", 4, 2},             /* clocks */
        {"\x00\x90\x3C\x40", "\x00\xFF\x2F\x00", 4, 4},     /* ends of track */
        {"\x00\xFF\x59\x02\x00\x00", "\x01\xFF\x59\x02\x01\x00", 6, 6}, /* keys */
        {"MTrk\xFF\xFF\xFF\xFF", "MTrk\x00\x00\x00\x00", 8, 8},         /* tracks */
        {"\x00\xF0\x7F", "\x00\xF0\x7F", 3, 3}, /* system exclusives without end */
        {"\x00\xF0\x7F\xF7", "\x00\xF0\xFF\xFF\xFF\x7F\xF7", 4, 7}, /* with wrong lengths */
        {"\x00\xFF\x01\x04MTrk", "\x00\xFF\x01\x04MTrk", 8, 8},     /* "MTrk" in texts */
        {"\x00\x00\x00\x00", "\x00\x00\x00\x00", 4, 4},             /* data without status */
    };
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        nm_buffer file = nm_buffer_on(*state);
        write_header(&file, 1, 1);
        nm_write_text(&file, "MTrk");
        nm_write_u32_be(&file, 0xFFFFFFFF);
        nm_write_bytes(&file, bombs[i].first, bombs[i].first_size);
        while (file.size < 4u << 20)
            nm_write_bytes(&file, bombs[i].again, bombs[i].again_size);
        const size_t most = memory_of_reading(&file);
        print_message("bomb %zu: %.2f times the file\n", i, (double)most / (double)file.size);
        assert_true(most <= 16 * file.size + (8u << 20));
        nm_buffer_clear(&file);
    }
}

static void ports_and_tracks_do_not_multiply(void **state) {
    nm_buffer file = nm_buffer_on(*state);
    write_header(&file, 1, 4000);
    char events[256 * 8 + 4];
    for (unsigned port = 0; port < 256; port++)
        memcpy(events + port * 8,
               (char[]){0, (char)0xFF, 0x21, 1, (char)port, 0, (char)0xC0, (char)(port & 127)}, 8);
    memcpy(events + 256 * 8, "\x00\xFF\x2F", 4);
    for (unsigned track = 0; track < 4000; track++)
        write_track(&file, events, sizeof events);
    assert_true(memory_of_reading(&file) <= 16 * file.size + (8u << 20));
    neume_score *score = NULL;
    assert_int_equal(read_bytes(&score, *state, &file, NULL, NULL), NEUME_OK);
    assert_int_equal(neume_score_track_count(score), 4000);
    neume_score_free(score);
    nm_buffer_clear(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairing_last_forgets_the_earlier_onset),
        cmocka_unit_test(the_option_ticks_per_quarter_is_believed),
        cmocka_unit_test(a_header_may_follow_within_4_kib),
        cmocka_unit_test(limits_hold_before_anything_is_allocated),
        cmocka_unit_test(memory_is_bounded_by_the_size_of_the_file),
        cmocka_unit_test(ports_and_tracks_do_not_multiply),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
