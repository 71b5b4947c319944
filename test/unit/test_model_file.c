/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "nn/model_file.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char file_name[] = "test_model_file.neume";

static const float weights[] = {1, -2, 0.5f, 1e-30f, 3e38f, -0.0f};
static const uint8_t bytes[] = {7, 0, 255};
static const uint64_t hashes[] = {UINT64_MAX, 1};
static const double sums[] = {0.1};

static const nm_tensor tensors[] = {
    {"data.words", NM_U8, 1, {3}, bytes, 3},     {"head.weight", NM_F32, 2, {2, 3}, weights, 24},
    {"data.hashes", NM_U64, 1, {2}, hashes, 16}, {"sum", NM_F64, 0, {0}, sums, 8},
    {"nothing", NM_F32, 1, {0}, weights, 0},
};

enum { TENSORS = sizeof tensors / sizeof *tensors };

static const char metadata[] = "{\"format\": 1, \"name\": \"caf\xc3\xa9 \\\"x\\\"\"}";

static void save_sample(neume_context *context) {
    neume_error error = {0};
    if (nm_tensor_file_save(file_name, context, tensors, TENSORS, metadata, &error))
        fail_msg("%s", error.line);
}

static nm_buffer sample_bytes(neume_context *context) {
    save_sample(context);
    nm_buffer buffer = nm_buffer_on(context);
    assert_int_equal(nm_file_read(&buffer, file_name, 1 << 20, NULL), NEUME_OK);
    return buffer;
}

static neume_status read_copy(nm_tensor_file *out, neume_context *context, const void *data,
                              size_t size, neume_error *error) {
    nm_buffer copy = nm_buffer_on(context);
    nm_write_bytes(&copy, data, size);
    assert_false(copy.failed);
    const neume_status status = nm_tensor_file_read(out, &copy, "x.neume", error);
    assert_null(copy.data);
    return status;
}

static void what_is_saved_is_loaded(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    save_sample(context);
    nm_tensor_file file;
    neume_error error = {0};
    if (nm_tensor_file_load(&file, context, file_name, &error))
        fail_msg("%s", error.line);
    assert_string_equal(file.metadata, metadata);
    assert_int_equal(file.count, TENSORS);
    for (size_t i = 0; i < TENSORS; i++) {
        const nm_tensor *read = nm_tensor_file_find(&file, tensors[i].name);
        assert_non_null(read);
        assert_int_equal(read->dtype, tensors[i].dtype);
        assert_int_equal(read->dimensions, tensors[i].dimensions);
        assert_memory_equal(read->shape, tensors[i].shape,
                            tensors[i].dimensions * sizeof *read->shape);
        assert_int_equal(read->size, tensors[i].size);
        assert_int_equal((uintptr_t)read->data % nm_dtype_size(read->dtype), 0);
        if (read->size)
            assert_memory_equal(read->data, tensors[i].data, read->size);
    }
    assert_null(nm_tensor_file_find(&file, "head.weigh"));
    nm_tensor_file_clear(&file);
    neume_context_free(context);
}

static void data_start_at_a_multiple_of_64(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_buffer file = sample_bytes(context);
    nm_reader reader = nm_reader_on(file.data, file.size);
    assert_int_equal((8 + nm_read_u64_le(&reader)) % 64, 0);
    nm_buffer_clear(&file);
    neume_context_free(context);
}

static void a_file_is_known_by_its_first_bytes(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_buffer file = sample_bytes(context);
    assert_true(nm_is_tensor_file(file.data, file.size));
    assert_false(nm_is_tensor_file(file.data, 8));
    assert_false(nm_is_tensor_file("MThd\0\0\0\6\0\1\0\2", 12));
    assert_false(nm_is_tensor_file("", 0));
    nm_buffer_clear(&file);
    neume_context_free(context);
}

static void a_missing_file_is_a_bad_model(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_tensor_file file;
    neume_error error = {0};
    assert_int_equal(nm_tensor_file_load(&file, context, "no/such.neume", &error), NEUME_BAD_MODEL);
    assert_int_equal(error.status, NEUME_BAD_MODEL);
    assert_non_null(strstr(error.line, "no/such.neume"));
    nm_tensor_file_clear(&file);
    neume_context_free(context);
}

