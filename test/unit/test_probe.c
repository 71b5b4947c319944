/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/mem.h"
#include "nn/probe.h"

#include <math.h>

static bool is_a_speed(double value) {
    return value > 0 && isfinite(value);
}

static void each_instruction_set_is_probed(void **state) {
    (void)state;
    for (neume_isa isa = NEUME_ISA_C; isa <= NEUME_ISA_AVX512; isa++) {
        if (!nm_isa_is_available(isa))
            continue;
        neume_context *context = test_context(2, isa, NULL);
        for (nm_products of = NM_PRODUCTS_FP32; of <= NM_PRODUCTS_BF16; of++)
            if (nm_ops_at(context, of))
                assert_true(is_a_speed(nm_probe_peak(context, of)));
        assert_true(is_a_speed(nm_probe_byte_peak(context)));
        neume_context_free(context);
    }
}

/* Of any size: threads may have nothing to read. */
static void a_block_of_any_size_is_read(void **state) {
    static const size_t sizes[] = {4, 64, 1000, 4096, 1 << 20};
    float *block = nm_alloc_aligned(*state, 1 << 18, sizeof *block);
    neume_context *context = test_context(2, NEUME_ISA_AUTO, NULL);
    assert_non_null(block);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_true(is_a_speed(nm_probe_bandwidth(context, block, sizes[i])));
    neume_context_free(context);
    nm_free_aligned(*state, block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_instruction_set_is_probed),
        cmocka_unit_test(a_block_of_any_size_is_read),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
