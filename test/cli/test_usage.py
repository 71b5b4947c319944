#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Command lines, good and bad: exit code and what is said first."""

import tool

PRESETS = "events, chords, jazz, streams, intervals, frames, biaxial"

# argv, exit code, the one line on standard error. {d} is an empty folder, {m} a MIDI file.
TABLE = [
    ("", 2, "neume: missing command; see neume --help"),
    ("--version", 0, ""),
    ("-V", 0, ""),
    ("--help", 0, ""),
    ("-h", 0, ""),
    ("help", 0, ""),
    ("help train", 0, ""),
    ("help tarin", 2, "neume: unknown command 'tarin'; did you mean 'train'?"),
    ("train --help", 0, ""),
    ("generate -h", 0, ""),
    ("evaluate --help", 0, ""),
    ("info --help", 0, ""),
    ("tokens --help x y z", 0, ""),
    ("plot --help", 0, ""),
    ("bench --help", 0, ""),
    ("tran", 2, "neume: unknown command 'tran'; did you mean 'train'?"),
    ("compose", 2, "neume: unknown command 'compose'; see neume --help"),
    ("--foo", 2, "neume: unknown option '--foo'; see neume --help"),
    # options as such
    ("train x --epohcs 3", 2, "neume train: unknown option --epohcs; did you mean --epochs?"),
    ("train x --xyzzy", 2, "neume train: unknown option --xyzzy; see --help"),
    ("train x --=3", 2, "neume train: unknown option --; see --help"),
    ("train x -Z", 2, "neume train: unknown option -Z; see --help"),
    ("train x -qZ", 2, "neume train: unknown option -Z; see --help"),
    ("train x --epochs", 2,
     "neume train: --epochs: missing value, expected a whole number of at least 1"),
    ("train x -o", 2, "neume train: --output: missing value, expected a text that is not empty"),
    ("train x --optimizer", 2,
     "neume train: --optimizer: missing value, expected one of adamw, adam, rmsprop, sgd, adadelta"),
    ("train x --quiet=yes", 2, "neume train: --quiet takes no value"),
    ("train x --va 3", 2, "neume train: --va is ambiguous: --valid or --valid-from"),
    ("train x --vers 3", 2, "neume train: unknown option --vers; see --help"),
    # values
    ("train x --epochs x", 2, "neume train: --epochs x: expected a whole number of at least 1"),
    ("train x --epochs=0", 2, "neume train: --epochs 0: expected a whole number of at least 1"),
    ("train x --epochs -1", 2, "neume train: --epochs -1: expected a whole number of at least 1"),
    ("train x --epochs 1.5", 2, "neume train: --epochs 1.5: expected a whole number of at least 1"),
    ("train x --epochs 99999999999999999999", 2,
     "neume train: --epochs 99999999999999999999: expected a whole number of at least 1"),
    ("train x --epoc x", 2, "neume train: --epochs x: expected a whole number of at least 1"),
    ("train x -ex", 2, "neume train: --epochs x: expected a whole number of at least 1"),
    ("train x --batch 65537", 2, "neume train: --batch 65537: expected a whole number from 1 to 65536"),
    ("train x --seed 18446744073709551616", 2,
     "neume train: --seed 18446744073709551616: expected a whole number"),
    ("train x --samples some", 2, "neume train: --samples some: expected a whole number"),
    ("train x --keep some", 2, "neume train: --keep some: expected a whole number, or all"),
    ("train x --lr 0", 2, "neume train: --lr 0: expected a number above 0"),
    ("train x --lowest-lr -1", 2, "neume train: --lowest-lr -1: expected a number of at least 0"),
    ("train x --restarts 101", 2, "neume train: --restarts 101: expected a whole number from 0 to 100"),
    ("train x --restart-growth 0.5", 2,
     "neume train: --restart-growth 0.5: expected a number from 1 to 100"),
    ("train x --step-every 0", 2, "neume train: --step-every 0: expected a whole number of at least 1"),
    ("train x --step-factor 0", 2,
     "neume train: --step-factor 0: expected a number above 0 and at most 1"),
    ("train x --plateau-factor 1.5", 2,
     "neume train: --plateau-factor 1.5: expected a number above 0 and at most 1"),
    ("train x -o m --step-every 5", 2, "neume train: --step-every: for --schedule step, not cosine"),
    ("train x -o m --restarts 2 --schedule step", 2,
     "neume train: --restarts: for --schedule cosine, not step"),
    ("train x --find-lr-to 1", 2, "neume train: missing --output, expected the model file to write"),
    ("train x -o m --find-lr-to 1", 2, "neume train: --find-lr-from and --find-lr-to: for --find-lr alone"),
    ("train x --find-lr --dry-run", 2, "neume train: --find-lr and --dry-run contradict each other"),
    ("train x --find-lr --resume", 2, "neume train: --find-lr and --resume contradict each other"),
    ("train x --schedule stairs", 2,
     "neume train: --schedule stairs: expected one of constant, cosine, step, plateau"),
    ("train x --not-finite never", 2, "neume train: --not-finite never: expected one of stop, skip"),
    ("train x --lr nan", 2, "neume train: --lr nan: expected a number above 0"),
    ("train x --lr inf", 2, "neume train: --lr inf: expected a number above 0"),
    ("train x --lr 0x1p-3", 2, "neume train: --lr 0x1p-3: expected a number above 0"),
    ("train x --lr 1e999", 2, "neume train: --lr 1e999: expected a number above 0"),
    ("train x --dropout 1", 2, "neume train: --dropout 1: expected a number of at least 0 and below 1"),
    ("train x --warmup 1.01", 2, "neume train: --warmup 1.01: expected a number from 0 to 1"),
    ("train x --optimizer adm", 2,
     "neume train: --optimizer adm: expected one of adamw, adam, rmsprop, sgd, adadelta"),
    ("train x --layers 512,", 2,
     "neume train: --layers 512,: expected 1 to 8 whole numbers from 1 to 16384 such as 512,512"),
    ("train x --layers 1,1,1,1,1,1,1,1,1", 2,
     "neume train: --layers 1,1,1,1,1,1,1,1,1: expected 1 to 8 whole numbers from 1 to 16384 such as "
     "512,512"),
    ("train x --time-signatures 2,256", 2,
     "neume train: --time-signatures 2,256: expected 1 to 8 whole numbers from 1 to 255 such as 2,4"),
    ("train x --time-signatures 0", 2,
     "neume train: --time-signatures 0: expected 1 to 8 whole numbers from 1 to 255 such as 2,4"),
    ("train x --time-signatures 1,2,3,4,5,6,7,8,9", 2,
     "neume train: --time-signatures 1,2,3,4,5,6,7,8,9: expected 1 to 8 whole numbers from 1 to 255 such "
     "as 2,4"),
    ("train x --rest-unit half", 2, "neume train: --rest-unit half: expected one of quarter, sixteenth"),
    ("train x --order random", 2, "neume train: --order random: expected one of ascending, descending"),
    ("train x --branch -1", 2, "neume train: --branch -1: expected a whole number from 0 to 16384"),
    ("train x --head 16385", 2, "neume train: --head 16385: expected a whole number from 0 to 16384"),
    ("train x --norm group", 2, "neume train: --norm group: expected one of none, layer, batch"),
    ("train x --norm", 2, "neume train: --norm: missing value, expected one of none, layer, batch"),
    ("train x --activation tanh", 2,
     "neume train: --activation tanh: expected one of none, relu"),
    ("train x --residual=1", 2, "neume train: --residual takes no value"),
    ("train x --tied=no", 2, "neume train: --tied takes no value"),
    ("train x --input-dropout 1", 2,
     "neume train: --input-dropout 1: expected a number of at least 0 and below 1"),
    ("train x --feature-dropout -0.1", 2,
     "neume train: --feature-dropout -0.1: expected a number of at least 0 and below 1"),
    ("train x --weight-drop half", 2,
     "neume train: --weight-drop half: expected a number of at least 0 and below 1"),
    ("train x --label-smoothing 1.5", 2,
     "neume train: --label-smoothing 1.5: expected a number of at least 0 and below 1"),
    ("train x --ar -1", 2, "neume train: --ar -1: expected a number of at least 0"),
    ("train x --tar nan", 2, "neume train: --tar nan: expected a number of at least 0"),
    ("train x --keep-key 1.1", 2, "neume train: --keep-key 1.1: expected a number from 0 to 1"),
    *((f"train x --transpose {keys}", 2, f"neume train: --transpose {keys}: expected none, all, or "
       "semitones such as -3..4, from -48..0 to 0..48")
      for keys in ("some", "3", "-3", "1..4", "-4..-1", "-49..0", "0..49", "-3..4x", "-3...4", "..",
                   "-3..", "..4", "x-3..4", "99999999999999999999..4")),
    *((f"train x --until {target}", 2, f"neume train: --until {target}: expected a loss and its value "
       "above 0 such as note=1.0")
      for target in ("note", "note=", "=1", "note=0", "note=-1", "note=x", "note=1x", "note=inf")),
    ("train x --until", 2,
     "neume train: --until: missing value, expected a loss and its value above 0 such as note=1.0"),
    ("train x --time-limit 5x", 2,
     "neume train: --time-limit 5x: expected a duration such as 30, 30s, 10m or 2h"),
    ("train x --time-limit 10mm", 2,
     "neume train: --time-limit 10mm: expected a duration such as 30, 30s, 10m or 2h"),
    ("train x --valid 1.5", 2, "neume train: --valid 1.5: expected a number of pieces such as 20, or "
     "a fraction below 1 such as 0.1"),
    ("train x --save-every often", 2, "neume train: --save-every often: expected a number of epochs "
     "such as 2, or a time such as 5m"),
    ("train x --ticks-per-quarter 32768", 2,
     "neume train: --ticks-per-quarter 32768: expected a whole number from 1 to 32767"),
    ("train x --precision fp8", 2, "neume train: --precision fp8: expected one of fp32, fp16, bf16"),
    ("train x --isa mmx", 2,
     "neume train: --isa mmx: expected one of auto, c, baseline, avx2, avx512"),
    ("generate x -o {d}/a.mid --primer x --primer-bars 4-2", 2,
     "neume generate: --primer-bars 4-2: expected a range such as 1-8"),
    ("generate x -o {d}/a.mid --seed -1", 2, "neume generate: --seed -1: expected a whole number"),
    ("generate x -o {d}/a.mid --top-p 0", 2,
     "neume generate: --top-p 0: expected a number above 0 and at most 1"),
    ("generate x -o {d}/a.mid --instrument harp", 2,
     "neume generate: --instrument harp: expected the name of one instrument, this is part of several: "
     "Harpsichord, Orchestral Harp"),
    ("generate x -o {d}/a.mid --instrument 128", 2,
     "neume generate: --instrument 128: expected a number from 0 to 127 or a part of a General MIDI "
     "name such as violin or flute"),
    ("info {m} --text-charset KLINGON", 2,
     "neume info: --text-charset KLINGON: expected auto or a charset such as UTF-8, ISO-8859-1 or "
     "SHIFT_JIS"),
    # operands, and options that need each other
    ("info", 2, "neume info: missing FILE; usage: neume info FILE... [options]"),
    ("train --preset chords -o {d}/m", 2,
     "neume train: missing INPUT; usage: neume train INPUT... -o MODEL [--preset NAME] [options]"),
    ("plot", 2, "neume plot: missing RUN.jsonl; usage: neume plot RUN.jsonl... [-o FILE.png|.svg|.pdf] [options]"),
    ("plot x.jsonl -x hours", 2, "neume plot: --x hours: expected one of update, epoch, seconds"),
    ("plot x.jsonl -o {d}/x.gif", 2,
     "neume plot: {d}/x.gif: expected a name that ends in .png, .svg or .pdf"),
    ("plot x.jsonl -o {d}/no/x.png", 5,
     "neume plot: {d}/no/x.png: cannot be written: {d}/no: No such file or directory"),
    ("plot {d}/none.jsonl -o {d}/x.png", 3, "neume plot: {d}/none.jsonl: No such file or directory"),
    ("plot {m} -o {d}/x.png", 3,
     "neume plot: {m}: no validation, expected a run log of neume train --log"),
    ("generate", 2, "neume generate: missing MODEL; usage: neume generate MODEL -o FILE [options]"),
    ("generate a b -o {d}/a.mid", 2,
     "neume generate: unexpected 'b'; usage: neume generate MODEL -o FILE [options]"),
    ("evaluate m.neume", 2,
     "neume evaluate: missing MODEL or INPUT; usage: neume evaluate MODEL... INPUT... [options]"),
    ("tokens {m} --preset jazz-hands", 2, f"neume tokens: --preset jazz-hands: expected {PRESETS}"),
    ("tokens {m} --preset chords --melody", 2, "neume tokens: melody: codec word has no such option"),
    ("tokens {m} --preset streams --order descending", 2, "neume tokens: order: codec stream has no such option"),
    ("tokens {m} --preset chords -o {d}/x", 2,
     "neume tokens: --output goes with --decode; words go to standard output"),
    ("tokens {m} --preset chords --decode", 2,
     "neume tokens: missing --output, expected the MIDI file that --decode is to write"),
    ("train {m} --preset streams -o {d}/m -q --until word=1", 2,
     "neume train: until word: the preset has no such loss, expected note"),
    ("train {m} --preset chords -o {d}/m -q --until note=1", 2,
     "neume train: until note: the preset has no such loss, expected word"),
    ("train {m} --preset chords", 2,
     "neume train: missing --output, expected the model file to write"),
    ("train {m} --preset chords -o {d}/no/run/", 5,
     "neume train: {d}/no/run/: cannot be made: No such file or directory"),
    ("train {m} --preset chords -o {m}/", 5, "neume train: {m}/: cannot be made: Not a directory"),
    ("train {m} --preset chords -o {d}/m --report {d}", 2,
     "neume train: {d}: is a folder, expected a file name"),
    ("train {m} --preset chords -o {d}/m --resume --force", 2,
     "neume train: --resume and --force contradict each other: go on, or start anew?"),
    ("train {m} --preset chords -o {d}/no/m", 5,
     "neume train: {d}/no/m: cannot be written: {d}/no: No such file or directory"),
    ("train {m} --preset chords -o {d}/m --report {d}/no/r", 5,
     "neume train: {d}/no/r: cannot be written: {d}/no: No such file or directory"),
    ("train {m} --preset chords -o {d}/m --log {d}/no/l", 5,
     "neume train: {d}/no/l: cannot be written: {d}/no: No such file or directory"),
    ("train {m} --preset chords -o {m}", 2,
     "neume train: {m}: exists; --force overwrites it, --resume goes on with it"),
    ("generate x", 2, "neume generate: missing --output, expected the MIDI file to write"),
    ("generate x -o - -n 2", 2, "neume generate: --output -: expected a file name for several songs"),
    ("generate x -o - --json", 2, "neume generate: --output -: expected a file name beside --json"),
    ("generate x -o {d}/a.mid --bars 2 --length 3", 2,
     "neume generate: --length, --bars and --seconds: expected one of them"),
    ("generate x -o {d}/a.mid --seconds 0", 2,
     "neume generate: --seconds 0: expected a time above 0"),
    ("generate x -o {d}/a.mid --primer a --primer-notes 60", 2,
     "neume generate: --primer, --primer-notes and --primer-words: expected one of them"),
    ("generate x -o {d}/a.mid --primer-bars 1-2", 2,
     "neume generate: --primer-bars: expected a MIDI file in --primer"),
    ("generate x -o {d}/a.mid --without-primer", 2,
     "neume generate: --without-primer: expected a primer"),
    ("generate x -o {d}/no/a.mid", 5,
     "neume generate: {d}/no/a.mid: cannot be written: {d}/no: No such file or directory"),
    ("bench --threads 0", 2, "neume bench: --threads 0: expected a whole number from 1 to 256"),
    ("bench --isa sse", 2,
     "neume bench: --isa sse: expected one of auto, c, baseline, avx2, avx512"),
    ("bench --seconds x", 2, "neume bench: --seconds x: expected a duration such as 30, 30s, 10m or 2h"),
    # files that are not what they should be
    ("generate {d}/none.neume -o {d}/a.mid", 4, "neume generate: {d}/none.neume: No such file or directory"),
    ("evaluate {d}/none.neume {m}", 4, "neume evaluate: {d}/none.neume: No such file or directory"),
    ("tokens {d}/none.mid --preset chords", 3, "neume tokens: {d}/none.mid: No such file or directory"),
    ("info --json -- --strict", 3, "neume info: --strict: no file could be read"),
    # good
    ("info {m}", 0, ""),
    ("info --json {m}", 0, ""),
    ("info --pair last {m}", 0, ""),
    ("info --pairing=last {m} --strict", 0, ""),
    ("info -- {m}", 0, ""),
    ("tokens --preset chords --grid 24 -- {m}", 0, ""),
    ("tokens --preset jazz {m}", 0, ""),
    ("tokens --preset streams --voicing pitches {m}", 0, ""),
    ("tokens --preset intervals --rest-unit sixteenth --time-signatures 4 {m}", 0, ""),
    ("tokens --preset frames --order descending --grid 4 {m}", 0, "neume tokens: left out repetitions: 19"),
]


class Usage(tool.Case):
    def test_every_command_line_of_the_table(self):
        song = self.put("song.mid", tool.tune(1))
        for arguments, code, line in TABLE:
            fill = {"d": self.folder, "m": song}
            argv = [word.format(**fill) for word in arguments.split()]
            with self.subTest(arguments):
                done = tool.run(*argv)
                self.assertEqual(done.code, code, done.errors)
                self.assertEqual(done.errors.split("\n")[0], line.format(**fill))
                self.assertLessEqual(done.errors.count("\n"), 1)

    def test_a_bad_command_line_says_nothing_on_standard_output(self):
        for argv in ([], ["tran"], ["train", "x", "--epochs", "x"], ["generate", "x"]):
            self.assertEqual(self.neume(*argv, code=2).text, "")

    def test_the_version_is_a_line(self):
        self.assertRegex(self.neume("--version").text, r"^neume \d+\.\d+\.\d+\n$")

    def test_control_characters_of_a_name_do_not_reach_the_terminal(self):
        done = self.neume("info", "\033[31m\nx", code=3)
        self.assertNotIn("\033", done.errors)


tool.main()
