/* SPDX-License-Identifier: ISC */
#include "base/resident.h"

#include <stdio.h>
#include <sys/resource.h>

/* Linux counts what the program before exec used into getrusage's number, but not into this one. */
static size_t read_status(void) {
    char line[128];
    unsigned long long kibibytes = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %llu kB", &kibibytes) == 1)
            break;
    if (status)
        fclose(status);
    return (size_t)kibibytes * 1024;
}

size_t nm_resident_peak(void) {
    struct rusage usage;
    const size_t peak = read_status();
    if (peak || getrusage(RUSAGE_SELF, &usage) != 0)
        return peak;
    return (size_t)usage.ru_maxrss * 1024;
}
