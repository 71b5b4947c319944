/* SPDX-License-Identifier: ISC */
#include "check.h"

#include <math.h>
#include <string.h>

static bool is_near(double got, double wanted, double tolerance) {
    return isnan(wanted) ? isnan(got) : got == wanted || fabs(got - wanted) <= tolerance;
}

void check_near(const check *c, const char *what, const float *got, check_wanted wanted) {
    for (size_t i = 0; i < wanted.count; i++)
        if (!is_near(got[i], wanted.values[i], wanted.tolerance))
            check_fail(c, "%s[%zu of %zu] is %.9g, expected %.9g within %.2g", what, i,
                       wanted.count, got[i], wanted.values[i], wanted.tolerance);
}

void check_same(const check *c, const char *what, const void *got, const void *wanted,
                size_t size) {
    const unsigned char *a = got, *b = wanted;
    if (size == 0 || memcmp(a, b, size) == 0)
        return;
    size_t at = 0;
    while (a[at] == b[at])
        at++;
    check_fail(c, "%s: byte %zu of %zu is %u, expected the very bits, %u", what, at, size, a[at],
               b[at]);
}

double check_magnitude(const double *block, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(block[i]));
    return largest;
}

double check_product_tolerance(const check *c, size_t depth) {
    const double u = c->rounding, k = (double)depth;
    return 2 * u * (sqrt(k) * k / 4 + 4);
}
