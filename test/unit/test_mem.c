/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/mem.h"

static void refuses_a_product_that_overflows(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    assert_null(nm_alloc(context, SIZE_MAX / 2, 3));
    assert_null(nm_alloc_aligned(context, SIZE_MAX, 1));
    void *array = NULL;
    size_t capacity = 0;
    assert_false(nm_reserve(context, &array, &capacity, SIZE_MAX, 1));
    assert_null(array);
    neume_context_free(context);
}

static void aligned_blocks_are_aligned_and_zeroed(void **state) {
    (void)state;
    test_memory memory = {0};
    neume_context *context = test_context(1, NEUME_ISA_C, &memory);
    const size_t before = memory.blocks_out;
    for (size_t size = 1; size < 300; size += 7) {
        unsigned char *block = nm_alloc_aligned(context, size, 1);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % NM_ALIGNMENT, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
        nm_free_aligned(context, block);
    }
    assert_int_equal(memory.blocks_out, before);
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_product_that_overflows),
        cmocka_unit_test(aligned_blocks_are_aligned_and_zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
