/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/bytes.h"

static void reads_numbers_in_both_orders(void **state) {
    (void)state;
    nm_reader reader = nm_reader_on("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", 10);
    assert_int_equal(nm_read_u8(&reader), 1);
    assert_int_equal(nm_read_u16_be(&reader), 0x0203);
    assert_memory_equal(nm_read_bytes(&reader, 3), "\x04\x05\x06", 3);
    assert_int_equal(nm_read_u32_le(&reader), 0x0a090807);
    assert_false(reader.failed);
    assert_int_equal(nm_reader_left(&reader), 0);
}

static void yields_zeros_after_the_first_read_past_the_end(void **state) {
    (void)state;
    nm_reader reader = nm_reader_on("\xff\xff\xff", 3);
    assert_int_equal(nm_read_u16_be(&reader), 0xffff);
    assert_int_equal(nm_read_u32_be(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(reader.failed_at, 2);
    assert_int_equal(nm_read_u8(&reader), 0);
    assert_null(nm_read_bytes(&reader, 0));
}

static neume_status write_some(neume_context *context, void *data) {
    (void)data;
    nm_buffer buffer = nm_buffer_on(context);
    for (uint64_t i = 0; i < 100; i++)
        nm_write_u64_le(&buffer, i);
    const bool failed = buffer.failed;
    if (!failed) {
        nm_reader reader = nm_reader_on(buffer.data, buffer.size);
        for (uint64_t i = 0; i < 100; i++)
            assert_int_equal(nm_read_u64_le(&reader), i);
    }
    nm_buffer_clear(&buffer);
    return failed ? NEUME_NO_MEMORY : NEUME_OK;
}

static void a_buffer_survives_each_failed_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(write_some, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_in_both_orders),
        cmocka_unit_test(yields_zeros_after_the_first_read_past_the_end),
        cmocka_unit_test(a_buffer_survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
