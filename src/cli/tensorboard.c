/* SPDX-License-Identifier: ISC */
#include "cli/tensorboard.h"

#include "cli/events.pb-c.h" /* made of events.proto */

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* CRC-32C (Castagnoli 1993), reflected, as in RFC 3720, 12.1. */
static uint32_t crc32c(const uint8_t *data, size_t size) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

/* A sum over bytes that hold such sums would be weak: it is stored rotated, plus a constant. */
static uint32_t masked(uint32_t crc) {
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

static void put_le(uint8_t *out, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

static void fail(nm_tensorboard *board, neume_status status, const char *why) {
    if (!board->failure.status)
        nm_report_fail(&board->failure, status, "%s: the event file cannot be written: %s",
                       board->folder, why);
}

static void write_whole(nm_tensorboard *board, const uint8_t *data, size_t size) {
    while (size > 0) {
        const ssize_t put = write(board->file, data, size);
        if (put < 0 && errno != EINTR) {
            fail(board, NEUME_CANNOT_WRITE, strerror(errno));
            return;
        }
        if (put > 0) {
            data += put;
            size -= (size_t)put;
        }
    }
}

enum { HEAD = 12, TAIL = 4 }; /* bytes of a record before and after its event */

/* A record: the event's size (8 bytes), the masked sum of these, the event, its masked sum. */
static void write_event(nm_tensorboard *board, NmEvents__Event *event) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    event->wall_time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    const size_t size = nm_events__event__get_packed_size(event);
    uint8_t *record = malloc(HEAD + size + TAIL);
    if (!record) {
        fail(board, NEUME_NO_MEMORY, "out of memory");
        return;
    }
    put_le(record, size, 8);
    put_le(record + 8, masked(crc32c(record, 8)), 4);
    nm_events__event__pack(event, record + HEAD);
    put_le(record + HEAD + size, masked(crc32c(record + HEAD, size)), TAIL);
    write_whole(board, record, HEAD + size + TAIL);
    free(record);
}

/* "events.out.tfevents.SECONDS.HOST.PROCESS.N": readers want the beginning, and that names sort by
 * time; N counts those that are there already. */
static int open_new(const char *folder) {
    char path[4096], host[64] = "";
    gethostname(host, sizeof host - 1);
    int file = -1;
    for (unsigned i = 0; i < 100 && file < 0 && (i == 0 || errno == EEXIST || errno == EINTR);
         i++) {
        const int length = snprintf(path, sizeof path, "%s/events.out.tfevents.%010lld.%s.%ld.%u",
                                    folder, (long long)time(NULL), host, (long)getpid(), i);
        errno = ENAMETOOLONG;
        if (length > 0 && (size_t)length < sizeof path)
            file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    }
    return file;
}

/* A file begins with its version, and forgets what files before it have of updates from here on. */
static void begin(nm_tensorboard *board, uint64_t update) {
    static char version[] = "brain.Event:2";
    NmEvents__Event event = NM_EVENTS__EVENT__INIT;
    NmEvents__Session session = NM_EVENTS__SESSION__INIT;
    board->file = open_new(board->folder);
    if (board->file < 0) {
        fail(board, NEUME_CANNOT_WRITE, strerror(errno));
        return;
    }
    event.what_case = NM_EVENTS__EVENT__WHAT_FILE_VERSION;
    event.file_version = version;
    write_event(board, &event);
    session.status = NM_EVENTS__SESSION__STATUS__START;
    event.what_case = NM_EVENTS__EVENT__WHAT_SESSION;
    event.session = &session;
    event.step = (int64_t)update;
    write_event(board, &event);
}

enum { TAG = 96, VALUES = 12 + 4 * NEUME_MAX_STREAMS };

/* Values by name; those that are not finite are left out. */
typedef struct values {
    NmEvents__Value values[VALUES];
    NmEvents__Value *list[VALUES];
    char tags[VALUES][TAG];
    size_t count;
} values;

/* "loss/training", "loss.note/training": readers group by what is before the slash. */
static void add(values *to, const char *what, const char *stream, const char *of, double value) {
    if (!isfinite(value))
        return;
    NmEvents__Value *it = &to->values[to->count];
    nm_events__value__init(it);
    snprintf(to->tags[to->count], TAG, "%s%s%.40s%s%s", what, stream ? "." : "",
             stream ? stream : "", of ? "/" : "", of ? of : "");
    it->tag = to->tags[to->count];
    it->of_case = NM_EVENTS__VALUE__OF_SIMPLE_VALUE;
    it->simple_value = (float)value;
    to->list[to->count++] = it;
}

static void add_streams(values *to, const neume_codec *codec, const neume_train_progress *p) {
    for (unsigned s = 0; s < p->stream_count && p->stream_count > 1; s++) {
        const char *name = neume_codec_stream_name(codec, s);
        add(to, "loss", name, "training", p->train_losses[s]);
        add(to, "loss", name, "validation", p->valid_losses[s]);
        add(to, "accuracy", name, "training", p->train_accuracies[s]);
        add(to, "accuracy", name, "validation", p->valid_accuracies[s]);
    }
}

static void write_progress(nm_tensorboard *board, const neume_train_progress *p) {
    values all = {.count = 0};
    NmEvents__Event event = NM_EVENTS__EVENT__INIT;
    NmEvents__Summary summary = NM_EVENTS__SUMMARY__INIT;
    add(&all, "loss", NULL, "training", p->train_loss);
    add(&all, "loss", NULL, "validation", p->valid_loss);
    add(&all, "accuracy", NULL, "training", p->train_accuracy);
    add(&all, "accuracy", NULL, "validation", p->valid_accuracy);
    add(&all, "epoch", NULL, NULL, (double)p->epoch);
    add(&all, "learning_rate", NULL, NULL, p->learning_rate);
    add(&all, "gradient_norm", NULL, NULL, p->gradient_norm);
    add(&all, "gradient_norm_mean", NULL, NULL, p->gradient_norm_mean);
    add(&all, "gradient_norm_max", NULL, NULL, p->gradient_norm_max);
    add(&all, "clipped", NULL, NULL, p->clipped);
    add(&all, "skipped", NULL, NULL, (double)p->skipped);
    add(&all, "steps_per_second", NULL, NULL, p->steps_per_second);
    add_streams(&all, board->codec, p);
    summary.n_value = all.count;
    summary.value = all.list;
    event.what_case = NM_EVENTS__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    event.step = (int64_t)p->update;
    write_event(board, &event);
}

static void observe(void *data, const neume_train_progress *progress) {
    nm_tensorboard *board = data;
    if (board->next.progress)
        board->next.progress(board->next.data, progress);
    if (board->file < 0 && !board->failure.status)
        begin(board, progress->update);
    if (progress->is_validation && !board->failure.status)
        write_progress(board, progress);
}

static bool should_stop(void *data) {
    const nm_tensorboard *board = data;
    return board->failure.status ||
           (board->next.should_stop && board->next.should_stop(board->next.data));
}

neume_status nm_tensorboard_check(const char *folder, neume_error *error) {
    if (!folder)
        return NEUME_OK;
    const neume_status status = nm_cli_make_folder(folder, error);
    if (status || access(folder, W_OK | X_OK) == 0)
        return status;
    return nm_report_fail(error, NEUME_CANNOT_WRITE, "%s: cannot be written: %s", folder,
                          strerror(errno));
}

neume_train_observer nm_tensorboard_start(nm_tensorboard *out, const char *folder,
                                          const neume_codec *codec, neume_train_observer next) {
    *out = (nm_tensorboard){.folder = folder, .codec = codec, .next = next, .file = -1};
    if (!folder)
        return next;
    return (neume_train_observer){.progress = observe, .should_stop = should_stop, .data = out};
}

void nm_tensorboard_finish(nm_tensorboard *board) {
    if (board->file >= 0 && close(board->file) != 0)
        fail(board, NEUME_CANNOT_WRITE, strerror(errno));
    board->file = -1;
}
