/* SPDX-License-Identifier: ISC */
/* Who watches a training: progress for people, and a stop on request. */
#include "cli/train.h"

#include <math.h>
#include <signal.h>

enum { PLAIN_SECONDS = 10 }; /* between plain lines */
#define LINE_SECONDS 0.1     /* between changes of the terminal's line */

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal) {
    (void)signal;
    stop_requested = 1;
}

bool nm_watch_should_stop(void *data) {
    (void)data;
    return stop_requested != 0;
}

/* Seconds until the run ends as planned; NAN: not known. */
static double remaining(const nm_watch *watch, const neume_train_progress *p) {
    const double updates = (double)(p->update - watch->first_update);
    const double seconds = p->seconds - watch->first_seconds;
    double left = NAN;
    if (p->planned_updates > p->update && updates > 0)
        left = (double)(p->planned_updates - p->update) * seconds / updates;
    if (watch->time_limit > 0)
        left = fmin(left, fmax(0, watch->time_limit - p->seconds));
    return left;
}

static void print_progress(const nm_watch *watch, const neume_train_progress *p) {
    char update[NM_REPORT_TEXT], planned[NM_REPORT_TEXT], rate[NM_REPORT_TEXT], eta[NM_REPORT_TEXT];
    fprintf(stderr, "epoch %llu  update %s", (unsigned long long)p->epoch + 1,
            nm_report_count(update, p->update));
    if (p->planned_updates)
        fprintf(stderr, "/%s", nm_report_count(planned, p->planned_updates));
    if (isfinite(p->train_loss))
        fprintf(stderr, "  loss %.3f", p->train_loss);
    if (isfinite(watch->validation.valid_loss))
        fprintf(stderr, "  held out %.3f%s", watch->validation.valid_loss,
                watch->validation.is_best ? " (best)" : "");
    if (isfinite(p->steps_per_second) && p->steps_per_second > 0)
        fprintf(stderr, "  %s %ss/s", nm_report_count(rate, (uint64_t)p->steps_per_second),
                watch->unit);
    const double left = remaining(watch, p);
    if (isfinite(left))
        fprintf(stderr, "  ETA %s", nm_report_duration(eta, ceil(left)));
}

static void observe(void *data, const neume_train_progress *p) {
    nm_watch *watch = data;
    watch->planned_updates = p->planned_updates;
    if (p->is_validation)
        watch->validation = *p;
    if (!watch->is_started) {
        watch->is_started = true;
        watch->first_update = p->update;
        watch->first_seconds = watch->shown_at = p->seconds;
    }
    const double pause = watch->is_line ? LINE_SECONDS : PLAIN_SECONDS;
    const bool is_due = p->seconds - watch->shown_at >= pause;
    const bool is_wanted = is_due || (watch->is_verbose && p->is_validation);
    if (watch->is_quiet || !is_wanted)
        return;
    watch->shown_at = p->seconds;
    if (watch->is_line)
        fputs(NM_REPORT_CLEAR, stderr);
    print_progress(watch, p);
    watch->has_line = watch->is_line && !(watch->is_verbose && p->is_validation);
    if (!watch->has_line)
        fputc('\n', stderr);
    fflush(stderr);
}

neume_train_observer nm_watch_start(nm_watch *watch) {
    watch->is_line = nm_report_is_terminal(stderr);
    watch->validation.valid_loss = NAN;
    const struct sigaction action = {.sa_handler = request_stop,
                                     .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return (neume_train_observer){
        .progress = observe, .should_stop = nm_watch_should_stop, .data = watch};
}

void nm_watch_finish(nm_watch *watch) {
    if (watch->has_line)
        fputs(NM_REPORT_CLEAR, stderr);
    watch->has_line = false;
}
