/* SPDX-License-Identifier: ISC */
#include "learn/schedule.h"

#include <math.h>

/* rise = ceil(warmup * planned) updates:  rate = lr t / rise;  then, at share s of what is left,
 * rate = lr (1 + cos(pi s)) / 2. */
double nm_schedule_rate(const neume_train_options *options, uint64_t update, uint64_t planned) {
    if (update > planned)
        update = planned;
    const uint64_t rise = (uint64_t)ceil(options->warmup * (double)planned);
    if (update <= rise)
        return options->learning_rate * (double)update / (double)rise;
    if (options->schedule == NEUME_SCHEDULE_CONSTANT)
        return options->learning_rate;
    const double share = (double)(update - rise - 1) / (double)(planned - rise);
    return options->learning_rate * 0.5 * (1.0 + cos(3.141592653589793 * share));
}

double nm_average_decay(double decay, uint64_t update) {
    const double young = (1.0 + (double)update) / (10.0 + (double)update);
    return young < decay ? young : decay;
}
