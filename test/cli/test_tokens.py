#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume tokens: words of files, and words back to MIDI."""
import json
import subprocess

import tool

WORDS = "C4\nF#5\n0.4.7\nB-2\n4.9\n<end>\n"
CHORDS = ["tokens", "--preset", "chords"]
INTERVALS = ["tokens", "--preset", "intervals"]


class Tokens(tool.Case):
    def test_writes_the_words_of_a_file_one_to_a_line(self):
        song = self.put("song.mid", tool.midi(tool.notes(60, 78, (60, 64, 67), 46, (64, 69))))
        done = self.neume(*CHORDS, song)
        self.assertEqual(done.text, WORDS)
        self.assertEqual(done.errors, "")

    def test_chords_may_keep_their_pitches(self):
        song = self.put("song.mid", tool.midi(tool.notes((60, 64, 79))))
        self.assertEqual(self.neume(*CHORDS, song, "--voicing", "pitches").text, "C4.E4.G5\n<end>\n")

    def test_tracks_and_programs_can_be_chosen(self):
        song = self.put("song.mid", tool.midi(tool.notes(60), b"\0\xc0\x07" + tool.notes(64)))
        self.assertEqual(self.neume(*CHORDS, song).text, "0.4\n<end>\n")
        self.assertEqual(self.neume(*CHORDS, song, "--track", "1").text, "E4\n<end>\n")
        self.assertEqual(self.neume(*CHORDS, song, "--track", "all").text, "0.4\n<end>\n")

    def test_what_the_words_leave_out_is_counted_on_standard_error(self):
        drums = b"\0\x99\x24\x50\x60\x89\x24\x00"
        song = self.put("song.mid", tool.midi(tool.notes(60), drums))
        done = self.neume(*CHORDS, song)
        self.assertEqual(done.text, "C4\n<end>\n")
        self.assertEqual(done.errors, "neume tokens: left out drums: 1\n")

    def test_words_to_midi_and_back_are_the_same_words(self):
        made = self.path("made.mid")
        self.neume(*CHORDS, "--decode", "-", "-o", made, stdin=WORDS)
        self.assertEqual(self.neume(*CHORDS, made).text, WORDS)
        found = json.loads(self.neume("info", "--json", made).text)[0]
        self.assertEqual((found["status"], found["notes"]), ("ok", 8))

    def test_decoding_can_be_a_pipe_at_both_ends(self):
        data = self.neume(*CHORDS, "--decode", "-o", "-", "-", stdin="C4 E4").stdout
        self.assertEqual(data[:4], b"MThd")
        self.assertEqual(self.neume(*CHORDS, "-", stdin=data).text, "C4\nE4\n<end>\n")

    def test_the_spacing_of_decoded_words_can_be_said(self):
        seconds = []
        for spacing in ("0.5", "2"):
            self.neume(*CHORDS, "--decode", "-", "-o", self.path("a.mid"), "--spacing", spacing,
                       stdin="C4 E4 G4")
            seconds.append(json.loads(self.neume("info", "--json", self.path("a.mid")).text)[0]["seconds"])
        self.assertAlmostEqual(seconds[1], 4 * seconds[0])

    def test_intervals_of_a_song_are_words_and_rests(self):
        song = self.put("song.mid", tool.midi(tool.notes(72, 77, 79, ticks=480) +
                                              tool.notes((81, 69, 41), ticks=960)))
        for options, words in [
                ([], "72 r1 77 r1 79 r1 81 -12 -40 r2 <end>"),
                (["--melody"], "72 r1 77 r1 79 r1 81 r2 <end>"),
                (["--rest-unit", "sixteenth"], "72 r4 77 r4 79 r4 81 -12 -40 r4 r4 <end>"),
                (["--time-signatures", "2,4"], "72 r1 77 r1 79 r1 81 -12 -40 r2 <end>")]:
            self.assertEqual(self.neume(*INTERVALS, song, *options).text.split(), words.split())
        done = self.neume(*INTERVALS, song, "--time-signatures", "2,3", code=3)
        self.assertIn("left out other-metres: 6\n", done.errors)
        done = self.neume(*INTERVALS, song, "--grid", "12", code=2)
        self.assertIn("a grid of 12 cells a quarter", done.errors)

    def test_intervals_to_midi_and_back_are_the_same_words(self):
        words = "r1 x2 72 -12 r4 r1 77 x3 60 r2 <end>"
        self.neume(*INTERVALS, "--decode", "-", "-o", self.path("a.mid"), stdin=words)
        self.assertEqual(self.neume(*INTERVALS, self.path("a.mid")).text.split(), words.split())

    def test_words_that_are_none_are_refused_and_nothing_is_written(self):
        done = self.neume(*CHORDS, "--decode", "-", "-o", self.path("a.mid"), code=3, stdin="C4 H9")
        self.assertIn("H9", done.errors)
        self.neume("info", self.path("a.mid"), code=3)
        self.neume(*CHORDS, "--decode", "-", "-o", self.path("a.mid"), code=3, stdin=b"C4\0E4")

    def test_input_without_an_end_is_refused(self):
        for argv in ([*CHORDS, "--decode", "/dev/zero", "-o", self.path("a.mid")], [*CHORDS, "-"]):
            with open("/dev/zero", "rb") as zeros:
                done = subprocess.run([tool.NEUME, *argv], stdin=zeros, capture_output=True, check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn(b"too long, expected at most 67108864 bytes", done.stderr)

    def test_a_file_without_notes_is_no_input(self):
        song = self.put("song.mid", tool.midi(b""))
        self.refused(*CHORDS, song, code=3,
                     line=f"neume tokens: {song}: no notes that the preset can say")


tool.main()
