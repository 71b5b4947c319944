/* SPDX-License-Identifier: ISC */
#include "learn/cache.h"

#include "base/error.h"
#include "base/mem.h"

#define XXH_STATIC_LINKING_ONLY /* so that a hash state may live on the stack */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char MAGIC[8] = {'n', 'e', 'u', 'm', 'e', 'w', 'd', 's'};

/* A cache in the making. */
typedef struct saving {
    const nm_corpus_reader *reader;
    nm_buffer entries, texts, block; /* block: of the words, before it is put */
    uint64_t entry_count, words_size;
    int file, failure;
    XXH3_state_t sum;
} saving;

/* Found in the very moment in which it was written, a file may be written again within the same
 * tick of its clock; those of some file systems tick in seconds. */
static bool is_fresh(const neume_corpus *corpus, const nm_file_stamp *stamp) {
    const int64_t margin_ns = stamp->nanoseconds ? 20000000 : 2000000000;
    const int64_t age_s = corpus->found_seconds - stamp->seconds;
    if (age_s > 10 || age_s < -10)
        return age_s < 0;
    return age_s * 1000000000 + corpus->found_nanoseconds - stamp->nanoseconds < margin_ns;
}

bool nm_cache_can_hold(const neume_corpus *corpus, size_t file) {
    return corpus->origins[file].is_settled &&
           !is_fresh(corpus, &corpus->found.entries[file].stamp);
}

static void put(saving *to, const void *data, size_t size) {
    XXH3_64bits_update(&to->sum, data, size);
    if (!to->failure)
        to->failure = nm_file_put(to->file, data, size);
}

static size_t number_count(const nm_piece *piece) {
    const neume_sequence *sequence = &piece->sequence;
    return sequence->step_count * (sequence->width + (sequence->given != NULL));
}

/* The `at`th number of a piece: its words, then what is given. */
static uint32_t number_at(const nm_piece *piece, size_t at) {
    const neume_sequence *sequence = &piece->sequence;
    const size_t words = sequence->step_count * sequence->width;
    return at < words ? sequence->words[at] : sequence->given[at - words];
}

static uint8_t bytes_of(const nm_piece *piece) {
    uint32_t all = 0;
    for (size_t i = 0; i < number_count(piece); i++)
        all |= number_at(piece, i);
    return all <= UINT8_MAX ? 1 : all <= UINT16_MAX ? 2 : 4;
}

static void write_stamp(nm_buffer *out, const nm_file_stamp *stamp) {
    nm_write_u64_le(out, stamp->device);
    nm_write_u64_le(out, stamp->inode);
    nm_write_u64_le(out, stamp->size);
    nm_write_u64_le(out, (uint64_t)stamp->seconds);
    nm_write_u64_le(out, (uint64_t)stamp->nanoseconds);
}

/* `piece` is NULL where the file gave none. */
static void write_entry(saving *to, size_t file, const nm_piece *piece) {
    const neume_corpus *corpus = to->reader->corpus;
    const neume_corpus_file *from = &corpus->files[file];
    const uint8_t bytes = piece ? bytes_of(piece) : 0;
    nm_buffer *out = &to->entries;
    write_stamp(out, &corpus->found.entries[file].stamp);
    nm_write_u64_le(out, corpus->origins[file].content);
    nm_write_u64_le(out, from->has_offset ? from->offset : 0);
    nm_write_u64_le(out, from->note_count);
    nm_write_u64_le(out, from->step_count);
    nm_write_u64_le(out, from->hash);
    nm_write_u64_le(out, piece ? to->words_size : 0);
    nm_write_u64_le(out, to->texts.size);
    nm_write_u8(out, (uint8_t)from->status);
    nm_write_u8(out, from->has_offset);
    nm_write_u8(out, corpus->origins[file].has_midi_name);
    nm_write_u8(out, bytes);
    nm_write_u32_le(out, 0);
    for (size_t i = 0; i < NM_FINGERPRINT_BINS; i++) {
        nm_write_u8(out, (uint8_t)corpus->prints[file].bins[i]);
        nm_write_u8(out, (uint8_t)(corpus->prints[file].bins[i] >> 8));
    }
    nm_write_bytes(&to->texts, from->reason, strlen(from->reason) + 1);
    to->words_size += piece ? number_count(piece) * bytes : 0;
    to->entry_count++;
}

