#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume info: exact texts, the keys of its JSON, what cannot be read."""
import json
import os

import tool

SONG = tool.midi(
    tool.meta(0x03, "Grüße".encode()) + tool.meta(0x51, bytes.fromhex("061a80"))
    + tool.meta(0x58, bytes.fromhex("03021808")) + tool.meta(0x59, b"\xff\x01")
    + tool.meta(0x01, b"made for a test"),
    tool.meta(0x03, "Flöte".encode("latin-1")) + b"\0\xc0\x49" + tool.notes(60, 64, 67, (60, 64, 67)))

SONG_TEXT = """{path}
  MIDI file, format 1, 2 tracks, 480 ticks a quarter
  6 notes in 800 ms, C4 to G4
  150 quarters a minute, 3/4, D minor
  track 0   "Grüße"
  track 1   "Flöte", 6 notes, C4 to G4, Flute
  text      "made for a test"
"""

SONG_JSON = {
    "kind": "midi", "status": "ok", "reason": "", "offset": None, "format": 1,
    "ticks_per_quarter": 480, "tracks": 2, "notes": 6, "seconds": 0.8, "tempo": 150.0,
    "time_signature": "3/4", "key": "D minor", "lowest": 60, "highest": 67, "repairs": [],
    "texts": [{"kind": "name", "track": 0, "text": "Grüße"},
              {"kind": "text", "track": 0, "text": "made for a test"},
              {"kind": "name", "track": 1, "text": "Flöte"}]}

# A data byte follows a meta event: running status goes on across it.
REPAIRED = tool.midi(b"\0\x90\x3c\x50" + tool.meta(1, b"x") + b"\x60\x3c\x00\0\x3e\x50\x60\x3e\x00")


class Info(tool.Case):
    def test_describes_a_song(self):
        path = self.put("song.mid", SONG)
        done = self.neume("info", path)
        self.assertEqual(done.text, SONG_TEXT.format(path=path))
        self.assertEqual(done.errors, "")

    def test_describes_a_song_as_json(self):
        path = self.put("song.mid", SONG)
        self.assertEqual(json.loads(self.neume("info", "--json", path).text),
                         [{"file": path, **SONG_JSON}])

    def test_reads_standard_input(self):
        self.assertEqual(json.loads(self.neume("info", "--json", "-", stdin=SONG).text),
                         [{"file": "-", **SONG_JSON}])

    def test_a_charset_can_be_named(self):
        data = tool.midi(tool.meta(3, "こんにちは".encode("shift-jis")) + tool.notes(60))
        path = self.put("song.mid", data)
        self.assertIn('"こんにちは"', self.neume("info", path, "--text-charset=SHIFT_JIS").text)
        self.assertIn("track 0", self.neume("info", path).text)

    def test_titles_do_not_steer_the_terminal(self):
        path = self.put("song.mid", tool.midi(tool.meta(3, b"a\033[31mb\xc2\x9bc\nd") + tool.notes(60)))
        self.assertIn('"a?[31mb?c d"', self.neume("info", path).text)

    def test_counts_repairs_which_strict_refuses(self):
        path = self.put("song.mid", REPAIRED)
        found = json.loads(self.neume("info", "--json", path).text)[0]
        self.assertEqual(found["status"], "repaired")
        self.assertEqual(found["notes"], 2)
        self.assertEqual([set(repair) for repair in found["repairs"]], [{"code", "count", "offset"}])
        found = json.loads(self.neume("info", "--json", "--strict", path, code=3).text)[0]
        self.assertEqual(found["status"], "refused")
        self.assertNotEqual(found["reason"], "")
        self.assertGreater(found["offset"], 14)

    def test_lists_a_folder_downwards_and_ends_with_a_summary(self):
        self.put("songs/b.mid", SONG)
        self.put("songs/a/c.MID", REPAIRED)
        self.put("songs/notes.txt", b"buy milk")
        lines = self.neume("info", self.path("songs")).text.split("\n")
        self.assertEqual(lines[0], "    notes      time  metre  key        file")
        self.assertTrue(lines[1].endswith("/songs/a/c.MID  (repaired)"))
        self.assertEqual(lines[2], f"        6    800 ms  3/4    D minor    {self.path('songs/b.mid')}")
        self.assertIn("/songs/notes.txt: ", lines[3])
        self.assertRegex(lines[4], "^3 files: 2 MIDI files [(]1 repaired[)] with 8 notes in .*; 1 of other kinds$")

    def test_a_folder_as_json_is_one_flat_array(self):
        self.put("songs/b.mid", SONG)
        self.put("songs/a/c.mid", REPAIRED)
        other = self.put("x.txt", b"buy milk")
        found = json.loads(self.neume("info", "--json", self.path("songs"), other).text)
        self.assertEqual([(f["kind"], f["status"]) for f in found],
                         [("midi", "repaired"), ("midi", "ok"), ("other", "refused")])

    def test_what_cannot_be_read_has_a_reason_and_ends_with_3(self):
        empty = self.put("empty.mid", b"")
        none, folder = self.path("none.mid"), self.path("folder")
        os.mkdir(folder)
        os.mkfifo(self.path("fifo.mid"))
        for path in (empty, none, self.path("fifo.mid"), "/dev/zero"):
            found = json.loads(self.neume("info", "--json", path, code=3).text)
            self.assertEqual([(f["file"], f["kind"], f["status"]) for f in found],
                             [(path, "other", "refused")])
            self.assertNotEqual(found[0]["reason"], "")
        self.refused("info", "--json", folder, code=3, line=f"neume info: {folder}: no file could be read")
        self.assertEqual(self.neume("info", "--json", folder, code=3).text, "[]\n")

    def test_one_good_file_is_enough_for_0(self):
        self.neume("info", self.put("a.mid", SONG), self.path("none.mid"))

    def test_names_that_are_no_utf8_are_readable_json(self):
        name = os.fsencode(self.folder) + b"/gr\xfc\xdfe.mid"
        with open(name, "wb") as file:
            file.write(SONG)
        self.assertTrue(json.loads(self.neume("info", "--json", self.folder).text)[0]["file"]
                        .endswith("/grüße.mid"))

    def test_the_whole_shared_music_is_read(self):
        shared = os.path.join(os.environ.get("NEUME_SHARED", ""), "data", "nottingham")
        if not os.path.isdir(shared):
            tool.skip("the shared music is not here (NEUME_SHARED)")
        found = json.loads(self.neume("info", "--json", shared).text)
        self.assertEqual((len(found), sum(f["notes"] for f in found)), (1037, 313975))


tool.main()
