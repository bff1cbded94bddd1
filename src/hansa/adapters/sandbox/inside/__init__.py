"""The inner program: what runs on the far side of the sandbox wall.

These modules are stand-alone. They import the standard library only, and as little of it as they can, because every
worker starts a bare interpreter (`-P -s -S -B`) in which neither Hansa nor any installed package exists. They come in
through stdin, compiled by the host (`..cargo`): so no file of ours needs to be visible inside, and no worker waits for
a compiler. For the same reason none of them imports `typing` or `re`.

Left out: judging (that is `skills.judge`), choosing a tier (that is `..choose`), every kind of configuration. What the
modules do is fixed by the tier's name; nothing that a job carries can leave a layer out.

Rules, in the order in which a trial meets them:

1. `jail` has `cell` build the surroundings; `namespaces` moves it into an empty machine (that tier only).
2. It forks a process for each job; that one is `job`, and the first to read it.
3. `supervisor` forks one child per trial; the child is `trial`.
4. `confine` locks the child: closed files, limits, uid, capabilities, `landlock`, `filter`. If a layer does not hold,
   the child says so and leaves: code never runs behind fewer layers than the tier promises.
5. Only then is the stranger's code compiled and run; `watch` notes what it tried.
"""