static void write_vocabulary(saving *to) {
    const neume_codec *codec = to->reader->codec;
    const unsigned streams = nm_codec_is_roll(codec) ? 0 : neume_codec_stream_count(codec);
    for (unsigned s = 0; s < streams; s++)
        nm_write_u32_le(&to->texts, neume_codec_word_count(codec, s));
    for (unsigned s = 0; s < streams; s++)
        for (uint32_t w = 0; w < neume_codec_word_count(codec, s); w++) {
            const char *text = neume_codec_word(codec, s, w);
            nm_write_bytes(&to->texts, text, strlen(text) + 1);
        }
}

/* The pieces are in the order of the files; a file that can be in a cache has one at most. */
static void write_entries(saving *to) {
    const nm_corpus_reader *reader = to->reader;
    size_t piece = 0;
    for (size_t file = 0; file < reader->corpus->file_count; file++) {
        while (piece < reader->piece_count && reader->pieces[piece].file < file)
            piece++;
        const bool has_piece = piece < reader->piece_count && reader->pieces[piece].file == file;
        if (nm_cache_can_hold(reader->corpus, file))
            write_entry(to, file, has_piece ? &reader->pieces[piece] : NULL);
    }
}

enum { BLOCK_BYTES = 1 << 16 };

static void put_piece(saving *to, const nm_piece *piece) {
    const uint8_t bytes = bytes_of(piece);
    for (size_t i = 0; i < number_count(piece); i++) {
        const uint32_t number = number_at(piece, i);
        for (uint8_t b = 0; b < bytes; b++)
            nm_write_u8(&to->block, (uint8_t)(number >> 8 * b));
        if (to->block.size < BLOCK_BYTES)
            continue;
        put(to, to->block.data, to->block.size);
        to->block.size = 0;
    }
}

static void put_words(saving *to) {
    const nm_corpus_reader *reader = to->reader;
    for (size_t i = 0; i < reader->piece_count; i++)
        if (nm_cache_can_hold(reader->corpus, reader->pieces[i].file))
            put_piece(to, &reader->pieces[i]);
    put(to, to->block.data, to->block.size);
}

/* The header is put twice: the second time with the sum of what is behind it. */
static void put_header(saving *to, nm_buffer *header, uint64_t key, uint64_t sum) {
    header->size = 0;
    nm_write_bytes(header, MAGIC, sizeof MAGIC);
    nm_write_u64_le(header, sum);
    nm_write_u64_le(header, key);
    nm_write_u64_le(header, to->entry_count);
    nm_write_u64_le(header, to->texts.size);
    nm_write_u64_le(header, to->words_size);
    nm_write_u64_le(header, 0);
    nm_write_u64_le(header, 0);
    if (header->failed)
        to->failure = ENOMEM;
    if (!to->failure)
        to->failure = nm_file_put(to->file, header->data, header->size);
}

static void put_all(saving *to, nm_buffer *header, uint64_t key) {
    const size_t unsummed = sizeof MAGIC + sizeof(uint64_t);
    put_header(to, header, key, 0);
    XXH3_64bits_reset(&to->sum);
    if (!to->failure)
        XXH3_64bits_update(&to->sum, header->data + unsummed, header->size - unsummed);
    put(to, to->entries.data, to->entries.size);
    put(to, to->texts.data, to->texts.size);
    put_words(to);
    if (!to->failure && lseek(to->file, 0, SEEK_SET) < 0)
        to->failure = errno;
    put_header(to, header, key, XXH3_64bits_digest(&to->sum));
}

neume_status nm_cache_save(const char *path, uint64_t key, const nm_corpus_reader *reader,
                           neume_error *error) {
    neume_context *context = reader->corpus->context;
    saving to = {.reader = reader, .entries = nm_buffer_on(context)};
    nm_buffer header = nm_buffer_on(context);
    nm_file_draft draft;
    to.texts = to.block = nm_buffer_on(context);
    write_vocabulary(&to);
    write_entries(&to);
    int failure =
        to.entries.failed || to.texts.failed ? ENOMEM : nm_file_draft_begin(&draft, path, context);
    if (!failure) {
        to.file = draft.file;
        put_all(&to, &header, key);
        if (to.block.failed)
            to.failure = ENOMEM;
        failure = nm_file_draft_end(&draft, to.failure);
    }
    nm_buffer_clear(&header);
    nm_buffer_clear(&to.block);
    nm_buffer_clear(&to.texts);
    nm_buffer_clear(&to.entries);
    if (failure)
        return nm_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: %s", path,
                       strerror(failure));
    return NEUME_OK;
}
