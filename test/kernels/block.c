/* SPDX-License-Identifier: ISC */
/* Blocks between fences: pages that nobody may touch. A block ends at its fence, or a few elements
 * before it so that it begins at an odd place; what lies between is a red zone. */
#include "check.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RED = 0x5a, UNWRITTEN = 0xff }; /* UNWRITTEN: four bytes of it are a NaN */

void check_begin(check *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->where, CHECK_CASE, format, arguments);
    va_end(arguments);
}

void check_fail(const check *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("# %s: ", c->where);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

static size_t round_up(size_t size, size_t multiple) {
    return (size + multiple - 1) / multiple * multiple;
}

/* Bytes between the block and its fence. */
static size_t gap_of(check *c, size_t count, size_t size, check_placement placement) {
    if (placement == ALIGNED)
        return round_up(count * size, NM_ALIGNMENT) - count * size;
    return check_chance(c, 0.5) ? 0 : size * (1 + check_draw(c, 15));
}

void *check_bytes(check *c, const char *name, size_t count, size_t size,
                  check_placement placement) {
    if (c->block_count == CHECK_BLOCKS)
        check_fail(c, "more than %d blocks in one case", CHECK_BLOCKS);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = count * size;
    const size_t gap = gap_of(c, count, size, placement);
    const size_t inside = round_up(bytes + gap + (bytes + gap == 0), page);
    check_block *block = &c->blocks[c->block_count];
    block->name = name;
    block->map_size = inside + 2 * page;
    block->map = mmap(NULL, block->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block->map == MAP_FAILED || mprotect(block->map + page, inside, PROT_READ | PROT_WRITE))
        check_fail(c, "no memory for %s, %zu bytes", name, bytes);
    c->block_count++;
    block->end = block->map + page + inside - gap;
    block->begin = block->end - bytes;
    memset(block->map + page, RED, inside);
    memset(block->begin, UNWRITTEN, bytes);
    return block->begin;
}

float *check_floats(check *c, const char *name, size_t count, check_placement placement) {
    return check_bytes(c, name, count, sizeof(float), placement);
}

double *check_doubles(check *c, const char *name, size_t count) {
    return check_bytes(c, name, count, sizeof(double), ALIGNED);
}

float *check_copy(check *c, const char *name, const float *from, size_t count) {
    float *block = check_floats(c, name, count, ANYWHERE);
    memcpy(block, from, count * sizeof *block);
    return block;
}

void check_freeze(check *c, void *block) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < c->block_count; i++) {
        const check_block *b = &c->blocks[i];
        if (b->begin == block && mprotect(b->map + page, b->map_size - 2 * page, PROT_READ))
            check_fail(c, "%s cannot be made read-only", b->name);
    }
}

static void look_for_red(const check *c, const check_block *block) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (const unsigned char *at = block->map + page; at < block->begin; at++)
        if (*at != RED)
            check_fail(c, "%s was written %zu bytes before its beginning", block->name,
                       (size_t)(block->begin - at));
    for (const unsigned char *at = block->end; at < block->map + block->map_size - page; at++)
        if (*at != RED)
            check_fail(c, "%s was written %zu bytes behind its end", block->name,
                       (size_t)(at - block->end));
}

void check_end(check *c) {
    for (size_t i = 0; i < c->block_count; i++)
        look_for_red(c, &c->blocks[i]);
    for (size_t i = 0; i < c->block_count; i++)
        munmap(c->blocks[i].map, c->blocks[i].map_size);
    c->block_count = 0;
}
