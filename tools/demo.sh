#!/bin/sh
# SPDX-License-Identifier: ISC
# From nothing to new music in a few minutes: installs what is missing (asking first), builds neume, trains on the tunes
# of examples/tunes for about a minute, composes three songs, and says how to hear them.
# Usage: tools/demo.sh [--yes]    (--yes: install without asking)
set -eu
cd "$(dirname "$0")/.."

OUT=demo

case ${1-} in
'' | --yes) ;;
*)
    echo "demo.sh: unknown word '$1', expected --yes or nothing" >&2
    exit 2
    ;;
esac

say() {
    printf '\n== %s\n' "$*"
}

say "1 of 4: what neume needs"
tools/install.sh build "$@"
echo "All there."

say "2 of 4: build neume, and the tunes as MIDI files (in build/)"
[ -f build/build.ninja ] || meson setup build
meson compile -C build neume:executable tunes_midi

# The default preset, "events", with a small network and much dropout for a small corpus: after half a minute it begins to know
# the tunes by heart. The model kept is the one that did best on the tunes held out. Moved into other keys, so few tunes would
# teach it to wander between keys.
say "3 of 4: train on the tunes, for a minute at most"
mkdir -p "$OUT"
build/neume train build/examples/tunes -o "$OUT/demo.neume" --force --time-limit 60s --max-updates 1000 --valid 10 \
    --layers 256 --embed 128 --batch 16 --dropout 0.6 --transpose none

say "4 of 4: compose three songs"
# song NAME INSTRUMENT TEMPO SEED
song() {
    build/neume generate "$OUT/demo.neume" -o "$OUT/$1.mid" --instrument "$2" --tempo "$3" --seed "$4" \
        --seconds 40 --temperature 0.8
}
song piano "Acoustic Grand Piano" 100 1
song flute Flute 120 2
song bagpipe Bagpipe 132 3

say "Done: what there is now"
build/neume info "$OUT/piano.mid" "$OUT/flute.mid" "$OUT/bagpipe.mid"
cat <<END

The model is $OUT/demo.neume. It learnt the tunes of examples/tunes for a minute; ten of the tunes it has never seen, and above
stands how well it foresees each next word of them, a bar, a position, a pitch, a velocity or a duration ("held-out loss", less is
better), beside simpler ways to guess: by the last two words (trigram), by how frequent a word is (unigram), and blindly (uniform).

To hear the songs, open them in any program that plays MIDI files, or:
    apt-get install fluidsynth fluid-soundfont-gm
    fluidsynth -i /usr/share/sounds/sf2/FluidR3_GM.sf2 $OUT/piano.mid
    fluidsynth -i -F $OUT/piano.wav /usr/share/sounds/sf2/FluidR3_GM.sf2 $OUT/piano.mid      (to a sound file)

More:
    build/neume generate $OUT/demo.neume -o mine.mid                    another song
    build/neume train FOLDER -o mine.neume -t 10m                       on MIDI files of your own
END