static void refuses_metadata_that_no_reader_would_take(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const size_t size = (1 << 20) + 1;
    char *text = nm_alloc(context, size + 1, 1);
    assert_non_null(text);
    memset(text, ' ', size);
    assert_int_equal(nm_tensor_file_save(file_name, context, NULL, 0, text, NULL),
                     NEUME_CANNOT_WRITE);
    text[size - 1] = '\0';
    assert_int_equal(nm_tensor_file_save(file_name, context, NULL, 0, text, NULL), NEUME_OK);
    nm_tensor_file file;
    assert_int_equal(nm_tensor_file_load(&file, context, file_name, NULL), NEUME_OK);
    assert_int_equal(strlen(file.metadata), size - 1);
    nm_tensor_file_clear(&file);
    nm_free(context, text);
    neume_context_free(context);
}

static void refuses_every_truncation(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_buffer whole = sample_bytes(context);
    for (size_t size = 0; size < whole.size; size++) {
        nm_tensor_file file;
        neume_error error = {0};
        assert_int_equal(read_copy(&file, context, whole.data, size, &error), NEUME_BAD_MODEL);
        assert_non_null(strstr(error.line, "x.neume: "));
        assert_null(file.tensors);
    }
    nm_buffer_clear(&whole);
    neume_context_free(context);
}

static void assert_one_line(const char *line) {
    for (; *line; line++)
        assert_true((unsigned char)*line >= ' ');
}

/* With a byte changed a file is read, consistent in itself, or refused with one line. */
static void survives_every_changed_byte_of_a_header(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_buffer whole = sample_bytes(context);
    nm_reader reader = nm_reader_on(whole.data, whole.size);
    const size_t header_end = 8 + (size_t)nm_read_u64_le(&reader);
    for (size_t i = 0; i < header_end; i++)
        for (unsigned change = 0; change < 9; change++) {
            nm_tensor_file file;
            neume_error error = {0};
            const uint8_t kept = whole.data[i];
            whole.data[i] ^= change < 8 ? (uint8_t)(1u << change) : 0xFF;
            const neume_status status = read_copy(&file, context, whole.data, whole.size, &error);
            whole.data[i] = kept;
            assert_true(status == NEUME_OK || status == NEUME_BAD_MODEL);
            assert_one_line(error.line);
            assert_true((error.line[0] != '\0') == (status != NEUME_OK));
            size_t sum = 0;
            for (size_t t = 0; t < file.count; t++)
                sum += file.tensors[t].size;
            assert_true(status != NEUME_OK || sum == 51);
            nm_tensor_file_clear(&file);
        }
    nm_buffer_clear(&whole);
    neume_context_free(context);
}

typedef struct forged {
    const char *header;
    size_t data_size;
    const char *line; /* what the error says */
} forged;

#define META "{\"__metadata__\":{\"neume\":\"{}\"}"
#define TENSOR(name, rest) META ",\"" name "\":{" rest "}}"
#define F32_AT(begin, end) "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" begin "," end "]"
#define SHAPED(shape) "\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[0,8]"
#define PLACED(offsets) "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" offsets

