// SPDX-License-Identifier: ISC
// Reads MIDI files with @tonejs/midi and prints the number of notes of each, or why there is none.
// Not a test by itself: see five_readers.py, which gives the folder of node_modules first.
const fs = require("fs");
const path = require("path");

const [folder, ...files] = process.argv.slice(2);
const { Midi } = require(path.join(folder, "node_modules", "@tonejs", "midi"));

for (const file of files) {
  const said = [];
  console.warn = console.error = (...words) => said.push(words.join(" "));
  let notes = null;
  try {
    const midi = new Midi(fs.readFileSync(file));
    notes = midi.tracks.reduce((sum, track) => sum + track.notes.length, 0);
  } catch (error) {
    said.push(String(error));
  }
  console.log(JSON.stringify({ notes, said }));
}
