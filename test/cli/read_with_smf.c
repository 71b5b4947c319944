/* SPDX-License-Identifier: ISC */
/* Reads one MIDI file with libsmf and prints its note-ons with velocity above 0. libsmf says on
 * standard error what it does not like. Not a test by itself: see five_readers.py. */
#include <smf.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    smf_t *smf = smf_load(argv[1]);
    if (!smf)
        return 1;
    unsigned long notes = 0;
    for (smf_event_t *event; (event = smf_get_next_event(smf)) != NULL;) {
        const unsigned char *bytes = event->midi_buffer;
        if (!smf_event_is_valid(event))
            fprintf(stderr, "event %d is not valid\n", event->event_number);
        notes += event->midi_buffer_length == 3 && (bytes[0] & 0xF0) == 0x90 && bytes[2] > 0;
    }
    printf("%lu\n", notes);
    smf_delete(smf);
    return 0;
}