static const forged bad_files[] = {
    {"[1]", 0, "not a model file"},
    {"{\"a\":", 0, "no JSON"},
    {"{} x", 0, "no JSON"},
    {"{\"a\":\"\xff\"}", 0, "no JSON"},
    {"{}", 0, "without the metadata of neume"},
    {"{\"__metadata__\":3}", 0, "without the metadata of neume"},
    {"{\"__metadata__\":{\"neume\":3}}", 0, "without the metadata of neume"},
    {"{\"__metadata__\":{\"format\":\"pt\"}}", 0, "without the metadata of neume"},
    {META ",\"__metadata__\":{}}", 0, "stands twice"},
    {META ",\"a\":{" F32_AT("0", "8") "},\"a\":{" F32_AT("8", "16") "}}", 16, "stands twice"},
    {META ",\"a\":{" F32_AT("0", "8") ",\"shape\":[2]}}", 8, "stands twice"},
    {META "}", 1, "belong to no tensor"},
    {TENSOR("", F32_AT("0", "8")), 8, "a tensor's name"},
    {TENSOR("a\\nb", F32_AT("0", "8")), 8, "a tensor's name"},
    {TENSOR("a b", F32_AT("0", "8")), 8, "a tensor's name"},
    {TENSOR("a23456789b123456789c123456789d123456789e123456789f123456789g1234", F32_AT("0", "8")),
     8, "a tensor's name"},
    {META ",\"a\":7}", 0, "tensor a: expected dtype"},
    {TENSOR("a", "\"dtype\":\"F32\",\"shape\":[2]"), 8, "tensor a: expected dtype"},
    {TENSOR("a", F32_AT("0", "8") ",\"more\":1"), 8, "tensor a: expected dtype"},
    {TENSOR("a", "\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]"), 8, "dtype is none"},
    {TENSOR("a", "\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]"), 8, "dtype is none"},
    {TENSOR("a", SHAPED("2")), 8, "shape is no list"},
    {TENSOR("a", SHAPED("[-2]")), 8, "shape is no list"},
    {TENSOR("a", SHAPED("[2.0]")), 8, "shape is no list"},
    {TENSOR("a", SHAPED("[\"2\"]")), 8, "shape is no list"},
    {TENSOR("a", SHAPED("[1,1,1,1,2]")), 8, "shape is no list"},
    {TENSOR("a", SHAPED("[4611686018427387906]")), 8, "shape is too large"},
    {TENSOR("a", SHAPED("[2147483648,2147483648,4]")), 8, "shape is too large"},
    {TENSOR("a", SHAPED("[99999999999999999999]")), 8, "no JSON"},
    {TENSOR("a", SHAPED("[3]")), 8, "do not fit"},
    {TENSOR("a", PLACED("[8,0]")), 8, "no [begin, end]"},
    {TENSOR("a", PLACED("[-8,0]")), 8, "no [begin, end]"},
    {TENSOR("a", PLACED("[0]")), 8, "no [begin, end]"},
    {TENSOR("a", PLACED("[0,8,8]")), 8, "no [begin, end]"},
    {TENSOR("a", PLACED("{\"0\":8}")), 8, "no [begin, end]"},
    {TENSOR("a", PLACED("[0,9]")), 9, "do not fit"},
    {TENSOR("a", PLACED("[0,8]")), 7, "cut off"},
    {TENSOR("a", PLACED("[9223372036854775799,9223372036854775807]")), 8, "cut off"},
    {TENSOR("a", PLACED("[0,8]")), 9, "belong to no tensor"},
    {TENSOR("a", PLACED("[4,12]")), 12, "belong to no tensor"},
    {TENSOR("a", PLACED("[2,10]")), 10, "not aligned"},
    {META ",\"a\":{" F32_AT("0", "8") "},\"b\":{" F32_AT("4", "12") "}}", 12, "overlap"},
    {META ",\"a\":{" F32_AT("0", "8") "},\"b\":{" F32_AT("0", "8") "}}", 8, "overlap"},
    {META ",\"a\":{" F32_AT("0", "8") "},\"b\":{" F32_AT("12", "20") "}}", 20,
     "belong to no tensor"},
};

/* The header padded to a multiple of 64, and zeroes for data. */
static nm_buffer forge(neume_context *context, const char *header, size_t data_size) {
    const size_t length = strlen(header), padding = (64 - (8 + length) % 64) % 64;
    nm_buffer file = nm_buffer_on(context);
    nm_write_u64_le(&file, length + padding);
    nm_write_text(&file, header);
    for (size_t i = 0; i < padding; i++)
        nm_write_u8(&file, ' ');
    for (size_t i = 0; i < data_size; i++)
        nm_write_u8(&file, 0);
    assert_false(file.failed);
    return file;
}

