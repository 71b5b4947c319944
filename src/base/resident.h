/* SPDX-License-Identifier: ISC */
#ifndef NM_BASE_RESIDENT_H
#define NM_BASE_RESIDENT_H

#include <stddef.h>

/* The most memory in bytes that this process has had in use at once, as the system counts it. */
size_t nm_resident_peak(void);

#endif
