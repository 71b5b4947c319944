# SPDX-License-Identifier: ISC
"""Running neume with faults.so, which makes one of its calls to the system fail."""
import collections
import os

import tool

LIBRARY = os.environ["NEUME_FAULTS"]


class Case(tool.Case):
    """The files that matter lie in the folder "disk": only calls for those can be struck."""

    root = tool.MEMORY

    def setUp(self):
        if os.environ.get("NEUME_SANITIZED") == "yes":
            tool.skip("faults.so cannot be loaded before the sanitizer")
        super().setUp()
        os.mkdir(self.path("disk"))

    def faulty(self, fault, *arguments):
        """Runs neume with a fault such as "write:7:5" (faults.c); .struck is the call and path that it
        struck, None where the program ended before."""
        report = self.path("struck")
        done = tool.run(*arguments, env={"LD_PRELOAD": LIBRARY, "NEUME_FAULT": fault,
                                         "NEUME_FAULT_FOLDER": self.path("disk"),
                                         "NEUME_FAULT_REPORT": report})
        done.struck = None
        if os.path.exists(report):
            done.struck = self.read("struck").decode().rstrip("\n")
            os.remove(report)
        done.what = f"{fault} ({done.struck}): exit {done.code}\n{done.errors}"
        return done

    def strike_each(self, kind, how, arguments, judge, prepare=lambda: None, start=1, step=1):
        """Strikes call start, start + step ... of a group until the program ends before; of "GROUP+" all calls
        that follow too. `judge` looks at each run. Prints and returns how often there was which exit
        code."""
        codes, call = collections.Counter(), start
        group, stays = kind.rstrip("+"), "+" if kind.endswith("+") else ""
        while True:
            prepare()
            done = self.faulty(f"{group}:{call}{stays}:{how}", *arguments)
            if done.struck is None:
                self.assertEqual(done.code, 0, done.what)
                break
            codes[done.code] += 1
            call += step
            judge(done)
        ends = ", ".join(f"{count} x exit {code}" for code, count in sorted(codes.items()))
        print(f"{arguments[0]}: {kind} {how}: of {call - 1} calls {sum(codes.values())} struck: {ends}", flush=True)
        return codes

    def disk(self):
        """The files that lie there, by name, with their bytes."""
        found = {}
        for folder, _, names in os.walk(self.path("disk")):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.path("disk"))] = file.read()
        return found

    def fill_disk(self, files):
        """Leaves these files there, and no others."""
        for name in set(self.disk()) - set(files):
            os.remove(self.path("disk", name))
        for name, data in files.items():
            self.put(os.path.join("disk", name), data)

    def assert_whole(self, names, what):
        """neume finds these models and checkpoints in order."""
        if names:
            done = tool.run("info", "--json", *(self.path("disk", name) for name in names))
            self.assertEqual(done.code, 0, what + done.errors + done.text)