static void each_forged_file_is_refused_with_its_reason(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        nm_buffer forgery = forge(context, bad_files[i].header, bad_files[i].data_size);
        nm_tensor_file file;
        neume_error error = {0};
        const neume_status status = nm_tensor_file_read(&file, &forgery, "x.neume", &error);
        if (status != NEUME_BAD_MODEL || !strstr(error.line, bad_files[i].line))
            fail_msg("%s: status %d, \"%s\", expected \"%s\"", bad_files[i].header, (int)status,
                     error.line, bad_files[i].line);
        nm_tensor_file_clear(&file);
    }
    neume_context_free(context);
}

static void a_well_formed_forgery_is_read(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_buffer forgery =
        forge(context, META ",\"b\":{" F32_AT("8", "16") "},\"a\":{" F32_AT("0", "8") "}}", 16);
    nm_tensor_file file;
    assert_int_equal(nm_tensor_file_read(&file, &forgery, "x.neume", NULL), NEUME_OK);
    assert_string_equal(file.tensors[0].name, "a");
    assert_string_equal(file.tensors[1].name, "b");
    nm_tensor_file_clear(&file);
    neume_context_free(context);
}

static void refuses_a_header_size_beyond_the_limit(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const uint64_t sizes[] = {0, 1, (8 << 20) + 1, UINT64_MAX, UINT64_MAX - 8};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        nm_buffer forgery = nm_buffer_on(context);
        nm_write_u64_le(&forgery, sizes[i]);
        nm_write_text(&forgery, "{}");
        nm_tensor_file file;
        assert_int_equal(nm_tensor_file_read(&file, &forgery, "x", NULL), NEUME_BAD_MODEL);
        nm_tensor_file_clear(&file);
    }
    neume_context_free(context);
}

static void refuses_numbers_that_are_not_finite(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    const float f32[] = {1, NAN, 2};
    const double f64[] = {1, 2, -INFINITY};
    const nm_tensor bad[] = {{"f", NM_F32, 1, {3}, f32, sizeof f32},
                             {"d", NM_F64, 1, {3}, f64, sizeof f64}};
    static const char *const lines[] = {"tensor f: number 1", "tensor d: number 2"};
    for (size_t i = 0; i < 2; i++) {
        nm_tensor_file file;
        neume_error error = {0};
        assert_int_equal(nm_tensor_file_save(file_name, context, &bad[i], 1, "{}", NULL), NEUME_OK);
        assert_int_equal(nm_tensor_file_load(&file, context, file_name, &error), NEUME_BAD_MODEL);
        assert_non_null(strstr(error.line, lines[i]));
        assert_true(error.has_offset);
        assert_int_equal(error.offset % 64, i == 0 ? 4 : 16);
        nm_tensor_file_clear(&file);
    }
    neume_context_free(context);
}

static neume_status load_sample(neume_context *context, void *data) {
    (void)data;
    nm_tensor_file file;
    const neume_status status = nm_tensor_file_load(&file, context, file_name, NULL);
    nm_tensor_file_clear(&file);
    return status;
}

static neume_status save_again(neume_context *context, void *data) {
    (void)data;
    return nm_tensor_file_save(file_name, context, tensors, TENSORS, metadata, NULL);
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(save_again, NULL);
    test_each_allocation_failing(load_sample, NULL);
}

static int remove_sample(void **state) {
    (void)state;
    unlink(file_name);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(data_start_at_a_multiple_of_64),
        cmocka_unit_test(a_file_is_known_by_its_first_bytes),
        cmocka_unit_test(a_missing_file_is_a_bad_model),
        cmocka_unit_test(refuses_metadata_that_no_reader_would_take),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_changed_byte_of_a_header),
        cmocka_unit_test(each_forged_file_is_refused_with_its_reason),
        cmocka_unit_test(a_well_formed_forgery_is_read),
        cmocka_unit_test(refuses_a_header_size_beyond_the_limit),
        cmocka_unit_test(refuses_numbers_that_are_not_finite),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, remove_sample);
}
