/* SPDX-License-Identifier: ISC */
/* Breeds model files and checkpoints that are whole but for one thing: a mutator of bytes hardly
 * ever gets past sizes and offsets that have to fit each other. */
#ifndef NM_TEST_TENSOR_MUTATOR_H
#define NM_TEST_TENSOR_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Changes a value of the metadata or of the header, or the bytes of a tensor, and fits the sizes to
 * it; now and then any byte. Returns the new size, at most `max_size`. */
size_t mutate_tensors(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* libFuzzer's own. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
