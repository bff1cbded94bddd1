"""The inner program: what runs on the far side of the sandbox wall.

These modules are stand-alone. They import the standard library only, and as little of it as they can, because every
job starts a bare interpreter (`-P -s -S -B`) in which neither Hansa nor any installed package exists. They come in
through stdin, compiled by the host (`..cargo`): so no file of ours needs to be visible inside, and no job waits for a
compiler. For the same reason none of them imports `typing` or `re`.

Left out: judging (that is `skills.judge`), choosing a tier (that is `..choose`), every kind of configuration. What the
modules do is fixed by the tier's name; nothing that a job carries can leave a layer out.

Rules, in the order in which a trial meets them:

1. `jail` reads the job, `namespaces` moves the supervisor into an empty machine (that tier only).
2. `supervisor` forks one child per trial; the child is `trial`.
3. `confine` locks the child: closed files, limits, uid, capabilities, `landlock`, `seccomp`. If a layer does not hold,
   the child says so and leaves: code never runs behind fewer layers than the tier promises.
4. Only then is the stranger's code compiled and run; `watch` notes what it tried.
"""
